//! Whatever comes, in whatever order: the boom goes up for nothing but what it should.
//!
//! The oracle is written apart from the board: it knows all commands that were ever obeyed, and
//! judges each new one by the words of the reference.

use super::{
    tests::{at, command, said},
    *,
};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    /// A command: its id, when it was issued against now, and what is wrong with it.
    Told {
        id: u128,
        issued_ms: i64,
        wrong: Wrong,
        kind: CommandKind,
    },
    /// The n-th command of all so far again, as it was.
    Again(usize),
    Input(DeviceInput, bool),
    Later(i64),
    ClockBack(i64),
    Jam,
    Repair,
    PowerOff,
    PowerOn,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    Signature,
    Gate,
    Nonce,
    NoNonce,
}

fn step() -> impl Strategy<Value = Step> {
    let wrong = prop_oneof![
        4 => Just(Wrong::Nothing),
        1 => Just(Wrong::Signature),
        1 => Just(Wrong::Gate),
        1 => Just(Wrong::Nonce),
        1 => Just(Wrong::NoNonce),
    ];
    let kind = prop_oneof![
        4 => Just(CommandKind::Open),
        1 => Just(CommandKind::HoldOpen),
        1 => Just(CommandKind::Release),
    ];
    let input = prop_oneof![
        Just(DeviceInput::LoopBefore),
        Just(DeviceInput::LoopUnder),
        Just(DeviceInput::Beam),
        Just(DeviceInput::Fire),
        Just(DeviceInput::Tamper),
        Just(DeviceInput::PowerLost),
    ];
    prop_oneof![
        6 => (0..24_u128, -4000..3000_i64, wrong, kind).prop_map(
            |(id, issued_ms, wrong, kind)| Step::Told { id, issued_ms, wrong, kind }
        ),
        3 => (0..12_usize).prop_map(Step::Again),
        4 => (input, any::<bool>()).prop_map(|(input, is_active)| Step::Input(input, is_active)),
        4 => (0..6000_i64).prop_map(Step::Later),
        1 => (0..20_000_i64).prop_map(Step::ClockBack),
        1 => Just(Step::Jam),
        2 => Just(Step::Repair),
        1 => Just(Step::PowerOff),
        2 => Just(Step::PowerOn),
    ]
}

/// A board with its disk and what an onlooker knows.
struct World {
    board: BarrierBoard,
    now_ms: i64,
    /// Ids of all that was ever obeyed: the board's disk.
    obeyed: Vec<CommandId>,
    /// When the newest that was obeyed since the last start was issued.
    newest: Option<Timestamp>,
    sent: Vec<Heard>,
    nonce: u64,
    is_powered: bool,
}

impl World {
    fn new(fail: Fail) -> Self {
        let settings = BarrierSettings {
            fail,
            opening: Duration::from_millis(900),
            ..BarrierSettings::new("gate-1".parse().unwrap())
        };
        let nonce = DeviceNonce(1);
        let mut board = BarrierBoard::new(settings, nonce, std::iter::empty(), at(0));
        board.take_said();
        Self {
            board,
            now_ms: 0,
            obeyed: Vec::new(),
            newest: None,
            sent: Vec::new(),
            nonce: 1,
            is_powered: true,
        }
    }

    /// By the words of `docs/ref/mqtt.md`.
    fn is_good(&self, heard: &Heard) -> bool {
        let (command, now) = (&heard.command, at(self.now_ms));
        let newest = self
            .newest
            .filter(|newest| *newest <= at(self.now_ms + 2000));
        self.is_powered
            && heard.is_genuine
            && command.gate.as_str() == "gate-1"
            && command.nonce == Some(DeviceNonce(self.nonce))
            && now <= command.expires_at
            && command.issued_at <= at(self.now_ms + 2000)
            && !self.obeyed.contains(&command.id)
            && newest.is_none_or(|newest| newest <= command.issued_at)
            && !matches!(
                self.board.barrier().state,
                GateState::Fault | GateState::Unknown
            )
    }

    fn tell(&mut self, heard: Heard) {
        self.board.on_time(at(self.now_ms));
        self.board.take_said();
        let before = self.board.barrier();
        let is_good = self.is_good(&heard);
        self.board.on_command(&heard, at(self.now_ms));
        let after = self.board.barrier();
        let told = said(&mut self.board);
        if is_good {
            assert!(
                told.contains(&format!("Accepted {}", heard.command.id.0)),
                "{told}"
            );
            self.obeyed.push(heard.command.id);
            self.newest = Some(heard.command.issued_at);
        } else {
            assert_eq!(before, after, "{heard:?} moved it");
            let n_answers = usize::from(self.is_powered);
            assert_eq!(
                told.split(", ").filter(|word| !word.is_empty()).count(),
                n_answers
            );
            assert!(
                !told.contains("Accepted") && !told.contains("Executed"),
                "{told}"
            );
        }
        self.sent.push(heard);
    }

    fn go(&mut self, step: &Step) {
        let now = at(self.now_ms);
        match *step {
            Step::Told {
                id,
                issued_ms,
                wrong,
                kind,
            } => {
                let mut heard = command(id, self.now_ms + issued_ms, kind);
                heard.is_genuine = wrong != Wrong::Signature;
                heard.command.nonce = match wrong {
                    Wrong::Nonce => Some(DeviceNonce(self.nonce - 1)),
                    Wrong::NoNonce => None,
                    _ => Some(DeviceNonce(self.nonce)),
                };
                if wrong == Wrong::Gate {
                    heard.command.gate = "gate-2".parse().unwrap();
                }
                self.tell(heard);
            }
            Step::Again(n) => {
                if let Some(heard) = self.sent.get(n).cloned() {
                    self.tell(heard);
                }
            }
            Step::Input(input, is_active) => self.board.set_input(input, is_active, now),
            Step::Later(ms) => self.now_ms += ms,
            Step::ClockBack(ms) => self.now_ms -= ms,
            Step::Jam => self.board.jam(now),
            Step::Repair => self.board.repair(now),
            Step::PowerOff => {
                self.board.power_off(now);
                self.is_powered = false;
            }
            Step::PowerOn if !self.is_powered => {
                self.nonce += 1;
                self.newest = None;
                let disk = self.obeyed.clone().into_iter();
                self.board.power_on(DeviceNonce(self.nonce), disk, now);
                self.is_powered = true;
            }
            Step::PowerOn => (),
        }
        self.board.on_time(at(self.now_ms));
        self.check();
    }

    /// It is not on its way down on anything, and goes up only with a cause.
    fn check(&mut self) {
        let is_down = self.board.barrier().state == GateState::Closing;
        assert!(
            !is_down || !self.board.is_blocked(),
            "it comes down on something"
        );
        for said in self.board.take_said() {
            if let Said::Moved(barrier) = said
                && barrier.state == GateState::Opening
            {
                // Commands are looked at in `tell`: what is left are the inputs.
                let has_cause = self.board.is_blocked() || self.board.is_forced_up();
                assert!(has_cause, "it goes up by itself");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_barrier_that_fails_secure_opens_for_good_commands_only(
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        let mut world = World::new(Fail::Secure);
        steps.iter().for_each(|step| world.go(step));
    }

    #[test]
    fn a_barrier_that_fails_safe_opens_for_good_commands_and_fire_only(
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        let mut world = World::new(Fail::Safe);
        steps.iter().for_each(|step| world.go(step));
    }
}
