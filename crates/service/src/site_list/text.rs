//! The bytes of a spreadsheet's CSV file as text, and Vietnamese words without their marks.

/// Why bytes are no text that can be imported, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoText {
    Workbook,
    OldCodePage,
    BrokenUtf16,
    Binary,
    LostLetters,
}

impl NoText {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Workbook => "this is a workbook and no CSV file",
            Self::OldCodePage => "the text is not UTF-8, probably Windows-1258 or TCVN3",
            Self::BrokenUtf16 => "the UTF-16 text is damaged",
            Self::Binary => "this is no text",
            Self::LostLetters => "letters were lost when the file was written (U+FFFD)",
        }
    }

    pub(super) fn instead(self) -> &'static str {
        "in the spreadsheet choose Save As (Lưu thành), type \"CSV UTF-8 (Comma delimited)\""
    }
}

/// UTF-8 with or without a byte-order mark, or UTF-16 with one or with a null in every other byte.
pub(super) fn decode(bytes: &[u8]) -> Result<String, NoText> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(NoText::Workbook);
    }
    let text = if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        utf16(rest, u16::from_le_bytes)?
    } else if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        utf16(rest, u16::from_be_bytes)?
    } else if looks_like_utf16_le(bytes) {
        utf16(bytes, u16::from_le_bytes)?
    } else {
        let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
        if bytes.contains(&0) {
            return Err(NoText::Binary);
        }
        std::str::from_utf8(bytes)
            .map_err(|_bad| NoText::OldCodePage)?
            .to_owned()
    };
    if text.contains('\u{fffd}') {
        return Err(NoText::LostLetters);
    }
    Ok(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NoText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NoText::BrokenUtf16);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map_err(|_unpaired| NoText::BrokenUtf16)
}

/// The first characters of a heading are mostly ASCII.
fn looks_like_utf16_le(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    let n_null = start.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    start.len() == 64 && 16 <= n_null && start.iter().step_by(2).all(|b| *b != 0)
}

/// Letters with their marks, composed, by the letter that remains.
const MARKED: [(char, &str); 7] = [
    ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
    ('d', "đ"),
    ('e', "èéẻẽẹêềếểễệ"),
    ('i', "ìíỉĩị"),
    ('o', "òóỏõọôồốổỗộơờớởỡợ"),
    ('u', "ùúủũụưừứửữự"),
    ('y', "ỳýỷỹỵ"),
];

/// Lower case, without marks whether composed or not, words parted by one space: `Biển số` and
/// `BIEN  SO` are the same word.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        let marked = MARKED.iter().find(|(_base, letters)| letters.contains(c));
        match c {
            // Marks that stand after their letter.
            '\u{300}'..='\u{36f}' => (),
            c if c.is_whitespace() || c == '_' || c == '\u{a0}' => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c => plain.push(marked.map_or(c, |(base, _letters)| *base)),
        }
    }
    plain.trim_end().to_owned()
}

/// A group's name as a slug: `Nhân viên` is `nhan-vien`. Nothing when nothing is left of it, or it
/// is too long.
pub(super) fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in plain(text).chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-').to_owned();
    (1..=32).contains(&slug.len()).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_spreadsheets_write_is_read() {
        let text = "Biển số;Chủ xe\r\n30F-256.58;Nguyễn Văn Mẫu, xưởng sản xuất số 1\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", &le[..]].concat(),
            [b"\xfe\xff", &be[..]].concat(),
            le,
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        // `Biển số` in Windows-1258: bytes over 127 that are no UTF-8.
        assert_eq!(decode(b"Bi\xea\xd2n s\xf4\xec;"), Err(NoText::OldCodePage));
        assert_eq!(decode(b"PK\x03\x04\x14\0"), Err(NoText::Workbook));
        assert_eq!(decode(b"\xd0\xcf\x11\xe0\xa1\xb1"), Err(NoText::Workbook));
        assert_eq!(decode(b"a\0b"), Err(NoText::Binary));
        assert_eq!(decode(b"\xff\xfea"), Err(NoText::BrokenUtf16));
        assert_eq!(decode(b"\xff\xfe\0\xd8"), Err(NoText::BrokenUtf16));
        assert_eq!(
            decode("Bi\u{fffd}n s\u{fffd}".as_bytes()),
            Err(NoText::LostLetters)
        );
    }

    #[test]
    fn words_lose_their_marks_composed_or_not() {
        for word in [
            "Biển số",
            "BIỂN  SỐ",
            "bie\u{302}\u{309}n so\u{302}\u{301}",
            "bien_so ",
            "BIEN SO",
        ] {
            assert_eq!(plain(word), "bien so", "{word:?}");
        }
        assert_eq!(plain("Đến ngày"), "den ngay");
        assert_eq!(slug("Nhân viên – ca 1").as_deref(), Some("nhan-vien-ca-1"));
        assert_eq!(slug("…"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            drop(decode(&bytes));
            drop(slug(&text));
        }
    }
}
