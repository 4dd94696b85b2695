//! What a gate says and does.

use crate::{CommandId, GateId, PassageId, SightingId, Timestamp, VerdictId};

/// The gate's answer to one sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its id.
    pub id: VerdictId,
    /// The passage it belongs to.
    pub passage: PassageId,
    /// The sighting it rests on.
    pub sighting: SightingId,
    /// The gate.
    pub gate: GateId,
    /// The answer.
    pub outcome: Outcome,
    /// When it was given.
    pub given_at: Timestamp,
    /// Capture time of the frame that settled it.
    pub captured_at: Timestamp,
    /// Version of the policy.
    pub policy_version: u64,
    /// How fresh the list was.
    pub registry_as_of: Timestamp,
}

/// Grant, deny, or ask the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Let in.
    Grant,
    /// Turn away.
    Deny(DenyReason),
    /// Ask the guard.
    Refer(ReferReason),
}

/// Why somebody is turned away. Only a list entry that a person made can do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenyReason {
    /// The list says so.
    Barred,
}

/// Why the guard is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferReason {
    /// Not on the list.
    Unknown,
    /// No plate or face could be read.
    Unreadable,
    /// Read, but not surely enough.
    ScoreTooLow,
    /// One confusable character away from an entry, or a second likely reading is one.
    LookAlike,
    /// Two entries, two likely readings, two people or two kinds of vehicle fit.
    Ambiguous,
    /// On the list, but not valid yet.
    NotYetValid,
    /// On the list, but no longer valid.
    Expired,
    /// On the list, but not at this hour.
    OutsideSchedule,
    /// The list is too old to rely on.
    RegistryStale,
    /// Liveness took the face for a picture or a screen.
    LivenessFailed,
    /// The sighting came too late to act on.
    Late,
    /// The lane asks for another kind of identity than the sighting has.
    FactorMissing,
}

/// What a barrier is told. It sets a state and never toggles; there is no "close" on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandKind {
    /// Open for one passage; the device ends its own pulse.
    Open,
    /// Stay open until released.
    HoldOpen,
    /// End a hold.
    Release,
}

/// An order to a barrier. A late open is worse than none: it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateCommand {
    /// Its id; the device obeys each once.
    pub id: CommandId,
    /// The gate.
    pub gate: GateId,
    /// What to do.
    pub kind: CommandKind,
    /// The verdict that it carries out.
    pub verdict: VerdictId,
    /// The passage it is for.
    pub passage: PassageId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// After this moment the device must refuse it.
    pub expires_at: Timestamp,
}

/// What the device did with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckResult {
    /// Understood; it moves.
    Accepted,
    /// Done.
    Executed,
    /// Refused: bad signature, wrong gate, or the device is in fault.
    Rejected,
    /// Refused: too late.
    Expired,
    /// Refused: obeyed before.
    Duplicate,
}

/// A device's answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The command.
    pub command: CommandId,
    /// The gate.
    pub gate: GateId,
    /// What became of it.
    pub result: AckResult,
    /// When, by the device.
    pub at: Timestamp,
}

/// Where a barrier is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateState {
    /// Down.
    Closed,
    /// Going up.
    Opening,
    /// Up.
    Open,
    /// Going down.
    Closing,
    /// Broken.
    Fault,
    /// Not heard from.
    #[default]
    Unknown,
}

/// A barrier as it reports itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The gate.
    pub gate: GateId,
    /// Where it is.
    pub state: GateState,
    /// Since when, by the device.
    pub since: Timestamp,
}

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
    /// Gone.
    Left,
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
