//! What is done about visits.

use super::{NewVisitor, Place, Visitor, VisitorDocument, read::visitor_of};
use crate::{
    store::{
        AuditEntry, Code as _, Store, StoreError, audit,
        sql::{Tx, values},
    },
    visit::{VisitState, VisitStep},
};
use domain::{
    Assurance, GateId, Movement, Mover, PassId, Plate, Timestamp, VisitLinkId, VisitorId,
};
use std::time::Duration;

/// A vehicle that was announced may come so long before its time and is still that visitor's.
const EARLY_MAX: Duration = Duration::from_secs(12 * 3600);

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitorDone {
    /// It was made.
    Changed(VisitState),
    /// It had been made before.
    Already(VisitState),
}

/// Why a visit cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum VisitorRefused {
    /// No such visit.
    #[error("there is no such visitor")]
    NotFound,
    /// The step makes no sense now.
    #[error("that cannot be done with a visit that is {}", .0.code())]
    Illegal(VisitState),
    /// The link is wrong, over, called back or used up. They are not told apart.
    #[error("the link cannot be used")]
    Link,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A step that somebody wants.
#[derive(Clone, Debug)]
pub struct StepWanted {
    /// Of which visit.
    pub id: VisitorId,
    /// What.
    pub step: VisitStep,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// At which gate.
    pub gate: Option<GateId>,
    /// How well it is known who it is.
    pub assurance: Option<Assurance>,
    /// The document that was shown.
    pub document: Option<VisitorDocument>,
    /// The pass that was made.
    pub pass: Option<PassId>,
}

impl StepWanted {
    /// A step with nothing besides.
    pub fn new(id: VisitorId, step: VisitStep, actor: &str, at: Timestamp) -> Self {
        Self {
            id,
            step,
            actor: actor.to_owned(),
            at,
            gate: None,
            assurance: None,
            document: None,
            pass: None,
        }
    }
}

impl Store {
    /// Begins a visit without a link, with its pass. Once more changes nothing.
    pub async fn register_visitor(
        &self,
        new: &NewVisitor,
        pass: Option<PassId>,
        actor: &str,
        now: Timestamp,
    ) -> Result<VisitorDone, VisitorRefused> {
        let mut tx = self.database.begin().await?;
        let wanted = StepWanted {
            pass,
            ..StepWanted::new(new.id, VisitStep::Register, actor, now)
        };
        let done = begin_visit(&mut tx, new, None, &wanted).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Begins a visit by a host's link, and counts the link's use. Once more changes nothing.
    pub async fn announce_visitor(
        &self,
        new: &NewVisitor,
        link: VisitLinkId,
        now: Timestamp,
    ) -> Result<VisitorDone, VisitorRefused> {
        let mut tx = self.database.begin().await?;
        let sql = "select 1 as n from visitor where ticket_sha256 = $1 and link_id = $2";
        let ticket = new.ticket_sha256.clone();
        let known = tx.rows(sql, values![ticket, link.to_string()]).await?;
        if !known.is_empty() {
            return Ok(VisitorDone::Already(VisitState::Invited));
        }
        let sql = "update visit_link set n_visitors = n_visitors + 1
                   where link_id = $1 and n_visitors < visitors_max and $2 < expires_at
                       and called_back_at is null";
        if tx.run(sql, values![link.to_string(), now]).await? == 0 {
            return Err(VisitorRefused::Link);
        }
        let actor = format!("visit link {link}");
        let wanted = StepWanted::new(new.id, VisitStep::Announce, &actor, now);
        let done = begin_visit(&mut tx, new, Some(link), &wanted).await?;
        // What was known already has not used the link once more.
        if matches!(done, VisitorDone::Changed(_)) {
            tx.commit().await?;
        }
        Ok(done)
    }

    /// Takes a step. One that has been taken already changes nothing.
    pub async fn step_visitor(&self, wanted: &StepWanted) -> Result<VisitorDone, VisitorRefused> {
        let mut tx = self.database.begin().await?;
        let visitor = lock(&mut tx, wanted.id).await?;
        let visitor = visitor.ok_or(VisitorRefused::NotFound)?;
        let place = wanted.gate.clone().map(|gate| Place {
            gate,
            passage: None,
        });
        let Some(state) = visitor.state.after(wanted.step) else {
            let is_so_already = is_result_of(visitor.state, wanted.step);
            return if is_so_already {
                Ok(VisitorDone::Already(visitor.state))
            } else {
                Err(VisitorRefused::Illegal(visitor.state))
            };
        };
        if visitor.erased_at.is_some() {
            return Err(VisitorRefused::Illegal(visitor.state));
        }
        take(&mut tx, &visitor, state, wanted, place.as_ref()).await?;
        tx.commit().await?;
        Ok(VisitorDone::Changed(state))
    }

    /// Gives up, by the time alone, visits whose time is over and to which nobody came; how many.
    pub async fn give_up_visitors(&self, now: Timestamp) -> Result<usize, StoreError> {
        let sql = "select visitor_id from visitor
                   where state in ('invited', 'registered') and expected_until < $1
                   order by expected_until limit 1000";
        let rows = self.database.rows(sql, values![now]).await?;
        let mut n_given_up = 0;
        for row in &rows {
            let id = row.parsed("visitor_id", |text| text.parse().ok())?;
            let wanted = StepWanted::new(id, VisitStep::GiveUp, "time", now);
            match self.step_visitor(&wanted).await {
                Ok(_) => n_given_up += 1,
                Err(VisitorRefused::Store(error)) => return Err(error),
                // Somebody was quicker.
                Err(_) => (),
            }
        }
        Ok(n_given_up)
    }

    /// Whether this is the highest number that the reader has used; then it is kept.
    pub async fn take_reader_number(
        &self,
        reader: &str,
        seq: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let sql = "insert into reader_message (reader, seq, created_at, updated_at)
                   values ($1, $2, $3, $3)
                   on conflict (reader) do update set seq = excluded.seq,
                       updated_at = excluded.updated_at
                   where reader_message.seq < excluded.seq";
        let is_new = tx.run(sql, values![reader, seq, now]).await? == 1;
        tx.commit().await?;
        Ok(is_new)
    }
}

/// Whether a step was taken already, as far as the state tells.
fn is_result_of(state: VisitState, step: VisitStep) -> bool {
    matches!(
        (state, step),
        (VisitState::Registered, VisitStep::Register)
            | (VisitState::CheckedIn, VisitStep::CheckIn)
            | (VisitState::CheckedOut, VisitStep::CheckOut)
            | (VisitState::Cancelled, VisitStep::Cancel)
            | (VisitState::DidNotCome, VisitStep::GiveUp)
    )
}

/// The visit; whoever else wants to change it waits.
async fn lock(tx: &mut Tx, id: VisitorId) -> Result<Option<Visitor>, StoreError> {
    // The update takes the row's lock on PostgreSQL; on SQLite there is one writer anyway.
    let sql = "update visitor set version = version where visitor_id = $1";
    tx.run(sql, values![id.to_string()]).await?;
    let sql = "select * from visitor where visitor_id = $1";
    let rows = tx.rows(sql, values![id.to_string()]).await?;
    rows.first().map(visitor_of).transpose()
}

async fn begin_visit(
    tx: &mut Tx,
    new: &NewVisitor,
    link: Option<VisitLinkId>,
    wanted: &StepWanted,
) -> Result<VisitorDone, VisitorRefused> {
    let sql = "insert into visitor (visitor_id, link_id, ticket_sha256, state, version, name,
                   company, phone, host, purpose, plate, plate_key, expected_from,
                   expected_until, uses_max, pass_id, created_at, updated_at)
               values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                   $16)
               on conflict do nothing";
    let state = VisitState::first(wanted.step);
    let person = &new.person;
    let plate = person.plate.as_ref();
    let values = values![
        new.id.to_string(),
        link.map(|link| link.to_string()),
        new.ticket_sha256.clone(),
        state.code(),
        &*person.name,
        person.company.clone(),
        person.phone.clone(),
        &*person.host,
        person.purpose.clone(),
        plate.map(Plate::written),
        plate.map(Plate::key),
        new.expected_from,
        new.expected_until,
        new.uses_max.map(i64::from),
        wanted.pass.map(|pass| pass.to_string()),
        wanted.at,
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(VisitorDone::Already(state));
    }
    write_down(tx, 1, wanted, None).await?;
    Ok(VisitorDone::Changed(state))
}

async fn take(
    tx: &mut Tx,
    visitor: &Visitor,
    state: VisitState,
    wanted: &StepWanted,
    place: Option<&Place>,
) -> Result<(), StoreError> {
    let version = visitor.version + 1;
    let sql = "update visitor set state = $2, version = $3, updated_at = $4,
                   pass_id = coalesce($5, pass_id), assurance = coalesce($6, assurance),
                   holder_key = coalesce($7, holder_key),
                   holder_masked = coalesce($8, holder_masked)
               where visitor_id = $1";
    let document = wanted.document.as_ref();
    let values = values![
        wanted.id.to_string(),
        state.code(),
        version,
        wanted.at,
        wanted.pass.map(|pass| pass.to_string()),
        wanted
            .assurance
            .map(|assurance| assurance.code().to_owned()),
        document.map(|document| format!("{:032x}", document.holder.0)),
        document.map(|document| document.masked.clone()),
    ];
    tx.run(sql, values).await?;
    let sql = match wanted.step {
        VisitStep::CheckIn => Some(
            "update visitor set checked_in_at = $2, checked_in_gate = $3 where visitor_id = $1",
        ),
        VisitStep::CheckOut => Some(
            "update visitor set checked_out_at = $2, checked_out_gate = $3 where visitor_id = $1",
        ),
        _ => None,
    };
    if let Some(sql) = sql {
        let gate = place.map(|place| place.gate.to_string());
        tx.run(sql, values![wanted.id.to_string(), wanted.at, gate])
            .await?;
    }
    write_down(tx, version, wanted, place).await
}

/// The event row and the audit row.
async fn write_down(
    tx: &mut Tx,
    version: i64,
    wanted: &StepWanted,
    place: Option<&Place>,
) -> Result<(), StoreError> {
    let sql = "insert into visitor_event (visitor_id, version, step, actor, gate, passage_id,
                   assurance, at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let values = values![
        wanted.id.to_string(),
        version,
        wanted.step.code(),
        &*wanted.actor,
        place.map(|place| place.gate.to_string()),
        place.and_then(|place| place.passage.map(|passage| passage.to_string())),
        wanted
            .assurance
            .map(|assurance| assurance.code().to_owned()),
        wanted.at,
    ];
    tx.run(sql, values).await?;
    let entry = AuditEntry {
        at: wanted.at,
        actor: wanted.actor.clone(),
        action: wanted.step.code(),
        subject: format!("visitor {}", wanted.id),
        detail: wanted
            .gate
            .as_ref()
            .map(GateId::to_string)
            .unwrap_or_default(),
    };
    audit::append(tx, &entry).await
}

/// Somebody went through a gate: when it was a visitor, the visit goes on by itself.
///
/// A lane that leads out of the site checks out, one that leads in checks in; one that leads
/// nowhere by the site file is taken for a way in. A pass says whose visit it is, and else the
/// plate that was announced for about this time.
pub(crate) async fn note_movement(
    tx: &mut Tx,
    movement: &Movement,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(id) = visitor_of_movement(tx, movement).await? else {
        return Ok(());
    };
    let Some(visitor) = lock(tx, id).await? else {
        return Ok(());
    };
    let step = if movement.to.is_none() && movement.from.is_some() {
        VisitStep::CheckOut
    } else {
        VisitStep::CheckIn
    };
    // Whoever goes from zone to zone inside is here already.
    let Some(state) = visitor.state.after(step) else {
        return Ok(());
    };
    let place = Place {
        gate: movement.gate.clone(),
        passage: Some(movement.passage),
    };
    let mut wanted = StepWanted::new(id, step, &format!("gate {}", movement.gate), movement.at);
    wanted.gate = Some(movement.gate.clone());
    let by_pass = pass_of(movement).is_some();
    wanted.assurance = match visitor.assurance {
        // What a person or a chip proved is not made less by a plate.
        Some(_) => None,
        None if by_pass => Some(Assurance::Pass),
        None => Some(Assurance::Plate),
    };
    // A movement may be told late; the visit changed when it was told, at the earliest.
    wanted.at = movement.at.min(now);
    take(tx, &visitor, state, &wanted, Some(&place)).await
}

fn pass_of(movement: &Movement) -> Option<PassId> {
    movement.pass.or(match movement.mover {
        Some(Mover::Pass(pass)) => Some(pass),
        _ => None,
    })
}

async fn visitor_of_movement(
    tx: &mut Tx,
    movement: &Movement,
) -> Result<Option<VisitorId>, StoreError> {
    if let Some(pass) = pass_of(movement) {
        let sql = "select visitor_id from visitor where pass_id = $1 and erased_at is null";
        let rows = tx.rows(sql, values![pass.to_string()]).await?;
        let id = |row: &crate::store::sql::Row| row.parsed("visitor_id", |id| id.parse().ok());
        return rows.first().map(id).transpose();
    }
    let Some(Mover::Plate(key)) = &movement.mover else {
        return Ok(None);
    };
    // The one who is here, and else the one who is expected next.
    let sql = "select visitor_id from visitor
               where plate_key = $1 and state in ('registered', 'checked-in', 'checked-out')
                   and erased_at is null and expected_from <= $2
                   and (state = 'checked-in' or $3 < expected_until)
               order by case state when 'checked-in' then 0 when 'registered' then 1 else 2 end,
                   expected_from, visitor_id
               limit 1";
    let soon = movement.at.saturating_add(EARLY_MAX);
    let rows = tx.rows(sql, values![&**key, soon, movement.at]).await?;
    let id = |row: &crate::store::sql::Row| row.parsed("visitor_id", |id| id.parse().ok());
    rows.first().map(id).transpose()
}
