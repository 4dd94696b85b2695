//! Every crate says in one line what it is, and `ARCHITECTURE.md` says the same.

use std::collections::BTreeMap;

use crate::tree::File;

const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// What a crate says of itself, or what the table says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    folder: String,
    what: String,
}

pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    let crates = manifests(files, &mut problems);
    let table = files
        .iter()
        .find(|file| file.path == ARCHITECTURE)
        .and_then(|file| file.text.as_deref())
        .map(rows)
        .unwrap_or_default();
    for (name, entry) in &crates {
        match table.get(name) {
            None => problems.push(format!(
                "{ARCHITECTURE}: no row for `{name}`; write: | `{name}` | `{}` | {} |",
                entry.folder, entry.what
            )),
            Some(row) if row != entry => problems.push(format!(
                "{ARCHITECTURE}: the row of `{name}` should be: | `{name}` | `{}` | {} |",
                entry.folder, entry.what
            )),
            Some(_) => {}
        }
    }
    for name in table.keys().filter(|name| !crates.contains_key(*name)) {
        problems.push(format!("{ARCHITECTURE}: there is no crate `{name}`"));
    }
    problems
}

/// Reads the name and the description out of every manifest that has a package.
fn manifests(files: &[File], problems: &mut Vec<String>) -> BTreeMap<String, Entry> {
    let mut crates = BTreeMap::new();
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
    {
        let text = file.text.as_deref().unwrap_or_default();
        let Some(name) = package_value(text, "name") else {
            problems.push(format!("{}: no `name` in [package]", file.path));
            continue;
        };
        let what = package_value(text, "description").unwrap_or_default();
        if !what.ends_with('.') || what.chars().count() > 120 {
            problems.push(format!(
                "{}: `description` is one sentence of at most 120 characters, with a full stop",
                file.path
            ));
        }
        let folder = file.path.trim_end_matches("/Cargo.toml").to_owned();
        crates.insert(name, Entry { folder, what });
    }
    crates
}

/// The text of `key = "…"` in the section `[package]`.
fn package_value(manifest: &str, key: &str) -> Option<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[package]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(found, _)| found.trim() == key)
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// The rows of the table that is headed `| crate | folder | what |`.
fn rows(text: &str) -> BTreeMap<String, Entry> {
    let cells = |line: &str| -> Vec<String> {
        line.trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    text.lines()
        .skip_while(|line| cells(line) != ["crate", "folder", "what"])
        .skip(2)
        .take_while(|line| line.trim_start().starts_with('|'))
        .filter_map(|line| match cells(line).as_slice() {
            [name, folder, what] => Some((
                name.trim_matches('`').to_owned(),
                Entry {
                    folder: folder.trim_matches('`').to_owned(),
                    what: what.clone(),
                },
            )),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"rules\"\ndescription = \"What is unlawful.\"\n\
        \n[dependencies]\nname = \"other\"\n";
    const HEAD: &str = "# A\n\n| crate | folder | what |\n|---|---|---|\n";

    fn found(manifest: &str, architecture: &str) -> Vec<String> {
        check(&[
            File::fake("pipeline/rules/Cargo.toml", manifest),
            File::fake(ARCHITECTURE, architecture),
            File::fake("Cargo.toml", "[workspace]"),
        ])
    }

    #[test]
    fn the_table_agrees() {
        let row = "| `rules` | `pipeline/rules` | What is unlawful. |\n\nText | with | bars |\n";
        assert_eq!(
            found(MANIFEST, &format!("{HEAD}{row}")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_table_differs() {
        for row in [
            "| `rules` | `rules` | What is unlawful. |",
            "| `rules` | `pipeline/rules` | A. |",
        ] {
            let problems = found(MANIFEST, &format!("{HEAD}{row}"));
            assert_eq!(
                problems,
                ["ARCHITECTURE.md: the row of `rules` should be: \
                  | `rules` | `pipeline/rules` | What is unlawful. |"]
            );
        }
    }

    #[test]
    fn a_row_is_absent_or_in_excess() {
        assert_eq!(found(MANIFEST, HEAD).len(), 1);
        let rows = "| `rules` | `pipeline/rules` | What is unlawful. |\n| `gone` | `gone` | Not. |";
        assert_eq!(
            found(MANIFEST, &format!("{HEAD}{rows}")),
            ["ARCHITECTURE.md: there is no crate `gone`"]
        );
    }

    #[test]
    fn a_crate_without_a_description_is_rejected() {
        let row = "| `rules` | `pipeline/rules` |  |";
        let problems = found("[package]\nname = \"rules\"\n", &format!("{HEAD}{row}"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("one sentence"), "{problems:?}");
    }
}
