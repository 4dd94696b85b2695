//! The grammar of Vietnamese plates (TT79/2024/TT-BCA, annexes 02 and 04; older series still on the
//! road).
//!
//! All matching classes are returned; which one it is, rows, colour and the vehicle's class decide.

use super::{
    Layout, Plate,
    shape::{Shape, shapes_of},
};

/// A kind of plate, the closed series before the open ones.
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
    /// `29-B1 123.45` on blue ground.
    MotorbikeBlue,
    /// `30F-256.58`.
    Car,
    /// `80A-123.45` on blue ground.
    CarBlue,
    /// `TM-12-34`.
    Army,
    /// `29A-123` and `29-B1 123`: old plates with three digits, exchanged when the owner next has
    /// anything to do with the authority.
    LegacyShort,
}

impl PlateClass {
    /// Whether only motorbikes carry it.
    pub fn is_motorbike(self) -> bool {
        matches!(
            self,
            Self::MotorbikeNew
                | Self::MotorbikeOld
                | Self::MotorbikeBlue
                | Self::ElectricMotorbikeLegacy
        )
    }

    /// Whether a person must look at every reading of it: the army is never fined by what a camera
    /// says, and of three digits nobody knows whether there were more.
    pub fn is_for_review(self) -> bool {
        matches!(self, Self::Army | Self::LegacyShort)
    }

    /// Whether characters and rows say enough to think of it. For the others colour must speak, or
    /// a person.
    fn is_told_by_text(self) -> bool {
        !matches!(
            self,
            Self::MotorbikeBlue | Self::CarBlue | Self::LegacyShort
        )
    }
}

/// Whether two digits are a province code in use, or 80 (Traffic Police Department).
pub fn is_province_code(digits: &str) -> bool {
    let unused = ["13", "42", "44", "45", "46", "87", "91", "96"];
    digits.len() == 2
        && digits.bytes().all(|b| b.is_ascii_digit())
        && "11" <= digits
        && !unused.contains(&digits)
}

/// What characters and rows allow.
pub(super) fn classes(plate: &Plate) -> Vec<PlateClass> {
    shapes_of(&plate.key())
        .filter(|shape| shape.class.is_told_by_text() && rows_say(shape, plate) != Some(false))
        .map(|shape| shape.class)
        .collect()
}

/// What characters allow, whatever the rows.
pub(super) fn classes_of_key(key: &str) -> Vec<PlateClass> {
    shapes_of(key)
        .filter(|shape| shape.class.is_told_by_text())
        .map(|shape| shape.class)
        .collect()
}

/// Whether the rows speak for a shape or against it, where they say anything.
///
/// A motorbike never has one row; two rows of a car begin with three characters, of a motorbike
/// with four.
pub(super) fn rows_say(shape: &Shape, plate: &Plate) -> Option<bool> {
    let first = plate.rows().first().map_or(0, |row| row.chars().count());
    let is_fixed = shape.n_first_always().is_some();
    match plate.layout() {
        Layout::Unknown => None,
        Layout::OneRow if shape.is_motorbikes() == Some(true) => is_fixed.then_some(false),
        Layout::OneRow => Some(true),
        Layout::TwoRows if shape.n_first() == first => Some(true),
        Layout::TwoRows => is_fixed.then_some(false),
    }
}

/// How many characters the first of two rows of this class has, where that is always the same.
pub(super) fn n_first(class: PlateClass) -> Option<usize> {
    match class {
        PlateClass::MotorbikeNew | PlateClass::MotorbikeOld | PlateClass::MotorbikeBlue => Some(4),
        PlateClass::Car | PlateClass::CarBlue => Some(3),
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
