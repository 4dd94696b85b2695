//! Comparing what was read with what is there.

/// What is compared: letters and digits in upper case, `Đ` as `D`; rows and separators do not
/// count.
pub fn folded(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_uppercase);
    let plain = upper.map(|c| if c == 'Đ' { 'D' } else { c });
    plain.filter(|c| c.is_alphanumeric()).collect()
}

/// The least number of characters that must be put in, taken out or changed to make one text the
/// other.
pub fn n_edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, c) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, d) in other.iter().enumerate() {
            let changed = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_separators_and_case_do_not_count() {
        assert_eq!(folded("29-mđ1\n504.66"), "29MD150466");
        assert_eq!(folded("29MĐ1/50466"), folded("29MD1 504 66"));
        assert_eq!(folded(" -./ "), "");
    }

    #[test]
    fn edits() {
        for (one, other, n) in [
            ("43A00001", "43A00001", 0),
            ("43A00001", "43A0001", 1),
            ("43A00001", "43B00001", 1),
            ("43A00001", "34A00001", 2),
            ("", "43A", 3),
            ("43A", "", 3),
            ("đ", "Đ", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(n_edits(one, other), n, "{one} {other}");
            assert_eq!(n_edits(other, one), n, "{other} {one}");
        }
    }
}
