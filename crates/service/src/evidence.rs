//! Evidence files by the SHA-256 of their content, on a local folder.
//!
//! A file is there whole or not at all: it is written beside, synced, renamed into place and its
//! folder synced. The calls block; async callers use `tokio::task::spawn_blocking`.

use crate::{clock, hex};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// What is left by a program that was killed while it wrote is removed after this time.
const LEFTOVER_AGE_MAX: Duration = Duration::from_secs(3600);

/// A folder of evidence files.
#[derive(Clone, Debug)]
pub struct EvidenceStore {
    folder: PathBuf,
}

/// Why evidence cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Reading or writing failed.
    #[error("cannot use evidence at {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not 64 lower-case hexadecimal digits.
    #[error("not the name of an evidence file: expected 64 lower-case hexadecimal digits")]
    Name,
    /// No such file.
    #[error("there is no evidence {hash}")]
    Missing {
        /// Its name.
        hash: String,
    },
    /// The content has another hash than the name says.
    #[error("evidence {hash} has been changed on disk")]
    Changed {
        /// Its name.
        hash: String,
    },
}

impl EvidenceStore {
    /// Opens the folder, or makes it.
    pub fn open(folder: &Path) -> Result<Self, EvidenceError> {
        let store = Self {
            folder: folder.to_owned(),
        };
        let beside = store.beside();
        fs::create_dir_all(&beside).map_err(at(&beside))?;
        for entry in fs::read_dir(&beside).map_err(at(&beside))? {
            let path = entry.map_err(at(&beside))?.path();
            if is_leftover(&path) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(store)
    }

    /// Stores the bytes durably and says their name; the same bytes are stored once.
    pub fn put(&self, bytes: &[u8]) -> Result<String, EvidenceError> {
        let hash = hex::sha256(bytes);
        let path = self.path(&hash).expect("a SHA-256 is a name");
        // A file of that name was synced before it got the name; a wrong length can only be damage,
        // and is mended.
        let n_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if fs::metadata(&path).is_ok_and(|found| found.len() == n_bytes) {
            return Ok(hash);
        }
        let folder = path
            .parent()
            .expect("the path has the store's folder before it");
        if fs::create_dir(folder).is_ok() {
            sync_folder(&self.folder)?;
        }
        let nonce = getrandom::u64().expect("the operating system gives random numbers");
        let beside = self.beside().join(format!("{nonce:016x}"));
        let mut file = File::create_new(&beside).map_err(at(&beside))?;
        let written = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &path));
        if let Err(source) = written {
            // Best effort: what stays behind is removed by a later `open`.
            drop(fs::remove_file(&beside));
            return Err(EvidenceError::Io { path, source });
        }
        sync_folder(folder)?;
        Ok(hash)
    }

    /// Reads the file of that name and checks that it still is what its name says.
    pub fn get(&self, hash: &str) -> Result<Vec<u8>, EvidenceError> {
        let path = self.path(hash).ok_or(EvidenceError::Name)?;
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(EvidenceError::Missing {
                    hash: hash.to_owned(),
                });
            }
            read => read.map_err(at(&path))?,
        };
        if hex::sha256(&bytes) != hash {
            return Err(EvidenceError::Changed {
                hash: hash.to_owned(),
            });
        }
        Ok(bytes)
    }

    /// Whether there is a file of that name.
    pub fn contains(&self, hash: &str) -> bool {
        self.path(hash).is_some_and(|path| path.is_file())
    }

    /// Where a file of that name is or would be; nothing for a text that is no name, so that no
    /// path leads elsewhere.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        hex::decode::<32>(hash)?;
        Some(self.folder.join(&hash[..2]).join(hash))
    }

    fn beside(&self) -> PathBuf {
        self.folder.join("incoming")
    }
}

fn is_leftover(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified());
    let age = modified
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    age.is_some_and(|since_epoch| {
        let written_at = domain::Timestamp::EPOCH.saturating_add(since_epoch);
        LEFTOVER_AGE_MAX < clock::now().since(written_at)
    })
}

fn sync_folder(folder: &Path) -> Result<(), EvidenceError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> EvidenceError {
    let path = path.to_owned();
    |source| EvidenceError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn store() -> (tempfile::TempDir, EvidenceStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = EvidenceStore::open(&folder.path().join("evidence")).unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_put_is_got_by_its_hash() {
        let (_folder, store) = store();
        assert!(!store.contains(ABC));
        assert_eq!(store.put(b"abc").unwrap(), ABC);
        assert!(store.contains(ABC));
        assert_eq!(store.get(ABC).unwrap(), b"abc");
        assert_eq!(fs::read_dir(store.beside()).unwrap().count(), 0);
    }

    #[test]
    fn the_same_bytes_are_written_once_by_many() {
        let (_folder, store) = store();
        store.put(b"abc").unwrap();
        let path = store.path(ABC).unwrap();
        let written_at = fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::scope(|scope| {
            for _n in 0..4 {
                scope.spawn(|| assert_eq!(store.put(b"abc").unwrap(), ABC));
            }
        });
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written_at);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let (_folder, store) = store();
        let upper = ABC.to_uppercase();
        let climbing = format!("../{}", &ABC[3..]);
        for bad in ["", "..", "../../etc/passwd", &ABC[1..], &upper, &climbing] {
            assert!(
                matches!(store.get(bad), Err(EvidenceError::Name)),
                "{bad:?}"
            );
            assert!(!store.contains(bad));
        }
    }

    #[test]
    fn damage_is_noticed_and_a_wrong_length_is_mended() {
        let (_folder, store) = store();
        store.put(b"abc").unwrap();
        let path = store.path(ABC).unwrap();
        fs::write(&path, b"abd").unwrap();
        assert!(matches!(store.get(ABC), Err(EvidenceError::Changed { .. })));
        fs::write(&path, b"").unwrap();
        store.put(b"abc").unwrap();
        assert_eq!(store.get(ABC).unwrap(), b"abc");
    }

    #[test]
    fn what_a_killed_program_left_is_removed_when_it_is_old() {
        let (_folder, store) = store();
        let (old, fresh) = (store.beside().join("old"), store.beside().join("fresh"));
        let file = File::create(&old).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1))
            .unwrap();
        File::create(&fresh).unwrap();
        EvidenceStore::open(&store.folder).unwrap();
        assert!(!old.exists());
        assert!(fresh.exists());
    }
}
