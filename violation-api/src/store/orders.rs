//! What persons have ordered, and what became of it.

use super::{
    AuditEntry, Page, Store, StoreError, audit,
    code::Code as _,
    read::id,
    sql::{Row, Tx, values},
};
use crate::orders::OrderReason;
use domain::{AckResult, GateId, OrderId, OrderKind, SiteMode, Timestamp, VerdictId, ZoneId};

/// How far the clocks of a gate and of this machine may be apart: gates take orders that are so
/// much ahead.
const CLOCKS_APART_MICROS: i64 = 2_000_000;

/// Whether an order was handed to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFate {
    /// It was.
    Sent,
    /// It was not, in time, and never will be.
    NotSent,
}

/// What is known of how an order was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderAnswer {
    /// The gate has given the verdict that was ordered.
    Verdict(VerdictId),
    /// The barrier has answered the command that came of it.
    Barrier(AckResult),
}

/// An order as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// The gate; nothing means every gate of the site.
    pub gate: Option<GateId>,
    /// What.
    pub kind: OrderKind,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: OrderReason,
    /// Why, in the person's own words; empty when there are none.
    pub note: String,
    /// When it was given.
    pub issued_at: Timestamp,
    /// After this moment gates refuse it.
    pub expires_at: Timestamp,
    /// Nothing while it is being sent, and when the program ended meanwhile.
    pub fate: Option<OrderFate>,
    /// What came of it, and when, where that can be known.
    pub answer: Option<(OrderAnswer, Timestamp)>,
}

/// What became of putting an order down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is new: it is to be sent.
    New,
    /// The same request was here before, and this is its order.
    Known(Box<OrderRow>),
    /// The key was used for another request.
    KeyReused,
}

macro_rules! order_sql {
    ($filter:literal) => {
        concat!(
            "select o.order_id, o.gate, o.kind, o.passage_id, o.mode, o.zone, o.vehicles, o.people,
                 o.by_account, o.reason, o.note, o.issued_at, o.expires_at, o.request_sha256,
                 f.fate, a.result, a.at as answered_at, v.verdict_id, v.given_at
             from (select * from gate_order ",
            $filter,
            " order by issued_at desc, order_id desc limit $1) o
             left join order_fate f on f.order_id = o.order_id
             left join command_ack a on a.command_id = (
                 select r.command_id from gate_command c
                 join command_ack r on r.command_id = c.command_id
                 where c.order_id = o.order_id
                 order by r.result_rank desc, r.at, r.command_id limit 1)
             left join verdict v on v.verdict_id = (
                 select w.verdict_id from verdict w
                 where w.passage_id = o.passage_id and w.by_account = o.by_account
                     and o.issued_at - 2000000 <= w.given_at
                     and w.outcome = case o.kind when 'admit' then 'grant' else 'deny' end
                 order by w.given_at, w.verdict_id limit 1)
             order by o.issued_at desc, o.order_id desc"
        )
    };
}

const _: () = assert!(
    CLOCKS_APART_MICROS == 2_000_000,
    "it stands in the statement"
);

impl Store {
    /// Puts an order down, with its line in the audit, before it is sent.
    pub async fn place_order(
        &self,
        order: &OrderRow,
        [key, request_sha256]: [&str; 2],
        entry: &AuditEntry,
    ) -> Result<Placed, StoreError> {
        let mut tx = self.database.begin().await?;
        if insert(&mut tx, order, key, request_sha256).await? {
            audit::append(&mut tx, entry).await?;
            tx.commit().await?;
            return Ok(Placed::New);
        }
        drop(tx);
        let sql = order_sql!("where request_key = $2");
        let rows = self.database.rows(sql, values![1_i64, key]).await?;
        let row = rows.first().ok_or(StoreError::Content {
            column: "request_key",
        })?;
        if row.text("request_sha256")? != request_sha256 {
            return Ok(Placed::KeyReused);
        }
        Ok(Placed::Known(Box::new(read_order(row)?)))
    }

    /// Notes whether an order was handed to the broker; the first word counts.
    pub async fn note_fate(
        &self,
        order: OrderId,
        fate: OrderFate,
        entry: Option<&AuditEntry>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let sql = "insert into order_fate (order_id, fate, at, created_at) values ($1, $2, $3, $3)
                   on conflict (order_id) do nothing";
        tx.run(sql, values![order.to_string(), fate.code(), at])
            .await?;
        if let Some(entry) = entry {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await
    }

    /// One order.
    pub async fn order(&self, order: OrderId) -> Result<Option<OrderRow>, StoreError> {
        let sql = order_sql!("where order_id = $2");
        let values = values![1_i64, order.to_string()];
        let rows = self.database.rows(sql, values).await?;
        rows.first().map(read_order).transpose()
    }

    /// The order that a key was used for.
    pub async fn order_of_key(&self, key: &str) -> Result<Option<OrderRow>, StoreError> {
        let sql = order_sql!("where request_key = $2");
        let rows = self.database.rows(sql, values![1_i64, key]).await?;
        rows.first().map(read_order).transpose()
    }

    /// Orders, newest first: those that a gate was given, with those to every gate, or all.
    pub async fn orders(
        &self,
        gate: Option<&GateId>,
        page: &Page,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let mut values = page.values();
        let rows = if let Some(gate) = gate {
            values.push(gate.as_str().into());
            let sql = order_sql!(
                "where (gate = $5 or gate is null) and $2 <= issued_at
                     and (issued_at < $3 or (issued_at = $3 and order_id < $4))"
            );
            self.database.rows(sql, values).await?
        } else {
            let sql = order_sql!(
                "where $2 <= issued_at
                     and (issued_at < $3 or (issued_at = $3 and order_id < $4))"
            );
            self.database.rows(sql, values).await?
        };
        rows.iter().map(read_order).collect()
    }

    /// The newest order for a mode that was handed to the broker: it is the mode in force.
    pub async fn mode_order(&self) -> Result<Option<OrderRow>, StoreError> {
        let sql = order_sql!(
            "where mode is not null and order_id not in (
                 select order_id from order_fate where fate = 'not-sent')"
        );
        let rows = self.database.rows(sql, values![1_i64]).await?;
        rows.first().map(read_order).transpose()
    }
}

async fn insert(
    tx: &mut Tx,
    order: &OrderRow,
    key: &str,
    request_sha256: &str,
) -> Result<bool, StoreError> {
    let sql = "insert into gate_order (order_id, gate, kind, passage_id, mode, zone, vehicles,
                   people, by_account, reason, note, request_key, request_sha256, issued_at,
                   expires_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $14)
               on conflict (request_key) do nothing";
    let (passage, mode, zone, counted) = match &order.kind {
        OrderKind::Admit(passage) | OrderKind::Refuse(passage) => {
            (Some(passage.to_string()), None, None, None)
        }
        OrderKind::Open | OrderKind::HoldOpen | OrderKind::Release => (None, None, None, None),
        OrderKind::Mode(mode) => (None, Some(mode.code().to_owned()), None, None),
        OrderKind::ForgiveAntiPassback(zone) => (None, None, Some(zone.to_string()), None),
        OrderKind::Counted {
            zone,
            vehicles,
            people,
        } => (
            None,
            None,
            Some(zone.to_string()),
            Some((*vehicles, *people)),
        ),
    };
    let values = values![
        order.id.to_string(),
        order.gate.as_ref().map(ToString::to_string),
        kind_code(&order.kind),
        passage,
        mode,
        zone,
        counted.map(|(vehicles, _)| i64::from(vehicles)),
        counted.map(|(_, people)| i64::from(people)),
        &*order.by,
        order.reason.code(),
        &*order.note,
        key,
        request_sha256,
        order.issued_at,
        order.expires_at,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// What is ordered, in one word.
pub(crate) fn kind_code(kind: &OrderKind) -> &'static str {
    match kind {
        OrderKind::Admit(_) => "admit",
        OrderKind::Refuse(_) => "refuse",
        OrderKind::Open => "open",
        OrderKind::HoldOpen => "hold-open",
        OrderKind::Release => "release",
        OrderKind::Mode(_) => "mode",
        OrderKind::ForgiveAntiPassback(_) => "forgive-anti-passback",
        OrderKind::Counted { .. } => "counted",
    }
}

fn read_kind(row: &Row) -> Result<OrderKind, StoreError> {
    let number = |column: &'static str| -> Result<u32, StoreError> {
        u32::try_from(row.int(column)?).map_err(|_range| StoreError::Content { column })
    };
    Ok(match &*row.text("kind")? {
        "admit" => OrderKind::Admit(id(row, "passage_id")?),
        "refuse" => OrderKind::Refuse(id(row, "passage_id")?),
        "open" => OrderKind::Open,
        "hold-open" => OrderKind::HoldOpen,
        "release" => OrderKind::Release,
        "mode" => OrderKind::Mode(row.parsed("mode", SiteMode::from_code)?),
        "forgive-anti-passback" => OrderKind::ForgiveAntiPassback(id(row, "zone")?),
        "counted" => OrderKind::Counted {
            zone: id::<ZoneId>(row, "zone")?,
            vehicles: number("vehicles")?,
            people: number("people")?,
        },
        _ => return Err(StoreError::Content { column: "kind" }),
    })
}

fn read_order(row: &Row) -> Result<OrderRow, StoreError> {
    let gate = row.text_or_null("gate")?;
    let has = |column| row.text_or_null(column).map(|text| text.is_some());
    let answer = if has("verdict_id")? {
        let verdict = OrderAnswer::Verdict(id(row, "verdict_id")?);
        Some((verdict, row.time("given_at")?))
    } else if has("result")? {
        let result = row.parsed("result", AckResult::from_code)?;
        Some((OrderAnswer::Barrier(result), row.time("answered_at")?))
    } else {
        None
    };
    Ok(OrderRow {
        id: id(row, "order_id")?,
        gate: gate.map(|_there| id(row, "gate")).transpose()?,
        kind: read_kind(row)?,
        by: row.text("by_account")?,
        reason: row.parsed("reason", OrderReason::from_code)?,
        note: row.text("note")?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        fate: if has("fate")? {
            Some(row.parsed("fate", OrderFate::from_code)?)
        } else {
            None
        },
        answer,
    })
}
