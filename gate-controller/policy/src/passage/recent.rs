//! What was handled, so that a message that comes again changes nothing.

use super::HANDLED_MAX;
use std::collections::{BTreeSet, VecDeque};

/// The newest [`HANDLED_MAX`] of something, each once.
pub(super) struct Recent<T> {
    known: BTreeSet<T>,
    /// Oldest first.
    order: VecDeque<T>,
}

impl<T: Copy + Ord> Recent<T> {
    pub(super) fn new() -> Self {
        Self {
            known: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }

    /// `false` when it was known.
    pub(super) fn insert(&mut self, one: T) -> bool {
        let is_new = self.known.insert(one);
        if is_new {
            self.order.push_back(one);
        }
        while HANDLED_MAX < self.order.len() {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        is_new
    }

    pub(super) fn contains(&self, one: &T) -> bool {
        self.known.contains(one)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.order.iter().copied()
    }
}
