//! Our plate detector: for each cell of its grids a score, and the plate's four corners.

use super::{Scored, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::{BoxInImage, PointInImage};

/// Two plates never overlap by this much; two cells that see one plate do.
const IOU_MAX: f32 = 0.4;

/// A plate in pixels of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawPlate {
    /// The box around the corners.
    pub bounds: BoxInImage,
    /// From the top left, clockwise; detectors of boxes give none.
    pub corners: Option<[PointInImage; 4]>,
    /// The score in [0, 1].
    pub score: f32,
}

impl Scored for RawPlate {
    fn bounds(&self) -> BoxInImage {
        self.bounds
    }

    fn score(&self) -> f32 {
        self.score
    }
}

/// `scores` is 1 x cells, `corners` 1 x cells x 8: x and y of each corner from the top left,
/// clockwise, in pixels of the input.
pub fn decode(tensors: &[TensorView<'_>], score_min: f32) -> Result<Vec<RawPlate>, InferenceError> {
    let [scores, corners] = tensors else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: vec![tensors.len()],
            expected: "scores and corners",
        });
    };
    let n = match scores.shape[..] {
        [1, n] if scores.data.len() == n => n,
        _ => return Err(scores.unexpected("1 x cells")),
    };
    if corners.shape[..] != [1, n, 8] || corners.data.len() != n * 8 {
        return Err(corners.unexpected("1 x cells x 8"));
    }
    let found = scores.data.iter().zip(corners.data.chunks_exact(8));
    let plate = |(score, numbers): (&f32, &[f32])| {
        (score_min <= *score)
            .then(|| quadrilateral(numbers))
            .flatten()
            .map(|corners| RawPlate {
                bounds: around(&corners),
                corners: Some(corners),
                score: score.min(1.0),
            })
    };
    Ok(suppress_doubles(found.filter_map(plate).collect(), IOU_MAX))
}

/// The corners, when they are those of a plate seen from its front: finite, convex, clockwise. A
/// plate that is read inside out would be read mirrored.
fn quadrilateral(numbers: &[f32]) -> Option<[PointInImage; 4]> {
    let at = |n: usize| PointInImage {
        x: numbers[2 * n],
        y: numbers[2 * n + 1],
    };
    let corners = [at(0), at(1), at(2), at(3)];
    let is_finite = numbers.iter().all(|v| v.is_finite());
    (is_finite && is_convex_clockwise(&corners)).then_some(corners)
}

/// Whether each corner turns to the right, with y downwards.
fn is_convex_clockwise(corners: &[PointInImage; 4]) -> bool {
    (0..4).all(|n| {
        let (a, b, c) = (corners[n], corners[(n + 1) % 4], corners[(n + 2) % 4]);
        0.0 < (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)
    })
}

fn around(corners: &[PointInImage; 4]) -> BoxInImage {
    let [xs, ys] = [corners.map(|p| p.x), corners.map(|p| p.y)];
    let low = |values: [f32; 4]| values.into_iter().fold(f32::INFINITY, f32::min);
    let high = |values: [f32; 4]| values.into_iter().fold(f32::NEG_INFINITY, f32::max);
    BoxInImage::new(low(xs), low(ys), high(xs), high(ys))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPRIGHT: [f32; 8] = [10., 20., 50., 22., 50., 42., 10., 40.];

    fn found(rows: &[(f32, [f32; 8])]) -> Vec<RawPlate> {
        let scores: Vec<f32> = rows.iter().map(|row| row.0).collect();
        let corners: Vec<f32> = rows.iter().flat_map(|row| row.1).collect();
        let views = [
            TensorView::new("scores", &[1, rows.len()], &scores),
            TensorView::new("corners", &[1, rows.len(), 8], &corners),
        ];
        decode(&views, 0.3).unwrap()
    }

    #[test]
    fn a_cell_gives_its_corners_and_the_box_around_them() {
        let moved = UPRIGHT.map(|v| v + 200.0);
        let plates = found(&[(0.6, UPRIGHT), (0.9, UPRIGHT), (0.2, moved), (0.5, moved)]);
        assert_eq!(plates.len(), 2, "doubles and weak ones are left out");
        assert_eq!(plates[0].score, 0.9);
        assert_eq!(plates[0].bounds, BoxInImage::new(10., 20., 50., 42.));
        let corners = plates[0].corners.unwrap();
        assert_eq!((corners[1].x, corners[1].y), (50.0, 22.0));
        assert_eq!(plates[1].bounds.x_min, 210.0);
    }

    #[test]
    fn what_is_no_plate_from_its_front_is_left_out() {
        let mut mirrored = UPRIGHT;
        mirrored.swap(0, 2);
        mirrored.swap(4, 6);
        let mut crossed = UPRIGHT;
        crossed.swap(0, 4);
        crossed.swap(1, 5);
        let mut endless = UPRIGHT;
        endless[3] = f32::INFINITY;
        let point = [7.0; 8];
        for bad in [mirrored, crossed, endless, point, [f32::NAN; 8]] {
            assert_eq!(found(&[(0.9, bad)]), []);
        }
        assert_eq!(found(&[(f32::NAN, UPRIGHT)]), []);
        assert_eq!(found(&[(7.0, UPRIGHT)])[0].score, 1.0);
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], 0.3).is_err());
        let scores = TensorView::new("scores", &[1, 2], &[0.5, 0.5]);
        let few = TensorView::new("corners", &[1, 1, 8], &UPRIGHT);
        assert!(decode(&[scores, few], 0.3).is_err());
    }
}
