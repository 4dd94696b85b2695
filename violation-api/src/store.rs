//! Everything that is kept: SQLite by default, PostgreSQL by URL, one behaviour.
//!
//! **Invariant:** taking in is idempotent: doubles, by envelope or by entity, change nothing, and
//! the order in which messages come does not show in what is left.
//! **Invariant:** a case changes by an event of `casework` only, in one transaction with its event
//! row and its audit row.

mod audit;
mod cases;
mod code;
mod crowd;
mod flow;
mod guards;
mod orders;
mod reach;
mod read;
mod read_text;
mod sql;
mod visitors;
mod write;

pub use audit::{AuditEntry, AuditReport};
pub use cases::{CaseChange, CaseRecord, CaseSummary, ChangeError, HistoryEntry, Key};
pub(crate) use code::{Code, outcome_codes};
pub use crowd::{CrowdChange, CrowdRow};
pub use flow::{Counted, InsideRow};
pub use guards::{AlarmRow, Shift};
pub(crate) use orders::kind_code;
pub use orders::{OrderAnswer, OrderFate, OrderRow, Placed};
pub use reach::Unreachable;
pub(crate) use read::PAGE_ROWS_MAX;
pub use read::{CameraRow, Cursor, Page, PassageDetail, PassageRow, SightingRow};
pub use visitors::{
    DayFilter, LinkWanted, NewVisitor, StepWanted, VisitLink, Visitor, VisitorDocument,
    VisitorDone, VisitorEvent, VisitorPerson, VisitorRefused,
};
pub use write::Ingested;

use domain::Timestamp;
use sql::{Database, values};

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Neither `sqlite:PATH` nor `postgres://…`. The URL is not shown: it may hold a password.
    #[error("the database URL is neither sqlite:PATH (a file) nor postgres://USER@HOST/NAME")]
    Url,
    /// The database cannot be opened.
    #[error("cannot open the database")]
    Open {
        /// Why.
        #[source]
        source: Box<sqlx::Error>,
    },
    /// The PostgreSQL server does not let us in.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The schema cannot be brought to this program's version.
    #[error("cannot bring the database to the schema of this program")]
    Migrate {
        /// Why.
        #[source]
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// A statement failed.
    #[error("the database did not carry out a statement")]
    Statement {
        /// Why.
        #[source]
        source: Box<sqlx::Error>,
    },
    /// A column holds what this program did not write there.
    #[error("column {column} holds something that this program does not know")]
    Content {
        /// The column.
        column: &'static str,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        Self::Statement {
            source: Box::new(source),
        }
    }
}

impl StoreError {
    /// Whether the same statement would fail again, because of what it says and not because of
    /// where the database is.
    pub fn is_about_content(&self) -> bool {
        match self {
            Self::Content { .. } => true,
            Self::Statement { source } => match &**source {
                sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } => true,
                sqlx::Error::Database(error) => {
                    let is_constraint = !matches!(error.kind(), sqlx::error::ErrorKind::Other);
                    // SQLSTATE class 22 is "data exception" (ISO/IEC 9075-2, table 33).
                    is_constraint || error.code().is_some_and(|code| code.starts_with("22"))
                }
                _ => false,
            },
            Self::Url | Self::Unreachable(_) | Self::Open { .. } | Self::Migrate { .. } => false,
        }
    }
}

/// The store.
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings the schema to this program's version.
    pub async fn open(database_url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            database: Database::open(database_url).await?,
        })
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.database
            .rows("select audit_id from audit_head", values![])
            .await
            .map(|_rows| ())
    }

    /// Whether a candidate or a sighting names this file; its media type.
    pub async fn evidence_media_type(&self, sha256: &str) -> Result<Option<String>, StoreError> {
        let sql =
            "select media_type from evidence_item where sha256 = $1 order by owner_id limit 1";
        let rows = self.database.rows(sql, values![sha256]).await?;
        rows.first().map(|row| row.text("media_type")).transpose()
    }

    /// Forgets envelope ids and idempotency keys from before this moment; later doubles are still
    /// found by their entity.
    pub async fn forget_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let mut n_rows = tx
            .run("delete from message where created_at < $1", values![moment])
            .await?;
        n_rows += tx
            .run(
                "delete from idempotency where created_at < $1",
                values![moment],
            )
            .await?;
        tx.commit().await?;
        Ok(n_rows)
    }

    /// Lets every connection go.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
