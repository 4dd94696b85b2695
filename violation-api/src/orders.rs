//! What persons order gates to do: checked, kept and audited before it is sent, signed, and never
//! sent late.
//!
//! **Invariant:** an order that was not handed to the broker while it was valid is dropped, and the
//! person is told so; nothing sends it again.
//! **Invariant:** the mode in force is the newest one whose order was handed to the broker. It is
//! said again, each time as a new order with a life of seconds, so that a gate that was away learns
//! of it.

mod check;
mod mode;
mod reason;

pub(crate) use check::{NAME_CHARS_MAX, Wanted, check_gate, guard_name, is_denied};
pub(crate) use mode::{ModeNow, keep_mode};
pub use reason::OrderReason;

use crate::{
    app::App,
    feed::Changes,
    http::problem::{Problem, chain},
    store::{AuditEntry, Code as _, Counted, OrderFate, OrderRow, Placed, kind_code},
};
use axum::http::StatusCode;
use domain::{GateId, Order, OrderId, OrderKind, Timestamp};
use service::{
    bus::{Bus, Fate},
    ids::{IdSource, Ids as _},
    keys::SigningKeyFile,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, oneshot};
use wire::{Envelope, Message, Topic};

/// How long an order is worth something: as long as the usual command to a barrier.
pub(crate) const ORDER_LIFE: Duration = Duration::from_secs(3);

/// The bus tells what became of an order at the end of its life; a little later nobody waits any
/// more.
const TOLD_WITHIN: Duration = Duration::from_millis(3500);

/// What the guards of a site need.
#[derive(Clone, Debug, Default)]
pub struct GuardConfig {
    /// What orders are signed with; without it none is given.
    pub order_key: Option<SigningKeyFile>,
    /// How long the guard of a lane has for an answer, where there is a limit.
    pub answer_within: BTreeMap<GateId, Duration>,
}

/// Where orders are given.
pub(crate) struct Orders {
    key: Option<SigningKeyFile>,
    /// There is none before the service runs.
    bus: Mutex<Option<Bus>>,
    ids: Mutex<IdSource>,
    n_sent: AtomicU64,
    mode: Mutex<Option<ModeNow>>,
    /// Held while a mode is being said, so that none is overtaken by the one before.
    saying_mode: tokio::sync::Mutex<()>,
    gate_came: Notify,
}

impl Orders {
    pub(crate) fn new(key: Option<SigningKeyFile>, mode: Option<OrderRow>) -> Self {
        Self {
            key,
            bus: Mutex::default(),
            ids: Mutex::new(IdSource::system()),
            n_sent: AtomicU64::new(0),
            mode: Mutex::new(mode.as_ref().and_then(ModeNow::of)),
            saying_mode: tokio::sync::Mutex::default(),
            gate_came: Notify::new(),
        }
    }

    pub(crate) fn set_bus(&self, bus: Bus) {
        *self.bus.lock().unwrap_or_else(PoisonError::into_inner) = Some(bus);
    }

    fn bus(&self) -> Option<Bus> {
        let bus = self.bus.lock().unwrap_or_else(PoisonError::into_inner);
        bus.clone()
    }

    fn new_id(&self) -> u128 {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.next()
    }

    /// What was ordered of the whole site last.
    pub(crate) fn mode(&self) -> Option<ModeNow> {
        let mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        mode.clone()
    }

    /// Has the mode said again soon: a gate has come back.
    pub(crate) fn say_mode_soon(&self) {
        self.gate_came.notify_one();
    }
}

/// Gives an order. What is told of it is told of the order that the key was first used for.
///
/// Runs to its end even when nobody waits for the answer any more.
pub(crate) async fn give(app: Arc<App>, wanted: Wanted) -> Result<OrderRow, Problem> {
    let given = tokio::spawn(async move {
        let reason = check::check(&app, &wanted).await?;
        let is_mode = matches!(wanted.kind, OrderKind::Mode(_));
        let saying = app.orders.saying_mode.lock();
        let _alone = if is_mode { Some(saying.await) } else { None };
        place(&app, &wanted, reason).await
    });
    match given.await {
        Ok(given) => given,
        Err(error) => {
            tracing::error!(error = chain(&error), "an order could not be given");
            Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

async fn place(app: &App, wanted: &Wanted, reason: OrderReason) -> Result<OrderRow, Problem> {
    // Of two modes the later one holds, also when the clock was set back between them.
    let mode = app.orders.mode();
    let after_mode = mode.map_or(Timestamp::EPOCH, |mode| mode.next_moment());
    let mut issued_at = app.now();
    if matches!(wanted.kind, OrderKind::Mode(_)) {
        issued_at = issued_at.max(after_mode);
    }
    let mut row = OrderRow {
        id: OrderId(app.orders.new_id()),
        gate: wanted.gate.clone(),
        kind: wanted.kind.clone(),
        by: wanted.by.clone(),
        reason,
        note: wanted.note.clone(),
        issued_at,
        expires_at: issued_at.saturating_add(ORDER_LIFE),
        fate: None,
        answer: None,
    };
    let keys = [&*wanted.key, &*wanted.request_sha256()];
    match app
        .store
        .place_order(&row, keys, &audited(&row, "order"))
        .await?
    {
        Placed::New => (),
        Placed::KeyReused => {
            let detail = "the idempotency key was used for another request";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "idempotency-key-reused", detail));
        }
        Placed::Known(known) => return Ok(*known),
    }
    let fate = hand_over(app, &row).await;
    let entry = (fate == OrderFate::NotSent).then(|| audited(&row, "order-not-sent"));
    let noted = app.store.note_fate(row.id, fate, entry.as_ref(), app.now());
    row.fate = Some(fate);
    if fate == OrderFate::Sent
        && let Some(mode) = ModeNow::of(&row)
    {
        let mut now = app
            .orders
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now = Some(mode);
    }
    // It may have been sent: that cannot be taken back because a word about it was not written.
    if let Err(error) = noted.await {
        tracing::error!(
            error = chain(&error),
            "it is not written down whether an order was sent"
        );
    }
    let is_zone_changed = fate == OrderFate::Sent && note_count(app, &row).await;
    app.feed.say(Changes {
        is_gate_changed: true,
        is_zone_changed,
        ..Changes::default()
    });
    Ok(row)
}

/// A person's count holds here, too, as in the gates' own book. Whether it was one.
async fn note_count(app: &App, row: &OrderRow) -> bool {
    let OrderKind::Counted {
        zone,
        vehicles,
        people,
    } = &row.kind
    else {
        return false;
    };
    let counted = Counted {
        zone: zone.clone(),
        vehicles: *vehicles,
        people: *people,
        by: row.by.clone(),
        at: row.issued_at,
    };
    if let Err(error) = app.store.put_counted(&counted, app.now()).await {
        // The gates have it; the next count sets this right.
        tracing::error!(error = chain(&error), "a count of a zone was not kept here");
        return false;
    }
    app.look_at_crowds().await;
    true
}

/// One line of the audit; the person's own words stay with the order.
fn audited(row: &OrderRow, action: &'static str) -> AuditEntry {
    let what = kind_code(&row.kind);
    let about = match &row.kind {
        OrderKind::Admit(passage) | OrderKind::Refuse(passage) => format!(" {passage}"),
        OrderKind::Mode(mode) => format!(" {}", mode.code()),
        OrderKind::ForgiveAntiPassback(zone) => format!(" {zone}"),
        OrderKind::Counted {
            zone,
            vehicles,
            people,
        } => format!(" {zone} {vehicles} {people}"),
        OrderKind::Open | OrderKind::HoldOpen | OrderKind::Release => String::new(),
    };
    AuditEntry {
        at: row.issued_at,
        actor: row.by.clone(),
        action,
        subject: match &row.gate {
            Some(gate) => format!("gate {gate}"),
            None => "every gate".to_owned(),
        },
        detail: format!("{what}{about}, {}, {}", row.reason.code(), row.id),
    }
}

/// Signs the order and hands it to the broker, now or never.
async fn hand_over(app: &App, row: &OrderRow) -> OrderFate {
    let (told, fate) = oneshot::channel();
    // Nobody listens any more when it comes too late.
    if !publish(app, row, move |fate| told.send(fate).unwrap_or_default()) {
        return OrderFate::NotSent;
    }
    match tokio::time::timeout(TOLD_WITHIN, fate).await {
        Ok(Ok(Fate::Sent)) => OrderFate::Sent,
        // A bus that was closed tells nothing, and sends nothing.
        Ok(Ok(Fate::Expired) | Err(_)) | Err(_) => OrderFate::NotSent,
    }
}

/// False when there is no connection that could take it.
fn publish(app: &App, row: &OrderRow, told: impl FnOnce(Fate) + Send + 'static) -> bool {
    let (Some(bus), Some(key)) = (app.orders.bus(), &app.orders.key) else {
        return false;
    };
    if !app.ingest.is_connected() {
        return false;
    }
    let reason = match &*row.note {
        "" => row.reason.code().to_owned(),
        note => format!("{}: {note}", row.reason.code()),
    };
    let order = Order {
        id: row.id,
        gate: row.gate.clone(),
        kind: row.kind.clone(),
        by: row.by.clone(),
        reason,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
    };
    let topic = match &row.gate {
        Some(gate) => Topic::Order(app.site.clone(), gate.clone()),
        None => Topic::OrderToAll(app.site.clone()),
    };
    let now = app.now();
    let envelope = Envelope {
        id: format!("{:032x}", app.orders.new_id()),
        source: bus.source().to_owned(),
        seq: app.orders.n_sent.fetch_add(1, Ordering::Relaxed),
        sent_at: now,
        traceparent: None,
        message: Message::Order(key.sign_order(&app.site, order)),
    };
    let life = row.expires_at.since(now).min(ORDER_LIFE);
    let taken = bus.publish_within(&topic, &envelope, life, told);
    if let Err(error) = &taken {
        tracing::warn!(error = chain(error), "an order was not taken by the bus");
    }
    taken.is_ok()
}
