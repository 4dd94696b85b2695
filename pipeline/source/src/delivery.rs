//! Pictures to frames: number, capture time, and what was lost before.

use crate::{SourceMonitor, convert::Picture, timeline::Timeline};
use domain::{CameraId, Frame, SourceEvent, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// When a picture was taken, as far as is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// In the stream's own time.
    pub(crate) pts: Option<Duration>,
    /// By the clock.
    pub(crate) measured: Timestamp,
    /// Frames before it were not decoded, because nothing moved.
    pub(crate) is_after_rest: bool,
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
    pending: VecDeque<SourceEvent>,
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
            pending: VecDeque::new(),
        }
    }

    /// What waits behind the event before: a gap, or the frame.
    pub(crate) fn pending(&mut self) -> Option<SourceEvent> {
        let event = self.pending.pop_front()?;
        Some(self.deliver(event))
    }

    /// The next event: the frame, or what happened before it.
    pub(crate) fn picture(
        &mut self,
        picture: Picture,
        moment: Moment,
        n_dropped: u64,
    ) -> SourceEvent {
        let n_jumps = self.timeline.stats().n_discontinuities;
        let n_set_back = self.timeline.stats().n_set_back;
        if moment.is_after_rest {
            self.timeline.rest();
        }
        let captured_at = self.timeline.stamp(moment.pts, moment.measured);
        let n_missing = match (self.pauses, self.last_at) {
            (Pauses::AreLosses, Some(last_at))
                if self.timeline.stats().n_discontinuities == n_jumps && !moment.is_after_rest =>
            {
                let n_absent = self.timeline.missing_between(last_at, captured_at);
                n_absent.saturating_sub(n_dropped)
            }
            _ => 0,
        };
        let before = self.last_at.replace(captured_at);
        if let Some(before) = before
            && n_set_back < self.timeline.stats().n_set_back
        {
            let by = before.since(captured_at);
            let back_s = by.as_secs_f64();
            tracing::warn!(camera = %self.camera, back_s, "the clock was set back");
            self.pending.push_back(SourceEvent::ClockSetBack { by });
        }
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
        let lost = n_dropped + n_missing;
        if 0 < lost {
            self.pending.push_back(SourceEvent::Gap { lost });
        }
        let frame = SourceEvent::Frame(frame);
        let first = match self.pending.pop_front() {
            Some(first) => {
                self.pending.push_back(frame);
                first
            }
            None => frame,
        };
        self.deliver(first)
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

    fn deliver(&mut self, event: SourceEvent) -> SourceEvent {
        if let SourceEvent::Frame(_) = event {
            self.n_delivered += 1;
            self.monitor.count(|stats| stats.n_delivered += 1);
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Anchor;
    use std::sync::Arc;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_clock_that_was_set_back_is_told_before_the_gap_and_the_frame() {
        let timeline = Timeline::new(Anchor::Wall {
            source_delay_max: Duration::ZERO,
        });
        let monitor = SourceMonitor::new(None);
        let camera = "cam".parse().unwrap();
        let mut delivery = Delivery::new(camera, monitor.clone(), timeline, Pauses::AreLosses);
        let mut offer = |pts_ms: u64, at: Timestamp, n_dropped| {
            let moment = Moment {
                pts: Some(Duration::from_millis(pts_ms)),
                measured: at,
                is_after_rest: false,
            };
            let picture = Picture {
                width: 1,
                height: 1,
                rgb: Arc::from([0; 3]),
            };
            let mut events = vec![delivery.picture(picture, moment, n_dropped)];
            events.extend(std::iter::from_fn(|| delivery.pending()));
            events
        };
        let start = Timestamp::EPOCH.saturating_add(HOUR * 10);
        assert!(matches!(offer(0, start, 0)[..], [SourceEvent::Frame(_)]));
        let told = offer(40, start.saturating_sub(HOUR), 2);
        let [
            SourceEvent::ClockSetBack { by: HOUR },
            SourceEvent::Gap { lost: 2 },
            SourceEvent::Frame(frame),
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(frame.seq, 1);
        assert_eq!(frame.captured_at, start.saturating_sub(HOUR));
        assert_eq!(monitor.stats().n_delivered, 2);
    }
}
