//! Days, weeks and months of the site, and the hours and days that they are made of.

use super::QUARTER_MICROS;
use domain::Timestamp;
use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// No longer span is added up at once.
pub(crate) const DAYS_MAX: i32 = 366;

/// Why there are no figures of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpanError {
    /// Not as `2026-12-01`.
    #[error("{what}: expected a date such as 2026-12-01")]
    NotADate {
        /// The parameter.
        what: &'static str,
    },
    /// It has not come yet.
    #[error("this span ends or begins in the future; today is {today} at the site")]
    Future {
        /// The site's day.
        today: Date,
    },
    /// It ends before it begins.
    #[error("until is before from; both days are included")]
    Reversed,
    /// Longer than a year.
    #[error("this span has {days} days; ask for at most {DAYS_MAX}")]
    TooLong {
        /// How many it has.
        days: i32,
    },
}

impl SpanError {
    /// For people, in Vietnamese.
    pub(crate) fn in_vietnamese(self) -> String {
        match self {
            Self::NotADate { .. } => {
                "Ngày không đọc được. Hãy ghi như 2026-12-01 (năm-tháng-ngày).".to_owned()
            }
            Self::Future { today } => format!(
                "Khoảng thời gian này chưa đến. Hôm nay ở địa điểm là {}.",
                today.strftime("%d/%m/%Y")
            ),
            Self::Reversed => "Ngày cuối đứng trước ngày đầu.".to_owned(),
            Self::TooLong { days } => {
                format!("Khoảng thời gian có {days} ngày; nhiều nhất là {DAYS_MAX} ngày.")
            }
        }
    }
}

/// Days of the site, first and last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

/// What a page shows at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Period {
    #[default]
    Day,
    Week,
    Month,
}

impl Period {
    pub(crate) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.code() == code)
    }

    /// The days of the one that this day is in. Weeks begin on Monday.
    pub(crate) fn around(self, day: Date) -> Days {
        let (first, last) = match self {
            Self::Day => (day, day),
            Self::Week => {
                let n_past = day.weekday().since(Weekday::Monday);
                let first = day.saturating_sub(i64::from(n_past).days());
                (first, first.saturating_add(6.days()))
            }
            Self::Month => (day.first_of_month(), day.last_of_month()),
        };
        Days { first, last }
    }

    /// The days of the one before or after.
    pub(crate) fn beside(self, days: Days, step: i64) -> Days {
        let day = match self {
            Self::Day => days.first.saturating_add(step.days()),
            Self::Week => days.first.saturating_add((7 * step).days()),
            Self::Month => days.first.saturating_add(step.months()),
        };
        self.around(day)
    }
}

/// One hour or day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) day: Date,
    /// The local hour, for hours.
    pub(crate) hour: Option<i8>,
}

/// A date as RFC 3339 writes it.
pub(crate) fn parse_date(what: &'static str, text: &str) -> Result<Date, SpanError> {
    let is_date = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = if is_date { text.parse().ok() } else { None };
    date.ok_or(SpanError::NotADate { what })
}

/// The site's day of a moment.
pub(crate) fn day_of(zone: &TimeZone, at: Timestamp) -> Date {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .unwrap_or_default()
        .to_zoned(zone.clone())
        .date()
}

/// When a day begins at the site.
fn start(zone: &TimeZone, day: Date) -> Timestamp {
    let began = day.to_zoned(zone.clone());
    let micros = began.map_or(i64::MAX, |at| at.timestamp().as_microsecond());
    Timestamp::from_micros(micros)
}

impl Days {
    /// From one date to another, neither in the future.
    pub(crate) fn between(first: Date, last: Date, today: Date) -> Result<Self, SpanError> {
        if last < first {
            return Err(SpanError::Reversed);
        }
        if today < last {
            return Err(SpanError::Future { today });
        }
        let days = Self { first, last };
        let n_days = days.n_days();
        if DAYS_MAX < n_days {
            return Err(SpanError::TooLong { days: n_days });
        }
        Ok(days)
    }

    pub(crate) fn n_days(self) -> i32 {
        let span = self.last.since((jiff::Unit::Day, self.first));
        span.map_or(i32::MAX, |span| span.get_days().saturating_add(1))
    }

    /// When the first begins and when the day after the last does.
    pub(crate) fn span(self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let after = self.last.tomorrow().unwrap_or(self.last);
        (start(zone, self.first), start(zone, after))
    }

    fn dates(self) -> impl Iterator<Item = Date> {
        let dates = std::iter::successors(Some(self.first), |day| day.tomorrow().ok());
        dates.take_while(move |day| *day <= self.last)
    }

    pub(crate) fn day_slots(self, zone: &TimeZone) -> Vec<Slot> {
        let slot = |day: Date| Slot {
            from: start(zone, day),
            until: day
                .tomorrow()
                .map_or(Timestamp::from_micros(i64::MAX), |next| start(zone, next)),
            day,
            hour: None,
        };
        self.dates().map(slot).collect()
    }

    /// A day has 23 or 25 where clocks are changed on it.
    pub(crate) fn hour_slots(self, zone: &TimeZone) -> Vec<Slot> {
        let mut slots = Vec::new();
        for day in self.day_slots(zone) {
            let mut from = day.from;
            while from < day.until {
                let next = Timestamp::from_micros(from.as_micros() + 4 * QUARTER_MICROS);
                let until = next.min(day.until);
                let local = jiff::Timestamp::from_microsecond(from.as_micros());
                let local = local.unwrap_or_default().to_zoned(zone.clone());
                slots.push(Slot {
                    from,
                    until,
                    day: day.day,
                    hour: Some(local.hour()),
                });
                from = until;
            }
        }
        slots
    }
}

/// Whether some of them begin beside the hours of UTC.
pub(crate) fn needs_quarters(slots: &[Slot]) -> bool {
    let hour = 4 * QUARTER_MICROS;
    let mut slots = slots.iter();
    slots.any(|slot| slot.from.as_micros().rem_euclid(hour) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_site_s_days_are_cut_into_its_hours() {
        let here = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let day = Period::Day.around(date(2026, 12, 1));
        let hours = day.hour_slots(&here);
        assert_eq!(hours.len(), 24);
        assert_eq!(hours[0].from.to_string(), "2026-11-30T17:00:00.000000Z");
        assert_eq!(
            (hours[7].hour, hours[23].until),
            (Some(7), day.span(&here).1)
        );
        assert!(!needs_quarters(&hours));
        let kathmandu = TimeZone::get("Asia/Kathmandu").unwrap();
        let hours = day.hour_slots(&kathmandu);
        assert!(hours.len() == 24 && needs_quarters(&hours));
        // Clocks are set back on 25 October 2026 and were set forward on 29 March.
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let hours = |month, day| {
            Period::Day
                .around(date(2026, month, day))
                .hour_slots(&berlin)
        };
        assert_eq!((hours(10, 25).len(), hours(3, 29).len()), (25, 23));
        assert_eq!(
            hours(10, 25).iter().filter(|s| s.hour == Some(2)).count(),
            2
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_months_have_their_days() {
        let week = Period::Week.around(date(2026, 12, 1));
        assert_eq!(
            (week.first, week.last),
            (date(2026, 11, 30), date(2026, 12, 6))
        );
        let month = Period::Month.around(date(2028, 2, 29));
        assert_eq!(month.n_days(), 29);
        let before = Period::Month.beside(Period::Month.around(date(2026, 3, 31)), -1);
        assert_eq!(
            (before.first, before.last),
            (date(2026, 2, 1), date(2026, 2, 28))
        );
        assert_eq!(Period::Week.beside(week, 1).first, date(2026, 12, 7));
    }

    #[test]
    fn bad_spans_are_told() {
        let today = date(2026, 12, 1);
        let between = |first, last| Days::between(first, last, today);
        assert!(between(date(2025, 12, 1), today).is_ok());
        assert_eq!(
            between(date(2025, 11, 30), today),
            Err(SpanError::TooLong { days: 367 })
        );
        assert_eq!(between(today, date(2026, 11, 30)), Err(SpanError::Reversed));
        assert_eq!(
            between(today, date(2026, 12, 2)),
            Err(SpanError::Future { today })
        );
        for text in [
            "",
            "2026-13-01",
            "1/12/2026",
            "2026-12-1",
            "2026-12-01T00",
            "-026-12-01",
        ] {
            assert!(parse_date("from", text).is_err(), "{text}");
        }
        assert_eq!(parse_date("from", "2026-12-01"), Ok(today));
    }
}
