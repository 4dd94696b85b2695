//! Reading a journal, strictly.

use super::{JournalError, JournalRead, TornTail};
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};
use wire::{JournalRecord, WireError};

/// Reads a whole journal; strict but for a torn last line.
pub fn read(path: &Path) -> Result<JournalRead, JournalError> {
    let mut reader = JournalReader::open(path)?;
    let records = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok(JournalRead {
        records,
        truncated_tail: reader.truncated_tail(),
    })
}

/// Reads a journal record by record, so that one of any size can be replayed.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    lines: BufReader<File>,
    next_seq: u64,
    at_byte: u64,
    torn: Option<TornTail>,
    is_done: bool,
}

impl JournalReader {
    /// Opens it for reading, also while it is written.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|source| JournalError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            lines: BufReader::new(file),
            next_seq: 0,
            at_byte: 0,
            torn: None,
            is_done: false,
        })
    }

    /// What stands after the last whole line, once all have been read.
    pub fn truncated_tail(&self) -> Option<TornTail> {
        self.torn
    }

    fn read_record(&mut self) -> Result<Option<JournalRecord>, JournalError> {
        let failed = |source| JournalError::Io {
            path: self.path.clone(),
            source,
        };
        let mut line = Vec::new();
        let n_read = self.lines.read_until(b'\n', &mut line).map_err(failed)?;
        let n_bytes = u64::try_from(n_read).expect("a length fits");
        if line.pop() != Some(b'\n') {
            let torn = TornTail {
                at_byte: self.at_byte,
                n_bytes,
            };
            self.torn = (n_read != 0).then_some(torn);
            return Ok(None);
        }
        let record = decode(&line).map_err(|source| JournalError::Damaged {
            path: self.path.clone(),
            line: self.next_seq + 1,
            source,
        })?;
        if record.seq != self.next_seq {
            let (path, expected, found) = (self.path.clone(), self.next_seq, record.seq);
            return Err(JournalError::Sequence {
                path,
                expected,
                found,
            });
        }
        self.at_byte += n_bytes;
        self.next_seq += 1;
        Ok(Some(record))
    }
}

impl Iterator for JournalReader {
    type Item = Result<JournalRecord, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = self.read_record().transpose();
        self.is_done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reads one line.
pub(super) fn decode(line: &[u8]) -> Result<JournalRecord, WireError> {
    let text = std::str::from_utf8(line).map_err(|_invalid| WireError::Malformed {
        reason: "is not UTF-8".to_owned(),
    })?;
    JournalRecord::decode(text)
}
