//! Base45 (RFC 9285): bytes in the characters of a QR code's alphanumeric mode, so that a code has
//! fewer modules than with base64.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The characters.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |n: u32| char::from(ALPHABET[(n % 45) as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let n = pair.iter().fold(0, |n, b| n << 8 | u32::from(*b));
        text.extend([digit(n), digit(n / 45)]);
        if pair.len() == 2 {
            text.push(digit(n / 2025));
        }
    }
    text
}

/// The bytes; nothing when the text is not exactly what [`encode`] writes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |c: &u8| ALPHABET.iter().position(|a| a == c).map(|n| n as u32);
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut n = 0;
        for c in group.iter().rev() {
            n = n * 45 + value(c)?;
        }
        match group.len() {
            3 => bytes.extend(u16::try_from(n).ok()?.to_be_bytes()),
            2 => bytes.push(u8::try_from(n).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 9285 §4.3 and §4.4, and what §6 says must be refused.
    #[test]
    fn the_examples_of_the_standard() {
        for (plain, text) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
        for bad in ["GGW", "::", "A", "BB8A", "bb8", "BB\u{130}"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            drop(decode(&text));
        }
    }
}
