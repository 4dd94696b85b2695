//! Our plate reader: a distribution for each column of two rows, what the picture shows, and the
//! colour of the ground.
//!
//! Columns are read as in connectionist temporal classification (Graves et al., 2006): equal
//! neighbours are one character, and between equal characters there is a column of nothing.

use super::{
    exactly, is_distribution, largest, named,
    slots::{ALTERNATIVE_MIN, ALTERNATIVES_MAX},
};
use crate::{InferenceError, runtime::TensorView};
use domain::{CharRead, PlateColour, RowRead};

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
    /// A character's score is the probability of its surest column. How sure it is that no
    /// character was overlooked or counted twice bounds the lowest score: a read is as sure as its
    /// weakest character, and an overlooked one would be the weakest.
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

/// Columns that show the same class, which may be nothing.
struct Run {
    class: usize,
    first: usize,
    n: usize,
}

impl Row {
    /// `None` for numbers that are no distributions.
    fn of(columns: &[f32]) -> Option<Self> {
        let columns: Vec<&[f32]> = columns.chunks_exact(N_CLASSES).collect();
        let mut runs: Vec<Run> = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let (class, _) = is_distribution(column).then(|| largest(column))??;
            match runs.last_mut() {
                Some(run) if run.class == class => run.n += 1,
                _ => runs.push(Run {
                    class,
                    first: index,
                    n: 1,
                }),
            }
        }
        let mut row = Self {
            read: RowRead::default(),
            sure: 1.0,
        };
        for (index, run) in runs.iter().enumerate() {
            let columns = &columns[run.first..run.first + run.n];
            let sure = if run.class == NOTHING {
                let before = index.checked_sub(1).map(|index| runs[index].class);
                let after = runs.get(index + 1).map(|run| run.class);
                sure_gap(columns, before, after)
            } else {
                let surest = |a: &&&[f32], b: &&&[f32]| a[run.class].total_cmp(&b[run.class]);
                row.read
                    .chars
                    .push(char_read(columns.iter().max_by(surest)?));
                sure_one(columns, run.class)
            };
            row.sure = row.sure.min(sure);
        }
        Some(row)
    }
}

/// How sure it is that nothing stands between two characters, or before the first or after the
/// last. At its edges a gap is as much its neighbours as nothing.
fn sure_gap(columns: &[&[f32]], before: Option<usize>, after: Option<usize>) -> f32 {
    let nothing = |column: &&[f32]| column[NOTHING];
    let of = |column: &&[f32], class: Option<usize>| class.map_or(0.0, |class| column[class]);
    let is_one_twice = before.is_some() && before == after;
    let clear = columns.iter().map(|column| {
        let after = if is_one_twice { None } else { after };
        (nothing(column) + of(column, before) + of(column, after)).min(1.0)
    });
    let clear = clear.fold(1.0, f32::min);
    if is_one_twice {
        // Without a gap the two would be one.
        let gap = columns.iter().map(nothing).fold(0.0, f32::max);
        return clear.min(gap);
    }
    clear
}

/// How sure it is that these columns show one character and not two equal ones: nothing is likely
/// nowhere between two peaks.
fn sure_one(columns: &[&[f32]], class: usize) -> f32 {
    let mut sure: f32 = 1.0;
    for (index, column) in columns.iter().enumerate() {
        let peak = |part: &[&[f32]]| part.iter().map(|c| c[class]).fold(0.0, f32::max);
        let lower = peak(&columns[..index]).min(peak(&columns[index + 1..]));
        if column[class] < lower {
            sure = sure.min(1.0 - column[NOTHING]);
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

/// The likeliest character of a column that is not empty.
fn char_read(column: &[f32]) -> CharRead {
    let mut order: Vec<usize> = (NOTHING + 1..N_CLASSES).collect();
    order.sort_by(|a, b| column[*b].total_cmp(&column[*a]).then(a.cmp(b)));
    let named = |class: &usize| (char_of(*class), column[*class].min(1.0));
    let (best, score) = named(&order[0]);
    let others = order[1..].iter().map(named);
    let likely = others.take_while(|(_, score)| ALTERNATIVE_MIN <= *score);
    CharRead {
        best,
        score,
        alternatives: likely.take(ALTERNATIVES_MAX).collect(),
    }
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
        doubt(&mut last, 9, NOTHING, 0.125);
        doubt(&mut last, 10, NOTHING, 0.125);
        let read = read_of([&row(""), &last], ONE_ROW, WHITE).unwrap();
        let char = &read.rows[0].chars[2];
        assert_eq!((char.best, char.score), ('A', 0.75));
        assert_eq!(char.alternatives, [('8', 0.25)]);
    }

    #[test]
    fn what_may_have_been_overlooked_lowers_the_lowest_score() {
        let mut last = row("43A0000");
        doubt(&mut last, 11, class_of('8'), 0.25);
        doubt(&mut last, 40, class_of('1'), 0.375);
        let (text, scores) = scores_of(&last);
        assert_eq!(text, "43A0000");
        assert_eq!(scores.iter().copied().fold(1.0, f32::min), 0.625);
        // At its edge a gap is as much the character beside it.
        let mut last = row("43A");
        doubt(&mut last, 3, class_of('4'), 0.4);
        doubt(&mut last, 7, class_of('A'), 0.4);
        assert_eq!(scores_of(&last), ("43A".to_owned(), vec![1.0; 3]));
    }

    #[test]
    fn what_may_be_one_or_two_equal_characters_is_in_doubt() {
        let mut two = row("433");
        doubt(&mut two, 7, class_of('3'), 0.25);
        let (text, scores) = scores_of(&two);
        assert_eq!((text.as_str(), scores[0].min(scores[1])), ("433", 0.75));
        let mut one = row("433");
        doubt(&mut one, 7, class_of('3'), 0.75);
        let (text, scores) = scores_of(&one);
        assert_eq!((text.as_str(), scores[0].min(scores[1])), ("43", 0.75));
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
