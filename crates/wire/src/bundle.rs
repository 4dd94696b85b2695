//! The signed list bundle: what an edge decides on while broker and centre are away.
//!
//! A bundle is a *seal* and a *body*. The body is the whole list with the keys that an edge trusts;
//! the seal is small, signed, and names the body by its SHA-256. So a list that has not changed is
//! confirmed by a new seal alone.

use crate::{
    envelope::{WireError, malformed},
    shape::{BodyShape, slug},
};
use domain::{SiteId, SiteList, Timestamp};
use serde::{Deserialize, Serialize};

/// The form of seal and body.
const FORMAT: u32 = 1;

/// A seal is at most so long: ten times what a list of 50 000 vehicles needs.
const SEAL_BYTES_MAX: usize = 32_768;

/// How long a part of a body is on its way, but for the last one: with its topic far less than a
/// message may have.
pub const PART_BYTES: usize = 196_608;

/// A body of more parts is refused: 48 MiB are half a million vehicles.
pub const PARTS_MAX: usize = 256;

/// Whose word counts at an edge: public Ed25519 keys, 64 hexadecimal digits each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleKeys {
    /// Who signs persons' orders to the gates.
    pub orders: Vec<String>,
    /// Who signs visitor passes.
    pub passes: Vec<String>,
}

/// What a bundle holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleBody {
    /// Whose word counts.
    pub keys: BundleKeys,
    /// The list. Its version, age and end stand in the seal, and are not part of the body.
    pub list: SiteList,
}

impl BundleBody {
    /// The JSON text: equal bodies give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(&BodyShape::new(FORMAT, &self.keys, &self.list))
            .expect("these shapes have string keys and whole numbers only")
    }

    /// Reads a body; strict. An error does not say what stands there.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let shape: BodyShape = serde_json::from_slice(bytes).map_err(malformed)?;
        check_format(shape.format)?;
        let (keys, list) = shape
            .into_parts()
            .map_err(|reason| WireError::Malformed { reason })?;
        Ok(Self { keys, list })
    }
}

/// What is signed of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The site that it is for.
    pub site: SiteId,
    /// Rises when the body changes: an edge never goes back to an older one.
    pub version: u64,
    /// When the centre knew the list to be right.
    pub as_of: Timestamp,
    /// From this moment on the list grants nothing.
    pub expires_at: Timestamp,
    /// How long the body is.
    pub n_bytes: u64,
    /// SHA-256 of the body, hexadecimal.
    pub sha256: String,
    /// SHA-256 of each part of the body, hexadecimal.
    pub parts: Vec<String>,
    /// First 16 hexadecimal digits of the SHA-256 of the public key.
    pub key_id: String,
    /// Ed25519, 128 hexadecimal digits.
    pub signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealShape {
    format: u32,
    #[serde(with = "slug")]
    site: SiteId,
    version: u64,
    #[serde(with = "crate::time")]
    as_of: Timestamp,
    #[serde(with = "crate::time")]
    expires_at: Timestamp,
    n_bytes: u64,
    sha256: String,
    parts: Vec<String>,
    key_id: String,
    signature: String,
}

/// Only the format, so that a newer shape gives the right error.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

fn check_format(found: u32) -> Result<(), WireError> {
    if found == FORMAT {
        Ok(())
    } else {
        let found = u64::from(found);
        Err(WireError::Version { found })
    }
}

impl Seal {
    /// The bytes that the signature is over, after the line that says what is signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let Self {
            site,
            version,
            n_bytes,
            sha256,
            ..
        } = self;
        let as_of = crate::format_time(self.as_of);
        let expires_at = crate::format_time(self.expires_at);
        let mut text = format!("{site}\n{version}\n{as_of}\n{expires_at}\n{n_bytes}\n{sha256}\n");
        for part in &self.parts {
            text.push_str(part);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// The JSON text, one line.
    pub fn encode(&self) -> Vec<u8> {
        let seal = self.clone();
        let shape = SealShape {
            format: FORMAT,
            site: seal.site,
            version: seal.version,
            as_of: seal.as_of,
            expires_at: seal.expires_at,
            n_bytes: seal.n_bytes,
            sha256: seal.sha256,
            parts: seal.parts,
            key_id: seal.key_id,
            signature: seal.signature,
        };
        serde_json::to_vec(&shape).expect("these shapes have string keys and whole numbers only")
    }

    /// Reads a seal. Strict: only the very bytes that [`Self::encode`] writes are read, so that no
    /// byte of it can change unnoticed.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if SEAL_BYTES_MAX < bytes.len() {
            let n_bytes = bytes.len();
            return Err(WireError::TooLarge { n_bytes });
        }
        let only: FormatOnly = serde_json::from_slice(bytes).map_err(malformed)?;
        check_format(only.format)?;
        let shape: SealShape = serde_json::from_slice(bytes).map_err(malformed)?;
        let seal = Self {
            site: shape.site,
            version: shape.version,
            as_of: shape.as_of,
            expires_at: shape.expires_at,
            n_bytes: shape.n_bytes,
            sha256: shape.sha256,
            parts: shape.parts,
            key_id: shape.key_id,
            signature: shape.signature,
        };
        if seal.encode() == bytes {
            Ok(seal)
        } else {
            let reason = "is not written as this program writes it".to_owned();
            Err(WireError::Malformed { reason })
        }
    }

    /// The list of the body as this seal puts it into force.
    pub fn in_force(&self, list: &SiteList) -> SiteList {
        SiteList {
            version: self.version,
            as_of: self.as_of,
            expires_at: Some(self.expires_at),
            ..list.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Group, OnHoliday, Plate, Registration};

    fn body() -> BundleBody {
        let group = Group {
            on_holiday: OnHoliday::Closed,
            ..Group::new("nhan-vien".parse().unwrap())
        };
        let entry = Registration {
            plate: Some(Plate::parse("30F-256.58").unwrap()),
            group: Some(group.id.clone()),
            ..Registration::allow()
        };
        BundleBody {
            keys: BundleKeys {
                orders: vec!["ab".repeat(32)],
                passes: Vec::new(),
            },
            list: SiteList {
                registrations: vec![entry],
                groups: vec![group],
                ..SiteList::default()
            },
        }
    }

    fn seal() -> Seal {
        Seal {
            site: "park-1".parse().unwrap(),
            version: 7,
            as_of: Timestamp::from_millis(1_795_000_000_000),
            expires_at: Timestamp::from_millis(1_795_600_000_000),
            n_bytes: 12,
            sha256: "0".repeat(64),
            parts: vec!["1".repeat(64)],
            key_id: "2".repeat(16),
            signature: "3".repeat(128),
        }
    }

    #[test]
    fn body_and_seal_read_back_as_they_were() {
        let written = body().encode();
        assert_eq!(BundleBody::decode(&written).unwrap(), body());
        assert_eq!(Seal::decode(&seal().encode()).unwrap(), seal());
        let list = seal().in_force(&body().list);
        assert_eq!((list.version, list.registrations.len()), (7, 1));
        assert_eq!(list.expires_at, Some(seal().expires_at));
    }

    #[test]
    fn another_format_or_spelling_is_refused() {
        let text = String::from_utf8(seal().encode()).unwrap();
        for (from, to) in [
            ("\"format\":1", "\"format\":2"),
            ("park-1", "Park-1"),
            ("Z\"", "z\""),
            ("\"version\":7", "\"version\": 7"),
            ("}", ",\"more\":1}"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text);
            assert!(Seal::decode(wrong.as_bytes()).is_err(), "{to}");
        }
        let newer = String::from_utf8(body().encode()).unwrap();
        let newer = newer.replacen("\"format\":1", "\"format\":2", 1);
        let refused = BundleBody::decode(newer.as_bytes()).unwrap_err();
        assert!(matches!(refused, WireError::Version { found: 2 }));
        assert!(Seal::decode(&vec![b' '; SEAL_BYTES_MAX + 1]).is_err());
    }
}
