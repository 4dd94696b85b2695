//! What rules take and what they give.

use domain::{
    BoxInImage, Class, EvidenceRole, PlateVote, SightingId, SignalPhase, Standing, Timestamp,
    Track, TrackId,
};

/// Something that happened at a junction.
///
/// For one frame the signal comes first, then its tracks.
#[derive(Clone, Copy, Debug)]
pub enum RuleInput<'a> {
    /// A track in one frame, seen or not.
    Track {
        /// The track as it is after the frame.
        track: &'a Track,
        /// Its sighting.
        sighting: SightingId,
        /// Its plate as far as it is known.
        plate: Option<&'a PlateVote>,
        /// The frame's number.
        frame_seq: u64,
    },
    /// What the signal shows in one frame, or what its controller says.
    Signal {
        /// The capture time.
        at: Timestamp,
        /// As seen, not smoothed.
        phase: SignalPhase,
    },
    /// Time passed.
    Tick {
        /// Now, in capture time.
        at: Timestamp,
    },
}

/// A frame that the evidence must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvidenceFrame {
    /// What it shows.
    pub role: EvidenceRole,
    /// Its number, by which the ring buffer finds it.
    pub seq: u64,
    /// Its capture time.
    pub captured_at: Timestamp,
    /// Where the vehicle is in it.
    pub bounds: BoxInImage,
}

/// A rule fired.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFinding {
    /// The camera's track.
    pub track: TrackId,
    /// Its sighting.
    pub sighting: SightingId,
    /// What kind of vehicle.
    pub class: Class,
    /// The rule's name.
    pub rule: &'static str,
    /// The rule's version.
    pub version: u32,
    /// The time of the act, between two frames.
    pub act_at: Timestamp,
    /// The first frame after the act.
    pub act_seq: u64,
    /// Where the vehicle was in that frame.
    pub bounds: BoxInImage,
    /// The frames that must be kept: before, at and after the act, in this order.
    pub frames: Vec<EvidenceFrame>,
    /// What the finding may be used for.
    pub standing: Standing,
    /// What was measured, as name and value, in the order of the rule's documentation.
    pub facts: Vec<(String, String)>,
    /// The plate as far as it was known then; later frames may know more.
    pub plate: Option<PlateVote>,
}

/// A traffic rule.
pub trait Rule {
    /// Its name, for example `red-light`.
    fn name(&self) -> &'static str;

    /// A change of its meaning changes this.
    fn version(&self) -> u32;

    /// Takes one input and appends what it found.
    fn step(&mut self, input: &RuleInput<'_>, out: &mut Vec<RuleFinding>);
}
