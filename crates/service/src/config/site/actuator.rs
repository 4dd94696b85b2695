//! The key `actuator` of a gate: who moves the barrier.

use super::{Site, validate::Checker};
use serde::Deserialize;
use std::{
    ops::Range,
    path::{Path, PathBuf},
};
use toml::Spanned;

/// Who moves the barrier: a word, or a table with the one key that names the dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActuatorSection {
    /// A device that takes our signed commands over MQTT.
    #[default]
    Mqtt,
    /// A simulated barrier in this process, over MQTT as a device would.
    Simulator,
    /// A relay with the firmware Tasmota, over MQTT.
    Tasmota(TasmotaSection),
    /// A Shelly relay of the second generation or later, over MQTT.
    Shelly(ShellySection),
    /// Anything that opens for one HTTP request.
    Http(HttpSection),
    /// A door controller with the ONVIF Door Control service.
    Onvif(OnvifSection),
}

impl ActuatorSection {
    /// The file with what is secret, when it names one.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Http(http) => http.headers_file.as_ref(),
            Self::Onvif(onvif) => onvif.password_file.as_ref(),
            Self::Mqtt | Self::Simulator | Self::Tasmota(_) | Self::Shelly(_) => None,
        }
    }

    /// Whether the device can say where its boom is.
    pub fn tells_position(&self) -> bool {
        let is_switch = |m| matches!(m, InputMeaning::IsOpen | InputMeaning::IsClosed);
        let has_switch = |inputs: &[InputSection]| inputs.iter().any(|i| is_switch(i.means));
        match self {
            Self::Mqtt | Self::Simulator | Self::Onvif(_) => true,
            Self::Tasmota(tasmota) => has_switch(&tasmota.inputs),
            Self::Shelly(shelly) => has_switch(&shelly.inputs),
            Self::Http(_) => false,
        }
    }

    /// The same with that file found from this folder.
    pub fn found_from(mut self, folder: &Path) -> Self {
        let file = match &mut self {
            Self::Http(http) => &mut http.headers_file,
            Self::Onvif(onvif) => &mut onvif.password_file,
            Self::Mqtt | Self::Simulator | Self::Tasmota(_) | Self::Shelly(_) => return self,
        };
        *file = file.take().map(|file| folder.join(file));
        self
    }
}

/// An input of a relay module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSection {
    /// Its number, as the device counts.
    pub input: u8,
    /// What it means when it is on.
    pub means: InputMeaning,
    /// Whether it means that when it is off instead.
    #[serde(default)]
    pub inverted: bool,
}

/// What an input means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputMeaning {
    /// The upper limit switch: the boom is up.
    IsOpen,
    /// The lower limit switch or the door contact: it is down, or shut.
    IsClosed,
    /// A vehicle waits.
    LoopBefore,
    /// A vehicle is under the boom.
    LoopUnder,
    /// The light beam is broken.
    Beam,
    /// Fire alarm.
    Fire,
    /// The cover is open.
    Tamper,
    /// Mains power is away.
    PowerLost,
}

/// `{ tasmota = { … } }`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TasmotaSection {
    /// The device's `Topic`, with the usual `FullTopic` `%prefix%/%topic%/`.
    pub topic: String,
    /// The relay that opens, counting from 1.
    #[serde(default = "one")]
    pub relay: u8,
    /// Another relay that keeps it open; a hold is refused without one.
    pub hold_relay: Option<u8>,
    /// How long the relay stays on; the device ends that itself.
    #[serde(default = "default_pulse_ms")]
    pub pulse_ms: u64,
    /// How long the device may take to answer.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// What its inputs mean.
    #[serde(default)]
    pub inputs: Vec<InputSection>,
}

/// `{ shelly = { … } }`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellySection {
    /// The device's MQTT prefix, for example `shellyplus1-a8032abe54dc`.
    pub id: String,
    /// The switch that opens, counting from 0.
    #[serde(default)]
    pub relay: u8,
    /// Another switch that keeps it open; a hold is refused without one.
    pub hold_relay: Option<u8>,
    /// How long the relay stays on; the device ends that itself.
    #[serde(default = "default_pulse_ms")]
    pub pulse_ms: u64,
    /// How long the device may take to answer.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// What its inputs mean.
    #[serde(default)]
    pub inputs: Vec<InputSection>,
}

/// `{ http = { … } }`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSection {
    /// The request that opens. `{pulse_ms}` and `{pulse_s}` stand for the pulse.
    pub open: HttpRequestSection,
    /// The request that keeps it open; a hold is refused without one.
    pub hold: Option<HttpRequestSection>,
    /// The request that ends a hold.
    pub release: Option<HttpRequestSection>,
    /// File with headers, one `Name: value` a line, for example with a password.
    pub headers_file: Option<PathBuf>,
    /// How long the relay stays on, for the templates; the device must end that itself.
    #[serde(default = "default_pulse_ms")]
    pub pulse_ms: u64,
    /// How long the whole request may take.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Answers that mean success.
    #[serde(default = "default_statuses")]
    pub statuses: Vec<u16>,
    /// What an answer's body must contain to mean success.
    pub body_contains: Option<String>,
    /// Whether success means that it is open, and not only that it was understood.
    #[serde(default)]
    pub success_is_open: bool,
}

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRequestSection {
    /// `GET`, `POST` or `PUT`.
    #[serde(default = "default_method")]
    pub method: String,
    /// `http://…` or `https://…`
    pub url: String,
    /// What is sent.
    #[serde(default)]
    pub body: String,
}

/// `{ onvif = { … } }`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnvifSection {
    /// Address of the Door Control service.
    pub url: String,
    /// Token of the door.
    pub door: String,
    /// User name, when the device asks for one.
    pub user: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// How long the door is let open.
    #[serde(default = "default_pulse_ms")]
    pub pulse_ms: u64,
    /// How long a request may take.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Pause between two questions for the door's state.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// How it is kept open.
    #[serde(default)]
    pub hold: OnvifHold,
}

/// Which requests keep a door open and end that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnvifHold {
    /// `LockOpenDoor` and `LockOpenReleaseDoor`.
    #[default]
    LockOpen,
    /// `UnlockDoor` and `LockDoor`.
    Unlock,
}

/// `[home_assistant]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeAssistantSection {
    /// Its discovery prefix.
    #[serde(default = "default_discovery_prefix")]
    pub prefix: Spanned<String>,
}

/// `[onvif_events]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnvifEventsSection {
    /// What stands before `/onvif-ej/`.
    pub prefix: Spanned<String>,
    /// Whether plates that were read are said, too.
    #[serde(default)]
    pub with_plates: bool,
}

fn default_discovery_prefix() -> Spanned<String> {
    Spanned::new(0..0, "homeassistant".to_owned())
}

fn check_announcements(checker: &mut Checker<'_>, site: &Site) {
    let (assistant, events) = (site.home_assistant.as_ref(), site.onvif_events.as_ref());
    let prefixes = [
        assistant.map(|section| &section.prefix),
        events.map(|section| &section.prefix),
    ];
    for prefix in prefixes.into_iter().flatten() {
        check_topic(checker, prefix.span(), "prefix", prefix.get_ref());
        if prefix.get_ref() == "gac" || prefix.get_ref().starts_with("gac/v1") {
            let instead = "write another prefix: that one has our own messages";
            checker.add(prefix.span(), "the prefix is ours", instead);
        }
    }
}

fn one() -> u8 {
    1
}

fn default_pulse_ms() -> u64 {
    1000
}

fn default_timeout_ms() -> u64 {
    1500
}

fn default_poll_ms() -> u64 {
    500
}

fn default_method() -> String {
    "POST".to_owned()
}

fn default_statuses() -> Vec<u16> {
    (200..=204).collect()
}

/// What is wrong with the actuators of all gates, and with what is told to other systems.
pub(super) fn check_devices(checker: &mut Checker<'_>, site: &Site) {
    for gate in &site.gates {
        check_actuator(checker, &gate.actuator, *gate.command_expires_ms.get_ref());
    }
    check_announcements(checker, site);
}

/// What is wrong with the actuator of a gate whose commands live so long.
fn check_actuator(
    checker: &mut Checker<'_>,
    actuator: &Spanned<ActuatorSection>,
    command_expires_ms: u64,
) {
    let at = || actuator.span();
    let (pulse_ms, timeout_ms) = match actuator.get_ref() {
        ActuatorSection::Mqtt | ActuatorSection::Simulator => return,
        ActuatorSection::Tasmota(t) => {
            check_topic(checker, at(), "topic", &t.topic);
            // Relays and switches count from 1 there.
            check_relays(checker, at(), (t.relay, t.hold_relay), 1..=28);
            check_inputs(checker, at(), &t.inputs, 1..=28);
            (t.pulse_ms, t.timeout_ms)
        }
        ActuatorSection::Shelly(s) => {
            check_topic(checker, at(), "id", &s.id);
            check_relays(checker, at(), (s.relay, s.hold_relay), 0..=7);
            check_inputs(checker, at(), &s.inputs, 0..=7);
            (s.pulse_ms, s.timeout_ms)
        }
        ActuatorSection::Http(h) => {
            for request in [Some(&h.open), h.hold.as_ref(), h.release.as_ref()] {
                let Some(request) = request else { continue };
                check_url(checker, at(), &request.url);
                if !["GET", "POST", "PUT"].contains(&request.method.as_str()) {
                    let what = format!("the method {:?} is not known", request.method);
                    checker.add(at(), what, "write GET, POST or PUT");
                }
            }
            if h.hold.is_some() != h.release.is_some() {
                let what = "hold and release are not both there";
                checker.add(at(), what, "write both, or neither");
            }
            (h.pulse_ms, h.timeout_ms)
        }
        ActuatorSection::Onvif(o) => {
            check_url(checker, at(), &o.url);
            if o.user.is_some() != o.password_file.is_some() {
                let what = "user and password_file are not both there";
                checker.add(at(), what, "write both, or neither");
            }
            if !(100..=60_000).contains(&o.poll_ms) {
                checker.add(at(), "poll_ms is out of range", "write 100 to 60000");
            }
            (o.pulse_ms, o.timeout_ms)
        }
    };
    if !(100..=60_000).contains(&pulse_ms) {
        checker.add(at(), "pulse_ms is out of range", "write 100 to 60000");
    }
    if timeout_ms < 50 || command_expires_ms <= timeout_ms {
        let instead = "write at least 50, and less than command_expires_ms: \
                       a late open is worse than none";
        checker.add(at(), "timeout_ms is out of range", instead);
    }
}

fn check_topic(checker: &mut Checker<'_>, at: Range<usize>, name: &str, text: &str) {
    if text.is_empty() || text.len() > 128 || text.contains(['#', '+', '\0']) {
        let what = format!("{name} {text:?} cannot stand in an MQTT topic");
        checker.add(at, what, "write it as the device's own page shows it");
    }
}

fn check_url(checker: &mut Checker<'_>, at: Range<usize>, url: &str) {
    let host = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':'])) {
        // The address may hold a password: it is not shown.
        checker.add(at, "an address is no URL", "write http://… or https://…");
    } else if host.is_some_and(|host| host.split('/').next().is_some_and(|h| h.contains('@'))) {
        let instead = "write it into a file of its own";
        checker.add(at, "an address has a password in it", instead);
    }
}

fn check_relays(
    checker: &mut Checker<'_>,
    at: Range<usize>,
    (relay, hold_relay): (u8, Option<u8>),
    range: std::ops::RangeInclusive<u8>,
) {
    let (first, last) = (range.start(), range.end());
    let all = std::iter::once(relay).chain(hold_relay);
    if all.into_iter().any(|relay| !range.contains(&relay)) {
        let instead = format!("write {first} to {last}");
        checker.add(at.clone(), "a relay is out of range", instead);
    }
    if hold_relay == Some(relay) {
        let instead = "give the hold a relay of its own: the one that opens ends its own pulse";
        checker.add(at, "relay and hold_relay are the same", instead);
    }
}

fn check_inputs(
    checker: &mut Checker<'_>,
    at: Range<usize>,
    inputs: &[InputSection],
    range: std::ops::RangeInclusive<u8>,
) {
    for (n, input) in inputs.iter().enumerate() {
        if !range.contains(&input.input) {
            let (what, last) = (format!("there is no input {}", input.input), range.end());
            checker.add(at.clone(), what, format!("write at most {last}"));
        }
        if inputs[..n].iter().any(|before| before.input == input.input) {
            let what = format!("input {} is there twice", input.input);
            checker.add(at.clone(), what, "give each input one meaning");
        }
        if inputs[..n].iter().any(|before| before.means == input.means) {
            let what = "two inputs mean the same";
            checker.add(at.clone(), what, "give each meaning one input");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Problem, Site};

    const GOOD: &str = r#"
[site]
id = "demo"
name = "Cổng mẫu"

[[camera]]
id = "gate-1"
source = { file = "gate.mp4" }
tasks = ["vehicles", "plates"]

[[gate]]
id = "gate-1"
camera = "gate-1"
factor = "plate"

"#;

    #[test]
    fn what_is_wrong_with_an_actuator_is_told_with_its_place() {
        let with = |actuator: &str| {
            let gate = format!("[[gate]]\nactuator = {actuator}");
            let text = GOOD.replacen("[[gate]]", &gate, 1);
            match toml::from_str::<Site>(&text) {
                Ok(site) => site
                    .problems(&text)
                    .iter()
                    .map(Problem::to_string)
                    .collect(),
                Err(error) => vec![error.to_string().replace('\n', " ")],
            }
        };
        for good in [
            "\"simulator\"",
            "{ tasmota = { topic = \"gate-1\" } }",
            "{ tasmota = { topic = \"g\", inputs = [{ input = 1, means = \"is-open\" }] } }",
            "{ shelly = { id = \"shellyplus1-a8\", hold_relay = 1, pulse_ms = 500 } }",
            "{ http = { open = { url = \"http://10.0.0.7/relay/0?on={pulse_ms}\" } } }",
            "{ onvif = { url = \"http://10.0.0.8/onvif/door\", door = \"d1\" } }",
        ] {
            assert_eq!(with(good), Vec::<String>::new(), "{good}");
        }
        for (bad, told) in [
            ("\"magic\"", "unknown variant `magic`"),
            ("{ shelly = { relay = 1 } }", "missing field `id`"),
            (
                "{ tasmota = { topic = \"a/#\" } }",
                "line 12 column 12: topic \"a/#\" cannot",
            ),
            (
                "{ tasmota = { topic = \"a\", relay = 0 } }",
                "a relay is out of range; write 1 to 28",
            ),
            (
                "{ shelly = { id = \"a\", hold_relay = 0 } }",
                "relay and hold_relay are the same",
            ),
            (
                "{ shelly = { id = \"a\", timeout_ms = 3000 } }",
                "less than command_expires_ms",
            ),
            (
                "{ shelly = { id = \"a\", pulse_ms = 1 } }",
                "pulse_ms is out of range",
            ),
            (
                "{ http = { open = { url = \"relay\" } } }",
                "an address is no URL",
            ),
            (
                "{ http = { open = { url = \"http://u:p@h/\" } } }",
                "has a password in it",
            ),
            (
                "{ onvif = { url = \"http://h/\", door = \"d\", user = \"u\" } }",
                "user and password_file are not both there",
            ),
        ] {
            let found: Vec<String> = with(bad);
            assert!(
                found.iter().any(|problem| problem.contains(told)),
                "{bad}: {found:?}"
            );
        }
    }
}
