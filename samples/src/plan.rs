//! Who drives where and when, and what must come of it: everything about a scene but its pixels.

use crate::{
    body::{Body, Lights},
    motion::{Path, Profile},
    seeded::Seeded,
    space::{Camera, Pose},
    spec::{FPS, SceneSpec},
    truth::{Access, ApproachTruth, Expected, Phase, PhaseTruth, PlateTruth, VehicleClass, Why},
};

pub(crate) mod door;
pub(crate) mod entrance;
pub(crate) mod gate;
pub(crate) mod junction;
pub(crate) mod leaving;
pub(crate) mod parade;
pub(crate) mod pass;
pub(crate) mod walk;

use walk::Walker;

/// A vehicle of the scene.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) class: VehicleClass,
    pub(crate) plate: PlateTruth,
    pub(crate) body: Body,
    pub(crate) path: Path,
    pub(crate) profile: Profile,
    pub(crate) lane: u32,
    pub(crate) expected: Expected,
    pub(crate) why: Why,
}

/// A vehicle at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ActorNow {
    pub(crate) pose: Pose,
    pub(crate) speed_mps: f32,
    pub(crate) lights: Lights,
}

/// Everything that happens in a scene.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) spec: SceneSpec,
    pub(crate) camera: Camera,
    pub(crate) n_frames: u32,
    pub(crate) actors: Vec<Actor>,
    pub(crate) registrations: Vec<(PlateTruth, Access)>,
    pub(crate) signal: Vec<PhaseTruth>,
    /// When the barrier begins to rise and when it begins to fall, seconds.
    pub(crate) openings: Vec<[f64; 2]>,
    pub(crate) approaches: Vec<ApproachTruth>,
    /// People on foot.
    pub(crate) walkers: Vec<Walker>,
}

/// How long the barrier takes to rise or fall.
pub(crate) const BARRIER_S: f64 = 1.0;

/// Which plate hangs on which vehicle: what a cast is made of.
pub(crate) struct Role {
    pub(crate) class: VehicleClass,
    pub(crate) plate: PlateTruth,
    pub(crate) expected: Expected,
    pub(crate) why: Why,
}

impl Role {
    pub(crate) fn body(&self, r: &mut Seeded) -> Body {
        Body::new(self.class, 400 < self.plate.width_mm, r)
    }
}

impl Actor {
    pub(crate) fn at(&self, t: f64) -> ActorNow {
        let now = self.profile.at(t);
        let lights = Lights {
            is_braking: now.accel < -0.4 && 0.0 < now.speed_mps || now.speed_mps.abs() < 0.02,
            is_tail_on: false,
            is_reversing: now.speed_mps < -0.05,
        };
        ActorNow {
            pose: self.path.pose(now.at_m as f32),
            // A stop is exact; what rounding leaves of the speed is not motion.
            speed_mps: if now.speed_mps.abs() < 1e-6 {
                0.0
            } else {
                now.speed_mps as f32
            },
            lights,
        }
    }
}

impl Plan {
    /// A scene in which nothing happens.
    pub(crate) fn empty(spec: &SceneSpec, n_frames: u32) -> Self {
        Self {
            spec: spec.clone(),
            camera: Camera::new([0.0, 0.0, 1.6], 0.0, 0.0, 1100.0),
            n_frames,
            actors: Vec::new(),
            registrations: Vec::new(),
            signal: Vec::new(),
            openings: Vec::new(),
            approaches: Vec::new(),
            walkers: Vec::new(),
        }
    }

    pub(crate) fn phase_at(&self, frame: u32) -> Option<Phase> {
        self.signal
            .iter()
            .rev()
            .find(|p| p.frame <= frame)
            .map(|p| p.phase)
    }

    /// 0 shut to 1 open.
    pub(crate) fn barrier_at(&self, t: f64) -> f32 {
        let share = |[rise, fall]: &[f64; 2]| {
            let up = ((t - rise) / BARRIER_S).clamp(0.0, 1.0);
            let down = ((t - fall) / BARRIER_S).clamp(0.0, 1.0);
            (up - down) as f32
        };
        self.openings.iter().map(share).fold(0.0, f32::max)
    }
}

/// The moment that a frame shows.
pub(crate) fn seconds(frame: u32) -> f64 {
    f64::from(frame) / f64::from(FPS)
}

/// The first frame at or after a moment.
pub(crate) fn frame_at(t: f64) -> u32 {
    (t * f64::from(FPS)).ceil().max(0.0) as u32
}
