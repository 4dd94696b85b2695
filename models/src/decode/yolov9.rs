//! YOLOv9 with the suppression of doubles inside: rows of picture, box, class, score.

use super::{RawDetection, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::BoxInImage;

const IOU_MAX: f32 = 0.5;
const N_NUMBERS: usize = 7;

/// Detections in pixels of the input.
pub fn decode(
    tensors: &[TensorView<'_>],
    score_min: f32,
) -> Result<Vec<RawDetection>, InferenceError> {
    let [tensor] = tensors else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: vec![tensors.len()],
            expected: "one output",
        });
    };
    match tensor.shape[..] {
        [n, N_NUMBERS] if tensor.data.len() == n * N_NUMBERS => (),
        _ => return Err(tensor.unexpected("detections x 7")),
    }
    let detection = |row: &[f32]| {
        (score_min <= row[6] && 0.0 <= row[5]).then(|| RawDetection {
            bounds: BoxInImage::new(row[1], row[2], row[3], row[4]),
            score: row[6],
            class: row[5] as usize,
        })
    };
    let rows = tensor.data.chunks_exact(N_NUMBERS);
    Ok(suppress_doubles(
        rows.filter_map(detection).collect(),
        IOU_MAX,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_detections() {
        let data = [
            [0., 10., 20., 110., 50., 0., 0.9],
            [0., 12., 20., 110., 50., 0., 0.8],
            [0., 10., 20., 110., 50., 0., 0.1],
            [0., 10., f32::NAN, 110., 50., 0., 0.95],
            [0., 10., 20., 110., 50., f32::NAN, 0.95],
            [0., 200., 20., 300., 50., 0., f32::NAN],
        ];
        let data = data.concat();
        let found = decode(&[TensorView::new("output0", &[6, 7], &data)], 0.25).unwrap();
        let expect = RawDetection {
            bounds: BoxInImage::new(10.0, 20.0, 110.0, 50.0),
            score: 0.9,
            class: 0,
        };
        assert_eq!(found, [expect]);
        let none = TensorView::new("output0", &[0, 7], &[]);
        assert_eq!(decode(&[none], 0.25), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], 0.25).is_err());
        let wide = TensorView::new("output0", &[1, 8], &[0.0; 8]);
        assert!(decode(&[wide], 0.25).is_err());
    }
}
