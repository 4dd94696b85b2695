//! Small secrets at rest, such as face templates: AES-256-GCM with a key from a file.

use crate::secret_file;
use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use std::{fmt, path::Path};

pub use crate::secret_file::KeyFileError;

/// First byte of a sealed blob; another algorithm or key would get another one.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 12;

/// Seals and opens.
#[derive(Clone)]
pub struct SealingKey {
    cipher: Aes256Gcm,
}

/// A blob that cannot be opened: another key, another context, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot open the sealed data: another key, another context, or it was changed")]
pub struct CannotOpen;

impl SealingKey {
    /// Reads the key, or makes one (mode 0600, its folders too) when there is no file yet.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let secret = secret_file::load_or_create(path)?;
        Ok(Self {
            cipher: Aes256Gcm::new(&secret.into()),
        })
    }

    /// Seals; `context` says what this is (for example the person's id) and must be the same when
    /// it is opened.
    ///
    /// The nonce is random: with 2³² blobs under one key, the chance of a repeat is 2⁻³³ (NIST SP
    /// 800-38D §8.3).
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).expect("the operating system gives random numbers");
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .expect("AES-GCM refuses only what is longer than 64 GiB");
        [&[FORMAT], &nonce[..], &sealed].concat()
    }

    /// Opens what [`Self::seal`] made in the same context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(CannotOpen)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        let payload = Payload {
            msg: text,
            aad: context,
        };
        self.cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_opaque| CannotOpen)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingKey {
        let folder = tempfile::tempdir().unwrap();
        SealingKey::load_or_create(&folder.path().join("key")).unwrap()
    }

    #[test]
    fn opens_in_the_same_context_with_the_same_key_only() {
        let key = key();
        let sealed = key.seal(b"per_1", b"template");
        assert_eq!(key.open(b"per_1", &sealed).unwrap(), b"template");
        assert_eq!(key.open(b"per_2", &sealed), Err(CannotOpen));
        assert_eq!(self::key().open(b"per_1", &sealed), Err(CannotOpen));
        assert_eq!(key.open(b"", &key.seal(b"", b"")).unwrap(), b"");
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let key = key();
        let sealed = key.seal(b"per_1", b"template");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"per_1", &changed), Err(CannotOpen), "byte {at}");
            assert_eq!(
                key.open(b"per_1", &sealed[..at]),
                Err(CannotOpen),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn the_same_plain_text_never_looks_the_same() {
        let key = key();
        assert_ne!(
            key.seal(b"per_1", b"template"),
            key.seal(b"per_1", b"template")
        );
    }
}
