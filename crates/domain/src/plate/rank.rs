//! Which class a plate is of, when more than its characters was seen.
//!
//! A class that the characters allow is never dropped: rows, colour and the vehicle may all be seen
//! wrongly. They rank, and each that contradicts is named.

use super::{Plate, PlateClass, PlateColour, grammar, shape};
use crate::Class;
use std::cmp::Reverse;

/// What was seen beside the text and its rows. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// The ground colour.
    pub colour: PlateColour,
    /// What carries the plate.
    pub vehicle: Option<Class>,
}

/// What can speak for a class, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// How the characters are spread over rows.
    Rows,
    /// Where a person put separators.
    Separators,
    /// The ground colour.
    Colour,
    /// What carries the plate.
    Vehicle,
}

/// One class that the characters allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMatch {
    /// The class.
    pub class: PlateClass,
    /// What speaks for it, each clue once.
    pub supported_by: Vec<Clue>,
    /// What speaks against it, each clue once.
    pub contradicted_by: Vec<Clue>,
}

/// Every class that the characters allow, likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassRanking {
    /// Fewest contradictions first, then most support, then closed series before open ones; an old
    /// plate with three digits comes after all that are contradicted no more.
    pub matches: Vec<ClassMatch>,
    /// No clue tells the first from the second: it comes first by convention alone.
    pub is_ambiguous: bool,
}

impl ClassRanking {
    /// The likeliest class; none when no Vietnamese plate looks like this.
    pub fn best(&self) -> Option<&ClassMatch> {
        self.matches.first()
    }
}

impl Plate {
    /// Every class that the characters allow, ranked by rows, separators, colour and vehicle.
    ///
    /// `29LD12345` is a motorbike's when a motorbike carries it; otherwise the closed series `LD`
    /// comes first, as ambiguous when nothing was seen of the vehicle.
    pub fn rank_classes(&self, clues: Clues) -> ClassRanking {
        let mut matches: Vec<ClassMatch> = shape::shapes_of(&self.key())
            .map(|shape| self.class_match(shape, clues))
            .collect();
        matches.sort_by_key(|found| (rank(found), found.class));
        let is_ambiguous = match &matches[..] {
            [first, second, ..] => rank(first) == rank(second),
            _ => false,
        };
        ClassRanking {
            matches,
            is_ambiguous,
        }
    }

    fn class_match(&self, shape: &shape::Shape, clues: Clues) -> ClassMatch {
        let said = [
            (Clue::Rows, grammar::rows_say(shape, self)),
            (Clue::Separators, self.separators_say(shape)),
            (Clue::Colour, colour_says(shape.class, clues.colour)),
            (Clue::Vehicle, vehicle_says(shape, clues.vehicle)),
        ];
        let that_say = |answer| {
            let found = said.iter().filter(move |(_, said)| *said == Some(answer));
            found.map(|(clue, _)| *clue).collect()
        };
        ClassMatch {
            class: shape.class,
            supported_by: that_say(true),
            contradicted_by: that_say(false),
        }
    }

    fn separators_say(&self, shape: &shape::Shape) -> Option<bool> {
        Some(self.n_first? == shape.n_first_always()?)
    }
}

/// Less is likelier.
fn rank(found: &ClassMatch) -> (usize, bool, Reverse<usize>) {
    (
        found.contradicted_by.len(),
        found.class == PlateClass::LegacyShort,
        Reverse(found.supported_by.len()),
    )
}

/// Law 36/2024/QH15, article 36. Special and old series are known in more than one colour.
fn colour_says(class: PlateClass, colour: PlateColour) -> Option<bool> {
    use PlateClass::{
        Army, Car, CarBlue, Diplomatic, LegacyShort, MotorbikeBlue, Special, Temporary,
    };
    match (colour, class) {
        (PlateColour::Unknown, _) => None,
        (PlateColour::White, CarBlue | MotorbikeBlue | Army) => Some(false),
        (PlateColour::White, _) | (PlateColour::Yellow, Car) => Some(true),
        (PlateColour::Yellow, Diplomatic | Temporary | CarBlue | MotorbikeBlue | Army) => {
            Some(false)
        }
        (PlateColour::Yellow, _) | (PlateColour::Blue, Special | LegacyShort) => None,
        (PlateColour::Blue, _) => Some(matches!(class, CarBlue | MotorbikeBlue)),
        (PlateColour::Red, _) => Some(class == Army),
    }
}

/// Special series are of cars and lorries in the first place, and motorbikes have had some.
fn vehicle_says(shape: &shape::Shape, vehicle: Option<Class>) -> Option<bool> {
    let is_motorbike = match vehicle? {
        Class::Motorbike => true,
        Class::Car | Class::Bus | Class::Truck => false,
        Class::Person | Class::Bicycle | Class::Face | Class::Plate => return None,
    };
    if shape.class == PlateClass::Special {
        return (!is_motorbike).then_some(true);
    }
    Some(shape.is_motorbikes()? == is_motorbike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PlateClass::*;

    const WHITE: PlateColour = PlateColour::White;
    const BLUE: PlateColour = PlateColour::Blue;

    fn ranked(written: &str, colour: PlateColour, vehicle: Option<Class>) -> ClassRanking {
        Plate::parse(written)
            .unwrap()
            .rank_classes(Clues { colour, vehicle })
    }

    #[track_caller]
    fn check(ranking: &ClassRanking, classes: &[PlateClass], is_ambiguous: bool) {
        let found: Vec<PlateClass> = ranking.matches.iter().map(|m| m.class).collect();
        assert_eq!(
            (found.as_slice(), ranking.is_ambiguous),
            (classes, is_ambiguous)
        );
    }

    #[test]
    fn a_closed_series_against_a_motorbike() {
        let unknown = PlateColour::Unknown;
        check(
            &ranked("29LD12345", unknown, None),
            &[Special, MotorbikeNew],
            true,
        );
        check(
            &ranked("29LD/12345", WHITE, None),
            &[Special, MotorbikeNew],
            true,
        );
        let by_motorbike = ranked("29LD12345", unknown, Some(Class::Motorbike));
        check(&by_motorbike, &[MotorbikeNew, Special], false);
        assert_eq!(by_motorbike.matches[0].supported_by, [Clue::Vehicle]);
        let by_truck = ranked("29LD12345", unknown, Some(Class::Truck));
        check(&by_truck, &[Special, MotorbikeNew], false);
        assert_eq!(by_truck.matches[1].contradicted_by, [Clue::Vehicle]);
        check(
            &ranked("29LD12345/", WHITE, None),
            &[Special, MotorbikeNew],
            false,
        );
    }

    #[test]
    fn rows_separators_and_vehicle_tell_a_car_from_a_motorbike() {
        let all = [MotorbikeOld, Car, CarBlue];
        check(&ranked("30F25658", PlateColour::Unknown, None), &all, true);
        let car_first = [Car, CarBlue, MotorbikeOld];
        for written in ["30F/25658", "30F25658/", "30F-256.58"] {
            check(
                &ranked(written, PlateColour::Unknown, None),
                &car_first,
                true,
            );
            check(
                &ranked(written, WHITE, None),
                &[Car, MotorbikeOld, CarBlue],
                false,
            );
        }
        let by_vehicle = ranked("30F25658", WHITE, Some(Class::Bus));
        check(&by_vehicle, &[Car, MotorbikeOld, CarBlue], false);
        let motorbike = ranked("30F2/5658", WHITE, Some(Class::Motorbike));
        check(&motorbike, &[MotorbikeOld, Car, CarBlue], false);
        let contradicted = [Clue::Rows, Clue::Vehicle];
        assert_eq!(motorbike.matches[1].contradicted_by, contradicted);
        assert_eq!(motorbike.matches[1].supported_by, [Clue::Colour]);
        // A rider's plate on what was taken for a car: nothing decides.
        assert!(ranked("30F2/5658", WHITE, Some(Class::Car)).is_ambiguous);
    }

    #[test]
    fn blue_ground() {
        let car = ranked("80A-123.45", BLUE, Some(Class::Car));
        check(&car, &[CarBlue, Car, MotorbikeOld], false);
        check(
            &ranked("29B1/23456", BLUE, None),
            &[MotorbikeBlue, MotorbikeOld],
            false,
        );
        // No blue series has an X: the colour was seen wrongly, or the letter. It is still a car's.
        let odd = ranked("51X-123.45", BLUE, Some(Class::Car));
        assert_eq!(odd.matches[0].class, Car);
        assert_eq!(odd.matches[0].contradicted_by, [Clue::Colour]);
    }

    #[test]
    fn yellow_and_red_ground() {
        let taxi = ranked("30F-256.58", PlateColour::Yellow, Some(Class::Car));
        assert_eq!(taxi.best().map(|m| m.class), Some(Car));
        assert!(!taxi.is_ambiguous);
        let army = ranked("TM-12-34", PlateColour::Red, Some(Class::Truck));
        check(&army, &[Army], false);
        assert!(army.matches[0].class.is_for_review());
        let white = ranked("TM-12-34", WHITE, None);
        assert_eq!(white.matches[0].contradicted_by, [Clue::Colour]);
    }

    #[test]
    fn an_old_plate_with_three_digits() {
        let car = ranked("29A-123", WHITE, Some(Class::Car));
        check(&car, &[LegacyShort], false);
        assert!(car.matches[0].class.is_for_review());
        assert!(Plate::parse("29A-123").unwrap().classes().is_empty());
        // The same characters as a car's with four digits, which is likelier until rows are seen.
        check(&ranked("29B1123", WHITE, None), &[Car, LegacyShort], false);
        check(&ranked("29B1/123", WHITE, None), &[LegacyShort, Car], false);
    }

    #[test]
    fn the_length_of_a_diplomats_number_tells_the_vehicle() {
        let car = ranked("80-441-NG-02", WHITE, Some(Class::Car));
        assert_eq!(car.matches[0].supported_by, [Clue::Colour, Clue::Vehicle]);
        let motorbike = ranked("29-121-NN-101", WHITE, Some(Class::Car));
        assert_eq!(motorbike.matches[0].contradicted_by, [Clue::Vehicle]);
    }

    #[test]
    fn a_foreign_plate_has_no_class() {
        let foreign = ranked("AB 1234 X", WHITE, Some(Class::Car));
        assert_eq!((foreign.best(), foreign.is_ambiguous), (None, false));
    }
}
