//! The ground and what stands at its end, painted once for a scene, pixel by pixel.

use crate::{
    plan::{entrance, gate, junction},
    seeded::{lerp, smooth_noise, smoothstep},
    shade::{Lighting, Rgb, rgb},
    space::Camera,
    spec::{HEIGHT, SceneKind, WIDTH},
};

/// A point of the ground, or of the wall at its end, as a pixel sees it.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: f32,
    y: f32,
    /// How much of the ground a pixel covers, metres: finer texture is left out, edges are that
    /// soft.
    blur: f32,
    seed: u32,
}

impl Spot {
    /// 1 inside the strip from `a` to `b`, soft at its edges.
    fn strip(&self, v: f32, a: f32, b: f32) -> f32 {
        let e = self.blur.max(0.008);
        smoothstep(a - e, a + e, v) * (1.0 - smoothstep(b - e, b + e, v))
    }

    /// Noise of this wavelength, or its mean where a pixel cannot show it.
    fn noise(&self, wave_m: f32, salt: u32) -> f32 {
        let keep = smoothstep(0.5, 1.5, wave_m / self.blur.max(1e-4));
        if keep <= 0.0 {
            return 0.5;
        }
        let n = smooth_noise(self.x / wave_m, self.y / wave_m, self.seed ^ salt);
        lerp(0.5, n, keep)
    }

    fn asphalt(&self) -> Rgb {
        let grain =
            self.noise(0.018, 1) * 0.5 + self.noise(0.045, 2) * 0.3 + self.noise(0.15, 3) * 0.2;
        let patch = self.noise(1.3, 4) * 0.6 + self.noise(4.0, 5) * 0.4;
        let v = 0.115 * (0.55 + 0.9 * grain) * (0.75 + 0.5 * patch);
        // Thin cracks where slow noise passes its middle.
        let crack = 1.0 - smoothstep(0.0, 0.012, (self.noise(2.1, 6) - 0.5).abs());
        let v = v * (1.0 - 0.45 * crack * smoothstep(0.5, 0.7, self.noise(5.0, 7)));
        [v * 1.02, v, v * 0.98]
    }

    fn concrete(&self) -> Rgb {
        let grain =
            self.noise(0.03, 11) * 0.4 + self.noise(0.2, 12) * 0.3 + self.noise(1.1, 13) * 0.3;
        let v = 0.27 * (0.72 + 0.55 * grain);
        let joint = self
            .strip((self.y + 100.0) % 3.0, 0.0, 0.02)
            .max(self.strip((self.x + 100.0) % 3.2, 0.0, 0.02));
        let v = v * (1.0 - 0.5 * joint);
        [v, v * 0.98, v * 0.93]
    }

    fn grass(&self) -> Rgb {
        let blade =
            self.noise(0.03, 21) * 0.5 + self.noise(0.09, 22) * 0.3 + self.noise(0.8, 23) * 0.2;
        let dry = self.noise(1.7, 24);
        let v = 0.35 + 1.3 * blade;
        [
            lerp(0.05, 0.11, dry) * v,
            lerp(0.11, 0.13, dry) * v,
            0.035 * v,
        ]
    }

    fn paving(&self) -> Rgb {
        let row = ((self.y + 100.0) / 0.3).floor();
        let shifted = self.x + 100.0 + 0.15 * (row % 2.0);
        let joint = self
            .strip((self.y + 100.0) % 0.3, 0.0, 0.012)
            .max(self.strip(shifted % 0.3, 0.0, 0.012));
        let tile = crate::seeded::lattice(row as i32, (shifted / 0.3) as i32, self.seed);
        let v =
            0.22 * (0.8 + 0.3 * tile) * (0.8 + 0.4 * self.noise(0.05, 31)) * (1.0 - 0.45 * joint);
        [v * 1.12, v * 0.95, v * 0.85]
    }

    fn paint_over(&self, under: Rgb, colour: Rgb, share: f32) -> Rgb {
        let worn = smoothstep(
            0.25,
            0.5,
            self.noise(0.12, 41) * 0.5 + self.noise(0.6, 42) * 0.5,
        );
        let share = share * (0.55 + 0.4 * worn);
        rgb(|k| lerp(under[k], colour[k], share))
    }

    /// Darker where many wheels and drops of oil have been.
    fn worn(&self, c: Rgb, lane_x: f32) -> Rgb {
        let side = (self.x - lane_x).abs();
        let track = (1.0 - smoothstep(0.1, 0.4, (side - 0.72).abs())) * 0.12;
        let oil =
            (1.0 - smoothstep(0.0, 0.4, side)) * 0.25 * smoothstep(0.45, 0.75, self.noise(0.7, 43));
        c.map(|v| v * (1.0 - track - oil))
    }
}

const WHITE: Rgb = [0.62, 0.62, 0.60];
const YELLOW: Rgb = [0.58, 0.40, 0.05];

fn gate_ground(s: &Spot) -> Rgb {
    let (left, right) = (
        gate::LANE_X - gate::LANE_HALF,
        gate::LANE_X + gate::LANE_HALF,
    );
    let is_lane_side = s.strip(s.x, left - 0.35, right + 0.35);
    let is_yard = s.strip(s.y, 14.0, 24.5) * (1.0 - smoothstep(right + 2.4, right + 2.5, s.x));
    let road = is_lane_side.max(is_yard);
    let verge = if s.x < left {
        s.concrete()
    } else if right + 3.4 < s.x {
        s.grass()
    } else {
        s.paving()
    };
    let far = s.grass();
    let verge = if 24.5 < s.y { far } else { verge };
    let mut tar = s.worn(s.asphalt(), gate::LANE_X);
    let in_lane = s.strip(s.x, left + 0.1, right - 0.1);
    tar = s.paint_over(tar, WHITE, in_lane * s.strip(s.y, 12.2, 12.45));
    // Edge lines, and an arrow.
    let edges = s
        .strip(s.x, left + 0.08, left + 0.2)
        .max(s.strip(s.x, right - 0.2, right - 0.08));
    tar = s.paint_over(tar, YELLOW, edges * s.strip(s.y, 0.0, 14.0));
    let ax = (s.x - gate::LANE_X).abs();
    let shaft = s.strip(s.y, 7.2, 9.0) * (1.0 - smoothstep(0.08, 0.08 + s.blur.max(0.008), ax));
    let head =
        s.strip(s.y, 9.0, 9.9) * (1.0 - smoothstep(0.0, s.blur.max(0.01), ax - (9.9 - s.y) * 0.35));
    tar = s.paint_over(tar, WHITE, shaft.max(head) * 0.8);
    // Speed hump with yellow blocks.
    let hump = s.strip(s.y, 11.0, 11.35) * in_lane;
    let is_block = if ((s.x + 50.0) / 0.5).floor() as i32 % 2 == 0 {
        1.0
    } else {
        0.0
    };
    tar = rgb(|k| {
        lerp(
            tar[k],
            if is_block > 0.5 {
                YELLOW[k] * 0.8
            } else {
                0.03
            },
            hump * 0.85,
        )
    });
    rgb(|k| lerp(verge[k], tar[k], road))
}

/// The wall behind the gate's yard: bays, posts, a hedge, stains.
fn gate_wall(s: &Spot, z: f32) -> Rgb {
    let stain = Spot { y: z, ..*s };
    let mut wall = [0.42, 0.37, 0.27].map(|v: f32| v * (0.75 + 0.5 * stain.noise(0.8, 51)));
    let post = s.strip((s.x + 90.0) % 3.0, 0.0, 0.25);
    wall = wall.map(|v| v * (1.0 - 0.25 * post));
    wall = wall.map(|v| v * (1.0 - 0.35 * (1.0 - smoothstep(0.0, 0.5, z))));
    let hedge_z = 0.9
        + 0.35 * smooth_noise(s.x / 0.7, 3.0, s.seed)
        + 0.2 * smooth_noise(s.x / 0.2, 9.0, s.seed);
    let leaf = stain.noise(0.12, 52) * 0.6 + stain.noise(0.3, 53) * 0.4;
    let hedge = [0.035, 0.085, 0.025].map(|v: f32| v * (0.3 + 1.6 * leaf));
    let share = 1.0 - smoothstep(hedge_z - 0.06, hedge_z + 0.06, z);
    rgb(|k| lerp(wall[k], hedge[k], share))
}

fn junction_ground(s: &Spot) -> Rgb {
    let line = junction::LINE_Y;
    let mut tar = s.worn(
        s.worn(s.asphalt(), junction::LANES_X[0]),
        junction::LANES_X[1],
    );
    let in_road = s.strip(s.x, -2.8, 2.8);
    tar = s.paint_over(tar, WHITE, in_road * s.strip(s.y, line, line + 0.35));
    // Zebra crossing beyond the line, then the open junction.
    let zebra =
        s.strip(s.y, line + 1.6, line + 4.4) * s.strip((s.x + 60.0) % 0.9, 0.0, 0.45) * in_road;
    tar = s.paint_over(tar, WHITE, zebra);
    let before = 1.0 - smoothstep(line - 0.05, line, s.y);
    let dashes = s.strip(s.x, -0.07, 0.07) * before;
    tar = s.paint_over(tar, WHITE, dashes);
    let edges = s.strip(s.x, -2.92, -2.8).max(s.strip(s.x, 2.8, 2.92));
    tar = s.paint_over(tar, YELLOW, edges * before);
    let kerb = s.strip(s.x.abs(), 3.0, 3.2);
    let stone = if ((s.y + 50.0) / 0.6).floor() as i32 % 2 == 0 {
        [0.5, 0.5, 0.48]
    } else {
        [0.3, 0.3, 0.29]
    };
    // Behind the crossing the side road opens on both sides.
    let open = s.strip(s.y, line + 5.5, line + 17.0);
    let side = smoothstep(2.98, 3.02, s.x.abs()) * (1.0 - open);
    let walk = s.paving();
    let beyond = rgb(|k| lerp(walk[k], stone[k], kerb));
    rgb(|k| lerp(tar[k], beyond[k], side))
}

/// The paved ground on both sides of the entrance's wall, and the strip that is walked most.
fn court(s: &Spot) -> Rgb {
    let (paving, concrete) = (s.paving(), s.concrete());
    let walked = s.strip(
        s.x,
        -entrance::OPENING_HALF - 0.4,
        entrance::OPENING_HALF + 0.4,
    );
    let border = s
        .strip(
            s.x.abs(),
            entrance::OPENING_HALF + 0.4,
            entrance::OPENING_HALF + 0.62,
        )
        .max(s.strip(s.y, entrance::WALL_Y - 0.9, entrance::WALL_Y - 0.7));
    let ground = rgb(|k| lerp(paving[k], concrete[k], walked));
    rgb(|k| lerp(ground[k], 0.12, 0.7 * border))
}

/// Paints the backdrop; `picture` is what it fills.
pub(crate) fn paint(
    picture: &mut [u8],
    kind: SceneKind,
    camera: &Camera,
    light: &Lighting,
    seed: u64,
) {
    let noise_seed = (seed as u32).wrapping_mul(0x9E37_79B9) ^ 0x51ED;
    let wall_y = 27.0;
    for y in 0..HEIGHT as usize {
        for x in 0..WIDTH as usize {
            let d = camera.look(x as f32 + 0.5, y as f32 + 0.5);
            let eye = camera.position;
            let ground_t = if d[2] < -1e-4 {
                -eye[2] / d[2]
            } else {
                f32::MAX
            };
            let wall_t = if kind.is_gate_lane() || kind.is_walled() {
                (wall_y - eye[1]) / d[1].max(1e-4)
            } else {
                f32::MAX
            };
            let t = ground_t.min(wall_t).min(400.0);
            let p = [eye[0] + d[0] * t, eye[1] + d[1] * t, eye[2] + d[2] * t];
            let slant = if wall_t < ground_t {
                1.0
            } else {
                (-d[2]).max(0.05).sqrt()
            };
            let spot = Spot {
                x: p[0],
                y: p[1],
                blur: t / camera.focal_px / slant * 0.8,
                seed: noise_seed,
            };
            let (albedo, normal) = match kind {
                SceneKind::Junction => (junction_ground(&spot), [0.0, 0.0, 1.0]),
                _ if wall_t < ground_t => (gate_wall(&spot, p[2]), [0.0, -1.0, 0.0]),
                SceneKind::Entrance | SceneKind::Pass => (court(&spot), [0.0, 0.0, 1.0]),
                _ => (gate_ground(&spot), [0.0, 0.0, 1.0]),
            };
            let falling = light.falling_on(p, normal);
            // Wet ground is darker, and shows the sky.
            let wet = light.rain * if wall_t < ground_t { 0.2 } else { 1.0 };
            let puddle = wet * smoothstep(0.35, 0.7, spot.noise(1.9, 61));
            let shine = puddle * (0.04 + 0.5 * (1.0 + d[2]).max(0.0).powi(4));
            let seen = rgb(|k| {
                albedo[k] * falling[k] * (1.0 - 0.45 * wet) * (1.0 - shine)
                    + light.horizon[k] * shine
            });
            let colour = light.haze(light.expose(seen), t);
            let at = 3 * (y * WIDTH as usize + x);
            for k in 0..3 {
                picture[at + k] = colour[k] as u8;
            }
        }
    }
}
