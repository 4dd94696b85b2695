//! A stream's own times to capture times. Pure: the clock's readings are input.
//!
//! A stream counts from wherever it likes, restarts, and jumps; the system's clock is stepped.
//! Capture times follow the stream's intervals, because rules measure with them, and keep near the
//! clock; they never repeat, and go back only when the clock was set back by more than a second.

use domain::Timestamp;
use std::{collections::VecDeque, time::Duration};

/// What capture times are tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The first frame was captured at this moment: a file played as fast as possible.
    Fixed {
        /// That moment.
        starts_at: Timestamp,
    },
    /// The clock says when frames come.
    Wall {
        /// How long the light is under way before the clock is read, at most.
        source_delay_max: Duration,
    },
}

/// What is known about the capture times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineStats {
    /// Frames that were given a capture time.
    pub n_stamped: u64,
    /// Times that the stream or the clock jumped and the times were tied anew.
    pub n_discontinuities: u64,
    /// Times that the clock was set back so far that capture times began anew, earlier; these are
    /// discontinuities too.
    pub n_set_back: u64,
    /// Frames whose time had to be moved so that it is after the one before.
    pub n_nudged: u64,
    /// How far a capture time may be from the truth.
    pub clock_error_bound: Duration,
    /// The usual time between two frames, once it is known.
    pub interval: Option<Duration>,
    /// Capture time of the first frame since the start or the last restart.
    pub started_at: Option<Timestamp>,
}

/// Makes the capture times of one camera.
#[derive(Debug)]
pub struct Timeline {
    anchor: Anchor,
    base: Option<Base>,
    last: Option<Last>,
    deltas: VecDeque<i64>,
    has_rested: bool,
    stats: TimelineStats,
}

/// Capture time minus stream time, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Base {
    /// In use.
    used: i64,
    /// As the newest frame and the clock say. `used` follows it slowly.
    measured: i64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    pts: Option<i64>,
    at: i64,
}

/// The clock and the stream disagree about an interval by more than this only when one has jumped.
const JUMP_MICROS: i64 = 500_000;
/// A clock that was set back by more than this is followed at once; by less, capture times run
/// ahead of it for a while.
const SET_BACK_MICROS: i64 = 1_000_000;
/// A recording may have pauses; longer ones are taken for a jump of its times.
const FILE_PAUSE_MAX_MICROS: i64 = 3_600_000_000;
/// Before the usual interval is known.
const INTERVAL_GUESS_MICROS: i64 = 40_000;
const N_DELTAS: usize = 9;

impl Timeline {
    /// A timeline without frames.
    pub fn new(anchor: Anchor) -> Self {
        Self {
            anchor,
            base: None,
            last: None,
            deltas: VecDeque::with_capacity(N_DELTAS),
            has_rested: false,
            stats: TimelineStats::default(),
        }
    }

    /// The capture time of the next frame.
    ///
    /// `pts` is the frame's time in the stream; `measured` is the clock's time of the same moment
    /// (reading minus the frame's age), which a fixed timeline has no use for. The time is later
    /// than the last one, unless the clock was set back: then [`TimelineStats::n_set_back`] rises.
    pub fn stamp(&mut self, pts: Option<Duration>, measured: Timestamp) -> Timestamp {
        if self.is_set_back(measured.as_micros()) {
            self.begin_anew();
        }
        let pts = pts.map(|pts| i64::try_from(pts.as_micros()).unwrap_or(i64::MAX / 4));
        let wanted = match (pts, self.anchor) {
            (Some(pts), Anchor::Fixed { starts_at }) => self.fixed(pts, starts_at.as_micros()),
            (Some(pts), Anchor::Wall { source_delay_max }) => {
                self.wall(pts, measured.as_micros(), source_delay_max)
            }
            // A frame without a time: one interval after the last, or when it came.
            (None, Anchor::Fixed { starts_at }) => {
                self.next_in_line().unwrap_or(starts_at.as_micros())
            }
            (None, Anchor::Wall { .. }) => measured.as_micros(),
        };
        self.finish(pts, wanted)
    }

    /// The stream starts anew (a file is looped, a camera was reached again): not a discontinuity.
    pub fn restart(&mut self) {
        self.base = None;
        self.deltas.clear();
        if let Some(last) = &mut self.last {
            last.pts = None;
        }
        self.stats.started_at = None;
    }

    /// Frames before the next one were left out on purpose: the time to it is no interval.
    pub(crate) fn rest(&mut self) {
        self.has_rested = true;
    }

    /// How many frames are missing before a frame with this capture time, given the one before it.
    ///
    /// Zero until the usual interval is known: a guess is no reason to report a loss.
    pub fn missing_between(&self, earlier: Timestamp, later: Timestamp) -> u64 {
        let Some(interval) = self.stats.interval else {
            return 0;
        };
        let (span, interval) = (later.since(earlier).as_micros(), interval.as_micros());
        if interval == 0 || span * 2 < interval * 5 {
            return 0;
        }
        u64::try_from(span / interval)
            .unwrap_or(u64::MAX)
            .saturating_sub(1)
    }

    /// What is known about the capture times.
    pub fn stats(&self) -> &TimelineStats {
        &self.stats
    }

    /// Nothing is captured so long after its frame has come: the clock no longer is where it was.
    fn is_set_back(&self, measured: i64) -> bool {
        let is_wall = matches!(self.anchor, Anchor::Wall { .. });
        let is_ahead = |last: Last| SET_BACK_MICROS < last.at.saturating_sub(measured);
        is_wall && self.last.is_some_and(is_ahead)
    }

    fn begin_anew(&mut self) {
        self.restart();
        self.last = None;
        self.stats.n_discontinuities += 1;
        self.stats.n_set_back += 1;
    }

    fn fixed(&mut self, pts: i64, starts_at: i64) -> i64 {
        let next = self.next_in_line();
        let last_pts = self.last.and_then(|last| last.pts);
        let is_jump = last_pts
            .is_some_and(|last| pts < last || FILE_PAUSE_MAX_MICROS < pts.saturating_sub(last));
        if is_jump {
            self.stats.n_discontinuities += 1;
        }
        let base = match self.base {
            Some(base) if !is_jump => base.used,
            _ => next.unwrap_or(starts_at).saturating_sub(pts),
        };
        self.base = Some(Base {
            used: base,
            measured: base,
        });
        base.saturating_add(pts)
    }

    fn wall(&mut self, pts: i64, at: i64, source_delay_max: Duration) -> i64 {
        let measured = at.saturating_sub(pts);
        let earliest = self.next_in_line().map(|next| next.saturating_sub(pts));
        let used = match self.base {
            Some(base) if measured.abs_diff(base.measured) < JUMP_MICROS.unsigned_abs() => {
                // The clock is disciplined while we run. Follow it, but never by more than 1 % of
                // the time that has passed, so that a measured speed is right within 1 %.
                let slack = (self.interval() / 100).max(1);
                match measured - base.used {
                    // No frame is captured after it has come: the least delay that was seen is the
                    // nearest to the truth. A camera that starts late and catches up does this.
                    // Frames are brought together to half an interval at most. More is a step of
                    // the clock, not a delay.
                    early if (-JUMP_MICROS..0).contains(&early) => {
                        let soonest = earliest.map(|earliest| earliest - self.interval() / 2);
                        let floor = soonest.map_or(measured, |soonest| measured.max(soonest));
                        base.used.min(floor)
                    }
                    late => base.used + (late / 256).clamp(-slack, slack),
                }
            }
            known => {
                if known.is_some() {
                    self.stats.n_discontinuities += 1;
                    self.deltas.clear();
                }
                // After a small step back of the clock the times go on from the last one, ahead of
                // the clock, and the bound says by how much.
                earliest.map_or(measured, |earliest| measured.max(earliest))
            }
        };
        self.base = Some(Base { used, measured });
        self.stats.clock_error_bound =
            source_delay_max + Duration::from_micros(used.abs_diff(measured));
        used.saturating_add(pts)
    }

    fn finish(&mut self, pts: Option<i64>, wanted: i64) -> Timestamp {
        let at = match self.last {
            Some(last) if wanted <= last.at => {
                self.stats.n_nudged += 1;
                last.at.saturating_add(1)
            }
            _ => wanted,
        };
        let has_rested = std::mem::take(&mut self.has_rested);
        if let Some(last) = self.last
            && self.stats.started_at.is_some()
            && !has_rested
        {
            if self.deltas.len() == N_DELTAS {
                self.deltas.pop_front();
            }
            let delta = match (pts, last.pts) {
                // The stream's own interval, which following the clock does not change.
                (Some(pts), Some(last_pts)) if last_pts < pts => pts - last_pts,
                _ => at - last.at,
            };
            self.deltas.push_back(delta);
            if N_DELTAS / 2 <= self.deltas.len() {
                let micros = u64::try_from(self.interval()).unwrap_or(0);
                self.stats.interval = Some(Duration::from_micros(micros));
            }
        }
        // A frame without a time must not hide a jump from the frame after it.
        let pts = pts.or(self.last.and_then(|last| last.pts));
        self.last = Some(Last { pts, at });
        self.stats.n_stamped += 1;
        let at = Timestamp::from_micros(at);
        self.stats.started_at.get_or_insert(at);
        at
    }

    /// The median of the last intervals: one lost frame does not move it.
    fn interval(&self) -> i64 {
        let mut sorted: Vec<i64> = self.deltas.iter().copied().collect();
        sorted.sort_unstable();
        let middle = sorted.get(sorted.len() / 2).copied();
        let known = self.stats.interval.map(|span| span.as_micros());
        middle
            .or_else(|| known.and_then(|micros| i64::try_from(micros).ok()))
            .unwrap_or(INTERVAL_GUESS_MICROS)
            .min(FILE_PAUSE_MAX_MICROS)
    }

    fn next_in_line(&self) -> Option<i64> {
        Some(self.last?.at.saturating_add(self.interval()))
    }
}

#[cfg(test)]
mod tests;
