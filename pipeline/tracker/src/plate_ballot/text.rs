//! A text by its rows: what frames are grouped by, and what is voted for.

use super::align::edits;
use domain::{PlateRead, RowRead};

/// Beyond a plate's greatest length, with room for misread screws.
const ROW_CHARS_MAX: usize = 12;
/// So many edits can turn one reading of a plate into another.
const EDITS_MAX: usize = 2;

/// One or two rows of characters. Personal data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text {
    rows: Vec<Vec<char>>,
}

impl Text {
    /// The likeliest text of a read; `None` when it is no reading of a plate.
    pub(super) fn of(read: &PlateRead) -> Option<Self> {
        let row = |row: &RowRead| row.chars.iter().map(|c| c.best).collect();
        let rows: Vec<Vec<char>> = read.rows.iter().map(row).collect();
        let is_readable = (1..=2).contains(&rows.len())
            && rows
                .iter()
                .all(|row| (1..=ROW_CHARS_MAX).contains(&row.len()));
        is_readable.then_some(Self { rows })
    }

    /// Other characters on the same rows.
    pub(super) fn with_chars(&self, chars: Vec<char>) -> Self {
        let mut chars = chars.into_iter();
        let row = |row: &Vec<char>| chars.by_ref().take(row.len()).collect();
        Self {
            rows: self.rows.iter().map(row).collect(),
        }
    }

    pub(super) fn rows(&self) -> &[Vec<char>] {
        &self.rows
    }

    pub(super) fn row_texts(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().collect()).collect()
    }

    pub(super) fn lengths(&self) -> Vec<usize> {
        self.rows.iter().map(Vec::len).collect()
    }

    /// Rows joined.
    pub(super) fn chars(&self) -> Vec<char> {
        self.rows.concat()
    }

    pub(super) fn n_chars(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }

    pub(super) fn char_at(&self, place: usize) -> Option<char> {
        self.rows.iter().flatten().nth(place).copied()
    }

    /// Whether the rows are as long, and two characters at most are other ones: then nothing was
    /// missed or added.
    pub(super) fn is_misread_as(&self, read: &Self) -> bool {
        let ours = self.rows.iter().flatten();
        let n_other = ours.zip(read.rows.iter().flatten());
        let n_other = n_other.filter(|(a, b)| a != b).count();
        self.lengths() == read.lengths() && n_other <= EDITS_MAX
    }

    /// Whether both can be readings of one plate; one may lack a row.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        if edits(&self.chars(), &other.chars()) <= EDITS_MAX {
            return true;
        }
        let (one, two) = match (&self.rows[..], &other.rows[..]) {
            ([one], two @ [_, _]) | (two @ [_, _], [one]) => (one, two),
            _ => return false,
        };
        two.iter().any(|row| row == one)
    }
}
