//! Pictures to frames: number, capture time, and what was lost before.

use crate::{SourceMonitor, convert::Picture, timeline::Timeline};
use domain::{CameraId, Frame, SourceEvent, Timestamp};
use std::time::Duration;

/// When a picture was taken, as far as is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// In the stream's own time.
    pub(crate) pts: Option<Duration>,
    /// By the clock.
    pub(crate) measured: Timestamp,
}

/// Which losses a frame's time is trusted to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// A pause between two frames means lost frames: a camera.
    AreLosses,
    /// A pause is a pause: a file.
    AreMeant,
}

/// Numbers and stamps the frames of one source.
#[derive(Debug)]
pub(crate) struct Delivery {
    camera: CameraId,
    monitor: SourceMonitor,
    timeline: Timeline,
    pauses: Pauses,
    n_delivered: u64,
    last_at: Option<Timestamp>,
    pending: Option<Frame>,
}

impl Delivery {
    pub(crate) fn new(
        camera: CameraId,
        monitor: SourceMonitor,
        timeline: Timeline,
        pauses: Pauses,
    ) -> Self {
        Self {
            camera,
            monitor,
            timeline,
            pauses,
            n_delivered: 0,
            last_at: None,
            pending: None,
        }
    }

    /// The frame that waits behind a gap.
    pub(crate) fn pending(&mut self) -> Option<SourceEvent> {
        let frame = self.pending.take()?;
        Some(self.deliver(frame))
    }

    /// The next event: the frame, or the gap before it.
    pub(crate) fn picture(
        &mut self,
        picture: Picture,
        moment: Moment,
        n_dropped: u64,
    ) -> SourceEvent {
        let n_jumps = self.timeline.stats().n_discontinuities;
        let captured_at = self.timeline.stamp(moment.pts, moment.measured);
        let n_missing = match (self.pauses, self.last_at) {
            (Pauses::AreLosses, Some(last_at))
                if self.timeline.stats().n_discontinuities == n_jumps =>
            {
                let n_absent = self.timeline.missing_between(last_at, captured_at);
                n_absent.saturating_sub(n_dropped)
            }
            _ => 0,
        };
        self.last_at = Some(captured_at);
        self.monitor.count(|stats| {
            stats.n_dropped += n_dropped;
            stats.n_missing += n_missing;
            stats.timeline = self.timeline.stats().clone();
        });
        let frame = Frame {
            camera: self.camera.clone(),
            seq: self.n_delivered,
            captured_at,
            width: picture.width,
            height: picture.height,
            rgb: picture.rgb,
        };
        if n_dropped + n_missing == 0 {
            return self.deliver(frame);
        }
        self.pending = Some(frame);
        SourceEvent::Gap {
            lost: n_dropped + n_missing,
        }
    }

    /// A picture that could not be made out.
    pub(crate) fn damaged(&self, reason: &str) -> SourceEvent {
        self.monitor.count(|stats| stats.n_damaged += 1);
        tracing::debug!(camera = %self.camera, reason, "picture damaged");
        SourceEvent::Gap { lost: 1 }
    }

    /// The stream starts anew; capture times and numbers go on.
    pub(crate) fn restart(&mut self) {
        self.timeline.restart();
    }

    pub(crate) fn n_delivered(&self) -> u64 {
        self.n_delivered
    }

    fn deliver(&mut self, frame: Frame) -> SourceEvent {
        self.n_delivered += 1;
        self.monitor.count(|stats| stats.n_delivered += 1);
        SourceEvent::Frame(frame)
    }
}
