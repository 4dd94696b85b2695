//! Pure crates decide, and do nothing else: no I/O, no clock, no chance, nothing beside `domain`.

use std::collections::BTreeSet;

use crate::tree::File;

/// Crates that decide, their folders, and what each may link beside itself.
///
/// Adding a name here is an architecture change and needs a note in `docs/design/`.
const PURE: &[(&str, &str, &[&str])] = &[
    ("domain", "crates/domain", &[]),
    ("tracker", "pipeline/tracker", &["domain"]),
    ("rules", "pipeline/rules", &["domain"]),
    ("policy", "gate-controller/policy", &["domain"]),
    ("casework", "violation-api/casework", &["domain"]),
];

/// What reaches the outside world, or differs from one machine or run to the next.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std::env", "it is told, it does not ask"),
    ("std::fs", "it does no I/O"),
    ("std::io", "it does no I/O"),
    ("std::net", "it does no I/O"),
    ("std::process", "it does no I/O"),
    ("std::thread", "it is synchronous"),
    ("SystemTime", "time is an input"),
    ("Instant", "time is an input"),
    ("HashMap", "its order differs between runs: use BTreeMap"),
    ("HashSet", "its order differs between runs: use BTreeSet"),
    ("RandomState", "chance is no input"),
    ("async fn", "it is synchronous"),
    (
        ".sin()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".cos()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".tan()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".atan2(",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".acos()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".exp()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".ln()",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".powf(",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".powi(",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".hypot(",
        "only + - * / and sqrt give the same bits everywhere",
    ),
    (
        ".mul_add(",
        "only + - * / and sqrt give the same bits everywhere",
    ),
];

/// Checks what each pure crate links, given a way to find that out.
pub(super) fn check_closures(
    closure: impl Fn(&str) -> Result<BTreeSet<String>, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (krate, _, beside) in PURE {
        match closure(krate) {
            Err(error) => problems.push(error),
            Ok(found) if !found.contains(*krate) => {
                problems.push(format!(
                    "the closure of `{krate}` does not contain `{krate}`"
                ));
            }
            Ok(found) => problems.extend(
                found
                    .iter()
                    .filter(|name| name != krate && !beside.contains(&name.as_str()))
                    .map(|name| format!("pure crate `{krate}` must not depend on `{name}`")),
            ),
        }
    }
    problems
}

/// Checks what the product code of the pure crates names.
pub(super) fn check_sources(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (krate, folder, _) in PURE {
        let source = format!("{folder}/src/");
        for file in files.iter().filter(|file| file.path.starts_with(&source)) {
            if file.extension() == "rs" && !is_test(&file.path) {
                problems.extend(check_source(krate, file));
            }
        }
    }
    problems
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn check_source(krate: &str, file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let lines: Vec<(usize, &str)> = file.lines().collect();
    // Tests stand at the end of a file, and may use what they like.
    let n_product = (0..lines.len())
        .find(|n| begins_tests(&lines[*n..]))
        .unwrap_or(lines.len());
    let mut is_in_import = false;
    for (number, line) in &lines[..n_product] {
        let code = line.split("//").next().unwrap_or_default();
        is_in_import |= code.trim_start().starts_with("use std::{");
        for (module, why) in FORBIDDEN.iter().filter_map(|(word, why)| {
            let module = word.strip_prefix("std::")?;
            Some((module, why))
        }) {
            if is_in_import && names(code, module) {
                problems.push(format!(
                    "{}:{number}: pure crate `{krate}` must not use `std::{module}`: {why}",
                    file.path
                ));
            }
        }
        is_in_import &= !code.contains(';');
        for (word, why) in FORBIDDEN {
            if names(code, word) {
                problems.push(format!(
                    "{}:{number}: pure crate `{krate}` must not use `{word}`: {why}",
                    file.path
                ));
            }
        }
    }
    problems
}

/// Whether the module of the tests begins here; an import for them alone does not.
fn begins_tests(lines: &[(usize, &str)]) -> bool {
    let text = |n: usize| lines.get(n).map_or("", |(_, line)| line.trim());
    text(0) == "#[cfg(test)]" && text(1).starts_with("mod ")
}

/// Whether `code` has `word`, and not merely a longer name with `word` in it.
fn names(code: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        let starts = word.starts_with('.') || !before.is_some_and(part_of_name);
        let ends = !word.ends_with(char::is_alphanumeric) || !after.is_some_and(part_of_name);
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closures(extra: &[(&str, &str)]) -> Vec<String> {
        check_closures(|krate| {
            let own = [krate.to_owned(), "domain".to_owned()];
            let more = extra
                .iter()
                .filter(|(of, _)| *of == krate)
                .map(|(_, name)| (*name).to_owned());
            Ok(own.into_iter().chain(more).collect())
        })
    }

    #[test]
    fn pure_closures_pass() {
        assert_eq!(closures(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_foreign_crate_is_rejected() {
        assert_eq!(
            closures(&[("rules", "serde"), ("domain", "libc")]),
            [
                "pure crate `domain` must not depend on `libc`",
                "pure crate `rules` must not depend on `serde`",
            ]
        );
    }

    #[test]
    fn one_pure_crate_must_not_link_another() {
        assert_eq!(
            closures(&[("policy", "tracker")]),
            ["pure crate `policy` must not depend on `tracker`"]
        );
    }

    #[test]
    fn a_misspelt_crate_does_not_pass_for_pure() {
        let problems = check_closures(|_| Ok(BTreeSet::new()));
        assert_eq!(problems.len(), PURE.len(), "{problems:?}");
        let problems = check_closures(|krate| Err(format!("no `{krate}`")));
        assert_eq!(problems.len(), PURE.len(), "{problems:?}");
    }

    fn sources(path: &str, text: &str) -> usize {
        check_sources(&[File::fake(path, text)]).len()
    }

    #[test]
    fn what_reaches_outside_is_rejected() {
        for text in [
            "use std::fs;",
            "use std::{collections::BTreeMap, fs};",
            "use std::{\n    cmp::Ordering,\n    net::TcpStream,\n};",
            "#[cfg(test)]\nuse domain::Plate;\nuse std::fs;",
            "let map = HashMap::new();",
            "let t = std::time::Instant::now();",
            "let y = x.sin();",
            "pub async fn decide() {}",
        ] {
            assert_eq!(sources("pipeline/rules/src/red.rs", text), 1, "{text}");
            assert_eq!(
                sources("pipeline/src/red.rs", text),
                0,
                "not a pure crate: {text}"
            );
            assert_eq!(
                sources("pipeline/rules/src/red/tests.rs", text),
                0,
                "a test: {text}"
            );
        }
    }

    #[test]
    fn words_comments_and_tests_are_left_alone() {
        for text in [
            "// not a HashMap",
            "struct Instantly;",
            "let y = x.sqrt();",
            "fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }",
        ] {
            assert_eq!(sources("crates/domain/src/lib.rs", text), 0, "{text}");
        }
    }
}
