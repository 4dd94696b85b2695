//! What every frame of one vehicle was read as: kept beside the vote, for whoever asks how it came
//! about.

use super::{CharRead, PlateColour, PlateRead, RowRead};
use crate::Timestamp;
use std::fmt;

/// So many frames of one sighting are kept.
///
/// A vehicle that waits for some seconds at a gate is read that often; a message with so many, each
/// of eleven characters, has some 25 kB.
pub const RAW_READS_MAX: usize = 64;

/// So many of them are kept for being the best, however old they are.
const BEST_MAX: usize = 16;

/// The read of one frame, as the reader gave it: never voted, never rewritten.
///
/// Personal data: `Debug` says which frame it is and no more.
#[derive(Clone, PartialEq)]
pub struct RawRead {
    /// The frame's number.
    pub frame_seq: u64,
    /// Its capture time.
    pub captured_at: Timestamp,
    /// The rows. Alternatives are left out: what they weigh is in the vote.
    pub rows: Vec<RowRead>,
    /// The ground colour in this frame.
    pub colour: PlateColour,
    /// How wide the plate was in the picture.
    pub width_px: f32,
}

impl RawRead {
    /// What `read` said in that frame.
    pub fn of(frame_seq: u64, captured_at: Timestamp, read: &PlateRead) -> Self {
        let bare = |c: &CharRead| CharRead {
            best: c.best,
            score: if c.score.is_nan() {
                0.0
            } else {
                c.score.clamp(0.0, 1.0)
            },
            alternatives: Vec::new(),
        };
        let row = |row: &RowRead| RowRead {
            chars: row.chars.iter().map(bare).collect(),
        };
        let width_px = read.bounds.width();
        Self {
            frame_seq,
            captured_at,
            rows: read.rows.iter().map(row).collect(),
            colour: read.colour,
            width_px: if width_px.is_finite() {
                width_px.max(0.0)
            } else {
                0.0
            },
        }
    }

    /// The lowest score of its characters; 0 when there is none.
    pub fn score(&self) -> f32 {
        super::read::weakest(&self.rows)
    }

    /// How much it tells: near and surely read is best.
    fn quality(&self) -> f32 {
        self.score() * self.width_px
    }
}

impl fmt::Debug for RawRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRead(#{}, <redacted>)", self.frame_seq)
    }
}

/// The reads of all frames of one sighting, oldest first; of many the newest and the best.
///
/// Most messages have none, so that it is small where it is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawReads(Option<Box<Kept>>);

/// Never empty.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    reads: Vec<RawRead>,
    n_dropped: u32,
}

impl RawReads {
    /// From what was kept before, with the count of what was not.
    pub fn new(reads: impl IntoIterator<Item = RawRead>, n_dropped: u32) -> Self {
        let mut kept = Kept {
            reads: reads.into_iter().collect(),
            n_dropped,
        };
        if kept.reads.is_empty() && n_dropped == 0 {
            return Self::default();
        }
        kept.settle();
        Self(Some(Box::new(kept)))
    }

    /// Adds one.
    pub fn push(&mut self, read: RawRead) {
        let kept = self.0.get_or_insert_default();
        kept.reads.push(read);
        kept.settle();
    }

    /// Adds those of another part of the same sighting.
    pub fn absorb(&mut self, other: &Self) {
        let Some(theirs) = &other.0 else {
            return;
        };
        let kept = self.0.get_or_insert_default();
        kept.reads.extend(theirs.reads.iter().cloned());
        kept.n_dropped = kept.n_dropped.saturating_add(theirs.n_dropped);
        kept.settle();
    }

    /// Those that were kept, oldest first; at most [`RAW_READS_MAX`].
    pub fn reads(&self) -> &[RawRead] {
        self.0.as_ref().map_or(&[], |kept| &kept.reads)
    }

    /// How many more there were.
    pub fn n_dropped(&self) -> u32 {
        self.0.as_ref().map_or(0, |kept| kept.n_dropped)
    }

    /// Whether no frame was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Kept {
    /// Sorts them, and drops the oldest that are not among the best.
    fn settle(&mut self) {
        let is_before = |a: &RawRead, b: &RawRead| a.frame_seq < b.frame_seq;
        if !self.reads.is_sorted_by(is_before) {
            self.reads.sort_by_key(|read| read.frame_seq);
        }
        let n_over = self.reads.len().saturating_sub(RAW_READS_MAX);
        if n_over == 0 {
            return;
        }
        let quality: Vec<f32> = self.reads.iter().map(RawRead::quality).collect();
        let mut order: Vec<usize> = (0..self.reads.len()).collect();
        // The sort is stable: of equally good ones the older is kept.
        order.sort_by(|a, b| quality[*b].total_cmp(&quality[*a]));
        let best = order.get(..BEST_MAX).unwrap_or_default();
        let (mut at, mut n_left) = (0, n_over);
        self.reads.retain(|_read| {
            let is_kept = n_left == 0 || best.contains(&at);
            at += 1;
            n_left -= usize::from(!is_kept);
            is_kept
        });
        let n_over = u32::try_from(n_over).unwrap_or(u32::MAX);
        self.n_dropped = self.n_dropped.saturating_add(n_over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxInImage;

    fn raw(frame_seq: u64, score: f32, width_px: f32) -> RawRead {
        let c = CharRead {
            best: '8',
            score,
            alternatives: vec![('B', 0.1)],
        };
        let read = PlateRead {
            bounds: BoxInImage::new(0.0, 0.0, width_px, 20.0),
            corners: None,
            detect_score: 0.9,
            rows: vec![RowRead { chars: vec![c] }],
            colour: PlateColour::White,
        };
        RawRead::of(
            frame_seq,
            Timestamp::from_millis(i64::try_from(frame_seq).unwrap()),
            &read,
        )
    }

    #[test]
    fn it_says_what_the_frame_said_without_alternatives_or_strange_numbers() {
        let read = raw(7, 0.9, 100.0);
        assert_eq!((read.frame_seq, read.width_px), (7, 100.0));
        assert!(read.rows[0].chars[0].alternatives.is_empty());
        let strange = raw(7, f32::NAN, f32::NAN);
        assert_eq!((strange.score(), strange.width_px), (0.0, 0.0));
        assert_eq!(format!("{read:?}"), "RawRead(#7, <redacted>)");
    }

    #[test]
    fn of_many_the_newest_and_the_best_are_kept_and_the_others_counted() {
        let mut all = RawReads::default();
        for seq in 0..200 {
            // The best were the twenty from frame 10 on.
            let width_px = if (10..30).contains(&seq) { 200.0 } else { 50.0 };
            all.push(raw(seq, 0.9, width_px));
        }
        let kept: Vec<u64> = all.reads().iter().map(|read| read.frame_seq).collect();
        assert_eq!(kept.len(), RAW_READS_MAX);
        assert_eq!(all.n_dropped(), 200 - 64);
        assert!(kept.is_sorted());
        assert_eq!(&kept[..BEST_MAX], (10..26).collect::<Vec<u64>>());
        assert_eq!(&kept[BEST_MAX..], (152..200).collect::<Vec<u64>>());
    }

    #[test]
    fn parts_are_put_together_in_the_order_of_their_frames() {
        let mut late = RawReads::new([raw(5, 0.9, 50.0), raw(4, 0.9, 50.0)], 3);
        late.absorb(&RawReads::new([raw(1, 0.9, 50.0)], 2));
        let seqs: Vec<u64> = late.reads().iter().map(|read| read.frame_seq).collect();
        assert_eq!((seqs, late.n_dropped()), (vec![1, 4, 5], 5));
        assert!(!late.is_empty() && RawReads::new([], 0).is_empty());
        late.absorb(&RawReads::default());
        assert_eq!(late.reads().len(), 3);
    }
}
