//! What can go wrong with models: on the disk, in the runtime, in a picture.

use crate::Task;
use std::{io, path::PathBuf};

/// Why models cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The catalogue's text does not fit together.
    #[error("the model catalogue is wrong: {reason}")]
    Catalog {
        /// What is wrong with it, on one line.
        reason: String,
    },
    /// No candidate of the task is complete in the store.
    #[error("no model for {task} is installed in {store}: run `gac models pull`")]
    Missing {
        /// What the model is for.
        task: Task,
        /// Where it was looked for.
        store: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not the one that the catalogue names.
    #[error(
        "{path} has SHA-256 {found} where the catalogue says {expected}: run `gac models pull`"
    )]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// The library is nowhere.
    #[error("ONNX Runtime (libonnxruntime.so, 1.23 or newer) was not found; tried {tried}")]
    RuntimeMissing {
        /// All places with what was wrong there, on one line.
        tried: String,
    },
    /// The library is there and refuses.
    #[error("ONNX Runtime cannot start: {reason}")]
    RuntimeStart {
        /// What it says.
        reason: String,
    },
    /// The runtime refuses a model's file.
    #[error("ONNX Runtime cannot load model {model}: {reason}")]
    Load {
        /// The model's id.
        model: String,
        /// What the runtime says.
        reason: String,
    },
    /// The model loads, but does not give what its decoder reads.
    #[error("model {model} does not do what its decoder expects")]
    WarmUp {
        /// The model's id.
        model: String,
        /// What happened at the first run.
        #[source]
        source: InferenceError,
    },
}

/// Why one frame could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InferenceError {
    /// The task was not among those that the analyzer was made for.
    #[error("no model for {task} is loaded")]
    NotLoaded {
        /// The task.
        task: Task,
    },
    /// A picture whose bytes do not fit its size.
    #[error("a picture of {width}x{height} pixels cannot have {n_bytes} bytes")]
    Picture {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// How many bytes it has.
        n_bytes: usize,
    },
    /// A tensor that is not as the decoder expects it.
    #[error("output {output} has shape {shape:?} where {expected} is expected")]
    Shape {
        /// The output's name.
        output: String,
        /// The shape it has.
        shape: Vec<usize>,
        /// The shape it should have, in words.
        expected: &'static str,
    },
    /// The runtime failed.
    #[error("model {model} failed: {reason}")]
    Run {
        /// The model's id.
        model: String,
        /// What the runtime says.
        reason: String,
    },
    /// OpenCV failed.
    #[error("a picture could not be warped: {reason}")]
    Warp {
        /// What OpenCV says.
        reason: String,
    },
}
