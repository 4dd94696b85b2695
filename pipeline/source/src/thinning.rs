//! Which frames of a fast camera are worth a conversion.

use std::time::Duration;

/// Keeps at most so many frames a second, evenly.
#[derive(Debug)]
pub(crate) struct Thinner {
    interval: Duration,
    due: Option<Duration>,
    last: Duration,
}

impl Thinner {
    pub(crate) fn new(fps_max: f64) -> Self {
        Self {
            interval: Duration::from_secs_f64(1.0 / fps_max),
            due: None,
            last: Duration::ZERO,
        }
    }

    /// Whether the frame with this time is kept.
    pub(crate) fn keeps(&mut self, pts: Duration) -> bool {
        // Time has gone backwards: a new stream.
        let due = if pts < self.last { None } else { self.due };
        self.last = pts;
        let Some(due) = due else {
            self.due = Some(pts + self.interval);
            return true;
        };
        // Cameras' times are rounded to a millisecond or to a 90 kHz tick.
        if pts + Duration::from_millis(2) < due {
            return false;
        }
        let next = due + self.interval;
        self.due = Some(if next <= pts {
            pts + self.interval
        } else {
            next
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(fps: u64, fps_max: f64) -> usize {
        let mut thinner = Thinner::new(fps_max);
        (0..fps * 10)
            .filter(|n| thinner.keeps(Duration::from_micros(n * 1_000_000 / fps)))
            .count()
    }

    #[test]
    fn keeps_the_rate_it_is_given() {
        assert_eq!(kept(25, 25.0), 250);
        assert_eq!(kept(25, 30.0), 250);
        assert_eq!(kept(25, 12.5), 125);
        assert_eq!(kept(25, 10.0), 100);
        assert_eq!(kept(30, 10.0), 100);
        assert_eq!(kept(30, 29.97), 299);
        assert_eq!(kept(30, 15.0), 150);
        assert_eq!(kept(60, 1.0), 10);
    }

    #[test]
    fn starts_again_when_time_does() {
        let mut thinner = Thinner::new(1.0);
        assert!(thinner.keeps(Duration::from_secs(1000)));
        assert!(thinner.keeps(Duration::ZERO));
        assert!(!thinner.keeps(Duration::from_millis(40)));
    }
}
