//! Properties of a lane whose loop is closed: whatever cameras, guards, devices and other gates
//! say, in whatever order.

use crate::scene::*;
use domain::{
    Ack, AckResult, AlarmKind, Barrier, Class, CommandCause, CommandKind, DeviceEvent, DeviceInput,
    DeviceNonce, GateState, Movement, Mover, Order, OrderKind, Outcome, PassageId, PassageState,
    SiteMode, Verdict,
};
use policy::{
    AntiPassback, Capacity, Confirm, Factor, GateInput, GateOutput, IdSource as _, Lane,
    PassageMachine, Policy, Route, SeededIds,
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// One thing that happens, and how long after the one before.
#[derive(Clone, Debug)]
struct Happening {
    after_ms: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Seen {
        car: u128,
        plate: usize,
        is_sure: bool,
        is_last: bool,
    },
    Answer {
        newest: usize,
        result: usize,
    },
    Barrier {
        state: usize,
        nonce: u64,
    },
    Input {
        input: usize,
        is_active: bool,
        seq: u64,
    },
    Order {
        id: u128,
        kind: usize,
        passage: usize,
        age_ms: i64,
    },
    Elsewhere {
        passage: u128,
        plate: usize,
        is_in: bool,
    },
    Pass {
        pass: u128,
        is_genuine: bool,
    },
    Tick,
}

const PLATES: [&str; 5] = [ALLOWED, OTHER, BARRED, UNKNOWN, LOOK_ALIKE];
const STATES: [GateState; 5] = [
    GateState::Closed,
    GateState::Opening,
    GateState::Open,
    GateState::Closing,
    GateState::Fault,
];
const INPUTS: [DeviceInput; 6] = [
    DeviceInput::LoopBefore,
    DeviceInput::LoopUnder,
    DeviceInput::Beam,
    DeviceInput::Fire,
    DeviceInput::Tamper,
    DeviceInput::PowerLost,
];
const RESULTS: [AckResult; 5] = [
    AckResult::Accepted,
    AckResult::Executed,
    AckResult::Rejected,
    AckResult::Expired,
    AckResult::Duplicate,
];

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (0..5_u128, 0..5_usize, any::<bool>(), 0..4_u8).prop_map(|(car, plate, is_sure, end)| {
            What::Seen { car, plate, is_sure, is_last: end == 0 }
        }),
        3 => (0..3_usize, 0..5_usize).prop_map(|(newest, result)| What::Answer { newest, result }),
        3 => (0..5_usize, 0..2_u64).prop_map(|(state, nonce)| What::Barrier { state, nonce }),
        4 => (0..6_usize, any::<bool>(), 0..60_u64)
            .prop_map(|(input, is_active, seq)| What::Input { input, is_active, seq }),
        2 => (0..40_u128, 0..8_usize, 0..4_usize, -100..4_000_i64)
            .prop_map(|(id, kind, passage, age_ms)| What::Order { id, kind, passage, age_ms }),
        1 => (0..6_u128, 0..5_usize, any::<bool>())
            .prop_map(|(passage, plate, is_in)| What::Elsewhere { passage, plate, is_in }),
        1 => (0..3_u128, any::<bool>())
            .prop_map(|(pass, is_genuine)| What::Pass { pass, is_genuine }),
        2 => Just(What::Tick),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = (0..3_000_i64, what()).prop_map(|(after_ms, what)| Happening { after_ms, what });
    proptest::collection::vec(one, 1..28)
}

fn machine() -> PassageMachine {
    let lane = Lane {
        confirm: Confirm::Loop,
        opens_on_fire: true,
        guard_within: Some(Duration::from_secs(20)),
        ..Lane::for_factor(gate(), Factor::Plate)
    };
    let policy = Policy {
        route: Route {
            from: None,
            to: Some(zone("yard")),
        },
        anti_passback: AntiPassback::Hard,
        capacity: Capacity {
            vehicles: Some(3),
            people: None,
        },
        ..Policy::for_factor(12, Factor::Plate)
    };
    PassageMachine::new(lane, policy, Arc::new(registry()))
}

/// One step: the moment, what was told, what was answered.
struct Step {
    now: i64,
    input: GateInput,
    out: Vec<GateOutput>,
}

struct Run {
    machine: PassageMachine,
    ids: SeededIds,
    steps: Vec<Step>,
    n_seen: BTreeMap<u128, u32>,
}

impl Run {
    fn of(happenings: &[Happening], n_times: usize) -> Self {
        let mut run = Self {
            machine: machine(),
            ids: SeededIds::new(7),
            steps: Vec::new(),
            n_seen: BTreeMap::new(),
        };
        let mut now = 0;
        for happening in happenings {
            now += happening.after_ms;
            let input = run.input(&happening.what, now);
            for again in 0..n_times {
                let mut out = Vec::new();
                run.machine.step(at(now), &input, &mut run.ids, &mut out);
                match run.steps.last_mut().filter(|_| again != 0) {
                    Some(step) => step.out.extend(out),
                    None => run.steps.push(Step {
                        now,
                        input: input.clone(),
                        out,
                    }),
                }
            }
        }
        run
    }

    fn outputs(&self) -> impl Iterator<Item = &GateOutput> {
        self.steps.iter().flat_map(|step| &step.out)
    }

    /// Nothing more is said, and time goes on.
    fn finish(&mut self) {
        let mut now = self.steps.last().map_or(0, |step| step.now);
        for _ in 0..200 {
            now += 1_000;
            let mut out = Vec::new();
            self.machine
                .step(at(now), &GateInput::Tick, &mut self.ids, &mut out);
            self.steps.push(Step {
                now,
                input: GateInput::Tick,
                out,
            });
        }
    }

    fn input(&mut self, what: &What, now: i64) -> GateInput {
        match what {
            What::Seen {
                car: id,
                plate,
                is_sure,
                is_last,
            } => {
                let revision = self.n_seen.entry(*id).or_default();
                *revision += 1;
                let seen = car(*id, *revision, now);
                let seen = if *is_sure {
                    sure(seen, PLATES[*plate])
                } else {
                    read(seen, PLATES[*plate])
                };
                GateInput::Sighting(if *is_last { last(seen) } else { seen })
            }
            What::Answer { newest, result } => {
                let commands = self.outputs().filter_map(|output| match output {
                    GateOutput::Command(command) => Some(command.id),
                    _ => None,
                });
                let all: Vec<_> = commands.collect();
                let command = all.iter().rev().nth(*newest).copied();
                GateInput::Ack(Ack {
                    command: command.unwrap_or(domain::CommandId(1)),
                    gate: gate(),
                    result: RESULTS[*result],
                    at: at(now),
                })
            }
            What::Barrier { state, nonce } => GateInput::Barrier(Barrier {
                gate: gate(),
                state: STATES[*state],
                since: at(now),
                nonce: Some(DeviceNonce(*nonce)),
            }),
            What::Input {
                input,
                is_active,
                seq,
            } => GateInput::Device(DeviceEvent {
                gate: gate(),
                input: INPUTS[*input],
                is_active: *is_active,
                seq: *seq,
                at: at(now),
            }),
            What::Order {
                id,
                kind,
                passage,
                age_ms,
            } => {
                let kind = self.order_kind(*kind, *passage);
                GateInput::Order(order(*id, now - age_ms, kind))
            }
            What::Elsewhere {
                passage,
                plate,
                is_in,
            } => GateInput::Movement(elsewhere(*passage, PLATES[*plate], *is_in, now)),
            What::Pass { pass, is_genuine } => GateInput::Document(shown(now, *pass, *is_genuine)),
            What::Tick => GateInput::Tick,
        }
    }

    fn order_kind(&self, kind: usize, passage: usize) -> OrderKind {
        let passages: BTreeSet<PassageId> = self.machine.passages().map(|p| p.id).collect();
        let passage = passages.iter().nth(passage).copied();
        let passage = passage.unwrap_or(PassageId(1));
        let kinds = [
            OrderKind::Admit(passage),
            OrderKind::Refuse(passage),
            OrderKind::Open,
            OrderKind::HoldOpen,
            OrderKind::Release,
            OrderKind::Mode(SiteMode::Lockdown),
            OrderKind::Mode(SiteMode::Evacuation),
            OrderKind::Mode(SiteMode::Normal),
        ];
        kinds[kind].clone()
    }
}

fn elsewhere(passage: u128, plate: &str, is_in: bool, now: i64) -> Movement {
    let yard = || Some(zone("yard"));
    Movement {
        passage: PassageId(passage + 1_000),
        gate: "gate-2".parse().expect("it is a slug"),
        from: if is_in { None } else { yard() },
        to: if is_in { yard() } else { None },
        class: Class::Car,
        mover: Some(Mover::Plate(plate.replace(['-', '.', '/'], ""))),
        pass: None,
        at: at(now),
    }
}

/// What lets a command be given: the verdict before it, the order that was just given, or fire.
fn has_cause(step: &Step, place: usize, known: &[Order]) -> bool {
    let GateOutput::Command(command) = &step.out[place] else {
        return true;
    };
    match command.cause {
        CommandCause::Verdict { verdict, passage } => {
            let before = step.out[..place]
                .iter()
                .rev()
                .find_map(|output| match output {
                    GateOutput::Verdict(verdict) => Some(verdict),
                    _ => None,
                });
            let is_grant =
                |v: &Verdict| (v.id, v.passage, v.outcome) == (verdict, passage, Outcome::Grant);
            command.kind == CommandKind::Open && before.is_some_and(is_grant)
        }
        CommandCause::Order(id) => known.iter().any(|order| {
            order.id == id
                && match order.kind {
                    OrderKind::Open => command.kind == CommandKind::Open,
                    OrderKind::HoldOpen => command.kind == CommandKind::HoldOpen,
                    OrderKind::Release => command.kind == CommandKind::Release,
                    OrderKind::Mode(_) => command.kind != CommandKind::Open,
                    _ => false,
                }
        }),
        CommandCause::Fire => command.kind == CommandKind::HoldOpen,
    }
}

/// Five properties: a hundred thousand cases in the build that ships, and as many as do not hold
/// anybody up in the other one.
const N_CASES: u32 = if cfg!(debug_assertions) {
    1_000
} else {
    20_000
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(N_CASES))]

    #[test]
    fn every_command_has_its_cause_and_expires(happenings in happenings()) {
        let mut known = Vec::new();
        for step in Run::of(&happenings, 1).steps {
            if let GateInput::Order(order) = &step.input {
                known.push(order.clone());
            }
            for (place, output) in step.out.iter().enumerate() {
                prop_assert!(has_cause(&step, place, &known), "{:?}", step.out);
                if let GateOutput::Command(command) = output {
                    prop_assert_eq!(command.issued_at, at(step.now));
                    prop_assert!(command.expires_at <= at(step.now + 5_000));
                }
            }
        }
    }

    #[test]
    fn the_policy_lets_nobody_in_twice_or_in_a_lockdown_or_into_a_full_zone(
        happenings in happenings()
    ) {
        let run = Run::of(&happenings, 1);
        let mut granted = BTreeSet::new();
        let mut replay = machine();
        let mut ids = SeededIds::new(7);
        for step in &run.steps {
            let inside = replay.inside(&zone("yard")).vehicles;
            let mut out = Vec::new();
            replay.step(at(step.now), &step.input, &mut ids, &mut out);
            prop_assert_eq!(&out, &step.out);
            // The step itself may be somebody's exit elsewhere.
            let inside = inside.min(replay.inside(&zone("yard")).vehicles);
            for output in &out {
                let GateOutput::Verdict(verdict) = output else { continue };
                if verdict.outcome != Outcome::Grant || verdict.by.is_some() {
                    continue;
                }
                prop_assert!(granted.insert(verdict.passage));
                prop_assert_eq!(replay.mode(), SiteMode::Normal);
                let has_moved = out.iter().any(|o| matches!(o, GateOutput::Movement(_)));
                prop_assert!(inside < 3 || has_moved);
                prop_assert!(step.now <= 2_000 + i64::try_from(
                    verdict.captured_at.since(at(0)).as_millis()).unwrap());
            }
        }
    }

    #[test]
    fn every_passage_ends_once_and_every_crossing_is_one_movement(happenings in happenings()) {
        let mut run = Run::of(&happenings, 1);
        run.finish();
        prop_assert_eq!(run.machine.passages().count(), 0);
        let (mut begun, mut ended) = (BTreeSet::new(), BTreeMap::new());
        let (mut moved, mut n_taken) = (BTreeSet::new(), 0);
        for output in run.outputs() {
            match output {
                GateOutput::PassageChanged(passage) => {
                    begun.insert(passage.id);
                    prop_assert!(!ended.contains_key(&passage.id), "{:?} after its end", passage);
                    if passage.state.is_over() {
                        ended.insert(passage.id, passage.state);
                        n_taken += usize::from(passage.state == PassageState::Taken);
                    }
                }
                GateOutput::Movement(movement) => {
                    prop_assert!(moved.insert(movement.passage));
                }
                _ => (),
            }
        }
        prop_assert_eq!(begun.len(), ended.len());
        let taken = ended.iter().filter(|(_, state)| **state == PassageState::Taken);
        prop_assert!(taken.clone().all(|(id, _)| moved.contains(id)));
        prop_assert_eq!(taken.count(), n_taken);
        // Whoever went through otherwise was an intruder, a guard's guest, or passed an open door.
        let n_alarms = run.outputs().filter(|output| matches!(output, GateOutput::Alarm(alarm)
            if matches!(alarm.kind, AlarmKind::Tailgating | AlarmKind::Forced))).count();
        let n_ordered = run.outputs().filter(|o| matches!(o, GateOutput::Command(c)
            if !matches!(c.cause, CommandCause::Verdict { .. }))).count();
        if n_ordered == 0 {
            prop_assert!(moved.len() - n_taken <= n_alarms);
        }
    }

    #[test]
    fn what_is_told_again_changes_nothing(happenings in happenings()) {
        let (once, thrice) = (Run::of(&happenings, 1), Run::of(&happenings, 3));
        let all = |run: &Run| run.outputs().cloned().collect::<Vec<_>>();
        prop_assert_eq!(all(&once), all(&thrice));
    }

    #[test]
    fn alarms_begin_and_end_in_turn(happenings in happenings()) {
        let mut on = BTreeMap::new();
        for output in Run::of(&happenings, 1).outputs() {
            let GateOutput::Alarm(alarm) = output else { continue };
            match alarm.ended_at {
                None => prop_assert_eq!(on.insert(alarm.kind, alarm.id), None),
                Some(end) if end != alarm.began_at || on.get(&alarm.kind) == Some(&alarm.id) => {
                    prop_assert_eq!(on.remove(&alarm.kind), Some(alarm.id));
                }
                Some(_) => (),
            }
        }
    }
}

#[test]
fn ids_are_not_used_up_by_nothing() {
    let (mut ids, mut out) = (SeededIds::new(7), Vec::new());
    machine().step(at(0), &GateInput::Tick, &mut ids, &mut out);
    assert_eq!(ids.next_id(at(0)), SeededIds::new(7).next_id(at(0)));
}
