//! Visitor passes that were made.

use super::entry::time;
use domain::{Access, PassId, Plate, Registration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One pass as it is kept. Personal data: `Debug` shows its id alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassEntry {
    /// Its id, `vis_…`.
    pub id: String,
    /// The vehicle that it is for, as [`Plate::written`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Its group, a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// First moment of validity, RFC 3339.
    pub valid_from: String,
    /// First moment after validity, RFC 3339.
    pub valid_until: String,
    /// How often it may be used; nothing means as often as wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// When it was called back, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_back_at: Option<String>,
}

/// What a pass is worth at a moment, by what is filed; how often it was used the gate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassStanding {
    /// Its time has not come.
    NotYet,
    /// It may be used.
    Valid,
    /// Its time is over.
    Over,
    /// It was called back.
    CalledBack,
}

impl fmt::Debug for PassEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PassEntry({})", self.id)
    }
}

impl PassEntry {
    /// What a gate makes of it. One that was called back bars, so that it is refused whatever its
    /// signature says.
    ///
    /// A pass with a plate has both in its entry: they belong together.
    pub fn registration(&self) -> Result<Registration, String> {
        let id: PassId = self
            .id
            .parse()
            .map_err(|_error| "this is no pass".to_owned())?;
        let plate = self
            .plate
            .as_ref()
            .map(|plate| Plate::parse(plate))
            .transpose();
        let group = self.group.as_ref().map(|group| group.parse()).transpose();
        let is_called_back = self.called_back_at.is_some();
        Ok(Registration {
            pass: Some(id),
            // Of a pass that was called back the plate is free again.
            plate: plate
                .map_err(|_error| "this is no plate".to_owned())?
                .filter(|_| !is_called_back),
            group: group.map_err(|_error| "this is no group".to_owned())?,
            access: if is_called_back {
                Access::Bar
            } else {
                Access::Allow
            },
            valid_from: time(Some(&self.valid_from))?,
            valid_until: time(Some(&self.valid_until))?,
            uses_max: self.uses_max,
            ..Registration::allow()
        })
    }

    /// What it is worth now.
    pub fn standing(&self, now: Timestamp) -> Result<PassStanding, String> {
        let (from, until) = (
            wire::parse_time(&self.valid_from)?,
            wire::parse_time(&self.valid_until)?,
        );
        Ok(match () {
            () if self.called_back_at.is_some() => PassStanding::CalledBack,
            () if now < from => PassStanding::NotYet,
            () if until <= now => PassStanding::Over,
            () => PassStanding::Valid,
        })
    }
}
