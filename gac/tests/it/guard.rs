//! A guard at a site that runs: orders over HTTP, a real broker, a real gate and its barrier.

use crate::{
    program::{Program, get_json, until},
    servers::Mosquitto,
    site::{PLATE_MODELS, SiteText, has_models},
    spy::Spy,
};
use domain::{
    BoxInImage, CharRead, Class, GateState, Plate, PlateColour, PlateVote, RawReads, RowRead,
    Sighting, SightingId, SightingPhase, TrackId,
};
use serde_json::{Value, json};
use service::clock::now;
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};
use wire::{Message, Topic};

const SITE: &str = r#"
[[camera]]
id = "lane"
source = { launch = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1" }
tasks = ["vehicles", "plates"]

[[gate]]
id = "gate-1"
camera = "lane"
factor = "plate"
actuator = "simulator"
guard_within_s = 300

[[registration]]
plate = "51G-123.45"
access = "allow"
"#;

/// Posts JSON or a form; status, location and body.
fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

/// A page as text.
fn page(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Gives an order as a program does; its id.
fn order(address: &str, path: &str, key: &str, mut body: Value) -> String {
    body["by"] = json!("Nguyễn Văn A");
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    let (status, _head, answer) = post(address, path, &headers, &body.to_string());
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["order"]["id"].as_str().unwrap().to_owned()
}

const GATE: &str = "/api/v1/gates/gate-1/orders";

fn lane(address: &str) -> Value {
    get_json(address, "/api/v1/gates/gate-1/lane").unwrap_or_default()["lane"].take()
}

async fn lane_is(address: &str, what: &str, key: &str, value: &str) {
    let is_so = async || (lane(address)[key] == value).then_some(());
    until(what, is_so).await;
}

async fn answer_of(address: &str, order: &str, answer: &str) -> Value {
    let is_so = async || {
        let kept = get_json(address, "/api/v1/orders?gate=gate-1")?;
        let kept = kept["orders"].as_array()?.clone();
        kept.into_iter()
            .find(|row| row["id"] == order && row["answer"] == answer)
    };
    until(&format!("{order} is answered {answer}"), is_so).await
}

/// A car is at the gate, read surely.
fn see(spy: &Spy, id: u128, plate: &str) {
    let plate = Plate::parse(plate).unwrap();
    let read = |best| CharRead {
        best,
        score: 0.97,
        alternatives: Vec::new(),
    };
    let row = |row: &String| RowRead {
        chars: row.chars().map(read).collect(),
    };
    let seen = Sighting {
        id: SightingId(id),
        revision: 0,
        phase: SightingPhase::New,
        camera: "lane".parse().unwrap(),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: now().saturating_sub(Duration::from_millis(300)),
        last_seen_at: now(),
        bounds: BoxInImage::new(1.0, 2.0, 3.0, 4.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        raw_reads: RawReads::default(),
        plate: Some(PlateVote {
            rows: plate.rows().iter().map(row).collect(),
            colour: PlateColour::White,
            n_reads: 5,
            n_agreeing: 5,
        }),
        face: None,
        picture: None,
        crossings: Vec::new(),
    };
    let topic = Topic::Sighting("trial".parse().unwrap(), "lane".parse().unwrap());
    spy.bus.say(&topic, Message::Sighting(seen), now()).unwrap();
}

fn was_open(spy: &Spy) -> usize {
    spy.heard(|heard| {
        let is_open = |message: &&Message| {
            matches!(message, Message::Barrier(barrier)
            if barrier.state == GateState::Open)
        };
        heard.messages.iter().filter(is_open).count()
    })
}

/// Waits until somebody waits at the gate; the passage and its verdict.
async fn waiting(address: &str, reason: &str) -> Value {
    let is_so = async || {
        let waiting = lane(address)["waiting"].take();
        (waiting["verdict"]["reason"] == reason).then_some(waiting)
    };
    until(&format!("somebody waits: {reason}"), is_so).await
}

/// Somebody who is not on the list is referred, and the guard lets them in from the page.
async fn admit_from_the_page(spy: &Spy, address: &str) {
    see(spy, 1, "92A-902.20");
    let who = waiting(address, "unknown").await;
    assert!(who["answer_until"].is_string() && !who["rule_path"].as_array().unwrap().is_empty());
    let (passage, verdict) = (
        who["id"].as_str().unwrap(),
        who["verdict"]["id"].as_str().unwrap(),
    );
    let origin = format!("http://{address}");
    let form = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", &*origin),
    ];
    let (status, head, _) = post(
        address,
        "/guard/sign-on",
        &form,
        "gate=gate-1&name=Le+Van+B",
    );
    assert_eq!(status, 303);
    let cookie = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let signed_on = [form[0], form[1], ("Cookie", cookie)];
    let body = format!("key=k1&order=admit&reason=expected&passage={passage}&seen={verdict}");
    let (status, head, _) = post(address, "/lanes/gate-1/orders", &signed_on, &body);
    let given = head
        .split("order=")
        .nth(1)
        .unwrap_or("")
        .lines()
        .next()
        .unwrap()
        .to_owned();
    assert!(status == 303 && given.starts_with("ord_"), "{head}");
    let answered = answer_of(address, &given, "verdict").await;
    assert_eq!(
        (&answered["by"], &answered["passage_id"]),
        (&json!("local/Le Van B"), &json!(passage))
    );
    let verdicts = get_json(address, "/api/v1/verdicts?limit=1").unwrap();
    assert_eq!(verdicts["verdicts"][0]["outcome"], "grant");
}

/// Without the gate's program an order is sent, and nobody obeys: the page has said so.
async fn order_without_a_gate(spy: &Spy, address: &str, gate: Program, folder: &Path) -> Program {
    gate.kill_nine();
    lane_is(address, "the gate is gone", "controller", "offline").await;
    let page = page(address, "/lanes/gate-1");
    assert!(page.contains("Bộ điều khiển cổng không chạy") && page.contains("PHONG TỎA"));
    let unheard = order(
        address,
        GATE,
        "later",
        json!({"order": "open", "reason": "trial"}),
    );
    let n_open = was_open(spy);
    let mut gate = Program::start("gate", folder);
    gate.says(&["running;"]).await;
    lane_is(address, "the gate is back", "controller", "online").await;
    let again = order(
        address,
        GATE,
        "again",
        json!({"order": "release", "reason": "over"}),
    );
    answer_of(address, &again, "executed").await;
    let kept = get_json(address, "/api/v1/orders?gate=gate-1").unwrap();
    let kept = kept["orders"].as_array().unwrap();
    let late = kept.iter().find(|row| row["id"] == *unheard).unwrap();
    assert_eq!(
        (&late["fate"], &late["answer"]),
        (&json!("sent"), &Value::Null)
    );
    assert_eq!(was_open(spy), n_open, "nothing opens late");
    gate
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_opens_admits_and_locks_down_also_without_cameras() {
    let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    SiteText::new(Some(mosquitto.port))
        .with(SITE)
        .write(folder.path());
    let spy = Spy::on(mosquitto.port);
    spy.online().await;
    let mut api = Program::start("api", folder.path());
    let address = api.address().await;
    let mut gate = Program::start("gate", folder.path());
    gate.says(&["running;"]).await;
    lane_is(&address, "the gate runs", "controller", "online").await;
    lane_is(&address, "the barrier is heard of", "barrier", "closed").await;

    // The cameras' program is killed: the page says so, and the barrier still obeys.
    if has_models(&PLATE_MODELS) {
        let pipeline = Program::start("pipeline", folder.path());
        lane_is(&address, "the cameras run", "pipeline", "online").await;
        pipeline.kill_nine();
        lane_is(&address, "the cameras are gone", "pipeline", "offline").await;
    }
    let opened = order(
        &address,
        GATE,
        "open",
        json!({"order": "open", "reason": "system-down"}),
    );
    answer_of(&address, &opened, "executed").await;
    until("the barrier was open", async || {
        (0 < was_open(&spy)).then_some(())
    })
    .await;

    admit_from_the_page(&spy, &address).await;
    // Who is on the list is let in by nobody while the site is locked down.
    let lockdown = json!({"order": "mode", "mode": "lockdown", "reason": "threat"});
    order(&address, "/api/v1/orders", "lockdown", lockdown);
    let is_denied = async || {
        see(&spy, 2, "51G-123.45");
        let verdicts = get_json(&address, "/api/v1/verdicts?limit=1")?;
        (verdicts["verdicts"][0]["reason"] == "lockdown").then_some(())
    };
    until("the gate is locked down", is_denied).await;

    let gate = order_without_a_gate(&spy, &address, gate, folder.path()).await;
    for program in [gate, api] {
        let (code, lines) = program.end().await;
        assert_eq!(code, Some(0), "{lines:#?}");
    }
}
