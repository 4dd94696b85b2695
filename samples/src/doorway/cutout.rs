//! Her outline, drawn by hand round the portrait, as coverage with a soft edge.

use super::SIDE;
use crate::seeded::smoothstep;

/// Her outline in the portrait: hair, collar, shoulders, and the helmet in her arm.
const OUTLINE: [[f32; 2]; 42] = [
    [186.0, 30.0],
    [205.0, 19.0],
    [228.0, 15.0],
    [252.0, 20.0],
    [275.0, 32.0],
    [291.0, 54.0],
    [300.0, 84.0],
    [297.0, 108.0],
    [286.0, 127.0],
    [272.0, 137.0],
    [266.0, 155.0],
    [264.0, 174.0],
    [284.0, 188.0],
    [300.0, 212.0],
    [305.0, 236.0],
    [322.0, 248.0],
    [341.0, 264.0],
    [352.0, 290.0],
    [358.0, 322.0],
    [362.0, 346.0],
    [398.0, 344.0],
    [440.0, 352.0],
    [474.0, 376.0],
    [494.0, 418.0],
    [506.0, 468.0],
    [509.0, 512.0],
    [24.0, 512.0],
    [20.0, 440.0],
    [24.0, 380.0],
    [38.0, 310.0],
    [48.0, 268.0],
    [70.0, 242.0],
    [96.0, 220.0],
    [113.0, 205.0],
    [118.0, 180.0],
    [136.0, 160.0],
    [160.0, 150.0],
    [184.0, 150.0],
    [183.0, 130.0],
    [166.0, 116.0],
    [153.0, 84.0],
    [163.0, 50.0],
];

/// Coverage of the outline with a feathered edge.
pub(super) fn mask() -> Vec<u8> {
    let mut mask = vec![0u8; SIDE * SIDE];
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let (mut is_inside, mut far) = (false, f32::MAX);
            for k in 0..OUTLINE.len() {
                let (a, b) = (OUTLINE[k], OUTLINE[(k + 1) % OUTLINE.len()]);
                if (a[1] > py) != (b[1] > py) {
                    let cross = a[0] + (py - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
                    is_inside ^= px < cross;
                }
                // The lower edge is no outline: the suit goes on there.
                if a[1] < 511.0 || b[1] < 511.0 {
                    far = far.min(distance([px, py], a, b));
                }
            }
            let signed = if is_inside { far } else { -far };
            mask[y * SIDE + x] = (255.0 * smoothstep(-1.0, 2.4, signed)) as u8;
        }
    }
    mask
}

fn distance(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    ((p[0] - a[0] - t * dx).powi(2) + (p[1] - a[1] - t * dy).powi(2)).sqrt()
}
