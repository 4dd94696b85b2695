//! Cases: lists, one with all that belongs to it, and what people do to them.

use super::{
    AuditEntry, Page, Store, StoreError,
    audit::append,
    code::Code as _,
    read::{bounds, id, plate},
    sql::{Row, Tx, values},
};
use casework::{Case, DismissReason, Event, Illegal, Reviewer, State, StateName, missing};
use domain::{
    CameraId, Candidate, Class, EvidenceItem, EvidenceRole, PlateVote, Standing, Timestamp,
    TrackId, ViolationId,
};

/// A case in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSummary {
    /// Its id.
    pub id: ViolationId,
    /// Where it is in its life.
    pub state: State,
    /// Counts its events.
    pub version: u64,
    /// The capture time of the act.
    pub act_at: Timestamp,
    /// The camera.
    pub camera: CameraId,
    /// The rule that fired.
    pub rule: String,
    /// What kind of vehicle.
    pub class: Class,
    /// What the candidate may be used for.
    pub standing: Standing,
    /// The voted plate.
    pub plate: Option<PlateVote>,
    /// SHA-256 of the still at the act, or of another one.
    pub picture_sha256: Option<String>,
}

/// A case with all that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// Its id.
    pub id: ViolationId,
    /// The case.
    pub case: Case,
    /// Counts its events.
    pub version: u64,
    /// What the rule said.
    pub candidate: Candidate,
    /// What has happened to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// One event of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The state after it.
    pub state: StateName,
    /// Why, for a dismissal.
    pub dismiss_reason: Option<DismissReason>,
}

/// A key that the client chose, so that a request that comes twice acts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub key: String,
    /// SHA-256 of what was asked, hexadecimal: the same key with another request is refused.
    pub request_sha256: String,
}

/// What somebody does to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseChange {
    /// The case.
    pub id: ViolationId,
    /// What is done, and by whom.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The client's key.
    pub key: Option<Key>,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such case.
    #[error("there is no such case")]
    NotFound,
    /// The case does not allow it.
    #[error("the case does not allow it")]
    Illegal(#[source] Illegal),
    /// Somebody else changed the case at the same moment.
    #[error("the case has just been changed by somebody else")]
    Conflict,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

const CASE_SQL: &str = "select v.violation_id, v.state, v.reviewer, v.dismiss_reason, v.version,
        c.candidate_id, c.camera, c.sighting_id, c.track, c.class, c.rule, c.rule_version,
        c.act_at, c.x_min, c.y_min, c.x_max, c.y_max, c.standing, c.facts, c.plate_read
    from violation v join candidate c on c.candidate_id = v.candidate_id
    where v.violation_id = $1";
const EVIDENCE_SQL: &str = "select role, sha256, media_type, n_bytes, frame_seq, captured_at
    from evidence_item where owner_id = $1 order by captured_at, role, sha256 limit 64";
const HISTORY_SQL: &str = "select at, actor, state, dismiss_reason from violation_event
    where violation_id = $1 order by version limit 64";

/// A page of cases, each with a picture.
macro_rules! summary_sql {
    ($filter:literal) => {
        concat!(
            "select v.violation_id, v.state, v.reviewer, v.dismiss_reason, v.version,
                 c.act_at, c.camera, c.rule, c.class, c.standing, c.plate_read,
                 (select e.sha256 from evidence_item e where e.owner_id = c.candidate_id
                      and e.role in ('at', 'before', 'after', 'sighting')
                  order by case e.role when 'sighting' then 0 when 'at' then 1 else 2 end,
                      e.role, e.sha256
                  limit 1) as picture_sha256
             from (select * from violation ",
            $filter,
            " order by act_at desc, violation_id desc limit $1) v
             join candidate c on c.candidate_id = v.candidate_id
             order by v.act_at desc, v.violation_id desc"
        )
    };
}

impl Store {
    /// Cases, newest act first; those in one state or all.
    pub async fn cases(
        &self,
        state: Option<StateName>,
        page: &Page,
    ) -> Result<Vec<CaseSummary>, StoreError> {
        let mut values = page.values();
        let rows = if let Some(state) = state {
            values.push(state.code().into());
            let sql = summary_sql!(
                "where state = $5 and $2 <= act_at
                     and (act_at < $3 or (act_at = $3 and violation_id < $4))"
            );
            self.database.rows(sql, values).await?
        } else {
            let sql = summary_sql!(
                "where $2 <= act_at and (act_at < $3 or (act_at = $3 and violation_id < $4))"
            );
            self.database.rows(sql, values).await?
        };
        rows.iter().map(read_summary).collect()
    }

    /// One case.
    pub async fn case(&self, case_id: ViolationId) -> Result<Option<CaseRecord>, StoreError> {
        let case_text = case_id.to_string();
        let rows = self.database.rows(CASE_SQL, values![&*case_text]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let owner = row.text("candidate_id")?;
        let evidence = self.database.rows(EVIDENCE_SQL, values![owner]).await?;
        let history = self.database.rows(HISTORY_SQL, values![case_text]).await?;
        read_case(case_id, row, &evidence, &history).map(Some)
    }

    /// Does something to a case: event, projection, audit and key in one transaction.
    pub async fn change_case(&self, change: &CaseChange) -> Result<CaseRecord, ChangeError> {
        let mut tx = self.database.begin().await?;
        let case_text = change.id.to_string();
        if let Some(key) = &change.key
            && !claim(&mut tx, key, change.at).await?
        {
            drop(tx);
            return self.case(change.id).await?.ok_or(ChangeError::NotFound);
        }
        let rows = tx.rows(CASE_SQL, values![&*case_text]).await?;
        let row = rows.first().ok_or(ChangeError::NotFound)?;
        let evidence = tx
            .rows(EVIDENCE_SQL, values![row.text("candidate_id")?])
            .await?;
        let before = read_case(change.id, row, &evidence, &[])?;
        let after = before
            .case
            .apply(change.event.clone())
            .map_err(ChangeError::Illegal)?;
        project(&mut tx, change, before.version, after.state()).await?;
        tx.commit().await?;
        self.case(change.id).await?.ok_or(ChangeError::NotFound)
    }
}

/// Notes the key; false when the same request has been carried out already.
async fn claim(tx: &mut Tx, key: &Key, now: Timestamp) -> Result<bool, ChangeError> {
    let sql = "insert into idempotency (scope, idempotency_key, request_sha256, created_at)
               values ('case', $1, $2, $3) on conflict (scope, idempotency_key) do nothing";
    if tx
        .run(sql, values![&*key.key, &*key.request_sha256, now])
        .await?
        == 1
    {
        return Ok(true);
    }
    let sql = "select request_sha256 from idempotency
               where scope = 'case' and idempotency_key = $1";
    let rows = tx.rows(sql, values![&*key.key]).await?;
    let row = rows.first().ok_or(ChangeError::Conflict)?;
    if row.text("request_sha256")? == key.request_sha256 {
        Ok(false)
    } else {
        Err(ChangeError::KeyReused)
    }
}

/// Writes the event row, the projection and the audit row.
async fn project(
    tx: &mut Tx,
    change: &CaseChange,
    version_before: u64,
    after: &State,
) -> Result<(), ChangeError> {
    let case_text = change.id.to_string();
    let reviewer = after.reviewer().map(|who| who.as_str().to_owned());
    let reason = after
        .dismiss_reason()
        .map(|reason| reason.code().to_owned());
    let before = i64::try_from(version_before).unwrap_or(i64::MAX);
    let sql = "update violation set state = $3, reviewer = $4, dismiss_reason = $5,
                   version = version + 1, updated_at = $6
               where violation_id = $1 and version = $2";
    let state = after.name().code();
    let values = values![
        &*case_text,
        before,
        state,
        reviewer,
        reason.clone(),
        change.at
    ];
    if tx.run(sql, values).await? != 1 {
        return Err(ChangeError::Conflict);
    }
    let actor = change.event.reviewer().as_str();
    let sql = "insert into violation_event (violation_id, version, at, actor, state,
                   dismiss_reason, created_at)
               values ($1, $2, $3, $4, $5, $6, $3)";
    let values = values![
        &*case_text,
        before + 1,
        change.at,
        actor,
        state,
        reason.clone()
    ];
    tx.run(sql, values).await?;
    let action = match change.event {
        Event::StartReview(_) => "review",
        Event::Confirm(_) => "confirm",
        Event::Dismiss(..) => "dismiss",
    };
    let entry = AuditEntry {
        at: change.at,
        actor: actor.to_owned(),
        action,
        subject: case_text,
        detail: reason.unwrap_or_default(),
    };
    append(tx, &entry).await?;
    Ok(())
}

fn state(row: &Row) -> Result<State, StoreError> {
    let wrong = || StoreError::Content {
        column: "violation.state",
    };
    let name = row.parsed("state", |code| code.parse::<StateName>().ok())?;
    let reviewer = row.text_or_null("reviewer")?;
    let reason = row.text_or_null("dismiss_reason")?;
    let reviewer = || {
        reviewer
            .as_deref()
            .and_then(Reviewer::named)
            .ok_or_else(wrong)
    };
    let reason = || {
        reason
            .as_deref()
            .and_then(|code| code.parse().ok())
            .ok_or_else(wrong)
    };
    Ok(match name {
        StateName::Candidate => State::Candidate,
        StateName::UnderReview => State::UnderReview(reviewer()?),
        StateName::Confirmed => State::Confirmed(reviewer()?),
        StateName::Dismissed => State::Dismissed(reviewer()?, reason()?),
    })
}

fn read_summary(row: &Row) -> Result<CaseSummary, StoreError> {
    Ok(CaseSummary {
        id: id(row, "violation_id")?,
        state: state(row)?,
        version: row.count("version")?,
        act_at: row.time("act_at")?,
        camera: id(row, "camera")?,
        rule: row.text("rule")?,
        class: row.parsed("class", Class::from_code)?,
        standing: row.parsed("standing", Standing::from_code)?,
        plate: plate(row)?,
        picture_sha256: row.text_or_null("picture_sha256")?,
    })
}

fn read_evidence(row: &Row) -> Result<EvidenceItem, StoreError> {
    Ok(EvidenceItem {
        role: row.parsed("role", EvidenceRole::from_code)?,
        sha256: row.text("sha256")?,
        media_type: row.text("media_type")?,
        n_bytes: row.count("n_bytes")?,
        frame_seq: row.count("frame_seq")?,
        captured_at: row.time("captured_at")?,
    })
}

fn read_history(row: &Row) -> Result<HistoryEntry, StoreError> {
    let reason = row.text_or_null("dismiss_reason")?;
    Ok(HistoryEntry {
        at: row.time("at")?,
        actor: row.text("actor")?,
        state: row.parsed("state", |code| code.parse().ok())?,
        dismiss_reason: reason.as_deref().and_then(|code| code.parse().ok()),
    })
}

fn read_case(
    case_id: ViolationId,
    row: &Row,
    evidence: &[Row],
    history: &[Row],
) -> Result<CaseRecord, StoreError> {
    let evidence: Vec<EvidenceItem> = evidence
        .iter()
        .map(read_evidence)
        .collect::<Result<_, _>>()?;
    let facts = row.parsed("facts", |text| serde_json::from_str(text).ok())?;
    let rule_version =
        u32::try_from(row.int("rule_version")?).map_err(|_range| StoreError::Content {
            column: "rule_version",
        })?;
    let candidate = Candidate {
        id: id(row, "candidate_id")?,
        camera: id(row, "camera")?,
        sighting: id(row, "sighting_id")?,
        track: TrackId(row.count("track")?),
        class: row.parsed("class", Class::from_code)?,
        rule: row.text("rule")?,
        rule_version,
        act_at: row.time("act_at")?,
        bounds: bounds(row)?,
        standing: row.parsed("standing", Standing::from_code)?,
        facts,
        plate: plate(row)?,
        evidence,
    };
    let lacking = missing(&candidate.evidence);
    let case =
        Case::restore(candidate.standing, lacking, state(row)?).ok_or(StoreError::Content {
            column: "violation.state",
        })?;
    let version = row.count("version")?;
    let history = history.iter().map(read_history).collect::<Result<_, _>>()?;
    Ok(CaseRecord {
        id: case_id,
        case,
        version,
        candidate,
        history,
    })
}
