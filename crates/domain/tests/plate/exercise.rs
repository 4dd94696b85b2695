//! What must hold for any two texts. The fuzz target runs this on what it makes up, and a test on
//! texts that are known to be odd.

use domain::{
    Class, Plate, PlateColour,
    plate::{Clue, Clues, distance, province, single_confusion},
};

/// Panics when anything that must hold for these texts does not.
pub(crate) fn exercise(first: &str, second: &str) {
    let read = |text: &str| -> Vec<Plate> {
        let rows: Vec<&str> = text.split(['/', '\n']).collect();
        let forms = [
            Plate::parse(text),
            Plate::from_rows(&rows),
            Plate::from_rows(&[text]),
        ];
        forms.into_iter().flatten().collect()
    };
    let plates: Vec<Plate> = read(first).into_iter().chain(read(second)).collect();
    for plate in &plates {
        normal_form(plate);
        classes(plate);
    }
    for a in &plates {
        for b in &plates {
            both(a, b);
        }
    }
}

fn normal_form(plate: &Plate) {
    let normal = plate.written();
    let again = Plate::parse(&normal).expect("a normal form is a plate");
    assert!(
        again == *plate,
        "{normal:?} is another plate than it was made from"
    );
    assert_eq!(again.written(), normal);
    let (n_chars, places) = (plate.key().chars().count(), plate.places());
    assert_eq!(n_chars, places.len());
    assert!((4..=11).contains(&n_chars));
    assert!(!format!("{plate:?}").contains(&plate.key()));
}

fn classes(plate: &Plate) {
    let mut bare = None;
    for colour in [
        PlateColour::Unknown,
        PlateColour::White,
        PlateColour::Yellow,
        PlateColour::Blue,
        PlateColour::Red,
    ] {
        for vehicle in [
            None,
            Some(Class::Car),
            Some(Class::Motorbike),
            Some(Class::Face),
        ] {
            let ranking = plate.rank_classes(Clues { colour, vehicle });
            let mut found: Vec<_> = ranking.matches.iter().map(|m| m.class).collect();
            found.sort_unstable();
            assert!(found.is_sorted_by(|a, b| a < b), "a class is ranked twice");
            assert_eq!(*bare.get_or_insert_with(|| found.clone()), found);
            for class in plate.classes() {
                let ranked = ranking.matches.iter().find(|m| m.class == class);
                let ranked = ranked.expect("clues drop no class");
                assert!(!ranked.contradicted_by.contains(&Clue::Rows));
            }
            let contradictions = ranking.matches.iter().map(|m| m.contradicted_by.len());
            assert!(contradictions.is_sorted());
        }
    }
    if let Some(code) = plate.province_code() {
        assert!(province(&code, domain::Timestamp::EPOCH).is_some());
    }
    if let Some(diplomatic) = plate.diplomatic() {
        assert!(
            diplomatic
                .country_block()
                .contains(&diplomatic.country_code)
        );
    }
    assert!(
        plate
            .classes_as_written()
            .iter()
            .all(|class| plate.classes().contains(class))
    );
}

fn both(a: &Plate, b: &Plate) {
    let is_same = a.key() == b.key();
    assert_eq!(distance(a, b) == 0, is_same);
    assert_eq!(a.matches(b), b.matches(a));
    assert!(is_same || !a.matches(b));
    assert_eq!(single_confusion(a, b), single_confusion(b, a));
    assert!(!single_confusion(a, b) || distance(a, b) <= domain::plate::LOOK_ALIKE_COST);
}
