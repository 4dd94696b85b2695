//! The simulated barrier refuses what a device must refuse.

use crate::site::*;
use domain::{
    Ack, AckResult, CommandId, CommandKind, GateCommand, GateState, PassageId, PassageState,
    Timestamp, VerdictId,
};
use gate_controller::GateEvent;
use service::{bus::Bus, clock::now, keys::SigningKeyFile};
use std::time::Duration;
use wire::{Message, SignedCommand, Topic};

fn command(id: u128, issued_at: Timestamp) -> GateCommand {
    GateCommand {
        id: CommandId(id),
        gate: gate_id(),
        kind: CommandKind::Open,
        verdict: VerdictId(1),
        passage: PassageId(1),
        issued_at,
        expires_at: issued_at.saturating_add(Duration::from_secs(3)),
    }
}

fn send(bus: &Bus, signed: SignedCommand) {
    say(
        bus,
        &Topic::Command(site_id(), gate_id()),
        Message::Command(signed),
    );
}

fn acks(heard: &[Message]) -> Vec<(u128, AckResult)> {
    let acks = heard.iter().filter_map(|message| match message {
        Message::Ack(Ack {
            command, result, ..
        }) => Some((command.0, *result)),
        _ => None,
    });
    acks.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_forged_foreign_and_repeated_commands_are_refused() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let barrier = site.barrier().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let key = site.key();
    let sign = |command| key.sign_command(&site_id(), command);

    send(
        &bus,
        sign(command(1, now().saturating_sub(Duration::from_secs(4)))),
    );
    let forger = SigningKeyFile::load_or_create(&site.folder.path().join("forger")).expect("a key");
    send(&bus, forger.sign_command(&site_id(), command(2, now())));
    let signed = sign(command(3, now()));
    let later = signed
        .command
        .expires_at
        .saturating_add(Duration::from_secs(60));
    let stretched = GateCommand {
        expires_at: later,
        ..signed.command.clone()
    };
    send(
        &bus,
        SignedCommand {
            command: stretched,
            ..signed
        },
    );
    send(
        &bus,
        key.sign_command(&"park-2".parse().expect("a slug"), command(4, now())),
    );
    send(
        &bus,
        sign(GateCommand {
            gate: "gate-2".parse().expect("a slug"),
            ..command(5, now())
        }),
    );
    bus.publish_raw(
        &Topic::Command(site_id(), gate_id()).to_string(),
        b"open".to_vec(),
    )
    .expect("there is room");
    let good = sign(command(6, now()));
    send(&bus, good.clone());
    send(&bus, good);

    let heard = listener
        .until(|heard| acks(heard).iter().any(|(_, r)| *r == AckResult::Executed))
        .await;
    let mut expect = vec![
        (1, AckResult::Expired),
        (2, AckResult::Rejected),
        (3, AckResult::Rejected),
        (4, AckResult::Rejected),
        (5, AckResult::Rejected),
        (6, AckResult::Accepted),
        (6, AckResult::Duplicate),
        (6, AckResult::Executed),
    ];
    expect.truncate(acks(&heard).len());
    assert_eq!(acks(&heard), expect);
    let counts = barrier.counts();
    assert_eq!((counts.rejected, counts.forged), (1, 3));

    // It ends its own pulse and says where it is all the time.
    let is_closed = |m: &Message| matches!(m, Message::Barrier(b) if b.state == GateState::Closed);
    let heard = listener
        .until(|heard| 2 <= heard.iter().filter(|m| is_closed(m)).count())
        .await;
    let states: Vec<GateState> = heard
        .iter()
        .filter_map(|m| {
            if let Message::Barrier(b) = m {
                Some(b.state)
            } else {
                None
            }
        })
        .collect();
    use GateState::*;
    assert_eq!(states, [Closed, Opening, Open, Closing, Closed]);
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
