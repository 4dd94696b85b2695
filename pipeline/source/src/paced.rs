//! Pictures and scenes: made one by one, when they are due or when they are wanted.

use crate::{
    Context, Pace, SceneRenderer, SourceError, SourceState,
    convert::Picture,
    delivery::{Delivery, Moment, Pauses},
    live::steady_now,
    media, pictures,
    spec::is_rate,
    thinning::Thinner,
    timeline::Timeline,
};
use domain::{SourceEvent, ports::FrameSource};
use gstreamer as gst;
use std::{iter, sync::Arc, time::Duration};

/// Makes any of its pictures.
pub(crate) trait Gallery: Send {
    fn fps(&self) -> f64;
    fn n_frames(&self) -> u64;
    fn make(&mut self, frame_no: u64) -> Result<Picture, String>;
}

/// A gallery played as a source.
pub(crate) struct PacedSource<G> {
    gallery: G,
    context: Context,
    delivery: Delivery,
    thinner: Option<Thinner>,
    /// Counts on when the gallery is played again.
    next_no: u64,
    started_at: Option<gst::ClockTime>,
    /// How long a patient source has waited for its reader in all.
    waited: Duration,
}

impl<G: Gallery> PacedSource<G> {
    pub(crate) fn new(gallery: G, context: Context) -> Result<Self, SourceError> {
        media::init()?;
        Ok(Self {
            delivery: Delivery::new(
                context.options.camera.clone(),
                context.monitor.clone(),
                Timeline::new(context.anchor()),
                Pauses::AreMeant,
            ),
            thinner: context.options.fps_max.map(Thinner::new),
            gallery,
            context,
            next_no: 0,
            started_at: None,
            waited: Duration::ZERO,
        })
    }

    fn time_of(&self, frame_no: u64) -> Duration {
        // Exact to the microsecond for 285 years of frames.
        let micros = (frame_no as f64 * 1e6 / self.gallery.fps()).round();
        Duration::from_micros(micros as u64)
    }

    fn elapsed(&mut self) -> Duration {
        let now = steady_now();
        let started_at = *self.started_at.get_or_insert(now);
        Duration::from_nanos(now.saturating_sub(started_at).nseconds())
    }

    fn is_over(&self, frame_no: u64) -> bool {
        !self.context.options.loop_playback && self.gallery.n_frames() <= frame_no
    }

    /// Passes over what is long due, so that a slow reader gets the newest, and counts it.
    fn skip_late(&mut self) -> u64 {
        let due = (self.elapsed().as_secs_f64() * self.gallery.fps()).floor() as u64;
        let n_waiting = u64::try_from(self.context.options.max_waiting).unwrap_or(u64::MAX);
        if due <= self.next_no.saturating_add(n_waiting) {
            return 0;
        }
        let mut newest = due;
        if !self.context.options.loop_playback {
            newest = newest.min(self.gallery.n_frames().saturating_sub(1));
        }
        let n_dropped = newest.saturating_sub(self.next_no);
        self.next_no += n_dropped;
        n_dropped
    }

    /// How much later than due a patient source gives a frame: all that follows comes as much
    /// later.
    fn wait_for_reader(&mut self, pts: Duration) -> Duration {
        if self.context.options.pace != Pace::Patient {
            return Duration::ZERO;
        }
        let late = self.elapsed().saturating_sub(pts);
        self.waited += late;
        late
    }

    fn end(&self) -> SourceEvent {
        self.context.monitor.enter(SourceState::Ended);
        SourceEvent::EndOfStream
    }
}

impl<G: Gallery> FrameSource for PacedSource<G> {
    type Error = SourceError;

    fn next(&mut self) -> Result<SourceEvent, SourceError> {
        if let Some(event) = self.delivery.pending() {
            return Ok(event);
        }
        let pace = self.context.options.pace;
        let mut n_dropped = 0;
        loop {
            if self.is_over(self.next_no) || self.context.stop.is_stopped() {
                return Ok(self.end());
            }
            if pace == Pace::RealTime {
                n_dropped += self.skip_late();
            }
            let pts = self.time_of(self.next_no);
            let frame_no = self.next_no % self.gallery.n_frames();
            self.next_no += 1;
            if self
                .thinner
                .as_mut()
                .is_some_and(|thinner| !thinner.keeps(pts))
            {
                self.context.monitor.count(|stats| {
                    stats.n_decoded += 1;
                    stats.n_skipped += 1;
                });
                continue;
            }
            // Made before it is due, so that making it does not delay it.
            let picture = self.gallery.make(frame_no);
            let pts = pts + self.waited;
            let ahead = pts.saturating_sub(self.elapsed());
            let is_paced = pace != Pace::AsFastAsPossible;
            if is_paced && !ahead.is_zero() && self.context.stop.wait(ahead) {
                return Ok(self.end());
            }
            let pts = pts + self.wait_for_reader(pts);
            let age = self.elapsed().saturating_sub(pts);
            let moment = Moment {
                pts: Some(pts),
                measured: (self.context.options.clock)().saturating_sub(age),
                is_after_rest: false,
            };
            self.context.monitor.enter(SourceState::Streaming);
            return Ok(match picture {
                Ok(picture) => {
                    self.context.monitor.count(|stats| stats.n_decoded += 1);
                    self.delivery.picture(picture, moment, n_dropped)
                }
                Err(reason) => self.delivery.damaged(&reason),
            });
        }
    }
}

/// A scene as a gallery.
pub(crate) struct Scene {
    renderer: Box<dyn SceneRenderer>,
    max_size: (u32, u32),
}

impl Scene {
    pub(crate) fn new(
        renderer: Box<dyn SceneRenderer>,
        max_size: (u32, u32),
    ) -> Result<Self, SourceError> {
        let (width, height) = renderer.size();
        if width == 0 || height == 0 || renderer.n_frames() == 0 || !is_rate(renderer.fps()) {
            return Err(SourceError::Option {
                what: "a scene needs a size, at least one frame, and a rate above 0",
            });
        }
        Ok(Self { renderer, max_size })
    }
}

impl Gallery for Scene {
    fn fps(&self) -> f64 {
        self.renderer.fps()
    }

    fn n_frames(&self) -> u64 {
        self.renderer.n_frames()
    }

    fn make(&mut self, frame_no: u64) -> Result<Picture, String> {
        let (width, height) = self.renderer.size();
        let n_bytes = width as usize * height as usize * 3;
        let mut rgb: Arc<[u8]> = iter::repeat_n(0, n_bytes).collect();
        let pixels = Arc::get_mut(&mut rgb).ok_or("a new picture is already shared")?;
        self.renderer.render(frame_no, pixels);
        if width <= self.max_size.0 && height <= self.max_size.1 {
            return Ok(Picture { width, height, rgb });
        }
        let image = image::RgbImage::from_raw(width, height, rgb.to_vec());
        Ok(pictures::shrink(
            image.ok_or("the scene has another size than it says")?,
            self.max_size,
        ))
    }
}
