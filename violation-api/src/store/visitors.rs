//! Visitors: who is expected, who is here, and who did what about it.
//!
//! **Invariant:** a visit changes by a step of `visit` only, in one transaction with its event row
//! and its audit row.
//! **Invariant:** of a document a key and a mask are kept; who it was goes when the visit is
//! erased.

mod change;
mod erase;
mod link;
mod read;

pub(crate) use change::note_movement;
pub use change::{StepWanted, VisitorDone, VisitorRefused};
pub use link::{LinkWanted, VisitLink};
pub use read::{DayFilter, VisitorEvent};

use crate::visit::VisitState;
use domain::{
    Assurance, GateId, HolderKey, PassId, PassageId, Plate, Timestamp, VisitLinkId, VisitorId,
};
use std::fmt;

/// What is known of a visitor. Personal data: `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Which visit.
    pub id: VisitorId,
    /// The host's link by which it was announced.
    pub link: Option<VisitLinkId>,
    /// Where it stands.
    pub state: VisitState,
    /// Counts its changes.
    pub version: i64,
    /// What people tell of themselves; nothing once it was erased.
    pub person: Option<VisitorPerson>,
    /// The document that was shown at the desk.
    pub document: Option<VisitorDocument>,
    /// How well it is known who it is.
    pub assurance: Option<Assurance>,
    /// From when the visitor is expected.
    pub expected_from: Timestamp,
    /// Until when the visit lasts.
    pub expected_until: Timestamp,
    /// How often the pass lets in; nothing means as often as wanted.
    pub uses_max: Option<u8>,
    /// The pass.
    pub pass: Option<PassId>,
    /// When and where the visitor came in last.
    pub checked_in: Option<(Timestamp, Option<GateId>)>,
    /// When and where the visitor left last.
    pub checked_out: Option<(Timestamp, Option<GateId>)>,
    /// When it was erased who it was.
    pub erased_at: Option<Timestamp>,
}

/// What a visitor, the host or the guard tells.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitorPerson {
    /// The name.
    pub name: String,
    /// The company.
    pub company: Option<String>,
    /// A telephone number, for the case that something is wrong.
    pub phone: Option<String>,
    /// Who is visited.
    pub host: String,
    /// What for.
    pub purpose: Option<String>,
    /// The vehicle.
    pub plate: Option<Plate>,
}

/// The document that was shown, as far as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitorDocument {
    /// Whose: a hash with the site's key.
    pub holder: HolderKey,
    /// For people: most digits are left out.
    pub masked: String,
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visitor({})", self.id)
    }
}

impl fmt::Debug for VisitorPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorPerson(<redacted>)")
    }
}

impl fmt::Debug for VisitorDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorDocument(<redacted>)")
    }
}

/// A visit that begins.
#[derive(Clone, Debug)]
pub struct NewVisitor {
    /// Its id: the same form that is sent twice makes one visit.
    pub id: VisitorId,
    /// Who.
    pub person: VisitorPerson,
    /// From when.
    pub expected_from: Timestamp,
    /// Until when.
    pub expected_until: Timestamp,
    /// How often the pass lets in.
    pub uses_max: Option<u8>,
    /// The hash of the address at which the visitor sees the pass.
    pub ticket_sha256: Option<String>,
}

/// Where a movement came from, for the visit that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    gate: GateId,
    passage: Option<PassageId>,
}
