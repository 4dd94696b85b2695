//! What many reads of one plate come to.
//!
//! Each read is evidence: a distribution for each of its characters. Reads are gathered by how
//! alike their pictures were (`views`), aligned with each candidate text row by row (`align`), and
//! weighed against the grammar (`posterior`). What is kept are whole numbers, so the order of the
//! reads does not change the result as long as none of the limits on how much is kept is reached.

mod align;
mod nats;
mod posterior;
mod text;
mod views;

#[cfg(test)]
mod tests;

use crate::parts::Ballot;
use domain::{PlateColour, PlateRead, PlateVote};
use std::{collections::BTreeMap, fmt};
use text::Text;
use views::Views;

/// When a voted plate is decisive. A wrong early answer opens a barrier, so every bound must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateVoteConfig {
    /// At least so many reads.
    pub reads_min: u32,
    /// At least so many of them read exactly the voted text.
    pub agreeing_min: u32,
    /// The voted text has at least this probability.
    pub posterior_min: f32,
    /// At no place another character has more than this share beside the voted one, as if all
    /// frames were one witness; nor has another length. However many frames there are, one in six
    /// that says `B` keeps an `8` open.
    pub rival_share_max: f32,
    /// At most this share of the reads has the voted characters on other rows.
    pub other_rows_share_max: f32,
    /// The voted text did not change in so many last reads.
    pub stable_reads: u32,
    /// The plate was at least this wide in one frame: the vehicle has come near.
    pub width_min_px: f32,
}

impl Default for PlateVoteConfig {
    fn default() -> Self {
        Self {
            reads_min: 4,
            agreeing_min: 3,
            posterior_min: 0.99,
            rival_share_max: 0.15,
            other_rows_share_max: 0.3,
            stable_reads: 2,
            width_min_px: 48.0,
        }
    }
}

/// The reads of one plate, counted. Its size does not grow with the number of reads.
#[derive(Clone, Default)]
pub struct PlateBallot {
    views: Views,
    /// How many frames were read so, and their weight.
    texts: BTreeMap<Text, (u32, u64)>,
    colours: BTreeMap<PlateColour, u64>,
    n_reads: u32,
    weight: u64,
    width_max_px: f32,
    winner: Option<Text>,
    n_since_change: u32,
    tally: Option<PlateTally>,
}

/// A vote and how far to trust it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateTally {
    /// The voted plate. A character's score is the probability that it stands at its place, and
    /// its alternatives are on the same scale.
    pub vote: PlateVote,
    /// The probability of the whole text.
    pub posterior: f32,
    /// The greatest share of another character at a place, or of another length, beside the voted
    /// one, as if all frames were one witness.
    pub rival_share: f32,
    /// The share of reads with these characters on other rows.
    pub other_rows_share: f32,
    /// How many reads ago the voted text last changed.
    pub n_since_change: u32,
    /// The widest the plate was.
    pub width_max_px: f32,
}

/// Scores are counted in thousandths.
const SCORE_UNIT: f64 = 1000.0;
/// The characters of all plates, and what else readers know: letters, digits and `Đ`.
const CHARSET: f64 = 37.0;
const TEXTS_MAX: usize = 32;

impl PlateBallot {
    /// Counts one read. A plate without characters, or with impossibly many, is no read and gives
    /// `false`.
    pub fn add(&mut self, read: &PlateRead) -> bool {
        let Some(text) = Text::of(read) else {
            return false;
        };
        let width_px = read.bounds.width();
        let size = whole(f64::from(width_px.clamp(8.0, 512.0))).max(8);
        let scores = read.rows.iter().flat_map(|row| &row.chars);
        let sum: f64 = scores.map(|c| f64::from(unit_score(c.score))).sum();
        let weight = size * whole(sum / text.n_chars() as f64 * SCORE_UNIT).max(1);
        self.views.add(&text, read);
        let counted = self.texts.entry(text).or_default();
        *counted = (counted.0.saturating_add(1), counted.1 + weight);
        keep_heaviest(&mut self.texts, TEXTS_MAX, |(_, weight)| *weight);
        *self.colours.entry(read.colour).or_default() += size;
        self.n_reads = self.n_reads.saturating_add(1);
        self.weight += weight;
        if width_px.is_finite() {
            self.width_max_px = self.width_max_px.max(width_px);
        }
        let before = self.winner.take();
        let n_since_change = self.n_since_change;
        self.judge(|winner| match &before {
            Some(before) if before == winner => n_since_change.saturating_add(1),
            _ => 0,
        });
        true
    }

    /// What the reads come to; `None` before the first read.
    pub fn tally(&self) -> Option<PlateTally> {
        self.tally.clone()
    }

    fn judge(&mut self, n_since_change: impl Fn(&Text) -> u32) {
        let mut texts: Vec<(&Text, u64)> = self
            .texts
            .iter()
            .map(|(text, (_, weight))| (text, *weight))
            .collect();
        // The sort is stable: of equally heavy ones the first in the alphabet comes first.
        texts.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let texts = texts.into_iter().map(|(text, _)| text.clone()).collect();
        let colour = self.winning_colour();
        let judged = posterior::judge(&self.views.weighed(), texts, colour);
        let Some(judged) = judged else {
            return;
        };
        self.n_since_change = n_since_change(&judged.text);
        let n_agreeing = self.texts.get(&judged.text).map_or(0, |(n, _)| *n);
        self.winner = Some(judged.text);
        self.tally = Some(PlateTally {
            vote: PlateVote {
                rows: judged.rows,
                colour,
                n_reads: self.n_reads,
                n_agreeing,
            },
            posterior: judged.probability as f32,
            rival_share: judged.rival_share as f32,
            other_rows_share: judged.other_rows_share as f32,
            n_since_change: self.n_since_change,
            width_max_px: self.width_max_px,
        });
    }

    fn winning_colour(&self) -> PlateColour {
        let mut best = (PlateColour::Unknown, 0);
        for (colour, weight) in &self.colours {
            // A frame that could not tell the colour does not outvote those that could.
            if *colour != PlateColour::Unknown && best.1 < *weight {
                best = (*colour, *weight);
            }
        }
        best.0
    }
}

impl PlateTally {
    /// Whether more reads would hardly change it.
    ///
    /// Comparisons are written so that what is no number fails them.
    pub fn is_decisive(&self, config: &PlateVoteConfig) -> bool {
        config.reads_min <= self.vote.n_reads
            && config.agreeing_min <= self.vote.n_agreeing
            && config.posterior_min <= self.posterior
            && self.rival_share <= config.rival_share_max
            && self.other_rows_share <= config.other_rows_share_max
            && config.stable_reads <= self.n_since_change
            && config.width_min_px <= self.width_max_px
            && self.vote.plate().is_some()
    }
}

impl Ballot for PlateBallot {
    type Seen = PlateRead;

    fn add(&mut self, seen: &PlateRead) {
        let _is_read = Self::add(self, seen);
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether both can be reads of one plate: two edits at most turn one voted text into the
    /// other, or into one row of it.
    fn is_compatible(&self, other: &Self) -> bool {
        match (&self.winner, &other.winner) {
            (Some(a), Some(b)) => a.is_near(b),
            _ => true,
        }
    }

    fn absorb(&mut self, other: &Self) {
        if other.n_reads == 0 {
            return;
        }
        if self.n_reads == 0 {
            *self = other.clone();
            return;
        }
        self.views.absorb(&other.views);
        for (text, (n, weight)) in &other.texts {
            let ours = self.texts.entry(text.clone()).or_default();
            *ours = (ours.0.saturating_add(*n), ours.1 + weight);
        }
        keep_heaviest(&mut self.texts, TEXTS_MAX, |(_, weight)| *weight);
        for (colour, weight) in &other.colours {
            *self.colours.entry(*colour).or_default() += weight;
        }
        self.n_reads = self.n_reads.saturating_add(other.n_reads);
        self.weight += other.weight;
        self.width_max_px = self.width_max_px.max(other.width_max_px);
        let before = [
            (self.winner.take(), self.n_since_change),
            (other.winner.clone(), other.n_since_change),
        ];
        self.judge(|winner| {
            let same = before.iter().filter(|(w, _)| w.as_ref() == Some(winner));
            same.map(|(_, n)| *n).max().unwrap_or(0)
        });
    }
}

/// Says how many reads it holds and no more: plates are personal data.
impl fmt::Debug for PlateBallot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlateBallot({} reads, <redacted>)", self.n_reads)
    }
}

/// Drops the lightest entries, the later of equally light ones first, until at most `n_max` remain.
fn keep_heaviest<K: Ord + Clone, V>(
    map: &mut BTreeMap<K, V>,
    n_max: usize,
    weight: impl Fn(&V) -> u64,
) {
    while n_max < map.len() {
        let lightest = map.iter().rev().min_by_key(|(_, v)| weight(v));
        let Some(key) = lightest.map(|(k, _)| k.clone()) else {
            return;
        };
        map.remove(&key);
    }
}

/// Within [0, 1]; what is no number counts 0.
fn unit_score(score: f32) -> f32 {
    if score.is_nan() {
        0.0
    } else {
        score.clamp(0.0, 1.0)
    }
}

/// Rounds; a negative number or NaN is 0.
fn whole(number: f64) -> u64 {
    (number + 0.5) as u64
}
