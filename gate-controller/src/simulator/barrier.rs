//! A barrier as its controller board behaves: no I/O, time is an argument.
//!
//! **Invariant:** the boom goes up for a command that [`Admission`] lets pass, for fire or lost
//! power where the site wants that, and when something comes under it on its way down; for nothing
//! else. It never goes down on an active beam or on a vehicle over the loop.

mod settings;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

pub use settings::{BarrierSettings, Fail, Vehicle};

use crate::actuator::admission::{Admission, Heard};
use domain::{
    Ack, AckResult, Barrier, CommandId, CommandKind, DeviceEvent, DeviceInput, DeviceNonce,
    GateCommand, GateState, Timestamp,
};
use std::collections::BTreeSet;

/// How many commands may wait for the boom to be up.
const N_MOVING_FOR_MAX: usize = 64;

/// What the barrier says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Ack(Ack),
    Moved(Barrier),
    Input(DeviceEvent),
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Obey,
    Refuse(AckResult),
    /// Without power nobody hears.
    Deaf,
}

/// The state of one barrier.
#[derive(Debug)]
pub(crate) struct BarrierBoard {
    settings: BarrierSettings,
    admission: Admission,
    /// A board without power hears nothing and says nothing.
    is_powered: bool,
    is_jammed: bool,
    state: GateState,
    since: Timestamp,
    /// When it moves on by itself.
    due_at: Option<Timestamp>,
    /// Up until somebody releases it.
    is_held: bool,
    /// The commands that are waiting for the boom to be up.
    moving_for: Vec<CommandId>,
    active: BTreeSet<DeviceInput>,
    n_events: u64,
    said: Vec<Said>,
}

impl BarrierBoard {
    /// A barrier that is down and remembers what it has obeyed.
    pub(crate) fn new(
        settings: BarrierSettings,
        nonce: DeviceNonce,
        obeyed: impl Iterator<Item = CommandId>,
        now: Timestamp,
    ) -> Self {
        let (gate, tolerance) = (settings.gate.clone(), settings.clock_tolerance);
        let mut board = Self {
            settings,
            admission: Admission::new(gate, tolerance, nonce, obeyed),
            is_powered: true,
            is_jammed: false,
            state: GateState::Closed,
            since: now,
            due_at: None,
            is_held: false,
            moving_for: Vec::new(),
            active: BTreeSet::new(),
            n_events: 0,
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
        Barrier {
            gate: self.settings.gate.clone(),
            state: self.state,
            since: self.since,
            nonce: Some(self.admission.nonce()),
        }
    }

    /// When it moves on by itself.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due_at
    }

    /// Moves on by itself.
    pub(crate) fn on_time(&mut self, now: Timestamp) {
        while let Some(due) = self.due_at.filter(|due| *due <= now) {
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

    /// What it would do with a command.
    pub(crate) fn judge(&mut self, heard: &Heard, now: Timestamp) -> Judged {
        if !self.is_powered {
            return Judged::Deaf;
        }
        self.on_time(now);
        let is_able = !matches!(self.state, GateState::Fault | GateState::Unknown)
            && self.moving_for.len() < N_MOVING_FOR_MAX;
        let unable = (!is_able).then_some(AckResult::Rejected);
        let refusal = self.admission.refusal(heard, now).or(unable);
        refusal.map_or(Judged::Obey, Judged::Refuse)
    }

    /// Whether it has obeyed this id.
    pub(crate) fn has_obeyed(&self, id: CommandId) -> bool {
        self.admission.has_obeyed(id)
    }

    /// Takes a command. It judges again: time has passed while the command was written down.
    pub(crate) fn on_command(&mut self, heard: &Heard, now: Timestamp) {
        let id = heard.command.id;
        match self.judge(heard, now) {
            Judged::Obey => {
                self.admission.remember(&heard.command);
                self.ack(id, AckResult::Accepted, now);
                self.obey(&heard.command, now);
            }
            Judged::Refuse(result) => self.ack(id, result, now),
            Judged::Deaf => (),
        }
    }

    /// Sets a state; a command that finds it set already has done its work.
    fn obey(&mut self, command: &GateCommand, now: Timestamp) {
        match command.kind {
            CommandKind::Open => (),
            CommandKind::HoldOpen => self.is_held = true,
            CommandKind::Release => {
                self.is_held = false;
                self.stay_up(now);
                return self.ack(command.id, AckResult::Executed, now);
            }
        }
        match self.state {
            // The next vehicle gets the whole time that its own grant is worth.
            GateState::Open => {
                self.stay_up(now);
                self.ack(command.id, AckResult::Executed, now);
            }
            GateState::Opening => self.moving_for.push(command.id),
            _ => {
                self.moving_for.push(command.id);
                self.enter(GateState::Opening, now);
            }
        }
    }

    /// A boom that is up stays so for a whole pulse from now on.
    fn stay_up(&mut self, now: Timestamp) {
        if self.state == GateState::Open {
            self.due_at = self
                .may_go_down()
                .then_some(now.saturating_add(self.settings.hold));
        }
    }

    /// Answers a command that is not obeyed. It is not remembered: it may come again.
    pub(crate) fn refuse(&mut self, command: CommandId, result: AckResult, now: Timestamp) {
        self.ack(command, result, now);
    }

    /// Gets stuck where it is.
    pub(crate) fn jam(&mut self, now: Timestamp) {
        self.on_time(now);
        self.is_jammed = true;
        if !self.is_powered {
            return;
        }
        self.enter(GateState::Fault, now);
        for command in std::mem::take(&mut self.moving_for) {
            self.ack(command, AckResult::Rejected, now);
        }
    }

    /// Is repaired and lowered by hand, or finds its way down when nothing is under it any more.
    pub(crate) fn repair(&mut self, now: Timestamp) {
        if !std::mem::take(&mut self.is_jammed) || !self.is_powered {
            return;
        }
        self.is_held = false;
        let is_clear = self.may_go_down();
        self.enter(
            if is_clear {
                GateState::Closed
            } else {
                GateState::Unknown
            },
            now,
        );
        self.heed_inputs(now);
    }

    /// Another speed of the boom, from its next movement on.
    pub(crate) fn set_speed(&mut self, opening: std::time::Duration, closing: std::time::Duration) {
        (self.settings.opening, self.settings.closing) = (opening, closing);
    }

    /// An input goes on or off.
    pub(crate) fn set_input(&mut self, input: DeviceInput, is_active: bool, now: Timestamp) {
        self.on_time(now);
        let has_changed = if is_active {
            self.active.insert(input)
        } else {
            self.active.remove(&input)
        };
        if has_changed && self.is_powered {
            self.tell_input(input, is_active, now);
            self.heed_inputs(now);
        }
    }

    /// Power fails, and what little is left is enough for a last word. Where the boom stays is not
    /// known after that.
    pub(crate) fn power_off(&mut self, now: Timestamp) {
        self.on_time(now);
        if !self.is_powered {
            return;
        }
        self.tell_input(DeviceInput::PowerLost, true, now);
        self.enter(GateState::Unknown, now);
        self.is_powered = false;
        self.is_held = false;
        self.due_at = None;
        self.moving_for.clear();
    }

    /// Power is back: all is lost but what stands on disk, and the boom goes down once to find
    /// where it is.
    pub(crate) fn power_on(
        &mut self,
        nonce: DeviceNonce,
        obeyed: impl Iterator<Item = CommandId>,
        now: Timestamp,
    ) {
        if self.is_powered {
            return;
        }
        let (gate, tolerance) = (self.settings.gate.clone(), self.settings.clock_tolerance);
        self.admission = Admission::new(gate, tolerance, nonce, obeyed);
        self.is_powered = true;
        self.n_events = 0;
        self.active.remove(&DeviceInput::PowerLost);
        let found = if self.is_jammed {
            GateState::Fault
        } else {
            GateState::Unknown
        };
        self.enter(found, now);
        self.tell_input(DeviceInput::PowerLost, false, now);
        for input in self.active.clone() {
            self.tell_input(input, true, now);
        }
        self.heed_inputs(now);
    }

    /// Whether something is where the boom comes down.
    fn is_blocked(&self) -> bool {
        self.active.contains(&DeviceInput::Beam) || self.active.contains(&DeviceInput::LoopUnder)
    }

    /// Whether the site wants it up whatever anybody says.
    fn is_forced_up(&self) -> bool {
        let has_cause = self.active.contains(&DeviceInput::Fire)
            || self.active.contains(&DeviceInput::PowerLost);
        has_cause && self.settings.fail == Fail::Safe
    }

    fn may_go_down(&self) -> bool {
        !self.is_held && !self.is_blocked() && !self.is_forced_up()
    }

    /// Does what its inputs ask for.
    fn heed_inputs(&mut self, now: Timestamp) {
        let is_clear = self.may_go_down();
        match self.state {
            GateState::Closed | GateState::Unknown if self.is_forced_up() => {
                self.enter(GateState::Opening, now);
            }
            // What is under it turns it round.
            GateState::Closing if !is_clear => self.enter(GateState::Opening, now),
            GateState::Open if !is_clear => self.due_at = None,
            GateState::Open => {
                let clear = now.saturating_add(self.settings.clear);
                self.due_at = self.due_at.or(Some(clear));
            }
            GateState::Unknown => {
                let homed = now.saturating_add(self.settings.closing);
                self.due_at = is_clear.then_some(self.due_at.unwrap_or(homed));
            }
            _ => (),
        }
    }

    fn enter(&mut self, state: GateState, at: Timestamp) {
        (self.state, self.since) = (state, at);
        let span = match state {
            GateState::Opening => Some(self.settings.opening),
            GateState::Open => self.may_go_down().then_some(self.settings.hold),
            GateState::Closing => Some(self.settings.closing),
            GateState::Unknown => self.may_go_down().then_some(self.settings.closing),
            GateState::Closed | GateState::Fault => None,
        };
        self.due_at = span.map(|span| at.saturating_add(span));
        self.said.push(Said::Moved(self.barrier()));
    }

    fn tell_input(&mut self, input: DeviceInput, is_active: bool, at: Timestamp) {
        let seq = self.n_events;
        self.n_events += 1;
        self.said.push(Said::Input(DeviceEvent {
            gate: self.settings.gate.clone(),
            input,
            is_active,
            seq,
            at,
        }));
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
