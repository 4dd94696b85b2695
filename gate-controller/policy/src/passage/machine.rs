//! All passages of one lane.

use super::{GateInput, GateOutput, Lane, Turn, answer::Granted, open::Open, recent::Recent};
use crate::{Explanation, Factor, IdSource, Inside, ListRegistry, Policy, ZoneBook};
use domain::{
    Ack, AlarmKind, Barrier, CommandCause, DeviceInput, DeviceNonce, DocumentRead, GateAlarm,
    GateId, GateState, OrderId, Passage, PassageId, PassageState, Sighting, SightingId, SiteMode,
    Timestamp, VerdictId,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// How many documents are kept that were shown and not used.
const DOCUMENTS_MAX: usize = 16;

/// The passages of one lane: inputs with their time in, answers out.
///
/// **Invariants:** the policy grants a passage at most once, and every grant gives exactly one
/// command, which follows its verdict in the same step; nothing is granted on a stale list or a
/// late sighting; every passage ends as taken, not taken or left, and every crossing is one
/// movement; a message that comes again changes nothing.
pub struct PassageMachine {
    pub(super) lane: Lane,
    pub(super) policy: Policy,
    pub(super) registry: Arc<ListRegistry>,
    pub(super) book: ZoneBook,
    pub(super) mode: SiteMode,
    /// The order that made the mode, and when the newest that said so was given.
    pub(super) mode_order: Option<(OrderId, Timestamp)>,
    pub(super) barrier: GateState,
    pub(super) nonce: Option<DeviceNonce>,
    pub(super) partners: BTreeMap<GateId, GateState>,
    pub(super) device_seq: Option<u64>,
    /// The active inputs, and since when.
    pub(super) inputs: BTreeMap<DeviceInput, Timestamp>,
    /// When what is under the boom was left: by our clock, and by the device's.
    pub(super) cleared_at: Option<(Timestamp, Timestamp)>,
    pub(super) raised_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) commanded_at: Option<Timestamp>,
    /// When somebody last went through who was let in, since the boom was last down.
    pub(super) taken_at: Option<Timestamp>,
    /// How many more of a convoy may pass.
    pub(super) n_convoy: u32,
    /// How many may pass because a person opened for nobody in particular.
    pub(super) n_free: u32,
    pub(super) holds: Vec<CommandCause>,
    pub(super) hold_said_at: Option<Timestamp>,
    pub(super) alarms: BTreeMap<AlarmKind, GateAlarm>,
    /// Oldest first.
    pub(super) documents: Vec<DocumentRead>,
    pub(super) face: Option<Sighting>,
    /// Something other than a sighting may have changed an answer.
    pub(super) is_world_changed: bool,
    /// In the order in which they opened.
    pub(super) open: Vec<Open>,
    pub(super) granted: VecDeque<Granted>,
    pub(super) orders: Recent<OrderId>,
    /// Why each verdict of the policy came out as it did, when somebody asks.
    pub(super) explained: Option<Vec<(VerdictId, Explanation)>>,
    handled: Recent<SightingId>,
}

impl PassageMachine {
    /// A lane with nobody in it.
    pub fn new(lane: Lane, policy: Policy, registry: Arc<ListRegistry>) -> Self {
        Self {
            lane,
            policy,
            registry,
            book: ZoneBook::default(),
            mode: SiteMode::Normal,
            mode_order: None,
            barrier: GateState::Unknown,
            nonce: None,
            partners: BTreeMap::new(),
            device_seq: None,
            inputs: BTreeMap::new(),
            cleared_at: None,
            raised_at: None,
            closed_at: None,
            commanded_at: None,
            taken_at: None,
            n_convoy: 0,
            n_free: 0,
            holds: Vec::new(),
            hold_said_at: None,
            alarms: BTreeMap::new(),
            documents: Vec::new(),
            face: None,
            is_world_changed: false,
            open: Vec::new(),
            granted: VecDeque::new(),
            orders: Recent::new(),
            explained: None,
            handled: Recent::new(),
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
        self.handled.insert(sighting);
    }

    /// The sightings of ended passages, oldest first, at most [`super::HANDLED_MAX`].
    pub fn handled(&self) -> impl Iterator<Item = SightingId> {
        self.handled.iter()
    }

    /// The open passages in the order in which they opened.
    pub fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.open.iter().map(|open| &open.passage)
    }

    /// Whether nothing is going on that a new machine would have to know, but what was handled and
    /// who is inside: nobody is at the gate, nobody who was let in can come into view again, the
    /// barrier is down, and no person has ordered anything that still holds.
    pub fn is_idle(&self, at: Timestamp) -> bool {
        let within = self.lane.same_vehicle_within * 2;
        let is_over = |grant: &Granted| grant.last_seen_at.saturating_add(within) < at;
        let is_still = self.holds.is_empty()
            && self.alarms.is_empty()
            && self.inputs.is_empty()
            && self.mode == SiteMode::Normal
            && matches!(self.barrier, GateState::Closed | GateState::Unknown);
        is_still && self.open.is_empty() && self.granted.iter().all(is_over)
    }

    /// From here on notes why each verdict of the policy comes out as it does, for
    /// [`Self::explained`]. It costs a few decisions a verdict, and changes none.
    pub fn explain_from_here(&mut self) {
        self.explained.get_or_insert_with(Vec::new);
    }

    /// What was noted since it was last asked.
    pub fn explained(&mut self) -> Vec<(VerdictId, Explanation)> {
        self.explained
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Where the barrier is, as it last said.
    pub fn barrier(&self) -> GateState {
        self.barrier
    }

    /// What holds for the whole site, as far as this gate knows.
    pub fn mode(&self) -> SiteMode {
        self.mode
    }

    /// Who is inside.
    pub fn book(&self) -> &ZoneBook {
        &self.book
    }

    /// What is wrong now.
    pub fn alarms(&self) -> impl Iterator<Item = &GateAlarm> {
        self.alarms.values()
    }

    /// The rules in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The lane's settings in force.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// How many are inside a zone.
    pub fn inside(&self, zone: &domain::ZoneId) -> Inside {
        self.book.inside(zone)
    }

    /// When a [`GateInput::Tick`] is due, if no other input comes first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let passages = self.open.iter().map(|open| open.deadline(&self.lane));
        let others = [
            self.alarm_deadline(),
            self.hold_due_at(),
            self.loop_due_at(),
            self.settle_due_at(),
        ];
        passages.chain(others.into_iter().flatten()).min()
    }

    /// Takes one input and appends the answers to `out`.
    pub fn step(
        &mut self,
        at: Timestamp,
        input: &GateInput,
        ids: &mut impl IdSource,
        out: &mut Vec<GateOutput>,
    ) {
        let turn = &mut Turn { at, ids, out };
        self.end_free_passage(at);
        match input {
            GateInput::Sighting(sighting) => self.take_sighting(turn, sighting),
            GateInput::Ack(ack) => self.take_ack(turn, ack),
            GateInput::Barrier(barrier) => self.take_barrier(turn, barrier),
            GateInput::Device(event) => self.take_device(turn, event),
            GateInput::Document(document) => self.take_document(document),
            GateInput::Order(order) => self.take_order(turn, order),
            GateInput::Movement(movement) => {
                self.is_world_changed |= self.book.note(movement);
            }
            GateInput::RegistryChanged(registry) => {
                self.registry = Arc::clone(registry);
                self.is_world_changed = true;
            }
            GateInput::Tick => (),
        }
        self.take_loop(turn);
        self.consider_all(turn);
        self.answer_for_the_guard(turn);
        self.settle_transits(turn);
        // Who has gone through may have made room for the next one.
        if self.is_world_changed {
            self.consider_all(turn);
        }
        self.hold_again(turn);
        self.look_for_alarms(turn);
        self.end_what_is_over(turn);
    }

    fn consider_all<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        let is_world_changed = std::mem::take(&mut self.is_world_changed);
        let is_open = |open: &Open| open.outcome.is_none() || is_world_changed;
        for passage in self.ids_of(is_open) {
            self.consider(turn, passage);
        }
    }

    fn take_sighting<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, sighting: &Sighting) {
        if self.handled.contains(&sighting.id) {
            let follows = |grant: &&mut Granted| grant.follower == Some(sighting.id);
            if let Some(grant) = self.granted.iter_mut().find(follows) {
                grant.last_seen_at = grant.last_seen_at.max(sighting.last_seen_at);
            }
            return;
        }
        let known = self.open.iter_mut().find(|open| open.has(sighting.id));
        if let Some(open) = known {
            if !open.update(sighting, turn.at) {
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
            self.consider(turn, passage);
            self.take_line(turn, sighting);
        } else if self.is_second_face(sighting) {
            let is_newer = |known: &Sighting| known.last_seen_at <= sighting.last_seen_at;
            if self.face.as_ref().is_none_or(is_newer) {
                self.face = Some(sighting.clone());
                self.is_world_changed = true;
            }
        } else if self.is_for_us(sighting) {
            self.arrive(turn, sighting);
        }
    }

    fn arrive<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, sighting: &Sighting) {
        let passage = Passage {
            id: PassageId(turn.id()),
            gate: self.lane.gate.clone(),
            sighting: sighting.id,
            state: PassageState::Arrived,
            arrived_at: sighting.first_seen_at,
            changed_at: turn.at,
        };
        let id = passage.id;
        turn.say(GateOutput::PassageChanged(passage.clone()));
        let seen = (sighting, self.policy.factor);
        self.open.push(Open::new(passage, seen, turn.at));
        while self.lane.open_max.max(1) < self.open.len() {
            self.end(turn, 0);
        }
        self.consider(turn, id);
        self.take_line(turn, sighting);
    }

    /// A face apart from any vehicle, on a lane that asks for a driver's face besides.
    fn is_second_face(&self, sighting: &Sighting) -> bool {
        self.policy.second == Some(Factor::Face)
            && sighting.face.is_some()
            && sighting.plate.is_none()
            && !sighting.class.is_motor_vehicle()
    }

    fn is_for_us(&self, sighting: &Sighting) -> bool {
        let has_factor = match self.policy.factor {
            Factor::Plate => sighting.plate.is_some(),
            Factor::Face => sighting.face.is_some(),
            Factor::Pass | Factor::Anyone => false,
        };
        has_factor || self.lane.classes.contains(&sighting.class)
    }

    fn take_document(&mut self, document: &DocumentRead) {
        let is_known = self.documents.iter().any(|known| known.id == document.id);
        if document.gate != self.lane.gate || is_known {
            return;
        }
        self.documents.push(document.clone());
        if DOCUMENTS_MAX < self.documents.len() {
            self.documents.remove(0);
        }
        self.is_world_changed = true;
    }

    fn take_ack<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, ack: &Ack) {
        if ack.gate != self.lane.gate {
            return;
        }
        for open in &mut self.open {
            if let Some(state) = open.after_ack(ack.command, ack.result) {
                open.enter(state, turn);
            }
        }
    }

    fn end_what_is_over<I: IdSource>(&mut self, turn: &mut Turn<'_, I>) {
        for open in &mut self.open {
            if open.is_ack_overdue(turn.at) {
                open.enter(PassageState::Failed, turn);
            }
        }
        let lane = &self.lane;
        let is_over = |open: &Open| {
            // Whoever was let in may be under the barrier: how it ended is waited for.
            let is_settled = open.outcome.is_some() && !open.is_awaited();
            (open.is_gone() && is_settled) || open.is_quiet(lane, turn.at)
        };
        for passage in self.ids_of(is_over) {
            if let Some(index) = self.index_of(passage) {
                self.end(turn, index);
            }
        }
    }

    fn end<I: IdSource>(&mut self, turn: &mut Turn<'_, I>, index: usize) {
        let mut open = self.open.remove(index);
        if !open.passage.state.is_over() {
            let was_let_in = open.is_awaited();
            let last = if was_let_in {
                PassageState::NotTaken
            } else {
                PassageState::Left
            };
            open.enter(last, turn);
        }
        open.members().for_each(|sighting| self.remember(sighting));
        if let Some(grant) = self
            .granted
            .iter_mut()
            .find(|g| g.passage == open.passage.id)
        {
            grant.is_open = false;
        }
    }

    pub(super) fn index_of(&self, passage: PassageId) -> Option<usize> {
        self.open.iter().position(|open| open.passage.id == passage)
    }

    pub(super) fn ids_of(&self, is_wanted: impl Fn(&Open) -> bool) -> Vec<PassageId> {
        let wanted = self.open.iter().filter(|open| is_wanted(open));
        wanted.map(|open| open.passage.id).collect()
    }

    /// What a machine must be told to go on where this one is idle: where the barrier is, who is
    /// inside, and how many.
    pub fn carried(&self, at: Timestamp) -> Vec<GateInput> {
        let barrier = Barrier {
            gate: self.lane.gate.clone(),
            state: self.barrier,
            since: at,
            nonce: self.nonce,
        };
        let mut inputs = vec![GateInput::Barrier(barrier)];
        inputs.extend(self.book.carried(&self.lane.gate, at));
        inputs
    }
}
