//! Our messages as ONVIF events over MQTT: `PREFIX/onvif-ej/TOPIC/&SOURCE` with
//! `{"UtcTime","Source","Data"}` (ONVIF Core, event broker; the form that cameras of Profile M
//! send). Topics are those of the Access Control, Door Control and Analytics specifications, with
//! the gate as access point and as door, and `External`, because it is not the door that decides.

use super::Foreign;
use domain::{
    AlarmKind, Barrier, DenyReason, DeviceEvent, DeviceInput, GateAlarm, GateId, GateState,
    Outcome, Passage, PassageState, Sighting, SightingPhase, Timestamp, Verdict,
};
use serde_json::{Value, json};
use wire::Message;

pub(super) struct OnvifEvents {
    prefix: String,
    with_plates: bool,
}

impl OnvifEvents {
    pub(super) fn new(prefix: String, with_plates: bool) -> Self {
        Self {
            prefix,
            with_plates,
        }
    }

    /// What ONVIF says for it; nothing for most. Of what the broker has kept only states count.
    pub(super) fn translate(&mut self, message: &Message, is_retained: bool) -> Vec<Foreign> {
        match message {
            Message::Barrier(barrier) => self.barrier(barrier),
            _of_long_ago if is_retained => Vec::new(),
            Message::Verdict(verdict) => self.verdict(verdict).into_iter().collect(),
            Message::Passage(passage) => self.passage(passage).into_iter().collect(),
            Message::Device(event) => self.input(event).into_iter().collect(),
            Message::Alarm(alarm) => self.alarm(alarm).into_iter().collect(),
            Message::Sighting(sighting) => self.plate(sighting).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn event(
        &self,
        topic: &str,
        (source, name): (&str, &str),
        body: (Timestamp, Value),
    ) -> Foreign {
        let (at, data) = body;
        let payload = json!({
            "UtcTime": at.to_string(),
            "Source": {source: name},
            "Data": data,
        });
        Foreign {
            topic: format!("{}/onvif-ej/{topic}/&{name}", self.prefix),
            payload: payload.to_string(),
            // Door states are properties: whoever comes later wants to know them.
            is_retained: topic.starts_with("Door/State/"),
        }
    }

    fn at_gate(&self, topic: &str, gate: &GateId, body: (Timestamp, Value)) -> Foreign {
        self.event(topic, ("AccessPointToken", gate.as_str()), body)
    }

    fn at_door(&self, topic: &str, gate: &GateId, (at, state): (Timestamp, &str)) -> Foreign {
        let source = ("DoorToken", gate.as_str());
        self.event(topic, source, (at, json!({"State": state})))
    }

    /// Access Control §6.4 and §6.6.
    fn verdict(&self, verdict: &Verdict) -> Option<Foreign> {
        let at = verdict.given_at;
        match verdict.outcome {
            Outcome::Grant => {
                let topic = "AccessControl/AccessGranted/Anonymous/External";
                Some(self.at_gate(topic, &verdict.gate, (at, json!({"External": true}))))
            }
            Outcome::Deny(reason) => {
                let topic = "AccessControl/Denied/Anonymous/External";
                let data = json!({"External": true, "Reason": reason_text(reason)});
                Some(self.at_gate(topic, &verdict.gate, (at, data)))
            }
            Outcome::Refer(_) => {
                let topic = "AccessControl/Request/Anonymous";
                Some(self.at_gate(topic, &verdict.gate, (at, json!({}))))
            }
        }
    }

    /// Access Control §6.5.
    fn passage(&self, passage: &Passage) -> Option<Foreign> {
        let topic = match passage.state {
            PassageState::Taken => "AccessControl/AccessTaken/Anonymous",
            PassageState::NotTaken => "AccessControl/AccessNotTaken/Anonymous",
            _ => return None,
        };
        Some(self.at_gate(topic, &passage.gate, (passage.changed_at, json!({}))))
    }

    /// Door Control §6.3.
    fn barrier(&self, barrier: &Barrier) -> Vec<Foreign> {
        let physical = match barrier.state {
            GateState::Closed => "Closed",
            GateState::Opening | GateState::Open | GateState::Closing => "Open",
            GateState::Fault => "Fault",
            GateState::Unknown => "Unknown",
        };
        let fault = match barrier.state {
            GateState::Fault => "FaultDetected",
            GateState::Unknown => "Unknown",
            _ => "NotInFault",
        };
        let told = [
            ("Door/State/DoorPhysicalState", physical),
            ("Door/State/DoorFault", fault),
        ];
        let told =
            told.map(|(topic, state)| self.at_door(topic, &barrier.gate, (barrier.since, state)));
        told.into()
    }

    fn input(&self, event: &DeviceEvent) -> Option<Foreign> {
        let state = match (event.input, event.is_active) {
            (DeviceInput::Tamper, true) => "TamperDetected",
            (DeviceInput::Tamper, false) => "NotInTamper",
            _ => return None,
        };
        Some(self.at_door("Door/State/DoorTamper", &event.gate, (event.at, state)))
    }

    /// Door Control §6.3.6: one state for all alarms, so only those that it knows.
    fn alarm(&self, alarm: &GateAlarm) -> Option<Foreign> {
        let state = match (alarm.kind, alarm.ended_at) {
            (AlarmKind::Forced | AlarmKind::HeldOpen, Some(_)) => "Normal",
            (AlarmKind::Forced, None) => "DoorForcedOpen",
            (AlarmKind::HeldOpen, None) => "DoorOpenTooLong",
            _ => return None,
        };
        let at = alarm.ended_at.unwrap_or(alarm.began_at);
        Some(self.at_door("Door/State/DoorAlarm", &alarm.gate, (at, state)))
    }

    /// Analytics, annex on licence plate recognition: once for each sighting.
    fn plate(&self, sighting: &Sighting) -> Option<Foreign> {
        let is_last = sighting.phase == SightingPhase::Final;
        let plate = sighting.plate.as_ref();
        let plate = plate.filter(|_| self.with_plates && is_last)?;
        let text: String = plate
            .rows
            .iter()
            .flat_map(|row| row.chars.iter().map(|read| read.best))
            .collect();
        let scores = plate.rows.iter().flat_map(|row| &row.chars);
        let likelihood = scores.map(|read| read.score).fold(1.0_f32, f32::min);
        let data = json!({
            "Object": {
                "ObjectId": sighting.id.to_string(),
                "Appearance": {
                    "LicensePlateInfo": {
                        "PlateNumber": {"Likelihood": likelihood, "Value": text},
                        "CountryCode": {"Value": "VN"},
                    },
                },
            },
        });
        let source = ("VideoSourceConfigurationToken", sighting.camera.as_str());
        let at = sighting.last_seen_at;
        Some(self.event("RuleEngine/Recognition/LicensePlate", source, (at, data)))
    }
}

/// The words that Access Control §6.6 has for reasons.
fn reason_text(reason: DenyReason) -> &'static str {
    match reason {
        DenyReason::Barred => "CredentialNotEnabled",
        DenyReason::Refused | DenyReason::Unanswered => "Other",
        DenyReason::Lockdown | DenyReason::Evacuation => "PermissionDenied",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AlarmId, PassageId, SightingId};

    fn gate() -> GateId {
        "gate-1".parse().unwrap()
    }

    fn translate(message: &Message) -> Vec<(String, Value)> {
        let mut events = OnvifEvents::new("park".to_owned(), false);
        let all = events.translate(message, false).into_iter();
        all.map(|foreign| {
            let body = serde_json::from_str(&foreign.payload).unwrap();
            (foreign.topic, body)
        })
        .collect()
    }

    #[test]
    fn a_passage_that_was_taken_is_said_in_the_words_of_onvif() {
        let passage = Passage {
            id: PassageId(1),
            gate: gate(),
            sighting: SightingId(1),
            state: PassageState::Taken,
            arrived_at: Timestamp::EPOCH,
            changed_at: Timestamp::from_millis(1500),
        };
        let said = translate(&Message::Passage(passage.clone()));
        let topic = "park/onvif-ej/AccessControl/AccessTaken/Anonymous/&gate-1";
        let body = json!({
            "UtcTime": "1970-01-01T00:00:01.500000Z",
            "Source": {"AccessPointToken": "gate-1"},
            "Data": {},
        });
        assert_eq!(said, [(topic.to_owned(), body)]);
        let under_way = Passage {
            state: PassageState::Opened,
            ..passage
        };
        assert_eq!(translate(&Message::Passage(under_way)), []);
    }

    #[test]
    fn doors_say_where_they_are_and_whether_they_were_forced() {
        let barrier = Message::Barrier(Barrier {
            gate: gate(),
            state: GateState::Opening,
            since: Timestamp::EPOCH,
            nonce: None,
        });
        let said = translate(&barrier);
        assert_eq!(
            said[0].0,
            "park/onvif-ej/Door/State/DoorPhysicalState/&gate-1"
        );
        assert_eq!(said[0].1["Data"], json!({"State": "Open"}));
        assert_eq!(said[1].1["Data"], json!({"State": "NotInFault"}));
        let alarm = |kind, ended_at| {
            let said = translate(&Message::Alarm(GateAlarm {
                id: AlarmId(1),
                gate: gate(),
                kind,
                passage: None,
                began_at: Timestamp::EPOCH,
                ended_at,
            }));
            said.first()
                .map(|(_topic, body)| body["Data"]["State"].clone())
        };
        assert_eq!(
            alarm(AlarmKind::Forced, None),
            Some("DoorForcedOpen".into())
        );
        let end = Some(Timestamp::EPOCH);
        assert_eq!(alarm(AlarmKind::HeldOpen, end), Some("Normal".into()));
        // Whoever threatens the guard may be listening.
        assert_eq!(alarm(AlarmKind::Duress, None), None);
    }
}
