//! Which camera's frame is analysed next: newest wins within a camera, gates first between cameras.
//!
//! Each camera has a place for one waiting frame.
//! A newer frame takes the place of an older one, and that is counted: frames may be lost, but
//! never in silence.
//! A camera is held by one worker at a time, so its frames are judged in order.

use domain::{Frame, Timestamp};
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What happens to a frame that nobody has time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// A newer frame takes its place: for cameras, and for files at their own speed.
    NewestWins,
    /// The source waits: for files as fast as they can be analysed. Nothing is dropped.
    Blocking,
}

/// How a camera takes part.
#[derive(Clone, Copy, Debug)]
pub struct LaneConfig {
    /// Lower goes first; a gate is 0.
    pub priority: u8,
    /// Frames nearer than this in capture time are skipped; slightly less than the wanted interval.
    pub interval_min: Duration,
    /// What happens when nobody has time.
    pub hand_over: HandOver,
}

/// What became of a camera's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneCounts {
    /// Offered by the source.
    pub offered: u64,
    /// Not due, by the wanted rate.
    pub skipped: u64,
    /// Due, and replaced by a newer one before anybody had time.
    pub dropped: u64,
    /// Given to a worker.
    pub taken: u64,
}

struct Lane {
    config: LaneConfig,
    pending: Option<Frame>,
    is_busy: bool,
    is_ended: bool,
    last_due: Option<Timestamp>,
    counts: LaneCounts,
}

struct State {
    lanes: Vec<Lane>,
    is_closed: bool,
}

/// The hand-over from all cameras to all workers.
pub struct Scheduler {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
}

impl Scheduler {
    /// One lane for each camera, in the order of their numbers.
    pub fn new(lanes: &[LaneConfig]) -> Self {
        let lane = |config: &LaneConfig| Lane {
            config: *config,
            pending: None,
            is_busy: false,
            is_ended: false,
            last_due: None,
            counts: LaneCounts::default(),
        };
        let state = State {
            lanes: lanes.iter().map(lane).collect(),
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    /// A worker that panicked left a consistent state: every change below is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers a frame. Returns whether it was taken on (not skipped by the wanted rate).
    pub fn offer(&self, lane: usize, frame: Frame) -> bool {
        let mut state = self.lock();
        let due = {
            let lane = &mut state.lanes[lane];
            lane.counts.offered += 1;
            let at = frame.captured_at;
            // Times that go back have begun anew.
            let is_due = lane
                .last_due
                .is_none_or(|last| at < last || lane.config.interval_min <= at.since(last));
            if is_due {
                lane.last_due = Some(frame.captured_at);
            } else {
                lane.counts.skipped += 1;
            }
            is_due
        };
        if !due {
            return false;
        }
        while state.lanes[lane].config.hand_over == HandOver::Blocking
            && state.lanes[lane].pending.is_some()
            && !state.is_closed
        {
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let lane = &mut state.lanes[lane];
        if lane.pending.replace(frame).is_some() {
            lane.counts.dropped += 1;
        }
        drop(state);
        self.work.notify_one();
        true
    }

    /// Waits for a frame. `None` when closed, or when every camera has ended and is done.
    pub fn take(&self) -> Option<(usize, Frame)> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let best = state
                .lanes
                .iter()
                .enumerate()
                .filter(|(_, lane)| !lane.is_busy)
                .filter_map(|(n, lane)| {
                    let frame = lane.pending.as_ref()?;
                    Some((lane.config.priority, frame.captured_at, n))
                })
                .min();
            if let Some((_, _, n)) = best {
                let lane = &mut state.lanes[n];
                let frame = lane.pending.take().expect("the choice has a frame");
                lane.is_busy = true;
                lane.counts.taken += 1;
                self.room.notify_all();
                return Some((n, frame));
            }
            if state
                .lanes
                .iter()
                .all(|lane| lane.is_ended && !lane.is_busy)
            {
                return None;
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The worker has judged the frame that it took.
    pub fn done(&self, lane: usize) {
        self.lock().lanes[lane].is_busy = false;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// The source has ended; what waits is still analysed.
    pub fn end(&self, lane: usize) {
        self.lock().lanes[lane].is_ended = true;
        self.work.notify_all();
    }

    /// Waits until nothing of this camera waits or is being judged.
    pub fn drain(&self, lane: usize) {
        let mut state = self.lock();
        while (state.lanes[lane].pending.is_some() || state.lanes[lane].is_busy) && !state.is_closed
        {
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets everybody go.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// What became of the camera's frames.
    pub fn counts(&self, lane: usize) -> LaneCounts {
        self.lock().lanes[lane].counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn frame(seq: u64, at_ms: i64) -> Frame {
        Frame {
            camera: "cam".parse().unwrap(),
            seq,
            captured_at: Timestamp::from_millis(at_ms),
            width: 1,
            height: 1,
            rgb: Arc::from([0u8; 3]),
        }
    }

    fn lane(priority: u8, interval_ms: u64, hand_over: HandOver) -> LaneConfig {
        LaneConfig {
            priority,
            interval_min: Duration::from_millis(interval_ms),
            hand_over,
        }
    }

    #[test]
    fn newest_wins_and_the_loser_is_counted() {
        let s = Scheduler::new(&[lane(1, 0, HandOver::NewestWins)]);
        assert!(s.offer(0, frame(0, 0)));
        assert!(s.offer(0, frame(1, 40)));
        assert_eq!(s.take().unwrap().1.seq, 1);
        let expect = LaneCounts {
            offered: 2,
            skipped: 0,
            dropped: 1,
            taken: 1,
        };
        assert_eq!(s.counts(0), expect);
    }

    #[test]
    fn a_gate_goes_first_and_a_busy_camera_waits() {
        let s = Scheduler::new(&[
            lane(1, 0, HandOver::NewestWins),
            lane(0, 0, HandOver::NewestWins),
        ]);
        s.offer(0, frame(0, 0));
        s.offer(1, frame(0, 5));
        assert_eq!(s.take().unwrap().0, 1);
        s.offer(1, frame(1, 10));
        assert_eq!(s.take().unwrap().0, 0);
        s.done(1);
        assert_eq!(s.take().unwrap().0, 1);
    }

    #[test]
    fn the_wanted_rate_skips_by_capture_time() {
        let s = Scheduler::new(&[lane(0, 100, HandOver::NewestWins)]);
        let taken = (0..10)
            .filter(|n| s.offer(0, frame(*n, *n as i64 * 40)))
            .count();
        assert_eq!(taken, 4); // 0, 120, 240 and 360 ms
        assert_eq!(s.counts(0).skipped, 6);
        assert!(s.offer(0, frame(10, -3_600_000)), "the clock was set back");
    }

    #[test]
    fn a_blocking_source_loses_nothing_and_the_end_is_seen() {
        let s = Arc::new(Scheduler::new(&[lane(0, 0, HandOver::Blocking)]));
        let source = std::thread::spawn({
            let s = s.clone();
            move || {
                for n in 0..100 {
                    s.offer(0, frame(n, n as i64));
                }
                s.end(0);
            }
        });
        let mut seen = Vec::new();
        while let Some((lane, frame)) = s.take() {
            seen.push(frame.seq);
            s.done(lane);
        }
        source.join().unwrap();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        assert_eq!(s.counts(0).dropped, 0);
    }

    #[test]
    fn closing_frees_a_waiting_source_and_a_waiting_worker() {
        let s = Arc::new(Scheduler::new(&[lane(0, 0, HandOver::Blocking)]));
        s.offer(0, frame(0, 0));
        let source = std::thread::spawn({
            let s = s.clone();
            move || s.offer(0, frame(1, 1))
        });
        s.close();
        source.join().unwrap();
        assert!(s.take().is_none());
    }
}
