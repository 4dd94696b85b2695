//! What single cells of a list mean. None is rewritten: what is wrong is told with what was
//! probably meant.

use super::text::plain;
use crate::config::site::parse_hours;
use domain::{Plate, plate::is_confusable};
use jiff::{civil::Date, tz::TimeZone};

/// The plates of a cell, each with what is to be told of it.
pub(super) fn plates(cell: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = cell.split([';', ',', '&']).collect();
    if parts.len() == 1 {
        parts = cell.split(" và ").collect();
    }
    let mut plates = Vec::new();
    for part in parts {
        let rows: Vec<&str> = part.split(['/', '\n']).map(str::trim).collect();
        let is_whole = |row: &&str| Plate::parse(row).is_ok_and(|p| !p.classes().is_empty());
        // `29-B1/123.45` is one plate with two rows: neither of them is a plate.
        if rows.iter().filter(|row| !row.is_empty()).all(is_whole) {
            plates.extend(rows);
        } else {
            plates.push(part.trim());
        }
    }
    plates.retain(|plate| !plate.is_empty());
    plates
}

/// A plate that somebody typed for one that no Vietnamese plate looks like: the letters I, J, O, Q
/// and W stand on none, so they are digits; else one character for another that looks like it.
pub(super) fn probably_meant(written: &str) -> Option<String> {
    let is_plate = |text: &str| Plate::parse(text).is_ok_and(|p| !p.classes().is_empty());
    let upper = written.to_uppercase();
    let digits: String = upper
        .chars()
        .map(|c| match c {
            'O' | 'Q' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect();
    if digits != upper && is_plate(&digits) {
        return Some(digits);
    }
    for base in [&upper, &digits] {
        for (at, old) in base.char_indices() {
            for new in "0123456789ABCDEFGHKLMNPSTUVXYZ".chars() {
                let mut other = base.clone();
                other.replace_range(at..at + old.len_utf8(), new.encode_utf8(&mut [0; 4]));
                if is_confusable(old, new) && is_plate(&other) {
                    return Some(other);
                }
            }
        }
    }
    None
}

/// A day as it is written in Vietnam or by ISO 8601; the time of day that spreadsheets add must be
/// midnight.
pub(super) fn day(cell: &str) -> Option<Date> {
    let (day, time) = cell.trim().split_once(' ').unwrap_or((cell.trim(), "0:00"));
    let is_midnight =
        time.chars().all(|c| matches!(c, '0' | ':' | ' ')) || plain(time) == "12:00:00 am";
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let [first, month, last] = parts[..] else {
        return None;
    };
    let (year, day) = if first.len() == 4 {
        (first, last)
    } else {
        (last, first)
    };
    let is_written = year.len() == 4 && day.len() <= 2 && month.len() <= 2 && is_midnight;
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    date.ok().filter(|_| is_written)
}

/// The first moment of a day at the site, RFC 3339 with its offset.
pub(super) fn start_of(day: Date, zone: &TimeZone) -> Option<String> {
    let start = day.to_zoned(zone.clone()).ok()?;
    Some(start.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// Vietnamese names of days; `cn` is Sunday.
const DAYS: [(&str, &str); 7] = [
    ("t2", "mon"),
    ("t3", "tue"),
    ("t4", "wed"),
    ("t5", "thu"),
    ("t6", "fri"),
    ("t7", "sat"),
    ("cn", "sun"),
];

/// Hours as a site file has them: `mon-fri 07:00-18:00`, `T2-T6 7h-18h30`, `07:00-18:00` for every
/// day; several with `;`, `,` or a line break between them.
pub(super) fn hours(cell: &str) -> Option<Vec<String>> {
    let parts = cell.split([';', ',', '\n']).map(plain);
    let parts = parts
        .filter(|part| !part.is_empty() && !matches!(part.as_str(), "ca ngay" | "24/7" | "always"));
    parts.map(|part| hours_of(&part)).collect()
}

fn hours_of(part: &str) -> Option<String> {
    let part = part.replace('–', "-").replace(" - ", "-");
    let (days, times) = part.rsplit_once(' ').unwrap_or(("mon-sun", &part));
    let days = days.replace("thu ", "t").replace(' ', "");
    let mut english = Vec::new();
    for day in days.split('-') {
        let known = DAYS
            .iter()
            .find(|(vietnamese, english)| day == *vietnamese || day == *english);
        english.push(known?.1);
    }
    let times: Option<Vec<String>> = times.split('-').map(clock).collect();
    let text = format!("{} {}", english.join("-"), times?.join("-"));
    parse_hours(&text).is_ok().then_some(text)
}

/// `7h`, `7h30`, `7:30` or `07:30`.
fn clock(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once([':', 'h'])?;
    let hour: u8 = hour.parse().ok()?;
    let minute: u8 = if minute.is_empty() {
        0
    } else {
        minute.parse().ok()?
    };
    Some(format!("{hour:02}:{minute:02}"))
}

/// Whether a cell of the column `access` turns away.
pub(super) fn is_barred_by_access(cell: &str) -> Option<bool> {
    match plain(cell).as_str() {
        "" | "allow" | "allowed" | "cho phep" | "duoc vao" | "hoat dong" | "active" => Some(false),
        "bar" | "barred" | "deny" | "cam" | "cam vao" | "khoa" | "blocked" => Some(true),
        _ => None,
    }
}

/// Whether a cell of the column `cấm` turns away.
pub(super) fn is_barred_by_mark(cell: &str) -> Option<bool> {
    match plain(cell).as_str() {
        "" | "khong" | "no" | "0" | "false" => Some(false),
        "x" | "co" | "yes" | "1" | "true" | "cam" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_plates_in_a_cell_are_told_from_two_rows_of_one() {
        for (cell, expect) in [
            ("30F-256.58", &["30F-256.58"][..]),
            ("30F-256.58; 30F-256.59", &["30F-256.58", "30F-256.59"]),
            ("30F-256.58\n30F-256.59", &["30F-256.58", "30F-256.59"]),
            ("30F-256.58 / 29-B1 123.45", &["30F-256.58", "29-B1 123.45"]),
            ("30F-256.58 và 30F-256.59", &["30F-256.58", "30F-256.59"]),
            ("29-B1/123.45", &["29-B1/123.45"]),
            ("29-B1\n123.45", &["29-B1\n123.45"]),
            (" ; ", &[]),
        ] {
            assert_eq!(plates(cell), expect, "{cell:?}");
        }
    }

    #[test]
    fn what_was_probably_meant() {
        for (written, meant) in [
            ("30F-256.5O", Some("30F-256.50")),
            ("3OF-256.5O", Some("30F-256.50")),
            ("29-B1 I23.45", Some("29-B1 123.45")),
            ("308-256.58", Some("30B-256.58")),
            ("HELLO", None),
        ] {
            assert_eq!(probably_meant(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn days_are_written_in_two_ways() {
        for text in [
            "31/12/2026",
            "31-12-2026",
            "31.12.2026",
            "2026-12-31",
            "31/12/2026 00:00:00",
            "31/12/2026 0:00",
        ] {
            assert_eq!(day(text).unwrap().to_string(), "2026-12-31", "{text}");
        }
        assert_eq!(day("1/2/2026").unwrap().to_string(), "2026-02-01");
        for bad in [
            "",
            "31/12/26",
            "12/31/2026",
            "31/02/2026",
            "46387",
            "31/12/2026 17:30",
            "2026",
        ] {
            assert_eq!(day(bad), None, "{bad}");
        }
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let start = start_of(day("01/01/2027").unwrap(), &zone).unwrap();
        assert_eq!(start, "2027-01-01T00:00:00+07:00");
        assert!(wire::parse_time(&start).is_ok());
    }

    #[test]
    fn hours_are_written_in_many_ways() {
        for (cell, expect) in [
            ("mon-fri 07:00-18:00", &["mon-fri 07:00-18:00"][..]),
            (
                "T2-T6 7h-18h30; T7 7h00-12h",
                &["mon-fri 07:00-18:30", "sat 07:00-12:00"],
            ),
            ("Thứ 2 - Thứ 6 07:00 - 18:00", &["mon-fri 07:00-18:00"]),
            ("CN 22:00-06:00", &["sun 22:00-06:00"]),
            ("7:00-18:00", &["mon-sun 07:00-18:00"]),
            ("cả ngày", &[]),
            ("", &[]),
        ] {
            assert_eq!(
                hours(cell).as_deref(),
                Some(expect)
                    .map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
                    .as_deref(),
                "{cell:?}"
            );
        }
        for bad in ["hành chính", "T8 7h-18h", "7h", "25h-26h", "7h-7h"] {
            assert_eq!(hours(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn access_words() {
        assert_eq!(
            [
                is_barred_by_access("Cấm"),
                is_barred_by_access(""),
                is_barred_by_access("?")
            ],
            [Some(true), Some(false), None]
        );
        assert_eq!(
            [
                is_barred_by_mark("X"),
                is_barred_by_mark("Không"),
                is_barred_by_mark("?")
            ],
            [Some(true), Some(false), None]
        );
    }
}
