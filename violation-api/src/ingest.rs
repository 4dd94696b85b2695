//! Takes in what other programs say, and tells them what is stored.
//!
//! **Invariant:** a receipt is sent only after the transaction with its messages has been
//! committed.
//! What cannot be read is counted and named in the log, without its content, and the rest goes on.
//! What cannot be stored just now is left without a receipt: its outbox repeats it.

mod admit;

use crate::{app::App, feed::Changes, store::Ingested};
use admit::{Refused, admit};
use domain::SiteId;
use service::{
    bus::{Bus, BusError, BusEvents, BusState, Incoming},
    shutdown::Shutdown,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;
use wire::{Envelope, Message, Receipt, Topic};

const BATCH_MESSAGES_MAX: usize = 64;
/// A batch waits so long for more, because one commit costs as much as many.
const BATCH_WAIT: Duration = Duration::from_millis(20);
const WAITING_MESSAGES_MAX: usize = 1024;
const WAITING_PICTURES_MAX: usize = 64;
const WAITING_STATES_MAX: usize = 64;
/// Pauses before a batch is tried again; after the last one it is left to its outbox.
const RETRY_PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1500),
];

/// What has been taken in since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IngestTally {
    /// Messages that changed something.
    pub stored: u64,
    /// Messages that came twice or late.
    pub doubled: u64,
    /// Messages that were refused: no message of ours, of a newer version, too large, or on
    /// another's topic.
    pub rejected: u64,
    /// Messages that the database did not take just now; their outboxes repeat them.
    pub postponed: u64,
    /// Live pictures that were refused.
    pub pictures_rejected: u64,
}

#[derive(Default)]
pub(crate) struct Ingest {
    stored: AtomicU64,
    doubled: AtomicU64,
    rejected: AtomicU64,
    postponed: AtomicU64,
    pictures_rejected: AtomicU64,
    bus_state: OnceLock<watch::Receiver<BusState>>,
}

fn count(counter: &AtomicU64, n: usize) {
    counter.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Ordering::Relaxed);
}

impl Ingest {
    pub(crate) fn is_connected(&self) -> bool {
        self.bus_state
            .get()
            .is_some_and(|state| *state.borrow() == BusState::Online)
    }

    pub(crate) fn tally(&self) -> IngestTally {
        IngestTally {
            stored: self.stored.load(Ordering::Relaxed),
            doubled: self.doubled.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            postponed: self.postponed.load(Ordering::Relaxed),
            pictures_rejected: self.pictures_rejected.load(Ordering::Relaxed),
        }
    }

    fn reject(&self, topic: &str, refused: &Refused) {
        count(&self.rejected, 1);
        // A topic is at most as long as its sender likes; its beginning tells who it was.
        let topic: String = topic.chars().take(120).collect();
        tracing::warn!(topic, reason = %refused, "a message was refused");
    }
}

/// The topics that are taken in, but pictures.
fn filters(site: &SiteId) -> Vec<String> {
    let cameras = ["sighting", "candidate", "state"].map(|kind| Topic::all_cameras(site, kind));
    let kinds = [
        "verdict", "passage", "movement", "alarm", "state", "command", "ack", "document",
    ];
    let gates = kinds.map(|kind| Topic::all_gates(site, kind));
    cameras
        .into_iter()
        .chain(gates)
        .chain([Topic::all_counts(site)])
        .collect()
}

/// Takes in until the bus is closed or the program ends.
pub(crate) async fn run(app: Arc<App>, bus: Bus, shutdown: Shutdown) -> Result<(), BusError> {
    let events = bus.route(&filters(&app.site), WAITING_MESSAGES_MAX)?;
    let pictures = bus.route(
        &[Topic::all_cameras(&app.site, "picture")],
        WAITING_PICTURES_MAX,
    )?;
    let programs = [Topic::all_edges(&app.site, "availability")];
    let programs = bus.route(&programs, WAITING_STATES_MAX)?;
    // A second run of the same API keeps the first bus: both reach the same broker.
    drop(app.ingest.bus_state.set(bus.state()));
    // The site file may have other levels than at the last run.
    app.look_at_crowds().await;
    drop(app.bus.set(bus.clone()));
    tokio::select! {
        () = shutdown.wait() => (),
        () = take_messages(&app, &bus, events) => (),
        () = take_pictures(&app, pictures) => (),
        () = take_availability(&app, programs) => (),
    }
    Ok(())
}

async fn take_pictures(app: &App, mut pictures: BusEvents) {
    while let Some(incoming) = pictures.recv().await {
        let Some(Topic::Picture(_site, camera)) = incoming.parsed_topic() else {
            continue;
        };
        if let Err(refused) = app.pictures.put(camera.clone(), incoming.payload.into()) {
            count(&app.ingest.pictures_rejected, 1);
            tracing::debug!(camera.id = %camera, reason = %refused, "a live picture was refused");
        }
    }
}

async fn take_availability(app: &App, mut programs: BusEvents) {
    while let Some(incoming) = programs.recv().await {
        let Some(Topic::Availability(_site, source)) = incoming.parsed_topic() else {
            continue;
        };
        let is_online = incoming.payload == b"online";
        if app.programs.note(&source, is_online, app.now()) {
            if is_online {
                app.orders.say_mode_soon();
            }
            app.feed.say(Changes {
                is_gate_changed: true,
                ..Changes::default()
            });
        }
    }
}

async fn take_messages(app: &App, bus: &Bus, mut events: BusEvents) {
    while let Some(first) = events.recv().await {
        let mut batch = vec![first];
        let deadline = tokio::time::Instant::now() + BATCH_WAIT;
        while batch.len() < BATCH_MESSAGES_MAX {
            match tokio::time::timeout_at(deadline, events.recv()).await {
                Ok(Some(next)) => batch.push(next),
                Ok(None) | Err(_) => break,
            }
        }
        take_batch(app, bus, &batch).await;
    }
}

async fn take_batch(app: &App, bus: &Bus, batch: &[Incoming]) {
    let mut envelopes = Vec::with_capacity(batch.len());
    for incoming in batch {
        match admit(&app.site, incoming) {
            Ok(envelope) => match envelope.message {
                // Shown to the guard for a while, and stored nowhere.
                Message::Document(read) => app.note_document(read),
                _ => envelopes.push(envelope),
            },
            Err(refused) => app.ingest.reject(&incoming.topic, &refused),
        }
    }
    if envelopes.is_empty() {
        return;
    }
    let stored = store(app, envelopes).await;
    send_receipts(app, bus, &stored);
}

/// Stores the messages and says which of them are stored now.
async fn store(app: &App, envelopes: Vec<Envelope>) -> Vec<Envelope> {
    let mut pauses = RETRY_PAUSES.into_iter();
    loop {
        match app.store.ingest(&envelopes, app.now()).await {
            Ok(ingested) => {
                note(app, ingested).await;
                return envelopes;
            }
            // One of them is such that the database refuses it: the others shall not suffer.
            Err(error) if error.is_about_content() => return store_singly(app, envelopes).await,
            Err(error) => {
                let Some(pause) = pauses.next() else {
                    count(&app.ingest.postponed, envelopes.len());
                    let error = crate::http::problem::chain(&error);
                    tracing::error!(
                        error,
                        n_messages = envelopes.len(),
                        "messages could not be stored and are left to their outboxes"
                    );
                    return Vec::new();
                };
                tokio::time::sleep(pause).await;
            }
        }
    }
}

async fn store_singly(app: &App, envelopes: Vec<Envelope>) -> Vec<Envelope> {
    let mut stored = Vec::new();
    for envelope in envelopes {
        match app
            .store
            .ingest(std::slice::from_ref(&envelope), app.now())
            .await
        {
            Ok(ingested) => {
                note(app, ingested).await;
                stored.push(envelope);
            }
            Err(error) if error.is_about_content() => {
                app.ingest.reject(&envelope.source, &Refused::Store);
            }
            Err(_database_is_away) => count(&app.ingest.postponed, 1),
        }
    }
    stored
}

async fn note(app: &App, ingested: Ingested) {
    count(&app.ingest.stored, ingested.n_new);
    count(&app.ingest.doubled, ingested.n_doubles);
    if ingested.changes.is_zone_changed {
        app.look_at_crowds().await;
    }
    app.feed.say(ingested.changes);
}

/// States are repeated by their senders anyway, and commands and their answers are worth nothing
/// later; everything else waits in an outbox until this receipt.
fn wants_receipt(message: &Message) -> bool {
    match message {
        Message::Sighting(_)
        | Message::Candidate(_)
        | Message::Verdict(_)
        | Message::Passage(_)
        | Message::Movement(_)
        | Message::Alarm(_) => true,
        Message::Barrier(_)
        | Message::Command(_)
        | Message::Ack(_)
        | Message::Camera(_)
        | Message::Count(_)
        | Message::Receipt(_)
        | Message::Assist(_)
        | Message::Device(_)
        | Message::Document(_)
        | Message::Order(_) => false,
    }
}

fn send_receipts(app: &App, bus: &Bus, stored: &[Envelope]) {
    let mut ids_by_source: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for envelope in stored
        .iter()
        .filter(|envelope| wants_receipt(&envelope.message))
    {
        ids_by_source
            .entry(&envelope.source)
            .or_default()
            .push(envelope.id.clone());
    }
    for (source, ids) in ids_by_source {
        let topic = Topic::Receipt(app.site.clone(), source.to_owned());
        let receipt = Receipt {
            source: source.to_owned(),
            ids,
        };
        if let Err(error) = bus.say(&topic, Message::Receipt(receipt), app.now()) {
            tracing::warn!(%error, source, "a receipt was not sent; the messages will be repeated");
        }
    }
}
