//! Devices of other dialects behind their adapters: a real broker, a real HTTP server, and devices
//! that answer as their makers' references say.

use crate::{
    barrier::{acks, command, send, states},
    mosquitto::Mosquitto,
    site::*,
};
use axum::{Router, extract::State, http::HeaderMap, routing::post};
use domain::{AckResult, DeviceInput, DeviceNonce, GateCommand, GateState};
use gate_controller::{Adapter, AdapterParts, simulator_filters, start_adapter};
use serde_json::{Value, json};
use service::{
    bus::{Bus, BusEvents},
    clock::{SystemClock, now},
    config::site::ActuatorSection,
    keys::{CommandVerifier, SigningKeyFile},
    shutdown::Shutdown,
};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;
use wire::Message;

/// A site on a Mosquitto, an adapter in it, and who listens.
struct Bench {
    site: Site,
    adapter: Adapter,
    listener: Listener,
    sender: Bus,
    _events: BusEvents,
}

impl Bench {
    async fn new(broker: &Mosquitto, actuator: &str) -> Self {
        let site = Site::on(broker.port);
        let listener = site.listener().await;
        let (bus, events) = site
            .connect("barrier-1", simulator_filters(&site_id(), &gate_id()))
            .await;
        let parts = AdapterParts {
            bus,
            events,
            verifier: CommandVerifier::from_public(&site.key().public()).expect("a key"),
            gate: gate_id(),
            memory: site.folder.path().join("barrier-1.obeyed"),
            clock: SystemClock,
        };
        #[derive(serde::Deserialize)]
        struct Gate {
            actuator: ActuatorSection,
        }
        let gate: Gate = toml::from_str(&format!("actuator = {actuator}")).expect("it is right");
        let adapter = start_adapter(&gate.actuator, parts, Shutdown::new()).expect("it starts");
        let (sender, _events) = site.connect("sender", Vec::new()).await;
        Self {
            site,
            adapter,
            listener,
            sender,
            _events,
        }
    }

    fn open(&self, id: u128) -> GateCommand {
        let nonce = self.adapter.barrier().borrow().nonce;
        command(id, nonce.expect("an adapter gives a nonce"), now())
    }

    fn send(&self, command: GateCommand) {
        let signed = self.site.key().sign_command(&site_id(), command);
        send(&self.sender, signed);
    }

    /// Waits until so many acknowledgements were heard in all, and gives those of this command.
    async fn acks(&mut self, n: usize, id: u128) -> Vec<AckResult> {
        let heard = self.listener.until(|heard| n <= acks(heard).len()).await;
        let acks = acks(&heard).into_iter();
        acks.filter(|ack| ack.0 == id).map(|ack| ack.1).collect()
    }

    /// What must never open anything; it is told to the device of the bench, five answers come.
    fn send_what_is_wrong(&self, good: &GateCommand) {
        let change = |id, change: fn(&mut GateCommand)| {
            let mut command = self.open(id);
            change(&mut command);
            self.send(command);
        };
        self.send(good.clone()); // again
        change(91, |c| {
            c.expires_at = c.issued_at.saturating_sub(Duration::from_secs(1))
        });
        change(92, |c| c.nonce = Some(DeviceNonce(1)));
        change(93, |c| c.gate = "gate-2".parse().expect("a slug"));
        let path = self.site.folder.path().join("forger");
        let forger = SigningKeyFile::load_or_create(&path).expect("a key");
        send(&self.sender, forger.sign_command(&site_id(), self.open(94)));
    }
}

/// A Tasmota: its pulses are counted.
struct Tasmota {
    bus: Bus,
    pulses: Arc<AtomicU64>,
    is_mute: Arc<AtomicU64>,
}

impl Tasmota {
    async fn start(site: &Site) -> Self {
        let (bus, mut events) = site
            .connect("tasmota", vec!["cmnd/gate/#".to_owned()])
            .await;
        let (pulses, is_mute) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (counted, mute, speaker) = (Arc::clone(&pulses), Arc::clone(&is_mute), bus.clone());
        tokio::spawn(async move {
            let say = |value: Value| {
                let payload = value.to_string().into_bytes();
                speaker
                    .publish_raw("stat/gate/RESULT", payload)
                    .expect("there is room");
            };
            while let Some(incoming) = events.recv().await {
                let payload = String::from_utf8_lossy(&incoming.payload).into_owned();
                match incoming.topic.rsplit('/').next().unwrap_or_default() {
                    "PulseTime1" => {
                        let set: u64 = payload.parse().expect("a number");
                        say(json!({"PulseTime1": {"Set": set, "Remaining": 0}}));
                    }
                    "POWER1" => {
                        assert_eq!(payload, "ON", "the device ends its own pulse");
                        counted.fetch_add(1, Ordering::Relaxed);
                        if mute.load(Ordering::Relaxed) == 0 {
                            say(json!({"POWER1": "ON"}));
                            say(json!({"POWER1": "OFF"}));
                        }
                    }
                    _ => (),
                }
            }
        });
        let tasmota = Self {
            bus,
            pulses,
            is_mute,
        };
        tasmota.will("Online");
        tasmota
    }

    fn will(&self, word: &str) {
        let sent = self.bus.publish_foreign("tele/gate/LWT", word.into(), true);
        sent.expect("there is room");
    }

    fn switch(&self, number: u8, is_on: bool) {
        let action = if is_on { "ON" } else { "OFF" };
        let name = format!("Switch{number}");
        let payload = json!({name: {"Action": action}}).to_string().into_bytes();
        self.bus
            .publish_raw("stat/gate/RESULT", payload)
            .expect("there is room");
    }

    fn n_pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }
}

/// The first command that the device obeys, with `n_answers` to it, and how many answers came in
/// all: until it has confirmed its pulse, every command is refused.
async fn first_obeyed(bench: &mut Bench, n_answers: usize) -> (u128, usize) {
    for n_refused in 0.. {
        let id = n_refused as u128 + 1;
        bench.send(bench.open(id));
        let results = bench.acks(n_refused + 1, id).await;
        if results[0] == AckResult::Accepted {
            bench.acks(n_refused + n_answers, id).await;
            return (id, n_refused + n_answers);
        }
    }
    unreachable!("the loop has no end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tasmota_gives_one_pulse_for_one_good_command() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut bench = Bench::new(
        &broker,
        "{ tasmota = { topic = \"gate\", pulse_ms = 700 } }",
    )
    .await;
    // Nobody is there yet.
    bench.send(bench.open(80));
    assert_eq!(bench.acks(1, 80).await, [AckResult::Rejected]);
    bench.listener.forget();
    let device = Tasmota::start(&bench.site).await;
    let (id, n_acks) = first_obeyed(&mut bench, 2).await;
    let good = bench.open(id);
    bench.send_what_is_wrong(&good);
    let heard = bench.acks(n_acks + 5, id).await;
    use AckResult::*;
    assert_eq!(heard, [Accepted, Executed, Duplicate]);
    assert_eq!(device.n_pulses(), 1);

    device.will("Offline");
    let mut id = 200;
    loop {
        let n_before = device.n_pulses();
        id += 1;
        bench.send(bench.open(id));
        let seen = bench
            .listener
            .until(|heard| acks(heard).iter().any(|ack| ack.0 == id));
        let first = acks(&seen.await).into_iter().find(|ack| ack.0 == id);
        if first.expect("it was waited for").1 == AckResult::Rejected {
            assert_eq!(device.n_pulses(), n_before);
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tasmota_with_limit_switches_says_when_it_is_up() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let actuator = "{ tasmota = { topic = \"gate\", timeout_ms = 300, inputs = [\
                    { input = 1, means = \"is-open\" }, { input = 2, means = \"is-closed\" }, \
                    { input = 3, means = \"loop-before\" }] } }";
    let mut bench = Bench::new(&broker, actuator).await;
    let device = Tasmota::start(&bench.site).await;
    let (id, n_acks) = first_obeyed(&mut bench, 1).await;
    device.switch(2, true);
    device.switch(3, true);
    device.switch(2, false);
    device.switch(1, true);
    assert_eq!(
        bench.acks(n_acks + 1, id).await,
        [AckResult::Accepted, AckResult::Executed]
    );
    let is_up = |heard: &[Message]| states(heard).contains(&GateState::Open);
    let heard = bench.listener.until(is_up).await;
    use GateState::*;
    assert_eq!(states(&heard), [Unknown, Closed, Unknown, Open]);
    let is_loop = |message: &Message| {
        matches!(message, Message::Device(event)
            if event.input == DeviceInput::LoopBefore && event.is_active && event.seq == 0)
    };
    assert!(heard.iter().any(is_loop));

    // One that does not answer has been asked once, and the command has failed.
    device.is_mute.store(1, Ordering::Relaxed);
    let n_before = device.n_pulses();
    bench.send(bench.open(900));
    assert_eq!(bench.acks(n_acks + 2, 900).await, [AckResult::Rejected]);
    assert_eq!(device.n_pulses(), n_before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shelly_gives_one_pulse_for_one_good_command() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut bench = Bench::new(&broker, "{ shelly = { id = \"shellyplus1-a8\" } }").await;
    let filter = vec!["shellyplus1-a8/rpc".to_owned()];
    let (bus, mut events) = bench.site.connect("shelly", filter).await;
    let pulses = Arc::new(Mutex::new(Vec::new()));
    let (seen, speaker) = (Arc::clone(&pulses), bus.clone());
    tokio::spawn(async move {
        while let Some(incoming) = events.recv().await {
            let request: Value = serde_json::from_slice(&incoming.payload).expect("JSON");
            let mut result = json!({"input:0": {"id": 0, "state": false}});
            if request["method"] == "Switch.Set" {
                seen.lock()
                    .expect("no panic")
                    .push(request["params"].clone());
                result = json!({"was_on": false});
            }
            let source = request["src"].as_str().expect("text").to_owned();
            let answer = json!({"id": request["id"], "src": "shellyplus1-a8", "dst": source,
                                "result": result});
            let payload = answer.to_string().into_bytes();
            speaker
                .publish_raw(&format!("{source}/rpc"), payload)
                .expect("there is room");
        }
    });
    bus.publish_foreign("shellyplus1-a8/online", b"true".to_vec(), true)
        .expect("there is room");
    let (id, n_acks) = first_obeyed(&mut bench, 2).await;
    let good = GateCommand {
        // The same id is enough for a duplicate.
        ..bench.open(id)
    };
    bench.send_what_is_wrong(&good);
    let heard = bench.acks(n_acks + 5, id).await;
    use AckResult::*;
    assert_eq!(heard, [Accepted, Executed, Duplicate]);
    let pulses = pulses.lock().expect("no panic");
    assert_eq!(*pulses, [json!({"id": 0, "on": true, "toggle_after": 1.0})]);
}

/// What a server was asked.
type Asked = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// Serves until the test ends.
async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_relay_is_asked_once_for_each_good_command() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let asked = Asked::default();
    let relay = |State(asked): State<Asked>, headers: HeaderMap, body: String| async move {
        let mut asked = asked.lock().expect("no panic");
        asked.push((headers, body));
        if asked.len() == 2 {
            (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "busy")
        } else {
            (axum::http::StatusCode::OK, "{\"ok\":true}")
        }
    };
    let hang = || async { std::future::pending::<()>().await };
    let router = Router::new()
        .route("/relay/{ms}", post(relay))
        .route("/hang", post(hang))
        .with_state(Arc::clone(&asked));
    let port = serve(router).await;
    let headers = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(headers.path(), "# secret\nAuthorization: Bearer abc\n").expect("written");
    let actuator = format!(
        "{{ http = {{ open = {{ url = \"http://127.0.0.1:{port}/relay/{{pulse_ms}}\", \
         body = \"for {{pulse_s}} s\" }}, hold = {{ url = \"http://127.0.0.1:{port}/hang\" }}, \
         release = {{ url = \"http://127.0.0.1:{port}/none\" }}, body_contains = \"true\", \
         pulse_ms = 1250, timeout_ms = 400, headers_file = \"{}\" }} }}",
        headers.path().display()
    );
    let mut bench = Bench::new(&broker, &actuator).await;
    let good = bench.open(1);
    bench.send(good.clone());
    // Nobody knows where it is.
    assert_eq!(bench.acks(1, 1).await, [AckResult::Accepted]);
    bench.send_what_is_wrong(&good);
    assert_eq!(
        bench.acks(6, 1).await,
        [AckResult::Accepted, AckResult::Duplicate]
    );
    bench.send(bench.open(2));
    assert_eq!(bench.acks(7, 2).await, [AckResult::Rejected]);
    let kind = domain::CommandKind::HoldOpen;
    bench.send(GateCommand {
        kind,
        ..bench.open(3)
    });
    assert_eq!(
        bench.acks(8, 3).await,
        [AckResult::Rejected],
        "it does not answer"
    );
    let kind = domain::CommandKind::Release;
    bench.send(GateCommand {
        kind,
        ..bench.open(4)
    });
    assert_eq!(
        bench.acks(9, 4).await,
        [AckResult::Rejected],
        "there is no such page"
    );
    let asked = asked.lock().expect("no panic");
    let bodies: Vec<&str> = asked.iter().map(|(_headers, body)| body.as_str()).collect();
    assert_eq!(bodies, ["for 1.250 s", "for 1.250 s"]);
    assert_eq!(asked[0].0["authorization"], "Bearer abc");
}

const SOAP_NS: &str = "http://www.w3.org/2003/05/soap-envelope";
const DOOR_NS: &str = "http://www.onvif.org/ver10/doorcontrol/wsdl";

/// A door controller: open after it was accessed, until the test shuts it.
async fn door(State((is_open, asked)): State<(Arc<AtomicU64>, Asked)>, body: String) -> String {
    let envelope = |inner: &str| {
        format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"{SOAP_NS}\" xmlns:d=\"{DOOR_NS}\">\
             <e:Body>{inner}</e:Body></e:Envelope>"
        )
    };
    if !body.contains("<wsse:Username>gac</wsse:Username>") || !body.contains("#PasswordDigest") {
        return envelope("<e:Fault><e:Reason><e:Text>who?</e:Text></e:Reason></e:Fault>");
    }
    if body.contains("<tdc:GetDoorState><tdc:Token>d1</tdc:Token>") {
        let is_open = is_open.load(Ordering::Relaxed) != 0;
        let state = if is_open { "Open" } else { "Closed" };
        return envelope(&format!(
            "<d:GetDoorStateResponse><d:DoorState><d:DoorPhysicalState>{state}\
             </d:DoorPhysicalState><d:DoorMode>Locked</d:DoorMode></d:DoorState>\
             </d:GetDoorStateResponse>"
        ));
    }
    asked
        .lock()
        .expect("no panic")
        .push((HeaderMap::new(), body.clone()));
    if body.contains("<tdc:AccessDoor>") {
        is_open.store(1, Ordering::Relaxed);
        return envelope("<d:AccessDoorResponse/>");
    }
    envelope("<e:Fault><e:Reason><e:Text>Not supported</e:Text></e:Reason></e:Fault>")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onvif_door_is_accessed_once_and_says_when_it_is_open() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let (is_open, asked) = (Arc::<AtomicU64>::default(), Asked::default());
    let state = (Arc::clone(&is_open), Arc::clone(&asked));
    let router = Router::new()
        .route("/onvif/door", post(door))
        .with_state(state);
    let port = serve(router).await;
    let password = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(password.path(), "secret\n").expect("written");
    let actuator = format!(
        "{{ onvif = {{ url = \"http://127.0.0.1:{port}/onvif/door\", door = \"d1\", user = \"gac\", \
         password_file = \"{}\", poll_ms = 100 }} }}",
        password.path().display()
    );
    let mut bench = Bench::new(&broker, &actuator).await;
    let is_shut = |heard: &[Message]| states(heard).contains(&GateState::Closed);
    bench.listener.until(is_shut).await;
    let good = bench.open(1);
    bench.send(good.clone());
    assert_eq!(
        bench.acks(2, 1).await,
        [AckResult::Accepted, AckResult::Executed]
    );
    bench.send_what_is_wrong(&good);
    bench.acks(7, 1).await;
    is_open.store(0, Ordering::Relaxed);
    let is_shut_again = |heard: &[Message]| states(heard).last() == Some(&GateState::Closed);
    let heard = bench.listener.until(is_shut_again).await;
    use GateState::*;
    assert_eq!(states(&heard), [Unknown, Closed, Open, Closed]);
    let kind = domain::CommandKind::HoldOpen;
    bench.send(GateCommand {
        kind,
        ..bench.open(2)
    });
    assert_eq!(bench.acks(8, 2).await, [AckResult::Rejected]);
    let asked = asked.lock().expect("no panic");
    assert_eq!(asked.len(), 2);
    let expect = "<tdc:AccessDoor><tdc:Token>d1</tdc:Token>\
                  <tdc:AccessTime>PT1.000S</tdc:AccessTime></tdc:AccessDoor>";
    assert!(asked[0].1.contains(expect), "{}", asked[0].1);
    assert!(asked[1].1.contains("<tdc:LockOpenDoor>"));
}
