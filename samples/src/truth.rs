//! What is true in a scene: the file format, and reading it back.
//!
//! `truth.jsonl` has one JSON object a line: first the [`TruthHeader`], then one [`FrameTruth`] per
//! frame in order. Pixels are as in `domain::geometry`: origin top left, boxes half-open
//! `[x_min, y_min, x_max, y_max]`.

mod people;

pub use people::{LineTruth, PersonInFrame, PersonTruth, ShowsTruth};

use crate::{SampleError, spec::SceneSpec};
use domain::{BoxInImage, Plate, PlateColour, PointInImage, SignalPhase};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    io::{BufRead as _, BufReader, Write},
    path::Path,
};

/// The version of the format.
pub const TRUTH_VERSION: u32 = 1;

/// A box as it is written: `[x_min, y_min, x_max, y_max]`.
pub type BoxPx = [f32; 4];

/// Everything that is true in a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// About the whole scene.
    pub header: TruthHeader,
    /// One per frame, in order.
    pub frames: Vec<FrameTruth>,
}

/// The first line of `truth.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthHeader {
    /// [`TRUTH_VERSION`].
    pub v: u32,
    /// The version of the generator: pixels may differ between versions.
    pub generator: u32,
    /// What the scene was made from.
    pub spec: SceneSpec,
    /// SHA-256 of the portrait's pixels, for the door.
    pub portrait_sha256: Option<String>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// How many frames.
    pub n_frames: u32,
    /// What stands still.
    pub geometry: Geometry,
    /// Every vehicle, in order of arrival.
    pub vehicles: Vec<VehicleTruth>,
    /// Every approach of a person, in order.
    pub approaches: Vec<ApproachTruth>,
    /// What a site's list must say for the expected outcomes to come out.
    pub registrations: Vec<RegistrationTruth>,
    /// Every time the signal changes, beginning with frame 0.
    pub signal: Vec<PhaseTruth>,
    /// Everybody on foot, in order of arrival.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonTruth>,
}

/// What stands still in the picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// The lanes, from left to right: polygons on the ground.
    pub lanes: Vec<Vec<[f32; 2]>>,
    /// The stop line's ends, left then right, at the edge that comes first.
    pub stop_line: Option<[[f32; 2]; 2]>,
    /// The signal's lamps.
    pub signal: Option<SignalGeometry>,
    /// The barrier line on the ground, left then right.
    pub barrier: Option<[[f32; 2]; 2]>,
    /// The line that people are counted across, left then right, as high as the middle of somebody:
    /// who goes from above it to below it comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_line: Option<[[f32; 2]; 2]>,
    /// Takes (x, y, 1) in metres on the ground to pixels, but for the slight lens distortion (under
    /// 6 px).
    pub image_from_ground: Option<[[f64; 3]; 3]>,
}

/// Where the signal is in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalGeometry {
    /// The whole head.
    pub head: BoxPx,
    /// The red lamp.
    pub red: BoxPx,
    /// The amber lamp.
    pub amber: BoxPx,
    /// The green lamp.
    pub green: BoxPx,
}

/// A change of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseTruth {
    /// The first frame that shows it.
    pub frame: u32,
    /// What it shows from then on.
    pub phase: Phase,
}

/// What the signal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stop.
    Red,
    /// Stop if one safely can.
    Amber,
    /// Go.
    Green,
}

impl From<Phase> for SignalPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Red => Self::Red,
            Phase::Amber => Self::Amber,
            Phase::Green => Self::Green,
        }
    }
}

/// What a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VehicleClass {
    /// Up to 9 seats.
    Car,
    /// Carries goods.
    Lorry,
    /// Carries people.
    Bus,
    /// With its rider.
    Motorbike,
}

/// A lamp of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VehicleLight {
    Tail,
}

/// The ground colour of a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateTint {
    /// Individuals and companies.
    White,
    /// Transport business.
    Yellow,
    /// State bodies.
    Blue,
    /// Army.
    Red,
}

impl From<PlateTint> for PlateColour {
    fn from(tint: PlateTint) -> Self {
        match tint {
            PlateTint::White => Self::White,
            PlateTint::Yellow => Self::Yellow,
            PlateTint::Blue => Self::Blue,
            PlateTint::Red => Self::Red,
        }
    }
}

/// A plate. It is made up, and treated as if it were not: `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateTruth {
    /// Each row in normal form.
    pub rows: Vec<String>,
    /// The ground colour.
    pub colour: PlateTint,
    /// Width on the vehicle, millimetres.
    pub width_mm: u32,
    /// Height on the vehicle, millimetres.
    pub height_mm: u32,
}

impl fmt::Debug for PlateTruth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlateTruth({} rows, <redacted>)", self.rows.len())
    }
}

impl PlateTruth {
    /// As the vocabulary's plate.
    pub fn plate(&self) -> Plate {
        Plate::from_rows(&self.rows).expect("the generator makes plates by the grammar")
    }
}

/// What must come out for a vehicle or an approach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The gate opens.
    Grant,
    /// The gate stays shut and a person is asked.
    Refer,
    /// The gate stays shut.
    Deny,
    /// A candidate for crossing on red.
    RedLight,
    /// Nothing.
    Nothing,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// On the list.
    Registered,
    /// Not on the list.
    Unknown,
    /// On the list as barred.
    Barred,
    /// Not on the list, and one confusable character from one that is.
    LookAlike,
    /// Crossed on red.
    CrossedOnRed,
    /// Crossed on green.
    CrossedOnGreen,
    /// Crossed on amber.
    CrossedOnAmber,
    /// Did not cross in this scene.
    DidNotCross,
    /// Nobody has enrolled her.
    NotEnrolled,
    /// Enrolled before this approach.
    Enrolled,
    /// A printed picture of an enrolled person.
    PrintedPicture,
    /// Nobody is asked for anything.
    Anyone,
}

/// A vehicle over the whole scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleTruth {
    /// Counts from 1 in order of arrival.
    pub id: u32,
    /// What it is.
    pub class: VehicleClass,
    /// The name of its paint.
    pub paint: String,
    /// Its rear plate.
    pub plate: PlateTruth,
    /// The lane it drives in, from the left, from 0.
    pub lane: u32,
    /// The first frame that shows any of it.
    pub arrive_frame: u32,
    /// The first frame in which it stands still, if it does.
    pub stop_frame: Option<u32>,
    /// The last frame that shows any of it.
    pub leave_frame: u32,
    /// What must come out.
    pub expected: Expected,
    /// Why.
    pub why: Why,
    /// When it crosses the stop line, if it does.
    pub crossing: Option<CrossingTruth>,
}

/// How a vehicle crosses the stop line. Both ends cross in the same phase, at least 0.4 s from a
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossingTruth {
    /// The first frame whose front is past the line.
    pub front_frame: u32,
    /// The first frame whose rear is past the line.
    pub rear_frame: u32,
    /// What the signal showed then.
    pub phase: Phase,
    /// How long it had shown that when the front crossed, seconds.
    pub into_phase_s: f32,
}

/// One approach to the door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproachTruth {
    /// Counts from 1.
    pub id: u32,
    /// The first frame that shows any of it.
    pub arrive_frame: u32,
    /// The first frame in which the face has its full size.
    pub stop_frame: u32,
    /// The last frame in which the face has its full size.
    pub go_frame: u32,
    /// The last frame that shows any of it.
    pub leave_frame: u32,
    /// What must come out; for a printed picture anything but a grant.
    pub expected: Expected,
    /// Why.
    pub why: Why,
}

/// What a list says of a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// May pass.
    Allow,
    /// May not pass.
    Bar,
}

/// A line of a site's list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationTruth {
    /// As people write it: `30F-256.58`.
    pub plate: String,
    /// What the list says.
    pub access: Access,
}

impl fmt::Debug for RegistrationTruth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistrationTruth({:?}, <redacted>)", self.access)
    }
}

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameTruth {
    /// Counts from 0.
    pub frame: u32,
    /// What the signal shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// How far the barrier is open, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier_open: Option<f32>,
    /// Every vehicle of which anything can be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<VehicleInFrame>,
    /// The face, if any of it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<FaceInFrame>,
    /// Everybody on foot on this side of the wall.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonInFrame>,
}

/// A vehicle in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleInFrame {
    /// The vehicle.
    pub id: u32,
    /// Tight around what can be seen of it, rider included, shadow excluded.
    pub bounds: BoxPx,
    /// Which share of it can be seen: inside the picture, and not behind another vehicle.
    pub visible: f32,
    /// Its speed, negative when it reverses.
    pub speed_mps: f32,
    /// Its plate, if the camera is on the plate's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<PlateInFrame>,
}

impl VehicleInFrame {
    /// As the vocabulary's box.
    pub fn bounds_in_image(&self) -> BoxInImage {
        let [x_min, y_min, x_max, y_max] = self.bounds;
        BoxInImage::new(x_min, y_min, x_max, y_max)
    }
}

/// A plate in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateInFrame {
    /// From the top left, clockwise; may lie outside the picture.
    pub corners: [[f32; 2]; 4],
    /// Which share of it can be seen.
    pub visible: f32,
    /// Length of its upper edge in pixels.
    pub width_px: f32,
}

impl PlateInFrame {
    /// As the vocabulary's points.
    pub fn corners_in_image(&self) -> [PointInImage; 4] {
        self.corners.map(|[x, y]| PointInImage { x, y })
    }

    /// The upright box around its corners.
    pub fn bounds_in_image(&self) -> BoxInImage {
        let of = |axis: usize| self.corners.iter().map(move |corner| corner[axis]);
        let least = |axis| of(axis).fold(f32::MAX, f32::min);
        let most = |axis| of(axis).fold(f32::MIN, f32::max);
        BoxInImage::new(least(0), least(1), most(0), most(1))
    }
}

/// A face in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceInFrame {
    /// The approach it belongs to.
    pub id: u32,
    /// From the hairline to the chin.
    pub bounds: BoxPx,
    /// The middles of the eyes, left in the picture first.
    pub eyes: [[f32; 2]; 2],
    /// Which share of the box lies inside the picture.
    pub visible: f32,
}

/// The least share of a plate that counts as all of it.
const WHOLE_PLATE: f32 = 0.99;

impl Truth {
    /// A vehicle in a frame that shows all of its plate, and that plate; `None` where it does not.
    pub fn whole_plate(
        &self,
        frame: u32,
        vehicle: u32,
    ) -> Option<(&VehicleInFrame, &PlateInFrame)> {
        let seen = &self.frames.get(frame as usize)?.vehicles;
        let seen = seen.iter().find(|seen| seen.id == vehicle)?;
        let plate = seen.plate.as_ref()?;
        (WHOLE_PLATE <= plate.visible).then_some((seen, plate))
    }

    /// Writes the lines of `truth.jsonl`.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *to, &self.header)?;
        to.write_all(b"\n")?;
        for frame in &self.frames {
            serde_json::to_writer(&mut *to, frame)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Reads a `truth.jsonl`.
pub fn read_truth(path: &Path) -> Result<Truth, SampleError> {
    let io = |source| SampleError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut lines = BufReader::new(file).lines();
    let malformed = |line: usize, source| SampleError::Truth {
        path: path.to_owned(),
        line,
        source,
    };
    let first = lines.next().transpose().map_err(io)?.unwrap_or_default();
    let header: TruthHeader = serde_json::from_str(&first).map_err(|e| malformed(1, e))?;
    let mut frames = Vec::with_capacity(header.n_frames as usize);
    for (k, line) in lines.enumerate() {
        let line = line.map_err(io)?;
        frames.push(serde_json::from_str(&line).map_err(|e| malformed(k + 2, e))?);
    }
    if frames.len() != header.n_frames as usize {
        return Err(SampleError::CutShort {
            path: path.to_owned(),
            n_frames: header.n_frames,
            n_found: frames.len(),
        });
    }
    Ok(Truth { header, frames })
}
