//! Messages to and from other programs over MQTT. The only module that names the client library.
//!
//! **Delivery.** Everything but live pictures goes with QoS 1: what [`Bus::publish`] took is handed
//! to the broker at least once, also over reconnections, in order, as long as the program lives;
//! what [`Bus::publish_within`] took, as long as its own time lasts.
//! What must survive the program goes through [`crate::outbox`]. Sessions are clean: the broker
//! keeps nothing for a program that is away; retained topics and the outboxes' repetition bring it
//! up to date.
//!
//! **Limits.** Every queue has one. Out: `publish` refuses at once when
//! [`BusConfig::n_outgoing_max`] messages wait;
//! pictures are dropped and counted. In: when a receiver's channel is full, pictures (QoS 0) are
//! dropped and counted, and for anything else *reading from the broker stops* until there is room,
//! so that no event is lost. That holds up every receiver of this connection, and after about twice
//! the keep-alive the connection itself: a receiver must take its messages promptly and hand slow
//! work to somebody else.

mod config;
mod driver;
mod incoming;
mod link;
mod pace;
mod publication;
mod routes;

pub use config::{BusConfig, Credentials};
pub use incoming::{BusEvents, Incoming};
pub use publication::Fate;

use crate::ids::{IdSource, Ids as _};
use domain::{SiteId, Timestamp};
use publication::{Keeping, Publication};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use wire::{Envelope, Message, Topic};

/// Largest packet, in and out.
pub const PACKET_BYTES_MAX: usize = 1_048_576;

const N_PICTURES_MAX: usize = 8;
const N_CONTROLS_MAX: usize = 64;

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusState {
    /// An attempt is being made.
    Connecting,
    /// Connected, and all subscriptions are in force.
    Online,
    /// Not connected; another attempt follows, unless the bus was closed.
    Offline {
        /// One line for people.
        reason: String,
    },
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// As many as may wait do wait.
    #[error("too many messages wait for the broker")]
    Full,
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// No broker is reached, and this is nothing that waits.
    #[error("the broker is not reached")]
    Offline,
    /// Larger than the largest packet.
    #[error("a message of {n_bytes} bytes is larger than a packet may be")]
    TooLarge {
        /// Its size.
        n_bytes: usize,
    },
    /// Not a topic that may be published to, or not a filter.
    #[error("not an MQTT topic: {topic:?}")]
    Topic {
        /// The text.
        topic: String,
    },
    /// The broker does not allow this subscription.
    #[error("the broker refuses the subscription to {filter:?}")]
    Refused {
        /// The filter.
        filter: String,
    },
}

/// What the bus has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusCounts {
    /// Messages that the broker has acknowledged.
    pub published: u64,
    /// Messages that came and were handed on.
    pub received: u64,
    /// Outgoing pictures that were dropped.
    pub pictures_dropped: u64,
    /// Incoming pictures (QoS 0) that no receiver had room for.
    pub incoming_dropped: u64,
    /// Outgoing messages whose time passed before they could be handed over.
    pub expired: u64,
    /// Times that the connection came to be.
    pub connections: u64,
}

/// What closing left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Messages that the broker has not acknowledged.
    pub n_unsent: usize,
}

/// A connection to the broker that mends itself; clones are the same connection.
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Bus({}, {:?})",
            self.shared.source,
            *self.shared.state.borrow()
        )
    }
}

struct Shared {
    site: SiteId,
    source: String,
    outgoing: mpsc::Sender<Publication>,
    pictures: mpsc::Sender<Publication>,
    controls: mpsc::Sender<Control>,
    state: watch::Receiver<BusState>,
    session: watch::Receiver<Option<u64>>,
    counters: Arc<Counters>,
    ids: Mutex<IdSource>,
    n_said: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters {
    published: AtomicU64,
    received: AtomicU64,
    pictures_dropped: AtomicU64,
    incoming_dropped: AtomicU64,
    expired: AtomicU64,
    connections: AtomicU64,
}

#[derive(Debug)]
enum Control {
    Subscribe {
        filter: String,
        done: oneshot::Sender<Result<(), BusError>>,
    },
    Route {
        filters: Vec<String>,
        incoming: mpsc::Sender<Incoming>,
    },
    Close {
        within: Duration,
        done: oneshot::Sender<Closed>,
    },
}

impl Bus {
    /// Starts connecting, in a task of its own; never fails: what is wrong is told by
    /// [`Self::state`].
    ///
    /// Must be called inside a tokio runtime. The connection ends when it is closed, or when all
    /// clones are gone.
    pub fn connect(config: BusConfig) -> (Self, BusEvents) {
        let (outgoing, outgoing_rx) = mpsc::channel(config.n_outgoing_max);
        let (pictures, pictures_rx) = mpsc::channel(N_PICTURES_MAX);
        let (controls, controls_rx) = mpsc::channel(N_CONTROLS_MAX);
        let (incoming_tx, incoming) = mpsc::channel(config.n_incoming_max);
        let (state_tx, state) = watch::channel(BusState::Connecting);
        let (session_tx, session) = watch::channel(None);
        let counters = Arc::<Counters>::default();
        let (site, source) = (config.site.clone(), config.source.clone());
        let queues = driver::Queues {
            outgoing_rx,
            pictures_rx,
            controls_rx,
        };
        let told = driver::Told {
            state_tx,
            session_tx,
            counters: Arc::clone(&counters),
        };
        tokio::spawn(driver::Driver::new(config, queues, told, incoming_tx).run());
        let shared = Shared {
            site,
            source,
            outgoing,
            pictures,
            controls,
            state,
            session,
            counters,
            ids: Mutex::new(IdSource::system()),
            n_said: AtomicU64::new(0),
        };
        (
            Self {
                shared: Arc::new(shared),
            },
            BusEvents { incoming },
        )
    }

    /// The site in every topic.
    pub fn site(&self) -> &SiteId {
        &self.shared.site
    }

    /// This program's name.
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    /// Puts a message of this program into an envelope of its own and publishes it; its id is
    /// returned.
    ///
    /// `seq` counts what was said here since the start, apart from what the outbox sends.
    pub fn say(&self, topic: &Topic, message: Message, at: Timestamp) -> Result<u128, BusError> {
        let id = self
            .shared
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next();
        let envelope = Envelope {
            id: format!("{id:032x}"),
            source: self.shared.source.clone(),
            seq: self.shared.n_said.fetch_add(1, Ordering::Relaxed),
            sent_at: at,
            traceparent: None,
            message,
        };
        self.publish(topic, &envelope)?;
        Ok(id)
    }

    /// Queues the envelope; never waits, so it may be called anywhere. Retained if the topic is.
    ///
    /// While the broker is away messages wait, at most [`BusConfig::n_outgoing_max`].
    pub fn publish(&self, topic: &Topic, envelope: &Envelope) -> Result<(), BusError> {
        self.queue(Publication::of(topic, envelope.encode())?)
    }

    /// As [`Self::publish`], for what is worth nothing after `life`: it is dropped, and counted,
    /// when there is no connection to hand it to before.
    ///
    /// `told` hears what became of it, at most once and before any answer to it can come in; it
    /// runs on the connection's task, so it must be quick. Nothing is told when the bus is closed.
    pub fn publish_within(
        &self,
        topic: &Topic,
        envelope: &Envelope,
        life: Duration,
        told: impl FnOnce(Fate) + Send + 'static,
    ) -> Result<(), BusError> {
        let publication = Publication::of(topic, envelope.encode())?;
        self.queue(Publication {
            expires_at: Some(Instant::now() + life),
            told: Some(Box::new(told)),
            ..publication
        })
    }

    fn queue(&self, publication: Publication) -> Result<(), BusError> {
        let taken = self.shared.outgoing.try_send(publication);
        taken.map_err(not_taken)
    }

    /// Queues the envelope and returns once the broker has acknowledged it; waits for room.
    pub async fn publish_acked(&self, topic: &Topic, envelope: &Envelope) -> Result<(), BusError> {
        let (done, acknowledged) = oneshot::channel();
        let publication = Publication::of(topic, envelope.encode())?;
        let publication = Publication {
            acknowledged: Some(done),
            ..publication
        };
        let sent = self.shared.outgoing.send(publication).await;
        sent.map_err(|_closed| BusError::Closed)?;
        acknowledged.await.map_err(|_closed| BusError::Closed)
    }

    /// Publishes bytes on a topic that the broker keeps, and returns once it has acknowledged them;
    /// no bytes take back what it keeps there.
    pub async fn publish_kept(&self, topic: &Topic, payload: Vec<u8>) -> Result<(), BusError> {
        let (done, acknowledged) = oneshot::channel();
        let publication = Publication {
            acknowledged: Some(done),
            ..Publication::of(topic, payload)?
        };
        let sent = self.shared.outgoing.send(publication).await;
        sent.map_err(|_closed| BusError::Closed)?;
        acknowledged.await.map_err(|_closed| BusError::Closed)
    }

    /// Publishes bytes with QoS 0, not retained, for live pictures: dropped (and counted) when
    /// there is no room or no broker.
    pub fn publish_raw(&self, topic: &str, payload: Vec<u8>) -> Result<(), BusError> {
        let publication = Publication::new(topic.to_owned(), payload, Keeping::Once).checked()?;
        let taken = match *self.shared.session.borrow() {
            None => Err(BusError::Offline),
            Some(_session) => self
                .shared
                .pictures
                .try_send(publication)
                .map_err(not_taken),
        };
        if taken.is_err() {
            self.shared
                .counters
                .pictures_dropped
                .fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Subscribes, now and after each reconnection; returns once the broker has agreed, so not
    /// before it is reached.
    ///
    /// What comes goes to the [`BusEvents`] of [`Self::connect`]. What is known at the start
    /// belongs into [`BusConfig::filters`] instead. A receiver that is dropped early keeps the
    /// subscription.
    pub async fn subscribe(&self, filter: &str) -> Result<(), BusError> {
        check_filter(filter)?;
        let (done, agreed) = oneshot::channel();
        let control = Control::Subscribe {
            filter: filter.to_owned(),
            done,
        };
        self.shared
            .controls
            .send(control)
            .await
            .map_err(|_closed| BusError::Closed)?;
        agreed.await.map_err(|_closed| BusError::Closed)?
    }

    /// Subscribes for a receiver of its own with room for `n_incoming_max`; does not wait for the
    /// broker.
    ///
    /// A message goes to every receiver with a filter that fits.
    pub fn route(&self, filters: &[String], n_incoming_max: usize) -> Result<BusEvents, BusError> {
        filters.iter().try_for_each(|filter| check_filter(filter))?;
        let (incoming, events) = mpsc::channel(n_incoming_max);
        let control = Control::Route {
            filters: filters.to_vec(),
            incoming,
        };
        self.shared.controls.try_send(control).map_err(not_taken)?;
        Ok(BusEvents { incoming: events })
    }

    /// Publishes on a topic that is not ours, for other programs' sake: as [`Self::publish`], with
    /// QoS 1. Never for what must not come late.
    pub fn publish_foreign(
        &self,
        topic: &str,
        payload: Vec<u8>,
        is_retained: bool,
    ) -> Result<(), BusError> {
        let keeping = Keeping::UntilAcknowledged;
        let publication = Publication {
            is_retained,
            ..Publication::new(topic.to_owned(), payload, keeping)
        };
        self.queue(publication.checked()?)
    }

    /// How the connection is, now and later.
    pub fn state(&self) -> watch::Receiver<BusState> {
        self.shared.state.clone()
    }

    /// Returns once the connection is there with all subscriptions; an error if the bus is closed
    /// before.
    pub async fn wait_online(&self) -> Result<(), BusError> {
        let mut session = self.shared.session.clone();
        let online = session.wait_for(Option::is_some).await;
        online.map(drop).map_err(|_closed| BusError::Closed)
    }

    /// What has been done so far.
    pub fn counts(&self) -> BusCounts {
        let counters = &self.shared.counters;
        BusCounts {
            published: counters.published.load(Ordering::Relaxed),
            received: counters.received.load(Ordering::Relaxed),
            pictures_dropped: counters.pictures_dropped.load(Ordering::Relaxed),
            incoming_dropped: counters.incoming_dropped.load(Ordering::Relaxed),
            expired: counters.expired.load(Ordering::Relaxed),
            connections: counters.connections.load(Ordering::Relaxed),
        }
    }

    /// Takes nothing more, waits until the broker has acknowledged what was queued, says `offline`
    /// and disconnects.
    ///
    /// Gives up after `within`; the broker then says `offline` for us. Clones are closed too.
    pub async fn close(&self, within: Duration) -> Closed {
        let (done, closed) = oneshot::channel();
        let control = Control::Close { within, done };
        if self.shared.controls.send(control).await.is_err() {
            return Closed { n_unsent: 0 };
        }
        closed.await.unwrap_or(Closed { n_unsent: 0 })
    }

    /// The number of the connection while there is one; for those who repeat their messages
    /// themselves.
    pub(crate) fn session(&self) -> watch::Receiver<Option<u64>> {
        self.shared.session.clone()
    }

    /// Queues a message for this connection only; waits for room as long as the connection lasts.
    pub(crate) async fn send_in_session(
        &self,
        session: u64,
        topic: String,
        payload: Vec<u8>,
    ) -> Result<(), BusError> {
        let is_retained = topic
            .parse::<Topic>()
            .is_ok_and(|topic| topic.is_retained());
        let publication = Publication {
            is_retained,
            ..Publication::new(topic, payload, Keeping::ForSession(session))
        }
        .checked()?;
        let mut now = self.shared.session.clone();
        tokio::select! {
            sent = self.shared.outgoing.send(publication) => {
                sent.map_err(|_closed| BusError::Closed)
            }
            _changed = now.wait_for(|now| *now != Some(session)) => Err(BusError::Offline),
        }
    }
}

fn check_filter(filter: &str) -> Result<(), BusError> {
    if !filter.is_empty() && !filter.contains('\0') && rumqttc::valid_filter(filter) {
        Ok(())
    } else {
        Err(BusError::Topic {
            topic: filter.to_owned(),
        })
    }
}

fn not_taken<T>(error: mpsc::error::TrySendError<T>) -> BusError {
    match error {
        mpsc::error::TrySendError::Full(_) => BusError::Full,
        mpsc::error::TrySendError::Closed(_) => BusError::Closed,
    }
}
