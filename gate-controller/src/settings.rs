//! What a core decides by, as the text that stands in the journal: a replay needs no other file.

use domain::{Class, SightingId};
use policy::{Factor, Lane, Policy};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many handled sightings a new journal takes over from the one before: they fit one record.
pub const CARRIED_MAX: usize = 4096;

/// The rules, the lane, and what an earlier journal has handled.
#[derive(Clone, Debug, PartialEq)]
pub struct CoreSettings {
    /// The rules.
    pub policy: Policy,
    /// The lane.
    pub lane: Lane,
    /// Sightings that an earlier journal has answered, oldest first, at most [`CARRIED_MAX`].
    pub handled: Vec<SightingId>,
}

/// Settings in a journal that this program cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings of a start record cannot be read: {reason}")]
pub struct InvalidSettings {
    /// What is wrong.
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    policy: PolicyShape,
    lane: LaneShape,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    handled: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyShape {
    version: u64,
    factor: FactorWord,
    plate_score_min: f32,
    rival_score_min: f32,
    face_margin_min: f32,
    is_liveness_required: bool,
    agreeing_min: u32,
    face_agreeing_share_min: f32,
    registry_age_max_ms: u64,
    late_after_ms: u64,
    clock_tolerance_ms: u64,
    grant_ttl_ms: u64,
    utc_offset_minutes: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LaneShape {
    gate: String,
    classes: Vec<ClassWord>,
    decide_after_max_ms: u64,
    unread_after_max_ms: u64,
    same_vehicle_within_ms: u64,
    quiet_max_ms: u64,
    open_max: u32,
    is_upgrade_allowed: bool,
}

macro_rules! words {
    ($word:ident for $ty:ident { $($variant:ident),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $word { $($variant),* }

        impl From<$ty> for $word {
            fn from(value: $ty) -> Self {
                match value { $($ty::$variant => Self::$variant),* }
            }
        }

        impl From<$word> for $ty {
            fn from(value: $word) -> Self {
                match value { $($word::$variant => Self::$variant),* }
            }
        }
    };
}

words!(FactorWord for Factor { Plate, Face });
words!(ClassWord for Class { Person, Bicycle, Car, Motorbike, Bus, Truck, Face, Plate });

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl CoreSettings {
    /// The canonical text: equal settings give equal bytes.
    pub fn encode(&self) -> String {
        let (p, l) = (&self.policy, &self.lane);
        let carried = self.handled.len().saturating_sub(CARRIED_MAX);
        let shape = Shape {
            policy: PolicyShape {
                version: p.version,
                factor: p.factor.into(),
                plate_score_min: p.plate_score_min,
                rival_score_min: p.rival_score_min,
                face_margin_min: p.face_margin_min,
                is_liveness_required: p.is_liveness_required,
                agreeing_min: p.agreeing_min,
                face_agreeing_share_min: p.face_agreeing_share_min,
                registry_age_max_ms: millis(p.registry_age_max),
                late_after_ms: millis(p.late_after),
                clock_tolerance_ms: millis(p.clock_tolerance),
                grant_ttl_ms: millis(p.grant_ttl),
                utc_offset_minutes: p.utc_offset_minutes,
            },
            lane: LaneShape {
                gate: l.gate.to_string(),
                classes: l.classes.iter().map(|class| (*class).into()).collect(),
                decide_after_max_ms: millis(l.decide_after_max),
                unread_after_max_ms: millis(l.unread_after_max),
                same_vehicle_within_ms: millis(l.same_vehicle_within),
                quiet_max_ms: millis(l.quiet_max),
                open_max: u32::try_from(l.open_max).unwrap_or(u32::MAX),
                is_upgrade_allowed: l.is_upgrade_allowed,
            },
            handled: self
                .handled
                .iter()
                .skip(carried)
                .map(ToString::to_string)
                .collect(),
        };
        serde_json::to_string(&shape).expect("these shapes have string keys only")
    }

    /// Reads the text; strict.
    pub fn decode(text: &str) -> Result<Self, InvalidSettings> {
        let invalid = |reason: String| InvalidSettings { reason };
        let shape: Shape =
            serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let (p, l) = (shape.policy, shape.lane);
        let handled: Result<Vec<SightingId>, _> =
            shape.handled.iter().map(|text| text.parse()).collect();
        Ok(Self {
            policy: Policy {
                version: p.version,
                factor: p.factor.into(),
                plate_score_min: p.plate_score_min,
                rival_score_min: p.rival_score_min,
                face_margin_min: p.face_margin_min,
                is_liveness_required: p.is_liveness_required,
                agreeing_min: p.agreeing_min,
                face_agreeing_share_min: p.face_agreeing_share_min,
                registry_age_max: Duration::from_millis(p.registry_age_max_ms),
                late_after: Duration::from_millis(p.late_after_ms),
                clock_tolerance: Duration::from_millis(p.clock_tolerance_ms),
                grant_ttl: Duration::from_millis(p.grant_ttl_ms),
                utc_offset_minutes: p.utc_offset_minutes,
            },
            lane: Lane {
                gate: l
                    .gate
                    .parse()
                    .map_err(|_slug| invalid("a gate is no slug".to_owned()))?,
                classes: l.classes.into_iter().map(Class::from).collect(),
                decide_after_max: Duration::from_millis(l.decide_after_max_ms),
                unread_after_max: Duration::from_millis(l.unread_after_max_ms),
                same_vehicle_within: Duration::from_millis(l.same_vehicle_within_ms),
                quiet_max: Duration::from_millis(l.quiet_max_ms),
                open_max: usize::try_from(l.open_max).unwrap_or(usize::MAX),
                is_upgrade_allowed: l.is_upgrade_allowed,
            },
            handled: handled.map_err(|error| invalid(error.to_string()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_round_trip_and_keep_the_newest_of_what_was_handled() {
        for factor in [Factor::Plate, Factor::Face] {
            let gate = "gate-1".parse().unwrap();
            let mut settings = CoreSettings {
                policy: Policy::for_factor(3, factor),
                lane: Lane::for_factor(gate, factor),
                handled: vec![SightingId(1), SightingId(2)],
            };
            assert_eq!(
                CoreSettings::decode(&settings.encode()),
                Ok(settings.clone())
            );
            settings.handled = (0..5000).map(SightingId).collect();
            let decoded = CoreSettings::decode(&settings.encode()).unwrap();
            assert_eq!(decoded.handled.len(), CARRIED_MAX);
            assert_eq!(decoded.handled.last(), Some(&SightingId(4999)));
            assert!(settings.encode().len() < wire::PAYLOAD_BYTES_MAX / 8 * 7);
        }
    }

    #[test]
    fn unknown_settings_are_refused() {
        let gate = "gate-1".parse().unwrap();
        let settings = CoreSettings {
            policy: Policy::for_factor(3, Factor::Plate),
            lane: Lane::for_factor(gate, Factor::Plate),
            handled: Vec::new(),
        };
        let newer = settings
            .encode()
            .replacen("\"version\"", "\"anti_passback\":1,\"version\"", 1);
        let error = CoreSettings::decode(&newer).unwrap_err().to_string();
        assert!(error.contains("anti_passback"), "{error}");
        assert!(CoreSettings::decode("{").is_err());
    }
}
