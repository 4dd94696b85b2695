//! One line of an imported list as it is kept.

use crate::config::site::parse_hours;
use domain::{Access, Plate, Registration};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One vehicle. The texts are those of a `[[registration]]` in the site file.
///
/// Personal data: `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// The plate, [`Plate::written`].
    pub plate: String,
    /// Whether it is turned away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_barred: bool,
    /// Whose it is; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Its group, a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// First moment of validity, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// First moment after validity, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// As `hours` of a `[[registration]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<String>,
}

impl fmt::Debug for ListEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListEntry(<redacted>)")
    }
}

impl ListEntry {
    /// What a gate makes of it.
    pub fn registration(&self) -> Result<Registration, String> {
        let plate = Plate::parse(&self.plate).map_err(|_error| "this is no plate".to_owned())?;
        let group = self.group.as_ref().map(|group| group.parse()).transpose();
        let schedule = self.hours.iter().map(|hours| parse_hours(hours));
        Ok(Registration {
            plate: Some(plate),
            group: group.map_err(|_error| "this is no group".to_owned())?,
            access: if self.is_barred {
                Access::Bar
            } else {
                Access::Allow
            },
            valid_from: time(self.valid_from.as_ref())?,
            valid_until: time(self.valid_until.as_ref())?,
            schedule: schedule.collect::<Result<_, _>>()?,
            ..Registration::allow()
        })
    }
}

pub(super) fn time(text: Option<&String>) -> Result<Option<domain::Timestamp>, String> {
    text.map(|text| wire::parse_time(text)).transpose()
}
