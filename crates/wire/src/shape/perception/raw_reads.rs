//! What every frame of a plate was read as.

use super::{ColourWord, ROW_CHARS_MAX, plate_char, score};
use domain::{CharRead, RawRead, RawReads, RowRead, Timestamp, plate::RAW_READS_MAX};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReadsShape {
    n_dropped: u32,
    reads: Vec<RawReadShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReadShape {
    frame_seq: u64,
    #[serde(with = "crate::time")]
    captured_at: Timestamp,
    /// Characters with their scores.
    rows: Vec<Vec<(char, f32)>>,
    colour: ColourWord,
    width_px: f32,
}

impl RawReadsShape {
    pub(super) fn of(all: &RawReads) -> Option<Self> {
        let read = |read: &RawRead| RawReadShape {
            frame_seq: read.frame_seq,
            captured_at: read.captured_at,
            rows: read
                .rows
                .iter()
                .map(|row| row.chars.iter().map(|c| (c.best, c.score)).collect())
                .collect(),
            colour: read.colour.into(),
            width_px: read.width_px,
        };
        (!all.is_empty()).then(|| Self {
            n_dropped: all.n_dropped(),
            reads: all.reads().iter().map(read).collect(),
        })
    }

    pub(super) fn read(shape: Option<Self>) -> Result<RawReads, String> {
        let Some(shape) = shape else {
            return Ok(RawReads::default());
        };
        if RAW_READS_MAX < shape.reads.len() {
            return Err(format!("a sighting has more than {RAW_READS_MAX} reads"));
        }
        let reads: Result<Vec<RawRead>, String> =
            shape.reads.into_iter().map(RawRead::try_from).collect();
        Ok(RawReads::new(reads?, shape.n_dropped))
    }
}

impl TryFrom<RawReadShape> for RawRead {
    type Error = String;

    fn try_from(read: RawReadShape) -> Result<Self, String> {
        if 2 < read.rows.len() || read.rows.iter().any(|row| ROW_CHARS_MAX < row.len()) {
            return Err("a read has more than two rows or too long a row".to_owned());
        }
        if !(0.0..=65_536.0).contains(&read.width_px) {
            return Err("the width of a plate is none".to_owned());
        }
        let mut rows = Vec::new();
        for row in read.rows {
            let mut chars = Vec::new();
            for (best, its_score) in row {
                chars.push(CharRead {
                    best: plate_char(best)?,
                    score: score(its_score)?,
                    alternatives: Vec::new(),
                });
            }
            rows.push(RowRead { chars });
        }
        Ok(Self {
            frame_seq: read.frame_seq,
            captured_at: read.captured_at,
            rows,
            colour: read.colour.into(),
            width_px: read.width_px,
        })
    }
}
