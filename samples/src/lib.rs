//! Scenes with exact ground truth, made from a seed: the yardstick that every part of Gác is
//! measured with.
//!
//! A [`SceneSpec`] says which scene; [`Scene`] paints its frames one by one and knows what is true
//! in each;
//! [`write_scene`] makes the H.264 file and `truth.jsonl` of it. Equal specs give equal pixels and
//! equal truth.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod backdrop;
mod body;
pub mod clips;
mod crowd;
mod doorway;
mod film;
pub mod flat;
mod mesh;
mod motion;
mod observe;
mod paint;
mod plan;
mod plate_art;
mod plates;
mod raster;
mod scene;
mod seeded;
mod shade;
mod space;
mod spec;
mod still;
pub mod truth;
mod weather;

pub use film::{WrittenScene, write_scene};
pub use scene::Scene;
pub use spec::{FPS, HEIGHT, Light, SceneKind, SceneSpec, WIDTH};
pub use truth::{Truth, read_truth};

use std::path::PathBuf;

/// Pixels and truth may change between versions of the generator, never within one.
pub const GENERATOR_VERSION: u32 = 1;

/// Why a scene could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A font is missing.
    #[error("cannot read the font {path}: install the Debian package {package}")]
    Font {
        /// Where it should be.
        path: &'static str,
        /// Which package has it.
        package: &'static str,
    },
    /// A text is too long for a QR code.
    #[error("a text of {n_bytes} bytes is too long for a QR code: 2331 bytes are the most")]
    CodeText {
        /// Its length.
        n_bytes: usize,
    },
    /// The door needs a portrait.
    #[error("the door scene needs a portrait: give the path of scikit-image's astronaut.png")]
    NoPortrait,
    /// The portrait cannot be used.
    #[error("cannot use {path} as the portrait: it must be the 512 x 512 PNG of scikit-image")]
    Portrait {
        /// The file.
        path: PathBuf,
        /// Why, when the file is no picture.
        #[source]
        source: Option<image::ImageError>,
    },
    /// The spec asks for something that cannot be.
    #[error("a scene lasts from 1 to 3600 seconds, not {duration_s}")]
    Duration {
        /// What was asked for.
        duration_s: f64,
    },
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of a truth file is not one.
    #[error("line {line} of {path} is not what a truth file has there")]
    Truth {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A truth file ends too early, or too late.
    #[error("{path} should have {n_frames} frames but has {n_found}")]
    CutShort {
        /// The file.
        path: PathBuf,
        /// As its header says.
        n_frames: u32,
        /// As it has.
        n_found: usize,
    },
    /// The encoder failed.
    #[error("cannot encode {path}: {problem}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// What GStreamer said, with the Debian package where an element is missing.
        problem: String,
    },
}

/// What must come out of a scene, without painting it: quick enough for thousands of seeds.
pub fn truth_of(spec: &SceneSpec) -> Result<Truth, SampleError> {
    truth_showing(spec, 0)
}

/// The same of the scene `pass`, in which so many texts are shown, one by each visitor.
pub fn truth_showing(spec: &SceneSpec, n_texts: usize) -> Result<Truth, SampleError> {
    let mut plan = scene::plan(spec, n_texts)?;
    Ok(observe::observe(&mut plan, None))
}
