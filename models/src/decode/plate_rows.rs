//! Our plate reader: a distribution for each column of two rows, what the picture shows, and the
//! colour of the ground.
//!
//! The reader is taught what each column shows, and that between two characters there is a column
//! of nothing: an unbroken stretch of columns that show something is one character.

use super::{exactly, is_distribution, largest, named, ranked};
use crate::{InferenceError, runtime::TensorView};
use domain::{CharRead, PlateColour, RowRead};
use std::ops::Range;

/// Columns of a row, 4 pixels each.
const N_COLUMNS: usize = 48;
/// Nothing, `0` to `9`, `A` to `Z`, `Đ`.
const N_CLASSES: usize = 38;
const NOTHING: usize = 0;
/// One row, two rows, unreadable, not a plate.
const N_KINDS: usize = 4;
const N_KINDS_READABLE: usize = 2;
const COLOURS: [PlateColour; 4] = [
    PlateColour::White,
    PlateColour::Yellow,
    PlateColour::Blue,
    PlateColour::Red,
];
/// A ground that is less likely than all others together is not told.
const COLOUR_SCORE_MIN: f32 = 0.5;

/// What the reader saw in one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsRead {
    /// One or two rows, none of them empty.
    ///
    /// A character's score is its share of what its columns show, times how surely they show
    /// something. How sure it is that no character was overlooked or counted twice bounds the
    /// lowest score: a read is as sure as its weakest character, and an overlooked one would be the
    /// weakest.
    pub rows: Vec<RowRead>,
    /// The ground colour.
    pub colour: PlateColour,
}

/// The reads of all pictures of a batch; `None` for what is no plate, cannot be read, or has no
/// character, and for numbers that are no distributions.
pub fn decode(
    tensors: &[TensorView<'_>],
    n_pictures: usize,
) -> Result<Vec<Option<RowsRead>>, InferenceError> {
    let row = |name| {
        let shape = [n_pictures, N_COLUMNS, N_CLASSES];
        exactly(named(tensors, name)?, &shape, "pictures x 48 x 38")
    };
    let (first, last) = (row("first")?, row("last")?);
    let kind = named(tensors, "kind")?;
    let kind = exactly(kind, &[n_pictures, N_KINDS], "pictures x 4")?;
    let colour = named(tensors, "colour")?;
    let colour = exactly(colour, &[n_pictures, COLOURS.len()], "pictures x 4")?;
    let rows_of = |row: &'_ [f32]| {
        row.chunks_exact(N_COLUMNS * N_CLASSES)
            .map(Row::of)
            .collect()
    };
    let (first, last): (Vec<_>, Vec<_>) = (rows_of(first), rows_of(last));
    let kinds = kind.chunks_exact(N_KINDS);
    let colours = colour.chunks_exact(COLOURS.len());
    let pictures = first.into_iter().zip(last).zip(kinds).zip(colours);
    let read = |(((first, last), kind), colour)| read([first, last], kind, colour);
    Ok(pictures.map(read).collect())
}

fn read(rows: [Option<Row>; 2], kind: &[f32], colour: &[f32]) -> Option<RowsRead> {
    let (kind, _) = is_distribution(kind).then(|| largest(kind))??;
    if N_KINDS_READABLE <= kind {
        return None;
    }
    // A plate with a hole in it would be another plate.
    let [first, last] = rows;
    let (first, last) = (first?, last?);
    let sure = first.sure.min(last.sure);
    let mut rows = [first.read, last.read];
    let chars = rows.iter_mut().flat_map(|row| &mut row.chars);
    let weakest = chars.min_by(|a, b| a.score.total_cmp(&b.score))?;
    weakest.score = weakest.score.min(sure);
    Some(RowsRead {
        rows: rows
            .into_iter()
            .filter(|row| !row.chars.is_empty())
            .collect(),
        colour: colour_of(colour),
    })
}

/// One row, and how sure it is that it has these characters and no others.
struct Row {
    read: RowRead,
    sure: f32,
}

impl Row {
    /// `None` for numbers that are no distributions.
    fn of(columns: &[f32]) -> Option<Self> {
        let columns: Vec<&[f32]> = columns.chunks_exact(N_CLASSES).collect();
        if !columns.iter().all(|column| is_distribution(column)) {
            return None;
        }
        let stretches = stretches(&columns);
        let shares: Vec<Vec<f32>> = stretches
            .iter()
            .map(|stretch| shares(&columns[stretch.clone()]))
            .collect();
        let classes: Vec<usize> = shares
            .iter()
            .filter_map(|shares| largest(shares).map(|(class, _)| class))
            .collect();
        let mut sure: f32 = 1.0;
        for (index, gap) in gaps(&stretches).into_iter().enumerate() {
            let beside = index.checked_sub(1).map(|before| classes[before]);
            let beside = beside.into_iter().chain(classes.get(index).copied());
            let is_between = 0 < index && index < stretches.len();
            sure = sure.min(sure_gap(&columns[gap], beside, is_between));
        }
        for stretch in stretches {
            sure = sure.min(sure_one(&columns[stretch]));
        }
        let chars = shares.iter().map(|shares| char_read(shares)).collect();
        Some(Self {
            read: RowRead { chars },
            sure,
        })
    }
}

fn shown(column: &[f32]) -> f32 {
    1.0 - column[NOTHING]
}

/// The unbroken stretches of columns that show something rather than nothing.
fn stretches(columns: &[&[f32]]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if shown(column) <= 0.5 {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => found.push(index..index + 1),
        }
    }
    found
}

/// What lies before, between and after the stretches; empty where one touches the edge.
fn gaps(stretches: &[Range<usize>]) -> Vec<Range<usize>> {
    let starts = stretches.iter().map(|s| s.start).chain([N_COLUMNS]);
    let ends = [0].into_iter().chain(stretches.iter().map(|s| s.end));
    ends.zip(starts).map(|(end, start)| end..start).collect()
}

/// For each class the share of what these columns show, times how surely they show something.
fn shares(columns: &[&[f32]]) -> Vec<f32> {
    let all: f32 = columns.iter().map(|column| shown(column)).sum();
    let surely = columns.iter().map(|c| shown(c)).fold(0.0, f32::max);
    let share = |class: usize| {
        let sum: f32 = columns.iter().map(|column| column[class]).sum();
        sum / all * surely
    };
    let mut shares: Vec<f32> = (0..N_CLASSES).map(share).collect();
    shares[NOTHING] = 0.0;
    shares
}

/// How sure it is that nothing stands in this gap, and that it is one when it lies between two
/// characters. At its edges a gap is as much its neighbours as nothing.
fn sure_gap(columns: &[&[f32]], beside: impl Iterator<Item = usize>, is_between: bool) -> f32 {
    let mut beside: Vec<usize> = beside.collect();
    beside.dedup();
    let clear = columns.iter().map(|column| {
        let neighbours: f32 = beside.iter().map(|class| column[*class]).sum();
        (column[NOTHING] + neighbours).min(1.0)
    });
    let clear = clear.fold(1.0, f32::min);
    let gap = columns.iter().map(|c| c[NOTHING]).fold(0.0, f32::max);
    if is_between { clear.min(gap) } else { clear }
}

/// How sure it is that these columns show one character and not two: nothing is likely nowhere
/// between two peaks.
fn sure_one(columns: &[&[f32]]) -> f32 {
    let mut sure: f32 = 1.0;
    for (index, column) in columns.iter().enumerate() {
        let peak = |part: &[&[f32]]| part.iter().map(|c| shown(c)).fold(0.0, f32::max);
        let lower = peak(&columns[..index]).min(peak(&columns[index + 1..]));
        if shown(column) < lower {
            sure = sure.min(shown(column));
        }
    }
    sure
}

fn colour_of(scores: &[f32]) -> PlateColour {
    match largest(scores) {
        Some((index, score)) if COLOUR_SCORE_MIN <= score && is_distribution(scores) => {
            COLOURS[index]
        }
        _ => PlateColour::Unknown,
    }
}

/// The likeliest character, and what else it may be.
fn char_read(column: &[f32]) -> CharRead {
    let named = |class: usize| (char_of(class), column[class]);
    ranked((NOTHING + 1..N_CLASSES).map(named).collect())
}

fn char_of(class: usize) -> char {
    const LATIN: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    LATIN.get(class - 1).map_or('Đ', |c| char::from(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(c: char) -> usize {
        (1..N_CLASSES).find(|class| char_of(*class) == c).unwrap()
    }

    /// A row that is sure of this text: each character has three columns, and one of nothing after
    /// it.
    fn row(text: &str) -> Vec<f32> {
        let mut data = vec![0.0; N_COLUMNS * N_CLASSES];
        let wide = text.chars().flat_map(|c| [c, c, c, ' ']);
        let padded = wide.chain(std::iter::repeat(' '));
        for (column, c) in data.chunks_exact_mut(N_CLASSES).zip(padded) {
            column[if c == ' ' { NOTHING } else { class_of(c) }] = 1.0;
        }
        data
    }

    /// Moves this much of a column's certainty to another class.
    fn doubt(row: &mut [f32], index: usize, class: usize, share: f32) {
        let column = &mut row[index * N_CLASSES..][..N_CLASSES];
        let (best, _) = largest(column).unwrap();
        column[best] -= share;
        column[class] += share;
    }

    const ONE_ROW: [f32; 4] = [0.9, 0.1, 0.0, 0.0];
    const WHITE: [f32; 4] = [0.8, 0.1, 0.1, 0.0];

    fn read_of(rows: [&[f32]; 2], kind: [f32; 4], colour: [f32; 4]) -> Option<RowsRead> {
        let tensors = [
            TensorView::new("first", &[1, N_COLUMNS, N_CLASSES], rows[0]),
            TensorView::new("last", &[1, N_COLUMNS, N_CLASSES], rows[1]),
            TensorView::new("kind", &[1, 4], &kind),
            TensorView::new("colour", &[1, 4], &colour),
        ];
        decode(&tensors, 1).unwrap().remove(0)
    }

    /// The texts and scores of a plate of one row.
    fn scores_of(last: &[f32]) -> (String, Vec<f32>) {
        let read = read_of([&row(""), last], ONE_ROW, WHITE).unwrap();
        let scores = read.rows[0].chars.iter().map(|c| c.score).collect();
        (read.rows[0].text(), scores)
    }

    #[track_caller]
    fn check(first: &str, last: &str, expect: &[&str]) {
        let read = read_of([&row(first), &row(last)], ONE_ROW, WHITE).unwrap();
        let texts: Vec<String> = read.rows.iter().map(RowRead::text).collect();
        assert_eq!(texts, expect);
        assert_eq!(read.colour, PlateColour::White);
        let mut chars = read.rows.iter().flat_map(|row| &row.chars);
        assert!(chars.all(|c| c.score == 1.0));
    }

    #[test]
    fn columns_are_the_rows() {
        check("", "43A00001", &["43A00001"]);
        check("43MĐ1", "00009", &["43MĐ1", "00009"]);
        check("43A", "", &["43A"]);
        check("", "80441NG02", &["80441NG02"]);
        check("", "09AZĐ", &["09AZĐ"]);
    }

    #[test]
    fn a_doubt_has_its_alternatives() {
        let mut last = row("43A00001");
        for column in 8..11 {
            doubt(&mut last, column, class_of('8'), 0.25);
        }
        let read = read_of([&row(""), &last], ONE_ROW, WHITE).unwrap();
        let char = &read.rows[0].chars[2];
        assert_eq!((char.best, char.score), ('A', 0.75));
        assert_eq!(char.alternatives, [('8', 0.25)]);
    }

    #[test]
    fn columns_that_differ_are_one_character_all_the_same() {
        // The left of a broad 1 may look like a T.
        let mut last = row("43A1");
        doubt(&mut last, 12, class_of('T'), 0.75);
        let (text, scores) = scores_of(&last);
        assert_eq!((text.as_str(), scores[3]), ("43A1", 0.75));
    }

    #[test]
    fn a_character_that_may_be_nothing_is_in_doubt() {
        let mut last = row("43A");
        for column in 8..11 {
            doubt(&mut last, column, NOTHING, 0.25);
        }
        let (text, scores) = scores_of(&last);
        assert_eq!((text.as_str(), scores[2]), ("43A", 0.75));
    }

    #[test]
    fn what_may_have_been_overlooked_lowers_the_lowest_score() {
        let mut last = row("43A0000");
        doubt(&mut last, 11, class_of('8'), 0.25);
        doubt(&mut last, 40, class_of('1'), 0.375);
        let (text, scores) = scores_of(&last);
        assert_eq!(text, "43A0000");
        assert_eq!(scores.iter().copied().fold(1.0, f32::min), 0.625);
        // At its edge the last gap is as much the character beside it.
        let mut last = row("43A");
        doubt(&mut last, 11, class_of('A'), 0.4);
        assert_eq!(scores_of(&last), ("43A".to_owned(), vec![1.0; 3]));
    }

    #[test]
    fn what_may_be_one_or_two_characters_is_in_doubt() {
        let mut two = row("433");
        doubt(&mut two, 7, class_of('3'), 0.25);
        let (text, scores) = scores_of(&two);
        assert_eq!((text.as_str(), scores[0].min(scores[1])), ("433", 0.75));
        for (touching, sure) in [("433", 0.75), ("438", 3.75 / 6.75)] {
            let mut one = row(touching);
            doubt(&mut one, 7, class_of('3'), 0.75);
            let (text, scores) = scores_of(&one);
            assert_eq!(text.len(), 2);
            assert!((scores.iter().copied().fold(1.0, f32::min) - sure).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_no_plate_is_not_read() {
        let (first, last) = (row(""), row("43A00001"));
        let of = |kind| read_of([&first, &last], kind, WHITE);
        assert_eq!(of([0.2, 0.2, 0.35, 0.25]), None);
        assert_eq!(of([0.1, 0.2, 0.1, 0.6]), None);
        assert!(of([0.1, 0.6, 0.1, 0.2]).is_some());
        assert_eq!(read_of([&first, &first], ONE_ROW, WHITE), None);
    }

    #[test]
    fn a_ground_that_is_not_sure_is_not_told() {
        let rows = [row(""), row("43A00001")];
        let colour = |scores| {
            read_of([&rows[0], &rows[1]], ONE_ROW, scores)
                .unwrap()
                .colour
        };
        assert_eq!(colour([0.0, 0.1, 0.0, 0.9]), PlateColour::Red);
        assert_eq!(colour([0.1, 0.2, 0.7, 0.0]), PlateColour::Blue);
        assert_eq!(colour([0.3, 0.4, 0.2, 0.1]), PlateColour::Unknown);
        assert_eq!(colour([f32::NAN, 0.9, 0.1, 0.0]), PlateColour::Unknown);
    }

    #[test]
    fn numbers_that_are_no_distributions_are_no_read() {
        let first = row("");
        for wrong in [f32::NAN, f32::INFINITY, 7.0, -1.0] {
            let mut last = row("43A00001");
            assert_eq!(
                read_of([&first, &last], [wrong, 0.0, 0.0, 0.0], WHITE),
                None
            );
            last[9 * N_CLASSES] = wrong;
            assert_eq!(read_of([&first, &last], ONE_ROW, WHITE), None);
            assert_eq!(read_of([&last, &first], ONE_ROW, WHITE), None);
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let row = row("43A00001");
        let first = TensorView::new("first", &[1, N_COLUMNS, N_CLASSES], &row);
        let last = TensorView::new("last", &[1, N_COLUMNS, N_CLASSES], &row);
        let kind = TensorView::new("kind", &[1, 4], &ONE_ROW);
        let colour = TensorView::new("colour", &[1, 4], &WHITE);
        let all = [first.clone(), last.clone(), kind.clone(), colour];
        assert!(decode(&all, 1).is_ok());
        assert!(decode(&all, 2).is_err());
        assert!(decode(&[first.clone(), last.clone(), kind.clone()], 1).is_err());
        let short = TensorView::new("colour", &[1, 3], &WHITE[..3]);
        assert!(decode(&[first, last, kind, short], 1).is_err());
        assert!(decode(&[], 1).is_err());
    }
}
