//! The graph of packages, as `cargo tree` tells it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// The names of all packages that `krate` links or is built with, itself included.
///
/// A misspelt crate is an error here. A negated `cargo tree --invert` would take it for success.
pub(super) fn closure(root: &Path, krate: &str) -> Result<BTreeSet<String>, String> {
    let text = cargo_tree(
        root,
        &[
            "--package",
            krate,
            "--edges",
            "normal,build",
            "--all-features",
            "--target",
            "all",
        ],
        "{p}",
    )?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// Checks that tests compile no dependency anew.
///
/// A dependency of tests alone can switch on a feature of a package that the programs link too.
/// Then `make demo` and `make test` compile that package, and all that stands on it, twice.
pub(super) fn check_features(root: &Path) -> Vec<String> {
    let features = |edges| {
        cargo_tree(root, &["--workspace", "--edges", edges], "{p}|{f}").map(|text| parse(&text))
    };
    match (features("normal,build"), features("normal,build,dev")) {
        (Ok(programs), Ok(tests)) => compare(&programs, &tests),
        (Err(error), _) | (_, Err(error)) => vec![error],
    }
}

/// Package and version to the feature sets that it is compiled with.
///
/// There can be two sets: a build script's dependencies are not unified with a program's.
type Features = BTreeMap<String, BTreeSet<String>>;

fn parse(text: &str) -> Features {
    let mut features = Features::new();
    for (package, set) in text.lines().filter_map(|line| line.split_once('|')) {
        let set = set.trim_end_matches(" (*)").trim();
        features
            .entry(package.trim().to_owned())
            .or_default()
            .insert(set.to_owned());
    }
    features
}

fn compare(programs: &Features, tests: &Features) -> Vec<String> {
    let mut problems = Vec::new();
    for (package, sets) in programs {
        let Some(with_tests) = tests.get(package) else {
            continue;
        };
        for set in sets.difference(with_tests) {
            let others: Vec<&str> = with_tests.iter().map(String::as_str).collect();
            problems.push(format!(
                "`{package}` is compiled twice: programs want its features [{set}], tests [{}]; \
                 depend on the larger set in a crate that is no test",
                others.join("] [")
            ));
        }
    }
    problems
}

fn cargo_tree(root: &Path, arguments: &[&str], format: &str) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args([
            "tree", "--quiet", "--locked", "--prefix", "none", "--format", format,
        ])
        .args(arguments)
        .output()
        .map_err(|error| format!("running `cargo tree {}`: {error}", arguments.join(" ")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "`cargo tree {}`: {}",
            arguments.join(" "),
            said.trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_features_pass() {
        let programs = parse("a v1.0.0|default,std\nb v2.0.0|\na v1.0.0|default,std (*)");
        let tests = parse("a v1.0.0|default,std\nb v2.0.0|\nproptest v1.0.0|std");
        assert_eq!(compare(&programs, &tests), Vec::<String>::new());
    }

    #[test]
    fn a_feature_that_only_tests_want_is_reported() {
        let programs = parse("a v1.0.0|std");
        let tests = parse("a v1.0.0|fs,std");
        let problems = compare(&programs, &tests);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("programs want its features [std], tests [fs,std]"));
    }

    #[test]
    fn the_real_closure_of_this_crate_is_itself() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            closure(root, "xtask"),
            Ok(BTreeSet::from(["xtask".to_owned()]))
        );
        assert!(closure(root, "no-such-crate").is_err());
    }
}
