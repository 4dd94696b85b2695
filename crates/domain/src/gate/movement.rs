//! Who went from where to where.

use crate::{Class, GateId, PassId, PassageId, PersonId, Timestamp, ZoneId};
use std::fmt;

/// Which way a lane leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Into the zone.
    In,
    /// Out of it.
    Out,
}

/// A track went over a line in the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCrossing {
    /// The zone that the line bounds.
    pub zone: ZoneId,
    /// Which way.
    pub direction: Direction,
    /// Capture time of the frame in which it was clearly beyond.
    pub at: Timestamp,
}

/// What is the same when the same vehicle or person comes again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mover {
    /// A vehicle, by the key of its plate.
    Plate(String),
    /// An enrolled person.
    Person(PersonId),
    /// Whoever has this pass.
    Pass(PassId),
}

impl fmt::Debug for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mover(<redacted>)")
    }
}

/// Somebody went through a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The passage: one passage is one movement, whoever tells of it and how often.
    pub passage: PassageId,
    /// The gate.
    pub gate: GateId,
    /// The zone that was left; nothing is outside the site.
    pub from: Option<ZoneId>,
    /// The zone that was entered.
    pub to: Option<ZoneId>,
    /// What it is.
    pub class: Class,
    /// Who it is, when that is known.
    pub mover: Option<Mover>,
    /// The pass that was used up.
    pub pass: Option<PassId>,
    /// When.
    pub at: Timestamp,
}
