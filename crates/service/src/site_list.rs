//! The part of a site's list that programs write: an imported list, and visitor passes.
//!
//! What people write stands in the site file; these two files stand beside each other in
//! `{storage.dir}/list/`, and a running gate takes all three up.
//!
//! Files and not the database: a gate decides with the centre away, and a list of 50 000 lines that
//! is replaced as a whole is one rename, so that a reader sees the old one or the new one. Each
//! file has a version that rises by one with every change; the last imported lists are kept.

pub mod import;

mod cells;
mod entry;
mod headings;
mod pass_file;
mod stamp;
mod text;

pub use entry::ListEntry;
pub use pass_file::{PassEntry, PassStanding};
pub use stamp::ListStamp;
pub use text::plain;

use crate::private_folder::private_folder;
use domain::Registration;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Earlier imported lists that are kept.
const KEPT_MAX: usize = 10;

/// A file larger than this is none of ours: 200 000 lines have less than half of it.
const FILE_BYTES_MAX: u64 = 128 << 20;

const FORMAT: u32 = 1;

/// Why the list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Reading or writing failed.
    #[error("cannot use {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not what this program writes.
    #[error("{path} is not a list of this program ({what}); take back an earlier version")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// The folder with the two files.
#[derive(Clone, Debug)]
pub struct ListStore {
    folder: PathBuf,
}

/// Both files, as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredList {
    /// Rises with every change of either file.
    pub version: u64,
    /// The imported entries, then the passes; a pass that was called back bars.
    pub registrations: Vec<Registration>,
}

/// What stands in each file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filed<T> {
    format: u32,
    version: u64,
    entries: Vec<T>,
}

impl<T> Default for Filed<T> {
    fn default() -> Self {
        Self {
            format: FORMAT,
            version: 0,
            entries: Vec::new(),
        }
    }
}

impl ListStore {
    /// The list in the folder of a site's state. Nothing is made before something is written.
    pub fn new(state: &Path) -> Self {
        Self {
            folder: state.join("list"),
        }
    }

    /// Everything in force. A list that was never written is empty.
    pub fn read(&self) -> Result<StoredList, ListError> {
        let imported: Filed<ListEntry> = self.load(IMPORTED)?;
        let passes: Filed<PassEntry> = self.load(PASSES)?;
        let mut registrations = Vec::with_capacity(imported.entries.len() + passes.entries.len());
        for (n, entry) in imported.entries.iter().enumerate() {
            let made = entry.registration();
            registrations.push(made.map_err(|what| self.malformed(IMPORTED, n, &what))?);
        }
        for (n, entry) in passes.entries.iter().enumerate() {
            let made = entry.registration();
            registrations.push(made.map_err(|what| self.malformed(PASSES, n, &what))?);
        }
        Ok(StoredList {
            version: imported.version + passes.version,
            registrations,
        })
    }

    /// The imported entries in force.
    pub fn imported(&self) -> Result<Vec<ListEntry>, ListError> {
        Ok(self.load(IMPORTED)?.entries)
    }

    /// Puts another imported list in the place of the one in force, which is kept, and gives its
    /// version. All of it or nothing.
    pub fn replace_imported(&self, entries: Vec<ListEntry>) -> Result<u64, ListError> {
        let _lock = self.lock()?;
        let before: Filed<ListEntry> = self.load(IMPORTED)?;
        if 0 < before.version {
            let kept = self
                .folder
                .join(format!("imported-{:08}.json", before.version));
            let copied = fs::copy(self.folder.join(IMPORTED), &kept);
            copied.map_err(|source| failed(&kept, source))?;
            self.forget_old()?;
        }
        let version = before.version + 1;
        let filed = Filed {
            format: FORMAT,
            version,
            entries,
        };
        self.save(IMPORTED, &filed)?;
        Ok(version)
    }

    /// All passes, also those that are over.
    pub fn passes(&self) -> Result<Vec<PassEntry>, ListError> {
        Ok(self.load(PASSES)?.entries)
    }

    /// Changes the passes, and gives what `change` gives. When that is an error, nothing changes.
    pub fn change_passes<T, E: From<ListError>>(
        &self,
        change: impl FnOnce(&mut Vec<PassEntry>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = self.lock()?;
        let mut filed: Filed<PassEntry> = self.load(PASSES)?;
        let given = change(&mut filed.entries)?;
        filed.version += 1;
        self.save(PASSES, &filed)?;
        Ok(given)
    }

    /// One writer at a time; the lock ends with the file.
    fn lock(&self) -> Result<File, ListError> {
        private_folder(&self.folder).map_err(|source| failed(&self.folder, source))?;
        let path = self.folder.join("lock");
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path);
        let locked = opened.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| failed(&path, source))
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Filed<T>, ListError> {
        let path = self.folder.join(name);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Filed::default()),
            Err(source) => return Err(failed(&path, source)),
            Ok(found) if FILE_BYTES_MAX < found.len() => {
                let what = "it is too large".to_owned();
                return Err(ListError::Malformed { path, what });
            }
            Ok(_) => (),
        }
        let bytes = fs::read(&path).map_err(|source| failed(&path, source))?;
        let filed: Filed<T> = serde_json::from_slice(&bytes).map_err(|error| {
            // The error's own text may quote a plate.
            let what = format!("line {} column {}", error.line(), error.column());
            let path = path.clone();
            ListError::Malformed { path, what }
        })?;
        if filed.format != FORMAT {
            let what = format!("format {}", filed.format);
            return Err(ListError::Malformed { path, what });
        }
        Ok(filed)
    }

    /// Beside, synced, renamed: a crash leaves the old file or the new one.
    fn save<T: Serialize>(&self, name: &str, filed: &Filed<T>) -> Result<(), ListError> {
        let path = self.folder.join(name);
        let beside = self.folder.join(format!(".{name}.new"));
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&serde_json::to_vec(filed)?)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| failed(&path, source))
    }

    fn forget_old(&self) -> Result<(), ListError> {
        let read = || -> io::Result<Vec<PathBuf>> {
            let mut kept = Vec::new();
            for item in fs::read_dir(&self.folder)? {
                let path = item?.path();
                let name = path.file_name().and_then(|name| name.to_str());
                if name.is_some_and(|name| name.starts_with("imported-")) {
                    kept.push(path);
                }
            }
            Ok(kept)
        };
        let mut kept = read().map_err(|source| failed(&self.folder, source))?;
        kept.sort();
        let n_old = kept.len().saturating_sub(KEPT_MAX);
        for path in &kept[..n_old] {
            fs::remove_file(path).map_err(|source| failed(path, source))?;
        }
        Ok(())
    }

    fn malformed(&self, name: &str, n: usize, what: &str) -> ListError {
        ListError::Malformed {
            path: self.folder.join(name),
            what: format!("entry {}: {what}", n + 1),
        }
    }
}

const IMPORTED: &str = "imported.json";
const PASSES: &str = "passes.json";

fn failed(path: &Path, source: io::Error) -> ListError {
    ListError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Access, Timestamp};

    fn entry(plate: &str) -> ListEntry {
        ListEntry {
            plate: plate.to_owned(),
            is_barred: false,
            holder: Some("Công ty Mẫu".to_owned()),
            group: Some("nhan-vien".to_owned()),
            valid_from: None,
            valid_until: Some("2027-01-01T00:00:00+07:00".to_owned()),
            hours: vec!["mon-fri 07:00-18:00".to_owned()],
        }
    }

    fn pass(id: u128) -> PassEntry {
        PassEntry {
            id: domain::PassId(id).to_string(),
            plate: None,
            group: None,
            note: Some("khách".to_owned()),
            valid_from: "2026-11-22T07:00:00+07:00".to_owned(),
            valid_until: "2026-11-22T18:00:00+07:00".to_owned(),
            uses_max: Some(1),
            called_back_at: None,
        }
    }

    #[test]
    fn both_files_are_in_force_and_the_version_only_rises() {
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        assert_eq!(store.read().unwrap(), StoredList::default());
        assert_eq!(store.replace_imported(vec![entry("30F25658")]).unwrap(), 1);
        let add = |list: &mut Vec<PassEntry>| {
            list.push(pass(7));
            Ok::<_, ListError>(())
        };
        store.change_passes(add).unwrap();
        let list = store.read().unwrap();
        assert_eq!((list.version, list.registrations.len()), (2, 2));
        let [vehicle, visitor] = &list.registrations[..] else {
            unreachable!()
        };
        assert_eq!(vehicle.plate.as_ref().unwrap().expose(), "30F25658");
        assert_eq!(vehicle.schedule.len(), 1);
        assert_eq!(visitor.pass, Some(domain::PassId(7)));
        assert_eq!((visitor.uses_max, visitor.access), (Some(1), Access::Allow));
        let call_back = |list: &mut Vec<PassEntry>| {
            list[0].called_back_at = Some(wire::format_time(Timestamp::EPOCH));
            Ok::<_, ListError>(())
        };
        store.change_passes(call_back).unwrap();
        let list = store.read().unwrap();
        assert_eq!(list.version, 3);
        assert_eq!(list.registrations[1].access, Access::Bar);
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        let changed = store.change_passes(|list| {
            list.push(pass(1));
            Err::<(), _>(failed(folder.path(), io::Error::other("no")))
        });
        assert!(changed.is_err());
        assert_eq!(store.read().unwrap(), StoredList::default());
    }

    #[test]
    fn earlier_lists_are_kept_up_to_a_limit_and_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        for _n in 0..KEPT_MAX + 5 {
            store.replace_imported(vec![entry("30F25658")]).unwrap();
        }
        let kept: Vec<String> = fs::read_dir(&store.folder)
            .unwrap()
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("imported-"))
            .collect();
        assert_eq!(kept.len(), KEPT_MAX);
        assert!(
            kept.contains(&"imported-00000014.json".to_owned()),
            "{kept:?}"
        );
        let mode = fs::metadata(store.folder.join(IMPORTED))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_told_without_what_stands_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        store.replace_imported(vec![entry("30F25658")]).unwrap();
        let path = store.folder.join(IMPORTED);
        let good = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("30F25658", "30F"),
            ("\"format\":1", "\"format\":2"),
            ("mon-fri", "sometimes"),
            ("}", ""),
            ("\"plate\"", "\"number\""),
        ] {
            fs::write(&path, good.replacen(from, to, 1)).unwrap();
            let told = store.read().unwrap_err().to_string();
            assert!(told.contains("take back an earlier version"), "{told}");
            assert!(!told.contains("30F"), "{told}");
        }
    }

    #[test]
    fn writers_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        std::thread::scope(|scope| {
            for n in 0..8 {
                let store = store.clone();
                let add = move |list: &mut Vec<PassEntry>| {
                    list.push(pass(n));
                    Ok::<_, ListError>(())
                };
                scope.spawn(move || store.change_passes(add).unwrap());
            }
        });
        let list = store.read().unwrap();
        assert_eq!((list.version, list.registrations.len()), (8, 8));
    }
}
