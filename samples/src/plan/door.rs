//! The door: she comes unknown, comes again enrolled, and then her printed picture comes.

use super::{Plan, frame_at};
use crate::{
    seeded::{Seeded, smoothstep},
    spec::{FPS, SceneSpec},
    truth::{ApproachTruth, Expected, Why},
};

/// One approach in seconds: it appears, has its full size, turns away, is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) appears_s: f64,
    pub(crate) stands_s: f64,
    pub(crate) goes_s: f64,
    pub(crate) gone_s: f64,
}

const WALK_S: f64 = 2.6;
/// Between the first and the second approach the desk enrols her: longer than 5 s.
const GAPS_S: [f64; 3] = [1.5, 6.5, 3.0];
const STANDS_S: f64 = 3.0;

/// The three visits. A longer scene has the same, with more of an empty end.
pub(crate) fn visits(spec: &SceneSpec) -> Vec<Visit> {
    let mut r = Seeded::new(spec.seed, 3);
    let mut at = 0.0;
    GAPS_S
        .iter()
        .map(|gap| {
            let appears_s = at + gap + f64::from(r.between(0.0, 0.5));
            let stands_s = appears_s + WALK_S + f64::from(r.between(0.0, 0.4));
            let goes_s = stands_s + STANDS_S;
            let gone_s = goes_s + WALK_S;
            at = gone_s;
            Visit {
                appears_s,
                stands_s,
                goes_s,
                gone_s,
            }
        })
        .collect()
}

impl Visit {
    /// How near she is: 0 out of the picture, 1 at the camera.
    pub(crate) fn nearness(&self, t: f64) -> f32 {
        let coming = smoothstep(self.appears_s as f32, self.stands_s as f32, t as f32);
        let going = smoothstep(self.goes_s as f32, self.gone_s as f32, t as f32);
        coming - going
    }

    pub(crate) fn is_here(&self, t: f64) -> bool {
        self.appears_s <= t && t < self.gone_s
    }
}

pub(crate) fn plan(spec: &SceneSpec) -> Plan {
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let outcomes = [
        (Expected::Refer, Why::NotEnrolled),
        (Expected::Grant, Why::Enrolled),
        (Expected::Refer, Why::PrintedPicture),
    ];
    let approaches = visits(spec)
        .iter()
        .zip(outcomes)
        .enumerate()
        .filter(|(_, (visit, _))| frame_at(visit.gone_s) < n_frames)
        .map(|(k, (visit, (expected, why)))| ApproachTruth {
            id: k as u32 + 1,
            arrive_frame: frame_at(visit.appears_s),
            stop_frame: frame_at(visit.stands_s),
            go_frame: frame_at(visit.goes_s),
            leave_frame: frame_at(visit.gone_s).saturating_sub(1),
            expected,
            why,
        })
        .collect();
    Plan {
        approaches,
        ..Plan::empty(spec, n_frames)
    }
}
