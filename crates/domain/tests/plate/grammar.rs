//! No valid plate is lost, however it is laid out and whatever else was seen.

use crate::valid::{any_clues, any_valid};
use domain::{
    Plate, Timestamp,
    plate::{Clue, Clues, PlateClass, province},
};
use proptest::{collection::vec, prelude::*};

/// Those that [`Plate::classes`] leaves to colour or to people.
fn is_left_out(class: PlateClass) -> bool {
    use PlateClass::{CarBlue, LegacyShort, MotorbikeBlue};
    matches!(class, CarBlue | LegacyShort | MotorbikeBlue)
}

fn ranked(plate: &Plate, clues: Clues) -> Vec<PlateClass> {
    let ranking = plate.rank_classes(clues);
    ranking.matches.iter().map(|found| found.class).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_valid_plate_is_lost(valid in any_valid(), clues in any_clues()) {
        for plate in valid.forms() {
            prop_assert_eq!(plate.key(), valid.key());
            prop_assert!(ranked(&plate, clues).contains(&valid.class));
            if !is_left_out(valid.class) {
                prop_assert!(plate.classes().contains(&valid.class));
                prop_assert!(plate.classes_as_written().contains(&valid.class));
            }
            let code = plate.province_code();
            prop_assert_eq!(code.is_none(), valid.class == PlateClass::Army);
            let name = code.as_deref().map(|code| province(code, Timestamp::EPOCH));
            prop_assert_ne!(name, Some(None));
            let is_diplomatic = valid.class == PlateClass::Diplomatic;
            prop_assert_eq!(plate.diplomatic().is_some(), is_diplomatic);
        }
    }

    /// What was seen ranks, and takes nothing away.
    #[test]
    fn clues_never_drop_a_class(valid in any_valid(), clues in any_clues()) {
        let mut bare = ranked(&Plate::parse(&valid.key()).unwrap(), Clues::default());
        bare.sort_unstable();
        for plate in valid.forms() {
            let mut all = ranked(&plate, clues);
            all.sort_unstable();
            prop_assert_eq!(&all, &bare);
        }
    }

    #[test]
    fn a_camera_that_sees_all_finds_the_class(valid in any_valid()) {
        let ranking = valid.short().rank_classes(valid.clues);
        let best = ranking.best().map(|found| found.class);
        prop_assert_eq!(best, Some(valid.class));
        prop_assert!(!ranking.is_ambiguous);
        prop_assert_eq!(ranking.matches[0].contradicted_by.as_slice(), []);
        if valid.has_long_form && valid.class != PlateClass::LegacyShort {
            let long = Plate::from_rows(&[valid.rows.concat()]).unwrap();
            let best = long.rank_classes(valid.clues).best().map(|found| found.class);
            prop_assert_eq!(best, Some(valid.class));
        }
    }

    /// [`Plate::classes`] is the ranking without what the rows contradict.
    #[test]
    fn both_ways_to_ask_agree(valid in any_valid(), n_first in 0..11_usize) {
        let text: Vec<char> = valid.rows.concat().chars().collect();
        let (first, second) = text.split_at(n_first.min(text.len()));
        let rows = [String::from_iter(first), String::from_iter(second)];
        let misread = Plate::from_rows(&rows).ok();
        for plate in valid.forms().into_iter().chain(misread) {
            let ranking = plate.rank_classes(Clues::default());
            let mut kept: Vec<PlateClass> = ranking.matches.iter()
                .filter(|found| !found.contradicted_by.contains(&Clue::Rows))
                .map(|found| found.class)
                .filter(|class| !is_left_out(*class))
                .collect();
            kept.sort_unstable();
            prop_assert_eq!(plate.classes(), kept);
        }
    }

    #[test]
    fn the_normal_form_loses_nothing(valid in any_valid()) {
        for plate in valid.forms() {
            let normal = plate.written();
            let again = Plate::parse(&normal).unwrap();
            prop_assert!(again == plate, "{} is another plate", normal);
            prop_assert_eq!(again.written(), normal);
            prop_assert_eq!(again.rows(), plate.rows());
            prop_assert_eq!(again.layout(), plate.layout());
            prop_assert_eq!(again.expose().contains('Đ'), plate.expose().contains('Đ'));
        }
    }

    #[test]
    fn the_normal_form_of_any_text_is_a_fixed_point(text in "[0-9A-Za-z.Đđ/\n -]{0,16}") {
        if let Ok(plate) = Plate::parse(&text) {
            let again = Plate::parse(&plate.written()).unwrap();
            prop_assert!(again == plate);
        }
    }

    #[test]
    fn rows_of_any_camera_have_a_normal_form(rows in vec("[0-9A-ZĐ]{0,6}", 0..4)) {
        if let Ok(plate) = Plate::from_rows(&rows) {
            let again = Plate::parse(&plate.written()).unwrap();
            prop_assert!(again == plate);
        }
    }
}
