//! What stands still and has a shape: booth, barrier, kerbs, signal, posts, trees.

mod wall;

use crate::{
    body::still_palette,
    mesh::{Mat, Mesh, N_MATS},
    paint::{Block, Easel, SIGNAL_MATS, Scratch, lamp},
    plan::{
        gate::{self, BARRIER_Y},
        junction,
    },
    seeded::Seeded,
    shade::{Lamp, Surface},
    space::Pose,
    spec::SceneKind,
    truth::Phase,
};

/// Where a mesh stands that is already in the ground's own space.
pub(crate) const ORIGIN: Pose = Pose {
    x: 0.0,
    y: 0.0,
    heading: 0.0,
};

/// The arm's hinge.
const HINGE: [f32; 3] = [gate::LANE_X + gate::LANE_HALF + 0.42, BARRIER_Y, 0.95];
const ARM_M: f32 = 3.5;

/// The lamps of a scene at night.
pub(crate) fn lamps(kind: SceneKind) -> Vec<Lamp> {
    let lamp = |position: [f32; 3], power: f32| Lamp {
        position,
        rgb: [power, power * 0.93, power * 0.78],
    };
    match kind {
        SceneKind::Gate | SceneKind::Exit | SceneKind::CarPark => {
            vec![lamp([0.3, 4.0, 4.2], 5.0), lamp([4.2, 10.6, 3.6], 5.0)]
        }
        SceneKind::Junction => vec![lamp([-4.2, 7.0, 7.0], 16.0), lamp([4.6, 15.0, 7.0], 18.0)],
        SceneKind::Entrance | SceneKind::Pass => {
            vec![lamp([-2.6, 6.0, 4.0], 9.0), lamp([2.6, 11.0, 4.0], 9.0)]
        }
        SceneKind::Door => Vec::new(),
    }
}

/// Paints everything that never moves into the backdrop.
pub(crate) fn paint_fixed(
    easel: &mut Easel<'_>,
    kind: SceneKind,
    seed: u64,
    scratch: &mut Scratch,
) {
    let mut r = Seeded::new(seed, 21);
    let mut palette = still_palette();
    let mesh = match kind {
        SceneKind::Gate | SceneKind::Exit | SceneKind::CarPark => gate_things(easel, &mut r),
        SceneKind::Junction => junction_things(easel, &mut r),
        SceneKind::Entrance => wall::entrance(easel, &mut r),
        SceneKind::Pass => wall::reader(easel, &mut r),
        SceneKind::Door => return,
    };
    for (mat, rgb) in
        SIGNAL_MATS
            .iter()
            .zip([[0.5, 0.03, 0.03], [0.66, 0.46, 0.03], [0.05, 0.12, 0.03]])
    {
        palette[*mat as usize] = Surface::matt(rgb);
    }
    easel.mesh(&mesh, &ORIGIN, &palette, scratch);
}

fn stand(easel: &mut Easel<'_>, min: [f32; 3], max: [f32; 3]) {
    let pose = Pose {
        x: (min[0] + max[0]) / 2.0,
        y: min[1],
        heading: 0.0,
    };
    let block = Block {
        width_m: max[0] - min[0],
        length_m: max[1] - min[1],
        height_m: max[2],
    };
    easel.shadow(&pose, &block);
}

fn gate_things(easel: &mut Easel<'_>, r: &mut Seeded) -> Mesh {
    let mut mesh = Mesh::default();
    let right = gate::LANE_X + gate::LANE_HALF;
    // Kerb stones, yellow and black as at Vietnamese gates.
    for k in 0..14 {
        let y = 4.6 + 0.6 * k as f32;
        let mat = if k % 2 == 0 { Mat::Yellow } else { Mat::Black };
        mesh.block([right + 0.12, y, 0.0], [right + 0.32, y + 0.6, 0.14], mat);
        mesh.block([-0.32, y, 0.0], [-0.12, y + 0.6, 0.14], mat);
    }
    // The barrier's cabinet.
    let cabinet = (
        [right + 0.36, BARRIER_Y - 0.2, 0.0],
        [right + 0.7, BARRIER_Y + 0.16, 1.08],
    );
    stand(easel, cabinet.0, cabinet.1);
    mesh.block(cabinet.0, cabinet.1, Mat::Red);
    mesh.block(
        [right + 0.33, BARRIER_Y - 0.23, 1.08],
        [right + 0.73, BARRIER_Y + 0.19, 1.12],
        Mat::White,
    );
    // Rest for the arm on the other side.
    stand(
        easel,
        [-0.3, BARRIER_Y - 0.05, 0.0],
        [-0.2, BARRIER_Y + 0.05, 0.9],
    );
    mesh.block(
        [-0.29, BARRIER_Y - 0.05, 0.0],
        [-0.21, BARRIER_Y + 0.05, 0.88],
        Mat::Yellow,
    );
    booth(easel, &mut mesh, right);
    planting(easel, &mut mesh, r);
    mesh
}

/// A booth with windows and a door, and the card post before it, where motorbikes stop.
fn booth(easel: &mut Easel<'_>, mesh: &mut Mesh, right: f32) {
    let (min, max) = ([right + 0.95, 9.6, 0.0], [right + 2.5, 12.2, 2.5]);
    stand(easel, min, max);
    mesh.block(min, max, Mat::White);
    mesh.block(
        [min[0] - 0.15, min[1] - 0.15, 2.5],
        [max[0] + 0.15, max[1] + 0.15, 2.66],
        Mat::Stripe,
    );
    let x = min[0] - 0.01;
    mesh.block(
        [x, min[1] + 0.25, 1.0],
        [x + 0.02, min[1] + 1.4, 2.0],
        Mat::Glass,
    );
    mesh.block(
        [x, min[1] + 1.6, 0.08],
        [x + 0.02, min[1] + 2.25, 2.05],
        Mat::PaintShade,
    );
    mesh.block(
        [min[0] + 0.25, min[1] - 0.01, 1.0],
        [max[0] - 0.25, min[1] + 0.01, 2.0],
        Mat::Glass,
    );
    mesh.block(
        [min[0], min[1] - 0.012, 0.6],
        [max[0], min[1] + 0.01, 0.72],
        Mat::Stripe,
    );
    stand(easel, [right + 0.36, 8.0, 0.0], [right + 0.52, 8.16, 1.05]);
    mesh.block(
        [right + 0.4, 8.04, 0.0],
        [right + 0.48, 8.12, 0.95],
        Mat::Trim,
    );
    mesh.block(
        [right + 0.32, 7.98, 0.9],
        [right + 0.54, 8.14, 1.2],
        Mat::White,
    );
}

/// A few bollards, and shrubs where the seed says.
fn planting(easel: &mut Easel<'_>, mesh: &mut Mesh, r: &mut Seeded) {
    let right = gate::LANE_X + gate::LANE_HALF;
    for k in 0..4 {
        let y = 14.4 + 1.1 * k as f32;
        mesh.limb(
            &[
                ([right + 2.9, y, 0.0], 0.06),
                ([right + 2.9, y, 0.75], 0.06),
            ],
            Mat::Yellow,
        );
    }
    for _ in 0..7 {
        let (x, y) = (r.between(-9.0, 14.0), r.between(24.3, 26.0));
        let high = r.between(0.5, 1.1);
        stand(easel, [x - 0.5, y - 0.4, 0.0], [x + 0.5, y + 0.4, high]);
        for _ in 0..7 {
            let at = [
                x + r.between(-0.5, 0.5),
                y + r.between(-0.3, 0.3),
                high * r.between(0.3, 0.9),
            ];
            let size = r.between(0.25, 0.45);
            mesh.ball(at, [size, size, size * 0.8], Mat::Leaf);
        }
    }
}

fn junction_things(easel: &mut Easel<'_>, r: &mut Seeded) -> Mesh {
    let mut mesh = Mesh::default();
    let [x, y] = junction::SIGNAL_AT;
    stand(easel, [x - 0.08, y - 0.02, 0.0], [x + 0.08, y + 0.14, 2.2]);
    mesh.limb(
        &[([x, y + 0.16, 0.0], 0.07), ([x, y + 0.16, 2.6], 0.06)],
        Mat::Concrete,
    );
    mesh.block(
        [x - 0.17, y + 0.02, 1.04],
        [x + 0.17, y + 0.16, 1.96],
        Mat::Black,
    );
    mesh.limb(
        &[([-3.4, 13.0, 0.0], 0.06), ([-3.4, 13.0, 2.4], 0.06)],
        Mat::Concrete,
    );
    for k in 0..5 {
        let by = 5.0 + 1.5 * k as f32;
        let side = if r.unit() < 0.5 { -1.0 } else { 1.0 };
        let bx = side * r.between(3.3, 3.5);
        stand(easel, [bx - 0.05, by, 0.0], [bx + 0.05, by + 0.1, 0.7]);
        mesh.limb(&[([bx, by, 0.0], 0.05), ([bx, by, 0.7], 0.05)], Mat::Red);
        mesh.limb(
            &[([bx, by, 0.45], 0.052), ([bx, by, 0.55], 0.052)],
            Mat::White,
        );
    }
    mesh
}

/// The barrier's arm, `open` from 0 (shut) to 1 (up).
pub(crate) fn arm(open: f32) -> Mesh {
    let mut mesh = Mesh::default();
    let (sin, cos) = (open * 1.48).sin_cos();
    let n = 8;
    let point = |along: f32, across: f32, y: f32| {
        [
            HINGE[0] - along * cos - across * sin,
            HINGE[1] + y,
            HINGE[2] + along * sin - across * cos,
        ]
    };
    for k in 0..n {
        let (a, b) = (
            ARM_M * k as f32 / n as f32,
            ARM_M * (k + 1) as f32 / n as f32,
        );
        let mat = if k % 2 == 0 { Mat::Red } else { Mat::White };
        let (h, t) = (0.055, 0.03);
        let face = |y: f32| {
            [
                point(a, -h, y),
                point(b, -h, y),
                point(b, h, y),
                point(a, h, y),
            ]
        };
        mesh.quad(face(-t), [0.0, -1.0, 0.0], mat, 2);
        let top = [
            point(a, -h, -t),
            point(b, -h, -t),
            point(b, -h, t),
            point(a, -h, t),
        ];
        mesh.quad(top, [sin, 0.0, cos], mat, 2);
    }
    mesh
}

/// The signal's three lamps.
pub(crate) fn signal_lamps() -> Mesh {
    let mut mesh = Mesh::default();
    let [x, y] = junction::SIGNAL_AT;
    for (mat, z) in SIGNAL_MATS.iter().zip(junction::LAMP_Z) {
        let r = junction::LAMP_R;
        mesh.ball([x, y + 0.02, z], [r, 0.03, r], *mat);
        // The hood over it.
        let hood = |dy: f32| -> Vec<[f32; 3]> {
            (0..=10)
                .map(|k| {
                    let (sin, cos) = (k as f32 / 10.0 * std::f32::consts::PI).sin_cos();
                    [x + (r + 0.012) * cos, y + dy, z + (r + 0.012) * sin]
                })
                .collect()
        };
        mesh.surface(&[hood(0.02), hood(-0.05)], [x, y, z], |_, _| {
            Some(Mat::Black)
        });
    }
    mesh
}

/// How the signal's materials look in a phase.
pub(crate) fn signal_palette(phase: Phase, exposure: f32) -> [Surface; N_MATS] {
    let mut palette = still_palette();
    let lit = [
        (Phase::Red, [1.0, 0.03, 0.02]),
        (Phase::Amber, [1.0, 0.42, 0.02]),
        (Phase::Green, [0.03, 0.9, 0.33]),
    ];
    for (mat, (own, rgb)) in SIGNAL_MATS.iter().zip(lit) {
        palette[*mat as usize] = lamp(rgb, own == phase, exposure);
    }
    palette
}
