//! People on foot: a figure that walks, made anew for every step.
//!
//! The origin is on the ground between the feet; y runs forward.

use super::base_palette;
use crate::{
    mesh::{Mat, Mesh, N_MATS},
    seeded::Seeded,
    shade::{Surface, linear},
    space::{V3, add},
};

/// How somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Height, metres.
    pub(crate) tall_m: f32,
    /// Width against height: 1 is usual.
    broad: f32,
    has_long_hair: bool,
    has_bag: bool,
    pub(crate) palette: [Surface; N_MATS],
}

/// Where somebody is in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gait {
    /// Radians; two steps are a full turn.
    pub(crate) phase: f32,
    /// 0 standing to 1 walking.
    pub(crate) swing: f32,
    /// Whether the right hand is held out before the chest, with something in it.
    pub(crate) is_showing: bool,
}

/// How far somebody of 1.7 m comes with two steps, metres.
pub(crate) const STRIDE_M: f32 = 1.4;

const SHIRTS: [[u8; 3]; 9] = [
    [176, 58, 54],
    [70, 104, 168],
    [226, 224, 216],
    [58, 112, 84],
    [222, 176, 66],
    [74, 78, 88],
    [150, 176, 204],
    [198, 118, 140],
    [120, 88, 62],
];
const TROUSERS: [[u8; 3]; 6] = [
    [38, 42, 56],
    [58, 76, 116],
    [104, 92, 74],
    [28, 28, 30],
    [148, 140, 122],
    [84, 86, 92],
];
const BAGS: [[u8; 3]; 4] = [[40, 60, 44], [96, 40, 44], [30, 32, 40], [160, 120, 60]];

impl Figure {
    /// Somebody; all of it is drawn from `r`.
    pub(crate) fn new(r: &mut Seeded) -> Self {
        let has_long_hair = r.unit() < 0.45;
        let tall_m = if has_long_hair {
            r.between(1.5, 1.66)
        } else {
            r.between(1.6, 1.78)
        };
        let mut palette = base_palette([0.4; 3]);
        let mut dress = |mat: Mat, from: &[[u8; 3]], r: &mut Seeded| {
            let [red, green, blue] = *r.pick(from);
            palette[mat as usize] = Surface::matt(linear(red, green, blue));
        };
        dress(Mat::Shirt, &SHIRTS, r);
        dress(Mat::Trousers, &TROUSERS, r);
        dress(Mat::Seat, &BAGS, r);
        // Hair, and what is on the feet.
        dress(Mat::Helmet, &[[26, 22, 20], [44, 34, 28], [20, 20, 22]], r);
        dress(Mat::Gap, &[[30, 30, 34], [190, 188, 182], [70, 50, 36]], r);
        palette[Mat::Skin as usize] = Surface::matt(linear(206, 158, 126));
        palette[Mat::Lens as usize] = Surface::matt(linear(168, 92, 84));
        Self {
            tall_m,
            broad: r.between(0.92, 1.1),
            has_long_hair,
            has_bag: r.unit() < 0.35,
            palette,
        }
    }

    /// The shape at one moment.
    pub(crate) fn mesh(&self, gait: &Gait) -> Mesh {
        let mut mesh = Mesh::default();
        let k = self.tall_m / 1.7;
        let parts = Parts {
            k,
            wide: k * self.broad,
            // The hips are lowest when the legs are furthest apart.
            drop: 0.028 * k * gait.swing * gait.phase.sin().powi(2),
        };
        for side in [-1.0, 1.0] {
            parts.leg(&mut mesh, gait, side);
            parts.arm(&mut mesh, gait, side);
        }
        parts.trunk(&mut mesh);
        parts.head(&mut mesh, self.has_long_hair);
        if self.has_bag {
            let (low, high) = (parts.at(0.0, -0.2, 1.0), parts.at(0.0, -0.19, 1.34));
            mesh.limb_flat(&[(low, 0.15 * k), (high, 0.13 * k)], 0.6, Mat::Seat);
        }
        mesh
    }
}

/// Measures of one figure at one moment.
struct Parts {
    k: f32,
    wide: f32,
    drop: f32,
}

impl Parts {
    /// A point of somebody of 1.7 m, as this one has it.
    fn at(&self, x: f32, y: f32, z: f32) -> V3 {
        [x * self.wide, y * self.k, z * self.k - self.drop]
    }

    fn leg(&self, mesh: &mut Mesh, gait: &Gait, side: f32) {
        let phase = gait.phase
            + if side < 0.0 {
                std::f32::consts::PI
            } else {
                0.0
            };
        // The thigh swings; the knee bends while the leg comes forward.
        let thigh = 0.44 * gait.swing * phase.sin();
        let bend = gait.swing * (0.12 + 0.75 * phase.cos().max(0.0).powi(2));
        let shin = thigh - bend;
        let hip = self.at(0.09 * side, 0.0, 0.88);
        let knee = add(hip, self.down(thigh, 0.42));
        let ankle = add(knee, self.down(shin, 0.4));
        let r = self.wide;
        mesh.limb(&[(hip, 0.088 * r), (knee, 0.06 * r)], Mat::Trousers);
        mesh.limb(&[(knee, 0.058 * r), (ankle, 0.042 * r)], Mat::Trousers);
        let toe_y = 0.06 * self.k;
        let foot = add(ankle, [0.0, toe_y, -0.035 * self.k]);
        mesh.ball(foot, [0.045 * r, 0.12 * self.k, 0.045 * self.k], Mat::Gap);
    }

    fn arm(&self, mesh: &mut Mesh, gait: &Gait, side: f32) {
        let phase = gait.phase
            + if 0.0 < side {
                std::f32::consts::PI
            } else {
                0.0
            };
        let shoulder = self.at(0.185 * side, 0.0, 1.38);
        let (elbow, hand) = if gait.is_showing && 0.0 < side {
            (self.at(0.25, 0.1, 1.12), self.at(0.1, 0.42, 1.27))
        } else {
            let upper = 0.42 * gait.swing * phase.sin();
            let mut elbow = add(shoulder, self.down(upper, 0.28));
            elbow[0] += 0.05 * side * self.k;
            (elbow, add(elbow, self.down(upper + 0.25, 0.25)))
        };
        let r = self.wide;
        mesh.ball(shoulder, [0.06 * r, 0.058 * r, 0.06 * r], Mat::Shirt);
        mesh.limb(&[(shoulder, 0.056 * r), (elbow, 0.044 * r)], Mat::Shirt);
        mesh.limb(&[(elbow, 0.038 * r), (hand, 0.03 * r)], Mat::Skin);
        mesh.ball(
            add(hand, [0.0, 0.0, -0.03 * self.k]),
            [0.032 * r, 0.04 * r, 0.055 * r],
            Mat::Skin,
        );
    }

    /// From a joint downwards, leaning forward by an angle.
    fn down(&self, angle: f32, length: f32) -> V3 {
        let (sin, cos) = angle.sin_cos();
        [0.0, sin * length * self.k, -cos * length * self.k]
    }

    fn trunk(&self, mesh: &mut Mesh) {
        let r = self.wide;
        mesh.limb_flat(
            &[
                (self.at(0.0, 0.0, 0.84), 0.14 * r),
                (self.at(0.0, 0.0, 0.96), 0.155 * r),
            ],
            0.7,
            Mat::Trousers,
        );
        mesh.limb_flat(
            &[
                (self.at(0.0, 0.0, 0.94), 0.152 * r),
                (self.at(0.0, 0.0, 1.1), 0.15 * r),
                (self.at(0.0, 0.0, 1.28), 0.178 * r),
                (self.at(0.0, 0.0, 1.4), 0.165 * r),
            ],
            0.62,
            Mat::Shirt,
        );
        mesh.limb(
            &[
                (self.at(0.0, 0.0, 1.42), 0.055 * r),
                (self.at(0.0, 0.0, 1.5), 0.05 * r),
            ],
            Mat::Skin,
        );
    }

    fn head(&self, mesh: &mut Mesh, has_long_hair: bool) {
        let k = self.k;
        let ball = |mesh: &mut Mesh, at: V3, radii: V3, mat| {
            mesh.ball(at, radii.map(|v| v * k), mat);
        };
        ball(
            mesh,
            self.at(0.0, 0.03, 1.58),
            [0.074, 0.09, 0.112],
            Mat::Skin,
        );
        // Nose, mouth, ears and eyes.
        ball(
            mesh,
            self.at(0.0, 0.122, 1.565),
            [0.014, 0.02, 0.022],
            Mat::Skin,
        );
        ball(
            mesh,
            self.at(0.0, 0.104, 1.522),
            [0.026, 0.012, 0.007],
            Mat::Lens,
        );
        for side in [-1.0, 1.0] {
            ball(
                mesh,
                self.at(0.074 * side, 0.03, 1.57),
                [0.012, 0.022, 0.032],
                Mat::Skin,
            );
            ball(
                mesh,
                self.at(0.03 * side, 0.109, 1.595),
                [0.013, 0.008, 0.008],
                Mat::Black,
            );
        }
        ball(
            mesh,
            self.at(0.0, 0.008, 1.622),
            [0.084, 0.096, 0.085],
            Mat::Helmet,
        );
        if has_long_hair {
            ball(
                mesh,
                self.at(0.0, -0.04, 1.54),
                [0.082, 0.055, 0.15],
                Mat::Helmet,
            );
        }
    }
}
