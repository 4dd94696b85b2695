//! The grammar of Vietnamese plates (TT79/2024/TT-BCA, annexes 02 and 04; older series still on the
//! road).
//!
//! All matching classes are returned; which one it is, rows, colour and the vehicle's class decide.

use super::{Layout, Plate};

/// A kind of plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlateClass {
    /// `80-441-NG-02`.
    Diplomatic,
    /// `T80-235.88`.
    Temporary,
    /// `29-MĐ1 234.56`.
    ElectricMotorbikeLegacy,
    /// `50LD-123.45`, `30R-123.45` and other closed lists.
    Special,
    /// `29-AA 123.45`, since 15 August 2023.
    MotorbikeNew,
    /// `29-B1 123.45`.
    MotorbikeOld,
    /// `30F-256.58`.
    Car,
    /// `TM-12-34`.
    Army,
}

const L20: &[u8] = b"ABCDEFGHKLMNPSTUVXYZ";
const SPECIAL: [&str; 12] = [
    "LD", "DA", "RM", "MK", "HC", "KT", "MD", "CD", "TD", "LB", "CT", "R",
];

/// Whether two digits are a province code in use, or 80 (Traffic Police Department).
pub fn is_province_code(digits: &str) -> bool {
    let unused = ["13", "42", "44", "45", "46", "87", "91", "96"];
    digits.len() == 2
        && digits.bytes().all(|b| b.is_ascii_digit())
        && "11" <= digits
        && !unused.contains(&digits)
}

pub(super) fn classes(plate: &Plate) -> Vec<PlateClass> {
    let key = plate.key();
    let mut found = Vec::new();
    if is_temporary(&key) {
        found.push(PlateClass::Temporary);
    }
    if is_army(&key) {
        found.push(PlateClass::Army);
    }
    let Some((province, rest)) = key.split_at_checked(2) else {
        return found;
    };
    if !is_province_code(province) {
        return found;
    }
    let all = [
        (PlateClass::Diplomatic, is_diplomatic(rest)),
        (
            PlateClass::ElectricMotorbikeLegacy,
            is_electric_motorbike(rest),
        ),
        (PlateClass::Special, is_special(rest)),
        (PlateClass::MotorbikeNew, is_motorbike_new(rest)),
        (PlateClass::MotorbikeOld, is_motorbike_old(rest)),
        (PlateClass::Car, is_car(rest)),
    ];
    found.extend(
        all.iter()
            .filter(|(_, is_match)| *is_match)
            .map(|(class, _)| *class),
    );
    found.retain(|class| fits_layout(*class, plate));
    found
}

/// A motorbike never has one row; two rows of a car begin with three characters, of a motorbike
/// with four.
fn fits_layout(class: PlateClass, plate: &Plate) -> bool {
    let first = plate.rows().first().map_or(0, |row| row.chars().count());
    match (class, plate.layout()) {
        (_, Layout::Unknown) => true,
        (PlateClass::MotorbikeNew | PlateClass::MotorbikeOld, Layout::OneRow) => false,
        (PlateClass::MotorbikeNew | PlateClass::MotorbikeOld, Layout::TwoRows) => first == 4,
        (PlateClass::Car, Layout::TwoRows) => first == 3,
        _ => true,
    }
}

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b != b'0')
}

fn is_letter(text: &str, at: usize, letters: &[u8]) -> bool {
    text.as_bytes().get(at).is_some_and(|b| letters.contains(b))
}

fn is_temporary(key: &str) -> bool {
    key.strip_prefix('T').is_some_and(|rest| {
        rest.get(..2).is_some_and(is_province_code)
            && rest.get(2..).is_some_and(|number| digits(number, 5..=5))
    })
}

fn is_army(key: &str) -> bool {
    key.get(..2)
        .is_some_and(|unit| unit.bytes().all(|b| b.is_ascii_uppercase()))
        && key.get(2..).is_some_and(|number| digits(number, 4..=6))
}

fn is_diplomatic(rest: &str) -> bool {
    rest.get(..3).is_some_and(|country| digits(country, 3..=3))
        && rest
            .get(3..5)
            .is_some_and(|kind| ["NG", "QT", "CV", "NN"].contains(&kind))
        && rest.get(5..).is_some_and(|number| digits(number, 2..=3))
}

fn is_electric_motorbike(rest: &str) -> bool {
    rest.strip_prefix("MD")
        .is_some_and(|number| !number.starts_with('0') && digits(number, 6..=6))
}

fn is_special(rest: &str) -> bool {
    SPECIAL.iter().any(|series| {
        rest.strip_prefix(series)
            .is_some_and(|number| digits(number, 4..=5))
    })
}

fn is_motorbike_new(rest: &str) -> bool {
    is_letter(rest, 0, L20)
        && (is_letter(rest, 1, L20) || is_letter(rest, 1, b"R"))
        && rest.get(2..).is_some_and(|number| digits(number, 5..=5))
}

fn is_motorbike_old(rest: &str) -> bool {
    is_letter(rest, 0, L20)
        && is_letter(rest, 1, b"123456789")
        && rest.get(2..).is_some_and(|number| digits(number, 4..=5))
}

fn is_car(rest: &str) -> bool {
    is_letter(rest, 0, L20) && rest.get(1..).is_some_and(|number| digits(number, 4..=5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, expect: &[PlateClass]) {
        assert_eq!(
            Plate::parse(printed).unwrap().classes(),
            expect,
            "{printed}"
        );
    }

    #[test]
    fn every_class() {
        use PlateClass::*;
        check("30F-256.58", &[MotorbikeOld, Car]);
        check("29-B1 123.45", &[MotorbikeOld]);
        check("29-AA 123.45", &[MotorbikeNew]);
        check("29-MĐ1 234.56", &[ElectricMotorbikeLegacy]);
        check("50LD-123.45", &[Special, MotorbikeNew]);
        check("80-441-NG-02", &[Diplomatic]);
        check("29-121 NN-101", &[Diplomatic]);
        check("T80-235.88", &[Temporary]);
        check("TM-12-34", &[Army]);
        check("43A00001", &[Car]);
        check("15C-1234", &[Car]);
    }

    #[test]
    fn what_does_not_exist() {
        check("13A-123.45", &[]); // no province 13
        check("30O-123.45", &[]); // no letter O
        check("30I12345", &[]);
        check("30F-000.00", &[]);
    }

    #[test]
    fn rows_decide() {
        use PlateClass::*;
        check("30F/256.58", &[Car]);
        check("30F2/56.58", &[MotorbikeOld]);
        let one_row = Plate::from_rows(&["30F25658"]).unwrap();
        assert_eq!(one_row.classes(), [Car]);
    }
}
