//! The gate: one vehicle after the other drives up, stops, and passes or backs out.

use super::{Actor, Plan, Role, seconds};
use crate::{
    motion::{Path, Profile},
    plates::{PlateMint, PlateShape, usual_shape},
    seeded::Seeded,
    space::Camera,
    spec::{FPS, SceneSpec},
    truth::{Access, Expected, PlateTint, PlateTruth, VehicleClass, Why},
};

/// The middle of the lane.
pub(crate) const LANE_X: f32 = 1.5;
/// Half the lane's width.
pub(crate) const LANE_HALF: f32 = 1.5;
/// Where the barrier's arm hangs.
pub(crate) const BARRIER_Y: f32 = 13.0;
/// A vehicle's front is out of the picture before this.
const ENTRY_Y: f64 = 3.9;
/// Behind the barrier the road bends to the left.
pub(crate) const TURN: (f32, f32) = (16.0, 5.5);

pub(crate) fn camera() -> Camera {
    Camera::new([0.55, 0.0, 2.6], 7.0, 12.3, 2100.0)
}

/// Who comes, first the ones that every scene has; a longer scene goes on with the rest.
struct Cast {
    roles: Vec<Role>,
    registrations: Vec<(PlateTruth, Access)>,
}

pub(crate) fn plan(spec: &SceneSpec) -> Plan {
    let mut r = Seeded::new(spec.seed, 1);
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let Cast {
        roles,
        registrations,
    } = cast(&mut r, spec.duration_s);
    let (mut actors, mut openings) = (Vec::new(), Vec::new());
    // When the next front may come into the picture.
    let mut free_s = 0.6;
    for role in roles {
        let enter_s = free_s + f64::from(r.between(0.0, 0.4));
        let (actor, opening, left_s) = drive(role, enter_s, &mut r);
        // A vehicle that could not be seen to the end is not begun.
        if seconds(n_frames) < left_s {
            break;
        }
        openings.extend(opening);
        free_s = left_s;
        actors.push(actor);
    }
    Plan {
        camera: camera(),
        actors,
        registrations,
        openings,
        ..Plan::empty(spec, n_frames)
    }
}

fn cast(r: &mut Seeded, duration_s: f64) -> Cast {
    use VehicleClass::{Car, Lorry, Motorbike};
    let mut mint = PlateMint::default();
    let (white, yellow) = (PlateTint::White, PlateTint::Yellow);
    let long = mint.mint(PlateShape::CarLong, white, r);
    let short = mint.mint(PlateShape::CarShort, white, r);
    let lorry = mint.mint(PlateShape::CarShort, yellow, r);
    let bike = mint.mint(PlateShape::Motorbike, white, r);
    let unknown_class = *r.pick(&[Car, Motorbike]);
    let unknown_shape = usual_shape(unknown_class, r);
    let unknown = mint.mint(unknown_shape, white, r);
    let barred_class = *r.pick(&[Car, Car, Motorbike]);
    let barred_shape = usual_shape(barred_class, r);
    let barred = mint.mint(barred_shape, white, r);
    let is_twin_of_car = r.unit() < 0.7;
    let (twin_class, twin) = if is_twin_of_car {
        (Car, if r.unit() < 0.5 { &long } else { &short })
    } else {
        (Motorbike, &bike)
    };
    let look_alike = mint.look_alike(twin, r);
    let mut registrations: Vec<(PlateTruth, Access)> = [&long, &short, &lorry, &bike]
        .map(|p| (p.clone(), Access::Allow))
        .to_vec();
    registrations.push((barred.clone(), Access::Bar));
    let role = |class, plate, expected, why| Role {
        class,
        plate,
        expected,
        why,
    };
    let granted = |class, plate| role(class, plate, Expected::Grant, Why::Registered);
    let mut roles = vec![
        granted(Car, long.clone()),
        granted(Car, short.clone()),
        granted(Lorry, lorry.clone()),
        granted(Motorbike, bike.clone()),
        role(unknown_class, unknown, Expected::Refer, Why::Unknown),
        role(barred_class, barred, Expected::Deny, Why::Barred),
    ];
    if let Some(plate) = look_alike {
        roles.push(role(twin_class, plate, Expected::Refer, Why::LookAlike));
    }
    r.shuffle(&mut roles);
    let n_more = ((duration_s - 50.0) / 6.0).max(0.0) as usize;
    for k in 0..n_more {
        let class = *r.pick(&[Car, Car, Motorbike, Motorbike, Lorry]);
        let shape = usual_shape(class, r);
        let colour = if class == Lorry || r.unit() < 0.15 {
            yellow
        } else {
            white
        };
        let colour = if class == Motorbike { white } else { colour };
        let plate = mint.mint(shape, colour, r);
        if k % 3 == 2 {
            roles.push(role(class, plate, Expected::Refer, Why::Unknown));
        } else {
            registrations.push((plate.clone(), Access::Allow));
            roles.push(granted(class, plate));
        }
    }
    // A list also names vehicles that do not come.
    for _ in 0..4 {
        registrations.push((mint.mint(PlateShape::CarLong, white, r), Access::Allow));
    }
    r.shuffle(&mut registrations);
    Cast {
        roles,
        registrations,
    }
}

/// The vehicle, when the barrier opens for it, and when the lane is free again.
pub(super) fn drive(role: Role, enter_s: f64, r: &mut Seeded) -> (Actor, Option<[f64; 2]>, f64) {
    let body = role.body(r);
    let length = f64::from(body.length_m);
    // A car stops with its front at the barrier; a motorbike at the card post beside the lane.
    let stop_m = match role.class {
        VehicleClass::Motorbike => f64::from(r.between(6.3, 6.7)),
        _ => f64::from(BARRIER_Y) - f64::from(r.between(0.5, 0.9)) - length,
    };
    let speed = f64::from(r.between(4.4, 5.2));
    let start_m = -length - 1.5;
    let start_s = enter_s - (ENTRY_Y - length - start_m) / speed;
    let drift = r.between(-0.18, 0.18);
    let stopping =
        Profile::new(start_s, start_m, speed).stopping_at(stop_m, f64::from(r.between(2.5, 3.1)));
    let stands_s = stopping.end_s();
    let path = Path {
        x: LANE_X + drift,
        left_turn: Some(TURN),
    };
    let (profile, opening, left_s) = if role.expected == Expected::Grant {
        let opens_s = stands_s + f64::from(r.between(0.7, 1.0));
        let goes_s = opens_s + f64::from(r.between(0.85, 1.0));
        let profile = stopping
            .waiting(goes_s - stands_s)
            .reaching(6.0, f64::from(r.between(2.0, 2.4)));
        let past_s = profile
            .passes(f64::from(BARRIER_Y) + 0.4, goes_s, goes_s + 60.0)
            .unwrap_or(goes_s + 60.0);
        (profile, Some([opens_s, past_s]), past_s + 0.3)
    } else {
        let profile = stopping
            .waiting(f64::from(r.between(2.3, 2.7)))
            .reaching(-3.6, 2.2);
        let out_m = ENTRY_Y - length - 0.3;
        let mut left_s = profile.end_s();
        while out_m < profile.at(left_s).at_m {
            left_s += 0.02;
        }
        (profile, None, left_s)
    };
    let actor = Actor {
        class: role.class,
        plate: role.plate,
        body,
        path,
        profile,
        lane: 0,
        expected: role.expected,
        why: role.why,
    };
    (actor, opening, left_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spec::SceneKind, truth::Expected};
    use domain::plate::single_confusion;

    #[test]
    fn every_scene_has_its_cast() {
        for seed in 0..60 {
            let plan = plan(&SceneSpec::new(SceneKind::Gate, seed));
            let n = |why: Why| plan.actors.iter().filter(|a| a.why == why).count();
            assert!(
                4 <= n(Why::Registered),
                "seed {seed}: {}",
                n(Why::Registered)
            );
            let others = [n(Why::Unknown), n(Why::Barred), n(Why::LookAlike)];
            assert!(others.iter().all(|n| 1 <= *n), "seed {seed}: {others:?}");
            assert!(
                plan.actors
                    .iter()
                    .all(|a| !a.plate.plate().classes().is_empty())
            );
        }
    }

    #[test]
    fn the_look_alike_differs_from_one_registration_in_one_confusable_character() {
        for seed in 0..60 {
            let plan = plan(&SceneSpec::new(SceneKind::Gate, seed));
            for actor in &plan.actors {
                let plate = actor.plate.plate();
                let n_equal = plan
                    .registrations
                    .iter()
                    .filter(|(p, _)| p.plate() == plate)
                    .count();
                let n_close = plan
                    .registrations
                    .iter()
                    .filter(|(p, _)| single_confusion(&p.plate(), &plate))
                    .count();
                let is_look_alike = actor.why == Why::LookAlike;
                let is_listed = matches!(actor.why, Why::Registered | Why::Barred);
                assert_eq!(n_close, usize::from(is_look_alike), "seed {seed}");
                assert_eq!(n_equal, usize::from(is_listed), "seed {seed}");
                assert_eq!(
                    actor.expected == Expected::Grant,
                    actor.why == Why::Registered
                );
            }
        }
    }

    #[test]
    fn one_vehicle_at_a_time_is_before_the_barrier() {
        for seed in 0..30 {
            let plan = plan(&SceneSpec::new(SceneKind::Gate, seed));
            for frame in (0..plan.n_frames).step_by(5) {
                let in_lane = plan.actors.iter().filter(|a| {
                    let rear = a.profile.at(seconds(frame)).at_m;
                    let front = rear + f64::from(a.body.length_m);
                    ENTRY_Y + 0.1 < front && rear < f64::from(BARRIER_Y)
                });
                assert!(in_lane.count() <= 1, "seed {seed} frame {frame}");
            }
        }
    }
}
