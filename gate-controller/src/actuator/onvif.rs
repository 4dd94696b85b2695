//! Door controllers with the ONVIF Door Control service (specification 17.12 and later): SOAP 1.2
//! requests `AccessDoor`, `LockOpenDoor` and their like; where the door is, is asked again and
//! again with `GetDoorState`.

use super::{
    adapter::Report,
    http::{Answer, HttpError, Request, read},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Ack, AckResult, CommandKind, DeviceInput, GateCommand, GateState, Timestamp,
    ports::{Clock, GateActuator},
};
use roxmltree::Document;
use service::config::site::{OnvifHold, OnvifSection};
use sha1::{Digest as _, Sha1};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc};

const SERVICE: &str = "http://www.onvif.org/ver10/doorcontrol/wsdl";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Security UsernameToken Profile 1.0, which ONVIF Core §5.9 asks for.
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/\
                      oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/\
                      oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// The door is asked this often while it may be moving.
const POLL_MOVING: Duration = Duration::from_millis(100);
const N_POLLS_MOVING: u32 = 30;

/// A door of such a controller.
pub(super) struct OnvifDoor<C> {
    settings: Arc<OnvifSection>,
    clock: C,
    has_been_told: Arc<Notify>,
}

impl<C: Clock + Clone + 'static> OnvifDoor<C> {
    /// Starts to ask for the door's state; it ends when nobody takes the reports.
    pub(super) fn start(settings: OnvifSection, clock: C, reports: mpsc::Sender<Report>) -> Self {
        let settings = Arc::new(settings);
        let has_been_told = Arc::new(Notify::new());
        let (told, asked) = (Arc::clone(&has_been_told), Arc::clone(&settings));
        tokio::spawn(poll(asked, clock.clone(), told, reports));
        Self {
            settings,
            clock,
            has_been_told,
        }
    }
}

impl<C: Clock> GateActuator for OnvifDoor<C> {
    type Error = HttpError;

    async fn send(&self, command: GateCommand) -> Result<Ack, HttpError> {
        let (lock_open, unlock) = (OnvifHold::LockOpen, OnvifHold::Unlock);
        let operation = match (command.kind, self.settings.hold) {
            (CommandKind::Open, _) => "AccessDoor",
            (CommandKind::HoldOpen, hold) if hold == lock_open => "LockOpenDoor",
            (CommandKind::Release, hold) if hold == lock_open => "LockOpenReleaseDoor",
            (CommandKind::HoldOpen, hold) if hold == unlock => "UnlockDoor",
            (CommandKind::HoldOpen | CommandKind::Release, _) => "LockDoor",
        };
        let pulse_ms = self.settings.pulse_ms;
        let more = if command.kind == CommandKind::Open {
            let (seconds, millis) = (pulse_ms / 1000, pulse_ms % 1000);
            format!("<tdc:AccessTime>PT{seconds}.{millis:03}S</tdc:AccessTime>")
        } else {
            String::new()
        };
        let now = self.clock.now();
        let life = command.expires_at.since(now);
        let timeout = life.min(Duration::from_millis(self.settings.timeout_ms));
        ask(&self.settings, (operation, &more), now, timeout).await?;
        self.has_been_told.notify_one();
        let result = if command.kind == CommandKind::Release {
            AckResult::Executed
        } else {
            AckResult::Accepted
        };
        Ok(Ack {
            command: command.id,
            gate: command.gate,
            result,
            at: self.clock.now(),
        })
    }
}

/// Asks for the state until nobody listens; more often after a command.
async fn poll<C: Clock>(
    settings: Arc<OnvifSection>,
    clock: C,
    told: Arc<Notify>,
    reports: mpsc::Sender<Report>,
) {
    let timeout = Duration::from_millis(settings.timeout_ms);
    let mut n_quick = 0_u32;
    let mut is_lost = false;
    loop {
        let answer = ask(&settings, ("GetDoorState", ""), clock.now(), timeout).await;
        let said = match answer.and_then(|answer| reports_of(&answer.body)) {
            Ok(said) => {
                is_lost = false;
                said
            }
            Err(error) => {
                if !is_lost {
                    let cause = std::error::Error::source(&error);
                    tracing::warn!(cause, "the door does not say where it is: {error}");
                }
                is_lost = true;
                vec![Report::Moved(GateState::Unknown)]
            }
        };
        for report in said {
            if reports.send(report).await.is_err() {
                return;
            }
        }
        let pause = if n_quick == 0 {
            Duration::from_millis(settings.poll_ms)
        } else {
            POLL_MOVING
        };
        n_quick = n_quick.saturating_sub(1);
        tokio::select! {
            () = told.notified() => n_quick = N_POLLS_MOVING,
            () = clock.sleep(pause) => {}
        }
    }
}

/// One request; anything but a response of that operation is an error.
async fn ask(
    settings: &OnvifSection,
    (operation, more): (&str, &str),
    now: Timestamp,
    timeout: Duration,
) -> Result<Answer, HttpError> {
    let token = escaped(&settings.door);
    let body = format!("<tdc:{operation}><tdc:Token>{token}</tdc:Token>{more}</tdc:{operation}>");
    let action = format!("{SERVICE}/{operation}");
    let content_type = format!("application/soap+xml; charset=utf-8; action=\"{action}\"");
    let request = Request {
        method: "POST".to_owned(),
        url: settings.url.clone(),
        headers: vec![("Content-Type".to_owned(), content_type)],
        body: envelope(&security(settings, now)?, &body),
        timeout,
    };
    let answer = request.send().await?;
    let expected = format!("{operation}Response");
    match read_answer(&answer.body, &expected) {
        Some(true) if answer.status == 200 => Ok(answer),
        Some(false) => {
            let because = fault_of(&answer.body).map(|reason| format!(": {reason}"));
            Err(HttpError::Refused {
                status: answer.status,
                because,
            })
        }
        _ if answer.status != 200 => Err(HttpError::Refused {
            status: answer.status,
            because: None,
        }),
        _ => Err(HttpError::Answer {
            reason: "it is no SOAP response to the request",
        }),
    }
}

fn envelope(security: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"{SOAP}\" xmlns:tdc=\"{SERVICE}\">\
         <s:Header>{security}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn security(settings: &OnvifSection, now: Timestamp) -> Result<String, HttpError> {
    let (Some(user), Some(file)) = (&settings.user, &settings.password_file) else {
        return Ok(String::new());
    };
    let password = read(file)?;
    let password = password.trim_end_matches(['\r', '\n']);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).expect("the operating system gives random numbers");
    let created = now.to_string();
    let digest = password_digest(&nonce, &created, password);
    let (user, nonce) = (escaped(user), BASE64_STANDARD.encode(nonce));
    Ok(format!(
        "<wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"{WSSE}\" xmlns:wsu=\"{WSU}\">\
         <wsse:UsernameToken><wsse:Username>{user}</wsse:Username>\
         <wsse:Password Type=\"{DIGEST}\">{digest}</wsse:Password>\
         <wsse:Nonce EncodingType=\"{BASE64}\">{nonce}</wsse:Nonce>\
         <wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    ))
}

/// `Base64(SHA-1(nonce + created + password))`: WS-Security UsernameToken Profile 1.0, line 171.
fn password_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(nonce);
    sha1.update(created.as_bytes());
    sha1.update(password.as_bytes());
    BASE64_STANDARD.encode(sha1.finalize())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Whether it is that response; false for a fault, nothing for anything else.
fn read_answer(xml: &str, expected: &str) -> Option<bool> {
    let document = Document::parse(xml).ok()?;
    let mut names = document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .map(|node| node.tag_name());
    names.find_map(|name| {
        let is_ours = name.namespace() == Some(SERVICE) && name.name() == expected;
        let is_fault = name.namespace() == Some(SOAP) && name.name() == "Fault";
        (is_ours || is_fault).then_some(is_ours)
    })
}

/// The reason of a fault, at most 200 characters of it.
fn fault_of(xml: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let mut nodes = document.descendants();
    let reason = nodes.find(|node| node.has_tag_name((SOAP, "Text")))?;
    let text: String = reason.text()?.chars().take(200).collect();
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What a `GetDoorStateResponse` says. Where there is no sensor, the mode of the lock counts.
fn reports_of(xml: &str) -> Result<Vec<Report>, HttpError> {
    let wrong = |reason| HttpError::Answer { reason };
    let document = Document::parse(xml).map_err(|_error| wrong("it is no XML"))?;
    let text = |name: &str| {
        let mut nodes = document.descendants();
        let found = nodes.find(|node| node.tag_name().name() == name)?;
        found.text().map(|text| text.trim().to_owned())
    };
    let mode = text("DoorMode").ok_or_else(|| wrong("it has no DoorMode"))?;
    let state = match (text("DoorPhysicalState").as_deref(), mode.as_str()) {
        (Some("Open"), _) => GateState::Open,
        (Some("Closed"), _) => GateState::Closed,
        (Some("Fault"), _) => GateState::Fault,
        (Some(_), _) => GateState::Unknown,
        (None, "Accessed" | "Unlocked" | "LockedOpen") => GateState::Open,
        (None, "Locked" | "Blocked" | "LockedDown" | "DoubleLocked") => GateState::Closed,
        (None, _) => GateState::Unknown,
    };
    let mut all = vec![Report::Moved(state)];
    if let Some(tamper) = text("Tamper") {
        let is_active = tamper == "TamperDetected";
        all.push(Report::Input(DeviceInput::Tamper, is_active));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_onvif_guide() {
        // ONVIF Application Programmer's Guide 1.0, §6.1.1.3.
        let nonce = BASE64_STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let digest = password_digest(&nonce, "2010-09-16T07:50:45Z", "userpassword");
        assert_eq!(digest, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
    }

    fn state(inner: &str) -> String {
        format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:tdc=\"{SERVICE}\"><s:Body>\
             <tdc:GetDoorStateResponse><tdc:DoorState>{inner}</tdc:DoorState>\
             </tdc:GetDoorStateResponse></s:Body></s:Envelope>"
        )
    }

    #[test]
    fn a_state_is_read_from_the_sensor_or_else_from_the_mode() {
        let mode = |mode: &str| format!("<tdc:DoorMode>{mode}</tdc:DoorMode>");
        let moved = |inner: &str| reports_of(&state(inner)).unwrap()[0];
        let physical = "<tdc:DoorPhysicalState>Closed</tdc:DoorPhysicalState>";
        for (inner, expect) in [
            (format!("{physical}{}", mode("Accessed")), GateState::Closed),
            (mode("Accessed"), GateState::Open),
            (mode("Locked"), GateState::Closed),
            (mode("Unknown"), GateState::Unknown),
        ] {
            assert_eq!(moved(&inner), Report::Moved(expect), "{inner}");
        }
        let tamper = format!("{}<tdc:Tamper>TamperDetected</tdc:Tamper>", mode("Locked"));
        assert_eq!(
            reports_of(&state(&tamper)).unwrap()[1],
            Report::Input(DeviceInput::Tamper, true)
        );
        assert!(reports_of(&state("")).is_err());
        assert!(reports_of("<a").is_err());
    }

    #[test]
    fn faults_and_strange_answers_are_no_success() {
        let fault = format!(
            "<s:Envelope xmlns:s=\"{SOAP}\"><s:Body><s:Fault><s:Code/><s:Reason>\
             <s:Text xml:lang=\"en\">Door\n not found</s:Text></s:Reason></s:Fault></s:Body>\
             </s:Envelope>"
        );
        assert_eq!(read_answer(&fault, "AccessDoorResponse"), Some(false));
        assert_eq!(fault_of(&fault).as_deref(), Some("Door not found"));
        assert_eq!(read_answer(&state(""), "AccessDoorResponse"), None);
        assert_eq!(
            read_answer("<AccessDoorResponse/>", "AccessDoorResponse"),
            None
        );
        assert_eq!(read_answer("moved", "AccessDoorResponse"), None);
    }

    #[test]
    fn names_from_the_configuration_cannot_break_out() {
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }
}
