//! Who saw what and who changed what, as a chain of hashes.

use super::{
    Store, StoreError,
    sql::{Row, Tx, values},
};
use domain::Timestamp;
use sha2::{Digest as _, Sha256};

/// How many rows are checked at a time.
const ROWS_AT_A_TIME: i64 = 1000;

/// One line of the audit. No plate stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done, for example `view` or `confirm`.
    pub action: &'static str,
    /// To what, for example the id of a case.
    pub subject: String,
    /// More, when it matters.
    pub detail: String,
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many rows there are.
    pub n_rows: u64,
    /// The first row that does not fit the one before it, or that is missing.
    pub first_broken: Option<i64>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn row_hash(previous: &str, audit_id: i64, at: i64, words: [&str; 4]) -> String {
    // JSON, because it tells where each text ends.
    let text = serde_json::to_string(&(previous, audit_id, at, words))
        .expect("texts and numbers are JSON");
    hex(&Sha256::digest(text.as_bytes()))
}

/// Appends a row in the caller's transaction.
pub(super) async fn append(tx: &mut Tx, entry: &AuditEntry) -> Result<(), StoreError> {
    // The update takes the lock on the head before it is read: on PostgreSQL two that append wait
    // for one another.
    tx.run(
        "update audit_head set audit_id = audit_id + 1 where head_id = 1",
        values![],
    )
    .await?;
    let head = tx
        .rows(
            "select audit_id, sha256 from audit_head where head_id = 1",
            values![],
        )
        .await?;
    let head = head.first().ok_or(StoreError::Content {
        column: "audit_head",
    })?;
    let (audit_id, previous) = (head.int("audit_id")?, head.text("sha256")?);
    let AuditEntry {
        at,
        actor,
        action,
        subject,
        detail,
    } = entry;
    let sha256 = row_hash(
        &previous,
        audit_id,
        at.as_micros(),
        [actor, action, subject, detail],
    );
    let sql = "insert into audit (audit_id, at, actor, action, subject, detail, previous_sha256,
                   sha256, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $2)";
    let values = values![
        audit_id, *at, &**actor, *action, &**subject, &**detail, previous, &*sha256
    ];
    tx.run(sql, values).await?;
    tx.run(
        "update audit_head set sha256 = $1 where head_id = 1",
        values![sha256],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Writes down that somebody saw or did something.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        append(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Recomputes the chain.
    pub async fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        // The head first: rows that are appended meanwhile are for the next check.
        let head = self
            .database
            .rows("select audit_id, sha256 from audit_head", values![])
            .await?;
        let head = head.first().ok_or(StoreError::Content {
            column: "audit_head",
        })?;
        let (head_id, head_sha256) = (head.int("audit_id")?, head.text("sha256")?);
        let (mut last_id, mut previous, mut n_rows) = (0_i64, "0".repeat(64), 0_u64);
        let sql = "select audit_id, at, actor, action, subject, detail, previous_sha256, sha256
                   from audit where $1 < audit_id and audit_id <= $2
                   order by audit_id limit $3";
        loop {
            let page = values![last_id, head_id, ROWS_AT_A_TIME];
            let rows = self.database.rows(sql, page).await?;
            for row in &rows {
                let audit_id = row.int("audit_id")?;
                let is_next = audit_id == last_id + 1;
                let sha256 = row.text("sha256")?;
                let is_chained = row.text("previous_sha256")? == previous;
                if !is_next || !is_chained || sha256 != computed(row, &previous)? {
                    return Ok(AuditReport {
                        n_rows,
                        first_broken: Some(last_id + 1),
                    });
                }
                (last_id, previous) = (audit_id, sha256);
                n_rows += 1;
            }
            if rows.is_empty() {
                break;
            }
        }
        let is_whole = head_id == last_id && head_sha256 == previous;
        let first_broken = (!is_whole).then_some(last_id + 1);
        Ok(AuditReport {
            n_rows,
            first_broken,
        })
    }
}

fn computed(row: &Row, previous: &str) -> Result<String, StoreError> {
    let (actor, action) = (row.text("actor")?, row.text("action")?);
    let (subject, detail) = (row.text("subject")?, row.text("detail")?);
    let words = [&*actor, &*action, &*subject, &*detail];
    Ok(row_hash(
        previous,
        row.int("audit_id")?,
        row.int("at")?,
        words,
    ))
}
