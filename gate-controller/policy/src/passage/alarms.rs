//! What is wrong at the gate.

use super::{GateOutput, PassageMachine, Turn};
use crate::IdSource;
use domain::{AlarmId, AlarmKind, DeviceInput, GateAlarm, GateState, PassageId, Timestamp};

impl PassageMachine {
    /// Something happened at a moment.
    pub(super) fn alarm_once<I: IdSource>(
        &self,
        turn: &mut Turn<'_, I>,
        kind: AlarmKind,
        passage: Option<PassageId>,
    ) {
        let at = turn.at;
        let alarm = GateAlarm {
            id: AlarmId(turn.id()),
            gate: self.lane.gate.clone(),
            kind,
            passage,
            began_at: at,
            ended_at: Some(at),
        };
        turn.say(GateOutput::Alarm(alarm));
    }

    /// Something is wrong from here on, or no longer: said when it changes.
    fn alarm_while<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, kind: AlarmKind, is_on: bool) {
        match (self.alarms.get(&kind), is_on) {
            (None, true) => {
                let alarm = GateAlarm {
                    id: AlarmId(turn.id()),
                    gate: self.lane.gate.clone(),
                    kind,
                    passage: None,
                    began_at: turn.at,
                    ended_at: None,
                };
                turn.say(GateOutput::Alarm(alarm.clone()));
                self.alarms.insert(kind, alarm);
            }
            (Some(_), false) => {
                if let Some(mut alarm) = self.alarms.remove(&kind) {
                    alarm.ended_at = Some(turn.at);
                    turn.say(GateOutput::Alarm(alarm));
                }
            }
            _ => (),
        }
    }

    /// Looks at everything that can be wrong for a while.
    pub(super) fn look_for_alarms<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let at = turn.at;
        let is_over = |due: Option<Timestamp>| due.is_some_and(|due| due <= at);
        let (held, stalled) = (self.held_open_at(), self.stalled_at());
        let is_active = |input| self.inputs.contains_key(&input);
        let now = [
            (AlarmKind::HeldOpen, is_over(held)),
            (AlarmKind::Stalled, is_over(stalled)),
            (AlarmKind::Fault, self.barrier == GateState::Fault),
            (AlarmKind::Fire, is_active(DeviceInput::Fire)),
            (AlarmKind::Tamper, is_active(DeviceInput::Tamper)),
            (AlarmKind::PowerLost, is_active(DeviceInput::PowerLost)),
        ];
        for (kind, is_on) in now {
            self.alarm_while(turn, kind, is_on);
        }
    }

    /// When the barrier will have been up for too long.
    pub(super) fn held_open_at(&self) -> Option<Timestamp> {
        let is_up = matches!(
            self.barrier,
            GateState::Opening | GateState::Open | GateState::Closing
        );
        let raised_at = self.raised_at.filter(|_| is_up && self.holds.is_empty())?;
        // Each vehicle that is let in has its own time.
        let since = raised_at.max(self.commanded_at.unwrap_or(raised_at));
        Some(since.saturating_add(self.lane.held_open_after))
    }

    /// When something will have been under the boom for too long.
    pub(super) fn stalled_at(&self) -> Option<Timestamp> {
        let under = [DeviceInput::LoopUnder, DeviceInput::Beam];
        let since = under.iter().filter_map(|input| self.inputs.get(input));
        let first = since.min()?;
        Some(first.saturating_add(self.lane.stalled_after))
    }

    /// The next moment at which one of these begins.
    pub(super) fn alarm_deadline(&self) -> Option<Timestamp> {
        let due = |kind, at: Option<Timestamp>| at.filter(|_| !self.alarms.contains_key(&kind));
        let held = due(AlarmKind::HeldOpen, self.held_open_at());
        let stalled = due(AlarmKind::Stalled, self.stalled_at());
        held.into_iter().chain(stalled).min()
    }
}
