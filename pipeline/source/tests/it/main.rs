//! Sources against real files, real pipelines and a real RTSP server.

mod files;
mod galleries;
mod launch;
mod rtsp;
mod support;
