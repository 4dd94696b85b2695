//! A simulated barrier: an MQTT client of its own that behaves as a device does.
//!
//! It verifies signature, gate, expiry and duplicates itself, acknowledges, and publishes its
//! position, retained.

mod barrier;
mod memory;

pub use barrier::BarrierSettings;
pub use memory::MemoryError;

use crate::rejections::{Rejection, RejectionLog};
use barrier::{BarrierBoard, Said};
use domain::{Barrier, CommandId, GateCommand, GateId, SiteId, Timestamp, ports::Clock};
use memory::Memory;
use service::{
    bus::{Bus, BusEvents, Incoming},
    keys::CommandVerifier,
    shutdown::Shutdown,
};
use std::{
    future::pending,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{mpsc, watch};
use wire::{Message, Topic};

/// What a simulated barrier is made of.
#[derive(Debug)]
pub struct SimulatorParts<C> {
    /// Its connection, made with [`simulator_filters`].
    pub bus: Bus,
    /// What comes over it.
    pub events: BusEvents,
    /// Whose commands it obeys.
    pub verifier: CommandVerifier,
    /// How it moves.
    pub settings: BarrierSettings,
    /// The file that remembers what it has obeyed; only one program may have it open.
    pub memory: PathBuf,
    /// Its clock.
    pub clock: C,
}

/// What a simulated barrier has refused without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SimulatorCounts {
    /// Payloads that are no message of ours, or none for a barrier.
    pub rejected: u64,
    /// Commands with a bad signature; these were answered.
    pub forged: u64,
}

#[derive(Debug, Default)]
struct Counters {
    rejected: AtomicU64,
    forged: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
enum Hand {
    Jam,
    Repair,
}

/// A hand on a simulated barrier.
#[derive(Clone, Debug)]
pub struct BarrierSimulator {
    hands: mpsc::Sender<Hand>,
    barrier: watch::Receiver<Barrier>,
    counters: Arc<Counters>,
}

/// The topics that a barrier listens to.
pub fn simulator_filters(site: &SiteId, gate: &GateId) -> Vec<String> {
    vec![Topic::Command(site.clone(), gate.clone()).to_string()]
}

impl BarrierSimulator {
    /// Starts a barrier that is down and remembers what it has obeyed. It runs until `shutdown` or
    /// until its connection is closed.
    pub fn start<C: Clock + 'static>(
        parts: SimulatorParts<C>,
        shutdown: Shutdown,
    ) -> Result<Self, MemoryError> {
        let now = parts.clock.now();
        let memory = Memory::open(&parts.memory, now)?;
        let board = BarrierBoard::new(parts.settings.clone(), memory.commands(), now);
        let (hands, hands_rx) = mpsc::channel(8);
        let (barrier_tx, barrier) = watch::channel(board.barrier());
        let counters = Arc::<Counters>::default();
        let task = Task {
            parts,
            board,
            memory: Some(memory),
            rejections: RejectionLog::default(),
            barrier_tx,
            counters: Arc::clone(&counters),
        };
        tokio::spawn(task.run(hands_rx, shutdown));
        Ok(Self {
            hands,
            barrier,
            counters,
        })
    }

    /// Lets it get stuck where it is.
    pub async fn jam(&self) {
        self.lay(Hand::Jam).await;
    }

    /// Repairs it and lowers it.
    pub async fn repair(&self) {
        self.lay(Hand::Repair).await;
    }

    async fn lay(&self, hand: Hand) {
        if self.hands.send(hand).await.is_err() {
            tracing::debug!("the simulated barrier has ended before {hand:?}");
        }
    }

    /// Where it is, now and later.
    pub fn barrier(&self) -> watch::Receiver<Barrier> {
        self.barrier.clone()
    }

    /// What it has refused so far.
    pub fn counts(&self) -> SimulatorCounts {
        SimulatorCounts {
            rejected: self.counters.rejected.load(Ordering::Relaxed),
            forged: self.counters.forged.load(Ordering::Relaxed),
        }
    }
}

struct Task<C> {
    parts: SimulatorParts<C>,
    board: BarrierBoard,
    /// Away while it is written.
    memory: Option<Memory>,
    rejections: RejectionLog,
    barrier_tx: watch::Sender<Barrier>,
    counters: Arc<Counters>,
}

impl<C: Clock> Task<C> {
    async fn run(mut self, mut hands: mpsc::Receiver<Hand>, shutdown: Shutdown) {
        loop {
            self.speak();
            let now = self.parts.clock.now();
            let due = [self.board.deadline(), self.rejections.due_at()];
            let due = due.into_iter().flatten().min();
            let due = due.map(|due| self.parts.clock.sleep(due.since(now)));
            tokio::select! {
                () = shutdown.wait() => break,
                incoming = self.parts.events.recv() => match incoming {
                    Some(incoming) => self.take(&incoming).await,
                    None => break,
                },
                Some(hand) = hands.recv() => match hand {
                    Hand::Jam => self.board.jam(self.parts.clock.now()),
                    Hand::Repair => self.board.repair(self.parts.clock.now()),
                },
                () = async { match due { Some(due) => due.await, None => pending().await } } => {
                    self.board.on_time(self.parts.clock.now());
                }
            }
            self.tell_rejections();
        }
    }

    async fn take(&mut self, incoming: &Incoming) {
        let now = self.parts.clock.now();
        let signed = match incoming.envelope().map(|envelope| envelope.message) {
            // A retained command is one that somebody has published wrongly: it may be from any
            // time.
            Ok(Message::Command(signed)) if !incoming.retained => signed,
            Ok(_) => {
                return self.reject(Rejection::Unexpected, "it is no command, or a retained one");
            }
            Err(error) => return self.reject(Rejection::of(&error), &error.to_string()),
        };
        match self.parts.verifier.verify(self.parts.bus.site(), &signed) {
            Ok(()) => self.command(signed.command, now).await,
            Err(refused) => {
                self.refuse(signed.command.id, now);
                self.complain(Rejection::Forged, &refused.to_string());
            }
        }
    }

    /// Writes a command down before the boom moves for it.
    async fn command(&mut self, command: GateCommand, now: Timestamp) {
        if !self.board.admits(&command, now) {
            return;
        }
        let mut memory = self.memory.take().expect("only one write is on at a time");
        let (id, to_keep) = (command.id, command.clone());
        let writing = tokio::task::spawn_blocking(move || {
            let kept = memory.keep(&to_keep, now);
            (memory, kept)
        });
        let (memory, kept) = writing
            .await
            .expect("a write does not panic and is not cancelled");
        self.memory = Some(memory);
        let now = self.parts.clock.now();
        match kept {
            Ok(()) => self.board.on_command(&command, now),
            Err(error) => {
                let (gate, cause) = (&self.parts.settings.gate, std::error::Error::source(&error));
                tracing::error!(gate.id = %gate, cause, "a command is not obeyed: {error}");
                self.board.refuse(id, now);
            }
        }
    }

    fn reject(&mut self, rejection: Rejection, why: &str) {
        self.counters.rejected.fetch_add(1, Ordering::Relaxed);
        self.complain(rejection, why);
    }

    fn complain(&mut self, rejection: Rejection, why: &str) {
        if self.rejections.note(rejection) {
            let (gate, kind) = (&self.parts.settings.gate, rejection.name());
            tracing::warn!(gate.id = %gate, kind, n = 1, "the barrier refused a message: {why}");
        }
    }

    fn tell_rejections(&mut self) {
        if let Some(counts) = self.rejections.summary(self.parts.clock.now()) {
            let gate = &self.parts.settings.gate;
            tracing::warn!(gate.id = %gate, "the barrier refused messages so far: {counts}");
        }
    }

    fn refuse(&mut self, command: CommandId, now: Timestamp) {
        self.counters.forged.fetch_add(1, Ordering::Relaxed);
        self.board.refuse(command, now);
    }

    fn speak(&mut self) {
        let (site, gate) = (
            self.parts.bus.site().clone(),
            self.parts.settings.gate.clone(),
        );
        for said in self.board.take_said() {
            let (topic, message) = match said {
                Said::Ack(ack) => (Topic::Ack(site.clone(), gate.clone()), Message::Ack(ack)),
                Said::Moved(barrier) => {
                    self.barrier_tx.send_replace(barrier.clone());
                    (
                        Topic::Barrier(site.clone(), gate.clone()),
                        Message::Barrier(barrier),
                    )
                }
            };
            if let Err(error) = self.parts.bus.say(&topic, message, self.parts.clock.now()) {
                tracing::warn!(gate.id = %gate, "the barrier cannot say what it does: {error}");
            }
        }
    }
}
