//! The folder with the verified models.

use super::{Candidate, Catalog, Model, Task};
use crate::ModelError;
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A folder with one ONNX file for each installed model, named after its id.
///
/// Nothing is believed because it lies there: every read hashes what it reads.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    catalog: Catalog,
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
        Self {
            dir: dir.to_owned(),
            catalog,
        }
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
            models.iter().all(|model| self.path(model).is_file())
        })
    }

    /// The verified bytes of a model's file.
    pub fn read(&self, model: &Model) -> Result<Vec<u8>, ModelError> {
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
