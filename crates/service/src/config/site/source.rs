//! Where a camera's frames come from.

use serde::Deserialize;
use std::path::PathBuf;

/// `[camera.source]`: exactly one of `file`, `pictures`, `rtsp`, `launch`, `scene`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceSection {
    /// A video file.
    pub file: Option<PathBuf>,
    /// A folder of pictures, in the order of their names.
    pub pictures: Option<PathBuf>,
    /// An RTSP address.
    pub rtsp: Option<String>,
    /// A GStreamer launch text that ends in raw video.
    pub launch: Option<String>,
    /// A generated scene, one of [`SCENES`].
    pub scene: Option<String>,
    /// Seed of the scene.
    pub seed: u64,
    /// Frames a second, for pictures.
    pub fps: Option<f32>,
    /// `tcp` or `udp`, for RTSP.
    pub transport: Option<String>,
    /// File with `user:password`, for RTSP.
    pub credentials_file: Option<PathBuf>,
    /// Whether a file begins again when it ends.
    pub repeat: bool,
    /// How fast files, pictures and scenes run.
    pub pace: PaceKind,
    /// Portrait for the scene `door`.
    pub portrait: Option<PathBuf>,
    /// File for the scene `pass`: each line is shown as a QR code, by one visitor after the other.
    pub text_file: Option<PathBuf>,
}

/// The generated scenes.
pub const SCENES: [&str; 7] = [
    "gate", "junction", "door", "exit", "car-park", "entrance", "pass",
];

/// How fast a file runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaceKind {
    /// At its own speed.
    #[default]
    RealTime,
    /// At its own speed where the machine keeps up, and slower where it does not; no frame is
    /// dropped. Pictures and scenes only.
    Patient,
    /// As fast as it can be analysed; no frame is dropped.
    Fast,
}
