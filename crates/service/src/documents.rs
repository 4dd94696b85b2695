//! From the text of a QR code to what a gate may know of the document.
//!
//! Whatever else stands on a card ends here: the text is given away with the call.

use crate::{
    keys::{CommandVerifier, KeyFileError},
    pass::{self, PassRead},
    secret_file,
};
use domain::{
    Assurance, DocumentKind, HolderKey, SiteId,
    document::{CitizenCard, CitizenNumber},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{fmt, path::Path};

/// Makes [`HolderKey`]s: HMAC-SHA-256 (RFC 2104) of the 12 digits, the first 16 bytes.
///
/// The numbers are few enough to try all of them, so that a hash without a key would hide nothing.
/// The key is in a file of its own outside the database: without it, what is stored names nobody,
/// and deleting it makes all of it anonymous.
#[derive(Clone)]
pub struct HolderKeys {
    mac: Hmac<Sha256>,
}

impl HolderKeys {
    /// Reads the key, or makes one (mode 0600, its folders too) when there is no file yet.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::from_secret(&secret_file::load_or_create(path)?))
    }

    fn from_secret(secret: &[u8; 32]) -> Self {
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self { mac }
    }

    /// The holder's key at this site; another site has another.
    pub fn key_of(&self, number: CitizenNumber) -> HolderKey {
        let mut mac = self.mac.clone();
        mac.update(number.expose().as_bytes());
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        let first = bytes.first_chunk().copied().unwrap_or_default();
        HolderKey(u128::from_be_bytes(first))
    }
}

impl fmt::Debug for HolderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderKeys")
    }
}

/// Reads the texts of QR codes that are shown at a site.
#[derive(Clone, Debug)]
pub struct DocumentTexts {
    /// The site.
    pub site: SiteId,
    /// Makes holders' keys.
    pub holders: HolderKeys,
    /// The keys whose passes count here.
    pub passes: CommandVerifier,
}

impl DocumentTexts {
    /// What the text is of; nothing for whatever else is written in QR codes.
    ///
    /// A pass of another site or with a wrong signature is told as one that is not genuine, and
    /// proves as little as any other text.
    pub fn read(&self, text: &str) -> Option<(DocumentKind, Assurance)> {
        if let Some(read) = pass::read(&self.passes, &self.site, text) {
            let (pass, is_genuine) = match read {
                PassRead::Genuine(pass) => (pass.id, true),
                PassRead::Forged(pass) | PassRead::OtherSite(pass) => (pass, false),
            };
            let assurance = if is_genuine {
                Assurance::Pass
            } else {
                Assurance::QrText
            };
            return Some((DocumentKind::Pass { pass, is_genuine }, assurance));
        }
        let card = CitizenCard::parse(text).ok()?;
        Some((self.card(card.number()), Assurance::QrText))
    }

    /// A citizen's card with this number, however it was read.
    pub fn card(&self, number: CitizenNumber) -> DocumentKind {
        DocumentKind::CitizenCard {
            holder: self.holders.key_of(number),
            masked: number.masked(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::SigningKeyFile, pass::Pass};
    use domain::{PassId, Timestamp};

    fn number() -> CitizenNumber {
        CitizenNumber::parse("001090123456").unwrap()
    }

    /// Computed with another program:
    /// `printf 001090123456 | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…1f`.
    #[test]
    fn a_holders_key_is_the_hmac_of_the_digits() {
        let secret: [u8; 32] = std::array::from_fn(|n| n as u8);
        let key = HolderKeys::from_secret(&secret).key_of(number());
        assert_eq!(
            format!("{:032x}", key.0),
            "a73881ae2a0865b6039593014b773f70"
        );
        let other = HolderKeys::from_secret(&[7; 32]).key_of(number());
        assert_ne!(key, other);
    }

    #[test]
    fn texts_become_documents_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKeyFile::load_or_create(&folder.path().join("pass")).unwrap();
        let texts = DocumentTexts {
            site: "park-1".parse().unwrap(),
            holders: HolderKeys::load_or_create(&folder.path().join("holder")).unwrap(),
            passes: CommandVerifier::from_public(&key.public()).unwrap(),
        };
        let card = "001090123456||NGUYỄN VĂN MẪU|01011990|Nam|Xã Mẫu|15042021";
        let kind = DocumentKind::CitizenCard {
            holder: texts.holders.key_of(number()),
            masked: "001•••••3456".to_owned(),
        };
        assert_eq!(texts.read(card), Some((kind, Assurance::QrText)));
        let pass = Pass {
            id: PassId(7),
            valid_from: Timestamp::from_millis(0),
            valid_until: Timestamp::from_millis(1000),
            uses_max: None,
            plate: None,
        };
        for (site, expect) in [
            ("park-1", (true, Assurance::Pass)),
            ("park-2", (false, Assurance::QrText)),
        ] {
            let text = pass::sign(&key, &site.parse().unwrap(), &pass).unwrap();
            let kind = DocumentKind::Pass {
                pass: PassId(7),
                is_genuine: expect.0,
            };
            assert_eq!(texts.read(&text), Some((kind, expect.1)), "{site}");
        }
        for other in [
            "",
            "https://example.com",
            "GAC1:",
            "WIFI:S:x;;",
            "0010901234561|A|01011990",
        ] {
            assert_eq!(texts.read(other), None, "{other}");
        }
    }
}
