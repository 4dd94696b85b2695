//! A barrier as its controller board behaves: no I/O, time is an argument.

use domain::{
    Ack, AckResult, Barrier, CommandId, CommandKind, GateCommand, GateId, GateState, Timestamp,
};
use std::{collections::VecDeque, time::Duration};

/// How many obeyed commands are remembered; far more than can live at once.
pub(crate) const OBEYED_MAX: usize = 256;

/// How a barrier moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierSettings {
    /// Its gate.
    pub gate: GateId,
    /// From down to up.
    pub opening: Duration,
    /// How long it stays up after a command; the device ends its own pulse.
    pub hold: Duration,
    /// From up to down.
    pub closing: Duration,
    /// How far a command's time of issue may lie ahead of the device's clock.
    pub clock_tolerance: Duration,
}

impl BarrierSettings {
    /// A quick boom of a car park: up in 0.9 s, up for 4 s, down in 1.2 s.
    pub fn new(gate: GateId) -> Self {
        Self {
            gate,
            opening: Duration::from_millis(900),
            hold: Duration::from_secs(4),
            closing: Duration::from_millis(1200),
            clock_tolerance: Duration::from_secs(2),
        }
    }
}

/// What the barrier says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Ack(Ack),
    Moved(Barrier),
}

/// The state of one barrier.
#[derive(Debug)]
pub(crate) struct BarrierBoard {
    settings: BarrierSettings,
    state: GateState,
    since: Timestamp,
    /// Up until somebody releases it.
    is_held: bool,
    /// The commands that are waiting for the boom to be up.
    moving_for: Vec<CommandId>,
    obeyed: VecDeque<CommandId>,
    said: Vec<Said>,
}

impl BarrierBoard {
    /// A barrier that is down and remembers what it has obeyed.
    pub(crate) fn new(
        settings: BarrierSettings,
        obeyed: impl Iterator<Item = CommandId>,
        now: Timestamp,
    ) -> Self {
        let mut board = Self {
            settings,
            state: GateState::Closed,
            since: now,
            is_held: false,
            moving_for: Vec::new(),
            obeyed: obeyed.collect(),
            said: Vec::new(),
        };
        board.enter(GateState::Closed, now);
        board
    }

    /// What it has said since it was last asked.
    pub(crate) fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// Where it is.
    pub(crate) fn barrier(&self) -> Barrier {
        let gate = self.settings.gate.clone();
        Barrier {
            gate,
            state: self.state,
            since: self.since,
            nonce: None,
        }
    }

    /// When it moves on by itself.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let span = match self.state {
            GateState::Opening => self.settings.opening,
            GateState::Open if !self.is_held => self.settings.hold,
            GateState::Closing => self.settings.closing,
            _ => return None,
        };
        Some(self.since.saturating_add(span))
    }

    /// Moves on by itself.
    pub(crate) fn on_time(&mut self, now: Timestamp) {
        while let Some(due) = self.deadline().filter(|due| *due <= now) {
            match self.state {
                GateState::Opening => {
                    self.enter(GateState::Open, due);
                    for command in std::mem::take(&mut self.moving_for) {
                        self.ack(command, AckResult::Executed, due);
                    }
                }
                GateState::Open => self.enter(GateState::Closing, due),
                _ => self.enter(GateState::Closed, due),
            }
        }
    }

    /// Whether it would obey a command whose signature is good; it answers one that it would not.
    pub(crate) fn admits(&mut self, command: &GateCommand, now: Timestamp) -> bool {
        self.on_time(now);
        let earliest = now.saturating_add(self.settings.clock_tolerance);
        let refusal = if command.gate != self.settings.gate {
            Some(AckResult::Rejected)
        } else if self.obeyed.contains(&command.id) {
            Some(AckResult::Duplicate)
        } else if command.expires_at < now || earliest < command.issued_at {
            Some(AckResult::Expired)
        } else if self.state == GateState::Fault {
            Some(AckResult::Rejected)
        } else {
            None
        };
        if let Some(result) = refusal {
            self.ack(command.id, result, now);
        }
        refusal.is_none()
    }

    /// Takes a command whose signature is good. It judges again: time has passed while the command
    /// was written down.
    pub(crate) fn on_command(&mut self, command: &GateCommand, now: Timestamp) {
        if !self.admits(command, now) {
            return;
        }
        self.obeyed.push_back(command.id);
        if OBEYED_MAX < self.obeyed.len() {
            self.obeyed.pop_front();
        }
        self.ack(command.id, AckResult::Accepted, now);
        self.obey(command, now);
    }

    /// Sets a state; a command that finds it set already has done its work.
    fn obey(&mut self, command: &GateCommand, now: Timestamp) {
        match command.kind {
            CommandKind::Open => (),
            CommandKind::HoldOpen => self.is_held = true,
            CommandKind::Release => {
                self.is_held = false;
                if self.state == GateState::Open {
                    self.since = now;
                }
                return self.ack(command.id, AckResult::Executed, now);
            }
        }
        match self.state {
            // The next vehicle gets the whole time that its own grant is worth.
            GateState::Open => {
                self.since = now;
                self.ack(command.id, AckResult::Executed, now);
            }
            GateState::Opening => self.moving_for.push(command.id),
            _ => {
                self.moving_for.push(command.id);
                self.enter(GateState::Opening, now);
            }
        }
    }

    /// Refuses a command whose signature is not good, or that cannot be written down. It is not
    /// remembered: a good one may come with the same id.
    pub(crate) fn refuse(&mut self, command: CommandId, now: Timestamp) {
        self.ack(command, AckResult::Rejected, now);
    }

    /// Gets stuck where it is.
    pub(crate) fn jam(&mut self, now: Timestamp) {
        self.on_time(now);
        self.enter(GateState::Fault, now);
        for command in std::mem::take(&mut self.moving_for) {
            self.ack(command, AckResult::Rejected, now);
        }
    }

    /// Is repaired and lowered by hand.
    pub(crate) fn repair(&mut self, now: Timestamp) {
        if self.state == GateState::Fault {
            self.is_held = false;
            self.enter(GateState::Closed, now);
        }
    }

    fn enter(&mut self, state: GateState, at: Timestamp) {
        (self.state, self.since) = (state, at);
        self.said.push(Said::Moved(self.barrier()));
    }

    fn ack(&mut self, command: CommandId, result: AckResult, at: Timestamp) {
        let gate = self.settings.gate.clone();
        self.said.push(Said::Ack(Ack {
            command,
            gate,
            result,
            at,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PassageId, VerdictId};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + millis)
    }

    fn board_with(obeyed: &[CommandId]) -> BarrierBoard {
        let settings = BarrierSettings::new("gate-1".parse().unwrap());
        BarrierBoard::new(settings, obeyed.iter().copied(), at(0))
    }

    fn board() -> BarrierBoard {
        let mut board = board_with(&[]);
        assert_eq!(said(&mut board), "0 Closed");
        board
    }

    fn command(id: u128, issued_ms: i64, kind: CommandKind) -> GateCommand {
        GateCommand {
            id: CommandId(id),
            gate: "gate-1".parse().unwrap(),
            kind,
            cause: domain::CommandCause::Verdict {
                verdict: VerdictId(1),
                passage: PassageId(1),
            },
            nonce: None,
            issued_at: at(issued_ms),
            expires_at: at(issued_ms + 3000),
        }
    }

    fn said(board: &mut BarrierBoard) -> String {
        let word = |said: Said| match said {
            Said::Ack(ack) => (ack.at, format!("{:?} {}", ack.result, ack.command.0)),
            Said::Moved(barrier) => (barrier.since, format!("{:?}", barrier.state)),
        };
        let words = board.take_said().into_iter().map(word);
        let words = words.map(|(when, word)| format!("{} {word}", when.since(at(0)).as_millis()));
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
        let other = GateCommand {
            gate: "gate-2".parse().unwrap(),
            ..command(3, 0, CommandKind::Open)
        };
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
}
