//! What guards order, what devices sense, and what other gates tell, over a real broker.

use crate::site::*;
use domain::{
    AlarmKind, Barrier, Class, DeviceEvent, DeviceInput, GateId, GateState, Movement, Mover, Order,
    OrderId, OrderKind, Outcome, PassageId, PassageState, SiteMode, ZoneId,
};
use gate_controller::{GateConfig, GateEvent, replay};
use policy::{AntiPassback, Confirm, Lane, Policy, Route};
use service::{bus::Bus, clock::now, keys::SigningKeyFile};
use std::time::Duration;
use wire::{Message, Topic};

const UNKNOWN: &str = "92A-902.20";

fn order(id: u128, kind: OrderKind) -> Order {
    Order {
        id: OrderId(id),
        gate: Some(gate_id()),
        kind,
        by: "guard-1".to_owned(),
        reason: "khách quen".to_owned(),
        issued_at: now(),
        expires_at: now().saturating_add(Duration::from_secs(3)),
    }
}

fn give(bus: &Bus, key: &SigningKeyFile, order: Order) {
    let topic = match &order.gate {
        Some(gate) => Topic::Order(site_id(), gate.clone()),
        None => Topic::OrderToAll(site_id()),
    };
    let signed = key.sign_order(&site_id(), order);
    bus.say(&topic, Message::Order(signed), now())
        .expect("it is sent");
}

fn sense(bus: &Bus, seq: u64, input: DeviceInput, is_active: bool) {
    let event = DeviceEvent {
        gate: gate_id(),
        input,
        is_active,
        seq,
        at: now(),
    };
    let topic = Topic::Device(site_id(), gate_id());
    bus.say(&topic, Message::Device(event), now())
        .expect("it is sent");
}

fn is_outcome(outcome: Outcome) -> impl Fn(&GateEvent) -> bool {
    move |event| matches!(event, GateEvent::Verdict(verdict) if verdict.outcome == outcome)
}

fn is_state(state: PassageState) -> impl Fn(&GateEvent) -> bool {
    move |event| matches!(event, GateEvent::Passage(passage) if passage.state == state)
}

fn yard() -> ZoneId {
    "yard".parse().expect("it is a slug")
}

/// A lane into the yard that knows by its loop who went through.
fn into_the_yard(site: &Site) -> GateConfig {
    let config = site.config(gate_controller::JOURNAL_BYTES_MAX);
    GateConfig {
        policy: Policy {
            route: Route {
                from: None,
                to: Some(yard()),
            },
            anti_passback: AntiPassback::Hard,
            ..config.policy
        },
        lane: Lane {
            confirm: Confirm::Loop,
            ..config.lane
        },
        ..config
    }
}

async fn start(site: &Site, config: GateConfig) -> Gate {
    let connected = site.connect("gate-1", config.filters(&site_id())).await;
    site.gate_on(config, connected, service::clock::SystemClock)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_admits_whom_the_policy_referred_and_a_forged_order_opens_nothing() {
    let site = Site::new().await;
    let _barrier = site.barrier().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, UNKNOWN));
    let seen = gate.until(is_state(PassageState::Referred)).await;
    let passage = seen.iter().find_map(|event| match event {
        GateEvent::Passage(passage) => Some(passage.id),
        _ => None,
    });
    let passage = passage.expect("it has arrived");

    let forger = SigningKeyFile::load_or_create(&site.folder.path().join("forger.key"));
    give(
        &camera,
        &forger.expect("a key"),
        order(1, OrderKind::Admit(passage)),
    );
    // Another gate's order on this gate's topic, signed well.
    let elsewhere = Order {
        gate: Some("gate-2".parse().expect("it is a slug")),
        ..order(2, OrderKind::Open)
    };
    let signed = site.guard_key().sign_order(&site_id(), elsewhere);
    let topic = Topic::Order(site_id(), gate_id());
    camera
        .say(&topic, Message::Order(signed), now())
        .expect("it is sent");
    give(
        &camera,
        &site.guard_key(),
        order(3, OrderKind::Admit(passage)),
    );

    let seen = gate.until(is_state(PassageState::Opened)).await;
    let grants: Vec<_> = seen
        .iter()
        .filter_map(|event| match event {
            GateEvent::Verdict(verdict) => Some((verdict.outcome, verdict.by.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(grants, [(Outcome::Grant, Some("guard-1".to_owned()))]);
    let stats = gate.controller.stats();
    assert_eq!((stats.rejected_forged, stats.rejected_unexpected), (1, 1));
    assert_eq!((stats.orders, stats.commands), (1, 1));
    gate.stop().await;
    let report = replay(&site.journal()).expect("the journal is decided again");
    assert_eq!((report.n_verdicts, report.n_commands), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_over_the_loop_is_inside_and_two_on_one_grant_are_told() {
    let site = Site::new().await;
    let mut gate = start(&site, into_the_yard(&site)).await;
    let mut listener = site.listener().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_outcome(Outcome::Grant)).await;
    // A boom that goes up and stays there: how long a simulated one does is the machine's speed.
    let up = Barrier {
        gate: gate_id(),
        state: GateState::Opening,
        since: now(),
        nonce: None,
    };
    let topic = Topic::Barrier(site_id(), gate_id());
    camera
        .say(&topic, Message::Barrier(up), now())
        .expect("it is sent");
    gate.until(is_state(PassageState::Opened)).await;
    sense(&camera, 1, DeviceInput::LoopUnder, true);
    sense(&camera, 2, DeviceInput::LoopUnder, false);
    gate.until(is_state(PassageState::Taken)).await;
    sense(&camera, 3, DeviceInput::LoopUnder, true);
    sense(&camera, 4, DeviceInput::LoopUnder, false);
    let is_tailgating = |event: &GateEvent| match event {
        GateEvent::Alarm(alarm) => alarm.kind == AlarmKind::Tailgating,
        _ => false,
    };
    gate.until(is_tailgating).await;
    let heard = listener
        .until(|heard| {
            let moved = heard.iter().filter(|m| matches!(m, Message::Movement(_)));
            moved.count() == 2 && heard.iter().any(|m| matches!(m, Message::Alarm(_)))
        })
        .await;
    let to: Vec<_> = heard
        .iter()
        .filter_map(|message| match message {
            Message::Movement(movement) => Some(movement.to.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(to, [Some(yard()), Some(yard())]);
    gate.stop().await;
    replay(&site.journal()).expect("the journal is decided again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_gate_tells_counts_here() {
    let site = Site::new().await;
    let mut gate = start(&site, into_the_yard(&site)).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    let other: GateId = "gate-2".parse().expect("it is a slug");
    let movement = Movement {
        passage: PassageId(77),
        gate: other.clone(),
        from: None,
        to: Some(yard()),
        class: Class::Car,
        mover: Some(Mover::Plate("51G12345".to_owned())),
        pass: None,
        at: now(),
    };
    let topic = Topic::Movement(site_id(), other);
    camera
        .say(&topic, Message::Movement(movement), now())
        .expect("it is sent");
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_outcome(Outcome::Refer(
        domain::ReferReason::AntiPassback,
    )))
    .await;
    assert_eq!(gate.controller.stats().movements, 1);
    gate.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_to_all_gates_locks_this_one_down() {
    let site = Site::new().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    let lockdown = Order {
        gate: None,
        ..order(1, OrderKind::Mode(SiteMode::Lockdown))
    };
    give(&camera, &site.guard_key(), lockdown);
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_outcome(Outcome::Deny(domain::DenyReason::Lockdown)))
        .await;
    assert_eq!(gate.controller.stats().commands, 0);
    gate.stop().await;
}
