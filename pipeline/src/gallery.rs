//! Enrolled people: consent and face templates, sealed on disk.
//!
//! Nobody is in it without a recorded consent (PDPL 91/2025/QH15; NĐ356/2025 art. 4: a template is
//! sensitive data). Templates of other people are compared in memory and dropped; they have no way
//! into this file.

use domain::{Embedding, FaceMatch, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

/// Most people in a gallery; more need an index (a later release).
const PEOPLE_MAX: usize = 10_000;

/// Most templates of one person.
const TEMPLATES_MAX: usize = 8;

/// What the person agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// When.
    pub given_at: Timestamp,
    /// Which text was shown, for example `staff-door-2026-01`.
    pub notice: String,
    /// Who recorded it.
    pub recorded_by: String,
}

/// One enrolled person. `Debug` says neither the name nor the templates.
#[derive(Clone, PartialEq)]
pub struct Enrolled {
    /// Shown to the guard.
    pub name: String,
    /// What the person agreed to.
    pub consent: Consent,
    /// One to eight templates.
    pub templates: Vec<Embedding>,
}

impl fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Enrolled({} templates, <redacted>)",
            self.templates.len()
        )
    }
}

/// Why the gallery refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// No template, or too many.
    #[error("an enrolment needs 1 to {TEMPLATES_MAX} face templates, not {n_templates}")]
    Templates {
        /// How many there were.
        n_templates: usize,
    },
    /// The gallery has no room.
    #[error("the gallery already has {PEOPLE_MAX} people")]
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
const CONTEXT: &[u8] = b"gac-gallery-v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    v: u32,
    model: String,
    people: Vec<PersonShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonShape {
    person_id: String,
    name: String,
    given_at_micros: i64,
    notice: String,
    recorded_by: String,
    templates: Vec<Vec<f32>>,
}

type People = BTreeMap<PersonId, Enrolled>;

/// The people of one site, shared between the workers that match and the shell that enrols.
pub struct Gallery {
    path: PathBuf,
    model: String,
    seal: Box<dyn Seal>,
    people: RwLock<Arc<People>>,
}

impl Gallery {
    /// Opens the file, or begins an empty gallery when there is none.
    pub fn open(path: &Path, model: &str, seal: Box<dyn Seal>) -> Result<Self, GalleryError> {
        let people = match fs::read(path) {
            Ok(sealed) => read(path, model, seal.as_ref(), &sealed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => People::new(),
            Err(source) => {
                return Err(GalleryError::File {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            model: model.to_owned(),
            seal,
            people: RwLock::new(Arc::new(people)),
        })
    }

    fn people(&self) -> Arc<People> {
        self.people
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many people are enrolled.
    pub fn n_people(&self) -> usize {
        self.people().len()
    }

    /// The name of an enrolled person, for the guard's screen.
    pub fn name(&self, person: PersonId) -> Option<String> {
        self.people()
            .get(&person)
            .map(|enrolled| enrolled.name.clone())
    }

    /// The nearest enrolled people, at most three, best first; equal similarity in the order of
    /// their ids.
    pub fn nearest(&self, face: &Embedding, similarity_min: f32) -> Vec<FaceMatch> {
        let people = self.people();
        let mut matches: Vec<FaceMatch> = people
            .iter()
            .filter_map(|(person, enrolled)| {
                let best = enrolled
                    .templates
                    .iter()
                    .map(|template| template.similarity(face));
                let similarity = best.max_by(f32::total_cmp)?;
                Some(FaceMatch {
                    person: *person,
                    similarity,
                    similarity_min,
                })
            })
            .collect();
        matches.sort_by(|a, b| {
            b.similarity
                .total_cmp(&a.similarity)
                .then_with(|| a.person.cmp(&b.person))
        });
        matches.truncate(3);
        matches
    }

    /// Enrols a person, or replaces the person's templates. Durable when it returns.
    pub fn enrol(&self, person: PersonId, enrolled: Enrolled) -> Result<(), GalleryError> {
        let n_templates = enrolled.templates.len();
        if !(1..=TEMPLATES_MAX).contains(&n_templates) {
            return Err(GalleryError::Templates { n_templates });
        }
        let mut people = People::clone(&self.people());
        people.insert(person, enrolled);
        if PEOPLE_MAX < people.len() {
            return Err(GalleryError::Full);
        }
        self.replace(people)
    }

    /// Forgets a person, templates and consent record alike. Returns whether the person was
    /// enrolled.
    pub fn withdraw(&self, person: PersonId) -> Result<bool, GalleryError> {
        let mut people = People::clone(&self.people());
        let was_enrolled = people.remove(&person).is_some();
        self.replace(people)?;
        Ok(was_enrolled)
    }

    /// Writes beside, syncs, renames: a crash leaves the old file or the new one.
    fn replace(&self, people: People) -> Result<(), GalleryError> {
        let sealed = self.seal.seal(CONTEXT, &write(&self.model, &people));
        let fault = |source| GalleryError::File {
            path: self.path.clone(),
            source,
        };
        let temporary = self.path.with_extension("new");
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(fault)?;
        }
        let mut file = fs::File::create(&temporary).map_err(fault)?;
        io::Write::write_all(&mut file, &sealed).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        fs::rename(&temporary, &self.path).map_err(fault)?;
        if let Some(folder) = self.path.parent() {
            let folder = fs::File::open(folder).map_err(fault)?;
            folder.sync_all().map_err(fault)?;
        }
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(people);
        Ok(())
    }
}

fn write(model: &str, people: &People) -> Vec<u8> {
    let person = |(person, enrolled): (&PersonId, &Enrolled)| PersonShape {
        person_id: person.to_string(),
        name: enrolled.name.clone(),
        given_at_micros: enrolled.consent.given_at.as_micros(),
        notice: enrolled.consent.notice.clone(),
        recorded_by: enrolled.consent.recorded_by.clone(),
        templates: enrolled
            .templates
            .iter()
            .map(|t| t.expose().to_vec())
            .collect(),
    };
    let shape = FileShape {
        v: 1,
        model: model.to_owned(),
        people: people.iter().map(person).collect(),
    };
    serde_json::to_vec(&shape).expect("a template's numbers are finite")
}

fn read(path: &Path, model: &str, seal: &dyn Seal, bytes: &[u8]) -> Result<People, GalleryError> {
    let sealed = || GalleryError::Sealed {
        path: path.to_owned(),
    };
    let plain = seal.open(CONTEXT, bytes).ok_or_else(sealed)?;
    let shape: FileShape = serde_json::from_slice(&plain).map_err(|_shape| sealed())?;
    if shape.model != model {
        return Err(GalleryError::Model {
            path: path.to_owned(),
            found: shape.model,
            wanted: model.to_owned(),
        });
    }
    let mut people = People::new();
    for person in shape.people {
        let id: PersonId = person.person_id.parse().map_err(|_id| sealed())?;
        let templates = person
            .templates
            .iter()
            .filter_map(|t| Embedding::normalised(t))
            .collect();
        let consent = Consent {
            given_at: Timestamp::from_micros(person.given_at_micros),
            notice: person.notice,
            recorded_by: person.recorded_by,
        };
        people.insert(
            id,
            Enrolled {
                name: person.name,
                consent,
                templates,
            },
        );
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a cipher: the real one is tested in `service`. This one shows that the gallery goes
    /// through it.
    struct Inverting(u8);
    impl Seal for Inverting {
        fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
            let tag = [self.0, context.len() as u8];
            tag.into_iter().chain(plain.iter().map(|b| !b)).collect()
        }
        fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
            let rest = sealed.strip_prefix(&[self.0, context.len() as u8])?;
            Some(rest.iter().map(|b| !b).collect())
        }
    }

    fn open(path: &Path, key: u8, model: &str) -> Result<Gallery, GalleryError> {
        Gallery::open(path, model, Box::new(Inverting(key)))
    }

    fn enrolled(vector: &[f32]) -> Enrolled {
        let consent = Consent {
            given_at: Timestamp::from_millis(5),
            notice: "staff-door-2026-01".to_owned(),
            recorded_by: "front desk".to_owned(),
        };
        let templates = vec![Embedding::normalised(vector).unwrap()];
        Enrolled {
            name: "Nguyễn Thị Mẫu".to_owned(),
            consent,
            templates,
        }
    }

    #[test]
    fn an_enrolment_lasts_and_a_withdrawal_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people/gallery.sealed");
        let gallery = open(&path, 7, "m").unwrap();
        gallery.enrol(PersonId(1), enrolled(&[1.0, 0.0])).unwrap();
        gallery.enrol(PersonId(2), enrolled(&[0.0, 1.0])).unwrap();
        let again = open(&path, 7, "m").unwrap();
        let face = Embedding::normalised(&[0.9, 0.1]).unwrap();
        let nearest = again.nearest(&face, 0.5);
        assert_eq!(
            nearest.iter().map(|m| m.person.0).collect::<Vec<_>>(),
            [1, 2]
        );
        assert!(nearest[0].is_same() && !nearest[1].is_same());
        assert_eq!(again.name(PersonId(1)).as_deref(), Some("Nguyễn Thị Mẫu"));
        assert!(again.withdraw(PersonId(1)).unwrap() && again.withdraw(PersonId(2)).unwrap());
        assert_eq!(open(&path, 7, "m").unwrap().n_people(), 0);
    }

    #[test]
    fn another_key_and_another_model_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gallery.sealed");
        open(&path, 7, "m")
            .unwrap()
            .enrol(PersonId(1), enrolled(&[1.0]))
            .unwrap();
        assert!(matches!(
            open(&path, 8, "m"),
            Err(GalleryError::Sealed { .. })
        ));
        assert!(matches!(
            open(&path, 7, "n"),
            Err(GalleryError::Model { .. })
        ));
    }

    #[test]
    fn nobody_is_enrolled_without_a_template() {
        let folder = tempfile::tempdir().unwrap();
        let gallery = open(&folder.path().join("g"), 7, "m").unwrap();
        let mut nobody = enrolled(&[1.0]);
        nobody.templates.clear();
        assert!(matches!(
            gallery.enrol(PersonId(1), nobody),
            Err(GalleryError::Templates { n_templates: 0 })
        ));
        assert_eq!(
            format!("{:?}", enrolled(&[1.0])),
            "Enrolled(1 templates, <redacted>)"
        );
    }
}
