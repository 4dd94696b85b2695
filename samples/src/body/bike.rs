//! Motorbikes with their rider: a scooter or an underbone, seen mostly from behind.

use super::{Body, LampAt, PlateMount, base_palette, pick_paint};
use crate::{
    mesh::{Mat, Mesh},
    seeded::Seeded,
    shade::{Surface, linear},
    truth::VehicleLight,
};

const LENGTH_M: f32 = 1.9;

pub(super) fn build(r: &mut Seeded) -> Body {
    let is_scooter = r.unit() < 0.5;
    let tall = r.between(0.97, 1.04);
    let mut mesh = Mesh::default();
    machine(&mut mesh, is_scooter);
    rider(&mut mesh, tall, is_scooter);
    let (paint, rgb) = pick_paint(r);
    let mut palette = base_palette(rgb);
    let shirts = [
        [176, 60, 56],
        [70, 100, 160],
        [214, 212, 205],
        [60, 110, 84],
        [220, 170, 60],
        [80, 82, 90],
    ];
    let [red, green, blue] = *r.pick(&shirts);
    palette[Mat::Shirt as usize] = Surface::matt(linear(red, green, blue));
    let trousers = [[40, 44, 58], [58, 74, 110], [96, 86, 70], [24, 24, 26]];
    let [red, green, blue] = *r.pick(&trousers);
    palette[Mat::Trousers as usize] = Surface::matt(linear(red, green, blue));
    let helmets = [
        [196, 40, 40],
        [236, 236, 232],
        [36, 38, 44],
        [40, 84, 150],
        [228, 178, 40],
    ];
    let [red, green, blue] = *r.pick(&helmets);
    palette[Mat::Helmet as usize] = Surface::glossy(linear(red, green, blue), 0.06);
    Body {
        mesh,
        length_m: LENGTH_M,
        width_m: 0.74,
        height_m: 1.62 * tall,
        mount: PlateMount {
            centre: [0.0, -0.025, 0.565],
            lean: 0.24,
        },
        lamps: vec![LampAt {
            position: [0.0, 0.1, 0.79],
            kind: VehicleLight::Tail,
        }],
        palette,
        paint,
    }
}

fn machine(mesh: &mut Mesh, is_scooter: bool) {
    for y in [0.32, LENGTH_M - 0.3] {
        mesh.wheel([0.0, y, 0.29], 0.29, 0.11, 1.0);
    }
    // Tail: mudguard that carries the plate, lamp, body sides, seat, grab rail.
    mesh.limb_flat(
        &[([0.0, 0.06, 0.5], 0.05), ([0.0, 0.13, 0.7], 0.08)],
        0.5,
        Mat::Trim,
    );
    mesh.block([-0.045, 0.01, 0.4], [0.045, 0.04, 0.66], Mat::Trim);
    let wide = if is_scooter { 0.19 } else { 0.15 };
    mesh.limb_flat(
        &[
            ([0.0, 0.14, 0.76], wide * 0.7),
            ([0.0, 0.35, 0.72], wide),
            ([0.0, 0.75, 0.62], wide),
            ([0.0, 0.95, 0.45], wide * 0.8),
        ],
        0.9,
        Mat::Paint,
    );
    mesh.block([-0.12, 0.075, 0.755], [0.12, 0.11, 0.83], Mat::Tail);
    for x in [-0.15, 0.15] {
        mesh.ball([x, 0.1, 0.77], [0.035, 0.03, 0.03], Mat::Indicator);
    }
    mesh.limb_flat(
        &[
            ([0.0, 0.2, 0.86], 0.12),
            ([0.0, 0.5, 0.85], 0.15),
            ([0.0, 0.85, 0.8], 0.13),
        ],
        0.35,
        Mat::Trim,
    );
    mesh.limb(
        &[([-0.13, 0.16, 0.89], 0.015), ([0.13, 0.16, 0.89], 0.015)],
        Mat::Chrome,
    );
    front(mesh, is_scooter);
}

/// Exhaust on the right, swing arm, engine, front shield, handlebar, mirrors.
fn front(mesh: &mut Mesh, is_scooter: bool) {
    mesh.limb(
        &[([0.17, 0.2, 0.36], 0.055), ([0.17, 0.75, 0.3], 0.05)],
        Mat::Chrome,
    );
    mesh.limb(
        &[([-0.12, 0.32, 0.29], 0.03), ([-0.1, 0.8, 0.34], 0.03)],
        Mat::Trim,
    );
    mesh.block([-0.13, 0.6, 0.22], [0.13, 1.0, 0.45], Mat::Gap);
    let shield = if is_scooter { 0.24 } else { 0.16 };
    mesh.limb_flat(
        &[
            ([0.0, 1.32, 0.4], shield * 0.7),
            ([0.0, 1.38, 0.85], shield),
        ],
        0.4,
        Mat::Paint,
    );
    mesh.limb(
        &[
            ([0.0, LENGTH_M - 0.3, 0.3], 0.04),
            ([0.0, 1.32, 0.95], 0.05),
        ],
        Mat::Trim,
    );
    mesh.limb(
        &[
            ([-0.34, 1.24, 1.02], 0.02),
            ([0.0, 1.32, 1.0], 0.025),
            ([0.34, 1.24, 1.02], 0.02),
        ],
        Mat::Trim,
    );
    for side in [-1.0, 1.0] {
        let x = side * 0.3;
        mesh.limb(
            &[([x * 0.8, 1.28, 1.02], 0.01), ([x * 1.1, 1.26, 1.2], 0.01)],
            Mat::Trim,
        );
        mesh.ball([x * 1.15, 1.26, 1.24], [0.065, 0.02, 0.045], Mat::Gap);
    }
}

fn rider(mesh: &mut Mesh, tall: f32, is_scooter: bool) {
    let z = |v: f32| 0.84 + (v - 0.84) * tall;
    // Hips, back and shoulders, leaning a little forward.
    mesh.limb_flat(
        &[([0.0, 0.56, z(0.88)], 0.18), ([0.0, 0.58, z(1.0)], 0.17)],
        0.75,
        Mat::Trousers,
    );
    mesh.limb_flat(
        &[
            ([0.0, 0.58, z(0.97)], 0.175),
            ([0.0, 0.62, z(1.12)], 0.18),
            ([0.0, 0.68, z(1.28)], 0.205),
            ([0.0, 0.7, z(1.36)], 0.19),
        ],
        0.6,
        Mat::Shirt,
    );
    mesh.limb(
        &[([0.0, 0.72, z(1.38)], 0.06), ([0.0, 0.74, z(1.46)], 0.055)],
        Mat::Skin,
    );
    mesh.ball([0.0, 0.76, z(1.5)], [0.085, 0.1, 0.12], Mat::Skin);
    mesh.ball([0.0, 0.755, z(1.535)], [0.125, 0.15, 0.115], Mat::Helmet);
    for side in [-1.0, 1.0] {
        let x = |v: f32| side * v;
        mesh.limb(
            &[
                ([x(0.19), 0.7, z(1.33)], 0.065),
                ([x(0.28), 0.86, z(1.12)], 0.052),
            ],
            Mat::Shirt,
        );
        mesh.limb(
            &[
                ([x(0.28), 0.86, z(1.12)], 0.045),
                ([x(0.3), 1.2, z(1.04)], 0.035),
            ],
            Mat::Skin,
        );
        mesh.ball([x(0.31), 1.22, z(1.03)], [0.045, 0.05, 0.04], Mat::Skin);
        // Thigh along the seat, then down to the foot rest.
        let knee = if is_scooter {
            [x(0.2), 1.0, 0.78]
        } else {
            [x(0.23), 0.98, 0.74]
        };
        mesh.limb(&[([x(0.11), 0.6, 0.88], 0.1), (knee, 0.075)], Mat::Trousers);
        let foot = if is_scooter {
            [x(0.17), 1.12, 0.32]
        } else {
            [x(0.22), 0.86, 0.34]
        };
        mesh.limb(&[(knee, 0.07), (foot, 0.05)], Mat::Trousers);
        mesh.ball(
            [foot[0], foot[1] + 0.03, foot[2] - 0.05],
            [0.05, 0.13, 0.045],
            Mat::Gap,
        );
    }
}
