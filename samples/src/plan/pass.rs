//! The visitor lane: one visitor after the other steps up to the reader and holds a pass into the
//! picture.

use super::{
    Plan,
    walk::{Leg, Walker},
};
use crate::{
    body::Figure,
    seeded::Seeded,
    space::Camera,
    spec::{FPS, SceneSpec},
};

/// Where a visitor stands while a pass is read.
pub(crate) const STAND: [f32; 2] = [0.06, 1.3];
/// The side of the printed code with its white border, metres.
pub(crate) const CODE_M: f32 = 0.12;

/// Out of the picture, on the left and on the right.
const ASIDE: [f32; 2] = [2.6, 2.3];

pub(crate) fn camera() -> Camera {
    Camera::new([0.0, 0.0, 1.5], 0.0, 5.0, 1180.0)
}

/// `n_shown` visitors, each with the next pass of those that are shown; as many as fit.
pub(crate) fn plan(spec: &SceneSpec, n_shown: usize) -> Plan {
    let mut r = Seeded::new(spec.seed, 6);
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let mut walkers = Vec::new();
    let mut at_s = 0.8;
    for k in 0..n_shown {
        let stands_s = f64::from(r.between(4.2, 4.8));
        let mut walker = Walker::along(
            Figure::new(&mut r),
            (at_s, 1.1),
            &[
                [-ASIDE[0], ASIDE[1]],
                [STAND[0] - 0.25, ASIDE[1] - 0.2],
                STAND,
                [STAND[0] + 0.25, ASIDE[1] - 0.2],
                ASIDE,
            ],
        );
        // The way back is as long as the way there.
        let there_s = f64::midpoint(at_s, walker.ends_s());
        walker.legs[1] = Leg {
            to: STAND,
            stands_s,
        };
        walker.shows = Some((there_s + 0.5, there_s + stands_s - 0.5, k));
        if spec.duration_s < walker.ends_s() {
            break;
        }
        at_s = walker.ends_s() + f64::from(r.between(1.2, 1.8));
        walkers.push(walker);
    }
    Plan {
        camera: camera(),
        walkers,
        ..Plan::empty(spec, n_frames)
    }
}
