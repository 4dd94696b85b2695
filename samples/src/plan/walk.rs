//! How people walk: along a line of points, at a steady speed, with stops.

use crate::{
    body::{Figure, Gait, STRIDE_M},
    space::Pose,
};

/// One stretch: where it ends, and how long somebody stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leg {
    pub(crate) to: [f32; 2],
    pub(crate) stands_s: f64,
}

/// Somebody on foot.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    pub(crate) figure: Figure,
    pub(crate) starts_s: f64,
    pub(crate) speed_mps: f64,
    pub(crate) from: [f32; 2],
    pub(crate) legs: Vec<Leg>,
    /// From when to when something is held out, and which of the shown texts it is.
    pub(crate) shows: Option<(f64, f64, usize)>,
}

/// Somebody at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WalkerNow {
    pub(crate) pose: Pose,
    pub(crate) gait: Gait,
}

/// Within this way a corner is walked round, and a walk begins or ends.
const BEND_M: f32 = 0.3;

/// Within this time the feet come together, and somebody turns to where they walked to.
const SETTLES_S: f64 = 0.4;

impl Walker {
    /// Straight from point to point without a stop.
    pub(crate) fn along(
        figure: Figure,
        (starts_s, speed_mps): (f64, f64),
        points: &[[f32; 2]],
    ) -> Self {
        let leg = |to: &[f32; 2]| Leg {
            to: *to,
            stands_s: 0.0,
        };
        Self {
            figure,
            starts_s,
            speed_mps,
            from: points[0],
            legs: points[1..].iter().map(leg).collect(),
            shows: None,
        }
    }

    /// When the last point is reached.
    pub(crate) fn ends_s(&self) -> f64 {
        let mut from = self.from;
        let mut at = self.starts_s;
        for leg in &self.legs {
            at += f64::from(distance(from, leg.to)) / self.speed_mps + leg.stands_s;
            from = leg.to;
        }
        at
    }

    /// How far somebody has come, metres, and how much of them stands: 0 walking to 1 standing.
    fn walked(&self, t: f64) -> (f32, f32) {
        let (mut from, mut left, mut way) = (self.from, t - self.starts_s, 0.0);
        for leg in &self.legs {
            let length = distance(from, leg.to);
            let lasts_s = f64::from(length) / self.speed_mps;
            if left < lasts_s {
                return (way + (left * self.speed_mps) as f32, 0.0);
            }
            (left, way, from) = (left - lasts_s, way + length, leg.to);
            if left < leg.stands_s {
                let nearest_end = left.min(leg.stands_s - left);
                return (way, (nearest_end / SETTLES_S).min(1.0) as f32);
            }
            left -= leg.stands_s;
        }
        (way, 1.0)
    }

    fn point(&self, way: f32) -> [f32; 2] {
        let (mut from, mut left) = (self.from, way);
        for leg in &self.legs {
            let length = distance(from, leg.to);
            if left <= length {
                let share = left / length.max(1e-6);
                return [0, 1].map(|k| from[k] + (leg.to[k] - from[k]) * share);
            }
            left -= length;
            from = leg.to;
        }
        from
    }

    /// Nothing before the start and after the end.
    pub(crate) fn at(&self, t: f64) -> Option<WalkerNow> {
        if t < self.starts_s || self.ends_s() <= t {
            return None;
        }
        let (way, stands) = self.walked(t);
        let (before, after) = (
            self.point((way - BEND_M).max(0.0)),
            self.point(way + BEND_M),
        );
        let [x, y] = self.point(way);
        // Who walks looks ahead round the corner, who stands to where they came.
        let ahead = [0, 1].map(|k| {
            let (walking, standing) = (after[k] - before[k], [x, y][k] - before[k]);
            walking + (standing - walking) * stands
        });
        let is_showing = self.shows.is_some_and(|(from, to, _)| from <= t && t < to);
        Some(WalkerNow {
            pose: Pose {
                x,
                y,
                heading: -ahead[0].atan2(ahead[1]),
            },
            gait: Gait {
                phase: way / (STRIDE_M * self.figure.tall_m / 1.7) * std::f32::consts::TAU,
                swing: 1.0 - stands,
                is_showing,
            },
        })
    }
}

pub(crate) fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;

    #[test]
    fn somebody_walks_stands_and_turns_without_a_jump() {
        let figure = Figure::new(&mut Seeded::new(1, 1));
        let mut walker = Walker::along(
            figure,
            (1.0, 1.25),
            &[[0.0, 0.0], [0.0, 5.0], [0.3, 5.0], [0.3, 0.0]],
        );
        walker.legs[0].stands_s = 2.0;
        assert!((walker.ends_s() - (1.0 + 10.3 / 1.25 + 2.0)).abs() < 1e-5);
        assert_eq!(walker.at(0.99), None);
        let mut last = walker.at(1.0).unwrap();
        for k in 1..400 {
            let Some(now) = walker.at(1.0 + 0.02 * f64::from(k)) else {
                break;
            };
            let step = distance([last.pose.x, last.pose.y], [now.pose.x, now.pose.y]);
            assert!(step < 0.03, "{k}: {step}");
            last = now;
        }
        let standing = walker.at(1.0 + 4.0 + 1.5).unwrap();
        assert_eq!((standing.pose.y, standing.gait.swing), (5.0, 0.0));
        // Back: the other way round.
        let back = walker.at(walker.ends_s() - 0.1).unwrap();
        assert!((back.pose.heading.abs() - std::f32::consts::PI).abs() < 0.01);
    }
}
