use super::*;
use proptest::prelude::*;

fn options() -> ImportOptions {
    ImportOptions {
        zone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        takes_foreign: false,
    }
}

fn read(text: &str) -> Imported {
    import(text.as_bytes(), &options(), &mut |_share| ())
}

fn told(text: &str) -> Vec<String> {
    read(text)
        .problems
        .iter()
        .map(ImportProblem::to_string)
        .collect()
}

#[test]
fn a_list_as_offices_write_it_is_read_whole() {
    let text = "\u{feff}DANH SÁCH XE ĐƯỢC VÀO;;;;;;;\r\n\r\n\
        STT;Biển số;Chủ xe;Nhóm;Từ ngày;Đến ngày;Giờ;Cấm\r\n\
        1;30F-256.58;Nguyễn Văn Mẫu;Nhân viên;01/01/2026;31/12/2026;T2-T6 07:00-18:00;\r\n\
        2;\"29-B1 123.45;\n51G-123.45\";\"Công ty; Mẫu\";Nhà thầu;;2026-12-31;;\r\n\
        3;29-MĐ1 504.66;Trần Thị Mẫu;;;;;x\r\n";
    let imported = read(text);
    assert_eq!(imported.problems, []);
    assert_eq!((imported.n_rows, imported.n_errors()), (3, 0));
    let lines: Vec<u64> = imported.lines().map(|(line, _entry)| line).collect();
    assert_eq!(lines, [4, 5, 5, 7]);
    let entries = imported.into_entries().unwrap();
    let [first, second, third, last] = &entries[..] else {
        unreachable!()
    };
    assert_eq!(first.group.as_deref(), Some("nhan-vien"));
    assert_eq!(
        first.valid_from.as_deref(),
        Some("2026-01-01T00:00:00+07:00")
    );
    assert_eq!(
        first.valid_until.as_deref(),
        Some("2027-01-01T00:00:00+07:00")
    );
    assert_eq!(first.hours, ["mon-fri 07:00-18:00"]);
    assert_eq!(second.holder.as_deref(), Some("Công ty; Mẫu"));
    assert_eq!(third.holder, second.holder);
    assert!(last.is_barred && !first.is_barred);
    assert!(entries.iter().all(|entry| entry.registration().is_ok()));
}

#[test]
fn every_wrong_cell_is_told_with_its_line_and_column_and_nothing_is_taken() {
    let text = "Chủ xe,Biển số,Đến ngày,Giờ,access,Ghi chú\r\n\
        A,30F-256.5O,31/12/2026,,,\r\n\
        B,30F-256.59,12/31/2026,,,\r\n\
        C,30F-256.61,,hành chính,,\r\n\
        D,30F-256.62,,,maybe,\r\n\
        E,,,,,\r\n\
        F,30Ｆ-256.63,,,,\r\n\
        G,30F-256.64,,,,\r\n";
    assert_eq!(
        told(text),
        [
            "warning: line 1 column F (Ghi chú): this column is not known and passed over; \
             nothing, if it is not needed",
            "line 2 column B (Biển số): no Vietnamese plate looks like \"30F-256.5O\"; \
             was \"30F-256.50\" meant? correct it in the spreadsheet",
            "line 3 column C (Đến ngày): this is no day; \
             write day/month/year, \"31/12/2026\", or \"2026-12-31\"",
            "line 4 column D (Giờ): these are no days and times; \
             write for example \"T2-T6 07:00-18:00; T7 07:00-12:00\"",
            "line 5 column E (access): this word is not known; \
             write \"cho phép\" (allow) or \"cấm\" (bar)",
            "line 6 column B (Biển số): the line has no plate; \
             write the plate into every line; merged cells have to be parted first",
            "line 7 column B (Biển số): 'Ｆ' (U+FF26) is not a character of a plate; \
             write it as printed, \"30F-256.58\"; several with ; between them",
        ]
    );
    assert_eq!(read(text).into_entries(), None);
}

#[test]
fn merged_cells_are_filled_and_told() {
    let text = "plate;holder;valid until;group\n\
        30F-256.58;Công ty Mẫu;31/12/2026;Khách\n\
        30F-256.61;;;\n\
        30F-256.69;;30/11/2026;\n\
        30F-257.00;Người khác;;\n";
    assert_eq!(
        told(text),
        [
            "warning: line 3: empty cells are taken from line 2: holder, group, valid until; \
             if they were not merged, fill them in",
            "warning: line 4: empty cells are taken from line 3: holder, group; \
             if they were not merged, fill them in",
        ]
    );
    let entries = read(text).into_entries().unwrap();
    assert_eq!(entries[1].holder, entries[0].holder);
    assert_eq!(entries[1].valid_until, entries[0].valid_until);
    assert_eq!(
        entries[2].valid_until.as_deref(),
        Some("2026-12-01T00:00:00+07:00")
    );
    assert_eq!((&entries[3].valid_until, &entries[3].group), (&None, &None));
}

#[test]
fn a_vehicle_twice_and_one_of_two_kinds_are_told() {
    let text = "plate;hours\n30F-256.58;\n30F 25658;\n30F-256.58;T2 7h-18h\n30F25699;\n";
    let told = told(text);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("warning: line 3 column A (plate): line 2 has this vehicle too"));
    assert!(
        told[1].starts_with("line 4 column A (plate): line 2 has this vehicle too and says some")
    );
    assert!(told[2].starts_with("warning: line 5 column A (plate): \"30F25699\" can be a car's"));
    // A car and a motorbike with the same characters are two vehicles.
    assert_eq!(
        read("plate\n30F-256.58\n30-F2 56.58\n")
            .into_entries()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn plates_from_abroad_are_taken_when_that_is_asked_for() {
    let text = "plate\n2A-1234\n";
    assert_eq!(read(text).into_entries(), None);
    let options = ImportOptions {
        takes_foreign: true,
        ..options()
    };
    let imported = import(text.as_bytes(), &options, &mut |_share| ());
    assert_eq!(imported.problems.len(), 1);
    assert_eq!(imported.into_entries().unwrap().len(), 1);
}

#[test]
fn files_that_are_no_list_are_refused_with_what_to_do() {
    let line = |bytes: &[u8]| {
        let imported = import(bytes, &options(), &mut |_share| ());
        assert_eq!((imported.n_errors(), imported.problems.len()), (1, 1));
        imported.problems[0].to_string()
    };
    assert!(line(b"").starts_with("no column has the heading"));
    assert!(line(b"a;b\n1;2\n").starts_with("no column has the heading"));
    assert!(line(b"plate\n").starts_with("no line has a plate"));
    assert!(
        line(b"PK\x03\x04").starts_with("this is a workbook and no CSV file; in the spreadsheet")
    );
    assert!(
        line(b"Bi\xea\xd2n s\xf4\xec\n")
            .starts_with("the text is not UTF-8, probably Windows-1258")
    );
    let unclosed = format!(
        "plate;holder\n30F-256.58;\"A\n{}",
        "30F-256.59;B\n".repeat(99)
    );
    assert!(line(unclosed.as_bytes()).contains("a quote that is not closed"));
}

#[test]
fn a_thousand_problems_are_told_and_the_others_counted() {
    let text = format!("plate\n{}", "?????\n".repeat(PROBLEMS_MAX + 7));
    let imported = read(&text);
    assert_eq!(
        (imported.problems.len(), imported.n_more),
        (PROBLEMS_MAX, 7)
    );
    assert_eq!(imported.n_errors(), PROBLEMS_MAX + 7);
}

#[test]
fn columns_are_named_as_spreadsheets_do() {
    assert_eq!(
        [0, 25, 26, 51, 52].map(letters),
        ["A", "Z", "AA", "AZ", "BA"]
    );
}

proptest! {
    #[test]
    fn no_file_is_too_strange(
        bytes in any::<Vec<u8>>(),
        rows in "([a-zA-Z0-9;,\"\n\r/. -]|Đ){0,200}",
    ) {
        drop(import(&bytes, &options(), &mut |_share| ()));
        drop(read(&format!("plate;holder;hours;from\n{rows}")));
    }

    /// What is taken is taken as it stands: every entry's plate stands in its line.
    #[test]
    fn no_plate_is_rewritten(numbers in proptest::collection::vec(0_u32..100_000, 1..20)) {
        let plate = |n: &u32| format!("30F-{:03}.{:02}", n / 100, n % 100);
        let plates: Vec<String> = numbers.iter().map(plate).collect();
        let text = format!("plate\n{}\n", plates.join("\n"));
        let imported = read(&text);
        for (line, entry) in imported.lines() {
            let written = &plates[line as usize - 2];
            prop_assert_eq!(Plate::parse(&entry.plate), Plate::parse(written));
        }
    }
}
