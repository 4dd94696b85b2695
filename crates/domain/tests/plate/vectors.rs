//! Every vector of the grammar.

use domain::{
    Plate,
    plate::{Clues, PlateClass},
};

const VECTORS: &str = include_str!("../data/plate_vectors.csv");

fn class_of(word: &str) -> PlateClass {
    match word {
        "moto_old" => PlateClass::MotorbikeOld,
        "moto_new" => PlateClass::MotorbikeNew,
        "moto_electric_legacy" => PlateClass::ElectricMotorbikeLegacy,
        "car" => PlateClass::Car,
        "special" => PlateClass::Special,
        "diplomatic" => PlateClass::Diplomatic,
        "temporary" => PlateClass::Temporary,
        "army" => PlateClass::Army,
        other => panic!("no class is called {other}"),
    }
}

/// Exactly the classes of the vector, from the text as printed and from its key.
#[test]
fn every_vector() {
    let mut n_vectors = 0;
    for line in VECTORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
    {
        let [printed, key, words] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let words = words.split('|').filter(|word| !word.is_empty());
        let mut expect: Vec<PlateClass> = words.map(class_of).collect();
        expect.sort_unstable();
        for text in [printed, key] {
            let plate = Plate::parse(text).unwrap();
            assert_eq!(plate.key(), key, "{line}");
            assert_eq!(plate.classes(), expect, "{line}");
            let ranking = plate.rank_classes(Clues::default());
            for class in &expect {
                assert!(
                    ranking.matches.iter().any(|found| found.class == *class),
                    "{line}"
                );
            }
            assert_eq!(ranking.matches.is_empty(), expect.is_empty(), "{line}");
            let is_stable = Plate::parse(&plate.written()).unwrap() == plate;
            assert!(is_stable, "{line}");
        }
        n_vectors += 1;
    }
    assert_eq!(n_vectors, 23);
}
