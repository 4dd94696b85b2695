//! What must hold whatever comes, in whatever order and at whatever time.

use crate::scene::*;
use domain::{
    Ack, AckResult, Barrier, CommandId, GateState, Outcome, PassageId, Sighting, SightingPhase,
    Timestamp, ports::Registry as _,
};
use policy::{Factor, GateInput, GateOutput, ListRegistry};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// One thing that happens `after_ms` after the thing before; negative when a clock is set back.
#[derive(Clone, Debug)]
struct Happening {
    after_ms: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Seen {
        id: u128,
        revision: u32,
        phase: u8,
        plate: u8,
        is_decisive: bool,
        age_ms: i64,
    },
    Ack {
        nth: usize,
        result: u8,
    },
    Barrier {
        state: u8,
    },
    List {
        age_ms: i64,
    },
    Tick,
}

fn happening() -> impl Strategy<Value = Happening> {
    let seen = (
        0_u128..5,
        0_u32..6,
        0_u8..8,
        0_u8..6,
        any::<bool>(),
        0_i64..7_000,
    )
        .prop_map(
            |(id, revision, phase, plate, is_decisive, age_ms)| What::Seen {
                id,
                revision,
                phase,
                plate,
                is_decisive,
                age_ms,
            },
        );
    let what = prop_oneof![
        6 => seen,
        2 => (0_usize..4, 0_u8..5).prop_map(|(nth, result)| What::Ack { nth, result }),
        1 => (0_u8..6).prop_map(|state| What::Barrier { state }),
        1 => prop_oneof![Just(0_i64), Just(90_000_000)].prop_map(|age_ms| What::List { age_ms }),
        2 => Just(What::Tick),
    ];
    let after_ms = prop_oneof![8 => 0_i64..900, 2 => 900_i64..20_000, 1 => -5_000_i64..0];
    (after_ms, what).prop_map(|(after_ms, what)| Happening { after_ms, what })
}

fn sighting(what: &What, now: i64) -> Sighting {
    let What::Seen {
        id,
        revision,
        phase,
        plate,
        is_decisive,
        age_ms,
    } = what
    else {
        unreachable!("only what is seen is a sighting");
    };
    let plates = [ALLOWED, OTHER, BARRED, UNKNOWN, LOOK_ALIKE];
    let base = car(*id, *revision, now - age_ms);
    let read = plates.get(usize::from(*plate)).map(|plate| vote(plate));
    Sighting {
        phase: if *phase == 0 {
            SightingPhase::Final
        } else {
            base.phase
        },
        is_plate_decisive: *is_decisive,
        raw_reads: domain::RawReads::default(),
        plate: read,
        ..base
    }
}

fn input(what: &What, now: i64, commands: &[CommandId]) -> GateInput {
    match what {
        What::Seen { .. } => GateInput::Sighting(sighting(what, now)),
        What::Ack { nth, result } => GateInput::Ack(Ack {
            command: commands.get(*nth).copied().unwrap_or(CommandId(0)),
            gate: gate(),
            result: [
                AckResult::Accepted,
                AckResult::Executed,
                AckResult::Rejected,
                AckResult::Expired,
                AckResult::Duplicate,
            ][usize::from(*result)],
            at: at(now),
        }),
        What::Barrier { state } => GateInput::Barrier(Barrier {
            gate: gate(),
            state: [
                GateState::Closed,
                GateState::Opening,
                GateState::Open,
                GateState::Closing,
                GateState::Fault,
                GateState::Unknown,
            ][usize::from(*state)],
            since: at(now),
            nonce: None,
        }),
        What::List { age_ms } => {
            GateInput::RegistryChanged(Arc::new(registry().confirmed(at(now - age_ms))))
        }
        What::Tick => GateInput::Tick,
    }
}

/// What one run was told and answered, step by step.
struct Run {
    steps: Vec<(Timestamp, GateInput, Vec<GateOutput>)>,
}

impl Run {
    /// `n_times` is how often every message is delivered.
    fn of(happenings: &[Happening], n_times: usize) -> Self {
        let mut scene = Scene::new(Factor::Plate);
        let (mut now, mut commands, mut steps) = (0, Vec::new(), Vec::new());
        for happening in happenings {
            now += happening.after_ms;
            let input = input(&happening.what, now, &commands);
            for nth in 0..n_times {
                let mut out = Vec::new();
                scene
                    .machine
                    .step(at(now), &input, &mut scene.ids, &mut out);
                assert!(
                    nth == 0 || out.is_empty(),
                    "a message that comes again changes nothing"
                );
                commands.extend(out.iter().filter_map(|output| match output {
                    GateOutput::Command(command) => Some(command.id),
                    _ => None,
                }));
                if nth == 0 {
                    steps.push((at(now), input.clone(), out));
                }
            }
            assert!(scene.machine.passages().count() <= 64);
        }
        Self { steps }
    }

    fn outputs(&self) -> Vec<&GateOutput> {
        self.steps.iter().flat_map(|(_, _, out)| out).collect()
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    proptest::collection::vec(happening(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_grant_has_one_command_and_every_passage_one_grant(happenings in happenings()) {
        let mut granted: BTreeMap<PassageId, usize> = BTreeMap::new();
        for (now, _, out) in Run::of(&happenings, 1).steps {
            for (place, output) in out.iter().enumerate() {
                match output {
                    GateOutput::Verdict(verdict) if verdict.outcome == Outcome::Grant => {
                        *granted.entry(verdict.passage).or_default() += 1;
                        prop_assert_eq!(granted[&verdict.passage], 1);
                        let next = out.get(place + 1);
                        prop_assert!(matches!(next, Some(GateOutput::Command(_))));
                    }
                    GateOutput::Command(command) => {
                        let before = out[..place].last();
                        let Some(GateOutput::Verdict(verdict)) = before else {
                            return Err(TestCaseError::fail("a command without its verdict"));
                        };
                        prop_assert_eq!(verdict.outcome, Outcome::Grant);
                        let cause = domain::CommandCause::Verdict {
                            verdict: verdict.id,
                            passage: verdict.passage,
                        };
                        prop_assert_eq!(command.cause, cause);
                        prop_assert_eq!(command.issued_at, now);
                        prop_assert!(at(2_000).since(at(0)) <= command.expires_at.since(now));
                        prop_assert!(command.expires_at.since(now) <= at(5_000).since(at(0)));
                        let seen_at = verdict.captured_at;
                        prop_assert!(command.expires_at.since(seen_at) <= policy::OPEN_WITHIN_MAX);
                    }
                    _ => (),
                }
            }
        }
    }

    #[test]
    fn nothing_is_granted_late_or_on_a_stale_list_or_to_anybody_else(happenings in happenings()) {
        let mut list: Arc<ListRegistry> = Arc::new(registry());
        let mut newest: BTreeMap<_, Sighting> = BTreeMap::new();
        for (now, input, out) in Run::of(&happenings, 1).steps {
            match input {
                GateInput::RegistryChanged(registry) => list = registry,
                GateInput::Sighting(s) => {
                    let known = newest.get(&s.id);
                    let is_newer = known.is_none_or(|known| known.revision < s.revision);
                    if is_newer {
                        newest.insert(s.id, s);
                    }
                }
                _ => (),
            }
            for output in &out {
                let GateOutput::Verdict(verdict) = output else { continue };
                let sighting = &newest[&verdict.sighting];
                let plate = sighting.plate.as_ref().and_then(|vote| vote.plate()).map(|p| p.key());
                if verdict.outcome == Outcome::Grant {
                    prop_assert!(now.since(list.as_of()).as_secs() <= 24 * 3600);
                    prop_assert!(now.since(verdict.captured_at).as_millis() <= 2_000);
                    prop_assert!(sighting.is_plate_decisive);
                    prop_assert!(["51G12345", "29B112345"].contains(&plate.unwrap().as_str()));
                } else if matches!(verdict.outcome, Outcome::Deny(_)) {
                    prop_assert_eq!(plate.as_deref(), Some("30F25658"));
                }
            }
        }
    }

    #[test]
    fn one_vehicle_gets_one_command_however_often_its_track_breaks(
        steps in proptest::collection::vec((50_i64..2_500, any::<bool>(), any::<bool>()), 2..40),
    ) {
        // One lorry stands in the lane; its track breaks at any moment, with a farewell or without.
        let mut scene = Scene::new(Factor::Plate);
        let (mut now, mut id, mut revision) = (0, 1, 0);
        for (after_ms, does_break, has_farewell) in steps {
            now += after_ms;
            let fresh = Sighting { first_seen_at: at(now), ..car(id, revision, now) };
            let sighting = sure(fresh, ALLOWED);
            revision += 1;
            scene.sees(now, if does_break && has_farewell { last(sighting) } else { sighting });
            if does_break {
                (id, revision) = (id + 1, 0);
            }
            if has_farewell {
                scene.hears(now + 10, AckResult::Executed);
            }
        }
        prop_assert!(scene.commands() <= 1);
    }

    #[test]
    fn a_denial_is_the_last_word_and_nothing_follows_an_end(happenings in happenings()) {
        let run = Run::of(&happenings, 1);
        let (mut denied, mut left) = (Vec::new(), Vec::new());
        for output in run.outputs() {
            match output {
                GateOutput::PassageChanged(passage) => {
                    prop_assert!(!left.contains(&passage.id));
                    if passage.state.is_over() {
                        left.push(passage.id);
                    }
                }
                GateOutput::Verdict(verdict) => {
                    prop_assert!(!denied.contains(&verdict.passage));
                    prop_assert!(!left.contains(&verdict.passage));
                    if matches!(verdict.outcome, Outcome::Deny(_)) {
                        denied.push(verdict.passage);
                    }
                }
                GateOutput::Command(command) => {
                    let passage = command.cause.passage().expect("every command here has one");
                    prop_assert!(!left.contains(&passage));
                }
                GateOutput::Movement(_) | GateOutput::Alarm(_) => (),
            }
        }
    }

    #[test]
    fn a_message_that_comes_again_changes_nothing(happenings in happenings()) {
        let (once, twice) = (Run::of(&happenings, 1), Run::of(&happenings, 3));
        prop_assert_eq!(once.outputs(), twice.outputs());
    }

    #[test]
    fn equal_inputs_give_equal_outputs(happenings in happenings()) {
        let (first, second) = (Run::of(&happenings, 1), Run::of(&happenings, 1));
        prop_assert_eq!(first.outputs(), second.outputs());
    }

    /// A program that sleeps until the deadline and ticks must make progress.
    #[test]
    fn a_tick_at_the_deadline_moves_the_deadline(happenings in happenings()) {
        let mut scene = Scene::new(Factor::Plate);
        let mut now = 0;
        for happening in &happenings {
            now += happening.after_ms.max(0);
            let input = input(&happening.what, now, &[]);
            scene.step(now, &input);
        }
        let mut n_ticks = 0;
        while let Some(deadline) = scene.machine.next_deadline() {
            let mut out = Vec::new();
            scene.machine.step(deadline.max(at(now)), &GateInput::Tick, &mut scene.ids, &mut out);
            prop_assert!(scene.machine.next_deadline().is_none_or(|next| deadline < next));
            n_ticks += 1;
            prop_assert!(n_ticks < 100);
        }
        prop_assert_eq!(scene.machine.passages().count(), 0);
    }
}
