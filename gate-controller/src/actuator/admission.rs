//! Which commands a device obeys: the same for the simulated barrier and for every adapter.
//!
//! **Invariant:** a command is obeyed at most once, in its time, by the gate that it names, in the
//! order of issue, and only if it was made for the device's present start. No I/O; time is an
//! argument.

use domain::{AckResult, CommandId, DeviceNonce, GateCommand, GateId, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// How many obeyed commands are remembered; far more than can live at once.
pub(crate) const OBEYED_MAX: usize = 256;

/// A command as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) command: GateCommand,
    /// Whether a trusted key has signed it for this site.
    pub(crate) is_genuine: bool,
}

/// What a device knows of the commands that it has obeyed.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    gate: GateId,
    /// How far a command's time of issue may lie ahead of the device's clock.
    clock_tolerance: Duration,
    nonce: DeviceNonce,
    obeyed: VecDeque<CommandId>,
    /// When the newest of the obeyed commands was issued.
    newest_issued_at: Option<Timestamp>,
}

impl Admission {
    /// A device that has just started and remembers from its disk what it has obeyed.
    pub(crate) fn new(
        gate: GateId,
        clock_tolerance: Duration,
        nonce: DeviceNonce,
        obeyed: impl Iterator<Item = CommandId>,
    ) -> Self {
        Self {
            gate,
            clock_tolerance,
            nonce,
            obeyed: obeyed.collect(),
            newest_issued_at: None,
        }
    }

    /// What commands must carry.
    pub(crate) fn nonce(&self) -> DeviceNonce {
        self.nonce
    }

    /// Why it must not be obeyed; nothing when it may be.
    ///
    /// What was obeyed before is told as that, whatever else is wrong with it by now: its sender
    /// has lost the first answer.
    pub(crate) fn refusal(&self, heard: &Heard, now: Timestamp) -> Option<AckResult> {
        let Heard {
            command,
            is_genuine,
        } = heard;
        let latest = now.saturating_add(self.clock_tolerance);
        // Behind a clock that was set back, what was obeyed lies in the future: order is then not
        // known, and expiry and nonce have to do.
        let newest = self.newest_issued_at.filter(|newest| *newest <= latest);
        if !is_genuine || command.gate != self.gate {
            Some(AckResult::Rejected)
        } else if self.has_obeyed(command.id) {
            Some(AckResult::Duplicate)
        } else if command.expires_at < now || latest < command.issued_at {
            Some(AckResult::Expired)
        } else if command.nonce != Some(self.nonce) {
            Some(AckResult::Rejected)
        } else if newest.is_some_and(|newest| command.issued_at < newest) {
            Some(AckResult::Expired)
        } else {
            None
        }
    }

    /// Whether this id was obeyed before.
    pub(crate) fn has_obeyed(&self, id: CommandId) -> bool {
        self.obeyed.contains(&id)
    }

    /// Takes note of a command that is being obeyed.
    pub(crate) fn remember(&mut self, command: &GateCommand) {
        self.obeyed.push_back(command.id);
        if OBEYED_MAX < self.obeyed.len() {
            self.obeyed.pop_front();
        }
        self.newest_issued_at = Some(command.issued_at);
    }
}
