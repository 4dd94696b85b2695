//! Flow as a spreadsheet: RFC 4180 in UTF-8 with a byte order mark, so that Vietnamese is shown.

use super::{Entrance, report::Report};
use crate::{console::Lang, names::Names};
use domain::Timestamp;

/// Spreadsheets take a text that begins so for a formula, or for a command.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

const HEADINGS_VI: [&str; 10] = [
    "Ngày",
    "Giờ",
    "Lối vào",
    "Tên",
    "Loại",
    "Khu vực",
    "Người vào",
    "Người ra",
    "Xe vào",
    "Xe ra",
];
const HEADINGS_EN: [&str; 10] = [
    "day",
    "hour",
    "entrance",
    "name",
    "source",
    "zone",
    "people_in",
    "people_out",
    "vehicles_in",
    "vehicles_out",
];

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Every slot that has begun, for every entrance, also when nobody came.
pub(crate) fn csv_of(report: &Report, names: &Names, now: Timestamp, lang: Lang) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(b"\xef\xbb\xbf".to_vec());
    let (headings, gate, line) = match lang {
        Lang::Vietnamese => (HEADINGS_VI, "cổng", "vạch đếm"),
        Lang::English => (HEADINGS_EN, "gate", "line"),
    };
    let mut write = |record: &[String]| {
        writer.write_record(record).expect("a Vec takes everything");
    };
    write(&headings.map(str::to_owned));
    for (i, slot) in report.slots.iter().enumerate() {
        if now < slot.from {
            break;
        }
        for (entrance, tallies) in &report.by_entrance {
            let (name, source, zone) = match entrance {
                Entrance::Gate(id) => (names.gate(id), gate, ""),
                Entrance::Line(camera, zone) => (names.camera(camera), line, zone.as_str()),
            };
            let tally = tallies[i];
            let hour = slot.hour.map(|hour| format!("{hour:02}:00"));
            write(&[
                slot.day.to_string(),
                hour.unwrap_or_default(),
                entrance.to_string(),
                harmless(name),
                source.to_owned(),
                zone.to_owned(),
                tally.people_in.to_string(),
                tally.people_out.to_string(),
                tally.vehicles_in.to_string(),
                tally.vehicles_out.to_string(),
            ]);
        }
    }
    let bytes = writer.into_inner().expect("a Vec takes everything");
    String::from_utf8(bytes).expect("texts are UTF-8")
}
