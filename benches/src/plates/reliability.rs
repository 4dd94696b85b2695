//! How far a chain's scores can be believed: of what it reads with a score of 0.99, 99 of 100
//! should be right.

use super::{figures::Judged, text::folded};
use crate::Wilson;

/// A point stands for at least so many.
const IN_BIN_MIN: usize = 12;
const BINS_MAX: usize = 10;

/// Reads, or characters, of about the same score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The mean of their scores.
    pub score: f64,
    /// The share that is right.
    pub right: Wilson,
    /// How many they are.
    pub n: usize,
}

/// Whole reads by the score of their weakest character.
pub fn of_reads(judged: &[Judged]) -> Vec<Bin> {
    let read = judged.iter().filter(|one| one.read.is_some());
    bins(read.map(|one| (one.score(), one.is_exact())).collect())
}

/// Single characters by their score, of the reads that have as many as there are.
pub fn of_chars(judged: &[Judged]) -> Vec<Bin> {
    let mut chars = Vec::new();
    for one in judged {
        let truth: Vec<char> = folded(&one.truth).chars().collect();
        let read = one.read.iter().flatten();
        let read: Vec<(String, f32)> = read
            .map(|(c, score)| (folded(&c.to_string()), *score))
            .filter(|(c, _)| !c.is_empty())
            .collect();
        if read.len() == truth.len() {
            let pairs = read.iter().zip(&truth);
            chars.extend(pairs.map(|((c, score), t)| (*score, c.chars().eq([*t]))));
        }
    }
    bins(chars)
}

/// As many in each bin, in the order of their scores; equal scores stay together.
fn bins(mut scored: Vec<(f32, bool)>) -> Vec<Bin> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let size = scored.len().div_ceil(BINS_MAX).max(IN_BIN_MIN);
    let mut bins = Vec::new();
    let mut rest = &scored[..];
    while !rest.is_empty() {
        let mut n = size.min(rest.len());
        // What would be left is too little for a point of its own.
        if rest.len() - n < IN_BIN_MIN {
            n = rest.len();
        }
        while n < rest.len() && rest[n].0 <= rest[n - 1].0 {
            n += 1;
        }
        let (bin, others) = rest.split_at(n);
        let sum: f64 = bin.iter().map(|(score, _)| f64::from(*score)).sum();
        let n_right = bin.iter().filter(|(_, is_right)| *is_right).count();
        bins.push(Bin {
            score: sum / n as f64,
            right: Wilson::of(n_right, n),
            n,
        });
        rest = others;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth: &str, read: &[(char, f32)]) -> Judged {
        Judged {
            truth: truth.to_owned(),
            group: None,
            is_found: true,
            as_read: None,
            read: Some(read.to_vec()),
        }
    }

    #[test]
    fn points_have_enough_and_equal_scores_stay_together() {
        let scored: Vec<(f32, bool)> = (0..300).map(|i| ((i / 2) as f32, i % 3 != 0)).collect();
        let found = bins(scored);
        assert_eq!(found.iter().map(|bin| bin.n).sum::<usize>(), 300);
        assert!(found.len() <= BINS_MAX && found.iter().all(|bin| 30 <= bin.n));
        assert!(
            found
                .iter()
                .all(|bin| (bin.right.share - 0.66).abs() < 0.05)
        );
        let ordered: Vec<f64> = found.iter().map(|bin| bin.score).collect();
        assert!(ordered.is_sorted());
        assert_eq!(bins(vec![(1.0, true); 500]).len(), 1);
        assert_eq!(bins(vec![(0.5, true); 3])[0].n, 3);
        assert_eq!(bins(Vec::new()), []);
    }

    #[test]
    fn characters_are_compared_place_by_place() {
        let all = [
            judged("4-Đ", &[('4', 0.9), ('D', 0.7)]),
            judged("43", &[('4', 0.9), ('8', 0.5)]),
            judged("43", &[('4', 0.2)]),
        ];
        let [chars] = of_chars(&all)[..] else {
            panic!("few characters make one point");
        };
        assert_eq!((chars.n, chars.right.share), (4, 0.75));
        let [reads] = of_reads(&all)[..] else {
            panic!("few reads make one point");
        };
        assert_eq!(reads.n, 3);
        assert!((reads.score - (0.7 + 0.5 + 0.2) / 3.0).abs() < 1e-6);
    }
}
