//! UltraFace: faces without landmarks, boxes as shares of the picture.

use super::{RawFace, named, rows, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::BoxInImage;

const IOU_MAX: f32 = 0.3;

/// Faces in pixels of an input of this size.
pub fn decode(
    tensors: &[TensorView<'_>],
    [width, height]: [u32; 2],
    score_min: f32,
) -> Result<Vec<RawFace>, InferenceError> {
    let (width, height) = (width as f32, height as f32);
    let scores = rows(named(tensors, "scores")?, 2, "1 x priors x 2")?;
    let tensor = named(tensors, "boxes")?;
    let boxes = rows(tensor, 4, "1 x priors x 4")?;
    if boxes.len() != scores.len() {
        return Err(tensor.unexpected("as many boxes as scores"));
    }
    let face = |(score, b): (&[f32], &[f32])| {
        (score_min <= score[1]).then(|| RawFace {
            bounds: BoxInImage::new(b[0] * width, b[1] * height, b[2] * width, b[3] * height),
            score: score[1],
            landmarks: None,
        })
    };
    let found = scores.zip(boxes).filter_map(face).collect();
    Ok(suppress_doubles(found, IOU_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_above_the_threshold_once() {
        let scores = [0.9, 0.1, 0.2, 0.8, 0.1, 0.9, 0.0, f32::NAN];
        let boxes = [
            0., 0., 1., 1., 0.25, 0.5, 0.5, 1., 0.25, 0.5, 0.5, 0.95, 0., 0., 1., 1.,
        ];
        let tensors = [
            TensorView::new("scores", &[1, 4, 2], &scores),
            TensorView::new("boxes", &[1, 4, 4], &boxes),
        ];
        let faces = decode(&tensors, [320, 240], 0.7).unwrap();
        let expect = RawFace {
            bounds: BoxInImage::new(80.0, 120.0, 160.0, 228.0),
            score: 0.9,
            landmarks: None,
        };
        assert_eq!(faces, [expect]);
    }

    #[test]
    fn another_shape_is_an_error() {
        let scores = TensorView::new("scores", &[1, 2, 2], &[0.0; 4]);
        let boxes = TensorView::new("boxes", &[1, 1, 4], &[0.0; 4]);
        assert!(decode(&[scores.clone(), boxes], [320, 240], 0.7).is_err());
        assert!(decode(&[scores], [320, 240], 0.7).is_err());
    }
}
