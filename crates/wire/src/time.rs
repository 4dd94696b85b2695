//! RFC 3339 with `Z` and microseconds, on every wire.

use domain::Timestamp;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// The text of a moment, for example `2026-11-21T07:32:50.123456Z`.
pub fn format_time(at: Timestamp) -> String {
    at.to_string()
}

/// Reads RFC 3339 with any offset, to the microsecond. The error says what is wrong.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    let at: jiff::Timestamp = text
        .parse()
        .map_err(|error| format!("not an RFC 3339 time: {error}"))?;
    Ok(Timestamp::from_micros(at.as_microsecond()))
}

pub(crate) fn serialize<S: Serializer>(at: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(at)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
    parse_time(&String::deserialize(d)?).map_err(D::Error::custom)
}

pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, s),
            None => s.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(d)?;
        text.map(|text| parse_time(&text).map_err(D::Error::custom))
            .transpose()
    }
}
