//! What the log has about rejected messages: the first of each kind at once, and after that at most
//! one line a minute, while the numbers grow.
//!
//! Somebody who floods the broker must not be able to flood the log; and no payload is told, for it
//! may hold a plate.

use domain::Timestamp;
use std::time::Duration;
use wire::WireError;

/// The shortest pause between two summaries.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(60);

/// Why a message was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// No message of ours.
    Malformed,
    /// Of a newer program.
    Version,
    /// Too large.
    TooLarge,
    /// Ours, where it does not belong.
    Unexpected,
    /// A command that is not signed with the site's key.
    Forged,
}

const ALL: [Rejection; 5] = [
    Rejection::Malformed,
    Rejection::Version,
    Rejection::TooLarge,
    Rejection::Unexpected,
    Rejection::Forged,
];

impl Rejection {
    pub(crate) fn of(error: &WireError) -> Self {
        match error {
            WireError::TooLarge { .. } => Self::TooLarge,
            WireError::Malformed { .. } => Self::Malformed,
            WireError::Version { .. } => Self::Version,
        }
    }

    /// One word for the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "newer",
            Self::TooLarge => "too large",
            Self::Unexpected => "unexpected",
            Self::Forged => "forged",
        }
    }
}

/// Counts rejections and says when to speak of them.
#[derive(Debug, Default)]
pub(crate) struct RejectionLog {
    counts: [u64; ALL.len()],
    /// Whether there is more than what was told.
    has_news: bool,
    /// When the next summary may be told.
    not_before: Option<Timestamp>,
}

impl RejectionLog {
    /// Counts one; whether it is the first of its kind, which is told at once.
    pub(crate) fn note(&mut self, rejection: Rejection) -> bool {
        let count = &mut self.counts[rejection as usize];
        *count += 1;
        self.has_news |= *count != 1;
        *count == 1
    }

    /// When a summary is due, if one is.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        self.not_before.filter(|_| self.has_news)
    }

    /// The counts in words when it is time for them. Call it after each message and when due.
    pub(crate) fn summary(&mut self, now: Timestamp) -> Option<String> {
        if !self.has_news {
            return None;
        }
        let not_before = *self
            .not_before
            .get_or_insert(now.saturating_add(SUMMARY_INTERVAL));
        // A clock that was set back by more than the pause does not silence the log.
        let is_due = not_before <= now || now.saturating_add(SUMMARY_INTERVAL) < not_before;
        if !is_due {
            return None;
        }
        self.has_news = false;
        self.not_before = Some(now.saturating_add(SUMMARY_INTERVAL));
        self.total()
    }

    /// All counts that are not 0, in words.
    pub(crate) fn total(&self) -> Option<String> {
        let counts = ALL.iter().zip(self.counts).filter(|(_kind, n)| *n != 0);
        let words: Vec<String> = counts
            .map(|(kind, n)| format!("{n} {}", kind.name()))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + second * 1000)
    }

    /// A flood at ten a second for so many seconds: when something is told, and what.
    fn flood(log: &mut RejectionLog, from_s: i64, n_seconds: i64) -> Vec<(i64, String)> {
        let mut told = Vec::new();
        for second in from_s..from_s + n_seconds {
            for _ in 0..10 {
                if log.note(Rejection::Malformed) {
                    told.push((second, "first".to_owned()));
                }
                told.extend(log.summary(at(second)).map(|text| (second, text)));
            }
        }
        told
    }

    #[test]
    fn the_first_is_told_at_once_and_a_flood_once_a_minute() {
        let mut log = RejectionLog::default();
        let told = flood(&mut log, 0, 150);
        let expect = [
            (0, "first".to_owned()),
            (60, "601 malformed".to_owned()),
            (120, "1201 malformed".to_owned()),
        ];
        assert_eq!(told, expect);
    }

    #[test]
    fn each_kind_has_its_first_and_nothing_new_is_told_twice() {
        let mut log = RejectionLog::default();
        assert!(log.note(Rejection::Version));
        assert!(log.note(Rejection::Forged));
        assert_eq!((log.summary(at(0)), log.due_at()), (None, None));
        assert!(!log.note(Rejection::Forged));
        assert_eq!(log.summary(at(0)), None);
        assert_eq!(log.due_at(), Some(at(60)));
        assert_eq!(log.summary(at(60)).as_deref(), Some("1 newer, 2 forged"));
        assert_eq!((log.summary(at(200)), log.due_at()), (None, None));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_it() {
        let mut log = RejectionLog::default();
        flood(&mut log, 10_000, 61);
        log.note(Rejection::Malformed);
        assert!(log.summary(at(0)).is_some());
    }
}
