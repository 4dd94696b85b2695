//! What cameras and models say: frames, detections, tracks, sightings.

use crate::{
    BoxInImage, CameraId, EvidenceItem, FaceObservation, LineCrossing, PlateRead, PlateVote,
    SightingId, SignalPhase, Timestamp, TrackId, face::FaceVote, plate::RawReads,
};
use std::{fmt, sync::Arc, time::Duration};

/// One decoded picture. Cheap to clone; may be dropped anywhere, and drops are counted.
#[derive(Clone)]
pub struct Frame {
    /// The camera.
    pub camera: CameraId,
    /// Counts from 0 as the source delivers; the ring buffer finds frames by it.
    pub seq: u64,
    /// When the light fell on the sensor, as well as the source can tell.
    pub captured_at: Timestamp,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Rows from the top, no padding, three bytes a pixel: red, green, blue.
    pub rgb: Arc<[u8]>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Frame({} #{} {}x{})",
            self.camera, self.seq, self.width, self.height
        )
    }
}

/// What a source says next.
#[derive(Clone, Debug)]
pub enum SourceEvent {
    /// A picture.
    Frame(Frame),
    /// Pictures were lost before they reached us: how many at least.
    Gap {
        /// How many frames, at least.
        lost: u64,
    },
    /// The clock was set back: the frames from here on have capture times that begin anew, before
    /// those of the frames so far. Nothing can be measured across this.
    ClockSetBack {
        /// How far capture times go back.
        by: Duration,
    },
    /// The file has ended. A camera never says this.
    EndOfStream,
}

/// What a thing is. COCO's words, and ours for parts of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// On foot.
    Person,
    /// With its rider.
    Bicycle,
    /// Up to 9 seats.
    Car,
    /// With its rider.
    Motorbike,
    /// A bus.
    Bus,
    /// A lorry.
    Truck,
    /// A face.
    Face,
    /// A number plate.
    Plate,
}

impl Class {
    /// Whether it is a vehicle with a plate of its own.
    pub fn is_motor_vehicle(self) -> bool {
        matches!(self, Self::Car | Self::Motorbike | Self::Bus | Self::Truck)
    }
}

/// One thing in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// What it is.
    pub class: Class,
    /// Where it is.
    pub bounds: BoxInImage,
    /// The model's score in [0, 1].
    pub score: f32,
}

/// All that the models found in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionSet {
    /// The camera.
    pub camera: CameraId,
    /// The frame's number.
    pub seq: u64,
    /// The frame's capture time.
    pub captured_at: Timestamp,
    /// Vehicles and people.
    pub detections: Vec<Detection>,
    /// Plates, as read.
    pub plates: Vec<PlateRead>,
    /// Faces.
    pub faces: Vec<FaceObservation>,
    /// The signal's phase as the lamps show it in this frame, when the camera has one.
    pub signal: Option<SignalPhase>,
}

/// Where a track is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackState {
    /// Seen, but not often enough to be believed.
    Tentative,
    /// Believed.
    Confirmed,
    /// Believed, and not seen in the newest frame.
    Coasting,
    /// Not seen for too long.
    Ended,
}

/// One thing through time in one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// What most frames took it for.
    pub class: Class,
    /// Where in its life it is.
    pub state: TrackState,
    /// Where it is now: detected, or predicted while coasting.
    pub bounds: BoxInImage,
    /// The newest detection's score.
    pub score: f32,
    /// Capture time of its first frame.
    pub first_seen_at: Timestamp,
    /// Capture time of the newest frame with a detection.
    pub last_seen_at: Timestamp,
    /// How many frames had a detection.
    pub n_hits: u32,
}

/// Which of the messages about one sighting this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SightingPhase {
    /// The first.
    New,
    /// The evidence changed.
    Update,
    /// The thing has left; nothing more comes.
    Final,
}

/// "This vehicle or person, with this identity evidence, was here from then to then."
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Stable over all messages about it.
    pub id: SightingId,
    /// Counts the messages about it, from 0.
    pub revision: u32,
    /// First, later or last message.
    pub phase: SightingPhase,
    /// The camera.
    pub camera: CameraId,
    /// The camera's track.
    pub track: TrackId,
    /// What it is.
    pub class: Class,
    /// Capture time of the first frame with it.
    pub first_seen_at: Timestamp,
    /// Capture time of the newest frame with it, or with its plate or face alone: the one that this
    /// message rests on.
    pub last_seen_at: Timestamp,
    /// Where it was in the newest frame in which the whole of it was found.
    pub bounds: BoxInImage,
    /// Whether more frames would hardly change the plate: a gate that asks for it may decide.
    pub is_plate_decisive: bool,
    /// Whether more frames would hardly change whose face it is: a gate that asks for it may
    /// decide.
    pub is_face_decisive: bool,
    /// The voted plate, when one was read.
    pub plate: Option<PlateVote>,
    /// What every frame of that plate was read as; in the final message only.
    pub raw_reads: RawReads,
    /// Whom the face resembles, when one was seen.
    pub face: Option<FaceVote>,
    /// The best picture of it so far.
    pub picture: Option<EvidenceItem>,
    /// The counting lines that it went over so far, in the order of their times; each line at most
    /// once in each direction.
    pub crossings: Vec<LineCrossing>,
}

impl Sighting {
    /// Whether more frames would hardly change the identity evidence of one kind or the other, for
    /// lists and screens.
    ///
    /// No gate may grant on it: a sure face says nothing of a plate, nor a sure plate of a face.
    pub fn is_decisive(&self) -> bool {
        // At its end nothing more can be learnt of what has neither: "unreadable" is decisive then.
        let is_unread = self.plate.is_none() && self.face.is_none();
        self.is_plate_decisive
            || self.is_face_decisive
            || (self.phase == SightingPhase::Final && is_unread)
    }
}
