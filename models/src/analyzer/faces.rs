//! Faces: where they are, whose they may be, whether they are alive.

use super::{
    Head,
    input::{detector_input, normalise},
};
use crate::{
    InferenceError, ModelError,
    catalog::Decoder,
    decode::{self, RawFace, embedding, liveness},
    preprocess::{
        Picture, Pixels, planar,
        rectify::{ARCFACE_112, DLIB_EYES_150, Similarity, warp_similarity},
        resize,
    },
};
use domain::{BoxInImage, Embedding, FaceObservation, Liveness, PointInImage};

/// Finds faces.
pub(super) struct FaceDetector {
    head: Head,
}

impl FaceDetector {
    pub(super) fn new(head: Head) -> Result<Self, ModelError> {
        let mut detector = Self { head };
        let grey = Pixels::filled(64, 64, [128; 3]);
        let first = grey
            .picture()
            .and_then(|grey| detector.detect(grey, grey.bounds()));
        detector.head.warm_up(first)?;
        Ok(detector)
    }

    pub(super) fn detect(
        &mut self,
        picture: Picture<'_>,
        region: BoxInImage,
    ) -> Result<Vec<FaceObservation>, InferenceError> {
        let model = &self.head.model;
        let (size, score_min) = (model.input_px, model.score_min);
        let decoder = model.decoder;
        let (tensor, fit) = detector_input(decoder, picture, region, (size, 1.0));
        let found = self.head.session.run(&tensor, |outputs| match decoder {
            Decoder::Yunet => decode::yunet::decode(outputs, size, score_min),
            Decoder::Ultraface => decode::ultraface::decode(outputs, size, score_min),
            Decoder::Blazeface => decode::blazeface::decode(outputs, score_min),
            _ => Err(wrong_decoder("a decoder of faces in the catalogue")),
        })?;
        let in_image = |raw: RawFace| {
            let points = raw.landmarks.map(|all| all.map(|p| fit.point_in_image(p)));
            Some(FaceObservation {
                bounds: fit.box_in_image(raw.bounds)?,
                score: raw.score.min(1.0),
                landmarks: points.filter(|all| all.iter().all(is_finite)),
                liveness: None,
                embedding: None,
            })
        };
        Ok(found.into_iter().filter_map(in_image).collect())
    }
}

/// Makes templates.
pub(super) struct FaceEmbedder {
    head: Head,
}

impl FaceEmbedder {
    pub(super) fn new(head: Head) -> Result<Self, ModelError> {
        let mut embedder = Self { head };
        let [width, height] = embedder.head.model.input_px;
        let first = embedder.run(&Pixels::filled(width, height, [128; 3]));
        embedder.head.warm_up(first)?;
        Ok(embedder)
    }

    pub(super) fn similarity_min(&self) -> f32 {
        self.head.model.score_min
    }

    pub(super) fn embed(
        &mut self,
        picture: Picture<'_>,
        face: &FaceObservation,
    ) -> Result<Option<Embedding>, InferenceError> {
        let Some(points) = face.landmarks else {
            return Ok(None);
        };
        let upright = match self.head.model.decoder {
            Decoder::DlibResnet => Similarity::between(&points[..2], &DLIB_EYES_150),
            _ => Similarity::between(&points, &ARCFACE_112),
        };
        let Some(upright) = upright else {
            return Ok(None);
        };
        let chip = warp_similarity(picture, &upright, self.head.model.input_px)?;
        self.run(&chip)
    }

    fn run(&mut self, chip: &Pixels) -> Result<Option<Embedding>, InferenceError> {
        let decoder = self.head.model.decoder;
        if !matches!(decoder, Decoder::Mobilefacenet | Decoder::DlibResnet) {
            return Err(wrong_decoder("a decoder of templates in the catalogue"));
        }
        let input = planar(std::slice::from_ref(chip), &normalise(decoder));
        let session = &mut self.head.session;
        let mut all = session.run(&input, |outputs| embedding::decode(outputs, 1))?;
        Ok(all.pop().flatten())
    }
}

/// Judges liveness by the mean of one or more models.
pub(super) struct LivenessJudge {
    heads: Vec<Head>,
}

impl LivenessJudge {
    pub(super) fn new(heads: Vec<Head>) -> Result<Self, ModelError> {
        let mut judge = Self { heads };
        for head in &mut judge.heads {
            let [width, height] = head.model.input_px;
            let first = score(head, &Pixels::filled(width, height, [128; 3]));
            head.warm_up(first)?;
        }
        Ok(judge)
    }

    pub(super) fn judge(
        &mut self,
        picture: Picture<'_>,
        face: &FaceObservation,
    ) -> Result<Option<Liveness>, InferenceError> {
        let (mut sum, mut n_scores) = (0.0, 0);
        for head in &mut self.heads {
            let [width, height] = head.model.input_px;
            let scale = head.model.crop_scale.unwrap_or(1.0);
            let Some(around) = around(picture, face.bounds, scale) else {
                return Ok(None);
            };
            match score(head, &resize(picture, around, width, height))? {
                Some(score) => sum += score,
                None => return Ok(None),
            }
            n_scores += 1;
        }
        let Some(first) = self.heads.first() else {
            return Ok(None);
        };
        Ok(Some(Liveness {
            score: sum / n_scores as f32,
            score_min: first.model.score_min,
        }))
    }
}

fn score(head: &mut Head, crop: &Pixels) -> Result<Option<f32>, InferenceError> {
    let decoder = head.model.decoder;
    let input = planar(std::slice::from_ref(crop), &normalise(decoder));
    head.session.run(&input, |outputs| match decoder {
        Decoder::Minifasnet => liveness::minifasnet(outputs),
        Decoder::FaceCrop => liveness::first_is_live(outputs),
        _ => Err(wrong_decoder("a decoder of liveness in the catalogue")),
    })
}

/// The box `scale` times as large, shifted into the picture and made smaller only where it is too
/// large for it.
fn around(picture: Picture<'_>, face: BoxInImage, scale: f32) -> Option<BoxInImage> {
    let face = picture.inside(face)?;
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let scale = scale.min(width / face.width()).min(height / face.height());
    let (half_width, half_height) = (face.width() * scale / 2.0, face.height() * scale / 2.0);
    let centre = face.centre();
    let x = centre
        .x
        .clamp(half_width, (width - half_width).max(half_width));
    let y = centre
        .y
        .clamp(half_height, (height - half_height).max(half_height));
    picture.inside(BoxInImage::new(
        x - half_width,
        y - half_height,
        x + half_width,
        y + half_height,
    ))
}

fn is_finite(point: &PointInImage) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

fn wrong_decoder(expected: &'static str) -> InferenceError {
    InferenceError::Shape {
        output: "all".to_owned(),
        shape: Vec::new(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crop_around_a_face_stays_inside() {
        let pixels = Pixels::filled(100, 80, [0; 3]);
        let picture = pixels.picture().unwrap();
        let crop = |face, scale| around(picture, face, scale);
        let middle = BoxInImage::new(45.0, 35.0, 55.0, 45.0);
        let expect = BoxInImage::new(30.0, 20.0, 70.0, 60.0);
        assert_eq!(crop(middle, 4.0), Some(expect));
        let corner = BoxInImage::new(0.0, 0.0, 10.0, 10.0);
        let expect = BoxInImage::new(0.0, 0.0, 40.0, 40.0);
        assert_eq!(crop(corner, 4.0), Some(expect));
        let large = BoxInImage::new(20.0, 10.0, 80.0, 70.0);
        let expect = BoxInImage::new(10.0, 0.0, 90.0, 80.0);
        assert_eq!(crop(large, 2.7), Some(expect));
        assert_eq!(crop(BoxInImage::new(f32::NAN, 0., 1., 1.), 2.7), None);
        assert_eq!(crop(BoxInImage::new(200., 0., 210., 10.), 2.7), None);
    }
}
