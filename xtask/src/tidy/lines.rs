//! Fences about lines: how long, how many, and what must not stand in one.

use std::path::Path;

use crate::tree::File;

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 500;

/// Written in pieces, so that this file does not trip over itself.
const MARKERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// A mirror's or a registry's address belongs in the user's own set-up.
const HOSTS: &[&str] = &[
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("registry.", "npmjs"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
    concat!("index", "-url"),
];

/// Where systems keep people's own folders.
const HOMES: &[&str] = &[concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// The places of whoever runs the fences, which no file may name.
pub(super) struct Private(Vec<String>);

impl Private {
    pub(super) fn of_this_machine(root: &Path) -> Self {
        // Of a home folder only what is hidden in it is told apart from a made-up path.
        let hidden = std::env::home_dir().map(|home| home.join("."));
        let folders = [Some(root.to_owned()), hidden].into_iter().flatten();
        let texts = folders.map(|path| path.display().to_string());
        // `/` and the like would be found everywhere.
        Self(texts.filter(|text| text.len() > 3).collect())
    }
}

pub(super) fn check(files: &[File], private: &Private) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        if is_code(file) {
            problems.extend(check_shape(file));
        }
        problems.extend(check_words(file, private));
    }
    problems
}

/// What people write and read by the line. Prose, pages, data and snapshots are not.
fn is_code(file: &File) -> bool {
    let by_name = file.path == "Makefile" || file.path.starts_with("scripts/");
    by_name || matches!(file.extension(), "rs" | "py" | "sh" | "sql" | "js")
}

fn check_shape(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    let mut count = 0;
    for (number, line) in file.lines() {
        count = number;
        let columns = line.chars().count();
        if columns > COLUMNS_MAX && !is_unbreakable(line) {
            problems.push(format!(
                "{}:{number}: {columns} columns, {COLUMNS_MAX} at most",
                file.path
            ));
        }
    }
    if count > LINES_MAX {
        problems.push(format!(
            "{}: {count} lines, {LINES_MAX} at most: split it",
            file.path
        ));
    }
    problems
}

/// An address or a checksum cannot be broken, and a sentence in quotes is found again only whole.
fn is_unbreakable(line: &str) -> bool {
    let quoted = || {
        line.split('"')
            .skip(1)
            .step_by(2)
            .any(|text| text.chars().count() >= 50)
    };
    line.contains("://") || line.contains("sha256") || quoted()
}

fn check_words(file: &File, private: &Private) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in file.lines() {
        let mut found = |what: String| problems.push(format!("{}:{number}: {what}", file.path));
        for marker in MARKERS {
            if has_bare_marker(line, marker) {
                found(format!(
                    "`{marker}` without its issue: write `{marker}(#n)`"
                ));
            }
        }
        for host in HOSTS {
            if line.contains(host) {
                found(format!(
                    "`{host}`: leave registries to the user's own set-up"
                ));
            }
        }
        if private.0.iter().any(|path| has_path(line, path)) {
            found("names a folder of this machine".to_owned());
        } else if HOMES.iter().any(|path| has_home(line, path)) {
            found("names somebody's home folder".to_owned());
        }
    }
    problems
}

/// Whether a marker stands alone as a word and no `(#n)` follows it.
fn has_bare_marker(line: &str, marker: &str) -> bool {
    line.match_indices(marker).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let rest = line.get(at + marker.len()..).unwrap_or_default();
        let is_word = !before.is_some_and(is_word_part) && !rest.starts_with(is_word_part);
        is_word && !has_issue(rest)
    })
}

fn has_issue(rest: &str) -> bool {
    let Some(number) = rest.trim_start().strip_prefix("(#") else {
        return false;
    };
    let digits = number.chars().take_while(char::is_ascii_digit).count();
    digits > 0
        && number
            .get(digits..)
            .is_some_and(|tail| tail.starts_with(')'))
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `path` stands in `line` as a whole absolute path or as the start of one.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + path.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(|c| is_word_part(c) || matches!(c, '.' | '}' | ')' | '/'))
            && (path.ends_with('.') || !after.is_some_and(|c| is_word_part(c) || c == '-'))
    })
}

/// Whether an absolute path into somebody's home folder stands in `line`.
fn has_home(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + folder.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(|c| is_word_part(c) || matches!(c, '.' | '}' | ')' | '/'))
            && after.is_some_and(is_word_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let private = Private(vec![
            "/srv/me/checkout".to_owned(),
            concat!("/ro", "ot/.").to_owned(),
        ]);
        check(&[File::fake(path, text)], &private)
    }

    #[track_caller]
    fn rejects(path: &str, text: &str) {
        assert_eq!(found(path, text).len(), 1, "{path}: {text}");
    }

    #[track_caller]
    fn passes(path: &str, text: &str) {
        assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
    }

    #[test]
    fn columns_are_characters() {
        passes("a.rs", &"ắ".repeat(COLUMNS_MAX));
        rejects("a.rs", &"a".repeat(COLUMNS_MAX + 1));
        rejects("scripts/setup", &"a".repeat(COLUMNS_MAX + 1));
        passes("README.md", &"a".repeat(COLUMNS_MAX + 1));
        passes(
            "a.toml",
            &format!("u = \"https://{}\"", "a".repeat(COLUMNS_MAX)),
        );
    }

    #[test]
    fn a_file_is_short() {
        passes("a.rs", &"a\n".repeat(LINES_MAX));
        rejects("a.rs", &"a\n".repeat(LINES_MAX + 1));
        passes("Cargo.lock", &"a\n".repeat(LINES_MAX + 1));
    }

    #[test]
    fn a_marker_names_its_issue() {
        for marker in MARKERS {
            rejects("a.rs", &format!("// {marker}: later"));
            rejects("a.md", &format!("{marker}(later)"));
            rejects("a.rs", &format!("// {marker}(#)"));
            passes("a.rs", &format!("// {marker}(#12): later"));
            passes("a.rs", &format!("const {marker}_LIST: u8 = 0;"));
        }
    }

    #[test]
    fn no_registry_is_named() {
        for host in HOSTS {
            rejects("scripts/setup", &format!("get https://{host}/simple"));
        }
        passes(
            "deny.toml",
            "allow-registry = [\"https://github.com/rust-lang/crates.io-index\"]",
        );
    }

    #[test]
    fn no_folder_of_a_person_or_machine_is_named() {
        rejects("a.md", concat!("see /ho", "me/someone/notes"));
        rejects("a.md", "see /srv/me/checkout/README.md");
        passes("a.sh", concat!("cp x /ro", "ot/lib.so"));
        rejects("a.sh", concat!("cp x \"/ro", "ot/.config\""));
        passes("a.sh", "cp x \"$target/root/y\"");
        passes("a.md", "the chroot /rootfs");
        passes("a.md", concat!("the folder /ho", "me/ itself"));
        passes("a.rs", concat!(".route(\"/ho", "me\")"));
    }
}
