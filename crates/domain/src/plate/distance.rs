//! How far a reading is from a plate that is known. For matchers alone: it ranks candidates and
//! refuses, and never rewrites a reading.
//!
//! Costs are points; 100 are one character that was read as something that does not look like it.
//! They are ranks by experience, not logarithms of measured probabilities.

use super::{Place, Plate, is_confusable};

/// Read as a look-alike that the grammar forbids at the place: `B` for `8` among digits.
///
/// Least, because such a reading says by itself that it is wrong, and there is one character only
/// that it is usually said of.
pub const OTHER_KIND_COST: u32 = 20;
/// Read as a look-alike that may stand there too: `3` for `8`.
pub const LOOK_ALIKE_COST: u32 = 40;
/// Not read at all, behind dirt or a barrier's arm; or read where nothing is, such as a screw.
pub const HIDDEN_COST: u32 = 70;
/// Read as a character that does not look like it.
pub const UNRELATED_COST: u32 = 100;

/// What readers make of digits among letters: each digit with the letters that are read for it.
const DIGIT_AS_LETTERS: [(char, &str); 8] = [
    ('0', "OQD"),
    ('1', "IJL"),
    ('2', "Z"),
    ('4', "A"),
    ('5', "S"),
    ('6', "G"),
    ('7', "T"),
    ('8', "B"),
];

/// What readers make of letters among digits.
const LETTER_AS_DIGITS: [(char, &str); 8] = [
    ('D', "0"),
    ('L', "1"),
    ('T', "17"),
    ('Z', "2"),
    ('B', "38"),
    ('A', "4"),
    ('S', "5"),
    ('G', "6"),
];

/// What it costs that `meant` was read as `read`, at a place where the grammar lets `place` stand.
///
/// `Đ` and `D` are one character, as in keys. The same both ways where either kind may stand, and
/// between two digits or two letters; not otherwise, for a place belongs to what is meant.
pub fn confusion_cost(meant: char, read: char, place: Place) -> u32 {
    let (meant, read) = (super::fold(meant), super::fold(read));
    if meant == read {
        return 0;
    }
    let is_usual = |table: &[(char, &str)]| {
        let reads = table.iter().find(|(from, _)| *from == meant);
        reads.is_some_and(|(_, reads)| reads.contains(read))
    };
    let is_impossible = match place {
        Place::Digit => is_usual(&DIGIT_AS_LETTERS),
        Place::Letter => is_usual(&LETTER_AS_DIGITS),
        Place::Either => false,
    };
    if is_impossible {
        OTHER_KIND_COST
    } else if is_confusable(meant, read) {
        LOOK_ALIKE_COST
    } else {
        UNRELATED_COST
    }
}

/// The least sum of costs by which `meant` is read as `read`: 0 exactly when their keys are equal.
///
/// Rows are not compared: [`Plate::matches`] does that. Not symmetric, because the grammar of
/// `meant` says what may stand where; where both let the same stand, one character costs the same
/// both ways. No metric: it need not keep to triangles.
pub fn distance(meant: &Plate, read: &Plate) -> u32 {
    let places = meant.places();
    let meant_key = meant.key();
    let read: Vec<char> = read.key().chars().collect();
    // One line of the table of Wagner and Fischer: what it costs to read the characters of `meant`
    // so far as the first so many of `read`.
    let mut line: Vec<u32> = (0..)
        .step_by(HIDDEN_COST as usize)
        .take(read.len() + 1)
        .collect();
    for (c, place) in meant_key.chars().zip(places) {
        let mut next = Vec::with_capacity(line.len());
        let mut before = line.first().copied().unwrap_or(0) + HIDDEN_COST;
        next.push(before);
        for (seen, above) in read.iter().zip(line.windows(2)) {
            if let [diagonal, straight] = above {
                let replaced = diagonal + confusion_cost(c, *seen, place);
                before = replaced
                    .min(straight + HIDDEN_COST)
                    .min(before + HIDDEN_COST);
                next.push(before);
            }
        }
        line = next;
    }
    line.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(meant: &str, read: &str, expect: u32) {
        let (meant, read) = (Plate::parse(meant).unwrap(), Plate::parse(read).unwrap());
        assert_eq!(distance(&meant, &read), expect);
    }

    #[test]
    fn a_place_says_what_a_confusion_costs() {
        check("30F-256.58", "30F-256.58", 0);
        check("30F-256.58", "30F-256.5B", OTHER_KIND_COST);
        check("30F-256.58", "3OF-256.58", OTHER_KIND_COST);
        check("30F-256.58", "30F-256.53", LOOK_ALIKE_COST);
        check("30F-256.58", "30F-256.52", UNRELATED_COST);
        check("30A-256.58", "304-256.58", OTHER_KIND_COST);
        check("30F-256.58", "30E-256.58", LOOK_ALIKE_COST);
        // The fourth character of a motorbike may be a letter or a digit.
        check("29B8/12345", "29BB/12345", LOOK_ALIKE_COST);
        check("29BB/12345", "29B8/12345", LOOK_ALIKE_COST);
        // A digit where only a letter can be, though no reader is known for this one.
        check("30E-256.58", "307-256.58", UNRELATED_COST);
        check("29-MĐ1/234.56", "29MD123456", 0);
    }

    #[test]
    fn characters_that_are_hidden_or_in_excess() {
        check("30F-256.58", "30F2565", HIDDEN_COST);
        check("30F-256.58", "130F25658", HIDDEN_COST);
        check("30F-256.58", "0F2565", 2 * HIDDEN_COST);
        check("30F-256.58", "30F2565B8", HIDDEN_COST);
        // The place is that of what is meant, though the reading is shifted.
        check("30F-256.58", "0F2565B", HIDDEN_COST + OTHER_KIND_COST);
    }

    #[test]
    fn it_is_not_symmetric_where_the_reading_is_no_plate() {
        check("30F-256.58", "30F-256.5B", OTHER_KIND_COST);
        check("30F-256.5B", "30F-256.58", LOOK_ALIKE_COST);
    }

    #[test]
    fn each_usual_misreading_is_of_the_other_kind() {
        let all = DIGIT_AS_LETTERS.iter().chain(&LETTER_AS_DIGITS);
        for (meant, reads) in all {
            for read in reads.chars() {
                assert_ne!(
                    meant.is_ascii_digit(),
                    read.is_ascii_digit(),
                    "{meant} {read}"
                );
                // `J` is on no plate, so that no list can have it in a look-alike's place.
                assert!(read == 'J' || is_confusable(*meant, read), "{meant} {read}");
            }
        }
    }
}
