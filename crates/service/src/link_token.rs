//! Random texts in addresses that are told to one person: whoever has the address may use it.
//!
//! Such a text is stored as its SHA-256 alone: whoever reads the database cannot use the address.
//! It has 128 random bits, so that neither guessing it nor turning the hash round is feasible.

use crate::hex;
use std::fmt;

const BYTES: usize = 16;

/// One such text: 32 lower-case hexadecimal digits. `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// A new one.
    pub fn random() -> Self {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
        Self(hex::encode(&bytes))
    }

    /// The text in somebody's address; nothing when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: Option<[u8; BYTES]> = hex::decode(text);
        bytes.map(|_bytes| Self(text.to_owned()))
    }

    /// The text, for the address alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex::sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_are_read_again_and_do_not_show() {
        let (one, other) = (LinkToken::random(), LinkToken::random());
        assert_ne!(one, other);
        assert_ne!(one.sha256(), other.sha256());
        assert_eq!(LinkToken::parse(one.expose()), Some(one.clone()));
        assert!(!format!("{one:?}").contains(one.expose()));
        for bad in [
            "",
            "..",
            "0",
            &"g".repeat(32),
            &"A".repeat(32),
            &"0".repeat(33),
        ] {
            assert_eq!(LinkToken::parse(bad), None, "{bad}");
        }
    }
}
