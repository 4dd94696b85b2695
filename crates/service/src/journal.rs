//! The append-only journal of a core: what it was told and what it answered, one JSON text a line.
//!
//! A record counts once [`Journal::append`] has returned: it is written in one piece and synced.
//! What a crash leaves of a last line is cut off at the next opening; any other damage is an error.
//! The calls block, a sync takes milliseconds: async callers own a thread for it or use
//! `spawn_blocking`.

mod reader;

pub use reader::{JournalReader, read};

use reader::decode;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};
use wire::{JournalRecord, PAYLOAD_BYTES_MAX, WireError};

/// A journal that is open for writing, by this program alone.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    next_seq: u64,
    torn: Option<TornTail>,
    /// Set when an append failed: the file's end is unknown until it is opened anew.
    is_broken: bool,
}

/// What a crash left of a last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where it starts.
    pub at_byte: u64,
    /// How long it is.
    pub n_bytes: u64,
}

/// A whole journal.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRead {
    /// All records.
    pub records: Vec<JournalRecord>,
    /// What stands after the last whole line.
    pub truncated_tail: Option<TornTail>,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("cannot use journal {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another program writes it.
    #[error("journal {path} is in use by another program")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line that is no record.
    #[error("journal {path} is damaged at line {line}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
        /// Why.
        #[source]
        source: WireError,
    },
    /// Records that do not follow each other.
    #[error("journal {path} has record {found} where {expected} should be")]
    Sequence {
        /// The file.
        path: PathBuf,
        /// The number that should be there.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// A record that could not be read back.
    #[error("a record of {n_bytes} bytes is too long for journal {path}")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        n_bytes: usize,
    },
}

impl Journal {
    /// Opens the journal at its end, or makes it and its folders; cuts off a torn last line.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let is_new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if is_new {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        let end = find_end(&mut file).map_err(failed)?;
        let next_seq = match &end.last_line {
            Some(line) => {
                decode(line)
                    .map_err(|source| last_damaged(path, source))?
                    .seq
                    + 1
            }
            None => 0,
        };
        if let Some(torn) = end.torn {
            file.set_len(torn.at_byte)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            next_seq,
            torn: end.torn,
            is_broken: false,
        })
    }

    /// The number of the next record.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// What was cut off when it was opened.
    pub fn truncated_tail(&self) -> Option<TornTail> {
        self.torn
    }

    /// Writes the records in one piece and syncs them. They must be numbered from
    /// [`Self::next_seq`].
    ///
    /// Nothing is written when a record is wrong. After an I/O error the journal takes no more:
    /// open it anew.
    pub fn append(&mut self, records: &[JournalRecord]) -> Result<(), JournalError> {
        if self.is_broken {
            let source = io::Error::other("an earlier write failed: open the journal anew");
            return Err(JournalError::Io {
                path: self.path.clone(),
                source,
            });
        }
        let mut text = String::new();
        for (record, expected) in records.iter().zip(self.next_seq..) {
            if record.seq != expected {
                let (path, found) = (self.path.clone(), record.seq);
                return Err(JournalError::Sequence {
                    path,
                    expected,
                    found,
                });
            }
            let line = record.encode();
            if PAYLOAD_BYTES_MAX < line.len() {
                return Err(JournalError::TooLong {
                    path: self.path.clone(),
                    n_bytes: line.len(),
                });
            }
            text.push_str(&line);
            text.push('\n');
        }
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        written.map_err(|source| {
            self.is_broken = true;
            JournalError::Io {
                path: self.path.clone(),
                source,
            }
        })?;
        self.next_seq += u64::try_from(records.len()).expect("a slice is shorter than 2^64");
        Ok(())
    }
}

struct End {
    last_line: Option<Vec<u8>>,
    torn: Option<TornTail>,
}

/// Finds the last whole line and what stands after it, from behind.
fn find_end(file: &mut File) -> io::Result<End> {
    let len = file.metadata()?.len();
    let mut start = len;
    let mut tail = Vec::new();
    loop {
        let mut newlines = tail
            .iter()
            .enumerate()
            .rev()
            .filter(|(_at, byte)| **byte == b'\n');
        let last = newlines.next().map(|(at, _byte)| at);
        let before_last = newlines.next().map(|(at, _byte)| at);
        let is_enough = start == 0 || before_last.is_some();
        if is_enough {
            let after_last = last.map_or(0, |at| at + 1);
            let n_torn = u64::try_from(tail.len() - after_last).expect("a length fits");
            let torn = TornTail {
                at_byte: len - n_torn,
                n_bytes: n_torn,
            };
            let line_start = before_last.map_or(0, |at| at + 1);
            return Ok(End {
                last_line: last.map(|last| tail[line_start..last].to_vec()),
                torn: (n_torn != 0).then_some(torn),
            });
        }
        // Doubles what is looked at, so that a long line costs no more than twice its length.
        let n_more = start.min(
            u64::try_from(tail.len())
                .expect("a length fits")
                .max(65_536),
        );
        start -= n_more;
        let mut longer = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(n_more).read_to_end(&mut longer)?;
        longer.append(&mut tail);
        tail = longer;
    }
}

fn last_damaged(path: &Path, source: WireError) -> JournalError {
    let lines = File::open(path).map(|file| BufReader::new(file).split(b'\n').count());
    let line = u64::try_from(lines.unwrap_or(0)).unwrap_or(0);
    JournalError::Damaged {
        path: path.to_owned(),
        line,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use wire::JournalEntry;

    fn record(seq: u64) -> JournalRecord {
        let at = Timestamp::from_millis(1000 + i64::try_from(seq).unwrap());
        let start = JournalEntry::Start {
            program: "gate-1".to_owned(),
            config_sha256: "00".to_owned(),
            seed: 7,
            settings: "{\"a\":\"một\"}".to_owned(),
        };
        JournalRecord {
            seq,
            at,
            entry: if seq == 0 { start } else { JournalEntry::Tick },
        }
    }

    fn with_three() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/gate-1.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.append(&[record(0), record(1)]).unwrap();
        journal.append(&[]).unwrap();
        journal.append(&[record(2)]).unwrap();
        (folder, path)
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let (_folder, path) = with_three();
        let all = read(&path).unwrap();
        assert_eq!(all.records, [record(0), record(1), record(2)]);
        assert_eq!(all.truncated_tail, None);
        let journal = Journal::open(&path).unwrap();
        assert_eq!((journal.next_seq(), journal.truncated_tail()), (3, None));
    }

    #[test]
    fn a_last_line_torn_at_any_byte_is_cut_off_and_writing_goes_on() {
        let (_folder, path) = with_three();
        let whole = std::fs::read(&path).unwrap();
        let last_at = whole[..whole.len() - 1]
            .iter()
            .rposition(|b| *b == b'\n')
            .unwrap()
            + 1;
        for cut in last_at..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let n_bytes = u64::try_from(cut - last_at).unwrap();
            let torn = TornTail {
                at_byte: u64::try_from(last_at).unwrap(),
                n_bytes,
            };
            let torn = (n_bytes != 0).then_some(torn);
            let seen = read(&path).unwrap();
            assert_eq!(
                (seen.records.len(), seen.truncated_tail),
                (2, torn),
                "cut at {cut}"
            );
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(
                (journal.next_seq(), journal.truncated_tail()),
                (2, torn),
                "cut at {cut}"
            );
            journal.append(&[record(2)]).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_first_line_torn_leaves_an_empty_journal() {
        let (_folder, path) = with_three();
        std::fs::write(&path, b"{\"v\":1,").unwrap();
        assert_eq!(Journal::open(&path).unwrap().next_seq(), 0);
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn damage_anywhere_else_is_an_error() {
        let (_folder, path) = with_three();
        let whole = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let write = |lines: &[&str]| std::fs::write(&path, lines.join("\n") + "\n").unwrap();

        write(&[lines[0], &lines[1][1..], lines[2]]);
        assert!(matches!(
            read(&path),
            Err(JournalError::Damaged { line: 2, .. })
        ));
        write(&[lines[0], lines[2]]);
        let gap = read(&path);
        assert!(matches!(
            gap,
            Err(JournalError::Sequence {
                expected: 1,
                found: 2,
                ..
            })
        ));
        write(&[lines[0], lines[1], "\0\0\0"]);
        assert!(matches!(
            read(&path),
            Err(JournalError::Damaged { line: 3, .. })
        ));
        assert!(matches!(
            Journal::open(&path),
            Err(JournalError::Damaged { line: 3, .. })
        ));
        write(&[lines[0], lines[1], &lines[2].replace("\"v\":1", "\"v\":2")]);
        let newer = Journal::open(&path).unwrap_err();
        assert!(matches!(
            newer,
            JournalError::Damaged {
                source: WireError::Version { .. },
                ..
            }
        ));
    }

    #[test]
    fn a_wrong_record_changes_nothing() {
        let (_folder, path) = with_three();
        let before = std::fs::read(&path).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        let skipping = journal.append(&[record(3), record(5)]);
        assert!(matches!(
            skipping,
            Err(JournalError::Sequence {
                expected: 4,
                found: 5,
                ..
            })
        ));
        let mut long = record(0);
        long.seq = 3;
        if let JournalEntry::Start { settings, .. } = &mut long.entry {
            *settings = "x".repeat(PAYLOAD_BYTES_MAX);
        }
        assert!(matches!(
            journal.append(&[long]),
            Err(JournalError::TooLong { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        journal.append(&[record(3)]).unwrap();
    }

    #[test]
    fn only_one_program_writes() {
        let (_folder, path) = with_three();
        let first = Journal::open(&path).unwrap();
        assert!(matches!(
            Journal::open(&path),
            Err(JournalError::InUse { .. })
        ));
        assert_eq!(read(&path).unwrap().records.len(), 3);
        drop(first);
        Journal::open(&path).unwrap();
    }

    #[test]
    fn a_line_longer_than_the_look_back_is_found_whole() {
        let (_folder, path) = with_three();
        let mut journal = Journal::open(&path).unwrap();
        let mut long = record(0);
        long.seq = 3;
        if let JournalEntry::Start { settings, .. } = &mut long.entry {
            *settings = "x".repeat(200_000);
        }
        journal.append(&[long]).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().next_seq(), 4);
    }
}
