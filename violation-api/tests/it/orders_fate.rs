//! What became of orders: not sent, said again, answered.

use crate::{
    guard::{Lane, gate, site, until},
    orders::{GATE, REFERRED, SITE, order, passage, with},
};
use axum::http::StatusCode;
use domain::{
    Ack, AckResult, CommandCause, CommandId, CommandKind, GateCommand, OrderKind, Outcome,
    PassageState, SiteMode,
};
use serde_json::json;
use service::clock::now;
use std::time::Duration;
use wire::{Message, Topic};

#[tokio::test]
async fn what_cannot_be_sent_is_told_and_is_never_sent_later() {
    let mut lane = Lane::new().await;
    let cookie = lane.sign_on("Lê C").await;
    lane.wire.cut().await;
    until("the service has noticed", async || {
        lane.get("/readyz").await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let body = order("open", "breakdown").to_string();
    for _again in 0..2 {
        let answer = lane.post(GATE, "k", &body).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.problem(), "order-not-sent");
    }
    let lockdown = with(order("mode", "threat"), "mode", "lockdown").to_string();
    assert_eq!(
        lane.post(SITE, "m", &lockdown).await.problem(),
        "order-not-sent"
    );
    let form = "key=f&order=hold-open&reason=convoy";
    let answer = lane.submit("/lanes/gate-1/orders", &cookie, form).await;
    let page = lane.get(answer.header("location")).await;
    for words in [
        "KHÔNG GỬI ĐƯỢC",
        "Máy chủ mất kết nối với cổng",
        "Không gửi được",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
    lane.wire.mend().await;
    until("the service is back", async || {
        lane.get("/readyz").await.status == StatusCode::OK
    })
    .await;
    // The first that the gate hears is what is ordered now.
    let body = order("release", "over").to_string();
    assert_eq!(lane.post(GATE, "new", &body).await.status, StatusCode::OK);
    assert_eq!(lane.any_order().await.order.kind, OrderKind::Release);
    lane.hears_nothing();
    let kept = lane.get("/api/v1/orders").await.json();
    let fates: Vec<&str> = kept["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["fate"].as_str().unwrap())
        .collect();
    assert_eq!(fates, ["sent", "not-sent", "not-sent", "not-sent"]);
    let audit = lane.audit().await.join("\n");
    assert_eq!(audit.matches(" order-not-sent ").count(), 3, "{audit}");
    let shown = lane.get("/api/v1/gates/gate-1/lane").await.json();
    assert_eq!(
        shown["lane"]["mode"], "normal",
        "a lockdown that no gate heard of is none"
    );
}

#[tokio::test]
async fn a_mode_is_said_again_also_after_a_restart_and_stands_on_every_page() {
    let mut lane = Lane::new().await;
    let lockdown = with(order("mode", "threat"), "mode", "lockdown").to_string();
    let told = lane.post(SITE, "m", &lockdown).await.json();
    let first = lane.any_order().await;
    assert_eq!(json!(first.order.id.to_string()), told["order"]["id"]);
    let again = lane.any_order().await.order;
    assert_eq!(
        (&again.kind, &*again.by),
        (&first.order.kind, "local/Nguyễn Văn A")
    );
    assert!(again.id != first.order.id && first.order.issued_at < again.issued_at);
    assert!(again.expires_at.since(again.issued_at) == Duration::from_secs(3));

    let mut lane = lane.restart().await;
    let later = lane.any_order().await.order;
    assert_eq!((&later.kind, &*later.reason), (&first.order.kind, "threat"));
    assert!(again.issued_at < later.issued_at);
    for path in ["/", "/cases", "/lanes", "/lanes/gate-1", "/gates/gate-1"] {
        let page = lane.get(path).await;
        assert_eq!(page.text().matches("PHONG TỎA").count().min(1), 1, "{path}");
        assert!(page.text().contains("local/Nguyễn Văn A"), "{path}");
    }
    let cookie = lane.sign_on("Lê C").await;
    let answer = lane
        .submit("/guard/orders", &cookie, "key=n&order=normal&reason=over")
        .await;
    assert!(
        answer.header("location").starts_with("/lanes?order=ord_"),
        "{}",
        answer.text()
    );
    until("the end of it is said", async || {
        lane.any_order().await.order.kind == OrderKind::Mode(SiteMode::Normal)
    })
    .await;
    assert!(!lane.get("/cases").await.text().contains("PHONG TỎA"));
    // What was said again is no order of its own.
    let kept = lane.get("/api/v1/orders").await.json();
    assert_eq!(kept["orders"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_became_of_an_order_is_known_in_whatever_order_it_is_told() {
    let mut lane = Lane::new().await;
    lane.comes(1, PassageState::Referred, REFERRED).await;
    let body = json!({"order": "admit", "by": "An", "passage_id": passage(1)}).to_string();
    lane.post(GATE, "a", &body).await;
    let admitted = lane.any_order().await.order;
    lane.post(GATE, "b", &order("open", "trial").to_string())
        .await;
    let opened = lane.any_order().await.order;
    // The answer of the barrier comes before the command that it is to.
    let command = CommandId(7);
    for result in [AckResult::Executed, AckResult::Accepted] {
        let ack = Ack {
            command,
            gate: gate(),
            result,
            at: now(),
        };
        lane.say(&Topic::Ack(site(), gate()), Message::Ack(ack));
    }
    let told = GateCommand {
        id: command,
        gate: gate(),
        kind: CommandKind::Open,
        cause: CommandCause::Order(opened.id),
        nonce: None,
        issued_at: now(),
        expires_at: opened.expires_at,
    };
    let signed = lane.key.sign_command(&site(), told);
    lane.say(&Topic::Command(site(), gate()), Message::Command(signed));
    lane.verdict(5, 1, Outcome::Grant, Some(&admitted.by));
    until("both are answered", async || {
        let kept = lane.get("/api/v1/orders").await.json();
        let answers = [&kept["orders"][0]["answer"], &kept["orders"][1]["answer"]];
        answers == [&json!("executed"), &json!("verdict")]
    })
    .await;
    let page = lane.get("/lanes/gate-1").await;
    for words in ["Đã thi hành", "Cổng đã nhận", "local/An"] {
        assert!(page.text().contains(words), "{words}");
    }
}
