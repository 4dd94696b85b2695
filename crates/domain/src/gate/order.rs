//! What persons order a gate to do.

use crate::{GateId, OrderId, PassageId, Timestamp, ZoneId};

/// What holds for the whole site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteMode {
    /// As the lists say.
    #[default]
    Normal,
    /// Nothing opens by itself.
    Lockdown,
    /// Whoever leaves is let out, nobody is let in.
    Evacuation,
}

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// Let this passage in.
    Admit(PassageId),
    /// Turn this passage away.
    Refuse(PassageId),
    /// Open once, for nobody in particular.
    Open,
    /// Stay open.
    HoldOpen,
    /// End a hold.
    Release,
    /// Another mode for the whole site. Said again and again while it holds, so that a gate that
    /// was away learns of it.
    Mode(SiteMode),
    /// Forget who is inside: the next passage of everybody is taken for the first.
    ForgiveAntiPassback(ZoneId),
    /// So many are inside a zone, somebody has counted.
    Counted {
        /// The zone.
        zone: ZoneId,
        /// Vehicles.
        vehicles: u32,
        /// People.
        people: u32,
    },
}

/// A person's order to a gate. It expires as a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id: carried out once.
    pub id: OrderId,
    /// The gate; nothing means every gate of the site.
    pub gate: Option<GateId>,
    /// What.
    pub kind: OrderKind,
    /// Whose account.
    pub by: String,
    /// Why, in the person's words.
    pub reason: String,
    /// When it was given.
    pub issued_at: Timestamp,
    /// After this moment gates refuse it.
    pub expires_at: Timestamp,
}
