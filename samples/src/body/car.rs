//! Cars: saloon, hatchback, SUV and MPV.

use super::{
    Body, LampAt, PlateMount, base_palette,
    loft::{Cell, Face, Slice, at_height, fine, slice, stack},
    pick_paint,
};
use crate::{
    mesh::{Mat, Mesh},
    seeded::{Seeded, smoothstep},
    truth::VehicleLight,
};

#[derive(Clone, Copy, Debug)]
struct Kind {
    length: f32,
    width: f32,
    height: f32,
    belt: f32,
    sill: f32,
    /// Where the rear window begins at the belt and at the roof.
    glass_rear: [f32; 2],
    bonnet: f32,
    wheel: f32,
    plate_z: f32,
    lamp_z: [f32; 2],
    lamp_x: f32,
}

const SALOON: Kind = Kind {
    length: 4.5,
    width: 1.78,
    height: 1.47,
    belt: 0.98,
    sill: 0.2,
    glass_rear: [0.72, 1.28],
    bonnet: 1.3,
    wheel: 0.33,
    plate_z: 0.80,
    lamp_z: [0.72, 0.92],
    lamp_x: 0.58,
};
const HATCH: Kind = Kind {
    length: 3.9,
    width: 1.72,
    height: 1.52,
    belt: 0.97,
    sill: 0.2,
    glass_rear: [0.1, 0.52],
    bonnet: 1.0,
    wheel: 0.31,
    plate_z: 0.70,
    lamp_z: [0.76, 1.02],
    lamp_x: 0.6,
};
const SUV: Kind = Kind {
    length: 4.5,
    width: 1.86,
    height: 1.72,
    belt: 1.1,
    sill: 0.26,
    glass_rear: [0.1, 0.42],
    bonnet: 1.15,
    wheel: 0.37,
    plate_z: 0.84,
    lamp_z: [0.88, 1.08],
    lamp_x: 0.58,
};
const MPV: Kind = Kind {
    length: 4.6,
    width: 1.8,
    height: 1.74,
    belt: 1.06,
    sill: 0.22,
    glass_rear: [0.08, 0.3],
    bonnet: 0.85,
    wheel: 0.32,
    plate_z: 0.80,
    lamp_z: [0.86, 1.26],
    lamp_x: 0.72,
};

pub(super) fn build(is_wide_plate: bool, r: &mut Seeded) -> Body {
    let mut kind = *r.pick(&[SALOON, SALOON, HATCH, SUV, SUV, MPV]);
    kind.length *= r.between(0.97, 1.04);
    kind.width *= r.between(0.98, 1.02);
    kind.height *= r.between(0.98, 1.02);
    let (paint, rgb) = pick_paint(r);
    let shell = shell(&kind);
    let mut mesh = Mesh::default();
    lower(&mut mesh, &kind, &shell, is_wide_plate);
    greenhouse(&mut mesh, &kind);
    wheels(&mut mesh, &kind);
    fittings(&mut mesh, &kind, &shell);
    let at_plate = at_height(&shell, kind.plate_z);
    let lamp_z = (kind.lamp_z[0] + kind.lamp_z[1]) / 2.0;
    let lamp_x = kind.width * 0.41;
    let lamp = |x: f32, z: f32, kind: VehicleLight| LampAt {
        position: [x, -0.03, z],
        kind,
    };
    Body {
        mesh,
        length_m: kind.length,
        width_m: kind.width,
        height_m: kind.height,
        mount: PlateMount {
            centre: [0.0, at_plate.rear - 0.025, kind.plate_z],
            lean: 0.06,
        },
        lamps: vec![
            lamp(-lamp_x, lamp_z, VehicleLight::Tail),
            lamp(lamp_x, lamp_z, VehicleLight::Tail),
        ],
        palette: base_palette(rgb),
        paint,
    }
}

fn shell(kind: &Kind) -> Vec<Slice> {
    let (h, l, s, b) = (kind.width / 2.0, kind.length, kind.sill, kind.belt);
    vec![
        slice(s, h * 0.86, 0.22, l - 0.2),
        slice(s + 0.05, h * 0.93, 0.1, l - 0.1),
        slice(s + 0.14, h * 0.98, 0.02, l - 0.03),
        slice(s + 0.22, h * 0.99, 0.0, l),
        slice(0.56, h, 0.0, l),
        slice(0.61, h, 0.03, l - 0.03),
        slice(0.66, h, 0.06, l - 0.05),
        slice(b - 0.12, h * 0.985, 0.06, l - 0.1),
        slice(b - 0.04, h * 0.965, 0.075, l - 0.14),
        slice(b, h * 0.93, 0.11, l - 0.18),
        slice(b + 0.012, h * 0.88, 0.17, l - 0.24),
        slice(b + 0.022, h * 0.5, 0.6, l - 0.8),
        slice(b + 0.024, 0.0, 1.0, l - 1.2),
    ]
}

fn lower(mesh: &mut Mesh, kind: &Kind, shell: &[Slice], is_wide_plate: bool) {
    let gaps = [
        0.578,
        0.59,
        kind.lamp_z[0],
        kind.lamp_z[1],
        0.34,
        kind.sill + 0.14,
    ];
    let slices = fine(shell, 0.045, &gaps);
    let cowl = kind.length - kind.bonnet;
    let (length, low) = (kind.length, kind.sill);
    let lift = move |p: [f32; 3]| {
        let drop = 0.2 * smoothstep(cowl - 0.2, length + 0.2, p[1]);
        low + (p[2] - low) * (1.0 - drop)
    };
    let plate_half = if is_wide_plate { 0.34 } else { 0.24 };
    let kind = *kind;
    stack(mesh, &slices, 7.0, lift, move |cell| {
        Some(panel(&kind, plate_half, cell))
    });
}

fn panel(kind: &Kind, plate_half: f32, cell: Cell) -> Mat {
    let is_lamp_height = kind.lamp_z[0] < cell.z && cell.z < kind.lamp_z[1];
    let half = kind.width / 2.0;
    match cell.face {
        _ if cell.z < kind.sill + 0.1 => Mat::Trim,
        Face::Rear => {
            let x = cell.along.abs();
            let middle = (kind.lamp_z[0] + kind.lamp_z[1]) / 2.0;
            if is_lamp_height && kind.lamp_x < x {
                return lamp(kind, x, cell.z, middle);
            }
            if 0.578 < cell.z && cell.z < 0.59 {
                return Mat::Gap;
            }
            let is_seam = 0.585 < x && x < 0.6 && 0.59 < cell.z;
            if is_seam {
                return Mat::Gap;
            }
            let is_recess = x * half < plate_half && (cell.z - kind.plate_z).abs() < 0.12;
            if is_recess {
                return Mat::PaintShade;
            }
            let is_reflector = 0.72 < x && x < 0.88 && 0.44 < cell.z && cell.z < 0.5;
            if is_reflector {
                return Mat::Brake;
            }
            let is_skirt = cell.z < kind.sill + 0.2 && (x < 0.8 || cell.z < kind.sill + 0.14);
            if is_skirt { Mat::Trim } else { Mat::Paint }
        }
        Face::Left | Face::Right => {
            if is_lamp_height && cell.along < -0.9 {
                return Mat::Lens;
            }
            let y = (cell.along + 1.0) / 2.0 * kind.length;
            let is_seam = [0.36, 0.56, 0.74]
                .iter()
                .any(|s| (y - s * kind.length).abs() < 0.04)
                && 0.4 < cell.z
                && cell.z < kind.belt - 0.03;
            if is_seam { Mat::PaintShade } else { Mat::Paint }
        }
        Face::Front => {
            let is_grille = cell.along.abs() < 0.6 && cell.z < kind.belt - 0.2;
            if is_grille { Mat::Trim } else { Mat::Paint }
        }
    }
}

/// A lamp cluster: a dark lens with a lit band, reversing lamp inside, indicator below.
fn lamp(kind: &Kind, x: f32, z: f32, middle: f32) -> Mat {
    let half = (kind.lamp_z[1] - kind.lamp_z[0]) / 2.0;
    let up = (z - middle) / half;
    if x < kind.lamp_x + 0.1 && up.abs() < 0.5 {
        Mat::Reverse
    } else if kind.lamp_x + 0.1 < x && up < -0.45 {
        Mat::Indicator
    } else if kind.lamp_x + 0.06 < x && up.abs() < 0.75 {
        Mat::Tail
    } else {
        Mat::Lens
    }
}

fn greenhouse(mesh: &mut Mesh, kind: &Kind) {
    let (h, l, b, top) = (kind.width / 2.0, kind.length, kind.belt, kind.height);
    let [rear_low, rear_high] = kind.glass_rear;
    let front = |t: f32| l - kind.bonnet - 0.75 * t;
    let rear = |t: f32| rear_low + (rear_high - rear_low) * t;
    let z = |t: f32| b - 0.03 + (top - b - 0.01) * t;
    let middle = (rear(1.0) + front(1.0)) / 2.0;
    let table = [
        slice(z(0.0), h * 0.91, rear(0.0), front(0.0)),
        slice(z(0.1), h * 0.905, rear(0.1), front(0.1)),
        slice(z(0.5), h * 0.85, rear(0.48), front(0.5)),
        slice(z(0.85), h * 0.78, rear(0.86), front(0.88)),
        slice(z(0.95), h * 0.74, rear(1.02), front(1.02)),
        slice(z(0.985), h * 0.68, rear(1.12), front(1.12)),
        slice(z(1.0), h * 0.56, rear(1.12) + 0.12, front(1.12) - 0.12),
        slice(z(1.012), h * 0.3, middle - 0.3, middle + 0.3),
        slice(z(1.018), 0.0, middle - 0.05, middle + 0.05),
    ];
    let slices = fine(&table, 0.045, &[z(0.14), z(0.84), z(0.9), z(0.95)]);
    let (low, high) = (z(0.14), z(0.84));
    stack(
        mesh,
        &slices,
        7.0,
        |p| p[2],
        |cell| {
            let is_window = low < cell.z && cell.z < high;
            let is_glass = is_window
                && match cell.face {
                    Face::Rear | Face::Front => cell.along.abs() < 0.86,
                    Face::Left | Face::Right => {
                        let a = cell.along;
                        (-0.8..-0.38).contains(&a)
                            || (-0.32..0.2).contains(&a)
                            || (0.26..0.86).contains(&a)
                    }
                };
            let is_brake_lamp = cell.face == Face::Rear
                && cell.along.abs() < 0.2
                && high + 0.01 < cell.z
                && cell.z < high + 0.05;
            let is_rear_glass = is_glass && cell.face == Face::Rear;
            let t = (cell.z - low) / (high - low);
            let x = cell.along.abs();
            Some(
                if is_rear_glass && (0.79 < x || !(0.09..=0.92).contains(&t)) {
                    Mat::Gap
                } else if is_rear_glass && 0.3 < x && x < 0.6 && t < 0.5 {
                    Mat::Seat
                } else if is_glass {
                    Mat::Glass
                } else if is_brake_lamp {
                    Mat::Brake
                } else {
                    Mat::Paint
                },
            )
        },
    );
}

fn wheels(mesh: &mut Mesh, kind: &Kind) {
    let half = kind.width / 2.0;
    for y in [kind.length * 0.175 + 0.05, kind.length * 0.8] {
        for side in [-1.0, 1.0] {
            let centre = [side * (half - 0.11), y, kind.wheel];
            mesh.wheel(centre, kind.wheel, 0.22, side);
            arch(
                mesh,
                [side * (half + 0.004), y, kind.wheel],
                kind.wheel + 0.055,
                side,
            );
        }
    }
}

/// The dark gap between tyre and wing, drawn just outside the flank.
fn arch(mesh: &mut Mesh, centre: [f32; 3], radius: f32, side: f32) {
    const N: usize = 14;
    let ring = |r: f32| -> Vec<[f32; 3]> {
        (0..=N)
            .map(|k| {
                let (sin, cos) = (k as f32 / N as f32 * std::f32::consts::PI).sin_cos();
                [centre[0], centre[1] + r * cos, centre[2] + r * sin]
            })
            .collect()
    };
    let inside = [centre[0] - side * 5.0, centre[1], centre[2]];
    mesh.surface(&[ring(radius), ring(radius - 0.06)], inside, |_, _| {
        Some(Mat::Gap)
    });
}

fn fittings(mesh: &mut Mesh, kind: &Kind, shell: &[Slice]) {
    let half = kind.width / 2.0;
    let mirror_y = kind.length - kind.bonnet - 0.55;
    for side in [-1.0, 1.0] {
        let x = side * (half + 0.08);
        mesh.ball(
            [x, mirror_y, kind.belt + 0.08],
            [0.11, 0.07, 0.075],
            Mat::Paint,
        );
        mesh.limb(
            &[
                ([side * half * 0.93, mirror_y, kind.belt], 0.02),
                ([x, mirror_y, kind.belt + 0.03], 0.02),
            ],
            Mat::Trim,
        );
    }
    let rear = at_height(shell, kind.plate_z + 0.13).rear;
    // The chrome strip over the plate, and the maker's sign above it.
    let z = kind.plate_z + 0.125;
    mesh.block(
        [-0.3, rear - 0.016, z],
        [0.3, rear + 0.02, z + 0.025],
        Mat::Chrome,
    );
    mesh.ball(
        [0.0, rear - 0.012, z + 0.075],
        [0.05, 0.012, 0.035],
        Mat::Chrome,
    );
    let pipe = |y: f32| ([half * 0.55, y, kind.sill - 0.015], 0.028);
    mesh.limb(&[pipe(0.06), pipe(0.3)], Mat::Trim);
    // Axle and underbody, so that no daylight shows beneath.
    mesh.block(
        [-half * 0.8, 0.35, kind.sill - 0.04],
        [half * 0.8, kind.length - 0.35, kind.sill + 0.04],
        Mat::Gap,
    );
    // Aerial, and rails on the tall ones.
    let mid = kind.length * 0.36;
    mesh.limb(
        &[
            ([0.0, mid - 0.1, kind.height], 0.03),
            ([0.0, mid - 0.22, kind.height + 0.07], 0.012),
        ],
        Mat::PaintShade,
    );
    if 1.6 < kind.height {
        for side in [-1.0, 1.0] {
            let x = side * half * 0.66;
            let rail = |y: f32, z: f32| ([x, y, kind.height + z], 0.022);
            mesh.limb(
                &[
                    rail(0.75, -0.03),
                    rail(1.0, 0.035),
                    rail(2.4, 0.035),
                    rail(2.6, -0.03),
                ],
                Mat::Trim,
            );
        }
    }
    let wiper = at_height(shell, kind.belt).rear;
    if kind.glass_rear[0] < 0.3 {
        let (z, y) = (kind.belt + 0.1, wiper + 0.02);
        mesh.limb(
            &[([0.0, y, z], 0.012), ([0.34, y + 0.02, z + 0.05], 0.008)],
            Mat::Trim,
        );
    }
}
