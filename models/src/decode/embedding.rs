//! Face templates: one row of numbers for each picture, scaled to length 1.

use crate::{InferenceError, runtime::TensorView};
use domain::Embedding;

/// The templates; `None` for one that has no direction.
pub fn decode(
    tensors: &[TensorView<'_>],
    n_pictures: usize,
) -> Result<Vec<Option<Embedding>>, InferenceError> {
    let Some(tensor) = tensors.first() else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: Vec::new(),
            expected: "one output",
        });
    };
    match tensor.shape[..] {
        [n, width] if n == n_pictures && 0 < width && tensor.data.len() == n * width => {
            let rows = tensor.data.chunks_exact(width);
            Ok(rows.map(Embedding::normalised).collect())
        }
        _ => Err(tensor.unexpected("pictures x numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_unit_vectors() {
        let data = [3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0];
        let found = decode(&[TensorView::new("out", &[3, 2], &data)], 3).unwrap();
        assert_eq!(found[0].as_ref().unwrap().expose(), [0.6, 0.8]);
        assert_eq!(found[1..], [None, None]);
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], 1).is_err());
        assert!(decode(&[TensorView::new("out", &[2, 2], &[0.0; 4])], 1).is_err());
        assert!(decode(&[TensorView::new("out", &[1, 0], &[])], 1).is_err());
    }
}
