//! Which character of a read is which character of a text: rows, and places within them.
//!
//! A reader drops a narrow character, doubles one, loses a row or runs two together. Each has its
//! price, once; the other characters of such a read still count.

use super::{
    Text,
    nats::ln,
    views::{PlaceRead, WeighedGroup},
};
use std::ops::Range;

// How often what goes wrong: judgement, from looking at misreadings. What matters is their order,
// and that each costs less than two characters that were read as others.

/// So often a character is not read at all.
pub(super) const MISSED: f64 = 0.02;
/// The same for one that is narrow.
const NARROW_MISSED: f64 = 0.05;
/// So often something is read where nothing is.
const ADDED: f64 = 0.01;
/// The same for a character that is read twice.
const DOUBLED: f64 = 0.03;
/// So often the characters are right and their rows are not.
const ROWS_MISTAKEN: f64 = 0.03;
/// So often one of two rows is not read.
const ROW_LOST: f64 = 0.05;
/// So often a frame's advertisement is read as a row.
const ROW_ADDED: f64 = 0.01;

/// How a read fits a text.
pub(super) struct Alignment {
    /// For each place of the text, rows joined, the place of the read that shows it.
    pub(super) places: Vec<Option<u8>>,
    /// How likely what was missed, added or put on other rows is.
    pub(super) structure: f64,
    /// Whether a character was missed or added.
    pub(super) has_other_length: bool,
    /// Whether the characters stand on other rows.
    pub(super) has_other_rows: bool,
    /// Less is better; probabilities of characters included.
    cost: f64,
}

/// The likeliest way to read `text` as the group did.
pub(super) fn align(text: &Text, group: &WeighedGroup<'_>) -> Alignment {
    let read = group.text;
    if text.is_misread_as(read) {
        let n = u8::try_from(text.n_chars()).unwrap_or(u8::MAX);
        return Alignment {
            places: (0..n).map(Some).collect(),
            structure: 1.0,
            has_other_length: false,
            has_other_rows: false,
            cost: 0.0,
        };
    }
    let reading = Reading {
        chars: read.chars(),
        group,
    };
    let whole = 0..reading.chars.len();
    let [ours, theirs] = [text, read].map(Text::rows);
    let mut ways = Vec::new();
    match (ours, theirs) {
        ([a], [_]) => ways.push(reading.row(a, whole)),
        ([a, b], [c, _]) => {
            let upper = reading.row(a, 0..c.len());
            let lower = reading.row(b, c.len()..whole.end);
            ways.push(upper.then(lower));
            if a.len() != c.len() {
                ways.push(reading.row(&text.chars(), whole).on_other_rows());
            }
        }
        ([a, b], _) => {
            ways.push(reading.row(&text.chars(), whole.clone()).on_other_rows());
            let upper = reading.row(a, whole.clone());
            ways.push(upper.then(lost(b.len())));
            ways.push(lost(a.len()).then(reading.row(b, whole)));
        }
        ([a], [c, _]) => {
            ways.push(reading.row(a, whole.clone()).on_other_rows());
            for row in [0..c.len(), c.len()..whole.end] {
                ways.push(reading.row(a, row).at_price(ROW_ADDED));
            }
        }
        _ => (),
    }
    let best = ways.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
    best.unwrap_or_else(|| lost(text.n_chars()))
}

struct Reading<'a> {
    chars: Vec<char>,
    group: &'a WeighedGroup<'a>,
}

/// What one step of the table does.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Same,
    Missed,
    Added,
}

impl Reading<'_> {
    /// One row of the text against some places of the read (Wagner and Fischer 1974; the costs are
    /// the read's own probabilities).
    fn row(&self, row: &[char], places: Range<usize>) -> Alignment {
        let (n, m, first) = (row.len(), places.len(), places.start);
        let mut table = vec![(0.0_f64, Step::Same); (n + 1) * (m + 1)];
        for i in 0..=n {
            for j in 0..=m {
                let before = |i: usize, j: usize| table[i * (m + 1) + j].0;
                let mut best: Option<(f64, Step)> = None;
                let mut offer = |cost: f64, step: Step| {
                    if best.is_none_or(|(least, _)| cost < least) {
                        best = Some((cost, step));
                    }
                };
                if 0 < i && 0 < j {
                    let place = self.group.places.get(first + j - 1);
                    let cost = place.map_or(0.0, |place| -place.likely(row[i - 1]).ln);
                    offer(before(i - 1, j - 1) + cost, Step::Same);
                }
                if 0 < i {
                    offer(before(i - 1, j) - ln(missed(row[i - 1])), Step::Missed);
                }
                if 0 < j {
                    let cost = -ln(self.added(first + j - 1));
                    offer(before(i, j - 1) + cost, Step::Added);
                }
                table[i * (m + 1) + j] = best.unwrap_or((0.0, Step::Same));
            }
        }
        let mut found = lost(0);
        found.structure = 1.0;
        found.cost = table.last().map_or(0.0, |(cost, _)| *cost);
        let (mut i, mut j) = (n, m);
        while 0 < i || 0 < j {
            let step = table[i * (m + 1) + j].1;
            match step {
                Step::Same => {
                    (i, j) = (i - 1, j - 1);
                    found.places.push(Some(place_of(first + j)));
                }
                Step::Missed => {
                    i -= 1;
                    found.structure *= missed(row[i]);
                    found.places.push(None);
                }
                Step::Added => {
                    j -= 1;
                    found.structure *= self.added(first + j);
                }
            }
            found.has_other_length |= step != Step::Same;
        }
        found.places.reverse();
        found
    }

    fn added(&self, place: usize) -> f64 {
        let c = self.chars.get(place);
        let is_twice = |other: Option<usize>| {
            let other = other.and_then(|other| self.chars.get(other));
            other.is_some() && other == c
        };
        if is_twice(place.checked_sub(1)) || is_twice(Some(place + 1)) {
            DOUBLED
        } else {
            ADDED
        }
    }
}

impl Alignment {
    /// What the read has at a place of the text.
    pub(super) fn shown<'a>(
        &self,
        group: &'a WeighedGroup<'_>,
        place: usize,
    ) -> Option<&'a PlaceRead> {
        let at = self.places.get(place).copied().flatten()?;
        group.places.get(usize::from(at))
    }

    fn then(mut self, next: Self) -> Self {
        self.places.extend(next.places);
        self.structure *= next.structure;
        self.has_other_length |= next.has_other_length;
        self.has_other_rows |= next.has_other_rows;
        self.cost += next.cost;
        self
    }

    fn at_price(mut self, price: f64) -> Self {
        self.structure *= price;
        self.cost -= ln(price);
        self
    }

    fn on_other_rows(mut self) -> Self {
        self.has_other_rows = true;
        self.at_price(ROWS_MISTAKEN)
    }
}

/// A row that was not read.
fn lost(n_chars: usize) -> Alignment {
    Alignment {
        places: vec![None; n_chars],
        structure: ROW_LOST,
        has_other_length: false,
        has_other_rows: false,
        cost: -ln(ROW_LOST),
    }
}

fn missed(c: char) -> f64 {
    if matches!(c, '1' | 'I') {
        NARROW_MISSED
    } else {
        MISSED
    }
}

/// A plate has two dozen places at most.
fn place_of(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

/// How many characters must be changed, added or left out (Levenshtein 1966); breaks between rows
/// do not count.
pub(super) fn edits(a: &[char], b: &[char]) -> usize {
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

/// What another text has at each place of this one; nothing where it is shorter or shifted.
pub(super) fn at_places_of(text: &Text, other: &Text) -> Vec<Option<char>> {
    let (a, b) = (text.chars(), other.chars());
    if a.len() == b.len() {
        return b.into_iter().map(Some).collect();
    }
    // What is the same from the left, then what is the same length from the right.
    let n_shared = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let n_tail = b.len() - n_shared;
    let from_right = a.len().saturating_sub(n_tail).max(n_shared);
    (0..a.len())
        .map(|i| match i {
            _ if i < n_shared => b.get(i).copied(),
            _ if from_right <= i => (b.len() + i).checked_sub(a.len()).map(|j| b[j]),
            _ => None,
        })
        .collect()
}
