//! Who goes in and out: the words of counting, periods, reports and spreadsheets.

pub(crate) mod csv;
pub(crate) mod period;
pub(crate) mod report;

use domain::{CameraId, Class, GateId, Timestamp, ZoneId};
use std::{fmt, str::FromStr};

/// Hours of every zone are made of these.
pub(crate) const QUARTER_MICROS: i64 = 900_000_000;

/// What is counted. A cyclist counts as a person, as in the gates' own book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowKind {
    /// People, also on bicycles.
    Person,
    /// Motor vehicles.
    Vehicle,
}

impl FlowKind {
    /// What a class counts as.
    pub fn of(class: Class) -> Self {
        if class.is_motor_vehicle() {
            Self::Vehicle
        } else {
            Self::Person
        }
    }

    /// Both.
    pub const ALL: [Self; 2] = [Self::Person, Self::Vehicle];
}

/// Into the site or a zone of it, or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowDirection {
    /// Into a zone. A gate that leads nowhere by the site file counts as one that leads in.
    In,
    /// Out of a zone to the outside.
    Out,
}

/// Where people and vehicles come in or go out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entrance {
    /// A gate: what went through by its movements.
    Gate(GateId),
    /// A counting line of a camera, into a zone.
    Line(CameraId, ZoneId),
}

impl fmt::Display for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(gate) => write!(f, "{gate}"),
            Self::Line(camera, zone) => write!(f, "{camera}/{zone}"),
        }
    }
}

/// A text that is no entrance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of a gate, or CAMERA/ZONE for a counting line")]
pub struct InvalidEntrance;

impl FromStr for Entrance {
    type Err = InvalidEntrance;

    fn from_str(text: &str) -> Result<Self, InvalidEntrance> {
        let invalid = |_error| InvalidEntrance;
        match text.split_once('/') {
            None => text.parse().map(Self::Gate).map_err(invalid),
            Some((camera, zone)) => Ok(Self::Line(
                camera.parse().map_err(invalid)?,
                zone.parse().map_err(invalid)?,
            )),
        }
    }
}

/// Whose crossings count for a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowSource {
    /// Movements through gates.
    Gate,
    /// Crossings of counting lines.
    Line,
}

/// So many went one way through an entrance, from this moment on for a quarter of an hour or an
/// hour. A gate that has led to several zones has a row for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRow {
    /// When that time began.
    pub at: Timestamp,
    /// Where.
    pub entrance: Entrance,
    /// Which way.
    pub direction: FlowDirection,
    /// What.
    pub kind: FlowKind,
    /// How many.
    pub n: u64,
}
