//! Visitor passes: a short signed text for a QR code.
//!
//! The text is `GAC1:` and base45 (RFC 9285) of
//!
//! ```text
//! version 1 | site, 2 bytes | pass id, 16 | from, 4 | until, 4 | uses, 1 | plate key, 0 to 11 |
//! Ed25519 signature, 64
//! ```
//!
//! Numbers are big-endian, times are seconds since 1970 UTC. All its characters are in the
//! alphanumeric mode of QR codes, so that it needs 41 modules a side at error correction M (version
//! 6) without a plate, and 45 with one: a phone 65 mm wide shows modules of 1.3 mm.
//! The whole name of the site is signed and not sent; two bytes of its hash tell a pass of another
//! site from a forged one.

use crate::{
    base45,
    keys::{CommandVerifier, SigningKeyFile},
};
use domain::{PassId, Plate, SiteId, Timestamp};
use sha2::{Digest as _, Sha256};

/// What the text of every pass begins with.
pub const PASS_PREFIX: &str = "GAC1:";

const VERSION: u8 = 1;
const FIXED_BYTES: usize = 1 + 2 + 16 + 4 + 4 + 1;
const SIGNATURE_BYTES: usize = 64;
const PLATE_KEY_BYTES_MAX: usize = 11;
const TEXT_BYTES_MAX: usize =
    PASS_PREFIX.len() + (FIXED_BYTES + PLATE_KEY_BYTES_MAX + SIGNATURE_BYTES).div_ceil(2) * 3;

/// What a pass says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Which.
    pub id: PassId,
    /// First moment of validity, in whole seconds.
    pub valid_from: Timestamp,
    /// First moment after validity, in whole seconds.
    pub valid_until: Timestamp,
    /// How often it may be used; nothing means as often as wanted while it is valid.
    pub uses_max: Option<u8>,
    /// The vehicle that it is for.
    pub plate: Option<PassPlate>,
}

/// The key ([`Plate::key`]) of the plate that a pass is for. Redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PassPlate(String);

impl PassPlate {
    /// The key of this plate.
    pub fn of(plate: &Plate) -> Self {
        Self(plate.key())
    }

    /// Whether it is this plate's.
    pub fn is_of(&self, plate: &Plate) -> bool {
        self.0 == plate.key()
    }
}

impl std::fmt::Debug for PassPlate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassPlate(<redacted>)")
    }
}

/// A pass that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPass {
    /// The window is empty.
    #[error("a pass ends after it begins")]
    Window,
    /// A time is before 1970 or after 2106.
    #[error("a pass is valid between 1970 and 2106")]
    Time,
    /// May be used 0 times.
    #[error("a pass may be used at least once")]
    Uses,
    /// The plate is longer than any.
    #[error("the plate is too long for a pass")]
    Plate,
}

/// A text that begins as a pass does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassRead {
    /// Signed by a trusted key for this site.
    Genuine(Pass),
    /// It has the form of a pass, and the signature does not fit: nothing in it is to be believed.
    Forged(PassId),
    /// It names another site.
    OtherSite(PassId),
}

/// Writes the pass for this site.
pub fn sign(key: &SigningKeyFile, site: &SiteId, pass: &Pass) -> Result<String, InvalidPass> {
    let seconds = |at: Timestamp| {
        u32::try_from(at.as_micros().div_euclid(1_000_000)).map_err(|_range| InvalidPass::Time)
    };
    let (from, until) = (seconds(pass.valid_from)?, seconds(pass.valid_until)?);
    if until <= from {
        return Err(InvalidPass::Window);
    }
    if pass.uses_max == Some(0) {
        return Err(InvalidPass::Uses);
    }
    let plate = pass.plate.as_ref().map_or("", |plate| &plate.0);
    if PLATE_KEY_BYTES_MAX < plate.len() {
        return Err(InvalidPass::Plate);
    }
    let mut bytes = vec![VERSION];
    bytes.extend(site_hint(site));
    bytes.extend(pass.id.0.to_be_bytes());
    bytes.extend(from.to_be_bytes());
    bytes.extend(until.to_be_bytes());
    bytes.push(pass.uses_max.unwrap_or(0));
    bytes.extend(plate.as_bytes());
    let signature = key.sign_raw(&purpose(site), &bytes);
    bytes.extend(signature);
    Ok(format!("{PASS_PREFIX}{}", base45::encode(&bytes)))
}

/// Reads what [`sign`] wrote; nothing when the text has not the form of a pass.
///
/// Whether it is valid now, used up or called back is not asked here: the site's list knows.
pub fn read(keys: &CommandVerifier, site: &SiteId, text: &str) -> Option<PassRead> {
    // Not `trim`: a space is a character of base45.
    let text = text.trim_end_matches(['\r', '\n', '\0']);
    if TEXT_BYTES_MAX < text.len() {
        return None;
    }
    let bytes = base45::decode(text.strip_prefix(PASS_PREFIX)?)?;
    let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
    let (version, rest) = signed.split_first()?;
    let (hint, rest) = rest.split_first_chunk::<2>()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let (from, rest) = rest.split_first_chunk::<4>()?;
    let (until, rest) = rest.split_first_chunk::<4>()?;
    let (uses, plate) = rest.split_first()?;
    let is_key = plate
        .iter()
        .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    if *version != VERSION || PLATE_KEY_BYTES_MAX < plate.len() || !is_key {
        return None;
    }
    let id = PassId(u128::from_be_bytes(*id));
    if *hint != site_hint(site) {
        return Some(PassRead::OtherSite(id));
    }
    if !keys.is_signed(&purpose(site), signed, signature) {
        return Some(PassRead::Forged(id));
    }
    let at = |seconds: [u8; 4]| {
        Timestamp::from_micros(i64::from(u32::from_be_bytes(seconds)) * 1_000_000)
    };
    let plate = String::from_utf8(plate.to_vec()).ok()?;
    Some(PassRead::Genuine(Pass {
        id,
        valid_from: at(*from),
        valid_until: at(*until),
        uses_max: Some(*uses).filter(|uses| *uses != 0),
        plate: Some(PassPlate(plate)).filter(|plate| !plate.0.is_empty()),
    }))
}

fn purpose(site: &SiteId) -> String {
    format!("visitor pass of {site}")
}

fn site_hint(site: &SiteId) -> [u8; 2] {
    let hash = Sha256::digest(site.as_str().as_bytes());
    [hash[0], hash[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SigningKeyFile {
        let folder = tempfile::tempdir().unwrap();
        SigningKeyFile::load_or_create(&folder.path().join("key")).unwrap()
    }

    fn verifier(key: &SigningKeyFile) -> CommandVerifier {
        CommandVerifier::from_public(&key.public()).unwrap()
    }

    fn pass() -> Pass {
        Pass {
            id: PassId(0x0193_0000_0000_7000_8000_0000_0000_0001),
            valid_from: Timestamp::from_millis(1_795_246_370_000),
            valid_until: Timestamp::from_millis(1_795_332_770_000),
            uses_max: Some(1),
            plate: Some(PassPlate::of(&Plate::parse("29-MĐ1 504.66").unwrap())),
        }
    }

    #[test]
    fn only_what_this_site_signed_is_genuine() {
        let (key, site): (_, SiteId) = (key(), "park-1".parse().unwrap());
        let text = sign(&key, &site, &pass()).unwrap();
        let keys = verifier(&key);
        let read_here = |text: &str| read(&keys, &site, text);
        assert_eq!(read_here(&text), Some(PassRead::Genuine(pass())));
        assert_eq!(read_here(&format!("{text}\r\n")), read_here(&text));
        let id = pass().id;
        assert_eq!(
            read(&verifier(&self::key()), &site, &text),
            Some(PassRead::Forged(id))
        );
        let elsewhere = read(&keys, &"park-2".parse().unwrap(), &text);
        assert_eq!(elsewhere, Some(PassRead::OtherSite(id)));
        let plate = Plate::parse("29MD150466").unwrap();
        assert!(pass().plate.unwrap().is_of(&plate));
    }

    /// A phone in front of a lane camera has few pixels for a module.
    #[test]
    fn the_text_is_short_and_of_the_alphanumeric_mode() {
        let (key, site) = (key(), "park-1".parse().unwrap());
        let with_plate = sign(&key, &site, &pass()).unwrap();
        let without = sign(
            &key,
            &site,
            &Pass {
                plate: None,
                ..pass()
            },
        )
        .unwrap();
        assert!(without.len() <= 154, "QR version 6 at M: {}", without.len());
        assert!(
            with_plate.len() <= 178,
            "QR version 7 at M: {}",
            with_plate.len()
        );
        let is_alphanumeric =
            |c: char| "$%*+-./: ".contains(c) || c.is_ascii_digit() || c.is_ascii_uppercase();
        assert!(with_plate.chars().all(is_alphanumeric));
        assert!(
            !with_plate.ends_with(' '),
            "a space at the end would be lost"
        );
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let (key, site) = (key(), "park-1".parse().unwrap());
        let text = sign(&key, &site, &pass()).unwrap();
        let keys = verifier(&key);
        let bytes = base45::decode(text.strip_prefix(PASS_PREFIX).unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = format!("{PASS_PREFIX}{}", base45::encode(&changed));
            let read = read(&keys, &site, &changed);
            assert!(!matches!(read, Some(PassRead::Genuine(_))), "byte {at}");
        }
    }

    #[test]
    fn a_pass_that_could_never_be_used_is_not_made() {
        let (key, site) = (key(), "park-1".parse().unwrap());
        let refused = |change: fn(&mut Pass)| {
            let mut pass = pass();
            change(&mut pass);
            sign(&key, &site, &pass).unwrap_err()
        };
        assert_eq!(
            refused(|p| p.valid_until = p.valid_from),
            InvalidPass::Window
        );
        assert_eq!(
            refused(|p| p.valid_from = Timestamp::from_millis(-1)),
            InvalidPass::Time
        );
        assert_eq!(refused(|p| p.uses_max = Some(0)), InvalidPass::Uses);
    }

    proptest! {
        // Each case makes a key file.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_is_too_strange(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let (key, site) = (key(), "park-1".parse().unwrap());
            let keys = verifier(&key);
            drop(read(&keys, &site, &format!("{PASS_PREFIX}{text}")));
            drop(read(&keys, &site, &format!("{PASS_PREFIX}{}", base45::encode(&bytes))));
        }
    }
}
