//! A gate that starts again.

use crate::site::*;
use domain::{Ack, AckResult, Barrier, DeviceNonce, GateState, PassageState};
use gate_controller::{GateEvent, RecoveryError, replay};
use service::clock::{SimClock, SystemClock, now};
use std::{fs, time::Duration};
use wire::{Message, SignedCommand, Topic};

fn commands(heard: &[Message]) -> Vec<SignedCommand> {
    let commands = heard.iter().filter_map(|message| match message {
        Message::Command(signed) => Some(signed.clone()),
        _ => None,
    });
    commands.collect()
}

fn is_commanded(event: &GateEvent) -> bool {
    matches!(event, GateEvent::Passage(passage) if passage.state == PassageState::Commanded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_without_an_answer_is_sent_again_with_the_same_id() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    // A barrier that is slow to answer, played by the test.
    let (device, _events) = site.connect("barrier-1", Vec::new()).await;
    let barrier = Barrier {
        gate: gate_id(),
        state: GateState::Closed,
        since: now(),
        nonce: Some(DeviceNonce(5)),
    };
    let topic = Topic::Barrier(site_id(), gate_id());
    say(&device, &topic, Message::Barrier(barrier));
    let mut gate = site.gate().await;
    gate.until(|e| matches!(e, GateEvent::Barrier(_))).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_commanded).await;
    gate.stop().await;
    let mut gate = site.gate().await;
    assert_eq!(gate.controller.recovery().n_commands_again, 1);
    see(&camera, car(1, 1, ALLOWED));
    let heard = listener.until(|heard| commands(heard).len() == 2).await;
    let [first, second] = &commands(&heard)[..] else {
        panic!("two messages")
    };
    assert_eq!(first.command.id, second.command.id);
    assert_eq!(first.command.nonce, Some(DeviceNonce(5)));
    let ack = Ack {
        command: first.command.id,
        gate: gate_id(),
        result: AckResult::Executed,
        at: now(),
    };
    let topic = Topic::Ack(site_id(), gate_id());
    say(&device, &topic, Message::Ack(ack));
    let is_opened = |e: &GateEvent| {
        matches!(
            e,
            GateEvent::Answered {
                result: AckResult::Executed,
                ..
            }
        )
    };
    gate.until(is_opened).await;
    gate.stop().await;
    let report = replay(&site.journal()).expect("the same bytes");
    assert_eq!((report.n_starts, report.n_commands), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_last_line_is_cut_off_and_nothing_is_done_twice() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let _barrier = site.barrier().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    let is_opened =
        |e: &GateEvent| matches!(e, GateEvent::Passage(p) if p.state == PassageState::Opened);
    gate.until(is_opened).await;
    gate.stop().await;

    let whole = fs::read(site.journal()).expect("the journal is there");
    fs::write(site.journal(), &whole[..whole.len() - 7]).expect("it can be written");
    let report = replay(&site.journal()).expect("a torn tail is no mistake");
    assert!(report.truncated_tail.is_some());

    let mut gate = site.gate().await;
    assert!(gate.controller.recovery().truncated_tail.is_some());
    assert_eq!(gate.controller.recovery().set_aside, None);
    see(&camera, car(1, 0, ALLOWED));
    see(&camera, car(2, 0, BARRED));
    let is_denied =
        |e: &GateEvent| matches!(e, GateEvent::Passage(p) if p.state == PassageState::Denied);
    gate.until(is_denied).await;
    let is_second_verdict = |heard: &[Message]| {
        2 <= heard
            .iter()
            .filter(|m| matches!(m, Message::Verdict(_)))
            .count()
    };
    let heard = listener.until(is_second_verdict).await;
    let mut ids: Vec<_> = commands(&heard)
        .iter()
        .map(|signed| signed.command.id)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    gate.stop().await;
    let report = replay(&site.journal()).expect("the same bytes");
    assert_eq!(
        (report.n_commands, report.n_verdicts, report.truncated_tail),
        (1, 2, None)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_gate_on_the_same_journal_does_not_start() {
    let site = Site::new().await;
    let gate = site.gate().await;
    let config = gate_controller::GateConfig {
        program: "gate-1".to_owned(),
        config_sha256: "00".to_owned(),
        cameras: Vec::new(),
        policy: policy::Policy::for_factor(1, policy::Factor::Plate),
        lane: policy::Lane::for_factor(gate_id(), policy::Factor::Plate),
        journal: site.journal(),
        journal_bytes_max: gate_controller::JOURNAL_BYTES_MAX,
    };
    let (bus, events) = site.connect("second", Vec::new()).await;
    let parts = gate_controller::GateParts {
        bus: bus.clone(),
        events,
        outbox: gate.outbox.clone(),
        key: site.key(),
        orders: orders_of(&site.guard_key()),
        registry: registry(),
        clock: SystemClock,
    };
    let shutdown = service::shutdown::Shutdown::new();
    let second = gate_controller::GateController::start(config, parts, shutdown).await;
    let error = second.expect_err("the journal is in use");
    assert!(matches!(error, RecoveryError::Journal(_)), "{error}");
    bus.close(Duration::from_secs(5)).await;
    gate.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_journal_is_put_aside_and_what_it_handled_stays_handled() {
    let site = Site::new().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, BARRED));
    let last = domain::Sighting {
        phase: domain::SightingPhase::Final,
        ..car(1, 1, BARRED)
    };
    see(&camera, last);
    let is_state = |e: &GateEvent, state| matches!(e, GateEvent::Passage(p) if p.state == state);
    gate.until(|e| is_state(e, PassageState::Left)).await;
    gate.stop().await;

    // 100 bytes are less than any journal has.
    let mut gate = site.gate_with(100, SystemClock).await;
    let report = gate.controller.recovery().clone();
    let old = report.set_aside.expect("it was long");
    assert_eq!(replay(&old).expect("the same bytes").n_verdicts, 1);
    see(&camera, car(1, 0, BARRED));
    see(&camera, car(2, 0, BARRED));
    gate.until(|e| is_state(e, PassageState::Denied)).await;
    assert_eq!(gate.controller.stats().verdicts, 1);
    gate.stop().await;
    let report = replay(&site.journal()).expect("the same bytes");
    assert_eq!((report.n_starts, report.n_verdicts), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_journal_is_followed_by_another_while_the_gate_runs() {
    let site = Site::new().await;
    let clock = SimClock::new(now());
    let mut gate = site.gate_with(100, clock.clone()).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, BARRED));
    let last = domain::Sighting {
        phase: domain::SightingPhase::Final,
        ..car(1, 1, BARRED)
    };
    see(&camera, last);
    let is_state = |e: &GateEvent, state| matches!(e, GateEvent::Passage(p) if p.state == state);
    gate.until(|e| is_state(e, PassageState::Left)).await;
    clock.advance(Duration::from_secs(17));
    see(&camera, car(1, 0, BARRED));
    let later = |id, plate| {
        let seen_at = now().saturating_add(Duration::from_secs(17));
        domain::Sighting {
            last_seen_at: seen_at,
            ..car(id, 0, plate)
        }
    };
    see(&camera, later(2, ALLOWED));
    gate.until(|e| is_state(e, PassageState::Commanded)).await;
    assert_eq!(gate.controller.stats().verdicts, 2);
    gate.stop().await;
    let report = replay(&site.journal()).expect("the same bytes");
    assert_eq!(
        (report.n_starts, report.n_verdicts, report.n_commands),
        (1, 1, 1)
    );
    let names = fs::read_dir(site.folder.path()).expect("it can be listed");
    let is_old = |name: &str| name.starts_with("gate-1.until-");
    let mut names = names.map(|entry| entry.expect("an entry").file_name());
    let old = names
        .find(|name| is_old(&name.to_string_lossy()))
        .expect("it was put aside");
    let report = replay(&site.folder.path().join(old)).expect("the same bytes");
    assert_eq!((report.n_verdicts, report.n_unwritten), (1, 0));
}
