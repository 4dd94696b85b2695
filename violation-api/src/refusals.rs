//! Limits by the minute, and refusals that are counted and told once.

use domain::Timestamp;
use service::document_reader::ReaderRefusal;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

/// So much a minute and no more.
pub(crate) struct PerMinute {
    max: u32,
    /// When the minute began, and how many there have been in it.
    minute: Mutex<(Timestamp, u32)>,
}

impl PerMinute {
    pub(crate) fn new(max: u32) -> Self {
        let minute = Mutex::new((Timestamp::EPOCH, 0));
        Self { max, minute }
    }

    /// Counts one; whether there is room for it.
    pub(crate) fn take(&self, now: Timestamp) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins anew.
        if now < minute.0 || MINUTE <= now.since(minute.0) {
            *minute = (now, 0);
        }
        minute.1 = minute.1.saturating_add(1);
        minute.1 <= self.max
    }
}

/// What readers' messages were refused for. Their content is told nowhere.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<&'static str, u64>>);

impl Refusals {
    /// Counts one; the first of its kind is told in the log.
    pub(crate) fn note(&self, refusal: ReaderRefusal) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(refusal.code()).or_default();
        *count = count.saturating_add(1);
        if *count == 1 {
            tracing::warn!(reason = %refusal, "a reader's message was refused; more are counted");
        }
    }

    /// How many of each kind since the start.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_room_for_so_many_and_then_for_as_many_again() {
        let limit = PerMinute::new(2);
        let at = |seconds: i64| Timestamp::from_millis(1000 * seconds);
        let taken = [100, 101, 102, 159, 160, 161, 162].map(|seconds| limit.take(at(seconds)));
        assert_eq!(taken, [true, true, false, false, true, true, false]);
        assert!(limit.take(at(10)), "the clock was set back");
    }

    #[test]
    fn refusals_are_counted_by_kind() {
        let refusals = Refusals::default();
        refusals.note(ReaderRefusal::Replay);
        refusals.note(ReaderRefusal::Replay);
        refusals.note(ReaderRefusal::Signature);
        let counts: Vec<_> = refusals.counts().into_iter().collect();
        assert_eq!(counts, [("replay", 2), ("signature", 1)]);
    }
}
