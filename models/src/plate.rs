//! What a plate's characters do not say: its rows and its ground colour. Pure functions.

mod colour;

pub use colour::plate_colour;

use domain::{
    Plate, RowRead,
    plate::{Layout, PlateClass},
};

/// A box this wide for its height holds one row: 520 x 110 mm against 330 x 165 and 190 x 140 mm,
/// askew.
const ONE_ROW_ASPECT_MIN: f32 = 2.6;
/// Between these the grammar may overrule the shape.
const DOUBTFUL_ASPECT: std::ops::Range<f32> = 2.1..3.1;
/// Two rows below this are a motorbike's (190 x 140 mm), above the next a car's (330 x 165 mm).
const MOTORBIKE_ASPECT_MAX: f32 = 1.55;
const CAR_ASPECT_MIN: f32 = 1.8;

/// How the characters are spread over rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All in one row.
    One,
    /// The second row begins after this many characters.
    Two {
        /// Characters of the first row.
        n_first: usize,
    },
    /// Two rows; whether the first has three or four characters only the picture can tell.
    ThreeOrFour,
}

/// Decides from the text and from the shape of the plate's box (width for its height).
pub fn rows(text: &str, aspect: f32) -> Rows {
    let classes = Plate::parse(text).map_or_else(|_| Vec::new(), |plate| plate.classes());
    let is_motorbike = |c: &PlateClass| {
        matches!(
            c,
            PlateClass::MotorbikeNew
                | PlateClass::MotorbikeOld
                | PlateClass::ElectricMotorbikeLegacy
        )
    };
    let is_only_motorbike = !classes.is_empty() && classes.iter().all(is_motorbike);
    let is_overruled = DOUBTFUL_ASPECT.contains(&aspect) && is_only_motorbike;
    if ONE_ROW_ASPECT_MIN < aspect && !is_overruled {
        return Rows::One;
    }
    let mut firsts: Vec<usize> = classes.iter().map(|c| first_row(*c, text)).collect();
    firsts.sort_unstable();
    firsts.dedup();
    match firsts[..] {
        [n_first] => Rows::Two { n_first },
        // A text that fits no class is split where the plate's shape says.
        [] if text.len() <= 4 => Rows::One,
        [] if aspect < (MOTORBIKE_ASPECT_MAX + CAR_ASPECT_MIN) / 2.0 => Rows::Two { n_first: 4 },
        [] => Rows::Two { n_first: 3 },
        _ if aspect < MOTORBIKE_ASPECT_MAX => Rows::Two { n_first: 4 },
        _ if CAR_ASPECT_MIN < aspect => Rows::Two { n_first: 3 },
        _ => Rows::ThreeOrFour,
    }
}

/// How many characters the first of two rows has.
fn first_row(class: PlateClass, text: &str) -> usize {
    match class {
        PlateClass::Army => 2,
        PlateClass::Car | PlateClass::CarBlue | PlateClass::Temporary => 3,
        PlateClass::LegacyShort => text.len().saturating_sub(3),
        PlateClass::MotorbikeNew | PlateClass::MotorbikeOld | PlateClass::MotorbikeBlue => 4,
        PlateClass::Diplomatic | PlateClass::ElectricMotorbikeLegacy => 5,
        PlateClass::Special => {
            2 + text
                .bytes()
                .skip(2)
                .take_while(u8::is_ascii_alphabetic)
                .count()
        }
    }
}

/// Three or four, from a second read of the upper half alone: whichever its text is nearer to.
pub fn three_or_four(text: &str, upper_half: &str) -> usize {
    let agreement = |n: usize| {
        let first = text.as_bytes().get(..n).unwrap_or_default();
        let same = first.iter().zip(upper_half.bytes());
        let n_same = same.filter(|(a, b)| **a == *b).count();
        let n_missing = n.abs_diff(upper_half.len());
        (n_same * 2).saturating_sub(n_missing)
    };
    if agreement(3) < agreement(4) { 4 } else { 3 }
}

/// The characters in their rows.
pub fn split(row: RowRead, n_first: usize) -> Vec<RowRead> {
    let mut first = row.chars;
    if n_first == 0 || first.len() <= n_first {
        return vec![RowRead { chars: first }];
    }
    let second = first.split_off(n_first);
    vec![RowRead { chars: first }, RowRead { chars: second }]
}

/// Whether the rows fit the grammar, for tests of the whole chain.
pub fn fits_grammar(plate: &Plate) -> bool {
    plate.layout() != Layout::Unknown && !plate.classes().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::CharRead;

    #[test]
    fn shape_and_grammar_tell_the_rows() {
        for (text, aspect, expect) in [
            ("43A00001", 4.5, Rows::One),
            ("43A00001", 2.0, Rows::Two { n_first: 3 }),
            ("43A00001", 1.7, Rows::Two { n_first: 3 }), // no series A0: a car at any shape
            ("43A10001", 2.0, Rows::Two { n_first: 3 }),
            ("43A10001", 1.3, Rows::Two { n_first: 4 }),
            ("43A10001", 1.7, Rows::ThreeOrFour),
            ("43A100012", 2.8, Rows::Two { n_first: 4 }), // no motorbike has one row
            ("43A100012", 4.0, Rows::One),
            ("43AA00001", 1.4, Rows::Two { n_first: 4 }),
            ("43MD100012", 1.4, Rows::Two { n_first: 5 }),
            ("80LD00001", 2.0, Rows::Two { n_first: 4 }),
            ("TM0001", 2.0, Rows::Two { n_first: 2 }),
            ("XX0Y1", 1.3, Rows::Two { n_first: 4 }),
            ("XX0Y1", 2.0, Rows::Two { n_first: 3 }),
            ("XX0", 1.3, Rows::One),
        ] {
            assert_eq!(rows(text, aspect), expect, "{text} {aspect}");
        }
    }

    #[test]
    fn the_upper_half_decides() {
        assert_eq!(three_or_four("43A10001", "43A"), 3);
        assert_eq!(three_or_four("43A10001", "43A1"), 4);
        assert_eq!(three_or_four("43A10001", "4311"), 4);
        assert_eq!(three_or_four("43A10001", ""), 3);
        assert_eq!(three_or_four("", "43A1"), 3);
    }

    #[test]
    fn a_row_is_split_once() {
        let char = |best| CharRead {
            best,
            score: 1.0,
            alternatives: vec![],
        };
        let row = RowRead {
            chars: "43A0001".chars().map(char).collect(),
        };
        let texts = |n| -> Vec<String> {
            let rows = split(row.clone(), n);
            rows.iter().map(RowRead::text).collect()
        };
        assert_eq!(texts(3), ["43A", "0001"]);
        assert_eq!(texts(0), ["43A0001"]);
        assert_eq!(texts(7), ["43A0001"]);
    }
}
