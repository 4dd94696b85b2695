//! The junction: two lanes, a stop line, a signal; most obey it.

use super::{Actor, Plan, Role, frame_at};
use crate::{
    motion::{Path, Profile},
    plates::{PlateMint, usual_shape},
    seeded::Seeded,
    space::Camera,
    spec::{FPS, SceneSpec},
    truth::{Expected, Phase, PhaseTruth, PlateTint, VehicleClass, Why},
};

/// The middles of the lanes.
pub(crate) const LANES_X: [f32; 2] = [-1.4, 1.4];
/// The near edge of the stop line.
pub(crate) const LINE_Y: f32 = 11.6;
/// Where the signal's post stands.
pub(crate) const SIGNAL_AT: [f32; 2] = [3.22, 12.4];
/// Heights of the lamps' middles: red, amber, green.
pub(crate) const LAMP_Z: [f32; 3] = [1.78, 1.50, 1.22];
/// A lamp's radius.
pub(crate) const LAMP_R: f32 = 0.115;

const GREEN_S: f64 = 8.0;
const AMBER_S: f64 = 3.0;
const RED_S: f64 = 13.0;
const CYCLE_S: f64 = GREEN_S + AMBER_S + RED_S;

pub(crate) fn camera() -> Camera {
    Camera::new([0.12, 0.0, 3.1], 0.0, 13.9, 2400.0)
}

/// What a vehicle does at the line.
#[derive(Clone, Copy, Debug)]
enum Conduct {
    /// Drives through; its front crosses at this moment.
    Crosses(f64),
    /// Comes to a stand at the line, arriving about `stands_s`, and goes on when it is green at
    /// `green_s`.
    Stops {
        stands_s: f64,
        green_s: f64,
        short_m: f64,
    },
}

struct Turn {
    lane: usize,
    conduct: Conduct,
    expected: Expected,
    why: Why,
    is_bike: bool,
}

/// The plan of a junction.
pub(crate) fn plan(spec: &SceneSpec) -> Plan {
    let mut r = Seeded::new(spec.seed, 2);
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let first_green_s = f64::from(r.between(-1.2, -0.4));
    let mut turns = Vec::new();
    let mut signal = Vec::new();
    let mut green_s = first_green_s;
    while green_s < spec.duration_s {
        for (at, phase) in [
            (green_s, Phase::Green),
            (green_s + GREEN_S, Phase::Amber),
            (green_s + GREEN_S + AMBER_S, Phase::Red),
        ] {
            signal.push(PhaseTruth {
                frame: frame_at(at),
                phase,
            });
        }
        cycle(green_s, green_s == first_green_s, &mut turns, &mut r);
        green_s += CYCLE_S;
    }
    signal.retain(|p| p.frame < n_frames);
    let mut mint = PlateMint::default();
    let mut actors: Vec<Actor> = turns
        .into_iter()
        .filter_map(|turn| drive(&turn, spec.duration_s, &mut mint, &mut r))
        .collect();
    actors.sort_by(|a, b| {
        a.profile
            .at(0.0)
            .at_m
            .total_cmp(&b.profile.at(0.0).at_m)
            .reverse()
    });
    Plan {
        camera: camera(),
        actors,
        signal,
        ..Plan::empty(spec, n_frames)
    }
}

/// One round of the signal: some pass on green, one on amber, some stop on red, some do not.
fn cycle(green_s: f64, is_first: bool, turns: &mut Vec<Turn>, r: &mut Seeded) {
    let red_s = green_s + GREEN_S + AMBER_S;
    let next_green_s = red_s + RED_S;
    let mut between = |low: f64, high: f64| low + (high - low) * f64::from(r.unit());
    let lawful = |lane, at, why| Turn {
        lane,
        conduct: Conduct::Crosses(at),
        expected: Expected::Nothing,
        why,
        is_bike: false,
    };
    // Those that waited are gone about 4 s into green.
    if is_first {
        turns.push(lawful(1, green_s + between(3.4, 3.8), Why::CrossedOnGreen));
    }
    turns.push(lawful(0, green_s + between(5.4, 6.2), Why::CrossedOnGreen));
    // The hard lawful one: both its ends cross on amber.
    turns.push(lawful(
        1,
        green_s + GREEN_S + between(0.5, 0.9),
        Why::CrossedOnAmber,
    ));
    let stopper = between(0.0, 2.0) as usize;
    let breaker = 1 - stopper;
    let violation = |at, is_bike| Turn {
        lane: breaker,
        conduct: Conduct::Crosses(at),
        expected: Expected::RedLight,
        why: Why::CrossedOnRed,
        is_bike,
    };
    turns.push(violation(red_s + between(1.2, 2.4), false));
    turns.push(violation(red_s + between(6.0, 7.2), true));
    for (lane, stands_s, short_m) in [
        // The other hard one: its front stands a hand's breadth before the line.
        (stopper, red_s + between(2.5, 4.0), 0.12),
        (breaker, next_green_s - between(1.5, 2.2), between(0.3, 0.9)),
    ] {
        turns.push(Turn {
            lane,
            conduct: Conduct::Stops {
                stands_s,
                green_s: next_green_s,
                short_m,
            },
            expected: Expected::Nothing,
            why: Why::CrossedOnGreen,
            is_bike: false,
        });
    }
}

fn drive(turn: &Turn, duration_s: f64, mint: &mut PlateMint, r: &mut Seeded) -> Option<Actor> {
    use VehicleClass::{Bus, Car, Lorry, Motorbike};
    let can_be_long = matches!(turn.conduct, Conduct::Stops { .. });
    let class = if turn.is_bike {
        Motorbike
    } else if can_be_long {
        *r.pick(&[Car, Car, Car, Motorbike, Lorry, Bus])
    } else {
        *r.pick(&[Car, Car, Car, Motorbike, Lorry])
    };
    let shape = usual_shape(class, r);
    let is_for_hire = matches!(class, Lorry | Bus) || (class == Car && r.unit() < 0.2);
    let colour = if is_for_hire {
        PlateTint::Yellow
    } else {
        PlateTint::White
    };
    let role = Role {
        class,
        plate: mint.mint(shape, colour, r),
        expected: turn.expected,
        why: turn.why,
    };
    let body = role.body(r);
    let length = f64::from(body.length_m);
    let line = f64::from(LINE_Y);
    let (profile, why) = motion(turn, &role, [length, duration_s], r);
    let is_through = line + 2.0 < profile.at(duration_s - 0.5).at_m;
    let stands_in_time = match turn.conduct {
        Conduct::Stops { stands_s, .. } => stands_s + 1.0 < duration_s,
        Conduct::Crosses(_) => false,
    };
    let is_seen_standing = stands_in_time && profile.at(duration_s).at_m + length < line;
    // Nobody is cut off in the middle of crossing, nor has crossed before the scene begins.
    let has_begun = profile.at(0.0).at_m + length < 3.0;
    if !has_begun || !(is_through || is_seen_standing) {
        return None;
    }
    let path = Path {
        x: LANES_X[turn.lane] + r.between(-0.15, 0.15),
        left_turn: None,
    };
    Some(Actor {
        class,
        plate: role.plate,
        body,
        path,
        profile,
        lane: turn.lane as u32,
        expected: turn.expected,
        why,
    })
}

/// How it moves, and why nothing or something comes of it. `[length, duration]`, metres and
/// seconds.
fn motion(
    turn: &Turn,
    role: &Role,
    [length, duration_s]: [f64; 2],
    r: &mut Seeded,
) -> (Profile, Why) {
    let line = f64::from(LINE_Y);
    let speed = f64::from(match role.class {
        VehicleClass::Motorbike => r.between(3.7, 4.4),
        _ => r.between(6.6, 8.0),
    });
    let run_up_m = 40.0;
    match turn.conduct {
        Conduct::Crosses(at) => {
            let start_s = at - run_up_m / speed;
            (
                Profile::new(start_s, line - length - run_up_m, speed),
                turn.why,
            )
        }
        Conduct::Stops {
            stands_s,
            green_s,
            short_m,
        } => {
            let decel = f64::from(r.between(2.0, 2.6));
            let cruise_m = run_up_m - short_m - speed * speed / (2.0 * decel);
            let start_s = stands_s - speed / decel - cruise_m / speed;
            let stopping = Profile::new(start_s, line - length - run_up_m, speed)
                .stopping_at(line - length - short_m, decel);
            let wait_s = green_s + f64::from(r.between(0.7, 1.1)) - stopping.end_s();
            let going = stopping
                .waiting(wait_s)
                .reaching(speed, f64::from(r.between(2.2, 2.8)));
            let is_crossing = going.at(duration_s).at_m >= line;
            (
                going,
                if is_crossing {
                    turn.why
                } else {
                    Why::DidNotCross
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{observe::crossing, plan::seconds, spec::SceneKind};

    fn actors() -> impl Iterator<Item = (u64, Plan)> {
        (0..60).map(|seed| (seed, plan(&SceneSpec::new(SceneKind::Junction, seed))))
    }

    #[test]
    fn violators_cross_on_red_and_nobody_else_does() {
        for (seed, plan) in actors() {
            let n_violations = plan
                .actors
                .iter()
                .filter(|a| a.expected == Expected::RedLight)
                .count();
            assert!(
                (3..=4).contains(&n_violations),
                "seed {seed}: {n_violations}"
            );
            assert!(
                (10..=16).contains(&plan.actors.len()),
                "seed {seed}: {}",
                plan.actors.len()
            );
            for actor in &plan.actors {
                let Some(crossing) = crossing(&plan, actor) else {
                    assert_eq!(
                        (actor.expected, actor.why),
                        (Expected::Nothing, Why::DidNotCross)
                    );
                    continue;
                };
                let is_red = crossing.phase == Phase::Red;
                assert_eq!(is_red, actor.expected == Expected::RedLight, "seed {seed}");
                assert!(!is_red || 1.0 <= crossing.into_phase_s, "seed {seed}");
                assert_eq!(
                    plan.phase_at(crossing.rear_frame),
                    Some(crossing.phase),
                    "seed {seed}"
                );
                for frame in [crossing.front_frame, crossing.rear_frame] {
                    let away = plan
                        .signal
                        .iter()
                        .filter(|p| 0 < p.frame)
                        .map(|p| p.frame.abs_diff(frame));
                    assert!(
                        away.min().is_none_or(|n| 10 <= n),
                        "seed {seed}: 0.4 s is 10 frames"
                    );
                }
            }
        }
    }

    #[test]
    fn nobody_drives_through_another() {
        for (seed, plan) in actors() {
            for frame in (0..plan.n_frames).step_by(5) {
                let t = seconds(frame);
                for lane in 0..2 {
                    let mut spans: Vec<(f64, f64)> = plan
                        .actors
                        .iter()
                        .filter(|a| a.lane == lane)
                        .map(|a| (a.profile.at(t).at_m, f64::from(a.body.length_m)))
                        .filter(|(rear, _)| -5.0 < *rear && *rear < 30.0)
                        .collect();
                    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
                    for pair in spans.windows(2) {
                        assert!(
                            pair[0].0 + pair[0].1 + 0.5 < pair[1].0,
                            "seed {seed} frame {frame}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_crosses_on_amber_and_one_stops_a_hand_before_the_line() {
        for (seed, plan) in actors() {
            assert!(
                plan.actors.iter().any(|a| a.why == Why::CrossedOnAmber),
                "seed {seed}"
            );
            let is_near = plan.actors.iter().any(|a| {
                (0..plan.n_frames).any(|f| {
                    let now = a.profile.at(seconds(f));
                    let short = f64::from(LINE_Y) - now.at_m - f64::from(a.body.length_m);
                    now.speed_mps == 0.0 && (0.0..0.2).contains(&short)
                })
            });
            assert!(is_near, "seed {seed}");
        }
    }
}
