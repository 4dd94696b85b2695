//! Servers of a test's own, where they are installed: Mosquitto and PostgreSQL.

use crate::program::{free_port, until};
use std::{
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const POSTGRES_FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/local/pgsql/bin",
];

pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// On a free port of loopback; none, with a line that says so, where it is not installed.
    pub(crate) async fn start(config: &str) -> Option<Self> {
        if !Path::new(MOSQUITTO).exists() {
            println!("skipped: mosquitto is not installed");
            return None;
        }
        Some(Self::start_on(free_port(), config).await)
    }

    /// On this port, as after an earlier one there has died.
    pub(crate) async fn start_on(port: u16, config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As root it would change to a user who cannot read the test's files.
        let whole = format!("user root\nlistener {port} 127.0.0.1\npersistence false\n{config}");
        let file = folder.path().join("config");
        std::fs::write(&file, whole).unwrap();
        let mut command = Command::new(MOSQUITTO);
        command
            .arg("-c")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let mosquitto = Self {
            port,
            child,
            _folder: folder,
        };
        let connect = async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
        until("mosquitto is up", connect).await;
        mosquitto
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Writes a user into a password file; false where the program for that is missing.
pub(crate) fn add_mosquitto_user(file: &Path, user: &str, password: &str) -> bool {
    let mut command = Command::new("mosquitto_passwd");
    command
        .args(["-c", "-b"])
        .arg(file)
        .args([user, password])
        .stderr(Stdio::null());
    let is_done = command.status().is_ok_and(|status| status.success());
    if !is_done {
        println!("skipped: mosquitto_passwd is not installed");
    }
    is_done
}

/// A PostgreSQL server on a free loopback port; it ends with this value.
pub(crate) struct Postgres {
    bin: &'static str,
    folder: String,
    port: u16,
}

impl Postgres {
    /// None, with a line that says so, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let has_initdb = |bin: &&str| Path::new(bin).join("initdb").is_file();
        let Some(bin) = POSTGRES_FOLDERS.into_iter().find(has_initdb) else {
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let folder = shell("mktemp -d /tmp/gac-postgres.XXXXXX");
        let port = free_port();
        let server = Self { bin, folder, port };
        let folder = &server.folder;
        shell(&format!(
            "{bin}/initdb -D {folder}/data -U postgres -A trust --no-sync -E UTF8"
        ));
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        );
        let log = format!("-l {folder}/log -w -t 30");
        shell(&format!(
            "{bin}/pg_ctl -D {folder}/data {log} -o '{options}' start"
        ));
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
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
        command.args(["postgres", "-s", "/bin/sh"]);
    }
    // The server keeps what it inherits open: a pipe would never end.
    let output = tempfile::NamedTempFile::new().unwrap();
    command
        .args(["-c", line])
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let status = command.stdout(output.reopen().unwrap()).status().unwrap();
    let said = std::fs::read_to_string(output.path()).unwrap();
    assert!(status.success(), "{line}: {said}");
    said.trim().to_owned()
}
