//! Enrolled people: consent and face templates, sealed on disk.
//!
//! Nobody is in it without a recorded consent (PDPL 91/2025/QH15; NĐ356/2025 art. 4: a template is
//! sensitive data). Templates of other people are compared in memory and dropped; they have no way
//! into this file.

pub(crate) mod index;
pub(crate) mod log;
mod person;
pub(crate) mod record;
mod traces;

pub use person::{Consent, Correction, Enrolled, Summary};
pub use traces::{Looked, Traces};

use domain::{Embedding, FaceMatch, PersonId};
use index::{Index, NUMBERS_MAX};
use log::{LogError, News, SealedLog};
use person::{Person, agreement};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

/// Most people in a gallery.
const PEOPLE_MAX: usize = 100_000;

/// Most templates in a gallery: twice what a search has been measured with.
const TEMPLATES_ALL_MAX: usize = 200_000;

/// Most templates of one person.
const TEMPLATES_MAX: usize = 8;

/// Corrections of one person that are remembered: the most similar ones.
const CORRECTIONS_MAX: usize = 16;

/// Why the gallery refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// No template, too many, or of another length than those that are there.
    #[error(
        "an enrolment needs 1 to {TEMPLATES_MAX} face templates of one model, not {n_templates}"
    )]
    Templates {
        /// How many there were.
        n_templates: usize,
    },
    /// The gallery has no room.
    #[error(
        "the gallery is full: it has room for {PEOPLE_MAX} people and {TEMPLATES_ALL_MAX} templates"
    )]
    Full,
    /// The file cannot be read or written.
    #[error("gallery file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file does not open with this key, or was changed.
    #[error("gallery file {path} does not open with the site's key, or was changed")]
    Sealed {
        /// Which file.
        path: PathBuf,
    },
    /// The file was made with another embedding model: its people must enrol again.
    #[error("gallery file {path} was made with model {found}, and {wanted} is in use")]
    Model {
        /// Which file.
        path: PathBuf,
        /// The file's model.
        found: String,
        /// The model in use.
        wanted: String,
    },
}

/// Seals and opens the file; the key stays outside the gallery.
pub trait Seal: Send + Sync {
    /// Encrypts and authenticates.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8>;
    /// Decrypts; `None` when the key is another or a byte was changed.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Binds the ciphertext to its use.
const PURPOSE: &str = "gac-gallery-v2";

/// The people in memory.
#[derive(Clone, Default)]
struct People {
    known: BTreeMap<PersonId, Person>,
    index: Index,
}

impl People {
    fn insert(&mut self, id: PersonId, person: Person, templates: &[Embedding]) {
        if self.known.contains_key(&id) {
            self.index.remove(id);
        }
        self.index.push(id, templates.iter().map(Embedding::expose));
        self.known.insert(id, person);
    }

    fn summary(&self, id: PersonId) -> Option<Summary> {
        let person = self.known.get(&id)?;
        let templates = self.index.templates_of(id);
        Some(Summary {
            person: id,
            name: person.name.clone(),
            consent: person.consent.clone(),
            n_templates: templates.len(),
            n_corrections: person.corrections.len(),
            similarity_floor: person.similarity_floor(),
            agreement: agreement(&templates),
        })
    }

    /// Every record, the preamble first, without one person.
    fn records<'a>(
        &'a self,
        model: &str,
        without: Option<PersonId>,
    ) -> impl Iterator<Item = Vec<u8>> + 'a {
        let people = self.index.everybody().into_iter();
        let people = people.filter_map(move |(id, templates)| {
            let person = self.known.get(&id).filter(|_| Some(id) != without)?;
            Some(record::write(id, person, &templates))
        });
        std::iter::once(record::preamble(model)).chain(people)
    }
}

/// The people of one site, shared between the workers that match and the shell that enrols.
///
/// Several programs may have the same file open: each writes under a lock, after it has read what
/// the others wrote, and [`Gallery::refresh`] brings what they wrote since.
pub struct Gallery {
    model: String,
    log: Mutex<SealedLog>,
    people: RwLock<People>,
}

impl Gallery {
    /// Opens the file, or begins an empty gallery when there is none.
    pub fn open(path: &Path, model: &str, seal: Box<dyn Seal>) -> Result<Self, GalleryError> {
        let gallery = Self {
            model: model.to_owned(),
            log: Mutex::new(SealedLog::new(path, PURPOSE, Arc::from(seal))),
            people: RwLock::default(),
        };
        gallery.refresh()?;
        Ok(gallery)
    }

    /// Opens the file with whatever model its templates were made.
    pub fn open_as_it_is(path: &Path, seal: Box<dyn Seal>) -> Result<Self, GalleryError> {
        let seal: Arc<dyn Seal> = Arc::from(seal);
        let mut log = SealedLog::new(path, PURPOSE, seal.clone());
        let model = match log.read()? {
            News::Anew(records) => records.first().and_then(|first| record::model_of(first)),
            News::None | News::Appended(_) => None,
        };
        let gallery = Self {
            model: model.unwrap_or_default(),
            log: Mutex::new(SealedLog::new(path, PURPOSE, seal)),
            people: RwLock::default(),
        };
        gallery.refresh()?;
        Ok(gallery)
    }

    /// Reads what other programs wrote since; says whether there was anything. Without news it
    /// costs a question for the file's times.
    pub fn refresh(&self) -> Result<bool, GalleryError> {
        self.refresh_log(&mut self.log())
    }

    fn refresh_log(&self, log: &mut SealedLog) -> Result<bool, GalleryError> {
        let (mut people, records) = match log.read()? {
            News::None => return Ok(false),
            News::Appended(records) => (None, records),
            News::Anew(records) => (Some(People::default()), records),
        };
        let sealed = || GalleryError::Sealed {
            path: log.path().to_owned(),
        };
        let mut records = records.into_iter();
        if people.is_some()
            && let Some(preamble) = records.next()
        {
            let found = record::model_of(&preamble).ok_or_else(sealed)?;
            if found != self.model {
                return Err(GalleryError::Model {
                    path: log.path().to_owned(),
                    found,
                    wanted: self.model.clone(),
                });
            }
        }
        let came: Option<Vec<_>> = records.map(|one| record::read(&one)).collect();
        let came = came.ok_or_else(sealed)?;
        // Whoever searches waits only for the exchange.
        if let Some(anew) = &mut people {
            for (id, person, templates) in &came {
                anew.insert(*id, person.clone(), templates);
            }
        }
        let mut shared = self.people.write().unwrap_or_else(PoisonError::into_inner);
        match people {
            Some(anew) => *shared = anew,
            None => {
                for (id, person, templates) in came {
                    shared.insert(id, person, &templates);
                }
            }
        }
        Ok(true)
    }

    fn log(&self) -> MutexGuard<'_, SealedLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> RwLockReadGuard<'_, People> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many people are enrolled.
    pub fn n_people(&self) -> usize {
        self.people().known.len()
    }

    /// How many templates they have.
    pub fn n_templates(&self) -> usize {
        self.people().index.len()
    }

    /// The name of an enrolled person, for the guard's screen.
    pub fn name(&self, person: PersonId) -> Option<String> {
        let people = self.people();
        people.known.get(&person).map(|known| known.name.clone())
    }

    /// What is known of an enrolled person.
    pub fn summary(&self, person: PersonId) -> Option<Summary> {
        self.people().summary(person)
    }

    /// Everybody, in the order of their ids.
    pub fn everybody(&self) -> Vec<Summary> {
        let people = self.people();
        let all = people.known.keys();
        all.filter_map(|id| people.summary(*id)).collect()
    }

    /// What a person's templates would look like in files, to look for them after a withdrawal.
    pub fn traces_of(&self, person: PersonId) -> Traces {
        let people = self.people();
        let templates = people.index.templates_of(person);
        let templates = templates.into_iter().filter_map(Embedding::normalised);
        Traces::of(&templates.collect::<Vec<_>>())
    }

    /// The nearest enrolled people, at most three, best first; equal similarity in the order of
    /// their ids. What counts as a person is `similarity_min`, and more after a correction.
    pub fn nearest(&self, face: &Embedding, similarity_min: f32) -> Vec<FaceMatch> {
        let people = self.people();
        let nearest = people.index.nearest(face.expose()).into_iter();
        nearest
            .map(|(person, similarity)| {
                let known = people.known.get(&person);
                let floor = known.and_then(Person::similarity_floor);
                FaceMatch {
                    person,
                    similarity,
                    similarity_min: floor.map_or(similarity_min, |f| f.max(similarity_min)),
                }
            })
            .collect()
    }

    /// Enrols a person, or replaces the person's templates; corrections of the old ones are
    /// forgotten. Durable when it returns.
    pub fn enrol(&self, person: PersonId, enrolled: Enrolled) -> Result<(), GalleryError> {
        self.enrol_all(vec![(person, enrolled)])
    }

    /// As [`Self::enrol`] for many people: all of them or none.
    pub fn enrol_all(&self, all: Vec<(PersonId, Enrolled)>) -> Result<(), GalleryError> {
        let mut log = self.log();
        let _lock = log.lock()?;
        self.refresh_log(&mut log)?;
        let (n_people, n_templates, has_known) = {
            let people = self.people();
            let mut n_numbers = people.index.n_numbers();
            for (_, enrolled) in &all {
                fits(&enrolled.templates, &mut n_numbers)?;
            }
            let has_known = all.iter().any(|(id, _)| people.known.contains_key(id));
            (people.known.len(), people.index.len(), has_known)
        };
        let n_new: usize = all.iter().map(|(_, one)| one.templates.len()).sum();
        if PEOPLE_MAX < n_people + all.len() || TEMPLATES_ALL_MAX < n_templates + n_new {
            return Err(GalleryError::Full);
        }
        let people = all.into_iter().map(|(id, enrolled)| {
            let person = Person {
                name: enrolled.name,
                consent: enrolled.consent,
                corrections: Vec::new(),
            };
            (id, person, enrolled.templates)
        });
        let mut people: Vec<(PersonId, Person, Vec<Embedding>)> = people.collect();
        if let ([(id, person, templates)], false, 1..) = (&mut people[..], has_known, n_people) {
            let numbers: Vec<&[f32]> = templates.iter().map(Embedding::expose).collect();
            log.append(&record::write(*id, person, &numbers))?;
            let mut shared = self.people.write().unwrap_or_else(PoisonError::into_inner);
            shared.insert(*id, person.clone(), templates);
            return Ok(());
        }
        let mut next = self.people().clone();
        for (id, person, templates) in people {
            next.insert(id, person, &templates);
        }
        self.replace(&mut log, next)
    }

    /// Forgets a person, templates and consent record alike: the file is written anew without them.
    /// Returns what was forgotten; `None` when the person was not enrolled.
    pub fn withdraw(&self, person: PersonId) -> Result<Option<Summary>, GalleryError> {
        let mut log = self.log();
        let _lock = log.lock()?;
        self.refresh_log(&mut log)?;
        let Some(forgotten) = self.summary(person) else {
            return Ok(None);
        };
        log.rewrite(self.people().records(&self.model, Some(person)))?;
        let mut shared = self.people.write().unwrap_or_else(PoisonError::into_inner);
        shared.index.remove(person);
        shared.known.remove(&person);
        Ok(Some(forgotten))
    }

    /// Remembers that somebody was wrongly taken for this person, so that the same does not happen
    /// again: from now on a face must be more similar to hers than that one was, by a margin.
    ///
    /// Of the other one nothing is kept but that number: a template would be of somebody who has
    /// agreed to nothing.
    pub fn correct(
        &self,
        person: PersonId,
        correction: Correction,
    ) -> Result<Option<Summary>, GalleryError> {
        let mut log = self.log();
        let _lock = log.lock()?;
        self.refresh_log(&mut log)?;
        let mut next = self.people().clone();
        let Some(known) = next.known.get_mut(&person) else {
            return Ok(None);
        };
        known.corrections.push(correction);
        known
            .corrections
            .sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        known.corrections.truncate(CORRECTIONS_MAX);
        let summary = next.summary(person);
        self.replace(&mut log, next)?;
        Ok(summary)
    }

    fn replace(&self, log: &mut SealedLog, people: People) -> Result<(), GalleryError> {
        log.rewrite(people.records(&self.model, None))?;
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = people;
        Ok(())
    }
}

/// Whether these can be one person's templates beside those of `n_numbers` that are there.
fn fits(templates: &[Embedding], n_numbers: &mut usize) -> Result<(), GalleryError> {
    let lengths = || templates.iter().map(|template| template.expose().len());
    if *n_numbers == 0 {
        *n_numbers = lengths().next().unwrap_or(0).min(NUMBERS_MAX);
    }
    let n_templates = templates.len();
    let is_count = (1..=TEMPLATES_MAX).contains(&n_templates);
    if is_count && lengths().all(|length| length == *n_numbers) {
        return Ok(());
    }
    Err(GalleryError::Templates { n_templates })
}

impl From<LogError> for GalleryError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::File { path, source } => Self::File { path, source },
            LogError::Sealed { path } => Self::Sealed { path },
        }
    }
}

#[cfg(test)]
mod tests;
