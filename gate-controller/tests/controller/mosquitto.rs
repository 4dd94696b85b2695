//! A Mosquitto of the test's own, where it is installed.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::Instant;

const PROGRAM: &str = "/usr/sbin/mosquitto";

pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// On a free port of loopback; none, with a line that says so, where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("skipped: mosquitto is not installed");
            return None;
        }
        for _try in 0..10 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = listener.local_addr().expect("its address").port();
            drop(listener);
            let folder = tempfile::tempdir().expect("a folder");
            // As root it would change to a user who cannot read the test's files. A flood must not
            // be cut off by the broker: it is the barrier that is tested.
            let config = format!(
                "user root\nlistener {port} 127.0.0.1\npersistence false\nallow_anonymous true\n\
                 max_queued_messages 0\n"
            );
            let file = folder.path().join("config");
            std::fs::write(&file, config).expect("it can be written");
            let child = Command::new(PROGRAM)
                .arg("-c")
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts");
            let mut mosquitto = Self {
                port,
                child,
                _folder: folder,
            };
            if mosquitto.is_up().await {
                return Some(mosquitto);
            }
        }
        panic!("mosquitto does not start");
    }

    /// False when it has ended, as when somebody took its port.
    async fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if self.child.try_wait().expect("it is ours").is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
