//! What two cuts of one plate say together.
//!
//! A reader's chance errors change with the cut by a pixel or two; what stands on the plate does
//! not.

use super::{super::ranked, RowsRead};
use domain::{CharRead, PlateColour, RowRead};

/// The mean of both, character by character. Where they differ in what rows and characters there
/// are, or one is no read, the surer one at half its score: it is one of two.
pub fn together(first: Option<RowsRead>, second: Option<RowsRead>) -> Option<RowsRead> {
    match (first, second) {
        (Some(first), Some(second)) if layout(&first) == layout(&second) => {
            Some(mean(&first, &second))
        }
        (Some(first), Some(second)) => {
            let colour = colour(first.colour, second.colour);
            let is_first = weakest(&second) <= weakest(&first);
            let surer = if is_first { first } else { second };
            Some(halved(RowsRead { colour, ..surer }))
        }
        (Some(alone), None) | (None, Some(alone)) => Some(halved(alone)),
        (None, None) => None,
    }
}

fn layout(read: &RowsRead) -> Vec<usize> {
    read.rows.iter().map(|row| row.chars.len()).collect()
}

fn weakest(read: &RowsRead) -> f32 {
    let chars = read.rows.iter().flat_map(|row| &row.chars);
    chars.map(|c| c.score).fold(1.0, f32::min)
}

/// A read is as sure as its weakest character.
fn halved(mut read: RowsRead) -> RowsRead {
    let half = weakest(&read) / 2.0;
    let chars = read.rows.iter_mut().flat_map(|row| &mut row.chars);
    if let Some(weakest) = chars.min_by(|a, b| a.score.total_cmp(&b.score)) {
        weakest.score = half;
    }
    read
}

fn mean(first: &RowsRead, second: &RowsRead) -> RowsRead {
    let rows = first.rows.iter().zip(&second.rows).map(|(a, b)| {
        let chars = a.chars.iter().zip(&b.chars);
        RowRead {
            chars: chars.map(|(a, b)| mean_char(a, b)).collect(),
        }
    });
    RowsRead {
        rows: rows.collect(),
        colour: colour(first.colour, second.colour),
    }
}

fn mean_char(first: &CharRead, second: &CharRead) -> CharRead {
    let mut shares: Vec<(char, f32)> = Vec::new();
    for read in [first, second] {
        for (char, score) in [(read.best, read.score)].iter().chain(&read.alternatives) {
            match shares.iter_mut().find(|(known, _)| known == char) {
                Some((_, sum)) => *sum += score / 2.0,
                None => shares.push((*char, score / 2.0)),
            }
        }
    }
    ranked(shares)
}

fn colour(first: PlateColour, second: PlateColour) -> PlateColour {
    match (first, second) {
        (PlateColour::Unknown, told) | (told, PlateColour::Unknown) => told,
        (first, second) if first == second => first,
        _ => PlateColour::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&[(char, f32)]], colour: PlateColour) -> RowsRead {
        let char = |(best, score): &(char, f32)| CharRead {
            best: *best,
            score: *score,
            alternatives: vec![],
        };
        let row = |chars: &&[(char, f32)]| RowRead {
            chars: chars.iter().map(char).collect(),
        };
        RowsRead {
            rows: rows.iter().map(row).collect(),
            colour,
        }
    }

    fn scores(read: &RowsRead) -> Vec<(char, f32)> {
        let chars = read.rows.iter().flat_map(|row| &row.chars);
        chars.map(|c| (c.best, c.score)).collect()
    }

    #[test]
    fn what_both_say_is_surer_than_what_one_says() {
        let first = read(&[&[('8', 1.0), ('B', 0.75)]], PlateColour::White);
        let second = read(&[&[('8', 0.5), ('8', 0.5)]], PlateColour::Unknown);
        let both = together(Some(first), Some(second)).unwrap();
        assert_eq!(scores(&both), [('8', 0.75), ('B', 0.375)]);
        assert_eq!(both.rows[0].chars[1].alternatives, [('8', 0.25)]);
        assert_eq!(both.colour, PlateColour::White);
    }

    #[test]
    fn an_alternative_of_one_counts_for_the_other() {
        let mut first = read(&[&[('8', 0.5)]], PlateColour::Blue);
        first.rows[0].chars[0].alternatives = vec![('B', 0.375)];
        let second = read(&[&[('B', 0.75)]], PlateColour::Red);
        let both = together(Some(first), Some(second)).unwrap();
        assert_eq!(scores(&both), [('B', 0.5625)]);
        assert_eq!(both.rows[0].chars[0].alternatives, [('8', 0.25)]);
        assert_eq!(both.colour, PlateColour::Unknown, "blue or red");
    }

    #[test]
    fn reads_of_other_lengths_are_no_mean() {
        let short = read(&[&[('4', 0.5), ('3', 1.0)]], PlateColour::White);
        let long = read(
            &[&[('4', 1.0), ('1', 0.75), ('3', 1.0)]],
            PlateColour::White,
        );
        let expect = [('4', 1.0), ('1', 0.375), ('3', 1.0)];
        for pair in [(&short, &long), (&long, &short)] {
            let both = together(Some(pair.0.clone()), Some(pair.1.clone())).unwrap();
            assert_eq!(scores(&both), expect);
        }
        let alone = together(None, Some(short)).unwrap();
        assert_eq!(scores(&alone), [('4', 0.25), ('3', 1.0)]);
        assert_eq!(together(None, None), None);
    }
}
