//! The closed loop: whoever was let in goes through or not, and nobody else does unseen.

use crate::scene::*;
use domain::{
    AckResult, AlarmKind, DeviceInput, Direction, GateState, LineCrossing, Movement, Mover,
    OrderKind, Registration, Sighting, SiteMode,
};
use policy::{
    Confirm, Factor, GateInput, GateOutput, Lane, ListRegistry, OnSilence, Policy, Route,
};
use std::time::Duration;

fn lane() -> Lane {
    Lane {
        confirm: Confirm::Loop,
        ..Lane::for_factor(gate(), Factor::Plate)
    }
}

fn policy() -> Policy {
    Policy {
        route: Route {
            from: None,
            to: Some(zone("yard")),
        },
        ..Policy::for_factor(12, Factor::Plate)
    }
}

/// A barrier that is down.
fn scene_of(lane: Lane, policy: Policy) -> Scene {
    let mut scene = Scene::of(lane, policy, registry());
    scene.barrier(-9_000, GateState::Closed);
    scene
}

fn scene() -> Scene {
    scene_of(lane(), policy())
}

/// Lets the car in, and the boom goes up.
fn let_in(scene: &mut Scene, id: u128, millis: i64, plate: &str) {
    let said = scene.sees(millis, sure(car(id, 0, millis), plate));
    assert_eq!(said, "Arrived Grant Open! Commanded");
    assert_eq!(scene.hears(millis + 20, AckResult::Accepted), "Opened");
    scene.barrier(millis + 30, GateState::Opening);
    scene.barrier(millis + 900, GateState::Open);
}

fn down(scene: &mut Scene, millis: i64) -> String {
    let closing = scene.barrier(millis, GateState::Closing);
    let closed = scene.barrier(millis + 1_200, GateState::Closed);
    let later = scene.tick(millis + 3_300);
    [closing, closed, later].join("")
}

fn movements(scene: &Scene) -> Vec<Movement> {
    let said = scene.outputs.iter().filter_map(|output| match output {
        GateOutput::Movement(movement) => Some(movement.clone()),
        _ => None,
    });
    said.collect()
}

#[test]
fn who_goes_under_the_boom_has_taken_the_access() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    assert_eq!(scene.drives_under(1_500), "Taken moved");
    assert_eq!(scene.sees(4_000, last(sure(car(1, 2, 3_500), ALLOWED))), "");
    assert_eq!(down(&mut scene, 5_000), "");
    let [movement] = &movements(&scene)[..] else {
        panic!("{:?}", scene.outputs);
    };
    assert_eq!((&movement.from, &movement.to), (&None, &Some(zone("yard"))));
    assert_eq!(movement.mover, Some(Mover::Plate("51G12345".to_owned())));
    assert_eq!(movement.at, at(3_000));
    assert_eq!(scene.machine.inside(&zone("yard")).vehicles, 1);
    assert_eq!(scene.alarms(), []);
    assert_eq!(scene.machine.passages().count(), 0);
}

#[test]
fn who_turns_back_has_not() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    assert_eq!(scene.sees(3_000, last(sure(car(1, 2, 2_500), ALLOWED))), "");
    assert_eq!(down(&mut scene, 5_000), "NotTaken");
    assert_eq!(movements(&scene), []);
    // Back again a minute later, and let in again.
    let_in(&mut scene, 2, 60_000, ALLOWED);
}

#[test]
fn two_on_one_grant_is_tailgating_and_both_are_counted() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.sees(1_000, sure(car(2, 0, 1_000), UNKNOWN));
    assert_eq!(scene.drives_under(1_500), "Taken moved");
    assert_eq!(scene.drives_under(4_000), "(Tailgating) moved");
    assert_eq!(scene.machine.inside(&zone("yard")).vehicles, 2);
    // Two grants are for two.
    scene.sees(5_000, last(sure(car(1, 1, 4_000), ALLOWED)));
    scene.sees(6_000, last(sure(car(2, 1, 5_900), UNKNOWN)));
    down(&mut scene, 8_000);
    let_in(&mut scene, 3, 60_000, ALLOWED);
    let said = scene.sees(60_950, sure(car(4, 0, 60_950), OTHER));
    assert_eq!(said, "Arrived Grant Open! Commanded");
    assert_eq!(scene.drives_under(61_500), "Taken moved");
    scene.hears(61_500, AckResult::Executed);
    assert_eq!(scene.drives_under(64_000), "Taken moved");
    assert_eq!(scene.alarms(), [AlarmKind::Tailgating]);
}

#[test]
fn a_trailer_is_no_second_vehicle() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.device(1_500, DeviceInput::LoopUnder, true);
    assert_eq!(scene.device(2_500, DeviceInput::LoopUnder, false), "");
    assert_eq!(scene.device(2_700, DeviceInput::LoopUnder, true), "");
    assert_eq!(scene.device(3_500, DeviceInput::LoopUnder, false), "");
    assert_eq!(scene.tick(3_800), "Taken moved");
    // The beam beside the loop is no second vehicle either.
    scene.device(3_900, DeviceInput::Beam, true);
    scene.device(3_950, DeviceInput::LoopUnder, true);
    scene.device(4_500, DeviceInput::LoopUnder, false);
    assert_eq!(scene.tick(4_900), "");
}

#[test]
fn by_force() {
    let mut scene = scene();
    assert_eq!(scene.barrier(0, GateState::Opening), "(Forced)");
    assert_eq!(scene.drives_under(1_000), "(Forced) moved");
    let mut broken_through = scene_of(lane(), policy());
    assert_eq!(broken_through.drives_under(1_000), "(Forced) moved");
    assert_eq!(broken_through.machine.inside(&zone("yard")).vehicles, 1);
}

#[test]
fn held_open_and_stalled_begin_and_end() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.device(1_500, DeviceInput::LoopUnder, true);
    assert_eq!(scene.tick(16_499), "");
    assert_eq!(scene.tick(16_500), "(Stalled)");
    assert_eq!(scene.machine.next_deadline(), Some(at(30_030)));
    assert_eq!(scene.tick(30_030), "(HeldOpen)");
    assert_eq!(
        scene.device(40_000, DeviceInput::LoopUnder, false),
        "(Stalled over)"
    );
    assert_eq!(scene.tick(40_300), "Taken moved");
    scene.barrier(45_000, GateState::Closing);
    assert_eq!(scene.barrier(46_000, GateState::Closed), "(HeldOpen over)");
}

fn crossing(sighting: Sighting, millis: i64) -> Sighting {
    Sighting {
        crossings: vec![LineCrossing {
            zone: zone("yard"),
            direction: Direction::In,
            at: at(millis),
        }],
        ..sighting
    }
}

#[test]
fn a_line_in_the_picture_says_which_vehicle_it_was() {
    let by_line = Lane {
        confirm: Confirm::Line(zone("yard"), Direction::In),
        ..lane()
    };
    let mut scene = scene_of(by_line.clone(), policy());
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.sees(1_000, sure(car(2, 0, 1_000), UNKNOWN));
    let over = crossing(sure(car(1, 3, 2_000), ALLOWED), 1_900);
    assert_eq!(scene.sees(2_000, over.clone()), "Taken moved");
    assert_eq!(
        scene.sees(
            2_100,
            Sighting {
                revision: 4,
                ..over
            }
        ),
        ""
    );
    let behind = crossing(sure(car(2, 3, 4_000), UNKNOWN), 3_900);
    assert_eq!(scene.sees(4_000, behind), "(Tailgating) moved");

    // A track that broke under the boom: the rest of it is the vehicle that was let in.
    let mut broken = scene_of(by_line, policy());
    let_in(&mut broken, 1, 0, ALLOWED);
    broken.sees(1_500, last(sure(car(1, 2, 1_400), ALLOWED)));
    let rest = crossing(car(2, 0, 2_000), 1_900);
    assert_eq!(broken.sees(2_000, rest), "Arrived Taken moved");
    assert_eq!(broken.alarms(), []);
}

#[test]
fn a_convoy_passes_on_one_grant_and_no_more_than_announced() {
    let convoy = Registration {
        convoy: 3,
        ..entry(ALLOWED)
    };
    let list = ListRegistry::new(vec![convoy], at(0));
    let mut scene = Scene::of(lane(), policy(), list);
    scene.barrier(-9_000, GateState::Closed);
    let_in(&mut scene, 1, 0, ALLOWED);
    assert_eq!(scene.drives_under(1_500), "Taken moved");
    assert_eq!(scene.drives_under(4_000), "moved");
    assert_eq!(scene.drives_under(7_000), "moved");
    assert_eq!(scene.drives_under(10_000), "(Tailgating) moved");
    assert_eq!(scene.machine.inside(&zone("yard")).vehicles, 4);
}

#[test]
fn the_guard_opens_for_whoever_is_there_and_for_one_only() {
    let mut scene = scene();
    assert_eq!(scene.order(0, OrderKind::Open), "Open!");
    assert_eq!(scene.barrier(100, GateState::Opening), "");
    assert_eq!(scene.drives_under(1_500), "moved");
    assert_eq!(scene.drives_under(4_000), "(Forced) moved");
}

#[test]
fn the_guard_admits_refuses_and_is_waited_for() {
    let mut scene = scene_of(
        Lane {
            guard_within: Some(Duration::from_secs(30)),
            ..lane()
        },
        policy(),
    );
    let unknown = |id, millis| sure(car(id, 0, millis), UNKNOWN);
    assert_eq!(
        scene.sees(0, unknown(1, 0)),
        "Arrived Refer(Unknown) Referred"
    );
    let passage = scene.passage();
    assert_eq!(
        scene.order(500, OrderKind::Refuse(passage)),
        "Deny(Refused) Denied"
    );
    let told = scene.order(900, OrderKind::Admit(passage));
    assert_eq!(told, "Grant Open! Commanded");
    let Some(GateOutput::Verdict(verdict)) = scene.outputs.iter().rev().nth(2) else {
        panic!("{:?}", scene.outputs);
    };
    assert_eq!(verdict.by.as_deref(), Some("guard-1"));
    assert_eq!(verdict.rule_path.to_string(), "guard-admitted");
    scene.sees(2_000, last(sure(car(1, 1, 1_900), UNKNOWN)));

    scene.sees(10_000, unknown(2, 10_000));
    assert_eq!(scene.tick(39_999), "");
    assert_eq!(scene.tick(40_000), "Deny(Unanswered) Denied (Unanswered)");
    let lets_in = Lane {
        guard_within: Some(Duration::from_secs(5)),
        on_silence: OnSilence::LetIn,
        ..lane()
    };
    let mut open_house = scene_of(lets_in, policy());
    open_house.sees(0, unknown(1, 0));
    let said = open_house.tick(5_000);
    assert_eq!(said, "Grant Open! Commanded (Unanswered)");
}

#[test]
fn an_order_is_carried_out_once_in_time_and_only_here() {
    let mut scene = scene();
    let open = order(7, 0, OrderKind::Open);
    assert_eq!(scene.step(3_000, &GateInput::Order(open.clone())), "");
    assert_eq!(scene.step(-3_000, &GateInput::Order(open.clone())), "");
    let elsewhere = domain::Order {
        gate: Some("gate-2".parse().unwrap()),
        ..open.clone()
    };
    assert_eq!(scene.step(100, &GateInput::Order(elsewhere)), "");
    assert_eq!(scene.step(100, &GateInput::Order(open.clone())), "Open!");
    assert_eq!(scene.step(200, &GateInput::Order(open)), "");
}

#[test]
fn a_lockdown_lets_nobody_in_until_it_is_over() {
    let mut scene = scene();
    scene.order(0, OrderKind::Mode(SiteMode::Lockdown));
    let said = scene.sees(1_000, sure(car(1, 0, 1_000), ALLOWED));
    assert_eq!(said, "Arrived Deny(Lockdown) Denied");
    // An older order that comes late does not end it.
    let older = order(99, -1_000, OrderKind::Mode(SiteMode::Normal));
    scene.step(1_200, &GateInput::Order(older));
    assert_eq!(scene.machine.mode(), SiteMode::Lockdown);
    scene.sees(1_500, last(sure(car(1, 1, 1_400), ALLOWED)));
    scene.order(60_000, OrderKind::Mode(SiteMode::Normal));
    let_in(&mut scene, 2, 61_000, ALLOWED);
}

#[test]
fn in_an_evacuation_the_way_out_stands_open_and_the_way_in_does_not() {
    let out = Policy {
        route: Route {
            from: Some(zone("yard")),
            to: None,
        },
        ..policy()
    };
    let mut exit = scene_of(lane(), out);
    assert_eq!(
        exit.order(0, OrderKind::Mode(SiteMode::Evacuation)),
        "HoldOpen!"
    );
    // Said again while it holds; the barrier is told again while it does not say that it is open.
    assert_eq!(exit.order(3_000, OrderKind::Mode(SiteMode::Evacuation)), "");
    assert_eq!(exit.tick(5_000), "HoldOpen!");
    exit.barrier(5_500, GateState::Open);
    assert_eq!(exit.tick(20_000), "");
    assert_eq!(exit.drives_under(21_000), "moved");
    assert_eq!(exit.order(30_000, OrderKind::Release), "");
    assert_eq!(
        exit.order(40_000, OrderKind::Mode(SiteMode::Normal)),
        "Release!"
    );
    assert_eq!(exit.alarms(), []);

    let mut entry = scene();
    assert_eq!(entry.order(0, OrderKind::Mode(SiteMode::Evacuation)), "");
    let said = entry.sees(100, sure(car(1, 0, 100), ALLOWED));
    assert_eq!(said, "Arrived Deny(Evacuation) Denied");
}

#[test]
fn fire_opens_the_doors_that_are_fail_safe_and_a_person_closes_them() {
    let safe = Lane {
        opens_on_fire: true,
        ..lane()
    };
    let mut scene = scene_of(safe, policy());
    assert_eq!(scene.device(0, DeviceInput::Fire, true), "HoldOpen! (Fire)");
    assert_eq!(scene.barrier(500, GateState::Open), "");
    assert_eq!(scene.order(1_000, OrderKind::Release), "");
    assert_eq!(
        scene.device(60_000, DeviceInput::Fire, false),
        "(Fire over)"
    );
    assert_eq!(scene.order(70_000, OrderKind::Release), "Release!");
    let mut secure = scene_of(lane(), policy());
    assert_eq!(secure.device(0, DeviceInput::Fire, true), "(Fire)");
}

#[test]
fn a_device_event_that_comes_again_or_late_changes_nothing() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.device(1_500, DeviceInput::LoopUnder, true);
    let on = domain::DeviceEvent {
        gate: gate(),
        input: DeviceInput::LoopUnder,
        is_active: true,
        seq: 1,
        at: at(1_500),
    };
    scene.device(2_500, DeviceInput::LoopUnder, false);
    assert_eq!(scene.step(2_600, &GateInput::Device(on)), "");
    assert_eq!(scene.tick(2_800), "Taken moved");
}

#[test]
fn a_second_proof_is_waited_for_and_serves_once() {
    let visitor = Registration {
        pass: Some(domain::PassId(4)),
        ..entry(ALLOWED)
    };
    let two = Policy {
        second: Some(Factor::Pass),
        ..policy()
    };
    let list = ListRegistry::new(vec![visitor], at(0));
    let mut scene = Scene::of(lane(), two, list);
    assert_eq!(scene.sees(0, sure(car(1, 0, 0), ALLOWED)), "Arrived");
    assert_eq!(scene.shows(1_000, 4, true), "Grant Open! Commanded");
    // The next one needs one of its own, and the guard is asked when none comes.
    scene.hears(1_100, AckResult::Rejected);
    scene.sees(9_000, last(sure(car(1, 1, 1_900), ALLOWED)));
    assert_eq!(
        scene.sees(60_000, sure(car(2, 0, 60_000), ALLOWED)),
        "Arrived"
    );
    scene.sees(63_900, sure(car(2, 1, 63_900), ALLOWED));
    let said = scene.tick(64_000);
    assert_eq!(said, "Refer(SecondFactorMissing) Referred");
    scene.sees(65_000, sure(car(2, 2, 65_000), ALLOWED));
    assert_eq!(scene.shows(65_500, 4, true), "Grant Open! Commanded");
}

#[test]
fn a_pass_that_was_shown_once_lets_one_in() {
    let visitor = Registration {
        pass: Some(domain::PassId(4)),
        plate: None,
        ..entry(ALLOWED)
    };
    let reader = Policy {
        factor: Factor::Pass,
        ..policy()
    };
    let lane = Lane::for_factor("gate-1".parse().unwrap(), Factor::Pass);
    let mut scene = Scene::of(lane, reader, ListRegistry::new(vec![visitor], at(0)));
    assert_eq!(scene.sees(0, car(1, 0, 0)), "Arrived");
    assert_eq!(scene.shows(1_000, 4, true), "Grant Open! Commanded");
    // Another track before the same reader, and nothing more is shown.
    assert_eq!(scene.sees(1_500, car(2, 0, 1_500)), "Arrived");
    scene.sees(4_000, car(2, 1, 4_000));
    let said = scene.sees(12_000, last(car(2, 2, 12_000)));
    assert!(said.starts_with("Refer(FactorMissing) Referred"), "{said}");
}

/// A picture of a pass that is for one use, shown again before its holder has gone through.
#[test]
fn a_pass_for_one_use_opens_once_while_its_holder_is_still_there() {
    let visitor = Registration {
        pass: Some(domain::PassId(4)),
        plate: None,
        uses_max: Some(1),
        ..entry(ALLOWED)
    };
    let reader = Policy {
        factor: Factor::Pass,
        ..policy()
    };
    let lane = Lane::for_factor("gate-1".parse().unwrap(), Factor::Pass);
    let mut scene = Scene::of(lane, reader, ListRegistry::new(vec![visitor], at(0)));
    assert_eq!(scene.sees(0, car(1, 0, 0)), "Arrived");
    assert_eq!(scene.shows(1_000, 4, true), "Grant Open! Commanded");
    assert_eq!(scene.sees(1_500, car(2, 0, 1_500)), "Arrived");
    let said = scene.shows(2_000, 4, true);
    assert!(said.starts_with("Refer(PassUsed)"), "{said}");
}

#[test]
fn of_two_interlocked_barriers_the_second_waits_for_the_first_to_close() {
    let sally_port = Lane {
        interlocked_with: vec!["gate-2".parse().unwrap()],
        ..lane()
    };
    let mut scene = scene_of(sally_port, policy());
    let other = |millis, state| {
        GateInput::Barrier(domain::Barrier {
            gate: "gate-2".parse().unwrap(),
            state,
            since: at(millis),
            nonce: None,
        })
    };
    let said = scene.sees(0, sure(car(1, 0, 0), ALLOWED));
    assert_eq!(said, "Arrived Refer(Interlocked) Referred");
    scene.step(100, &other(100, GateState::Closing));
    assert_eq!(
        scene.step(900, &other(900, GateState::Closed)),
        "Grant Open! Commanded"
    );
}

#[test]
fn what_is_carried_over_makes_the_same_book() {
    let mut scene = scene();
    let_in(&mut scene, 1, 0, ALLOWED);
    scene.drives_under(1_500);
    scene.sees(4_000, last(sure(car(1, 2, 3_500), ALLOWED)));
    down(&mut scene, 5_000);
    assert!(scene.machine.is_idle(at(60_000)));
    let mut next = Scene::of(lane(), policy(), registry());
    for input in scene.machine.carried(at(60_000)) {
        assert_eq!(next.step(60_000, &input), "");
    }
    let mover = Mover::Plate("51G12345".to_owned());
    let last_move = |scene: &Scene| scene.machine.book().last_move(&mover).cloned();
    assert!(last_move(&scene).is_some());
    assert_eq!(last_move(&next), last_move(&scene));
    assert_eq!(
        next.machine.inside(&zone("yard")),
        scene.machine.inside(&zone("yard"))
    );
    assert_eq!(next.machine.barrier(), GateState::Closed);
}
