//! Faces: what a camera saw, and whom it may be. Only enrolled, consenting people can be matched.

use crate::{BoxInImage, PersonId, PointInImage};
use std::{fmt, sync::Arc};

/// A face template: a unit vector. Biometric data (NĐ356/2025 art. 4): `Debug` is redacted, and the
/// template of a person who is not enrolled never leaves the memory of the process that made it.
#[derive(Clone, PartialEq)]
pub struct Embedding(Arc<[f32]>);

impl Embedding {
    /// Scales the vector to length 1. `None` when it has no direction: empty, all zero, or not
    /// finite.
    pub fn normalised(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !length.is_finite() || length <= f32::EPSILON {
            return None;
        }
        Some(Self(vector.iter().map(|v| v / length).collect()))
    }

    /// The numbers. Call it only to store an enrolled person's template, encrypted.
    pub fn expose(&self) -> &[f32] {
        &self.0
    }

    /// Cosine similarity in [-1, 1]; -1 for templates of different models (lengths).
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return -1.0;
        }
        self.0
            .iter()
            .zip(other.0.iter())
            .map(|(a, b)| a * b)
            .sum::<f32>()
            .clamp(-1.0, 1.0)
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} numbers, <redacted>)", self.0.len())
    }
}

/// What a liveness model said of one face (ISO/IEC 30107-3: presentation attack detection).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Liveness {
    /// 1 is surely a live face, 0 surely a picture or a screen.
    pub score: f32,
    /// The threshold that the camera's configuration sets.
    pub score_min: f32,
}

impl Liveness {
    /// Whether it counts as live.
    pub fn is_live(&self) -> bool {
        self.score_min <= self.score
    }
}

/// One face in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceObservation {
    /// Where it is.
    pub bounds: BoxInImage,
    /// The detector's score.
    pub score: f32,
    /// Right eye, left eye, nose tip, right and left corner of the mouth (as the person has them),
    /// when given.
    pub landmarks: Option<[PointInImage; 5]>,
    /// What liveness said, when it was asked.
    pub liveness: Option<Liveness>,
    /// The template; never serialised.
    pub embedding: Option<Embedding>,
}

/// An enrolled person whom a face resembles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceMatch {
    /// Who.
    pub person: PersonId,
    /// Cosine similarity to the nearest of the person's templates.
    pub similarity: f32,
    /// The least similarity that counts as the same person.
    pub similarity_min: f32,
}

impl FaceMatch {
    /// Whether the similarity reaches the threshold.
    pub fn is_same(&self) -> bool {
        self.similarity_min <= self.similarity
    }
}

/// What the newest frames of one face agree on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaceVote {
    /// Enrolled people, at most three: the one on whom most views agree first, then by similarity.
    /// Somebody further down may be the more similar one, in fewer views.
    pub candidates: Vec<FaceMatch>,
    /// The median of what liveness said, when it was asked.
    ///
    /// Of the first candidate when she reaches the threshold, and then only of the views in which
    /// she does: another face that is live says nothing of hers. Else of all views.
    pub liveness: Option<Liveness>,
    /// How many of the newest frames had a usable face.
    pub n_views: u32,
    /// In how many of them the first candidate reached the threshold; nobody else's count.
    pub n_agreeing: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_length_one_and_is_never_printed() {
        let e = Embedding::normalised(&[3.0, 4.0]).unwrap();
        assert_eq!(e.expose(), [0.6, 0.8]);
        assert_eq!(e.similarity(&e), 1.0);
        assert_eq!(format!("{e:?}"), "Embedding(2 numbers, <redacted>)");
        assert_eq!(e.similarity(&Embedding::normalised(&[1.0]).unwrap()), -1.0);
        for bad in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0]] {
            assert_eq!(Embedding::normalised(bad), None);
        }
    }
}
