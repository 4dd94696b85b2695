//! Verdicts, passages, alarms.

use super::{slug, words};
use domain::{
    AlarmId, AlarmKind, Assurance, DenyReason, GateAlarm, GateId, Outcome, Passage, PassageId,
    PassageState, ReferReason, Rule, RulePath, SightingId, Timestamp, Verdict, VerdictId,
};
use serde::{Deserialize, Serialize};

words!(DenyWord for DenyReason { Barred, Refused, Unanswered, Lockdown, Evacuation });
words!(ReferWord for ReferReason {
    Unknown, Unreadable, ScoreTooLow, LookAlike, Ambiguous, NotYetValid, Expired, OutsideSchedule,
    RegistryStale, LivenessFailed, Late, FactorMissing, SecondFactorMissing, FactorsDisagree,
    NotThisGate, GroupUnknown, AntiPassback, OverCapacity, Interlocked, PassInvalid, PassUsed,
    Lockdown,
});
words!(PassageWord for PassageState {
    Arrived, Referred, Denied, Commanded, Opened, Failed, Taken, NotTaken, Left,
});
words!(AlarmWord for AlarmKind {
    Tailgating, Forced, HeldOpen, Stalled, Fault, Silent, Fire, Tamper, PowerLost, Duress,
    AntiPassback, Unanswered, Full,
});
words!(AssuranceWord for Assurance { QrText, Plate, Pass, Face, Chip, Vneid, Human });

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
    rule_path: Vec<String>,
    assurance: Option<AssuranceWord>,
    by: Option<String>,
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
            rule_path: v.rule_path.0.iter().map(ToString::to_string).collect(),
            assurance: v.assurance.map(AssuranceWord::from),
            by: v.by.clone(),
        }
    }
}

impl TryFrom<VerdictShape> for Verdict {
    type Error = String;

    fn try_from(v: VerdictShape) -> Result<Self, String> {
        let rule = |name: &String| Rule::from_name(name).ok_or("a rule that is not known here");
        let rule_path: Result<Vec<Rule>, _> = v.rule_path.iter().map(rule).collect();
        Ok(Self {
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
            rule_path: RulePath(rule_path?),
            assurance: v.assurance.map(Assurance::from),
            by: v.by,
        })
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
pub(crate) struct AlarmShape {
    #[serde(with = "slug")]
    alarm_id: AlarmId,
    #[serde(with = "slug")]
    gate: GateId,
    kind: AlarmWord,
    #[serde(with = "slug::optional")]
    passage_id: Option<PassageId>,
    #[serde(with = "crate::time")]
    began_at: Timestamp,
    #[serde(with = "crate::time::optional")]
    ended_at: Option<Timestamp>,
}

impl From<&GateAlarm> for AlarmShape {
    fn from(a: &GateAlarm) -> Self {
        Self {
            alarm_id: a.id,
            gate: a.gate.clone(),
            kind: a.kind.into(),
            passage_id: a.passage,
            began_at: a.began_at,
            ended_at: a.ended_at,
        }
    }
}

impl From<AlarmShape> for GateAlarm {
    fn from(a: AlarmShape) -> Self {
        Self {
            id: a.alarm_id,
            gate: a.gate,
            kind: a.kind.into(),
            passage: a.passage_id,
            began_at: a.began_at,
            ended_at: a.ended_at,
        }
    }
}
