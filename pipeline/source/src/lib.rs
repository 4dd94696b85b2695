//! Cameras, files and generated scenes to frames with a capture time.
//!
//! [`Source::open`] takes a [`SourceSpec`] and gives a [`domain::ports::FrameSource`]. A file, a
//! folder or a scene ends, and what is wrong with it is an error. A camera never ends: what is
//! wrong with it is a [`SourceState`], and it is tried again.
//!
//! Behind it stand the [`slot`] that hands the newest frame to inference, and the [`ring`] that
//! keeps the recent ones for evidence. A frame's capture time is made here, in [`timeline`], and
//! nowhere else.

#![warn(missing_docs)]

mod attention;
mod backoff;
mod container;
mod convert;
mod delivery;
mod error;
mod idle;
mod intake;
mod live;
mod loss_log;
mod media;
mod monitor;
mod paced;
mod pictures;
mod probe;
mod redact;
pub mod ring;
pub mod slot;
mod spec;
mod stop;
mod stored;
mod thinning;
pub mod timeline;

pub use attention::Attention;
pub use error::SourceError;
pub use monitor::{SourceMonitor, SourceState, SourceStats};
pub use pictures::read_picture;
pub use probe::{VideoInfo, probe};
pub use redact::redact;
pub use ring::{FrameRing, RingLimits};
pub use slot::{Put, Slot, SlotStats, Taken};
pub use spec::{
    Decode, LiveOptions, Pace, RtspTransport, SceneRenderer, SourceOptions, SourceSpec,
    StateCallback, WallClock,
};
pub use stop::StopHandle;

use domain::{SourceEvent, ports::FrameSource};
use std::fmt;

/// A camera, a file, a folder of pictures or a scene that has been opened.
pub struct Source {
    inner: Box<dyn FrameSource<Error = SourceError>>,
    stop: StopHandle,
    monitor: SourceMonitor,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.monitor.state())
    }
}

impl Source {
    /// Opens what the specification names.
    ///
    /// A file is read up to its first picture, so that what is wrong with it is said here. A camera
    /// is not waited for: only its address or launch text is checked.
    pub fn open(spec: SourceSpec, options: SourceOptions) -> Result<Self, SourceError> {
        options.check()?;
        let stop = StopHandle::new();
        let monitor = SourceMonitor::new(options.on_state.clone());
        let context = Context {
            options,
            stop: stop.clone(),
            monitor: monitor.clone(),
        };
        let inner: Box<dyn FrameSource<Error = SourceError>> = match spec {
            SourceSpec::File { path } => Box::new(stored::StoredSource::open_file(path, context)?),
            SourceSpec::Pictures { dir, fps } => {
                let pictures = pictures::Pictures::open(dir, fps, context.options.max_size)?;
                Box::new(paced::PacedSource::new(pictures, context)?)
            }
            SourceSpec::Rtsp {
                url,
                transport,
                latency_ms,
            } => {
                let camera = media::RtspCamera::new(url, transport, latency_ms)?;
                Box::new(live::LiveSource::new(live::Recipe::Rtsp(camera), context)?)
            }
            SourceSpec::Launch { text } => open_launch(text, context)?,
            SourceSpec::Scene(scene) => Box::new(paced::PacedSource::new(
                paced::Scene::new(scene, context.options.max_size)?,
                context,
            )?),
        };
        Ok(Self {
            inner,
            stop,
            monitor,
        })
    }

    /// Ends the source from any thread; a blocked `next` then returns the end of the stream.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// The source's state and counts, for any thread.
    pub fn monitor(&self) -> SourceMonitor {
        self.monitor.clone()
    }
}

impl FrameSource for Source {
    type Error = SourceError;

    /// The next frame, gap or end; after an error or an end, always the end.
    fn next(&mut self) -> Result<SourceEvent, SourceError> {
        if self.stop.is_stopped() {
            self.monitor.enter(SourceState::Ended);
            return Ok(SourceEvent::EndOfStream);
        }
        let outcome = self.inner.next();
        if outcome.is_err() {
            self.monitor.enter(SourceState::Ended);
        }
        outcome
    }
}

/// What every kind of source is given.
struct Context {
    options: SourceOptions,
    stop: StopHandle,
    monitor: SourceMonitor,
}

/// A launch text is a camera when GStreamer says that its source is live, or cannot start it.
fn open_launch(
    text: String,
    context: Context,
) -> Result<Box<dyn FrameSource<Error = SourceError>>, SourceError> {
    if media::is_live_launch(&text)? {
        let recipe = live::Recipe::Launch(text);
        return Ok(Box::new(live::LiveSource::new(recipe, context)?));
    }
    Ok(Box::new(stored::StoredSource::open_launch(text, context)?))
}
