//! CenterNet: peaks of a heat map for each class, and the distances from a peak to the four sides.

use super::{RawDetection, class_of_coco, exactly, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::BoxInImage;
use ndarray::{ArrayView2, ArrayView3, s};

const IOU_MAX: f32 = 0.5;
const N_CLASSES: usize = 80;
const STRIDE: usize = 4;

/// Detections in pixels of an input of this size; only classes that we have a word for.
pub fn decode(
    tensors: &[TensorView<'_>],
    [width, height]: [u32; 2],
    score_min: f32,
) -> Result<Vec<RawDetection>, InferenceError> {
    let [heat, sides] = tensors else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: vec![tensors.len()],
            expected: "two outputs",
        });
    };
    let (columns, lines) = (width as usize / STRIDE, height as usize / STRIDE);
    let heat = grid(heat, (N_CLASSES, lines, columns), "1 x 80 x grid")?;
    let sides = grid(sides, (4, lines, columns), "1 x 4 x grid")?;
    let mut found = Vec::new();
    for (class, map) in heat.outer_iter().enumerate() {
        if class_of_coco(class).is_none() {
            continue;
        }
        for ((line, column), score) in map.indexed_iter() {
            if score_min <= *score && is_peak(&map, (line, column)) {
                let (x, y) = ((column * STRIDE) as f32, (line * STRIDE) as f32);
                let side = |i: usize| sides[(i, line, column)];
                found.push(RawDetection {
                    bounds: BoxInImage::new(x - side(0), y - side(1), x + side(2), y + side(3)),
                    score: *score,
                    class,
                });
            }
        }
    }
    Ok(suppress_doubles(found, IOU_MAX))
}

/// A tensor as planes of lines of columns.
fn grid<'a>(
    tensor: &TensorView<'a>,
    (planes, lines, columns): (usize, usize, usize),
    expected: &'static str,
) -> Result<ArrayView3<'a, f32>, InferenceError> {
    let data = exactly(tensor, &[1, planes, lines, columns], expected)?;
    let view = ArrayView3::from_shape((planes, lines, columns), data);
    view.map_err(|_shape| tensor.unexpected(expected))
}

/// Whether no neighbour is higher.
fn is_peak(map: &ArrayView2<'_, f32>, (line, column): (usize, usize)) -> bool {
    let (lines, columns) = map.dim();
    let near = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
    let neighbours = map.slice(s![near(line, lines), near(column, columns)]);
    neighbours
        .iter()
        .all(|neighbour| *neighbour <= map[(line, column)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 16 x 12 input: 4 x 3 cells.
    fn decode_with(score: f32, side: f32) -> Result<Vec<RawDetection>, InferenceError> {
        let (mut heat, mut sides) = (vec![0.0; 80 * 12], vec![0.0; 4 * 12]);
        heat[2 * 12 + 6] = score;
        heat[2 * 12 + 5] = score * 0.9; // beside the peak
        heat[9 * 12 + 6] = 0.99; // a traffic light: no word for it
        for (i, value) in [side, 1.0, 2.0, 4.0].into_iter().enumerate() {
            sides[i * 12 + 6] = value;
        }
        let tensors = [
            TensorView::new("heat", &[1, 80, 3, 4], &heat),
            TensorView::new("sides", &[1, 4, 3, 4], &sides),
        ];
        decode(&tensors, [16, 12], 0.2)
    }

    #[test]
    fn a_peak_and_its_sides_make_a_box() {
        let expect = RawDetection {
            bounds: BoxInImage::new(5.0, 3.0, 10.0, 8.0),
            score: 0.5,
            class: 2,
        };
        assert_eq!(decode_with(0.5, 3.0), Ok(vec![expect]));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        assert_eq!(decode_with(f32::NAN, 3.0), Ok(vec![]));
        assert_eq!(decode_with(0.5, f32::NAN), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], [16, 12], 0.2).is_err());
        let heat = TensorView::new("heat", &[1, 80, 3, 4], &[0.0; 960]);
        let sides = TensorView::new("sides", &[1, 2, 3, 4], &[0.0; 24]);
        assert!(decode(&[heat, sides], [16, 12], 0.2).is_err());
    }
}
