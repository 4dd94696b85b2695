//! YuNet: faces with five landmarks, on grids of 8, 16 and 32 pixels.

use super::{RawFace, exactly, named, suppress_doubles};
use crate::{InferenceError, runtime::TensorView};
use domain::{BoxInImage, PointInImage};

const IOU_MAX: f32 = 0.3;
const LEVELS: [(u32, [&str; 4]); 3] = [
    (8, ["cls_8", "obj_8", "bbox_8", "kps_8"]),
    (16, ["cls_16", "obj_16", "bbox_16", "kps_16"]),
    (32, ["cls_32", "obj_32", "bbox_32", "kps_32"]),
];

/// Faces in pixels of an input of this size.
pub fn decode(
    tensors: &[TensorView<'_>],
    [width, height]: [u32; 2],
    score_min: f32,
) -> Result<Vec<RawFace>, InferenceError> {
    let mut found = Vec::new();
    for (stride, names) in LEVELS {
        let (columns, lines) = ((width / stride) as usize, (height / stride) as usize);
        let n = columns * lines;
        let read = |name, width, expected| exactly(named(tensors, name)?, &[1, n, width], expected);
        let classes = read(names[0], 1, "1 x cells x 1")?;
        let objects = read(names[1], 1, "1 x cells x 1")?;
        let boxes = read(names[2], 4, "1 x cells x 4")?;
        let points = read(names[3], 10, "1 x cells x 10")?;
        let step = stride as f32;
        for cell in 0..n {
            let score = (classes[cell].clamp(0.0, 1.0) * objects[cell].clamp(0.0, 1.0)).sqrt();
            if score.is_nan() || score < score_min {
                continue;
            }
            let (column, line) = ((cell % columns) as f32, (cell / columns) as f32);
            let b = &boxes[cell * 4..cell * 4 + 4];
            let (x, y) = ((column + b[0]) * step, (line + b[1]) * step);
            let (half_width, half_height) = (b[2].exp() * step / 2.0, b[3].exp() * step / 2.0);
            let p = &points[cell * 10..cell * 10 + 10];
            let landmark = |i: usize| PointInImage {
                x: (p[2 * i] + column) * step,
                y: (p[2 * i + 1] + line) * step,
            };
            found.push(RawFace {
                bounds: BoxInImage::new(
                    x - half_width,
                    y - half_height,
                    x + half_width,
                    y + half_height,
                ),
                score,
                landmarks: Some([0, 1, 2, 3, 4].map(landmark)),
            });
        }
    }
    Ok(suppress_doubles(found, IOU_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 32 x 32 input: 16 cells, 4 cells, 1 cell.
    fn decode_with(cls: f32, x: f32) -> Result<Vec<RawFace>, InferenceError> {
        let (zeros, mut cls_16, mut obj_16) = ([0.0; 160], [0.0; 4], [0.0; 4]);
        let (mut bbox_16, mut kps_16) = ([0.0; 16], [0.0; 40]);
        cls_16[3] = cls;
        obj_16[3] = 1.0;
        bbox_16[12..].copy_from_slice(&[x, 0.5, 0.0, 0.0]);
        kps_16[30..40].copy_from_slice(&[0.1, 0.2, 0.3, 0.2, 0.2, 0.4, 0.1, 0.6, 0.3, 0.6]);
        let view = |name, n: usize, c: usize| TensorView::new(name, &[1, n, c], &zeros[..n * c]);
        let tensors = [
            view("cls_8", 16, 1),
            TensorView::new("cls_16", &[1, 4, 1], &cls_16),
            view("cls_32", 1, 1),
            view("obj_8", 16, 1),
            TensorView::new("obj_16", &[1, 4, 1], &obj_16),
            view("obj_32", 1, 1),
            view("bbox_8", 16, 4),
            TensorView::new("bbox_16", &[1, 4, 4], &bbox_16),
            view("bbox_32", 1, 4),
            view("kps_8", 16, 10),
            TensorView::new("kps_16", &[1, 4, 10], &kps_16),
            view("kps_32", 1, 10),
        ];
        decode(&tensors, [32, 32], 0.6)
    }

    #[test]
    fn one_cell_makes_one_face() {
        let faces = decode_with(0.64, 0.5).unwrap();
        let [face] = &faces[..] else {
            panic!("{faces:?}");
        };
        assert_eq!(face.bounds, BoxInImage::new(16.0, 16.0, 32.0, 32.0));
        assert_eq!(face.score, 0.8);
        let nose = face.landmarks.unwrap()[2];
        assert_eq!((nose.x, nose.y), (1.2 * 16.0, 1.4 * 16.0));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        assert_eq!(decode_with(0.3, 0.5), Ok(vec![]));
        assert_eq!(decode_with(f32::NAN, 0.5), Ok(vec![]));
        assert_eq!(decode_with(1.0, f32::NAN), Ok(vec![]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], [32, 32], 0.6).is_err());
        let wrong = TensorView::new("cls_8", &[1, 15, 1], &[0.0; 15]);
        assert!(decode(&[wrong], [32, 32], 0.6).is_err());
    }
}
