//! Whether a PostgreSQL server lets us in, asked once before the pool is made: the pool's own words
//! are "timed out", whatever the cause.

use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use std::{io, time::Duration};

/// How long a server may take, that is just being started too.
const WITHIN: Duration = Duration::from_secs(5);

/// The pause before a server that is not up yet is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// Why a PostgreSQL server cannot be used. The password is in none of its parts.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database: PostgreSQL at {place} {what}; {instead}")]
pub struct Unreachable {
    /// Host and port, or the socket's path.
    pub place: String,
    /// What it did.
    pub what: String,
    /// What to do.
    pub instead: String,
    /// The driver's words; none when nothing came at all.
    #[source]
    pub source: Option<Box<sqlx::Error>>,
}

/// Connects once and lets the connection go.
pub(crate) async fn check(options: &PgConnectOptions) -> Result<(), Unreachable> {
    let mut last = None;
    let trying = async {
        loop {
            match options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) if may_pass(&error) => last = Some(error),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    let error = match tokio::time::timeout(WITHIN, trying).await {
        Ok(Ok(connection)) => {
            // It has answered; how it takes the farewell says nothing.
            drop(connection.close().await);
            return Ok(());
        }
        Ok(Err(error)) => Some(error),
        Err(_elapsed) => last,
    };
    Err(in_words(options, error))
}

/// Whether a server that is being started answers so.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
        ),
        // cannot_connect_now
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

fn in_words(options: &PgConnectOptions, error: Option<sqlx::Error>) -> Unreachable {
    let (user, port) = (options.get_username(), options.get_port());
    let name = options.get_database().unwrap_or(user);
    let place = match options.get_socket() {
        Some(folder) => format!("{}, port {port}", folder.display()),
        None => format!("{}:{port}", options.get_host()),
    };
    let code = match &error {
        Some(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        _ => String::new(),
    };
    let started = "start it, or correct host and port in the database's address".to_owned();
    // The codes are those of PostgreSQL's appendix A.
    let (what, instead) = match (&error, code.as_str()) {
        (None, _) => ("does not answer within 5 s".to_owned(), started),
        (Some(sqlx::Error::Io(error)), _) if is_refused(error) => {
            ("refuses the connection".to_owned(), started)
        }
        (Some(sqlx::Error::Io(_)), _) => ("is not reached".to_owned(), started),
        (_, "28P01" | "28000") => (
            format!("does not let user {user:?} in"),
            "correct user and password in the database's address, or pg_hba.conf".to_owned(),
        ),
        (_, "3D000") => (
            format!("has no database {name:?}"),
            "make it with createdb, or correct the name in the database's address".to_owned(),
        ),
        (_, "57P03") => (
            "is not ready yet".to_owned(),
            "start this again later".to_owned(),
        ),
        (_, "53300") => (
            "has no connection left".to_owned(),
            "raise max_connections, or end other programs".to_owned(),
        ),
        _ => (
            "cannot be used".to_owned(),
            "see the cause, and the server's own log".to_owned(),
        ),
    };
    Unreachable {
        place,
        what,
        instead,
        source: error.map(Box::new),
    }
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}
