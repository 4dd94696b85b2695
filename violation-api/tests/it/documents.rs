//! Documents by phone and by readers, over a real broker, as a gate hears them.

use crate::{
    desk::{CARD, HOUR, Log, pass, reader_key, with_desk},
    scene::{barrier, envelope},
    site::{Answer, config, request},
};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use domain::{
    Assurance, DocumentKind, DocumentRead, GateState, PassId, SiteId, document::CitizenNumber,
};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents},
    clock,
    document_reader::{ReadMethod, ShownDocument, SimulatedReader},
    keys::SigningKeyFile,
    qr_code::{PHOTO_BYTES_MAX, QrDrawing},
    shutdown::Shutdown,
};
use std::time::Duration;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use violation_api::{Api, ApiError};
use wire::{Message, Topic};

const DEADLINE: Duration = Duration::from_secs(20);

/// A broker, the service on it, and a gate that listens.
struct Desk {
    folder: tempfile::TempDir,
    broker: EmbeddedBroker,
    gate: BusEvents,
    _gate_bus: Bus,
    api: Api,
    shutdown: Shutdown,
    run: JoinHandle<Result<(), ApiError>>,
}

fn site() -> SiteId {
    "park-1".parse().unwrap()
}

async fn serve(
    folder: &tempfile::TempDir,
    broker: &EmbeddedBroker,
) -> (Api, Shutdown, JoinHandle<Result<(), ApiError>>) {
    let mut config = config(folder);
    with_desk(&mut config);
    config.bind = "127.0.0.1:0".parse().unwrap();
    let api = Api::open(config).await.unwrap();
    let listener = api.listen().await.unwrap();
    let (bus, _events) = Bus::connect(BusConfig::new("127.0.0.1", broker.port, site(), "api"));
    bus.wait_online().await.unwrap();
    let shutdown = Shutdown::new();
    let run = {
        let (api, shutdown) = (api.clone(), shutdown.clone());
        tokio::spawn(async move { api.run(listener, bus, shutdown).await })
    };
    until("the service is ready", async || {
        let ready = api
            .router()
            .oneshot(request("GET", "/readyz", &[], ""))
            .await;
        ready.unwrap().status() == StatusCode::OK
    })
    .await;
    (api, shutdown, run)
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

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = EmbeddedBroker::start(0).unwrap();
        let (api, shutdown, run) = serve(&folder, &broker).await;
        let mut gate = BusConfig::new("127.0.0.1", broker.port, site(), "gate-in");
        gate.filters = vec![Topic::Document(site(), "gate-1".parse().unwrap()).to_string()];
        let (gate_bus, gate) = Bus::connect(gate);
        gate_bus.wait_online().await.unwrap();
        let known = Message::Barrier(barrier(GateState::Closed, 1));
        let known = envelope(1, "gate-gate-1", known);
        api.store().ingest(&[known], clock::now()).await.unwrap();
        Self {
            folder,
            broker,
            gate,
            _gate_bus: gate_bus,
            api,
            shutdown,
            run,
        }
    }

    /// Ends the service and starts it anew on the same files.
    async fn restart(&mut self) {
        self.shutdown.trigger();
        (&mut self.run).await.unwrap().unwrap();
        (self.api, self.shutdown, self.run) = serve(&self.folder, &self.broker).await;
    }

    async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.api.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, 10_000_000).await.unwrap().to_vec(),
        }
    }

    async fn tell(&self, message: &[u8]) -> Answer {
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/readers/messages")
            .header("host", "127.0.0.1:8080")
            .body(Body::from(message.to_vec()));
        self.call(request.unwrap()).await
    }

    async fn photo(&self, file: &[u8]) -> Answer {
        self.upload("photo", file).await
    }

    async fn upload(&self, name: &str, file: &[u8]) -> Answer {
        let mut body = Vec::new();
        let head = format!(
            "--gac\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(file);
        body.extend(b"\r\n--gac--\r\n");
        let request = Request::builder()
            .method("POST")
            .uri("/documents/gate-1/photo")
            .header("host", "127.0.0.1:8080")
            .header("origin", "http://127.0.0.1:8080")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=gac")
            .body(Body::from(body));
        self.call(request.unwrap()).await
    }

    async fn text(&self, text: &str) -> Answer {
        let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
        let headers = [
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = format!("text={encoded}");
        self.call(request("POST", "/documents/gate-1/text", &headers, &body))
            .await
    }

    /// What the gate is told next.
    async fn heard(&mut self) -> DocumentRead {
        let next = tokio::time::timeout(DEADLINE, self.gate.recv()).await;
        let incoming = next.expect("the gate hears nothing").unwrap();
        match incoming.envelope().unwrap().message {
            Message::Document(read) => read,
            other => panic!("{other:?}"),
        }
    }

    fn reader(&self, key: SigningKeyFile) -> SimulatedReader {
        SimulatedReader {
            id: "desk-1".to_owned(),
            site: site(),
            gate: "gate-1".parse().unwrap(),
            method: ReadMethod::Chip,
            key,
        }
    }
}

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in the page:\n{page}");
    }
}

fn card() -> ShownDocument {
    ShownDocument {
        number: CitizenNumber::parse("001090123456").unwrap(),
        is_authentic: true,
        expires_at: None,
    }
}

#[tokio::test]
async fn a_card_by_photo_reaches_the_gate_masked_and_unverified() {
    let mut desk = Desk::new().await;
    let answer = desk.photo(&QrDrawing::of(CARD).unwrap().png()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_has(
        answer.text(),
        &[
            "001•••••3456",
            "chưa được xác thực",
            "ai cũng in được",
            "Cổng đã được báo",
        ],
    );
    assert!(!answer.text().contains("001090123456") && !answer.text().contains("MẪU"));
    let read = desk.heard().await;
    assert_eq!(read.assurance, Assurance::QrText);
    let DocumentKind::CitizenCard { masked, .. } = read.kind else {
        panic!("a card")
    };
    assert_eq!(masked, "001•••••3456");
    // It comes back by the broker, and stands on the gate's page.
    until("the guard sees it", async || {
        let page = desk.call(request("GET", "/gates/gate-1", &[], "")).await;
        page.text().contains("001•••••3456")
    })
    .await;
    let screen = desk.call(request("GET", "/lanes/gate-1", &[], "")).await;
    assert_has(screen.text(), &["001•••••3456", "Khách hôm nay"]);
}

#[tokio::test]
async fn passes_are_told_apart_by_what_they_are_worth() {
    let mut desk = Desk::new().await;
    let folder = desk.folder.path().to_owned();
    let (soon, past) = (
        clock::now().saturating_add(HOUR),
        clock::now().saturating_sub(HOUR),
    );
    let good = pass(&folder, 1, soon, true);
    assert_has(
        desk.text(&good).await.text(),
        &["Thẻ thật, còn hạn", "thẻ khách của địa điểm"],
    );
    let read = desk.heard().await;
    let expect = DocumentKind::Pass {
        pass: PassId(1),
        is_genuine: true,
    };
    assert_eq!((read.kind, read.assurance), (expect, Assurance::Pass));

    let over = pass(&folder, 2, past, true);
    assert_has(desk.text(&over).await.text(), &["Thẻ đã hết hạn"]);
    let called_back = pass(&folder, 3, soon, true);
    crate::desk::pass_desk(&folder)
        .call_back(PassId(3), clock::now())
        .unwrap();
    assert_has(desk.text(&called_back).await.text(), &["Thẻ đã bị thu hồi"]);
    let unlisted = pass(&folder, 4, soon, false);
    assert_has(
        desk.text(&unlisted).await.text(),
        &["Thẻ không có trong danh sách"],
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let forged = pass(elsewhere.path(), 5, soon, true);
    let answer = desk.text(&forged).await;
    assert_has(answer.text(), &["Thẻ giả hoặc của nơi khác"]);
    for _known in 2..=4 {
        desk.heard().await;
    }
    let read = desk.heard().await;
    let expect = DocumentKind::Pass {
        pass: PassId(5),
        is_genuine: false,
    };
    assert_eq!(
        read.kind, expect,
        "the gate hears of it, and that it proves nothing"
    );
}

#[tokio::test]
async fn bad_photos_and_texts_get_clear_answers() {
    let desk = Desk::new().await;
    let page = desk
        .call(request("GET", "/documents/gate-1", &[], ""))
        .await;
    assert_has(
        page.text(),
        &["capture=\"environment\"", "Chưa có giấy tờ nào"],
    );
    let foreign = QrDrawing::of("https://example.com").unwrap().png();
    let png = QrDrawing::of(CARD).unwrap().png();
    for (file, word) in [
        (&b""[..], "Hãy chọn một ảnh"),
        (b"GIF89a", "Chỉ đọc được ảnh JPEG hoặc PNG"),
        (&png[..200], "Ảnh bị hỏng"),
        (&foreign, "không phải thẻ khách hay căn cước"),
        (&vec![0xff; PHOTO_BYTES_MAX + 1], "Ảnh lớn hơn 8 MB"),
    ] {
        let answer = desk.photo(file).await;
        assert_eq!(answer.status, StatusCode::OK, "{word}");
        assert_has(answer.text(), &[word]);
    }
    assert_has(
        desk.upload("other", &png).await.text(),
        &["Hãy chọn một ảnh"],
    );
    let huge = desk.photo(&vec![0xff; 2 * PHOTO_BYTES_MAX]).await;
    let is_told =
        huge.status == StatusCode::PAYLOAD_TOO_LARGE || huge.text().contains("Ảnh lớn hơn 8 MB");
    assert!(is_told, "{}", huge.status);
    for text in ["", "hello", "GAC1:", &"9".repeat(5000)] {
        let word = ["không phải thẻ khách hay căn cước"];
        assert_has(desk.text(text).await.text(), &word);
    }
    // Nothing of it is larger than elsewhere, and no gate is made up.
    let long = desk.text(&"9".repeat(7000)).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    let other = desk
        .call(request("GET", "/documents/gate-9", &[], ""))
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let files = std::fs::read_dir(desk.folder.path()).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name != "photos"), "{names:?}");
}

/// Messages that are refused, with status and problem.
fn refused_messages(desk: &Desk, first: &[u8]) -> Vec<(Vec<u8>, u16, &'static str)> {
    let key = reader_key(desk.folder.path());
    let reader = desk.reader(key.clone());
    let other = SigningKeyFile::load_or_create(&desk.folder.path().join("other.key")).unwrap();
    let forged = desk.reader(other).show(&card(), clock::now());
    let mut stranger = desk.reader(key.clone());
    stranger.id = "desk-9".to_owned();
    let mut elsewhere = desk.reader(key.clone());
    elsewhere.gate = "gate-2".parse().unwrap();
    let mut other_site = desk.reader(key.clone());
    other_site.site = "park-2".parse().unwrap();
    let old = reader.show(
        &card(),
        clock::now().saturating_sub(Duration::from_secs(11)),
    );
    let copy = ShownDocument {
        is_authentic: false,
        ..card()
    };
    let over = ShownDocument {
        expires_at: Some(clock::now().saturating_sub(HOUR)),
        ..card()
    };
    vec![
        (forged, 403, "reader-not-trusted"),
        (
            stranger.show(&card(), clock::now()),
            403,
            "reader-not-trusted",
        ),
        (
            other_site.show(&card(), clock::now()),
            403,
            "reader-not-trusted",
        ),
        (elsewhere.show(&card(), clock::now()), 403, "reader-gate"),
        (old, 422, "reader-not-of-now"),
        (first.to_vec(), 409, "reader-replay"),
        (
            reader.show(&copy, clock::now()),
            422,
            "document-not-authentic",
        ),
        (reader.show(&over, clock::now()), 422, "document-expired"),
        (b"{}".to_vec(), 400, "reader-malformed"),
        (b"\xff".to_vec(), 400, "reader-malformed"),
        (vec![b' '; 5000], 413, "too-large"),
        (vec![b' '; 100_000], 413, "too-large"),
    ]
}

#[tokio::test]
async fn a_readers_contract_is_kept_over_http() {
    let mut desk = Desk::new().await;
    let reader = desk.reader(reader_key(desk.folder.path()));
    let first = reader.show(&card(), clock::now());
    let answer = desk.tell(&first).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(answer.json()["gate"], "gate-1");
    let read = desk.heard().await;
    assert_eq!(read.assurance, Assurance::Chip);
    assert_eq!(answer.json()["document"], read.id.to_string());

    for (message, status, problem) in refused_messages(&desk, &first) {
        let answer = desk.tell(&message).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.problem()),
            (status, problem)
        );
    }

    // After a restart the number is still known: what came before does not come again.
    desk.restart().await;
    let answer = desk.tell(&first).await;
    assert_eq!(
        (answer.status, &*answer.problem()),
        (StatusCode::CONFLICT, "reader-replay")
    );
    let again = desk.tell(&reader.show(&card(), clock::now())).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    desk.heard().await;
}

#[tokio::test]
async fn a_reader_that_floods_is_refused_and_counted() {
    let desk = Desk::new().await;
    let reader = desk.reader(reader_key(desk.folder.path()));
    let mut statuses = Vec::new();
    for _n in 0..25 {
        statuses.push(desk.tell(&reader.show(&card(), clock::now())).await.status);
    }
    let n_taken = statuses
        .iter()
        .filter(|status| **status == StatusCode::ACCEPTED)
        .count();
    assert_eq!(n_taken, 20, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    let counts = desk
        .call(request("GET", "/api/v1/readers/refusals", &[], ""))
        .await;
    assert_eq!(counts.json()["refused"]["flood"], 5);
}

/// The whole log, to the last detail, of documents that were read, told and refused.
#[tokio::test]
async fn no_number_and_no_name_is_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut desk = Desk::new().await;
    desk.photo(&QrDrawing::of(CARD).unwrap().png()).await;
    desk.heard().await;
    desk.text(CARD).await;
    desk.heard().await;
    let reader = desk.reader(reader_key(desk.folder.path()));
    let message = reader.show(&card(), clock::now());
    desk.tell(&message).await;
    desk.heard().await;
    desk.tell(&message).await;
    let other = SigningKeyFile::load_or_create(&desk.folder.path().join("other.key")).unwrap();
    desk.tell(&desk.reader(other).show(&card(), clock::now()))
        .await;
    let new = crate::desk::new_visitor(1, "Đặng Thị Quên", clock::now());
    let store = desk.api.store();
    store
        .register_visitor(&new, None, "guard", clock::now())
        .await
        .unwrap();
    store
        .erase_visitor(new.id, "guard", clock::now())
        .await
        .unwrap();
    desk.restart().await;
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert_eq!(
        log.matches("a reader's message was refused").count(),
        2,
        "{log}"
    );
    for word in [
        "001090123456",
        "3456",
        "MẪU",
        "Đường",
        "Quên",
        "Trần",
        "256.58",
        "0912000111",
    ] {
        assert!(!log.contains(word), "{word} is in the log");
    }
}
