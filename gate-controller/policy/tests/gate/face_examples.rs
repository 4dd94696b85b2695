//! Examples for lanes that ask for a face, checked through `decide` alone.

use crate::{examples::check_by, scene::*};
use domain::{Registration, face::FaceVote};
use policy::{Factor, ListRegistry, Policy};

#[track_caller]
fn check_face(face: FaceVote, expect: &str) {
    check_by(
        &Policy::for_factor(1, Factor::Face),
        &registry(),
        &walker(1, 0, face),
        expect,
    );
}

#[test]
fn faces() {
    let live = Some(0.9);
    check_face(face(&[(1, 0.6), (2, 0.3)], live), "Grant by allowed");
    check_face(face(&[(1, 0.6)], live), "Grant by allowed");
    check_face(face(&[], live), "Refer(Unknown) by enrolled");
    check_face(face(&[(1, 0.39)], live), "Refer(Unknown) by enrolled");
    check_face(face(&[(9, 0.6)], live), "Refer(Unknown) by enrolled"); // not on this site's list
    check_face(
        face(&[(1, 0.6), (2, 0.56)], live),
        "Refer(Ambiguous) by nobody-else",
    );
    // The first is the one on whom the views agree: the agreement is not the second's, however
    // similar she is in a view or two.
    check_face(
        face(&[(2, 0.3), (1, 0.6)], live),
        "Refer(Ambiguous) by nobody-else",
    );
    check_face(
        face(&[(1, f32::NAN), (2, 0.6)], live),
        "Refer(Unknown) by enrolled",
    );
    check_face(
        FaceVote {
            n_views: 0,
            ..face(&[(1, 0.6)], live)
        },
        "Refer(Unreadable) by face-seen",
    );
    check_face(
        FaceVote {
            n_agreeing: 1,
            ..face(&[(1, 0.6)], live)
        },
        "Refer(ScoreTooLow) by frames-agree",
    );
}

#[test]
fn most_views_of_a_face_must_agree() {
    let of = |n_agreeing, n_views| FaceVote {
        n_agreeing,
        n_views,
        ..face(&[(1, 0.6)], Some(0.9))
    };
    check_face(of(3, 5), "Grant by allowed");
    check_face(of(12, 20), "Grant by allowed");
    for few in [of(2, 30), of(3, 13), of(11, 20), of(2, u32::MAX)] {
        check_face(few, "Refer(ScoreTooLow) by most-frames-agree");
    }
    let lax = Policy {
        face_agreeing_share_min: 0.1,
        ..Policy::for_factor(1, Factor::Face)
    };
    let sighting = walker(1, 0, of(3, 13));
    check_by(&lax, &registry(), &sighting, "Grant by allowed");
    let broken = Policy {
        face_agreeing_share_min: f32::NAN,
        ..Policy::for_factor(1, Factor::Face)
    };
    let expect = "Refer(ScoreTooLow) by most-frames-agree";
    check_by(&broken, &registry(), &sighting, expect);
}

#[test]
fn the_agreement_on_one_person_lets_nobody_else_in() {
    // One may not enter now, and holds a picture of two before her face for one view.
    let one = Registration {
        valid_until: Some(at(0)),
        ..person(1)
    };
    let registry = ListRegistry::new(vec![one, person(2)], at(0));
    let vote = FaceVote {
        n_agreeing: 8,
        n_views: 9,
        ..face(&[(1, 0.6), (2, 0.7)], Some(0.9))
    };
    let policy = Policy::for_factor(1, Factor::Face);
    let sighting = walker(1, 0, vote);
    let expect = "Refer(Ambiguous) by nobody-else";
    check_by(&policy, &registry, &sighting, expect);
}

#[test]
fn liveness_comes_before_identity() {
    check_face(
        face(&[(1, 0.6)], Some(0.49)),
        "Refer(LivenessFailed) by live",
    );
    check_face(face(&[], Some(0.1)), "Refer(LivenessFailed) by live");
    check_face(face(&[(1, 0.6)], None), "Refer(LivenessFailed) by live");
    check_face(
        face(&[(1, 0.6)], Some(f32::NAN)),
        "Refer(LivenessFailed) by live",
    );
    let without = Policy {
        is_liveness_required: false,
        ..Policy::for_factor(1, Factor::Face)
    };
    let sighting = walker(1, 0, face(&[(1, 0.6)], None));
    check_by(&without, &registry(), &sighting, "Grant by allowed");
}
