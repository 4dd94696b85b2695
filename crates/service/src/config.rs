//! Reading TOML so that every mistake is told with its line, its column and what to write instead.

pub mod site;

use crate::hex;
use serde::de::DeserializeOwned;
use std::{
    fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

/// What is wrong in a configuration file, in one line.
#[derive(Debug)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Counts from 1; nothing when the file could not be read at all.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
    /// What to write instead, when that can be guessed.
    pub hint: Option<String>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counts from 1.
    pub line: usize,
    /// Counts characters from 1.
    pub column: usize,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A configuration file as it was read: later checks tell places in the same text.
#[derive(Clone, Debug)]
pub struct ConfigText {
    path: PathBuf,
    text: String,
}

/// Reads a TOML file into `T`.
pub fn load_toml<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    ConfigText::read(path)?.parse()
}

impl ConfigText {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |what| ConfigError {
            path: path.to_owned(),
            place: None,
            what,
            hint: None,
        };
        let bytes = fs::read(path).map_err(|error| {
            failed(match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_owned(),
                io::ErrorKind::IsADirectory => "this is a folder, not a file".to_owned(),
                _ => format!("cannot be read: {error}"),
            })
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let place = place_at(&String::from_utf8_lossy(good), good.len());
            ConfigError {
                place: Some(place),
                ..failed("not UTF-8 text".to_owned())
            }
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// From a text at hand, for example a default; `path` is what errors name.
    pub fn from_text(path: &Path, text: String) -> Self {
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// Reads the text into `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            let hint = nearest_known(&what).map(|known| format!("did you mean `{known}`?"));
            let place = error.span().map(|span| self.place(span.start));
            ConfigError {
                path: self.path.clone(),
                place,
                what,
                hint,
            }
        })
    }

    /// An error at the span of a `toml::Spanned` of this text.
    pub fn error_at(&self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        let place = Some(self.place(span.start));
        ConfigError {
            path: self.path.clone(),
            place,
            what: what.into(),
            hint: None,
        }
    }

    /// The place of a byte of this text.
    pub fn place(&self, at_byte: usize) -> Place {
        place_at(&self.text, at_byte)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, hexadecimal: stands in journals and verdicts.
    pub fn sha256(&self) -> String {
        hex::sha256(self.text.as_bytes())
    }
}

fn place_at(text: &str, at_byte: usize) -> Place {
    let before = text.get(..at_byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: 1 + before.matches('\n').count(),
        column: 1 + before[line_start..].chars().count(),
    }
}

/// The known word that an unknown field or variant resembles.
///
/// serde says: unknown field `a`, expected `b` — or: expected one of `b`, `c`.
fn nearest_known(message: &str) -> Option<String> {
    let is_unknown = ["unknown field", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    if !is_unknown {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    let distance_max = (unknown.chars().count() / 3).clamp(1, 4);
    quoted
        .map(|known| (distance(unknown, known), known))
        .filter(|(distance, _known)| *distance <= distance_max)
        .min()
        .map(|(_distance, known)| known.to_owned())
}

/// Edit distance in which `-` and `_`, and upper and lower case, are the same, and a swap of
/// neighbours counts once.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .map(|c| {
                if c == '-' {
                    '_'
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect()
    };
    let (a, b) = (plain(a), plain(b));
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let swapped: usize = before_last[j - 2];
                least = least.min(swapped + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is wrong with them is looked at")]
    struct Sample {
        keep_alive_s: u32,
        #[serde(default)]
        mode: Mode,
        #[serde(default)]
        broker: Broker,
        camera: Option<toml::Spanned<String>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        #[default]
        OneBox,
        EdgeAndCentre,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is wrong with them is looked at")]
    struct Broker {
        host: Option<String>,
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let text = ConfigText::from_text(Path::new("site.toml"), text.to_owned());
        assert_eq!(text.parse::<Sample>().unwrap_err().to_string(), expect);
    }

    #[test]
    fn mistakes_are_told_with_place_and_remedy() {
        check(
            "keep_alive_s = 5\n\n[broker]\n  hots = \"a\"\n",
            "site.toml:4:3: unknown field `hots`, expected `host` (did you mean `host`?)",
        );
        check(
            "keep-alive-s = 5",
            "site.toml:1:1: unknown field `keep-alive-s`, expected one of `keep_alive_s`, `mode`, `broker`, `camera` \
             (did you mean `keep_alive_s`?)",
        );
        check(
            "keep_alive_s = 5\nmode = \"onebox\"",
            "site.toml:2:8: unknown variant `onebox`, expected `one-box` or `edge-and-centre` \
             (did you mean `one-box`?)",
        );
        check(
            "keep_alive_s = 5\nzzzzzz = 1",
            "site.toml:2:1: unknown field `zzzzzz`, expected one of `keep_alive_s`, `mode`, `broker`, `camera`",
        );
        check(
            "mode = \"one-box\"",
            "site.toml:1:1: missing field `keep_alive_s`",
        );
        check(
            "keep_alive_s = -1",
            "site.toml:1:16: invalid value: integer `-1`, expected u32",
        );
    }

    #[test]
    fn columns_count_characters() {
        let text = "keep_alive_s = 1\ncamera = \"cổng\" # đây\n";
        let text = ConfigText::from_text(Path::new("site.toml"), text.to_owned());
        let sample: Sample = text.parse().unwrap();
        let span = sample.camera.unwrap().span();
        assert_eq!(
            text.place(span.start),
            Place {
                line: 2,
                column: 10
            }
        );
        assert_eq!(
            text.place(span.end),
            Place {
                line: 2,
                column: 16
            }
        );
        let error = text.error_at(span, "no such camera");
        assert_eq!(error.to_string(), "site.toml:2:10: no such camera");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        let error = load_toml::<Sample>(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("site.toml: there is no such file"),
            "{error}"
        );
        let error = load_toml::<Sample>(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with(": this is a folder, not a file"), "{error}");
        fs::write(&path, b"a = 1\nb = \"\xff\"").unwrap();
        let error = load_toml::<Sample>(&path).unwrap_err().to_string();
        assert!(error.ends_with("site.toml:2:6: not UTF-8 text"), "{error}");
        fs::write(&path, "keep_alive_s = 3").unwrap();
        assert_eq!(load_toml::<Sample>(&path).unwrap().keep_alive_s, 3);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("host", "hots"), 1);
        assert_eq!(distance("keep-alive", "Keep_Alive"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
