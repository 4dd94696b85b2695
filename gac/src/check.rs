//! `gac check`: what is wrong in a site file, where, and what to write instead.

use anyhow::Result;
use domain::{Registration, Timestamp};
use policy::ListRegistry;
use service::{
    clock,
    config::{
        ConfigText,
        site::{Problem, Severity, Site},
    },
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

mod never;

/// What to check.
#[derive(clap::Args)]
pub struct CheckArguments {
    /// The site file
    site: PathBuf,
}

/// Exit code 0 when there is no error; warnings do not count.
pub fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let (lines, is_right) = findings(&arguments.site);
    for line in lines {
        println!("{line}");
    }
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn findings(path: &Path) -> (Vec<String>, bool) {
    let parsed = ConfigText::read(path).and_then(|text| Ok((text.parse::<Site>()?, text)));
    let (site, text) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return (vec![error.to_string()], false),
    };
    let mut problems = site.problems(text.text());
    problems.extend(never::never(&site, &text, clock::now()));
    let is_right = problems
        .iter()
        .all(|problem| problem.severity == Severity::Warning);
    let mut lines: Vec<String> = problems
        .iter()
        .map(|problem| problem_line(path, problem))
        .collect();
    lines.extend(missing_files(&site, path, text.text()));
    let entries = site.list(Timestamp::EPOCH).registrations;
    lines.extend(entries.iter().filter_map(of_two_kinds));
    lines.extend(look_alikes(entries));
    if lines.is_empty() {
        lines.push(format!(
            "{}: right: {} cameras, {} gates, {} registrations",
            path.display(),
            site.cameras.len(),
            site.gates.len(),
            site.registrations.len()
        ));
    }
    (lines, is_right)
}

/// One line, as compilers write it, so that an editor can jump there.
pub(crate) fn problem_line(path: &Path, problem: &Problem) -> String {
    let Problem {
        severity,
        line,
        column,
        what,
        instead,
    } = problem;
    let place = if *line == 0 {
        String::new()
    } else {
        format!(":{line}:{column}")
    };
    let word = if *severity == Severity::Warning {
        "warning: "
    } else {
        ""
    };
    format!("{}{place}: {word}{what}; {instead}", path.display())
}

/// Files that the site names and that are not there. A warning: a camera's clip may come later.
fn missing_files(site: &Site, path: &Path, text: &str) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let secrets = [&site.storage.database_file, &site.broker.password_file];
    let of_cameras = site.cameras.iter().flat_map(|camera| {
        let source = camera.source.get_ref();
        [
            &source.file,
            &source.pictures,
            &source.credentials_file,
            &source.portrait,
        ]
    });
    let of_gates = site.gates.iter().map(|gate| gate.actuator.get_ref().file());
    let named = secrets.into_iter().chain(of_cameras).map(Option::as_ref);
    named
        .chain(of_gates)
        .flatten()
        .filter(|file| !folder.join(file).exists())
        .map(|file| {
            let place = place_of(&file.display().to_string(), text);
            let missing = folder.join(file);
            format!(
                "{}{place}: warning: there is no {}",
                path.display(),
                missing.display()
            )
        })
        .collect()
}

/// `:LINE:COLUMN` of a word's first place in the text.
fn place_of(word: &str, text: &str) -> String {
    let found = text
        .lines()
        .enumerate()
        .find_map(|(n, line)| Some((n + 1, line.split_once(word)?.0.chars().count() + 1)));
    found.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

/// A plate that can be a motorbike's and a car's, as it is written.
fn of_two_kinds(entry: &Registration) -> Option<String> {
    let plate = entry.plate.as_ref().filter(|p| p.is_of_two_kinds())?;
    Some(format!(
        "warning: {} can be a motorbike's plate and another vehicle's; write it as printed \
         (\"30F-256.58\" or \"30-F2 5658\"); a sighting that does not tell which is referred \
         to the guard",
        plate.expose()
    ))
}

/// Pairs that one confusable character separates: a camera may take one for the other.
fn look_alikes(entries: Vec<Registration>) -> Vec<String> {
    let registry = ListRegistry::new(entries, Timestamp::EPOCH);
    let text = |entry: &Registration| entry.plate.as_ref().map(|plate| plate.expose());
    registry
        .look_alike_pairs()
        .iter()
        .filter_map(|(a, b)| {
            Some(format!(
                "warning: {} and {} differ in one character that a camera may confuse; \
                 a doubtful reading of either is referred to the guard",
                text(a)?,
                text(b)?
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        std::fs::write(&path, text).unwrap();
        let (lines, is_right) = findings(&path);
        (
            lines
                .join("\n")
                .replace(&format!("{}/", folder.path().display()), ""),
            is_right,
        )
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_place_and_the_right_word() {
        let (text, is_right) =
            run("[site]\nid = \"a\"\nname = \"A\"\n\n[web]\nlisten_on = \"x\"\n");
        assert!(
            text.starts_with("site.toml:6:1: unknown field `listen_on`"),
            "{text}"
        );
        assert!(text.contains("did you mean `listen`?"), "{text}");
        assert!(!is_right);
    }

    #[test]
    fn look_alikes_on_the_list_are_named() {
        let list = "[site]\nid = \"a\"\nname = \"A\"\n\
                    [[registration]]\nplate = \"51G-123.45\"\n\
                    [[registration]]\nplate = \"51G-723.45\"\n";
        let (text, is_right) = run(list);
        assert!(
            text.contains("51G12345 and 51G72345 differ in one character"),
            "{text}"
        );
        assert!(is_right);
    }

    #[test]
    fn files_that_are_not_there_are_told_with_their_places() {
        let (text, is_right) = run("[site]\nid = \"a\"\nname = \"A\"\n\n[[camera]]\n\
            id = \"c\"\ntasks = [\"people\"]\n\
            source = { rtsp = \"rtsp://cam/1\", credentials_file = \"cam.secret\" }\n");
        assert_eq!(text, "site.toml:8:55: warning: there is no cam.secret");
        assert!(is_right);
    }

    #[test]
    fn a_plate_that_can_be_a_cars_and_a_motorbikes_is_named() {
        let list = |plate: &str| {
            run(&format!(
                "[site]\nid = \"a\"\nname = \"A\"\n[[registration]]\nplate = \"{plate}\"\n"
            ))
        };
        let (text, is_right) = list("30F25658");
        assert!(
            text.contains("30F25658 can be a motorbike's plate"),
            "{text}"
        );
        assert!(is_right);
        for told in ["30F-256.58", "30-F2 5658", "30F/256.58"] {
            assert!(!list(told).0.contains("can be"), "{told}");
        }
    }

    #[test]
    fn a_missing_file_and_a_folder_are_told() {
        let (lines, is_right) = findings(Path::new("/nowhere/site.toml"));
        assert_eq!(lines, ["/nowhere/site.toml: there is no such file"]);
        assert!(!is_right);
    }
}
