//! The visits of a day as a table for spreadsheets.

use super::VisitView;

const HEADINGS: [&str; 13] = [
    "Họ và tên",
    "Công ty",
    "Điện thoại",
    "Người đón",
    "Việc",
    "Biển số",
    "Ngày",
    "Từ",
    "Đến",
    "Trạng thái",
    "Vào",
    "Ra",
    "Mức bảo đảm",
];

/// With a byte-order mark, for spreadsheets take UTF-8 for something else without it.
pub(super) fn csv(visits: &[VisitView]) -> String {
    let mut text = "\u{feff}".to_owned();
    text += &line(&HEADINGS);
    for visit in visits {
        let or_none = |field: &Option<String>| field.clone().unwrap_or_default();
        let cells = [
            visit.name.clone(),
            or_none(&visit.company),
            or_none(&visit.phone),
            or_none(&visit.host),
            or_none(&visit.purpose),
            or_none(&visit.plate),
            visit.day.clone(),
            visit.from.clone(),
            visit.until.clone(),
            visit.badge.word.to_owned(),
            or_none(&visit.came_in),
            or_none(&visit.left),
            visit.assurance.unwrap_or_default().to_owned(),
        ];
        text += &line(&cells.each_ref().map(String::as_str));
    }
    text
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

/// Quoted (RFC 4180), and with an apostrophe before what a spreadsheet would take for a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_out_or_calculate() {
        assert_eq!(quoted("Nguyễn \"A\", B"), "\"Nguyễn \"\"A\"\", B\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("+84 912"), "\"'+84 912\"");
        assert_eq!(line(&["a", ""]), "\"a\",\"\"\r\n");
    }
}
