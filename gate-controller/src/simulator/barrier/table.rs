//! Every state of a barrier against every event: what it says.

use super::{
    tests::{at, board, command, said},
    *,
};
use std::{fmt::Write as _, time::Duration};

type Event = (&'static str, fn(&mut BarrierBoard));

const NOW_MS: i64 = 10_000;

/// A fail-safe barrier in the state, at [`NOW_MS`].
fn board_in(state: &str) -> BarrierBoard {
    let mut board = board();
    board.settings.fail = Fail::Safe;
    // Long spans, so that nothing ends before the event.
    let long = Duration::from_secs(20);
    board.set_speed(long, long);
    let before = at(NOW_MS - 1);
    let opening = |board: &mut BarrierBoard, kind| {
        board.on_command(&command(90, NOW_MS - 1, kind), before);
    };
    let quick = |board: &mut BarrierBoard| board.set_speed(Duration::ZERO, long);
    match state {
        "Opening" => opening(&mut board, CommandKind::Open),
        "Open" | "Closing" | "Blocked" => {
            quick(&mut board);
            opening(&mut board, CommandKind::Open);
            board.on_time(before);
            if state == "Closing" {
                board.settings.clear = Duration::ZERO;
                board.set_input(DeviceInput::Beam, true, before);
                board.set_input(DeviceInput::Beam, false, before);
                board.on_time(before);
            }
            if state == "Blocked" {
                board.set_input(DeviceInput::LoopUnder, true, before);
            }
        }
        "Held" => {
            quick(&mut board);
            opening(&mut board, CommandKind::HoldOpen);
            board.on_time(before);
        }
        "Fault" => board.jam(before),
        "Unknown" | "Dead" => {
            board.power_off(before);
            if state == "Unknown" {
                board.power_on(tests::NONCE, std::iter::empty(), before);
            }
        }
        _ => (),
    }
    said(&mut board);
    board
}

fn told(board: &mut BarrierBoard, id: u128, change: fn(&mut Heard)) {
    let mut heard = command(id, NOW_MS, CommandKind::Open);
    change(&mut heard);
    board.on_command(&heard, at(NOW_MS));
}

fn input(board: &mut BarrierBoard, input: DeviceInput, is_active: bool) {
    board.set_input(input, is_active, at(NOW_MS));
}

const EVENTS: [Event; 24] = [
    ("open", |b| told(b, 1, |_| ())),
    ("hold open", |b| {
        told(b, 1, |h| h.command.kind = CommandKind::HoldOpen)
    }),
    ("release", |b| {
        told(b, 1, |h| h.command.kind = CommandKind::Release)
    }),
    ("forged", |b| told(b, 1, |h| h.is_genuine = false)),
    ("another gate's", |b| {
        told(b, 1, |h| h.command.gate = "gate-2".parse().unwrap())
    }),
    ("without nonce", |b| told(b, 1, |h| h.command.nonce = None)),
    ("old nonce", |b| {
        told(b, 1, |h| h.command.nonce = Some(DeviceNonce(6)))
    }),
    ("expired", |b| {
        told(b, 1, |h| h.command.expires_at = at(NOW_MS - 1))
    }),
    ("from the future", |b| {
        told(b, 1, |h| h.command.issued_at = at(NOW_MS + 2001))
    }),
    ("the same twice", |b| {
        told(b, 1, |_| ());
        told(b, 1, |_| ());
    }),
    ("an older one after it", |b| {
        told(b, 1, |_| ());
        told(b, 2, |h| h.command.issued_at = at(NOW_MS - 1));
    }),
    ("loop before", |b| input(b, DeviceInput::LoopBefore, true)),
    ("loop under", |b| input(b, DeviceInput::LoopUnder, true)),
    ("loop under off", |b| {
        input(b, DeviceInput::LoopUnder, false)
    }),
    ("beam", |b| input(b, DeviceInput::Beam, true)),
    ("tamper", |b| input(b, DeviceInput::Tamper, true)),
    ("fire", |b| input(b, DeviceInput::Fire, true)),
    ("mains away", |b| input(b, DeviceInput::PowerLost, true)),
    ("jam", |b| b.jam(at(NOW_MS))),
    ("repair", |b| b.repair(at(NOW_MS))),
    ("power off", |b| b.power_off(at(NOW_MS))),
    ("power on", |b| {
        b.power_on(DeviceNonce(8), std::iter::empty(), at(NOW_MS))
    }),
    ("after 1.5 s", |b| b.on_time(at(NOW_MS + 1_500))),
    ("after 60 s", |b| b.on_time(at(NOW_MS + 60_000))),
];

const STATES: [&str; 9] = [
    "Closed", "Opening", "Open", "Closing", "Fault", "Unknown", "Held", "Blocked", "Dead",
];

#[test]
fn every_state_against_every_event() {
    let mut table = String::new();
    for state in STATES {
        for (name, event) in EVENTS {
            let mut board = board_in(state);
            let is = board.barrier().state;
            let expect = match state {
                "Held" | "Blocked" => GateState::Open,
                "Dead" => GateState::Unknown,
                _ => is,
            };
            assert_eq!(is, expect);
            assert!(STATES[6..].contains(&state) || format!("{is:?}") == state);
            event(&mut board);
            let said = said(&mut board);
            let said = if said.is_empty() { "-" } else { &said };
            writeln!(table, "{state:7} | {name:21} | {said}").unwrap();
        }
    }
    assert_eq!(table, include_str!("table.txt"), "\n{table}");
}
