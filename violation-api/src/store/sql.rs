//! One way to run a statement on SQLite and on PostgreSQL.
//!
//! The texts are shared: `$1` placeholders, and columns of text, bigint and double precision.
//! SQLite has one connection that writes and some that read; PostgreSQL has one pool.

use super::StoreError;
use sqlx::{
    ConnectOptions as _, Executor, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use std::{str::FromStr as _, time::Duration};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const READERS_MAX: u32 = 4;
const POSTGRES_CONNECTIONS_MAX: u32 = 8;

/// A database.
pub(crate) enum Database {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction that writes; it is rolled back when it is dropped.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// One row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a statement is given.
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(f64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Int(Some(i64::from(is_so)))
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Real(f64::from(number))
    }
}

impl From<domain::Timestamp> for Value {
    fn from(at: domain::Timestamp) -> Self {
        Self::Int(Some(at.as_micros()))
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! bound {
    ($database:ty, $arguments:ty, $sql:expr, $values:expr) => {{
        let mut query: Query<'_, $database, $arguments> = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Int(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
            };
        }
        query
    }};
}

async fn sqlite_rows<'c, E: Executor<'c, Database = Sqlite>>(
    executor: E,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = bound!(Sqlite, SqliteArguments, sql, values)
        .fetch_all(executor)
        .await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn postgres_rows<'c, E: Executor<'c, Database = Postgres>>(
    executor: E,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = bound!(Postgres, PgArguments, sql, values)
        .fetch_all(executor)
        .await?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

impl Database {
    /// Opens `sqlite:PATH` or `postgres://…` and brings it to the newest schema.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let database = if url.starts_with("sqlite:") {
            Self::open_sqlite(url).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::open_postgres(url).await?
        } else {
            return Err(StoreError::Url);
        };
        let migrated = match &database {
            Self::Sqlite { writer, .. } => MIGRATOR.run(writer).await,
            Self::Postgres(pool) => MIGRATOR.run(pool).await,
        };
        migrated.map_err(|source| StoreError::Migrate {
            source: Box::new(source),
        })?;
        Ok(database)
    }

    async fn open_sqlite(url: &str) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Open {
            source: Box::new(source),
        };
        if url.contains(":memory:") {
            return Err(StoreError::Url);
        }
        // FULL, because a receipt lets the sender forget: the row must survive a power cut.
        let options = SqliteConnectOptions::from_str(url)
            .map_err(unusable)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is erased is overwritten, and not only left out.
            .pragma("secure_delete", "on")
            .busy_timeout(ACQUIRE_TIMEOUT)
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await
            .map_err(unusable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self::Sqlite { writer, readers })
    }

    async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Open {
            source: Box::new(source),
        };
        let options = PgConnectOptions::from_str(url)
            .map_err(unusable)?
            .application_name("gac")
            .options([("statement_timeout", "10s"), ("lock_timeout", "5s")])
            .disable_statement_logging();
        super::reach::check(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(unusable)?;
        Ok(Self::Postgres(pool))
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            // IMMEDIATE, because a transaction that reads first and writes later may find the file
            // locked.
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Reads.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => sqlite_rows(readers, sql, values).await?,
            Self::Postgres(pool) => postgres_rows(pool, sql, values).await?,
        })
    }

    /// Makes what was erased go from the files, too, as far as the database has a hand in it.
    ///
    /// SQLite: what was overwritten still stands in the write-ahead log until that is emptied; when
    /// somebody reads just now, the next call does it. PostgreSQL: old rows make room.
    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                sqlite_rows(writer, "pragma wal_checkpoint(truncate)", Vec::new()).await?;
            }
            Self::Postgres(pool) => {
                postgres_rows(pool, "vacuum visitor, visit_link", Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// Lets every connection go.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Changes; the number of rows that changed.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(Sqlite, SqliteArguments, sql, values)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Self::Postgres(tx) => bound!(Postgres, PgArguments, sql, values)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Reads what the transaction sees.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlite_rows(&mut **tx, sql, values).await?,
            Self::Postgres(tx) => postgres_rows(&mut **tx, sql, values).await?,
        })
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn text_or_null(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn real(&self, column: &str) -> Result<f64, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn time(&self, column: &str) -> Result<domain::Timestamp, StoreError> {
        self.int(column).map(domain::Timestamp::from_micros)
    }

    pub(crate) fn int_or_null(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn time_or_null(
        &self,
        column: &str,
    ) -> Result<Option<domain::Timestamp>, StoreError> {
        let at = self.int_or_null(column)?;
        Ok(at.map(domain::Timestamp::from_micros))
    }

    /// A count that was stored by [`stored_count`].
    pub(crate) fn count(&self, column: &str) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.int(column)?).unwrap_or(0))
    }

    /// A text that must be one of a closed set or an id.
    pub(crate) fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(&self.text(column)?).ok_or(StoreError::Content { column })
    }
}

/// The largest count that is stored: no honest one is larger, and four of them can be added.
const COUNT_MAX: u64 = 1 << 53;

/// A count as a bigint.
pub(crate) fn stored_count(count: u64) -> i64 {
    i64::try_from(count.min(COUNT_MAX)).expect("2^53 is a bigint")
}
