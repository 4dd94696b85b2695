//! Groups, zones, passes, and lanes that ask for two things.

use crate::scene::*;
use domain::{
    Access, Calendar, Class, Group, Movement, Mover, OnHoliday, Outcome, PassId, PassageId,
    PersonId, Registration, Rule, Sighting, SiteList, SiteMode,
};
use policy::{
    AntiPassback, Capacity, Circumstances, Decision, Evidence, Fact, Factor, ListRegistry, Policy,
    Question, Route, ZoneBook, decide, explain,
};
use std::time::Duration;

/// What is asked, with all that a test may change.
struct Asked {
    policy: Policy,
    registry: ListRegistry,
    sighting: Sighting,
    face: Option<Sighting>,
    documents: Vec<domain::DocumentRead>,
    book: ZoneBook,
    mode: SiteMode,
    n_underway: [u32; 2],
    is_interlock_free: bool,
}

impl Asked {
    fn new() -> Self {
        Self {
            policy: Policy {
                route: Route {
                    from: None,
                    to: Some(zone("yard")),
                },
                ..Policy::for_factor(12, Factor::Plate)
            },
            registry: list(vec![entry(ALLOWED)], Vec::new()),
            sighting: sure(car(1, 0, 0), ALLOWED),
            face: None,
            documents: Vec::new(),
            book: ZoneBook::default(),
            mode: SiteMode::Normal,
            n_underway: [0, 0],
            is_interlock_free: true,
        }
    }

    fn question<'a>(&'a self, gate: &'a domain::GateId) -> Question<'a, ListRegistry> {
        Question {
            policy: &self.policy,
            gate,
            registry: &self.registry,
            evidence: Evidence {
                sighting: &self.sighting,
                face: self.face.as_ref(),
                documents: &self.documents,
            },
            circumstances: Circumstances {
                mode: self.mode,
                book: &self.book,
                n_underway: self.n_underway,
                passes_underway: &[],
                is_interlock_free: self.is_interlock_free,
            },
            now: at(0),
        }
    }

    fn decide(&self) -> Decision {
        decide(&self.question(&gate()))
    }

    /// The answer and the rule that settled it.
    #[track_caller]
    fn check(&self, expect: &str) {
        let decision = self.decide();
        let rule = decision.rule_path.settled_by().expect("a rule settles it");
        assert_eq!(format!("{:?} by {rule}", decision.outcome), expect);
    }

    /// The rules that stand between this and a grant.
    fn obstacles(&self) -> (Vec<Rule>, Vec<Fact>) {
        let explained = explain(&self.question(&gate()));
        let rules = explained.obstacles.iter().map(|o| o.rule).collect();
        let facts = explained.obstacles.into_iter().flat_map(|o| o.facts);
        (rules, facts.collect())
    }
}

fn list(registrations: Vec<Registration>, groups: Vec<Group>) -> ListRegistry {
    ListRegistry::of(SiteList {
        as_of: at(0),
        registrations,
        groups,
        ..SiteList::default()
    })
}

fn group(name: &str) -> Group {
    Group::new(name.parse().expect("it is a slug"))
}

fn of_group(name: &str) -> Registration {
    Registration {
        group: Some(name.parse().expect("it is a slug")),
        ..entry(ALLOWED)
    }
}

fn entered(mover: Mover, millis: i64) -> Movement {
    Movement {
        passage: PassageId(u128::from(millis.unsigned_abs())),
        gate: gate(),
        from: None,
        to: Some(zone("yard")),
        class: Class::Car,
        mover: Some(mover),
        pass: None,
        at: at(millis),
    }
}

fn the_car() -> Mover {
    Mover::Plate("51G12345".to_owned())
}

#[test]
fn groups_bind_lanes_and_hours() {
    let mut asked = Asked::new();
    asked.registry = list(vec![of_group("staff")], Vec::new());
    asked.check("Refer(GroupUnknown) by group");
    asked.registry = list(vec![of_group("staff")], vec![group("staff")]);
    asked.check("Grant by allowed");
    let elsewhere = Group {
        gates: vec!["gate-2".parse().unwrap()],
        ..group("staff")
    };
    asked.registry = list(vec![of_group("staff")], vec![elsewhere]);
    asked.check("Refer(NotThisGate) by this-gate");
    // Monday 08:00 in Viet Nam.
    let late_shift = Group {
        schedule: vec![hours([true; 7], 14 * 60, 22 * 60)],
        ..group("staff")
    };
    asked.registry = list(vec![of_group("staff")], vec![late_shift]);
    asked.check("Refer(OutsideSchedule) by valid-now");
    let (rules, facts) = asked.obstacles();
    assert_eq!(rules, [Rule::ValidNow]);
    assert_eq!(facts, [Fact::NextOpening(at(6 * 3_600_000))]);
}

#[test]
fn a_holiday_shuts_a_group_out_and_no_other() {
    // 2026-11-16.
    let holiday = Calendar {
        holidays: vec![20_773],
        worked: Vec::new(),
    };
    let closed = Group {
        on_holiday: OnHoliday::Closed,
        ..group("staff")
    };
    let mut asked = Asked::new();
    for (groups, expect) in [
        (vec![closed], "Refer(OutsideSchedule) by valid-now"),
        (vec![group("staff")], "Grant by allowed"),
    ] {
        asked.registry = ListRegistry::of(SiteList {
            as_of: at(0),
            registrations: vec![of_group("staff")],
            groups,
            calendar: holiday.clone(),
            ..SiteList::default()
        });
        asked.check(expect);
    }
}

#[test]
fn a_list_that_has_expired_grants_nothing() {
    let mut asked = Asked::new();
    for (expires_ms, expect) in [
        (1, "Grant by allowed"),
        (0, "Refer(RegistryStale) by registry-fresh"),
    ] {
        asked.registry = ListRegistry::of(SiteList {
            as_of: at(-1_000),
            expires_at: Some(at(expires_ms)),
            registrations: vec![entry(ALLOWED)],
            ..SiteList::default()
        });
        asked.check(expect);
    }
}

#[test]
fn anti_passback() {
    let mut asked = Asked::new();
    asked.book.note(&entered(the_car(), -3_600_000));
    asked.check("Grant by allowed");
    asked.policy.anti_passback = AntiPassback::Hard;
    asked.check("Refer(AntiPassback) by not-inside");
    let (_, facts) = asked.obstacles();
    let since = Fact::InsideSince {
        at: at(-3_600_000),
        overlooked_from: at(23 * 3_600_000),
    };
    assert_eq!(facts, [since]);
    asked.policy.anti_passback = AntiPassback::Soft;
    asked.check("Grant by allowed");
    assert!(asked.decide().terms.is_passed_back);
    for (minutes, expect) in [
        (61, "Refer(AntiPassback) by not-inside"),
        (60, "Grant by allowed"),
    ] {
        asked.policy.anti_passback = AntiPassback::Timed(Duration::from_secs(minutes * 60));
        asked.check(expect);
    }
    // An exit that was read heals it, and so does a day.
    asked.policy.anti_passback = AntiPassback::Hard;
    let mut left = entered(the_car(), -60_000);
    (left.from, left.to) = (Some(zone("yard")), None);
    asked.book.note(&left);
    asked.check("Grant by allowed");
    asked.book = ZoneBook::default();
    asked.book.note(&entered(the_car(), -24 * 3_600_000));
    asked.check("Grant by allowed");
    // Who leaves is not held back, and an ambulance is free.
    asked.book.note(&entered(the_car(), -1_000));
    asked.check("Refer(AntiPassback) by not-inside");
    let free = Group {
        is_free_of_anti_passback: true,
        ..group("staff")
    };
    asked.registry = list(vec![of_group("staff")], vec![free]);
    asked.check("Grant by allowed");
    asked.registry = list(vec![entry(ALLOWED)], Vec::new());
    asked.policy.route = Route {
        from: Some(zone("yard")),
        to: None,
    };
    asked.check("Grant by allowed");
}

#[test]
fn a_full_zone() {
    let mut asked = Asked::new();
    asked.policy.capacity = Capacity {
        vehicles: Some(2),
        people: None,
    };
    asked
        .book
        .note(&entered(Mover::Plate("30F25658".to_owned()), -1_000));
    asked.check("Grant by allowed");
    asked.n_underway = [1, 5];
    asked.check("Refer(OverCapacity) by room-left");
    let inside = Fact::Inside {
        zone: zone("yard"),
        n: 1,
        max: 2,
    };
    assert_eq!(asked.obstacles(), (vec![Rule::RoomLeft], vec![inside]));
    let free = Group {
        is_free_of_capacity: true,
        ..group("staff")
    };
    asked.registry = list(vec![of_group("staff")], vec![free]);
    asked.check("Grant by allowed");
}

#[test]
fn the_other_barrier_of_the_pair() {
    let mut asked = Asked::new();
    asked.is_interlock_free = false;
    asked.check("Refer(Interlocked) by interlock-free");
    asked.sighting = sure(car(1, 0, 0), BARRED);
    asked.registry = list(vec![bar(BARRED)], Vec::new());
    asked.check("Deny(Barred) by barred");
}

#[test]
fn plate_and_face() {
    let mut asked = Asked::new();
    asked.policy.second = Some(Factor::Face);
    let lorry_of = |number| Registration {
        person: Some(PersonId(number)),
        ..entry(ALLOWED)
    };
    asked.registry = list(vec![lorry_of(1), person(2), person(3)], Vec::new());
    asked.check("Refer(SecondFactorMissing) by second-factor");
    let driver = |number, similarity, liveness| {
        Some(walker(2, 0, face(&[(number, similarity)], Some(liveness))))
    };
    asked.face = driver(1, 0.8, 0.9);
    asked.check("Grant by allowed");
    let path = "captured-not-in-future captured-recently registry-fresh plate-read decisive \
                frames-agree score no-rival listed one-entry valid-now second-factor live enrolled \
                nobody-else decisive most-frames-agree factors-agree allowed";
    assert_eq!(asked.decide().rule_path.to_string(), path);
    assert_eq!(asked.decide().assurance, Some(domain::Assurance::Face));
    asked.face = driver(2, 0.8, 0.9);
    asked.check("Refer(FactorsDisagree) by factors-agree");
    asked.face = driver(1, 0.8, 0.1);
    asked.check("Refer(LivenessFailed) by live");
    asked.face = driver(1, 0.2, 0.9);
    asked.check("Refer(SecondFactorMissing) by enrolled");
    // A lorry that is anybody's, and one of two drivers.
    asked.registry = list(vec![entry(ALLOWED), person(2)], Vec::new());
    asked.face = driver(2, 0.8, 0.9);
    asked.check("Grant by allowed");
    asked.registry = list(vec![lorry_of(1), lorry_of(2)], Vec::new());
    asked.check("Grant by allowed");
    // Shown too long ago.
    asked.policy.second_within = Duration::from_secs(1);
    asked.face = asked.face.map(|face| Sighting {
        last_seen_at: at(-1_001),
        ..face
    });
    asked.check("Refer(SecondFactorMissing) by second-factor");
}

fn visitor(pass: u128, plate: Option<&str>) -> Registration {
    let plate = plate.map(|plate| domain::Plate::parse(plate).expect("it is a plate"));
    Registration {
        plate,
        pass: Some(PassId(pass)),
        uses_max: Some(1),
        valid_from: Some(at(-3_600_000)),
        valid_until: Some(at(3_600_000)),
        ..Registration::allow()
    }
}

#[test]
fn plate_and_pass() {
    let mut asked = Asked::new();
    asked.policy.second = Some(Factor::Pass);
    asked.registry = list(
        vec![visitor(4, Some(ALLOWED)), visitor(5, None)],
        Vec::new(),
    );
    asked.check("Refer(SecondFactorMissing) by second-factor");
    asked.documents = vec![shown(-2_000, 4, true)];
    asked.check("Grant by allowed");
    assert_eq!(asked.decide().terms.pass, Some(PassId(4)));
    asked.documents = vec![shown(-2_000, 4, false)];
    asked.check("Refer(PassInvalid) by pass-genuine");
    asked.documents = vec![shown(-2_000, 5, true)];
    asked.check("Refer(FactorsDisagree) by factors-agree");
    asked.documents = vec![shown(-61_000, 4, true)];
    asked.check("Refer(SecondFactorMissing) by second-factor");
    // Used up, by an entry at another gate.
    asked.documents = vec![shown(-2_000, 4, true)];
    let mut used = entered(the_car(), -600_000);
    used.pass = Some(PassId(4));
    asked.book.note(&used);
    asked.check("Refer(PassUsed) by pass-unused");
    let (_, facts) = asked.obstacles();
    assert_eq!(facts, [Fact::Uses { n: 1, max: 1 }]);
    // Who came in is let out.
    asked.policy.route = Route {
        from: Some(zone("yard")),
        to: None,
    };
    asked.check("Grant by allowed");
    // A lorry on the list needs no pass of its own, but one that is valid.
    asked.registry = list(vec![entry(ALLOWED), visitor(5, None)], Vec::new());
    asked.documents = vec![shown(-2_000, 5, true)];
    asked.check("Grant by allowed");
    let over = Registration {
        valid_until: Some(at(0)),
        ..visitor(5, None)
    };
    asked.registry = list(vec![entry(ALLOWED), over], Vec::new());
    asked.check("Refer(FactorsDisagree) by factors-agree");
}

#[test]
fn a_pass_alone() {
    let mut asked = Asked::new();
    asked.policy.factor = Factor::Pass;
    asked.sighting = car(1, 0, 0);
    asked.registry = list(vec![visitor(5, None)], Vec::new());
    asked.check("Refer(FactorMissing) by pass-shown");
    asked.documents = vec![shown(-2_000, 6, true)];
    asked.check("Refer(PassInvalid) by listed");
    asked.documents = vec![shown(-2_000, 5, false)];
    asked.check("Refer(PassInvalid) by pass-genuine");
    asked.documents = vec![shown(-2_000, 5, true)];
    asked.check("Grant by allowed");
    // Called back.
    let called_back = Registration {
        access: Access::Bar,
        ..visitor(5, None)
    };
    asked.registry = list(vec![called_back], Vec::new());
    asked.check("Deny(Barred) by barred");
}

#[test]
fn a_lane_for_anyone_and_modes() {
    let mut asked = Asked::new();
    asked.policy.factor = Factor::Anyone;
    asked.sighting = car(1, 0, 0);
    asked.registry = list(Vec::new(), Vec::new());
    asked.check("Grant by open-lane");
    // Where people are only counted, a full zone stops nobody.
    asked.policy.capacity = Capacity {
        vehicles: Some(0),
        people: Some(0),
    };
    asked.n_underway = [9, 9];
    asked.check("Grant by open-lane");
    asked.mode = SiteMode::Lockdown;
    asked.check("Deny(Lockdown) by not-locked-down");
    asked.mode = SiteMode::Evacuation;
    asked.check("Deny(Evacuation) by not-evacuated");
    asked.policy.route = Route {
        from: Some(zone("yard")),
        to: None,
    };
    asked.check("Grant by evacuation-exit");
    asked.mode = SiteMode::Lockdown;
    asked.check("Refer(Lockdown) by not-locked-down");
}

#[test]
fn duress_is_let_in_and_told() {
    let mut asked = Asked::new();
    let threatened = Registration {
        is_duress: true,
        ..entry(ALLOWED)
    };
    asked.registry = list(vec![threatened], Vec::new());
    asked.check("Grant by allowed");
    assert!(asked.decide().terms.is_duress);
    let mut scene = Scene::of(
        policy::Lane::for_factor(gate(), Factor::Plate),
        asked.policy,
        asked.registry,
    );
    let said = scene.sees(0, sure(car(1, 0, 0), ALLOWED));
    assert_eq!(said, "Arrived Grant Open! Commanded (Duress)");
    assert!(domain::AlarmKind::Duress.is_silent());
}

#[test]
fn every_obstacle_is_named_and_each_is_one_that_the_policy_asks() {
    let mut asked = Asked::new();
    let expired = Registration {
        valid_until: Some(at(-5)),
        ..entry(ALLOWED)
    };
    asked.registry = list(vec![expired], Vec::new());
    asked.policy.anti_passback = AntiPassback::Hard;
    asked.book.note(&entered(the_car(), -1_000));
    asked.is_interlock_free = false;
    asked.sighting.is_plate_decisive = false;
    let (rules, _) = asked.obstacles();
    let all = [
        Rule::Decisive,
        Rule::ValidNow,
        Rule::NotInside,
        Rule::InterlockFree,
    ];
    assert_eq!(rules, all);
    let explained = explain(&asked.question(&gate()));
    assert_eq!(explained.rule_path.settled_by(), Some(Rule::Decisive));
    assert!(matches!(explained.outcome, Outcome::Refer(_)));
}
