//! A plate through time: the vote, and what each frame was read as.

use crate::{PlateBallot, parts::Ballot};
use domain::{PlateRead, RawRead, RawReads, Timestamp};

/// A plate as one frame shows it.
pub(crate) struct PlateInFrame {
    pub(crate) frame_seq: u64,
    pub(crate) captured_at: Timestamp,
    pub(crate) read: PlateRead,
}

/// The vote and the reads that it was made of. What turns out to be of another plate takes its
/// reads along.
#[derive(Clone, Default)]
pub(crate) struct PlateHistory {
    pub(crate) ballot: PlateBallot,
    pub(crate) raw: RawReads,
}

impl Ballot for PlateHistory {
    type Seen = PlateInFrame;

    fn add(&mut self, seen: &PlateInFrame) {
        if PlateBallot::add(&mut self.ballot, &seen.read) {
            let raw = RawRead::of(seen.frame_seq, seen.captured_at, &seen.read);
            self.raw.push(raw);
        }
    }

    fn weight(&self) -> u64 {
        self.ballot.weight()
    }

    fn is_compatible(&self, other: &Self) -> bool {
        self.ballot.is_compatible(&other.ballot)
    }

    fn absorb(&mut self, other: &Self) {
        self.ballot.absorb(&other.ballot);
        self.raw.absorb(&other.raw);
    }
}
