//! Vietnamese plates: a normal form that loses nothing, what a reader saw, and what many frames
//! agree on.
//!
//! Rows are kept, because `30F25658` is a car on one row and an old motorbike on two
//! (TT79/2024/TT-BCA; `GLOSSARY.md`, *plate*).

use std::fmt;

mod diplomatic;
mod distance;
mod grammar;
mod lookalike;
mod province;
mod rank;
mod raw;
mod read;
mod shape;

pub use diplomatic::{DiplomaticPlate, DiplomaticSeries};
pub use distance::{
    HIDDEN_COST, LOOK_ALIKE_COST, OTHER_KIND_COST, UNRELATED_COST, confusion_cost, distance,
};
pub use grammar::{PlateClass, is_province_code};
pub use lookalike::{confusables, is_confusable, single_confusion};
pub use province::province;
pub use rank::{ClassMatch, ClassRanking, Clue, Clues};
pub use raw::{RAW_READS_MAX, RawRead, RawReads};
pub use read::{CharRead, PlateColour, PlateDetection, PlateRead, PlateVote, RowRead};
pub use shape::Place;

/// Longest normal form: `80-441-NG-02` has 9 characters, `29-MĐ1 504.66` has 10; one more for a
/// misread screw.
const CHARS_MAX: usize = 11;

/// The least score of a plate's weakest character that may let anybody in, where a site says
/// nothing else.
///
/// Of a vote it is a second fence: what the tracker calls decisive has characters of 0.99 and more.
/// Of a single read it is the reader's own score.
pub const PLATE_SCORE_MIN: f32 = 0.7;

/// A plate text in normal form: upper case, no separators, one or two rows, `Đ` kept.
///
/// Personal data: `Debug` is redacted and there is no `Display`; [`Plate::expose`] is called where
/// it must be seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plate {
    rows: Vec<String>,
    layout: Layout,
    /// How many characters the first of two rows would have, as the separators of a text on one
    /// line tell it. Only where a car and a motorbike have the same characters.
    n_first: Option<usize>,
}

/// How many rows a plate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// Typed by a person on one line: the rows are not known.
    Unknown,
    /// One row.
    OneRow,
    /// Two rows.
    TwoRows,
}

/// Why a text is not a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateError {
    /// Fewer than 4 or more than 11 letters and digits.
    Length {
        /// How many there were.
        n_chars: usize,
    },
    /// More than two rows.
    Rows {
        /// How many there were.
        n_rows: usize,
    },
    /// A camera told two rows apart and read nothing in one of them.
    EmptyRow,
    /// A character that no Vietnamese plate has and that no separator is.
    Character(char),
}

impl fmt::Display for PlateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { n_chars } => {
                write!(
                    f,
                    "a plate has 4 to {CHARS_MAX} letters and digits, not {n_chars}"
                )
            }
            Self::Rows { n_rows } => write!(f, "a plate has one or two rows, not {n_rows}"),
            Self::EmptyRow => f.write_str("a row of a plate has letters or digits"),
            Self::Character(c) => {
                write!(
                    f,
                    "{c:?} (U+{:04X}) is not a character of a plate",
                    u32::from(*c)
                )
            }
        }
    }
}

impl std::error::Error for PlateError {}

impl Plate {
    /// Reads a plate as people write it: `30F-256.58`, `29-B1 123.45`, or with the rows told apart,
    /// `29-B1/123.45`.
    ///
    /// Separators are space, `-`, `.` and `·`; rows are told apart by `/` or a line break, and
    /// `/` at the end says that there is one row, `30F-256.58/`. Letters are folded to upper case;
    /// full-width and other look-alike Unicode is refused, not guessed.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        let mut rows = Vec::new();
        for row in text.trim().split(['/', '\n']) {
            rows.push(normal_row(row)?);
        }
        rows.retain(|row| !row.is_empty());
        let layout = match rows.len() {
            2 => Layout::TwoRows,
            _ if text.trim().ends_with('/') => Layout::OneRow,
            _ => Layout::Unknown,
        };
        let plate = Self::new(rows, layout)?;
        let n_first = grammar::first_row_as_written(text, &plate);
        Ok(Self { n_first, ..plate })
    }

    /// A plate from rows that a camera told apart.
    pub fn from_rows<S: AsRef<str>>(rows: &[S]) -> Result<Self, PlateError> {
        let rows: Vec<String> = rows
            .iter()
            .map(|row| normal_row(row.as_ref()))
            .collect::<Result<_, _>>()?;
        let layout = if rows.len() == 2 {
            Layout::TwoRows
        } else {
            Layout::OneRow
        };
        Self::new(rows, layout)
    }

    fn new(rows: Vec<String>, layout: Layout) -> Result<Self, PlateError> {
        let n_chars = rows.iter().map(|row| row.chars().count()).sum();
        if 2 < rows.len() {
            return Err(PlateError::Rows { n_rows: rows.len() });
        }
        if !(4..=CHARS_MAX).contains(&n_chars) {
            return Err(PlateError::Length { n_chars });
        }
        if rows.iter().any(String::is_empty) {
            return Err(PlateError::EmptyRow);
        }
        Ok(Self {
            rows,
            layout,
            n_first: None,
        })
    }

    /// The rows, each in normal form.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// How many rows it has, as far as is known.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The text with `/` between rows. Call it only where a person with authority looks, or on a
    /// protected wire.
    pub fn expose(&self) -> String {
        self.rows.join("/")
    }

    /// The normal form, which loses nothing: what [`Self::parse`] makes this very plate from again.
    ///
    /// As [`Self::expose`], with `/` at the end when there is surely one row, and with `-` where
    /// separators told a car's plate from a motorbike's. Personal data, as [`Self::expose`].
    pub fn written(&self) -> String {
        let mut text = self.expose();
        if self.layout == Layout::OneRow {
            text.push('/');
        }
        let at = self.n_first.and_then(|n| text.char_indices().nth(n));
        if let Some((at, _char)) = at {
            text.insert(at, '-');
        }
        text
    }

    /// The key that lists are searched by: rows joined, `Đ` folded to `D`.
    pub fn key(&self) -> String {
        self.rows
            .iter()
            .flat_map(|row| row.chars())
            .map(fold)
            .collect()
    }

    /// Whether both can be the same plate: equal keys, and equal rows where both know theirs.
    ///
    /// Where only one does, its rows must be those of a class that the other was written as:
    /// `30F2/5658` is not the car `30F-256.58`.
    pub fn matches(&self, other: &Self) -> bool {
        if self.key() != other.key() {
            return false;
        }
        let is_known = |plate: &Self| plate.layout != Layout::Unknown;
        if is_known(self) && is_known(other) {
            let folded = |plate: &Self| -> Vec<String> {
                let fold_row = |row: &String| row.chars().map(fold).collect();
                plate.rows.iter().map(fold_row).collect()
            };
            return folded(self) == folded(other);
        }
        let (ours, theirs) = (self.classes_as_written(), other.classes_as_written());
        // The grammar does not know every foreign plate; then the characters must do.
        let is_foreign = self.grammar_of_key().is_empty();
        is_foreign || ours.iter().any(|class| theirs.contains(class))
    }

    /// The classes that the characters can be, whatever the rows.
    fn grammar_of_key(&self) -> Vec<PlateClass> {
        grammar::classes_of_key(&self.key())
    }

    /// Every class of the grammar that characters and rows allow; empty when there is none.
    ///
    /// No colour is asked, so a blue plate is its white namesake here, and an old plate with three
    /// digits is none: [`Self::rank_classes`] has them too.
    pub fn classes(&self) -> Vec<PlateClass> {
        grammar::classes(self)
    }

    /// [`Self::classes`] without those that the separators rule out: `30F-256.58` is a car and
    /// `30-F2 5658` a motorbike, `30F25658` can be either.
    pub fn classes_as_written(&self) -> Vec<PlateClass> {
        let mut classes = self.classes();
        if let Some(n_first) = self.n_first {
            classes.retain(|class| grammar::n_first(*class).is_none_or(|n| n == n_first));
        }
        classes
    }

    /// The province code as it stands on the plate; none when no Vietnamese plate looks like this,
    /// or the class has none. [`province`] names it.
    pub fn province_code(&self) -> Option<String> {
        shape::province_code(&self.key()).map(str::to_owned)
    }

    /// What kind of character the grammar lets stand at each place of [`Self::key`]; either at
    /// all places when no Vietnamese plate looks like this.
    pub fn places(&self) -> Vec<Place> {
        shape::places(&self.key())
    }

    /// Whether it can be a motorbike's plate and another vehicle's too, as it is written.
    pub fn is_of_two_kinds(&self) -> bool {
        let classes = self.classes_as_written();
        let is_motorbike = |class: &PlateClass| class.is_motorbike();
        classes.iter().any(is_motorbike) && !classes.iter().all(is_motorbike)
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plate(<redacted>)")
    }
}

fn fold(c: char) -> char {
    if c == 'Đ' { 'D' } else { c }
}

fn normal_row(row: &str) -> Result<String, PlateError> {
    let mut normal = String::new();
    for c in row.chars() {
        match c {
            ' ' | '-' | '.' | '·' | '\t' | '\r' => (),
            'a'..='z' | 'A'..='Z' | '0'..='9' => normal.push(c.to_ascii_uppercase()),
            'đ' | 'Đ' => normal.push('Đ'),
            other => return Err(PlateError::Character(other)),
        }
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(written: &str, exposed: &str, key: &str) {
        let plate = Plate::parse(written).unwrap();
        assert_eq!(
            (plate.expose().as_str(), plate.key().as_str()),
            (exposed, key)
        );
    }

    #[test]
    fn as_people_write_them() {
        check("30F-256.58", "30F25658", "30F25658");
        check(" 29-b1 123.45 ", "29B112345", "29B112345");
        check("29-MĐ1/234.56", "29MĐ1/23456", "29MD123456");
        check("29-B1\n123.45", "29B1/12345", "29B112345");
    }

    #[test]
    fn strange_unicode_is_refused_and_named() {
        assert_eq!(Plate::parse("30Ｆ25658"), Err(PlateError::Character('Ｆ')));
        assert_eq!(
            Plate::parse("30F\u{202e}25658"),
            Err(PlateError::Character('\u{202e}'))
        );
        assert_eq!(Plate::parse("３０F25658"), Err(PlateError::Character('３')));
        assert_eq!(Plate::parse("30О25658"), Err(PlateError::Character('О'))); // Cyrillic
        assert_eq!(Plate::parse("30F"), Err(PlateError::Length { n_chars: 3 }));
        assert_eq!(
            Plate::from_rows(&["30F25658", "-"]),
            Err(PlateError::EmptyRow)
        );
        assert_eq!(
            Plate::parse("1/2/30F25658"),
            Err(PlateError::Rows { n_rows: 3 })
        );
    }

    #[test]
    fn rows_tell_a_car_from_an_old_motorbike() {
        let typed = Plate::parse("30F-256.58").unwrap();
        let car = Plate::from_rows(&["30F25658"]).unwrap();
        let motorbike = Plate::from_rows(&["30F2", "5658"]).unwrap();
        let short = Plate::from_rows(&["30F", "25658"]).unwrap();
        // Nothing tells what was meant: whoever uses the match must ask for the class too.
        let bare = Plate::parse("30F25658").unwrap();
        for read in [&car, &short, &motorbike] {
            assert!(bare.matches(read) && read.matches(&bare));
        }
        assert!(typed.matches(&car) && typed.matches(&short) && car.matches(&typed));
        assert!(!typed.matches(&motorbike) && !motorbike.matches(&typed));
        assert!(!car.matches(&motorbike) && !car.matches(&short) && !short.matches(&motorbike));
        for text in ["30-F2 5658", "30F2-5658", "30F2 56.58"] {
            let typed = Plate::parse(text).unwrap();
            assert!(typed.matches(&motorbike) && typed.matches(&bare), "{text}");
            assert!(!typed.matches(&car) && !typed.matches(&short), "{text}");
            assert_eq!(typed.written(), "30F2-5658");
            assert!(!typed.is_of_two_kinds(), "{text}");
        }
        assert!(bare.is_of_two_kinds() && !typed.is_of_two_kinds() && !car.is_of_two_kinds());
        let dashes = Plate::parse("30-F-2-5658").unwrap();
        assert!(dashes.is_of_two_kinds() && dashes == bare);
        assert_eq!(typed.written(), "30F-25658");
        let listed = Plate::parse("30F/256.58").unwrap();
        assert!(listed.matches(&short) && !listed.matches(&motorbike));
    }

    #[test]
    fn the_normal_form_keeps_what_is_known_of_the_rows() {
        let one_row = Plate::from_rows(&["29MĐ123456"]).unwrap();
        assert_eq!(one_row.written(), "29MĐ123456/");
        assert_eq!(one_row.expose(), "29MĐ123456");
        assert_eq!(
            Plate::parse("30F-256.58/").unwrap().layout(),
            Layout::OneRow
        );
        assert_eq!(
            Plate::parse("30F-256.58").unwrap().layout(),
            Layout::Unknown
        );
    }

    #[test]
    fn rows_are_compared_with_their_letters_folded() {
        let listed = Plate::parse("29-MĐ1/234.56").unwrap();
        let read = Plate::from_rows(&["29MD1", "23456"]).unwrap();
        assert!(listed.matches(&read));
        assert!(!listed.matches(&Plate::from_rows(&["29MD", "123456"]).unwrap()));
        let foreign = Plate::parse("AB 1234 X").unwrap();
        assert!(foreign.matches(&Plate::from_rows(&["AB1234X"]).unwrap()));
        assert!(foreign.matches(&Plate::from_rows(&["AB", "1234X"]).unwrap()));
    }

    #[test]
    fn plate_text_is_never_printed_by_debug() {
        let plate = Plate::parse("30F25658").unwrap();
        assert_eq!(format!("{plate:?}"), "Plate(<redacted>)");
    }

    proptest! {
        #[test]
        fn the_normal_form_is_a_fixed_point(text in "[0-9A-Za-z.Đ/ -]{0,14}") {
            if let Ok(plate) = Plate::parse(&text) {
                prop_assert_eq!(Plate::parse(&plate.expose()).unwrap().key(), plate.key());
                prop_assert_eq!(Plate::parse(&plate.written()).unwrap(), plate);
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,40}") {
            let _is_plate = Plate::parse(&text).is_ok();
        }
    }
}
