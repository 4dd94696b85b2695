//! What confusions cost, over all characters and over valid plates.

use crate::valid::{Valid, any_valid};
use domain::{
    Plate,
    plate::{
        HIDDEN_COST, LOOK_ALIKE_COST, OTHER_KIND_COST, Place, UNRELATED_COST, confusion_cost,
        distance, is_confusable, single_confusion,
    },
};
use proptest::prelude::*;

const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

#[test]
fn every_pair_of_characters_at_every_kind_of_place() {
    for a in CHARACTERS.chars() {
        for b in CHARACTERS.chars() {
            for place in [Place::Digit, Place::Letter, Place::Either] {
                let cost = confusion_cost(a, b, place);
                assert_eq!(cost == 0, a == b, "{a} {b} {place:?}");
                let is_one_kind = a.is_ascii_digit() == b.is_ascii_digit();
                if is_one_kind || place == Place::Either {
                    assert_eq!(cost, confusion_cost(b, a, place), "{a} {b} {place:?}");
                    let expect = match (a == b, is_confusable(a, b)) {
                        (true, _) => 0,
                        (false, true) => LOOK_ALIKE_COST,
                        (false, false) => UNRELATED_COST,
                    };
                    assert_eq!(cost, expect, "{a} {b} {place:?}");
                } else {
                    let costs = [OTHER_KIND_COST, LOOK_ALIKE_COST, UNRELATED_COST];
                    assert!(costs.contains(&cost), "{a} {b} {place:?}");
                }
            }
        }
    }
    assert_eq!(confusion_cost('Đ', 'D', Place::Letter), 0);
}

/// The confusions that readers of Vietnamese plates are known for, by place.
#[test]
fn the_usual_confusions_are_the_cheapest() {
    let digits = [
        ("OQD", '0'),
        ("IJL", '1'),
        ("Z", '2'),
        ("A", '4'),
        ("S", '5'),
        ("G", '6'),
    ];
    for (reads, meant) in digits.into_iter().chain([("T", '7'), ("B", '8')]) {
        for read in reads.chars() {
            assert_eq!(confusion_cost(meant, read, Place::Digit), OTHER_KIND_COST);
            assert_ne!(confusion_cost(meant, read, Place::Either), OTHER_KIND_COST);
        }
    }
    let letters = [
        ("D", '0'),
        ("LT", '1'),
        ("Z", '2'),
        ("B", '3'),
        ("A", '4'),
        ("S", '5'),
    ];
    for (meants, read) in letters
        .into_iter()
        .chain([("G", '6'), ("T", '7'), ("B", '8')])
    {
        for meant in meants.chars() {
            assert_eq!(confusion_cost(meant, read, Place::Letter), OTHER_KIND_COST);
            assert_ne!(confusion_cost(meant, read, Place::Either), OTHER_KIND_COST);
        }
    }
}

/// A reading that differs in one place, and that place.
fn with_char(valid: &Valid, at: usize, c: char) -> Plate {
    let mut chars: Vec<char> = valid.key().chars().collect();
    let at = at % chars.len();
    chars[at] = c;
    Plate::parse(&String::from_iter(chars)).expect("as many characters as before")
}

fn any_char() -> impl Strategy<Value = char> {
    proptest::sample::select(CHARACTERS.chars().collect::<Vec<char>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn zero_exactly_for_the_same_key(
        a in any_valid(), b in any_valid(), at in 0..11_usize, c in any_char(),
    ) {
        let near = with_char(&a, at, c);
        let typed = Plate::parse(&a.printed).unwrap();
        let all = [a.short(), typed, b.short(), near];
        for first in &all {
            for second in &all {
                let is_same = first.key() == second.key();
                prop_assert_eq!(distance(first, second) == 0, is_same);
            }
        }
    }

    /// Never more than to replace what can be, and to hide or add the rest.
    #[test]
    fn it_is_bounded(meant in any_valid(), read in "[0-9A-Z]{4,11}") {
        let (meant, read) = (meant.short(), Plate::parse(&read).unwrap());
        let (n_meant, n_read) = (meant.key().len(), read.key().len());
        let replaced = UNRELATED_COST * n_meant.min(n_read) as u32;
        let rest = HIDDEN_COST * n_meant.abs_diff(n_read) as u32;
        prop_assert!(distance(&meant, &read) <= replaced + rest);
        prop_assert!(rest <= distance(&meant, &read));
    }

    /// One replaced character costs what its place says.
    #[test]
    fn one_character(meant in any_valid(), at in 0..11_usize, c in any_char()) {
        let key: Vec<char> = meant.key().chars().collect();
        let read = with_char(&meant, at, c);
        let plate = meant.short();
        let at = at % key.len();
        let cost = confusion_cost(key[at], c, plate.places()[at]);
        prop_assert_eq!(distance(&plate, &read), cost);
        if plate.places()[at] == read.places()[at] {
            prop_assert_eq!(distance(&read, &plate), cost);
        }
        // What keeps a barrier down is never far from what is on the list.
        if single_confusion(&plate, &read) {
            prop_assert!(cost <= LOOK_ALIKE_COST);
        } else if key[at] != c && c != 'J' {
            prop_assert_eq!(cost, UNRELATED_COST);
        }
    }

    /// A character that was hidden, or one too many, costs the same wherever it is.
    #[test]
    fn one_character_less(meant in any_valid(), at in 0..11_usize) {
        let mut chars: Vec<char> = meant.key().chars().collect();
        chars.remove(at % chars.len());
        let read = Plate::parse(&String::from_iter(chars)).unwrap();
        prop_assert_eq!(distance(&meant.short(), &read), HIDDEN_COST);
        prop_assert_eq!(distance(&read, &meant.short()), HIDDEN_COST);
    }

    /// Every place of a valid plate lets stand what stands there.
    #[test]
    fn places_are_those_of_the_plate(valid in any_valid()) {
        let key = valid.key();
        let places = valid.short().places();
        prop_assert_eq!(places.len(), key.len());
        for (c, place) in key.chars().zip(places) {
            let other = if c.is_ascii_digit() { Place::Letter } else { Place::Digit };
            prop_assert_ne!(place, other);
        }
    }
}
