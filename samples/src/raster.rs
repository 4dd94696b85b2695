//! Turns triangles into pixels, four samples each, with a depth buffer.

use crate::{shade::rgb, space::Seen};

/// Samples per pixel along each axis.
const SS: usize = 2;

/// A rectangle of pixels, half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) x_min: i32,
    pub(crate) y_min: i32,
    pub(crate) x_max: i32,
    pub(crate) y_max: i32,
}

impl Window {
    pub(crate) fn width(&self) -> usize {
        (self.x_max - self.x_min).max(0) as usize
    }

    pub(crate) fn height(&self) -> usize {
        (self.y_max - self.y_min).max(0) as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.x_max <= self.x_min || self.y_max <= self.y_min
    }

    pub(crate) fn clipped(&self, width: u32, height: u32) -> Self {
        Self {
            x_min: self.x_min.max(0),
            y_min: self.y_min.max(0),
            x_max: self.x_max.min(width as i32),
            y_max: self.y_max.min(height as i32),
        }
    }
}

/// One corner: where it is on the raster, and what is interpolated.
pub(crate) type Corner<const N: usize> = ([f32; 2], [f32; N]);

/// Walks the pixels whose centre lies inside the triangle, row by row: `(y, x_from, x_to, values
/// at x_from, step)`.
///
/// Neighbours that share an edge never both get a pixel, so that blending needs no care.
pub(crate) fn scan<const N: usize>(
    corners: [Corner<N>; 3],
    window: Window,
    mut row: impl FnMut(i32, i32, i32, [f32; N], [f32; N]),
) {
    let [(a, va), (b, vb), (c, vc)] = corners;
    let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    if area.abs() < 1e-4 || !area.is_finite() {
        return;
    }
    let (mut dx, mut dy) = ([0.0; N], [0.0; N]);
    for k in 0..N {
        let (db, dc) = (vb[k] - va[k], vc[k] - va[k]);
        dx[k] = (db * (c[1] - a[1]) - dc * (b[1] - a[1])) / area;
        dy[k] = (dc * (b[0] - a[0]) - db * (c[0] - a[0])) / area;
    }
    let top = a[1].min(b[1]).min(c[1]);
    let bottom = a[1].max(b[1]).max(c[1]);
    let y_from = up(top - 0.5).max(window.y_min);
    let y_to = up(bottom - 0.5).min(window.y_max);
    for y in y_from..y_to {
        let yc = y as f32 + 0.5;
        let (mut left, mut right) = (f32::MAX, f32::MIN);
        for (p, q) in [(a, b), (b, c), (c, a)] {
            let is_crossed = (p[1] <= yc && yc < q[1]) || (q[1] <= yc && yc < p[1]);
            if is_crossed {
                let x = p[0] + (q[0] - p[0]) * ((yc - p[1]) / (q[1] - p[1]));
                left = left.min(x);
                right = right.max(x);
            }
        }
        let x_from = up(left - 0.5).max(window.x_min);
        let x_to = up(right - 0.5).min(window.x_max);
        if x_from < x_to {
            let (ox, oy) = (x_from as f32 + 0.5 - a[0], yc - a[1]);
            let mut at = va;
            for k in 0..N {
                at[k] += dx[k] * ox + dy[k] * oy;
            }
            row(y, x_from, x_to, at, dx);
        }
    }
}

/// Rounded up. `f32::ceil` is a call into the C library on a plain x86-64.
#[inline]
fn up(v: f32) -> i32 {
    let whole = v.clamp(-1e6, 1e6) as i32;
    whole + i32::from((whole as f32) < v)
}

/// A canvas of samples over a window of the picture.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    window: Window,
    stride: usize,
    /// 1 / depth; 0 where nothing is.
    near: Vec<f32>,
    /// Red, green, blue, coverage, from the lowest byte; 0 where nothing is.
    colour: Vec<u32>,
}

/// A resolved canvas: premultiplied colour with coverage, and 1 / depth, one a pixel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) window: Window,
    pub(crate) rgba: Vec<[u8; 4]>,
    pub(crate) near: Vec<f32>,
}

/// A texture with ever smaller copies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texture {
    /// Width, height and pixels of each copy, each half as large as the one before.
    pub(crate) levels: Vec<(usize, usize, Vec<[u8; 3]>)>,
}

impl Canvas {
    /// Makes the canvas empty over this window.
    pub(crate) fn start(&mut self, window: Window) {
        self.window = window;
        self.stride = window.width() * SS;
        let n = self.stride * window.height() * SS;
        self.near.clear();
        self.near.resize(n, 0.0);
        self.colour.clear();
        self.colour.resize(n, 0);
    }

    fn corner(&self, seen: &Seen) -> [f32; 2] {
        [
            (seen.x - self.window.x_min as f32) * SS as f32,
            (seen.y - self.window.y_min as f32) * SS as f32,
        ]
    }

    fn samples(&self) -> Window {
        Window {
            x_min: 0,
            y_min: 0,
            x_max: self.stride as i32,
            y_max: (self.window.height() * SS) as i32,
        }
    }

    /// A triangle with a colour (0 to 255) at each corner.
    pub(crate) fn triangle(&mut self, corners: [(&Seen, [f32; 3]); 3]) {
        let points =
            corners.map(|(seen, c)| (self.corner(seen), [1.0 / seen.depth, c[0], c[1], c[2]]));
        let (window, stride) = (self.samples(), self.stride);
        let (near, colour) = (&mut self.near, &mut self.colour);
        scan(points, window, |y, x_from, x_to, mut at, step| {
            let base = y as usize * stride;
            let span = base + x_from as usize..base + x_to as usize;
            // Fixed point: a conversion from floating point at every sample would cost most of the
            // time.
            let fixed = |v: f32| (v * 65536.0) as i32;
            let mut c = [fixed(at[1]), fixed(at[2]), fixed(at[3])];
            let dc = [fixed(step[1]), fixed(step[2]), fixed(step[3])];
            for (z, sample) in near[span.clone()].iter_mut().zip(&mut colour[span]) {
                if *z < at[0] {
                    *z = at[0];
                    *sample = pack(clamp_byte(c[0]), clamp_byte(c[1]), clamp_byte(c[2]));
                }
                at[0] += step[0];
                c = [
                    c[0].wrapping_add(dc[0]),
                    c[1].wrapping_add(dc[1]),
                    c[2].wrapping_add(dc[2]),
                ];
            }
        });
    }

    /// A triangle with a texture; `tint` multiplies it. Small triangles only: the mapping inside
    /// one is affine.
    pub(crate) fn textured(
        &mut self,
        corners: [(&Seen, [f32; 2]); 3],
        texture: &Texture,
        tint: [f32; 3],
    ) {
        let points =
            corners.map(|(seen, uv)| (self.corner(seen), [1.0 / seen.depth, uv[0], uv[1]]));
        let (window, stride) = (self.samples(), self.stride);
        let (near, colour) = (&mut self.near, &mut self.colour);
        let (w, h) = (texture.levels[0].0 as f32, texture.levels[0].1 as f32);
        let texels = uv_area(&points).abs() * w * h / pixel_area(&points).abs().max(1e-3);
        // One texel a sample: the four samples of a pixel then average over exactly its footprint.
        let wanted = 0.5 * texels.max(1.0).log2();
        scan(points, window, |y, x_from, x_to, mut at, step| {
            let base = y as usize * stride;
            for x in x_from as usize..x_to as usize {
                let z = &mut near[base + x];
                if *z < at[0] {
                    *z = at[0];
                    let c = texture.at(at[1], at[2], wanted);
                    let c = [c[0] * tint[0], c[1] * tint[1], c[2] * tint[2]];
                    colour[base + x] = pack(c[0] as u8, c[1] as u8, c[2] as u8);
                }
                for k in 0..3 {
                    at[k] += step[k];
                }
            }
        });
    }

    /// Averages the samples of each pixel.
    pub(crate) fn resolve(&self, layer: &mut Layer) {
        layer.window = self.window;
        layer.rgba.clear();
        layer.near.clear();
        for y in 0..self.window.height() {
            let (top, bottom) = (y * SS * self.stride, (y * SS + 1) * self.stride);
            let rows = [top..top + self.stride, bottom..bottom + self.stride];
            let colours = rows.clone().map(|r| self.colour[r].chunks_exact(SS));
            let [a, b] = colours;
            layer.rgba.extend(a.zip(b).map(|(a, b)| {
                // Two channels at a time: four bytes add up to less than 16 bits.
                let even = |c: u32| c & 0x00FF_00FF;
                let odd = |c: u32| (c >> 8) & 0x00FF_00FF;
                let evens = even(a[0]) + even(a[1]) + even(b[0]) + even(b[1]);
                let odds = odd(a[0]) + odd(a[1]) + odd(b[0]) + odd(b[1]);
                (even(evens >> 2) | (even(odds >> 2) << 8)).to_le_bytes()
            }));
            let [a, b] = rows.map(|r| self.near[r].chunks_exact(SS));
            layer
                .near
                .extend(a.zip(b).map(|(a, b)| a[0].max(a[1]).max(b[0]).max(b[1])));
        }
    }
}

#[inline]
fn pack(r: u8, g: u8, b: u8) -> u32 {
    u32::from_le_bytes([r, g, b, 255])
}

#[inline]
fn clamp_byte(fixed: i32) -> u8 {
    (fixed >> 16).clamp(0, 255) as u8
}

fn pixel_area<const N: usize>(p: &[Corner<N>; 3]) -> f32 {
    let (a, b, c) = (p[0].0, p[1].0, p[2].0);
    (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
}

fn uv_area(p: &[Corner<3>; 3]) -> f32 {
    let (a, b, c) = (p[0].1, p[1].1, p[2].1);
    (b[1] - a[1]) * (c[2] - a[2]) - (c[1] - a[1]) * (b[2] - a[2])
}

impl Texture {
    /// From its largest copy.
    pub(crate) fn new(width: usize, height: usize, pixels: Vec<[u8; 3]>) -> Self {
        let mut levels = vec![(width, height, pixels)];
        while let Some((w, h, from)) = levels.last()
            && 8 < *w
            && 8 < *h
        {
            let (w, h) = (*w, *h);
            let (half_w, half_h) = (w / 2, h / 2);
            let mut to = Vec::with_capacity(half_w * half_h);
            for y in 0..half_h {
                for x in 0..half_w {
                    let at = 2 * y * w + 2 * x;
                    let four = [from[at], from[at + 1], from[at + w], from[at + w + 1]];
                    let mean =
                        |k: usize| (four.iter().map(|c| u16::from(c[k])).sum::<u16>() / 4) as u8;
                    to.push([mean(0), mean(1), mean(2)]);
                }
            }
            levels.push((half_w, half_h, to));
        }
        Self { levels }
    }

    fn at(&self, u: f32, v: f32, level: f32) -> [f32; 3] {
        let last = self.levels.len() - 1;
        let low = (level.floor().max(0.0) as usize).min(last);
        let t = (level - low as f32).clamp(0.0, 1.0);
        let near = self.bilinear(u, v, low);
        if t < 0.05 || low == last {
            return near;
        }
        let far = self.bilinear(u, v, low + 1);
        rgb(|k| near[k] + (far[k] - near[k]) * t)
    }

    /// Interpolated at (u, v) in [0, 1]².
    pub(crate) fn bilinear(&self, u: f32, v: f32, level: usize) -> [f32; 3] {
        let (w, h, pixels) = &self.levels[level];
        let x = (u * *w as f32 - 0.5).clamp(0.0, (*w - 1) as f32);
        let y = (v * *h as f32 - 0.5).clamp(0.0, (*h - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let (a, b) = (pixels[y0 * w + x0], pixels[y0 * w + x1]);
        let (c, d) = (pixels[y1 * w + x0], pixels[y1 * w + x1]);
        rgb(|k| {
            let top = f32::from(a[k]) * (1.0 - fx) + f32::from(b[k]) * fx;
            let bottom = f32::from(c[k]) * (1.0 - fx) + f32::from(d[k]) * fx;
            top * (1.0 - fy) + bottom * fy
        })
    }
}
