//! Taking in over a real broker: receipts, doubles, garbage, pictures, restarts.

use crate::{
    scene::{alarm, camera, candidate, envelope, movement, passage, sighting, verdict},
    site::{config, request},
};
use axum::{body::to_bytes, http::StatusCode};
use domain::{CameraId, Outcome, PassageState, SiteId};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents},
    shutdown::Shutdown,
};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use tower::ServiceExt as _;
use violation_api::{Api, ApiError, store::Page};
use wire::{CameraState, Envelope, Message, Topic};

const DEADLINE: Duration = Duration::from_secs(20);

/// A broker, the service on it, and a sender beside it.
struct Line {
    folder: tempfile::TempDir,
    broker: EmbeddedBroker,
    edge: Bus,
    receipts: BusEvents,
    service: Service,
}

struct Service {
    api: Api,
    address: SocketAddr,
    shutdown: Shutdown,
    run: JoinHandle<Result<(), ApiError>>,
}

fn site() -> SiteId {
    "park-1".parse().unwrap()
}

async fn serve(folder: &tempfile::TempDir, broker: &EmbeddedBroker, client: &str) -> Service {
    let mut config = config(folder);
    config.bind = "127.0.0.1:0".parse().unwrap();
    let api = Api::open(config).await.unwrap();
    let listener = api.listen().await.unwrap();
    let address = listener.local_addr().unwrap();
    let (bus, _events) = Bus::connect(BusConfig::new("127.0.0.1", broker.port, site(), client));
    bus.wait_online().await.unwrap();
    let shutdown = Shutdown::new();
    let run = {
        let (api, shutdown) = (api.clone(), shutdown.clone());
        tokio::spawn(async move { api.run(listener, bus, shutdown).await })
    };
    let service = Service {
        api,
        address,
        shutdown,
        run,
    };
    until("the service is ready", async || {
        service.get("/readyz").await.0 == StatusCode::OK
    })
    .await;
    service
}

impl Service {
    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let response = self
            .api
            .router()
            .oneshot(request("GET", path, &[], ""))
            .await
            .unwrap();
        let status = response.status();
        (
            status,
            to_bytes(response.into_body(), 1_000_000)
                .await
                .unwrap()
                .to_vec(),
        )
    }
}

impl Line {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = EmbeddedBroker::start(0).unwrap();
        let service = serve(&folder, &broker, "violation-api").await;
        let mut edge = BusConfig::new("127.0.0.1", broker.port, site(), "edge-1");
        edge.filters = vec![Topic::Receipt(site(), "edge-1".to_owned()).to_string()];
        let (edge, receipts) = Bus::connect(edge);
        edge.wait_online().await.unwrap();
        let line = Self {
            folder,
            broker,
            edge,
            receipts,
            service,
        };
        line.wait_heard().await;
        line
    }

    /// Subscriptions are made in the background: says something until it is heard.
    async fn wait_heard(&self) {
        let mut n_frames = 0;
        until("the service hears", async || {
            n_frames += 25;
            let status = camera("probe", CameraState::Streaming, n_frames);
            self.say(&envelope(n_frames, "edge-1", Message::Camera(status)));
            !self.service.api.store().cameras().await.unwrap().is_empty()
        })
        .await;
    }

    fn say(&self, envelope: &Envelope) {
        let topic = match &envelope.message {
            Message::Sighting(s) => Topic::Sighting(site(), s.camera.clone()),
            Message::Candidate(c) => Topic::Candidate(site(), c.camera.clone()),
            Message::Verdict(v) => Topic::Verdict(site(), v.gate.clone()),
            Message::Passage(p) => Topic::Passage(site(), p.gate.clone()),
            Message::Movement(m) => Topic::Movement(site(), m.gate.clone()),
            Message::Alarm(a) => Topic::Alarm(site(), a.gate.clone()),
            Message::Camera(c) => Topic::CameraState(site(), c.camera.clone()),
            other => panic!("{other:?}"),
        };
        self.edge.publish(&topic, envelope).unwrap();
    }

    async fn say_raw(&self, topic: &str, payload: &[u8]) {
        until("there is room", async || {
            self.edge.publish_raw(topic, payload.to_vec()).is_ok()
        })
        .await;
    }

    /// Waits for receipts of all of these.
    async fn receipts_for(&mut self, envelopes: &[Envelope]) -> BTreeSet<String> {
        let wanted: BTreeSet<&str> = envelopes.iter().map(|envelope| &*envelope.id).collect();
        let mut got = BTreeSet::new();
        while !wanted.iter().all(|id| got.contains(*id)) {
            let next = tokio::time::timeout(DEADLINE, self.receipts.recv()).await;
            let incoming = next.expect("no receipt in time").unwrap();
            let Message::Receipt(receipt) = incoming.envelope().unwrap().message else {
                continue;
            };
            assert_eq!(receipt.source, "edge-1");
            got.extend(receipt.ids);
        }
        got
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !is_so().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what}: not in time"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn events(first: u64) -> Vec<Envelope> {
    let messages = [
        Message::Sighting(sighting(first, 0)),
        Message::Sighting(sighting(first, 1)),
        Message::Verdict(verdict(first, Outcome::Grant)),
        Message::Passage(passage(first, PassageState::Commanded, 5)),
        Message::Movement(movement(first)),
        Message::Alarm(alarm(first)),
        Message::Candidate(candidate(first)),
    ];
    let say = |(n, message)| envelope(first * 100 + n, "edge-1", message);
    (0..).zip(messages).map(say).collect()
}

#[tokio::test]
async fn what_is_stored_is_receipted_and_doubles_are_too() {
    let mut line = Line::new().await;
    let events = events(1);
    events.iter().for_each(|envelope| line.say(envelope));
    let got = line.receipts_for(&events).await;
    assert_eq!(got.len(), events.len(), "states need no receipt");
    let tally = line.service.api.tally();
    let n_states = tally.stored - 7;
    assert!(0 < n_states);

    // The sender has missed the receipts and says everything again.
    events.iter().for_each(|envelope| line.say(envelope));
    line.receipts_for(&events).await;
    let again = line.service.api.tally();
    assert_eq!(
        (again.stored, again.doubled),
        (tally.stored, tally.doubled + 7)
    );
    let store = line.service.api.store();
    assert_eq!(
        store.passages(None, &Page::newest(9)).await.unwrap().len(),
        1
    );
    assert_eq!(store.cases(None, &Page::newest(9)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn garbage_is_counted_and_the_rest_goes_on() {
    let mut line = Line::new().await;
    let topic = Topic::Sighting(site(), "gate-1-in".parse::<CameraId>().unwrap()).to_string();
    let good = envelope(1, "edge-1", Message::Sighting(sighting(1, 0)));
    let text = String::from_utf8(good.encode()).unwrap();
    let newer = text.replacen("\"v\":1", "\"v\":2", 1);
    let other_camera = text.replace("gate-1-in", "gate-2-in");
    let bad_id = text.replace(&good.id, "../../etc");
    let bad_source = text.replace("edge-1", "a/+/#");
    let mut control = candidate(1);
    control.rule = "red\u{0}light".to_owned();
    let control = envelope(2, "edge-1", Message::Candidate(control)).encode();
    let large = vec![b' '; wire::PAYLOAD_BYTES_MAX + 1];
    let bad: Vec<&[u8]> = vec![
        b"",
        b"not json",
        b"{}",
        b"\xff\xfe\x00",
        newer.as_bytes(),
        other_camera.as_bytes(),
        bad_id.as_bytes(),
        bad_source.as_bytes(),
        &large,
    ];
    for payload in &bad {
        line.say_raw(&topic, payload).await;
    }
    let junction = Topic::Candidate(site(), "junction-1".parse().unwrap()).to_string();
    line.say_raw(&junction, &control).await;
    let n_bad = u64::try_from(bad.len() + 1).unwrap();
    until("all garbage is counted", async || {
        line.service.api.tally().rejected == n_bad
    })
    .await;
    line.say(&good);
    line.receipts_for(&[good]).await;
    assert_eq!(line.service.api.tally().rejected, n_bad);
}

#[tokio::test]
async fn the_newest_live_picture_is_shown() {
    let line = Line::new().await;
    let topic = Topic::Picture(site(), "road".parse().unwrap()).to_string();
    line.say_raw(&topic, b"<svg/>").await;
    line.say_raw(&topic, &[0xff, 0xd8, 0xff, 1]).await;
    line.say_raw(&topic, &[0xff, 0xd8, 0xff, 2]).await;
    let path = "/api/v1/cameras/road/picture.jpg";
    until("the picture is there", async || {
        line.service.get(path).await == (StatusCode::OK, vec![0xff, 0xd8, 0xff, 2])
    })
    .await;
    assert_eq!(line.service.api.tally().pictures_rejected, 1);
    let (_, page) = line.service.get("/").await;
    assert!(
        String::from_utf8(page).unwrap().contains(path),
        "a camera with a picture only"
    );
}

#[tokio::test]
async fn a_killed_service_loses_nothing_and_doubles_nothing() {
    let mut line = Line::new().await;
    let all: Vec<Envelope> = (1..=30).flat_map(events).collect();
    all.iter().for_each(|envelope| line.say(envelope));
    // Somewhere in the middle.
    line.receipts_for(&all[..40]).await;
    line.service.run.abort();
    assert!((&mut line.service.run).await.unwrap_err().is_cancelled());

    line.service = serve(&line.folder, &line.broker, "violation-api-2").await;
    // An outbox repeats what it has no receipt for; here, to be strict, everything, last first.
    all.iter().rev().for_each(|envelope| line.say(envelope));
    line.receipts_for(&all).await;
    let store = line.service.api.store();
    let page = Page::newest(200);
    assert_eq!(store.sightings(None, &page).await.unwrap().len(), 30);
    assert!(
        store
            .sightings(None, &page)
            .await
            .unwrap()
            .iter()
            .all(|row| row.revision == 1)
    );
    assert_eq!(store.passages(None, &page).await.unwrap().len(), 30);
    assert_eq!(store.verdicts(&page).await.unwrap().len(), 30);
    assert_eq!(store.cases(None, &page).await.unwrap().len(), 30);
}

#[tokio::test]
async fn it_serves_over_a_socket_and_ends_with_pages_open() {
    let line = Line::new().await;
    let address = line.service.address;
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    };
    let mut page = String::new();
    ask("/").await.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("Tổng quan"));
    let mut events = ask("/events").await;
    let mut start = [0; 15];
    events.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");

    line.service.shutdown.trigger();
    let ended = tokio::time::timeout(DEADLINE, line.service.run).await;
    ended
        .expect("an open page kept the service from ending")
        .unwrap()
        .unwrap();
}

/// Writes down everything that is logged, at every level.
#[derive(Clone, Default)]
struct Scribe {
    text: Arc<Mutex<String>>,
}

impl tracing::field::Visit for Scribe {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        writeln!(self.text.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Scribe {
    fn enabled(&self, _metadata: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _span: &tracing::span::Id, _follows: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _span: &tracing::span::Id) {}
    fn exit(&self, _span: &tracing::span::Id) {}
}

#[tokio::test]
async fn no_plate_is_logged() {
    let scribe = Scribe::default();
    let _guard = tracing::subscriber::set_default(scribe.clone());
    let mut line = Line::new().await;
    let events = events(1);
    events.iter().for_each(|envelope| line.say(envelope));
    line.receipts_for(&events).await;
    let plate = r#"{"plate":"51F12345"}"#;
    let topic = Topic::Sighting(site(), "gate-1-in".parse::<CameraId>().unwrap()).to_string();
    line.say_raw(&topic, plate.as_bytes()).await;
    until("it is refused", async || {
        line.service.api.tally().rejected == 1
    })
    .await;
    for path in [
        "/",
        "/cases",
        "/gates/gate-1",
        "/api/v1/sightings",
        "/api/v1/violations",
    ] {
        assert_eq!(line.service.get(path).await.0, StatusCode::OK);
    }
    line.service.get("/api/v1/sightings?plate=51F12345").await;
    line.service.api.store().close().await;
    line.service.get("/api/v1/sightings").await;
    let text = scribe.text.lock().unwrap().clone();
    assert!(text.contains("a message was refused") && text.contains("the store failed"));
    for secret in ["51F12345", "51F-123.45", "29B1", "29-B1"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
