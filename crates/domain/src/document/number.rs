//! The personal identification number: 12 digits.

use super::Sex;
use std::fmt;

/// Provinces and cities in which births were registered, by their code in Decision
/// 124/2004/QĐ-TTg.
///
/// The number of a person never changes, so that codes of provinces that were joined since
/// (Resolution 202/2025/QH15) stay valid.
const PROVINCES: [u16; 63] = [
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37,
    38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77,
    79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
];

/// The personal identification number of a citizen (Law on Identification 26/2023/QH15 art. 12):
/// exactly 12 digits.
///
/// Personal data: `Debug` is redacted and there is no `Display`; screens show [`Self::masked`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CitizenNumber([u8; 12]);

/// A text that is not 12 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNumber;

impl fmt::Display for InvalidNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a personal number has exactly 12 digits")
    }
}

impl std::error::Error for InvalidNumber {}

/// Where a birth was registered, by the first three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// In a province or city of Vietnam.
    Province(u16),
    /// Abroad: codes from 100 on are countries.
    Abroad(u16),
    /// No code of either.
    Unknown(u16),
}

impl CitizenNumber {
    /// Reads exactly 12 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_len| InvalidNumber)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(InvalidNumber)
        }
    }

    /// The 12 digits. Call it only to make a key of them, or where a person with authority looks.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first three and the last four digits, the rest as dots: `001•••••3456`.
    pub fn masked(&self) -> String {
        let text = self.expose();
        format!("{}•••••{}", &text[..3], &text[8..])
    }

    /// Where the birth was registered.
    pub fn registered(&self) -> Registered {
        let code = self.number_at(0, 3);
        match code {
            code if PROVINCES.contains(&code) => Registered::Province(code),
            code if 100 <= code => Registered::Abroad(code),
            code => Registered::Unknown(code),
        }
    }

    /// The sex, by the fourth digit (Decree 137/2015/NĐ-CP art. 13): even for men.
    pub fn sex(&self) -> Sex {
        if self.number_at(3, 4).is_multiple_of(2) {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// The year of birth: the century by the fourth digit (0 and 1 are 19xx, 2 and 3 are 20xx, up
    /// to 9), the rest by the two that follow.
    pub fn birth_year(&self) -> u16 {
        1900 + 100 * (self.number_at(3, 4) / 2) + self.number_at(4, 6)
    }

    fn number_at(&self, from: usize, to: usize) -> u16 {
        let digits = &self.0[from..to];
        digits.iter().fold(0, |n, b| 10 * n + u16::from(b - b'0'))
    }
}

impl fmt::Debug for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenNumber(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_digits_say() {
        for (text, registered, sex, year) in [
            ("001090123456", Registered::Province(1), Sex::Male, 1990),
            ("079199000001", Registered::Province(79), Sex::Female, 1999),
            ("096205000001", Registered::Province(96), Sex::Male, 2005),
            ("003399000001", Registered::Unknown(3), Sex::Female, 2099),
            ("123000000001", Registered::Abroad(123), Sex::Male, 1900),
        ] {
            let number = CitizenNumber::parse(text).unwrap();
            assert_eq!(number.registered(), registered, "{text}");
            assert_eq!((number.sex(), number.birth_year()), (sex, year), "{text}");
        }
    }

    #[test]
    fn is_shown_in_part_and_never_debugged() {
        let number = CitizenNumber::parse("001090123456").unwrap();
        assert_eq!(number.masked(), "001•••••3456");
        assert!(!format!("{number:?}").contains(char::is_numeric));
        assert_eq!(number.expose(), "001090123456");
    }

    #[test]
    fn only_twelve_ascii_digits_are_a_number() {
        for bad in [
            "",
            "00109012345",
            "0010901234567",
            "00109012345a",
            "００１０９０",
            "+01090123456",
        ] {
            assert_eq!(CitizenNumber::parse(bad), Err(InvalidNumber), "{bad:?}");
        }
    }
}
