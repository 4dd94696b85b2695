//! One file pinned by its hash, for those who need more than models: sample clips.

use super::fetch::{self, Wanted};
use std::{fs, path::Path};

/// What a file must be.
#[derive(Clone, Copy, Debug)]
pub struct WantedFile<'a> {
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: &'a str,
    /// Its size.
    pub n_bytes: u64,
}

impl WantedFile<'_> {
    /// Whether the file is the one wanted; the error says in one line what it is instead.
    pub fn check(&self, path: &Path) -> Result<(), String> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let found = super::store::sha256_of(&bytes);
        if found == self.sha256 {
            return Ok(());
        }
        Err(format!(
            "{} has SHA-256 {found}, wanted is {}",
            path.display(),
            self.sha256
        ))
    }

    /// Downloads it to `path`, which has it whole and right or not at all.
    pub fn download(&self, url: &str, path: &Path) -> Result<(), String> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let wanted = Wanted {
            path,
            sha256: self.sha256,
            n_bytes: self.n_bytes,
        };
        fetch::from_url(url, &wanted, &mut |_bytes| ()).map_err(|failure| failure.reason)
    }
}
