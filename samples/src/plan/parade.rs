//! The gate with plates of every ground colour, as many of each.

use super::{Plan, Role, gate};
use crate::{
    plates::{PlateMint, PlateShape},
    seeded::Seeded,
    spec::{FPS, Light, SceneKind, SceneSpec},
    truth::{Expected, PlateTint, VehicleClass, Why},
};

/// What carries the plates of one colour; only cars and lorries carry yellow ones.
const CARRIERS: [(VehicleClass, PlateShape); 8] = [
    (VehicleClass::Car, PlateShape::CarLong),
    (VehicleClass::Car, PlateShape::CarLong),
    (VehicleClass::Car, PlateShape::CarLong),
    (VehicleClass::Car, PlateShape::CarShort),
    (VehicleClass::Car, PlateShape::CarShort),
    (VehicleClass::Lorry, PlateShape::CarShort),
    (VehicleClass::Motorbike, PlateShape::Motorbike),
    (VehicleClass::Motorbike, PlateShape::Motorbike),
];
const COLOURS: [PlateTint; 4] = [
    PlateTint::White,
    PlateTint::Yellow,
    PlateTint::Blue,
    PlateTint::Red,
];

pub(crate) fn plan(seed: u64, light: Light) -> Plan {
    let mut r = Seeded::new(seed, 41);
    let mut mint = PlateMint::default();
    let mut carriers = Vec::new();
    for colour in COLOURS {
        for (class, shape) in CARRIERS {
            carriers.push(match (colour, class) {
                (PlateTint::Yellow, VehicleClass::Motorbike) => {
                    (VehicleClass::Car, PlateShape::CarShort, colour)
                }
                _ => (class, shape, colour),
            });
        }
    }
    r.shuffle(&mut carriers);
    let (mut actors, mut openings, mut free_s) = (Vec::new(), Vec::new(), 0.6);
    for (class, shape, colour) in carriers {
        let role = Role {
            class,
            plate: mint.mint(shape, colour, &mut r),
            expected: Expected::Grant,
            why: Why::Registered,
        };
        let (actor, opening, left_s) = gate::drive(role, free_s + 0.2, &mut r);
        openings.extend(opening);
        free_s = left_s;
        actors.push(actor);
    }
    let spec = SceneSpec::new(SceneKind::Gate, seed)
        .lasting(free_s.ceil())
        .lit(light);
    Plan {
        camera: gate::camera(),
        actors,
        openings,
        ..Plan::empty(&spec, (spec.duration_s * f64::from(FPS)) as u32)
    }
}
