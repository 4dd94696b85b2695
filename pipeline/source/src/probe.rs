//! What a video file is, for whoever checks a configuration.

use crate::{
    Pace, SourceError, SourceOptions, container,
    intake::Flow,
    media,
    stored::{preroll, readable},
};
use domain::Timestamp;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use std::{path::Path, sync::Arc, time::Duration};

/// What a video file is.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoInfo {
    /// In pixels, as stored.
    pub width: u32,
    /// In pixels, as stored.
    pub height: u32,
    /// Frames per second; none when the file does not say.
    pub fps: Option<f64>,
    /// How long it plays; none when the file does not say.
    pub duration: Option<Duration>,
    /// Such as `H.264`.
    pub codec: String,
    /// How it was cut short, when its headers show that it was.
    pub cut_short: Option<String>,
}

/// Decodes the first picture of a file and says what the file is.
pub fn probe(path: &Path) -> Result<VideoInfo, SourceError> {
    readable(path)?;
    let camera = "probe".parse().map_err(|_invalid| SourceError::Option {
        what: "a probe has no camera",
    })?;
    let mut options = SourceOptions::new(camera, Arc::new(|| Timestamp::EPOCH));
    options.pace = Pace::AsFastAsPossible;
    let intake = media::file(path, Flow::Lossless, &options)?;
    let cut_short = container::cut_short(path).ok().flatten();
    let not_video = |detail| SourceError::NotVideo {
        path: path.to_owned(),
        detail,
    };
    let sample = preroll(&intake).map_err(|fault| {
        media::missing_or(fault, |said| not_video(cut_short.clone().unwrap_or(said)))
    })?;
    let info = sample.caps().map(gst_video::VideoInfo::from_caps);
    let info = info
        .and_then(Result::ok)
        .ok_or_else(|| not_video("its pictures have no format".to_owned()))?;
    let fps = (0 < info.fps().numer())
        .then(|| f64::from(info.fps().numer()) / f64::from(info.fps().denom()));
    let duration = intake.pipeline.query_duration::<gst::ClockTime>();
    Ok(VideoInfo {
        width: info.width(),
        height: info.height(),
        fps,
        duration: duration.map(|time| Duration::from_nanos(time.nseconds())),
        codec: codec_name(intake.shared.codec().as_deref().unwrap_or("unknown")),
        cut_short,
    })
}

fn codec_name(caps: &str) -> String {
    match caps {
        "video/x-h264" => "H.264",
        "video/x-h265" => "H.265",
        "video/x-av1" => "AV1",
        "video/x-vp8" => "VP8",
        "video/x-vp9" => "VP9",
        "video/mpeg" => "MPEG",
        "image/jpeg" => "JPEG",
        "video/x-raw" => "raw",
        other => other,
    }
    .to_owned()
}
