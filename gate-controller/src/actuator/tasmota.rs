//! Relays with the firmware Tasmota, by its page "MQTT" and "Commands": `cmnd/TOPIC/POWER1 ON` is
//! answered on `stat/TOPIC/RESULT` with `{"POWER1":"ON"}` (`POWER` on devices with one relay), the
//! last will is on `tele/TOPIC/LWT`, and `PulseTime1` ends the pulse.
//!
//! The length of the pulse is set and read back whenever the device comes online. `ON` sets a
//! state: a second one makes the pulse longer, and never closes and opens.

use super::{
    inputs::Inputs,
    mqtt_device::{Dialect, Do, Unable},
};
use domain::{AckResult, CommandKind};
use serde_json::Value;
use service::config::site::TasmotaSection;

/// What is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    relay: u8,
    is_on: bool,
}

#[derive(Debug)]
pub(super) struct Tasmota {
    settings: TasmotaSection,
    inputs: Inputs,
    is_online: bool,
    is_pulse_set: bool,
    expected: Option<Expected>,
}

/// The value of `PulseTime`: 1 to 111 are tenths of a second, above that seconds and 100.
fn pulse_time(pulse_ms: u64) -> u64 {
    match pulse_ms.div_ceil(100) {
        tenths @ 0..=111 => tenths.max(1),
        _longer => pulse_ms.div_ceil(1000) + 100,
    }
}

impl Tasmota {
    pub(super) fn new(settings: TasmotaSection) -> Self {
        Self {
            inputs: Inputs::new(settings.inputs.clone()),
            settings,
            is_online: false,
            is_pulse_set: false,
            expected: None,
        }
    }

    fn command(&self, name: &str, payload: impl ToString) -> Do {
        Do::Publish {
            topic: format!("cmnd/{}/{name}", self.settings.topic),
            payload: payload.to_string(),
        }
    }

    fn set_pulse(&self) -> Vec<Do> {
        let pulse = pulse_time(self.settings.pulse_ms);
        let mut all = vec![self.command(&format!("PulseTime{}", self.settings.relay), pulse)];
        if let Some(hold) = self.settings.hold_relay {
            all.push(self.command(&format!("PulseTime{hold}"), 0));
        }
        all
    }

    fn on_will(&mut self, payload: &[u8]) -> Vec<Do> {
        self.is_pulse_set = false;
        self.is_online = payload == b"Online";
        if !self.is_online {
            return vec![Do::Report(self.inputs.forget())];
        }
        let mut all = self.set_pulse();
        // 10: the sensors, with switches among them.
        all.push(self.command("STATUS", 10));
        all
    }

    fn on_result(&mut self, value: &Value) -> Vec<Do> {
        let Some(fields) = value.as_object() else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in fields {
            let upper = name.to_ascii_uppercase();
            if let Some(relay) = upper.strip_prefix("PULSETIME") {
                all.extend(self.on_pulse_time(relay, value));
            } else if let Some(relay) = upper.strip_prefix("POWER") {
                all.extend(self.on_power(relay, value));
            } else if let Some(number) = upper.strip_prefix("SWITCH") {
                all.extend(self.on_switch(number, value));
            }
        }
        all
    }

    fn on_pulse_time(&mut self, relay: &str, value: &Value) -> Option<Do> {
        if relay.parse() != Ok(self.settings.relay) {
            return None;
        }
        let set = value.get("Set").unwrap_or(value).as_u64();
        let was_set = std::mem::replace(
            &mut self.is_pulse_set,
            set == Some(pulse_time(self.settings.pulse_ms)),
        );
        let text =
            "its pulse was changed by somebody else: it opens no more until it is online anew";
        (was_set && !self.is_pulse_set).then_some(Do::Warn(text))
    }

    fn on_power(&mut self, relay: &str, value: &Value) -> Option<Do> {
        let relay = if relay.is_empty() {
            1
        } else {
            relay.parse().ok()?
        };
        let is_on = on_or_off(value)?;
        let is_it = self.expected == Some(Expected { relay, is_on });
        if !is_it {
            return None;
        }
        self.expected = None;
        let is_told_later = is_on && self.inputs.tells_position();
        Some(Do::Answer(if is_told_later {
            AckResult::Accepted
        } else {
            AckResult::Executed
        }))
    }

    fn on_switch(&mut self, number: &str, value: &Value) -> Option<Do> {
        let state = ["Action", "STATE", "State"]
            .iter()
            .find_map(|key| value.get(key))
            .unwrap_or(value);
        let report = self.inputs.hear(number.parse().ok()?, on_or_off(state)?);
        report.map(Do::Report)
    }
}

fn on_or_off(value: &Value) -> Option<bool> {
    match value.as_str()? {
        "ON" => Some(true),
        "OFF" => Some(false),
        _other => None,
    }
}

impl Dialect for Tasmota {
    fn filters(&self) -> Vec<String> {
        let topic = &self.settings.topic;
        vec![
            format!("tele/{topic}/LWT"),
            format!("tele/{topic}/SENSOR"),
            format!("stat/{topic}/+"),
        ]
    }

    fn hear(&mut self, topic: &str, payload: &[u8], is_retained: bool) -> Vec<Do> {
        let leaf = topic.rsplit('/').next().unwrap_or_default();
        if leaf == "LWT" {
            return self.on_will(payload);
        }
        // What was said long ago is no answer.
        if is_retained {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(payload);
        let value: Value =
            serde_json::from_slice(payload).unwrap_or_else(|_plain| Value::from(text.trim()));
        match leaf {
            "RESULT" | "SENSOR" => self.on_result(&value),
            "STATUS10" => value
                .get("StatusSNS")
                .map_or_else(Vec::new, |sensors| self.on_result(sensors)),
            _ => match leaf.strip_prefix("SWITCH") {
                Some(number) => self.on_switch(number, &value).into_iter().collect(),
                None => Vec::new(),
            },
        }
    }

    fn ask(&mut self, kind: CommandKind) -> Result<Vec<Do>, Unable> {
        let hold = self.settings.hold_relay.ok_or(Unable::NoHold);
        let (relay, is_on) = match kind {
            CommandKind::Open => (self.settings.relay, true),
            CommandKind::HoldOpen => (hold?, true),
            CommandKind::Release => (hold?, false),
        };
        if !self.is_online {
            return Err(Unable::Away);
        }
        if kind == CommandKind::Open && !self.is_pulse_set {
            return Err(Unable::Unverified);
        }
        self.expected = Some(Expected { relay, is_on });
        let word = if is_on { "ON" } else { "OFF" };
        Ok(vec![self.command(&format!("POWER{relay}"), word)])
    }

    fn give_up(&mut self) {
        self.expected = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::adapter::Report, *};

    fn device(more: &str) -> Tasmota {
        let text = format!("topic = \"gate\"\npulse_ms = 700\n{more}");
        Tasmota::new(toml::from_str(&text).unwrap())
    }

    fn told(all: Vec<Do>) -> String {
        let word = |what| match what {
            Do::Publish { topic, payload } => format!("{topic} {payload}"),
            Do::Report(Report::Moved(state)) => format!("{state:?}"),
            Do::Report(Report::Input(input, is_active)) => format!("{input:?} {is_active}"),
            Do::Answer(result) => format!("-> {result:?}"),
            Do::Warn(_) => "warning".to_owned(),
        };
        all.into_iter().map(word).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn pulses_are_given_in_tenths_and_then_in_seconds() {
        let cases = [
            (1, 1),
            (700, 7),
            (701, 8),
            (11_100, 111),
            (11_101, 112),
            (60_000, 160),
        ];
        for (ms, value) in cases {
            assert_eq!(pulse_time(ms), value, "{ms} ms");
        }
    }

    #[test]
    fn it_opens_only_once_the_device_has_confirmed_its_pulse() {
        let mut gate = device("");
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Away));
        let online = told(gate.hear("tele/gate/LWT", b"Online", true));
        assert_eq!(online, "cmnd/gate/PulseTime1 7, cmnd/gate/STATUS 10");
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Unverified));
        let other = br#"{"PulseTime1":{"Set":0,"Remaining":0}}"#;
        gate.hear("stat/gate/RESULT", other, false);
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Unverified));
        let right = br#"{"PulseTime1":{"Set":7,"Remaining":0}}"#;
        gate.hear("stat/gate/RESULT", right, true);
        assert_eq!(
            gate.ask(CommandKind::Open),
            Err(Unable::Unverified),
            "retained"
        );
        gate.hear("stat/gate/RESULT", right, false);
        assert_eq!(
            told(gate.ask(CommandKind::Open).unwrap()),
            "cmnd/gate/POWER1 ON"
        );
        // The end of the pulse before is no answer, nor is what somebody else's relay does.
        for no_answer in [r#"{"POWER":"OFF"}"#, r#"{"POWER2":"ON"}"#, "7", "{"] {
            let said = gate.hear("stat/gate/RESULT", no_answer.as_bytes(), false);
            assert_eq!(said, [], "{no_answer}");
        }
        let said = gate.hear("stat/gate/RESULT", br#"{"POWER":"ON"}"#, false);
        assert_eq!(said, [Do::Answer(AckResult::Executed)]);
        let said = gate.hear("stat/gate/RESULT", br#"{"POWER":"ON"}"#, false);
        assert_eq!(said, [], "one answer for one question");
        assert_eq!(told(gate.hear("stat/gate/RESULT", other, false)), "warning");
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Unverified));
        assert_eq!(
            told(gate.hear("tele/gate/LWT", b"Offline", false)),
            "Unknown"
        );
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Away));
    }

    #[test]
    fn a_hold_needs_a_relay_of_its_own() {
        let mut gate = device("");
        gate.hear("tele/gate/LWT", b"Online", true);
        assert_eq!(gate.ask(CommandKind::HoldOpen), Err(Unable::NoHold));
        let mut gate = device("hold_relay = 2");
        let online = told(gate.hear("tele/gate/LWT", b"Online", true));
        assert!(online.contains("cmnd/gate/PulseTime2 0"), "{online}");
        let asked = told(gate.ask(CommandKind::HoldOpen).unwrap());
        assert_eq!(asked, "cmnd/gate/POWER2 ON");
        let said = told(gate.hear("stat/gate/RESULT", br#"{"POWER2":"ON"}"#, false));
        assert_eq!(said, "-> Executed");
        let asked = told(gate.ask(CommandKind::Release).unwrap());
        assert_eq!(asked, "cmnd/gate/POWER2 OFF");
    }

    #[test]
    fn switches_are_heard_in_every_form_that_the_firmware_has() {
        let mut gate = device(
            "inputs = [{ input = 1, means = \"is-open\" }, \
             { input = 2, means = \"beam\", inverted = true }]",
        );
        let mut hear =
            |topic: &str, payload: &str| told(gate.hear(topic, payload.as_bytes(), false));
        let detached = r#"{"Switch1":{"Action":"ON"}}"#;
        assert_eq!(hear("stat/gate/RESULT", detached), "Open");
        let status =
            r#"{"StatusSNS":{"Time":"2026-11-22T07:00:00","Switch1":"OFF","Switch2":"OFF"}}"#;
        assert_eq!(hear("stat/gate/STATUS10", status), "Unknown, Beam true");
        let sensor = r#"{"Time":"2026-11-22T07:05:00","Switch2":"ON"}"#;
        assert_eq!(hear("tele/gate/SENSOR", sensor), "Beam false");
        assert_eq!(hear("stat/gate/SWITCH2", r#"{"STATE":"OFF"}"#), "Beam true");
        assert_eq!(hear("stat/gate/SWITCH2", "ON"), "Beam false");
        assert_eq!(hear("stat/gate/SWITCH2", "TOGGLE"), "");
    }
}
