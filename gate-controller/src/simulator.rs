//! A simulated barrier: an MQTT client of its own that behaves as a device does.
//!
//! It verifies signature, gate, expiry, nonce and duplicates itself, acknowledges, publishes its
//! position, retained, and what its loops, beam and contacts say. Hands make it jam, lose its
//! power, move slowly, and drive vehicles through it.

pub(crate) mod barrier;

pub use barrier::{BarrierSettings, Fail, Vehicle};

use crate::actuator::{
    MemoryError,
    hearing::{Hearing, Refused, RefusedCounts, Trust},
};
use barrier::{BarrierBoard, Judged, Said};
use domain::{
    AckResult, Barrier, DeviceInput, DeviceNonce, GateId, SiteId, Timestamp, ports::Clock,
};
use service::{
    bus::{Bus, BusEvents, Incoming},
    ids::random_seed,
    keys::CommandVerifier,
    shutdown::Shutdown,
};
use std::{collections::VecDeque, future::pending, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use wire::{Message, Topic};

/// How many changes of inputs may be planned by vehicles that are on their way.
const N_PLANNED_MAX: usize = 256;

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

#[derive(Clone, Copy, Debug)]
enum Hand {
    Jam,
    Repair,
    Input(DeviceInput, bool),
    PowerOff,
    PowerOn,
    Speed {
        opening: Duration,
        closing: Duration,
    },
    Drive(Vehicle),
}

/// A hand on a simulated barrier.
#[derive(Clone, Debug)]
pub struct BarrierSimulator {
    hands: mpsc::Sender<Hand>,
    barrier: watch::Receiver<Barrier>,
    refused: Arc<Refused>,
}

/// The topics that a barrier listens to.
pub fn simulator_filters(site: &SiteId, gate: &GateId) -> Vec<String> {
    vec![Topic::Command(site.clone(), gate.clone()).to_string()]
}

/// Another one at every start, from the operating system's random source.
pub(crate) fn new_nonce() -> DeviceNonce {
    DeviceNonce(random_seed())
}

impl BarrierSimulator {
    /// Starts a barrier that is down and remembers what it has obeyed. It runs until `shutdown` or
    /// until its connection is closed.
    pub fn start<C: Clock + 'static>(
        parts: SimulatorParts<C>,
        shutdown: Shutdown,
    ) -> Result<Self, MemoryError> {
        let now = parts.clock.now();
        let trust = Trust {
            site: parts.bus.site().clone(),
            gate: parts.settings.gate.clone(),
            verifier: parts.verifier,
        };
        let hearing = Hearing::open(trust, &parts.memory, now)?;
        let (settings, obeyed) = (parts.settings.clone(), hearing.obeyed());
        let board = BarrierBoard::new(settings, new_nonce(), obeyed.into_iter(), now);
        let (hands, hands_rx) = mpsc::channel(8);
        let (barrier_tx, barrier) = watch::channel(board.barrier());
        let refused = hearing.refused();
        let task = Task {
            bus: parts.bus,
            events: parts.events,
            gate: parts.settings.gate,
            clock: parts.clock,
            board,
            hearing,
            planned: VecDeque::new(),
            n_unsaid: 0,
            barrier_tx,
        };
        tokio::spawn(task.run(hands_rx, shutdown));
        Ok(Self {
            hands,
            barrier,
            refused,
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

    /// Lets a loop, the beam or a contact go on or off.
    pub async fn set_input(&self, input: DeviceInput, is_active: bool) {
        self.lay(Hand::Input(input, is_active)).await;
    }

    /// Takes its power away: it says a last word, and then nothing and hears nothing.
    pub async fn power_off(&self) {
        self.lay(Hand::PowerOff).await;
    }

    /// Gives its power back: it has another nonce, and is of use once it knows where it is.
    pub async fn power_on(&self) {
        self.lay(Hand::PowerOn).await;
    }

    /// Lets it move slowly, or quickly, from its next movement on.
    pub async fn set_speed(&self, opening: Duration, closing: Duration) {
        self.lay(Hand::Speed { opening, closing }).await;
    }

    /// Lets a vehicle drive over loops and beam, from now on.
    pub async fn drive_through(&self, vehicle: Vehicle) {
        self.lay(Hand::Drive(vehicle)).await;
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
    pub fn counts(&self) -> RefusedCounts {
        self.refused.read()
    }
}

struct Task<C> {
    bus: Bus,
    events: BusEvents,
    gate: GateId,
    clock: C,
    board: BarrierBoard,
    hearing: Hearing,
    /// What the inputs will do, in order of time.
    planned: VecDeque<(Timestamp, DeviceInput, bool)>,
    /// What it could not say since it last could.
    n_unsaid: u64,
    barrier_tx: watch::Sender<Barrier>,
}

impl<C: Clock> Task<C> {
    async fn run(mut self, mut hands: mpsc::Receiver<Hand>, shutdown: Shutdown) {
        loop {
            self.speak();
            let now = self.clock.now();
            let planned = self.planned.front().map(|(at, ..)| *at);
            let due = [self.board.deadline(), self.hearing.due_at(), planned];
            let due = due.into_iter().flatten().min();
            let due = due.map(|due| self.clock.sleep(due.since(now)));
            tokio::select! {
                () = shutdown.wait() => break,
                incoming = self.events.recv() => match incoming {
                    Some(incoming) => self.take(&incoming).await,
                    None => break,
                },
                Some(hand) = hands.recv() => self.on_hand(hand),
                () = async { match due { Some(due) => due.await, None => pending().await } } => {}
            }
            self.on_time();
            self.hearing.tell_rejections(self.clock.now());
        }
    }

    fn on_time(&mut self) {
        let now = self.clock.now();
        while let Some((at, input, is_active)) = self.planned.front().copied()
            && at <= now
        {
            self.planned.pop_front();
            self.board.set_input(input, is_active, at);
        }
        self.board.on_time(now);
    }

    fn on_hand(&mut self, hand: Hand) {
        let now = self.clock.now();
        match hand {
            Hand::Jam => self.board.jam(now),
            Hand::Repair => self.board.repair(now),
            Hand::Input(input, is_active) => self.board.set_input(input, is_active, now),
            Hand::PowerOff => self.board.power_off(now),
            Hand::PowerOn => {
                let obeyed = self.hearing.obeyed();
                self.board.power_on(new_nonce(), obeyed.into_iter(), now);
            }
            Hand::Speed { opening, closing } => self.board.set_speed(opening, closing),
            Hand::Drive(vehicle) => {
                let steps = vehicle.steps().into_iter();
                let steps = steps
                    .map(|(after, input, is_active)| (now.saturating_add(after), input, is_active));
                self.planned.extend(steps);
                self.planned.truncate(N_PLANNED_MAX);
                let planned = self.planned.make_contiguous();
                planned.sort_by_key(|(at, ..)| *at);
            }
        }
    }

    /// Writes a command down before the boom moves for it.
    async fn take(&mut self, incoming: &Incoming) {
        let Some(heard) = self.hearing.hear(incoming) else {
            return;
        };
        let (now, id) = (self.clock.now(), heard.command.id);
        match self.board.judge(&heard, now) {
            Judged::Deaf => return,
            Judged::Refuse(result) => {
                let is_obeyed = self.board.has_obeyed(id);
                if self.hearing.may_refuse_aloud(&heard, is_obeyed, now) {
                    self.board.refuse(id, result, now);
                }
                return;
            }
            Judged::Obey => (),
        }
        let is_kept = self.hearing.keep(&heard.command, now).await;
        let now = self.clock.now();
        if is_kept {
            self.board.on_command(&heard, now);
        } else {
            self.board.refuse(id, AckResult::Rejected, now);
        }
    }

    fn speak(&mut self) {
        let (site, gate) = (self.bus.site().clone(), self.gate.clone());
        for said in self.board.take_said() {
            let (topic, message) = match said {
                Said::Ack(ack) => (Topic::Ack(site.clone(), gate.clone()), Message::Ack(ack)),
                Said::Moved(barrier) => {
                    self.barrier_tx.send_replace(barrier.clone());
                    let topic = Topic::Barrier(site.clone(), gate.clone());
                    (topic, Message::Barrier(barrier))
                }
                Said::Input(event) => {
                    let topic = Topic::Device(site.clone(), gate.clone());
                    (topic, Message::Device(event))
                }
            };
            match self.bus.say(&topic, message, self.clock.now()) {
                Ok(_id) => self.n_unsaid = 0,
                Err(error) => {
                    if self.n_unsaid == 0 {
                        let what = "the barrier cannot say what it does";
                        tracing::warn!(gate.id = %gate, "{what}: {error}");
                    }
                    self.n_unsaid += 1;
                }
            }
        }
    }
}
