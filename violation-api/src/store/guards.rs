//! Who is on duty, and which alarms somebody has taken note of.

use super::{
    AuditEntry, Page, Store, StoreError, audit,
    code::Code as _,
    read::id,
    sql::{Row, values},
};
use domain::{AlarmId, AlarmKind, GateAlarm, GateId, Timestamp};

/// Who said that they are on duty. There is no login: the name is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The name that was given.
    pub name: String,
    /// The lane where it was given.
    pub gate: Option<GateId>,
    /// Since when.
    pub began_at: Timestamp,
}

/// An alarm that the screen at a gate may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRow {
    /// The alarm.
    pub alarm: GateAlarm,
    /// Who has taken note of it, and when.
    pub acknowledged: Option<(String, Timestamp)>,
}

/// Those that nobody has taken note of or that are still on stand before the others. Silent alarms
/// are left out here, so that no page and no answer of the API can show them.
macro_rules! alarm_sql {
    ($filter:literal) => {
        concat!(
            "select a.alarm_id, a.gate, a.kind, a.passage_id, a.began_at, a.ended_at,
                 k.by_account, k.at as acknowledged_at
             from alarm a left join alarm_ack k on k.alarm_id = a.alarm_id
             where a.kind <> $5 and $2 <= a.began_at
                 and (a.began_at < $3 or (a.began_at = $3 and a.alarm_id < $4))",
            $filter,
            " order by a.began_at desc, a.alarm_id desc limit $1"
        )
    };
}

impl Store {
    /// Notes that somebody is on duty, known by what their browser keeps.
    pub async fn begin_shift(
        &self,
        token_sha256: &str,
        shift: &Shift,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let sql = "insert into guard_shift (token_sha256, name, gate, began_at, ended_at,
                       created_at)
                   values ($1, $2, $3, $4, null, $4)";
        let gate = shift.gate.as_ref().map(ToString::to_string);
        tx.run(
            sql,
            values![token_sha256, &*shift.name, gate, shift.began_at],
        )
        .await?;
        audit::append(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Who is on duty at this browser, unless that began before the moment.
    pub async fn shift(
        &self,
        token_sha256: &str,
        since: Timestamp,
    ) -> Result<Option<Shift>, StoreError> {
        let sql = "select name, gate, began_at from guard_shift
                   where token_sha256 = $1 and ended_at is null and $2 <= began_at";
        let rows = self
            .database
            .rows(sql, values![token_sha256, since])
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let gate = row.text_or_null("gate")?;
        Ok(Some(Shift {
            name: row.text("name")?,
            gate: gate.map(|_there| id(row, "gate")).transpose()?,
            began_at: row.time("began_at")?,
        }))
    }

    /// Ends a shift.
    pub async fn end_shift(
        &self,
        token_sha256: &str,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let sql = "update guard_shift set ended_at = $2
                   where token_sha256 = $1 and ended_at is null";
        if tx.run(sql, values![token_sha256, entry.at]).await? == 1 {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await
    }

    /// Alarms, newest first, but silent ones: of one gate or of all, only those that are still on
    /// or all.
    pub async fn alarms(
        &self,
        gate: Option<&GateId>,
        is_open_only: bool,
        page: &Page,
    ) -> Result<Vec<AlarmRow>, StoreError> {
        let mut values = page.values();
        values.push(AlarmKind::Duress.code().into());
        let sql = match (gate, is_open_only) {
            (None, false) => alarm_sql!(""),
            (None, true) => alarm_sql!(" and a.ended_at is null"),
            (Some(_), false) => alarm_sql!(" and a.gate = $6"),
            (Some(_), true) => alarm_sql!(" and a.gate = $6 and a.ended_at is null"),
        };
        if let Some(gate) = gate {
            values.push(gate.as_str().into());
        }
        let rows = self.database.rows(sql, values).await?;
        let rows: Result<Vec<AlarmRow>, StoreError> = rows.iter().map(read_alarm).collect();
        let mut rows = rows?;
        rows.retain(|row| !row.alarm.kind.is_silent());
        Ok(rows)
    }

    /// Notes that somebody has taken note of an alarm; the first one counts. False when there is no
    /// such alarm: a silent one is none.
    pub async fn acknowledge(
        &self,
        alarm: AlarmId,
        by: &str,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let alarm = alarm.to_string();
        let sql = "select kind from alarm where alarm_id = $1";
        let rows = tx.rows(sql, values![&*alarm]).await?;
        let kind = rows
            .first()
            .map(|row| row.parsed("kind", AlarmKind::from_code));
        if kind.transpose()?.is_none_or(AlarmKind::is_silent) {
            return Ok(false);
        }
        let sql = "insert into alarm_ack (alarm_id, by_account, at, created_at)
                   values ($1, $2, $3, $3) on conflict (alarm_id) do nothing";
        if tx.run(sql, values![alarm, by, entry.at]).await? == 1 {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn read_alarm(row: &Row) -> Result<AlarmRow, StoreError> {
    let (passage, by) = (
        row.text_or_null("passage_id")?,
        row.text_or_null("by_account")?,
    );
    let ended = row.int_or_null("ended_at")?.map(Timestamp::from_micros);
    Ok(AlarmRow {
        alarm: GateAlarm {
            id: id(row, "alarm_id")?,
            gate: id(row, "gate")?,
            kind: row.parsed("kind", AlarmKind::from_code)?,
            passage: passage.map(|_there| id(row, "passage_id")).transpose()?,
            began_at: row.time("began_at")?,
            ended_at: ended,
        },
        acknowledged: match by {
            Some(by) => Some((by, row.time("acknowledged_at")?)),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarm_that_is_left_out_is_every_silent_one() {
        let codes = [
            "tailgating",
            "forced",
            "held-open",
            "stalled",
            "fault",
            "silent",
            "fire",
            "tamper",
            "power-lost",
            "duress",
            "anti-passback",
            "unanswered",
            "full",
        ];
        let silent = codes.iter().filter_map(|code| AlarmKind::from_code(code));
        let silent: Vec<AlarmKind> = silent.filter(|kind| kind.is_silent()).collect();
        assert_eq!(silent, [AlarmKind::Duress]);
    }
}
