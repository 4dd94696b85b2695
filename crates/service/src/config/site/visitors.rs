//! Visitors, and readers of chips and VNeID.

use super::{Site, validate::Checker};
use crate::keys::CommandVerifier;
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::Spanned;

/// `[visitors]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VisitorsSection {
    /// Who says that somebody announced by a host's link gets a pass.
    pub approve: ApproveKind,
    /// Days after the end of a visit after which who it was is erased.
    pub kept_days: Spanned<u32>,
    /// Where hosts' links lead, when visitors reach the service by another name than the guard.
    pub public_url: Option<Spanned<String>>,
}

impl Default for VisitorsSection {
    fn default() -> Self {
        Self {
            approve: ApproveKind::Guard,
            kept_days: Spanned::new(0..0, 30),
            public_url: None,
        }
    }
}

/// Who approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApproveKind {
    /// The guard, at the console.
    Guard,
    /// Nobody: whoever has the link gets a pass.
    Automatic,
}

/// `[[reader]]`: a reader of chips or VNeID that tells gates what was shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderSection {
    /// Slug.
    pub id: Spanned<String>,
    /// What its messages are checked with, 64 hexadecimal digits.
    pub public_key: Spanned<String>,
    /// The gates that it may speak for.
    pub gates: Spanned<Vec<String>>,
}

/// Host and, where it is there, port of `https://host:port`.
pub fn authority_of(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    (!rest.is_empty() && rest.bytes().all(is_plain)).then_some(rest)
}

pub(super) fn check_visitors(checker: &mut Checker<'_>, site: &Site) {
    let days = &site.visitors.kept_days;
    if !(1..=365).contains(days.get_ref()) {
        checker.add(
            days.span(),
            "kept_days is out of range",
            "write 1 to 365: what is no longer needed is erased",
        );
    }
    if let Some(url) = &site.visitors.public_url
        && authority_of(url.get_ref()).is_none()
    {
        checker.add(
            url.span(),
            format!("{:?} is no address of a site", url.get_ref()),
            "write for example \"https://khach.example.vn\", with nothing behind the name",
        );
    }
    checker.unique("reader", site.readers.iter().map(|reader| &reader.id));
    let gates: BTreeSet<&str> = (site.gates.iter())
        .map(|gate| gate.id.get_ref().as_str())
        .collect();
    for reader in &site.readers {
        check_reader(checker, reader, &gates);
    }
}

fn check_reader(checker: &mut Checker<'_>, reader: &ReaderSection, gates: &BTreeSet<&str>) {
    // The same form as a gate's.
    checker.slug::<domain::GateId>("reader id", &reader.id);
    if CommandVerifier::from_public_hex(reader.public_key.get_ref()).is_err() {
        checker.add(
            reader.public_key.span(),
            "this is no public key",
            "write the 64 hexadecimal digits that the reader, or `gac reader key`, shows",
        );
    }
    let named = reader.gates.get_ref();
    if named.is_empty() {
        checker.add(
            reader.gates.span(),
            format!("reader {:?} stands at no gate", reader.id.get_ref()),
            "name the gates that it may speak for",
        );
    }
    for gate in named.iter().filter(|gate| !gates.contains(gate.as_str())) {
        let known: Vec<&str> = gates.iter().copied().collect();
        checker.add(
            reader.gates.span(),
            format!("there is no gate {gate:?}"),
            format!("write some of: {}", known.join(", ")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate::tests::{GOOD, problems};
    use super::*;

    /// A test vector's key (RFC 8032 §7.1, test 1).
    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn with(more: &str) -> Vec<String> {
        problems(&format!("{GOOD}\n{more}"))
    }

    #[test]
    fn good_sections_have_no_problem_and_defaults_are_careful() {
        let more = format!(
            "[visitors]\napprove = \"automatic\"\nkept_days = 7\n\
             public_url = \"https://khach.example.vn\"\n\
             [[reader]]\nid = \"desk-1\"\npublic_key = \"{KEY}\"\ngates = [\"gate-1\"]\n"
        );
        assert_eq!(with(&more), Vec::<String>::new());
        let site: Site = toml::from_str(GOOD).unwrap();
        assert_eq!(site.visitors.approve, ApproveKind::Guard);
        assert_eq!(*site.visitors.kept_days.get_ref(), 30);
    }

    #[test]
    fn each_problem_says_where_and_what_instead() {
        let more = "[visitors]\nkept_days = 0\npublic_url = \"khach/x\"\n\
                    [[reader]]\nid = \"Desk\"\npublic_key = \"00\"\ngates = [\"gate-9\"]\n\
                    [[reader]]\nid = \"a\"\npublic_key = \"00\"\ngates = []\n";
        let told = with(more);
        let expect = [
            "line 21 column 13: kept_days is out of range; write 1 to 365",
            "line 22 column 14: \"khach/x\" is no address of a site; write for example",
            "line 24 column 6: reader id \"Desk\" is no slug; write",
            "line 25 column 14: this is no public key; write the 64",
            "line 26 column 9: there is no gate \"gate-9\"; write some of: gate-1",
            "line 29 column 14: this is no public key",
            "line 30 column 9: reader \"a\" stands at no gate",
        ];
        assert_eq!(told.len(), expect.len(), "{told:#?}");
        for (told, expect) in told.iter().zip(expect) {
            assert!(told.starts_with(expect), "{told}");
        }
    }

    #[test]
    fn the_authority_of_an_address_is_name_and_port() {
        assert_eq!(authority_of("https://a.vn/"), Some("a.vn"));
        assert_eq!(authority_of("http://a.vn:8443"), Some("a.vn:8443"));
        for bad in [
            "a.vn",
            "https://",
            "https://a.vn/visit",
            "https://a b",
            "ftp://a",
        ] {
            assert_eq!(authority_of(bad), None, "{bad}");
        }
    }
}
