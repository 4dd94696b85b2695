//! What a gate says and does.

use crate::{GateId, PassageId, SightingId, Timestamp, VerdictId};

mod device;
mod document;
mod movement;
mod order;
mod passage;
mod rule;

pub use device::{
    Ack, AckResult, Barrier, CommandCause, CommandKind, DeviceEvent, DeviceInput, DeviceNonce,
    GateCommand, GateState,
};
pub use document::{Assurance, DocumentKind, DocumentRead, HolderKey};
pub use movement::{Direction, LineCrossing, Movement, Mover};
pub use order::{Order, OrderKind, SiteMode};
pub use passage::{AlarmKind, GateAlarm, Passage, PassageState};
pub use rule::{Rule, RulePath};

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
    /// The rules in the order in which they were asked: the last one settled it.
    pub rule_path: RulePath,
    /// What the identity rests on, when somebody was identified.
    pub assurance: Option<Assurance>,
    /// The account of the guard, when a person gave the answer.
    pub by: Option<String>,
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

/// Why somebody is turned away. Only what a person decided can do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenyReason {
    /// The list says so.
    Barred,
    /// The guard said so.
    Refused,
    /// The guard did not answer in time, and the site chose that nobody is let in then.
    Unanswered,
    /// The site is locked down.
    Lockdown,
    /// The site is being evacuated, and this lane leads in.
    Evacuation,
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
    /// The first identity is right; the second that the lane asks for has not been shown.
    SecondFactorMissing,
    /// The two identities do not belong together.
    FactorsDisagree,
    /// On the list, but not for this lane.
    NotThisGate,
    /// On the list, but its group is not known.
    GroupUnknown,
    /// Already inside, by what is known: a pass that was handed back, or an exit that nobody saw.
    AntiPassback,
    /// The zone is full.
    OverCapacity,
    /// The other barrier of the pair is not closed.
    Interlocked,
    /// The pass is not of this site, was changed, or was called back.
    PassInvalid,
    /// The pass was used before.
    PassUsed,
    /// The site is locked down, and this lane leads out.
    Lockdown,
}
