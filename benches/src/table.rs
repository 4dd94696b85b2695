//! A table of words and figures for a terminal.

/// The rows, columns as wide as they need; the first `n_left` columns begin at the left, figures
/// end at the right.
pub fn table(rows: &[Vec<String>], n_left: usize) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let room = " ".repeat(width - cell.chars().count());
            if column < n_left {
                line.extend([gap, cell, &room]);
            } else {
                line.extend([gap, &room, cell]);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect();
        let rows = [
            row(&["set", "exact", "ms"]),
            row(&["cổng", "1", "10.25"]),
            row(&["x"]),
        ];
        let expect = "set   exact     ms\ncổng      1  10.25\nx\n";
        assert_eq!(table(&rows, 1), expect);
        assert_eq!(table(&[], 1), "");
    }
}
