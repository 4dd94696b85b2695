//! Names of cameras and gates on the pages, and the history of a gate.

use crate::{
    scene::{barrier, envelope, passage, sighting, verdict},
    site::{CASE_1, Site},
};
use domain::{
    Class, FaceMatch, GateState, Liveness, Outcome, PassageState, PersonId, face::FaceVote,
};
use violation_api::Names;
use wire::Message;

const JUNCTION: &str = "Ngã tư Lê Lợi – <Pasteur>";
const JUNCTION_SHOWN: &str = "Ngã tư Lê Lợi – &#60;Pasteur&#62;";

fn names() -> Names {
    let junction = || "junction-1".parse().unwrap();
    let mut names = Names::default();
    names.cameras.insert(junction(), JUNCTION.to_owned());
    names
        .gates
        .insert("gate-1".parse().unwrap(), "Cổng chính".to_owned());
    let zone = "line-1".parse().unwrap();
    names
        .zone_cameras
        .entry(zone)
        .or_default()
        .extend([junction(), "gate-1-in".parse().unwrap()]);
    names
}

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in the page:\n{page}");
    }
}

/// The rows of the gate's history, newest first.
fn rows(page: &str) -> Vec<&str> {
    let body = page.split("tbody").nth(1).unwrap();
    body.split("<tr").skip(1).collect()
}

#[tokio::test]
async fn pages_and_listings_say_what_people_call_cameras_and_gates() {
    let site = Site::named(names(), &[]).await;
    let overview = site.get("/").await;
    assert_has(
        overview.text(),
        &[
            &format!(
                "<span class=\"name\">{JUNCTION_SHOWN}</span><span class=\"id\">junction-1</span>"
            ),
            "<span class=\"name\">Cổng chính</span><span class=\"id\">gate-1</span>",
            "<a href=\"/gates/gate-1\" title=\"gate-1\">Cổng chính</a>",
            &format!("<span class=\"dim\" title=\"junction-1\">{JUNCTION_SHOWN}</span>"),
            &format!("line-1<span class=\"id\">gate-1-in, {JUNCTION_SHOWN}</span>"),
            // What has no name is shown by its id, once.
            "<span class=\"name\">gate-1-in</span></span>",
        ],
    );
    let case = site.get(&format!("/cases/{CASE_1}")).await;
    let named = format!("Camera {JUNCTION_SHOWN} (junction-1)");
    let history = format!("· Camera {JUNCTION_SHOWN}</span>");
    assert_has(case.text(), &[&named, &history]);
    assert_has(site.get("/cases").await.text(), &[JUNCTION_SHOWN]);
    let gate = site.get("/gates/gate-1").await;
    assert_has(
        gate.text(),
        &["<h1>Cổng chính</h1>", "Cổng gate-1", "<title>Cổng chính – "],
    );

    let cameras = site.get("/api/v1/cameras").await.json();
    assert_eq!(cameras["cameras"][0]["name"], "gate-1-in");
    assert_eq!(cameras["cameras"][1]["name"], JUNCTION);
    let gates = site.get("/api/v1/gates").await.json();
    assert_eq!(gates["gates"][0]["name"], "Cổng chính");
}

#[tokio::test]
async fn whoever_has_left_without_a_verdict_is_not_being_decided_any_more() {
    let come = |n, state| {
        let mut sighting = sighting(n, 2);
        sighting.picture = None;
        [
            Message::Sighting(sighting),
            Message::Passage(passage(n, state, 70)),
        ]
    };
    let more = [
        come(50, PassageState::Left),
        come(60, PassageState::Arrived),
    ]
    .concat();
    let site = Site::named(Names::default(), &more).await;
    let page = site.get("/gates/gate-1").await;
    let rows = rows(page.text());
    assert!(rows[0].contains("Đang xét") && rows[0].contains("Vừa đến"));
    assert!(rows[1].contains("Không có kết luận") && rows[1].contains("Đã đi khỏi"));
    assert!(!rows[1].contains("Đang xét"));
    let overview = site.get("/?lang=en").await;
    assert_has(overview.text(), &["Being decided", "No answer given"]);
}

fn face_passage(n: u64) -> [Message; 3] {
    let mut seen = sighting(n, 2);
    (seen.class, seen.plate, seen.picture) = (Class::Face, None, None);
    seen.face = Some(FaceVote {
        candidates: vec![FaceMatch {
            person: PersonId(1),
            similarity: 0.87,
            similarity_min: 0.5,
        }],
        liveness: Some(Liveness {
            score: 0.9,
            score_min: 0.5,
        }),
        n_views: 5,
        n_agreeing: 5,
    });
    let gate = || "door-1".parse().unwrap();
    let mut came = passage(n, PassageState::Opened, 90);
    came.gate = gate();
    let mut answer = verdict(n, Outcome::Grant);
    answer.gate = gate();
    [
        Message::Sighting(seen),
        Message::Passage(came),
        Message::Verdict(answer),
    ]
}

#[tokio::test]
async fn a_face_gate_has_no_column_for_pictures_and_says_face_once() {
    let mut door = barrier(GateState::Open, 80);
    door.gate = "door-1".parse().unwrap();
    let more: Vec<Message> = face_passage(40)
        .into_iter()
        .chain([Message::Barrier(door)])
        .collect();
    let site = Site::named(Names::default(), &more).await;
    let page = site.get("/gates/door-1").await;
    let rows = rows(page.text());
    assert_eq!(rows.len(), 1);
    assert_has(rows[0], &["Khuôn mặt khớp 0,87", "84 ms", "Cho vào"]);
    assert_eq!(rows[0].matches("Khuôn mặt").count(), 1);
    assert!(!rows[0].contains("biển số"));
    assert!(!page.text().contains("class=\"pic\"") && !page.text().contains(">Ảnh<"));
    let with_pictures = site.get("/gates/gate-1").await;
    assert_has(with_pictures.text(), &["class=\"pic\"", ">Ảnh<"]);
    // On a narrow window each passage is a card, whose lines say what they are.
    assert_has(
        page.text(),
        &[
            "data-label=\"Thời gian\"",
            "data-label=\"Lý do\"",
            "data-label=\"Lượt qua\"",
            "data-label=\"Độ trễ\"",
            ">Độ trễ</th>",
        ],
    );
}

#[tokio::test]
async fn an_ended_camera_shows_no_rate() {
    let site = Site::new().await;
    let page = site.get("/").await;
    let ended = page
        .text()
        .split("<figure")
        .find(|it| it.contains("Hết đoạn phim"));
    assert!(!ended.unwrap().contains("hình/s"));
    let mut running = crate::scene::camera("gate-2", wire::CameraState::Streaming, 100);
    running.at = crate::scene::at(10);
    let batch = [envelope(900, "pipeline", Message::Camera(running))];
    let now = service::clock::now();
    site.api.store().ingest(&batch, now).await.unwrap();
    assert_has(site.get("/").await.text(), &["24,9 hình/s"]);
}
