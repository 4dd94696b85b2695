//! Tracks, signals and zones to candidates: one file for each traffic rule.
//!
//! A rule is a step machine: it takes what happened, in the order of capture times, and says what
//! it found. A finding is not an accusation: a person with authority reviews it. So where a rule is
//! not sure it says nothing and counts why.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod finding;
mod lamps;
mod red_light;
mod signal;

pub use finding::{EvidenceFrame, Rule, RuleFinding, RuleInput};
pub use lamps::{LampColours, classify_lamps};
pub use red_light::{GroundPoint, RedLight, RedLightConfig, Refusal};
pub use signal::{PhaseAt, SignalFilter, SignalFilterConfig};
