//! What to open, and how.

use crate::{Attention, SourceError, SourceState};
use domain::{CameraId, Timestamp};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// Says what time it is; `service`'s clock in a program, anything in a test.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Is told of every change of state, on the thread that calls `next`.
pub type StateCallback = Arc<dyn Fn(&SourceState) + Send + Sync>;

/// Where the pictures come from.
pub enum SourceSpec {
    /// A video file: any container and codec that the installed GStreamer decodes.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A folder of JPEG and PNG pictures, in the order of their names.
    Pictures {
        /// The folder.
        dir: PathBuf,
        /// Pictures per second.
        fps: f64,
    },
    /// A network camera.
    Rtsp {
        /// Its address, with user name and password where it wants them. Never logged as it is.
        url: String,
        /// How the pictures travel.
        transport: RtspTransport,
        /// How long a late packet is waited for.
        latency_ms: u32,
    },
    /// A GStreamer launch text that ends in raw video, such as `v4l2src ! jpegdec`.
    Launch {
        /// The text, without a sink.
        text: String,
    },
    /// A scene that is drawn as it is asked for.
    Scene(Box<dyn SceneRenderer>),
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "File({})", path.display()),
            Self::Pictures { dir, fps } => write!(f, "Pictures({}, {fps} fps)", dir.display()),
            Self::Rtsp { url, transport, .. } => {
                write!(f, "Rtsp({}, {transport:?})", crate::redact(url))
            }
            Self::Launch { text } => write!(f, "Launch({})", crate::redact(text)),
            Self::Scene(scene) => write!(f, "Scene({} frames)", scene.n_frames()),
        }
    }
}

/// How an RTSP camera sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RtspTransport {
    /// Inside the RTSP connection: nothing is lost on a bad network, and firewalls let it through.
    #[default]
    Tcp,
    /// In datagrams: lost ones are not sent again.
    Udp,
}

/// A scene: draws any of its frames.
pub trait SceneRenderer: Send {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);
    /// Frames per second.
    fn fps(&self) -> f64;
    /// How many frames there are.
    fn n_frames(&self) -> u64;
    /// Draws a frame: rows from the top, no padding, three bytes a pixel.
    fn render(&mut self, frame_no: u64, rgb: &mut [u8]);
}

/// How fast a file, a folder or a scene is played. A camera has its own pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As a camera would: each frame when it is due, and the newest wins when the reader is slow.
    #[default]
    RealTime,
    /// Pictures and scenes: each when it is due, or when the reader is ready for it, whichever is
    /// later. None is lost: a slow reader sees everything happen more slowly, at the clock's time.
    /// A file or launch text is played in real time.
    Patient,
    /// As fast as the reader takes them. None is lost.
    AsFastAsPossible,
}

/// Which frames of a camera, or of a file at its own speed, are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decode {
    /// All.
    #[default]
    All,
    /// Key frames only while nothing moves and the reader does not want every frame; then all
    /// since the newest key frame. H.264 and H.265; anything else is all decoded.
    WhenMoving,
}

/// How a source behaves.
#[derive(Clone)]
pub struct SourceOptions {
    /// The camera that the frames are of.
    pub camera: CameraId,
    /// The pace of files, folders and scenes.
    pub pace: Pace,
    /// Capture time of the first frame when played as fast as possible; none means now.
    ///
    /// In real time a frame's capture time is the moment that it is due.
    pub starts_at: Option<Timestamp>,
    /// Larger pictures are made smaller, in proportion, to fit this width and height.
    pub max_size: (u32, u32),
    /// Frames above this rate are counted and skipped before they cost a conversion.
    pub fps_max: Option<f64>,
    /// Whether a file, folder or scene starts again at its end. Capture times go on.
    pub loop_playback: bool,
    /// How many decoded frames may wait for the reader in real time, before the oldest is dropped.
    pub max_waiting: usize,
    /// How long the light is under way before the pictures reach this program, at most.
    ///
    /// The camera's exposure, encoder and network; nothing here can measure it.
    pub source_delay_max: Duration,
    /// How a camera is watched and tried again.
    pub live: LiveOptions,
    /// Which frames are decoded.
    pub decode: Decode,
    /// Says whether every frame is wanted; counts with [`Decode::WhenMoving`].
    pub attention: Attention,
    /// What time it is.
    pub clock: WallClock,
    /// Is told of every change of state.
    pub on_state: Option<StateCallback>,
}

impl SourceOptions {
    /// The usual behaviour.
    pub fn new(camera: CameraId, clock: WallClock) -> Self {
        Self {
            camera,
            pace: Pace::RealTime,
            starts_at: None,
            max_size: (1280, 720),
            fps_max: None,
            loop_playback: false,
            max_waiting: 2,
            source_delay_max: Duration::from_millis(500),
            live: LiveOptions::default(),
            decode: Decode::All,
            attention: Attention::default(),
            clock,
            on_state: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SourceError> {
        let wrong = |what| Err(SourceError::Option { what });
        if self.max_size.0 == 0 || self.max_size.1 == 0 {
            return wrong("max_size must be at least 1x1");
        }
        if self.fps_max.is_some_and(|fps| !is_rate(fps)) {
            return wrong("fps_max must be above 0 and at most 1000");
        }
        if self.max_waiting == 0 {
            return wrong("max_waiting must be at least 1");
        }
        if self.live.backoff_min.is_zero() || self.live.backoff_max < self.live.backoff_min {
            return wrong("backoff_min must be above 0 and at most backoff_max");
        }
        Ok(())
    }
}

/// Whether a number can be frames per second.
pub(crate) fn is_rate(fps: f64) -> bool {
    0.0 < fps && fps <= 1000.0
}

/// How a camera is watched and tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Without a frame for this long the camera is given up and tried anew.
    pub stall_after: Duration,
    /// How long the first frame of an attempt is waited for.
    pub connect_timeout: Duration,
    /// The pause before the second attempt; it doubles with each failed one.
    pub backoff_min: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            stall_after: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(10),
        }
    }
}
