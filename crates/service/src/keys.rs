//! Who may give orders to a barrier: Ed25519 signatures over commands.

use crate::{hex, secret_file};
use domain::{GateCommand, Order, SiteId};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};
use wire::{SignedCommand, SignedOrder};

pub use crate::secret_file::KeyFileError;

/// A signing key that lives in a file.
#[derive(Clone)]
pub struct SigningKeyFile {
    key: SigningKey,
    key_id: String,
}

impl SigningKeyFile {
    /// Reads the key, or makes one (mode 0600, its folders too) when there is no file yet.
    ///
    /// The file holds the 32 secret bytes of RFC 8032 as 64 hexadecimal digits. A file that others
    /// can read, or with anything else in it, is refused and left as it is.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let key = SigningKey::from_bytes(&secret_file::load_or_create(path)?);
        let key_id = key_id(&key.verifying_key());
        Ok(Self { key, key_id })
    }

    /// What devices verify with.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The same as 64 hexadecimal digits, for a device's configuration.
    pub fn public_hex(&self) -> String {
        hex::encode(&self.public())
    }

    /// First 16 hexadecimal digits of the SHA-256 of the public key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Signs a command for a gate of this site.
    pub fn sign_command(&self, site: &SiteId, command: GateCommand) -> SignedCommand {
        let signature = self.key.sign(&SignedCommand::signed_bytes(site, &command));
        let signature = hex::encode(&signature.to_bytes());
        SignedCommand {
            command,
            key_id: self.key_id.clone(),
            signature,
        }
    }

    /// Signs a person's order to the gates of this site.
    pub fn sign_order(&self, site: &SiteId, order: Order) -> SignedOrder {
        let signature = self.key.sign(&SignedOrder::signed_bytes(site, &order));
        SignedOrder {
            signature: hex::encode(&signature.to_bytes()),
            key_id: self.key_id.clone(),
            order,
        }
    }

    /// Signs anything else, for example an evidence manifest: 128 hexadecimal digits.
    ///
    /// `purpose` is signed too, so that a signature for one purpose is none for another.
    pub fn sign_bytes(&self, purpose: &str, bytes: &[u8]) -> String {
        hex::encode(&self.key.sign(&for_purpose(purpose, bytes)).to_bytes())
    }
}

impl SigningKeyFile {
    /// As [`Self::sign_bytes`], as it is.
    pub(crate) fn sign_raw(&self, purpose: &str, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(&for_purpose(purpose, bytes)).to_bytes()
    }
}

impl fmt::Debug for SigningKeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyFile({})", self.key_id)
    }
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRejected {
    /// Signed with a key that is not trusted here.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// Not 128 hexadecimal digits.
    #[error("the signature is malformed")]
    Malformed,
    /// Another text, site or key was signed.
    #[error("the signature does not fit")]
    Mismatch,
}

/// A text that is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key: expected 64 lower-case hexadecimal digits")]
pub struct InvalidPublicKey;

/// Checks commands as a device does. Clones are one: keys that are replaced are so for all.
#[derive(Clone, Debug, Default)]
pub struct CommandVerifier {
    keys: Arc<RwLock<Vec<(String, VerifyingKey)>>>,
}

impl CommandVerifier {
    /// Trusts nobody yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Trusts this key.
    pub fn from_public(public: &[u8; 32]) -> Result<Self, InvalidPublicKey> {
        let mut verifier = Self::none();
        verifier.trust(public)?;
        Ok(verifier)
    }

    /// From now on trusts these keys, 64 hexadecimal digits each, and no others: all or none.
    pub fn replace(&self, public: &[String]) -> Result<(), InvalidPublicKey> {
        let read = |text: &String| read_key(&hex::decode(text).ok_or(InvalidPublicKey)?);
        let keys = public.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Trusts this key, given as 64 hexadecimal digits.
    pub fn from_public_hex(text: &str) -> Result<Self, InvalidPublicKey> {
        Self::from_public(&hex::decode(text).ok_or(InvalidPublicKey)?)
    }

    /// Trusts one more key, as while keys are changed.
    pub fn trust(&mut self, public: &[u8; 32]) -> Result<(), InvalidPublicKey> {
        let key = read_key(public)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.push(key);
        Ok(())
    }

    /// Whether the command was signed for this site with a trusted key.
    ///
    /// Expiry and duplicates are the device's own check.
    pub fn verify(&self, site: &SiteId, signed: &SignedCommand) -> Result<(), SignatureRejected> {
        let bytes = SignedCommand::signed_bytes(site, &signed.command);
        self.check(&signed.key_id, &bytes, &signed.signature)
    }

    /// Whether the order was signed for this site with a trusted key; expiry and duplicates are the
    /// gate's own check.
    pub fn verify_order(
        &self,
        site: &SiteId,
        signed: &SignedOrder,
    ) -> Result<(), SignatureRejected> {
        let bytes = SignedOrder::signed_bytes(site, &signed.order);
        self.check(&signed.key_id, &bytes, &signed.signature)
    }

    /// The counterpart of [`SigningKeyFile::sign_bytes`].
    pub fn verify_bytes(
        &self,
        purpose: &str,
        bytes: &[u8],
        key_id: &str,
        signature: &str,
    ) -> Result<(), SignatureRejected> {
        self.check(key_id, &for_purpose(purpose, bytes), signature)
    }

    /// Whether any trusted key signed the bytes for this purpose: for what has no room to say which
    /// key it was.
    pub(crate) fn is_signed(&self, purpose: &str, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let (bytes, signature) = (
            for_purpose(purpose, bytes),
            Signature::from_bytes(signature),
        );
        let fits = |key: &VerifyingKey| key.verify_strict(&bytes, &signature).is_ok();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|(_id, key)| fits(key))
    }

    fn check(&self, key_id: &str, bytes: &[u8], signature: &str) -> Result<(), SignatureRejected> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.iter().find(|(id, _key)| id == key_id);
        let (_id, key) = known.ok_or(SignatureRejected::UnknownKey)?;
        let signature = hex::decode(signature).ok_or(SignatureRejected::Malformed)?;
        // Strict: refuses malleable signatures, so that no second signature for the same command
        // can be made.
        key.verify_strict(bytes, &Signature::from_bytes(&signature))
            .map_err(|_opaque| SignatureRejected::Mismatch)
    }
}

fn read_key(public: &[u8; 32]) -> Result<(String, VerifyingKey), InvalidPublicKey> {
    let key = VerifyingKey::from_bytes(public).map_err(|_invalid| InvalidPublicKey)?;
    if key.is_weak() {
        Err(InvalidPublicKey)
    } else {
        Ok((key_id(&key), key))
    }
}

fn key_id(key: &VerifyingKey) -> String {
    hex::sha256(key.as_bytes())[..16].to_owned()
}

fn for_purpose(purpose: &str, bytes: &[u8]) -> Vec<u8> {
    let mut text = format!("gac-{purpose}-v1\n").into_bytes();
    text.extend_from_slice(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        CommandCause, CommandId, CommandKind, DeviceNonce, PassageId, Timestamp, VerdictId,
    };

    fn command() -> GateCommand {
        GateCommand {
            id: CommandId(1),
            gate: "gate-1".parse().unwrap(),
            kind: CommandKind::Open,
            cause: CommandCause::Verdict {
                verdict: VerdictId(2),
                passage: PassageId(3),
            },
            nonce: None,
            issued_at: Timestamp::from_millis(4),
            expires_at: Timestamp::from_millis(5),
        }
    }

    fn key() -> SigningKeyFile {
        let folder = tempfile::tempdir().unwrap();
        SigningKeyFile::load_or_create(&folder.path().join("key")).unwrap()
    }

    #[test]
    fn what_was_signed_is_accepted_and_nothing_else() {
        let (key, site) = (key(), "park-1".parse().unwrap());
        let verifier = CommandVerifier::from_public_hex(&key.public_hex()).unwrap();
        let signed = key.sign_command(&site, command());
        assert_eq!(verifier.verify(&site, &signed), Ok(()));

        let changes: [fn(&mut GateCommand); 7] = [
            |c| c.id = CommandId(9),
            |c| c.gate = "gate-2".parse().unwrap(),
            |c| c.kind = CommandKind::HoldOpen,
            |c| c.cause = CommandCause::Fire,
            |c| c.nonce = Some(DeviceNonce(9)),
            |c| c.issued_at = Timestamp::from_millis(9),
            |c| c.expires_at = Timestamp::from_millis(9),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut tampered = signed.clone();
            change(&mut tampered.command);
            let verified = verifier.verify(&site, &tampered);
            assert_eq!(verified, Err(SignatureRejected::Mismatch), "field {n}");
        }
        let elsewhere = verifier.verify(&"park-2".parse().unwrap(), &signed);
        assert_eq!(elsewhere, Err(SignatureRejected::Mismatch));
    }

    #[test]
    fn a_forged_or_broken_signature_is_refused() {
        let (key, site) = (key(), "park-1".parse().unwrap());
        let verifier = CommandVerifier::from_public(&key.public()).unwrap();
        let signed = key.sign_command(&site, command());
        let verify = |change: fn(&mut SignedCommand)| {
            let mut changed = signed.clone();
            change(&mut changed);
            verifier.verify(&site, &changed)
        };
        assert_eq!(
            verify(|s| s.signature.clear()),
            Err(SignatureRejected::Malformed)
        );
        assert_eq!(
            verify(|s| s.signature.push('0')),
            Err(SignatureRejected::Malformed)
        );
        assert_eq!(
            verify(|s| s.signature = "0".repeat(128)),
            Err(SignatureRejected::Mismatch)
        );
        assert_eq!(
            verify(|s| s.key_id = "0".repeat(16)),
            Err(SignatureRejected::UnknownKey)
        );

        let forged = self::key().sign_command(&site, command());
        assert_eq!(
            verifier.verify(&site, &forged),
            Err(SignatureRejected::UnknownKey)
        );
        let posing = SignedCommand {
            key_id: key.key_id().to_owned(),
            ..forged
        };
        assert_eq!(
            verifier.verify(&site, &posing),
            Err(SignatureRejected::Mismatch)
        );
    }

    #[test]
    fn the_small_order_key_that_fits_every_signature_is_no_key() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert!(CommandVerifier::from_public(&neutral).is_err());
        assert!(CommandVerifier::from_public_hex("no key").is_err());
    }

    #[test]
    fn keys_that_are_replaced_are_so_for_all_clones_and_all_or_none() {
        let (old, new) = (key(), key());
        let verifier = CommandVerifier::from_public(&old.public()).unwrap();
        let clone = verifier.clone();
        assert!(
            verifier
                .replace(&[new.public_hex(), "no key".to_owned()])
                .is_err()
        );
        let signed = old.sign_bytes("a", b"text");
        assert!(
            clone
                .verify_bytes("a", b"text", old.key_id(), &signed)
                .is_ok()
        );
        verifier.replace(&[new.public_hex()]).unwrap();
        let refused = clone.verify_bytes("a", b"text", old.key_id(), &signed);
        assert_eq!(refused, Err(SignatureRejected::UnknownKey));
    }

    #[test]
    fn a_signature_for_one_purpose_is_none_for_another() {
        let key = key();
        let verifier = CommandVerifier::from_public(&key.public()).unwrap();
        let signature = key.sign_bytes("manifest", b"text");
        assert_eq!(
            verifier.verify_bytes("manifest", b"text", key.key_id(), &signature),
            Ok(())
        );
        let other = verifier.verify_bytes("registry", b"text", key.key_id(), &signature);
        assert_eq!(other, Err(SignatureRejected::Mismatch));
    }
}
