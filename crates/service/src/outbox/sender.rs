//! The task that publishes what an outbox holds.

use super::{EnvelopeId, N_UNRECEIPTED_MAX, Outbox, OutboxError, Row, count};
use crate::{
    bus::{Bus, BusError, BusEvents, Incoming},
    hex,
    shutdown::Shutdown,
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use wire::{Message, Topic};

/// How many rows are read from the store at once.
const N_PAGE: usize = 128;

const N_RECEIPTS_MAX: usize = 64;

/// A store that cannot be read is asked again after this time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Waits for its receipt.
#[derive(Clone, Copy)]
struct Waiting {
    /// Which sending this is, so that an older one's time-out is not taken for its own.
    n: u64,
    is_left_over: bool,
}

pub(super) struct Sender {
    outbox: Outbox,
    bus: Bus,
    fresh: mpsc::Receiver<Row>,
    session: watch::Receiver<Option<u64>>,
    waiting: BTreeMap<EnvelopeId, Waiting>,
    /// When each sending becomes due again; in order, because the time is the same for all.
    due: VecDeque<(Instant, EnvelopeId, u64)>,
    n_sendings: u64,
    n_left_over: usize,
    /// Whether the store may hold messages that are not waiting for a receipt.
    has_left_over: bool,
    scanned_to: i64,
    /// Whether what is before the beginning of this look must still be looked at.
    comes_round: bool,
    retry_at: Option<Instant>,
}

impl Sender {
    pub(super) fn new(outbox: Outbox, bus: Bus, fresh: mpsc::Receiver<Row>) -> Self {
        let session = bus.session();
        Self {
            outbox,
            bus,
            fresh,
            session,
            waiting: BTreeMap::new(),
            due: VecDeque::new(),
            n_sendings: 0,
            n_left_over: 0,
            has_left_over: true,
            scanned_to: 0,
            comes_round: false,
            retry_at: None,
        }
    }

    pub(super) fn into_fresh(self) -> mpsc::Receiver<Row> {
        self.fresh
    }

    pub(super) async fn run(&mut self, shutdown: &Shutdown) -> Result<(), OutboxError> {
        let topic = Topic::Receipt(self.bus.site().clone(), self.outbox.source().to_owned());
        let mut receipts = match self.bus.route(&[topic.to_string()], N_RECEIPTS_MAX) {
            Ok(receipts) => receipts,
            Err(error) => {
                tracing::error!("outbox: cannot receive receipts: {error}");
                return Err(OutboxError::Closed);
            }
        };
        // What was put before is in the store, and some of it may be old: it is left over, not
        // fresh.
        while self.fresh.try_recv().is_ok() {}
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return Ok(()),
                ended = self.step(&mut receipts) => if let Some(ended) = ended { return ended },
            }
        }
    }

    /// Does the next thing there is to do. May be dropped at any await: at worst a message is sent
    /// once more.
    async fn step(&mut self, receipts: &mut BusEvents) -> Option<Result<(), OutboxError>> {
        let session = *self.session.borrow_and_update();
        let shared = self.outbox.shared.clone();
        let may_scan =
            self.has_left_over && self.n_left_over < N_UNRECEIPTED_MAX && self.retry_at.is_none();
        let wake_at = [self.due.front().map(|(at, ..)| *at), self.retry_at];
        let wake_at = wake_at.into_iter().flatten().min();
        tokio::select! {
            biased;
            changed = self.session.changed() => match changed {
                Ok(()) => self.start_over(),
                Err(_bus_closed) => return Some(Ok(())),
            },
            incoming = receipts.recv() => match incoming {
                Some(incoming) => self.on_receipt(&incoming).await,
                None => return Some(Ok(())),
            },
            row = self.fresh.recv() => match row {
                Some(row) => self.send_fresh(row, session).await,
                None => return Some(Err(OutboxError::Closed)),
            },
            () = shared.tally.missed.notified() => self.look_again(),
            () = sleep_until(wake_at), if wake_at.is_some() => self.on_time(),
            () = std::future::ready(()), if may_scan && session.is_some() => {
                if let Some(session) = session
                    && let Err(error) = self.send_left_over(session).await
                {
                    if matches!(error, OutboxError::Closed) {
                        return Some(Err(error));
                    }
                    tracing::warn!("outbox: {error}");
                    self.retry_at = Some(Instant::now() + RETRY_AFTER);
                }
            }
        }
        None
    }

    /// Another connection, or none: nobody knows what of the last one arrived.
    fn start_over(&mut self) {
        self.waiting.clear();
        self.due.clear();
        self.n_left_over = 0;
        self.scanned_to = 0;
        self.look_again();
    }

    /// Goes on from where the last look ended and comes round: what nobody ever acknowledges must
    /// not keep what is behind it from being sent.
    fn look_again(&mut self) {
        self.has_left_over = true;
        self.comes_round = 0 < self.scanned_to;
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
        }
        while let Some((at, id, n)) = self.due.front().copied()
            && at <= now
        {
            self.due.pop_front();
            if self.waiting.get(&id).is_some_and(|waiting| waiting.n == n) {
                self.end_waiting(id);
                self.look_again();
            }
        }
    }

    async fn on_receipt(&mut self, incoming: &Incoming) {
        let receipt = match incoming.envelope().map(|envelope| envelope.message) {
            Ok(Message::Receipt(receipt)) if receipt.source == self.outbox.source() => receipt,
            Ok(_another) => {
                tracing::warn!("outbox: a message that is no receipt for this source was ignored");
                return;
            }
            Err(error) => {
                tracing::warn!("outbox: a receipt was ignored: {error}");
                return;
            }
        };
        let ids: Vec<EnvelopeId> = receipt
            .ids
            .iter()
            .filter_map(|id| hex::decode(id).map(|id| EnvelopeId(u128::from_be_bytes(id))))
            .collect();
        // First forgotten, then no longer waited for: a look into the store does not find it in
        // between.
        if self.outbox.forget(ids.clone()).await.is_ok() {
            for id in ids {
                self.end_waiting(id);
            }
        }
    }

    fn end_waiting(&mut self, id: EnvelopeId) {
        if self
            .waiting
            .remove(&id)
            .is_some_and(|waiting| waiting.is_left_over)
        {
            self.n_left_over -= 1;
        }
    }

    async fn send_fresh(&mut self, row: Row, session: Option<u64>) {
        if self.waiting.contains_key(&row.id) {
            return;
        }
        match session {
            Some(session) => self.send(row, session, false).await,
            None => self.has_left_over = true,
        }
    }

    /// Sends the oldest messages that nobody has acknowledged, as many as may be out.
    async fn send_left_over(&mut self, session: u64) -> Result<(), OutboxError> {
        let rows = self.outbox.page(self.scanned_to, N_PAGE).await?;
        let mut has_more = rows.len() == N_PAGE;
        for row in rows {
            if N_UNRECEIPTED_MAX <= self.n_left_over {
                has_more = true;
                break;
            }
            self.scanned_to = row.seq;
            if !self.waiting.contains_key(&row.id) {
                self.send(row, session, true).await;
            }
        }
        if !has_more {
            self.scanned_to = 0;
            self.has_left_over = std::mem::take(&mut self.comes_round);
        }
        Ok(())
    }

    async fn send(&mut self, row: Row, session: u64, is_left_over: bool) {
        match self
            .bus
            .send_in_session(session, row.topic, row.payload)
            .await
        {
            Ok(()) => {}
            Err(BusError::Offline | BusError::Closed) => {
                self.look_again();
                return;
            }
            Err(error) => {
                // Cannot be sent at all; it is tried again, and people are told, until somebody
                // looks.
                tracing::error!("outbox: message {} cannot be sent: {error}", row.id);
            }
        }
        self.n_sendings += 1;
        self.n_left_over += usize::from(is_left_over);
        self.waiting.insert(
            row.id,
            Waiting {
                n: self.n_sendings,
                is_left_over,
            },
        );
        let due_at = Instant::now() + self.outbox.shared.resend_after;
        self.due.push_back((due_at, row.id, self.n_sendings));
        count(&self.outbox.shared.tally.n_sent, 1);
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
