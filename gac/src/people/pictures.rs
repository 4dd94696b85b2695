//! Pictures to enrol from: each is judged, and all must show one person.

use anyhow::{Context as _, Result};
use domain::{BoxInImage, CameraId, Embedding, Frame, Timestamp};
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use models::{
    Analyzer,
    face_quality::{QualityLimits, Refusal, measure, only_face},
    preprocess::Picture,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// From here two pictures are one and the same.
const SAME_PICTURE: f32 = 0.995;

/// A picture with what was found in it.
pub(crate) struct Judged {
    pub(crate) path: PathBuf,
    pub(crate) template: Option<Embedding>,
    pub(crate) refusals: Vec<Refusal>,
}

/// Judges a picture by itself.
pub(super) fn judge(analyzer: &mut Analyzer, path: &Path) -> Result<Judged> {
    let frame = read(path)?;
    let mut judged = Judged {
        path: path.to_owned(),
        template: None,
        refusals: Vec::new(),
    };
    let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
    let faces = analyzer.detect_faces(&frame, whole)?;
    let mut face = match only_face(&faces) {
        Ok(face) => face.clone(),
        Err(refusal) => {
            judged.refusals.push(refusal);
            return Ok(judged);
        }
    };
    face.liveness = analyzer.liveness(&frame, &face)?;
    match measure(Picture::of(&frame)?, &face)? {
        Some(quality) => judged.refusals = quality.refusals(&QualityLimits::default()),
        None => judged.refusals.push(Refusal::NoLandmarks),
    }
    if judged.refusals.is_empty() {
        judged.template = analyzer.embed_face(&frame, &face)?;
        if judged.template.is_none() {
            judged.refusals.push(Refusal::NoTemplate);
        }
    }
    Ok(judged)
}

/// Upright, as the camera says that it was held.
fn read(path: &Path) -> Result<Frame> {
    let open = || -> image::ImageResult<DynamicImage> {
        let mut decoder = ImageReader::open(path)?
            .with_guessed_format()?
            .into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    };
    let rgb = open().with_context(|| format!("{} is no JPEG or PNG picture", path.display()))?;
    let rgb = rgb.into_rgb8();
    let camera: CameraId = "enrolment".parse()?;
    Ok(Frame {
        camera,
        seq: 0,
        captured_at: Timestamp::EPOCH,
        width: rgb.width(),
        height: rgb.height(),
        rgb: Arc::from(rgb.into_raw()),
    })
}

/// Refuses what is not of the same person as the others, or the same picture once more.
///
/// Of two pictures that are not alike enough, the one that is less like all of them is in the
/// wrong; where that cannot be told, both are.
pub(super) fn compare(all: &mut [Judged], similarity_min: f32) {
    let templates: Vec<Option<Embedding>> = all.iter().map(|one| one.template.clone()).collect();
    let similarity = |a: usize, b: usize| -> Option<f32> {
        Some(templates[a].as_ref()?.similarity(templates[b].as_ref()?))
    };
    for (at, judged) in all.iter_mut().enumerate() {
        let is_same = |other: usize| similarity(at, other).is_some_and(|s| SAME_PICTURE <= s);
        if let Some(first) = (0..at).find(|other| is_same(*other)) {
            let n_first = first + 1;
            judged.refusals.push(Refusal::SamePicture { n_first });
        }
        let others: Vec<f32> = (0..templates.len())
            .filter(|other| *other != at)
            .filter_map(|other| similarity(at, other))
            .collect();
        let n_unlike = others.iter().filter(|s| **s < similarity_min).count();
        // Alone against most of the others, or against as many as are for it.
        if 0 < n_unlike && others.len() <= 2 * n_unlike {
            let nearest = others.iter().copied().fold(-1.0, f32::max);
            judged.refusals.push(Refusal::SomebodyElse {
                similarity: nearest.min(others.iter().copied().fold(1.0, f32::min)),
                needed: similarity_min,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(angles: &[f32]) -> Vec<Judged> {
        let one = |angle: &f32| {
            let (sin, cos) = angle.to_radians().sin_cos();
            Judged {
                path: PathBuf::from("a"),
                template: Embedding::normalised(&[cos, sin]),
                refusals: Vec::new(),
            }
        };
        angles.iter().map(one).collect()
    }

    #[track_caller]
    fn refused(angles: &[f32], expected: &[&[&str]]) {
        let mut all = judged(angles);
        compare(&mut all, 0.5);
        let codes = |one: &Judged| one.refusals.iter().map(Refusal::code).collect();
        let found: Vec<Vec<&str>> = all.iter().map(codes).collect();
        assert_eq!(found, expected, "{angles:?}");
    }

    #[test]
    fn who_does_not_belong_is_named() {
        refused(&[0.0, 10.0, 20.0], &[&[], &[], &[]]);
        let somebody: &[&str] = &["somebody-else"];
        refused(&[0.0, 10.0, 20.0, 95.0], &[&[], &[], &[], somebody]);
        refused(&[0.0, 10.0, 95.0, 105.0], &[somebody; 4]);
        refused(&[0.0, 95.0], &[somebody; 2]);
        refused(&[0.0, 20.0, 1.0], &[&[], &[], &["same-picture"]]);
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        std::fs::write(&path, b"GIF89a").unwrap();
        let told = format!("{:#}", read(&path).unwrap_err());
        assert!(told.contains("a.jpg is no JPEG or PNG picture"), "{told}");
    }
}
