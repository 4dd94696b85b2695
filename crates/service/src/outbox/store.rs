//! The SQLite side of an outbox: one task with one connection, so that what is put at the same time
//! shares a sync.

use super::{
    EnvelopeId, OutboxConfig, OutboxError, OutboxItem, OutboxStats, Put, Row, Tally, count,
    is_low_value,
};
use crate::ids::{IdSource, Ids as _};
use domain::Timestamp;
use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use wire::{Envelope, PAYLOAD_BYTES_MAX};

/// Version of the tables.
pub(super) const VERSION: i64 = 1;

/// How many requests share a transaction at most.
const N_GROUP_MAX: usize = 256;

/// Forgetting is not urgent: it waits for the next transaction, at most this long.
const FORGET_WITHIN: Duration = Duration::from_millis(50);

/// A program that is being replaced may need a moment to let go of the file.
const IN_USE_WITHIN: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
create table message (
    -- never used twice: it is the source's count in the envelope
    seq integer primary key autoincrement,
    id blob not null unique,
    topic text not null,
    payload blob not null,
    put_at integer not null
);
create table source (name text not null);
";

/// What the store is asked.
pub(super) enum Request {
    Put {
        items: Vec<OutboxItem>,
        done: oneshot::Sender<Result<Vec<Put>, OutboxError>>,
    },
    Forget {
        ids: Vec<EnvelopeId>,
    },
    Page {
        after_seq: i64,
        n_max: usize,
        done: oneshot::Sender<Result<Vec<Row>, OutboxError>>,
    },
    Stats {
        done: oneshot::Sender<Result<OutboxStats, OutboxError>>,
    },
    Close {
        done: oneshot::Sender<Result<(), OutboxError>>,
    },
}

type Done = oneshot::Sender<Result<Vec<Put>, OutboxError>>;

pub(super) struct Store {
    connection: SqliteConnection,
    source: String,
    n_rows_max: u64,
    next_seq: i64,
    n_pending: u64,
    ids: IdSource,
    forget: Vec<EnvelopeId>,
    fresh_tx: mpsc::Sender<Row>,
    tally: Arc<Tally>,
}

impl Store {
    pub(super) async fn open(
        config: &OutboxConfig,
        fresh_tx: mpsc::Sender<Row>,
        tally: Arc<Tally>,
    ) -> Result<Self, OutboxError> {
        let OutboxConfig {
            path,
            source,
            n_rows_max,
            ..
        } = config;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| OutboxError::Folder {
                path: path.clone(),
                source: Arc::new(source),
            })?;
        }
        let mut connection = connect(path).await?;
        check_version(&mut connection, path).await?;
        check_source(&mut connection, path, source).await?;
        let counted =
            "select count(*), coalesce((select seq from sqlite_sequence where name = 'message'), 0)
            from message";
        let row = sqlx::query(counted)
            .fetch_one(&mut connection)
            .await
            .map_err(opening(path))?;
        let (n_pending, last_seq): (i64, i64) = (row.get(0), row.get(1));
        Ok(Self {
            connection,
            source: source.clone(),
            n_rows_max: *n_rows_max,
            next_seq: last_seq + 1,
            n_pending: u64::try_from(n_pending).unwrap_or(0),
            ids: IdSource::system(),
            forget: Vec::new(),
            fresh_tx,
            tally,
        })
    }

    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::new();
        let mut closed = None;
        while closed.is_none() {
            let received = requests.recv_many(&mut group, N_GROUP_MAX);
            let n_received = if self.forget.is_empty() {
                received.await
            } else {
                match tokio::time::timeout(FORGET_WITHIN, received).await {
                    Ok(n_received) => n_received,
                    Err(_quiet) => {
                        self.write_or_log().await;
                        continue;
                    }
                }
            };
            if n_received == 0 {
                break;
            }
            closed = self.serve(&mut group).await;
        }
        requests.close();
        let written = self.write(Vec::new()).await.map(drop);
        let ended = self.connection.close().await.map_err(storing);
        if let Some(done) = closed {
            // Whoever closed it may have stopped waiting.
            done.send(written.and(ended)).ok();
        }
    }

    /// Serves a group of requests: first all writes in one transaction, then the questions.
    async fn serve(
        &mut self,
        group: &mut Vec<Request>,
    ) -> Option<oneshot::Sender<Result<(), OutboxError>>> {
        let (mut puts, mut questions) = (Vec::new(), Vec::new());
        for request in group.drain(..) {
            match request {
                Request::Put { items, done } => puts.push((items, done)),
                Request::Forget { ids } => self.forget.extend(ids),
                question => questions.push(question),
            }
        }
        if !puts.is_empty() {
            self.put(puts).await;
        }
        if !questions.is_empty() || N_GROUP_MAX <= self.forget.len() {
            self.write_or_log().await;
        }
        let mut closed = None;
        for question in questions {
            // An asker that has gone away needs no answer.
            match question {
                Request::Page {
                    after_seq,
                    n_max,
                    done,
                } => {
                    done.send(self.page(after_seq, n_max).await).ok();
                }
                Request::Stats { done } => {
                    done.send(self.stats().await).ok();
                }
                Request::Close { done } => closed = Some(done),
                Request::Put { .. } | Request::Forget { .. } => {}
            }
        }
        closed
    }

    async fn put(&mut self, puts: Vec<(Vec<OutboxItem>, Done)>) {
        let (items, askers): (Vec<_>, Vec<_>) = puts
            .into_iter()
            .map(|(items, done)| {
                let n_items = items.len();
                (items, (n_items, done))
            })
            .unzip();
        let mut written = self.write(items.into_iter().flatten().collect()).await;
        for (n_items, done) in askers {
            let answer = match &mut written {
                Ok(puts) => Ok(puts.drain(..n_items).collect()),
                Err(error) => Err(error.clone()),
            };
            // The message is stored, whether or not its sender still waits.
            done.send(answer).ok();
        }
    }

    async fn write_or_log(&mut self) {
        if let Err(error) = self.write(Vec::new()).await {
            // What could not be forgotten is sent again: a nuisance, not a loss.
            tracing::warn!("outbox: {error}");
            self.forget.clear();
        }
    }

    /// One transaction: stores the items and forgets what has its receipt.
    async fn write(&mut self, items: Vec<OutboxItem>) -> Result<Vec<Put>, OutboxError> {
        if items.is_empty() && self.forget.is_empty() {
            return Ok(Vec::new());
        }
        let n_kept = items
            .iter()
            .filter(|item| !is_low_value(&item.message))
            .count();
        let n_after = self
            .n_pending
            .saturating_add(u64::try_from(n_kept).unwrap_or(u64::MAX));
        if 0 < n_kept && 2 * self.n_rows_max < n_after {
            return Err(OutboxError::Full {
                n_pending: self.n_pending,
            });
        }
        let before = (self.next_seq, self.n_pending);
        match self.transact(items).await {
            Ok((puts, rows, n_forgotten)) => {
                self.forget.clear();
                count(&self.tally.n_stored, rows.len());
                count(&self.tally.n_receipted, n_forgotten);
                count(
                    &self.tally.n_refused,
                    puts.iter().filter(|p| **p == Put::Refused).count(),
                );
                for row in rows {
                    if self.fresh_tx.try_send(row).is_err() {
                        self.tally.missed.notify_one();
                    }
                }
                Ok(puts)
            }
            Err(error) => {
                (self.next_seq, self.n_pending) = before;
                Err(storing(error))
            }
        }
    }

    async fn transact(
        &mut self,
        items: Vec<OutboxItem>,
    ) -> Result<(Vec<Put>, Vec<Row>, usize), sqlx::Error> {
        let mut transaction = self.connection.begin_with("begin immediate").await?;
        let mut n_forgotten = 0;
        for id in &self.forget {
            let deleted = sqlx::query("delete from message where id = $1")
                .bind(id.0.to_be_bytes().to_vec())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            n_forgotten += deleted;
        }
        self.n_pending = self.n_pending.saturating_sub(n_forgotten);
        let (mut puts, mut rows) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            if self.n_rows_max <= self.n_pending && is_low_value(&item.message) {
                puts.push(Put::Refused);
                continue;
            }
            let id = item.id.unwrap_or_else(|| EnvelopeId(self.ids.next()));
            let envelope = Envelope {
                id: id.to_string(),
                source: self.source.clone(),
                seq: u64::try_from(self.next_seq).expect("it counts from 1"),
                sent_at: item.at,
                traceparent: None,
                message: item.message,
            };
            let (topic, payload) = (item.topic.to_string(), envelope.encode());
            if PAYLOAD_BYTES_MAX < payload.len() {
                tracing::error!("outbox: a message of {} bytes was refused", payload.len());
                puts.push(Put::Refused);
                continue;
            }
            let row = Row {
                seq: self.next_seq,
                id,
                topic,
                payload,
            };
            puts.push(Put::Stored(id));
            let insert =
                "insert into message (seq, id, topic, payload, put_at) values ($1, $2, $3, $4, $5)
                on conflict (id) do nothing";
            let inserted = sqlx::query(insert)
                .bind(row.seq)
                .bind(id.0.to_be_bytes().to_vec())
                .bind(row.topic.as_str())
                .bind(row.payload.as_slice())
                .bind(item.at.as_micros())
                .execute(&mut *transaction)
                .await?;
            if inserted.rows_affected() == 1 {
                self.next_seq += 1;
                self.n_pending += 1;
                rows.push(row);
            }
        }
        transaction.commit().await?;
        Ok((
            puts,
            rows,
            usize::try_from(n_forgotten).unwrap_or(usize::MAX),
        ))
    }

    async fn page(&mut self, after_seq: i64, n_max: usize) -> Result<Vec<Row>, OutboxError> {
        let select =
            "select seq, id, topic, payload from message where $1 < seq order by seq limit $2";
        let rows = sqlx::query(select)
            .bind(after_seq)
            .bind(i64::try_from(n_max).unwrap_or(i64::MAX))
            .fetch_all(&mut self.connection)
            .await
            .map_err(storing)?;
        rows.iter()
            .map(|row| {
                let id: [u8; 16] = row
                    .try_get::<Vec<u8>, _>(1)?
                    .try_into()
                    .map_err(|_other_length| sqlx::Error::RowNotFound)?;
                let id = EnvelopeId(u128::from_be_bytes(id));
                Ok(Row {
                    seq: row.try_get(0)?,
                    id,
                    topic: row.try_get(2)?,
                    payload: row.try_get(3)?,
                })
            })
            .collect::<Result<_, _>>()
            .map_err(storing)
    }

    async fn stats(&mut self) -> Result<OutboxStats, OutboxError> {
        let select = "select put_at from message order by seq limit 1";
        let oldest: Option<i64> = sqlx::query_scalar(select)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(storing)?;
        let Tally {
            n_stored,
            n_sent,
            n_receipted,
            n_refused,
            missed: _,
        } = &*self.tally;
        Ok(OutboxStats {
            n_pending: self.n_pending,
            oldest: oldest.map(Timestamp::from_micros),
            n_stored: n_stored.load(Ordering::Relaxed),
            n_sent: n_sent.load(Ordering::Relaxed),
            n_receipted: n_receipted.load(Ordering::Relaxed),
            n_refused: n_refused.load(Ordering::Relaxed),
        })
    }
}

async fn connect(path: &Path) -> Result<SqliteConnection, OutboxError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // Nobody else may write: two programs would give the same numbers to different messages.
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(IN_USE_WITHIN);
    SqliteConnection::connect_with(&options)
        .await
        .map_err(opening(path))
}

async fn check_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), OutboxError> {
    let mut transaction = connection
        .begin_with("begin immediate")
        .await
        .map_err(opening(path))?;
    let found: i64 = sqlx::query_scalar("pragma user_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(opening(path))?;
    let n_tables: i64 = sqlx::query_scalar("select count(*) from sqlite_master")
        .fetch_one(&mut *transaction)
        .await
        .map_err(opening(path))?;
    if found == 0 && n_tables == 0 {
        sqlx::raw_sql(SCHEMA)
            .execute(&mut *transaction)
            .await
            .map_err(opening(path))?;
        sqlx::raw_sql("pragma user_version = 1")
            .execute(&mut *transaction)
            .await
            .map_err(opening(path))?;
    } else if found != VERSION {
        return Err(OutboxError::Version {
            path: path.to_owned(),
            found,
        });
    }
    transaction.commit().await.map_err(opening(path))
}

async fn check_source(
    connection: &mut SqliteConnection,
    path: &Path,
    expected: &str,
) -> Result<(), OutboxError> {
    let found: Option<String> = sqlx::query_scalar("select name from source")
        .fetch_optional(&mut *connection)
        .await
        .map_err(opening(path))?;
    match found {
        Some(found) if found != expected => {
            let expected = expected.to_owned();
            Err(OutboxError::Source {
                path: path.to_owned(),
                found,
                expected,
            })
        }
        Some(_same) => Ok(()),
        None => sqlx::query("insert into source (name) values ($1)")
            .bind(expected)
            .execute(connection)
            .await
            .map(drop)
            .map_err(opening(path)),
    }
}

fn opening(path: &Path) -> impl FnOnce(sqlx::Error) -> OutboxError {
    let path = path.to_owned();
    |source| match source.as_database_error().and_then(|error| error.code()) {
        // SQLITE_BUSY and SQLITE_LOCKED, with or without their details in the upper bits.
        Some(code)
            if code
                .parse()
                .is_ok_and(|code: i64| matches!(code & 0xff, 5 | 6)) =>
        {
            OutboxError::InUse { path }
        }
        _ => OutboxError::Open {
            path,
            source: Arc::new(source),
        },
    }
}

fn storing(source: sqlx::Error) -> OutboxError {
    OutboxError::Store {
        source: Arc::new(source),
    }
}
