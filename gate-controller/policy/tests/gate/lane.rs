//! Stories of one lane.

use crate::scene::*;
use domain::{AckResult, GateState, Sighting, SightingId, face::FaceVote};
use policy::{Factor, GateInput, Policy};
use std::sync::Arc;

fn plate_lane() -> Scene {
    Scene::new(Factor::Plate)
}

#[test]
fn a_registered_lorry_passes() {
    let mut lane = plate_lane();
    assert_eq!(lane.sees(0, car(1, 0, 0)), "Arrived");
    assert_eq!(lane.sees(100, read(car(1, 1, 100), ALLOWED)), "");
    assert_eq!(
        lane.sees(200, sure(car(1, 2, 200), ALLOWED)),
        "Grant Open! Commanded"
    );
    assert_eq!(lane.hears(250, AckResult::Accepted), "Opened");
    assert_eq!(lane.sees(300, sure(car(1, 3, 300), ALLOWED)), "");
    assert_eq!(lane.hears(1_000, AckResult::Executed), "");
    assert_eq!(
        lane.sees(5_000, last(sure(car(1, 4, 4_000), ALLOWED))),
        "Taken moved"
    );
    assert_eq!(lane.sees(5_001, last(sure(car(1, 4, 4_000), ALLOWED))), "");
    assert_eq!(lane.machine.next_deadline(), None);
}

#[test]
fn a_vehicle_decided_as_it_leaves_the_picture_still_opens() {
    let mut lane = plate_lane();
    lane.sees(0, read(car(1, 0, 0), ALLOWED));
    assert_eq!(
        lane.sees(900, last(sure(car(1, 1, 400), ALLOWED))),
        "Grant Open! Commanded"
    );
    assert_eq!(lane.hears(950, AckResult::Accepted), "Opened Taken moved");
}

#[test]
fn the_guard_is_asked_when_waiting_does_not_help() {
    let mut lane = plate_lane();
    lane.sees(0, car(1, 0, 0));
    lane.sees(500, read(car(1, 1, 500), ALLOWED));
    assert_eq!(lane.machine.next_deadline(), Some(at(4_500)));
    assert_eq!(lane.tick(4_499), "");
    assert_eq!(lane.tick(4_500), "Refer(ScoreTooLow) Referred");

    let mut lane = plate_lane();
    lane.sees(0, car(1, 0, 0));
    assert_eq!(lane.tick(9_999), "");
    assert_eq!(lane.tick(10_000), "Refer(Unreadable) Referred");
}

#[test]
fn better_evidence_turns_a_referral_into_one_grant() {
    let mut lane = plate_lane();
    lane.sees(0, read(car(1, 0, 0), ALLOWED));
    assert_eq!(lane.tick(4_000), "Refer(ScoreTooLow) Referred");
    assert_eq!(
        lane.sees(5_000, sure(car(1, 1, 5_000), ALLOWED)),
        "Grant Open! Commanded"
    );
    assert_eq!(lane.sees(5_100, sure(car(1, 2, 5_100), UNKNOWN)), "");
    assert_eq!(lane.sees(5_200, sure(car(1, 3, 5_200), ALLOWED)), "");
    assert_eq!(lane.commands(), 1);
}

#[test]
fn a_lane_may_forbid_that() {
    let mut lane = plate_lane();
    let settings = policy::Lane {
        is_upgrade_allowed: false,
        ..lane.machine.lane().clone()
    };
    let policy = lane.machine.policy().clone();
    lane.machine.configure(settings, policy);
    lane.sees(0, read(car(1, 0, 0), ALLOWED));
    lane.tick(4_000);
    assert_eq!(lane.sees(5_000, sure(car(1, 1, 5_000), ALLOWED)), "");
}

#[test]
fn a_better_reason_is_said_once() {
    let mut lane = plate_lane();
    lane.sees(0, car(1, 0, 0));
    assert_eq!(lane.tick(10_000), "Refer(Unreadable) Referred");
    assert_eq!(lane.sees(11_000, read(car(1, 1, 11_000), UNKNOWN)), "");
    assert_eq!(
        lane.sees(12_000, sure(car(1, 2, 12_000), UNKNOWN)),
        "Refer(Unknown)"
    );
    assert_eq!(lane.sees(13_000, sure(car(1, 3, 13_000), LOOK_ALIKE)), "");
}

#[test]
fn a_denial_stays() {
    let mut lane = plate_lane();
    assert_eq!(
        lane.sees(0, sure(car(1, 0, 0), BARRED)),
        "Arrived Deny(Barred) Denied"
    );
    assert_eq!(lane.sees(100, sure(car(1, 1, 100), ALLOWED)), "");
    assert_eq!(
        lane.step(200, &GateInput::RegistryChanged(Arc::new(registry()))),
        ""
    );
    assert_eq!(lane.sees(300, last(sure(car(1, 2, 300), ALLOWED))), "Left");
}

#[test]
fn a_picture_cannot_be_waved_until_it_passes() {
    let mut lane = Scene::new(Factor::Face);
    let flat = face(&[(1, 0.6)], Some(0.2));
    assert_eq!(
        lane.sees(0, walker(1, 0, flat)),
        "Arrived Refer(LivenessFailed) Referred"
    );
    let live = face(&[(1, 0.6)], Some(0.9));
    assert_eq!(lane.sees(100, walker(1, 1, live.clone())), "");
    assert_eq!(lane.sees(200, last(walker(1, 2, live.clone()))), "Left");
    assert_eq!(
        lane.sees(300, walker(2, 0, live)),
        "Arrived Grant Open! Commanded"
    );
}

#[test]
fn a_picture_after_another_face_cannot_be_waved_until_it_passes_either() {
    let mut lane = Scene::new(Factor::Face);
    assert_eq!(
        lane.sees(0, walker(1, 0, face(&[], Some(0.9)))),
        "Arrived Refer(Unknown) Referred"
    );
    // One unsure view says nothing yet.
    let unsure = Sighting {
        is_face_decisive: false,
        ..walker(1, 1, face(&[(1, 0.6)], Some(0.2)))
    };
    assert_eq!(lane.sees(100, unsure), "");
    let flat = walker(1, 2, face(&[(1, 0.6)], Some(0.2)));
    assert_eq!(lane.sees(200, flat), "Refer(LivenessFailed)");
    let live = walker(1, 3, face(&[(1, 0.6)], Some(0.9)));
    assert_eq!(lane.sees(300, live), "");
    assert_eq!(lane.commands(), 0);
}

#[test]
fn who_is_known_only_at_second_sight_is_let_in() {
    let mut lane = Scene::new(Factor::Face);
    lane.sees(0, walker(1, 0, face(&[(1, 0.1)], Some(0.9))));
    let few = FaceVote {
        n_views: 20,
        n_agreeing: 11,
        ..face(&[(1, 0.6)], Some(0.9))
    };
    assert_eq!(lane.sees(100, walker(1, 1, few)), "");
    let most = walker(1, 2, face(&[(1, 0.6)], Some(0.9)));
    assert_eq!(lane.sees(200, most), "Grant Open! Commanded");
}

#[test]
fn a_sure_face_does_not_hurry_a_plate() {
    let mut lane = plate_lane();
    let driver = Some(face(&[(1, 0.6)], Some(0.9)));
    let unsure = Sighting {
        is_face_decisive: true,
        face: driver.clone(),
        ..read(car(1, 0, 0), ALLOWED)
    };
    assert_eq!(lane.sees(0, unsure), "Arrived");
    let now_sure = Sighting {
        is_face_decisive: true,
        face: driver,
        ..sure(car(1, 1, 300), ALLOWED)
    };
    assert_eq!(lane.sees(300, now_sure), "Grant Open! Commanded");
}

#[test]
fn a_broken_track_gives_one_command() {
    let mut lane = plate_lane();
    lane.sees(0, sure(car(1, 0, 0), ALLOWED));
    lane.hears(100, AckResult::Accepted);
    assert_eq!(
        lane.sees(2_000, last(sure(car(1, 1, 1_000), ALLOWED))),
        "Taken moved"
    );
    // Its first frame is 8 s after the last one of the first track: still the same vehicle.
    let again = |id, seen| Sighting {
        first_seen_at: at(seen),
        ..car(id, 0, seen)
    };
    assert_eq!(
        lane.sees(9_100, sure(again(2, 9_000), ALLOWED)),
        "Arrived Left"
    );
    assert_eq!(lane.sees(9_200, sure(car(2, 1, 9_100), ALLOWED)), "");
    // While that one goes on, the vehicle is still here.
    assert_eq!(
        lane.sees(17_200, sure(again(3, 17_101), ALLOWED)),
        "Arrived Grant Open! Commanded"
    );
    assert_eq!(lane.commands(), 2);
}

#[test]
fn a_track_that_breaks_under_an_open_passage_joins_it() {
    let mut lane = plate_lane();
    lane.sees(0, sure(car(1, 0, 0), ALLOWED));
    lane.hears(100, AckResult::Executed);
    // Nothing new is said about a lorry that stands still for 30 s; then its track breaks.
    assert_eq!(lane.sees(30_000, car(2, 0, 30_000)), "Arrived");
    assert_eq!(lane.sees(30_200, sure(car(2, 1, 30_200), ALLOWED)), "Left");
    assert_eq!(lane.machine.passages().count(), 1);
    assert_eq!(lane.sees(31_000, last(sure(car(1, 1, 1_000), ALLOWED))), "");
    assert_eq!(
        lane.sees(33_000, last(sure(car(2, 2, 32_000), ALLOWED))),
        "Taken moved"
    );
    assert_eq!(lane.commands(), 1);
}

#[test]
fn another_vehicle_does_not_join() {
    let mut lane = plate_lane();
    lane.sees(0, sure(car(1, 0, 0), ALLOWED));
    assert_eq!(
        lane.sees(100, sure(car(2, 0, 100), OTHER)),
        "Arrived Grant Open! Commanded"
    );
    assert_eq!(lane.commands(), 2);
}

#[test]
fn a_command_that_is_not_answered_fails_and_a_late_answer_corrects_it() {
    let mut lane = plate_lane();
    lane.sees(0, sure(car(1, 0, 0), ALLOWED));
    assert_eq!(lane.machine.next_deadline(), Some(at(3_500)));
    assert_eq!(lane.tick(3_499), "");
    assert_eq!(lane.tick(3_500), "Failed");
    assert_eq!(lane.hears(3_600, AckResult::Executed), "Opened");
}

#[test]
fn the_barrier_itself_counts_when_an_answer_is_lost() {
    let mut lane = plate_lane();
    lane.barrier(-5_000, GateState::Open); // for somebody else
    lane.sees(0, sure(car(1, 0, 0), ALLOWED));
    assert_eq!(lane.barrier(-1, GateState::Opening), "");
    assert_eq!(lane.barrier(300, GateState::Opening), "Opened");
    assert_eq!(lane.barrier(900, GateState::Fault), "Failed (Fault)");
    assert_eq!(lane.machine.barrier(), GateState::Fault);
}

#[test]
fn what_was_seen_before_a_restart_is_too_late() {
    let mut lane = plate_lane();
    assert_eq!(
        lane.sees(60_000, sure(car(1, 0, 0), ALLOWED)),
        "Arrived Refer(Late) Referred"
    );
    assert_eq!(
        lane.sees(60_100, last(sure(car(1, 1, 100), ALLOWED))),
        "Left"
    );
    assert_eq!(lane.commands(), 0);
}

#[test]
fn a_sighting_handled_before_a_restart_gives_nothing() {
    let mut lane = plate_lane();
    lane.machine.remember(SightingId(1));
    lane.machine.remember(SightingId(1));
    assert_eq!(lane.sees(0, sure(car(1, 0, 0), ALLOWED)), "");
    assert_eq!(lane.machine.handled().collect::<Vec<_>>(), [SightingId(1)]);
}

#[test]
fn a_fresh_list_settles_what_a_stale_one_could_not() {
    let mut lane = plate_lane();
    let stale = registry().confirmed(at(-25 * 3_600_000));
    lane.step(0, &GateInput::RegistryChanged(Arc::new(stale)));
    assert_eq!(
        lane.sees(0, sure(car(1, 0, 0), ALLOWED)),
        "Arrived Refer(RegistryStale) Referred"
    );
    let fresh = GateInput::RegistryChanged(Arc::new(registry().confirmed(at(1_000))));
    assert_eq!(lane.step(1_000, &fresh), "Grant Open! Commanded");
}

#[test]
fn one_passage_too_many_ends_the_oldest() {
    let mut lane = plate_lane();
    for id in 0..64 {
        assert_eq!(lane.sees(0, car(id, 0, 0)), "Arrived");
    }
    assert_eq!(lane.sees(1, car(64, 0, 0)), "Arrived Left");
    assert_eq!(lane.machine.passages().count(), 64);
    assert_eq!(lane.machine.handled().collect::<Vec<_>>(), [SightingId(0)]);
}

#[test]
fn a_silent_camera_does_not_keep_a_passage_open() {
    let mut lane = plate_lane();
    lane.sees(0, car(1, 0, 0));
    lane.tick(10_000);
    assert_eq!(lane.machine.next_deadline(), Some(at(60_000)));
    assert_eq!(lane.tick(60_000), "Left");
}

#[test]
fn people_on_foot_open_no_passage_of_a_plate_lane() {
    let mut lane = plate_lane();
    assert_eq!(lane.sees(0, walker(1, 0, face(&[], None))), "");
    let mut door = Scene::new(Factor::Face);
    assert_eq!(door.sees(0, sure(car(1, 0, 0), ALLOWED)), "");
}

#[test]
fn verdicts_carry_what_they_rest_on() {
    let mut lane = plate_lane();
    lane.sees(40, sure(car(1, 0, 0), ALLOWED));
    let [
        policy::GateOutput::PassageChanged(arrived),
        policy::GateOutput::Verdict(verdict),
        policy::GateOutput::Command(command),
        _,
    ] = &lane.outputs[..]
    else {
        panic!("{:?}", lane.outputs);
    };
    assert_eq!(
        (verdict.passage, command.cause.passage()),
        (arrived.id, Some(arrived.id))
    );
    assert_eq!(
        (verdict.sighting, verdict.captured_at),
        (SightingId(1), at(0))
    );
    assert_eq!((verdict.given_at, verdict.registry_as_of), (at(40), at(0)));
    assert_eq!(
        (verdict.policy_version, verdict.rule_path.settled_by()),
        (12, Some(domain::Rule::Allowed))
    );
    let cause = domain::CommandCause::Verdict {
        verdict: verdict.id,
        passage: verdict.passage,
    };
    assert_eq!((command.cause, command.issued_at), (cause, at(40)));
    assert_eq!(
        command.expires_at,
        Policy::for_factor(12, Factor::Plate).expiry(at(40))
    );
}
