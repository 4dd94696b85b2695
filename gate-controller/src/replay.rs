//! Replay: a journal's inputs through the core of this program, compared with its outputs byte by
//! byte.

use crate::core::{CoreError, Fault, Fold, Folded};
use domain::{Verdict, VerdictId};
use policy::Explanation;
use service::journal::{JournalError, TornTail};
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};
use wire::{JournalEntry, JournalRecord, Message, WireError};

/// What a replay has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// How often the program had started.
    pub n_starts: u64,
    /// Inputs, lists and ticks.
    pub n_inputs: u64,
    /// Outputs, all of which were the same.
    pub n_outputs: u64,
    /// Of these, verdicts.
    pub n_verdicts: u64,
    /// Of these, commands.
    pub n_commands: u64,
    /// Outputs of the last input that a crash kept out of the journal; the next start writes them.
    pub n_unwritten: u64,
    /// What a crash left of a last line.
    pub truncated_tail: Option<TornTail>,
}

/// Why a journal is not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read, or a line is no record.
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    /// The first record is no start.
    #[error("{path}:{line}: a journal begins with a start record")]
    NoStart {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
    },
    /// A record of a kind that no gate writes.
    #[error("{path}:{line}: this record is not of a gate's journal")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
    },
    /// The core answers something else than was recorded.
    #[error("{path}:{line}: replay gives another answer than was recorded")]
    Differs {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
        /// The line, which holds no plate and no name.
        recorded: String,
        /// What the core answers here; nothing when it has no more to say.
        produced: Option<String>,
    },
    /// The core does not take a record.
    #[error("{path}:{line}: the core does not take this record")]
    Core {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
        /// Why.
        #[source]
        source: CoreError,
    },
}

/// Runs the journal's inputs through the core again and compares every output.
///
/// What a crash left of a last line is reported and otherwise left out.
pub fn replay(path: &Path) -> Result<ReplayReport, ReplayError> {
    read(path).map(|(report, _folded)| report)
}

/// A verdict as it was recorded, and why it came out so.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The verdict.
    pub verdict: Verdict,
    /// What stood between it and a grant; nothing when a person gave it, or the guard's silence.
    pub explanation: Option<Explanation>,
}

/// Decides a journal again up to a verdict, and asks the policy why it came out as it did.
///
/// Nothing when the verdict is not in the journal.
pub fn explain_verdict(path: &Path, wanted: VerdictId) -> Result<Option<Explained>, ReplayError> {
    let mut fold = Fold::explaining();
    let (mut found, mut n_lines) = (None, 0_u64);
    let mut fault = None;
    lines_of(path, |record, text| {
        let is_wanted = |verdict: &Verdict| verdict.id == wanted;
        if let JournalEntry::Output(Message::Verdict(verdict)) = &record.entry
            && is_wanted(verdict)
        {
            found = Some(verdict.clone());
        }
        if let Err(wrong) = fold.take(record, text) {
            fault = Some(error_of(path, n_lines, text, wrong));
        }
        n_lines += 1;
        found.is_none() && fault.is_none()
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    Ok(found.map(|verdict| Explained {
        explanation: fold.explanation_of(wanted),
        verdict,
    }))
}

/// Every record of a journal in order.
pub(crate) fn records(path: &Path, mut take: impl FnMut(JournalRecord)) -> Result<(), ReplayError> {
    lines_of(path, |record, _text| {
        take(record);
        true
    })?;
    Ok(())
}

/// Every whole line of a journal in order, until `take` has enough; gives what a crash left of a
/// last line.
fn lines_of(
    path: &Path,
    mut take: impl FnMut(JournalRecord, &str) -> bool,
) -> Result<Option<TornTail>, ReplayError> {
    let failed = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let mut lines = BufReader::new(File::open(path).map_err(failed)?);
    let (mut n_lines, mut at_byte) = (0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n_read = lines.read_until(b'\n', &mut line).map_err(failed)?;
        let n_bytes = u64::try_from(n_read).expect("a length fits");
        if line.pop() != Some(b'\n') {
            return Ok((n_read != 0).then_some(TornTail { at_byte, n_bytes }));
        }
        let (record, text) = decode(path, n_lines, &line)?;
        n_lines += 1;
        at_byte += n_bytes;
        if !take(record, text) {
            return Ok(None);
        }
    }
}

/// The same, and the core as it is at the end; none for a journal without a record.
pub(crate) fn read(path: &Path) -> Result<(ReplayReport, Option<Folded>), ReplayError> {
    let mut fold = Fold::default();
    let (mut n_lines, mut fault) = (0_u64, None);
    let truncated_tail = lines_of(path, |record, text| {
        n_lines += 1;
        let taken = fold.take(record, text);
        fault = taken
            .err()
            .map(|wrong| error_of(path, n_lines, text, wrong));
        fault.is_none()
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let folded = fold
        .finish()
        .map_err(|fault| error_of(path, n_lines, "", fault))?;
    let n_unwritten = folded.as_ref().map_or(0, |folded| folded.unwritten.len());
    let report = ReplayReport {
        n_starts: fold.n_starts,
        n_inputs: fold.n_inputs,
        n_outputs: fold.n_outputs,
        n_verdicts: fold.n_verdicts,
        n_commands: fold.n_commands,
        n_unwritten: u64::try_from(n_unwritten).expect("a length fits"),
        truncated_tail,
    };
    Ok((report, folded))
}

fn decode<'a>(
    path: &Path,
    expected: u64,
    line: &'a [u8],
) -> Result<(JournalRecord, &'a str), JournalError> {
    let damaged = |source| JournalError::Damaged {
        path: path.to_owned(),
        line: expected + 1,
        source,
    };
    let text = std::str::from_utf8(line).map_err(|_invalid| {
        damaged(WireError::Malformed {
            reason: "is not UTF-8".to_owned(),
        })
    })?;
    let record = JournalRecord::decode(text).map_err(damaged)?;
    if record.seq != expected {
        let (path, found) = (path.to_owned(), record.seq);
        return Err(JournalError::Sequence {
            path,
            expected,
            found,
        });
    }
    Ok((record, text))
}

fn error_of(path: &Path, line: u64, text: &str, fault: Fault) -> ReplayError {
    let path = path.to_owned();
    match fault {
        Fault::NoStart => ReplayError::NoStart { path, line },
        Fault::Foreign => ReplayError::Foreign { path, line },
        Fault::Differs { produced } => {
            // An input may hold a plate, and so may a movement; other outputs are shown.
            let shown = |text: String| {
                let is_output = text.contains("\"entry\":{\"output\":");
                if is_output && !text.contains("\"kind\":\"movement\"") {
                    text
                } else {
                    "(an input or a movement)".to_owned()
                }
            };
            let (recorded, produced) = (shown(text.to_owned()), produced.map(shown));
            ReplayError::Differs {
                path,
                line,
                recorded,
                produced,
            }
        }
        Fault::Core(source) => ReplayError::Core { path, line, source },
    }
}
