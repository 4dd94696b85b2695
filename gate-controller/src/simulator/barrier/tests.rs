//! Examples of what the board does.

use super::*;
use domain::{PassageId, VerdictId};
use std::time::Duration;

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + millis)
}

pub(super) const NONCE: DeviceNonce = DeviceNonce(7);

fn board_with(obeyed: &[CommandId]) -> BarrierBoard {
    let settings = BarrierSettings::new("gate-1".parse().unwrap());
    BarrierBoard::new(settings, NONCE, obeyed.iter().copied(), at(0))
}

pub(super) fn board() -> BarrierBoard {
    let mut board = board_with(&[]);
    assert_eq!(said(&mut board), "0 Closed");
    board
}

pub(super) fn command(id: u128, issued_ms: i64, kind: CommandKind) -> Heard {
    let command = GateCommand {
        id: CommandId(id),
        gate: "gate-1".parse().unwrap(),
        kind,
        cause: domain::CommandCause::Verdict {
            verdict: VerdictId(1),
            passage: PassageId(1),
        },
        nonce: Some(NONCE),
        issued_at: at(issued_ms),
        expires_at: at(issued_ms + 3000),
    };
    Heard {
        command,
        is_genuine: true,
    }
}

pub(super) fn said(board: &mut BarrierBoard) -> String {
    let word = |said: Said| match said {
        Said::Ack(ack) => (ack.at, format!("{:?} {}", ack.result, ack.command.0)),
        Said::Moved(barrier) => (barrier.since, format!("{:?}", barrier.state)),
        Said::Input(event) => {
            let (input, seq) = (event.input, event.seq);
            let mark = if event.is_active { '+' } else { '-' };
            (event.at, format!("{mark}{input:?}#{seq}"))
        }
    };
    let words = board.take_said().into_iter().map(word);
    let words = words
        .map(|(when, word)| format!("{} {word}", (when.as_micros() - at(0).as_micros()) / 1000));
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn it_opens_and_closes_by_itself() {
    let mut board = board();
    board.on_command(&command(1, 0, CommandKind::Open), at(50));
    assert_eq!(said(&mut board), "50 Accepted 1, 50 Opening");
    board.on_time(at(949));
    assert_eq!(said(&mut board), "");
    board.on_time(at(10_000)); // asleep for long; every step keeps its own time
    assert_eq!(
        said(&mut board),
        "950 Open, 950 Executed 1, 4950 Closing, 6150 Closed"
    );
    assert_eq!(board.deadline(), None);
}

#[test]
fn it_obeys_once_in_time_and_only_for_its_gate() {
    let mut board = board();
    board.on_command(&command(1, 0, CommandKind::Open), at(3001));
    board.on_command(&command(2, 6000, CommandKind::Open), at(3001)); // from the future
    let mut other = command(3, 0, CommandKind::Open);
    other.command.gate = "gate-2".parse().unwrap();
    board.on_command(&other, at(0));
    assert_eq!(
        said(&mut board),
        "3001 Expired 1, 3001 Expired 2, 0 Rejected 3"
    );
    board.on_command(&command(4, 0, CommandKind::Open), at(3000));
    board.on_command(&command(4, 0, CommandKind::Open), at(3000));
    assert_eq!(
        said(&mut board),
        "3000 Accepted 4, 3000 Opening, 3000 Duplicate 4"
    );
}

#[test]
fn what_it_obeyed_before_it_was_started_again_is_a_duplicate() {
    let mut board = board_with(&[CommandId(1)]);
    board.on_command(&command(1, 0, CommandKind::Open), at(50));
    board.on_command(&command(2, 0, CommandKind::Open), at(60));
    let told = "0 Closed, 50 Duplicate 1, 60 Accepted 2, 60 Opening";
    assert_eq!(said(&mut board), told);
}

#[test]
fn a_second_vehicle_keeps_it_up_and_turns_it_round() {
    let mut board = board();
    board.on_command(&command(1, 0, CommandKind::Open), at(0));
    board.on_command(&command(2, 100, CommandKind::Open), at(100));
    board.on_time(at(900));
    assert_eq!(
        said(&mut board),
        "0 Accepted 1, 0 Opening, 100 Accepted 2, 900 Open, 900 Executed 1, 900 Executed 2"
    );
    board.on_command(&command(3, 4000, CommandKind::Open), at(4000));
    assert_eq!(said(&mut board), "4000 Accepted 3, 4000 Executed 3");
    board.on_command(&command(4, 8500, CommandKind::Open), at(8500));
    assert_eq!(
        said(&mut board),
        "8000 Closing, 8500 Accepted 4, 8500 Opening"
    );
}

#[test]
fn it_is_held_until_released() {
    let mut board = board();
    board.on_command(&command(1, 0, CommandKind::HoldOpen), at(0));
    board.on_time(at(3_600_000));
    assert_eq!(
        said(&mut board),
        "0 Accepted 1, 0 Opening, 900 Open, 900 Executed 1"
    );
    board.on_command(&command(2, 3_600_000, CommandKind::Release), at(3_600_000));
    board.on_time(at(3_604_000));
    assert_eq!(
        said(&mut board),
        "3600000 Accepted 2, 3600000 Executed 2, 3604000 Closing"
    );
}

#[test]
fn a_jam_fails_what_it_was_moving_for_and_refuses_the_rest() {
    let mut board = board();
    board.on_command(&command(1, 0, CommandKind::Open), at(0));
    board.jam(at(300));
    board.on_command(&command(2, 400, CommandKind::Open), at(400));
    board.on_time(at(60_000));
    assert_eq!(
        said(&mut board),
        "0 Accepted 1, 0 Opening, 300 Fault, 300 Rejected 1, 400 Rejected 2"
    );
    board.repair(at(60_000));
    board.on_command(&command(2, 60_000, CommandKind::Open), at(60_000));
    assert_eq!(
        said(&mut board),
        "60000 Closed, 60000 Accepted 2, 60000 Opening"
    );
}

const OPEN: CommandKind = CommandKind::Open;

#[test]
fn it_never_comes_down_on_what_is_under_it() {
    let mut board = board();
    board.on_command(&command(1, 0, OPEN), at(0));
    board.on_time(at(900));
    said(&mut board);
    board.set_input(DeviceInput::LoopUnder, true, at(2000));
    board.set_input(DeviceInput::Beam, true, at(2500));
    board.set_input(DeviceInput::LoopUnder, false, at(60_000));
    assert_eq!(
        said(&mut board),
        "2000 +LoopUnder#0, 2500 +Beam#1, 60000 -LoopUnder#2"
    );
    board.set_input(DeviceInput::Beam, false, at(61_000));
    board.on_time(at(62_000));
    assert_eq!(said(&mut board), "61000 -Beam#3, 62000 Closing");
    // On its way down it turns round.
    board.set_input(DeviceInput::Beam, true, at(62_500));
    board.on_time(at(70_000));
    assert_eq!(said(&mut board), "62500 +Beam#4, 62500 Opening, 63400 Open");
}

#[test]
fn fire_opens_it_where_the_site_wants_that() {
    for (fail, told) in [
        (Fail::Secure, "10 +Fire#0"),
        (Fail::Safe, "10 +Fire#0, 10 Opening, 910 Open"),
    ] {
        let mut board = board();
        board.settings.fail = fail;
        board.set_input(DeviceInput::Fire, true, at(10));
        board.on_time(at(100_000));
        assert_eq!(said(&mut board), told);
        board.on_command(&command(1, 100_000, CommandKind::Release), at(100_000));
        board.set_input(DeviceInput::Fire, false, at(200_000));
        board.on_time(at(300_000));
        let after = said(&mut board);
        let is_down_again = after.ends_with("200000 -Fire#1, 201000 Closing, 202200 Closed");
        assert_eq!(is_down_again, fail == Fail::Safe, "{after}");
    }
}

#[test]
fn without_power_it_is_dead_and_afterwards_it_has_forgotten_all_but_its_disk() {
    let mut board = board();
    board.on_command(&command(1, 0, OPEN), at(0));
    board.set_input(DeviceInput::LoopUnder, true, at(500));
    said(&mut board);
    board.power_off(at(600));
    assert_eq!(said(&mut board), "600 +PowerLost#1, 600 Unknown");
    board.on_command(&command(2, 700, OPEN), at(700));
    board.set_input(DeviceInput::Tamper, true, at(800));
    board.jam(at(900));
    board.repair(at(950));
    board.on_time(at(5000));
    assert_eq!((said(&mut board).as_str(), board.deadline()), ("", None));

    let disk = [CommandId(1)];
    board.power_on(DeviceNonce(8), disk.into_iter(), at(6000));
    assert_eq!(
        said(&mut board),
        "6000 Unknown, 6000 -PowerLost#0, 6000 +LoopUnder#1, 6000 +Tamper#2"
    );
    assert_eq!(board.barrier().nonce, Some(DeviceNonce(8)));
    // It does not know where it is, and must not go down to find out.
    let with_nonce = |id, ms, nonce| {
        let mut heard = command(id, ms, OPEN);
        heard.command.nonce = Some(DeviceNonce(nonce));
        heard
    };
    board.on_command(&with_nonce(3, 7000, 8), at(7000));
    board.set_input(DeviceInput::LoopUnder, false, at(8000));
    board.on_time(at(20_000));
    assert_eq!(
        said(&mut board),
        "7000 Rejected 3, 8000 -LoopUnder#3, 9200 Closed"
    );
    board.on_command(&command(4, 20_000, OPEN), at(20_000)); // of the start before
    board.on_command(&with_nonce(1, 20_000, 8), at(20_000));
    board.on_command(&with_nonce(5, 20_000, 8), at(20_000));
    assert_eq!(
        said(&mut board),
        "20000 Rejected 4, 20000 Duplicate 1, 20000 Accepted 5, 20000 Opening"
    );
}

#[test]
fn a_jam_outlives_a_power_cut() {
    let mut board = board();
    board.jam(at(0));
    board.power_off(at(10));
    board.power_on(NONCE, std::iter::empty(), at(20));
    assert_eq!(board.barrier().state, GateState::Fault);
    board.repair(at(30));
    assert_eq!(board.barrier().state, GateState::Closed);
}

#[test]
fn what_was_issued_before_the_newest_is_not_obeyed_after_it() {
    let mut board = board();
    board.on_command(&command(1, 100, CommandKind::Release), at(200));
    board.on_command(&command(2, 50, CommandKind::HoldOpen), at(210));
    board.on_command(&command(3, 100, OPEN), at(220));
    assert_eq!(
        said(&mut board),
        "200 Accepted 1, 200 Executed 1, 210 Expired 2, 220 Accepted 3, 220 Opening"
    );
    // After the clock was set back nobody waits until it has caught up.
    board.on_command(&command(4, -3_600_000, OPEN), at(-3_600_000));
    assert_eq!(said(&mut board), "-3600000 Accepted 4");
}

#[test]
fn a_slow_boom_says_so() {
    let mut board = board();
    board.set_speed(Duration::from_secs(8), Duration::from_secs(9));
    board.on_command(&command(1, 0, OPEN), at(0));
    board.on_time(at(60_000));
    assert_eq!(
        said(&mut board),
        "0 Accepted 1, 0 Opening, 8000 Open, 8000 Executed 1, 12000 Closing, 21000 Closed"
    );
}

#[test]
fn a_vehicle_drives_over_the_loops_and_through_the_beam_in_order() {
    let car = Vehicle {
        length_m: 4.5,
        speed_m_s: 2.0,
    };
    use DeviceInput::{Beam, LoopBefore, LoopUnder};
    let steps = car.steps().into_iter();
    let steps = steps.map(|(after, input, on)| (after.as_millis(), input, on));
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            (0, LoopBefore, true),
            (1500, LoopUnder, true),
            (2000, Beam, true),
            (3250, LoopBefore, false),
            (4250, Beam, false),
            (4750, LoopUnder, false),
        ]
    );
    let ghost = Vehicle {
        length_m: f64::NAN,
        ..car
    };
    assert_eq!(ghost.steps(), []);
}
