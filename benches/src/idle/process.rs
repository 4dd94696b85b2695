//! Parts of a benchmark that run in processes of their own.

use anyhow::{Context as _, Result, bail};
use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Names the part of a benchmark that a process of its own plays.
pub(super) const PART: &str = "--part";

/// Ticks in which `/proc` counts CPU time: `USER_HZ` is 100 on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// A part of this benchmark; it ends with this handle.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(part: &str, path: &Path, stdout: Stdio) -> Result<Self> {
        let child = Command::new(env::current_exe()?)
            .args([PART, part])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .with_context(|| format!("starting the {part}"))?;
        Ok(Self(child))
    }

    /// The port that a camera says it listens on.
    pub(crate) fn says_port(&mut self) -> Result<u16> {
        use std::io::Read as _;
        let mut said = [0; 2];
        let Some(stdout) = self.0.stdout.as_mut() else {
            bail!("the camera has no voice");
        };
        stdout
            .read_exact(&mut said)
            .context("the camera is silent")?;
        Ok(u16::from_le_bytes(said))
    }

    /// CPU seconds of all threads, those that have ended too: fields 14 and 15 of proc(5).
    pub(super) fn cpu_s(&self) -> Result<f64> {
        let file = format!("/proc/{}/stat", self.0.id());
        let text = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        let fields = text.rsplit_once(')').map(|(_name, rest)| rest);
        let ticks: Vec<f64> = fields
            .unwrap_or_default()
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        match ticks[..] {
            [user, system] => Ok((user + system) / TICKS_PER_S),
            _ => bail!("{file} does not say its CPU time: it has ended"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
