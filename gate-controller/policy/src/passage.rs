//! One transit of one gate lane: arrived, decided, opened, left.
//!
//! A passage is one sighting, or several when the track of one vehicle broke.
//! It is judged when the evidence is decisive, when the vehicle has left, or when waiting any
//! longer would leave it
//! standing; it is granted at most once and then gives exactly one command.

use crate::ListRegistry;
use domain::{Ack, Barrier, Class, GateCommand, GateId, Passage, Sighting, Verdict};
use std::{sync::Arc, time::Duration};

mod machine;
mod open;

pub use machine::PassageMachine;

use crate::Factor;

/// How long after a command's expiry its acknowledgement may still be on the way.
pub const ACK_GRACE: Duration = Duration::from_millis(500);

/// How many sightings of ended passages are remembered, so that a message that comes again changes
/// nothing.
pub const HANDLED_MAX: usize = 16_384;

/// What a lane is, apart from its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Its gate.
    pub gate: GateId,
    /// What opens a passage here; anything that shows the lane's factor does, whatever it is taken
    /// for.
    pub classes: Vec<Class>,
    /// How long something with a plate or face read may stay undecided before the guard is asked.
    pub decide_after_max: Duration,
    /// How long something may stand there with nothing read before the guard is asked.
    pub unread_after_max: Duration,
    /// A plate granted here and seen again within this time is the same vehicle.
    pub same_vehicle_within: Duration,
    /// A passage that no message comes about for so long has ended.
    pub quiet_max: Duration,
    /// How many passages may be open; one more ends the oldest.
    pub open_max: usize,
    /// Whether better evidence may turn a referral into a grant while the passage is open.
    pub is_upgrade_allowed: bool,
}

impl Lane {
    /// A lane as it is when its configuration says nothing.
    pub fn for_factor(gate: GateId, factor: Factor) -> Self {
        let classes = match factor {
            Factor::Plate => vec![Class::Car, Class::Motorbike, Class::Bus, Class::Truck],
            Factor::Face => vec![Class::Person, Class::Face],
        };
        Self {
            gate,
            classes,
            decide_after_max: Duration::from_secs(4),
            unread_after_max: Duration::from_secs(10),
            same_vehicle_within: Duration::from_secs(8),
            quiet_max: Duration::from_secs(60),
            open_max: 64,
            is_upgrade_allowed: true,
        }
    }
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and nearly all of them are sightings"
)]
pub enum GateInput {
    /// A camera of the lane says something about somebody.
    Sighting(Sighting),
    /// The device answers a command.
    Ack(Ack),
    /// The barrier says where it is.
    Barrier(Barrier),
    /// Another list is in force.
    RegistryChanged(Arc<ListRegistry>),
    /// Time has passed.
    Tick,
}

/// What the machine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateOutput {
    /// A passage began or changed its state.
    PassageChanged(Passage),
    /// A passage was judged.
    Verdict(Verdict),
    /// The barrier is to open.
    Command(GateCommand),
}
