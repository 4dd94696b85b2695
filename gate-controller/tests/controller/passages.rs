//! Who is let in, and what the gate says about it.

use crate::site::*;
use domain::{AckResult, Outcome, PassageState, ReferReason, SightingPhase};
use gate_controller::{GateEvent, GateStats, replay};
use service::clock::now;
use std::sync::Arc;
use wire::{Message, Topic};

fn is_passage(state: PassageState) -> impl Fn(&GateEvent) -> bool {
    move |event| matches!(event, GateEvent::Passage(passage) if passage.state == state)
}

fn outcomes(messages: &[Message]) -> Vec<Outcome> {
    let outcomes = messages.iter().filter_map(|message| match message {
        Message::Verdict(verdict) => Some(verdict.outcome),
        _ => None,
    });
    outcomes.collect()
}

fn n_commands(messages: &[Message]) -> usize {
    messages
        .iter()
        .filter(|message| matches!(message, Message::Command(_)))
        .count()
}

fn is_ack(message: &Message, result: AckResult) -> bool {
    matches!(message, Message::Ack(ack) if ack.result == result)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registered_car_gets_one_command_and_the_barrier_obeys() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let _barrier = site.barrier().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    see(&camera, car(1, 1, ALLOWED));
    let is_executed = |event: &GateEvent| {
        matches!(
            event,
            GateEvent::Answered {
                result: AckResult::Executed,
                ..
            }
        )
    };
    let mut seen = gate.until(is_executed).await;
    let last = domain::Sighting {
        phase: SightingPhase::Final,
        ..car(1, 2, ALLOWED)
    };
    see(&camera, last);
    seen.extend(gate.until(is_passage(PassageState::Taken)).await);

    let heard = listener
        .until(|heard| {
            heard.iter().any(|m| is_ack(m, AckResult::Executed)) && outcomes(heard).len() == 1
        })
        .await;
    assert_eq!(
        (n_commands(&heard), outcomes(&heard)),
        (1, vec![Outcome::Grant])
    );
    let timing = seen.iter().rev().find_map(|event| match event {
        GateEvent::Answered { timing, .. } => Some(timing.clone()),
        _ => None,
    });
    let timing = timing.expect("the barrier has answered");
    let executed_at = timing.executed_at.expect("it has opened");
    assert!(timing.received_at <= timing.given_at && timing.given_at <= timing.published_at);
    assert!(millis_between(timing.captured_at, timing.published_at) < 5_000);
    assert!(timing.answered_at.expect("it has answered") <= executed_at);
    // What this program is told holds no plate.
    assert!(!format!("{seen:?} {heard:?}").contains("12345"));

    let stats = gate.controller.stats();
    assert_eq!((stats.sightings, stats.verdicts, stats.commands), (3, 1, 1));
    gate.stop().await;
    let report = replay(&site.journal()).expect("the same bytes");
    assert_eq!(
        (report.n_verdicts, report.n_commands, report.n_unwritten),
        (1, 1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_again_change_nothing() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let _barrier = site.barrier().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    for sighting in [car(1, 0, ALLOWED), car(1, 1, ALLOWED)] {
        for _again in 0..5 {
            see(&camera, sighting.clone());
        }
    }
    let last = domain::Sighting {
        phase: SightingPhase::Final,
        ..car(1, 2, ALLOWED)
    };
    for _again in 0..5 {
        see(&camera, last.clone());
    }
    see(&camera, car(2, 0, LOOK_ALIKE));
    gate.until(is_passage(PassageState::Referred)).await;
    let heard = listener.until(|heard| outcomes(heard).len() == 2).await;
    assert_eq!(n_commands(&heard), 1);
    assert_eq!(gate.controller.stats().sightings, 16);
    gate.stop().await;
    assert_eq!(
        replay(&site.journal()).expect("the same bytes").n_commands,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_is_let_in() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, BARRED));
    see(&camera, car(2, 0, LOOK_ALIKE));
    see(&camera, car(3, 0, "92A-902.20"));
    let old = domain::Sighting {
        last_seen_at: now().saturating_sub(std::time::Duration::from_secs(60)),
        ..car(4, 0, ALLOWED)
    };
    see(&camera, old);
    let heard = listener.until(|heard| outcomes(heard).len() == 4).await;
    let expect = [
        Outcome::Deny(domain::DenyReason::Barred),
        Outcome::Refer(ReferReason::LookAlike),
        Outcome::Refer(ReferReason::Unknown),
        Outcome::Refer(ReferReason::Late),
    ];
    assert_eq!((outcomes(&heard), n_commands(&heard)), (expect.to_vec(), 0));

    // A list that is too old lets nobody in; a fresh one lets the same car in.
    let stale = registry().confirmed(now().saturating_sub(std::time::Duration::from_secs(90_000)));
    gate.controller
        .set_registry(Arc::new(stale), now())
        .await
        .expect("it runs");
    see(&camera, car(5, 0, ALLOWED));
    let heard = listener.until(|heard| outcomes(heard).len() == 5).await;
    assert_eq!(
        outcomes(&heard)[4],
        Outcome::Refer(ReferReason::RegistryStale)
    );
    gate.controller
        .set_registry(registry(), now())
        .await
        .expect("it runs");
    gate.until(is_passage(PassageState::Commanded)).await;
    assert_eq!(gate.controller.stats().commands, 1);
    gate.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_counted_and_the_rest_goes_on() {
    let site = Site::new().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    let topic = sighting_topic();
    let raw = |payload: Vec<u8>| {
        camera
            .publish_raw(&topic.to_string(), payload)
            .expect("there is room")
    };
    let envelope = wire::Envelope {
        id: "0".repeat(32),
        source: "camera".to_owned(),
        seq: 0,
        sent_at: now(),
        traceparent: None,
        message: Message::Sighting(car(9, 0, ALLOWED)),
    };
    let good = String::from_utf8(envelope.encode()).expect("it is JSON");
    raw(b"\xff\x00 no JSON".to_vec());
    raw(good.replacen("\"v\":1", "\"v\":2", 1).into_bytes());
    raw(good
        .replacen("\"seq\":0", "\"seq\":0,\"pin\":1", 1)
        .into_bytes());
    raw(good
        .replacen("51G12345", "51Ｇ12345", 1)
        .into_bytes()
        .into_iter()
        .rev()
        .collect());
    raw(vec![b' '; wire::PAYLOAD_BYTES_MAX + 1]);
    // Ours, and in the wrong place: another camera's sighting, and an answer where a sighting
    // belongs.
    let other = domain::Sighting {
        camera: "yard".parse().expect("a slug"),
        ..car(8, 0, ALLOWED)
    };
    see(&camera, other);
    let barrier = domain::Barrier {
        gate: "gate-2".parse().expect("a slug"),
        state: domain::GateState::Open,
        since: now(),
        nonce: None,
    };
    say(
        &camera,
        &Topic::Barrier(site_id(), gate_id()),
        Message::Barrier(barrier),
    );
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_passage(PassageState::Commanded)).await;
    let expect = GateStats {
        sightings: 1,
        rejected_malformed: 3,
        rejected_version: 1,
        rejected_too_large: 1,
        rejected_unexpected: 2,
        verdicts: 1,
        commands: 1,
        ..GateStats::default()
    };
    until_equal(|| gate.controller.stats(), expect).await;
    gate.stop().await;
}
