//! The names of province codes, by date: 63 provinces became 34 on 1 July 2025.

use crate::Timestamp;

/// `code,name until 30 June 2025,name from 1 July 2025`, and lines of comment.
const PROVINCES: &str = include_str!("provinces.csv");

/// Midnight of 1 July 2025 in Vietnam (UTC+7).
const RENAMED_AT: Timestamp = Timestamp::from_micros(1_751_302_800_000_000);

/// The Vietnamese name that a province code of a plate has at a time; `None` for a code that is not
/// in use.
///
/// Old plates stay valid, so the code tells where a plate was first issued: neither where its owner
/// lives, nor which authority is competent. 80 is the Traffic Police Department.
pub fn province(code: &str, at: Timestamp) -> Option<&'static str> {
    let mut entries = PROVINCES.lines().filter(|line| !line.starts_with('#'));
    entries.next()?; // the heads of the columns
    let (_, names) = entries
        .filter_map(|line| line.split_once(','))
        .find(|(listed, _)| *listed == code)?;
    let (until, from) = names.split_once(',')?;
    Some(if at < RENAMED_AT { until } else { from })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plate::is_province_code;
    use std::time::Duration;

    #[test]
    fn names_change_at_midnight_in_vietnam() {
        assert_eq!(RENAMED_AT.to_string(), "2025-06-30T17:00:00.000000Z");
        let before = RENAMED_AT.saturating_sub(Duration::from_micros(1));
        for (code, old, new) in [
            ("61", "Bình Dương", "TP. Hồ Chí Minh"),
            ("75", "Thừa Thiên Huế", "Huế"),
            ("29", "Hà Nội", "Hà Nội"),
            ("80", "Cục Cảnh sát giao thông", "Cục Cảnh sát giao thông"),
        ] {
            assert_eq!(province(code, before), Some(old));
            assert_eq!(province(code, Timestamp::EPOCH), Some(old));
            assert_eq!(province(code, RENAMED_AT), Some(new));
        }
    }

    #[test]
    fn every_code_of_the_grammar_has_a_name_and_no_other_has() {
        let codes: Vec<String> = (0..=999).map(|n| format!("{n:02}")).collect();
        for code in codes
            .iter()
            .map(String::as_str)
            .chain(["", "code", "#", "3", "-1"])
        {
            for at in [Timestamp::EPOCH, RENAMED_AT] {
                let name = province(code, at);
                assert_eq!(name.is_some(), is_province_code(code), "{code}");
                assert!(name.is_none_or(|name| !name.is_empty() && !name.contains(',')));
            }
        }
        assert_eq!(
            codes.iter().filter(|code| is_province_code(code)).count(),
            81
        );
    }

    #[test]
    fn there_are_34_provinces_since() {
        let codes = (11..=99).map(|n| n.to_string()).filter(|code| code != "80");
        let mut names: Vec<_> = codes
            .filter_map(|code| province(&code, RENAMED_AT))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 34);
    }
}
