//! Names: UUID-sized ids for what is persisted, slugs for what a site configures.

use std::{fmt, str::FromStr};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// What was expected, for the person who wrote it.
    pub expected: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for InvalidId {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        ///
        /// The number is a UUID (version 7 in production, seeded in replay). The text form carries
        /// a prefix, so that a wrong id is visible.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{:032x}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let expected = concat!($prefix, "_ and 32 lower-case hexadecimal digits");
                let wrong = InvalidId { expected };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or_else(|| wrong.clone())?;
                let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                let is_plain = digits.bytes().all(is_hex);
                if digits.len() != 32 || !is_plain {
                    return Err(wrong);
                }
                u128::from_str_radix(digits, 16).map(Self).map_err(|_overflow| wrong)
            }
        }
    )* };
}

ids! {
    /// One vehicle or person seen by one camera from its first to its last frame.
    SightingId = "sig";
    /// One transit of one gate lane.
    PassageId = "pas";
    /// One answer of the policy.
    VerdictId = "ver";
    /// One order to a barrier.
    CommandId = "cmd";
    /// One firing of a traffic rule.
    CandidateId = "can";
    /// One case that a person reviews.
    ViolationId = "vio";
    /// One enrolled, consenting person.
    PersonId = "per";
    /// One bundle of evidence files.
    EvidenceId = "evi";
    /// One showing of a document.
    DocumentId = "doc";
    /// One visitor pass.
    PassId = "vis";
    /// One person's order to a gate.
    OrderId = "ord";
    /// One alarm of a gate.
    AlarmId = "alm";
    /// One visit of one person.
    VisitorId = "gst";
    /// One host's link by which visitors are announced.
    VisitLinkId = "lnk";
}

macro_rules! slugs {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// A slug: 1 to 32 of `a-z`, `0-9` and `-`, so that it can stand in an MQTT topic and in a
        /// path.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let is_slug = (1..=32).contains(&text.len()) && text.bytes().all(is_good);
                if is_slug {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { expected: "1 to 32 of a-z, 0-9 and -" })
                }
            }
        }
    )* };
}

slugs! {
    /// A site: one park, station or junction with its own configuration.
    SiteId;
    /// A camera of a site.
    CameraId;
    /// A gate: one barrier or door.
    GateId;
    /// A zone that people and vehicles are counted into and out of.
    ZoneId;
    /// A group of registrations with hours and lanes in common.
    GroupId;
}

/// One track of one camera, unique while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let id = SightingId(0x018f_1234);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            "gate-1-in".parse::<CameraId>().unwrap().as_str(),
            "gate-1-in"
        );
    }

    #[test]
    fn a_wrong_prefix_is_refused() {
        let verdict = VerdictId(7).to_string();
        assert!(verdict.parse::<SightingId>().is_err());
        assert!(
            "sig_+0000000000000000000000000000007"
                .parse::<SightingId>()
                .is_err()
        );
    }

    #[test]
    fn a_slug_cannot_break_a_topic_or_a_path() {
        for bad in [
            "",
            "Gate",
            "a/b",
            "..",
            "a b",
            "#",
            "+",
            "cổng",
            &"a".repeat(33),
        ] {
            assert!(bad.parse::<GateId>().is_err(), "{bad:?}");
        }
    }
}
