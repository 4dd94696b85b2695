//! The words of the domain as they stand in columns and in the JSON API.

use domain::{
    AckResult, AlarmKind, Assurance, Class, DenyReason, EvidenceRole, GateState, Outcome,
    PassageState, PlateColour, ReferReason, SightingPhase, SiteMode, Standing,
};
use wire::CameraState;

use super::orders::OrderFate;

/// A closed set of words.
pub(crate) trait Code: Sized + Copy + 'static {
    /// The stable text, in kebab-case.
    fn code(self) -> &'static str;
    /// The word of a text.
    fn from_code(code: &str) -> Option<Self>;
}

macro_rules! codes {
    ($($name:ty { $($variant:ident = $code:literal),* $(,)? })*) => { $(
        impl Code for $name {
            fn code(self) -> &'static str {
                match self { $(<$name>::$variant => $code),* }
            }
            fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(<$name>::$variant),)* _ => None }
            }
        }
    )* };
}

codes! {
    Class {
        Person = "person", Bicycle = "bicycle", Car = "car", Motorbike = "motorbike", Bus = "bus",
        Truck = "truck", Face = "face", Plate = "plate",
    }
    SightingPhase { New = "new", Update = "update", Final = "final" }
    PlateColour {
        Unknown = "unknown", White = "white", Yellow = "yellow", Blue = "blue", Red = "red",
    }
    EvidenceRole {
        Before = "before", At = "at", After = "after", Plate = "plate", Sighting = "sighting",
    }
    Standing { Evidential = "evidential", ScreeningOnly = "screening-only" }
    PassageState {
        Arrived = "arrived", Referred = "referred", Denied = "denied", Commanded = "commanded",
        Opened = "opened", Failed = "failed", Taken = "taken", NotTaken = "not-taken",
        Left = "left",
    }
    GateState {
        Closed = "closed", Opening = "opening", Open = "open", Closing = "closing",
        Fault = "fault", Unknown = "unknown",
    }
    CameraState {
        Connecting = "connecting", Streaming = "streaming", Stalled = "stalled", Lost = "lost",
        Ended = "ended",
    }
    DenyReason {
        Barred = "barred", Refused = "refused", Unanswered = "unanswered", Lockdown = "lockdown",
        Evacuation = "evacuation",
    }
    ReferReason {
        Unknown = "unknown", Unreadable = "unreadable", ScoreTooLow = "score-too-low",
        LookAlike = "look-alike", Ambiguous = "ambiguous", NotYetValid = "not-yet-valid",
        Expired = "expired", OutsideSchedule = "outside-schedule",
        RegistryStale = "registry-stale", LivenessFailed = "liveness-failed", Late = "late",
        FactorMissing = "factor-missing", SecondFactorMissing = "second-factor-missing",
        FactorsDisagree = "factors-disagree", NotThisGate = "not-this-gate",
        GroupUnknown = "group-unknown", AntiPassback = "anti-passback",
        OverCapacity = "over-capacity", Interlocked = "interlocked", PassInvalid = "pass-invalid",
        PassUsed = "pass-used", Lockdown = "lockdown",
    }
    Assurance {
        QrText = "qr-text", Plate = "plate", Pass = "pass", Face = "face", Chip = "chip",
        Vneid = "vneid", Human = "human",
    }
    AlarmKind {
        Tailgating = "tailgating", Forced = "forced", HeldOpen = "held-open", Stalled = "stalled",
        Fault = "fault", Silent = "silent", Fire = "fire", Tamper = "tamper",
        PowerLost = "power-lost", Duress = "duress", AntiPassback = "anti-passback",
        Unanswered = "unanswered", Full = "full",
    }
    SiteMode { Normal = "normal", Lockdown = "lockdown", Evacuation = "evacuation" }
    OrderFate { Sent = "sent", NotSent = "not-sent" }
    AckResult {
        Accepted = "accepted", Executed = "executed", Rejected = "rejected",
        Expired = "expired", Duplicate = "duplicate",
    }
}

/// The two words of an outcome: what, and why.
pub(crate) fn outcome_codes(outcome: Outcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        Outcome::Grant => ("grant", None),
        Outcome::Deny(reason) => ("deny", Some(reason.code())),
        Outcome::Refer(reason) => ("refer", Some(reason.code())),
    }
}

/// The outcome of two words.
pub(crate) fn outcome_from_codes(outcome: &str, reason: Option<&str>) -> Option<Outcome> {
    match (outcome, reason) {
        ("grant", None) => Some(Outcome::Grant),
        ("deny", Some(reason)) => DenyReason::from_code(reason).map(Outcome::Deny),
        ("refer", Some(reason)) => ReferReason::from_code(reason).map(Outcome::Refer),
        _ => None,
    }
}

/// Of two states of a passage at the same moment, the one with the higher rank is the later one.
pub(crate) fn passage_rank(state: PassageState) -> i64 {
    match state {
        PassageState::Arrived => 0,
        PassageState::Referred => 1,
        PassageState::Denied => 2,
        PassageState::Commanded => 3,
        PassageState::Opened => 4,
        PassageState::Failed => 5,
        PassageState::Left => 6,
        PassageState::NotTaken => 7,
        PassageState::Taken => 8,
    }
}

/// Of two answers to one command the one with the higher rank says more.
pub(crate) fn ack_rank(result: AckResult) -> i64 {
    match result {
        AckResult::Duplicate => 0,
        AckResult::Accepted => 1,
        AckResult::Expired => 2,
        AckResult::Rejected => 3,
        AckResult::Executed => 4,
    }
}
