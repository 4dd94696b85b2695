//! One transit of one gate lane: arrived, decided, opened, gone through or not.
//!
//! A passage is one sighting, or several when the track of one vehicle broke.
//! It is judged when the evidence is decisive, when the vehicle has left, or when waiting any
//! longer would leave it
//! standing; the policy grants it at most once, and a grant gives exactly one command. Then the
//! loop is closed: the device's answer, the boom, and whoever goes under it.

use crate::{Factor, ListRegistry};
use domain::{
    Ack, Barrier, Class, DeviceEvent, Direction, DocumentRead, GateAlarm, GateCommand, GateId,
    Movement, Order, Passage, Sighting, Verdict, ZoneId,
};
use std::{sync::Arc, time::Duration};

mod alarms;
mod answer;
mod machine;
mod open;
mod orders;
mod recent;
mod transit;

pub use machine::PassageMachine;

/// How long after a command's expiry its acknowledgement may still be on the way.
pub const ACK_GRACE: Duration = Duration::from_millis(500);

/// How many sightings of ended passages, and how many orders, are remembered, so that a message
/// that comes again changes nothing.
pub const HANDLED_MAX: usize = 16_384;

/// How it is known that somebody went through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Nothing says so: who was let in and has left the picture is taken to have gone through,
    /// unless the barrier was down before.
    #[default]
    Presumed,
    /// The loop under the boom, or the light beam, has been left.
    Loop,
    /// The track went over a line in the picture, this way.
    Line(ZoneId, Direction),
}

/// What becomes of somebody about whom the guard was asked and did not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnSilence {
    /// Not let in.
    #[default]
    StayShut,
    /// Let in.
    LetIn,
}

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
    /// How it is known that somebody went through.
    pub confirm: Confirm,
    /// How long the guard has for an answer; nothing means as long as somebody stands there.
    pub guard_within: Option<Duration>,
    /// What holds when that time has passed.
    pub on_silence: OnSilence,
    /// Barriers that must not be open together with this one.
    pub interlocked_with: Vec<GateId>,
    /// Whether the barrier opens and stays open at a fire alarm.
    pub opens_on_fire: bool,
    /// A loop that is free for less than this is under a trailer's drawbar, not free.
    pub loop_gap: Duration,
    /// A barrier that is up for longer than this, without an order to stay so, is an alarm.
    pub held_open_after: Duration,
    /// Something under the boom for longer than this is an alarm.
    pub stalled_after: Duration,
}

impl Lane {
    /// A lane as it is when its configuration says nothing.
    pub fn for_factor(gate: GateId, factor: Factor) -> Self {
        let vehicles = [Class::Car, Class::Motorbike, Class::Bus, Class::Truck];
        let people = [Class::Person, Class::Face];
        let classes = match factor {
            Factor::Plate => vehicles.to_vec(),
            Factor::Face => people.to_vec(),
            Factor::Pass | Factor::Anyone => [&vehicles[..], &people[..]].concat(),
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
            confirm: Confirm::Presumed,
            guard_within: None,
            on_silence: OnSilence::StayShut,
            interlocked_with: Vec::new(),
            opens_on_fire: false,
            loop_gap: Duration::from_millis(300),
            held_open_after: Duration::from_secs(30),
            stalled_after: Duration::from_secs(15),
        }
    }
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq)]
pub enum GateInput {
    /// A camera of the lane says something about somebody.
    Sighting(Sighting),
    /// The device answers a command.
    Ack(Ack),
    /// This barrier, or one that it is interlocked with, says where it is.
    Barrier(Barrier),
    /// An input of the barrier has changed.
    Device(DeviceEvent),
    /// A document was shown here.
    Document(DocumentRead),
    /// A person orders something; the shell has checked the signature.
    Order(Order),
    /// Somebody went through another gate of the site.
    Movement(Movement),
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
    /// The barrier is to open, to stay open, or to end that.
    Command(GateCommand),
    /// Somebody went through.
    Movement(Movement),
    /// Something is wrong, or no longer is.
    Alarm(GateAlarm),
}

/// One step of the machine: the moment, where ids come from, and where answers go.
struct Turn<'a, I> {
    at: domain::Timestamp,
    ids: &'a mut I,
    out: &'a mut Vec<GateOutput>,
}

impl<I: crate::IdSource> Turn<'_, I> {
    fn id(&mut self) -> u128 {
        self.ids.next_id(self.at)
    }

    fn say(&mut self, output: GateOutput) {
        self.out.push(output);
    }
}
