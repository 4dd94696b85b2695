//! A running `gac`, what it says, and waiting for it.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

/// Loading models takes seconds on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until it is so; then gives what was found.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "never so: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A port of loopback that nobody has just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Runs `gac` to its end. It finds models and libraries from the checkout.
pub(crate) fn gac(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gac"));
    command
        .args(arguments)
        .current_dir(crate::site::checkout())
        .stdin(Stdio::null());
    command.output().unwrap()
}

/// What a command printed on standard output and error, as lines.
pub(crate) fn lines_of(output: &Output) -> Vec<String> {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// A `gac` that runs.
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts `gac COMMAND site.toml` in the folder.
    pub(crate) fn start(command: &str, folder: &Path) -> Self {
        Self::start_with(&[command], folder)
    }

    /// The same with options before the site file.
    pub(crate) fn start_with(arguments: &[&str], folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gac"))
            .args(arguments)
            .arg(folder.join("site.toml"))
            .current_dir(crate::site::checkout())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let stdout = read_lines(child.stdout.take().unwrap(), &lines);
        let stderr = read_lines(child.stderr.take().unwrap(), &lines);
        Self {
            child,
            lines,
            readers: vec![stdout, stderr],
        }
    }

    /// Everything that it has said so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The first line that has all these words.
    pub(crate) fn line_with(&self, words: &[&str]) -> Option<String> {
        self.lines()
            .into_iter()
            .find(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Waits until it says a line with all these words.
    pub(crate) async fn says(&mut self, words: &[&str]) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let has_ended = self.child.try_wait().unwrap().is_some();
            if has_ended {
                self.read_to_the_end();
            }
            if let Some(line) = self.line_with(words) {
                return line;
            }
            let is_too_late = deadline < tokio::time::Instant::now();
            assert!(
                !has_ended && !is_too_late,
                "no line has {words:?}: {:#?}",
                self.lines()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Where its console is.
    pub(crate) async fn address(&mut self) -> String {
        let line = self.says(&["console: http://"]).await;
        line.split_once("http://").unwrap().1.trim().to_owned()
    }

    /// SIGKILL: nothing is written, nobody is told.
    pub(crate) fn kill_nine(mut self) -> Vec<String> {
        assert_eq!(
            self.child.try_wait().unwrap(),
            None,
            "ended early: {:#?}",
            self.lines()
        );
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.read_to_the_end();
        self.lines()
    }

    /// Stops it where it stands.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Asks it to end, and waits; its exit code and its last words.
    pub(crate) async fn end(mut self) -> (Option<i32>, Vec<String>) {
        self.signal("TERM");
        let code = self.ended().await;
        (code, self.lines())
    }

    /// Waits until it has ended by itself; its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let is_too_late = deadline < tokio::time::Instant::now();
            assert!(!is_too_late, "it does not end: {:#?}", self.lines());
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        self.read_to_the_end();
        status.code()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let done = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(done.success(), "kill -{name} {pid}");
    }

    fn read_to_the_end(&mut self) {
        self.readers
            .drain(..)
            .for_each(|reader| reader.join().unwrap());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read_lines(pipe: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    })
}

/// The JSON that a page of the API is; nothing while the server is away or refuses.
pub(crate) fn get_json(address: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200")
        .then(|| serde_json::from_str(body).unwrap())
}

/// A camera as the API shows it.
pub(crate) fn camera(address: &str, id: &str) -> Option<Value> {
    let all = get_json(address, "/api/v1/cameras")?;
    all["cameras"]
        .as_array()?
        .iter()
        .find(|camera| camera["camera"] == id)
        .cloned()
}
