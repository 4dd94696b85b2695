//! Catalogue, import and ONNX Runtime sessions, with pure pre- and post-processing.
//!
//! A model comes into the [`Store`] by [`catalog::pull`], which verifies it; [`Runtime`] finds the
//! library;
//! [`Analyzers`] makes one [`Analyzer`] for each inference thread, because a session is run by
//! exactly one thread.
//! Everything in [`preprocess`] and [`decode`] is a pure function of pictures and tensors.

pub mod analyzer;
pub mod catalog;
pub mod decode;
mod error;
pub mod face_quality;
pub mod onnx_file;
pub mod plate;
pub mod preprocess;
pub mod runtime;

pub use analyzer::{Analyzer, Analyzers};
pub use catalog::{Catalog, Store, Task};
pub use error::{InferenceError, ModelError};
pub use runtime::{Runtime, RuntimeSearch, Session};
