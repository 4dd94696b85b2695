//! What a diplomatic plate says of who sent its owner: `80-441-NG-02`.

use super::{Plate, PlateClass, shape};
use std::ops::RangeInclusive;

/// Who the owner is, by the letters of the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiplomaticSeries {
    /// `NG`: a diplomatic mission, and its staff with diplomatic rank.
    Mission,
    /// `QT`: an international organisation.
    Organisation,
    /// `CV`: administrative and technical staff of either.
    Staff,
    /// `NN`: other foreigners and foreign bodies.
    Foreigner,
}

/// What stands on a diplomatic plate beside its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiplomaticPlate {
    /// Who the owner is.
    pub series: DiplomaticSeries,
    /// The country's number, 1 to 999 (TT79/2024/TT-BCA, annex 03).
    pub country_code: u16,
}

/// The blocks of annex 03 that are known here, with the country's letters of ISO 3166-1.
const COUNTRIES: [(RangeInclusive<u16>, &str); 8] = [
    (1..=5, "AT"),
    (296..=300, "US"),
    (441..=445, "RU"),
    (446..=450, "JP"),
    (601..=605, "CN"),
    (771..=775, "US"),
    (776..=780, "JP"),
    (885..=890, "TW"),
];

impl DiplomaticPlate {
    /// The numbers of the same country: blocks of five up to 790, and single numbers after that
    /// but for 885 to 890.
    pub fn country_block(&self) -> RangeInclusive<u16> {
        let code = self.country_code;
        match code {
            1..=790 => {
                let first = (code - 1) / 5 * 5 + 1;
                first..=first + 4
            }
            885..=890 => 885..=890,
            _ => code..=code,
        }
    }

    /// The country's letters of ISO 3166-1; `None` when this table has not got it.
    pub fn country_iso(&self) -> Option<&'static str> {
        let known = COUNTRIES
            .iter()
            .find(|(block, _)| block.contains(&self.country_code));
        known.map(|(_, letters)| *letters)
    }
}

impl Plate {
    /// What a diplomatic plate says of its owner; `None` for every other plate.
    pub fn diplomatic(&self) -> Option<DiplomaticPlate> {
        let key = self.key();
        shape::shapes_of(&key).find(|shape| shape.class == PlateClass::Diplomatic)?;
        let series = match key.get(5..7)? {
            "NG" => DiplomaticSeries::Mission,
            "QT" => DiplomaticSeries::Organisation,
            "CV" => DiplomaticSeries::Staff,
            _ => DiplomaticSeries::Foreigner,
        };
        let country_code = key.get(2..5)?.parse().ok()?;
        Some(DiplomaticPlate {
            series,
            country_code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Option<DiplomaticPlate> {
        Plate::parse(written).unwrap().diplomatic()
    }

    #[test]
    fn country_and_series() {
        let russian = read("80-441-NG-02").unwrap();
        assert_eq!(russian.series, DiplomaticSeries::Mission);
        assert_eq!(
            (russian.country_code, russian.country_block()),
            (441, 441..=445)
        );
        assert_eq!(russian.country_iso(), Some("RU"));
        let foreigner = read("29-121 NN-101").unwrap();
        assert_eq!(foreigner.series, DiplomaticSeries::Foreigner);
        assert_eq!(foreigner.country_iso(), None);
        assert_eq!(read("30F-256.58"), None);
        assert_eq!(read("80-000-NG-02"), None);
    }

    #[test]
    fn blocks() {
        let block = |country_code| {
            let series = DiplomaticSeries::Staff;
            DiplomaticPlate {
                series,
                country_code,
            }
            .country_block()
        };
        for (code, expect) in [
            (1, 1..=5),
            (5, 1..=5),
            (6, 6..=10),
            (298, 296..=300),
            (790, 786..=790),
            (791, 791..=791),
            (888, 885..=890),
            (999, 999..=999),
        ] {
            assert_eq!(block(code), expect);
        }
        for (known, _) in COUNTRIES {
            assert_eq!(block(*known.start()), known);
        }
    }
}
