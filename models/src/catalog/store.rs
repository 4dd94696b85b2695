//! The folder with the verified models.

use super::{Candidate, Catalog, Model, Source, Task, weights::WEIGHTS};
use crate::ModelError;
use sha2::{Digest as _, Sha256};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// A folder with one ONNX file for each installed model, named after its id, and the weights that
/// are built into the program.
///
/// Nothing is believed because it lies there: every read hashes what it reads.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    catalog: Catalog,
    /// Weights in memory by their path in the repository.
    weights: BTreeMap<String, Cow<'static, [u8]>>,
}

/// What a check of one model's file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The file is the one that the catalogue names.
    Good,
    /// There is no file.
    Absent,
    /// Another file, or one that cannot be read: why, on one line.
    Wrong(String),
}

/// What a check of one model found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyOutcome {
    /// The model's id.
    pub model: String,
    /// Its file.
    pub path: PathBuf,
    /// What the check found.
    pub check: Check,
}

impl Store {
    /// A store in this folder. The folder need not exist yet.
    pub fn new(dir: &Path, catalog: Catalog) -> Self {
        let built_in = WEIGHTS.iter();
        Self {
            dir: dir.to_owned(),
            catalog,
            weights: built_in
                .map(|(path, bytes)| ((*path).to_owned(), Cow::Borrowed(*bytes)))
                .collect(),
        }
    }

    /// The same with these weights in memory, for models whose source is this path in the
    /// repository: to try weights that no file of the store has yet.
    pub fn with_weights(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.weights.insert(path.to_owned(), Cow::Owned(bytes));
        self
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The catalogue that says what may lie in it.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Where a model's file is, or would be.
    pub fn path(&self, model: &Model) -> PathBuf {
        self.dir.join(format!("{}.onnx", model.id))
    }

    /// The best candidate of a task with all its files there; they are not hashed here.
    pub fn installed(&self, task: Task) -> Option<&Candidate> {
        self.catalog.candidates(task).find(|candidate| {
            let models = self.catalog.models_of(candidate);
            models.iter().all(|model| self.has(model))
        })
    }

    /// Whether a model is in memory or its file is there; a file is not hashed here.
    pub fn has(&self, model: &Model) -> bool {
        self.in_memory(model).is_some() || self.path(model).is_file()
    }

    /// The weights in memory that are exactly those that the catalogue names.
    fn in_memory(&self, model: &Model) -> Option<&[u8]> {
        let weights = model.sources.iter().find_map(|source| match source {
            Source::Repository { path } => self.weights.get(path),
            _ => None,
        })?;
        (sha256_of(weights) == model.sha256).then_some(weights)
    }

    /// The verified bytes of a model: those in memory, or else its file's.
    pub fn read(&self, model: &Model) -> Result<Vec<u8>, ModelError> {
        if let Some(weights) = self.in_memory(model) {
            return Ok(weights.to_owned());
        }
        let path = self.path(model);
        let bytes = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let found = sha256_of(&bytes);
        if found == model.sha256 {
            Ok(bytes)
        } else {
            Err(ModelError::WrongHash {
                path,
                found,
                expected: model.sha256.clone(),
            })
        }
    }

    /// Hashes the file of every model of the catalogue.
    pub fn verify(&self) -> Vec<VerifyOutcome> {
        let outcome = |model: &Model| VerifyOutcome {
            model: model.id.clone(),
            path: self.path(model),
            check: self.check(model),
        };
        self.catalog.models.iter().map(outcome).collect()
    }

    /// Hashes one model's file.
    pub fn check(&self, model: &Model) -> Check {
        match self.read(model) {
            Ok(_) => Check::Good,
            Err(ModelError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Check::Absent
            }
            Err(error) => Check::Wrong(super::chain(&error)),
        }
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
