//! Reading visits.

use super::{Visitor, VisitorDocument, VisitorPerson};
use crate::{
    store::{
        Code as _, Store, StoreError,
        sql::{Row, values},
    },
    visit::{VisitState, VisitStep},
};
use domain::{Assurance, GateId, HolderKey, PassageId, Plate, Timestamp, VisitorId};

/// Rows that are shown at a time; a day with more is searched.
const DAY_ROWS_MAX: i64 = 2000;

/// Which visits belong to a day.
#[derive(Clone, Copy, Debug)]
pub struct DayFilter {
    /// The day's first moment.
    pub from: Timestamp,
    /// The first moment of the next day.
    pub until: Timestamp,
    /// Whether whoever is still here belongs to it, whenever they were expected.
    pub with_present: bool,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitorEvent {
    /// What.
    pub step: VisitStep,
    /// Who.
    pub actor: String,
    /// At which gate.
    pub gate: Option<GateId>,
    /// The passage that says so.
    pub passage: Option<PassageId>,
    /// How well it was known who it is.
    pub assurance: Option<Assurance>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// One visit.
    pub async fn visitor(&self, id: VisitorId) -> Result<Option<Visitor>, StoreError> {
        let sql = "select * from visitor where visitor_id = $1";
        let rows = self.database.rows(sql, values![id.to_string()]).await?;
        rows.first().map(visitor_of).transpose()
    }

    /// The visit with this ticket.
    pub async fn visitor_of_ticket(&self, sha256: &str) -> Result<Option<Visitor>, StoreError> {
        let sql = "select * from visitor where ticket_sha256 = $1 and erased_at is null";
        let rows = self.database.rows(sql, values![sha256]).await?;
        rows.first().map(visitor_of).transpose()
    }

    /// The visits of a day, in the order in which they are expected.
    pub async fn visitors(&self, day: &DayFilter) -> Result<Vec<Visitor>, StoreError> {
        let sql = "select * from visitor
                   where (expected_from < $2 and $1 <= expected_until)
                       or ($1 <= checked_in_at and checked_in_at < $2)
                       or ($3 = 1 and state = 'checked-in' and erased_at is null)
                   order by expected_from, visitor_id limit $4";
        let values = values![day.from, day.until, day.with_present, DAY_ROWS_MAX];
        let rows = self.database.rows(sql, values).await?;
        rows.iter().map(visitor_of).collect()
    }

    /// What was done about a visit, oldest first.
    pub async fn visitor_events(&self, id: VisitorId) -> Result<Vec<VisitorEvent>, StoreError> {
        let sql = "select * from visitor_event where visitor_id = $1 order by version";
        let rows = self.database.rows(sql, values![id.to_string()]).await?;
        rows.iter().map(event_of).collect()
    }
}

fn assurance(row: &Row) -> Result<Option<Assurance>, StoreError> {
    match row.text_or_null("assurance")? {
        Some(_) => Ok(Some(row.parsed("assurance", Assurance::from_code)?)),
        None => Ok(None),
    }
}

/// A text that is there must be one that this program wrote.
fn parsed_or_null<T>(
    row: &Row,
    column: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    match row.text_or_null(column)? {
        Some(text) => Ok(Some(parse(&text).ok_or(StoreError::Content { column })?)),
        None => Ok(None),
    }
}

fn event_of(row: &Row) -> Result<VisitorEvent, StoreError> {
    Ok(VisitorEvent {
        step: row.parsed("step", |step| step.parse().ok())?,
        actor: row.text("actor")?,
        gate: parsed_or_null(row, "gate", |gate| gate.parse().ok())?,
        passage: parsed_or_null(row, "passage_id", |id| id.parse().ok())?,
        assurance: assurance(row)?,
        at: row.time("at")?,
    })
}

pub(super) fn visitor_of(row: &Row) -> Result<Visitor, StoreError> {
    let place = |at: &str, gate: &'static str| -> Result<_, StoreError> {
        let gate = parsed_or_null(row, gate, |gate| gate.parse::<GateId>().ok())?;
        Ok(row.time_or_null(at)?.map(|at| (at, gate)))
    };
    let uses_max = row.int_or_null("uses_max")?;
    Ok(Visitor {
        id: row.parsed("visitor_id", |id| id.parse().ok())?,
        link: parsed_or_null(row, "link_id", |id| id.parse().ok())?,
        state: row.parsed("state", |state| state.parse::<VisitState>().ok())?,
        version: row.int("version")?,
        person: person_of(row)?,
        document: document_of(row)?,
        assurance: assurance(row)?,
        expected_from: row.time("expected_from")?,
        expected_until: row.time("expected_until")?,
        uses_max: uses_max.and_then(|n| u8::try_from(n).ok()),
        pass: parsed_or_null(row, "pass_id", |id| id.parse().ok())?,
        checked_in: place("checked_in_at", "checked_in_gate")?,
        checked_out: place("checked_out_at", "checked_out_gate")?,
        erased_at: row.time_or_null("erased_at")?,
    })
}

fn person_of(row: &Row) -> Result<Option<VisitorPerson>, StoreError> {
    let (Some(name), Some(host)) = (row.text_or_null("name")?, row.text_or_null("host")?) else {
        return Ok(None);
    };
    Ok(Some(VisitorPerson {
        name,
        company: row.text_or_null("company")?,
        phone: row.text_or_null("phone")?,
        host,
        purpose: row.text_or_null("purpose")?,
        plate: parsed_or_null(row, "plate", |plate| Plate::parse(plate).ok())?,
    }))
}

fn document_of(row: &Row) -> Result<Option<VisitorDocument>, StoreError> {
    let key = |text: &str| u128::from_str_radix(text, 16).ok().map(HolderKey);
    let holder = parsed_or_null(row, "holder_key", key)?;
    let masked = row.text_or_null("holder_masked")?;
    Ok(holder
        .zip(masked)
        .map(|(holder, masked)| VisitorDocument { holder, masked }))
}
