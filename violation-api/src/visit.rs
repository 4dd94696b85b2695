//! The life of a visit: what may happen to it, and what it is then. No clock, no store.

use std::str::FromStr;

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VisitState {
    /// Announced by a host's link, and not approved yet: there is no pass.
    Invited,
    /// Expected, with a pass.
    Registered,
    /// On the site.
    CheckedIn,
    /// Gone.
    CheckedOut,
    /// Called off by the host, the guard or the visitor.
    Cancelled,
    /// The time is over and nobody came.
    DidNotCome,
}

/// What happens to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VisitStep {
    /// Somebody is announced by a link.
    Announce,
    /// Somebody is registered by the guard, or approved.
    Register,
    /// Comes in.
    CheckIn,
    /// Leaves.
    CheckOut,
    /// Is called off.
    Cancel,
    /// Is given up.
    GiveUp,
}

impl VisitState {
    /// All of them, in the order of a visit.
    pub const ALL: [Self; 6] = [
        Self::Invited,
        Self::Registered,
        Self::CheckedIn,
        Self::CheckedOut,
        Self::Cancelled,
        Self::DidNotCome,
    ];

    /// Its name in the store.
    pub fn code(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Registered => "registered",
            Self::CheckedIn => "checked-in",
            Self::CheckedOut => "checked-out",
            Self::Cancelled => "cancelled",
            Self::DidNotCome => "did-not-come",
        }
    }

    /// What it is after a step; nothing when the step makes no sense now.
    ///
    /// Who has left may come back while the visit lasts.
    pub fn after(self, step: VisitStep) -> Option<Self> {
        match (self, step) {
            (Self::Invited, VisitStep::Register) => Some(Self::Registered),
            (Self::Registered | Self::CheckedOut, VisitStep::CheckIn) => Some(Self::CheckedIn),
            (Self::CheckedIn, VisitStep::CheckOut) => Some(Self::CheckedOut),
            (Self::Invited | Self::Registered, VisitStep::Cancel) => Some(Self::Cancelled),
            (Self::Invited | Self::Registered, VisitStep::GiveUp) => Some(Self::DidNotCome),
            _ => None,
        }
    }

    /// What a visit that begins with this step is.
    pub fn first(step: VisitStep) -> Self {
        match step {
            VisitStep::Announce => Self::Invited,
            _ => Self::Registered,
        }
    }

    /// Whether somebody may still come in by it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Invited | Self::Registered | Self::CheckedIn)
    }
}

impl FromStr for VisitState {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|state| state.code() == code);
        found.ok_or(())
    }
}

impl VisitStep {
    const ALL: [Self; 6] = [
        Self::Announce,
        Self::Register,
        Self::CheckIn,
        Self::CheckOut,
        Self::Cancel,
        Self::GiveUp,
    ];

    /// Its name in the store and in the audit.
    pub fn code(self) -> &'static str {
        match self {
            Self::Announce => "announce-visitor",
            Self::Register => "register-visitor",
            Self::CheckIn => "check-in-visitor",
            Self::CheckOut => "check-out-visitor",
            Self::Cancel => "cancel-visitor",
            Self::GiveUp => "give-up-visitor",
        }
    }
}

impl FromStr for VisitStep {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|step| step.code() == code);
        found.ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state with every step, written out: `-` is refused.
    #[test]
    fn every_step_in_every_state() {
        let name = |state: Option<VisitState>| state.map_or("-", VisitState::code);
        let table = VisitState::ALL.map(|state| VisitStep::ALL.map(|step| name(state.after(step))));
        let expect = [
            // announce, register, check-in, check-out, cancel, give-up
            ["-", "registered", "-", "-", "cancelled", "did-not-come"],
            ["-", "-", "checked-in", "-", "cancelled", "did-not-come"],
            ["-", "-", "-", "checked-out", "-", "-"],
            ["-", "-", "checked-in", "-", "-", "-"],
            ["-"; 6],
            ["-"; 6],
        ];
        assert_eq!(table, expect);
    }

    #[test]
    fn names_are_read_again() {
        for state in VisitState::ALL {
            assert_eq!(state.code().parse(), Ok(state));
        }
        for step in VisitStep::ALL {
            assert_eq!(step.code().parse(), Ok(step));
        }
        assert_eq!("gone".parse::<VisitState>(), Err(()));
    }
}
