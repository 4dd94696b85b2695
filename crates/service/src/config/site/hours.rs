//! Hours of the week as they are written in a site file.

use domain::WeeklyHours;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads hours of the week: `mon-fri 07:00-18:00`, `sat 22:00-06:00` (past midnight), `mon-sun
/// 00:00-24:00`.
pub fn parse_hours(text: &str) -> Result<WeeklyHours, String> {
    let wrong = || format!("{text:?} is no day and time");
    let (days_text, hours) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let day = |name: &str| DAYS.iter().position(|d| *d == name).ok_or_else(wrong);
    let (first, last) = match days_text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(days_text)?, day(days_text)?),
    };
    let mut days = [false; 7];
    for offset in 0..=(last + 7 - first) % 7 {
        days[(first + offset) % 7] = true;
    }
    let (from, until) = hours.trim().split_once('-').ok_or_else(wrong)?;
    let minute = |clock: &str| {
        let (hour, minute) = clock.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    };
    let from_minute = minute(from).ok_or_else(wrong)?;
    let until_minute = minute(until).ok_or_else(wrong)?;
    if from_minute == until_minute {
        return Err(wrong());
    }
    Ok(WeeklyHours {
        days,
        from_minute,
        until_minute,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_the_week() {
        let hours = parse_hours("fri-mon 22:00-06:00").unwrap();
        assert_eq!(hours.days, [true, false, false, false, true, true, true]);
        assert_eq!((hours.from_minute, hours.until_minute), (1320, 360));
        for bad in [
            "",
            "mon",
            "mon 25:00-26:00",
            "xyz 07:00-08:00",
            "mon 07:00-07:00",
        ] {
            assert!(parse_hours(bad).is_err(), "{bad}");
        }
    }
}
