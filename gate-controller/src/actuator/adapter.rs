//! Between our topics and a device of another dialect.
//!
//! The adapter is the device as the rest of the site sees it: it has a nonce, checks commands as
//! the simulated barrier does, writes each down before it acts, and answers on our topics.
//!
//! **Invariant:** a command goes to the device at most once, and not after it has expired. Nothing
//! is tried again: a device that was slow may open late then, and a new command costs nothing.

use super::{
    admission::{Admission, Heard},
    hearing::{Hearing, Refused, RefusedCounts, Trust},
    memory::MemoryError,
};
use crate::simulator::new_nonce;
use domain::{
    Ack, AckResult, Barrier, CommandId, CommandKind, DeviceEvent, DeviceInput, GateCommand, GateId,
    GateState, Timestamp,
    ports::{Clock, GateActuator},
};
use service::{
    bus::{Bus, BusEvents, Incoming},
    keys::CommandVerifier,
    shutdown::Shutdown,
};
use std::{collections::BTreeMap, future::pending, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use wire::{Message, Topic};

/// How far a command's time of issue may lie ahead of this machine's clock.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// Commands that may wait for the device; more are refused.
const N_WAITING_MAX: usize = 2;

/// How long after the device has understood a command its limit switch may say that it is up.
const MOVES_WITHIN: Duration = Duration::from_secs(15);

/// Reports that may wait.
pub(super) const N_REPORTS_MAX: usize = 64;

/// What a device says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// It is there now, or unknown because it is away.
    Moved(GateState),
    /// An input has changed, or was heard for the first time.
    Input(DeviceInput, bool),
}

/// What an adapter is made of.
#[derive(Debug)]
pub struct AdapterParts<C> {
    /// Its connection, made with [`crate::simulator_filters`].
    pub bus: Bus,
    /// What comes over it.
    pub events: BusEvents,
    /// Whose commands it obeys.
    pub verifier: CommandVerifier,
    /// Its gate.
    pub gate: GateId,
    /// The file that remembers what it has obeyed; only one program may have it open.
    pub memory: PathBuf,
    /// Its clock.
    pub clock: C,
}

/// A running adapter.
#[derive(Clone, Debug)]
pub struct Adapter {
    barrier: watch::Receiver<Barrier>,
    refused: Arc<Refused>,
}

impl Adapter {
    /// Starts it in front of a device. It runs until `shutdown` or until its connection is closed.
    pub(super) fn start<C: Clock + Clone + 'static, A: GateActuator + 'static>(
        parts: AdapterParts<C>,
        device: A,
        reports: mpsc::Receiver<Report>,
        shutdown: Shutdown,
    ) -> Result<Self, MemoryError> {
        let now = parts.clock.now();
        let gate = parts.gate.clone();
        let trust = Trust {
            site: parts.bus.site().clone(),
            gate: gate.clone(),
            verifier: parts.verifier,
        };
        let hearing = Hearing::open(trust, &parts.memory, now)?;
        let obeyed = hearing.obeyed();
        let admission = Admission::new(
            gate.clone(),
            CLOCK_TOLERANCE,
            new_nonce(),
            obeyed.into_iter(),
        );
        let barrier = Barrier {
            gate,
            state: GateState::Unknown,
            since: now,
            nonce: Some(admission.nonce()),
        };
        let (to_device, commands) = mpsc::channel(N_WAITING_MAX);
        let (done_tx, done) = mpsc::channel(N_WAITING_MAX + 1);
        let worker = work(device, commands, done_tx, parts.clock.clone());
        tokio::spawn(worker);
        let (barrier_tx, barrier_rx) = watch::channel(barrier.clone());
        let refused = hearing.refused();
        let task = Task {
            bus: parts.bus,
            clock: parts.clock,
            hearing,
            admission,
            to_device,
            barrier,
            barrier_tx,
            inputs: BTreeMap::new(),
            n_events: 0,
            moving_for: Vec::new(),
        };
        tokio::spawn(task.run(parts.events, (reports, done), shutdown));
        Ok(Self {
            barrier: barrier_rx,
            refused,
        })
    }

    /// Where the barrier is as far as is known, now and later, and what commands must carry.
    pub fn barrier(&self) -> watch::Receiver<Barrier> {
        self.barrier.clone()
    }

    /// What was refused so far.
    pub fn counts(&self) -> RefusedCounts {
        self.refused.read()
    }
}

/// What became of a command at the device.
struct Done {
    command: CommandId,
    kind: CommandKind,
    result: AckResult,
}

/// Hands commands to the device, one after the other, and never one that has expired.
async fn work<C: Clock, A: GateActuator>(
    device: A,
    mut commands: mpsc::Receiver<GateCommand>,
    done: mpsc::Sender<Done>,
    clock: C,
) {
    while let Some(command) = commands.recv().await {
        let (id, kind, gate) = (command.id, command.kind, command.gate.clone());
        let now = clock.now();
        let result = if command.expires_at <= now {
            AckResult::Expired
        } else {
            let life = command.expires_at.since(now);
            tokio::select! {
                answer = device.send(command) => match answer {
                    Ok(ack) => ack.result,
                    Err(error) => {
                        let cause = std::error::Error::source(&error);
                        tracing::warn!(gate.id = %gate, cause, "the device did not obey: {error}");
                        AckResult::Rejected
                    }
                },
                () = clock.sleep(life) => {
                    tracing::warn!(gate.id = %gate, "the device did not answer in time");
                    AckResult::Expired
                }
            }
        };
        let told = Done {
            command: id,
            kind,
            result,
        };
        if done.send(told).await.is_err() {
            break;
        }
    }
}

struct Task<C> {
    bus: Bus,
    clock: C,
    hearing: Hearing,
    admission: Admission,
    to_device: mpsc::Sender<GateCommand>,
    barrier: Barrier,
    barrier_tx: watch::Sender<Barrier>,
    inputs: BTreeMap<DeviceInput, bool>,
    n_events: u64,
    /// What the device has understood, until it is up or too much time has passed.
    moving_for: Vec<(CommandId, Timestamp)>,
}

impl<C: Clock> Task<C> {
    async fn run(
        mut self,
        mut events: BusEvents,
        (mut reports, mut done): (mpsc::Receiver<Report>, mpsc::Receiver<Done>),
        shutdown: Shutdown,
    ) {
        self.say_barrier();
        loop {
            let now = self.clock.now();
            let due = self.hearing.due_at();
            let due = due.map(|due| self.clock.sleep(due.since(now)));
            tokio::select! {
                () = shutdown.wait() => break,
                incoming = events.recv() => match incoming {
                    Some(incoming) => self.take(&incoming).await,
                    None => break,
                },
                Some(report) = reports.recv() => self.on_report(report),
                Some(done) = done.recv() => self.on_done(&done),
                () = async { match due { Some(due) => due.await, None => pending().await } } => {}
            }
            self.hearing.tell_rejections(self.clock.now());
        }
    }

    async fn take(&mut self, incoming: &Incoming) {
        let Some(heard) = self.hearing.hear(incoming) else {
            return;
        };
        let (now, id) = (self.clock.now(), heard.command.id);
        if self.refuses(&heard, now) {
            return;
        }
        if self.to_device.capacity() == 0 {
            return self.ack(id, AckResult::Rejected, now);
        }
        if !self.hearing.keep(&heard.command, now).await {
            return self.ack(id, AckResult::Rejected, self.clock.now());
        }
        // Time has passed while it was written down.
        if self.refuses(&heard, self.clock.now()) {
            return;
        }
        self.admission.remember(&heard.command);
        if self.to_device.try_send(heard.command).is_err() {
            self.ack(id, AckResult::Rejected, self.clock.now());
        }
    }

    fn refuses(&mut self, heard: &Heard, now: Timestamp) -> bool {
        let Some(result) = self.admission.refusal(heard, now) else {
            return false;
        };
        let id = heard.command.id;
        let is_obeyed = self.admission.has_obeyed(id);
        if self.hearing.may_refuse_aloud(heard, is_obeyed, now) {
            self.ack(id, result, now);
        }
        true
    }

    /// The device is the one to say that it moves: only then is a command called accepted.
    fn on_done(&mut self, done: &Done) {
        let (id, now) = (done.command, self.clock.now());
        match done.result {
            AckResult::Accepted => {
                self.ack(id, AckResult::Accepted, now);
                let is_up = self.barrier.state == GateState::Open;
                if is_up && done.kind != CommandKind::Release {
                    self.ack(id, AckResult::Executed, now);
                } else {
                    self.moving_for.retain(|(_id, until)| now <= *until);
                    self.moving_for.push((id, now.saturating_add(MOVES_WITHIN)));
                }
            }
            AckResult::Executed => {
                self.ack(id, AckResult::Accepted, now);
                self.ack(id, AckResult::Executed, now);
            }
            refused => self.ack(id, refused, now),
        }
    }

    fn on_report(&mut self, report: Report) {
        let now = self.clock.now();
        match report {
            Report::Moved(state) if state != self.barrier.state => {
                (self.barrier.state, self.barrier.since) = (state, now);
                self.say_barrier();
                if state == GateState::Open {
                    for (id, until) in std::mem::take(&mut self.moving_for) {
                        if now <= until {
                            self.ack(id, AckResult::Executed, now);
                        }
                    }
                }
            }
            Report::Input(input, is_active)
                if self.inputs.get(&input).copied().unwrap_or(false) != is_active =>
            {
                self.inputs.insert(input, is_active);
                let seq = self.n_events;
                self.n_events += 1;
                let gate = self.barrier.gate.clone();
                let topic = Topic::Device(self.bus.site().clone(), gate.clone());
                let event = DeviceEvent {
                    gate,
                    input,
                    is_active,
                    seq,
                    at: now,
                };
                self.say(&topic, Message::Device(event));
            }
            _nothing_new => (),
        }
    }

    fn say_barrier(&self) {
        let barrier = self.barrier.clone();
        self.barrier_tx.send_replace(barrier.clone());
        let topic = Topic::Barrier(self.bus.site().clone(), barrier.gate.clone());
        self.say(&topic, Message::Barrier(barrier));
    }

    fn ack(&self, command: CommandId, result: AckResult, at: Timestamp) {
        let gate = self.barrier.gate.clone();
        let topic = Topic::Ack(self.bus.site().clone(), gate.clone());
        let ack = Ack {
            command,
            gate,
            result,
            at,
        };
        self.say(&topic, Message::Ack(ack));
    }

    fn say(&self, topic: &Topic, message: Message) {
        if let Err(error) = self.bus.say(topic, message, self.clock.now()) {
            let gate = &self.barrier.gate;
            tracing::warn!(gate.id = %gate, "the adapter cannot say what the device does: {error}");
        }
    }
}
