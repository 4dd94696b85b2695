//! Days and times of day as people at the site write and read them.

use domain::Timestamp;
use jiff::{
    ToSpan as _, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};

/// The site's days.
#[derive(Clone)]
pub(crate) struct SiteDays {
    zone: TimeZone,
}

impl SiteDays {
    pub(crate) fn new(zone: &TimeZone) -> Self {
        let zone = zone.clone();
        Self { zone }
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        Some(at.to_zoned(self.zone.clone()))
    }

    /// `2026-11-21`, as forms and addresses have it.
    pub(crate) fn day_of(&self, at: Timestamp) -> String {
        self.written(at, "%Y-%m-%d")
    }

    /// `21/11/2026`, as people read it.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        self.written(at, "%d/%m/%Y")
    }

    /// `14:32`.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        self.written(at, "%H:%M")
    }

    /// `14:32` on the day of `now`, else `14:32 21/11`.
    pub(crate) fn time_on(&self, at: Timestamp, now: Timestamp) -> String {
        if self.day_of(at) == self.day_of(now) {
            self.time(at)
        } else {
            self.written(at, "%H:%M %d/%m")
        }
    }

    fn written(&self, at: Timestamp, format: &str) -> String {
        let zoned = self.zoned(at);
        zoned.map_or_else(|| "?".to_owned(), |at| at.strftime(format).to_string())
    }

    /// First moments of the day and of the next one.
    pub(crate) fn bounds(&self, day: &str) -> Option<(Timestamp, Timestamp)> {
        let day: Date = day.parse().ok()?;
        let first = |day: Date| {
            let zoned = day.to_zoned(self.zone.clone()).ok()?;
            Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
        };
        Some((first(day)?, first(day.checked_add(1.day()).ok()?)?))
    }

    /// The moment of `2026-11-21` and `14:32`.
    pub(crate) fn moment(&self, day: &str, time: &str) -> Option<Timestamp> {
        let (day, time): (Date, Time) = (day.parse().ok()?, time.parse().ok()?);
        let zoned = day.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_the_sites() {
        let days = SiteDays::new(&TimeZone::get("Asia/Ho_Chi_Minh").unwrap());
        let at = Timestamp::from_micros(1_795_246_370_123_456); // 2026-11-21T07:32:50.123456Z
        assert_eq!(days.day_of(at), "2026-11-21");
        assert_eq!(
            (days.day(at), days.time(at)),
            ("21/11/2026".to_owned(), "14:32".to_owned())
        );
        let (from, until) = days.bounds("2026-11-21").unwrap();
        assert_eq!(until.since(from).as_secs(), 24 * 3600);
        assert!(from < at && at < until);
        let moment = days.moment("2026-11-21", "14:32").unwrap();
        assert_eq!(at.since(moment).as_millis(), 50_123);
        assert_eq!(
            days.time_on(at, at.saturating_add(until.since(from))),
            "14:32 21/11"
        );
        for (day, time) in [("21/11/2026", "14:32"), ("2026-11-21", "25:00"), ("", "")] {
            assert_eq!(days.moment(day, time), None, "{day} {time}");
        }
    }
}
