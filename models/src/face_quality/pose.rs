//! How a head is turned, from five landmarks.

use domain::PointInImage;

/// Where the landmarks of a head that looks ahead are: to the right and down in the picture, and
/// towards the camera. Right and down are ArcFace's template, but for the nose, which our detectors
/// mark a tenth of the eyes' distance lower in portraits; the depth is that of a mean head: the tip
/// of the nose stands half a distance of the eyes before them.
const HEAD: [[f32; 3]; 5] = [
    [-17.62, -20.18, 0.0],
    [17.62, -20.18, 0.0],
    [0.0, 3.5, 17.0],
    [-14.59, 20.5, 2.0],
    [14.59, 20.5, 2.0],
];

/// Angles of a head, in degrees; all 0 when it looks into the camera. They are estimates from five
/// points of a mean head, good to some five degrees up to 45.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// To a side; positive towards the right of the picture.
    pub yaw_deg: f32,
    /// Up or down; positive is down.
    pub pitch_deg: f32,
    /// Towards a shoulder; positive is clockwise in the picture.
    pub roll_deg: f32,
}

impl Pose {
    /// Under weak perspective: the 2 x 3 matrix that brings the mean head nearest to the points, by
    /// least squares, after the line of the eyes was made level. `None` when the points coincide.
    pub fn of(points: &[PointInImage; 5]) -> Option<Self> {
        let roll = (points[1].y - points[0].y).atan2(points[1].x - points[0].x);
        let (sin, cos) = roll.sin_cos();
        let level = points.map(|p| [cos * p.x + sin * p.y, cos * p.y - sin * p.x]);
        let (head, seen) = (centred(&HEAD), centred(&level));
        let inverse = inverse(&products(&head, &head))?;
        let [across, down] = products(&seen, &head).map(|row| {
            std::array::from_fn::<f32, 3, _>(|at| (0..3).map(|k| row[k] * inverse[k][at]).sum())
        });
        let pose = Self {
            yaw_deg: across[2].atan2(across[0]).to_degrees(),
            pitch_deg: down[2].atan2(down[1]).to_degrees(),
            roll_deg: roll.to_degrees(),
        };
        let angles = [pose.yaw_deg, pose.pitch_deg, pose.roll_deg];
        (angles.iter().all(|angle| angle.is_finite()) && across[0] != 0.0).then_some(pose)
    }
}

fn centred<const D: usize>(points: &[[f32; D]; 5]) -> [[f32; D]; 5] {
    let mean: [f32; D] = std::array::from_fn(|d| points.iter().map(|p| p[d]).sum::<f32>() / 5.0);
    points.map(|p| std::array::from_fn(|d| p[d] - mean[d]))
}

/// Sums over the points of the products of their coordinates.
fn products<const A: usize, const B: usize>(a: &[[f32; A]; 5], b: &[[f32; B]; 5]) -> [[f32; B]; A] {
    std::array::from_fn(|i| {
        std::array::from_fn(|j| a.iter().zip(b).map(|(a, b)| a[i] * b[j]).sum())
    })
}

fn inverse(m: &[[f32; 3]; 3]) -> Option<[[f32; 3]; 3]> {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f32 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    (determinant.abs() > f32::EPSILON)
        .then(|| std::array::from_fn(|r| std::array::from_fn(|c| minor(c, r) / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean head, turned by yaw, then pitch, then roll, and seen from afar.
    fn seen([yaw, pitch, roll]: [f32; 3], scale: f32) -> [PointInImage; 5] {
        let turn = |a: f32, b: f32, angle: f32| {
            let (sin, cos) = angle.to_radians().sin_cos();
            (cos * a + sin * b, cos * b - sin * a)
        };
        HEAD.map(|[x, y, z]| {
            let (x, z) = turn(x, z, yaw);
            let (y, _z) = turn(y, z, pitch);
            let (x, y) = turn(x, y, -roll);
            PointInImage {
                x: 300.0 + scale * x,
                y: 200.0 + scale * y,
            }
        })
    }

    #[test]
    fn angles_come_out_as_they_were_put_in() {
        for scale in [0.5, 1.0, 6.0] {
            for angles in [
                [0.0, 0.0, 0.0],
                [30.0, 0.0, 0.0],
                [-20.0, 0.0, 0.0],
                [0.0, 25.0, 0.0],
                [0.0, -15.0, 0.0],
                [0.0, 0.0, 40.0],
                [10.0, 10.0, -30.0],
            ] {
                let pose = Pose::of(&seen(angles, scale)).unwrap();
                let found = [pose.yaw_deg, pose.pitch_deg, pose.roll_deg];
                let is_near = found.iter().zip(angles).all(|(a, b)| (a - b).abs() < 3.0);
                assert!(is_near, "{angles:?}: {found:?}");
            }
        }
    }

    #[test]
    fn points_in_one_place_have_no_pose() {
        let none = Pose::of(&[PointInImage { x: 3.0, y: 4.0 }; 5]);
        assert_eq!(none, None);
        let far = PointInImage {
            x: f32::INFINITY,
            y: 0.0,
        };
        assert_eq!(Pose::of(&[far; 5]), None);
    }
}
