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

impl PlateClass {
    /// Whether only motorbikes carry it.
    pub fn is_motorbike(self) -> bool {
        matches!(
            self,
            Self::MotorbikeNew | Self::MotorbikeOld | Self::ElectricMotorbikeLegacy
        )
    }
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
        (_, Layout::TwoRows) => n_first(class).is_none_or(|n| n == first),
        _ => true,
    }
}

/// How many characters the first of two rows of this class has, where that is always the same.
pub(super) fn n_first(class: PlateClass) -> Option<usize> {
    match class {
        PlateClass::MotorbikeNew | PlateClass::MotorbikeOld => Some(4),
        PlateClass::Car => Some(3),
        _ => None,
    }
}

/// What the separators of a text on one line say about the first of two rows, where the
/// characters alone can be a car's and a motorbike's: `30F-256.58` has one after three characters,
/// `30-F2 5658` after four. `None` when there is neither, or both.
pub(super) fn first_row_as_written(text: &str, plate: &Plate) -> Option<usize> {
    if plate.layout() != Layout::Unknown {
        return None;
    }
    let known = classes(plate);
    if ![PlateClass::Car, PlateClass::MotorbikeOld]
        .iter()
        .all(|class| known.contains(class))
    {
        return None;
    }
    let mut n_chars = 0;
    let mut breaks = [false; 2];
    for c in text.chars() {
        if c.is_alphanumeric() {
            n_chars += 1;
        } else {
            breaks[0] |= n_chars == 3;
            breaks[1] |= n_chars == 4;
        }
    }
    match breaks {
        [true, false] => Some(3),
        [false, true] => Some(4),
        _ => None,
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

    /// Every line of the grammar's table: what separators add to it.
    #[test]
    fn separators_decide_where_characters_do_not() {
        use PlateClass::*;
        let check = |printed: &str, expect: &[PlateClass]| {
            let plate = Plate::parse(printed).unwrap();
            assert_eq!(plate.classes_as_written(), expect, "{printed}");
            let again = Plate::parse(&plate.written()).unwrap();
            assert_eq!(again.classes_as_written(), expect, "{printed}");
        };
        for car in ["30F-256.58", "30F 256.58", "51G-123.45", "80A-123.45"] {
            check(car, &[Car]);
        }
        check("43A99999", &[MotorbikeOld, Car]);
        check("29B11234", &[MotorbikeOld, Car]);
        check("29B1-1234", &[MotorbikeOld]);
        check("30-F2 5658", &[MotorbikeOld]);
        check("30-F 256.58", &[Car]);
        check("43A00001", &[Car]);
        check("29-B1 123.45", &[MotorbikeOld]);
        check("50LD-123.45", &[Special, MotorbikeNew]);
        check("29-MĐ1 234.56", &[ElectricMotorbikeLegacy]);
        check("13A-123.45", &[]);
    }
}
