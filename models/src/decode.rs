//! Tensors into boxes, characters and scores. Pure functions: a tensor of another shape is an
//! error, a number that is not finite drops the detection.

pub mod blazeface;
pub mod centernet;
pub mod embedding;
pub mod gfl;
pub mod liveness;
pub mod plate_corners;
pub mod plate_rows;
pub mod slots;
pub mod ultraface;
pub mod yolov9;
pub mod yolox;
pub mod yunet;

use crate::{InferenceError, runtime::TensorView};
use domain::{BoxInImage, CharRead, Class, PointInImage};

/// A detection in pixels of the model's input.
#[derive(Clone, Debug, PartialEq)]
pub struct RawDetection {
    /// Where it is.
    pub bounds: BoxInImage,
    /// The score in [0, 1].
    pub score: f32,
    /// The number of its class in the model.
    pub class: usize,
}

/// A face in pixels of the model's input.
#[derive(Clone, Debug, PartialEq)]
pub struct RawFace {
    /// Where it is.
    pub bounds: BoxInImage,
    /// The score in [0, 1].
    pub score: f32,
    /// Right eye, left eye, nose tip, right and left corner of the mouth.
    pub landmarks: Option<[PointInImage; 5]>,
}

/// What has a box and a score: what doubles are suppressed among.
pub trait Scored {
    /// The box.
    fn bounds(&self) -> BoxInImage;
    /// The score.
    fn score(&self) -> f32;
}

impl Scored for RawDetection {
    fn bounds(&self) -> BoxInImage {
        self.bounds
    }

    fn score(&self) -> f32 {
        self.score
    }
}

impl Scored for RawFace {
    fn bounds(&self) -> BoxInImage {
        self.bounds
    }

    fn score(&self) -> f32 {
        self.score
    }
}

/// More detections than any real frame has: a broken model must not make the suppression take
/// minutes.
const DETECTIONS_MAX: usize = 1000;

/// Keeps the best of those that overlap by more than `iou_max`, whatever their class, best first.
///
/// Class-agnostic, because small models box one lorry as a car, a bus and a lorry.
pub fn suppress_doubles<T: Scored>(mut found: Vec<T>, iou_max: f32) -> Vec<T> {
    found.retain(|d| d.bounds().is_finite() && d.score().is_finite() && 0.0 < d.bounds().area());
    found.sort_by(|a, b| b.score().total_cmp(&a.score()));
    found.truncate(DETECTIONS_MAX);
    let mut kept: Vec<T> = Vec::new();
    for one in found {
        let bounds = one.bounds();
        if kept.iter().all(|k| k.bounds().iou(&bounds) <= iou_max) {
            kept.push(one);
        }
    }
    kept
}

/// Our word for a class of COCO's 80, when we have one.
pub fn class_of_coco(number: usize) -> Option<Class> {
    match number {
        0 => Some(Class::Person),
        1 => Some(Class::Bicycle),
        2 => Some(Class::Car),
        3 => Some(Class::Motorbike),
        5 => Some(Class::Bus),
        7 => Some(Class::Truck),
        _ => None,
    }
}

/// Alternatives of a character that are kept.
const ALTERNATIVES_MAX: usize = 3;

/// A character less likely than this is no alternative.
const ALTERNATIVE_MIN: f32 = 0.001;

/// The likeliest of these characters, of which there is at least one, and what else it may be.
fn ranked(mut shares: Vec<(char, f32)>) -> CharRead {
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut likeliest = shares
        .into_iter()
        .map(|(char, share)| (char, share.min(1.0)));
    let (best, score) = likeliest.next().expect("a reader knows characters");
    let likely = likeliest.take_while(|(_, score)| ALTERNATIVE_MIN <= *score);
    CharRead {
        best,
        score,
        alternatives: likely.take(ALTERNATIVES_MAX).collect(),
    }
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The place and value of the largest; not a number is never the largest.
pub(crate) fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let numbers = values.iter().copied().enumerate();
    let numbers = numbers.filter(|(_, value)| !value.is_nan());
    // `max_by` prefers the last of equals; the first is what every framework's argmax gives.
    numbers.rev().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Whether these are shares of one whole.
pub(crate) fn is_distribution(values: &[f32]) -> bool {
    let is_share = values.iter().all(|p| (0.0..=1.001).contains(p));
    is_share && (values.iter().sum::<f32>() - 1.0).abs() < 0.01
}

/// The tensor with this name.
pub(crate) fn named<'t, 'a>(
    tensors: &'t [TensorView<'a>],
    name: &'static str,
) -> Result<&'t TensorView<'a>, InferenceError> {
    let found = tensors.iter().find(|tensor| tensor.name == name);
    found.ok_or_else(|| InferenceError::Shape {
        output: name.to_owned(),
        shape: Vec::new(),
        expected: "an output of this name",
    })
}

/// The numbers of a tensor of exactly this shape.
pub(crate) fn exactly<'a>(
    tensor: &TensorView<'a>,
    shape: &[usize],
    expected: &'static str,
) -> Result<&'a [f32], InferenceError> {
    let n: usize = shape.iter().product();
    if tensor.shape == shape && tensor.data.len() == n {
        Ok(tensor.data)
    } else {
        Err(tensor.unexpected(expected))
    }
}

/// A tensor `1 x n x columns` as its rows.
pub(crate) fn rows<'a>(
    tensor: &TensorView<'a>,
    columns: usize,
    expected: &'static str,
) -> Result<std::slice::ChunksExact<'a, f32>, InferenceError> {
    match tensor.shape[..] {
        [1, n, c] if c == columns && tensor.data.len() == n * c => {
            Ok(tensor.data.chunks_exact(columns))
        }
        _ => Err(tensor.unexpected(expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detection(x: f32, score: f32, class: usize) -> RawDetection {
        RawDetection {
            bounds: BoxInImage::new(x, 0.0, x + 10.0, 10.0),
            score,
            class,
        }
    }

    #[test]
    fn doubles_go_whatever_their_class() {
        let found = vec![
            detection(1.0, 0.5, 2),
            detection(0.0, 0.9, 7),
            detection(30.0, 0.3, 2),
            detection(f32::NAN, 0.99, 0),
            detection(60.0, f32::NAN, 0),
        ];
        let kept = suppress_doubles(found, 0.5);
        assert_eq!(kept, [detection(0.0, 0.9, 7), detection(30.0, 0.3, 2)]);
    }

    #[test]
    fn the_first_of_equals_is_the_largest() {
        assert_eq!(largest(&[1.0, 3.0, 3.0, f32::NAN]), Some((1, 3.0)));
        assert_eq!(largest(&[f32::NAN]), None);
    }
}
