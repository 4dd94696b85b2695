//! What can be wrong with a source, said so that the reader knows what to do.

use std::{io, path::PathBuf, time::Duration};

/// Why a source cannot be opened or cannot go on.
///
/// No variant carries an address: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file or folder cannot be opened.
    #[error("cannot read {}; check that it exists and that this user may read it", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds no pictures that can be decoded.
    #[error(
        "{} is not a video that can be decoded ({detail}); give a complete H.264 or H.265 file (mp4, mkv, ts)",
        path.display()
    )]
    NotVideo {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        detail: String,
    },
    /// The file was good up to a point.
    #[error(
        "{} is damaged at {:.1} s ({detail}); {n_frames} frames before that were delivered",
        path.display(),
        at.as_secs_f64()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How much of it was good, in its own time.
        at: Duration,
        /// How many frames were delivered; fewer than were good where the rate is limited.
        n_frames: u64,
        /// What is wrong.
        detail: String,
    },
    /// The folder holds no picture.
    #[error("{} holds no picture that can be read; put .jpg, .jpeg or .png files in it", dir.display())]
    NoPictures {
        /// The folder.
        dir: PathBuf,
    },
    /// GStreamer lacks a plugin.
    #[error("GStreamer has no {element}; install it with: apt-get install {package}")]
    MissingElement {
        /// The element, or what it would have to do.
        element: String,
        /// The Debian package that brings it.
        package: &'static str,
    },
    /// A launch text that cannot be built or run.
    #[error("the launch text does not work ({detail}); it must end in raw video and have no sink")]
    Launch {
        /// What GStreamer said.
        detail: String,
    },
    /// An address that is none.
    #[error("the camera's address is not of the form rtsp://[user:password@]host[:port]/path")]
    Address,
    /// An option out of its range.
    #[error("{what}")]
    Option {
        /// Which, and what it must be.
        what: &'static str,
    },
    /// GStreamer itself does not work.
    #[error("GStreamer does not start ({detail}); reinstall libgstreamer1.0-0")]
    Runtime {
        /// What it said.
        detail: String,
    },
}

impl SourceError {
    pub(crate) fn missing(element: &str) -> Self {
        Self::MissingElement {
            element: element.to_owned(),
            package: package_of(element),
        }
    }
}

/// The Debian package of an element.
fn package_of(element: &str) -> &'static str {
    const BASE: &str = "gstreamer1.0-plugins-base";
    const GOOD: &str = "gstreamer1.0-plugins-good";
    const BAD: &str = "gstreamer1.0-plugins-bad";
    const UGLY: &str = "gstreamer1.0-plugins-ugly";
    match element {
        "filesrc" | "queue" | "tee" | "fakesink" | "identity" | "capsfilter" | "multiqueue" => {
            "libgstreamer1.0-0"
        }
        "x264enc" | "asfdemux" | "rtspwms" => UGLY,
        "rtspclientsink" => "gstreamer1.0-rtsp",
        "timeoverlay" | "clockoverlay" | "textoverlay" => "gstreamer1.0-x",
        "appsink" | "appsrc" | "parsebin" | "decodebin" | "decodebin3" | "uridecodebin"
        | "uridecodebin3" | "videoconvert" | "videoscale" | "videoconvertscale" | "videorate"
        | "videotestsrc" | "oggdemux" | "theoradec" => BASE,
        "h264parse" | "h265parse" | "av1parse" | "tsdemux" | "mpegpsdemux" | "mpegtsmux"
        | "x265enc" | "openh264dec" | "openh264enc" | "watchdog" | "av1dec" | "srtsrc"
        | "rtmpsrc" => BAD,
        _ if element.starts_with("avdec_") || element.starts_with("avenc_") => "gstreamer1.0-libav",
        // rtspsrc, rtp*, qtdemux, matroskademux, v4l2src, jpegdec, videocrop, vp8dec ...
        _ => GOOD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_element_names_its_package() {
        for (element, package) in [
            ("rtspsrc", "gstreamer1.0-plugins-good"),
            ("avdec_h265", "gstreamer1.0-libav"),
            ("h264parse", "gstreamer1.0-plugins-bad"),
            ("parsebin", "gstreamer1.0-plugins-base"),
        ] {
            let text = SourceError::missing(element).to_string();
            assert!(text.ends_with(package), "{text}");
        }
    }
}
