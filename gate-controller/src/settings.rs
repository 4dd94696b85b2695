//! What a core decides by, as the text that stands in the journal: a replay needs no other file.

use domain::SightingId;
use policy::{Lane, Policy};
use serde::{Deserialize, Serialize};

mod shape;

use shape::{LaneShape, PolicyShape};

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

impl CoreSettings {
    /// The canonical text: equal settings give equal bytes.
    pub fn encode(&self) -> String {
        let carried = self.handled.len().saturating_sub(CARRIED_MAX);
        let shape = Shape {
            policy: (&self.policy).into(),
            lane: (&self.lane).into(),
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
        let handled: Result<Vec<SightingId>, _> =
            shape.handled.iter().map(|text| text.parse()).collect();
        Ok(Self {
            policy: shape.policy.try_into().map_err(invalid)?,
            lane: shape.lane.try_into().map_err(invalid)?,
            handled: handled.map_err(|error| invalid(error.to_string()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{AntiPassback, Capacity, Confirm, Factor, OnSilence, Route};
    use std::time::Duration;

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
    fn every_setting_round_trips() {
        let span = Duration::from_millis(1_234);
        let zone = |name: &str| Some(name.parse::<domain::ZoneId>().unwrap());
        let base = Policy::for_factor(3, Factor::Plate);
        for anti_passback in [
            AntiPassback::Soft,
            AntiPassback::Hard,
            AntiPassback::Timed(span),
        ] {
            let settings = CoreSettings {
                policy: Policy {
                    second: Some(Factor::Pass),
                    second_within: span,
                    route: Route {
                        from: zone("yard"),
                        to: zone("hall"),
                    },
                    anti_passback,
                    inside_forgotten_after: span,
                    capacity: Capacity {
                        vehicles: Some(3),
                        people: Some(4),
                    },
                    ..base.clone()
                },
                lane: Lane {
                    confirm: Confirm::Line("yard".parse().unwrap(), domain::Direction::Out),
                    guard_within: Some(span),
                    on_silence: OnSilence::LetIn,
                    interlocked_with: vec!["gate-2".parse().unwrap()],
                    opens_on_fire: true,
                    loop_gap: span,
                    held_open_after: span,
                    stalled_after: span,
                    ..Lane::for_factor("gate-1".parse().unwrap(), Factor::Anyone)
                },
                handled: Vec::new(),
            };
            assert_eq!(CoreSettings::decode(&settings.encode()), Ok(settings));
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
            .replacen("\"version\"", "\"zebra\":1,\"version\"", 1);
        let error = CoreSettings::decode(&newer).unwrap_err().to_string();
        assert!(error.contains("zebra"), "{error}");
        assert!(CoreSettings::decode("{").is_err());
    }
}
