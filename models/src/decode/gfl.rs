//! NanoDet and PicoDet: each side of a box is a distribution over distances (generalised focal
//! loss).

use super::{RawDetection, largest, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::BoxInImage;

const IOU_MAX: f32 = 0.5;
const N_CLASSES: usize = 80;
/// Distances of 0 to 7 cells, for left, top, right and bottom.
const N_BINS: usize = 8;
const STRIDES: [u32; 4] = [8, 16, 32, 64];

/// Detections in pixels of an input of this size; outputs are told apart by their shapes.
pub fn decode(
    tensors: &[TensorView<'_>],
    [width, height]: [u32; 2],
    score_min: f32,
) -> Result<Vec<RawDetection>, InferenceError> {
    let mut found = Vec::new();
    let mut n_levels = 0;
    for stride in STRIDES {
        let (columns, lines) = (width.div_ceil(stride), height.div_ceil(stride));
        let n = columns as usize * lines as usize;
        let of_width = |width: usize| {
            let is_it = |t: &&TensorView<'_>| t.shape == [1, n, width];
            let tensor = tensors.iter().find(is_it);
            tensor.filter(|tensor| tensor.data.len() == n * width)
        };
        if let (Some(scores), Some(distances)) = (of_width(N_CLASSES), of_width(4 * N_BINS)) {
            n_levels += 1;
            let cells = scores.data.chunks_exact(N_CLASSES);
            let sides = distances.data.chunks_exact(4 * N_BINS);
            for (cell, (scores, sides)) in cells.zip(sides).enumerate() {
                if let Some((class, score)) = largest(scores)
                    && score_min <= score
                {
                    let (column, line) = (cell as u32 % columns, cell as u32 / columns);
                    found.push(RawDetection {
                        bounds: bounds(column, line, stride, sides),
                        score,
                        class,
                    });
                }
            }
        }
    }
    // Every level has two tensors; one that fits no level means another input size or another
    // model.
    if n_levels == 0 || tensors.len() != 2 * n_levels {
        let odd = tensors
            .first()
            .map(|t| t.unexpected("1 x cells x 80 or 32"));
        return Err(odd.unwrap_or(InferenceError::Shape {
            output: "all".to_owned(),
            shape: Vec::new(),
            expected: "two outputs for each level",
        }));
    }
    Ok(suppress_doubles(found, IOU_MAX))
}

fn bounds(column: u32, line: u32, stride: u32, sides: &[f32]) -> BoxInImage {
    let step = stride as f32;
    let (x, y) = ((column as f32 + 0.5) * step, (line as f32 + 0.5) * step);
    let distance = |side: usize| expected_bin(&sides[side * N_BINS..(side + 1) * N_BINS]) * step;
    BoxInImage::new(
        x - distance(0),
        y - distance(1),
        x + distance(2),
        y + distance(3),
    )
}

/// The mean of the distribution whose logits these are.
fn expected_bin(logits: &[f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - top).exp();
        sum += weight;
        weighted += weight * bin as f32;
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64 x 64 input: levels of 64, 16, 4 and 1 cells.
    fn decode_with(score: f32, logit: f32) -> Result<Vec<RawDetection>, InferenceError> {
        let zeros = vec![0.0; 64 * 80];
        let (mut scores, mut sides) = (vec![0.0; 4 * 80], vec![0.0; 4 * 32]);
        scores[3 * 80 + 7] = score;
        // Left 0, top 1, right 0.5 (two equal bins), bottom 0 cells of 32 pixels.
        sides[3 * 32..].fill(-50.0);
        sides[3 * 32] = logit;
        sides[3 * 32 + 8 + 1] = 50.0;
        sides[3 * 32 + 16] = 50.0;
        sides[3 * 32 + 16 + 1] = 50.0;
        sides[3 * 32 + 24] = 50.0;
        let level = |n: usize, c: usize| TensorView::new("zeros", &[1, n, c], &zeros[..n * c]);
        let tensors = [
            level(64, 80),
            level(16, 80),
            TensorView::new("scores", &[1, 4, 80], &scores),
            level(1, 80),
            level(64, 32),
            level(16, 32),
            TensorView::new("sides", &[1, 4, 32], &sides),
            level(1, 32),
        ];
        decode(&tensors, [64, 64], 0.4)
    }

    #[test]
    fn the_mean_of_each_side_makes_the_box() {
        let expect = RawDetection {
            bounds: BoxInImage::new(48.0, 16.0, 64.0, 48.0),
            score: 0.9,
            class: 7,
        };
        assert_eq!(decode_with(0.9, 50.0), Ok(vec![expect]));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        assert_eq!(decode_with(f32::NAN, 50.0), Ok(vec![]));
        assert_eq!(decode_with(0.9, f32::NAN), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], [64, 64], 0.4).is_err());
        let odd = TensorView::new("x", &[1, 5, 80], &[0.0; 400]);
        assert!(decode(&[odd], [64, 64], 0.4).is_err());
    }
}
