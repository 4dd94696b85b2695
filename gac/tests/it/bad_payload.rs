//! Payloads that nobody of ours would send: they are counted, and the rest goes on.

use crate::{
    kept::{Stored, files},
    program::{Program, get_json, until},
    servers::Mosquitto,
    site::{SiteText, test_picture},
    spy::{Kind, Spy},
};
use domain::{
    BoxInImage, CameraId, Class, Sighting, SightingId, SightingPhase, SiteId, Timestamp, TrackId,
};
use service::{bus::Bus, clock};
use std::path::Path;
use wire::{Envelope, Message, Topic};

fn sighting(n: u128, at: Timestamp) -> Message {
    Message::Sighting(Sighting {
        id: SightingId(n),
        revision: 1,
        phase: SightingPhase::New,
        camera: "yard".parse().unwrap(),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: at,
        last_seen_at: at,
        bounds: BoxInImage::new(0.0, 0.0, 10.0, 10.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: None,
        face: None,
        picture: None,
        crossings: Vec::new(),
    })
}

fn envelope(n: u128) -> Envelope {
    let at = clock::now();
    Envelope {
        id: format!("{n:032x}"),
        source: "trial".to_owned(),
        seq: 1,
        sent_at: at,
        traceparent: None,
        message: sighting(n, at),
    }
}

/// A right message with a plate whose row has these characters.
fn with_row(n: u128, row: &str) -> Vec<u8> {
    let chars: Vec<_> = row
        .chars()
        .map(|c| serde_json::json!({"c": c.to_string(), "score": 0.9, "alt": []}))
        .collect();
    let mut value: serde_json::Value = serde_json::from_slice(&envelope(n).encode()).unwrap();
    value["message"]["body"]["plate"] = serde_json::json!({
        "rows": [chars], "colour": "white", "n_reads": 3, "n_agreeing": 3
    });
    serde_json::to_vec(&value).unwrap()
}

/// What must be refused, with the words that the log has about it.
fn bad_payloads() -> Vec<(Vec<u8>, &'static str)> {
    let good = String::from_utf8(envelope(99).encode()).unwrap();
    let newer = good.replacen("\"v\":1", "\"v\":2", 1);
    let unknown = good.replacen("\"revision\"", "\"colour_of_the_sky\":1,\"revision\"", 1);
    let no_time = good.replacen("\"sent_at\":\"", "\"sent_at\":\"yesterday ", 1);
    let mut large = good.clone().into_bytes();
    large.extend(std::iter::repeat_n(b' ', 300_000));
    vec![
        (
            b"hello".to_vec(),
            "payload is not a message of ours: is not JSON (line 1 column 1)",
        ),
        (
            b"\xff\xfe\x00".to_vec(),
            "payload is not a message of ours: is not JSON",
        ),
        (
            Vec::new(),
            "payload is not a message of ours: ends too early",
        ),
        (
            good.as_bytes()[..good.len() / 2].to_vec(),
            "payload is not a message of ours: ends too early",
        ),
        (
            newer.into_bytes(),
            "payload has version 2, this program reads 1: update this program",
        ),
        (
            unknown.into_bytes(),
            "has a missing, unknown or mistyped field",
        ),
        (
            no_time.into_bytes(),
            "has a missing, unknown or mistyped field",
        ),
        (large, "more than 262144"),
        (
            with_row(97, "51G\u{202e}12345"),
            "payload is not a message of ours: ",
        ),
        (
            with_row(98, "５１Ｇ😀"),
            "payload is not a message of ours: ",
        ),
        (
            b"[".repeat(200_000),
            "payload is not a message of ours: is not JSON",
        ),
    ]
}

fn topic() -> String {
    let (site, camera): (SiteId, CameraId) = ("trial".parse().unwrap(), "yard".parse().unwrap());
    Topic::Sighting(site, camera).to_string()
}

/// Says raw bytes with QoS 0; waits for room.
async fn say(bus: &Bus, topic: &str, payload: &[u8]) {
    let sent = async || bus.publish_raw(topic, payload.to_vec()).ok();
    until("the broker takes a payload", sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_counted_and_the_rest_goes_on() {
    let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let camera = test_picture("yard").replace("[\"vehicles\"]", "[\"vehicles\", \"plates\"]");
    let gate = "[[gate]]\nid = \"gate-1\"\ncamera = \"yard\"\nfactor = \"plate\"\n";
    SiteText::new(Some(mosquitto.port))
        .with(&camera)
        .with(gate)
        .write(folder.path());
    let mut api = Program::start("api", folder.path());
    let address = api.address().await;
    let mut gate = Program::start_with(
        &["--log", "warn,gate_controller=debug", "gate"],
        folder.path(),
    );
    gate.says(&["running;"]).await;
    let spy = Spy::on(mosquitto.port);
    spy.online().await;
    let is_ready = async || get_json(&address, "/readyz");
    until("the API is ready", is_ready).await;
    let n_probes = hears_gate(&spy, &gate, &state).await;

    let bad = bad_payloads();
    for (payload, _words) in &bad {
        say(&spy.bus, &topic(), payload).await;
        say(&spy.bus, "gac/v1/trial/gate/gate-1/state", payload).await;
    }
    // A message of ours in another's name.
    say(
        &spy.bus,
        "gac/v1/trial/camera/other/sighting",
        &envelope(96).encode(),
    )
    .await;
    say(&spy.bus, &topic(), &envelope(7).encode()).await;

    let is_stored = async || {
        let stored = Stored::read(&state).await;
        stored
            .ids
            .contains(&SightingId(7).to_string())
            .then_some(stored)
    };
    let stored = until("the right message after them is stored", is_stored).await;
    for n in 96..=99 {
        assert!(
            !stored.ids.contains(&SightingId(n).to_string()),
            "sighting {n} was stored"
        );
    }
    for (_payload, words) in &bad {
        api.says(&["WARN", "a message was refused", words]).await;
        gate.says(&["DEBUG", "a message was rejected", words]).await;
    }
    warns_once_for_each_kind(&mut gate).await;
    let ready = get_json(&address, "/readyz").unwrap();
    let n_rejected = n_probes + u64::try_from(2 * bad.len() + 1).unwrap();
    assert_eq!(ready["messages_rejected"], n_rejected, "{ready}");
    for program in [&api, &gate] {
        let told = program.lines().join("\n");
        assert!(
            !told.contains("51G") && !told.contains('😀'),
            "content is in the log: {told}"
        );
    }
    spy.hears(Kind::Verdict, 0).await;
    for program in [gate, api] {
        let (code, lines) = program.end().await;
        assert_eq!(code, Some(0), "{lines:#?}");
    }
}

/// The first of each kind is told without being asked for details, and no other.
async fn warns_once_for_each_kind(gate: &mut Program) {
    for kind in ["malformed", "newer", "too large"] {
        let of_kind = format!("kind=\"{kind}\" n=1");
        let first = ["WARN", "the gate has rejected a message: ", &of_kind];
        gate.says(&first).await;
    }
    let told = gate.lines();
    let n_warned = told
        .iter()
        .filter(|line| line.contains("the gate has rejected a message: "));
    assert_eq!(n_warned.count(), 3, "one line for each kind: {told:#?}");
}

/// Waits until the gate has subscribed; how many payloads that took.
async fn hears_gate(spy: &Spy, gate: &Program, state: &Path) -> u64 {
    let has_begun = async || (!files(state, ".jsonl").is_empty()).then_some(());
    until("the gate's journal has begun", has_begun).await;
    let (topic, mut n_probes) = (topic(), 0);
    let hears = async || {
        let taken = spy.bus.publish_raw(&topic, b"are you there?".to_vec());
        n_probes += u64::from(taken.is_ok());
        gate.line_with(&["a message was rejected"])
    };
    until("the gate hears", hears).await;
    n_probes
}
