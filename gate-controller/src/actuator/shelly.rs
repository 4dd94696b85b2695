//! Shelly relays of the second generation and later, by their API reference: JSON-RPC requests on
//! `ID/rpc` are answered on the `src` that they name, notifications come on `ID/events/rpc`, and
//! `ID/online` is `true` or, by last will, `false`.
//!
//! `Switch.Set` with `toggle_after` carries the length of the pulse itself: the device ends it, and
//! a second `on` makes it longer.

use super::{
    inputs::Inputs,
    mqtt_device::{Dialect, Do, Unable},
};
use domain::{AckResult, CommandKind};
use serde_json::{Value, json};
use service::config::site::ShellySection;

#[derive(Debug)]
pub(super) struct Shelly {
    settings: ShellySection,
    inputs: Inputs,
    /// Where answers go: a topic of this gate alone.
    source: String,
    is_online: bool,
    n_requests: u64,
    /// The number of the request that is under way, and whether it switches on.
    expected: Option<(u64, bool)>,
}

impl Shelly {
    /// `source` is unique among all who ask this device, for example `gac-park-1-gate-1`.
    /// `first_request` begins the numbers, so that an answer to an earlier start is none to this.
    pub(super) fn new(settings: ShellySection, source: String, first_request: u64) -> Self {
        Self {
            inputs: Inputs::new(settings.inputs.clone()),
            settings,
            source,
            is_online: false,
            n_requests: first_request,
            expected: None,
        }
    }

    fn request(&mut self, method: &str, params: Value) -> (u64, Do) {
        self.n_requests += 1;
        let id = self.n_requests;
        let frame = json!({"id": id, "src": self.source, "method": method, "params": params});
        let publish = Do::Publish {
            topic: format!("{}/rpc", self.settings.id),
            payload: frame.to_string(),
        };
        (id, publish)
    }

    fn on_online(&mut self, payload: &[u8]) -> Vec<Do> {
        self.is_online = payload == b"true";
        if self.is_online {
            vec![self.request("Shelly.GetStatus", json!({})).1]
        } else {
            vec![Do::Report(self.inputs.forget())]
        }
    }

    fn on_answer(&mut self, frame: &Value) -> Vec<Do> {
        let id = frame.get("id").and_then(Value::as_u64);
        if let Some((expected, is_on)) = self.expected
            && id == Some(expected)
        {
            self.expected = None;
            let result = match frame.get("result") {
                Some(_done) if is_on && self.inputs.tells_position() => AckResult::Accepted,
                Some(_done) => AckResult::Executed,
                None => AckResult::Rejected,
            };
            return vec![Do::Answer(result)];
        }
        frame
            .get("result")
            .map_or_else(Vec::new, |status| self.on_status(status))
    }

    /// `input:0` and its like in a status.
    fn on_status(&mut self, status: &Value) -> Vec<Do> {
        let fields = status.as_object().into_iter().flatten();
        let states = fields.filter_map(|(name, value)| {
            let number = name.strip_prefix("input:")?.parse().ok()?;
            Some((number, value.get("state")?.as_bool()?))
        });
        states
            .filter_map(|(number, is_on)| self.inputs.hear(number, is_on))
            .map(Do::Report)
            .collect()
    }
}

impl Dialect for Shelly {
    fn filters(&self) -> Vec<String> {
        let id = &self.settings.id;
        vec![
            format!("{id}/online"),
            format!("{id}/events/rpc"),
            format!("{}/rpc", self.source),
        ]
    }

    fn hear(&mut self, topic: &str, payload: &[u8], is_retained: bool) -> Vec<Do> {
        if topic.ends_with("/online") {
            return self.on_online(payload);
        }
        let frame: Value = match serde_json::from_slice(payload) {
            Ok(frame) if !is_retained => frame,
            _not_of_now => return Vec::new(),
        };
        if !topic.ends_with("/events/rpc") {
            return self.on_answer(&frame);
        }
        let methods = ["NotifyStatus", "NotifyFullStatus"].map(Value::from);
        match (frame.get("method"), frame.get("params")) {
            (Some(method), Some(status)) if methods.contains(method) => self.on_status(status),
            _ => Vec::new(),
        }
    }

    fn ask(&mut self, kind: CommandKind) -> Result<Vec<Do>, Unable> {
        let hold = self.settings.hold_relay.ok_or(Unable::NoHold);
        #[expect(clippy::cast_precision_loss, reason = "a pulse is at most 60 000 ms")]
        let pulse_s = self.settings.pulse_ms as f64 / 1000.0;
        let params = match kind {
            CommandKind::Open => {
                json!({"id": self.settings.relay, "on": true, "toggle_after": pulse_s})
            }
            CommandKind::HoldOpen => json!({"id": hold?, "on": true}),
            CommandKind::Release => json!({"id": hold?, "on": false}),
        };
        if !self.is_online {
            return Err(Unable::Away);
        }
        let (id, publish) = self.request("Switch.Set", params);
        self.expected = Some((id, kind != CommandKind::Release));
        Ok(vec![publish])
    }

    fn give_up(&mut self) {
        self.expected = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::adapter::Report, *};
    use domain::{DeviceInput, GateState};

    fn device(more: &str) -> Shelly {
        let text = format!("id = \"shellyplus1-a8\"\npulse_ms = 700\n{more}");
        Shelly::new(toml::from_str(&text).unwrap(), "gac-p-g".to_owned(), 40)
    }

    fn sent(all: &[Do]) -> Value {
        let [Do::Publish { topic, payload }] = all else {
            panic!("one request: {all:?}")
        };
        assert_eq!(topic, "shellyplus1-a8/rpc");
        serde_json::from_str(payload).unwrap()
    }

    #[test]
    fn the_request_carries_the_pulse_and_the_answer_is_known_by_its_number() {
        let mut gate = device("");
        assert_eq!(gate.ask(CommandKind::Open), Err(Unable::Away));
        let status = gate.hear("shellyplus1-a8/online", b"true", true);
        assert_eq!(sent(&status)["method"], "Shelly.GetStatus");
        let request = sent(&gate.ask(CommandKind::Open).unwrap());
        let expect = json!({
            "id": 42, "src": "gac-p-g", "method": "Switch.Set",
            "params": {"id": 0, "on": true, "toggle_after": 0.7},
        });
        assert_eq!(request, expect);
        let answer = |id| {
            json!({"id": id, "src": "shellyplus1-a8", "dst": "gac-p-g",
                   "result": {"was_on": false}})
            .to_string()
        };
        let late = gate.hear("gac-p-g/rpc", answer(39).as_bytes(), false);
        assert_eq!(late, []);
        let old = gate.hear("gac-p-g/rpc", answer(42).as_bytes(), true);
        assert_eq!(old, [], "retained");
        let right = gate.hear("gac-p-g/rpc", answer(42).as_bytes(), false);
        assert_eq!(right, [Do::Answer(AckResult::Executed)]);
        sent(&gate.ask(CommandKind::Open).unwrap());
        let error = br#"{"id":43,"src":"s","error":{"code":-105,"message":"Argument 'id'"}}"#;
        let refused = gate.hear("gac-p-g/rpc", error, false);
        assert_eq!(refused, [Do::Answer(AckResult::Rejected)]);
        assert_eq!(gate.ask(CommandKind::HoldOpen), Err(Unable::NoHold));
    }

    #[test]
    fn inputs_come_with_the_status_and_with_notifications() {
        let mut gate = device(
            "hold_relay = 1\ninputs = [{ input = 0, means = \"is-open\" }, \
             { input = 1, means = \"fire\" }]",
        );
        gate.hear("shellyplus1-a8/online", b"true", true);
        let status = br#"{"id":41,"src":"s","dst":"gac-p-g","result":{"ble":{},
            "input:0":{"id":0,"state":false},"input:1":{"id":1,"state":true}}}"#;
        let heard = gate.hear("gac-p-g/rpc", status, false);
        let fire = Do::Report(Report::Input(DeviceInput::Fire, true));
        let unknown = Do::Report(Report::Moved(GateState::Unknown));
        assert_eq!(heard, [unknown.clone(), fire]);
        let note = br#"{"src":"s","dst":"s/events","method":"NotifyStatus",
            "params":{"ts":1631266595.43,"input:0":{"id":0,"state":true}}}"#;
        let heard = gate.hear("shellyplus1-a8/events/rpc", note, false);
        assert_eq!(heard, [Do::Report(Report::Moved(GateState::Open))]);
        let request = sent(&gate.ask(CommandKind::HoldOpen).unwrap());
        assert_eq!(request["params"], json!({"id": 1, "on": true}));
        let answer = br#"{"id":42,"src":"s","dst":"gac-p-g","result":{"was_on":false}}"#;
        let heard = gate.hear("gac-p-g/rpc", answer, false);
        // The limit switch will say when it is up.
        assert_eq!(heard, [Do::Answer(AckResult::Accepted)]);
        let heard = gate.hear("shellyplus1-a8/online", b"false", false);
        assert_eq!(heard, [unknown]);
    }
}
