//! The recent frames of a camera, kept for evidence.

use domain::{Frame, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// How much a ring keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingLimits {
    /// Frames older than this against the newest are dropped.
    pub max_age: Duration,
    /// The oldest are dropped when all pictures together are larger. A 720p frame is 2.8 MB.
    pub max_bytes: usize,
    /// Frames that come sooner than this after the last one kept are passed over; zero keeps all.
    pub min_interval: Duration,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(5),
            max_bytes: 256 << 20,
            min_interval: Duration::ZERO,
        }
    }
}

/// Frames by number and by capture time.
///
/// Holding a frame is cheap: its pixels are shared with whoever else has it.
#[derive(Debug)]
pub struct FrameRing {
    limits: RingLimits,
    frames: VecDeque<Frame>,
    n_bytes: usize,
}

impl FrameRing {
    /// An empty ring.
    pub fn new(limits: RingLimits) -> Self {
        Self {
            limits,
            frames: VecDeque::new(),
            n_bytes: 0,
        }
    }

    /// Keeps the frame, and drops what is then too old or too much. Says whether it was kept.
    ///
    /// Numbers and times must rise; a frame that is not after the last one is passed over.
    pub fn push(&mut self, frame: &Frame) -> bool {
        if let Some(last) = self.frames.back() {
            let is_later = last.seq < frame.seq && last.captured_at < frame.captured_at;
            let is_due = self.limits.min_interval <= frame.captured_at.since(last.captured_at);
            if !is_later || !is_due {
                return false;
            }
        }
        let size = frame.rgb.len();
        if self.limits.max_bytes < size {
            return false;
        }
        while let Some(oldest) = self.frames.front() {
            let is_old = self.limits.max_age < frame.captured_at.since(oldest.captured_at);
            if !is_old && self.n_bytes + size <= self.limits.max_bytes {
                break;
            }
            self.n_bytes -= oldest.rgb.len();
            self.frames.pop_front();
        }
        self.n_bytes += size;
        self.frames.push_back(frame.clone());
        true
    }

    /// The frame with this number.
    pub fn get(&self, seq: u64) -> Option<&Frame> {
        let at = self.frames.binary_search_by_key(&seq, |f| f.seq).ok()?;
        self.frames.get(at)
    }

    /// The frame that was captured nearest to this moment; of two equally near, the earlier.
    pub fn nearest(&self, captured_at: Timestamp) -> Option<&Frame> {
        let after = self.frames.partition_point(|f| f.captured_at < captured_at);
        let before = after.checked_sub(1).and_then(|at| self.frames.get(at));
        match (before, self.frames.get(after)) {
            (Some(early), Some(late)) => {
                let is_early =
                    captured_at.since(early.captured_at) <= late.captured_at.since(captured_at);
                Some(if is_early { early } else { late })
            }
            (found, None) | (None, found) => found,
        }
    }

    /// The frames captured from one moment to another, both included.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Frame> {
        let start = self.frames.partition_point(|f| f.captured_at < from);
        self.frames
            .range(start..)
            .take_while(move |f| f.captured_at <= to)
    }

    /// How many frames are kept.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The size of all pictures together.
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
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
            width: 10,
            height: 10,
            rgb: Arc::from(vec![0; 300]),
        }
    }

    fn ring(max_age_ms: u64, max_bytes: usize, min_interval_ms: u64) -> FrameRing {
        FrameRing::new(RingLimits {
            max_age: Duration::from_millis(max_age_ms),
            max_bytes,
            min_interval: Duration::from_millis(min_interval_ms),
        })
    }

    #[test]
    fn finds_by_number_and_by_time() {
        let mut ring = ring(1000, 1 << 20, 0);
        assert!(ring.is_empty() && ring.nearest(Timestamp::EPOCH).is_none());
        for n in 0..10 {
            assert!(ring.push(&frame(n * 2, i64::try_from(n * 40).unwrap())));
        }
        assert_eq!(
            ring.get(8).unwrap().captured_at,
            Timestamp::from_millis(160)
        );
        assert!(ring.get(7).is_none());
        let nearest = |ms| ring.nearest(Timestamp::from_millis(ms)).unwrap().seq;
        assert_eq!(
            [nearest(-5), nearest(59), nearest(60), nearest(61)],
            [0, 2, 2, 4]
        );
        assert_eq!(nearest(9000), 18);
        let span = ring.between(Timestamp::from_millis(80), Timestamp::from_millis(160));
        assert_eq!(span.map(|f| f.seq).collect::<Vec<_>>(), [4, 6, 8]);
    }

    #[test]
    fn is_bounded_by_time_and_by_bytes() {
        let mut by_time = ring(200, 1 << 20, 0);
        let mut by_bytes = ring(10_000, 1000, 0);
        for n in 0..100 {
            let frame = frame(n, i64::try_from(n * 40).unwrap());
            assert!(by_time.push(&frame) && by_bytes.push(&frame));
            assert!(by_bytes.n_bytes() <= 1000);
        }
        assert_eq!((by_time.len(), by_time.n_bytes()), (6, 1800));
        assert_eq!((by_bytes.len(), by_bytes.n_bytes()), (3, 900));
        assert!(!ring(10_000, 299, 0).push(&frame(0, 0)));
    }

    #[test]
    fn passes_over_what_is_too_soon_or_not_later() {
        let mut ring = ring(10_000, 1 << 20, 200);
        let n_kept = (0..26).filter(|&n| ring.push(&frame(n, i64::try_from(n * 40).unwrap())));
        assert_eq!(n_kept.count(), 6);
        assert!(!ring.push(&frame(25, 9000)));
        assert!(!ring.push(&frame(30, 1000)));
    }

    #[test]
    fn shares_the_pixels() {
        let mut ring = ring(10_000, 1 << 20, 0);
        let original = frame(0, 0);
        ring.push(&original);
        assert!(Arc::ptr_eq(&original.rgb, &ring.get(0).unwrap().rgb));
    }
}
