//! Who may pass: list, schedule and look-alike matching, verdicts and the passage state machine.
//!
//! Everything here is pure: [`decide`] and [`PassageMachine::step`] are total functions of their
//! arguments.
//! Time is an argument, ids come from a seeded [`IdSource`], and there is no error to return:
//! *refer* is an answer. So a journal of inputs replays to the same bytes.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod decide;
mod ids;
mod passage;
mod presence;
mod registry;
mod rule;
mod schedule;

pub use decide::{
    Circumstances, Decision, Evidence, Explanation, Fact, GrantTerms, Obstacle, Question, decide,
    explain,
};
pub use ids::{IdSource, SeededIds};
pub use passage::{
    ACK_GRACE, Confirm, GateInput, GateOutput, HANDLED_MAX, Lane, OnSilence, PassageMachine,
};
pub use presence::{Inside, LastMove, MOVEMENTS_MAX, MOVERS_MAX, ZoneBook};
pub use registry::ListRegistry;
pub use rule::{
    AntiPassback, Capacity, Factor, GRANT_TTL_MAX, GRANT_TTL_MIN, OPEN_WITHIN_MAX, Policy, Route,
};
pub use schedule::next_opening;
