//! What the log has about a camera that is away: the first loss, a summary at growing intervals,
//! and that it is back. A camera that is off for a week would fill the log otherwise.

use std::time::Duration;

/// From the first loss to the first summary; each further pause is twice the one before.
const PAUSE_MIN: Duration = Duration::from_secs(60);
/// The longest pause between two summaries.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// How long a camera has been away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) lasts: Duration,
    pub(crate) n_losses: u64,
}

/// Something to say about a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    First,
    Still(Absence),
}

/// Times are on a clock that nobody sets.
#[derive(Debug, Default)]
pub(crate) struct LossLog {
    away: Option<Away>,
}

#[derive(Debug)]
struct Away {
    since: Duration,
    n_losses: u64,
    pause: Duration,
    told_at: Duration,
}

impl LossLog {
    /// An attempt has failed, or a stream has ended.
    pub(crate) fn lost(&mut self, now: Duration) -> Option<Word> {
        let Some(away) = &mut self.away else {
            self.away = Some(Away {
                since: now,
                n_losses: 1,
                pause: PAUSE_MIN,
                told_at: now,
            });
            return Some(Word::First);
        };
        away.n_losses += 1;
        if now < away.told_at + away.pause {
            return None;
        }
        away.told_at = now;
        away.pause = (away.pause * 2).min(PAUSE_MAX);
        Some(Word::Still(away.until(now)))
    }

    /// Whether its return is still to be told.
    pub(crate) fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// The camera has streamed long enough to count as back. One that comes and goes by the second
    /// stays away as far as the log is concerned.
    pub(crate) fn back(&mut self, now: Duration) -> Option<Absence> {
        self.away.take().map(|away| away.until(now))
    }
}

impl Away {
    fn until(&self, now: Duration) -> Absence {
        Absence {
            lasts: now.saturating_sub(self.since),
            n_losses: self.n_losses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn the_first_loss_is_told_then_summaries_ever_more_rarely_then_the_return() {
        let mut log = LossLog::default();
        assert_eq!(log.back(at(1)), None);
        // A day of an attempt every ten seconds.
        let told: Vec<u64> = (0..8640)
            .map(|n| n * 10)
            .filter(|second| log.lost(at(*second)).is_some())
            .collect();
        assert_eq!(told[..7], [0, 60, 180, 420, 900, 1860, 3780]);
        assert!(told[7..].windows(2).all(|pair| pair[1] - pair[0] == 3600));
        assert!(told.len() < 32, "{told:?}");
        let absence = Absence {
            lasts: at(86_400),
            n_losses: 8640,
        };
        assert_eq!(log.back(at(86_400)), Some(absence));
        assert!(!log.is_away());
        assert_eq!(log.lost(at(86_500)), Some(Word::First));
    }
}
