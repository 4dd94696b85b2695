//! Who went through, what was wrong, and what barriers were told by order of a person.

use super::super::{
    StoreError,
    code::{Code as _, ack_rank},
    flow,
    sql::{Tx, values},
    visitors::note_movement,
};
use domain::{Ack, CommandCause, GateAlarm, GateCommand, Movement, Timestamp, ZoneId};

pub(super) async fn put_movement(
    tx: &mut Tx,
    m: &Movement,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "insert into movement (passage_id, gate, from_zone, to_zone, class, moved_at,
                   created_at)
               values ($1, $2, $3, $4, $5, $6, $7)
               on conflict (passage_id) do nothing";
    let zone = |zone: &Option<ZoneId>| zone.as_ref().map(ToString::to_string);
    let values = values![
        m.passage.to_string(),
        m.gate.as_str(),
        zone(&m.from),
        zone(&m.to),
        m.class.code(),
        m.at,
        now,
    ];
    let is_new = tx.run(sql, values).await? == 1;
    if is_new {
        flow::add_movement(tx, m).await?;
        note_movement(tx, m, now).await?;
    }
    Ok(is_new)
}

/// An alarm comes when it begins and again when it ends; the messages may come in either order.
pub(super) async fn put_alarm(
    tx: &mut Tx,
    a: &GateAlarm,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "insert into alarm (alarm_id, gate, kind, passage_id, began_at, ended_at, created_at,
                   updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)
               on conflict (alarm_id) do update set
                   ended_at = excluded.ended_at, updated_at = excluded.updated_at
               where alarm.ended_at is null and excluded.ended_at is not null";
    let values = values![
        a.id.to_string(),
        a.gate.as_str(),
        a.kind.code(),
        a.passage.map(|passage| passage.to_string()),
        a.began_at,
        a.ended_at.map(Timestamp::as_micros),
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Only what an order led to: what a verdict leads to is told by its passage.
pub(super) async fn put_command(
    tx: &mut Tx,
    c: &GateCommand,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let CommandCause::Order(order) = c.cause else {
        return Ok(false);
    };
    let sql = "insert into gate_command (command_id, gate, order_id, issued_at, created_at)
               values ($1, $2, $3, $4, $5) on conflict (command_id) do nothing";
    let values = values![
        c.id.to_string(),
        c.gate.as_str(),
        order.to_string(),
        c.issued_at,
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// An answer may come before the command that it is to: both are kept by themselves.
pub(super) async fn put_ack(tx: &mut Tx, a: &Ack, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into command_ack (command_id, result, result_rank, at, created_at,
                   updated_at)
               values ($1, $2, $3, $4, $5, $5)
               on conflict (command_id) do update set
                   result = excluded.result, result_rank = excluded.result_rank,
                   at = excluded.at, updated_at = excluded.updated_at
               where command_ack.result_rank < excluded.result_rank";
    let values = values![
        a.command.to_string(),
        a.result.code(),
        ack_rank(a.result),
        a.at,
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}
