//! What the world hears of the core's answers: signed commands, durable events, and plain values
//! for this program.

use crate::{
    core::{Answer, message_of},
    event::{CommandTiming, Counters, GateEvent, count},
    intake::Told,
    retell::OwnMovements,
};
use domain::{Ack, AckResult, CommandId, GateCommand, GateId, SiteId, Timestamp, Verdict};
use policy::{GateInput, GateOutput};
use service::{
    bus::{Bus, Fate},
    keys::SigningKeyFile,
    outbox::{EnvelopeId, Outbox, OutboxItem},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::sync::broadcast;
use wire::{Envelope, Message, Topic};

/// How many events wait in memory while the outbox takes none: the journal has them, and the next
/// start says them again.
const N_HELD_MAX: usize = 512;

/// How many commands' times are kept; answers come within seconds.
const N_TIMINGS_MAX: usize = 128;

pub(crate) struct Effects {
    bus: Bus,
    outbox: Outbox,
    key: SigningKeyFile,
    site: SiteId,
    gate: GateId,
    events: broadcast::Sender<GateEvent>,
    counters: Arc<Counters>,
    n_commands: u64,
    timings: BTreeMap<CommandId, CommandTiming>,
    /// In the order in which the commands went out.
    timed: VecDeque<CommandId>,
    held: VecDeque<OutboxItem>,
    movements: OwnMovements,
    /// The verdict that the next command carries out.
    verdict: Option<Verdict>,
}

impl Effects {
    pub(crate) fn new(
        (bus, outbox, key): (Bus, Outbox, SigningKeyFile),
        gate: GateId,
        events: broadcast::Sender<GateEvent>,
        counters: Arc<Counters>,
        movements: OwnMovements,
    ) -> Self {
        Self {
            site: bus.site().clone(),
            bus,
            outbox,
            key,
            gate,
            events,
            counters,
            n_commands: 0,
            timings: BTreeMap::new(),
            timed: VecDeque::new(),
            held: VecDeque::new(),
            movements,
            verdict: None,
        }
    }

    /// Acts on answers that are in the journal. Each comes with the time at which its cause came
    /// in.
    ///
    /// Commands go first: the outbox's sync may not hold a barrier up.
    pub(crate) async fn carry_out(&mut self, answers: Vec<(Answer, Timestamp)>, now: Timestamp) {
        let mut items = Vec::new();
        for (answer, received_at) in answers {
            let item = |topic, message| OutboxItem {
                topic,
                message,
                at: answer.at,
                id: Some(EnvelopeId(answer.message_id)),
            };
            match answer.output {
                GateOutput::PassageChanged(ref passage) => {
                    let topic = Topic::Passage(self.site.clone(), self.gate.clone());
                    items.push(item(topic, message_of(&answer.output)));
                    self.tell(GateEvent::Passage(passage.clone()));
                }
                GateOutput::Verdict(ref verdict) => {
                    let topic = Topic::Verdict(self.site.clone(), self.gate.clone());
                    items.push(item(topic, message_of(&answer.output)));
                    self.verdict = Some(verdict.clone());
                    self.tell(GateEvent::Verdict(verdict.clone()));
                }
                GateOutput::Movement(ref movement) => {
                    let topic = Topic::Movement(self.site.clone(), self.gate.clone());
                    items.push(item(topic, message_of(&answer.output)));
                    let source = self.outbox.source();
                    self.movements
                        .note(source, answer.message_id, answer.at, movement);
                    self.tell(GateEvent::Movement(movement.clone()));
                }
                GateOutput::Alarm(ref alarm) => {
                    let topic = Topic::Alarm(self.site.clone(), self.gate.clone());
                    items.push(item(topic, message_of(&answer.output)));
                    self.tell(GateEvent::Alarm(alarm.clone()));
                }
                GateOutput::Command(ref command) => {
                    self.command(command, answer.message_id, [received_at, now]);
                }
            }
        }
        self.keep(items).await;
    }

    fn command(
        &mut self,
        command: &GateCommand,
        message_id: u128,
        [received_at, now]: [Timestamp; 2],
    ) {
        if command.expires_at <= now {
            count(&self.counters.commands_expired);
            tracing::warn!(gate.id = %self.gate, "a command expired before it could be sent");
            return;
        }
        let envelope = Envelope {
            id: format!("{message_id:032x}"),
            source: self.bus.source().to_owned(),
            seq: self.n_commands,
            sent_at: now,
            traceparent: None,
            message: Message::Command(self.key.sign_command(&self.site, command.clone())),
        };
        let is_its = |verdict: &&Verdict| Some(verdict.passage) == command.cause.passage();
        let verdict = self.verdict.as_ref().filter(is_its);
        let timing = CommandTiming {
            command: command.id,
            captured_at: verdict.map_or(command.issued_at, |verdict| verdict.captured_at),
            received_at,
            given_at: command.issued_at,
            published_at: now,
            answered_at: None,
            executed_at: None,
        };
        let topic = Topic::Command(self.site.clone(), self.gate.clone());
        let (life, told) = (command.expires_at.since(now), self.teller(timing.clone()));
        let taken = self.bus.publish_within(&topic, &envelope, life, told);
        if let Err(error) = taken {
            count(&self.counters.commands_unsent);
            tracing::error!(gate.id = %self.gate, "a command cannot be sent: {error}");
            return;
        }
        self.n_commands += 1;
        count(&self.counters.commands);
        self.timings.insert(command.id, timing);
        self.timed.push_back(command.id);
        while N_TIMINGS_MAX < self.timed.len() {
            if let Some(oldest) = self.timed.pop_front() {
                self.timings.remove(&oldest);
            }
        }
    }

    /// Says that the barrier was told to open, once it was: while the broker is away the command
    /// waits, and after its time it is dropped. Its passage then fails for want of an answer.
    fn teller(&self, timing: CommandTiming) -> impl FnOnce(Fate) + Send + 'static {
        let (events, counters) = (self.events.clone(), Arc::clone(&self.counters));
        let gate = self.gate.clone();
        move |fate| match fate {
            // Nobody has to listen.
            Fate::Sent => drop(events.send(GateEvent::Commanded(timing))),
            Fate::Expired => {
                count(&counters.commands_expired_unsent);
                tracing::warn!(gate.id = %gate, "a command expired while the broker was away");
            }
        }
    }

    /// Takes in what the device says, for the times and for whoever listens.
    pub(crate) fn note(&mut self, told: &Told) {
        match &told.input {
            GateInput::Ack(ack) => self.answered(ack, told.received_at),
            GateInput::Barrier(barrier) => self.tell(GateEvent::Barrier(barrier.clone())),
            _ => (),
        }
    }

    fn answered(&mut self, ack: &Ack, received_at: Timestamp) {
        let Some(timing) = self.timings.get_mut(&ack.command) else {
            return;
        };
        timing.answered_at = timing.answered_at.or(Some(received_at));
        if ack.result == AckResult::Executed {
            timing.executed_at = timing.executed_at.or(Some(received_at));
        }
        let (result, timing) = (ack.result, timing.clone());
        self.tell(GateEvent::Answered { result, timing });
    }

    fn tell(&self, event: GateEvent) {
        // Nobody has to listen.
        drop(self.events.send(event));
    }

    /// Hands events to the outbox. What it does not take is held and tried again with the next
    /// ones.
    async fn keep(&mut self, items: Vec<OutboxItem>) {
        self.held.extend(items);
        if self.held.is_empty() {
            return;
        }
        let all: Vec<OutboxItem> = self.held.iter().cloned().collect();
        match self.outbox.put_all(all).await {
            Ok(_stored) => self.held.clear(),
            Err(error) => {
                count(&self.counters.outbox_failures);
                tracing::error!(gate.id = %self.gate, "events are held back: {error}");
            }
        }
        while N_HELD_MAX < self.held.len() {
            self.held.pop_front();
        }
    }
}
