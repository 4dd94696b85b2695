//! A list from a spreadsheet's CSV file: the whole file or nothing, with a report line by line.
//!
//! What is wrong is an error and refuses the file; what somebody should look at is a warning.
//! Nothing is rewritten: a plate with the letter O is told with what was probably meant, and stays
//! an error until a person has corrected it.

use super::{
    ListEntry, cells,
    headings::{Field, Headings, Lines, reader},
    text,
};
use crate::config::site::Severity;
use csv::StringRecord;
use domain::Plate;
use jiff::tz::TimeZone;
use std::{collections::BTreeMap, fmt};

/// Largest file that is read.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Most vehicles of a list.
pub const ENTRIES_MAX: usize = 200_000;

/// Longest cell, in characters.
const CELL_CHARS_MAX: usize = 500;

/// Problems that are told one by one; the others are counted.
const PROBLEMS_MAX: usize = 1000;

/// Records between two words about progress.
const PROGRESS_ROWS: usize = 1000;

/// How a list is read.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The site's time zone: a day begins and ends by it.
    pub zone: TimeZone,
    /// Whether plates that no Vietnamese plate looks like are taken as they stand, with a warning.
    pub takes_foreign: bool,
}

/// One thing of the report. Its texts may have a plate in them: they are for the person who
/// imports, and not for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// An error refuses the file.
    pub severity: Severity,
    /// The line of the file, from 1; 0 when it belongs to none.
    pub line: u64,
    /// The column as the spreadsheet names it, with its heading: `B (Biển số)`.
    pub column: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub instead: String,
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if 0 < self.line {
            write!(f, "line {}", self.line)?;
            if let Some(column) = &self.column {
                write!(f, " column {column}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}; {}", self.what, self.instead)
    }
}

/// What a file was found to be.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    entries: Vec<(u64, ListEntry)>,
    /// What is wrong, in the order of the lines; at most 1000.
    pub problems: Vec<ImportProblem>,
    /// Problems that are not among these.
    pub n_more: usize,
    /// Lines with data.
    pub n_rows: usize,
    n_errors: usize,
}

impl Imported {
    /// How many errors there are.
    pub fn n_errors(&self) -> usize {
        self.n_errors
    }

    /// The line of each entry.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &ListEntry)> {
        self.entries.iter().map(|(line, entry)| (*line, entry))
    }

    /// All entries, or nothing when there is an error.
    pub fn into_entries(self) -> Option<Vec<ListEntry>> {
        let is_right = self.n_errors == 0;
        is_right.then(|| {
            self.entries
                .into_iter()
                .map(|(_line, entry)| entry)
                .collect()
        })
    }

    fn add(&mut self, problem: ImportProblem) {
        self.n_errors += usize::from(problem.severity == Severity::Error);
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.n_more += 1;
        }
    }

    fn whole_file(&mut self, what: &str, instead: &str) {
        self.add(ImportProblem {
            severity: Severity::Error,
            line: 0,
            column: None,
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    }
}

/// Reads a file. `progress` is told now and then which share of it is read.
pub fn import(bytes: &[u8], options: &ImportOptions, progress: &mut dyn FnMut(f64)) -> Imported {
    let mut imported = Imported::default();
    let text = match text::decode(bytes) {
        Ok(text) => text,
        Err(why) => {
            imported.whole_file(why.what(), why.instead());
            return imported;
        }
    };
    let Some(headings) = Headings::find(&text) else {
        imported.whole_file(
            "no column has the heading \"Biển số\" or \"plate\"",
            "write a heading above each column: Biển số, Chủ xe, Nhóm, Từ ngày, Đến ngày, Giờ, Cấm",
        );
        return imported;
    };
    let mut rows = Rows {
        options,
        headings: &headings,
        above: None,
        by_key: BTreeMap::new(),
        imported,
        line: headings.line,
    };
    rows.check_headings();
    let mut reader = reader(headings.separator, &text);
    let mut lines = Lines::new(&text);
    let mut record = StringRecord::new();
    let mut n_records = 0;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => (),
            // The text is UTF-8 and records may have any length: there is nothing else to fail.
            Err(_error) => {
                rows.error(
                    None,
                    "the line cannot be read",
                    "look for a quote that is not closed",
                );
                break;
            }
        }
        rows.line = lines.of(&record);
        n_records += 1;
        if headings.n_records < n_records && record.iter().any(|cell| !cell.is_empty()) {
            rows.take(&record);
        }
        if n_records % PROGRESS_ROWS == 0 {
            progress(reader.position().byte() as f64 / text.len().max(1) as f64);
        }
        if ENTRIES_MAX < rows.imported.entries.len() {
            rows.error(
                None,
                "the list is longer than 200 000 vehicles",
                "divide it among sites",
            );
            break;
        }
    }
    let mut imported = rows.imported;
    if imported.n_rows == 0 && imported.n_errors == 0 {
        imported.whole_file("no line has a plate", "an empty list would let nobody in");
    }
    imported
}

struct Rows<'a> {
    options: &'a ImportOptions,
    headings: &'a Headings,
    /// The row before, its blanks filled.
    above: Option<(u64, BTreeMap<Field, String>)>,
    /// Entries by the key of their plates.
    by_key: BTreeMap<String, Vec<usize>>,
    imported: Imported,
    line: u64,
}

/// What a merged cell leaves empty in the lines below it.
const MERGED: [Field; 7] = [
    Field::Holder,
    Field::Group,
    Field::ValidFrom,
    Field::ValidUntil,
    Field::Hours,
    Field::Access,
    Field::Barred,
];

impl Rows<'_> {
    fn check_headings(&mut self) {
        for column in self.headings.doubled() {
            self.tell(
                Severity::Error,
                Some(column),
                "this heading is there twice",
                "leave one",
            );
        }
        for (column, name) in self.headings.names.iter().enumerate() {
            let is_number = matches!(
                text::plain(name).as_str(),
                "" | "stt" | "tt" | "no" | "no." | "#"
            );
            if self.headings.columns[column].is_none() && !is_number {
                let what = "this column is not known and passed over";
                self.tell(
                    Severity::Warning,
                    Some(column),
                    what,
                    "nothing, if it is not needed",
                );
            }
        }
    }

    fn take(&mut self, record: &StringRecord) {
        self.imported.n_rows += 1;
        let mut cells = BTreeMap::new();
        for (column, field) in self.headings.columns.iter().enumerate() {
            let (Some(field), Some(cell)) = (field, record.get(column)) else {
                continue;
            };
            if CELL_CHARS_MAX < cell.chars().count() {
                let what = "this cell has more than 500 characters";
                self.tell(
                    Severity::Error,
                    Some(column),
                    what,
                    "look for a quote that is not closed",
                );
                return;
            }
            cells.insert(*field, cell.to_owned());
        }
        self.fill(&mut cells);
        let made = self.conditions(&cells);
        let plates = cells.get(&Field::Plate).cloned().unwrap_or_default();
        self.above = Some((self.line, cells));
        let plates = cells::plates(&plates);
        if plates.is_empty() {
            let instead = "write the plate into every line; merged cells have to be parted first";
            self.error(Some(Field::Plate), "the line has no plate", instead);
        }
        for plate in plates {
            let plate = self.plate(plate);
            if let (Some(plate), Some(entry)) = (plate, &made) {
                self.put(&plate, entry);
            }
        }
    }

    /// A blank holder below a holder is a merged cell: what else is blank in that line was merged
    /// with it. Always told, because a blank may have been meant.
    fn fill(&mut self, cells: &mut BTreeMap<Field, String>) {
        let is_blank =
            |cells: &BTreeMap<Field, String>, field| cells.get(&field).is_none_or(String::is_empty);
        let Some((line, above)) = &self.above else {
            return;
        };
        if !is_blank(cells, Field::Holder) || is_blank(above, Field::Holder) {
            return;
        }
        let mut filled = Vec::new();
        for field in MERGED {
            if is_blank(cells, field) && !is_blank(above, field) {
                cells.insert(field, above[&field].clone());
                let column = self.headings.column(field);
                filled.extend(column.map(|column| self.headings.names[column].as_str()));
            }
        }
        let what = format!(
            "empty cells are taken from line {line}: {}",
            filled.join(", ")
        );
        let instead = "if they were not merged, fill them in";
        self.tell(Severity::Warning, None, &what, instead);
    }

    /// All of an entry but its plate; nothing when a cell is wrong.
    fn conditions(&mut self, cells: &BTreeMap<Field, String>) -> Option<ListEntry> {
        let cell = |field| cells.get(&field).map_or("", String::as_str);
        let n_errors = self.imported.n_errors;
        let valid_from = self.moment(Field::ValidFrom, cell(Field::ValidFrom), 0);
        // The last day is a whole day: what comes after it begins on the next.
        let valid_until = self.moment(Field::ValidUntil, cell(Field::ValidUntil), 1);
        if let (Some(from), Some(until)) = (&valid_from, &valid_until)
            && wire::parse_time(until) <= wire::parse_time(from)
        {
            let what = "the last day is before the first";
            self.error(Some(Field::ValidUntil), what, "write the later day here");
        }
        let hours = cells::hours(cell(Field::Hours));
        if hours.is_none() {
            let instead = "write for example \"T2-T6 07:00-18:00; T7 07:00-12:00\"";
            self.error(Some(Field::Hours), "these are no days and times", instead);
        }
        let group = Some(cell(Field::Group)).filter(|group| !group.is_empty());
        let slug = group.and_then(text::slug);
        if group.is_some() && slug.is_none() {
            let instead = "write letters and digits, at most 32";
            self.error(Some(Field::Group), "this is no name of a group", instead);
        }
        let mut is_barred = false;
        for (field, barred) in [
            (
                Field::Access,
                cells::is_barred_by_access(cell(Field::Access)),
            ),
            (Field::Barred, cells::is_barred_by_mark(cell(Field::Barred))),
        ] {
            is_barred |= barred.unwrap_or_default();
            if barred.is_none() {
                let instead = match field {
                    Field::Access => "write \"cho phép\" (allow) or \"cấm\" (bar)",
                    _ => "write \"x\" to turn away, or nothing",
                };
                self.error(Some(field), "this word is not known", instead);
            }
        }
        let holder = cell(Field::Holder)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        (n_errors == self.imported.n_errors).then(|| ListEntry {
            plate: String::new(),
            is_barred,
            holder: Some(holder).filter(|holder| !holder.is_empty()),
            group: slug,
            valid_from,
            valid_until,
            hours: hours.unwrap_or_default(),
        })
    }

    fn moment(&mut self, field: Field, cell: &str, days_later: i64) -> Option<String> {
        if cell.is_empty() {
            return None;
        }
        let day = cells::day(cell)
            .and_then(|day| day.checked_add(jiff::Span::new().days(days_later)).ok());
        let start = day.and_then(|day| cells::start_of(day, &self.options.zone));
        if start.is_none() {
            let instead = "write day/month/year, \"31/12/2026\", or \"2026-12-31\"";
            self.error(Some(field), "this is no day", instead);
        }
        start
    }

    fn plate(&mut self, written: &str) -> Option<Plate> {
        let plate = match Plate::parse(written) {
            Ok(plate) => plate,
            Err(error) => {
                let instead = "write it as printed, \"30F-256.58\"; several with ; between them";
                self.error(Some(Field::Plate), &error.to_string(), instead);
                return None;
            }
        };
        if plate.classes().is_empty() {
            let severity = if self.options.takes_foreign {
                Severity::Warning
            } else {
                Severity::Error
            };
            let what = format!("no Vietnamese plate looks like {written:?}");
            let instead = match cells::probably_meant(written) {
                Some(meant) => format!("was {meant:?} meant? correct it in the spreadsheet"),
                None => "check it; import with --foreign when it is from abroad".to_owned(),
            };
            self.tell(
                severity,
                self.headings.column(Field::Plate),
                &what,
                &instead,
            );
        } else if plate.is_of_two_kinds() {
            let what = format!("{written:?} can be a car's and a motorbike's");
            let instead = "write it with its signs, \"30F-256.58\" or \"30-F2 56.58\"";
            self.tell(
                Severity::Warning,
                self.headings.column(Field::Plate),
                &what,
                instead,
            );
        }
        Some(plate)
    }

    /// Adds an entry, unless its vehicle is there already.
    fn put(&mut self, plate: &Plate, entry: &ListEntry) {
        let entry = ListEntry {
            plate: plate.written(),
            ..entry.clone()
        };
        let same = self.by_key.entry(plate.key()).or_default();
        for index in same.iter() {
            let (line, before) = &self.imported.entries[*index];
            if !Plate::parse(&before.plate).is_ok_and(|before| before.matches(plate)) {
                continue;
            }
            let says_the_same = *before
                == ListEntry {
                    plate: before.plate.clone(),
                    ..entry.clone()
                };
            let (severity, what, instead) = if says_the_same {
                (
                    Severity::Warning,
                    format!("line {line} has this vehicle too and says the same"),
                    "leave one",
                )
            } else {
                (
                    Severity::Error,
                    format!("line {line} has this vehicle too and says something else"),
                    "leave one; several hours go into one cell with ; between them",
                )
            };
            let column = self.headings.column(Field::Plate);
            self.tell(severity, column, &what, instead);
            return;
        }
        same.push(self.imported.entries.len());
        self.imported.entries.push((self.line, entry));
    }

    fn error(&mut self, field: Option<Field>, what: &str, instead: &str) {
        let column = field.and_then(|field| self.headings.column(field));
        self.tell(Severity::Error, column, what, instead);
    }

    fn tell(&mut self, severity: Severity, column: Option<usize>, what: &str, instead: &str) {
        let column = column.map(|column| {
            let name = self.headings.names.get(column).map_or("", String::as_str);
            format!("{} ({name})", letters(column))
        });
        self.imported.add(ImportProblem {
            severity,
            line: self.line,
            column,
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    }
}

/// A column as spreadsheets name it: A to Z, then AA.
fn letters(column: usize) -> String {
    let letter = |n: usize| char::from(b'A' + (n % 26) as u8);
    match column {
        0..26 => letter(column).to_string(),
        _ => [letter(column / 26 - 1), letter(column)].iter().collect(),
    }
}

#[cfg(test)]
mod tests;
