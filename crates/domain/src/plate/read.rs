//! What a camera saw of a plate: in one frame, and over the frames of one vehicle.

use super::Plate;
use crate::{BoxInImage, PointInImage};
use std::fmt;

/// The ground colour of a plate; it says who may carry it (Law 36/2024/QH15, art. 36).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlateColour {
    /// Not told.
    #[default]
    Unknown,
    /// Individuals and companies.
    White,
    /// Transport business.
    Yellow,
    /// State bodies.
    Blue,
    /// Army.
    Red,
}

/// A plate in one frame before it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlateDetection {
    /// Where it is.
    pub bounds: BoxInImage,
    /// Its corners from the top left, clockwise, when the detector gives them. They may lie outside
    /// the picture: a plate that its border cuts.
    pub corners: Option<[PointInImage; 4]>,
    /// The detector's score in [0, 1].
    pub score: f32,
}

/// One character as a reader saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct CharRead {
    /// The likeliest character.
    pub best: char,
    /// Its score in [0, 1].
    pub score: f32,
    /// The next likeliest with their scores, best first, at most three.
    pub alternatives: Vec<(char, f32)>,
}

/// One row as a reader saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowRead {
    /// From left to right.
    pub chars: Vec<CharRead>,
}

impl RowRead {
    /// The likeliest text.
    pub fn text(&self) -> String {
        self.chars.iter().map(|c| c.best).collect()
    }
}

/// One plate in one frame, exactly as it was read: never rewritten by grammar.
///
/// Personal data: `Debug` says how long it is and no more.
#[derive(Clone, PartialEq)]
pub struct PlateRead {
    /// Where it is.
    pub bounds: BoxInImage,
    /// Its corners from the top left, clockwise, when the detector gives them.
    pub corners: Option<[PointInImage; 4]>,
    /// The detector's score.
    pub detect_score: f32,
    /// One or two rows.
    pub rows: Vec<RowRead>,
    /// The ground colour.
    pub colour: PlateColour,
}

impl PlateRead {
    /// The lowest score of its characters; 0 when there is none. A chain is as strong as its
    /// weakest link.
    pub fn score(&self) -> f32 {
        weakest(&self.rows)
    }

    /// The likeliest text, when it has the length of a plate.
    pub fn plate(&self) -> Option<Plate> {
        plate_of(&self.rows)
    }
}

impl fmt::Debug for PlateRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_chars: usize = self.rows.iter().map(|row| row.chars.len()).sum();
        write!(
            f,
            "PlateRead({n_chars} characters, {} rows, <redacted>)",
            self.rows.len()
        )
    }
}

/// What many frames of one vehicle agree on.
#[derive(Clone, PartialEq)]
pub struct PlateVote {
    /// The voted rows. A score is the probability, by all frames together, that this character
    /// stands at this place; the alternatives are on the same scale.
    pub rows: Vec<RowRead>,
    /// The ground colour most frames saw.
    pub colour: PlateColour,
    /// How many frames were read.
    pub n_reads: u32,
    /// How many of them read exactly the voted text.
    pub n_agreeing: u32,
}

impl PlateVote {
    /// The lowest score of its characters; 0 when there is none.
    pub fn score(&self) -> f32 {
        weakest(&self.rows)
    }

    /// The voted text, when it has the length of a plate.
    pub fn plate(&self) -> Option<Plate> {
        plate_of(&self.rows)
    }
}

impl fmt::Debug for PlateVote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PlateVote({} of {} reads agree, <redacted>)",
            self.n_agreeing, self.n_reads
        )
    }
}

pub(super) fn weakest(rows: &[RowRead]) -> f32 {
    let scores = rows.iter().flat_map(|row| &row.chars).map(|c| c.score);
    scores.min_by(f32::total_cmp).unwrap_or(0.0)
}

fn plate_of(rows: &[RowRead]) -> Option<Plate> {
    let texts: Vec<String> = rows.iter().map(RowRead::text).collect();
    Plate::from_rows(&texts).ok()
}
