//! Pages, API and spreadsheets of who went in and out: of yesterday, by the machine's clock.

use crate::{
    scene::{passage, sighting, verdict},
    site::{Answer, Site},
};
use axum::http::StatusCode;
use domain::{
    CameraId, Class, Direction, LineCrossing, Movement, Outcome, PassageId, PassageState, Sighting,
    Timestamp, ZoneId,
};
use jiff::{ToSpan as _, tz::TimeZone};
use std::collections::BTreeSet;
use violation_api::{
    CrowdLevels, LanePlan, NoticePlan, NoticeSees, SiteKind, SitePlan, SiteProfile, ZonePlan,
    store::Counted,
};
use wire::Message;

fn zone(name: &str) -> ZoneId {
    name.parse().unwrap()
}

/// Yesterday at the site, as a date, and a moment of it.
fn yesterday() -> (String, impl Fn(i64) -> Timestamp) {
    let here = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let now = jiff::Timestamp::from_microsecond(service::clock::now().as_micros()).unwrap();
    let day = now.to_zoned(here.clone()).date().saturating_sub(1.days());
    let began = day.to_zoned(here).unwrap().timestamp().as_microsecond();
    let minute = move |minutes: i64| Timestamp::from_micros(began + minutes * 60_000_000);
    (day.to_string(), minute)
}

fn movement(n: u64, class: Class, is_in: bool, at: Timestamp) -> Message {
    let end = |is_here: bool| is_here.then(|| zone("yard"));
    Message::Movement(Movement {
        passage: PassageId(u128::from(n)),
        gate: "gate-1".parse().unwrap(),
        from: end(!is_in),
        to: end(is_in),
        class,
        mover: None,
        pass: None,
        at,
    })
}

fn crossing(n: u64, direction: Direction, at: Timestamp) -> Message {
    Message::Sighting(Sighting {
        camera: "hall-cam".parse().unwrap(),
        class: Class::Person,
        plate: None,
        picture: None,
        crossings: vec![LineCrossing {
            zone: zone("hall"),
            direction,
            at,
        }],
        ..sighting(n, 3)
    })
}

fn plan() -> SitePlan {
    let planned = |name: &str, people_max, vehicles_max| ZonePlan {
        zone: zone(name),
        name: format!("Khu {name}"),
        vehicles_max,
        people_max,
    };
    SitePlan {
        lanes: vec![LanePlan {
            gate: "gate-1".parse().unwrap(),
            camera: "gate-1-in".parse().unwrap(),
            from: None,
            to: Some(zone("yard")),
        }],
        zones: vec![
            planned("yard", None, Some(4)),
            planned("hall", Some(10), None),
        ],
    }
}

/// Yesterday: at 7 three lorries in and one person out through the gate, at 8 eight people over the
/// line.
async fn site() -> (Site, String) {
    let (day, minute) = yesterday();
    let mut more = vec![
        movement(101, Class::Truck, true, minute(7 * 60)),
        movement(102, Class::Truck, true, minute(7 * 60 + 1)),
        movement(103, Class::Car, true, minute(7 * 60 + 59)),
        movement(104, Class::Person, false, minute(7 * 60 + 30)),
    ];
    for n in 0..8_i64 {
        let id = 200 + u64::try_from(n).unwrap();
        more.push(crossing(id, Direction::In, minute(8 * 60 + n)));
    }
    // The gate's own camera says the same as the gate: no entrance of its own.
    more.push(Message::Sighting(Sighting {
        crossings: vec![LineCrossing {
            zone: zone("yard"),
            direction: Direction::In,
            at: minute(7 * 60),
        }],
        ..sighting(300, 3)
    }));
    let mut seen = passage(101, PassageState::Taken, 2);
    (seen.arrived_at, seen.changed_at) = (minute(7 * 60), minute(7 * 60));
    more.push(Message::Passage(seen));
    more.push(Message::Verdict(verdict(101, Outcome::Grant)));
    more.push(Message::Sighting(sighting(101, 2)));
    let site = Site::configured(&more, |config| {
        config.plan = plan();
        let gate = ("gate-1".parse().unwrap(), "=HYPERLINK(\"x\")".to_owned());
        config.names.gates.extend([gate]);
        let cameras = ["hall-cam", "gate-1-in"].map(|id| id.parse::<CameraId>().unwrap());
        let [hall, gate] = cameras;
        let zones = [(zone("hall"), hall), (zone("yard"), gate)];
        config.names.zone_cameras = zones.map(|(zone, it)| (zone, BTreeSet::from([it]))).into();
        config.profile = profile();
    })
    .await;
    (site, day)
}

fn profile() -> SiteProfile {
    let levels = CrowdLevels {
        busy: 0.5,
        crowded: 0.8,
    };
    SiteProfile {
        kind: SiteKind::Station,
        crowd: [(zone("hall"), levels)].into(),
        notice: Some(NoticePlan {
            controller: "Ga Đông Hà <nhà ga>".to_owned(),
            contact: "0233 000 000".to_owned(),
            purpose_vi: "an ninh, trật tự".to_owned(),
            purpose_en: "safety and order".to_owned(),
            sees: NoticeSees {
                people: true,
                counting: true,
                ..NoticeSees::default()
            },
            ..NoticePlan::default()
        }),
    }
}

#[track_caller]
fn assert_has(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word:?} is not in:\n{page}");
    }
}

async fn audited(site: &Site) -> u64 {
    site.api.store().verify_audit().await.unwrap().n_rows
}

#[tokio::test]
async fn the_day_page_shows_hours_entrances_and_pictures() {
    let (site, day) = site().await;
    let n_before = audited(&site).await;
    let answer = site.get(&format!("/flow?on={day}&hour=7")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(audited(&site).await, n_before + 1);
    let page = answer.text();
    let hour = "07:00–08:00</a></th><td>3</td><td>1</td>";
    assert_has(page, &["Thống kê ra vào", "Giờ đông nhất", hour]);
    assert_has(
        page,
        &["08:00–09:00 <small>8 lượt", "<svg class=\"chart\"", "<desc"],
    );
    assert_has(
        page,
        &[
            "07:00–08:00: Vào 3, Ra 1",
            "hall-cam – Khu hall",
            "+12 <small>khi đó 0",
        ],
    );
    // The picture of the lorry that came at 7, and no picture of those who crossed a line.
    assert_has(page, &["Hình ảnh trong giờ 07:00–08:00", "/passages/pas_"]);
    // A lane's own line is no second entrance.
    assert!(!page.contains("gate-1-in/yard"));
    assert!(!page.contains("style=") && !page.contains("<script>"));
    // A name is text, whatever is in it.
    assert_has(page, &["=HYPERLINK(&#34;x&#34;)"]);

    let path = format!("/flow?on={day}&kind=people&entrance=hall-cam/hall&lang=en");
    let people = site.get(&path).await;
    assert_has(
        people.text(),
        &["Busiest hour", "08:00–09:00", "<dd>8</dd>"],
    );
    let week = site
        .get(&format!("/flow?by=week&on={day}&kind=vehicles"))
        .await;
    assert_has(
        week.text(),
        &["Ngày đông nhất", "So với tuần trước", "<dd>3</dd>"],
    );
    let month = site.get(&format!("/flow?by=month&on={day}")).await;
    assert_has(month.text(), &["So với tháng trước", "<dd>11</dd>"]);
}

#[tokio::test]
async fn a_span_that_has_no_figures_is_told_in_both_languages() {
    let (site, _day) = site().await;
    let future = site.get("/flow?on=2999-01-01").await;
    assert_eq!(future.status, StatusCode::BAD_REQUEST);
    assert_has(future.text(), &["Khoảng thời gian này chưa đến"]);
    let odd = site.get("/flow?on=31/12/2026&lang=en").await;
    assert_has(odd.text(), &["expected a date such as 2026-12-01"]);
    for (query, detail) in [
        ("from=2999-01-01&until=2999-01-02", "in the future"),
        ("until=2999-01-02", "in the future"),
        ("from=2026-03-02&until=2026-03-01", "until is before from"),
        (
            "from=2024-01-01&until=2025-01-01",
            "367 days; ask for at most 366",
        ),
        ("from=yesterday", "from: expected a date"),
        ("by=year", "by: expected hour or day"),
        ("entrance=A/B/C", "entrance: expected the id of a gate"),
        ("form=2026-01-01", "unknown field `form`"),
    ] {
        for path in ["flow", "flow.csv"] {
            let answer = site.get(&format!("/api/v1/{path}?{query}")).await;
            assert_eq!(answer.problem(), "bad-request", "{query}");
            let told = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(told.contains(detail), "{query}: {told}");
        }
    }
    for bad in [
        "by=year",
        "kind=dogs",
        "entrance=%22",
        "hour=77",
        "hour=-1",
        "hour=x",
    ] {
        let answer = site.get(&format!("/flow?{bad}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn the_api_tells_hours_and_totals() {
    let (site, day) = site().await;
    let n_before = audited(&site).await;
    let answer = site
        .get(&format!("/api/v1/flow?from={day}&until={day}"))
        .await;
    assert_eq!(audited(&site).await, n_before + 1);
    let flow = answer.json();
    assert_eq!(flow["time_zone"], "Asia/Ho_Chi_Minh");
    let rows = flow["flow"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0]["entrance"], "gate-1");
    assert!(
        rows[0]["began_at"]
            .as_str()
            .unwrap()
            .ends_with("T00:00:00.000000Z")
    );
    assert_eq!(
        (&rows[0]["vehicles_in"], &rows[0]["people_out"]),
        (&3.into(), &1.into())
    );
    assert_eq!(flow["totals"][1]["people_in"], 8);
    let by_day = site
        .get(&format!("/api/v1/flow?from={day}&by=day&entrance=gate-1"))
        .await;
    let by_day = by_day.json();
    assert_eq!(by_day["flow"].as_array().unwrap().len(), 1);
    assert_eq!(by_day["totals"].as_array().unwrap().len(), 1);
}

/// Cells of a CSV text, as a spreadsheet reads it.
fn cells(answer: &Answer) -> Vec<Vec<String>> {
    let text = answer.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let record =
        |record: Result<csv::StringRecord, _>| record.unwrap().iter().map(str::to_owned).collect();
    reader.records().map(record).collect()
}

#[tokio::test]
async fn a_spreadsheet_shows_vietnamese_and_runs_nothing() {
    let (site, day) = site().await;
    let n_before = audited(&site).await;
    let answer = site
        .get(&format!("/api/v1/flow.csv?from={day}&until={day}"))
        .await;
    assert_eq!(audited(&site).await, n_before + 1);
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let file = format!("attachment; filename=\"flow-park-1-{day}-{day}.csv\"");
    assert_eq!(answer.header("content-disposition"), file);
    assert!(answer.text().starts_with('\u{feff}') && answer.text().ends_with("\r\n"));
    let rows = cells(&answer);
    // 24 hours of two entrances.
    assert_eq!(rows.len(), 1 + 48);
    assert_eq!(rows[0][..4], ["Ngày", "Giờ", "Lối vào", "Tên"]);
    let seven = [
        "07:00",
        "gate-1",
        "'=HYPERLINK(\"x\")",
        "cổng",
        "",
        "0",
        "1",
        "3",
        "0",
    ];
    assert_eq!(rows[1 + 14][1..], seven);
    let eight = [
        "08:00",
        "hall-cam/hall",
        "hall-cam",
        "vạch đếm",
        "hall",
        "8",
        "0",
        "0",
        "0",
    ];
    assert_eq!(rows[1 + 17][1..], eight);
    let english = site
        .get(&format!("/api/v1/flow.csv?from={day}&by=day&lang=en"))
        .await;
    let rows = cells(&english);
    assert_eq!(rows[0][6], "people_in");
    // Yesterday and today.
    assert_eq!((rows.len(), &*rows[2][6], &*rows[1][1]), (1 + 4, "8", ""));
}

#[tokio::test]
async fn zones_show_who_is_inside_and_how_crowded_it_is() {
    let (site, _day) = site().await;
    let json = site.get("/api/v1/zones").await.json();
    let (yard, hall) = (&json["zones"][0], &json["zones"][1]);
    assert_eq!(
        (&yard["vehicles"], &yard["source"]),
        (&3.into(), &"gate".into())
    );
    assert_eq!(
        (&hall["people"], &hall["source"]),
        (&8.into(), &"line".into())
    );
    assert_eq!(
        (&hall["level"], &yard["level"]),
        (&"crowded".into(), &"busy".into())
    );
    let page = site.get("/").await;
    let page = page.text();
    assert_has(
        page,
        &[
            "sse-swap=\"zones\"",
            "Khu hall",
            "đang đông – cần người",
            "counts-first",
        ],
    );
    let n_before = audited(&site).await;
    let page = site.get("/crowd").await;
    assert_eq!(audited(&site).await, n_before + 1);
    let page = page.text();
    assert_has(
        page,
        &[
            "/events?page=crowd&amp;lang=vi",
            "Khu hall",
            "80 %",
            "Sáu giờ qua",
        ],
    );
    assert_has(page, &["đếm theo vạch", "đếm theo cổng", "trên 10 người"]);
    let counted = Counted {
        zone: zone("hall"),
        vehicles: 0,
        people: 2,
        by: "guard".to_owned(),
        at: service::clock::now(),
    };
    let store = site.api.store();
    assert!(store.put_counted(&counted, counted.at).await.unwrap());
    assert!(!store.put_counted(&counted, counted.at).await.unwrap());
    let page = site.get("/crowd?lang=en").await;
    assert_has(page.text(), &["Calm", "counted by hand at", "of 10 people"]);
}

#[tokio::test]
async fn the_notice_tells_what_the_site_file_says_and_no_more() {
    let (site, _day) = site().await;
    let page = site.get("/notice").await;
    let page = page.text();
    assert_has(
        page,
        &["Khu vực có camera", "Cameras in operation", "91/2025/QH15"],
    );
    assert_has(
        page,
        &[
            "Ga Đông Hà &#60;nhà ga&#62;",
            "safety and order",
            "an ninh, trật tự",
        ],
    );
    assert_has(
        page,
        &["nobody&#39;s face template is stored", "0233 000 000"],
    );
    // Not in the site file: how long pictures are kept, plates, an address.
    for absent in ["How long", "Number plates", "QR codes", "https://"] {
        assert!(!page.contains(absent), "{absent}");
    }
    let bare = Site::new().await.get("/notice").await;
    assert_has(bare.text(), &["chưa có mục [notice]"]);
    assert!(!bare.text().contains("91/2025"));
}
