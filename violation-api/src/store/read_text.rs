//! Plate and face votes as text in a column.
//!
//! The store has shapes of its own: what it wrote it must read after the wire has got a new
//! version.

use domain::{
    CharRead, FaceMatch, Liveness, PersonId, PlateVote, RawRead, RawReads, RowRead, Timestamp,
    face::FaceVote, plate::PlateColour,
};
use serde::{Deserialize, Serialize};

use super::code::Code as _;

#[derive(Serialize, Deserialize)]
struct PlateText {
    rows: Vec<Vec<CharText>>,
    colour: String,
    n_reads: u32,
    n_agreeing: u32,
}

#[derive(Serialize, Deserialize)]
struct CharText {
    c: char,
    score: f32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<(char, f32)>,
}

#[derive(Serialize, Deserialize)]
struct RawReadsText {
    n_dropped: u32,
    reads: Vec<RawReadText>,
}

#[derive(Serialize, Deserialize)]
struct RawReadText {
    frame_seq: u64,
    captured_at_us: i64,
    /// Characters with their scores.
    rows: Vec<Vec<(char, f32)>>,
    colour: String,
    width_px: f32,
}

#[derive(Serialize, Deserialize)]
struct FaceText {
    candidates: Vec<MatchText>,
    liveness: Option<(f32, f32)>,
    n_views: u32,
    n_agreeing: u32,
}

#[derive(Serialize, Deserialize)]
struct MatchText {
    person: String,
    similarity: f32,
    similarity_min: f32,
}

pub(crate) fn plate_text(vote: &PlateVote) -> String {
    let char_text = |c: &CharRead| CharText {
        c: c.best,
        score: c.score,
        alternatives: c.alternatives.clone(),
    };
    let shape = PlateText {
        rows: vote
            .rows
            .iter()
            .map(|row| row.chars.iter().map(char_text).collect())
            .collect(),
        colour: vote.colour.code().to_owned(),
        n_reads: vote.n_reads,
        n_agreeing: vote.n_agreeing,
    };
    serde_json::to_string(&shape).expect("the shape has string keys and finite numbers only")
}

pub(crate) fn plate_of_text(text: &str) -> Option<PlateVote> {
    let shape: PlateText = serde_json::from_str(text).ok()?;
    let char_read = |c: CharText| CharRead {
        best: c.c,
        score: c.score,
        alternatives: c.alternatives,
    };
    let row = |row: Vec<CharText>| RowRead {
        chars: row.into_iter().map(char_read).collect(),
    };
    Some(PlateVote {
        rows: shape.rows.into_iter().map(row).collect(),
        colour: PlateColour::from_code(&shape.colour)?,
        n_reads: shape.n_reads,
        n_agreeing: shape.n_agreeing,
    })
}

/// Nothing when no frame was read.
pub(crate) fn raw_reads_text(all: &RawReads) -> Option<String> {
    if all.is_empty() {
        return None;
    }
    let read = |read: &RawRead| RawReadText {
        frame_seq: read.frame_seq,
        captured_at_us: read.captured_at.as_micros(),
        rows: read
            .rows
            .iter()
            .map(|row| row.chars.iter().map(|c| (c.best, c.score)).collect())
            .collect(),
        colour: read.colour.code().to_owned(),
        width_px: read.width_px,
    };
    let shape = RawReadsText {
        n_dropped: all.n_dropped(),
        reads: all.reads().iter().map(read).collect(),
    };
    let text = serde_json::to_string(&shape);
    Some(text.expect("the shape has string keys and finite numbers only"))
}

pub(crate) fn raw_reads_of_text(text: &str) -> Option<RawReads> {
    let shape: RawReadsText = serde_json::from_str(text).ok()?;
    let char_read = |(best, score): (char, f32)| CharRead {
        best,
        score,
        alternatives: Vec::new(),
    };
    let row = |row: Vec<(char, f32)>| RowRead {
        chars: row.into_iter().map(char_read).collect(),
    };
    let mut reads = Vec::new();
    for read in shape.reads {
        reads.push(RawRead {
            frame_seq: read.frame_seq,
            captured_at: Timestamp::from_micros(read.captured_at_us),
            rows: read.rows.into_iter().map(row).collect(),
            colour: PlateColour::from_code(&read.colour)?,
            width_px: read.width_px,
        });
    }
    Some(RawReads::new(reads, shape.n_dropped))
}

pub(crate) fn face_text(vote: &FaceVote) -> String {
    let match_text = |m: &FaceMatch| MatchText {
        person: m.person.to_string(),
        similarity: m.similarity,
        similarity_min: m.similarity_min,
    };
    let shape = FaceText {
        candidates: vote.candidates.iter().map(match_text).collect(),
        liveness: vote.liveness.map(|l| (l.score, l.score_min)),
        n_views: vote.n_views,
        n_agreeing: vote.n_agreeing,
    };
    serde_json::to_string(&shape).expect("the shape has string keys and finite numbers only")
}

pub(crate) fn face_of_text(text: &str) -> Option<FaceVote> {
    let shape: FaceText = serde_json::from_str(text).ok()?;
    let mut candidates = Vec::new();
    for m in shape.candidates {
        let person: PersonId = m.person.parse().ok()?;
        let (similarity, similarity_min) = (m.similarity, m.similarity_min);
        candidates.push(FaceMatch {
            person,
            similarity,
            similarity_min,
        });
    }
    Some(FaceVote {
        candidates,
        liveness: shape
            .liveness
            .map(|(score, score_min)| Liveness { score, score_min }),
        n_views: shape.n_views,
        n_agreeing: shape.n_agreeing,
    })
}
