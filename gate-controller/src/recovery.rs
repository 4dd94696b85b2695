//! From what an earlier run left to a core that goes on without doing anything twice.

use crate::{
    core::{Answer, Core, CoreError, Start},
    replay::{self, ReplayError},
    settings::CARRIED_MAX,
};
use domain::{SightingId, Timestamp};
use service::journal::{Journal, JournalError, TornTail};
use std::{
    collections::{BTreeSet, VecDeque},
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};
use wire::{JournalEntry, JournalRecord, Message};

/// What was found at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Records of the journal that was there.
    pub n_records: u64,
    /// Answers that a crash had kept out of the journal and that were written now.
    pub n_completed: u64,
    /// Commands that may not have reached the device, have not expired, and were sent again with
    /// the same id.
    pub n_commands_again: u64,
    /// What a crash had left of a last line; it was cut off.
    pub truncated_tail: Option<TornTail>,
    /// Where a journal was put that was damaged, of another version, or long enough.
    pub set_aside: Option<PathBuf>,
    /// Why it was set aside, in one line.
    pub set_aside_because: Option<String>,
}

/// Why a gate cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The configuration.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The old journal cannot be moved out of the way.
    #[error("cannot set the journal {path} aside")]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A core at its start.
pub(crate) struct Recovered {
    pub(crate) core: Core,
    pub(crate) journal: Journal,
    /// To be said again, because nobody knows whether it was: receivers know these ids.
    pub(crate) newest: Vec<Answer>,
    /// The newest movements of the journal.
    pub(crate) movements: Vec<Answer>,
    pub(crate) report: RecoveryReport,
}

/// Opens the journal, brings back the core that it describes, and writes the start into it.
///
/// A journal that this program does not confirm is set aside: a gate that does not start helps
/// nobody, and what it has handled is taken over. One that is only long is set aside when nobody
/// is at the gate and nobody was let in just now; otherwise it goes on, and the running gate
/// follows it with a new one later.
pub(crate) fn recover(
    path: &Path,
    n_bytes_max: u64,
    at: Timestamp,
    start: Start,
) -> Result<Recovered, RecoveryError> {
    let mut report = RecoveryReport::default();
    let (mut found, because) = look(path, n_bytes_max, at, &mut report)?;
    let movements = found
        .as_mut()
        .map(|(folded, _journal)| std::mem::take(&mut folded.movements));
    let movements = movements.unwrap_or_default();
    let (core, mut journal, records, newest) = match found {
        Some((folded, journal)) if because.is_none() => {
            let mut core = folded.core;
            let step = core.restart(at, &start)?;
            (
                core,
                journal,
                [folded.unwritten, step.records].concat(),
                folded.newest,
            )
        }
        found => {
            // Its lock goes with it.
            let newest = found
                .map(|(folded, _journal)| folded.newest)
                .unwrap_or_default();
            let mut start = start;
            if let Some(because) = because {
                start.settings.handled = sightings_of(path);
                report.set_aside = Some(set_aside(path, at)?);
                report.set_aside_because = Some(because);
            }
            let journal = Journal::open(path)?;
            let (core, step) = Core::new(at, &start)?;
            (core, journal, step.records, newest)
        }
    };
    report.n_completed = u64::try_from(records.len() - 1).unwrap_or(0);
    journal.append(&records)?;
    debug_assert_eq!(core.next_seq(), journal.next_seq());
    Ok(Recovered {
        core,
        journal,
        newest,
        movements,
        report,
    })
}

/// Puts a long journal aside and begins a new one, while the gate runs and nobody is at it.
pub(crate) fn rotate(
    path: &Path,
    at: Timestamp,
    start: &Start,
) -> Result<(Core, Journal), RecoveryError> {
    set_aside(path, at)?;
    let mut journal = Journal::open(path)?;
    let (core, step) = Core::new(at, start)?;
    journal.append(&step.records)?;
    Ok((core, journal))
}

type Found = Option<(crate::core::Folded, Journal)>;

/// What the journal holds, and why it may not go on, if so.
fn look(
    path: &Path,
    n_bytes_max: u64,
    at: Timestamp,
    report: &mut RecoveryReport,
) -> Result<(Found, Option<String>), RecoveryError> {
    if !path.exists() {
        return Ok((None, None));
    }
    let journal = match Journal::open(path) {
        Ok(journal) => journal,
        Err(error @ (JournalError::Damaged { .. } | JournalError::Sequence { .. })) => {
            return Ok((None, Some(chain(&error))));
        }
        Err(error) => return Err(error.into()),
    };
    report.truncated_tail = journal.truncated_tail();
    report.n_records = journal.next_seq();
    match replay::read(path) {
        Ok((_report, None)) => Ok((None, None)),
        Ok((_report, Some(folded))) => {
            let n_bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
            // A new core would not know whom this one has let in, and let the same one in again.
            let may_end = n_bytes_max < n_bytes && folded.core.machine().is_idle(at);
            let because = may_end.then(|| format!("it has {n_bytes} bytes"));
            Ok((Some((folded, journal)), because))
        }
        Err(ReplayError::Journal(error @ JournalError::Io { .. })) => Err(error.into()),
        Err(error) => Ok((None, Some(chain(&error)))),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn set_aside(path: &Path, at: Timestamp) -> Result<PathBuf, RecoveryError> {
    let failed = |source| RecoveryError::SetAside {
        path: path.to_owned(),
        source,
    };
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("journal");
    // A second one in the same microsecond may not replace the first.
    let names = (0_u32..).map(|n| format!("{stem}.until-{}-{n}.jsonl", at.as_micros()));
    let mut targets = names.map(|name| path.with_file_name(name));
    let target = targets
        .find(|target| !target.exists())
        .expect("there is a free name");
    fs::rename(path, &target).map_err(failed)?;
    Ok(target)
}

/// The newest sightings in a journal that may be damaged anywhere, oldest first.
fn sightings_of(path: &Path) -> Vec<SightingId> {
    let Ok(file) = File::open(path) else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut order = VecDeque::new();
    for line in BufReader::new(file).split(b'\n') {
        let Ok(line) = line else { break };
        let record = std::str::from_utf8(&line)
            .ok()
            .and_then(|l| JournalRecord::decode(l).ok());
        if let Some(JournalEntry::Input(Message::Sighting(sighting))) = record.map(|r| r.entry)
            && seen.insert(sighting.id)
        {
            order.push_back(sighting.id);
        }
        while CARRIED_MAX < order.len() {
            if let Some(oldest) = order.pop_front() {
                seen.remove(&oldest);
            }
        }
    }
    order.into()
}

#[cfg(test)]
mod tests;
