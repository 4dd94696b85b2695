//! The watch-list: people whom a site looks for, and alerts that few may see. Off by default.
//!
//! It has a key, files and templates of its own, apart from the gallery. Two people put somebody on
//! it, entries end by themselves, and two people must agree on an alert before it says who that is.
//! What everybody at the gate learns is that assistance is wanted, and where: no name, no reason,
//! no number. Whoever reads the list or the alerts is written down beside them.

mod record;

use crate::gallery::{
    Seal,
    index::Index,
    log::{LogError, News, SealedLog},
};
use domain::{CameraId, Embedding, PersonId, Timestamp};
use record::{AlertEvent, Events};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Most people on the list: it is for few.
const PEOPLE_MAX: usize = 1000;

/// An entry ends after so long at the latest; who is still looked for is put on the list anew.
const ENTRY_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// In so many frames within [`HITS_WITHIN`] a face must resemble an entry: one frame alone can be
/// chance. It is judgement.
const HITS_MIN: usize = 3;

/// See [`HITS_MIN`].
const HITS_WITHIN: Duration = Duration::from_secs(5);

/// The same person before the same camera is told once in so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

const LIST: &str = "gac-watch-list-v1";
const ALERTS: &str = "gac-watch-alerts-v1";

/// Somebody whom the site looks for. `Debug` says nothing of her.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Shown to those who may see alerts.
    pub name: String,
    /// Why, and on whose authority.
    pub reason: String,
    /// Who put the person on the list.
    pub added_by: String,
    /// When.
    pub added_at: Timestamp,
    /// When the entry ends.
    pub until: Timestamp,
    /// Who confirmed it: somebody else. Without it the entry is not looked for.
    pub confirmed_by: Option<String>,
    /// One to eight templates.
    pub templates: Vec<Embedding>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entry(<redacted>)")
    }
}

impl Entry {
    fn is_active(&self, now: Timestamp) -> bool {
        self.confirmed_by.is_some() && now < self.until
    }
}

/// What people say of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is the person.
    Confirm,
    /// It is somebody else.
    Dismiss,
}

/// How an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nobody has looked at it.
    Raised,
    /// One person says that it is she; a second one is needed.
    ConfirmedOnce,
    /// Two people say so.
    Confirmed,
    /// Somebody says that it is not: nothing follows from it.
    Dismissed,
}

/// A face that resembled somebody on the list. `Debug` does not say whom.
#[derive(Clone, PartialEq)]
pub struct Alert {
    /// Counted from 1.
    pub number: usize,
    /// When the face was seen.
    pub at: Timestamp,
    /// Where.
    pub camera: CameraId,
    /// Whom it resembled.
    pub entry: PersonId,
    /// How much.
    pub similarity: f32,
    /// Who answered what, in their order.
    pub answers: Vec<(String, Answer)>,
}

impl fmt::Debug for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alert({}, {:?})", self.number, self.state())
    }
}

impl Alert {
    /// How it stands. One who doubts is enough to dismiss it.
    pub fn state(&self) -> AlertState {
        let says = |answer| self.answers.iter().filter(move |(_, said)| *said == answer);
        match (says(Answer::Dismiss).count(), says(Answer::Confirm).count()) {
            (1.., _) => AlertState::Dismissed,
            (0, 0) => AlertState::Raised,
            (0, 1) => AlertState::ConfirmedOnce,
            (0, _) => AlertState::Confirmed,
        }
    }
}

/// Why the watch-list refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum WatchListError {
    /// A file cannot be read or written.
    #[error("watch-list file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not open with the watch-list's key, or was changed.
    #[error("watch-list file {path} does not open with its key, or was changed")]
    Sealed {
        /// Which file.
        path: PathBuf,
    },
    /// The templates are of another model.
    #[error("the watch-list was made with another model ({found}) than the one in use")]
    Model {
        /// The file's model.
        found: String,
    },
    /// The second person is the first one.
    #[error("a second person must confirm this, not the one who has done the first step")]
    SamePerson,
    /// No such entry or alert.
    #[error("there is no such entry or alert")]
    Unknown,
    /// No room, no template, or an end that is too far away.
    #[error(
        "an entry needs 1 to 8 templates and an end within 90 days, and the list has room for {PEOPLE_MAX}"
    )]
    Refused,
}

impl From<LogError> for WatchListError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::File { path, source } => Self::File { path, source },
            LogError::Sealed { path } => Self::Sealed { path },
        }
    }
}

/// When a face resembled an entry before a camera, newest last, and when that was told.
#[derive(Default)]
struct Seen {
    hits: VecDeque<Timestamp>,
    told_at: Option<Timestamp>,
}

struct State {
    list: SealedLog,
    alerts: SealedLog,
    entries: BTreeMap<PersonId, Entry>,
    index: Index,
    events: Events,
    seen: BTreeMap<(CameraId, PersonId), Seen>,
}

/// The people whom one site looks for.
pub struct WatchList {
    model: String,
    state: Mutex<State>,
}

impl WatchList {
    /// Opens the files of the folder, or begins empty ones. The seal's key must be no other
    /// file's.
    pub fn open(folder: &Path, model: &str, seal: Box<dyn Seal>) -> Result<Self, WatchListError> {
        let seal: Arc<dyn Seal> = Arc::from(seal);
        let state = State {
            list: SealedLog::new(&folder.join("list.sealed"), LIST, seal.clone()),
            alerts: SealedLog::new(&folder.join("alerts.sealed"), ALERTS, seal),
            entries: BTreeMap::new(),
            index: Index::default(),
            events: Events::default(),
            seen: BTreeMap::new(),
        };
        let list = Self {
            model: model.to_owned(),
            state: Mutex::new(state),
        };
        list.refresh()?;
        Ok(list)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what other programs wrote since.
    pub fn refresh(&self) -> Result<(), WatchListError> {
        self.state().refresh(&self.model)
    }

    /// Puts somebody on the list; looked for once somebody else has confirmed it.
    pub fn add(&self, id: PersonId, entry: Entry) -> Result<(), WatchListError> {
        let mut state = self.state();
        let _lock = state.list.lock()?;
        state.refresh(&self.model)?;
        let is_count = (1..=8).contains(&entry.templates.len());
        let is_end = entry.until.since(entry.added_at) <= ENTRY_MAX;
        if !is_count || !is_end || PEOPLE_MAX <= state.entries.len() {
            return Err(WatchListError::Refused);
        }
        let mut entries = state.entries.clone();
        entries.insert(
            id,
            Entry {
                confirmed_by: None,
                ..entry
            },
        );
        state.replace(&self.model, entries)
    }

    /// The second person's word on an entry.
    pub fn confirm(&self, id: PersonId, by: &str) -> Result<(), WatchListError> {
        let mut state = self.state();
        let _lock = state.list.lock()?;
        state.refresh(&self.model)?;
        let mut entries = state.entries.clone();
        let entry = entries.get_mut(&id).ok_or(WatchListError::Unknown)?;
        if is_same_person(&entry.added_by, by) {
            return Err(WatchListError::SamePerson);
        }
        entry.confirmed_by = Some(by.to_owned());
        state.replace(&self.model, entries)
    }

    /// Takes somebody off the list: the file is written anew without her. So are all whose entries
    /// have ended.
    pub fn remove(&self, id: PersonId, now: Timestamp) -> Result<(), WatchListError> {
        let mut state = self.state();
        let _lock = state.list.lock()?;
        state.refresh(&self.model)?;
        let mut entries = state.entries.clone();
        entries.remove(&id).ok_or(WatchListError::Unknown)?;
        entries.retain(|_, entry| now < entry.until);
        state.replace(&self.model, entries)
    }

    /// Looks at a face that is alive. True when assistance is wanted just now, which is all that
    /// the guard is told; the alert is written before.
    pub fn see(
        &self,
        (camera, at): (&CameraId, Timestamp),
        face: &Embedding,
        similarity_min: f32,
    ) -> Result<bool, WatchListError> {
        let mut state = self.state();
        let nearest = state.index.nearest(face.expose());
        let Some((entry, similarity)) = nearest.first().copied() else {
            return Ok(false);
        };
        let is_active = state.entries.get(&entry).is_some_and(|e| e.is_active(at));
        if !is_active || similarity < similarity_min {
            return Ok(false);
        }
        let seen = state.seen.entry((camera.clone(), entry)).or_default();
        seen.hits.push_back(at);
        seen.hits.retain(|hit| at.since(*hit) <= HITS_WITHIN);
        let is_told = seen
            .told_at
            .is_some_and(|told| at.since(told) < AGAIN_AFTER);
        if seen.hits.len() < HITS_MIN || is_told {
            return Ok(false);
        }
        seen.told_at = Some(at);
        let event = AlertEvent::Raised {
            at,
            camera: camera.clone(),
            entry,
            similarity,
        };
        state.write_down(event)?;
        Ok(true)
    }

    /// Everybody on the list; who reads it is written down first.
    pub fn read_list(
        &self,
        by: &str,
        at: Timestamp,
    ) -> Result<Vec<(PersonId, Entry)>, WatchListError> {
        let mut state = self.state();
        state.refresh(&self.model)?;
        state.write_down(AlertEvent::read("list", by, at))?;
        let all = state.entries.iter();
        Ok(all.map(|(id, entry)| (*id, entry.clone())).collect())
    }

    /// All alerts; who reads them is written down first.
    pub fn read_alerts(&self, by: &str, at: Timestamp) -> Result<Vec<Alert>, WatchListError> {
        let mut state = self.state();
        state.write_down(AlertEvent::read("alerts", by, at))?;
        Ok(state.events.alerts.clone())
    }

    /// Who has read the list or the alerts, and when.
    pub fn readers(&self) -> Vec<(String, String, Timestamp)> {
        self.state().events.readers.clone()
    }

    /// What somebody says of an alert. The same person cannot say it twice.
    pub fn answer(
        &self,
        number: usize,
        (by, answer): (&str, Answer),
        at: Timestamp,
    ) -> Result<AlertState, WatchListError> {
        let mut state = self.state();
        let _lock = state.alerts.lock()?;
        state.refresh_alerts()?;
        let at_index = number.checked_sub(1).ok_or(WatchListError::Unknown)?;
        let alert = state
            .events
            .alerts
            .get(at_index)
            .ok_or(WatchListError::Unknown)?;
        if alert.answers.iter().any(|(who, _)| is_same_person(who, by)) {
            return Err(WatchListError::SamePerson);
        }
        let by = by.to_owned();
        state.append(AlertEvent::Answered {
            number,
            by,
            answer,
            at,
        })?;
        Ok(state.events.alerts[at_index].state())
    }
}

fn is_same_person(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

impl State {
    fn refresh(&mut self, model: &str) -> Result<(), WatchListError> {
        if let News::Anew(records) | News::Appended(records) = self.list.read()? {
            let sealed = || WatchListError::Sealed {
                path: self.list.path().to_owned(),
            };
            let mut records = records.into_iter();
            if let Some(preamble) = records.next() {
                let found = record::model_of(&preamble).ok_or_else(sealed)?;
                if found != model {
                    return Err(WatchListError::Model { found });
                }
            }
            let entries: Option<_> = records.map(|one| record::read(&one)).collect();
            self.take(entries.ok_or_else(sealed)?);
        }
        self.refresh_alerts()
    }

    fn refresh_alerts(&mut self) -> Result<(), WatchListError> {
        let records = match self.alerts.read()? {
            News::None => return Ok(()),
            News::Appended(records) => records,
            News::Anew(records) => {
                self.events = Events::default();
                records
            }
        };
        for one in records {
            let event = record::read_event(&one).ok_or_else(|| WatchListError::Sealed {
                path: self.alerts.path().to_owned(),
            })?;
            self.events.add(event);
        }
        Ok(())
    }

    fn take(&mut self, entries: BTreeMap<PersonId, Entry>) {
        let mut index = Index::default();
        for (id, entry) in &entries {
            index.push(*id, entry.templates.iter().map(Embedding::expose));
        }
        self.index = index;
        self.entries = entries;
    }

    fn replace(
        &mut self,
        model: &str,
        entries: BTreeMap<PersonId, Entry>,
    ) -> Result<(), WatchListError> {
        let records = entries.iter().map(|(id, entry)| record::write(*id, entry));
        let all = std::iter::once(record::preamble(model)).chain(records);
        self.list.rewrite(all)?;
        self.take(entries);
        Ok(())
    }

    /// Adds an event to the alerts' file, after what others have added.
    fn write_down(&mut self, event: AlertEvent) -> Result<(), WatchListError> {
        let _lock = self.alerts.lock()?;
        self.refresh_alerts()?;
        self.append(event)
    }

    fn append(&mut self, event: AlertEvent) -> Result<(), WatchListError> {
        self.alerts.append(&record::write_event(&event))?;
        self.events.add(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
