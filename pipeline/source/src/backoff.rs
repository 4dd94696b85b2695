//! How long to wait before a camera is tried again.

use std::time::Duration;

/// Doubles from the shortest to the longest pause, with jitter.
///
/// The jitter spreads the attempts of many cameras behind one switch that has restarted. Its seed
/// is the camera's name, so a run can be repeated.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    n_failed: u32,
    random: u64,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration, seed: &str) -> Self {
        // FNV-1a; xorshift must not start at 0, which this is for no text worth fearing.
        let random = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            min,
            max,
            n_failed: 0,
            random: random | 1,
        }
    }

    /// The pause after one more failure: between half and all of the doubled pause.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let full = self
            .min
            .saturating_mul(1 << self.n_failed.min(20))
            .min(self.max);
        self.n_failed = self.n_failed.saturating_add(1);
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = f64::from(u32::try_from(self.random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        full.mul_f64(0.5 + 0.5 * share)
    }

    /// The camera has proved itself: the next failure starts at the shortest pause.
    pub(crate) fn reset(&mut self) {
        self.n_failed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10), "a");
        let pauses: Vec<u128> = (0..8).map(|_| backoff.next_pause().as_millis()).collect();
        for (pause, full) in pauses
            .iter()
            .zip([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
        {
            assert!((full / 2..=full).contains(pause), "{pauses:?}");
        }
        backoff.reset();
        assert!(backoff.next_pause() <= Duration::from_millis(500));
    }

    #[test]
    fn never_overflows_and_cameras_differ() {
        let long = Duration::from_secs(3600);
        let (mut a, mut b) = (Backoff::new(long, long, "a"), Backoff::new(long, long, "b"));
        let differ = (0..100)
            .filter(|_| a.next_pause() != b.next_pause())
            .count();
        assert_eq!(differ, 100);
    }
}
