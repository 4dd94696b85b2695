//! Devices with an MQTT dialect of their own.
//!
//! A dialect is a value that hears messages and says what to do: it is tested without a broker.
//! Requests go out with QoS 0: a broker keeps those for nobody, so no device gets one later. A lost
//! one is noticed for want of an answer.

use super::adapter::Report;
use domain::{
    Ack, AckResult, CommandKind, GateCommand, GateId,
    ports::{Clock, GateActuator},
};
use service::bus::{Bus, BusError, BusEvents, Incoming};
use std::{future::pending, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Messages of the device that may wait.
const N_INCOMING_MAX: usize = 64;

/// What a dialect wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Do {
    /// Publish it, once.
    Publish { topic: String, payload: String },
    /// The rest of the site is told.
    Report(Report),
    /// The request that is under way has come to this.
    Answer(AckResult),
    /// Somebody should look.
    Warn(&'static str),
}

/// Why a request is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unable {
    /// The device is not connected.
    Away,
    /// It is not known yet that the device ends its own pulse.
    Unverified,
    /// No relay for that.
    NoHold,
}

/// A language of devices.
pub(super) trait Dialect: Send + 'static {
    /// Where the device speaks.
    fn filters(&self) -> Vec<String>;
    /// The device has spoken.
    fn hear(&mut self, topic: &str, payload: &[u8], is_retained: bool) -> Vec<Do>;
    /// A command is to be carried out; its answer is a later [`Do::Answer`].
    fn ask(&mut self, kind: CommandKind) -> Result<Vec<Do>, Unable>;
    /// No answer came in time: what comes now belongs to nothing.
    fn give_up(&mut self);
}

/// Why a device did not obey.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MqttDeviceError {
    /// It is not connected.
    #[error("it is not connected")]
    Away,
    /// It may not end its own pulse.
    #[error("it has not confirmed the length of its pulse")]
    Unverified,
    /// Nothing holds it open.
    #[error("it has no relay for a hold")]
    NoHold,
    /// It said nothing.
    #[error("it did not answer within {within_ms} ms")]
    NoAnswer {
        /// How long was waited.
        within_ms: u128,
    },
    /// The broker is away.
    #[error("the request cannot be sent")]
    Unsent(#[source] BusError),
    /// The program ends.
    #[error("the adapter has ended")]
    Ended,
}

type Answer = Result<AckResult, MqttDeviceError>;

struct Ask {
    kind: CommandKind,
    answer: oneshot::Sender<Answer>,
}

/// The handle of a device.
pub(super) struct MqttDevice<C> {
    asks: mpsc::Sender<Ask>,
    clock: C,
}

impl<C: Clock + Clone + 'static> MqttDevice<C> {
    /// Starts to listen to the device; its reports go to `reports`.
    pub(super) fn start(
        dialect: impl Dialect,
        (bus, gate): (Bus, GateId),
        (timeout, clock): (Duration, C),
        reports: mpsc::Sender<Report>,
    ) -> Result<Self, BusError> {
        let events = bus.route(&dialect.filters(), N_INCOMING_MAX)?;
        let (asks, asks_rx) = mpsc::channel(1);
        let driver = Driver {
            dialect,
            bus,
            gate,
            timeout,
            reports,
            waiting: None,
        };
        tokio::spawn(driver.run(events, asks_rx, clock.clone()));
        Ok(Self { asks, clock })
    }
}

impl<C: Clock> GateActuator for MqttDevice<C> {
    type Error = MqttDeviceError;

    async fn send(&self, command: GateCommand) -> Result<Ack, MqttDeviceError> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            kind: command.kind,
            answer,
        };
        let taken = self.asks.send(ask).await;
        taken.map_err(|_ended| MqttDeviceError::Ended)?;
        let result = answered.await.map_err(|_ended| MqttDeviceError::Ended)??;
        Ok(Ack {
            command: command.id,
            gate: command.gate,
            result,
            at: self.clock.now(),
        })
    }
}

struct Driver<D> {
    dialect: D,
    bus: Bus,
    gate: GateId,
    timeout: Duration,
    reports: mpsc::Sender<Report>,
    waiting: Option<oneshot::Sender<Answer>>,
}

impl<D: Dialect> Driver<D> {
    async fn run<C: Clock>(
        mut self,
        mut events: BusEvents,
        mut asks: mpsc::Receiver<Ask>,
        clock: C,
    ) {
        let mut give_up_at = None;
        loop {
            let now = clock.now();
            let patience = give_up_at
                .filter(|_| self.waiting.is_some())
                .map(|at: domain::Timestamp| clock.sleep(at.since(now)));
            tokio::select! {
                incoming = events.recv() => match incoming {
                    Some(incoming) => self.hear(&incoming).await,
                    None => break,
                },
                ask = asks.recv(), if self.waiting.is_none() => match ask {
                    Some(ask) => {
                        give_up_at = Some(clock.now().saturating_add(self.timeout));
                        self.ask(ask).await;
                    }
                    None => break,
                },
                () = async {
                    match patience { Some(wait) => wait.await, None => pending().await }
                } => {
                    self.dialect.give_up();
                    let within_ms = self.timeout.as_millis();
                    self.answer(Err(MqttDeviceError::NoAnswer { within_ms }));
                }
            }
        }
    }

    async fn hear(&mut self, incoming: &Incoming) {
        let Incoming {
            topic,
            payload,
            retained,
        } = incoming;
        for what in self.dialect.hear(topic, payload, *retained) {
            self.do_it(what).await;
        }
    }

    async fn ask(&mut self, ask: Ask) {
        self.waiting = Some(ask.answer);
        match self.dialect.ask(ask.kind) {
            Ok(all) => {
                for what in all {
                    self.do_it(what).await;
                }
            }
            Err(unable) => self.answer(Err(match unable {
                Unable::Away => MqttDeviceError::Away,
                Unable::Unverified => MqttDeviceError::Unverified,
                Unable::NoHold => MqttDeviceError::NoHold,
            })),
        }
    }

    async fn do_it(&mut self, what: Do) {
        match what {
            Do::Publish { topic, payload } => {
                // What sets the device up is worth waiting for; a command is not.
                if self.waiting.is_none() && self.bus.wait_online().await.is_err() {
                    return;
                }
                if let Err(error) = self.bus.publish_raw(&topic, payload.into_bytes()) {
                    self.dialect.give_up();
                    self.answer(Err(MqttDeviceError::Unsent(error)));
                }
            }
            // Nobody listens any more when the program ends.
            Do::Report(report) => drop(self.reports.send(report).await),
            Do::Answer(result) => self.answer(Ok(result)),
            Do::Warn(text) => tracing::warn!(gate.id = %self.gate, "the device: {text}"),
        }
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(waiting) = self.waiting.take() {
            // Whoever asked may have stopped waiting.
            waiting.send(answer).ok();
        }
    }
}
