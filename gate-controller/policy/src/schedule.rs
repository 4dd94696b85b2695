//! Hours of the week in the site's own time.

use domain::{Timestamp, WeeklyHours};

const MINUTES_PER_DAY: i64 = 1440;
/// 1970-01-01 was a Thursday; Monday is day 0.
const EPOCH_WEEKDAY: i64 = 3;

/// Whether the moment lies in any of the hours; no hours at all mean always.
pub(crate) fn is_open(schedule: &[WeeklyHours], at: Timestamp, utc_offset_minutes: i32) -> bool {
    schedule.is_empty()
        || schedule
            .iter()
            .any(|hours| contains(hours, at, utc_offset_minutes))
}

/// Hours whose end is before their start run past midnight and belong to the day they began on.
/// Hours that end where they start are empty: a typing error must not open a gate all day.
fn contains(hours: &WeeklyHours, at: Timestamp, utc_offset_minutes: i32) -> bool {
    let minutes = at.as_micros().div_euclid(60_000_000) + i64::from(utc_offset_minutes);
    let weekday = minutes.div_euclid(MINUTES_PER_DAY) + EPOCH_WEEKDAY;
    let minute = minutes.rem_euclid(MINUTES_PER_DAY);
    let (from, until) = (i64::from(hours.from_minute), i64::from(hours.until_minute));
    if from < until {
        return is_day(hours, weekday) && from <= minute && minute < until;
    }
    let is_past_midnight = until < from;
    is_past_midnight
        && ((is_day(hours, weekday) && from <= minute)
            || (is_day(hours, weekday - 1) && minute < until))
}

fn is_day(hours: &WeeklyHours, weekday: i64) -> bool {
    usize::try_from(weekday.rem_euclid(7))
        .ok()
        .and_then(|day| hours.days.get(day))
        .is_some_and(|is_on| *is_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKDAYS: [bool; 7] = [true, true, true, true, true, false, false];
    const SUNDAY: [bool; 7] = [false, false, false, false, false, false, true];

    /// Minutes after Monday 2026-11-16 00:00 in Viet Nam (UTC+7).
    #[track_caller]
    fn check(days: [bool; 7], from: u16, until: u16, minutes_after_monday: i64, expect: bool) {
        let monday = Timestamp::from_millis(1_794_762_000_000);
        let at = Timestamp::from_micros(monday.as_micros() + minutes_after_monday * 60_000_000);
        let hours = WeeklyHours {
            days,
            from_minute: from,
            until_minute: until,
        };
        assert_eq!(is_open(&[hours], at, 420), expect);
    }

    #[test]
    fn monday_is_monday() {
        let monday = Timestamp::from_millis(1_794_762_000_000);
        assert_eq!(monday.to_string(), "2026-11-15T17:00:00.000000Z");
    }

    #[test]
    fn office_hours() {
        check(WORKDAYS, 420, 1020, 419, false);
        check(WORKDAYS, 420, 1020, 420, true);
        check(WORKDAYS, 420, 1020, 1019, true);
        check(WORKDAYS, 420, 1020, 1020, false);
        check(WORKDAYS, 420, 1020, 5 * 1440 + 600, false);
    }

    #[test]
    fn the_whole_day_ends_at_1440() {
        check(WORKDAYS, 0, 1440, 0, true);
        check(WORKDAYS, 0, 1440, 5 * 1440 - 1, true);
        check(WORKDAYS, 0, 1440, 5 * 1440, false);
    }

    #[test]
    fn past_midnight_belongs_to_the_day_it_began_on() {
        check(WORKDAYS, 1320, 360, 0, false); // Monday 00:00 is Sunday's night
        check(WORKDAYS, 1320, 360, 1320, true);
        check(WORKDAYS, 1320, 360, 1440 + 359, true);
        check(WORKDAYS, 1320, 360, 1440 + 360, false);
        check(WORKDAYS, 1320, 360, 5 * 1440 + 359, true); // Friday's night
        check(WORKDAYS, 1320, 360, 5 * 1440 + 1320, false);
        check(SUNDAY, 1320, 360, 359, true); // over the end of the week
    }

    #[test]
    fn nonsense_is_never_open_and_no_hours_are_always_open() {
        check(WORKDAYS, 600, 600, 600, false);
        check(WORKDAYS, 2000, 3000, 600, false);
        assert!(is_open(&[], Timestamp::EPOCH, 0));
        for micros in [i64::MIN, i64::MAX] {
            let hours = WeeklyHours {
                days: [true; 7],
                from_minute: 0,
                until_minute: 1440,
            };
            assert!(is_open(&[hours], Timestamp::from_micros(micros), i32::MIN));
        }
    }
}
