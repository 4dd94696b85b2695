//! Hands frames from a camera's thread to the one that infers.
//!
//! In real time the newest wins, and what it replaces is counted. As fast as possible the producer
//! waits, and nothing is lost.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What became of an item that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits to be taken.
    Stored,
    /// It waits to be taken, in the place of an older one that was dropped.
    Replaced,
    /// Nobody takes any more: it was dropped.
    Closed,
}

/// What was there to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The oldest item that waits.
    Item(T),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come.
    Closed,
}

/// What a slot has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotStats {
    /// Items put before it was closed.
    pub n_put: u64,
    /// Items taken.
    pub n_taken: u64,
    /// Items that a newer one replaced.
    pub n_dropped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenFull {
    DropOldest,
    Wait,
}

/// A place for one item, or a few, between two threads.
#[derive(Debug)]
pub struct Slot<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
    depth: usize,
    when_full: WhenFull,
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    is_closed: bool,
    stats: SlotStats,
}

impl<T> Slot<T> {
    /// A slot of one where the newest wins.
    pub fn newest_wins() -> Self {
        Self::with(1, WhenFull::DropOldest)
    }

    /// A slot of `depth` where the oldest gives way.
    pub fn newest_wins_of(depth: usize) -> Self {
        Self::with(depth.max(1), WhenFull::DropOldest)
    }

    /// A slot of one where the producer waits.
    pub fn lossless() -> Self {
        Self::with(1, WhenFull::Wait)
    }

    fn with(depth: usize, when_full: WhenFull) -> Self {
        Self {
            inner: Mutex::new(Inner {
                items: VecDeque::with_capacity(depth),
                is_closed: false,
                stats: SlotStats::default(),
            }),
            changed: Condvar::new(),
            depth,
            when_full,
        }
    }

    /// Puts an item; waits for room only in a lossless slot.
    pub fn put(&self, item: T) -> Put {
        let mut inner = self.lock();
        if self.when_full == WhenFull::Wait {
            inner = self
                .changed
                .wait_while(inner, |inner| {
                    !inner.is_closed && self.depth <= inner.items.len()
                })
                .unwrap_or_else(PoisonError::into_inner);
        }
        if inner.is_closed {
            return Put::Closed;
        }
        let is_full = self.depth <= inner.items.len();
        if is_full {
            inner.items.pop_front();
            inner.stats.n_dropped += 1;
        }
        inner.items.push_back(item);
        inner.stats.n_put += 1;
        drop(inner);
        self.changed.notify_all();
        if is_full { Put::Replaced } else { Put::Stored }
    }

    /// Takes the oldest item, waiting for one at most so long.
    ///
    /// What was put before the slot was closed can still be taken.
    pub fn take(&self, timeout: Duration) -> Taken<T> {
        let (mut inner, _timeout) = self
            .changed
            .wait_timeout_while(self.lock(), timeout, |inner| {
                !inner.is_closed && inner.items.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        match inner.items.pop_front() {
            Some(item) => {
                inner.stats.n_taken += 1;
                drop(inner);
                self.changed.notify_all();
                Taken::Item(item)
            }
            None if inner.is_closed => Taken::Closed,
            None => Taken::TimedOut,
        }
    }

    /// Refuses what is put from now on, and wakes everyone who waits.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// What it has counted.
    pub fn stats(&self) -> SlotStats {
        self.lock().stats
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_newest_wins_and_drops_are_counted() {
        let slot = Slot::newest_wins();
        assert_eq!(slot.put(1), Put::Stored);
        assert_eq!(slot.put(2), Put::Replaced);
        assert_eq!(slot.put(3), Put::Replaced);
        assert_eq!(slot.take(LONG), Taken::Item(3));
        assert_eq!(slot.take(Duration::ZERO), Taken::TimedOut);
        let expect = SlotStats {
            n_put: 3,
            n_taken: 1,
            n_dropped: 2,
        };
        assert_eq!(slot.stats(), expect);
    }

    #[test]
    fn a_deeper_slot_drops_the_oldest() {
        let slot = Slot::newest_wins_of(2);
        for n in 0..5 {
            slot.put(n);
        }
        assert_eq!(slot.take(LONG), Taken::Item(3));
        assert_eq!(slot.take(LONG), Taken::Item(4));
        assert_eq!(slot.stats().n_dropped, 3);
    }

    #[test]
    fn a_lossless_slot_loses_nothing() {
        let slot = Arc::new(Slot::lossless());
        let producer = thread::spawn({
            let slot = Arc::clone(&slot);
            move || {
                for n in 0..1000 {
                    assert_eq!(slot.put(n), Put::Stored);
                }
                slot.close();
            }
        });
        let mut taken = Vec::new();
        while let Taken::Item(n) = slot.take(LONG) {
            taken.push(n);
        }
        producer.join().unwrap();
        assert_eq!(taken, (0..1000).collect::<Vec<_>>());
        assert_eq!(slot.stats().n_dropped, 0);
    }

    #[test]
    fn closing_wakes_both_sides_and_keeps_what_waits() {
        let slot = Arc::new(Slot::lossless());
        slot.put(1);
        let blocked = thread::spawn({
            let slot = Arc::clone(&slot);
            move || slot.put(2)
        });
        slot.close();
        assert_eq!(blocked.join().unwrap(), Put::Closed);
        assert_eq!(slot.take(LONG), Taken::Item(1));
        assert_eq!(slot.take(LONG), Taken::Closed);
        assert_eq!(slot.put(3), Put::Closed);

        let empty = Arc::new(Slot::<u8>::newest_wins());
        let waiting = thread::spawn({
            let empty = Arc::clone(&empty);
            move || empty.take(LONG)
        });
        empty.close();
        assert_eq!(waiting.join().unwrap(), Taken::Closed);
    }
}
