//! A passage and what goes wrong with it.

use crate::{AlarmId, GateId, PassageId, SightingId, Timestamp};

/// Where a passage is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassageState {
    /// Somebody has come; no answer yet.
    Arrived,
    /// Referred: the guard has been asked.
    Referred,
    /// Turned away.
    Denied,
    /// Granted, and the barrier has been told.
    Commanded,
    /// The barrier obeys.
    Opened,
    /// The barrier refused, or did not answer before the command expired.
    Failed,
    /// Let in, and gone through: a loop, a line in the picture or the barrier says so
    /// (ONVIF Access Control: AccessTaken).
    Taken,
    /// Let in, and gone without passing (ONVIF: AccessNotTaken).
    NotTaken,
    /// Gone, and not let in.
    Left,
}

impl PassageState {
    /// Whether nothing more becomes of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Taken | Self::NotTaken | Self::Left)
    }
}

/// One transit of one gate lane: arrived, decided, opened, left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its id.
    pub id: PassageId,
    /// The gate.
    pub gate: GateId,
    /// Who came.
    pub sighting: SightingId,
    /// Where it is in its life.
    pub state: PassageState,
    /// Capture time of the arrival.
    pub arrived_at: Timestamp,
    /// When the state last changed.
    pub changed_at: Timestamp,
}

/// What is wrong at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// Two went through on one grant.
    Tailgating,
    /// The barrier is up, or somebody went through, and nobody was let in.
    Forced,
    /// The barrier is up for longer than it should be.
    HeldOpen,
    /// Something stands under the boom.
    Stalled,
    /// The barrier says that it is broken.
    Fault,
    /// The barrier is not heard from.
    Silent,
    /// The fire input is active.
    Fire,
    /// The cover is open.
    Tamper,
    /// Mains power is away.
    PowerLost,
    /// Somebody is let in under threat. Only authorised accounts may see it.
    Duress,
    /// Somebody who is inside already, by what is known, was let in again.
    AntiPassback,
    /// The guard was asked and did not answer in time.
    Unanswered,
    /// The zone is full, or more than full.
    Full,
}

impl AlarmKind {
    /// Whether the screen at the gate must not show it: whoever threatens the guard would see it.
    pub fn is_silent(self) -> bool {
        self == Self::Duress
    }
}

/// Something is wrong at a gate, from a moment on and, later, until a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateAlarm {
    /// Its id: the same when it ends.
    pub id: AlarmId,
    /// The gate.
    pub gate: GateId,
    /// What.
    pub kind: AlarmKind,
    /// The passage it is about, when it is about one.
    pub passage: Option<PassageId>,
    /// Since when.
    pub began_at: Timestamp,
    /// Until when; an alarm of a moment ends as it begins.
    pub ended_at: Option<Timestamp>,
}
