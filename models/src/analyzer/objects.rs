//! Vehicles and people.

use super::{Head, input::detector_input};
use crate::{
    InferenceError, ModelError,
    catalog::Decoder,
    decode::{self, RawDetection},
    preprocess::{Picture, Pixels},
};
use domain::{BoxInImage, Detection};

const IOU_MAX: f32 = 0.5;

/// A detector of boxes without landmarks.
pub(super) struct ObjectDetector {
    head: Head,
}

impl ObjectDetector {
    pub(super) fn new(head: Head) -> Result<Self, ModelError> {
        let mut detector = Self { head };
        let grey = Pixels::filled(64, 64, [128; 3]);
        let first = grey
            .picture()
            .and_then(|grey| detector.raw(grey, grey.bounds()));
        detector.head.warm_up(first)?;
        Ok(detector)
    }

    /// What has a word in our vocabulary.
    pub(super) fn objects(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
    ) -> Result<Vec<Detection>, InferenceError> {
        let found = self.raw(picture, region)?;
        let named = |raw: RawDetection| {
            decode::class_of_coco(raw.class).map(|class| Detection {
                class,
                bounds: raw.bounds,
                score: raw.score.min(1.0),
            })
        };
        Ok(found.into_iter().filter_map(named).collect())
    }

    /// Detections in the picture.
    fn raw(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
    ) -> Result<Vec<RawDetection>, InferenceError> {
        let model = &self.head.model;
        let (size, score_min) = (model.input_px, model.score_min);
        let decoder = model.decoder;
        let (tensor, fit) = detector_input(decoder, picture, region, (size, 1.0));
        let found = self.head.session.run(&tensor, |outputs| match decoder {
            Decoder::Nanodet | Decoder::Picodet => decode::gfl::decode(outputs, size, score_min),
            Decoder::Yolox => decode::yolox::decode(outputs, size, score_min),
            Decoder::Centernet => decode::centernet::decode(outputs, size, score_min),
            _ => Err(no_detector()),
        })?;
        let in_image = |raw: RawDetection| {
            let bounds = fit.box_in_image(raw.bounds)?;
            Some(RawDetection { bounds, ..raw })
        };
        let found = found.into_iter().filter_map(in_image).collect();
        // Cut at the edge of the picture, two boxes of one thing may now overlap enough.
        Ok(decode::suppress_doubles(found, IOU_MAX))
    }
}

fn no_detector() -> InferenceError {
    InferenceError::Shape {
        output: "all".to_owned(),
        shape: Vec::new(),
        expected: "a decoder of boxes in the catalogue",
    }
}
