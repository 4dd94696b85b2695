//! Whether somebody went through, and whether it was somebody who may.

use super::{Confirm, GateOutput, PassageMachine, Turn, open::Open};
use crate::IdSource;
use domain::{
    AlarmKind, Barrier, Class, DeviceEvent, DeviceInput, GateState, Movement, Mover, PassId,
    PassageId, PassageState, Sighting, Timestamp,
};
use std::time::Duration;

/// How long after the boom is down the news of somebody under it may still come.
const DOWN_GRACE: Duration = Duration::from_secs(2);

/// What lets somebody through who has no passage of his own.
const ORDERED_WITHIN: Duration = Duration::from_secs(15);

/// Who went through.
struct Crossed {
    passage: PassageId,
    class: Class,
    mover: Option<Mover>,
    pass: Option<PassId>,
    at: Timestamp,
}

impl PassageMachine {
    pub(super) fn take_barrier<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, barrier: &Barrier) {
        if barrier.gate != self.lane.gate {
            if self.lane.interlocked_with.contains(&barrier.gate) {
                let before = self.partners.insert(barrier.gate.clone(), barrier.state);
                self.is_world_changed |= before != Some(barrier.state);
            }
            return;
        }
        if barrier.nonce != self.nonce {
            // The device has started anew, and counts its events anew.
            self.nonce = barrier.nonce;
            self.device_seq = None;
            // Who was under the boom when it lost power has gone on, or is told again.
            let under = [DeviceInput::LoopUnder, DeviceInput::Beam];
            if under.iter().any(|input| self.inputs.contains_key(input)) {
                self.cleared_at = Some((turn.at, barrier.since));
            }
            self.inputs.clear();
        }
        let before = std::mem::replace(&mut self.barrier, barrier.state);
        let is_up = |state| matches!(state, GateState::Opening | GateState::Open);
        if is_up(barrier.state) && !is_up(before) {
            self.raised_at = Some(turn.at);
            // At our own start it may be up for reasons that we do not know.
            if before != GateState::Unknown && !self.is_opening_wanted(turn.at) {
                self.alarm_once(turn, AlarmKind::Forced, None);
            }
        }
        if barrier.state == GateState::Closed && before != GateState::Closed {
            self.raised_at = None;
            self.closed_at = Some(turn.at);
        } else if barrier.state != GateState::Closed {
            self.closed_at = None;
        }
        for index in 0..self.open.len() {
            let state = self.open[index].after_barrier(barrier.state, barrier.since);
            self.open[index].enter(state, turn);
        }
    }

    /// Whether the barrier goes up for a reason: somebody was let in, or a person ordered it.
    fn is_opening_wanted(&self, at: Timestamp) -> bool {
        let recently = |when: Timestamp| at <= when.saturating_add(ORDERED_WITHIN);
        !self.holds.is_empty()
            || self.n_free != 0
            || self.open.iter().any(Open::is_awaited)
            || self.commanded_at.is_some_and(recently)
    }

    /// The loop under the boom or the light beam has changed. How long it was free is told by the
    /// device's clock: messages may be held up on their way.
    pub(super) fn take_under<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, event: &DeviceEvent) {
        let under = [DeviceInput::LoopUnder, DeviceInput::Beam];
        let is_clear = under.iter().all(|input| !self.inputs.contains_key(input));
        if is_clear {
            self.cleared_at = Some((turn.at, event.at));
            return;
        }
        let gap = self.lane.loop_gap;
        let is_another = |(_, left_at): (Timestamp, Timestamp)| gap <= event.at.since(left_at);
        match self.cleared_at.take() {
            Some(cleared) if is_another(cleared) => self.leave_loop(turn, cleared.0),
            // A trailer, or nothing was waited for.
            _ => (),
        }
    }

    /// Something was under the boom and is not any more.
    pub(super) fn take_loop<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let gap = self.lane.loop_gap;
        let is_free = |at: &Timestamp| at.saturating_add(gap) <= turn.at;
        if let Some((at, _)) = self.cleared_at.filter(|(at, _)| is_free(at)) {
            self.cleared_at = None;
            self.leave_loop(turn, at);
        }
    }

    fn leave_loop<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, at: Timestamp) {
        if self.lane.confirm != Confirm::Loop {
            return;
        }
        let awaited = self.open.iter().position(Open::is_awaited);
        self.cross(turn, awaited, at);
    }

    /// When a loop that has been left counts as free.
    pub(super) fn loop_due_at(&self) -> Option<Timestamp> {
        let (cleared_at, _) = self.cleared_at?;
        Some(cleared_at.saturating_add(self.lane.loop_gap))
    }

    /// A track of this lane went over the line.
    pub(super) fn take_line<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, sighting: &Sighting) {
        let Confirm::Line(zone, direction) = &self.lane.confirm else {
            return;
        };
        let mut crossings = sighting.crossings.iter();
        let Some(crossing) = crossings.find(|c| c.zone == *zone && c.direction == *direction)
        else {
            return;
        };
        let at = crossing.at;
        let own = self.open.iter().position(|open| open.has(sighting.id));
        let Some(own) = own else { return };
        if self.open[own].is_crossed {
            return;
        }
        self.open[own].is_crossed = true;
        if self.open[own].is_awaited() {
            return self.cross(turn, Some(own), at);
        }
        // The track of a vehicle that was let in may have broken, and this be the rest of it.
        let is_broken = |open: &Open| open.is_awaited() && open.is_gone();
        match self.open.iter().position(is_broken) {
            Some(broken) => self.cross(turn, Some(broken), at),
            None => self.intrude(turn, Some(own), at),
        }
    }

    /// Somebody went through: `awaited` was let in.
    fn cross<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        awaited: Option<usize>,
        at: Timestamp,
    ) {
        match awaited {
            Some(index) => self.take_access(turn, index, at),
            None => self.intrude(turn, None, at),
        }
    }

    /// Whoever was let in went through.
    pub(super) fn take_access<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        index: usize,
        at: Timestamp,
    ) {
        let open = &mut self.open[index];
        open.enter(PassageState::Taken, turn);
        let terms = open.terms.clone();
        let crossed = Crossed {
            passage: open.passage.id,
            class: open.sighting.class,
            mover: terms.as_ref().and_then(|terms| terms.mover.clone()),
            pass: terms.as_ref().and_then(|terms| terms.pass),
            at,
        };
        self.n_convoy = terms.map_or(0, |terms| u32::from(terms.convoy.saturating_sub(1)));
        self.taken_at = Some(turn.at);
        self.move_on(turn, crossed);
    }

    /// Somebody went through who was not let in: in a convoy, by a person's order, behind somebody
    /// who was, or by force. Counted in any case.
    fn intrude<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        index: Option<usize>,
        at: Timestamp,
    ) {
        let passage = index.map(|index| self.open[index].passage.id);
        if !self.holds.is_empty() {
            // The barrier stands open for everybody.
        } else if 0 < self.n_convoy {
            self.n_convoy -= 1;
        } else if 0 < self.n_free {
            self.n_free -= 1;
        } else {
            let is_behind = self.raised_at.is_some() && self.taken_at >= self.raised_at;
            let kind = if is_behind && self.taken_at.is_some() {
                AlarmKind::Tailgating
            } else {
                AlarmKind::Forced
            };
            self.alarm_once(turn, kind, passage);
        }
        let class = index.map_or(self.usual_class(), |index| self.open[index].sighting.class);
        let id = passage.unwrap_or_else(|| PassageId(turn.id()));
        let crossed = Crossed {
            passage: id,
            class,
            mover: None,
            pass: None,
            at,
        };
        self.move_on(turn, crossed);
    }

    /// What an unseen thing under the boom is taken for.
    fn usual_class(&self) -> Class {
        self.lane.classes.first().copied().unwrap_or(Class::Car)
    }

    fn move_on<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, crossed: Crossed) {
        let movement = Movement {
            passage: crossed.passage,
            gate: self.lane.gate.clone(),
            from: self.policy.route.from.clone(),
            to: self.policy.route.to.clone(),
            class: crossed.class,
            mover: crossed.mover,
            pass: crossed.pass,
            at: crossed.at,
        };
        self.book.note(&movement);
        self.is_world_changed = true;
        turn.say(GateOutput::Movement(movement));
    }

    /// When the boom came down after a command of that moment.
    fn down_after(&self, commanded_at: Timestamp) -> Option<Timestamp> {
        self.closed_at.filter(|closed_at| commanded_at < *closed_at)
    }

    /// Ends what was let in and can no longer be under way, and says how it ended.
    pub(super) fn settle_transits<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let at = turn.at;
        let is_over = |down: Timestamp| down.saturating_add(DOWN_GRACE) <= at;
        for passage in self.ids_of(Open::is_awaited) {
            let Some(index) = self.index_of(passage) else {
                continue;
            };
            let open = &self.open[index];
            let down_at = self.down_after(open.commanded_at().unwrap_or(at));
            let is_down = down_at.is_some_and(is_over);
            let (is_gone, seen_at) = (open.is_gone(), open.last_seen_at);
            let is_opened = open.passage.state == PassageState::Opened;
            // Who is still seen when the boom is down again did not go under it.
            let was_left_behind = down_at.is_some_and(|down_at| down_at < seen_at);
            let is_presumed = self.lane.confirm == Confirm::Presumed && !was_left_behind;
            if is_presumed && is_gone && is_opened {
                self.take_access(turn, index, seen_at);
            } else if is_opened && ((is_gone && is_down) || open.is_quiet(&self.lane, at)) {
                self.open[index].enter(PassageState::NotTaken, turn);
            }
        }
    }

    /// Forgets who may go through without a grant of his own when that time is over.
    pub(super) fn end_free_passage(&mut self, at: Timestamp) {
        if self.free_ends_at().is_some_and(|end| end <= at) {
            (self.n_convoy, self.n_free, self.taken_at) = (0, 0, None);
        }
    }

    /// When nobody may go through any more without a grant of his own: the boom has come down
    /// after the last command, or should have long ago.
    fn free_ends_at(&self) -> Option<Timestamp> {
        let is_free = self.n_convoy != 0 || self.n_free != 0 || self.taken_at.is_some();
        let commanded_at = self
            .commanded_at
            .filter(|_| is_free && self.holds.is_empty())?;
        Some(match self.down_after(commanded_at) {
            Some(down_at) => down_at.saturating_add(DOWN_GRACE),
            None => commanded_at.saturating_add(self.lane.held_open_after),
        })
    }

    /// When [`Self::settle_transits`] has something to do.
    pub(super) fn settle_due_at(&self) -> Option<Timestamp> {
        let gone = self
            .open
            .iter()
            .filter(|open| open.is_awaited() && open.is_gone());
        let down = gone.filter_map(|open| self.down_after(open.commanded_at()?));
        let down = down.map(|down_at| down_at.saturating_add(DOWN_GRACE));
        down.min()
    }
}
