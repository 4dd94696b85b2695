//! A bundle on the disk: the last one of an edge, or the last one that the centre has sealed.
//!
//! The body stands in a file that is named by its hash, the seal in one of its own: a confirmation
//! rewrites a few hundred bytes. The body is written and synced before the seal names it, so a
//! crash leaves the old bundle or the new one.

use super::{Bundle, BundleRefused, check_seal};
use crate::{
    keys::{CommandVerifier, SigningKeyFile},
    private_folder::private_folder,
};
use domain::{SiteId, Timestamp};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use wire::{BundleBody, PART_BYTES, PARTS_MAX, Seal};

/// Why the bundle on the disk cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Reading or writing failed.
    #[error("cannot use {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It was damaged or changed.
    #[error(
        "the list bundle in {path} does not count: {refused}; it is fetched again from the centre, \
         or install one with `gac list bundle install`"
    )]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        refused: BundleRefused,
        /// Its seal when that is right: nothing older may follow it.
        seal: Option<Box<Seal>>,
    },
}

/// Where a bundle is kept.
#[derive(Clone, Debug)]
pub struct BundleStore {
    folder: PathBuf,
    name: &'static str,
}

impl BundleStore {
    /// The bundle that an edge decides on. Nothing is made before something is written.
    pub fn of_edge(state: &Path) -> Self {
        Self {
            folder: state.join("list"),
            name: "bundle",
        }
    }

    /// The bundle that the centre sealed last.
    pub fn of_centre(state: &Path) -> Self {
        Self {
            folder: state.join("list"),
            name: "sealed",
        }
    }

    /// The seal as it stands there, and nothing when none does. Its signature is not looked at.
    pub fn seal(&self) -> Result<Option<Seal>, StoredError> {
        let path = self.seal_path();
        let Some(bytes) = read(&path, PART_BYTES)? else {
            return Ok(None);
        };
        match Seal::decode(&bytes) {
            Ok(seal) => Ok(Some(seal)),
            Err(error) => Err(StoredError::Refused {
                path,
                refused: BundleRefused::Form(error),
                seal: None,
            }),
        }
    }

    /// The bundle, every byte checked; nothing when there is none.
    pub fn load(
        &self,
        trusted: &CommandVerifier,
        site: &SiteId,
    ) -> Result<Option<Bundle>, StoredError> {
        let Some(seal) = self.seal()? else {
            return Ok(None);
        };
        let refuse = |path: PathBuf, refused, seal: Option<Seal>| StoredError::Refused {
            path,
            refused,
            seal: seal.map(Box::new),
        };
        if let Err(refused) = check_seal(trusted, site, &seal) {
            return Err(refuse(self.seal_path(), refused, None));
        }
        let path = self.body_path(&seal);
        let Some(body) = read(&path, PARTS_MAX * PART_BYTES)? else {
            return Err(refuse(path, BundleRefused::Damaged, Some(seal)));
        };
        Bundle::open_checked(seal.clone(), body)
            .map(Some)
            .map_err(|refused| refuse(path, refused, Some(seal)))
    }

    /// Puts a bundle in the place of the one that is there.
    pub fn save(&self, bundle: &Bundle) -> Result<(), StoredError> {
        private_folder(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let body = self.body_path(&bundle.seal);
        self.write(&body, &bundle.body)?;
        self.confirm(&bundle.seal)?;
        self.forget_others(&body)
    }

    /// Puts a newer seal of the same body in the place of the one that is there.
    pub fn confirm(&self, seal: &Seal) -> Result<(), StoredError> {
        self.write(&self.seal_path(), &seal.encode())
    }

    /// Seals a body for the edges: with the version of the last one when it is the same, else with
    /// a higher one. `life`: how long it may be used without being confirmed.
    ///
    /// A version is no less than the moment in milliseconds, so that it rises also when this file
    /// was lost.
    pub fn reseal(
        &self,
        key: &SigningKeyFile,
        site: &SiteId,
        content: BundleBody,
        (now, life): (Timestamp, Duration),
    ) -> Result<Bundle, StoredError> {
        let _lock = self.lock()?;
        let refuse = |refused| StoredError::Refused {
            path: self.seal_path(),
            refused,
            seal: None,
        };
        // One that cannot be read counts as lost: the moment is more than its version was.
        let last = self.seal().ok().flatten();
        let version_now = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        let next = last.as_ref().map_or(version_now, |last| {
            version_now.max(last.version.saturating_add(1))
        });
        let times = (now, now.saturating_add(life));
        let bundle = Bundle::seal(key, site.clone(), next, times, content).map_err(refuse)?;
        let same = last.filter(|last| last.sha256 == bundle.seal.sha256 && last.site == *site);
        let bundle = match same {
            Some(last) => Bundle::seal(key, site.clone(), last.version, times, bundle.content)
                .map_err(refuse)?,
            None => bundle,
        };
        self.save(&bundle)?;
        Ok(bundle)
    }

    fn lock(&self) -> Result<File, StoredError> {
        private_folder(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let path = self.folder.join(format!("{}.lock", self.name));
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let locked = options
            .open(&path)
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| failed(&path, source))
    }

    pub(super) fn seal_path(&self) -> PathBuf {
        self.folder.join(format!("{}.seal", self.name))
    }

    pub(super) fn body_path(&self, seal: &Seal) -> PathBuf {
        // Of a seal that nobody has checked yet, this may be anything.
        let sha256: String = seal
            .sha256
            .chars()
            .filter(char::is_ascii_hexdigit)
            .collect();
        self.folder
            .join(format!("{}-{:.16}.json", self.name, sha256))
    }

    /// Beside, synced, renamed; what is there already with these bytes is left alone.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StoredError> {
        if fs::read(path).is_ok_and(|found| found == bytes) {
            return Ok(());
        }
        let beside = path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.create(true).truncate(true).write(true).mode(0o600);
            let mut file = options.open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| failed(path, source))
    }

    fn forget_others(&self, body: &Path) -> Result<(), StoredError> {
        let prefix = format!("{}-", self.name);
        let forget = || -> io::Result<()> {
            for item in fs::read_dir(&self.folder)? {
                let path = item?.path();
                let name = path.file_name().and_then(|name| name.to_str());
                if name.is_some_and(|name| name.starts_with(&prefix)) && path != *body {
                    fs::remove_file(path)?;
                }
            }
            Ok(())
        };
        forget().map_err(|source| failed(&self.folder, source))
    }
}

/// The file's bytes; nothing when there is no file.
fn read(path: &Path, n_bytes_max: usize) -> Result<Option<Vec<u8>>, StoredError> {
    let n_bytes_max = u64::try_from(n_bytes_max).unwrap_or(u64::MAX);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(path, source)),
        Ok(found) if n_bytes_max < found.len() => {
            return Err(StoredError::Refused {
                path: path.to_owned(),
                refused: BundleRefused::TooLarge,
                seal: None,
            });
        }
        Ok(_) => (),
    }
    fs::read(path)
        .map(Some)
        .map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> StoredError {
    StoredError::Io {
        path: path.to_owned(),
        source,
    }
}
