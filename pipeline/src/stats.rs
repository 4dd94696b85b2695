//! What a camera has done, in numbers.

use domain::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// Counts of one camera since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraStats {
    /// Frames that the source delivered, skipped by rate, or did not decode.
    pub frames: u64,
    /// Of these, frames that were not decoded, because nothing moved. They are no drops.
    pub idle: u64,
    /// Frames given to the models.
    pub analysed: u64,
    /// Frames in which nothing moved, so that the models were not asked.
    pub still: u64,
    /// Frames that were not analysed: replaced by a newer one, or lost before they arrived.
    pub dropped: u64,
    /// Of these, frames that never arrived, as far as the times of those that did can tell.
    pub missing: u64,
    /// Frames on which a model or the analysis failed.
    pub failed: u64,
    /// Boxes that the models found.
    pub detections: u64,
    /// Plates that were read.
    pub plate_reads: u64,
    /// Faces that were described.
    pub face_views: u64,
    /// Tracks that were believed.
    pub tracks: u64,
    /// Sightings.
    pub sightings: u64,
    /// Candidates.
    pub candidates: u64,
    /// CPU time of decoding, as far as the source's own threads tell, and of analysis.
    pub cpu: Duration,
    /// Capture time of the first frame.
    pub first_at: Option<Timestamp>,
    /// Capture time of the newest frame.
    pub last_at: Option<Timestamp>,
    /// Crossings of the stop line that the rule did not find, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Crossings by zone and direction.
    pub counts: BTreeMap<String, u64>,
}

/// A rate is told of at least so much of the stream.
const RATE_SPAN_MIN: Duration = Duration::from_millis(900);

/// Frames a second of the newest second or so, by the stream's own time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameRate {
    since: Option<(Timestamp, u64)>,
    newest: f32,
}

impl FrameRate {
    /// The rate, when `frames` have come until `at`.
    pub(crate) fn fps(&mut self, at: Timestamp, frames: u64) -> f32 {
        let Some((since, before)) = self.since else {
            self.since = Some((at, frames));
            return self.newest;
        };
        if at < since {
            // The stream's time began anew.
            self.since = Some((at, frames));
            return self.newest;
        }
        let span = at.since(since);
        if RATE_SPAN_MIN <= span {
            self.newest = frames.saturating_sub(before) as f32 / span.as_secs_f32();
            self.since = Some((at, frames));
        }
        self.newest
    }
}

/// A clock that nobody sets: spans are measured by it, never by the time of day.
pub(crate) fn steady() -> Duration {
    of(rustix::time::ClockId::Monotonic)
}

/// CPU time of the calling thread so far.
pub(crate) fn thread_cpu() -> Duration {
    of(rustix::time::ClockId::ThreadCPUTime)
}

fn of(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_newest_second() {
        let mut rate = FrameRate::default();
        let at = Timestamp::from_millis;
        assert_eq!(rate.fps(at(0), 1), 0.0);
        assert_eq!(rate.fps(at(1000), 26), 25.0);
        // Too soon for a new one.
        assert_eq!(rate.fps(at(1100), 29), 25.0);
        assert_eq!(rate.fps(at(3000), 36), 5.0);
        // After a jump of the stream's time the old rate stands until there is a new one.
        assert_eq!(rate.fps(at(2000), 40), 5.0);
        assert_eq!(rate.fps(at(3000), 50), 10.0);
    }
}
