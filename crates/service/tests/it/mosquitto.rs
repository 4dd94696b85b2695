//! A Mosquitto of the test's own, where it is installed.

use crate::support::until;
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = "/usr/sbin/mosquitto";

pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

impl Mosquitto {
    /// On a free port of loopback; none, with a line that says so, where it is not installed.
    pub(crate) async fn start(config: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("skipped: mosquitto is not installed");
            return None;
        }
        for _try in 0..10 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let folder = tempfile::tempdir().unwrap();
            // As root it would change to a user who cannot read the test's files.
            let whole =
                format!("user root\nlistener {port} 127.0.0.1\npersistence false\n{config}");
            std::fs::write(folder.path().join("config"), whole).unwrap();
            let child = spawn(folder.path());
            let mut mosquitto = Self {
                port,
                child,
                folder,
            };
            if mosquitto.is_up().await {
                return Some(mosquitto);
            }
        }
        panic!("mosquitto does not start");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn restart(&mut self) -> bool {
        self.child = spawn(self.folder.path());
        self.is_up().await
    }

    /// False when it has ended, as when somebody took its port.
    async fn is_up(&mut self) -> bool {
        let mut has_ended = false;
        let (port, child) = (self.port, &mut self.child);
        until("mosquitto is up or has ended", async || {
            has_ended = child.try_wait().unwrap().is_some();
            has_ended || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
        .await;
        !has_ended
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(PROGRAM)
        .arg("-c")
        .arg(folder.join("config"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Writes a user into a password file; false where the program for that is missing.
pub(crate) fn add_user(file: &Path, user: &str, password: &str) -> bool {
    let mut command = Command::new("mosquitto_passwd");
    command
        .args(["-c", "-b"])
        .arg(file)
        .args([user, password])
        .stderr(Stdio::null());
    match command.status() {
        Ok(status) => status.success(),
        Err(_missing) => {
            println!("skipped: mosquitto_passwd is not installed");
            false
        }
    }
}
