//! The wall with the opening, and what stands before it.

use super::stand;
use crate::{
    mesh::{Mat, Mesh},
    paint::Easel,
    plan::entrance::{OPENING_HALF, WALL_Y},
    seeded::Seeded,
};

/// How high the wall is, and how high the opening.
const HIGH_M: [f32; 2] = [4.2, 2.9];

/// The wall, two posts that lead to its opening, troughs with hedges.
pub(super) fn entrance(easel: &mut Easel<'_>, r: &mut Seeded) -> Mesh {
    let mut mesh = Mesh::default();
    let [top, lintel] = HIGH_M;
    for side in [-1.0f32, 1.0] {
        let (near, far) = (OPENING_HALF * side, 14.0 * side);
        let (x0, x1) = (near.min(far), near.max(far));
        mesh.block([x0, WALL_Y, 0.0], [x1, WALL_Y + 0.3, top], Mat::Concrete);
        stand(easel, [x0, WALL_Y, 0.0], [x1, WALL_Y + 0.3, 1.2]);
        // A plinth, a pillar at the opening.
        mesh.block([x0, WALL_Y - 0.05, 0.0], [x1, WALL_Y, 0.5], Mat::Stripe);
        mesh.block(
            [near - 0.25, WALL_Y - 0.18, 0.0],
            [near + 0.25, WALL_Y + 0.45, lintel + 0.1],
            Mat::White,
        );
        for k in 0..2 {
            let y = WALL_Y - 3.2 + 2.2 * k as f32;
            let x = (OPENING_HALF + 0.75) * side;
            stand(easel, [x - 0.06, y - 0.06, 0.0], [x + 0.06, y + 0.06, 0.95]);
            mesh.limb(&[([x, y, 0.0], 0.045), ([x, y, 0.95], 0.045)], Mat::Chrome);
        }
        trough(easel, &mut mesh, [4.9 * side, WALL_Y - 0.7], r);
    }
    mesh.block(
        [-OPENING_HALF, WALL_Y, lintel],
        [OPENING_HALF, WALL_Y + 0.3, top],
        Mat::Concrete,
    );
    mesh.block(
        [-OPENING_HALF + 0.2, WALL_Y - 0.06, lintel + 0.25],
        [OPENING_HALF - 0.2, WALL_Y, lintel + 0.95],
        Mat::Stripe,
    );
    mesh
}

/// A kerb and the rail behind which visitors queue.
pub(super) fn reader(easel: &mut Easel<'_>, r: &mut Seeded) -> Mesh {
    let mut mesh = Mesh::default();
    let y = 4.4;
    for k in 0..5 {
        let x = -4.0 + 2.0 * k as f32;
        stand(easel, [x - 0.06, y - 0.06, 0.0], [x + 0.06, y + 0.06, 1.0]);
        mesh.limb(&[([x, y, 0.0], 0.04), ([x, y, 1.0], 0.04)], Mat::Chrome);
    }
    for z in [0.55, 0.98] {
        for k in 0..8 {
            let x = -4.0 + k as f32;
            mesh.limb(&[([x, y, z], 0.025), ([x + 1.0, y, z], 0.025)], Mat::Yellow);
        }
    }
    for x in [-3.6, 0.2, 3.8] {
        trough(easel, &mut mesh, [x + r.between(-0.3, 0.3), 7.5], r);
    }
    mesh
}

/// A trough with a hedge: low and long, so that nobody takes it for somebody.
fn trough(easel: &mut Easel<'_>, mesh: &mut Mesh, [x, y]: [f32; 2], r: &mut Seeded) {
    stand(easel, [x - 1.1, y - 0.25, 0.0], [x + 1.1, y + 0.25, 0.6]);
    mesh.block(
        [x - 1.0, y - 0.22, 0.0],
        [x + 1.0, y + 0.22, 0.36],
        Mat::Concrete,
    );
    for k in 0..12 {
        let at = [
            x - 0.9 + 1.8 * k as f32 / 11.0,
            y + r.between(-0.1, 0.1),
            r.between(0.4, 0.52),
        ];
        let size = r.between(0.14, 0.22);
        mesh.ball(at, [size, size, size * 0.9], Mat::Leaf);
    }
}
