//! Fresh databases: SQLite files, and databases of a PostgreSQL server of our own.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};
use violation_api::store::Store;

const BIN_FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/14/bin",
];

/// Where fresh databases come from.
pub(crate) enum Databases {
    Sqlite {
        folder: tempfile::TempDir,
        n_made: AtomicU32,
    },
    Postgres {
        server: Postgres,
        n_made: AtomicU32,
    },
}

impl Databases {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite {
            folder: tempfile::tempdir().unwrap(),
            n_made: AtomicU32::new(0),
        }
    }

    /// Nothing, with a line that says so, where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        let server = Postgres::start()?;
        Some(Self::Postgres {
            server,
            n_made: AtomicU32::new(0),
        })
    }

    /// The URL of a database that is empty.
    pub(crate) fn fresh_url(&self) -> String {
        match self {
            Self::Sqlite { folder, n_made } => {
                let n = n_made.fetch_add(1, Ordering::Relaxed);
                format!("sqlite:{}", folder.path().join(format!("{n}.db")).display())
            }
            Self::Postgres { server, n_made } => {
                let name = format!("test_{}", n_made.fetch_add(1, Ordering::Relaxed));
                server.psql(&format!("create database {name}"));
                server.url(&name)
            }
        }
    }

    pub(crate) async fn fresh(&self) -> Store {
        Store::open(&self.fresh_url()).await.unwrap()
    }

    /// Changes rows behind the store's back.
    pub(crate) async fn meddle(url: &str, sql: &'static str) {
        if url.starts_with("sqlite:") {
            let pool = sqlx::SqlitePool::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
            pool.close().await;
        } else {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
}

/// A PostgreSQL server on a free loopback port; it ends with this value.
pub(crate) struct Postgres {
    bin: &'static str,
    folder: String,
    port: u16,
}

impl Postgres {
    fn start() -> Option<Self> {
        let bin = BIN_FOLDERS
            .into_iter()
            .find(|bin| Path::new(bin).join("initdb").is_file());
        let Some(bin) = bin else {
            println!("PostgreSQL is not installed: only SQLite is tested");
            return None;
        };
        let folder = shell("mktemp -d /tmp/gac-postgres.XXXXXX");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self { bin, folder, port };
        let Self { folder, .. } = &server;
        shell(&format!(
            "{bin}/initdb -D {folder}/data -U postgres -A trust --no-sync -E UTF8"
        ));
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} \
             -c fsync=off -c max_connections=60"
        );
        shell(&format!(
            "{bin}/pg_ctl -D {folder}/data -l {folder}/log -w -t 30 -o '{options}' start"
        ));
        Some(server)
    }

    fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    fn psql(&self, sql: &str) {
        let Self { bin, port, .. } = self;
        shell(&format!(
            "{bin}/psql -h 127.0.0.1 -p {port} -U postgres -q -c '{sql}'"
        ));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Self { bin, folder, .. } = self;
        shell(&format!(
            "{bin}/pg_ctl -D {folder}/data -m immediate -w stop && rm -rf {folder}"
        ));
    }
}

/// Runs a command line, as user postgres when we are root: the server refuses to run as root.
fn shell(line: &str) -> String {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if is_root {
        Command::new("su")
    } else {
        Command::new("sh")
    };
    if is_root {
        command.args(["postgres", "-s", "/bin/sh", "-c", line]);
    } else {
        command.args(["-c", line]);
    }
    // The server keeps what it inherits open: pipes would never end.
    let out_path = tempfile::NamedTempFile::new().unwrap();
    let out = out_path.reopen().unwrap();
    let status = command
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let said = std::fs::read_to_string(out_path.path()).unwrap();
    assert!(status.success(), "{line}: {said}");
    said.trim().to_owned()
}
