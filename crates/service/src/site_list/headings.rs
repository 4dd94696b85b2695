//! The heading of a list: which column says what, in Vietnamese or English, in any order.

use super::text::plain;
use csv::{ReaderBuilder, StringRecord, Trim};

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Plate,
    Holder,
    Group,
    ValidFrom,
    ValidUntil,
    Hours,
    /// `access`: a word that lets in or turns away.
    Access,
    /// `cấm`: whatever says yes turns away.
    Barred,
}

/// Headings as they are met, without marks.
const WORDS: [(Field, &[&str]); 8] = [
    (
        Field::Plate,
        &[
            "bien so",
            "bien so xe",
            "bien kiem soat",
            "bks",
            "so xe",
            "plate",
            "plates",
            "license plate",
            "licence plate",
            "plate number",
        ],
    ),
    (
        Field::Holder,
        &[
            "chu xe",
            "ho ten",
            "ho va ten",
            "ten",
            "ten chu xe",
            "nguoi su dung",
            "lai xe",
            "tai xe",
            "cong ty",
            "don vi",
            "holder",
            "owner",
            "name",
            "driver",
            "company",
        ],
    ),
    (
        Field::Group,
        &["nhom", "loai", "doi tuong", "phan loai", "group"],
    ),
    (
        Field::ValidFrom,
        &[
            "tu ngay",
            "ngay bat dau",
            "hieu luc tu",
            "valid from",
            "from",
        ],
    ),
    (
        Field::ValidUntil,
        &[
            "den ngay",
            "den het ngay",
            "ngay het han",
            "ngay ket thuc",
            "han",
            "hieu luc den",
            "valid until",
            "valid to",
            "until",
            "to",
            "expires",
        ],
    ),
    (
        Field::Hours,
        &[
            "gio",
            "khung gio",
            "gio vao",
            "thoi gian",
            "hours",
            "schedule",
        ],
    ),
    (Field::Access, &["quyen", "trang thai", "access", "status"]),
    (
        Field::Barred,
        &[
            "cam",
            "cam vao",
            "danh sach den",
            "barred",
            "bar",
            "blocked",
        ],
    ),
];

/// The heading may stand below a title of so many lines.
const TITLE_LINES_MAX: usize = 10;

/// Where what stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headings {
    /// The separator of the file.
    pub(super) separator: u8,
    /// The line of the heading, from 1.
    pub(super) line: u64,
    /// How many records come before the data, the heading included.
    pub(super) n_records: usize,
    /// What each column says; nothing for one that is passed over.
    pub(super) columns: Vec<Option<Field>>,
    /// The headings as written.
    pub(super) names: Vec<String>,
}

impl Headings {
    /// Finds the heading: the first record with one for plates, by the separator that knows most
    /// of its words.
    pub(super) fn find(text: &str) -> Option<Self> {
        let found = [b';', b',', b'\t'].map(|separator| Self::with(separator, text));
        // Of equals the first.
        found.into_iter().flatten().rev().max_by_key(Self::n_known)
    }

    fn with(separator: u8, text: &str) -> Option<Self> {
        let mut reader = reader(separator, text);
        let mut lines = Lines::new(text);
        let mut record = StringRecord::new();
        for n in 1..=TITLE_LINES_MAX {
            if !reader.read_record(&mut record).ok()? {
                return None;
            }
            let columns: Vec<Option<Field>> = record.iter().map(field_of).collect();
            if columns.contains(&Some(Field::Plate)) {
                return Some(Self {
                    separator,
                    line: lines.of(&record),
                    n_records: n,
                    columns,
                    names: record.iter().map(str::to_owned).collect(),
                });
            }
        }
        None
    }

    fn n_known(&self) -> usize {
        self.columns.iter().flatten().count()
    }

    /// The column of a field.
    pub(super) fn column(&self, field: Field) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| *column == Some(field))
    }

    /// The columns that say what another says already.
    pub(super) fn doubled(&self) -> Vec<usize> {
        let is_doubled = |n: &usize| {
            let field = self.columns[*n];
            field.is_some() && self.columns[..*n].contains(&field)
        };
        (0..self.columns.len()).filter(is_doubled).collect()
    }
}

/// A reader of records of any length, after the line `sep=;` that Excel understands.
pub(super) fn reader(separator: u8, text: &str) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes())
}

/// Tells lines as editors and spreadsheets count them: the reader's own count is behind where lines
/// end in CR LF or are empty.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line in which a record begins. Records must come in their order.
    pub(super) fn of(&mut self, record: &StringRecord) -> u64 {
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at) {
            if start <= self.at && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn field_of(heading: &str) -> Option<Field> {
    let word = plain(heading);
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let known = WORDS.iter().find(|(_field, words)| words.contains(&word));
    known.map(|(field, _words)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_in_both_languages_in_any_order() {
        for (text, separator, line, known) in [
            ("Biển số,Chủ xe\n", b',', 1, 2),
            (
                "STT;BIỂN SỐ XE;Họ và tên;Từ ngày;Đến ngày;Giờ;Nhóm;Cấm\n",
                b';',
                1,
                7,
            ),
            (
                "plate\tholder\tvalid_from\tvalid_until\thours\taccess\n",
                b'\t',
                1,
                6,
            ),
            ("DANH SÁCH XE\n\nNăm 2026;;\nChủ xe;Biển số:\n", b';', 4, 2),
            ("sep=;\nChủ xe;Biển số\n", b';', 2, 2),
            ("plate\n30F-256.58\n", b';', 1, 1),
        ] {
            let found = Headings::find(text).unwrap();
            assert_eq!(
                (found.separator, found.line, found.n_known()),
                (separator, line, known),
                "{text}"
            );
        }
        assert_eq!(Headings::find("a;b\n1;2\n"), None);
        assert_eq!(Headings::find(""), None);
        assert_eq!(Headings::find("plate;plate\n").unwrap().doubled(), [1]);
    }
}
