//! The staff door: a real portrait, cut out, moved, scaled and relit; and a print of it, held to
//! the camera.

use crate::{
    SampleError,
    film::hex,
    plan::door::{Visit, visits},
    seeded::{Seeded, lerp, smooth_noise, smoothstep},
    shade::{self, Lighting, decode, encode},
    spec::{HEIGHT, SceneSpec, WIDTH},
    truth::FaceInFrame,
};
use sha2::{Digest as _, Sha256};
use std::path::Path;

mod cutout;

/// Side of the portrait.
const SIDE: usize = 512;
/// Hairline to chin.
const FACE: [f32; 4] = [172.0, 58.0, 276.0, 190.0];
const EYES: [[f32; 2]; 2] = [[200.5, 101.5], [246.8, 102.6]];
/// The middle of the face, which all movement is told of.
const ANCHOR: [f32; 2] = [224.0, 125.0];
/// The part of the portrait that was printed.
const PRINT: [f32; 4] = [96.0, 4.0, 352.0, 316.0];
/// The print's white border, in pixels of the portrait.
const BORDER: f32 = 11.0;
/// The desk before the door hides everything below.
const DESK_Y: usize = 606;

/// A point of the portrait in the picture and back: turned, scaled, and for a print bent.
#[derive(Clone, Copy, Debug)]
struct Placing {
    centre: [f32; 2],
    scale: f32,
    sin: f32,
    cos: f32,
    /// How much narrower the right side is than the left: the print is not held straight.
    tilt: f32,
    /// How far the print's middle bulges, pixels.
    curl: f32,
}

/// The door scene's own painter.
pub(crate) struct Doorway {
    seed: u64,
    portrait: Vec<[u8; 3]>,
    /// Coverage of her outline.
    mask: Vec<u8>,
    visits: Vec<Visit>,
    gains: [f32; 3],
    portrait_sha256: String,
}

impl Doorway {
    pub(crate) fn new(
        spec: &SceneSpec,
        path: &Path,
        light: &Lighting,
    ) -> Result<Self, SampleError> {
        let wrong = |source| SampleError::Portrait {
            path: path.to_owned(),
            source,
        };
        let picture = image::open(path).map_err(|e| wrong(Some(e)))?.into_rgb8();
        if picture.dimensions() != (SIDE as u32, SIDE as u32) {
            return Err(wrong(None));
        }
        let portrait_sha256 = hex(&Sha256::digest(picture.as_raw()));
        let portrait: Vec<[u8; 3]> = picture.pixels().map(|p| p.0).collect();
        let mut r = Seeded::new(spec.seed, 41);
        let base = if light.is_dark { 0.8 } else { 1.0 };
        let gains = [0; 3].map(|_| base * r.between(0.86, 1.1));
        Ok(Self {
            seed: spec.seed,
            portrait,
            mask: cutout::mask(),
            visits: visits(spec),
            gains,
            portrait_sha256,
        })
    }

    pub(crate) fn portrait_sha256(&self) -> String {
        self.portrait_sha256.clone()
    }

    /// Who is there at this moment: 0 and 1 herself, 2 the print.
    fn visit_at(&self, t: f64) -> Option<usize> {
        self.visits.iter().position(|v| v.is_here(t))
    }

    fn placing(&self, k: usize, t: f64) -> Placing {
        let near = self.visits[k].nearness(t);
        let mut r = Seeded::new(self.seed, 50 + k as u64);
        let (a, b) = (r.between(0.0, 6.0), r.between(0.0, 6.0));
        let t = t as f32;
        // Nobody stands still: two slow swings that do not fit each other.
        let sway = 5.0 * (1.3 * t + a).sin() + 3.0 * (2.9 * t + b).sin();
        let nod = 3.0 * (1.7 * t + b).sin() + 9.0 * (1.0 - near) * (7.0 * t).sin();
        let turn = 0.02 * (0.9 * t + a).sin() + 0.012 * (2.3 * t + b).sin();
        if k == 2 {
            let shake = 4.0 * (5.1 * t + a).sin() + 2.0 * (11.0 * t).sin();
            return Placing {
                centre: [650.0 + sway + shake, lerp(1130.0, 292.0, near) + nod],
                scale: lerp(1.25, 1.46, near),
                sin: (0.085 + turn).sin(),
                cos: (0.085 + turn).cos(),
                tilt: 0.09 + 0.03 * (0.8 * t + b).sin(),
                curl: 7.0 + 2.0 * (1.1 * t).sin(),
            };
        }
        let from_left = if k == 0 { -190.0 } else { -230.0 };
        Placing {
            centre: [
                lerp(from_left, 640.0, smoothstep(0.0, 0.6, near)) + sway,
                lerp(250.0, 296.0, near) + nod,
            ],
            scale: lerp(0.8, 1.56, near),
            sin: turn.sin(),
            cos: turn.cos(),
            tilt: 0.0,
            curl: 0.0,
        }
    }

    /// The face in the picture.
    pub(crate) fn face(&self, t: f64) -> Option<FaceInFrame> {
        let k = self.visit_at(t)?;
        let placing = self.placing(k, t);
        let corners = [
            [FACE[0], FACE[1]],
            [FACE[2], FACE[1]],
            [FACE[2], FACE[3]],
            [FACE[0], FACE[3]],
        ]
        .map(|p| placing.to_picture(p));
        let mut b = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for p in corners {
            b = [
                b[0].min(p[0]),
                b[1].min(p[1]),
                b[2].max(p[0]),
                b[3].max(p[1]),
            ];
        }
        let (w, h) = (WIDTH as f32, DESK_Y as f32);
        let inside = [
            b[0].clamp(0.0, w),
            b[1].clamp(0.0, h),
            b[2].clamp(0.0, w),
            b[3].clamp(0.0, h),
        ];
        let area = |b: [f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
        let visible = area(inside) / area(b).max(1.0);
        (0.02 < visible).then(|| FaceInFrame {
            id: k as u32 + 1,
            bounds: inside.map(|v| (v * 10.0).round() / 10.0),
            eyes: EYES.map(|p| placing.to_picture(p).map(|v| (v * 10.0).round() / 10.0)),
            visible: (visible * 100.0).round() / 100.0,
        })
    }

    pub(crate) fn paint(&self, rgb: &mut [u8], t: f64, light: &Lighting) {
        let Some(k) = self.visit_at(t) else { return };
        let placing = self.placing(k, t);
        let desk = rgb[3 * DESK_Y * WIDTH as usize..].to_vec();
        let looks = Looks::new(k, self.gains[k], light);
        if k == 2 {
            hand(rgb, &placing, -1.0, &looks);
            self.print(rgb, &placing, &looks);
            hand(rgb, &placing, 1.0, &looks);
        } else {
            self.person(rgb, &placing, &looks);
        }
        rgb[3 * DESK_Y * WIDTH as usize..].copy_from_slice(&desk);
    }

    fn person(&self, rgb: &mut [u8], placing: &Placing, looks: &Looks) {
        for y in 0..DESK_Y {
            for x in 0..WIDTH as usize {
                let [u, v] = placing.in_portrait([x as f32 + 0.5, y as f32 + 0.5]);
                if !(8.0..504.0).contains(&u) || !(4.0..760.0).contains(&v) {
                    continue;
                }
                // Below its edge the portrait goes on as a mirror image: her suit, half hidden by
                // the desk.
                let v = if v < 511.0 { v } else { 1022.0 - v };
                let cover = self.coverage(u, v);
                if cover <= 0.0 {
                    continue;
                }
                let side = (x as f32 - placing.centre[0]) / (300.0 * placing.scale);
                put(
                    rgb,
                    x,
                    y,
                    looks.of(self.colour(u, v), 1.0 + 0.16 * side),
                    cover,
                );
            }
        }
    }

    fn print(&self, rgb: &mut [u8], placing: &Placing, looks: &Looks) {
        let glare = placing.to_picture([PRINT[0] + 58.0, PRINT[1] + 250.0]);
        for y in 0..DESK_Y {
            for x in 0..WIDTH as usize {
                let [u, v] = placing.in_portrait([x as f32 + 0.5, y as f32 + 0.5]);
                let edge = (u - PRINT[0] + BORDER)
                    .min(PRINT[2] + BORDER - u)
                    .min(v - PRINT[1] + BORDER)
                    .min(PRINT[3] + BORDER - v);
                if edge <= -0.5 {
                    continue;
                }
                let is_white = edge < BORDER;
                let ink = if is_white {
                    [238.0; 3]
                } else {
                    self.colour(u.max(1.0), v.max(1.0))
                };
                // Printer's ink on paper: black is grey, colours are paler, and the paper shines.
                let dull = ink.map(|c| 34.0 + c * 0.80);
                let grey = dull.iter().sum::<f32>() / 3.0;
                let dull = dull.map(|c| lerp(c, grey, 0.18));
                let bend = 1.0 + 0.10 * ((u - PRINT[0]) / (PRINT[2] - PRINT[0]) * 2.6).cos();
                let (dx, dy) = ((x as f32 - glare[0]) / 60.0, (y as f32 - glare[1]) / 130.0);
                let shine = 86.0 * (1.0 - (dx + 0.35 * dy).powi(2) - dy * dy).max(0.0);
                let colour = looks.of(dull, bend).map(|c| (c + shine).min(255.0));
                put(rgb, x, y, colour, (edge + 0.5).min(1.0));
            }
        }
    }

    fn colour(&self, u: f32, v: f32) -> [f32; 3] {
        let (x, y) = ((u - 0.5).clamp(0.0, 510.0), (v - 0.5).clamp(0.0, 510.0));
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let at = |dx: usize, dy: usize| self.portrait[(y0 + dy) * SIDE + x0 + dx];
        let (a, b, c, d) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
        shade::rgb(|k| {
            let top = lerp(f32::from(a[k]), f32::from(b[k]), fx);
            lerp(top, lerp(f32::from(c[k]), f32::from(d[k]), fx), fy)
        })
    }

    fn coverage(&self, u: f32, v: f32) -> f32 {
        let (x, y) = ((u - 0.5).clamp(0.0, 510.0), (v - 0.5).clamp(0.0, 510.0));
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let at = |dx: usize, dy: usize| f32::from(self.mask[(y0 + dy) * SIDE + x0 + dx]) / 255.0;
        lerp(
            lerp(at(0, 0), at(1, 0), fx),
            lerp(at(0, 1), at(1, 1), fx),
            fy,
        )
    }

    /// Wall, door, card reader, a poster, and the desk in front.
    pub(crate) fn paint_backdrop(&self, rgb: &mut [u8], light: &Lighting) {
        let seed = self.seed as u32;
        let looks = Looks {
            gain: if light.is_dark { 0.72 } else { 1.0 },
            warm: 1.0,
            contrast: 1.0,
        };
        for y in 0..HEIGHT as usize {
            for x in 0..WIDTH as usize {
                let (fx, fy) = (x as f32, y as f32);
                let grain = smooth_noise(fx / 2.3, fy / 2.3, seed) * 0.04
                    + smooth_noise(fx / 90.0, fy / 90.0, seed) * 0.08;
                let lamp = 1.12 - 0.35 * ((fx - 760.0) / 800.0).powi(2) - 0.2 * (fy / 720.0);
                let colour = wall(fx, fy, seed).map(|c| c * (0.94 + grain));
                let lit = looks.of(colour, lamp);
                for k in 0..3 {
                    rgb[3 * (y * WIDTH as usize + x) + k] = lit[k] as u8;
                }
            }
        }
    }
}

/// What the wall is at a pixel, before it is lit.
fn wall(x: f32, y: f32, seed: u32) -> [f32; 3] {
    let within = |x0: f32, y0: f32, x1: f32, y1: f32| x0 <= x && x < x1 && y0 <= y && y < y1;
    if DESK_Y as f32 <= y {
        let plank = smooth_noise(x / 160.0, y / 5.0, seed ^ 7);
        let edge = if y < DESK_Y as f32 + 9.0 { 1.3 } else { 1.0 };
        return [112.0, 84.0, 58.0].map(|c: f32| c * (0.75 + 0.4 * plank) * edge);
    }
    if within(850.0, 60.0, 1180.0, 720.0) {
        // The door behind her, with a window and a handle.
        if within(900.0, 110.0, 1130.0, 330.0) {
            let glass = 150.0 + 50.0 * ((x + y) / 240.0).sin();
            return [glass * 0.8, glass * 0.92, glass];
        }
        if within(868.0, 430.0, 886.0, 500.0) {
            return [70.0, 72.0, 76.0];
        }
        let is_rim = !(862.0..1168.0).contains(&x) || y < 72.0;
        return if is_rim {
            [86.0, 92.0, 98.0]
        } else {
            [124.0, 136.0, 144.0]
        };
    }
    if within(770.0, 300.0, 812.0, 372.0) {
        let is_lamp = within(784.0, 310.0, 798.0, 318.0);
        return if is_lamp {
            [210.0, 60.0, 50.0]
        } else {
            [46.0, 48.0, 52.0]
        };
    }
    if within(120.0, 90.0, 330.0, 370.0) {
        let is_rim = !within(130.0, 100.0, 320.0, 360.0);
        let stripe = ((y - 100.0) / 26.0) as i32 % 3;
        return match (is_rim, stripe) {
            (true, _) => [150.0, 140.0, 120.0],
            (_, 0) => [60.0, 110.0, 150.0],
            _ => [206.0, 208.0, 200.0],
        };
    }
    if y > 560.0 {
        [120.0, 116.0, 106.0]
    } else {
        [198.0, 192.0, 176.0]
    }
}

impl Placing {
    fn to_picture(self, p: [f32; 2]) -> [f32; 2] {
        let (u, v) = (
            (p[0] - ANCHOR[0]) * self.scale,
            (p[1] - ANCHOR[1]) * self.scale,
        );
        let narrow = 1.0 - self.tilt * u / 400.0;
        let v = v * narrow + self.bulge(u);
        [
            self.centre[0] + u * self.cos - v * self.sin,
            self.centre[1] + u * self.sin + v * self.cos,
        ]
    }

    fn in_portrait(self, p: [f32; 2]) -> [f32; 2] {
        let (dx, dy) = (p[0] - self.centre[0], p[1] - self.centre[1]);
        let (u, v) = (dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin);
        let narrow = 1.0 - self.tilt * u / 400.0;
        let v = (v - self.bulge(u)) / narrow;
        [ANCHOR[0] + u / self.scale, ANCHOR[1] + v / self.scale]
    }

    fn bulge(self, u: f32) -> f32 {
        self.curl * ((u / (220.0 * self.scale)).powi(2) - 0.5)
    }
}

/// How the light changes a colour of the portrait.
struct Looks {
    gain: f32,
    warm: f32,
    contrast: f32,
}

impl Looks {
    fn new(k: usize, gain: f32, light: &Lighting) -> Self {
        let dim = if light.is_dark { 0.8 } else { 1.0 };
        Self {
            gain: gain * dim,
            warm: [1.02, 0.97, 1.0][k],
            contrast: [1.0, 1.05, 0.9][k],
        }
    }

    fn of(&self, c: [f32; 3], side: f32) -> [f32; 3] {
        let tone = [self.warm, 1.0, 1.0 / self.warm];
        shade::rgb(|k| {
            let v = decode(c[k] * 0.98) * self.gain * side.max(0.2) * tone[k];
            let v = encode(v);
            (128.0 + (v - 128.0) * self.contrast).clamp(0.0, 255.0)
        })
    }
}

fn put(rgb: &mut [u8], x: usize, y: usize, colour: [f32; 3], cover: f32) {
    let at = 3 * (y * WIDTH as usize + x);
    for k in 0..3 {
        rgb[at + k] = lerp(f32::from(rgb[at + k]), colour[k], cover) as u8;
    }
}

/// A hand at a lower corner of the print: the palm behind it, the thumb before it, a sleeve below.
fn hand(rgb: &mut [u8], placing: &Placing, front: f32, looks: &Looks) {
    for side in [-1.0f32, 1.0] {
        let x = if side < 0.0 {
            PRINT[0] - BORDER
        } else {
            PRINT[2] + BORDER
        };
        let blobs: &[([f32; 2], [f32; 2], [f32; 3])] = if front < 0.0 {
            &[
                (
                    [x + side * 14.0, PRINT[3] - 4.0],
                    [30.0, 46.0],
                    [186.0, 140.0, 112.0],
                ),
                (
                    [x + side * 34.0, PRINT[3] + 92.0],
                    [40.0, 90.0],
                    [52.0, 58.0, 74.0],
                ),
            ]
        } else {
            &[(
                [x - side * 8.0, PRINT[3] - 14.0],
                [24.0, 11.0],
                [198.0, 150.0, 120.0],
            )]
        };
        for (centre, radii, colour) in blobs {
            let middle = placing.to_picture(*centre);
            let (rx, ry) = (radii[0] * placing.scale, radii[1] * placing.scale);
            for y in ((middle[1] - ry).max(0.0) as usize)
                ..((middle[1] + ry).clamp(0.0, DESK_Y as f32) as usize)
            {
                for px in ((middle[0] - rx).max(0.0) as usize)
                    ..((middle[0] + rx).clamp(0.0, WIDTH as f32) as usize)
                {
                    let (dx, dy) = ((px as f32 - middle[0]) / rx, (y as f32 - middle[1]) / ry);
                    let inside = 1.0 - dx * dx - dy * dy;
                    if 0.0 < inside {
                        let round = 0.72 + 0.36 * inside.sqrt();
                        put(
                            rgb,
                            px,
                            y,
                            looks.of(*colour, round),
                            (inside * 10.0).min(1.0),
                        );
                    }
                }
            }
        }
    }
}
