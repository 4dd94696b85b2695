//! Judging a passage, and what follows from the answer.

use super::{
    GateOutput, OnSilence, PassageMachine, Turn,
    open::{Identity, Open},
};
use crate::{
    Circumstances, Decision, Evidence, GrantTerms, IdSource, ListRegistry, Question, decide,
    explain,
};
use domain::{
    AlarmKind, Assurance, CommandCause, CommandKind, DenyReason, DocumentKind, DocumentRead,
    GateState, Outcome, PassId, PassageId, PassageState, ReferReason, Rule, RulePath, Sighting,
    Timestamp, Verdict, VerdictId, ports::Registry,
};
use std::time::Duration;

/// A pass may be held into the picture before its holder is believed to be there.
const BEFORE_ARRIVAL: Duration = Duration::from_secs(2);

/// An answer, and where it comes from.
pub(super) struct Given {
    pub(super) outcome: Outcome,
    pub(super) rule_path: RulePath,
    pub(super) assurance: Option<Assurance>,
    pub(super) by: Option<String>,
}

/// A grant that a second sighting of the same vehicle may belong to.
pub(super) struct Granted {
    pub(super) identity: Identity,
    pub(super) passage: PassageId,
    pub(super) last_seen_at: Timestamp,
    pub(super) is_open: bool,
    /// A sighting that joined after the passage had ended: while it goes on, the vehicle is still
    /// here.
    pub(super) follower: Option<domain::SightingId>,
}

impl PassageMachine {
    /// Judges a passage if it is time to, and acts on an answer that says more than the one before.
    pub(super) fn consider<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, passage: PassageId) {
        let Some(index) = self.index_of(passage) else {
            return;
        };
        let open = &self.open[index];
        let is_second_awaited = self.policy.second.is_some() && !self.has_second(open);
        let is_shown = self.is_pass_shown(open);
        if !is_shown && !open.is_ripe(&self.lane, turn.at, is_second_awaited) {
            return;
        }
        let now = if is_shown {
            turn.at
        } else {
            open.judged_for(turn.at)
        };
        let passes = self.passes_underway();
        let question = self.question(open, &passes, now);
        let decision = decide(&question);
        if !open.is_news(decision.outcome, &self.lane) {
            return;
        }
        let why = self.explained.is_some().then(|| explain(&question));
        if decision.outcome == Outcome::Grant
            && let Some(identity) = Identity::of(&open.sighting, self.policy.factor)
        {
            match self.earlier_grant(&identity, &open.sighting) {
                Some(earlier) => return self.join(turn, index, earlier),
                None => self.note_grant(turn.at, identity, index),
            }
        }
        let verdict = self.carry_out(turn, index, decision);
        if let (Some(why), Some(explained)) = (why, &mut self.explained) {
            explained.push((verdict, why));
        }
    }

    fn question<'a>(
        &'a self,
        open: &'a Open,
        passes_underway: &'a [PassId],
        now: Timestamp,
    ) -> Question<'a, ListRegistry> {
        Question {
            policy: &self.policy,
            gate: &self.lane.gate,
            registry: &*self.registry,
            evidence: Evidence {
                sighting: &open.sighting,
                face: self.face.as_ref(),
                documents: &self.documents,
            },
            circumstances: Circumstances {
                mode: self.mode,
                book: &self.book,
                n_underway: self.n_underway(),
                passes_underway,
                is_interlock_free: self.is_interlock_free(),
            },
            now,
        }
    }

    /// Whether the lane asks for a pass, and one was shown since somebody came: there is nothing
    /// more to wait for.
    fn is_pass_shown(&self, open: &Open) -> bool {
        let since = open.opened_at().saturating_sub(BEFORE_ARRIVAL);
        let is_own = |document: &DocumentRead| {
            matches!(document.kind, DocumentKind::Pass { .. }) && since <= document.shown_at
        };
        self.policy.factor == crate::Factor::Pass && self.documents.iter().any(is_own)
    }

    /// Whether what the lane asks for besides has been shown.
    fn has_second(&self, open: &Open) -> bool {
        let since = open.opened_at().saturating_sub(self.policy.second_within);
        match self.policy.second {
            Some(crate::Factor::Face) => {
                let own = open.sighting.face.is_some() && open.sighting.is_face_decisive;
                let apart = self.face.as_ref().is_some_and(|face| face.is_face_decisive);
                own || apart
            }
            Some(crate::Factor::Pass) => {
                let mut documents = self.documents.iter();
                documents.any(|document| since <= document.shown_at)
            }
            _ => true,
        }
    }

    /// Vehicles and people that were let in and have not passed yet.
    fn n_underway(&self) -> [u32; 2] {
        let underway = self.open.iter().filter(|open| open.is_awaited());
        let mut counts = [0_u32; 2];
        for open in underway {
            counts[usize::from(!open.sighting.class.is_motor_vehicle())] += 1;
        }
        counts
    }

    /// The passes that they were let in with.
    fn passes_underway(&self) -> Vec<PassId> {
        let underway = self.open.iter().filter(|open| open.is_awaited());
        underway
            .filter_map(|open| open.terms.as_ref()?.pass)
            .collect()
    }

    /// Whether every barrier that must not be open with this one says that it is closed.
    fn is_interlock_free(&self) -> bool {
        let mut others = self.lane.interlocked_with.iter();
        others.all(|gate| self.partners.get(gate) == Some(&GateState::Closed))
    }

    fn carry_out<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        index: usize,
        decision: Decision,
    ) -> VerdictId {
        let passage = self.open[index].passage.id;
        let Decision {
            outcome,
            rule_path,
            assurance,
            terms,
        } = decision;
        self.open[index].terms = Some(terms.clone());
        let given = Given {
            outcome,
            rule_path,
            assurance,
            by: None,
        };
        let verdict = self.give(turn, index, given);
        match outcome {
            Outcome::Grant => {
                self.use_documents(&terms);
                self.say_terms(turn, passage, &terms);
            }
            Outcome::Refer(ReferReason::OverCapacity) => {
                self.alarm_once(turn, AlarmKind::Full, Some(passage));
            }
            _ => (),
        }
        verdict
    }

    /// What was shown once lets one in: whoever comes next shows their own.
    fn use_documents(&mut self, terms: &GrantTerms) {
        let used = terms.pass;
        self.documents.retain(|document| match document.kind {
            DocumentKind::Pass { pass, .. } => Some(pass) != used,
            DocumentKind::CitizenCard { .. } => true,
        });
    }

    fn say_terms<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        passage: PassageId,
        terms: &GrantTerms,
    ) {
        if terms.is_duress {
            self.alarm_once(turn, AlarmKind::Duress, Some(passage));
        }
        if terms.is_passed_back {
            self.alarm_once(turn, AlarmKind::AntiPassback, Some(passage));
        }
        // What was shown once lets in once.
        if self.policy.second.is_some() || self.policy.factor == crate::Factor::Pass {
            self.documents.clear();
            self.face = None;
        }
    }

    /// Says a verdict, and tells the barrier to open when it is a grant.
    pub(super) fn give<I: IdSource>(
        &mut self,
        turn: &mut Turn<'_, I>,
        index: usize,
        given: Given,
    ) -> VerdictId {
        let id = VerdictId(turn.id());
        let open = &mut self.open[index];
        open.outcome = Some(given.outcome);
        open.is_judged_decisive = open.is_decisive();
        if matches!(given.outcome, Outcome::Refer(_)) {
            open.referred_at.get_or_insert(turn.at);
        }
        let (passage, captured_at) = (open.passage.id, open.sighting.last_seen_at);
        let outcome = given.outcome;
        turn.say(GateOutput::Verdict(Verdict {
            id,
            passage,
            sighting: open.sighting.id,
            gate: self.lane.gate.clone(),
            outcome,
            given_at: turn.at,
            captured_at,
            policy_version: self.policy.version,
            registry_as_of: self.registry.as_of(),
            rule_path: given.rule_path,
            assurance: given.assurance,
            by: given.by,
        }));
        let state = match outcome {
            Outcome::Grant => {
                let cause = CommandCause::Verdict {
                    verdict: id,
                    passage,
                };
                let expires_at = self.policy.expiry_for(turn.at, captured_at);
                let command = self.command(turn, CommandKind::Open, cause, expires_at);
                self.open[index].send(command, turn.at, expires_at);
                PassageState::Commanded
            }
            Outcome::Deny(_) => PassageState::Denied,
            Outcome::Refer(_) => PassageState::Referred,
        };
        self.open[index].enter(state, turn);
        id
    }

    /// Answers for a guard who has not.
    pub(super) fn answer_for_the_guard<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let lane = &self.lane;
        let is_due = |open: &Open| open.guard_ends_at(lane).is_some_and(|end| end <= turn.at);
        for passage in self.ids_of(is_due) {
            let Some(index) = self.index_of(passage) else {
                continue;
            };
            let outcome = match self.lane.on_silence {
                OnSilence::LetIn => Outcome::Grant,
                OnSilence::StayShut => Outcome::Deny(DenyReason::Unanswered),
            };
            let given = Given {
                outcome,
                rule_path: RulePath(vec![Rule::GuardSilent]),
                assurance: None,
                by: None,
            };
            self.give(turn, index, given);
            self.alarm_once(turn, AlarmKind::Unanswered, Some(passage));
        }
    }

    /// The passage that this sighting continues: granted to the same vehicle, and open or not long
    /// gone.
    fn earlier_grant(&self, identity: &Identity, sighting: &Sighting) -> Option<PassageId> {
        let within = self.lane.same_vehicle_within;
        let is_same = |grant: &&Granted| {
            grant.identity == *identity
                && (grant.is_open
                    || sighting.first_seen_at <= grant.last_seen_at.saturating_add(within))
        };
        self.granted
            .iter()
            .rev()
            .find(is_same)
            .map(|grant| grant.passage)
    }

    fn note_grant(&mut self, at: Timestamp, identity: Identity, index: usize) {
        let within = self.lane.same_vehicle_within;
        let is_needed =
            |grant: &Granted| grant.is_open || at <= grant.last_seen_at.saturating_add(within * 2);
        self.granted.retain(is_needed);
        // No more than are open and as many again; the oldest is the least likely to come again.
        while self.lane.open_max * 2 < self.granted.len() {
            self.granted.pop_front();
        }
        let open = &self.open[index];
        self.granted.push_back(Granted {
            identity,
            passage: open.passage.id,
            last_seen_at: open.last_seen_at,
            is_open: true,
            follower: None,
        });
    }

    /// Ends a passage whose vehicle turns out to be that of an earlier one, and lets that one go
    /// on.
    fn join<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, index: usize, earlier: PassageId) {
        let mut later = self.open.remove(index);
        later.enter(PassageState::Left, turn);
        if let Some(grant) = self
            .granted
            .iter_mut()
            .find(|grant| grant.passage == earlier)
        {
            grant.last_seen_at = grant.last_seen_at.max(later.last_seen_at);
            grant.follower = Some(later.sighting.id);
        }
        match self.open.iter_mut().find(|open| open.passage.id == earlier) {
            Some(open) => open.adopt(&later.sighting, turn.at),
            None => self.remember(later.sighting.id),
        }
    }
}
