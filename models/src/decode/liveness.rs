//! Whether a face is alive: the score of that class.

use crate::{InferenceError, runtime::TensorView};

/// MiniFASNet: three logits, the middle one is the live face.
pub fn minifasnet(tensors: &[TensorView<'_>]) -> Result<Option<f32>, InferenceError> {
    let logits = numbers(tensors, 3, "1 x 3")?;
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - top).exp()).sum();
    Ok(checked((logits[1] - top).exp() / sum))
}

/// A classifier whose first output is the score of a live face; `n` outputs in all.
pub fn first_is_live(tensors: &[TensorView<'_>]) -> Result<Option<f32>, InferenceError> {
    let n = tensors.first().map_or(0, |tensor| tensor.data.len());
    let scores = numbers(tensors, n.clamp(1, 2), "1 x 1 or 1 x 2")?;
    Ok(checked(scores[0]))
}

fn numbers<'a>(
    tensors: &[TensorView<'a>],
    n: usize,
    expected: &'static str,
) -> Result<&'a [f32], InferenceError> {
    match tensors.first() {
        Some(tensor) => super::exactly(tensor, &[1, n], expected),
        None => Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: Vec::new(),
            expected,
        }),
    }
}

fn checked(score: f32) -> Option<f32> {
    score.is_finite().then(|| score.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(shape: &[usize], data: &'a [f32]) -> [TensorView<'a>; 1] {
        [TensorView::new("out", shape, data)]
    }

    #[test]
    fn the_middle_logit_is_the_live_face() {
        assert_eq!(
            minifasnet(&view(&[1, 3], &[0.0, 200.0, 0.0])),
            Ok(Some(1.0))
        );
        let third = minifasnet(&view(&[1, 3], &[5.0; 3])).unwrap().unwrap();
        assert!((third - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(minifasnet(&view(&[1, 3], &[0.0, f32::NAN, 0.0])), Ok(None));
        assert!(minifasnet(&view(&[1, 2], &[0.0; 2])).is_err());
        assert!(minifasnet(&[]).is_err());
    }

    #[test]
    fn the_first_score_is_the_live_face() {
        assert_eq!(first_is_live(&view(&[1, 1], &[0.25])), Ok(Some(0.25)));
        assert_eq!(first_is_live(&view(&[1, 2], &[0.75, 0.25])), Ok(Some(0.75)));
        assert_eq!(first_is_live(&view(&[1, 1], &[f32::NAN])), Ok(None));
        assert!(first_is_live(&view(&[1, 3], &[0.0; 3])).is_err());
        assert!(first_is_live(&view(&[0], &[])).is_err());
    }
}
