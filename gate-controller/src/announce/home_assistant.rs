//! Home Assistant's MQTT discovery: one retained message for each thing that it shall show, on
//! `PREFIX/COMPONENT/NODE/OBJECT/config`. It reads our own topics with templates.
//!
//! Everything is a sensor: no component here can have a topic for commands.

use super::{AnnounceConfig, Foreign};
use domain::{AlarmKind, GateId, ZoneId};
use serde_json::{Value, json};
use wire::Topic;

/// How alarms are shown: the word on the wire, and the device class where there is one.
const ALARMS: [(AlarmKind, &str, &str); 12] = [
    (AlarmKind::Tailgating, "tailgating", "safety"),
    (AlarmKind::Forced, "forced", "safety"),
    (AlarmKind::HeldOpen, "held-open", "problem"),
    (AlarmKind::Stalled, "stalled", "problem"),
    (AlarmKind::Fault, "fault", "problem"),
    (AlarmKind::Silent, "silent", "problem"),
    (AlarmKind::Fire, "fire", "smoke"),
    (AlarmKind::Tamper, "tamper", "tamper"),
    (AlarmKind::PowerLost, "power-lost", "problem"),
    (AlarmKind::AntiPassback, "anti-passback", "safety"),
    (AlarmKind::Unanswered, "unanswered", "problem"),
    (AlarmKind::Full, "full", "occupancy"),
];

const COUNTS: [(&str, &str); 4] = [
    ("vehicles_in", "Xe vào"),
    ("vehicles_out", "Xe ra"),
    ("people_in", "Người vào"),
    ("people_out", "Người ra"),
];

/// All that Home Assistant is told about a site.
pub(super) fn discovery(config: &AnnounceConfig, prefix: &str) -> Vec<Foreign> {
    let of_gates = config.gates.iter().flat_map(|(gate, name)| {
        let mut all = vec![is_up(config, gate), position(config, gate)];
        let alarms = ALARMS.iter().filter(|(kind, ..)| !kind.is_silent());
        all.extend(alarms.map(|(_kind, word, class)| alarm(config, gate, (word, class))));
        let device = json!({
            "identifiers": [format!("gac-{}-{gate}", config.site)],
            "name": name,
            "manufacturer": "Gác",
            "model": "gate",
        });
        all.into_iter().map(move |entity| (entity, device.clone()))
    });
    let of_zones = config.zones.iter().flat_map(|zone| {
        let device = json!({
            "identifiers": [format!("gac-{}-zone-{zone}", config.site)],
            "name": zone.as_str(),
            "manufacturer": "Gác",
            "model": "zone",
        });
        let counts = COUNTS.map(|(field, name)| count(config, zone, (field, name)));
        counts
            .into_iter()
            .map(move |entity| (entity, device.clone()))
    });
    of_gates
        .chain(of_zones)
        .map(|((component, object, mut body), device)| {
            body["unique_id"] = format!("gac-{}-{object}", config.site).into();
            body["device"] = device;
            body["origin"] = json!({"name": "gac", "sw_version": env!("CARGO_PKG_VERSION")});
            Foreign {
                topic: format!("{prefix}/{component}/gac-{}/{object}/config", config.site),
                payload: body.to_string(),
                is_retained: true,
            }
        })
        .collect()
}

/// The component, the object's id and the rest.
type Entity = (&'static str, String, Value);

fn availability(config: &AnnounceConfig, gate: &GateId) -> String {
    Topic::Availability(config.site.clone(), format!("gate-{gate}")).to_string()
}

fn is_up(config: &AnnounceConfig, gate: &GateId) -> Entity {
    let state = Topic::Barrier(config.site.clone(), gate.clone()).to_string();
    let template = "{% set s = value_json.message.body.state %}\
                    {{ 'OFF' if s == 'closed' else \
                    'ON' if s in ['opening', 'open', 'closing'] else 'None' }}";
    let body = json!({
        "name": "Thanh chắn",
        "device_class": "opening",
        "state_topic": state,
        "value_template": template,
        "availability_topic": availability(config, gate),
    });
    ("binary_sensor", format!("{gate}-up"), body)
}

fn position(config: &AnnounceConfig, gate: &GateId) -> Entity {
    let body = json!({
        "name": "Vị trí",
        "device_class": "enum",
        "options": ["closed", "opening", "open", "closing", "fault", "unknown"],
        "state_topic": Topic::Barrier(config.site.clone(), gate.clone()).to_string(),
        "value_template": "{{ value_json.message.body.state }}",
        "availability_topic": availability(config, gate),
    });
    ("sensor", format!("{gate}-position"), body)
}

/// A message about another kind of alarm renders to nothing, which Home Assistant passes over.
fn alarm(config: &AnnounceConfig, gate: &GateId, (word, class): (&str, &str)) -> Entity {
    let template = format!(
        "{{% set b = value_json.message.body %}}{{% if b.kind == '{word}' %}}\
         {{{{ 'ON' if b.ended_at is none else 'OFF' }}}}{{% endif %}}"
    );
    let body = json!({
        "name": word,
        "device_class": class,
        "state_topic": Topic::Alarm(config.site.clone(), gate.clone()).to_string(),
        "value_template": template,
        "availability_topic": availability(config, gate),
    });
    ("binary_sensor", format!("{gate}-{word}"), body)
}

fn count(config: &AnnounceConfig, zone: &ZoneId, (field, name): (&str, &str)) -> Entity {
    let body = json!({
        "name": name,
        "state_class": "total_increasing",
        "state_topic": Topic::Count(config.site.clone(), zone.clone()).to_string(),
        "value_template": format!("{{{{ value_json.message.body.{field} }}}}"),
    });
    let object = format!("{zone}-{}", field.replace('_', "-"));
    ("sensor", object, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Barrier, GateAlarm, GateState, Timestamp};
    use std::collections::BTreeSet;
    use wire::{Envelope, Message};

    fn config() -> AnnounceConfig {
        AnnounceConfig {
            site: "park-1".parse().unwrap(),
            gates: vec![("gate-1".parse().unwrap(), "Cổng Bắc".to_owned())],
            cameras: Vec::new(),
            zones: vec!["yard".parse().unwrap()],
            home_assistant: Some("homeassistant".to_owned()),
            onvif_events: None,
        }
    }

    #[test]
    fn every_entity_is_its_own_reads_a_topic_of_ours_and_can_command_nothing() {
        let all = discovery(&config(), "homeassistant");
        assert_eq!(all.len(), 2 + 12 + 4);
        let ids: BTreeSet<String> = all
            .iter()
            .map(|foreign| {
                let body: Value = serde_json::from_str(&foreign.payload).unwrap();
                assert!(foreign.is_retained && !foreign.payload.contains("command"));
                assert!(!foreign.payload.contains("duress"));
                let topic: Topic = body["state_topic"].as_str().unwrap().parse().unwrap();
                assert!(!matches!(topic, Topic::Command(..) | Topic::Order(..)));
                body["unique_id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(
            all[0].topic,
            "homeassistant/binary_sensor/gac-park-1/gate-1-up/config"
        );
    }

    /// The templates name fields of messages as they stand on the wire.
    #[test]
    fn the_templates_fit_the_wire() {
        let json = |message| -> Value {
            let envelope = Envelope {
                id: "0".repeat(32),
                source: "gate-1".to_owned(),
                seq: 0,
                sent_at: Timestamp::EPOCH,
                traceparent: None,
                message,
            };
            serde_json::from_slice(&envelope.encode()).unwrap()
        };
        let gate: GateId = "gate-1".parse().unwrap();
        let barrier = json(Message::Barrier(Barrier {
            gate: gate.clone(),
            state: GateState::Closing,
            since: Timestamp::EPOCH,
            nonce: None,
        }));
        assert_eq!(barrier["message"]["body"]["state"], "closing");
        for (kind, word, _class) in ALARMS {
            let alarm = json(Message::Alarm(GateAlarm {
                id: domain::AlarmId(1),
                gate: gate.clone(),
                kind,
                passage: None,
                began_at: Timestamp::EPOCH,
                ended_at: None,
            }));
            let body = &alarm["message"]["body"];
            assert_eq!(
                (&body["kind"], &body["ended_at"]),
                (&word.into(), &Value::Null)
            );
        }
        let count = json(Message::Count(wire::Count {
            zone: "yard".parse().unwrap(),
            people_in: 1,
            people_out: 2,
            vehicles_in: 3,
            vehicles_out: 4,
            at: Timestamp::EPOCH,
        }));
        for (field, _name) in COUNTS {
            assert!(count["message"]["body"][field].is_u64(), "{field}");
        }
    }
}
