//! The gate's lane where everybody is let through: on the way out of a site, or into a car park.

use super::{Actor, Plan, Role, gate, seconds};
use crate::{
    motion::{Path, Profile},
    plates::{PlateMint, usual_shape},
    seeded::Seeded,
    spec::{FPS, SceneSpec},
    truth::{Expected, PlateTint, VehicleClass, Why},
};

/// At least so long after somebody has come in, the same one goes out.
const STAYS_S: f64 = 5.0;

/// The registered vehicles that come in at the gate of this seed leave in the same order, each
/// after it has come in. Who would not be through at the end of the scene stays.
pub(crate) fn exit(spec: &SceneSpec) -> Plan {
    let entry = gate::plan(spec);
    let granted = entry.actors.iter().filter(|a| a.why == Why::Registered);
    let came_in = granted.zip(&entry.openings).map(|(actor, [_, past_s])| {
        let role = Role {
            class: actor.class,
            plate: actor.plate.clone(),
            expected: Expected::Grant,
            why: Why::Registered,
        };
        (role, past_s + STAYS_S)
    });
    let came_in = came_in.collect();
    Plan {
        registrations: entry.registrations,
        ..through(spec, came_in, 7)
    }
}

/// Coaches, cars and motorbikes of which nobody has a list.
pub(crate) fn car_park(spec: &SceneSpec) -> Plan {
    use VehicleClass::{Bus, Car, Motorbike};
    let mut r = Seeded::new(spec.seed, 8);
    let mut mint = PlateMint::default();
    let mut classes = vec![Bus, Bus, Car, Car, Motorbike];
    let n_more = ((spec.duration_s - 40.0) / 7.0).max(0.0) as usize;
    classes.extend((0..n_more).map(|_| *r.pick(&[Bus, Car, Car, Motorbike])));
    r.shuffle(&mut classes);
    let arrivals = classes.into_iter().map(|class| {
        let tint = if class == Bus {
            PlateTint::Yellow
        } else {
            PlateTint::White
        };
        let shape = usual_shape(class, &mut r);
        let role = Role {
            class,
            plate: mint.mint(shape, tint, &mut r),
            expected: Expected::Grant,
            why: Why::Anyone,
        };
        (role, 0.0)
    });
    let arrivals = arrivals.collect();
    through(spec, arrivals, 9)
}

/// A coach is waved through: it rolls on slowly, and the barrier is up before it comes there.
fn roll(role: Role, enter_s: f64, r: &mut Seeded) -> (Actor, Option<[f64; 2]>, f64) {
    let body = role.body(r);
    let length = f64::from(body.length_m);
    let start_m = -length - 1.5;
    let speed = f64::from(r.between(2.6, 3.1));
    let profile = Profile::new(enter_s, start_m, speed);
    let barrier = f64::from(gate::BARRIER_Y);
    let at = |at_m: f64| enter_s + (at_m - start_m) / speed;
    let (opens_s, past_s) = (at(barrier - 5.0 - length), at(barrier + 0.4));
    let actor = Actor {
        class: role.class,
        plate: role.plate,
        body,
        path: Path {
            // The camera's mast stands on the left: a coach keeps clear of it.
            x: gate::LANE_X + r.between(0.28, 0.34),
            left_turn: Some(gate::TURN),
        },
        profile,
        lane: 0,
        expected: role.expected,
        why: role.why,
    };
    (actor, Some([opens_s, past_s]), past_s + 0.3)
}

/// One after the other, none before its moment.
fn through(spec: &SceneSpec, arrivals: Vec<(Role, f64)>, purpose: u64) -> Plan {
    let mut r = Seeded::new(spec.seed, purpose);
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let (mut actors, mut openings, mut free_s) = (Vec::new(), Vec::new(), 0.6);
    for (role, from_s) in arrivals {
        let enter_s = from_s.max(free_s) + f64::from(r.between(0.0, 0.4));
        let (actor, opening, left_s) = match role.class {
            VehicleClass::Bus => roll(role, enter_s, &mut r),
            _ => gate::drive(role, enter_s, &mut r),
        };
        if seconds(n_frames) < left_s {
            break;
        }
        openings.extend(opening);
        free_s = left_s;
        actors.push(actor);
    }
    Plan {
        camera: gate::camera(),
        actors,
        openings,
        ..Plan::empty(spec, n_frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SceneKind;

    #[test]
    fn whoever_leaves_has_come_in_before() {
        for seed in 0..40 {
            let spec = SceneSpec::new(SceneKind::Exit, seed);
            let (entry, exit) = (gate::plan(&spec), exit(&spec));
            assert!(3 <= exit.actors.len(), "seed {seed}: {}", exit.actors.len());
            for (leaving, [opens_s, _]) in exit.actors.iter().zip(&exit.openings) {
                let came = |a: &&super::super::Actor| a.plate == leaving.plate;
                let came = entry.actors.iter().find(came).expect("it came in");
                let in_s = came.profile.passes(f64::from(gate::BARRIER_Y), 0.0, 60.0);
                assert!(
                    in_s.is_some_and(|in_s| in_s + 3.0 < *opens_s),
                    "seed {seed}"
                );
            }
        }
    }

    #[test]
    fn a_car_park_has_coaches_and_lets_everybody_in() {
        for seed in 0..40 {
            let plan = car_park(&SceneSpec::new(SceneKind::CarPark, seed));
            assert!(5 <= plan.actors.len(), "seed {seed}: {}", plan.actors.len());
            assert!(plan.actors.iter().all(|a| a.expected == Expected::Grant));
            assert!(plan.actors.iter().any(|a| a.class == VehicleClass::Bus));
        }
    }
}
