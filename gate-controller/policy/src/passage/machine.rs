//! All passages of one lane.

use super::{
    GateInput, GateOutput, HANDLED_MAX, Lane,
    open::{Identity, Open},
};
use crate::{Decision, Factor, IdSource, ListRegistry, Policy, decide};
use domain::{
    Ack, Barrier, CommandCause, CommandId, CommandKind, GateCommand, GateState, Outcome, Passage,
    PassageId, PassageState, Sighting, SightingId, Timestamp, Verdict, VerdictId, ports::Registry,
};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

/// A grant that a second sighting of the same vehicle may belong to.
struct Granted {
    identity: Identity,
    passage: PassageId,
    last_seen_at: Timestamp,
    is_open: bool,
    /// A sighting that joined after the passage had ended: while it goes on, the vehicle is still
    /// here.
    follower: Option<SightingId>,
}

/// The passages of one lane: inputs with their time in, answers out.
///
/// **Invariants:** a passage has at most one grant and one command, and the command follows its
/// verdict in the same
/// step; nothing is granted on a stale list or a late sighting; a message that comes again changes
/// nothing.
pub struct PassageMachine {
    lane: Lane,
    policy: Policy,
    registry: Arc<ListRegistry>,
    barrier: GateState,
    /// In the order in which they opened.
    open: Vec<Open>,
    granted: VecDeque<Granted>,
    handled: BTreeSet<SightingId>,
    handled_order: VecDeque<SightingId>,
}

impl PassageMachine {
    /// A lane with nobody in it.
    pub fn new(lane: Lane, policy: Policy, registry: Arc<ListRegistry>) -> Self {
        Self {
            lane,
            policy,
            registry,
            barrier: GateState::Unknown,
            open: Vec::new(),
            granted: VecDeque::new(),
            handled: BTreeSet::new(),
            handled_order: VecDeque::new(),
        }
    }

    /// Goes on under other rules, as after a restart with another configuration. Open passages
    /// stay as they are.
    pub fn configure(&mut self, lane: Lane, policy: Policy) {
        self.lane = lane;
        self.policy = policy;
        for open in &mut self.open {
            open.factor = self.policy.factor;
        }
    }

    /// Lets a sighting count as handled, as a journal that ended before this one says.
    pub fn remember(&mut self, sighting: SightingId) {
        if self.handled.insert(sighting) {
            self.handled_order.push_back(sighting);
        }
        while HANDLED_MAX < self.handled_order.len() {
            if let Some(oldest) = self.handled_order.pop_front() {
                self.handled.remove(&oldest);
            }
        }
    }

    /// The sightings of ended passages, oldest first, at most [`HANDLED_MAX`].
    pub fn handled(&self) -> impl Iterator<Item = SightingId> {
        self.handled_order.iter().copied()
    }

    /// The open passages in the order in which they opened.
    pub fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.open.iter().map(|open| &open.passage)
    }

    /// Whether nobody is at the gate and nobody who was let in can come into view again: then a
    /// new machine needs to know nothing but what was handled.
    pub fn is_idle(&self, at: Timestamp) -> bool {
        let within = self.lane.same_vehicle_within * 2;
        let is_over = |grant: &Granted| grant.last_seen_at.saturating_add(within) < at;
        self.open.is_empty() && self.granted.iter().all(is_over)
    }

    /// Where the barrier is, as it last said.
    pub fn barrier(&self) -> GateState {
        self.barrier
    }

    /// The rules in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The lane's settings in force.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// When a [`GateInput::Tick`] is due, if no other input comes first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.open.iter().map(|open| open.deadline(&self.lane)).min()
    }

    /// Takes one input and appends the answers to `out`.
    pub fn step(
        &mut self,
        at: Timestamp,
        input: &GateInput,
        ids: &mut impl IdSource,
        out: &mut Vec<GateOutput>,
    ) {
        match input {
            GateInput::Sighting(sighting) => self.take_sighting(at, sighting, ids, out),
            GateInput::Ack(ack) => self.take_ack(at, ack, out),
            GateInput::Barrier(barrier) => self.take_barrier(at, barrier, out),
            GateInput::RegistryChanged(registry) => self.registry = Arc::clone(registry),
            GateInput::Tick => (),
        }
        let is_list_new = matches!(input, GateInput::RegistryChanged(_));
        for passage in self.ids_of(|open| is_list_new || open.outcome.is_none()) {
            self.consider(at, passage, ids, out);
        }
        self.end_what_is_over(at, out);
    }

    fn take_sighting(
        &mut self,
        at: Timestamp,
        sighting: &Sighting,
        ids: &mut impl IdSource,
        out: &mut Vec<GateOutput>,
    ) {
        if self.handled.contains(&sighting.id) {
            let follows = |grant: &&mut Granted| grant.follower == Some(sighting.id);
            if let Some(grant) = self.granted.iter_mut().find(follows) {
                grant.last_seen_at = grant.last_seen_at.max(sighting.last_seen_at);
            }
            return;
        }
        let known = self.open.iter_mut().find(|open| open.has(sighting.id));
        if let Some(open) = known {
            if !open.update(sighting, at) {
                return;
            }
            let passage = open.passage.id;
            let last_seen_at = open.last_seen_at;
            if let Some(grant) = self
                .granted
                .iter_mut()
                .find(|grant| grant.passage == passage)
            {
                grant.last_seen_at = last_seen_at;
            }
            self.consider(at, passage, ids, out);
        } else if self.is_for_us(sighting) {
            let passage = Passage {
                id: PassageId(ids.next_id(at)),
                gate: self.lane.gate.clone(),
                sighting: sighting.id,
                state: PassageState::Arrived,
                arrived_at: sighting.first_seen_at,
                changed_at: at,
            };
            out.push(GateOutput::PassageChanged(passage.clone()));
            let seen = (sighting, self.policy.factor);
            self.open.push(Open::new(passage, seen, at));
            while self.lane.open_max.max(1) < self.open.len() {
                self.end(0, at, out);
            }
        }
    }

    fn is_for_us(&self, sighting: &Sighting) -> bool {
        let has_factor = match self.policy.factor {
            Factor::Plate => sighting.plate.is_some(),
            Factor::Face => sighting.face.is_some(),
        };
        has_factor || self.lane.classes.contains(&sighting.class)
    }

    fn take_ack(&mut self, at: Timestamp, ack: &Ack, out: &mut Vec<GateOutput>) {
        if ack.gate != self.lane.gate {
            return;
        }
        for open in &mut self.open {
            if let Some(state) = open.after_ack(ack.command, ack.result) {
                open.enter(state, at, out);
            }
        }
    }

    fn take_barrier(&mut self, at: Timestamp, barrier: &Barrier, out: &mut Vec<GateOutput>) {
        if barrier.gate != self.lane.gate {
            return;
        }
        self.barrier = barrier.state;
        for open in &mut self.open {
            let state = open.after_barrier(barrier.state, barrier.since);
            open.enter(state, at, out);
        }
    }

    /// Judges a passage if it is time to, and acts on an answer that says more than the one before.
    fn consider(
        &mut self,
        at: Timestamp,
        passage: PassageId,
        ids: &mut impl IdSource,
        out: &mut Vec<GateOutput>,
    ) {
        let Some(index) = self.open.iter().position(|open| open.passage.id == passage) else {
            return;
        };
        let open = &self.open[index];
        if !open.is_ripe(&self.lane, at) {
            return;
        }
        let now = open.judged_for(at);
        let decision = decide(&self.policy, &*self.registry, &open.sighting, now);
        if !open.is_news(decision.outcome, &self.lane) {
            return;
        }
        let identity = Identity::of(&open.sighting, self.policy.factor);
        if decision.outcome == Outcome::Grant
            && let Some(identity) = identity
        {
            match self.earlier_grant(&identity, &open.sighting) {
                Some(earlier) => return self.join(at, index, earlier, out),
                None => self.note_grant(at, identity, index),
            }
        }
        self.answer(at, index, decision, ids, out);
    }

    fn answer(
        &mut self,
        at: Timestamp,
        index: usize,
        decision: Decision,
        ids: &mut impl IdSource,
        out: &mut Vec<GateOutput>,
    ) {
        let open = &mut self.open[index];
        open.outcome = Some(decision.outcome);
        open.is_judged_decisive = open.is_decisive();
        let verdict = Verdict {
            id: VerdictId(ids.next_id(at)),
            passage: open.passage.id,
            sighting: open.sighting.id,
            gate: self.lane.gate.clone(),
            outcome: decision.outcome,
            given_at: at,
            captured_at: open.sighting.last_seen_at,
            policy_version: self.policy.version,
            registry_as_of: self.registry.as_of(),
            rule_path: decision.rule_path,
            assurance: None,
            by: None,
        };
        let verdict_id = verdict.id;
        out.push(GateOutput::Verdict(verdict));
        let state = match decision.outcome {
            Outcome::Grant => PassageState::Commanded,
            Outcome::Deny(_) => PassageState::Denied,
            Outcome::Refer(_) => PassageState::Referred,
        };
        if state == PassageState::Commanded {
            let command = GateCommand {
                id: CommandId(ids.next_id(at)),
                gate: self.lane.gate.clone(),
                kind: CommandKind::Open,
                cause: CommandCause::Verdict {
                    verdict: verdict_id,
                    passage: open.passage.id,
                },
                nonce: None,
                issued_at: at,
                expires_at: self.policy.expiry_for(at, open.sighting.last_seen_at),
            };
            open.send(command.id, at, command.expires_at);
            out.push(GateOutput::Command(command));
        }
        open.enter(state, at, out);
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
    fn join(&mut self, at: Timestamp, index: usize, earlier: PassageId, out: &mut Vec<GateOutput>) {
        let mut later = self.open.remove(index);
        later.enter(PassageState::Left, at, out);
        if let Some(grant) = self
            .granted
            .iter_mut()
            .find(|grant| grant.passage == earlier)
        {
            grant.last_seen_at = grant.last_seen_at.max(later.last_seen_at);
            grant.follower = Some(later.sighting.id);
        }
        match self.open.iter_mut().find(|open| open.passage.id == earlier) {
            Some(open) => open.adopt(&later.sighting, at),
            None => self.remember(later.sighting.id),
        }
    }

    fn end_what_is_over(&mut self, at: Timestamp, out: &mut Vec<GateOutput>) {
        for open in self.open.iter_mut().filter(|open| open.is_ack_overdue(at)) {
            open.enter(PassageState::Failed, at, out);
        }
        // A vehicle that has left the picture may be under the barrier: its command's answer is
        // waited for.
        let lane = &self.lane;
        let is_over = |open: &Open| {
            let is_settled = open.outcome.is_some() && !open.is_awaiting_ack();
            (open.is_gone() && is_settled) || open.is_quiet(lane, at)
        };
        let over: Vec<PassageId> = self
            .open
            .iter()
            .filter(|open| is_over(open))
            .map(|open| open.passage.id)
            .collect();
        for passage in over {
            if let Some(index) = self.open.iter().position(|open| open.passage.id == passage) {
                self.end(index, at, out);
            }
        }
    }

    fn end(&mut self, index: usize, at: Timestamp, out: &mut Vec<GateOutput>) {
        let mut open = self.open.remove(index);
        open.enter(PassageState::Left, at, out);
        open.members().for_each(|sighting| self.remember(sighting));
        if let Some(grant) = self
            .granted
            .iter_mut()
            .find(|g| g.passage == open.passage.id)
        {
            grant.is_open = false;
        }
    }

    fn ids_of(&self, is_wanted: impl Fn(&Open) -> bool) -> Vec<PassageId> {
        let wanted = self.open.iter().filter(|open| is_wanted(open));
        wanted.map(|open| open.passage.id).collect()
    }
}
