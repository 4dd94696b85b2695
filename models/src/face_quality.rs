//! Whether a picture of a face is good enough to enrol from: size, pose, sharpness, light.
//!
//! What is measured follows the quality elements of ISO/IEC 29794-5 (inter-eye distance, pose,
//! sharpness, under- and over-exposure, illumination uniformity); how it is computed is our own,
//! from the five landmarks and the upright chip that the embedder sees. The limits are judgement,
//! set where the pictures of `tests/all/face_quality.rs` are told apart from the same pictures
//! blurred, darkened, turned and shrunk.

mod chip;
mod pose;
mod refusal;

pub use pose::Pose;
pub use refusal::Refusal;

use crate::{
    InferenceError,
    preprocess::{
        Picture,
        rectify::{ARCFACE_112, Similarity, warp_similarity},
    },
};
use domain::{FaceObservation, Liveness, PointInImage};

/// A second face counts when its height is more than this share of the largest one's: people far
/// behind are no second face.
const SECOND_FACE_SHARE: f32 = 0.4;

/// What a picture must have to enrol from.
#[derive(Clone, Debug, PartialEq)]
pub struct QualityLimits {
    /// Pixels between the eyes. The embedder's chip has 35 of them: below that pixels would be made
    /// up, and at 90 (a portrait of ISO/IEC 39794-5) nothing is gained any more.
    pub eye_distance_min_px: f32,
    /// Turned to a side, at most.
    pub yaw_max_deg: f32,
    /// Looking up or down, at most.
    pub pitch_max_deg: f32,
    /// The head tilted to a shoulder, at most.
    pub roll_max_deg: f32,
    /// See [`FaceQuality::sharpness`].
    pub sharpness_min: f32,
    /// Mean brightness of the face, of 255: from and to.
    pub brightness: [f32; 2],
    /// Share of the face that is black or white without any detail, at most.
    pub clipped_share_max: f32,
    /// See [`FaceQuality::imbalance`].
    pub imbalance_max: f32,
}

impl Default for QualityLimits {
    fn default() -> Self {
        Self {
            eye_distance_min_px: 45.0,
            yaw_max_deg: 25.0,
            pitch_max_deg: 25.0,
            roll_max_deg: 20.0,
            sharpness_min: 0.25,
            brightness: [45.0, 215.0],
            clipped_share_max: 0.2,
            imbalance_max: 0.45,
        }
    }
}

/// What was measured of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceQuality {
    /// Pixels between the eyes.
    pub eye_distance_px: f32,
    /// How the head is turned.
    pub pose: Pose,
    /// Fine detail of the upright chip beside its contrast, with what noise adds taken off: the
    /// deviation of the Laplacian by the deviation of the brightness.
    pub sharpness: f32,
    /// Mean brightness of the face, 0 to 255.
    pub brightness: f32,
    /// Share of the face that is black without any detail.
    pub dark_share: f32,
    /// Share of the face that is white without any detail.
    pub bright_share: f32,
    /// By how much one half of the face is brighter: the difference of the halves by their sum.
    pub imbalance: f32,
    /// Whether a part of the chip lies outside the picture.
    pub is_cut_off: bool,
    /// What liveness said, when it was asked.
    pub liveness: Option<Liveness>,
}

/// The one face of a picture to enrol from.
pub fn only_face(faces: &[FaceObservation]) -> Result<&FaceObservation, Refusal> {
    let height = |face: &&FaceObservation| face.bounds.height();
    let largest = faces
        .iter()
        .max_by(|a, b| height(a).total_cmp(&height(b)))
        .ok_or(Refusal::NoFace)?;
    let second = SECOND_FACE_SHARE * largest.bounds.height();
    let n_faces = faces.iter().filter(|face| second <= height(face)).count();
    if 1 < n_faces {
        return Err(Refusal::SeveralFaces { n_faces });
    }
    Ok(largest)
}

/// Measures a face with landmarks; `None` without them.
pub fn measure(
    picture: Picture<'_>,
    face: &FaceObservation,
) -> Result<Option<FaceQuality>, InferenceError> {
    let Some(points) = face.landmarks else {
        return Ok(None);
    };
    let Some(upright) = Similarity::between(&points, &ARCFACE_112) else {
        return Ok(None);
    };
    let Some(pose) = Pose::of(&points) else {
        return Ok(None);
    };
    let chip = warp_similarity(picture, &upright, [chip::SIZE_PX; 2])?;
    let chip = chip::Chip::of(&chip);
    let [right_eye, left_eye] = [points[0], points[1]];
    let (dx, dy) = (left_eye.x - right_eye.x, left_eye.y - right_eye.y);
    Ok(Some(FaceQuality {
        eye_distance_px: (dx * dx + dy * dy).sqrt(),
        pose,
        sharpness: chip.sharpness(),
        brightness: chip.brightness(),
        dark_share: chip.share(|luma| luma < chip::BLACK),
        bright_share: chip.share(|luma| chip::WHITE < luma),
        imbalance: chip.imbalance(),
        is_cut_off: is_cut_off(picture, &upright),
        liveness: face.liveness,
    }))
}

/// Whether a corner of the face's part of the chip lies outside the picture.
fn is_cut_off(picture: Picture<'_>, upright: &Similarity) -> bool {
    let scale = upright.a * upright.a + upright.b * upright.b;
    let back = |x: f32, y: f32| {
        let (x, y) = (x - upright.dx, y - upright.dy);
        PointInImage {
            x: (upright.a * x + upright.b * y) / scale,
            y: (upright.a * y - upright.b * x) / scale,
        }
    };
    let [left, top, right, bottom] = chip::FACE.map(|edge| edge as f32);
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
    let is_inside = |p: PointInImage| {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        (0.0..=width).contains(&p.x) && (0.0..=height).contains(&p.y)
    };
    !corners.into_iter().all(|(x, y)| is_inside(back(x, y)))
}

impl FaceQuality {
    /// Everything that speaks against enrolling from this picture, what is the most in the way
    /// first; nothing when it is good.
    pub fn refusals(&self, limits: &QualityLimits) -> Vec<Refusal> {
        let clipped = limits.clipped_share_max;
        let [dark, bright] = limits.brightness;
        let pose = self.pose;
        let found = [
            (self.eye_distance_px < limits.eye_distance_min_px).then_some(Refusal::TooSmall {
                eye_distance_px: self.eye_distance_px,
                needed_px: limits.eye_distance_min_px,
            }),
            self.is_cut_off.then_some(Refusal::CutOff),
            (limits.yaw_max_deg < pose.yaw_deg.abs()).then_some(Refusal::TurnedAside {
                yaw_deg: pose.yaw_deg,
            }),
            (limits.pitch_max_deg < pose.pitch_deg.abs()).then_some(Refusal::UpOrDown {
                pitch_deg: pose.pitch_deg,
            }),
            (limits.roll_max_deg < pose.roll_deg.abs()).then_some(Refusal::Tilted {
                roll_deg: pose.roll_deg,
            }),
            (self.brightness < dark || clipped < self.dark_share).then_some(Refusal::TooDark {
                brightness: self.brightness,
            }),
            (bright < self.brightness || clipped < self.bright_share).then_some(
                Refusal::TooBright {
                    brightness: self.brightness,
                },
            ),
            (limits.imbalance_max < self.imbalance).then_some(Refusal::UnevenLight {
                imbalance: self.imbalance,
            }),
            (self.sharpness < limits.sharpness_min).then_some(Refusal::Blurred {
                sharpness: self.sharpness,
                needed: limits.sharpness_min,
            }),
            match self.liveness {
                None => Some(Refusal::LivenessUnknown),
                Some(said) if !said.is_live() => Some(Refusal::NotLive),
                Some(_) => None,
            },
        ];
        found.into_iter().flatten().collect()
    }
}
