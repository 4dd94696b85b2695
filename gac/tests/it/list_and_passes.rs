//! The parts of a site's list that commands write: what they say, and what is left when they
//! refuse.

use crate::program::{gac, lines_of};
use std::{fs, path::Path};

const SITE: &str = "[site]\nid = \"park-1\"\nname = \"Khu mẫu\"\n";

/// Runs a command on the folder's site; gives whether it went well and what it printed.
fn run(folder: &Path, words: &[&str]) -> (bool, Vec<String>) {
    let site = folder.join("site.toml");
    let mut arguments = words.to_vec();
    arguments.insert(2, site.to_str().unwrap());
    let output = gac(&arguments);
    (output.status.success(), lines_of(&output))
}

fn site() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("site.toml"), SITE).unwrap();
    folder
}

#[test]
fn a_list_is_taken_whole_or_not_at_all() {
    let folder = site();
    let file = folder.path().join("list.csv");
    let path = file.to_str().unwrap();
    let show = || run(folder.path(), &["list", "show"]).1.join("\n");
    fs::write(
        &file,
        "\u{feff}Biển số;Chủ xe\r\n30F-256.58;A\r\n51G-123.45;B\r\n",
    )
    .unwrap();

    let (is_right, said) = run(folder.path(), &["list", "import", path, "--dry-run"]);
    assert!(
        is_right
            && said
                .join("\n")
                .contains("2 vehicles in 2 lines; nothing was changed")
    );
    assert_eq!(show(), "version 0: 0 vehicles, 0 passes");
    let (is_right, said) = run(folder.path(), &["list", "import", path]);
    assert!(is_right, "{said:?}");
    assert_eq!(show(), "version 1: 2 vehicles, 0 passes");

    // One wrong line among right ones: nothing of the file is taken, and the list stays.
    fs::write(&file, "Biển số;Chủ xe\r\n30F-256.61;A\r\n3OF-256.62;B\r\n").unwrap();
    let (is_right, said) = run(folder.path(), &["list", "import", path]);
    assert!(!is_right);
    let expect = "list.csv: line 3 column A (Biển số): no Vietnamese plate looks like \"3OF-256.62\"; \
                  was \"30F-256.62\" meant? correct it in the spreadsheet";
    assert!(said[0].ends_with(expect), "{said:?}");
    assert!(
        said.last()
            .unwrap()
            .ends_with("1 errors in 2 lines: nothing was taken")
    );
    assert_eq!(show(), "version 1: 2 vehicles, 0 passes");
}

#[test]
fn a_pass_is_made_listed_and_called_back() {
    let folder = site();
    let picture = folder.path().join("pass.png");
    let out = ["--out", picture.to_str().unwrap()];
    let words = ["pass", "make", "--until", "2099-12-31 18:00", "--uses", "1"];
    let (is_right, said) = run(folder.path(), &[&words[..], &out].concat());
    assert!(is_right, "{said:?}");
    let [id, token, ..] = &said[..] else {
        panic!("{said:?}")
    };
    assert!(id.starts_with("vis_") && token.starts_with("GAC1:"));
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    let list = || run(folder.path(), &["pass", "list"]).1.join("\n");
    assert!(list().starts_with(&format!("{id} valid, ")), "{}", list());
    assert!(run(folder.path(), &["pass", "revoke", id]).0);
    assert!(
        list().starts_with(&format!("{id} called back, ")),
        "{}",
        list()
    );

    let unknown = format!("vis_{:032x}", 1);
    let (is_right, said) = run(folder.path(), &["pass", "revoke", &unknown]);
    assert_eq!((is_right, said.len()), (false, 1), "{said:?}");
    for wrong in [["--until", "2020-01-01 00:00"], ["--until", "31/12/2099"]] {
        let (is_right, said) = run(folder.path(), &[&["pass", "make"][..], &wrong].concat());
        assert_eq!((is_right, said.len()), (false, 1), "{said:?}");
    }
}
