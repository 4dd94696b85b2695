//! The pages: what they must show, in both languages, and that nothing in them is anybody's script.

use crate::{
    scene::{camera, candidate, plate, sighting},
    site::{CASE_1, CASE_INCOMPLETE, CASE_SCREENING, Site},
};
use axum::{body::Body, http::StatusCode};
use tower::ServiceExt as _;
use violation_api::BindPolicy;
use wire::{CameraState, Message};

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in the page:\n{page}");
    }
}

#[tokio::test]
async fn the_overview_shows_cameras_events_cases_and_counts() {
    let site = Site::new().await;
    let answer = site.get("/").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let page = answer.text();
    assert_has(
        page,
        &[
            "<html lang=\"vi\">",
            "Khu công nghiệp Đông Á",
            "Tổng quan",
            "Hồ sơ",
        ],
    );
    assert_has(
        page,
        &[
            "junction-1",
            "Hết đoạn phim",
            "Không có tin",
            "không mở được rtsp://camera",
        ],
    );
    assert_has(
        page,
        &[
            "51F-123.45",
            "Hỏi bảo vệ",
            "dễ nhầm với một biển đã đăng ký",
            "84 ms",
            "Đợi bảo vệ",
        ],
    );
    assert_has(
        page,
        &[
            "Từ chối",
            "có trong danh sách cấm vào",
            "Đóng",
            "Không được vào",
        ],
    );
    assert_has(
        page,
        &[
            "Vượt đèn đỏ",
            "Chờ xem xét",
            "Chỉ để sàng lọc",
            "29-B1",
            "123.45",
        ],
    );
    assert_has(page, &["1.234", "3.702", "line-1"]);
    assert_has(
        page,
        &[&format!("/api/v1/evidence/{}", site.picture_sha256)],
    );
    // Without htmx in its folder the page brings its own script and, without any script, reloads
    // itself.
    assert_has(
        page,
        &[
            "data-events=\"/events?lang=vi&amp;seq=",
            "http-equiv=\"refresh\"",
        ],
    );
    assert!(!page.contains("htmx.min.js") && !page.contains("style=") && !page.contains("onclick"));
    for url in page.split(['"', '\'']).filter(|part| part.contains("://")) {
        assert!(
            url.contains("rtsp://camera") || url.starts_with("\n"),
            "another host: {url}"
        );
    }
}

#[tokio::test]
async fn the_language_is_chosen_and_remembered() {
    let site = Site::new().await;
    let answer = site.get("/?lang=en").await;
    assert!(answer.header("set-cookie").starts_with("lang=en; Path=/"));
    assert_has(
        answer.text(),
        &[
            "<html lang=\"en\">",
            "Ask the guard",
            "Ran a red light",
            "1,234",
        ],
    );
    let answer = site.get_with("/cases", &[("cookie", "a=b; lang=en")]).await;
    assert_has(answer.text(), &["To be reviewed", "lang=vi", "Tiếng Việt"]);
    assert_eq!(answer.header("set-cookie"), "");
    let answer = site.get_with("/?lang=vi", &[("cookie", "lang=en")]).await;
    assert_has(answer.text(), &["<html lang=\"vi\">"]);
    let answer = site.get("/?lang=xx").await;
    assert_has(answer.text(), &["<html lang=\"vi\">"]);
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn a_case_page_shows_stills_facts_plate_and_decision() {
    let site = Site::new().await;
    let page = site.get(&format!("/cases/{CASE_1}")).await;
    let page = page.text();
    assert_has(
        page,
        &[
            "Trước hành vi",
            "Lúc hành vi",
            "Sau hành vi",
            "Biển số phóng to",
        ],
    );
    assert_has(
        page,
        &[
            "Đèn đã đỏ được",
            "2,3 s",
            "signal red",
            "Đỏ",
            "37 px",
            "21/11/2026 14:32:51,123",
        ],
    );
    assert_has(
        page,
        &["0,72", "<b>8</b> 0,21", "13 trên 14", "Bắt đầu xem xét"],
    );
    assert!(
        !page.contains("Xác nhận có vi phạm"),
        "not before the review has begun"
    );
    for later in ["phạt", "nộp", "thông báo", "fine", "payment", "notice of"] {
        assert!(
            !page.contains(later),
            "{later} is not part of this program yet"
        );
    }
    let page = site.get(&format!("/cases/{CASE_INCOMPLETE}")).await;
    assert_has(
        page.text(),
        &["Chứng cứ chưa đủ", "ảnh sau hành vi", "Thiếu ảnh này"],
    );
    let page = site.get(&format!("/cases/{CASE_SCREENING}")).await;
    assert_has(page.text(), &["Chỉ để sàng lọc", "không thể xác nhận"]);
}

#[tokio::test]
async fn a_case_is_decided_on_its_page_without_a_script() {
    let site = Site::new().await;
    let act = async |action: &str, body: &str| {
        site.submit(&format!("/cases/{CASE_1}/{action}"), body)
            .await
    };
    let answer = act("review", "key=a").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), format!("/cases/{CASE_1}"));
    let page = site.get(&format!("/cases/{CASE_1}")).await;
    assert_has(
        page.text(),
        &[
            "Xác nhận có vi phạm",
            "value=\"signal-fault\"",
            "Đèn tín hiệu hỏng",
        ],
    );
    // The button is pressed twice.
    assert_eq!(act("review", "key=a").await.status, StatusCode::SEE_OTHER);

    let none = act("dismiss", "key=b&reason=").await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
    assert_has(
        none.text(),
        &["Hãy chọn lý do bác bỏ", none.header("x-request-id")],
    );
    assert_eq!(act("pay", "key=b").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        act("dismiss", "reason=no-act").await.status,
        StatusCode::BAD_REQUEST
    );

    assert_eq!(
        act("dismiss", "key=c&reason=no-act").await.status,
        StatusCode::SEE_OTHER
    );
    let late = act("confirm", "key=d").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_has(late.text(), &["Hồ sơ này đã có quyết định"]);
    let page = site.get(&format!("/cases/{CASE_1}?lang=en")).await;
    assert_has(
        page.text(),
        &[
            "This case has been decided",
            "The act did not take place",
            "local",
        ],
    );
}

#[tokio::test]
async fn a_gate_page_has_its_history() {
    let site = Site::new().await;
    let page = site.get("/gates/gate-1").await;
    assert_has(
        page.text(),
        &[
            "Lịch sử cổng",
            "51F-123.45",
            "Không được vào",
            "14:32:51",
            "84 ms",
        ],
    );
    let absent = site.get("/gates/other").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert_has(absent.text(), &["Không tìm thấy", "<html lang=\"vi\">"]);
}

#[tokio::test]
async fn a_passage_page_shows_the_plate_frame_by_frame() {
    let site = Site::new().await;
    let path = "/passages/pas_00000000000000000000000000000001";
    assert_has(site.get("/gates/gate-1").await.text(), &[path]);
    let page = site.get(path).await;
    assert_has(
        page.text(),
        &[
            "Từng khung hình",
            "51F-123.45",
            "51F<span class=\"unsure\">1</span>2346",
            "14:32:52,123",
            "96 px",
            "7 khung hình khác đã đọc nhưng không giữ lại",
        ],
    );
    let other = path.replace("01", "02");
    assert_has(
        site.get(&other).await.text(),
        &["Chưa có kết quả từng khung hình."],
    );
    let english = site.get(&format!("{path}?lang=en")).await;
    assert_has(english.text(), &["Frame by frame"]);
}

#[tokio::test]
async fn lists_go_on_page_by_page() {
    let many: Vec<Message> = (10..60).map(|n| Message::Candidate(candidate(n))).collect();
    let site = Site::with(BindPolicy::LoopbackOnly, &many).await;
    let first = site.get("/cases?state=candidate").await;
    let older = first
        .text()
        .split('"')
        .find(|part| part.contains("cursor="))
        .unwrap();
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    let second = site.get(&older).await;
    assert_has(second.text(), &[CASE_1, "Mới nhất"]);
    assert!(!first.text().contains(CASE_1));
    let none = site.get("/cases?state=confirmed").await;
    assert_has(none.text(), &["Chưa có hồ sơ nào"]);
    assert_eq!(
        site.get("/cases?state=paid").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn hostile_texts_are_shown_and_not_run() {
    const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
    let mut evil = candidate(7);
    evil.rule = HOSTILE.to_owned();
    evil.facts = vec![(HOSTILE.to_owned(), HOSTILE.to_owned())];
    evil.plate = Some(plate(&["<script>", "\"onx=\"'&"], 0.9));
    for item in &mut evil.evidence {
        item.media_type = "text/html".to_owned();
    }
    let mut lost = camera("zz-evil", CameraState::Lost, 1);
    lost.reason = Some(HOSTILE.to_owned());
    let mut seen = sighting(1, 9);
    seen.plate = Some(plate(&["<b>&\"'"], 0.5));
    let messages = [
        Message::Candidate(evil),
        Message::Camera(lost),
        Message::Sighting(seen),
    ];
    let site = Site::with(BindPolicy::LoopbackOnly, &messages).await;
    let case = "/cases/vio_00000000000000000000000000000007";
    for path in ["/", "/cases", "/gates/gate-1", case] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        let page = answer.text();
        assert!(!page.contains("<script>"), "{path}: {page}");
        assert!(!page.contains("<img src=x") && !page.contains("<b>&") && !page.contains("\"onx"));
    }
    let page = site.get(case).await;
    assert_has(page.text(), &["&#60;script&#62;alert("]);
}

#[tokio::test]
async fn evidence_of_a_strange_type_is_handed_over_as_a_file() {
    let mut evil = candidate(7);
    let folder_of = Site::new().await;
    for item in &mut evil.evidence {
        item.media_type = "text/html".to_owned();
        item.sha256.clone_from(&folder_of.picture_sha256);
    }
    evil.evidence.truncate(1);
    let mut seen = sighting(1, 9);
    seen.picture = None;
    let messages = [Message::Sighting(seen), Message::Candidate(evil)];
    let site = Site::with(BindPolicy::LoopbackOnly, &messages).await;
    let answer = site
        .get(&format!("/api/v1/evidence/{}", site.picture_sha256))
        .await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("content-disposition"), "attachment");
}

#[tokio::test]
async fn assets_are_served_with_their_types() {
    let site = Site::new().await;
    for (name, media_type) in [
        ("app.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let answer = site.get(&format!("/assets/{name}")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, media_type)
        );
        let again = [("if-none-match", answer.header("etag"))];
        let again = site.get_with(&format!("/assets/{name}"), &again).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    }
    assert_eq!(
        site.get("/assets/htmx.min.js").await.status,
        StatusCode::NOT_FOUND
    );
    let n_lines = site.get("/assets/app.js").await.text().lines().count();
    assert!(n_lines <= 150, "{n_lines}");
}

/// Reads events until one of this name comes.
async fn event(body: &mut axum::body::BodyDataStream, name: &str) -> String {
    use tokio_stream::StreamExt as _;
    let mut text = String::new();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let next = tokio::time::timeout_at(deadline, body.next()).await;
        let chunk = next.expect("no such event in time").unwrap().unwrap();
        text += std::str::from_utf8(&chunk).unwrap();
        if let Some(found) = text
            .split("\n\n")
            .find(|event| event.starts_with(&format!("event: {name}\n")))
            && text.ends_with("\n\n")
        {
            return found.to_owned();
        }
    }
}

#[tokio::test]
async fn open_pages_are_told_of_changes() {
    let site = Site::new().await;
    let request = crate::site::request("GET", "/events?lang=en", &[], "");
    let response = site
        .api
        .router()
        .oneshot(request.map(|_| Body::empty()))
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let first = event(&mut body, "cases").await;
    assert_has(&first, &["Ran a red light", "To be reviewed"]);
    site.post(&format!("/api/v1/violations/{CASE_1}/review"), "k", "")
        .await;
    let next = event(&mut body, "cases").await;
    assert_has(&next, &["Under review"]);
    // Every line of the fragment is a line of data.
    assert!(
        next.lines().skip(1).all(|line| line.starts_with("data: ")),
        "{next}"
    );
}

#[tokio::test]
async fn a_page_that_has_missed_nothing_is_not_sent_everything_again() {
    let site = Site::new().await;
    let page = site.get("/").await;
    let path = page
        .text()
        .split('"')
        .find(|part| part.starts_with("/events"))
        .unwrap();
    let path = path.replace("&amp;", "&");
    let listen = async || {
        let request = crate::site::request("GET", &path, &[], "");
        let response = site.api.router().oneshot(request).await.unwrap();
        response.into_body().into_data_stream()
    };
    let first = event(&mut listen().await, "notice").await;
    assert!(!first.contains("event: gates"));
    site.api.refresh();
    let reconnected = event(&mut listen().await, "gates").await;
    assert_has(&reconnected, &["51F-123.45"]);
}

#[tokio::test]
async fn listeners_are_limited() {
    let site = Site::new().await;
    let mut open = Vec::new();
    for _n in 0..64 {
        let request = crate::site::request("GET", "/events", &[], "");
        let response = site.api.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        open.push(response);
    }
    let answer = site.get("/events").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "too-many-listeners");
    open.clear();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    loop {
        let request = crate::site::request("GET", "/events", &[], "");
        let response = site.api.router().oneshot(request).await.unwrap();
        if response.status() == StatusCode::OK {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no place has become free"
        );
        tokio::task::yield_now().await;
    }
}
