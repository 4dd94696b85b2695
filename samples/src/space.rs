//! Vectors and the camera: metres, x to the right, y away from the camera along the road, z up.

use domain::PointInImage;

pub(crate) type V3 = [f32; 3];

pub(crate) fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scale(a: V3, s: f32) -> V3 {
    [a[0] * s, a[1] * s, a[2] * s]
}

pub(crate) fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: V3, b: V3) -> V3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(crate) fn unit(a: V3) -> V3 {
    let length = dot(a, a).sqrt();
    if length < 1e-9 {
        [0.0, 0.0, 1.0]
    } else {
        scale(a, 1.0 / length)
    }
}

/// Where a thing stands on the ground and which way it points (radians, 0 = along +y, positive = to
/// the left).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) heading: f32,
}

impl Pose {
    pub(crate) fn turn(&self, v: V3) -> V3 {
        let (sin, cos) = self.heading.sin_cos();
        [v[0] * cos - v[1] * sin, v[0] * sin + v[1] * cos, v[2]]
    }

    pub(crate) fn place(&self, p: V3) -> V3 {
        add(self.turn(p), [self.x, self.y, 0.0])
    }
}

/// A point as the camera sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Along the optical axis, metres.
    pub(crate) depth: f32,
}

/// A pin-hole camera with one term of radial distortion.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    pub(crate) position: V3,
    right: V3,
    up: V3,
    forward: V3,
    pub(crate) focal_px: f32,
    pub(crate) centre_px: [f32; 2],
    /// Negative bends straight lines outwards (barrel).
    pub(crate) k1: f32,
}

/// Nearer than this nothing is drawn.
pub(crate) const NEAR_M: f32 = 0.5;

impl Camera {
    /// `yaw_deg` turns to the right, `pitch_deg` down.
    pub(crate) fn new(position: V3, yaw_deg: f32, pitch_deg: f32, focal_px: f32) -> Self {
        let (yaw_sin, yaw_cos) = yaw_deg.to_radians().sin_cos();
        let (pitch_sin, pitch_cos) = pitch_deg.to_radians().sin_cos();
        let forward = [yaw_sin * pitch_cos, yaw_cos * pitch_cos, -pitch_sin];
        let right = [yaw_cos, -yaw_sin, 0.0];
        Self {
            position,
            right,
            up: cross(right, forward),
            forward,
            focal_px,
            centre_px: [640.0, 360.0],
            k1: -0.08,
        }
    }

    pub(crate) fn see(&self, p: V3) -> Seen {
        let d = sub(p, self.position);
        let depth = dot(d, self.forward);
        let z = depth.max(NEAR_M * 0.5);
        let (u, v) = (dot(d, self.right) / z, -dot(d, self.up) / z);
        let bend = 1.0 + self.k1 * (u * u + v * v).min(1.0);
        Seen {
            x: self.centre_px[0] + self.focal_px * u * bend,
            y: self.centre_px[1] + self.focal_px * v * bend,
            depth,
        }
    }

    /// The direction that a pixel looks in.
    pub(crate) fn look(&self, x: f32, y: f32) -> V3 {
        let (du, dv) = (
            (x - self.centre_px[0]) / self.focal_px,
            (y - self.centre_px[1]) / self.focal_px,
        );
        let (mut u, mut v) = (du, dv);
        // Distortion is slight, so this fixed point is reached to a hundredth of a pixel in four
        // steps.
        for _ in 0..4 {
            let bend = 1.0 + self.k1 * (u * u + v * v).min(1.0);
            (u, v) = (du / bend, dv / bend);
        }
        unit(add(
            add(scale(self.right, u), scale(self.up, -v)),
            self.forward,
        ))
    }

    pub(crate) fn point(&self, p: V3) -> PointInImage {
        let seen = self.see(p);
        PointInImage {
            x: seen.x,
            y: seen.y,
        }
    }

    /// The matrix that takes (x, y, 1) on the ground to the picture, the slight lens distortion
    /// left out.
    pub(crate) fn image_from_ground(&self) -> [[f64; 3]; 3] {
        let axes = [self.right, scale(self.up, -1.0), self.forward];
        let rows: Vec<[f64; 3]> = axes
            .iter()
            .map(|axis| {
                [
                    f64::from(axis[0]),
                    f64::from(axis[1]),
                    -f64::from(dot(*axis, self.position)),
                ]
            })
            .collect();
        let (f, c) = (f64::from(self.focal_px), self.centre_px.map(f64::from));
        let mut m = [[0.0; 3]; 3];
        for k in 0..3 {
            m[0][k] = f * rows[0][k] + c[0] * rows[2][k];
            m[1][k] = f * rows[1][k] + c[1] * rows[2][k];
            m[2][k] = rows[2][k];
        }
        m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_undoes_seeing() {
        let camera = Camera::new([0.3, 0.0, 3.0], 12.0, 14.0, 1700.0);
        let p = [2.5, 9.0, 0.4];
        let seen = camera.see(p);
        let ray = camera.look(seen.x, seen.y);
        let to = unit(sub(p, camera.position));
        assert!(dot(ray, to) > 0.999_999, "{ray:?} {to:?}");
    }

    #[test]
    fn what_lies_ahead_is_right_of_what_lies_left_and_lower_when_nearer() {
        let camera = Camera::new([0.0, 0.0, 3.0], 0.0, 14.0, 1700.0);
        let (left, right) = (camera.see([-1.0, 8.0, 0.0]), camera.see([1.0, 8.0, 0.0]));
        let near = camera.see([0.0, 7.0, 0.0]);
        assert!(left.x < right.x && left.y < near.y);
    }
}
