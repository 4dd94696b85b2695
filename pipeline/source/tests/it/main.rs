//! Sources against real files, real pipelines and a real RTSP server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod galleries;
mod idle;
mod launch;
mod picture_files;
mod rtsp;
mod support;
