//! Who went through, and what was wrong.

use super::super::{
    StoreError,
    code::Code as _,
    sql::{Tx, values},
    visitors::note_movement,
};
use domain::{GateAlarm, Movement, Timestamp, ZoneId};

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
