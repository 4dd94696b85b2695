//! Putting ballots together, and what stays the same whatever comes.

use super::*;
use domain::{BoxInImage, CharRead, RowRead};
use proptest::prelude::*;

fn read((text, score, x): (&str, f32, f32)) -> PlateRead {
    let row = |row: &str| RowRead {
        chars: row
            .chars()
            .map(|best| CharRead {
                best,
                score,
                alternatives: vec![('9', 0.02), ('S', 0.01)],
            })
            .collect(),
    };
    PlateRead {
        bounds: BoxInImage::new(x, 0.0, x + 100.0, 30.0),
        corners: None,
        detect_score: 0.9,
        rows: text.split('/').map(row).collect(),
        colour: PlateColour::White,
    }
}

fn ballot_of(reads: &[(&str, f32, f32)]) -> PlateBallot {
    let mut ballot = PlateBallot::default();
    for seen in reads {
        assert!(ballot.add(&read(*seen)));
    }
    ballot
}

const TEXTS: [&str; 8] = [
    "30F25658",
    "30F25653",
    "30F2565B",
    "30F2565",
    "30F225658",
    "29B1/12345",
    "29B1",
    "12345",
];

fn reads() -> impl Strategy<Value = Vec<(&'static str, f32, f32)>> {
    let one = (0..TEXTS.len(), 0.4_f32..1.0, 0.0_f32..400.0);
    prop::collection::vec(one, 1..24).prop_map(|reads| {
        reads
            .into_iter()
            .map(|(t, s, x)| (TEXTS[t], s, x))
            .collect()
    })
}

#[test]
fn a_read_that_lacks_a_row_is_of_the_same_plate() {
    let whole = ballot_of(&[("29B1/12345", 0.9, 0.0)]);
    for (text, is_same) in [
        ("12345", true),
        ("29B1", true),
        ("67890", false),
        ("29B1/12354", true),
    ] {
        assert_eq!(
            whole.is_compatible(&ballot_of(&[(text, 0.9, 0.0)])),
            is_same,
            "{text}"
        );
    }
}

#[test]
fn a_lost_row_takes_nothing_from_the_other() {
    let mut reads = vec![("29B1/12345", 0.9, 0.0); 4];
    reads.extend([
        ("12345", 0.9, 60.0),
        ("29B1", 0.9, 120.0),
        ("12345", 0.9, 180.0),
    ]);
    let tally = ballot_of(&reads).tally().unwrap();
    assert_eq!(tally.vote.rows.len(), 2);
    assert_eq!((tally.vote.n_reads, tally.vote.n_agreeing), (7, 4));
    let without = ballot_of(&reads[..4]).tally().unwrap();
    let last = |tally: &PlateTally| tally.vote.rows[1].chars[4].score;
    assert!(
        last(&without) < last(&tally),
        "the lower row was seen twice more"
    );
    assert!(tally.is_decisive(&PlateVoteConfig::default()), "{tally:?}");
}

#[test]
fn nobody_read_all_of_it_and_each_character_was_read() {
    let reads = ["80F25658", "38F25658", "30F26658", "30F25638", "30E25658"];
    let reads: Vec<_> = reads.iter().map(|text| (*text, 0.9, 0.0)).collect();
    let tally = ballot_of(&reads).tally().unwrap();
    assert_eq!(tally.vote.rows[0].text(), "30F25658");
    assert_eq!(tally.vote.n_agreeing, 0);
    assert!(!tally.is_decisive(&PlateVoteConfig::default()));
}

#[test]
fn the_grammar_chooses_between_readings_and_makes_none() {
    // A province that does not exist, read by everybody: it stays.
    let all = ballot_of(&[("13F25658", 0.9, 0.0); 6]);
    assert_eq!(all.tally().unwrap().vote.rows[0].text(), "13F25658");
    // Half of the frames read a B where no plate has one.
    let split = ballot_of(&[("30F2565B", 0.9, 0.0), ("30F25658", 0.9, 0.0)]);
    assert_eq!(split.tally().unwrap().vote.rows[0].text(), "30F25658");
    // Many against one: the grammar does not outvote what was read.
    let mut reads = vec![("30F2565B", 0.95, 0.0); 9];
    reads.push(("30F25658", 0.95, 0.0));
    assert_eq!(
        ballot_of(&reads).tally().unwrap().vote.rows[0].text(),
        "30F2565B"
    );
}

#[test]
fn one_look_is_judged_by_what_its_reader_thought_of() {
    let unsure = |best: char, score: f32, second: char| {
        let mut seen = read(("72L/21703", 0.95, 0.0));
        let c = &mut seen.rows[0].chars[2];
        (c.best, c.score, c.alternatives) = (best, score, vec![(second, 0.97 - score)]);
        let mut ballot = PlateBallot::default();
        assert!(ballot.add(&seen));
        ballot.tally().unwrap()
    };
    // No series is called 1, so what was thought of beside it stands there, and is not sure.
    let tally = unsure('1', 0.6, 'L');
    assert_eq!(tally.vote.rows[0].text(), "72L");
    assert!(tally.posterior < 0.9 && tally.vote.n_agreeing == 0);
    let told = &tally.vote.rows[0].chars[2].alternatives;
    assert!(
        told.iter().any(|(c, score)| *c == '1' && 0.01 < *score),
        "{told:?}"
    );
    // A reader that is sure is not put right, and of two series the likelier stands.
    assert_eq!(unsure('1', 0.96, 'L').vote.rows[0].text(), "721");
    assert_eq!(unsure('L', 0.6, 'C').vote.rows[0].text(), "72L");
}

#[test]
fn the_ground_colour_is_a_clue_to_the_text() {
    let mut ballot = PlateBallot::default();
    // An X is in no blue series, an H is.
    for (text, score) in [("80X12345", 0.9), ("80H12345", 0.9)] {
        let mut seen = read((text, score, 0.0));
        seen.colour = PlateColour::Blue;
        ballot.add(&seen);
    }
    assert_eq!(ballot.tally().unwrap().vote.rows[0].text(), "80H12345");
}

proptest! {
    #[test]
    fn the_order_of_the_reads_does_not_matter(reads in reads(), seed in any::<u64>()) {
        let mut shuffled = reads.clone();
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let [a, b] = [reads, shuffled].map(|reads| ballot_of(&reads).tally().unwrap());
        prop_assert_eq!(a.vote, b.vote);
        prop_assert_eq!(a.posterior.to_bits(), b.posterior.to_bits());
        prop_assert_eq!(a.rival_share.to_bits(), b.rival_share.to_bits());
    }

    #[test]
    fn two_ballots_together_say_what_one_would_have(reads in reads(), at in 0_usize..24) {
        let (first, second) = reads.split_at(at.min(reads.len()));
        let mut both = ballot_of(first);
        Ballot::absorb(&mut both, &ballot_of(second));
        let [a, b] = [both, ballot_of(&reads)].map(|ballot| ballot.tally().unwrap());
        prop_assert_eq!(a.vote, b.vote);
        prop_assert_eq!(a.posterior.to_bits(), b.posterior.to_bits());
    }

    #[test]
    fn no_character_is_voted_that_no_frame_thought_of(reads in reads()) {
        let tally = ballot_of(&reads).tally().unwrap();
        let lengths = |rows: &[RowRead]| rows.iter().map(|row| row.chars.len()).collect::<Vec<_>>();
        let texts: Vec<PlateRead> = reads.iter().map(|seen| read(*seen)).collect();
        prop_assert!(texts.iter().any(|one| lengths(&one.rows) == lengths(&tally.vote.rows)));
        for c in tally.vote.rows.iter().flat_map(|row| &row.chars) {
            let was_thought_of = |one: &PlateRead| {
                let mut chars = one.rows.iter().flat_map(|row| &row.chars);
                chars.any(|seen| {
                    seen.best == c.best || seen.alternatives.iter().any(|(o, _)| *o == c.best)
                })
            };
            prop_assert!(texts.iter().any(was_thought_of));
            let of_others: f32 = c.alternatives.iter().map(|(_, score)| score).sum();
            prop_assert!((0.0..=1.0).contains(&c.score) && c.score + of_others < 1.0001);
        }
        prop_assert!((0.0..=1.0).contains(&tally.posterior));
    }
}
