//! What a controller tells the program around it: plain values, for the console, the report and the
//! metrics.

use domain::{AckResult, Barrier, CommandId, GateAlarm, Movement, Passage, Timestamp, Verdict};
use std::sync::atomic::{AtomicU64, Ordering};

/// Something has happened at the gate. Everything here is in the journal already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateEvent {
    /// A passage began or changed its state.
    Passage(Passage),
    /// Somebody was judged.
    Verdict(Verdict),
    /// The barrier was told to open: the command has left for the broker.
    Commanded(CommandTiming),
    /// The barrier has answered.
    Answered {
        /// With what.
        result: AckResult,
        /// The command, with all that is known by now.
        timing: CommandTiming,
    },
    /// The barrier has moved.
    Barrier(Barrier),
    /// Somebody went through.
    Movement(Movement),
    /// Something is wrong, or no longer is.
    Alarm(GateAlarm),
}

/// When each step from the light on the sensor to the barrier was done, by our clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandTiming {
    /// The command.
    pub command: CommandId,
    /// Capture time of the frame that settled it.
    pub captured_at: Timestamp,
    /// When the message that settled it came in. Later than the verdict only if a clock was set.
    pub received_at: Timestamp,
    /// When the verdict was given.
    pub given_at: Timestamp,
    /// When the command was handed to the broker's connection, after the journal was synced.
    pub published_at: Timestamp,
    /// When the first answer came in.
    pub answered_at: Option<Timestamp>,
    /// When the barrier said that it is open.
    pub executed_at: Option<Timestamp>,
}

/// What a controller has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateStats {
    /// Messages about vehicles and people.
    pub sightings: u64,
    /// The barrier's answers.
    pub acks: u64,
    /// The barrier's positions.
    pub barriers: u64,
    /// The barrier's inputs.
    pub devices: u64,
    /// Documents that were shown.
    pub documents: u64,
    /// Persons' orders with a good signature.
    pub orders: u64,
    /// Movements at other gates.
    pub movements: u64,
    /// Payloads that are no message of ours.
    pub rejected_malformed: u64,
    /// Payloads of a newer program.
    pub rejected_version: u64,
    /// Payloads that are too large.
    pub rejected_too_large: u64,
    /// Messages of ours that do not belong where they came.
    pub rejected_unexpected: u64,
    /// Orders whose signature is not of a key that is trusted here.
    pub rejected_forged: u64,
    /// Verdicts given.
    pub verdicts: u64,
    /// Commands handed to the broker's connection, which keeps them until they expire.
    pub commands: u64,
    /// Those of them that expired while the broker was away, and were never sent.
    pub commands_expired_unsent: u64,
    /// Commands that were not sent because they had expired before they were written down.
    pub commands_expired: u64,
    /// Commands that the connection did not take.
    pub commands_unsent: u64,
    /// Times that the outbox did not take events; they are kept and tried again.
    pub outbox_failures: u64,
}

macro_rules! counters {
    ($($name:ident),*) => {
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: AtomicU64),* }

        impl Counters {
            pub(crate) fn read(&self) -> GateStats {
                GateStats { $($name: self.$name.load(Ordering::Relaxed)),* }
            }
        }
    };
}

counters!(
    sightings,
    acks,
    barriers,
    devices,
    documents,
    orders,
    movements,
    rejected_malformed,
    rejected_version,
    rejected_too_large,
    rejected_unexpected,
    rejected_forged,
    verdicts,
    commands,
    commands_expired_unsent,
    commands_expired,
    commands_unsent,
    outbox_failures
);

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
