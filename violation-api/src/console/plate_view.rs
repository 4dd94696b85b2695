//! A plate as people write it.

use super::{moment::Moments, words::Words};
use domain::{PlateColour, PlateVote, RawRead};

/// Below this score a character is marked.
const SURE_SCORE: f32 = 0.85;

/// An alternative below this score would be written as 0.00.
const ALTERNATIVE_SCORE_MIN: f32 = 0.005;

/// A plate in a list.
pub(crate) struct PlateChip {
    /// As people write it, one text a row.
    pub(crate) rows: Vec<String>,
    /// For the ground colour, and for one that is not sure.
    pub(crate) class: String,
}

/// A plate with every character's score.
pub(crate) struct PlateDetail {
    pub(crate) chip: PlateChip,
    pub(crate) rows: Vec<Vec<CharCell>>,
    pub(crate) has_alternatives: bool,
    pub(crate) colour: &'static str,
    pub(crate) score: String,
    pub(crate) n_reads: u32,
    pub(crate) n_agreeing: u32,
}

/// One character.
pub(crate) struct CharCell {
    pub(crate) char: char,
    pub(crate) score: String,
    pub(crate) is_sure: bool,
    pub(crate) alternatives: Vec<(char, String)>,
}

/// Puts in the separators of the standard and changes no character: `51F12345` is `51F-123.45`.
fn written(row: &str, is_second: bool, has_second: bool) -> String {
    let chars: Vec<char> = row.chars().collect();
    let n_digits_at_end = chars
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let text = |part: &[char]| part.iter().collect::<String>();
    let serial = |part: &[char]| match part.len() {
        5 => format!("{}.{}", text(&part[..3]), text(&part[3..])),
        _ => text(part),
    };
    if is_second {
        return if n_digits_at_end == chars.len() {
            serial(&chars)
        } else {
            row.to_owned()
        };
    }
    let is_province = 2 < chars.len() && chars[..2].iter().all(char::is_ascii_digit);
    if has_second {
        return if is_province {
            format!("{}-{}", text(&chars[..2]), text(&chars[2..]))
        } else {
            row.to_owned()
        };
    }
    let n_serial = match chars.len() {
        8 | 9 if 5 <= n_digits_at_end => 5,
        7 if n_digits_at_end == 4 => 4,
        _ => return row.to_owned(),
    };
    let (series, number) = chars.split_at(chars.len() - n_serial);
    if is_province {
        format!("{}-{}", text(series), serial(number))
    } else {
        row.to_owned()
    }
}

impl PlateChip {
    pub(crate) fn of(vote: Option<&PlateVote>) -> Option<Self> {
        let vote = vote?;
        let has_second = 1 < vote.rows.len();
        let rows: Vec<String> = vote
            .rows
            .iter()
            .enumerate()
            .map(|(i, row)| written(&row.text(), 0 < i, has_second))
            .filter(|row| !row.is_empty())
            .collect();
        if rows.is_empty() {
            return None;
        }
        let ground = match vote.colour {
            PlateColour::Unknown | PlateColour::White => "white",
            PlateColour::Yellow => "yellow",
            PlateColour::Blue => "blue",
            PlateColour::Red => "red",
        };
        let is_unsure = vote.score() < SURE_SCORE;
        let class = format!("{ground}{}", if is_unsure { " unsure" } else { "" });
        Some(Self { rows, class })
    }
}

impl PlateDetail {
    pub(crate) fn of(vote: Option<&PlateVote>, words: &Words) -> Option<Self> {
        let chip = PlateChip::of(vote)?;
        let vote = vote?;
        let cell = |c: &domain::CharRead| CharCell {
            char: c.best,
            score: words.decimal(c.score),
            is_sure: SURE_SCORE <= c.score,
            alternatives: c
                .alternatives
                .iter()
                .filter(|(_, score)| ALTERNATIVE_SCORE_MIN <= *score)
                .map(|(char, score)| (*char, words.decimal(*score)))
                .collect(),
        };
        let rows = vote.rows.iter();
        let rows: Vec<Vec<CharCell>> = rows
            .map(|row| row.chars.iter().map(cell).collect())
            .collect();
        let mut cells = rows.iter().flatten();
        Some(Self {
            chip,
            has_alternatives: cells.any(|cell| !cell.alternatives.is_empty()),
            rows,
            colour: words.colour(vote.colour),
            score: words.decimal(vote.score()),
            n_reads: vote.n_reads,
            n_agreeing: vote.n_agreeing,
        })
    }
}

/// What one frame was read as.
pub(crate) struct RawReadView {
    pub(crate) frame_seq: u64,
    pub(crate) time: String,
    /// By row, each character and whether it is sure.
    pub(crate) rows: Vec<Vec<(char, bool)>>,
    pub(crate) colour: &'static str,
    /// Of the weakest character.
    pub(crate) score: String,
    pub(crate) width: String,
}

impl RawReadView {
    pub(crate) fn of(read: &RawRead, words: &Words, moments: &Moments) -> Self {
        let cell = |c: &domain::CharRead| (c.best, SURE_SCORE <= c.score);
        let rows = read.rows.iter();
        Self {
            frame_seq: read.frame_seq,
            time: moments.exact_time(read.captured_at),
            rows: rows
                .map(|row| row.chars.iter().map(cell).collect())
                .collect(),
            colour: words.colour(read.colour),
            score: words.decimal(read.score()),
            width: format!("{:.0} px", read.width_px),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CharRead, RowRead};

    #[track_caller]
    fn check(rows: &[&str], expect: &str) {
        let char_read = |best| CharRead {
            best,
            score: 0.99,
            alternatives: vec![],
        };
        let row = |row: &&str| RowRead {
            chars: row.chars().map(char_read).collect(),
        };
        let rows = rows.iter().map(row).collect();
        let vote = PlateVote {
            rows,
            colour: PlateColour::White,
            n_reads: 1,
            n_agreeing: 1,
        };
        let chip = PlateChip::of(Some(&vote));
        assert_eq!(
            chip.map(|chip| chip.rows.join(" ")).unwrap_or_default(),
            expect
        );
    }

    #[test]
    fn plates_are_written_as_on_the_plate() {
        check(&["51F12345"], "51F-123.45");
        check(&["51F1234"], "51F-1234");
        check(&["30LD12345"], "30LD-123.45");
        check(&["51F", "12345"], "51-F 123.45");
        check(&["29B1", "12345"], "29-B1 123.45");
        check(&["29MĐ1", "23456"], "29-MĐ1 234.56");
    }

    #[test]
    fn what_has_another_form_is_left_alone() {
        check(&["80441NG02"], "80441NG02");
        check(&["ABC"], "ABC");
        check(&["1"], "1");
        check(&["", ""], "");
        check(&[], "");
    }
}
