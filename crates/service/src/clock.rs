//! The only place that reads the system's clock, and a clock that tests move by hand.

use domain::{Timestamp, ports::Clock};
use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Now, by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where time enters the program"
)]
pub fn now() -> Timestamp {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    };
    Timestamp::from_micros(micros)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(span)
    }
}

/// A clock that stands still until it is moved; clones show the same time.
#[derive(Clone, Debug)]
pub struct SimClock {
    now: watch::Sender<Timestamp>,
}

impl SimClock {
    /// Stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(start),
        }
    }

    /// Moves on by `span` and wakes whoever has slept long enough.
    pub fn advance(&self, span: Duration) {
        self.now.send_modify(|now| *now = now.saturating_add(span));
    }

    /// Moves to `at`, backwards too: system clocks do that.
    pub fn set(&self, at: Timestamp) {
        self.now.send_replace(at);
    }

    /// How many are asleep or about to be: a test waits for this before it moves the clock.
    pub fn n_sleepers(&self) -> usize {
        self.now.receiver_count()
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    /// Subscribes when called, not when first polled, so that no move is missed.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send {
        let until = self.now().saturating_add(span);
        let mut now = self.now.subscribe();
        async move {
            let woken = now.wait_for(|now| until <= *now).await.is_ok();
            if !woken {
                // The clock is gone: nobody can move it any more, so the span never ends.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_has_moved_far_enough() {
        let clock = SimClock::new(Timestamp::EPOCH);
        let mut sleep = Box::pin(clock.sleep(Duration::from_secs(5)));
        clock.advance(Duration::from_secs(4));
        assert!(timeout(Duration::ZERO, &mut sleep).await.is_err());
        assert_eq!(clock.n_sleepers(), 1);
        clock.advance(Duration::from_secs(1));
        sleep.await;
        assert_eq!(clock.now(), Timestamp::from_millis(5000));
    }

    #[tokio::test]
    async fn a_step_back_makes_the_sleep_longer() {
        let clock = SimClock::new(Timestamp::from_millis(10_000));
        let mut sleep = Box::pin(clock.sleep(Duration::from_secs(1)));
        clock.set(Timestamp::EPOCH);
        clock.advance(Duration::from_secs(10));
        assert!(timeout(Duration::ZERO, &mut sleep).await.is_err());
        clock.advance(Duration::from_secs(1));
        sleep.await;
    }

    #[test]
    fn the_system_clock_is_past_the_day_this_was_written() {
        assert!(Timestamp::from_millis(1_700_000_000_000) < SystemClock.now());
    }
}
