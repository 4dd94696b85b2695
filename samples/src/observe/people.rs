//! What is true of everybody on foot.

use super::{clip, tenth};
use crate::{
    plan::{
        Plan, entrance, frame_at, seconds,
        walk::{Walker, WalkerNow},
    },
    space::NEAR_M,
    truth::{BoxPx, LineTruth, PersonInFrame, PersonTruth, ShowsTruth},
};

/// How far somebody reaches from the middle at a height: shares of the whole height, across and
/// along.
const OUTLINE: [[f32; 3]; 6] = [
    [0.0, 0.1, 0.16],
    [0.04, 0.1, 0.2],
    [0.5, 0.17, 0.13],
    [0.8, 0.16, 0.08],
    [0.92, 0.05, 0.07],
    [1.0, 0.02, 0.03],
];

/// Somebody of whom fewer pixels than this are in the picture, in either direction, is not there.
const SEEN_PX_MIN: f32 = 12.0;

/// Everybody over the whole scene.
pub(super) fn people(plan: &Plan) -> Vec<PersonTruth> {
    let person = |(k, walker): (usize, &Walker)| PersonTruth {
        id: k as u32 + 1,
        arrive_frame: frame_at(walker.starts_s),
        leave_frame: frame_at(walker.ends_s()).saturating_sub(1),
        crossings: crossings(plan, walker),
        shows: walker.shows.map(|(from_s, to_s, text)| ShowsTruth {
            text: text as u32,
            from_frame: frame_at(from_s),
            to_frame: frame_at(to_s).saturating_sub(1),
        }),
    };
    plan.walkers.iter().enumerate().map(person).collect()
}

fn crossings(plan: &Plan, walker: &Walker) -> Vec<LineTruth> {
    if plan.spec.kind != crate::SceneKind::Entrance {
        return Vec::new();
    }
    let side = |frame: u32| {
        let now = walker.at(seconds(frame))?;
        Some(now.pose.y < entrance::LINE_Y)
    };
    let mut crossings = Vec::new();
    let mut last = None;
    for frame in 0..plan.n_frames {
        let now = side(frame);
        if let (Some(before), Some(is_in)) = (last, now)
            && before != is_in
        {
            crossings.push(LineTruth { frame, is_in });
        }
        last = now;
    }
    crossings
}

/// Everybody in one frame who is not behind the wall.
pub(super) fn in_frame(plan: &Plan, frame: u32) -> Vec<PersonInFrame> {
    let seen = |(k, walker): (usize, &Walker)| {
        let now = walker.at(seconds(frame))?;
        let is_before_wall = now.pose.y < entrance::WALL_Y;
        let bounds = bounds(plan, walker, &now).filter(|_| is_before_wall)?;
        Some(PersonInFrame {
            id: k as u32 + 1,
            bounds,
        })
    };
    plan.walkers.iter().enumerate().filter_map(seen).collect()
}

fn bounds(plan: &Plan, walker: &Walker, now: &WalkerNow) -> Option<BoxPx> {
    let tall = walker.figure.tall_m;
    let mut full = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    for [high, across, along] in OUTLINE {
        for k in 0..8 {
            let (sin, cos) = (k as f32 / 8.0 * std::f32::consts::TAU).sin_cos();
            let p = [cos * across * tall, sin * along * tall, high * tall];
            let seen = plan.camera.see(now.pose.place(p));
            if seen.depth < NEAR_M {
                continue;
            }
            full = [
                full[0].min(seen.x),
                full[1].min(seen.y),
                full[2].max(seen.x),
                full[3].max(seen.y),
            ];
        }
    }
    let inside = clip(full);
    let is_seen = SEEN_PX_MIN <= inside[2] - inside[0] && SEEN_PX_MIN <= inside[3] - inside[1];
    is_seen.then(|| inside.map(tenth))
}
