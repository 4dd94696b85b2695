//! One open passage.

use super::{ACK_GRACE, GateOutput, Lane, Turn};
use crate::{Factor, GrantTerms, IdSource, decide::face};
use domain::{
    AckResult, CommandId, DenyReason, GateState, Outcome, Passage, PassageState, PersonId,
    ReferReason, Sighting, SightingId, SightingPhase, Timestamp,
};

/// Who was granted: what two sightings of the same vehicle have in common.
///
/// Personal data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Identity {
    Plate(String),
    Person(PersonId),
}

impl Identity {
    pub(super) fn of(sighting: &Sighting, factor: Factor) -> Option<Self> {
        match factor {
            Factor::Plate => Some(Self::Plate(sighting.plate.as_ref()?.plate()?.key())),
            Factor::Face => Some(Self::Person(face::best(sighting.face.as_ref()?)?.person)),
            Factor::Pass | Factor::Anyone => None,
        }
    }
}

/// One of the sightings that a passage is made of.
struct Member {
    sighting: SightingId,
    revision: u32,
    is_final: bool,
}

/// The command of a granted passage.
struct Sent {
    command: CommandId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    is_executed: bool,
}

pub(super) struct Open {
    pub(super) passage: Passage,
    /// The newest message about its first sighting: what it is judged by.
    pub(super) sighting: Sighting,
    pub(super) outcome: Option<Outcome>,
    pub(super) is_judged_decisive: bool,
    /// What the lane asks for.
    pub(super) factor: Factor,
    /// What goes with the policy's last answer.
    pub(super) terms: Option<GrantTerms>,
    /// When the guard was first asked.
    pub(super) referred_at: Option<Timestamp>,
    /// Whether a track of it went over the lane's line.
    pub(super) is_crossed: bool,
    /// Capture time of the newest frame of any of its sightings.
    pub(super) last_seen_at: Timestamp,
    members: Vec<Member>,
    opened_at: Timestamp,
    first_read_at: Option<Timestamp>,
    last_input_at: Timestamp,
    /// When `sighting` came.
    received_at: Timestamp,
    sent: Option<Sent>,
}

impl Open {
    pub(super) fn new(
        passage: Passage,
        (sighting, factor): (&Sighting, Factor),
        at: Timestamp,
    ) -> Self {
        let mut open = Self {
            passage,
            sighting: sighting.clone(),
            outcome: None,
            is_judged_decisive: false,
            factor,
            terms: None,
            referred_at: None,
            is_crossed: false,
            last_seen_at: sighting.last_seen_at,
            members: Vec::new(),
            opened_at: at,
            first_read_at: None,
            last_input_at: at,
            received_at: at,
            sent: None,
        };
        open.adopt(sighting, at);
        open
    }

    pub(super) fn has(&self, sighting: SightingId) -> bool {
        self.members
            .iter()
            .any(|member| member.sighting == sighting)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = SightingId> {
        self.members.iter().map(|member| member.sighting)
    }

    /// Makes a sighting part of this passage.
    pub(super) fn adopt(&mut self, sighting: &Sighting, at: Timestamp) {
        self.members.push(Member {
            sighting: sighting.id,
            revision: sighting.revision,
            is_final: sighting.phase == SightingPhase::Final,
        });
        self.note(sighting, at);
    }

    /// Takes in a message about one of its sightings. `false` when it says nothing new.
    pub(super) fn update(&mut self, sighting: &Sighting, at: Timestamp) -> bool {
        let member = self.members.iter_mut().find(|m| m.sighting == sighting.id);
        let Some(member) = member.filter(|m| m.revision < sighting.revision && !m.is_final) else {
            return false;
        };
        member.revision = sighting.revision;
        member.is_final = sighting.phase == SightingPhase::Final;
        self.note(sighting, at);
        true
    }

    fn note(&mut self, sighting: &Sighting, at: Timestamp) {
        self.last_input_at = self.last_input_at.max(at);
        self.last_seen_at = self.last_seen_at.max(sighting.last_seen_at);
        if sighting.id == self.passage.sighting {
            self.sighting = sighting.clone();
            self.received_at = at;
        }
        let is_read = sighting.plate.is_some() || sighting.face.is_some();
        if is_read && self.first_read_at.is_none() {
            self.first_read_at = Some(at);
        }
    }

    /// Whether all of its sightings have ended.
    pub(super) fn is_gone(&self) -> bool {
        self.members.iter().all(|member| member.is_final)
    }

    /// Whether a device may still answer its command.
    fn is_awaiting_ack(&self) -> bool {
        self.passage.state == PassageState::Commanded
    }

    /// Whether it was let in, and may be about to go through.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(
            self.passage.state,
            PassageState::Commanded | PassageState::Opened
        )
    }

    /// When the barrier was last told to open for it.
    pub(super) fn commanded_at(&self) -> Option<Timestamp> {
        self.sent.as_ref().map(|sent| sent.issued_at)
    }

    pub(super) fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// When the guard's time for an answer is over.
    pub(super) fn guard_ends_at(&self, lane: &Lane) -> Option<Timestamp> {
        let is_asked = self.passage.state == PassageState::Referred;
        let since = self.referred_at.filter(|_| is_asked)?;
        Some(since.saturating_add(lane.guard_within?))
    }

    /// Whether more frames would hardly change what the lane asks for; what it does not ask for
    /// plays no part.
    pub(super) fn is_decisive(&self) -> bool {
        let seen = &self.sighting;
        let (is_sure, is_unread) = match self.factor {
            Factor::Plate => (seen.is_plate_decisive, seen.plate.is_none()),
            Factor::Face => (seen.is_face_decisive, seen.face.is_none()),
            // A pass is shown or it is not.
            Factor::Pass => (false, true),
            Factor::Anyone => (true, false),
        };
        is_sure || (is_unread && seen.phase == SightingPhase::Final)
    }

    /// Whether it may be judged now: nothing better is to be expected, or waiting has lasted long
    /// enough.
    pub(super) fn is_ripe(&self, lane: &Lane, at: Timestamp, is_second_awaited: bool) -> bool {
        self.outcome.is_some()
            || (self.is_decisive() && !is_second_awaited)
            || self.is_gone()
            || self.wait_ends_at(lane) <= at
    }

    /// The moment to judge it for. What waited because it is not decisive is not late: the waiting
    /// was ours.
    /// It cannot be granted then, so nothing opens late by this.
    pub(super) fn judged_for(&self, at: Timestamp) -> Timestamp {
        if self.is_decisive() {
            at
        } else {
            self.received_at
        }
    }

    fn wait_ends_at(&self, lane: &Lane) -> Timestamp {
        let unread = self.opened_at.saturating_add(lane.unread_after_max);
        match self.first_read_at {
            Some(read_at) => unread.min(read_at.saturating_add(lane.decide_after_max)),
            None => unread,
        }
    }

    /// Whether an answer says more than what was said before.
    ///
    /// A grant and a denial are final; a failed liveness check is too, so that nobody waves a
    /// picture until it passes. It is news after any other reason, so that nobody shows another
    /// face first.
    /// Another reason to refer is said once, when evidence has become decisive.
    pub(super) fn is_news(&self, answer: Outcome, lane: &Lane) -> bool {
        match (self.outcome, answer) {
            (None, _) => true,
            // It was only that nobody looked.
            (Some(Outcome::Deny(DenyReason::Unanswered)), Outcome::Grant) => {
                lane.is_upgrade_allowed
            }
            (Some(Outcome::Grant | Outcome::Deny(_)), _) => false,
            (Some(Outcome::Refer(ReferReason::LivenessFailed)), _) => false,
            (Some(Outcome::Refer(_)), Outcome::Grant) => lane.is_upgrade_allowed,
            (Some(Outcome::Refer(_)), Outcome::Deny(_)) => true,
            (Some(Outcome::Refer(_)), Outcome::Refer(ReferReason::LivenessFailed)) => {
                self.is_decisive()
            }
            (Some(Outcome::Refer(said)), Outcome::Refer(reason)) => {
                said != reason
                    && reason != ReferReason::Late
                    && self.is_decisive()
                    && !self.is_judged_decisive
            }
        }
    }

    pub(super) fn send(&mut self, command: CommandId, issued_at: Timestamp, expires_at: Timestamp) {
        self.sent = Some(Sent {
            command,
            issued_at,
            expires_at,
            is_executed: false,
        });
    }

    /// When something is due without any message.
    pub(super) fn deadline(&self, lane: &Lane) -> Timestamp {
        let quiet = self.last_input_at.saturating_add(lane.quiet_max);
        let wait = self.outcome.is_none().then(|| self.wait_ends_at(lane));
        let ack = self.ack_ends_at();
        let guard = self.guard_ends_at(lane);
        [wait, ack, guard]
            .into_iter()
            .flatten()
            .fold(quiet, Timestamp::min)
    }

    fn ack_ends_at(&self) -> Option<Timestamp> {
        let sent = self.sent.as_ref().filter(|_| self.is_awaiting_ack())?;
        Some(sent.expires_at.saturating_add(ACK_GRACE))
    }

    /// Whether the device has let its time pass.
    pub(super) fn is_ack_overdue(&self, at: Timestamp) -> bool {
        self.ack_ends_at().is_some_and(|end| end <= at)
    }

    /// Whether nothing has been heard of it for too long.
    pub(super) fn is_quiet(&self, lane: &Lane, at: Timestamp) -> bool {
        self.last_input_at.saturating_add(lane.quiet_max) <= at
    }

    /// The state after an acknowledgement, or `None` when it is not about this passage's command.
    pub(super) fn after_ack(
        &mut self,
        command: CommandId,
        result: AckResult,
    ) -> Option<PassageState> {
        let sent = self.sent.as_mut().filter(|sent| sent.command == command)?;
        sent.is_executed |= result == AckResult::Executed;
        let state = self.passage.state;
        Some(match (state, result) {
            // An answer that was slow still says what the device did.
            (
                PassageState::Commanded | PassageState::Failed,
                AckResult::Accepted | AckResult::Executed,
            ) => PassageState::Opened,
            // Obeyed before: the first answer was lost, or the command was sent again after a
            // restart.
            (PassageState::Commanded, AckResult::Duplicate) => PassageState::Opened,
            (PassageState::Commanded, AckResult::Rejected | AckResult::Expired) => {
                PassageState::Failed
            }
            // Accepted, and then something broke on the way.
            (PassageState::Opened, AckResult::Rejected) if !sent.is_executed => {
                PassageState::Failed
            }
            _ => state,
        })
    }

    /// The state after the barrier has moved: its position counts when an acknowledgement was lost.
    pub(super) fn after_barrier(&self, state: GateState, since: Timestamp) -> PassageState {
        let before = self.passage.state;
        let Some(sent) = self.sent.as_ref().filter(|sent| sent.issued_at <= since) else {
            return before;
        };
        match (before, state) {
            (PassageState::Commanded, GateState::Opening | GateState::Open) => PassageState::Opened,
            (PassageState::Commanded, GateState::Fault) => PassageState::Failed,
            (PassageState::Opened, GateState::Fault) if !sent.is_executed => PassageState::Failed,
            _ => before,
        }
    }

    /// Moves to a state and says so; says nothing when it is there already.
    pub(super) fn enter<I: IdSource>(&mut self, state: PassageState, turn: &mut Turn<'_, I>) {
        if self.passage.state != state {
            self.passage.state = state;
            self.passage.changed_at = turn.at;
            turn.say(GateOutput::PassageChanged(self.passage.clone()));
        }
    }
}
