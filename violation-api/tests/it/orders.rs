//! Orders of guards: what reaches the gates, what does not, and what is kept of it.

use crate::guard::{Lane, site, until, yard};
use crate::site::request;
use axum::http::StatusCode;
use domain::{DenyReason, OrderKind, Outcome, PassageId, PassageState, ReferReason, SiteMode};
use serde_json::{Value, json};
use service::{clock::now, keys::CommandVerifier};
use std::time::Duration;

pub(crate) const GATE: &str = "/api/v1/gates/gate-1/orders";
pub(crate) const SITE: &str = "/api/v1/orders";
pub(crate) const REFERRED: Outcome = Outcome::Refer(ReferReason::Unknown);

pub(crate) fn passage(n: u128) -> String {
    PassageId(n).to_string()
}

pub(crate) fn order(order: &str, reason: &str) -> Value {
    json!({"order": order, "by": "Nguyễn Văn A", "reason": reason})
}

pub(crate) fn with(mut order: Value, key: &str, value: impl Into<Value>) -> Value {
    order[key] = value.into();
    order
}

/// Every kind of order, as a program asks for it.
fn all_orders() -> Vec<(OrderKind, Value)> {
    vec![
        (
            OrderKind::Refuse(PassageId(1)),
            with(order("refuse", "no-papers"), "passage_id", passage(1)),
        ),
        (
            OrderKind::Admit(PassageId(1)),
            with(order("admit", "expected"), "passage_id", passage(1)),
        ),
        (OrderKind::Open, order("open", "system-down")),
        (OrderKind::HoldOpen, order("hold-open", "convoy")),
        (OrderKind::Release, order("release", "over")),
        (
            OrderKind::ForgiveAntiPassback(yard()),
            with(order("forgive-anti-passback", "not-seen"), "zone", "yard"),
        ),
        (
            OrderKind::Counted {
                zone: yard(),
                vehicles: 12,
                people: 30,
            },
            with(
                with(
                    with(order("counted", "head-count"), "zone", "yard"),
                    "vehicles",
                    12,
                ),
                "people",
                30,
            ),
        ),
        (
            OrderKind::Mode(SiteMode::Lockdown),
            with(order("mode", "threat"), "mode", "lockdown"),
        ),
        (
            OrderKind::Mode(SiteMode::Evacuation),
            with(order("mode", "fire"), "mode", "evacuation"),
        ),
        (
            OrderKind::Mode(SiteMode::Normal),
            with(order("mode", "over"), "mode", "normal"),
        ),
    ]
}

#[tokio::test]
async fn every_order_reaches_the_gates_signed_and_is_audited() {
    let mut lane = Lane::new().await;
    lane.comes(1, PassageState::Referred, REFERRED).await;
    let verifier = CommandVerifier::from_public(&lane.key.public()).unwrap();
    let to = |kind: &OrderKind| match kind {
        OrderKind::Mode(_) | OrderKind::ForgiveAntiPassback(_) | OrderKind::Counted { .. } => SITE,
        _ => GATE,
    };
    let wanted = all_orders();
    for (n, (kind, body)) in wanted.iter().enumerate() {
        let answer = lane
            .post(to(kind), &format!("k{n}"), &body.to_string())
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{kind:?}: {}", answer.text());
        let told = &answer.json()["order"];
        assert_eq!(
            (&told["fate"], &told["by"]),
            (&json!("sent"), &json!("local/Nguyễn Văn A"))
        );
        let signed = lane.order().await;
        verifier.verify_order(&site(), &signed).unwrap();
        let got = &signed.order;
        assert_eq!((&got.kind, &*got.by), (kind, "local/Nguyễn Văn A"));
        assert_eq!(
            (told["id"].as_str().unwrap(), &*got.reason),
            (&*got.id.to_string(), body["reason"].as_str().unwrap())
        );
        assert_eq!(got.gate.is_some(), to(kind) == GATE);
        assert!(got.expires_at.since(got.issued_at) == Duration::from_secs(3));
        assert!(got.expires_at > now() && got.issued_at <= now());
    }
    let audit = lane.audit().await;
    let orders: Vec<&String> = audit.iter().filter(|row| row.contains(" order ")).collect();
    assert_eq!(orders.len(), wanted.len());
    assert!(
        orders[1].starts_with("local/Nguyễn Văn A order gate gate-1 admit pas_"),
        "{}",
        orders[1]
    );
    assert!(
        orders[7].contains("order every gate mode lockdown, threat, ord_"),
        "{}",
        orders[7]
    );
    // They are kept, newest first.
    let kept = lane.get("/api/v1/orders").await.json();
    let kinds: Vec<&str> = kept["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["order"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "mode",
            "mode",
            "mode",
            "counted",
            "forgive-anti-passback",
            "release",
            "hold-open",
            "open",
            "admit",
            "refuse"
        ]
    );
    assert_eq!(kept["orders"][3]["vehicles"], 12);
    let report = lane.service.api.store().verify_audit().await.unwrap();
    assert_eq!(report.first_broken, None);
}

/// Where they are sent, and what is wrong with them.
fn wrong_orders() -> Vec<(&'static str, Value, u16, &'static str)> {
    let other = |note: &str| with(order("open", "other"), "note", note);
    vec![
        (
            GATE,
            json!({"order": "open", "reason": "trial"}),
            403,
            "guard-name",
        ),
        (
            GATE,
            json!({"order": "open", "reason": "trial", "by": "<b>"}),
            403,
            "guard-name",
        ),
        (
            GATE,
            json!({"order": "open", "by": "An"}),
            400,
            "order-reason",
        ),
        (GATE, order("open", "because"), 400, "order-reason"),
        (GATE, order("open", "looked"), 400, "order-reason"),
        (GATE, order("open", "other"), 400, "order-reason"),
        (GATE, other(&"x".repeat(201)), 400, "order-reason"),
        (GATE, other("a\u{0}b"), 400, "order-reason"),
        (GATE, order("close", "trial"), 400, "bad-request"),
        (
            GATE,
            with(order("open", "trial"), "force", true),
            400,
            "bad-request",
        ),
        (
            GATE,
            with(order("mode", "drill"), "mode", "lockdown"),
            400,
            "bad-request",
        ),
        (SITE, order("open", "trial"), 400, "bad-request"),
        (
            SITE,
            with(order("mode", "drill"), "mode", "closed"),
            400,
            "bad-request",
        ),
        (
            SITE,
            with(order("counted", "head-count"), "zone", "yard"),
            400,
            "bad-request",
        ),
        (
            SITE,
            with(order("forgive-anti-passback", "misread"), "zone", "moon"),
            404,
            "not-found",
        ),
        (
            "/api/v1/gates/other/orders",
            order("open", "trial"),
            404,
            "not-found",
        ),
    ]
}

#[tokio::test]
async fn an_order_needs_a_name_a_reason_and_its_own_place() {
    let mut lane = Lane::new().await;
    for (path, body, status, kind) in wrong_orders() {
        let answer = lane.post(path, "k", &body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.problem()),
            (status, kind),
            "{body}"
        );
    }
    let no_key = request("POST", GATE, &[("content-type", "application/json")], "{}");
    assert_eq!(lane.call(no_key).await.problem(), "idempotency-key-missing");
    let good = order("open", "other");
    let good = with(good, "note", "cây đổ chắn đường").to_string();
    assert_eq!(lane.post(GATE, "k", &good).await.status, StatusCode::OK);
    let signed = lane.any_order().await;
    assert_eq!(signed.order.reason, "other: cây đổ chắn đường");
    lane.hears_nothing();
    let audit = lane.audit().await.join("\n");
    assert!(
        audit.contains("open, other") && !audit.contains("cây đổ"),
        "{audit}"
    );
}

#[tokio::test]
async fn another_site_s_page_orders_nothing() {
    let mut lane = Lane::new().await;
    let cookie = lane.sign_on("Trần B").await;
    let body = order("open", "trial").to_string();
    for (path, body, media_type) in [
        (GATE, &*body, "application/json"),
        (
            "/lanes/gate-1/orders",
            "key=a&order=open&reason=trial",
            "application/x-www-form-urlencoded",
        ),
        (
            "/guard/orders",
            "key=b&order=lockdown&reason=drill",
            "application/x-www-form-urlencoded",
        ),
        (
            "/guard/sign-on",
            "name=An",
            "application/x-www-form-urlencoded",
        ),
    ] {
        let headers = [
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("content-type", media_type),
            ("idempotency-key", "k"),
            ("cookie", &cookie),
        ];
        let answer = lane.call(request("POST", path, &headers, body)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let kept = lane.get("/api/v1/orders").await.json();
    assert_eq!(kept["orders"], json!([]));
    lane.hears_nothing();
}

#[tokio::test]
async fn the_same_request_again_acts_once_and_a_key_is_for_one_request() {
    let mut lane = Lane::new().await;
    let body = order("open", "convoy").to_string();
    let first = lane.post(GATE, "once", &body).await.json();
    let again = lane.post(GATE, "once", &body).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["order"]["id"], first["order"]["id"]);
    let other = lane
        .post(GATE, "once", &order("open", "trial").to_string())
        .await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.problem(), "idempotency-key-reused");
    // Two at the same moment: a button that was pressed twice.
    let both = tokio::join!(
        lane.post(GATE, "both", &body),
        lane.post(GATE, "both", &body)
    );
    assert_eq!(both.0.json()["order"]["id"], both.1.json()["order"]["id"]);
    lane.any_order().await;
    let second = lane.any_order().await;
    assert_eq!(
        json!(second.order.id.to_string()),
        both.0.json()["order"]["id"]
    );
    lane.hears_nothing();
    let n_orders = lane.get("/api/v1/orders").await.json()["orders"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(n_orders, 2);
}

#[tokio::test]
async fn what_the_guard_saw_must_still_be_so() {
    let mut lane = Lane::new().await;
    lane.comes(1, PassageState::Referred, REFERRED).await;
    let verdict = domain::VerdictId(1).to_string();
    let admit = |n| {
        with(
            with(order("admit", "known"), "passage_id", passage(n)),
            "verdict_id",
            &*verdict,
        )
    };
    let refuse = |n| {
        with(
            with(order("refuse", "suspicious"), "passage_id", passage(n)),
            "verdict_id",
            &*verdict,
        )
    };
    let problem = async |lane: &Lane, body: &Value| {
        let answer = lane.post(GATE, "k", &body.to_string()).await;
        (answer.status.as_u16(), answer.problem())
    };
    assert_eq!(
        problem(&lane, &admit(9)).await,
        (404, "not-found".to_owned())
    );
    // The gate has said something else in the meantime.
    lane.verdict(2, 1, Outcome::Refer(ReferReason::LookAlike), None);
    let shows = async |lane: &Lane, word: &str| {
        let page = lane.get("/api/v1/gates/gate-1/lane").await;
        page.text().contains(word)
    };
    until("the other verdict is known", async || {
        shows(&lane, "look-alike").await
    })
    .await;
    assert_eq!(
        problem(&lane, &admit(1)).await,
        (409, "passage-changed".to_owned())
    );
    let verdict = domain::VerdictId(2).to_string();
    let admit = |n| {
        with(
            with(order("admit", "known"), "passage_id", passage(n)),
            "verdict_id",
            &*verdict,
        )
    };
    for (state, code, told) in [
        (PassageState::Commanded, "commanded", "passage-let-in"),
        (PassageState::Taken, "", "passage-over"),
    ] {
        lane.passage(1, state, now());
        until("the passage has gone on", async || {
            let passages = lane.get("/api/v1/passages").await.json();
            let state = passages["passages"][0]["state"]
                .as_str()
                .unwrap()
                .to_owned();
            state == code || (code.is_empty() && state == "taken")
        })
        .await;
        assert_eq!(problem(&lane, &admit(1)).await, (409, told.to_owned()));
    }
    assert_eq!(problem(&lane, &refuse(1)).await.1, "passage-over");
    lane.hears_nothing();
    let kept = lane.get("/api/v1/orders").await.json();
    assert_eq!(kept["orders"], json!([]), "what was refused is no order");
}

#[tokio::test]
async fn another_gate_s_passage_is_none_of_this_one() {
    let mut lane = Lane::new().await;
    lane.comes(3, PassageState::Referred, REFERRED).await;
    let admit = with(order("admit", "known"), "passage_id", passage(3)).to_string();
    let elsewhere = lane.post("/api/v1/gates/gate-2/orders", "k", &admit).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    lane.hears_nothing();
}

#[tokio::test]
async fn whom_the_list_bars_is_let_in_for_a_reason_only() {
    let mut lane = Lane::new().await;
    lane.comes(1, PassageState::Denied, Outcome::Deny(DenyReason::Barred))
        .await;
    let admit = json!({"order": "admit", "by": "An", "passage_id": passage(1)});
    for body in [admit.clone(), with(admit.clone(), "reason", "looked")] {
        let answer = lane.post(GATE, "k", &body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.problem()),
            (400, "order-reason")
        );
    }
    let refuse = json!({"order": "refuse", "by": "An", "passage_id": passage(1)});
    let answer = lane.post(GATE, "k", &refuse.to_string()).await;
    assert_eq!(answer.problem(), "passage-answered");
    let body = with(admit, "reason", "emergency").to_string();
    assert_eq!(lane.post(GATE, "k", &body).await.status, StatusCode::OK);
    assert_eq!(
        lane.any_order().await.order.kind,
        OrderKind::Admit(PassageId(1))
    );
    // Nobody has to give a reason for whom nobody turns away.
    lane.comes(2, PassageState::Referred, REFERRED).await;
    let plain = json!({"order": "admit", "by": "An", "passage_id": passage(2)});
    let answer = lane.post(GATE, "k2", &plain.to_string()).await.json();
    assert_eq!(answer["order"]["reason"], "looked");
}
