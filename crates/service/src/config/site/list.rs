//! `[list]`: where a gate has its list from, and whether this machine seals it for others.

use super::{BrokerKind, Site, validate::Checker};
use crate::keys::CommandVerifier;
use serde::Deserialize;
use std::time::Duration;
use toml::Spanned;

/// `[list]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListSection {
    /// Where gates and cameras of this machine have the list from.
    pub from: ListFrom,
    /// Whose bundles count, when it comes from the centre: 64 hexadecimal digits.
    pub public_key: Option<Spanned<String>>,
    /// Whether `gac api` and `gac run` seal the list and publish it for edges.
    pub publish: Option<Spanned<bool>>,
    /// So long after it was confirmed for the last time a published list grants nothing any more.
    pub expires_after_hours: Spanned<u64>,
}

impl Default for ListSection {
    fn default() -> Self {
        Self {
            from: ListFrom::SiteFile,
            public_key: None,
            publish: None,
            expires_after_hours: Spanned::new(0..0, 168),
        }
    }
}

/// Where the list comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListFrom {
    /// This file, with what `gac list import` and `gac pass` have written beside it.
    #[default]
    SiteFile,
    /// The centre's signed bundles.
    Centre,
}

impl ListSection {
    /// Whether this machine publishes bundles.
    pub fn publishes(&self) -> bool {
        self.publish
            .as_ref()
            .is_some_and(|publish| *publish.get_ref())
    }

    /// How long a bundle of this machine may be used without being confirmed.
    pub fn life(&self) -> Duration {
        Duration::from_secs(self.expires_after_hours.get_ref().saturating_mul(3600))
    }

    /// Whose bundles count; nobody's when the key is none, which the checks tell of.
    pub fn trusted(&self) -> CommandVerifier {
        let key = self.public_key.as_ref();
        let verifier = key.and_then(|key| CommandVerifier::from_public_hex(key.get_ref()).ok());
        verifier.unwrap_or_default()
    }
}

pub(super) fn check_list(checker: &mut Checker<'_>, site: &Site) {
    let list = &site.list;
    let is_edge = list.from == ListFrom::Centre;
    match &list.public_key {
        None if is_edge => checker.add(
            site.site.id.span(),
            "the list comes from the centre, and nobody says whose word counts",
            "add public_key = \"…\" under [list]; `gac list publish` at the centre prints it",
        ),
        Some(key) if CommandVerifier::from_public_hex(key.get_ref()).is_err() => checker.add(
            key.span(),
            "public_key is no Ed25519 key",
            "write the 64 hexadecimal digits that `gac list publish` prints at the centre",
        ),
        Some(key) if !is_edge => checker.warn(
            key.span(),
            "public_key is for a list that comes from the centre",
            "add from = \"centre\", or leave it out",
        ),
        _ => (),
    }
    if let Some(publish) = list.publish.as_ref().filter(|publish| *publish.get_ref()) {
        if is_edge {
            checker.add(
                publish.span(),
                "a list that comes from the centre is not published again",
                "leave publish out at an edge",
            );
        } else if site.broker.kind == BrokerKind::Embedded {
            checker.warn(
                publish.span(),
                "no other machine reaches the embedded broker",
                "write kind = \"external\" under [broker], or leave publish out",
            );
        }
    }
    if !(1..=8760).contains(list.expires_after_hours.get_ref()) {
        checker.add(
            list.expires_after_hours.span(),
            "expires_after_hours is out of range",
            "write 1 to 8760: hours after which an edge that hears nothing asks the guard",
        );
    }
    if is_edge && let Some(entry) = site.registrations.first() {
        checker.warn(
            entry.span(),
            "registrations of this file are not looked at: the list comes from the centre",
            "move them to the centre's site file",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate::tests::{GOOD, problems};

    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn told(section: &str) -> String {
        problems(&format!("{GOOD}\n[list]\n{section}\n")).join("\n")
    }

    #[test]
    fn an_edge_and_a_centre_that_are_right_have_no_problem() {
        let edge = GOOD.replace("[[registration]]", "[[registration_moved]]");
        let edge = edge.split("[[registration_moved]]").next().unwrap();
        let list = format!("[list]\nfrom = \"centre\"\npublic_key = \"{KEY}\"\n");
        assert_eq!(problems(&format!("{edge}{list}")), Vec::<String>::new());
        let centre = "publish = true\nexpires_after_hours = 24\n[broker]\nkind = \"external\"";
        assert_eq!(told(centre), "");
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (section, expect) in [
            (
                "from = \"centre\"",
                "line 3 column 6: the list comes from the centre, and nobody says",
            ),
            (
                "public_key = \"abc\"",
                "line 21 column 14: public_key is no Ed25519 key",
            ),
            (
                "publish = true",
                "warning: line 21 column 11: no other machine reaches",
            ),
            (
                "expires_after_hours = 0",
                "line 21 column 23: expires_after_hours is out of range",
            ),
        ] {
            assert!(
                told(section).starts_with(expect),
                "{section}: {}",
                told(section)
            );
        }
        let key = told(&format!("public_key = \"{KEY}\""));
        assert!(
            key.contains("is for a list that comes from the centre"),
            "{key}"
        );
        let both = told(&format!(
            "from = \"centre\"\npublic_key = \"{KEY}\"\npublish = true"
        ));
        assert!(both.contains("is not published again"), "{both}");
        assert!(
            both.contains("registrations of this file are not looked at"),
            "{both}"
        );
    }
}
