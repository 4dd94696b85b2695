//! Real clips that the demo may use: where they come from and how to know that they are the right
//! ones.

use serde::Deserialize;

/// One real clip.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// A short name.
    pub id: String,
    /// The file's name, in a folder of clips.
    pub file: String,
    /// Where upstream keeps it, pinned by commit.
    pub url: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// How large the file is.
    pub bytes: u64,
    /// SPDX identifier of the licence it comes under.
    pub licence: String,
    /// Who made it.
    pub author: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: f64,
    /// How many frames.
    pub n_frames: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    clip: Vec<Clip>,
}

/// All clips that `samples/clips.toml` names.
pub fn catalogue() -> Vec<Clip> {
    let catalogue: Catalogue = toml::from_str(include_str!("../clips.toml"))
        .expect("clips.toml is part of the crate and a test reads it");
    catalogue.clip
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};
    use std::path::Path;

    #[test]
    fn every_clip_is_pinned() {
        let clips = catalogue();
        assert_eq!(clips.len(), 2);
        for clip in &clips {
            assert!(
                clip.url.starts_with("https://") && clip.url.ends_with(&clip.file),
                "{}",
                clip.id
            );
            assert!(clip.sha256.len() == 64 && clip.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            assert_eq!(clips.iter().filter(|c| c.id == clip.id).count(), 1);
        }
    }

    #[test]
    fn the_hashes_are_those_of_the_files_at_hand() {
        let dir = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/data/clips"
        ));
        if !dir.is_dir() {
            println!("skipped: no {}", dir.display());
            return;
        }
        for clip in catalogue() {
            let bytes = std::fs::read(dir.join(&clip.file)).unwrap();
            assert_eq!(bytes.len() as u64, clip.bytes);
            assert_eq!(
                crate::film::hex(&Sha256::digest(bytes)),
                clip.sha256,
                "{}",
                clip.id
            );
        }
    }
}
