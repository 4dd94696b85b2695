//! Moments as people at the site read them.

use super::Lang;
use domain::Timestamp;
use jiff::{Zoned, tz::TimeZone};

/// Writes moments in the site's zone.
#[derive(Clone)]
pub(crate) struct Moments {
    zone: TimeZone,
    now: Timestamp,
    /// Between seconds and their parts.
    point: char,
}

impl Moments {
    pub(crate) fn new(zone: &TimeZone, now: Timestamp, lang: Lang) -> Self {
        Self {
            zone: zone.clone(),
            now,
            point: match lang {
                Lang::Vietnamese => ',',
                Lang::English => '.',
            },
        }
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        Some(at.to_zoned(self.zone.clone()))
    }

    /// `14:32:50`, with the date before it when it is not today's.
    pub(crate) fn short(&self, at: Timestamp) -> String {
        let (Some(at), Some(now)) = (self.zoned(at), self.zoned(self.now)) else {
            return "?".to_owned();
        };
        if at.date() == now.date() {
            at.strftime("%H:%M:%S").to_string()
        } else {
            at.strftime("%d/%m/%Y %H:%M:%S").to_string()
        }
    }

    /// `14:00`.
    pub(crate) fn hour(&self, at: Timestamp) -> String {
        let zoned = self.zoned(at);
        zoned.map_or_else(|| "?".to_owned(), |at| at.strftime("%H:%M").to_string())
    }

    /// `21/11/2026 14:32:50,123`: a moment that matters, to the millisecond.
    pub(crate) fn exact(&self, at: Timestamp) -> String {
        let Some(at) = self.zoned(at) else {
            return "?".to_owned();
        };
        let (point, millis) = (self.point, at.millisecond());
        format!("{}{point}{millis:03}", at.strftime("%d/%m/%Y %H:%M:%S"))
    }

    /// `14:32:50,123`.
    pub(crate) fn exact_time(&self, at: Timestamp) -> String {
        let Some(at) = self.zoned(at) else {
            return "?".to_owned();
        };
        let (point, millis) = (self.point, at.millisecond());
        format!("{}{point}{millis:03}", at.strftime("%H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(zone: &str, now_micros: i64) -> Moments {
        let zone = TimeZone::get(zone).unwrap();
        Moments::new(&zone, Timestamp::from_micros(now_micros), Lang::Vietnamese)
    }

    #[test]
    fn the_site_s_day_counts() {
        let at = Timestamp::from_micros(1_795_246_370_123_456); // 2026-11-21T07:32:50.123456Z
        let here = moments("Asia/Ho_Chi_Minh", at.as_micros());
        assert_eq!(here.short(at), "14:32:50");
        assert_eq!(here.exact(at), "21/11/2026 14:32:50,123");
        assert_eq!(here.exact_time(at), "14:32:50,123");
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let english = Moments::new(&zone, at, Lang::English);
        assert_eq!(english.exact_time(at), "14:32:50.123");
        // 17:00 UTC is midnight in Việt Nam.
        let next_day = moments("Asia/Ho_Chi_Minh", at.as_micros() + 10 * 3_600_000_000);
        assert_eq!(next_day.short(at), "21/11/2026 14:32:50");
        let in_utc = moments("UTC", at.as_micros() + 10 * 3_600_000_000);
        assert_eq!(in_utc.short(at), "07:32:50");
    }

    #[test]
    fn a_moment_out_of_range_is_a_question_mark() {
        assert_eq!(
            moments("UTC", 0).short(Timestamp::from_micros(i64::MAX)),
            "?"
        );
    }
}
