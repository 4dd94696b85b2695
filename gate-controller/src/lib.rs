//! Sightings to verdicts, signed commands and passages; the barrier simulator; journal replay.
//!
//! A gate is one task around the pure [`policy::PassageMachine`]: MQTT in, a bounded queue, the
//! core, the journal, and only then MQTT and the outbox out. The journal holds every input and
//! every output, so that [`replay`] can show that the same inputs give the same bytes, and so that
//! a gate that was killed goes on without doing anything twice.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod actuator;
mod announce;
mod controller;
mod core;
mod effects;
mod event;
mod intake;
mod recovery;
mod rehearsal;
mod rejections;
mod replay;
mod retell;
mod settings;
mod simulator;
mod trial;

pub use crate::core::CoreError;
pub use actuator::{
    Adapter, AdapterError, AdapterParts, MemoryError, RefusedCounts, start_adapter,
};
pub use announce::{AnnounceConfig, announce};
pub use controller::{
    GateConfig, GateController, GateEnded, GateError, GateParts, JOURNAL_BYTES_MAX,
};
pub use event::{CommandTiming, GateEvent, GateStats};
pub use intake::gate_filters;
pub use recovery::{RecoveryError, RecoveryReport};
pub use rehearsal::{Faults, RehearsalReport, rehearse};
pub use replay::{Explained, ReplayError, ReplayReport, explain_verdict, replay};
pub use retell::{OwnMovements, listening_source, retell, retell_filters};
pub use settings::{CARRIED_MAX, CoreSettings, InvalidSettings};
pub use simulator::{
    BarrierSettings, BarrierSimulator, Fail, SimulatorParts, Vehicle, simulator_filters,
};
pub use trial::{Answered, Changed, Trial, TrialReport, try_policy};
