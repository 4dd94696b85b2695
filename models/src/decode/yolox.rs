//! YOLOX: one row for each cell of the grids of 8, 16 and 32 pixels: box, objectness, 80 classes.

use super::{RawDetection, largest, rows, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::BoxInImage;

const IOU_MAX: f32 = 0.5;
const N_NUMBERS: usize = 85;
const STRIDES: [u32; 3] = [8, 16, 32];

/// Detections in pixels of an input of this size.
pub fn decode(
    tensors: &[TensorView<'_>],
    [width, height]: [u32; 2],
    score_min: f32,
) -> Result<Vec<RawDetection>, InferenceError> {
    const EXPECTED: &str = "1 x cells of three grids x 85";
    let grid = |stride: u32| {
        let (columns, lines) = (width / stride, height / stride);
        (0..columns * lines).map(move |cell| (cell % columns, cell / columns, stride))
    };
    let Some(tensor) = tensors.first() else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: Vec::new(),
            expected: EXPECTED,
        });
    };
    let numbers = rows(tensor, N_NUMBERS, EXPECTED)?;
    if numbers.len() != STRIDES.into_iter().flat_map(grid).count() {
        return Err(tensor.unexpected(EXPECTED));
    }
    let mut found = Vec::new();
    for ((column, line, stride), n) in STRIDES.into_iter().flat_map(grid).zip(numbers) {
        // A class is at most sure, so that most cells need no look at their 80 classes.
        if n[4].is_nan() || n[4] < score_min {
            continue;
        }
        let Some((class, class_score)) = largest(&n[5..]) else {
            continue;
        };
        let (score, step) = (n[4] * class_score, stride as f32);
        if score_min <= score {
            let (x, y) = ((column as f32 + n[0]) * step, (line as f32 + n[1]) * step);
            let (half_width, half_height) = (n[2].exp() * step / 2.0, n[3].exp() * step / 2.0);
            found.push(RawDetection {
                bounds: BoxInImage::new(
                    x - half_width,
                    y - half_height,
                    x + half_width,
                    y + half_height,
                ),
                score,
                class,
            });
        }
    }
    Ok(suppress_doubles(found, IOU_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 32 x 32 input: 16 + 4 + 1 cells.
    fn decode_with(objectness: f32, x: f32) -> Result<Vec<RawDetection>, InferenceError> {
        let mut data = vec![0.0; 21 * 85];
        let row = &mut data[17 * 85..18 * 85];
        row[..5].copy_from_slice(&[x, 0.5, 0.0, 0.0, objectness]);
        row[5 + 2] = 0.5;
        decode(
            &[TensorView::new("output", &[1, 21, 85], &data)],
            [32, 32],
            0.3,
        )
    }

    #[test]
    fn the_row_says_which_cell() {
        let expect = RawDetection {
            bounds: BoxInImage::new(16.0, 0.0, 32.0, 16.0),
            score: 0.4,
            class: 2,
        };
        assert_eq!(decode_with(0.8, 0.5), Ok(vec![expect]));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        assert_eq!(decode_with(f32::NAN, 0.5), Ok(vec![]));
        assert_eq!(decode_with(1.0, f32::INFINITY), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], [32, 32], 0.3).is_err());
        let short = TensorView::new("output", &[1, 20, 85], &[0.0; 20 * 85]);
        assert!(decode(&[short], [32, 32], 0.3).is_err());
    }
}
