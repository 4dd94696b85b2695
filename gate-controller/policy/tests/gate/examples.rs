//! One example for every reason, checked through `decide` alone.

use crate::scene::*;
use domain::{Class, Plate, Registration, Sighting, Timestamp};
use policy::{Factor, ListRegistry, OPEN_WITHIN_MAX, Policy};
use std::time::Duration;

/// The one place that asks: the answer and the rule that settled it.
#[track_caller]
pub(crate) fn check_by(
    policy: &Policy,
    registry: &ListRegistry,
    sighting: &Sighting,
    expect: &str,
) {
    let decision = answer(policy, registry, sighting, at(0));
    let rule = decision.rule_path.settled_by().expect("a rule settles it");
    assert_eq!(format!("{:?} by {rule}", decision.outcome), expect);
}

#[track_caller]
fn check(sighting: Sighting, expect: &str) {
    check_by(
        &Policy::for_factor(1, Factor::Plate),
        &registry(),
        &sighting,
        expect,
    );
}

#[track_caller]
fn check_entry(entry: Registration, expect: &str) {
    let registry = ListRegistry::new(vec![entry], at(0));
    let sighting = sure(car(1, 0, 0), ALLOWED);
    check_by(
        &Policy::for_factor(1, Factor::Plate),
        &registry,
        &sighting,
        expect,
    );
}

fn with(plate: domain::PlateVote) -> Sighting {
    Sighting {
        is_plate_decisive: true,
        plate: Some(plate),
        ..car(1, 0, 0)
    }
}

#[test]
fn an_exact_match_of_a_sure_reading_is_granted() {
    check(sure(car(1, 0, 0), ALLOWED), "Grant by allowed");
    check(sure(car(1, 0, 0), OTHER), "Grant by allowed");
}

#[test]
fn the_path_names_every_rule() {
    let policy = Policy::for_factor(1, Factor::Plate);
    let decision = answer(&policy, &registry(), &sure(car(1, 0, 0), ALLOWED), at(0));
    let path = "captured-not-in-future captured-recently registry-fresh plate-read decisive \
                frames-agree score no-rival listed one-entry valid-now allowed";
    assert_eq!(decision.rule_path.to_string(), path);
}

#[test]
fn barred() {
    check(sure(car(1, 0, 0), BARRED), "Deny(Barred) by barred");
    // Only a sure reading turns anybody away.
    check(read(car(1, 0, 0), BARRED), "Refer(ScoreTooLow) by decisive");
    check(
        with(doubtful(BARRED, 7, 'B', 0.4)),
        "Refer(ScoreTooLow) by score",
    );
    let no_more = Registration {
        valid_until: Some(at(0)),
        ..bar(ALLOWED)
    };
    check_entry(no_more.clone(), "Refer(Expired) by barred");
    let registry = ListRegistry::new(vec![no_more, bar(ALLOWED)], at(0));
    let policy = Policy::for_factor(1, Factor::Plate);
    check_by(
        &policy,
        &registry,
        &sure(car(1, 0, 0), ALLOWED),
        "Deny(Barred) by barred",
    );
}

#[test]
fn unknown_and_look_alike() {
    check(sure(car(1, 0, 0), UNKNOWN), "Refer(Unknown) by listed");
    check(
        sure(car(1, 0, 0), LOOK_ALIKE),
        "Refer(LookAlike) by no-look-alike",
    );
    // The characters of a listed motorbike on one row are another plate.
    check(
        sure(car(1, 0, 0), "29-B1 123.45"),
        "Refer(LookAlike) by no-look-alike",
    );
    // Text that is no plate was not read well, whatever its scores.
    check(
        sure(car(1, 0, 0), "00O-123.45"),
        "Refer(ScoreTooLow) by grammar",
    );
}

#[test]
fn a_plate_that_the_grammar_does_not_know_is_granted_when_it_is_listed() {
    check_entry(entry("AB 1234 X"), "Refer(Unknown) by listed");
    let registry = ListRegistry::new(vec![entry("AB 1234 X")], at(0));
    assert!(Plate::parse("AB1234X").unwrap().classes().is_empty());
    let policy = Policy::for_factor(1, Factor::Plate);
    check_by(
        &policy,
        &registry,
        &sure(car(1, 0, 0), "AB1234X"),
        "Grant by allowed",
    );
    let rival = with(doubtful("AB1234X", 1, '8', 0.25));
    check_by(&policy, &registry, &rival, "Refer(ScoreTooLow) by no-rival");
}

#[test]
fn score_too_low() {
    check(
        read(car(1, 0, 0), ALLOWED),
        "Refer(ScoreTooLow) by decisive",
    );
    check(
        with(doubtful(ALLOWED, 4, '9', 0.31)),
        "Refer(ScoreTooLow) by score",
    );
    // Enough for the score, and too much for another digit: whoever is wrong about it lets the
    // next lorry in. What is left may be spread over many characters.
    check(
        with(doubtful(ALLOWED, 4, '9', 0.29)),
        "Refer(ScoreTooLow) by no-rival",
    );
    let mut spread = doubtful(ALLOWED, 4, '9', 0.29);
    spread.rows[0].chars[4].alternatives = vec![('9', 0.15), ('0', 0.14)];
    check(with(spread), "Grant by allowed");
    check(
        with(doubtful(ALLOWED, 4, '9', f32::NAN)),
        "Refer(ScoreTooLow) by score",
    );
    let few = domain::PlateVote {
        n_agreeing: 1,
        ..vote(ALLOWED)
    };
    check(with(few), "Refer(ScoreTooLow) by frames-agree");
}

#[test]
fn any_other_likely_character_keeps_the_barrier_down() {
    check(
        with(doubtful(ALLOWED, 3, '7', 0.20)),
        "Refer(ScoreTooLow) by no-rival",
    );
    check(with(doubtful(ALLOWED, 3, '7', 0.19)), "Grant by allowed");
    // No table says that 1 is taken for 4, or that a letter can stand there.
    for other in ['4', '6', 'Z', '?'] {
        let doubtful = |share| with(doubtful(ALLOWED, 3, other, share));
        check(doubtful(0.20), "Refer(ScoreTooLow) by no-rival");
        check(doubtful(0.19), "Grant by allowed");
    }
    for nan in [f32::NAN, -f32::NAN] {
        let mut strange = doubtful(ALLOWED, 3, '7', 0.0);
        strange.rows[0].chars[3].alternatives = vec![('7', nan)];
        check(with(strange), "Refer(ScoreTooLow) by no-rival");
    }
    // The same character, written otherwise, is no rival.
    let legacy = ListRegistry::new(vec![entry("29-MĐ1/234.56")], at(0));
    let read = with(doubtful("29-MĐ1/234.56", 3, 'D', 0.25));
    let policy = Policy::for_factor(1, Factor::Plate);
    check_by(&policy, &legacy, &read, "Grant by allowed");
}

/// Listed is `51G-128.45`; before the gate stands the dirty `51G-126.45`.
#[test]
fn a_dirty_digit_that_no_table_has_lets_nobody_in() {
    let mut dirty = doubtful("51G-128.45", 5, '6', 0.38);
    let lenient = Policy {
        plate_score_min: 0.6,
        ..Policy::for_factor(1, Factor::Plate)
    };
    let usual = Policy::for_factor(1, Factor::Plate);
    let (one, other) = (entry("51G-128.45"), entry("51G-126.45"));
    let list = |entries| ListRegistry::new(entries, at(0));
    let listed = list(vec![one.clone()]);
    let sighting = with(dirty.clone());
    check_by(&usual, &listed, &sighting, "Refer(ScoreTooLow) by score");
    check_by(
        &lenient,
        &listed,
        &sighting,
        "Refer(ScoreTooLow) by no-rival",
    );
    let both = list(vec![one, other.clone()]);
    check_by(&lenient, &both, &sighting, "Refer(Ambiguous) by no-rival");
    let other = list(vec![other]);
    check_by(&lenient, &other, &sighting, "Refer(LookAlike) by no-rival");
    dirty.rows[0].chars[5].alternatives.clear();
    check_by(&lenient, &listed, &with(dirty), "Grant by allowed");
}

#[test]
fn a_motorbike_does_not_use_a_cars_entry() {
    let policy = Policy::for_factor(1, Factor::Plate);
    let check = |listed: &str, class, read: &str, expect: &str| {
        let registry = ListRegistry::new(vec![entry(listed)], at(0));
        let sighting = Sighting {
            class,
            ..sure(car(1, 0, 0), read)
        };
        check_by(&policy, &registry, &sighting, expect);
    };
    let (bike, short, long) = ("30F2/5658", "30F/25658", "30F25658");
    let like_another = "Refer(LookAlike) by no-look-alike";
    let unclear = "Refer(Ambiguous) by one-class";
    let granted = "Grant by allowed";
    for class in [Class::Motorbike, Class::Car] {
        check("30F/256.58", class, bike, like_another);
        check("30F-256.58", class, bike, like_another);
        check("30-F2 5658", class, short, like_another);
        check("30-F2 5658", class, long, like_another);
    }
    check("30F/256.58", Class::Car, short, granted);
    check("30F-256.58", Class::Car, short, granted);
    check("30F-256.58", Class::Truck, long, granted);
    check("30-F2 5658", Class::Motorbike, bike, granted);
    // Typed without separators it is for whatever the camera sees, when the camera can tell.
    check("30F25658", Class::Car, short, granted);
    check("30F25658", Class::Bus, long, granted);
    check("30F25658", Class::Motorbike, bike, granted);
    check("30F25658", Class::Car, bike, unclear);
    check("30F25658", Class::Motorbike, long, unclear);
    for class in [Class::Plate, Class::Person] {
        check("30F25658", class, long, unclear);
        check("30F-256.58", class, long, granted);
    }
    // Both have four characters on the first row.
    check("50LD-123.45", Class::Truck, "50LD/123.45", granted);
    check("50LD-123.45", Class::Plate, "50LD/123.45", unclear);
    // A motorbike's plate on one row has been misread.
    check("29-B1 123.45", Class::Motorbike, "29B112345", like_another);
}

#[test]
fn unreadable_and_factor_missing() {
    check(car(1, 0, 0), "Refer(Unreadable) by plate-read");
    let mut short = vote(ALLOWED);
    short.rows[0].chars.truncate(3);
    check(with(short), "Refer(Unreadable) by plate-read");
    check(
        walker(1, 0, face(&[], None)),
        "Refer(FactorMissing) by plate-read",
    );
    let policy = Policy::for_factor(1, Factor::Face);
    let lorry = sure(car(1, 0, 0), ALLOWED);
    check_by(
        &policy,
        &registry(),
        &lorry,
        "Refer(FactorMissing) by face-seen",
    );
    let nobody = Sighting {
        class: Class::Person,
        ..car(1, 0, 0)
    };
    check_by(
        &policy,
        &registry(),
        &nobody,
        "Refer(Unreadable) by face-seen",
    );
}

#[test]
fn ambiguous() {
    let policy = Policy::for_factor(1, Factor::Plate);
    let sighting = sure(car(1, 0, 0), ALLOWED);
    let expiring = Registration {
        valid_until: Some(at(60_000)),
        ..entry(ALLOWED)
    };
    for (second, expect) in [
        (entry("51G 12345"), "Grant by allowed"), // the same entry, typed twice
        (expiring, "Refer(Ambiguous) by one-entry"),
        (bar(ALLOWED), "Refer(Ambiguous) by one-entry"),
    ] {
        let registry = ListRegistry::new(vec![entry(ALLOWED), second], at(0));
        check_by(&policy, &registry, &sighting, expect);
    }
}

#[test]
fn validity_is_half_open() {
    let from = |millis| Registration {
        valid_from: Some(at(millis)),
        ..entry(ALLOWED)
    };
    let until = |millis| Registration {
        valid_until: Some(at(millis)),
        ..entry(ALLOWED)
    };
    check_entry(from(0), "Grant by allowed");
    check_entry(from(1), "Refer(NotYetValid) by valid-now");
    check_entry(until(1), "Grant by allowed");
    check_entry(until(0), "Refer(Expired) by valid-now");
}

#[test]
fn schedule_in_the_sites_own_time() {
    let monday = [true, false, false, false, false, false, false];
    let scheduled = |from, until| {
        let schedule = vec![hours(monday, from, until)];
        Registration {
            schedule,
            ..entry(ALLOWED)
        }
    };
    check_entry(scheduled(480, 1020), "Grant by allowed"); // it is Monday, 08:00
    check_entry(scheduled(420, 480), "Refer(OutsideSchedule) by valid-now");
    check_entry(scheduled(1320, 540), "Refer(OutsideSchedule) by valid-now"); // of Sunday's night
}

#[test]
fn a_stale_list_grants_and_denies_nothing() {
    let policy = Policy {
        registry_age_max: Duration::from_secs(60),
        ..Policy::for_factor(1, Factor::Plate)
    };
    for (as_of, expect) in [
        (at(-60_000), "Grant by allowed"),
        (at(-60_001), "Refer(RegistryStale) by registry-fresh"),
        (at(2_000), "Grant by allowed"),
        (at(2_001), "Refer(RegistryStale) by registry-fresh"), // its clock cannot be right
    ] {
        let registry = registry().confirmed(as_of);
        check_by(&policy, &registry, &sure(car(1, 0, 0), ALLOWED), expect);
    }
    let old = registry().confirmed(at(-60_001));
    check_by(
        &policy,
        &old,
        &sure(car(1, 0, 0), BARRED),
        "Refer(RegistryStale) by registry-fresh",
    );
}

#[test]
fn late_sightings() {
    check(sure(car(1, 0, -2_000), ALLOWED), "Grant by allowed");
    check(
        sure(car(1, 0, -2_001), ALLOWED),
        "Refer(Late) by captured-recently",
    );
    check(sure(car(1, 0, 2_000), ALLOWED), "Grant by allowed");
    check(
        sure(car(1, 0, 2_001), ALLOWED),
        "Refer(Late) by captured-not-in-future",
    );
}

#[test]
fn times_at_the_ends_of_time_give_an_answer() {
    let policy = Policy::for_factor(1, Factor::Plate);
    for micros in [i64::MIN, 0, i64::MAX] {
        let now = Timestamp::from_micros(micros);
        let decision = answer(&policy, &registry(), &sure(car(1, 0, 0), ALLOWED), now);
        assert!(decision.rule_path.settled_by().is_some());
        assert!(now <= policy.expiry(now));
    }
}

#[test]
fn each_lane_asks_whether_its_own_factor_is_sure() {
    let both = |is_plate_decisive, is_face_decisive| Sighting {
        is_plate_decisive,
        is_face_decisive,
        plate: Some(vote(ALLOWED)),
        face: Some(face(&[(1, 0.6)], Some(0.9))),
        ..car(1, 0, 0)
    };
    let unsure = "Refer(ScoreTooLow) by decisive";
    let by = |factor| Policy::for_factor(1, factor);
    let list = registry();
    check_by(
        &by(Factor::Plate),
        &list,
        &both(true, false),
        "Grant by allowed",
    );
    check_by(&by(Factor::Plate), &list, &both(false, true), unsure);
    check_by(
        &by(Factor::Face),
        &list,
        &both(false, true),
        "Grant by allowed",
    );
    check_by(&by(Factor::Face), &list, &both(true, false), unsure);
}

#[test]
fn a_grant_lives_two_to_five_seconds() {
    for (secs, expect) in [(0, 2_000), (3, 3_000), (60, 5_000)] {
        let policy = Policy {
            grant_ttl: Duration::from_secs(secs),
            ..Policy::for_factor(1, Factor::Plate)
        };
        assert_eq!(policy.expiry(at(0)), at(expect));
    }
}

#[test]
fn nothing_opens_more_than_five_seconds_after_it_was_seen() {
    let usual = Policy::for_factor(1, Factor::Plate);
    let last = at(0).saturating_sub(usual.late_after);
    assert!(usual.expiry(at(0)).since(last) <= OPEN_WITHIN_MAX);
    let slow = Policy {
        grant_ttl: Duration::from_secs(5),
        ..usual
    };
    for (captured, expires) in [(0, 5_000), (-500, 4_500), (-2_000, 3_000), (-9_000, 2_000)] {
        assert_eq!(slow.expiry_for(at(0), at(captured)), at(expires));
    }
}
