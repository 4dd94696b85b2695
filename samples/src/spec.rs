//! What scene to make.

use serde::{Deserialize, Serialize};

/// Which scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneKind {
    /// A gate lane seen from beside: vehicles drive away from the camera and stop at a barrier.
    Gate,
    /// A road with a stop line and a signal, seen from behind the traffic.
    Junction,
    /// A staff door: one person comes three times, the third time as a printed picture.
    Door,
    /// The gate's lane on the way out: the registered vehicles that come in at the gate of the same
    /// seed leave again.
    Exit,
    /// The gate's lane into a car park: coaches, cars and motorbikes, and all are let in.
    CarPark,
    /// An opening in a wall, through which people walk in and out.
    Entrance,
    /// A reader for visitors: one after the other holds a pass into the picture.
    Pass,
}

impl SceneKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Gate,
        Self::Junction,
        Self::Door,
        Self::Exit,
        Self::CarPark,
        Self::Entrance,
        Self::Pass,
    ];

    /// The name in files and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Junction => "junction",
            Self::Door => "door",
            Self::Exit => "exit",
            Self::CarPark => "car-park",
            Self::Entrance => "entrance",
            Self::Pass => "pass",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it shows the lane with the barrier.
    pub(crate) fn is_gate_lane(self) -> bool {
        matches!(self, Self::Gate | Self::Exit | Self::CarPark)
    }

    /// Whether it shows the wall with the opening.
    pub(crate) fn is_walled(self) -> bool {
        matches!(self, Self::Entrance | Self::Pass)
    }
}

/// The light of a scene.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Sun, from the left, the right or behind as the seed says.
    #[default]
    Day,
    /// A white sky, almost no shadows.
    Overcast,
    /// Low sun, lights on.
    Dusk,
    /// Street lamps and headlights.
    Night,
}

/// Everything that decides a scene. Equal specs give equal pixels and equal truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneSpec {
    /// Which scene.
    pub kind: SceneKind,
    /// Which of the many scenes of that kind.
    pub seed: u64,
    /// How long it runs. Vehicles and people come as many as fit.
    pub duration_s: f64,
    /// The light.
    pub light: Light,
    /// 0 dry to 1 pouring.
    pub rain: f32,
}

impl SceneSpec {
    /// The default scene of a kind: daylight, dry, its usual length.
    pub fn new(kind: SceneKind, seed: u64) -> Self {
        let duration_s = match kind {
            SceneKind::Door => 40.0,
            _ => 60.0,
        };
        Self {
            kind,
            seed,
            duration_s,
            light: Light::Day,
            rain: 0.0,
        }
    }

    /// The same scene of another length.
    #[must_use]
    pub fn lasting(self, duration_s: f64) -> Self {
        Self { duration_s, ..self }
    }

    /// The same scene in another light.
    #[must_use]
    pub fn lit(self, light: Light) -> Self {
        Self { light, ..self }
    }

    /// The same scene in rain, 0 to 1.
    #[must_use]
    pub fn raining(self, rain: f32) -> Self {
        Self { rain, ..self }
    }
}

/// Frames a second of every scene.
pub const FPS: u32 = 25;
/// Width of every scene's pictures.
pub const WIDTH: u32 = 1280;
/// Height of every scene's pictures.
pub const HEIGHT: u32 = 720;
