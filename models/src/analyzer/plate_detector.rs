//! Finding plates: in a vehicle or a lane, and once more at another scale.

use super::{Head, input::detector_input};
use crate::{
    InferenceError, ModelError,
    catalog::{CloserLook, Decoder},
    decode::{Scored, plate_corners, plate_corners::RawPlate, suppress_doubles, yolov9},
    preprocess::{Fit, Picture, Pixels},
};
use domain::{BoxInImage, PlateDetection, PointInImage};

/// How much smaller a look from farther off shows the region: large plates fit the network's grids
/// then.
const SMALLER: f32 = 0.6;

/// A region that the first look made smaller than this is shown larger in the second look.
const LARGER_BELOW: f32 = 0.75;

/// The share of the region's height that [`CloserLook::LowerPart`] shows.
const LOWER_PART: f32 = 0.6;

/// The share of the region's sides that each of [`CloserLook::FourParts`] shows.
const PART: f32 = 0.6;

const IOU_MAX: f32 = 0.5;

/// A detector of plates.
pub(super) struct PlateDetector {
    head: Head,
}

impl PlateDetector {
    pub(super) fn new(head: Head) -> Result<Self, ModelError> {
        let mut detector = Self { head };
        let grey = Pixels::filled(64, 64, [128; 3]);
        let first = grey
            .picture()
            .and_then(|grey| detector.find(grey, grey.bounds()));
        detector.head.warm_up(first)?;
        Ok(detector)
    }

    /// Plates in the region, best first.
    pub(super) fn find(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        self.look(picture, region, 1.0)
    }

    /// As [`Self::find`]; where nothing is found, once more at another scale: closer when the first
    /// look made the region small, and from farther off otherwise. After a closer look at four
    /// parts that found nothing either, the whole is looked at from farther off, too.
    pub(super) fn find_thoroughly(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        let found = self.find(picture, region)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let [width, height] = self.head.model.input_px;
        let scale = (width as f32 / region.width()).min(height as f32 / region.height());
        if LARGER_BELOW <= scale {
            return self.look(picture, region, SMALLER);
        }
        match self.head.model.closer_look {
            CloserLook::LowerPart => {
                let y_min = region.y_max - region.height() * LOWER_PART;
                self.look(picture, BoxInImage { y_min, ..region }, 1.0)
            }
            CloserLook::FourParts => {
                let mut found = Vec::new();
                for part in region.corner_parts(PART) {
                    found.extend(self.look(picture, part, 1.0)?);
                }
                if found.is_empty() {
                    // Or the plate nearly fills the region, and no part shows the whole of it.
                    return self.look(picture, region, SMALLER);
                }
                Ok(suppress_doubles(found, IOU_MAX))
            }
        }
    }

    fn look(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
        shrink: f32,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        let model = &self.head.model;
        let (size, score_min, decoder) = (model.input_px, model.score_min, model.decoder);
        let (tensor, fit) = detector_input(decoder, picture, region, (size, shrink));
        let found = self.head.session.run(&tensor, |outputs| match decoder {
            Decoder::Yolov9End2end => Ok(yolov9::decode(outputs, score_min)?
                .into_iter()
                .map(|raw| RawPlate {
                    bounds: raw.bounds,
                    corners: None,
                    score: raw.score.min(1.0),
                })
                .collect()),
            Decoder::PlateCorners => plate_corners::decode(outputs, score_min),
            _ => Err(no_plate_detector()),
        })?;
        let found = found.into_iter().filter_map(|raw| in_image(&fit, &raw));
        // Cut at the edge of the picture, two boxes of one plate may now overlap enough.
        Ok(suppress_doubles(found.collect(), IOU_MAX))
    }
}

/// The plate in pixels of the picture; `None` when it lies outside the region.
fn in_image(fit: &Fit, raw: &RawPlate) -> Option<PlateDetection> {
    let bounds = fit.box_in_image(raw.bounds)?;
    let corners = raw
        .corners
        .map(|corners| corners.map(|corner: PointInImage| fit.point_in_image(corner)));
    Some(PlateDetection {
        bounds,
        corners,
        score: raw.score,
    })
}

impl Scored for PlateDetection {
    fn bounds(&self) -> BoxInImage {
        self.bounds
    }

    fn score(&self) -> f32 {
        self.score
    }
}

fn no_plate_detector() -> InferenceError {
    InferenceError::Shape {
        output: "all".to_owned(),
        shape: Vec::new(),
        expected: "a decoder of plates in the catalogue",
    }
}
