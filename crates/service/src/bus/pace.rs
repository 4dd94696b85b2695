//! How long to wait before the next attempt to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// A connection that lasted as long was a good one: the next attempt comes quickly.
const GOOD: Duration = Duration::from_secs(5);

/// Doubles the pause from attempt to attempt, up to a limit.
#[derive(Debug)]
pub(super) struct Pace {
    next: Duration,
    longest: Duration,
}

impl Pace {
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            next: FIRST.min(longest),
            longest,
        }
    }

    /// The pause after a connection (or an attempt) that lasted so long.
    ///
    /// Varied by up to a quarter, so that many programs do not come back to a broker at the same
    /// moment. A broker that takes connections only to drop them does not shorten the pause.
    pub(super) fn pause_after(&mut self, lasted: Duration) -> Duration {
        if GOOD <= lasted {
            self.next = FIRST.min(self.longest);
        }
        let pause = self.next;
        self.next = (2 * self.next).min(self.longest);
        let variation = getrandom::u32().unwrap_or(0) % 250;
        pause.mul_f64(1.0 - f64::from(variation) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_limit_and_start_anew_after_a_good_connection() {
        let mut pace = Pace::new(Duration::from_secs(1));
        let mut expect = FIRST;
        for _n in 0..8 {
            let pause = pace.pause_after(Duration::from_secs(4));
            assert!(
                expect.mul_f64(0.74) < pause && pause <= expect,
                "{pause:?} for {expect:?}"
            );
            expect = (2 * expect).min(Duration::from_secs(1));
        }
        assert!(pace.pause_after(GOOD) <= FIRST);
        assert!(FIRST < pace.pause_after(Duration::ZERO));
    }
}
