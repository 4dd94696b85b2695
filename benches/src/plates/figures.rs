//! How good a chain of detector and reader is on a set.

use super::text::{folded, n_edits};
use crate::Wilson;

/// A threshold is set so that at least this share is accepted.
const ACCEPTED_MIN: f64 = 0.92;

/// What a chain made of one plate that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What stands on it.
    pub truth: String,
    /// What it is counted with besides.
    pub group: Option<String>,
    /// Whether a box was there.
    pub is_found: bool,
    /// What the reader read, rows joined.
    pub as_read: Option<String>,
    /// Every character that is told with its score, rows joined: what was read, weighed against the
    /// grammar.
    pub read: Option<Vec<(char, f32)>>,
}

impl Judged {
    /// Whether the reader alone read it as it is.
    pub fn is_read_exactly(&self) -> bool {
        let read = self.as_read.as_deref().unwrap_or_default();
        folded(read) == folded(&self.truth)
    }

    /// Whether it was told as it is.
    pub fn is_exact(&self) -> bool {
        self.n_edits() == 0
    }

    /// How many characters are wrong; all, where nothing was read.
    pub fn n_edits(&self) -> usize {
        let read: String = self.read.iter().flatten().map(|(c, _)| *c).collect();
        n_edits(&folded(&read), &folded(&self.truth))
    }

    /// The score of the weakest character; nothing read is less than any score.
    pub fn score(&self) -> f32 {
        let chars = self.read.iter().flatten();
        let weakest = chars.map(|(_, score)| *score).reduce(f32::min);
        weakest.unwrap_or(-1.0)
    }
}

/// What a threshold lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accepted {
    /// The least score.
    pub score_min: f32,
    /// The share of all plates whose read reaches it.
    pub share: f64,
    /// The share of those that are read wrongly; 0 when there are none.
    pub wrong: f64,
}

impl Accepted {
    fn at(score_min: f32, judged: &[Judged]) -> Self {
        let reaches = |one: &&Judged| one.read.is_some() && score_min <= one.score();
        let accepted: Vec<&Judged> = judged.iter().filter(reaches).collect();
        let n_wrong = accepted.iter().filter(|one| !one.is_exact()).count();
        Self {
            score_min,
            share: accepted.len() as f64 / judged.len().max(1) as f64,
            wrong: n_wrong as f64 / accepted.len().max(1) as f64,
        }
    }

    /// At the highest threshold that lets through so many; where fewer were read at all, all of
    /// them.
    fn at_least(share: f64, judged: &[Judged]) -> Self {
        let mut scores: Vec<f32> = judged.iter().map(Judged::score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let n = (share * judged.len() as f64).ceil() as usize;
        let score_min = scores.get(n.saturating_sub(1)).map_or(0.0, |s| s.max(0.0));
        Self::at(score_min, judged)
    }
}

/// The figures of one chain on one set.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// How many plates there are.
    pub n_plates: usize,
    /// The share that was found.
    pub found: Wilson,
    /// The share that was told as it is.
    pub exact: Wilson,
    /// The share that the reader alone read as it is.
    pub read_exact: f64,
    /// The share with at most one wrong character.
    pub within_one: f64,
    /// Wrong characters for each character that is there.
    pub char_error_rate: f64,
    /// At the threshold of this chain on this set.
    pub accepted: Accepted,
    /// At the threshold that the product has where a site says nothing else.
    pub accepted_by_default: Accepted,
}

impl Figures {
    /// Counts what became of all plates of a set.
    pub fn of(judged: &[Judged]) -> Self {
        let n = judged.len();
        let count = |what: fn(&Judged) -> bool| judged.iter().filter(|one| what(one)).count();
        let n_edits: usize = judged.iter().map(Judged::n_edits).sum();
        let n_chars: usize = judged
            .iter()
            .map(|one| folded(&one.truth).chars().count())
            .sum();
        Self {
            n_plates: n,
            found: Wilson::of(count(|one| one.is_found), n),
            exact: Wilson::of(count(Judged::is_exact), n),
            read_exact: Wilson::of(count(Judged::is_read_exactly), n).share,
            within_one: Wilson::of(count(|one| one.n_edits() <= 1), n).share,
            char_error_rate: n_edits as f64 / n_chars.max(1) as f64,
            accepted: Accepted::at_least(ACCEPTED_MIN, judged),
            accepted_by_default: Accepted::at(domain::plate::PLATE_SCORE_MIN, judged),
        }
    }
}

/// The middle one; between two, the mean of both. 0 for none.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth: &str, read: Option<(&str, f32)>) -> Judged {
        Judged {
            truth: truth.to_owned(),
            group: None,
            is_found: true,
            as_read: read.map(|(text, _)| text.to_owned()),
            read: read.map(|(text, score)| chars(text, score)),
        }
    }

    fn chars(text: &str, score: f32) -> Vec<(char, f32)> {
        text.chars().map(|c| (c, score)).collect()
    }

    #[test]
    fn reads_are_counted() {
        let mut all = vec![
            judged("43A-000.01", Some(("43A00001", 0.9))),
            judged("43MĐ1 00009", Some(("43MD100009", 0.8))),
            judged("43A00002", Some(("43A00007", 0.75))),
            judged("43A00003", None),
        ];
        all[3].is_found = false;
        let figures = Figures::of(&all);
        assert_eq!(figures.n_plates, 4);
        assert_eq!((figures.found.share, figures.exact.share), (0.75, 0.5));
        assert_eq!((figures.within_one, figures.read_exact), (0.75, 0.5));
        assert_eq!(figures.char_error_rate, 9.0 / 34.0);
        assert_eq!(figures.accepted_by_default.share, 0.75);
        assert_eq!(figures.accepted_by_default.wrong, 1.0 / 3.0);
        let empty = Figures::of(&[]);
        assert_eq!((empty.n_plates, empty.accepted.share), (0, 0.0));
    }

    #[test]
    fn a_threshold_accepts_its_share() {
        let mut all: Vec<Judged> = (0..100)
            .map(|i| judged("43A00001", Some(("43A00001", 0.5 + i as f32 / 250.0))))
            .collect();
        all[9].read = Some(chars("43A00007", all[9].score()));
        all[7].read = Some(chars("43A00007", all[7].score()));
        let accepted = Accepted::at_least(0.92, &all);
        assert_eq!((accepted.share, accepted.score_min), (0.92, all[8].score()));
        assert_eq!(accepted.wrong, 1.0 / 92.0);
        // Equal scores pass together.
        let flat = vec![judged("43A00001", Some(("43A00001", 0.5))); 10];
        assert_eq!(Accepted::at_least(0.3, &flat).share, 1.0);
        // Where less is read than is to be accepted, all that is read passes.
        for one in &mut all[20..] {
            one.read = None;
        }
        let accepted = Accepted::at_least(0.92, &all);
        assert_eq!((accepted.share, accepted.score_min), (0.2, 0.0));
        assert_eq!(accepted.wrong, 0.1);
    }

    #[test]
    fn the_middle_one() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }
}
