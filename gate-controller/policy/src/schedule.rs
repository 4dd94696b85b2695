//! Hours of the week in the site's own time, with public holidays.

use domain::{Calendar, Group, OnHoliday, Registration, Timestamp, WeeklyHours};

const MINUTES_PER_DAY: i64 = 1440;
/// 1970-01-01 was a Thursday; Monday is day 0.
const EPOCH_WEEKDAY: i64 = 3;
const SUNDAY: i64 = 6;

/// The site's own time: its calendar, and how far east of UTC it is.
#[derive(Clone, Copy)]
pub(crate) struct LocalTime<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) utc_offset_minutes: i32,
}

/// How far ahead the next opening is looked for: the longest holidays are nine days.
const AHEAD_DAYS: i64 = 21;

/// The first whole minute after `at` at which an entry may pass by its hours and those of its
/// group, within three weeks; for those who check a list.
pub fn next_opening(
    entry: &Registration,
    group: Option<&Group>,
    (calendar, utc_offset_minutes): (&Calendar, i32),
    at: Timestamp,
) -> Option<Timestamp> {
    let local = LocalTime {
        calendar,
        utc_offset_minutes,
    };
    local.next_opening(entry, group, at)
}

impl LocalTime<'_> {
    /// Whether an entry may pass at this moment: its own hours and those of its group both hold.
    pub(crate) fn is_open(
        &self,
        entry: &Registration,
        group: Option<&Group>,
        at: Timestamp,
    ) -> bool {
        let minutes = self.minutes(at);
        self.holds(&entry.schedule, OnHoliday::Usual, minutes)
            && group.is_none_or(|group| self.holds(&group.schedule, group.on_holiday, minutes))
    }

    /// The first whole minute from `at` on at which the entry may pass by its hours, within three
    /// weeks.
    pub(crate) fn next_opening(
        &self,
        entry: &Registration,
        group: Option<&Group>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let first = at.as_micros().div_euclid(60_000_000) + 1;
        (0..AHEAD_DAYS * MINUTES_PER_DAY)
            .map(|ahead| Timestamp::from_micros((first + ahead).saturating_mul(60_000_000)))
            .find(|minute| self.is_open(entry, group, *minute))
    }

    fn minutes(&self, at: Timestamp) -> i64 {
        at.as_micros().div_euclid(60_000_000) + i64::from(self.utc_offset_minutes)
    }

    /// Whether the moment lies in any of the hours; no hours at all mean always, but for a group
    /// that stays outside on a holiday.
    fn holds(&self, schedule: &[WeeklyHours], on_holiday: OnHoliday, minutes: i64) -> bool {
        if schedule.is_empty() {
            let day = minutes.div_euclid(MINUTES_PER_DAY);
            return on_holiday != OnHoliday::Closed || !self.is_holiday(day);
        }
        let weekday = |day| self.weekday(day, on_holiday);
        schedule
            .iter()
            .any(|hours| contains(hours, minutes, &weekday))
    }

    fn is_holiday(&self, day: i64) -> bool {
        i32::try_from(day).is_ok_and(|day| self.calendar.holidays.binary_search(&day).is_ok())
    }

    /// The weekday that a day counts as; nothing for a day on which the hours do not hold at all.
    fn weekday(&self, day: i64, on_holiday: OnHoliday) -> Option<i64> {
        let number = i32::try_from(day).ok();
        let worked = |day: i32| {
            let place = self.calendar.worked.binary_search_by_key(&day, |w| w.0);
            place
                .ok()
                .and_then(|place| self.calendar.worked.get(place))
                .map(|worked| i64::from(worked.1))
        };
        if self.is_holiday(day) {
            match on_holiday {
                OnHoliday::Closed => return None,
                OnHoliday::Sunday => return Some(SUNDAY),
                OnHoliday::Usual => (),
            }
        }
        let usual = (day + EPOCH_WEEKDAY).rem_euclid(7);
        Some(number.and_then(worked).unwrap_or(usual))
    }
}

/// Hours whose end is before their start run past midnight and belong to the day they began on.
/// Hours that end where they start are empty: a typing error must not open a gate all day.
fn contains(hours: &WeeklyHours, minutes: i64, weekday: &impl Fn(i64) -> Option<i64>) -> bool {
    let day = minutes.div_euclid(MINUTES_PER_DAY);
    let minute = minutes.rem_euclid(MINUTES_PER_DAY);
    let (from, until) = (i64::from(hours.from_minute), i64::from(hours.until_minute));
    let is_on = |day: i64| weekday(day).is_some_and(|weekday| is_day(hours, weekday));
    if from < until {
        return from <= minute && minute < until && is_on(day);
    }
    let is_past_midnight = until < from;
    is_past_midnight && ((from <= minute && is_on(day)) || (minute < until && is_on(day - 1)))
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
    const SUNDAY_ONLY: [bool; 7] = [false, false, false, false, false, false, true];

    fn open(schedule: Vec<WeeklyHours>, at: Timestamp, utc_offset_minutes: i32) -> bool {
        let entry = Registration {
            schedule,
            ..Registration::allow()
        };
        let local = LocalTime {
            calendar: &Calendar::default(),
            utc_offset_minutes,
        };
        local.is_open(&entry, None, at)
    }

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
        assert_eq!(open(vec![hours], at, 420), expect);
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
        check(SUNDAY_ONLY, 1320, 360, 359, true); // over the end of the week
    }

    #[test]
    fn nonsense_is_never_open_and_no_hours_are_always_open() {
        check(WORKDAYS, 600, 600, 600, false);
        check(WORKDAYS, 2000, 3000, 600, false);
        assert!(open(Vec::new(), Timestamp::EPOCH, 0));
        for micros in [i64::MIN, i64::MAX] {
            let hours = WeeklyHours {
                days: [true; 7],
                from_minute: 0,
                until_minute: 1440,
            };
            assert!(open(vec![hours], Timestamp::from_micros(micros), i32::MIN));
        }
    }

    /// 2026-09-02 (National Day) is a Wednesday, and so is 2026-09-09.
    const NATIONAL_DAY: i32 = 20_698;

    fn group_open(on_holiday: OnHoliday, schedule: &[WeeklyHours], day: i32, minute: i64) -> bool {
        let calendar = Calendar {
            holidays: vec![NATIONAL_DAY],
            // A Saturday that is worked for a Monday.
            worked: vec![(NATIONAL_DAY - 11, 0)],
        };
        let local = LocalTime {
            calendar: &calendar,
            utc_offset_minutes: 420,
        };
        let group = Group {
            on_holiday,
            schedule: schedule.to_vec(),
            ..Group::new("staff".parse().unwrap())
        };
        let minutes = i64::from(day) * MINUTES_PER_DAY + minute - 420;
        let at = Timestamp::from_micros(minutes * 60_000_000);
        local.is_open(&Registration::allow(), Some(&group), at)
    }

    #[test]
    fn holidays_and_exchanged_days() {
        let at = Timestamp::from_micros(i64::from(NATIONAL_DAY) * MINUTES_PER_DAY * 60_000_000);
        assert_eq!(at.to_string(), "2026-09-02T00:00:00.000000Z");
        let office = [WeeklyHours {
            days: WORKDAYS,
            from_minute: 420,
            until_minute: 1020,
        }];
        let sundays = [WeeklyHours {
            days: SUNDAY_ONLY,
            from_minute: 480,
            until_minute: 720,
        }];
        for (on_holiday, expect) in [
            (OnHoliday::Usual, [true, false, true]),
            (OnHoliday::Closed, [false, false, false]),
            (OnHoliday::Sunday, [false, true, true]),
        ] {
            let found = [
                group_open(on_holiday, &office, NATIONAL_DAY, 600),
                group_open(on_holiday, &sundays, NATIONAL_DAY, 600),
                group_open(on_holiday, &[], NATIONAL_DAY, 600),
            ];
            assert_eq!(found, expect, "{on_holiday:?}");
            assert!(group_open(on_holiday, &office, NATIONAL_DAY + 7, 600));
            // The worked Saturday counts as a Monday, the one a week later does not.
            assert!(group_open(on_holiday, &office, NATIONAL_DAY - 11, 600));
            assert!(!group_open(on_holiday, &office, NATIONAL_DAY - 4, 600));
        }
    }

    #[test]
    fn the_next_opening_is_found_across_a_holiday() {
        let calendar = Calendar {
            holidays: vec![NATIONAL_DAY],
            worked: Vec::new(),
        };
        let local = LocalTime {
            calendar: &calendar,
            utc_offset_minutes: 420,
        };
        let group = Group {
            on_holiday: OnHoliday::Closed,
            schedule: vec![WeeklyHours {
                days: WORKDAYS,
                from_minute: 420,
                until_minute: 1020,
            }],
            ..Group::new("staff".parse().unwrap())
        };
        let entry = Registration::allow();
        // Tuesday 18:00 in Viet Nam.
        let minutes = i64::from(NATIONAL_DAY - 1) * MINUTES_PER_DAY + 1080 - 420;
        let at = Timestamp::from_micros(minutes * 60_000_000);
        let next = local.next_opening(&entry, Some(&group), at).unwrap();
        assert_eq!(next.to_string(), "2026-09-03T00:00:00.000000Z");
        let never = Group {
            schedule: vec![WeeklyHours {
                days: [false; 7],
                from_minute: 420,
                until_minute: 1020,
            }],
            ..group
        };
        assert_eq!(local.next_opening(&entry, Some(&never), at), None);
    }
}
