//! Light lorries with a box or a tarpaulin, and buses.

use super::{
    Body, LampAt, PlateMount, base_palette,
    loft::{Face, fine, slice, stack},
    pick_paint,
};
use crate::{
    mesh::{Mat, Mesh},
    seeded::Seeded,
    shade::{Surface, linear},
    truth::VehicleLight,
};

/// A light lorry: 1.8 to 1.95 m wide, as deliver in Vietnamese towns.
pub(super) fn lorry(r: &mut Seeded) -> Body {
    let (length, width) = (r.between(5.0, 5.4), r.between(1.78, 1.92));
    let (half, floor) = (width / 2.0, 0.82);
    let top = r.between(2.1, 2.24);
    let box_length = length - 1.65;
    let mut mesh = Mesh::default();
    cargo(&mut mesh, half, [floor, top], box_length);
    cab(&mut mesh, half * 0.94, length, top.min(2.1));
    chassis(&mut mesh, half, length, floor);
    let (paint, rgb) = pick_paint(r);
    let mut palette = base_palette(rgb);
    let boxes: [[u8; 3]; 4] = [
        [218, 220, 218],
        [196, 200, 204],
        [58, 92, 150],
        [62, 108, 74],
    ];
    let [red, green, blue] = *r.pick(&boxes);
    let colour = linear(red, green, blue);
    palette[Mat::Cargo as usize] = Surface::glossy(colour, 0.025);
    palette[Mat::CargoRib as usize] = Surface::glossy(colour.map(|v| v * 0.62), 0.02);
    let lamp = |x: f32| LampAt {
        position: [x, -0.02, 0.62],
        kind: VehicleLight::Tail,
    };
    Body {
        mesh,
        length_m: length,
        width_m: width,
        height_m: top,
        mount: PlateMount {
            centre: [0.0, -0.035, 0.62],
            lean: 0.0,
        },
        lamps: vec![lamp(-half * 0.8), lamp(half * 0.8)],
        palette,
        paint,
    }
}

fn cargo(mesh: &mut Mesh, half: f32, z: [f32; 2], length: f32) {
    let table = [
        slice(z[0], half, 0.0, length),
        slice(z[1] - 0.03, half, 0.0, length),
        slice(z[1], half * 0.985, 0.02, length - 0.02),
        slice(z[1] + 0.01, half * 0.5, 0.9, length - 0.9),
        slice(z[1] + 0.015, 0.0, 1.4, length - 1.4),
    ];
    let low = z[0] + 0.05;
    let slices = fine(&table, 0.08, &[low]);
    let high = z[1] - 0.08;
    stack(
        mesh,
        &slices,
        30.0,
        |p| p[2],
        |cell| {
            let is_frame = cell.z < low || high < cell.z || 0.88 < cell.along.abs();
            Some(match cell.face {
                _ if z[1] - 0.02 < cell.z => Mat::Cargo,
                Face::Rear if is_frame => Mat::CargoRib,
                Face::Left | Face::Right if cell.z < low => Mat::CargoRib,
                Face::Left | Face::Right if is_rib(cell.along, 3) => Mat::CargoRib,
                _ => Mat::Cargo,
            })
        },
    );
    // Two doors: the gap between them, locking bars, hinges.
    mesh.block([-0.008, -0.006, low], [0.008, 0.01, high], Mat::Gap);
    for x in [-0.32f32, 0.32] {
        let x = x * half;
        mesh.block(
            [x - 0.014, -0.03, low],
            [x + 0.014, -0.004, high],
            Mat::Chrome,
        );
        mesh.block(
            [x - 0.07, -0.035, low + 0.35],
            [x + 0.07, -0.004, low + 0.39],
            Mat::Chrome,
        );
        for k in 0..3 {
            let hinge = low + 0.15 + 0.45 * k as f32;
            let edge = half * 0.93 * x.signum();
            mesh.block(
                [edge - 0.06, -0.02, hinge],
                [edge + 0.06, -0.002, hinge + 0.05],
                Mat::CargoRib,
            );
        }
    }
}

/// Whether this part of a flank is one of its upright posts: every `every`th cell.
fn is_rib(along: f32, every: usize) -> bool {
    (((along + 1.0) * 16.0) as usize).is_multiple_of(every)
}

fn cab(mesh: &mut Mesh, half: f32, length: f32, top: f32) {
    let rear = length - 1.55;
    let table = [
        slice(0.35, half * 0.95, rear, length - 0.02),
        slice(0.6, half, rear, length),
        slice(1.15, half, rear, length - 0.02),
        slice(1.25, half * 0.98, rear, length - 0.08),
        slice(top - 0.15, half * 0.88, rear + 0.05, length - 0.4),
        slice(top - 0.05, half * 0.8, rear + 0.12, length - 0.55),
        slice(top, 0.0, rear + 0.5, length - 0.9),
    ];
    let slices = fine(&table, 0.08, &[1.22, top - 0.22]);
    stack(
        mesh,
        &slices,
        8.0,
        |p| p[2],
        |cell| {
            let is_glass = 1.22 < cell.z && cell.z < top - 0.22 && cell.along.abs() < 0.8;
            Some(if is_glass { Mat::Glass } else { Mat::Paint })
        },
    );
    for side in [-1.0, 1.0] {
        let (x, y) = (side * (half + 0.22), length - 0.25);
        mesh.block(
            [x - 0.08, y - 0.03, 1.25],
            [x + 0.08, y + 0.03, 1.62],
            Mat::Trim,
        );
        mesh.limb(
            &[([side * half, y, 1.5], 0.018), ([x, y, 1.55], 0.018)],
            Mat::Trim,
        );
    }
}

fn chassis(mesh: &mut Mesh, half: f32, length: f32, floor: f32) {
    mesh.block(
        [-half * 0.45, 0.1, 0.55],
        [half * 0.45, length - 0.2, floor],
        Mat::Gap,
    );
    // Rear beam with lamps and the plate; underrun bar; mudguards.
    mesh.block(
        [-half * 0.98, -0.01, 0.5],
        [half * 0.98, 0.07, 0.78],
        Mat::Trim,
    );
    mesh.block(
        [-half * 0.85, 0.02, 0.34],
        [half * 0.85, 0.08, 0.42],
        Mat::Trim,
    );
    mesh.block(
        [-half * 0.5, 0.03, 0.38],
        [-half * 0.44, 0.07, 0.55],
        Mat::Trim,
    );
    mesh.block(
        [half * 0.44, 0.03, 0.38],
        [half * 0.5, 0.07, 0.55],
        Mat::Trim,
    );
    for side in [-1.0f32, 1.0] {
        let at = |x: f32, z: f32, w: f32, h: f32| {
            let x = side * half * x;
            ([x - w, -0.03, z - h], [x + w, -0.005, z + h])
        };
        let (min, max) = at(0.82, 0.64, 0.1, 0.065);
        mesh.block(min, max, Mat::Tail);
        let (min, max) = at(0.64, 0.64, 0.045, 0.06);
        mesh.block(min, max, Mat::Indicator);
        let (min, max) = at(0.55, 0.64, 0.03, 0.06);
        mesh.block(min, max, Mat::Reverse);
        let x = side * (half - 0.17);
        mesh.block([x - 0.16, 0.42, 0.12], [x + 0.16, 0.44, 0.56], Mat::Gap);
        mesh.wheel([x, 0.98, 0.36], 0.36, 0.34, side);
        mesh.wheel([side * (half - 0.14), length - 0.85, 0.36], 0.36, 0.2, side);
    }
    let back = [0.0, 0.98, 0.36];
    mesh.limb(
        &[
            ([-half * 0.7, back[1], back[2]], 0.07),
            ([half * 0.7, back[1], back[2]], 0.07),
        ],
        Mat::Gap,
    );
}

/// A town bus of 8 m.
pub(super) fn bus(r: &mut Seeded) -> Body {
    let (length, half, top) = (r.between(7.6, 8.2), 1.17, r.between(2.85, 3.0));
    let mut mesh = Mesh::default();
    let table = [
        slice(0.3, half * 0.96, 0.08, length - 0.06),
        slice(0.4, half, 0.01, length),
        slice(1.3, half, 0.0, length),
        slice(1.4, half, 0.01, length),
        slice(top - 0.35, half * 0.97, 0.1, length - 0.1),
        slice(top - 0.1, half * 0.92, 0.18, length - 0.2),
        slice(top, half * 0.75, 0.4, length - 0.4),
        slice(top + 0.03, 0.0, 2.0, length - 2.0),
    ];
    let (low, high) = (1.45, top - 0.5);
    let slices = fine(&table, 0.08, &[low, high, 0.85, 1.15, 1.05]);
    stack(
        &mut mesh,
        &slices,
        11.0,
        |p| p[2],
        |cell| {
            let x = cell.along.abs();
            let is_window = low < cell.z && cell.z < high;
            Some(match cell.face {
                Face::Rear if is_window && x < 0.82 => Mat::Glass,
                Face::Rear if 0.8 < x && 0.85 < cell.z && cell.z < 1.15 => Mat::Tail,
                Face::Rear if 0.72 < x && 1.15 < cell.z && cell.z < 1.23 => Mat::Indicator,
                Face::Rear if x < 0.55 && 0.95 < cell.z && cell.z < 1.35 => Mat::PaintShade,
                Face::Left | Face::Right if is_window && !is_rib(cell.along, 5) => Mat::Glass,
                Face::Left | Face::Right if 0.95 < cell.z && cell.z < 1.15 => Mat::Stripe,
                Face::Front if is_window => Mat::Glass,
                _ if cell.z < 0.42 => Mat::Trim,
                _ => Mat::Paint,
            })
        },
    );
    for side in [-1.0, 1.0] {
        mesh.wheel([side * (half - 0.14), 2.0, 0.45], 0.45, 0.3, side);
        mesh.wheel([side * (half - 0.14), length - 1.8, 0.45], 0.45, 0.3, side);
    }
    mesh.block(
        [-half * 0.9, 0.3, 0.25],
        [half * 0.9, length - 0.3, 0.34],
        Mat::Gap,
    );
    let (paint, rgb) = pick_paint(r);
    let lamp = |x: f32| LampAt {
        position: [x, -0.02, 1.0],
        kind: VehicleLight::Tail,
    };
    Body {
        mesh,
        length_m: length,
        width_m: half * 2.0,
        height_m: top,
        mount: PlateMount {
            centre: [0.0, -0.03, 0.72],
            lean: 0.0,
        },
        lamps: vec![lamp(-half * 0.9), lamp(half * 0.9)],
        palette: base_palette(rgb),
        paint,
    }
}
