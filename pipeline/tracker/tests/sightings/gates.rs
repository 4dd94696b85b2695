//! What a gate waits for besides a plate: that somebody is still there, and that he went through.

use crate::{Camera, car, plate, way};
use domain::{Direction, LineCrossing, SightingPhase, Timestamp, TrackId};
use std::time::Duration;

#[test]
fn who_stands_there_is_told_again_and_who_has_gone_is_not() {
    let mut camera = Camera::new(|config| config.repeat_after = Some(Duration::from_secs(1)));
    // Eight frames a second: five seconds with the car, one without it.
    for _ in 0..40 {
        camera.frame(&[car(way(20))], &[plate("30F25658", way(20))], &[]);
    }
    for _ in 0..8 {
        camera.frame(&[], &[], &[]);
    }
    let messages = camera.finished();
    let told: Vec<Timestamp> = messages.iter().map(|m| m.last_seen_at).collect();
    assert!(6 <= told.len(), "{told:?}");
    let is_apart = |pair: &[Timestamp]| pair[1].since(pair[0]) <= Duration::from_millis(1_125);
    assert!(told.windows(2).all(is_apart), "{told:?}");
    assert!(
        told.iter().all(|at| *at <= Timestamp::from_millis(5_000)),
        "{told:?}"
    );
}

#[test]
fn a_crossing_is_told_at_once_and_stays_with_the_sighting() {
    let mut camera = Camera::new(|_| ());
    let crossing = |ms| LineCrossing {
        zone: "yard".parse().expect("it is a slug"),
        direction: Direction::In,
        at: Timestamp::from_millis(ms),
    };
    for n in 0..16 {
        camera.frame(&[car(way(n))], &[plate("30F25658", way(n))], &[]);
    }
    let n_before = camera.out.messages.len();
    camera.sightings.cross(TrackId(1), crossing(2_000));
    camera.sightings.cross(TrackId(1), crossing(2_100));
    camera.sightings.cross(TrackId(99), crossing(2_000));
    camera.frame(&[car(way(16))], &[plate("30F25658", way(16))], &[]);
    let [told] = &camera.out.messages[n_before..] else {
        panic!("{:?}", camera.out.messages);
    };
    assert_eq!(told.crossings, [crossing(2_000)]);
    let messages = camera.finished();
    let last = messages.last().expect("there is one");
    assert_eq!(
        (last.phase, last.crossings.len()),
        (SightingPhase::Final, 1)
    );
}
