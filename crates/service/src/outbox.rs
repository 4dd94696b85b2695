//! Messages that may not be lost: kept in SQLite until the centre says that it has stored them.
//!
//! [`Outbox::put`] returns when the message is on the disk (WAL, `synchronous=FULL`); messages put
//! at the same time share one sync. [`Outbox::run`] publishes them. The broker's acknowledgement
//! means nothing here: a message is forgotten only when a [`wire::Receipt`] names it, that is,
//! after a durable write on the other side. Until then it is sent again after each reconnection and
//! every [`OutboxConfig::resend_after`], so a consumer sees some twice and drops them by their id.
//!
//! **Order.** A message is sent the moment it is stored, in order, when the broker is there,
//! whether or not older ones wait for a receipt: a gate must hear of a car at once, also while the
//! centre is away. What is left over goes out beside it, oldest first, at most
//! [`N_UNRECEIPTED_MAX`] at a time. So after an outage old and new messages mingle.
//!
//! **Limit.** When [`OutboxConfig::n_rows_max`] messages wait, sighting *updates* are refused and
//! counted: the final message of a sighting says all that they say. Everything else is still
//! stored, up to twice that number; then `put` is an error and its caller must hold what it has.

mod sender;
mod store;

use crate::{bus::Bus, shutdown::Shutdown};
use domain::{SightingPhase, Timestamp};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, mpsc, oneshot};
use wire::{Message, Topic};

/// How many left-over messages are out without a receipt at one time.
pub const N_UNRECEIPTED_MAX: usize = 256;

const N_REQUESTS_MAX: usize = 1024;
const N_FRESH_MAX: usize = 1024;

/// Where an outbox is and how it behaves.
#[derive(Clone, Debug)]
pub struct OutboxConfig {
    /// The SQLite file; only one program may have it open.
    pub path: PathBuf,
    /// Whose messages: stands in every envelope, and receipts are addressed to it.
    pub source: String,
    /// A message without a receipt is sent again after this time.
    pub resend_after: Duration,
    /// See the module's limit.
    pub n_rows_max: u64,
}

impl OutboxConfig {
    /// With 10 s and 1,000,000 messages.
    pub fn new(path: &Path, source: &str) -> Self {
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
            resend_after: Duration::from_secs(10),
            n_rows_max: 1_000_000,
        }
    }
}

/// The id of a message in its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeId(pub u128);

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A message to be kept and sent.
#[derive(Clone, Debug)]
pub struct OutboxItem {
    /// Where to.
    pub topic: Topic,
    /// What.
    pub message: Message,
    /// When it was said.
    pub at: Timestamp,
    /// The envelope's id. None makes a new one.
    ///
    /// A program that may say the same thing again after a crash gives it an id that follows from
    /// what it says: then it is stored once here and dropped as a duplicate by consumers.
    pub id: Option<EnvelopeId>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is on the disk.
    Stored(EnvelopeId),
    /// Not taken: a sighting update while the outbox is full, or a message so large that no
    /// receiver would read it.
    Refused,
}

impl Put {
    /// The id, when it was stored.
    pub fn id(self) -> Option<EnvelopeId> {
        match self {
            Self::Stored(id) => Some(id),
            Self::Refused => None,
        }
    }
}

/// Why the outbox cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OutboxError {
    /// The file cannot be opened.
    #[error("cannot open outbox {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Its folder cannot be made.
    #[error("cannot make the folder of outbox {path}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// Another program has it open.
    #[error("outbox {path} is in use by another program")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer program, or something else altogether.
    #[error(
        "outbox {path} has version {found}, this program knows {}",
        store::VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// It belongs to another source.
    #[error("outbox {path} holds the messages of {found:?}, not of {expected:?}")]
    Source {
        /// The file.
        path: PathBuf,
        /// Whose messages it holds.
        found: String,
        /// Whose it should hold.
        expected: String,
    },
    /// Reading or writing failed, for example because the disk is full: nothing was stored.
    #[error("the outbox cannot write or read")]
    Store {
        /// Why.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Twice as many messages wait as may: nothing was stored.
    #[error("the outbox is full: {n_pending} messages wait")]
    Full {
        /// How many wait.
        n_pending: u64,
    },
    /// The outbox was closed.
    #[error("the outbox is closed")]
    Closed,
}

/// How an outbox is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStats {
    /// Messages without a receipt.
    pub n_pending: u64,
    /// When the oldest of them was said.
    pub oldest: Option<Timestamp>,
    /// Messages stored since the start.
    pub n_stored: u64,
    /// Messages handed to the bus since the start, each time counted.
    pub n_sent: u64,
    /// Messages forgotten after their receipt since the start.
    pub n_receipted: u64,
    /// Messages refused since the start.
    pub n_refused: u64,
}

/// The outbox of one source; clones are the same outbox.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({})", self.shared.source)
    }
}

struct Shared {
    source: String,
    resend_after: Duration,
    requests: mpsc::Sender<store::Request>,
    fresh: Mutex<Option<mpsc::Receiver<Row>>>,
    tally: Arc<Tally>,
}

/// What the store and the sender have in common.
#[derive(Debug, Default)]
struct Tally {
    n_stored: AtomicU64,
    n_sent: AtomicU64,
    n_receipted: AtomicU64,
    n_refused: AtomicU64,
    /// A stored message did not fit into the way to the sender: it must look for it in the store.
    missed: Notify,
}

/// A stored message. Not `Debug`: the payload may hold a plate.
#[derive(Clone)]
struct Row {
    seq: i64,
    id: EnvelopeId,
    topic: String,
    payload: Vec<u8>,
}

impl Outbox {
    /// Opens the outbox, or makes it and its folders. Must be called inside a tokio runtime.
    pub async fn open(config: OutboxConfig) -> Result<Self, OutboxError> {
        let (requests, requests_rx) = mpsc::channel(N_REQUESTS_MAX);
        let (fresh_tx, fresh) = mpsc::channel(N_FRESH_MAX);
        let tally = Arc::<Tally>::default();
        let store = store::Store::open(&config, fresh_tx, Arc::clone(&tally)).await?;
        tokio::spawn(store.run(requests_rx));
        let OutboxConfig {
            source,
            resend_after,
            ..
        } = config;
        let fresh = Mutex::new(Some(fresh));
        Ok(Self {
            shared: Arc::new(Shared {
                source,
                resend_after,
                requests,
                fresh,
                tally,
            }),
        })
    }

    /// Stores a message and returns when it is on the disk.
    pub async fn put(
        &self,
        topic: &Topic,
        message: Message,
        at: Timestamp,
    ) -> Result<Put, OutboxError> {
        let item = OutboxItem {
            topic: topic.clone(),
            message,
            at,
            id: None,
        };
        let puts = self.put_all(vec![item]).await?;
        Ok(puts[0])
    }

    /// Stores all messages or none, and returns when they are on the disk; one answer for each, in
    /// order.
    pub async fn put_all(&self, items: Vec<OutboxItem>) -> Result<Vec<Put>, OutboxError> {
        self.ask(|done| store::Request::Put { items, done }).await?
    }

    /// The same for a thread outside the async runtime; panics inside it.
    pub fn put_all_blocking(&self, items: Vec<OutboxItem>) -> Result<Vec<Put>, OutboxError> {
        let (done, answer) = oneshot::channel();
        let sent = self
            .shared
            .requests
            .blocking_send(store::Request::Put { items, done });
        sent.map_err(|_closed| OutboxError::Closed)?;
        answer
            .blocking_recv()
            .map_err(|_closed| OutboxError::Closed)?
    }

    /// How it is doing.
    pub async fn stats(&self) -> Result<OutboxStats, OutboxError> {
        self.ask(|done| store::Request::Stats { done }).await?
    }

    /// Forgets what a receipt names; [`Self::run`] does this itself.
    pub async fn forget(&self, ids: Vec<EnvelopeId>) -> Result<(), OutboxError> {
        let sent = self
            .shared
            .requests
            .send(store::Request::Forget { ids })
            .await;
        sent.map_err(|_closed| OutboxError::Closed)
    }

    /// Sends until the shutdown. Receipts are subscribed to on the same bus. Only one may run.
    pub async fn run(&self, bus: Bus, shutdown: Shutdown) -> Result<(), OutboxError> {
        let fresh = self
            .shared
            .fresh
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let fresh = fresh.ok_or(OutboxError::Closed)?;
        let mut sender = sender::Sender::new(self.clone(), bus, fresh);
        let ended = sender.run(&shutdown).await;
        let fresh = Some(sender.into_fresh());
        *self
            .shared
            .fresh
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        ended
    }

    /// Writes what is not written yet and closes the file. What is put later is an error.
    pub async fn close(&self) -> Result<(), OutboxError> {
        self.ask(|done| store::Request::Close { done }).await?
    }

    /// Whose messages these are.
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    async fn page(&self, after_seq: i64, n_max: usize) -> Result<Vec<Row>, OutboxError> {
        self.ask(|done| store::Request::Page {
            after_seq,
            n_max,
            done,
        })
        .await?
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> store::Request,
    ) -> Result<T, OutboxError> {
        let (done, answer) = oneshot::channel();
        let sent = self.shared.requests.send(request(done)).await;
        sent.map_err(|_closed| OutboxError::Closed)?;
        answer.await.map_err(|_closed| OutboxError::Closed)
    }
}

/// What may be refused first.
fn is_low_value(message: &Message) -> bool {
    matches!(message, Message::Sighting(sighting) if sighting.phase == SightingPhase::Update)
}

fn count(counter: &AtomicU64, n: usize) {
    counter.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Ordering::Relaxed);
}
