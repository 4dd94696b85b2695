//! One frame: the backdrop, then shadows, vehicles from far to near, lights, weather.

mod piece;

use crate::{
    body::Lights,
    mesh::{Mat, Mesh, N_MATS},
    observe::plate_corners,
    plan::{Actor, ActorNow},
    raster::{Canvas, Layer, Texture, Window, scan},
    seeded::smoothstep,
    shade::{Lighting, Rgb, Surface},
    space::{Camera, NEAR_M, Pose, Seen, V3, add, dot, scale, sub},
    spec::{FPS, HEIGHT, WIDTH},
};

/// The picture being painted, with what stands still in it.
pub(crate) struct Easel<'a> {
    pub(crate) rgb: &'a mut [u8],
    /// 1 / depth of what has been painted; 0 where only the ground is.
    pub(crate) near: &'a mut [f32],
    pub(crate) camera: &'a Camera,
    pub(crate) light: &'a Lighting,
}

/// A vehicle's plate, and how it looked when it last stood still: half of all frames show one that
/// waits.
#[derive(Debug)]
pub(crate) struct Dressed {
    pub(crate) plate: Texture,
    pub(crate) standing: Option<(ActorNow, Layer)>,
}

/// Memory that is used again for every layer.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    canvas: Canvas,
    layer: Layer,
    blurred: Vec<[u16; 4]>,
    seen: Vec<Seen>,
    colours: Vec<Rgb>,
    is_away: Vec<bool>,
}

impl Easel<'_> {
    /// Paints a mesh; `smear_px` is how far it moves while the shutter is open.
    pub(crate) fn mesh(
        &mut self,
        mesh: &Mesh,
        pose: &Pose,
        palette: &[Surface; N_MATS],
        scratch: &mut Scratch,
    ) {
        let Some(window) = self.project(mesh, pose, palette, scratch) else {
            return;
        };
        scratch.canvas.start(window);
        triangles(mesh, scratch);
        scratch.canvas.resolve(&mut scratch.layer);
        self.blend(&scratch.layer);
    }

    /// Paints a vehicle with its plate.
    pub(crate) fn vehicle(
        &mut self,
        actor: &Actor,
        now: &ActorNow,
        dressed: &mut Dressed,
        scratch: &mut Scratch,
    ) {
        if let Some((then, layer)) = &dressed.standing
            && then == now
        {
            self.blend(layer);
            return;
        }
        let lights = Lights {
            is_tail_on: self.light.is_dark,
            ..now.lights
        };
        let palette = actor.body.lit(lights);
        let Some(window) = self.project(&actor.body.mesh, &now.pose, &palette, scratch) else {
            return;
        };
        scratch.canvas.start(window);
        triangles(&actor.body.mesh, scratch);
        self.plate(actor, now, &dressed.plate, &mut scratch.canvas);
        scratch.canvas.resolve(&mut scratch.layer);
        let smear = self.smear(actor, now);
        smear_layer(&mut scratch.layer, smear, &mut scratch.blurred);
        self.blend(&scratch.layer);
        let is_standing = now.speed_mps == 0.0;
        dressed.standing = is_standing.then(|| (*now, scratch.layer.clone()));
    }

    /// Works out where and in which colour every vertex is; none when nothing of it can be seen.
    fn project(
        &self,
        mesh: &Mesh,
        pose: &Pose,
        palette: &[Surface; N_MATS],
        scratch: &mut Scratch,
    ) -> Option<Window> {
        scratch.seen.clear();
        scratch.colours.clear();
        scratch.is_away.clear();
        let mut b = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        let eye = self.camera.position;
        for vertex in &mesh.vertices {
            let p = pose.place(vertex.position);
            let n = pose.turn(vertex.normal);
            let seen = self.camera.see(p);
            if NEAR_M <= seen.depth {
                b = [
                    b[0].min(seen.x),
                    b[1].min(seen.y),
                    b[2].max(seen.x),
                    b[3].max(seen.y),
                ];
            }
            let to_eye = sub(eye, p);
            // A closed body never shows the inside of a wall that faces well away.
            let is_away = dot(n, to_eye) < -0.12 * dot(to_eye, to_eye).sqrt();
            scratch.seen.push(seen);
            scratch.is_away.push(is_away);
            scratch.colours.push(if is_away {
                [0.0; 3]
            } else {
                let colour = self.light.shade(&palette[vertex.mat as usize], p, n, eye);
                self.light.haze(colour, seen.depth)
            });
        }
        // Room for motion blur on every side.
        let window = Window {
            x_min: b[0].max(-1e5) as i32 - 14,
            y_min: b[1].max(-1e5) as i32 - 14,
            x_max: b[2].min(1e5) as i32 + 15,
            y_max: b[3].min(1e5) as i32 + 15,
        }
        .clipped(WIDTH, HEIGHT);
        (!window.is_empty() && b[0] < b[2]).then_some(window)
    }

    fn plate(&self, actor: &Actor, now: &ActorNow, texture: &Texture, canvas: &mut Canvas) {
        let corners = plate_corners(actor).map(|p| now.pose.place(p));
        let normal = now.pose.turn([0.0, -1.0, 0.0]);
        if dot(normal, sub(self.camera.position, corners[0])) < 0.0 {
            return;
        }
        // A plate sends light back to where it came from, so that the gate's lamp makes it bright
        // at night.
        let glow = if self.light.is_dark { 0.25 } else { 0.02 };
        let surface = Surface {
            albedo: [0.82; 3],
            mirror: 0.0,
            glow: [glow; 3],
        };
        let lit = self
            .light
            .shade(&surface, corners[0], normal, self.camera.position);
        piece::spread(self.camera, corners, texture, lit, canvas);
    }

    fn smear(&self, actor: &Actor, now: &ActorNow) -> [f32; 2] {
        let p = now.pose.place(actor.body.mount.centre);
        let step = now.speed_mps / FPS as f32 * self.light.shutter;
        let q = add(p, now.pose.turn([0.0, step, 0.0]));
        let (a, b) = (self.camera.see(p), self.camera.see(q));
        if a.depth < 2.0 || b.depth < 2.0 {
            return [0.0; 2];
        }
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let shorten = (SMEAR_PX_MAX / (dx * dx + dy * dy).sqrt().max(1e-3)).min(1.0);
        [dx * shorten, dy * shorten]
    }

    fn blend(&mut self, layer: &Layer) {
        let window = layer.window;
        for y in 0..window.height() {
            let base = (window.y_min as usize + y) * WIDTH as usize + window.x_min as usize;
            for x in 0..window.width() {
                let c = layer.rgba[y * window.width() + x];
                if c[3] == 0 {
                    continue;
                }
                let near = layer.near[y * window.width() + x];
                let behind = &mut self.near[base + x];
                if near != 0.0 && near < *behind {
                    continue;
                }
                if 128 <= c[3] && near != 0.0 {
                    *behind = near;
                }
                let pixel = &mut self.rgb[3 * (base + x)..3 * (base + x) + 3];
                if c[3] == 255 {
                    pixel.copy_from_slice(&c[..3]);
                    continue;
                }
                let keep = 255 - u16::from(c[3]);
                for k in 0..3 {
                    pixel[k] =
                        (u16::from(c[k]) + (u16::from(pixel[k]) * keep + 127) / 255).min(255) as u8;
                }
            }
        }
    }

    /// Darkens the ground under and beside a block that stands on it.
    pub(crate) fn shadow(&mut self, pose: &Pose, block: &Block) {
        const N: usize = 26;
        let reach = scale(
            self.light.to_sun,
            -block.height_m / self.light.to_sun[2].max(0.25),
        );
        // The sun's direction in the block's own space.
        let (sin, cos) = pose.heading.sin_cos();
        let reach = [
            reach[0] * cos + reach[1] * sin,
            reach[1] * cos - reach[0] * sin,
        ];
        let half = block.width_m / 2.0;
        let x_range = [
            -half - 0.7 + reach[0].min(0.0),
            half + 0.7 + reach[0].max(0.0),
        ];
        let y_range = [
            -0.7 + reach[1].min(0.0),
            block.length_m + 0.7 + reach[1].max(0.0),
        ];
        let mut points = Vec::with_capacity((N + 1) * (N + 1));
        for i in 0..=N {
            for j in 0..=N {
                let x = x_range[0] + (x_range[1] - x_range[0]) * j as f32 / N as f32;
                let y = y_range[0] + (y_range[1] - y_range[0]) * i as f32 / N as f32;
                let dark = self.darkness([x, y], reach, half, block.length_m);
                points.push((self.camera.see(pose.place([x, y, 0.0])), dark));
            }
        }
        for i in 0..N {
            for j in 0..N {
                let at = |di: usize, dj: usize| &points[(i + di) * (N + 1) + j + dj];
                let quad = [at(0, 0), at(0, 1), at(1, 1), at(1, 0)];
                if quad.iter().all(|q| q.1 > 0.99) || quad.iter().any(|q| q.0.depth < NEAR_M) {
                    continue;
                }
                self.darken([quad[0], quad[1], quad[2]]);
                self.darken([quad[0], quad[2], quad[3]]);
            }
        }
    }

    /// What is left of the light at a point of the ground, 0 to 1.
    fn darkness(&self, p: [f32; 2], reach: [f32; 2], half: f32, length: f32) -> f32 {
        let outside = |dx: f32, dy: f32| {
            let x = (p[0] - dx).abs() - half;
            let y = (p[1] - dy - length / 2.0).abs() - length / 2.0;
            (x.max(0.0).powi(2) + y.max(0.0).powi(2)).sqrt() + x.max(y).min(0.0)
        };
        let contact = 1.0 - smoothstep(-0.35, 0.3, outside(0.0, 0.0));
        let mut sun = 0.0f32;
        for k in 0..=6 {
            let t = k as f32 / 6.0;
            let edge = 0.05 + 0.2 * t;
            sun = sun.max(1.0 - smoothstep(-edge, edge, outside(reach[0] * t, reach[1] * t)));
        }
        (1.0 - 0.62 * contact) * (1.0 - self.light.shadow * sun)
    }

    fn darken(&mut self, corners: [&(Seen, f32); 3]) {
        let window = Window {
            x_min: 0,
            y_min: 0,
            x_max: WIDTH as i32,
            y_max: HEIGHT as i32,
        };
        let points = corners.map(|(seen, dark)| ([seen.x, seen.y], [*dark, 1.0 / seen.depth]));
        let (rgb, near) = (&mut *self.rgb, &*self.near);
        scan(points, window, |y, from, to, mut at, step| {
            for x in from..to {
                let i = y as usize * WIDTH as usize + x as usize;
                if near[i] <= at[1] {
                    let share = (at[0] * 256.0) as u16;
                    for v in &mut rgb[3 * i..3 * i + 3] {
                        *v = ((u16::from(*v) * share) >> 8).min(255) as u8;
                    }
                }
                at[0] += step[0];
                at[1] += step[1];
            }
        });
    }

    /// A soft round light over what has been painted.
    pub(crate) fn glow(&mut self, at: V3, radius_m: f32, rgb: Rgb) {
        let seen = self.camera.see(at);
        if seen.depth < NEAR_M {
            return;
        }
        let i = (seen.y.max(0.0) as usize).min(HEIGHT as usize - 1) * WIDTH as usize
            + (seen.x.max(0.0) as usize).min(WIDTH as usize - 1);
        if 1.0 / seen.depth < self.near[i] * 0.93 {
            return;
        }
        let radius = radius_m * self.camera.focal_px / seen.depth;
        let window = Window {
            x_min: (seen.x - radius) as i32,
            y_min: (seen.y - radius) as i32,
            x_max: (seen.x + radius) as i32 + 1,
            y_max: (seen.y + radius) as i32 + 1,
        }
        .clipped(WIDTH, HEIGHT);
        for y in window.y_min..window.y_max {
            for x in window.x_min..window.x_max {
                let (dx, dy) = ((x as f32 - seen.x) / radius, (y as f32 - seen.y) / radius);
                let fall = (1.0 - dx * dx - dy * dy).max(0.0).powi(3);
                let i = 3 * (y as usize * WIDTH as usize + x as usize);
                for (pixel, light) in self.rgb[i..i + 3].iter_mut().zip(rgb) {
                    let v = f32::from(*pixel);
                    *pixel = (v + (255.0 - v) * (light * fall).min(1.0)) as u8;
                }
            }
        }
    }

    /// Headlights on the road before a vehicle: two soft cones that brighten what is there.
    pub(crate) fn headlights(&mut self, actor: &Actor, pose: &Pose) {
        const N: usize = 16;
        let (from, reach) = (actor.body.length_m, 14.0);
        let half = actor.body.width_m / 2.0;
        let mut points = Vec::with_capacity((N + 1) * (N + 1));
        for i in 0..=N {
            let t = i as f32 / N as f32;
            let wide = half + 2.4 * t;
            for j in 0..=N {
                let s = 2.0 * j as f32 / N as f32 - 1.0;
                let p = pose.place([wide * s, from + reach * t, 0.0]);
                let bright = (1.0 - s * s) * (1.0 - t) * (t * 8.0).min(1.0);
                points.push((self.camera.see(p), bright));
            }
        }
        let window = Window {
            x_min: 0,
            y_min: 0,
            x_max: WIDTH as i32,
            y_max: HEIGHT as i32,
        };
        for i in 0..N {
            for j in 0..N {
                let at = |di: usize, dj: usize| &points[(i + di) * (N + 1) + j + dj];
                let quad = [at(0, 0), at(0, 1), at(1, 1), at(1, 0)];
                if quad.iter().any(|q| q.0.depth < NEAR_M) {
                    continue;
                }
                for corners in [[quad[0], quad[1], quad[2]], [quad[0], quad[2], quad[3]]] {
                    let points = corners.map(|q| ([q.0.x, q.0.y], [q.1]));
                    let rgb = &mut *self.rgb;
                    scan(points, window, |y, from, to, mut at, step| {
                        for x in from..to {
                            let i = 3 * (y as usize * WIDTH as usize + x as usize);
                            for (v, warm) in rgb[i..i + 3].iter_mut().zip([1.0, 0.94, 0.8]) {
                                let lit = f32::from(*v) * (1.0 + 1.6 * at[0]) + 34.0 * at[0];
                                *v =
                                    (f32::from(*v) + (lit - f32::from(*v)) * warm).min(255.0) as u8;
                            }
                            at[0] += step[0];
                        }
                    });
                }
            }
        }
    }
}

/// A layer has this much room around it, and the plate's motion is not the whole body's when it is
/// very near.
const SMEAR_PX_MAX: f32 = 11.0;

/// What casts a shadow: a block whose origin is the middle of its rear edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) width_m: f32,
    pub(crate) length_m: f32,
    pub(crate) height_m: f32,
}

fn triangles(mesh: &Mesh, scratch: &mut Scratch) {
    for triangle in &mesh.triangles {
        let [a, b, c] = triangle.map(|i| i as usize);
        let is_behind = [a, b, c].iter().any(|i| scratch.seen[*i].depth < NEAR_M);
        let is_away = scratch.is_away[a] || scratch.is_away[b] || scratch.is_away[c];
        if is_behind || is_away {
            continue;
        }
        let corner = |i: usize| (&scratch.seen[i], scratch.colours[i]);
        scratch.canvas.triangle([corner(a), corner(b), corner(c)]);
    }
}

/// Spreads a layer evenly along the way that it moves.
fn smear_layer(layer: &mut Layer, by: [f32; 2], sums: &mut Vec<[u16; 4]>) {
    let length = (by[0] * by[0] + by[1] * by[1]).sqrt();
    let n = (length.round() as i32 + 1).min(12);
    if n < 2 {
        return;
    }
    let (w, h) = (layer.window.width() as i32, layer.window.height() as i32);
    sums.clear();
    sums.resize(layer.rgba.len(), [0; 4]);
    for tap in 0..n {
        let t = tap as f32 / (n - 1) as f32 - 0.5;
        let (dx, dy) = ((by[0] * t).round() as i32, (by[1] * t).round() as i32);
        for y in dy.max(0)..(h + dy).min(h) {
            let (x_from, x_to) = (dx.max(0), (w + dx).min(w));
            let to = (y * w + x_from) as usize..(y * w + x_to) as usize;
            let from = ((y - dy) * w + x_from - dx) as usize;
            let source = &layer.rgba[from..from + to.len()];
            for (sum, c) in sums[to].iter_mut().zip(source) {
                for k in 0..4 {
                    sum[k] += u16::from(c[k]);
                }
            }
        }
    }
    for (c, sum) in layer.rgba.iter_mut().zip(sums.iter()) {
        *c = sum.map(|s| (s / n as u16) as u8);
    }
}

/// The material of a signal lamp; the camera shows a lit one in its own colour in any light.
pub(crate) fn lamp(rgb: Rgb, is_on: bool, exposure: f32) -> Surface {
    let glow = if is_on {
        scale(rgb, 0.8 / exposure)
    } else {
        [0.0; 3]
    };
    Surface {
        albedo: scale(rgb, if is_on { 0.3 } else { 0.09 }),
        mirror: 0.03,
        glow,
    }
}

/// Materials of the signal's lamps, in the order red, amber, green.
pub(crate) const SIGNAL_MATS: [Mat; 3] = [Mat::Red, Mat::Yellow, Mat::Leaf];
