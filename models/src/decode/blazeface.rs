//! BlazeFace for faces in the distance: 256 x 256, 896 anchors, six landmarks.

use super::{RawFace, exactly, sigmoid, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::{BoxInImage, PointInImage};

const IOU_MAX: f32 = 0.3;
const SIDE_PX: usize = 256;
/// Pixels between anchors, and anchors in one place.
const LEVELS: [(usize, usize); 2] = [(16, 2), (32, 6)];
/// The box, then right eye, left eye, nose tip, middle of the mouth, right ear, left ear.
const N_NUMBERS: usize = 16;
/// Half the width of a mouth for one distance between the eyes, as in ArcFace's template.
const HALF_MOUTH: f32 = 0.41;

/// Faces in pixels of the 256 x 256 input, from the outputs `[scores, scores, boxes, boxes]`, finer
/// grid first.
pub fn decode(tensors: &[TensorView<'_>], score_min: f32) -> Result<Vec<RawFace>, InferenceError> {
    let [scores_0, scores_1, boxes_0, boxes_1] = tensors else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: vec![tensors.len()],
            expected: "four outputs",
        });
    };
    let mut found = Vec::new();
    for ((step, n_here), (scores, boxes)) in LEVELS
        .into_iter()
        .zip([(scores_0, boxes_0), (scores_1, boxes_1)])
    {
        let columns = SIDE_PX / step;
        let n = columns * columns * n_here;
        let scores = exactly(scores, &[1, n, 1], "1 x anchors x 1")?;
        let boxes = exactly(boxes, &[1, n, N_NUMBERS], "1 x anchors x 16")?;
        for (index, (logit, numbers)) in
            scores.iter().zip(boxes.chunks_exact(N_NUMBERS)).enumerate()
        {
            let score = sigmoid(*logit);
            if score_min <= score {
                let cell = index / n_here;
                let anchor = PointInImage {
                    x: (cell % columns * step) as f32 + step as f32 / 2.0,
                    y: (cell / columns * step) as f32 + step as f32 / 2.0,
                };
                found.push(face(anchor, score, numbers));
            }
        }
    }
    Ok(suppress_doubles(found, IOU_MAX))
}

fn face(anchor: PointInImage, score: f32, n: &[f32]) -> RawFace {
    let (x, y) = (anchor.x + n[0], anchor.y + n[1]);
    let (half_width, half_height) = (n[2] / 2.0, n[3] / 2.0);
    let point = |i: usize| PointInImage {
        x: anchor.x + n[4 + 2 * i],
        y: anchor.y + n[5 + 2 * i],
    };
    let (right_eye, left_eye, nose, mouth) = (point(0), point(1), point(2), point(3));
    // Only the middle of the mouth is told; its corners lie along the line of the eyes.
    let along = PointInImage {
        x: (left_eye.x - right_eye.x) * HALF_MOUTH,
        y: (left_eye.y - right_eye.y) * HALF_MOUTH,
    };
    let right_corner = PointInImage {
        x: mouth.x - along.x,
        y: mouth.y - along.y,
    };
    let left_corner = PointInImage {
        x: mouth.x + along.x,
        y: mouth.y + along.y,
    };
    RawFace {
        bounds: BoxInImage::new(
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height,
        ),
        score,
        landmarks: Some([right_eye, left_eye, nose, right_corner, left_corner]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_with(logit: f32, width: f32) -> Result<Vec<RawFace>, InferenceError> {
        let (mut scores_1, mut boxes_1) = (vec![-9.0; 384], vec![0.0; 384 * 16]);
        // The second place of the second line: its anchor is (48, 48).
        let index = (8 + 1) * 6 + 2;
        scores_1[index] = logit;
        let numbers = [
            2.0, -3.0, width, 40.0, -10., -8., 10., -8., 0., 0., 0., 10., -20., 0., 20., 0.,
        ];
        boxes_1[index * 16..][..16].copy_from_slice(&numbers);
        let tensors = [
            TensorView::new("a", &[1, 512, 1], &[-9.0; 512]),
            TensorView::new("b", &[1, 384, 1], &scores_1),
            TensorView::new("c", &[1, 512, 16], &[0.0; 512 * 16]),
            TensorView::new("d", &[1, 384, 16], &boxes_1),
        ];
        decode(&tensors, 0.5)
    }

    #[test]
    fn offsets_are_pixels_from_the_anchor() {
        let faces = decode_with(0.0, 20.0).unwrap();
        let [face] = &faces[..] else {
            panic!("{faces:?}");
        };
        assert_eq!(face.bounds, BoxInImage::new(40.0, 25.0, 60.0, 65.0));
        assert_eq!(face.score, 0.5);
        let points = face.landmarks.unwrap().map(|p| (p.x, p.y));
        assert_eq!(points[0], (38.0, 40.0));
        assert_eq!(points[1], (58.0, 40.0));
        assert_eq!(points[3], (48.0 - 20.0 * HALF_MOUTH, 58.0));
        assert_eq!(points[4], (48.0 + 20.0 * HALF_MOUTH, 58.0));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        assert_eq!(decode_with(f32::NAN, 20.0), Ok(vec![]));
        assert_eq!(decode_with(9.0, f32::NAN), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], 0.5).is_err());
        let wrong = TensorView::new("a", &[1, 512], &[0.0; 512]);
        assert!(decode(&[wrong.clone(), wrong.clone(), wrong.clone(), wrong], 0.5).is_err());
    }
}
