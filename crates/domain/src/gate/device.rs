//! What is said to a barrier, and what it says.

use crate::{CommandId, GateId, OrderId, PassageId, Timestamp, VerdictId};

/// What a barrier is told. It sets a state and never toggles; there is no "close" on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandKind {
    /// Open for one passage; the device ends its own pulse.
    Open,
    /// Stay open until released.
    HoldOpen,
    /// End a hold.
    Release,
}

/// An order to a barrier. A late open is worse than none: it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateCommand {
    /// Its id; the device obeys each once.
    pub id: CommandId,
    /// The gate.
    pub gate: GateId,
    /// What to do.
    pub kind: CommandKind,
    /// What it carries out.
    pub cause: CommandCause,
    /// The number that the device gave when it started, when it gives one: a command from before
    /// its last start is refused even if the device has forgotten what it obeyed and its clock is
    /// wrong.
    pub nonce: Option<DeviceNonce>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// After this moment the device must refuse it.
    pub expires_at: Timestamp,
}

/// Why a barrier is told something. Every command has one, so that every opening is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandCause {
    /// A verdict about a passage.
    Verdict {
        /// The verdict.
        verdict: VerdictId,
        /// The passage it is for.
        passage: PassageId,
    },
    /// A person's order without a passage, or a change of the site's mode.
    Order(OrderId),
    /// The fire input of the device.
    Fire,
}

impl CommandCause {
    /// The passage that it is for, if it is for one.
    pub fn passage(self) -> Option<PassageId> {
        match self {
            Self::Verdict { passage, .. } => Some(passage),
            Self::Order(_) | Self::Fire => None,
        }
    }
}

/// A random number that a device makes at every start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceNonce(pub u64);

/// What the device did with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckResult {
    /// Understood; it moves.
    Accepted,
    /// Done.
    Executed,
    /// Refused: bad signature, wrong gate, or the device is in fault.
    Rejected,
    /// Refused: too late.
    Expired,
    /// Refused: obeyed before.
    Duplicate,
}

/// A device's answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The command.
    pub command: CommandId,
    /// The gate.
    pub gate: GateId,
    /// What became of it.
    pub result: AckResult,
    /// When, by the device.
    pub at: Timestamp,
}

/// Where a barrier is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateState {
    /// Down.
    Closed,
    /// Going up.
    Opening,
    /// Up.
    Open,
    /// Going down.
    Closing,
    /// Broken.
    Fault,
    /// Not heard from.
    #[default]
    Unknown,
}

/// A barrier as it reports itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The gate.
    pub gate: GateId,
    /// Where it is.
    pub state: GateState,
    /// Since when, by the device.
    pub since: Timestamp,
    /// What commands must carry, when the device asks for it.
    pub nonce: Option<DeviceNonce>,
}

/// An input of a barrier's board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceInput {
    /// The induction loop before the boom: a vehicle is waiting.
    LoopBefore,
    /// The induction loop under the boom.
    LoopUnder,
    /// The light beam across the lane, where the boom would come down.
    Beam,
    /// The fire alarm's contact.
    Fire,
    /// The cover's contact.
    Tamper,
    /// Mains power is away.
    PowerLost,
}

/// An input that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEvent {
    /// The gate.
    pub gate: GateId,
    /// Which input.
    pub input: DeviceInput,
    /// Whether it is active now.
    pub is_active: bool,
    /// Counts the device's events since its start, from 0: what comes twice or late is known by it.
    pub seq: u64,
    /// When, by the device.
    pub at: Timestamp,
}
