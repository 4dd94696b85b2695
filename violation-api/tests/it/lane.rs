//! The guard's screen: what it must show, and working it in a real browser.

use crate::guard::{Lane, gate, site, until};
use axum::http::StatusCode;
use domain::{
    AlarmId, AlarmKind, DenyReason, GateAlarm, GateState, OrderKind, Outcome, PassageId,
    PassageState, ReferReason,
};
use serde_json::json;
use service::clock::now;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use wire::{Message, Topic};

const LOOK_ALIKE: Outcome = Outcome::Refer(ReferReason::LookAlike);

/// One grey pixel.
const JPEG: &str = "\
ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912\
130f141d1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001\
000101011100ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b51000020103\
03020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f024336272\
82090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475\
767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9\
cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbd28a2803ffd9";

pub(crate) fn jpeg() -> Vec<u8> {
    let digits: Vec<char> = JPEG.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in the page:\n{page}");
    }
}

async fn alarm(lane: &Lane, n: u64, kind: AlarmKind, is_over: bool) {
    let alarm = GateAlarm {
        id: AlarmId(u128::from(n)),
        gate: gate(),
        kind,
        passage: None,
        began_at: now(),
        ended_at: is_over.then(now),
    };
    lane.say(&Topic::Alarm(site(), gate()), Message::Alarm(alarm));
}

#[tokio::test]
async fn the_screen_shows_who_is_there_why_and_what_can_be_done() {
    let lane = Lane::new().await;
    let empty = lane.get("/lanes/gate-1").await;
    assert_has(
        empty.text(),
        &[
            "Cổng chính",
            "Không có ai đợi",
            "Chưa có ai nhận ca trên máy này",
            "Camera chưa báo về lần nào",
            "Camera không được phân tích",
            "Bãi xe",
            " / 50",
        ],
    );
    assert!(!empty.text().contains("Bộ điều khiển cổng không chạy"));
    lane.camera(&jpeg());
    lane.comes(1, PassageState::Referred, LOOK_ALIKE).await;
    // Without a name there is nothing to press.
    let page = lane.get("/lanes/gate-1").await;
    assert!(
        !page.text().contains("value=\"admit\""),
        "nobody is on duty"
    );
    let cookie = lane.sign_on("Nguyễn Văn A").await;
    let headers = [("cookie", &*cookie)];
    let get = async |path: &str| {
        let request = crate::site::request("GET", path, &headers, "");
        lane.call(request).await
    };
    until("the picture is there", async || {
        get("/lanes/gate-1")
            .await
            .text()
            .contains("data-live=\"/api/v1/cameras/gate-1-in/picture.jpg\"")
    })
    .await;
    let page = get("/lanes/gate-1").await;
    let (passage, verdict) = (PassageId(1).to_string(), domain::VerdictId(1).to_string());
    assert_has(
        page.text(),
        &[
            "local/Nguyễn Văn A",
            "51F-123.45",
            "dễ nhầm với một biển đã đăng ký",
            "có trong danh sách",
            "Trả lời trước",
            &format!("name=\"passage\" value=\"{passage}\""),
            &format!("name=\"seen\" value=\"{verdict}\""),
            "value=\"looked\"",
            "value=\"hold-open\"",
            "Thôi giữ",
        ],
    );
    assert!(!page.text().contains("@key@"), "every form has a key");
    let english = get("/lanes/gate-1?lang=en").await;
    assert_has(
        english.text(),
        &["At the gate now", "Answer before", "Papers checked"],
    );
}

#[tokio::test]
async fn whom_the_list_bars_and_what_is_broken_is_said() {
    let lane = Lane::new().await;
    lane.comes(1, PassageState::Referred, LOOK_ALIKE).await;
    let cookie = lane.sign_on("Nguyễn Văn A").await;
    let headers = [("cookie", &*cookie)];
    let get = async |path: &str| {
        let request = crate::site::request("GET", path, &headers, "");
        lane.call(request).await
    };
    // Whom the list bars has no reason that needs no thought.
    lane.comes(2, PassageState::Denied, Outcome::Deny(DenyReason::Barred))
        .await;
    let path = format!("/lanes/gate-1?passage={}", PassageId(2));
    let barred = get(&path).await;
    assert_has(
        barred.text(),
        &["chỉ cho vào khi có lý do riêng", "Cũng đang ở làn này"],
    );
    assert!(
        !barred.text().contains("value=\"looked\"") && !barred.text().contains("value=\"refuse\"")
    );
    lane.barrier(GateState::Fault).await;
    until("the fault is shown", async || {
        get("/lanes/gate-1")
            .await
            .text()
            .contains("Thanh chắn báo hỏng")
    })
    .await;
    let all = get("/lanes").await;
    assert_has(
        all.text(),
        &["Cổng chính", "Đang ở cổng: 2", "PHONG TỎA", "Bãi xe"],
    );
    assert_eq!(get("/lanes/other").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn signing_on_is_a_claim_that_is_audited_and_ends() {
    let mut lane = Lane::new().await;
    let order = "key=a&order=open&reason=trial";
    let nobody = lane.submit("/lanes/gate-1/orders", "", order).await;
    assert_eq!(
        nobody.header("location"),
        "/lanes/gate-1?refused=not-signed-on"
    );
    let page = lane.get(nobody.header("location")).await;
    assert_has(
        page.text(),
        &["Chưa nhận ca: hãy nhập họ tên trước khi ra lệnh"],
    );
    let bad = lane
        .submit("/guard/sign-on", "", "name=%3Cb%3E&gate=gate-1")
        .await;
    assert_eq!(bad.header("location"), "/lanes/gate-1?refused=guard-name");
    let cookie = lane.sign_on("Trần Thị Bích").await;
    let given = lane.submit("/lanes/gate-1/orders", &cookie, order).await;
    assert!(
        given.header("location").contains("?order=ord_"),
        "{}",
        given.header("location")
    );
    assert_eq!(lane.any_order().await.order.by, "local/Trần Thị Bích");
    // The same form again, as when a button is pressed twice.
    let twice = lane.submit("/lanes/gate-1/orders", &cookie, order).await;
    assert_eq!(twice.header("location"), given.header("location"));
    let wrong = lane
        .submit("/lanes/gate-1/orders", &cookie, "key=b&order=open")
        .await;
    assert_eq!(
        wrong.header("location"),
        "/lanes/gate-1?refused=order-reason"
    );
    let off = lane.submit("/guard/sign-off", &cookie, "gate=gate-1").await;
    assert!(off.header("set-cookie").contains("Max-Age=0"));
    let after = lane
        .submit(
            "/lanes/gate-1/orders",
            &cookie,
            "key=c&order=open&reason=trial",
        )
        .await;
    assert!(
        after.header("location").ends_with("refused=not-signed-on"),
        "the cookie is worth nothing"
    );
    lane.hears_nothing();
    let audit = lane.audit().await.join("\n");
    for row in [
        "local/Trần Thị Bích sign-on lanes/gate-1 a claim: no login",
        "local/Trần Thị Bích order gate gate-1 open, trial, ord_",
        "local/Trần Thị Bích sign-off lanes/gate-1",
    ] {
        assert_eq!(audit.matches(row).count(), 1, "{row}\n{audit}");
    }
}

#[tokio::test]
async fn alarms_are_shown_and_noted_and_duress_never_is() {
    let lane = Lane::new().await;
    alarm(&lane, 1, AlarmKind::Duress, false).await;
    alarm(&lane, 2, AlarmKind::Tailgating, true).await;
    alarm(&lane, 3, AlarmKind::HeldOpen, false).await;
    let ids = async |query: &str| -> Vec<String> {
        let answer = lane.get(&format!("/api/v1/alarms{query}")).await.json();
        let alarms = answer["alarms"].as_array().unwrap().clone();
        alarms
            .iter()
            .map(|alarm| alarm["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    until("both are known", async || ids("").await.len() == 2).await;
    assert_eq!(ids("").await, ["held-open", "tailgating"]);
    assert_eq!(ids("?open=true&gate=gate-1").await, ["held-open"]);
    assert_eq!(ids("?gate=gate-2").await, [""; 0]);
    let cookie = lane.sign_on("Lê C").await;
    let headers = [("cookie", &*cookie)];
    let page = lane
        .call(crate::site::request("GET", "/lanes/gate-1", &headers, ""))
        .await;
    assert_has(
        page.text(),
        &["Thanh chắn mở quá lâu", "Bám đuôi", "Đã biết</button>"],
    );
    let first = page.text().find("mở quá lâu").unwrap();
    assert!(
        first < page.text().find("Bám đuôi").unwrap(),
        "what is on stands first"
    );
    for silent in ["Bị ép buộc", &AlarmId(1).to_string()] {
        for path in ["/lanes/gate-1", "/lanes", "/", "/api/v1/gates/gate-1/lane"] {
            assert!(!lane.get(path).await.text().contains(silent), "{path}");
        }
    }
    let note = |n: u128| format!("/lanes/gate-1/alarms/{}/acknowledge", AlarmId(n));
    let nobody = lane.submit(&note(3), "", "").await;
    assert!(nobody.header("location").ends_with("refused=not-signed-on"));
    assert_eq!(
        lane.submit(&note(1), &cookie, "").await.status,
        StatusCode::NOT_FOUND
    );
    for _twice in 0..2 {
        assert_eq!(
            lane.submit(&note(3), &cookie, "").await.status,
            StatusCode::SEE_OTHER
        );
    }
    let answer = lane.get("/api/v1/alarms?open=true").await.json();
    assert_eq!(answer["alarms"][0]["acknowledged_by"], "local/Lê C");
    let path = format!("/api/v1/alarms/{}/acknowledge", AlarmId(2));
    assert_eq!(
        lane.post(&path, "k", "{\"by\":\"\"}").await.problem(),
        "guard-name"
    );
    assert_eq!(
        lane.post(&path, "k", "{\"by\":\"An\"}").await.status,
        StatusCode::OK
    );
    let audit = lane.audit().await.join("\n");
    assert_eq!(audit.matches(" acknowledge alm_").count(), 2, "{audit}");
}

#[tokio::test]
async fn programs_see_the_same_lane() {
    let lane = Lane::new().await;
    lane.comes(1, PassageState::Referred, LOOK_ALIKE).await;
    let answer = lane.get("/api/v1/gates/gate-1/lane").await.json();
    let shown = &answer["lane"];
    assert_eq!(shown["name"], "Cổng chính");
    assert_eq!(
        shown["waiting"]["rule_path"],
        json!(["plate-read", "listed"])
    );
    assert_eq!(shown["waiting"]["verdict"]["reason"], "look-alike");
    assert!(shown["waiting"]["answer_until"].is_string());
    assert_eq!(
        (&shown["controller"], &shown["pipeline"]),
        (&json!("online"), &json!("unknown"))
    );
    assert_eq!(
        (&shown["mode"], &shown["is_connected"]),
        (&json!("normal"), &json!(true))
    );
}

/// The driver, and what it says.
struct Driver {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Driver {
    fn start(url: &str, out: &Path) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/lane.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(url).arg(out);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            println!("skipped: python3 is not installed");
            return None;
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Some(Self { child, lines })
    }

    /// The rest of what it says, and its exit code.
    fn end(mut self) -> (Option<i32>, String) {
        let said: Vec<String> = self.lines.by_ref().map_while(Result::ok).collect();
        (self.child.wait().unwrap().code(), said.join("\n"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_clears_a_referred_vehicle_with_the_keyboard_alone() {
    let mut lane = Lane::new().await;
    lane.camera(&jpeg());
    let url = format!("http://{}/lanes/gate-1", lane.service.address);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lane");
    let Some(mut driver) = Driver::start(&url, &out) else {
        return;
    };
    let said = tokio::task::spawn_blocking(move || (driver.lines.next(), driver));
    let (said, driver) = said.await.unwrap();
    match said {
        Some(Ok(line)) if line == "ready" => (),
        other => {
            let (code, said) = driver.end();
            if code == Some(2) {
                println!("skipped: Chromium is not installed");
                return;
            }
            panic!("{other:?} {code:?} {said}");
        }
    }
    lane.comes(1, PassageState::Referred, LOOK_ALIKE).await;
    let mut ending = tokio::task::spawn_blocking(move || driver.end());
    let order = tokio::select! {
        signed = lane.any_order() => signed.order,
        ended = &mut ending => panic!("it ended early: {:?}", ended.unwrap()),
    };
    assert_eq!(order.kind, OrderKind::Admit(PassageId(1)));
    assert_eq!(
        (&*order.by, &*order.reason),
        ("local/can bao ve", "expected")
    );
    lane.verdict(2, 1, Outcome::Grant, Some(&order.by));
    lane.passage(1, PassageState::Commanded, order.issued_at);
    let (code, said) = ending.await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    lane.hears_nothing();
}
