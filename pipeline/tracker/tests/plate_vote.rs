//! Votes of many plate reads: evidence adds up, split votes are not decisive.

use domain::{BoxInImage, CharRead, PlateColour, PlateRead, RowRead};
use proptest::prelude::*;
use tracker::{PlateBallot, PlateTally, PlateVoteConfig};

/// A read of `text`, rows told apart by `/`.
fn read(text: &str, score: f32, width_px: f32) -> PlateRead {
    let row = |row: &str| RowRead {
        chars: row
            .chars()
            .map(|best| CharRead {
                best,
                score,
                alternatives: vec![('Z', 0.02)],
            })
            .collect(),
    };
    PlateRead {
        bounds: BoxInImage::new(0.0, 0.0, width_px, 30.0),
        corners: None,
        detect_score: 0.9,
        rows: text.split('/').map(row).collect(),
        colour: PlateColour::White,
    }
}

fn tally_of(reads: &[PlateRead]) -> PlateTally {
    let mut ballot = PlateBallot::default();
    for read in reads {
        assert!(ballot.add(read));
    }
    ballot.tally().expect("something was read")
}

fn text(tally: &PlateTally) -> String {
    let rows: Vec<String> = tally.vote.rows.iter().map(RowRead::text).collect();
    rows.join("/")
}

#[track_caller]
fn check(reads: &[(&str, usize)], expect: &str, is_decisive: bool) -> PlateTally {
    let reads: Vec<PlateRead> = reads
        .iter()
        .flat_map(|(text, n)| std::iter::repeat_n(read(text, 0.95, 120.0), *n))
        .collect();
    let tally = tally_of(&reads);
    assert_eq!(text(&tally), expect);
    assert_eq!(
        tally.is_decisive(&PlateVoteConfig::default()),
        is_decisive,
        "{tally:?}"
    );
    tally
}

#[test]
fn the_same_reading_four_times_is_decisive_and_three_times_is_not() {
    let tally = check(&[("30F25658", 4)], "30F25658", true);
    // Four frames of one picture are surer than one of 0.95, and not as sure as four pictures.
    assert!((0.999..0.9999).contains(&tally.vote.score()));
    assert!((0.99..0.9999).contains(&tally.posterior));
    assert_eq!((tally.vote.n_reads, tally.vote.n_agreeing), (4, 4));
    assert_eq!(tally.vote.colour, PlateColour::White);
    check(&[("30F25658", 3)], "30F25658", false);
}

#[test]
fn a_look_alike_with_split_votes_is_not_decisive_and_has_a_low_score() {
    let tally = check(&[("30F25658", 4), ("30F25653", 3)], "30F25658", false);
    let last = &tally.vote.rows[0].chars[7];
    assert_eq!((last.best, last.alternatives[0].0), ('8', '3'));
    assert!(
        tally.vote.score() < 0.7 && 0.3 < last.alternatives[0].1,
        "{last:?}"
    );
    // The grammar knows no `B` there, which speaks for the 8 and does not make it sure.
    let tally = check(&[("30F25658", 4), ("30F2565B", 3)], "30F25658", false);
    assert!((0.9..0.99).contains(&tally.posterior), "{tally:?}");
    check(&[("30F2565B", 1), ("30F25658", 2)], "30F25658", false);
    check(&[("30F2565B", 1), ("30F25658", 9)], "30F25658", true);
}

#[test]
fn two_rows_are_voted_apart_from_one() {
    check(&[("29B112345", 1), ("29B1/12345", 8)], "29B1/12345", true);
    check(&[("29B112345", 4), ("29B1/12345", 5)], "29B1/12345", false);
    check(
        &[("29B1/12345", 5), ("29B1/1234", 1), ("29B1/12345", 5)],
        "29B1/12345",
        true,
    );
    check(&[("29B1/12345", 4), ("29B1/1234", 2)], "29B1/12345", false);
}

#[test]
fn a_far_plate_is_not_decisive_and_weighs_less_than_a_near_one() {
    let far: Vec<PlateRead> = (0..6).map(|_| read("30F25658", 0.95, 30.0)).collect();
    assert!(!tally_of(&far).is_decisive(&PlateVoteConfig::default()));
    let mut reads: Vec<PlateRead> = (0..3).map(|_| read("30F2565B", 0.9, 30.0)).collect();
    reads.extend((0..2).map(|_| read("30F25658", 0.9, 150.0)));
    assert_eq!(text(&tally_of(&reads)), "30F25658");
}

#[test]
fn what_is_no_reading_is_refused() {
    let mut ballot = PlateBallot::default();
    for bad in ["", "/", "1/2/3", "1234567890123"] {
        assert!(!ballot.add(&read(bad, 0.9, 100.0)), "{bad}");
    }
    assert!(ballot.tally().is_none());
    let mut strange = read("30F25658", f32::NAN, f32::NAN);
    strange.detect_score = f32::NAN;
    assert!(ballot.add(&strange));
    assert!(ballot.tally().unwrap().vote.score().is_finite());
    assert_eq!(format!("{ballot:?}"), "PlateBallot(1 reads, <redacted>)");
}

#[test]
fn a_garage_of_nonsense_does_not_grow_the_ballot_without_limit() {
    let mut ballot = PlateBallot::default();
    for n in 0..500 {
        ballot.add(&read(
            &format!("{n:0width$}", width = 4 + n % 8),
            0.5,
            100.0,
        ));
        ballot.add(&read("30F25658", 0.9, 100.0));
    }
    let tally = ballot.tally().unwrap();
    assert_eq!(
        (text(&tally).as_str(), tally.vote.n_reads),
        ("30F25658", 1000)
    );
    assert_eq!(tally.vote.n_agreeing, 500);
}

proptest! {
    #[test]
    fn the_majority_wins_in_any_order(
        wrong in prop::collection::vec("[0-9A-F]{8}", 1..6),
        n_right in 7_usize..12,
        seed in any::<u64>(),
    ) {
        let mut reads: Vec<PlateRead> = wrong.iter().map(|t| read(t, 0.8, 100.0)).collect();
        reads.extend((0..n_right).map(|_| read("30F25658", 0.8, 100.0)));
        let sorted = tally_of(&reads);
        prop_assert_eq!(text(&sorted), "30F25658");
        // A shuffle by a linear congruence is good enough to change the order.
        let mut state = seed;
        for i in (1..reads.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            reads.swap(i, (state >> 33) as usize % (i + 1));
        }
        let shuffled = tally_of(&reads);
        prop_assert_eq!(shuffled.vote, sorted.vote);
        prop_assert_eq!(shuffled.posterior, sorted.posterior);
        prop_assert_eq!(shuffled.rival_share, sorted.rival_share);
    }

    #[test]
    fn votes_split_between_look_alikes_are_never_decisive(
        n_first in 2_usize..20, n_second in 2_usize..20, score in 0.5_f32..1.0,
    ) {
        let is_split = n_first.max(n_second) < 4 * n_first.min(n_second);
        prop_assume!(is_split);
        let mut reads = vec![read("30F25658", score, 100.0); n_first];
        reads.resize(n_first + n_second, read("30F2565B", score, 100.0));
        prop_assert!(!tally_of(&reads).is_decisive(&PlateVoteConfig::default()));
    }

    #[test]
    fn scores_are_shares_and_ranked(texts in prop::collection::vec("[0-9A-F]{4,9}", 1..20)) {
        let reads: Vec<PlateRead> = texts.iter().map(|t| read(t, 0.7, 80.0)).collect();
        let tally = tally_of(&reads);
        for c in tally.vote.rows.iter().flat_map(|r| &r.chars) {
            prop_assert!((0.0..=1.0).contains(&c.score));
            prop_assert!(c.alternatives.len() <= 3);
            prop_assert!(c.alternatives.iter().all(|(other, _)| *other != c.best));
            prop_assert!(c.alternatives.iter().all(|(_, score)| *score <= 1.0));
        }
    }
}
