//! What many reads of one plate agree on.
//!
//! Reads are grouped by layout (rows and their lengths), because characters can only be compared
//! place by place. Within the layout with the most weight every place is voted on its own; near,
//! large reads weigh more. Weights are whole numbers, so the order of the reads does not change the
//! result.

use crate::parts::Ballot;
use domain::{CharRead, PlateColour, PlateRead, PlateVote, RowRead};
use std::{collections::BTreeMap, fmt};

/// When a voted plate is decisive.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateVoteConfig {
    /// At least so many reads.
    pub reads_min: u32,
    /// At least this share of the weight of all reads read exactly the voted text.
    pub agreeing_share_min: f32,
    /// At every place at least this share of the weight is for the voted character: split votes
    /// (8/B) are not decisive.
    pub char_share_min: f32,
    /// The voted text did not change in so many last reads.
    pub stable_reads: u32,
    /// The plate was at least this wide in one frame: the vehicle has come near.
    pub width_min_px: f32,
}

impl Default for PlateVoteConfig {
    fn default() -> Self {
        Self {
            reads_min: 4,
            agreeing_share_min: 0.7,
            char_share_min: 0.8,
            stable_reads: 2,
            width_min_px: 48.0,
        }
    }
}

/// The reads of one plate, counted. Its size does not grow with the number of reads.
#[derive(Clone, Default)]
pub struct PlateBallot {
    layouts: BTreeMap<Vec<usize>, Layout>,
    colours: BTreeMap<PlateColour, u64>,
    n_reads: u32,
    weight: u64,
    width_max_px: f32,
    winner: Option<String>,
    n_since_change: u32,
}

/// A vote and how far to trust it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateTally {
    /// The voted plate.
    ///
    /// A character's score is its share of the votes times the mean score of the reads that voted
    /// for it; its alternatives are the losing votes first, then what readers thought possible, on
    /// the same scale.
    pub vote: PlateVote,
    /// The least share that a voted character has at its place.
    pub char_share_min: f32,
    /// The share of the weight of all reads that read exactly the voted text.
    pub agreeing_share: f32,
    /// How many reads ago the voted text last changed.
    pub n_since_change: u32,
    /// The widest the plate was.
    pub width_max_px: f32,
}

#[derive(Clone, Default)]
struct Layout {
    weight: u64,
    size: u64,
    places: Vec<BTreeMap<char, CharVotes>>,
    texts: BTreeMap<String, (u32, u64)>,
}

#[derive(Clone, Copy, Default)]
struct CharVotes {
    /// Size times score of the reads that voted for it.
    weight: u64,
    /// Size of those reads.
    size: u64,
    /// Size times score of the reads that listed it as an alternative.
    maybe: u64,
}

/// Scores are counted in thousandths.
const SCORE_UNIT: f32 = 1000.0;
/// Beyond a plate's greatest length, with room for misread screws.
const ROW_CHARS_MAX: usize = 12;
const LAYOUTS_MAX: usize = 8;
const TEXTS_MAX: usize = 32;
const ALTERNATIVES_MAX: usize = 3;

impl PlateBallot {
    /// Counts one read. A plate without characters, or with impossibly many, is no read and gives
    /// `false`.
    pub fn add(&mut self, read: &PlateRead) -> bool {
        let lengths: Vec<usize> = read.rows.iter().map(|row| row.chars.len()).collect();
        let is_readable = (1..=2).contains(&lengths.len())
            && lengths.iter().all(|n| (1..=ROW_CHARS_MAX).contains(n));
        if !is_readable {
            return false;
        }
        let width_px = read.bounds.width();
        let size = whole(width_px.clamp(8.0, 512.0)).max(8);
        let chars: Vec<&CharRead> = read.rows.iter().flat_map(|row| &row.chars).collect();
        let mean = chars.iter().map(|c| unit_score(c.score)).sum::<f32>() / chars.len() as f32;
        let weight = size * thousandths(mean);
        let layout = self.layouts.entry(lengths).or_default();
        layout.add(&chars, size);
        layout.weight += weight;
        let text = layout.texts.entry(text_of(&read.rows)).or_default();
        *text = (text.0.saturating_add(1), text.1 + weight);
        keep_heaviest(&mut layout.texts, TEXTS_MAX, |(_, weight)| *weight);
        keep_heaviest(&mut self.layouts, LAYOUTS_MAX, |layout| layout.weight);
        *self.colours.entry(read.colour).or_default() += size;
        self.n_reads = self.n_reads.saturating_add(1);
        self.weight += weight;
        if width_px.is_finite() {
            self.width_max_px = self.width_max_px.max(width_px);
        }
        let winner = self.winning_text();
        if winner == self.winner {
            self.n_since_change = self.n_since_change.saturating_add(1);
        } else {
            self.winner = winner;
            self.n_since_change = 0;
        }
        true
    }

    /// What the reads agree on; `None` before the first read.
    pub fn tally(&self) -> Option<PlateTally> {
        let (lengths, layout) = self.winning_layout()?;
        let mut char_share_min = 1.0_f32;
        let mut chars = layout.places.iter().map(|votes| {
            let (voted, share) = elect(votes, layout.size);
            char_share_min = char_share_min.min(share);
            voted
        });
        let rows: Vec<RowRead> = lengths
            .iter()
            .map(|n| RowRead {
                chars: chars.by_ref().take(*n).collect(),
            })
            .collect();
        drop(chars);
        let (n_agreeing, weight) = layout
            .texts
            .get(&text_of(&rows))
            .copied()
            .unwrap_or_default();
        Some(PlateTally {
            vote: PlateVote {
                rows,
                colour: self.winning_colour(),
                n_reads: self.n_reads,
                n_agreeing,
            },
            char_share_min,
            agreeing_share: ratio(weight, self.weight),
            n_since_change: self.n_since_change,
            width_max_px: self.width_max_px,
        })
    }

    fn winning_layout(&self) -> Option<(&Vec<usize>, &Layout)> {
        let mut best: Option<(&Vec<usize>, &Layout)> = None;
        for (lengths, layout) in &self.layouts {
            if best.is_none_or(|(_, most)| most.weight < layout.weight) {
                best = Some((lengths, layout));
            }
        }
        best
    }

    fn winning_text(&self) -> Option<String> {
        let (lengths, layout) = self.winning_layout()?;
        let mut text = String::new();
        let mut places = layout.places.iter();
        for n in lengths {
            if !text.is_empty() {
                text.push('/');
            }
            text.extend(places.by_ref().take(*n).filter_map(winner_of));
        }
        Some(text)
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
    pub fn is_decisive(&self, config: &PlateVoteConfig) -> bool {
        config.reads_min <= self.vote.n_reads
            && config.agreeing_share_min <= self.agreeing_share
            && config.char_share_min <= self.char_share_min
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
    /// other.
    fn is_compatible(&self, other: &Self) -> bool {
        match (&self.winner, &other.winner) {
            (Some(a), Some(b)) => edits(a, b) <= 2,
            _ => true,
        }
    }

    fn absorb(&mut self, other: &Self) {
        for (lengths, theirs) in &other.layouts {
            self.layouts
                .entry(lengths.clone())
                .or_default()
                .absorb(theirs);
        }
        keep_heaviest(&mut self.layouts, LAYOUTS_MAX, |layout| layout.weight);
        for (colour, weight) in &other.colours {
            *self.colours.entry(*colour).or_default() += weight;
        }
        if self.n_reads == 0 {
            self.n_since_change = other.n_since_change;
        }
        self.n_reads = self.n_reads.saturating_add(other.n_reads);
        self.weight += other.weight;
        self.width_max_px = self.width_max_px.max(other.width_max_px);
        self.winner = self.winning_text();
    }
}

impl Layout {
    fn add(&mut self, chars: &[&CharRead], size: u64) {
        self.places.resize_with(chars.len(), BTreeMap::new);
        self.size += size;
        for (votes, read) in self.places.iter_mut().zip(chars) {
            let vote = votes.entry(read.best).or_default();
            // A vote without any score still is a vote.
            vote.weight += size * thousandths(read.score).max(1);
            vote.size += size;
            for (c, score) in read.alternatives.iter().take(ALTERNATIVES_MAX) {
                if *c != read.best {
                    votes.entry(*c).or_default().maybe += size * thousandths(*score);
                }
            }
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.weight += other.weight;
        self.size += other.size;
        self.places.resize_with(other.places.len(), BTreeMap::new);
        for (votes, theirs) in self.places.iter_mut().zip(&other.places) {
            for (c, their) in theirs {
                let vote = votes.entry(*c).or_default();
                vote.weight += their.weight;
                vote.size += their.size;
                vote.maybe += their.maybe;
            }
        }
        for (text, (n, weight)) in &other.texts {
            let ours = self.texts.entry(text.clone()).or_default();
            *ours = (ours.0.saturating_add(*n), ours.1 + weight);
        }
        keep_heaviest(&mut self.texts, TEXTS_MAX, |(_, weight)| *weight);
    }
}

/// Says how many reads it holds and no more: plates are personal data.
impl fmt::Debug for PlateBallot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlateBallot({} reads, <redacted>)", self.n_reads)
    }
}

/// The voted character of one place, and its share of the votes.
fn elect(votes: &BTreeMap<char, CharVotes>, size_all: u64) -> (CharRead, f32) {
    let cast: u64 = votes.values().map(|v| v.weight).sum();
    let score_of = |v: &CharVotes| ratio(v.weight, cast) * ratio(v.weight, v.size) / SCORE_UNIT;
    let best = winner_of(votes).unwrap_or('?');
    let own = votes.get(&best).copied().unwrap_or_default();
    let mut alternatives: Vec<(char, f32)> = votes
        .iter()
        .filter(|(c, _)| **c != best)
        .map(|(c, v)| (*c, score_of(v).max(ratio(v.maybe, size_all) / SCORE_UNIT)))
        .filter(|(_, score)| 0.001 <= *score)
        .collect();
    alternatives.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    alternatives.truncate(ALTERNATIVES_MAX);
    let voted = CharRead {
        best,
        score: score_of(&own).clamp(0.0, 1.0),
        alternatives,
    };
    (voted, ratio(own.weight, cast))
}

/// The character with the most votes; the first in the alphabet of those with equally many.
fn winner_of(votes: &BTreeMap<char, CharVotes>) -> Option<char> {
    let mut best: Option<(char, u64)> = None;
    for (c, v) in votes {
        if 0 < v.weight && best.is_none_or(|(_, most)| most < v.weight) {
            best = Some((*c, v.weight));
        }
    }
    best.map(|(c, _)| c)
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

/// How many characters must be changed, added or left out (Levenshtein 1966); breaks between rows
/// do not count.
fn edits(a: &str, b: &str) -> usize {
    let plain = |text: &str| text.chars().filter(|c| *c != '/').collect::<Vec<char>>();
    let (a, b) = (plain(a), plain(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, p) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, q) in b.iter().enumerate() {
            let changed = diagonal + usize::from(p != q);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn text_of(rows: &[RowRead]) -> String {
    let texts: Vec<String> = rows.iter().map(RowRead::text).collect();
    texts.join("/")
}

/// Within [0, 1]; what is no number counts 0.
fn unit_score(score: f32) -> f32 {
    if score.is_nan() {
        0.0
    } else {
        score.clamp(0.0, 1.0)
    }
}

fn thousandths(score: f32) -> u64 {
    whole(unit_score(score) * SCORE_UNIT)
}

/// Rounds; a negative number or NaN is 0.
fn whole(number: f32) -> u64 {
    (number + 0.5) as u64
}

fn ratio(part: u64, all: u64) -> f32 {
    if all == 0 {
        0.0
    } else {
        (part as f64 / all as f64) as f32
    }
}
