//! The simulated barrier refuses what a device must refuse.

use crate::site::*;
use domain::{
    Ack, AckResult, Barrier, CommandId, CommandKind, DeviceInput, DeviceNonce, GateCommand,
    GateState, PassageId, PassageState, Timestamp, VerdictId,
};
use gate_controller::{BarrierSimulator, GateEvent, Vehicle};
use service::{bus::Bus, clock::now, keys::SigningKeyFile};
use std::time::Duration;
use wire::{Message, SignedCommand, Topic};

pub(crate) fn command(id: u128, nonce: DeviceNonce, issued_at: Timestamp) -> GateCommand {
    GateCommand {
        id: CommandId(id),
        gate: gate_id(),
        kind: CommandKind::Open,
        cause: domain::CommandCause::Verdict {
            verdict: VerdictId(1),
            passage: PassageId(1),
        },
        nonce: Some(nonce),
        issued_at,
        expires_at: issued_at.saturating_add(Duration::from_secs(3)),
    }
}

pub(crate) fn send(bus: &Bus, signed: SignedCommand) {
    say(
        bus,
        &Topic::Command(site_id(), gate_id()),
        Message::Command(signed),
    );
}

pub(crate) fn acks(heard: &[Message]) -> Vec<(u128, AckResult)> {
    let acks = heard.iter().filter_map(|message| match message {
        Message::Ack(Ack {
            command, result, ..
        }) => Some((command.0, *result)),
        _ => None,
    });
    acks.collect()
}

fn foreign(id: u128, nonce: DeviceNonce) -> GateCommand {
    let gate = "gate-2".parse().expect("a slug");
    GateCommand {
        gate,
        ..command(id, nonce, now())
    }
}

/// What the barrier asks for, as it last said.
pub(crate) fn nonce(barrier: &BarrierSimulator) -> DeviceNonce {
    let nonce = barrier.barrier().borrow().nonce;
    nonce.expect("a barrier gives a nonce")
}

/// The same signature over a later expiry.
fn stretched(signed: SignedCommand) -> SignedCommand {
    let later = Duration::from_secs(60);
    let expires_at = signed.command.expires_at.saturating_add(later);
    let command = GateCommand {
        expires_at,
        ..signed.command.clone()
    };
    SignedCommand { command, ..signed }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_forged_foreign_and_repeated_commands_are_refused() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let barrier = site.barrier().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let key = site.key();
    let sign = |command| key.sign_command(&site_id(), command);
    let forger = SigningKeyFile::load_or_create(&site.folder.path().join("forger")).expect("a key");
    let old = now().saturating_sub(Duration::from_secs(4));
    let elsewhere = "park-2".parse().expect("a slug");
    let nonce = nonce(&barrier);
    let command = |id, issued_at| command(id, nonce, issued_at);
    let good = sign(command(6, now()));
    let of_another_start = GateCommand {
        nonce: Some(DeviceNonce(nonce.0 ^ 1)),
        ..command(7, now())
    };
    let without_nonce = GateCommand {
        nonce: None,
        ..command(8, now())
    };
    let held_back = command(9, now().saturating_sub(Duration::from_millis(1)));
    let newer = sign(command(10, now()));
    // Whoever hears a command may say its id again, but not get an answer to it.
    let posing = forger.sign_command(&site_id(), command(6, now()));

    send(&bus, sign(command(1, old)));
    send(&bus, forger.sign_command(&site_id(), command(2, now())));
    send(&bus, stretched(sign(command(3, now()))));
    send(&bus, key.sign_command(&elsewhere, command(4, now())));
    send(&bus, sign(foreign(5, nonce)));
    send(&bus, good.clone());
    send(&bus, posing);
    send(&bus, good);
    send(&bus, sign(of_another_start));
    send(&bus, sign(without_nonce));
    send(&bus, newer);
    send(&bus, sign(held_back));
    let topic = Topic::Command(site_id(), gate_id()).to_string();
    let sent = bus.publish_raw(&topic, b"open".to_vec());
    sent.expect("there is room");

    let mut answers = acks(&listener.until(|heard| acks(heard).len() == 13).await);
    answers.sort();
    let expect = [
        (1, AckResult::Expired),
        (2, AckResult::Rejected),
        (3, AckResult::Rejected),
        (4, AckResult::Rejected),
        (5, AckResult::Rejected),
        (6, AckResult::Accepted),
        (6, AckResult::Executed),
        (6, AckResult::Duplicate),
        (7, AckResult::Rejected),
        (8, AckResult::Rejected),
        (9, AckResult::Expired),
        (10, AckResult::Accepted),
        (10, AckResult::Executed),
    ];
    assert_eq!(answers, expect);
    until_equal(|| barrier.counts().rejected, 1).await;
    assert_eq!(barrier.counts().forged, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_ends_its_own_pulse_and_says_where_it_is_all_the_time() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let barrier = site.barrier().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let signed = site
        .key()
        .sign_command(&site_id(), command(1, nonce(&barrier), now()));
    send(&bus, signed);
    let heard = listener.until(|heard| states(heard).len() == 5).await;
    use GateState::*;
    assert_eq!(states(&heard), [Closed, Opening, Open, Closing, Closed]);
}

pub(crate) fn states(heard: &[Message]) -> Vec<GateState> {
    let states = heard.iter().filter_map(|message| match message {
        Message::Barrier(barrier) => Some(barrier.state),
        _ => None,
    });
    states.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_that_jams_fails_the_passage() {
    let site = Site::new().await;
    let barrier = site.barrier().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    barrier.jam().await;
    let is_fault =
        |e: &GateEvent| matches!(e, GateEvent::Barrier(b) if b.state == GateState::Fault);
    gate.until(is_fault).await;
    see(&camera, car(1, 0, ALLOWED));
    let has_failed =
        |e: &GateEvent| matches!(e, GateEvent::Passage(p) if p.state == PassageState::Failed);
    let seen = gate.until(has_failed).await;
    let is_rejected = |e: &GateEvent| {
        matches!(
            e,
            GateEvent::Answered {
                result: AckResult::Rejected,
                ..
            }
        )
    };
    assert!(seen.iter().any(is_rejected));
    barrier.repair().await;
    let mut position = barrier.barrier();
    let closed = position.wait_for(|b| b.state == GateState::Closed);
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.expect("in ten seconds").is_ok());
    gate.stop().await;
}

fn inputs(heard: &[Message]) -> Vec<(u64, DeviceInput, bool)> {
    let inputs = heard.iter().filter_map(|message| match message {
        Message::Device(event) => Some((event.seq, event.input, event.is_active)),
        _ => None,
    });
    inputs.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_up_while_a_vehicle_drives_through_and_says_what_it_feels() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let barrier = site.barrier().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let command = command(1, nonce(&barrier), now());
    send(&bus, site.key().sign_command(&site_id(), command));
    listener
        .until(|heard| states(heard).contains(&GateState::Open))
        .await;
    // Some 300 ms over both loops: far longer than the pulse.
    let car = Vehicle {
        length_m: 4.5,
        speed_m_s: 30.0,
    };
    barrier.set_input(DeviceInput::LoopUnder, true).await;
    barrier.drive_through(car).await;
    let heard = listener.until(|heard| inputs(heard).len() == 6).await;
    use DeviceInput::{Beam, LoopBefore, LoopUnder};
    assert_eq!(
        inputs(&heard),
        [
            (0, LoopUnder, true),
            (1, LoopBefore, true),
            (2, Beam, true),
            (3, LoopBefore, false),
            (4, Beam, false),
            (5, LoopUnder, false),
        ]
    );
    use GateState::*;
    assert_eq!(states(&heard), [Closed, Opening, Open]);
    let heard = listener.until(|heard| states(heard).len() == 5).await;
    assert_eq!(states(&heard), [Closed, Opening, Open, Closing, Closed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_makes_every_command_from_before_it_worthless() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let barrier = site.barrier().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let before = nonce(&barrier);
    let sign = |command| site.key().sign_command(&site_id(), command);
    let held_back = sign(command(1, before, now()));
    barrier.power_off().await;
    let mut position = barrier.barrier();
    let is_dead = |b: &Barrier| b.state == GateState::Unknown;
    position.wait_for(is_dead).await.expect("it runs");
    send(&bus, sign(command(2, before, now()))); // nobody hears it
    barrier.power_on().await;
    let is_home = |b: &Barrier| b.state == GateState::Closed && b.nonce != Some(before);
    position.wait_for(is_home).await.expect("it runs");
    send(&bus, held_back);
    send(&bus, sign(command(3, nonce(&barrier), now())));
    let is_done = |heard: &[Message]| acks(heard).contains(&(3, AckResult::Executed));
    let heard = listener.until(is_done).await;
    let answered: Vec<_> = acks(&heard).into_iter().filter(|ack| ack.0 != 2).collect();
    use AckResult::{Accepted, Executed, Rejected};
    assert_eq!(answered, [(1, Rejected), (3, Accepted), (3, Executed)]);
    let n_up = states(&heard).into_iter();
    assert_eq!(n_up.filter(|state| *state == GateState::Opening).count(), 1);
}
