//! Whom the views of one face name: liveness and identity are of the same views, and most of the
//! newest views must agree.

use domain::{
    BoxInImage, Embedding, FaceMatch, FaceObservation, Liveness, PersonId, face::FaceVote,
};
use tracker::{FaceBallot, FaceSeen, FaceVoteConfig};

/// One view: who is resembled how much, and how live it is.
fn view(similarities: &[(u128, f32)], liveness: Option<f32>) -> FaceSeen {
    let found = |(person, similarity): &(u128, f32)| FaceMatch {
        person: PersonId(*person),
        similarity: *similarity,
        similarity_min: 0.4,
    };
    FaceSeen {
        observation: FaceObservation {
            bounds: BoxInImage::new(0., 0., 50., 50.),
            score: 0.9,
            landmarks: None,
            liveness: liveness.map(|score| Liveness {
                score,
                score_min: 0.5,
            }),
            embedding: Embedding::normalised(&[1.0]),
        },
        matches: similarities.iter().map(found).collect(),
    }
}

fn without_template(liveness: f32) -> FaceSeen {
    let mut seen = view(&[], Some(liveness));
    seen.observation.embedding = None;
    seen
}

fn stranger() -> FaceSeen {
    view(&[(9, 0.1), (2, 0.05)], Some(0.9))
}

fn ballot(views: impl IntoIterator<Item = FaceSeen>) -> FaceBallot {
    let mut ballot = FaceBallot::default();
    for seen in views {
        ballot.add(&seen);
    }
    ballot
}

/// Whether a gate may let the first candidate in: named, live, sure, and by most views.
fn lets_in(ballot: &FaceBallot) -> bool {
    let Some(vote) = ballot.vote() else {
        return false;
    };
    vote.candidates.first().is_some_and(FaceMatch::is_same)
        && is_live(&vote)
        && ballot.is_decisive(&FaceVoteConfig::default())
        && 0.6 * vote.n_views as f32 <= vote.n_agreeing as f32
}

fn is_live(vote: &FaceVote) -> bool {
    vote.liveness.is_some_and(|liveness| liveness.is_live())
}

#[test]
fn a_picture_held_before_a_live_face_is_not_live() {
    let mut ballot = ballot((0..10).map(|_| stranger()));
    assert!(is_live(&ballot.vote().unwrap()));
    let mut named_after = None;
    for n in 1..=60 {
        ballot.add(&view(&[(9, 0.7)], Some(0.1)));
        assert!(!lets_in(&ballot), "after {n} views of the picture");
        let vote = ballot.vote().unwrap();
        if vote.candidates[0].is_same() {
            assert!(!is_live(&vote), "after {n} views of the picture");
            named_after = named_after.or(Some(n));
        }
    }
    assert_eq!(named_after, Some(10));
}

#[test]
fn the_live_face_between_two_showings_of_a_picture_does_not_help_it() {
    let shown = || view(&[(9, 0.7)], Some(0.1));
    let mut ballot = FaceBallot::default();
    for n in 0..80 {
        ballot.add(&if n % 3 == 2 { stranger() } else { shown() });
        assert!(!lets_in(&ballot), "after {n} views");
    }
    let vote = ballot.vote().unwrap();
    assert!(vote.candidates[0].is_same() && !is_live(&vote));
}

#[test]
fn half_of_the_views_of_a_face_are_not_enough_to_be_live() {
    let mut ballot = FaceBallot::default();
    for n in 0..40 {
        let score = if n % 2 == 0 { 0.9 } else { 0.1 };
        ballot.add(&view(&[(9, 0.7)], Some(score)));
        assert!(n % 2 == 0 || !is_live(&ballot.vote().unwrap()), "{n}");
    }
}

#[test]
fn a_view_that_liveness_said_nothing_of_does_not_count_where_it_is_asked() {
    // One view that passes must not vouch for others of which nothing is known.
    let mut ballot = ballot((0..9).map(|_| view(&[(9, 0.7)], None)));
    assert!(ballot.is_decisive(&FaceVoteConfig::default()));
    ballot.add(&view(&[(9, 0.7)], Some(0.9)));
    assert!(!lets_in(&ballot));
    assert_eq!(ballot.vote().unwrap().n_views, 1);
}

#[test]
fn two_chance_matches_among_thirty_views_name_nobody() {
    let chance = || view(&[(9, 0.5)], Some(0.9));
    // Of many enrolled people only the nearest are told: in the other views nine is left out.
    let unlike = || view(&[], Some(0.9));
    for places in [[0, 1], [3, 4], [10, 20], [28, 29]] {
        let views = (0..30).map(|n| {
            if places.contains(&n) {
                chance()
            } else {
                unlike()
            }
        });
        let ballot = ballot(views);
        let vote = ballot.vote().unwrap();
        assert!(!vote.candidates.iter().any(FaceMatch::is_same) && !lets_in(&ballot));
        assert!(ballot.is_decisive(&FaceVoteConfig::default()));
    }
}

#[test]
fn views_that_say_now_this_and_now_that_do_not_decide() {
    let mut ballot = FaceBallot::default();
    for n in 0..60 {
        ballot.add(&if n % 2 == 0 {
            stranger()
        } else {
            view(&[(9, 0.7)], Some(0.9))
        });
        assert!(!ballot.is_decisive(&FaceVoteConfig::default()), "{n}");
    }
}

#[test]
fn what_agrees_on_one_person_does_not_name_another() {
    // One is held off; a picture of two, who is more similar, is shown once.
    let own = || view(&[(1, 0.6)], Some(0.9));
    let mut ballot = ballot((0..8).map(|_| own()));
    ballot.add(&view(&[(2, 0.7)], Some(0.1)));
    let vote = ballot.vote().unwrap();
    assert_eq!(vote.candidates[0].person, PersonId(1));
    assert_eq!((vote.n_views, vote.n_agreeing), (9, 8));
    let most_similar = vote
        .candidates
        .iter()
        .max_by(|a, b| a.similarity.total_cmp(&b.similarity));
    assert_eq!(most_similar.unwrap().person, PersonId(1));
    assert!(is_live(&vote));
}

#[test]
fn who_is_resembled_in_most_views_comes_before_who_has_the_larger_sum() {
    let faint = |n: u32| if n < 3 { 0.41 } else { 0.39 };
    let views = (0..10).map(|n| {
        let strong = if n < 6 { 0.45 } else { 0.0 };
        view(&[(1, strong), (2, faint(n))], Some(0.9))
    });
    let vote = ballot(views).vote().unwrap();
    assert_eq!(vote.candidates[0].person, PersonId(1));
    assert_eq!(vote.n_agreeing, 6);
}

#[test]
fn views_without_a_template_do_not_count_against_her() {
    let mut ballot = ballot((0..40).map(|_| without_template(0.8)));
    assert!(ballot.vote().is_none());
    for n in 1..=4 {
        ballot.add(&view(&[(9, 0.7)], Some(0.9)));
        assert_eq!(lets_in(&ballot), n == 4);
    }
}

/// Also for one enrolled person after another in the same track: nobody is named by views of
/// somebody else, and nobody is shut out for good by them.
#[test]
fn who_looks_away_for_long_is_let_in_when_most_of_the_newest_views_are_hers() {
    for n_before in [1, 4, 20, 500] {
        let mut ballot = ballot((0..n_before).map(|_| stranger()));
        let mut n_own = 0;
        while !lets_in(&ballot) {
            ballot.add(&view(&[(9, 0.7)], Some(0.9)));
            n_own += 1;
            assert!(n_own <= 12, "{n_before} views before hers");
        }
        let vote = ballot.vote().unwrap();
        assert!(0.6 * vote.n_views as f32 <= n_own as f32);
    }
}
