//! What a traffic rule says. A candidate is not an accusation: a person with authority makes it a
//! violation.

use crate::{BoxInImage, CameraId, CandidateId, Class, PlateVote, SightingId, Timestamp, TrackId};

/// What a signal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalPhase {
    /// Stop.
    Red,
    /// Stop if one safely can.
    Amber,
    /// Go.
    Green,
    /// Not told: no rule that needs the phase may fire.
    #[default]
    Unknown,
}

/// What a candidate may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// May become a case once a person has reviewed it.
    Evidential,
    /// Statistics and screening only: no certified instrument stands behind it.
    ScreeningOnly,
}

/// What a still shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceRole {
    /// Before the act.
    Before,
    /// At the act.
    At,
    /// After the act.
    After,
    /// The plate, enlarged.
    Plate,
    /// The thing itself, for a sighting.
    Sighting,
}

/// One file of evidence, named by what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceItem {
    /// What it shows.
    pub role: EvidenceRole,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits; also its name in the store.
    pub sha256: String,
    /// For example `image/jpeg`.
    pub media_type: String,
    /// Size of the file.
    pub n_bytes: u64,
    /// The frame it was taken from.
    pub frame_seq: u64,
    /// That frame's capture time.
    pub captured_at: Timestamp,
}

/// A rule fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: CandidateId,
    /// The camera.
    pub camera: CameraId,
    /// The sighting of the vehicle.
    pub sighting: SightingId,
    /// The camera's track of it.
    pub track: TrackId,
    /// What kind of vehicle.
    pub class: Class,
    /// The rule's name, for example `red-light`.
    pub rule: String,
    /// The rule's version; a change of its meaning changes this.
    pub rule_version: u32,
    /// The capture time of the act.
    pub act_at: Timestamp,
    /// Where the vehicle was then.
    pub bounds: BoxInImage,
    /// What it may be used for.
    pub standing: Standing,
    /// What the rule measured, as name and value, in the order of the rule's documentation.
    pub facts: Vec<(String, String)>,
    /// The plate that its frames agree on, when one was read.
    pub plate: Option<PlateVote>,
    /// The stills.
    pub evidence: Vec<EvidenceItem>,
}
