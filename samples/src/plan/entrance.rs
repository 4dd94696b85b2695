//! The entrance: people walk in and out through an opening in a wall, over a line in front of the
//! camera. Some come in pairs, some turn back before the line.

use super::{
    Plan, seconds,
    walk::{Walker, distance},
};
use crate::{
    body::Figure,
    seeded::Seeded,
    space::Camera,
    spec::{FPS, SceneSpec},
};

/// The line that is counted across.
pub(crate) const LINE_Y: f32 = 7.6;
/// Half its length.
pub(crate) const LINE_HALF: f32 = 2.9;
/// How high the middle of somebody is: a line in the picture is drawn at this height, because
/// boxes cross it with their middle.
pub(crate) const MIDDLE_M: f32 = 0.85;
/// The wall.
pub(crate) const WALL_Y: f32 = 12.5;
/// Half the opening in it.
pub(crate) const OPENING_HALF: f32 = 2.5;

/// Nobody comes nearer to anybody else than this.
const APART_M: f32 = 0.62;
/// Beside the opening, hidden by the wall, people begin and end here.
const OUTSIDE: [f32; 2] = [6.6, 16.5];
/// Under the camera, out of its picture.
const INSIDE_Y: f32 = -0.4;

pub(crate) fn camera() -> Camera {
    Camera::new([0.0, 0.0, 3.1], 0.0, 19.0, 900.0)
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    In,
    Out,
    /// Comes in, and goes out again before the line.
    NotIn,
    /// Goes out, and comes back before the line.
    NotOut,
}

pub(crate) fn plan(spec: &SceneSpec) -> Plan {
    let mut r = Seeded::new(spec.seed, 5);
    let n_frames = (spec.duration_s * f64::from(FPS)).round().max(1.0) as u32;
    let mut walkers: Vec<Walker> = Vec::new();
    let mut at_s = 0.2;
    while at_s < spec.duration_s {
        let n = if r.unit() < 0.25 { 2 } else { 1 };
        let errand = match r.below(10) {
            0..5 => Errand::In,
            5..8 => Errand::Out,
            8 => Errand::NotIn,
            _ => Errand::NotOut,
        };
        let n = if matches!(errand, Errand::In | Errand::Out) {
            n
        } else {
            1
        };
        add_group(&mut walkers, (errand, n), (at_s, seconds(n_frames)), &mut r);
        at_s += f64::from(r.between(1.6, 3.4));
    }
    Plan {
        camera: camera(),
        walkers,
        ..Plan::empty(spec, n_frames)
    }
}

/// Adds one, or two side by side, who come in nobody's way; nobody when there is no room.
fn add_group(
    walkers: &mut Vec<Walker>,
    (errand, n): (Errand, usize),
    (starts_s, until_s): (f64, f64),
    r: &mut Seeded,
) {
    for _try in 0..8 {
        let speed = f64::from(r.between(1.0, 1.5));
        let side = if r.unit() < 0.5 { -1.0 } else { 1.0 };
        let x = r.between(-1.7, 1.7);
        let group: Vec<Walker> = (0..n)
            .map(|k| {
                let apart = 0.8 * (k as f32 - 0.5 * (n - 1) as f32);
                let points = points(errand, x + apart, side, r);
                Walker::along(Figure::new(r), (starts_s, speed), &points)
            })
            .collect();
        // Whoever could not be seen to the end does not begin.
        let is_free = |walker: &Walker| {
            walker.ends_s() < until_s && walkers.iter().all(|other| are_apart(walker, other))
        };
        if group.iter().all(is_free) && group.windows(2).all(|two| are_apart(&two[0], &two[1])) {
            walkers.extend(group);
            return;
        }
    }
}

fn points(errand: Errand, x: f32, side: f32, r: &mut Seeded) -> Vec<[f32; 2]> {
    let drift = |r: &mut Seeded| r.between(-0.25, 0.25);
    let before = [x + drift(r), INSIDE_Y];
    let opening = [(x + drift(r)).clamp(-1.9, 1.9), WALL_Y];
    let outside = [
        [opening[0] + 0.3 * side, WALL_Y + 1.4],
        [OUTSIDE[0] * side, OUTSIDE[1]],
    ];
    let at_line = [x, LINE_Y];
    let turn_y = |far: f32| LINE_Y + far;
    match errand {
        Errand::In => vec![outside[1], outside[0], opening, at_line, before],
        Errand::Out => vec![before, at_line, opening, outside[0], outside[1]],
        Errand::NotIn => {
            let y = turn_y(r.between(1.3, 2.2));
            let back = [x + 0.45 * side, y];
            vec![
                outside[1],
                outside[0],
                opening,
                [x, y],
                back,
                opening,
                outside[0],
                outside[1],
            ]
        }
        Errand::NotOut => {
            let y = turn_y(-r.between(1.4, 2.2));
            vec![
                before,
                [x, y],
                [x + 0.45 * side, y],
                [before[0] + 0.5 * side, INSIDE_Y],
            ]
        }
    }
}

fn are_apart(a: &Walker, b: &Walker) -> bool {
    let from = a.starts_s.max(b.starts_s);
    let until = a.ends_s().min(b.ends_s());
    let n = ((until - from) / 0.1).max(0.0) as u32;
    (0..=n).all(|k| {
        let t = from + 0.1 * f64::from(k);
        let (Some(a), Some(b)) = (a.at(t), b.at(t)) else {
            return true;
        };
        APART_M < distance([a.pose.x, a.pose.y], [b.pose.x, b.pose.y])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SceneKind;

    #[test]
    fn people_go_in_and_out_and_nobody_through_anybody() {
        for seed in 0..40 {
            let plan = plan(&SceneSpec::new(SceneKind::Entrance, seed));
            let n = plan.walkers.len();
            assert!((8..40).contains(&n), "seed {seed}: {n}");
            let is_inside = |y: f32| y < LINE_Y;
            let crosses = |walker: &&Walker| {
                let end = walker.legs.last().map(|leg| leg.to[1]);
                end.is_some_and(|end| is_inside(end) != is_inside(walker.from[1]))
            };
            let n_crossing = plan.walkers.iter().filter(crosses).count();
            assert!(5 <= n_crossing, "seed {seed}: {n_crossing}");
            for (k, walker) in plan.walkers.iter().enumerate() {
                assert!(walker.ends_s() < 60.0);
                assert!(
                    plan.walkers[..k]
                        .iter()
                        .all(|other| are_apart(walker, other))
                );
            }
        }
    }
}
