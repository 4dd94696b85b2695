//! How things move: exact pieces of constant acceleration along a lane that may bend.

use crate::space::Pose;

/// A piece of motion.
#[derive(Clone, Copy, Debug)]
struct Piece {
    seconds: f64,
    accel: f64,
}

/// Motion along a path: a start, then pieces of constant acceleration. After the last piece the
/// speed stays.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    start_s: f64,
    start_m: f64,
    start_mps: f64,
    pieces: Vec<Piece>,
}

/// Where along its path a thing is, and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Motion {
    pub(crate) at_m: f64,
    pub(crate) speed_mps: f64,
    pub(crate) accel: f64,
}

impl Profile {
    pub(crate) fn new(start_s: f64, start_m: f64, start_mps: f64) -> Self {
        Self {
            start_s,
            start_m,
            start_mps,
            pieces: Vec::new(),
        }
    }

    /// Keeps its speed until it is at `to_m`, then brakes with `decel` so that it stands at
    /// `stop_m`.
    #[must_use]
    pub(crate) fn stopping_at(mut self, stop_m: f64, decel: f64) -> Self {
        let now = self.end();
        let braking_m = now.speed_mps * now.speed_mps / (2.0 * decel);
        let cruise_m = (stop_m - now.at_m - braking_m).max(0.0);
        let decel = if cruise_m > 0.0 {
            decel
        } else {
            now.speed_mps * now.speed_mps / (2.0 * (stop_m - now.at_m).max(0.1))
        };
        self.pieces.push(Piece {
            seconds: cruise_m / now.speed_mps,
            accel: 0.0,
        });
        self.pieces.push(Piece {
            seconds: now.speed_mps / decel,
            accel: -decel,
        });
        self
    }

    #[must_use]
    pub(crate) fn waiting(mut self, seconds: f64) -> Self {
        self.pieces.push(Piece {
            seconds,
            accel: 0.0,
        });
        self
    }

    /// Changes speed evenly; a negative target is reversing.
    #[must_use]
    pub(crate) fn reaching(mut self, speed_mps: f64, accel: f64) -> Self {
        let change = speed_mps - self.end().speed_mps;
        let seconds = (change / accel).abs();
        self.pieces.push(Piece {
            seconds,
            accel: if change < 0.0 {
                -accel.abs()
            } else {
                accel.abs()
            },
        });
        self
    }

    /// When the last piece ends.
    pub(crate) fn end_s(&self) -> f64 {
        self.start_s + self.pieces.iter().map(|p| p.seconds).sum::<f64>()
    }

    fn end(&self) -> Motion {
        self.at(self.end_s())
    }

    pub(crate) fn at(&self, t: f64) -> Motion {
        let mut left = (t - self.start_s).max(0.0);
        let (mut at_m, mut speed) = (self.start_m, self.start_mps);
        for piece in &self.pieces {
            let dt = left.min(piece.seconds);
            at_m += speed * dt + piece.accel * dt * dt / 2.0;
            speed += piece.accel * dt;
            left -= dt;
            if left <= 0.0 && dt < piece.seconds {
                return Motion {
                    at_m,
                    speed_mps: speed,
                    accel: piece.accel,
                };
            }
        }
        Motion {
            at_m: at_m + speed * left,
            speed_mps: speed,
            accel: 0.0,
        }
    }

    /// The first moment after `from_s` at which it has passed `at_m`, to a millisecond.
    pub(crate) fn passes(&self, at_m: f64, from_s: f64, until_s: f64) -> Option<f64> {
        let mut t = from_s;
        while t < until_s {
            if at_m <= self.at(t).at_m {
                return Some(t);
            }
            t += 0.001;
        }
        None
    }
}

/// Where a lane leads: straight on at `x`, then perhaps a quarter turn to the left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) x: f32,
    /// Where the turn begins, and its radius.
    pub(crate) left_turn: Option<(f32, f32)>,
}

/// The axle that a vehicle turns about lies this far before its rear end.
const AXLE_M: f32 = 0.9;

impl Path {
    /// The pose of a vehicle whose rear end has come `at_m` along the path.
    pub(crate) fn pose(&self, at_m: f32) -> Pose {
        let axle = at_m + AXLE_M;
        let Some((from, radius)) = self.left_turn.filter(|(from, _)| *from < axle) else {
            return Pose {
                x: self.x,
                y: at_m,
                heading: 0.0,
            };
        };
        let quarter = std::f32::consts::FRAC_PI_2;
        let heading = ((axle - from) / radius).min(quarter);
        let beyond = (axle - from - radius * quarter).max(0.0);
        let (sin, cos) = heading.sin_cos();
        Pose {
            x: self.x - radius + radius * cos - beyond + AXLE_M * sin,
            y: from + radius * sin - AXLE_M * cos,
            heading,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_where_it_should_and_goes_on() {
        let profile = Profile::new(2.0, -5.0, 4.0)
            .stopping_at(6.5, 2.0)
            .waiting(2.5)
            .reaching(5.0, 2.0);
        let standing = profile.at(profile.end_s() - 2.5 - 1.0);
        assert!((standing.at_m - 6.5).abs() < 1e-9 && standing.speed_mps.abs() < 1e-9);
        assert!((profile.at(1000.0).speed_mps - 5.0).abs() < 1e-9);
        let passed = profile.passes(6.6, 0.0, 60.0).unwrap();
        assert!((profile.at(passed).at_m - 6.6).abs() < 0.01);
    }

    #[test]
    fn a_turn_is_continuous() {
        let path = Path {
            x: 1.5,
            left_turn: Some((14.0, 6.0)),
        };
        let mut last = path.pose(10.0);
        for k in 1..200 {
            let next = path.pose(10.0 + 0.1 * k as f32);
            let step = ((next.x - last.x).powi(2) + (next.y - last.y).powi(2)).sqrt();
            assert!(
                step < 0.13 && (next.heading - last.heading).abs() < 0.03,
                "{k}"
            );
            last = next;
        }
        assert!(last.x < -10.0);
    }
}
