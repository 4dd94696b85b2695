//! What a barrier has obeyed, on disk: one that forgot it with its power would open twice for one
//! command.
//!
//! **Invariant:** a command is in the file, synced, before the boom moves for it. A command that
//! was written and then never carried out is answered as a duplicate: the boom moves at most once.

use super::admission::OBEYED_MAX;
use domain::{CommandId, GateCommand, Timestamp};
use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a command is remembered after it has expired, for a clock that is set back.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(3600);

/// The file is written anew with what still counts when it is longer than this.
const LINES_MAX: usize = 4 * OBEYED_MAX;

/// Why a barrier's memory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Reading or writing failed.
    #[error("cannot use the barrier's memory {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another program is the same barrier.
    #[error("the barrier's memory {path} is in use by another program")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line that this program did not write.
    #[error(
        "the barrier's memory {path} is damaged at line {line}; put the file aside once no open \
         command is under way"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Obeyed {
    command: CommandId,
    expires_at: Timestamp,
}

/// The file, open for this program alone. The calls block.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    file: File,
    /// Held as long as the barrier runs; the file itself is replaced now and then.
    _lock: File,
    obeyed: VecDeque<Obeyed>,
    n_lines: usize,
}

impl Memory {
    /// Opens the file, or makes it and its folders; what a kill left of a last line is cut off.
    pub(crate) fn open(path: &Path, now: Timestamp) -> Result<Self, MemoryError> {
        let failed = |source| MemoryError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(folder_of(path)).map_err(failed)?;
        let lock = File::create(path.with_extension("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(MemoryError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut obeyed = parse(&text).map_err(|line| MemoryError::Damaged {
            path: path.to_owned(),
            line,
        })?;
        keep_what_counts(&mut obeyed, now);
        let file = write_anew(path, &obeyed).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            _lock: lock,
            n_lines: obeyed.len(),
            obeyed,
        })
    }

    /// The commands that are remembered, oldest first.
    pub(crate) fn commands(&self) -> impl Iterator<Item = CommandId> {
        self.obeyed.iter().map(|obeyed| obeyed.command)
    }

    /// Writes the command down and syncs. After an error the command must not be obeyed.
    pub(crate) fn keep(
        &mut self,
        command: &GateCommand,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        let obeyed = Obeyed {
            command: command.id,
            expires_at: command.expires_at,
        };
        self.write(obeyed, now).map_err(|source| MemoryError::Io {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&mut self, obeyed: Obeyed, now: Timestamp) -> io::Result<()> {
        if self.n_lines < LINES_MAX {
            // After a write that failed half-way the file must be written anew before anything is
            // added to it.
            let n_lines = std::mem::replace(&mut self.n_lines, LINES_MAX);
            self.file.write_all(line(obeyed).as_bytes())?;
            self.file.sync_data()?;
            self.obeyed.push_back(obeyed);
            keep_what_counts(&mut self.obeyed, now);
            self.n_lines = n_lines + 1;
            return Ok(());
        }
        let mut all = self.obeyed.clone();
        all.push_back(obeyed);
        keep_what_counts(&mut all, now);
        self.file = write_anew(&self.path, &all)?;
        (self.n_lines, self.obeyed) = (all.len(), all);
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

fn line(obeyed: Obeyed) -> String {
    format!("{} {}\n", obeyed.command, obeyed.expires_at.as_micros())
}

/// All whole lines; the number of a line that is none of ours.
fn parse(text: &str) -> Result<VecDeque<Obeyed>, usize> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let read = |line: &str| {
        let (command, expires_at) = line.split_once(' ')?;
        Some(Obeyed {
            command: command.parse().ok()?,
            expires_at: Timestamp::from_micros(expires_at.parse().ok()?),
        })
    };
    let lines = whole.lines().enumerate();
    lines.map(|(n, line)| read(line).ok_or(n + 1)).collect()
}

fn keep_what_counts(obeyed: &mut VecDeque<Obeyed>, now: Timestamp) {
    obeyed.retain(|obeyed| now <= obeyed.expires_at.saturating_add(KEPT_AFTER_EXPIRY));
    while OBEYED_MAX < obeyed.len() {
        obeyed.pop_front();
    }
}

/// Writes beside and renames, so that a kill leaves the old file or the new one.
fn write_anew(path: &Path, obeyed: &VecDeque<Obeyed>) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut text = String::new();
    for obeyed in obeyed {
        write!(text, "{}", line(*obeyed)).map_err(io::Error::other)?;
    }
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder_of(path))?.sync_all()?;
    OpenOptions::new().append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CommandKind, PassageId, VerdictId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + second * 1000)
    }

    fn command(id: u128, issued_s: i64) -> GateCommand {
        GateCommand {
            id: CommandId(id),
            gate: "gate-1".parse().unwrap(),
            kind: CommandKind::Open,
            cause: domain::CommandCause::Verdict {
                verdict: VerdictId(1),
                passage: PassageId(1),
            },
            nonce: None,
            issued_at: at(issued_s),
            expires_at: at(issued_s + 3),
        }
    }

    fn ids(memory: &Memory) -> Vec<u128> {
        memory.commands().map(|command| command.0).collect()
    }

    #[test]
    fn what_was_kept_is_there_again_until_long_after_it_has_expired() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/barrier.obeyed");
        let mut memory = Memory::open(&path, at(0)).unwrap();
        memory.keep(&command(1, 0), at(0)).unwrap();
        memory.keep(&command(2, 2000), at(2000)).unwrap();
        let second = Memory::open(&path, at(2000)).unwrap_err();
        assert!(matches!(second, MemoryError::InUse { .. }), "{second}");
        drop(memory);
        assert_eq!(ids(&Memory::open(&path, at(2001)).unwrap()), [1, 2]);
        assert_eq!(ids(&Memory::open(&path, at(3604)).unwrap()), [2]);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1, "what no longer counts is gone");
    }

    #[test]
    fn a_torn_line_is_cut_off_and_a_damaged_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("barrier.obeyed");
        let whole = line(Obeyed {
            command: CommandId(7),
            expires_at: at(3),
        });
        fs::write(&path, format!("{whole}{}", &whole[..20])).unwrap();
        let mut memory = Memory::open(&path, at(0)).unwrap();
        assert_eq!(ids(&memory), [7]);
        memory.keep(&command(8, 0), at(0)).unwrap();
        drop(memory);
        assert_eq!(ids(&Memory::open(&path, at(0)).unwrap()), [7, 8]);
        fs::write(&path, format!("{whole}open\n{whole}")).unwrap();
        let error = Memory::open(&path, at(0)).unwrap_err();
        assert!(error.to_string().contains("damaged at line 2"), "{error}");
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("barrier.obeyed");
        let mut memory = Memory::open(&path, at(0)).unwrap();
        for n in 0..LINES_MAX as u128 + 3 {
            memory.keep(&command(n, 0), at(0)).unwrap();
        }
        let n_lines = fs::read_to_string(&path).unwrap().lines().count();
        assert_eq!(n_lines, OBEYED_MAX + 2);
        let newest = LINES_MAX as u128 + 2;
        assert_eq!(ids(&memory).last(), Some(&newest));
        drop(memory);
        assert_eq!(ids(&Memory::open(&path, at(0)).unwrap()).len(), OBEYED_MAX);
    }
}
