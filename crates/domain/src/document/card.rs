//! The text in the QR code of a citizen's card (CCCD, Căn cước).
//!
//! The format was never published: issues of the card differ in the number of fields. So a field is
//! told by what it holds and not by its place. The text is unsigned: whoever can print can make
//! one.

use super::{CitizenNumber, Registered};
use std::fmt;

/// Longest text that is looked at; real ones have less than 300 bytes.
const BYTES_MAX: usize = 1024;

/// What a card says of its holder.
///
/// Personal data: `Debug` is redacted, there is no `Display`, and what each field says has to be
/// exposed one by one. Names and addresses are as written, composed or decomposed: nothing here
/// compares them, and whoever shows them normalises them.
#[derive(Clone, PartialEq, Eq)]
pub struct CitizenCard {
    number: CitizenNumber,
    old_number: Option<String>,
    name: String,
    born: BirthDate,
    sex: Option<Sex>,
    address: Option<String>,
    issued: Option<Day>,
}

/// A sex as cards have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

/// A day of the Gregorian calendar, 1900 to 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// All four digits.
    pub year: u16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
}

/// When somebody was born, as far as it was known when the card was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BirthDate {
    /// The day.
    Day(Day),
    /// The year alone.
    Year(u16),
}

/// Why a text is not that of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotACard {
    /// Longer than 1024 bytes.
    TooLong,
    /// It does not begin with 12 digits.
    Number,
    /// No name follows.
    Name,
    /// No date of birth follows.
    BirthDate,
}

impl fmt::Display for NotACard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the text is too long for a card's",
            Self::Number => "the text does not begin with 12 digits",
            Self::Name => "the text has no name",
            Self::BirthDate => "the text has no date of birth",
        })
    }
}

impl std::error::Error for NotACard {}

/// What does not fit together on a card. None of it proves a forgery: offices have erred, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardDoubt {
    /// No province or country has this code.
    Province,
    /// The number says another year of birth.
    BirthYear,
    /// The number says another sex.
    Sex,
    /// It was issued before its holder was born.
    Issued,
}

impl Day {
    /// A day that exists.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let n_days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let exists = (1900..2200).contains(&year) && (1..=n_days).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// From `DDMMYYYY`.
    fn parse(text: &str) -> Option<Self> {
        if !is_digits(text, 8) {
            return None;
        }
        let (day, month) = (text[..2].parse().ok()?, text[2..4].parse().ok()?);
        Self::new(text[4..].parse().ok()?, month, day)
    }

    fn written(self) -> String {
        format!("{:02}{:02}{:04}", self.day, self.month, self.year)
    }
}

impl BirthDate {
    /// The year.
    pub fn year(self) -> u16 {
        match self {
            Self::Day(day) => day.year,
            Self::Year(year) => year,
        }
    }

    /// From `DDMMYYYY`; day and month may be `0000` or missing.
    fn parse(text: &str) -> Option<Self> {
        if let Some(day) = Day::parse(text) {
            return Some(Self::Day(day));
        }
        let year = text.strip_prefix("0000").unwrap_or(text);
        let is_year = is_digits(year, 4);
        let year = year.parse().ok().filter(|_| is_year)?;
        Day::new(year, 1, 1).map(|day| Self::Year(day.year))
    }

    fn written(self) -> String {
        match self {
            Self::Day(day) => day.written(),
            Self::Year(year) => year.to_string(),
        }
    }
}

impl Sex {
    /// `ữ` is written as one character, or as two or three that are put together.
    fn parse(text: &str) -> Option<Self> {
        match text.to_lowercase().as_str() {
            "nam" => Some(Self::Male),
            "nữ" | "n\u{1b0}\u{303}" | "nu\u{31b}\u{303}" | "nu\u{303}\u{31b}" | "nu" => {
                Some(Self::Female)
            }
            _ => None,
        }
    }
}

impl CitizenCard {
    /// Reads the text of a card's QR code: fields with `|` between them,
    /// `number|old number|name|date of birth|sex|address|date of issue` and perhaps more.
    ///
    /// The old number (9 digits) may be empty or missing; sex, address and date of issue may be
    /// missing; fields after these are passed over.
    pub fn parse(text: &str) -> Result<Self, NotACard> {
        if BYTES_MAX < text.len() {
            return Err(NotACard::TooLong);
        }
        let strange = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0');
        let mut fields = text.trim_matches(strange).split('|').map(str::trim);
        let number = fields.next().and_then(|n| CitizenNumber::parse(n).ok());
        let number = number.ok_or(NotACard::Number)?;
        let mut name = fields.next().ok_or(NotACard::Name)?;
        let mut old_number = None;
        if name.is_empty() || is_digits(name, 9) {
            old_number = Some(name).filter(|old| !old.is_empty()).map(str::to_owned);
            name = fields.next().ok_or(NotACard::Name)?;
        }
        if !name.chars().any(char::is_alphabetic) {
            return Err(NotACard::Name);
        }
        let born = fields.find_map(BirthDate::parse);
        let mut card = Self {
            number,
            old_number,
            name: name.to_owned(),
            born: born.ok_or(NotACard::BirthDate)?,
            sex: None,
            address: None,
            issued: None,
        };
        fields.for_each(|field| card.take(field));
        Ok(card)
    }

    /// One field after the date of birth. What comes after the date of issue is another issue's
    /// and not known.
    fn take(&mut self, field: &str) {
        if self.issued.is_some() || field.is_empty() {
            return;
        }
        if let Some(day) = Day::parse(field) {
            self.issued = Some(day);
        } else if let (None, None, Some(sex)) = (self.sex, &self.address, Sex::parse(field)) {
            self.sex = Some(sex);
        } else if self.address.is_none() {
            self.address = Some(field.to_owned());
        }
    }

    /// The holder's number.
    pub fn number(&self) -> CitizenNumber {
        self.number
    }

    /// The holder's name as written. Personal data.
    pub fn expose_name(&self) -> &str {
        &self.name
    }

    /// The number of the identity card before, 9 digits. Personal data.
    pub fn expose_old_number(&self) -> Option<&str> {
        self.old_number.as_deref()
    }

    /// The date of birth. Personal data.
    pub fn born(&self) -> BirthDate {
        self.born
    }

    /// The sex, where the card says it. Personal data.
    pub fn sex(&self) -> Option<Sex> {
        self.sex
    }

    /// The address as written. Personal data.
    pub fn expose_address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The day on which it was issued, where the card says it.
    pub fn issued(&self) -> Option<Day> {
        self.issued
    }

    /// What does not fit together, in a fixed order.
    pub fn doubts(&self) -> Vec<CardDoubt> {
        let mut doubts = Vec::new();
        if let Registered::Unknown(_) = self.number.registered() {
            doubts.push(CardDoubt::Province);
        }
        if self.number.birth_year() != self.born.year() {
            doubts.push(CardDoubt::BirthYear);
        }
        if self.sex.is_some_and(|sex| sex != self.number.sex()) {
            doubts.push(CardDoubt::Sex);
        }
        let is_issued_before = match (self.issued, self.born) {
            (Some(issued), BirthDate::Day(born)) => issued < born,
            (Some(issued), BirthDate::Year(year)) => issued.year < year,
            (None, _) => false,
        };
        if is_issued_before {
            doubts.push(CardDoubt::Issued);
        }
        doubts
    }

    /// The text that this card is read from: for simulators and tests. Personal data.
    pub fn written(&self) -> String {
        let sex = match self.sex {
            Some(Sex::Male) => "Nam",
            Some(Sex::Female) => "Nữ",
            None => "",
        };
        [
            self.number.expose(),
            self.old_number.as_deref().unwrap_or_default(),
            &self.name,
            &self.born.written(),
            sex,
            self.address.as_deref().unwrap_or_default(),
            &self.issued.map(Day::written).unwrap_or_default(),
        ]
        .join("|")
    }
}

impl fmt::Debug for CitizenCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenCard(<redacted>)")
    }
}

fn is_digits(text: &str, n: usize) -> bool {
    text.len() == n && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Nobody has this number, name or address.
    const MADE_UP: &str = "001090123456|012345678|NGUYỄN VĂN MẪU|01011990|Nam|\
                           Số 0, Đường Mẫu, Phường Mẫu, Hà Nội|15042021";

    /// Name, date of birth, whether the sex is known, address, year of issue.
    type Found = (String, String, bool, Option<String>, Option<u16>);

    #[track_caller]
    fn found(text: &str) -> Found {
        let card = CitizenCard::parse(text).unwrap();
        assert_eq!(card.number().expose(), "001090123456");
        (
            card.name.clone(),
            card.born.written(),
            card.sex.is_some(),
            card.address.clone(),
            card.issued.map(|day| day.year),
        )
    }

    fn expect(name: &str, born: &str, rest: (bool, Option<&str>, Option<u16>)) -> Found {
        let (has_sex, address, issued) = rest;
        let address = address.map(str::to_owned);
        (name.to_owned(), born.to_owned(), has_sex, address, issued)
    }

    #[test]
    fn every_known_shape_is_read_by_content() {
        let all = (true, Some("Xã Mẫu, Huyện Mẫu"), Some(2021));
        let n = "001090123456";
        for (rest, born, told) in [
            (
                "012345678|A B|01011990|Nam|Xã Mẫu, Huyện Mẫu|15042021",
                "01011990",
                all,
            ),
            (
                "|A B|01011990|Nam|Xã Mẫu, Huyện Mẫu|15042021",
                "01011990",
                all,
            ),
            (
                "A B|01011990|Nam|Xã Mẫu, Huyện Mẫu|15042021",
                "01011990",
                all,
            ),
            (
                "|A B|01011990|Nữ|Xã Mẫu, Huyện Mẫu|15042021||Cha|Mẹ|",
                "01011990",
                all,
            ),
            (
                "|A B|01011990|NAM|Xã Mẫu, Huyện Mẫu|15042021\r\n",
                "01011990",
                all,
            ),
            (
                "|A B|01011990|Nu\u{31b}\u{303}|Xã Mẫu, Huyện Mẫu|15042021",
                "01011990",
                all,
            ),
            (
                "| A B |01011990| nữ | Xã Mẫu, Huyện Mẫu | 15042021 |01012030",
                "01011990",
                all,
            ),
            ("|A B|00001990|Nam|Xã Mẫu, Huyện Mẫu|15042021", "1990", all),
            ("|A B|1990|Nam|Xã Mẫu, Huyện Mẫu|15042021", "1990", all),
            ("|A B|29022000|Nam", "29022000", (true, None, None)),
            ("|A B|01011990", "01011990", (false, None, None)),
            (
                "|A B|01011990||Xã Mẫu|",
                "01011990",
                (false, Some("Xã Mẫu"), None),
            ),
            (
                "|A B|01011990|Nam||15042021",
                "01011990",
                (true, None, Some(2021)),
            ),
            (
                "|A B|01011990|Nam|Thôn Nam|15042021",
                "01011990",
                (true, Some("Thôn Nam"), Some(2021)),
            ),
        ] {
            assert_eq!(
                found(&format!("{n}|{rest}")),
                expect("A B", born, told),
                "{rest}"
            );
        }
        assert_eq!(found(&format!("\u{feff}{n}||A B|1990|Nam\0")).0, "A B");
    }

    #[test]
    fn other_texts_are_no_card_and_it_is_said_why() {
        for (text, why) in [
            ("", NotACard::Number),
            ("https://example.com/?id=001090123456", NotACard::Number),
            ("GAC1:6BFOXN", NotACard::Number),
            ("00109012345|A|01011990", NotACard::Number),
            ("001090123456", NotACard::Name),
            ("001090123456|", NotACard::Name),
            ("001090123456||01011990|Nam", NotACard::Name),
            ("001090123456||A B", NotACard::BirthDate),
            ("001090123456||A B|Nam|Xã Mẫu", NotACard::BirthDate),
            ("001090123456||A B|31021990|Nam", NotACard::BirthDate),
            ("001090123456||A B|3001|Nam", NotACard::BirthDate),
        ] {
            assert_eq!(CitizenCard::parse(text), Err(why), "{text:?}");
        }
        let long = format!("{MADE_UP}|{}", "x".repeat(BYTES_MAX));
        assert_eq!(CitizenCard::parse(&long), Err(NotACard::TooLong));
    }

    #[test]
    fn what_does_not_fit_together_is_told_and_read_all_the_same() {
        let doubts = |text: &str| CitizenCard::parse(text).unwrap().doubts();
        assert_eq!(doubts(MADE_UP), []);
        assert_eq!(doubts("079305123456||A B|2005|Nữ|Xã Mẫu|15042021"), []);
        assert_eq!(doubts("123305123456||A B|2005|Nữ"), []);
        assert_eq!(
            doubts("003090123456||A B|01011991|Nữ|Xã Mẫu|15041981"),
            [
                CardDoubt::Province,
                CardDoubt::BirthYear,
                CardDoubt::Sex,
                CardDoubt::Issued
            ]
        );
    }

    #[test]
    fn nothing_of_a_card_is_debugged() {
        let text = format!("{:?}", CitizenCard::parse(MADE_UP).unwrap());
        assert_eq!(text, "CitizenCard(<redacted>)");
    }

    prop_compose! {
        fn made_up()(
            digits in "[0-9]{12}",
            old_number in proptest::option::of("[0-9]{9}"),
            name in "[A-ZĐÊÔƯ]{1,8}( [A-ZĐÊÔƯ]{1,8}){0,4}",
            (year, month, day) in (1900_u16..2200, 1_u8..=12, 1_u8..=28),
            has_day in any::<bool>(),
            sex in proptest::option::of(any::<bool>()),
            address in proptest::option::of("Xã [A-Za-zà-ỹ, ]{0,40}[a-z]"),
            issued in proptest::option::of((1900_u16..2200, 1_u8..=12, 1_u8..=28)),
        ) -> CitizenCard {
            let born = Day { year, month, day };
            CitizenCard {
                number: CitizenNumber::parse(&digits).unwrap(),
                old_number,
                name,
                born: if has_day { BirthDate::Day(born) } else { BirthDate::Year(year) },
                sex: sex.map(|is_male| if is_male { Sex::Male } else { Sex::Female }),
                address,
                issued: issued.map(|(year, month, day)| Day { year, month, day }),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(card in made_up()) {
            prop_assert!(CitizenCard::parse(&card.written()) == Ok(card));
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            drop(CitizenCard::parse(&text));
        }

        #[test]
        fn no_row_of_fields_is_too_strange(
            fields in proptest::collection::vec("[0-9]{0,13}|[ \\p{L}]{0,6}|[0-9]{8}", 0..12),
        ) {
            if let Ok(card) = CitizenCard::parse(&fields.join("|")) {
                drop(card.doubts());
                prop_assert_eq!(card.number().masked().chars().count(), 12);
            }
        }
    }
}
