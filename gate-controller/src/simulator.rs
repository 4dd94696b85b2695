//! A simulated barrier: an MQTT client of its own that behaves as a device does.
//!
//! It verifies signature, gate, expiry and duplicates itself, acknowledges, and publishes its
//! position, retained.

mod barrier;

pub use barrier::BarrierSettings;

use barrier::{BarrierBoard, Said};
use domain::{Barrier, CommandId, GateId, SiteId, Timestamp, ports::Clock};
use service::{
    bus::{Bus, BusEvents, Incoming},
    keys::CommandVerifier,
    shutdown::Shutdown,
};
use std::{
    future::pending,
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
    /// Starts a barrier that is down. It runs until `shutdown` or until its connection is closed.
    pub fn start<C: Clock + 'static>(parts: SimulatorParts<C>, shutdown: Shutdown) -> Self {
        let now = parts.clock.now();
        let board = BarrierBoard::new(parts.settings.clone(), now);
        let (hands, hands_rx) = mpsc::channel(8);
        let (barrier_tx, barrier) = watch::channel(board.barrier());
        let counters = Arc::<Counters>::default();
        let task = Task {
            parts,
            board,
            barrier_tx,
            counters: Arc::clone(&counters),
        };
        tokio::spawn(task.run(hands_rx, shutdown));
        Self {
            hands,
            barrier,
            counters,
        }
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
    barrier_tx: watch::Sender<Barrier>,
    counters: Arc<Counters>,
}

impl<C: Clock> Task<C> {
    async fn run(mut self, mut hands: mpsc::Receiver<Hand>, shutdown: Shutdown) {
        loop {
            self.speak();
            let now = self.parts.clock.now();
            let due = self
                .board
                .deadline()
                .map(|due| self.parts.clock.sleep(due.since(now)));
            tokio::select! {
                () = shutdown.wait() => break,
                incoming = self.parts.events.recv() => match incoming {
                    Some(incoming) => self.take(&incoming),
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
        }
    }

    fn take(&mut self, incoming: &Incoming) {
        let now = self.parts.clock.now();
        let message = incoming.envelope().map(|envelope| envelope.message);
        // A retained command is one that somebody has published wrongly: it may be from any time.
        let (Ok(Message::Command(signed)), false) = (message, incoming.retained) else {
            self.counters.rejected.fetch_add(1, Ordering::Relaxed);
            return;
        };
        match self.parts.verifier.verify(self.parts.bus.site(), &signed) {
            Ok(()) => self.board.on_command(&signed.command, now),
            Err(_refused) => self.refuse(signed.command.id, now),
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
