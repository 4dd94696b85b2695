//! What persons order, and what a fire alarm does.

use super::{GateOutput, PassageMachine, Turn};
use crate::{IdSource, Inside};
use domain::{
    Assurance, CommandCause, CommandId, CommandKind, DenyReason, DeviceEvent, DeviceInput,
    GateCommand, GateState, Order, OrderKind, Outcome, PassageId, PassageState, Rule, RulePath,
    SiteMode, Timestamp,
};
use std::time::Duration;

/// How often a barrier that shall stay open is told so until it says that it is open.
const HOLD_AGAIN: Duration = Duration::from_secs(5);

impl PassageMachine {
    /// Carries out an order once, while it is valid.
    pub(super) fn take_order<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, order: &Order) {
        let is_for_us = order
            .gate
            .as_ref()
            .is_none_or(|gate| *gate == self.lane.gate);
        let latest = turn.at.saturating_add(self.policy.clock_tolerance);
        let is_valid = order.issued_at <= latest && turn.at < order.expires_at;
        if !is_for_us || !is_valid || !self.orders.insert(order.id) {
            return;
        }
        match &order.kind {
            OrderKind::Admit(passage) => self.admit(turn, *passage, &order.by),
            OrderKind::Refuse(passage) => self.refuse(turn, *passage, &order.by),
            OrderKind::Open => {
                let cause = CommandCause::Order(order.id);
                self.command(turn, CommandKind::Open, cause, order.expires_at);
                self.n_free = self.n_free.saturating_add(1);
            }
            OrderKind::HoldOpen => self.hold(turn, CommandCause::Order(order.id)),
            OrderKind::Release => self.release(turn, order),
            OrderKind::Mode(mode) => self.change_mode(turn, *mode, order),
            OrderKind::ForgiveAntiPassback(zone) => self.book.forgive(zone, order.issued_at),
            OrderKind::Counted {
                zone,
                vehicles,
                people,
            } => {
                let counted = Inside {
                    vehicles: i64::from(*vehicles),
                    people: i64::from(*people),
                };
                self.book.counted(zone, counted, order.issued_at);
            }
        }
    }

    /// A person lets a passage in, whatever the policy said.
    fn admit<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, passage: PassageId, by: &str) {
        let Some(index) = self.index_of(passage) else {
            return;
        };
        if self.open[index].passage.state.is_over() {
            return;
        }
        self.give(
            turn,
            index,
            super::answer::Given {
                outcome: Outcome::Grant,
                rule_path: RulePath(vec![Rule::GuardAdmitted]),
                assurance: Some(Assurance::Human),
                by: Some(by.to_owned()),
            },
        );
    }

    fn refuse<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, passage: PassageId, by: &str) {
        let Some(index) = self.index_of(passage) else {
            return;
        };
        // What the barrier was told cannot be called back: a boom never comes down on a vehicle.
        let state = self.open[index].passage.state;
        if !matches!(state, PassageState::Arrived | PassageState::Referred) {
            return;
        }
        self.give(
            turn,
            index,
            super::answer::Given {
                outcome: Outcome::Deny(DenyReason::Refused),
                rule_path: RulePath(vec![Rule::GuardRefused]),
                assurance: Some(Assurance::Human),
                by: Some(by.to_owned()),
            },
        );
    }

    pub(super) fn command<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        kind: CommandKind,
        cause: CommandCause,
        expires_at: Timestamp,
    ) -> CommandId {
        let command = GateCommand {
            id: CommandId(turn.id()),
            gate: self.lane.gate.clone(),
            kind,
            cause,
            nonce: self.nonce,
            issued_at: turn.at,
            expires_at: expires_at.min(self.policy.expiry(turn.at)),
        };
        let id = command.id;
        self.commanded_at = Some(turn.at);
        turn.say(GateOutput::Command(command));
        id
    }

    /// Opens the barrier and keeps it open for a reason; there may be more than one.
    fn hold<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, cause: CommandCause) {
        if self.holds.contains(&cause) {
            return;
        }
        self.holds.push(cause);
        self.say_hold(turn);
    }

    fn say_hold<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let Some(cause) = self.holds.last().copied() else {
            return;
        };
        let expires_at = self.policy.expiry(turn.at);
        self.command(turn, CommandKind::HoldOpen, cause, expires_at);
        self.hold_said_at = Some(turn.at);
    }

    /// When the barrier is to be told again to stay open: it has not said that it is.
    pub(super) fn hold_due_at(&self) -> Option<Timestamp> {
        let is_wanted = !self.holds.is_empty() && self.barrier != GateState::Open;
        let said_at = self.hold_said_at.filter(|_| is_wanted)?;
        Some(said_at.saturating_add(HOLD_AGAIN))
    }

    pub(super) fn hold_again<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        if self.hold_due_at().is_some_and(|due| due <= turn.at) {
            self.say_hold(turn);
        }
    }

    /// Ends every hold but that of a fire alarm that is still on and that of an evacuation.
    fn release<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, order: &Order) {
        let is_fire_on = self.inputs.contains_key(&DeviceInput::Fire);
        let evacuation = self.mode_order.map(|(order, _)| CommandCause::Order(order));
        let is_evacuated = self.mode == SiteMode::Evacuation;
        self.holds.retain(|cause| match cause {
            CommandCause::Fire => is_fire_on,
            cause => is_evacuated && Some(*cause) == evacuation,
        });
        if self.holds.is_empty() {
            let cause = CommandCause::Order(order.id);
            self.command(turn, CommandKind::Release, cause, order.expires_at);
        }
    }

    fn change_mode<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, mode: SiteMode, order: &Order) {
        // An order that was overtaken by a later one says nothing any more.
        if self.mode_order.is_some_and(|(_, at)| order.issued_at <= at) {
            return;
        }
        let before = self.mode_order.map(|(order, _)| CommandCause::Order(order));
        if mode == self.mode {
            // Said again; the hold goes on under its first name.
            let first = self.mode_order.map_or(order.id, |(first, _)| first);
            self.mode_order = Some((first, order.issued_at));
            return;
        }
        let was_evacuated = self.mode == SiteMode::Evacuation;
        self.mode = mode;
        self.mode_order = Some((order.id, order.issued_at));
        self.is_world_changed = true;
        let is_exit = self.policy.route.leads_out();
        if mode == SiteMode::Evacuation && is_exit {
            self.hold(turn, CommandCause::Order(order.id));
        } else if was_evacuated && is_exit {
            self.holds.retain(|cause| Some(*cause) != before);
            if self.holds.is_empty() {
                let cause = CommandCause::Order(order.id);
                self.command(turn, CommandKind::Release, cause, order.expires_at);
            }
        }
    }

    /// An input of the barrier's board. What comes twice or late changes nothing.
    pub(super) fn take_device<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, event: &DeviceEvent) {
        if event.gate != self.lane.gate || self.device_seq.is_some_and(|seq| event.seq <= seq) {
            return;
        }
        self.device_seq = Some(event.seq);
        let was_active = self.inputs.contains_key(&event.input);
        if event.is_active && !was_active {
            self.inputs.insert(event.input, turn.at);
        } else if !event.is_active {
            self.inputs.remove(&event.input);
        }
        if event.is_active == was_active {
            return;
        }
        match event.input {
            DeviceInput::Fire if event.is_active && self.lane.opens_on_fire => {
                self.hold(turn, CommandCause::Fire);
            }
            DeviceInput::LoopUnder | DeviceInput::Beam => self.take_under(turn, event),
            _ => (),
        }
    }
}
