//! Lofting: a stack of horizontal slices, each a rounded rectangle.

use crate::{
    mesh::{Mat, Mesh},
    space::V3,
};

/// One slice: height, half-width, and where it begins and ends along the vehicle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) z: f32,
    pub(super) half: f32,
    pub(super) rear: f32,
    pub(super) front: f32,
}

pub(super) const fn slice(z: f32, half: f32, rear: f32, front: f32) -> Slice {
    Slice {
        z,
        half,
        rear,
        front,
    }
}

/// Which way a piece of the outline faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Rear,
    Right,
    Front,
    Left,
}

/// A cell of the stack: its face, where along the face (-1 to 1, left to right or rear to front)
/// and its height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) face: Face,
    pub(super) along: f32,
    pub(super) z: f32,
}

/// Where the rear and front faces are cut, so that lamps and gaps get straight edges.
const ACROSS: [f32; 27] = [
    -1.0, -0.94, -0.88, -0.8, -0.72, -0.66, -0.6, -0.585, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1,
    0.2, 0.3, 0.4, 0.5, 0.585, 0.6, 0.66, 0.72, 0.8, 0.88, 0.94, 1.0,
];
const N_ALONG: usize = 32;

fn outline() -> Vec<(Face, f32, [f32; 2])> {
    let mut points = Vec::new();
    let n = ACROSS.len() - 1;
    for x in &ACROSS[..n] {
        points.push((Face::Rear, *x, [*x, -1.0]));
    }
    let along = |k: usize| -1.0 + 2.0 * k as f32 / N_ALONG as f32;
    for k in 0..N_ALONG {
        points.push((Face::Right, along(k), [1.0, along(k)]));
    }
    for x in ACROSS[1..].iter().rev() {
        points.push((Face::Front, *x, [*x, 1.0]));
    }
    for k in (1..=N_ALONG).rev() {
        points.push((Face::Left, along(k), [-1.0, along(k)]));
    }
    points.push((Face::Rear, -1.0, [-1.0, -1.0]));
    points
}

/// Slices between those of the table, at least every `step_m`; `extra` heights get a slice of their
/// own.
pub(super) fn fine(table: &[Slice], step_m: f32, extra: &[f32]) -> Vec<Slice> {
    let mut heights: Vec<f32> = extra.to_vec();
    for pair in table.windows(2) {
        let n = ((pair[1].z - pair[0].z) / step_m).ceil().max(1.0) as usize;
        heights.extend((0..n).map(|k| pair[0].z + (pair[1].z - pair[0].z) * k as f32 / n as f32));
    }
    heights.push(table[table.len() - 1].z);
    heights.sort_by(f32::total_cmp);
    heights.dedup_by(|a, b| (*a - *b).abs() < 0.0004);
    heights.iter().map(|z| at_height(table, *z)).collect()
}

/// The slice at a height, between its neighbours in the table.
pub(super) fn at_height(table: &[Slice], z: f32) -> Slice {
    for pair in table.windows(2) {
        if z <= pair[1].z {
            let t = ((z - pair[0].z) / (pair[1].z - pair[0].z).max(1e-6)).clamp(0.0, 1.0);
            let mix = |a: f32, b: f32| a + (b - a) * t;
            return Slice {
                z,
                half: mix(pair[0].half, pair[1].half),
                rear: mix(pair[0].rear, pair[1].rear),
                front: mix(pair[0].front, pair[1].front),
            };
        }
    }
    table[table.len() - 1]
}

/// Adds the stack. `square` is the exponent of the corners (2 an ellipse, 10 almost a rectangle);
/// `lift` bends each point's height, for sloping bonnets.
pub(super) fn stack(
    mesh: &mut Mesh,
    slices: &[Slice],
    square: f32,
    lift: impl Fn(V3) -> f32,
    mat: impl Fn(Cell) -> Option<Mat>,
) {
    let outline = outline();
    let rows: Vec<Vec<V3>> = slices
        .iter()
        .map(|s| {
            let (middle, long) = ((s.rear + s.front) / 2.0, (s.front - s.rear) / 2.0);
            outline
                .iter()
                .map(|(_, _, p)| {
                    let norm =
                        (p[0].abs().powf(square) + p[1].abs().powf(square)).powf(-1.0 / square);
                    let mut point = [s.half * p[0] * norm, middle + long * p[1] * norm, s.z];
                    point[2] = lift(point);
                    point
                })
                .collect()
        })
        .collect();
    let (low, high) = (slices[0], slices[slices.len() - 1]);
    let inside = [0.0, (low.rear + low.front) / 2.0, (low.z + high.z) / 2.0];
    mesh.surface(&rows, inside, |i, j| {
        let (a, b) = (outline[j], outline[j + 1]);
        // The cell between two faces belongs to the one that it begins with.
        let face = a.0;
        let along = if a.0 == b.0 { (a.1 + b.1) / 2.0 } else { a.1 };
        mat(Cell {
            face,
            along,
            z: (slices[i].z + slices[i + 1].z) / 2.0,
        })
    });
}
