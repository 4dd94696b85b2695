//! Verdicts, commands, passages, lists.

use super::{slug, words};
use crate::message::SignedCommand;
use domain::{
    Ack, AckResult, Barrier, CommandId, CommandKind, DenyReason, GateCommand, GateId, GateState,
    Outcome, Passage, PassageId, PassageState, PersonId, Plate, ReferReason, SightingId, Timestamp,
    Verdict, VerdictId,
    ports::{Access, Registration, WeeklyHours},
};
use serde::{Deserialize, Serialize};

words!(DenyWord for DenyReason { Barred });
words!(ReferWord for ReferReason {
    Unknown, Unreadable, ScoreTooLow, LookAlike, Ambiguous, NotYetValid, Expired, OutsideSchedule,
    RegistryStale, LivenessFailed, Late, FactorMissing,
});
words!(KindWord for CommandKind { Open, HoldOpen, Release });
words!(AckWord for AckResult { Accepted, Executed, Rejected, Expired, Duplicate });
words!(StateWord for GateState { Closed, Opening, Open, Closing, Fault, Unknown });
words!(PassageWord for PassageState { Arrived, Referred, Denied, Commanded, Opened, Failed, Left });
words!(AccessWord for Access { Allow, Bar });

pub(crate) fn command_kind_text(kind: CommandKind) -> &'static str {
    match kind {
        CommandKind::Open => "open",
        CommandKind::HoldOpen => "hold-open",
        CommandKind::Release => "release",
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OutcomeShape {
    Grant,
    Deny(DenyWord),
    Refer(ReferWord),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerdictShape {
    #[serde(with = "slug")]
    verdict_id: VerdictId,
    #[serde(with = "slug")]
    passage_id: PassageId,
    #[serde(with = "slug")]
    sighting_id: SightingId,
    #[serde(with = "slug")]
    gate: GateId,
    outcome: OutcomeShape,
    #[serde(with = "crate::time")]
    given_at: Timestamp,
    #[serde(with = "crate::time")]
    captured_at: Timestamp,
    policy_version: u64,
    #[serde(with = "crate::time")]
    registry_as_of: Timestamp,
}

impl From<&Verdict> for VerdictShape {
    fn from(v: &Verdict) -> Self {
        Self {
            verdict_id: v.id,
            passage_id: v.passage,
            sighting_id: v.sighting,
            gate: v.gate.clone(),
            outcome: match v.outcome {
                Outcome::Grant => OutcomeShape::Grant,
                Outcome::Deny(reason) => OutcomeShape::Deny(reason.into()),
                Outcome::Refer(reason) => OutcomeShape::Refer(reason.into()),
            },
            given_at: v.given_at,
            captured_at: v.captured_at,
            policy_version: v.policy_version,
            registry_as_of: v.registry_as_of,
        }
    }
}

impl From<VerdictShape> for Verdict {
    fn from(v: VerdictShape) -> Self {
        Self {
            id: v.verdict_id,
            passage: v.passage_id,
            sighting: v.sighting_id,
            gate: v.gate,
            outcome: match v.outcome {
                OutcomeShape::Grant => Outcome::Grant,
                OutcomeShape::Deny(reason) => Outcome::Deny(reason.into()),
                OutcomeShape::Refer(reason) => Outcome::Refer(reason.into()),
            },
            given_at: v.given_at,
            captured_at: v.captured_at,
            policy_version: v.policy_version,
            registry_as_of: v.registry_as_of,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandShape {
    #[serde(with = "slug")]
    command_id: CommandId,
    #[serde(with = "slug")]
    gate: GateId,
    op: KindWord,
    #[serde(with = "slug")]
    verdict_id: VerdictId,
    #[serde(with = "slug")]
    passage_id: PassageId,
    #[serde(with = "crate::time")]
    issued_at: Timestamp,
    #[serde(with = "crate::time")]
    expires_at: Timestamp,
    key_id: String,
    signature: String,
}

impl From<&SignedCommand> for CommandShape {
    fn from(signed: &SignedCommand) -> Self {
        let c = &signed.command;
        Self {
            command_id: c.id,
            gate: c.gate.clone(),
            op: c.kind.into(),
            verdict_id: c.verdict,
            passage_id: c.passage,
            issued_at: c.issued_at,
            expires_at: c.expires_at,
            key_id: signed.key_id.clone(),
            signature: signed.signature.clone(),
        }
    }
}

impl TryFrom<CommandShape> for SignedCommand {
    type Error = String;

    fn try_from(c: CommandShape) -> Result<Self, String> {
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        if c.signature.len() != 128 || !is_hex(&c.signature) {
            return Err("a signature is not 128 hexadecimal digits".to_owned());
        }
        let command = GateCommand {
            id: c.command_id,
            gate: c.gate,
            kind: c.op.into(),
            verdict: c.verdict_id,
            passage: c.passage_id,
            issued_at: c.issued_at,
            expires_at: c.expires_at,
        };
        Ok(Self {
            command,
            key_id: c.key_id,
            signature: c.signature,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AckShape {
    #[serde(with = "slug")]
    command_id: CommandId,
    #[serde(with = "slug")]
    gate: GateId,
    result: AckWord,
    #[serde(with = "crate::time")]
    at: Timestamp,
}

impl From<&Ack> for AckShape {
    fn from(a: &Ack) -> Self {
        Self {
            command_id: a.command,
            gate: a.gate.clone(),
            result: a.result.into(),
            at: a.at,
        }
    }
}

impl From<AckShape> for Ack {
    fn from(a: AckShape) -> Self {
        Self {
            command: a.command_id,
            gate: a.gate,
            result: a.result.into(),
            at: a.at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BarrierShape {
    #[serde(with = "slug")]
    gate: GateId,
    state: StateWord,
    #[serde(with = "crate::time")]
    since: Timestamp,
}

impl From<&Barrier> for BarrierShape {
    fn from(b: &Barrier) -> Self {
        Self {
            gate: b.gate.clone(),
            state: b.state.into(),
            since: b.since,
        }
    }
}

impl From<BarrierShape> for Barrier {
    fn from(b: BarrierShape) -> Self {
        Self {
            gate: b.gate,
            state: b.state.into(),
            since: b.since,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassageShape {
    #[serde(with = "slug")]
    passage_id: PassageId,
    #[serde(with = "slug")]
    gate: GateId,
    #[serde(with = "slug")]
    sighting_id: SightingId,
    state: PassageWord,
    #[serde(with = "crate::time")]
    arrived_at: Timestamp,
    #[serde(with = "crate::time")]
    changed_at: Timestamp,
}

impl From<&Passage> for PassageShape {
    fn from(p: &Passage) -> Self {
        Self {
            passage_id: p.id,
            gate: p.gate.clone(),
            sighting_id: p.sighting,
            state: p.state.into(),
            arrived_at: p.arrived_at,
            changed_at: p.changed_at,
        }
    }
}

impl From<PassageShape> for Passage {
    fn from(p: PassageShape) -> Self {
        Self {
            id: p.passage_id,
            gate: p.gate,
            sighting: p.sighting_id,
            state: p.state.into(),
            arrived_at: p.arrived_at,
            changed_at: p.changed_at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrationShape {
    plate: Option<String>,
    person_id: Option<String>,
    access: AccessWord,
    #[serde(with = "crate::time::optional")]
    valid_from: Option<Timestamp>,
    #[serde(with = "crate::time::optional")]
    valid_until: Option<Timestamp>,
    schedule: Vec<HoursShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursShape {
    days: [bool; 7],
    from_minute: u16,
    until_minute: u16,
}

impl From<&Registration> for RegistrationShape {
    fn from(r: &Registration) -> Self {
        let hours = |h: &WeeklyHours| HoursShape {
            days: h.days,
            from_minute: h.from_minute,
            until_minute: h.until_minute,
        };
        Self {
            plate: r.plate.as_ref().map(Plate::written),
            person_id: r.person.map(|person| person.to_string()),
            access: r.access.into(),
            valid_from: r.valid_from,
            valid_until: r.valid_until,
            schedule: r.schedule.iter().map(hours).collect(),
        }
    }
}

impl TryFrom<RegistrationShape> for Registration {
    type Error = String;

    fn try_from(r: RegistrationShape) -> Result<Self, String> {
        let hours = |h: HoursShape| WeeklyHours {
            days: h.days,
            from_minute: h.from_minute,
            until_minute: h.until_minute,
        };
        let plate = r.plate.as_deref().map(Plate::parse).transpose();
        let person = r
            .person_id
            .as_deref()
            .map(str::parse::<PersonId>)
            .transpose();
        Ok(Self {
            plate: plate.map_err(|error| error.to_string())?,
            person: person.map_err(|error| error.to_string())?,
            access: r.access.into(),
            valid_from: r.valid_from,
            valid_until: r.valid_until,
            schedule: r.schedule.into_iter().map(hours).collect(),
        })
    }
}
