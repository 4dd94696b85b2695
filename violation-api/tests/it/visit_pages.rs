//! The visitors' desk, hosts' links and visitors' own pages, as browsers use them.

use crate::{
    desk::{HOUR, with_desk},
    site::{Answer, Site, request},
};
use axum::http::StatusCode;
use service::qr_code::find_in_photo;
use violation_api::BindPolicy;

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in the page:\n{page}");
    }
}

/// The value of a field of the page's form.
#[track_caller]
fn field(page: &str, name: &str) -> String {
    let at = page.find(&format!("name=\"{name}\" value=\"")).expect(name);
    let rest = &page[at..];
    let value = rest.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

fn encoded(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

async fn site() -> Site {
    Site::configured(&[], with_desk).await
}

async fn automatic() -> Site {
    Site::configured(&[], |config| {
        with_desk(config);
        config.desk.as_mut().unwrap().is_automatic = true;
    })
    .await
}

/// Registers a walk-in; the address of the visit's page.
async fn walk_in(site: &Site, name: &str, plate: &str) -> String {
    let page = site.get("/visitors").await;
    let id = field(page.text(), "id");
    let answer = submit_walk_in(site, &id, name, plate).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(answer.header("location"), format!("/visitors/{id}"));
    format!("/visitors/{id}")
}

async fn submit_walk_in(site: &Site, id: &str, name: &str, plate: &str) -> Answer {
    let page = site.get("/visitors").await;
    let page = page.text();
    let fields = [
        ("id", id),
        ("name", name),
        ("company", "Công ty Mẫu"),
        ("phone", ""),
        ("plate", plate),
        ("purpose", "giao hàng"),
        ("host", "Trần Thị Đón"),
        ("day", &*now_day(page)),
        ("from", "00:00"),
        ("until", "23:59"),
        ("uses", "once"),
    ];
    site.submit("/visitors", &form(&fields)).await
}

fn now_day(page: &str) -> String {
    field(page, "day")
}

/// Makes a link; the path behind the host name.
async fn link(site: &Site, host: &str, max: &str) -> String {
    let page = site.get("/visit-links").await;
    let day = field(page.text(), "day");
    let fields = [
        ("host", host),
        ("max", max),
        ("day", &*day),
        ("until", "18:00"),
    ];
    let answer = site.submit("/visit-links", &form(&fields)).await;
    let text = answer.text();
    let at = text.find("/visit/").expect("the address is shown");
    let path = text[at..].split('"').next().unwrap().to_owned();
    // It is shown once, and not kept: the database has its hash alone.
    assert!(!site.get("/visit-links").await.text().contains(&path));
    path
}

async fn announce(site: &Site, path: &str, name: &str) -> Answer {
    let page = site.get(path).await;
    let page = page.text();
    let (id, ticket) = (field(page, "id"), field(page, "ticket"));
    let fields = [
        ("id", &*id),
        ("ticket", &*ticket),
        ("name", name),
        ("plate", "30F-256.58"),
        ("day", &*field(page, "day")),
        ("from", "00:00"),
        ("until", "23:59"),
    ];
    site.submit(path, &form(&fields)).await
}

#[tokio::test]
async fn a_walk_in_is_registered_checked_in_and_out_and_found_again() {
    let site = site().await;
    let page = walk_in(&site, "Nguyễn Văn <Mẫu>", "30F-256.58").await;
    let shown = site.get(&page).await;
    assert_has(
        shown.text(),
        &[
            "Nguyễn Văn &#60;Mẫu",
            "Sắp đến",
            "Trần Thị Đón",
            "<svg viewBox",
            "Thẻ thật, còn hạn",
        ],
    );
    let id = page.strip_prefix("/visitors/").unwrap();
    // The same form once more makes nobody else.
    submit_walk_in(&site, id, "Nguyễn Văn <Mẫu>", "30F-256.58").await;
    let list = site.get("/visitors?q=nguyen%2030f25658").await;
    assert_eq!(
        list.text().matches("class=\"open\"").count(),
        1,
        "{}",
        list.text()
    );
    let none = site.get("/visitors?q=nobody").await;
    assert_has(none.text(), &["Không tìm thấy khách nào"]);

    let action = |name: &str| format!("{page}/{name}");
    let fields = form(&[("seen", "human"), ("gate", "gate-1"), ("back", "/visitors")]);
    let done = site.submit(&action("check-in"), &fields).await;
    assert_eq!(done.header("location"), "/visitors");
    assert_has(
        site.get("/visitors?show=here&lang=en").await.text(),
        &["Here now", "Check out", "by gate gate-1"],
    );
    assert_has(
        site.get(&page).await.text(),
        &["bảo vệ đã xem", "local (console)"],
    );
    let refused = site.submit(&action("cancel"), "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_has(refused.text(), &["Không làm được với lượt khách này"]);
    site.submit(&action("check-out"), "").await;
    assert_has(site.get("/visitors?show=gone").await.text(), &["Đã về"]);
    let unknown = site.submit(&action("open-the-gate"), "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    // A page of another site can do none of it.
    let foreign = request(
        "POST",
        &action("check-in"),
        &[("origin", "http://evil")],
        "",
    );
    assert_eq!(site.call(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_pass_is_shown_called_back_and_no_longer_given() {
    let site = site().await;
    let page = walk_in(&site, "Khách Mẫu", "").await;
    let png = site.get(&format!("{page}/pass.png")).await;
    assert_eq!(png.header("content-type"), "image/png");
    let texts = find_in_photo(&png.body, |text| Some(text.to_owned())).unwrap();
    assert!(texts[0].as_ref().unwrap().starts_with("GAC1:"));
    site.submit(&format!("{page}/call-back"), "").await;
    assert_has(site.get(&page).await.text(), &["Thẻ đã bị thu hồi"]);
    let png = site.get(&format!("{page}/pass.png")).await;
    assert_eq!(png.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_asks_for_it_is_erased_and_the_pass_opens_nothing() {
    let site = site().await;
    let page = walk_in(&site, "Đặng Thị Quên", "30F-256.58").await;
    site.submit(&format!("{page}/erase"), "").await;
    let shown = site.get(&page).await;
    assert_has(shown.text(), &["Thông tin cá nhân đã được xóa", "(đã xóa)"]);
    assert!(!shown.text().contains("Quên"));
    let list = std::fs::read_to_string(site.folder.path().join("list/passes.json")).unwrap();
    assert!(
        list.contains("called_back_at") && !list.contains("256"),
        "{list}"
    );
}

#[tokio::test]
async fn wrong_forms_are_told_and_what_was_written_is_kept() {
    let site = site().await;
    let page = site.get("/visitors").await;
    let id = field(page.text(), "id");
    let answer = submit_walk_in(&site, &id, " ", "#").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_has(
        answer.text(),
        &[
            "Hãy ghi họ tên",
            "Biển số không đúng",
            "value=\"Trần Thị Đón\"",
            "role=\"alert\"",
        ],
    );
    for body in ["id=x", "name=%ff", "other=1"] {
        let answer = site.submit("/visitors", body).await;
        assert!(answer.status.is_client_error(), "{body}");
    }
    assert_eq!(
        site.get("/visitors?day=nonsense").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        site.get("/visitors/gst_1").await.status,
        StatusCode::BAD_REQUEST
    );
    let nobody = format!("/visitors/gst_{:032x}", 1);
    assert_eq!(site.get(&nobody).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_visitor_announces_himself_is_approved_and_gets_a_pass() {
    let site = site().await;
    let path = link(&site, "Lê Văn Mời", "2").await;
    assert_has(
        site.get(&path).await.text(),
        &["Lê Văn Mời", "Đăng ký vào thăm", "30."],
    );
    assert!(
        !site.get(&path).await.text().contains("href=\"/visitors"),
        "no way to the console"
    );
    let answer = announce(&site, &path, "Phạm Thị Khách").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let ticket = answer.header("location").to_owned();
    assert_has(
        site.get(&ticket).await.text(),
        &["Bảo vệ sẽ duyệt", "Phạm Thị Khách"],
    );
    assert!(!site.get(&ticket).await.text().contains("<svg viewBox"));
    assert_eq!(
        site.get(&format!("{ticket}/pass.png")).await.status,
        StatusCode::NOT_FOUND
    );

    let waits = site.get("/visitors?show=waits").await;
    let at = waits.text().find("class=\"open\" href=\"").unwrap();
    let page = waits.text()[at..].split('"').nth(3).unwrap().to_owned();
    site.submit(&format!("{page}/approve"), "").await;
    assert_has(
        site.get(&format!("{ticket}?lang=en")).await.text(),
        &["Show this code", "<svg viewBox", "I am not coming"],
    );
    let png = site.get(&format!("{ticket}/pass.png")).await;
    assert_eq!(png.header("content-type"), "image/png");
    let cancelled = site.submit(&format!("{ticket}/cancel"), "").await;
    assert_eq!(cancelled.header("location"), ticket);
    assert_has(site.get(&ticket).await.text(), &["Chuyến thăm đã bị hủy"]);
    assert_has(
        site.get(&page).await.text(),
        &["Thẻ đã bị thu hồi", "Khách tự đăng ký"],
    );
}

#[tokio::test]
async fn a_site_may_leave_the_approval_out() {
    let site = automatic().await;
    let path = link(&site, "Lê Văn Mời", "1").await;
    let answer = announce(&site, &path, "Phạm Thị Khách").await;
    let ticket = answer.header("location").to_owned();
    assert_has(
        site.get(&ticket).await.text(),
        &["<svg viewBox", "Đưa mã này"],
    );
}

/// Whatever is wrong with an address, the answer is the same one, byte for byte but its id.
#[tokio::test]
async fn a_wrong_used_up_or_called_back_link_gets_one_answer() {
    let site = site().await;
    let used = link(&site, "Lê Văn Mời", "1").await;
    announce(&site, &used, "Phạm Thị Khách").await;
    let called_back = link(&site, "Lê Văn Mời", "5").await;
    let page = site.get("/visit-links").await;
    let at = page.text().rfind("/call-back").unwrap();
    let action = page.text()[..at].rsplit('"').next().unwrap().to_owned();
    let answer = site.submit(&format!("{action}/call-back"), "").await;
    assert_eq!(answer.header("location"), "/visit-links");

    let never = format!("/visit/{:032x}", 7);
    let bare = |answer: &Answer| {
        let id = answer.header("x-request-id").to_owned();
        (answer.status, answer.text().replace(&id, ""))
    };
    let expect = bare(&site.get(&never).await);
    assert_eq!(expect.0, StatusCode::NOT_FOUND);
    assert_has(
        &expect.1,
        &["Link không dùng được", "Hãy hỏi người mời bạn"],
    );
    for path in [
        &*used,
        &called_back,
        "/visit/x",
        "/visit/..%2Fvisitors",
        "/visit/%00",
    ] {
        assert_eq!(bare(&site.get(path).await), expect, "{path}");
        let posted = site.submit(path, "name=A").await;
        assert_eq!(bare(&posted), expect, "{path}");
    }
    // Whoever guesses is slowed down, and whoever has a good address is not.
    let good = link(&site, "Lê Văn Mời", "1").await;
    let mut statuses = Vec::new();
    for n in 0..130 {
        statuses.push(site.get(&format!("/visit/{n:032x}")).await.status);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(site.get(&good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn bad_announcements_are_told_and_huge_ones_refused() {
    let site = site().await;
    let path = link(&site, "Lê Văn Mời", "3").await;
    let answer = announce(&site, &path, "  ").await;
    assert_has(answer.text(), &["Hãy ghi họ tên", "value=\"30F-256.58\""]);
    let page = site.get(&path).await;
    let ticket = field(page.text(), "ticket");
    let bad = form(&[("id", "gst_1"), ("ticket", &ticket), ("name", "A")]);
    assert_eq!(
        site.submit(&path, &bad).await.status,
        StatusCode::BAD_REQUEST
    );
    let huge = form(&[("name", &"A".repeat(20_000))]);
    let answer = site.submit(&path, &huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        site.get("/visitors?show=waits")
            .await
            .text()
            .matches("class=\"open\"")
            .count(),
        0
    );
}

/// Under the visitors' own name there is nothing but their pages.
#[tokio::test]
async fn the_console_is_not_served_under_the_visitors_name() {
    let site = Site::configured(&[], |config| {
        with_desk(config);
        config.bind_policy = BindPolicy::LoopbackOnly;
        let desk = config.desk.as_mut().unwrap();
        desk.public_url = Some("https://khach.example.vn".to_owned());
    })
    .await;
    let path = link(&site, "Lê Văn Mời", "1").await;
    let public = [("host", "khach.example.vn")];
    assert_eq!(site.get_with(&path, &public).await.status, StatusCode::OK);
    assert_eq!(
        site.get_with("/assets/app.css", &public).await.status,
        StatusCode::OK
    );
    for hidden in [
        "/",
        "/visitors",
        "/visit-links",
        "/api/v1/gates",
        "/healthz",
        "/documents/gate-1",
    ] {
        let answer = site.get_with(hidden, &public).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{hidden}");
    }
    let other = site.get_with(&path, &[("host", "other.example.vn")]).await;
    assert_eq!(other.status, StatusCode::MISDIRECTED_REQUEST);
    let page = site.get_with(&path, &public).await;
    let fields = [
        ("id", field(page.text(), "id")),
        ("ticket", field(page.text(), "ticket")),
        ("name", "Phạm Thị Khách".to_owned()),
        ("day", field(page.text(), "day")),
        ("from", "00:00".to_owned()),
        ("until", "23:59".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, &**text)).collect();
    let headers = [
        ("host", "khach.example.vn"),
        ("origin", "https://khach.example.vn"),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let posted = site
        .call(request("POST", &path, &headers, &form(&fields)))
        .await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_day_is_exported_for_spreadsheets_and_that_is_audited() {
    let site = site().await;
    walk_in(&site, "=HYPERLINK(1)", "30F-256.58").await;
    let before = site.api.store().verify_audit().await.unwrap().n_rows;
    let answer = site.get("/visitors/day.csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment; filename=\"visitors-")
    );
    let text = answer.text();
    assert!(text.starts_with("\u{feff}\"Họ và tên\",\"Công ty\""));
    assert_has(text, &["\"'=HYPERLINK(1)\"", "\"Sắp đến\""]);
    assert_eq!(text.lines().count(), 2);
    let after = site.api.store().verify_audit().await.unwrap();
    assert_eq!((after.n_rows - before, after.first_broken), (1, None));
}

#[tokio::test]
async fn what_is_long_over_is_tended_by_the_program_itself() {
    let site = Site::configured(&[], |config| {
        with_desk(config);
        config.desk.as_mut().unwrap().kept = HOUR;
    })
    .await;
    let mut new = crate::desk::new_visitor(1, "Đặng Thị Quên", service::clock::now());
    new.expected_from = service::clock::now().saturating_sub(9 * HOUR);
    new.expected_until = service::clock::now().saturating_sub(8 * HOUR);
    let made = site
        .api
        .store()
        .register_visitor(&new, None, "guard", new.expected_from);
    made.await.unwrap();
    site.api.tend_visits().await.unwrap();
    // Given up just now, so that the guard can still look; forgotten when that is an hour ago.
    let visitor = site.api.store().visitor(new.id).await.unwrap().unwrap();
    assert_eq!(visitor.state, violation_api::VisitState::DidNotCome);
    assert!(visitor.person.is_some());
}

#[tokio::test]
async fn without_a_desk_there_are_no_such_pages() {
    let site = Site::new().await;
    for path in [
        "/visitors",
        "/visit-links",
        "/documents/gate-1",
        "/visitors/day.csv",
    ] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
