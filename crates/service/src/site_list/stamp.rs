//! Whether the files of a list have changed, without reading them.

use super::{IMPORTED, ListStore, PASSES};
use std::{fs, os::unix::fs::MetadataExt as _};

/// How the files looked at a moment. Two that are equal are of the same content, because a file is
/// replaced by another one and never written in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListStamp([Option<(u64, i64, i64)>; 2]);

impl ListStore {
    /// How the files look now; cheap enough to be asked for again and again.
    pub fn stamp(&self) -> ListStamp {
        ListStamp([IMPORTED, PASSES].map(|name| {
            let found = fs::metadata(self.folder.join(name)).ok()?;
            Some((found.ino(), found.mtime(), found.mtime_nsec()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site_list::ListError;

    #[test]
    fn a_change_shows_and_reading_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = ListStore::new(folder.path());
        let empty = store.stamp();
        store.read().unwrap();
        assert_eq!(store.stamp(), empty);
        store.change_passes(|_list| Ok::<_, ListError>(())).unwrap();
        let first = store.stamp();
        assert_ne!(first, empty);
        store.change_passes(|_list| Ok::<_, ListError>(())).unwrap();
        let second = store.stamp();
        assert_ne!(second, first);
        store.replace_imported(Vec::new()).unwrap();
        assert_ne!(store.stamp(), second);
    }
}
