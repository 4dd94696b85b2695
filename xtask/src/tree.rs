//! The working tree as the fences see it: the files that git tracks or would track.

use std::{fs, path::Path, process::Command};

/// One file of the working tree.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) size: u64,
    /// Absent when the file is not UTF-8.
    pub(crate) text: Option<String>,
}

impl File {
    /// A file that exists in a test only.
    #[cfg(test)]
    pub(crate) fn fake(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            size: text.len() as u64,
            text: Some(text.to_owned()),
        }
    }

    /// The part of the name after the last dot, or nothing.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(
            "",
            |(stem, extension)| if stem.is_empty() { "" } else { extension },
        )
    }

    /// The lines of the text with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .iter()
            .flat_map(|text| text.lines())
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }
}

/// Reads every file that git tracks, or would track if it were added.
pub(crate) fn read(root: &Path) -> Result<Vec<File>, String> {
    let list = git(
        root,
        &[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
    )?;
    let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        // A file that was removed and not yet committed is still in the index.
        let Ok(bytes) = fs::read(root.join(path)) else {
            continue;
        };
        let size = bytes.len() as u64;
        files.push(File {
            path: path.to_owned(),
            size,
            text: String::from_utf8(bytes).ok(),
        });
    }
    Ok(files)
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .map_err(|error| format!("running git: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions() {
        for (path, expect) in [
            ("a/b.rs", "rs"),
            ("Makefile", ""),
            (".gitignore", ""),
            ("a.b/c", ""),
            ("x.tar.gz", "gz"),
        ] {
            assert_eq!(File::fake(path, "").extension(), expect, "{path}");
        }
    }
}
