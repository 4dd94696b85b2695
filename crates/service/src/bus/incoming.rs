//! What comes from other programs.

use std::fmt;
use tokio::sync::mpsc;
use wire::{Envelope, Topic, WireError};

/// A message as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its topic.
    pub topic: String,
    /// Its content.
    pub payload: Vec<u8>,
    /// Whether it is the broker's last known one, not one of just now.
    pub retained: bool,
}

/// Without the content: it may hold a plate.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({}, {} bytes)", self.topic, self.payload.len())
    }
}

impl Incoming {
    /// The topic, when it is one of ours.
    pub fn parsed_topic(&self) -> Option<Topic> {
        self.topic.parse().ok()
    }

    /// The content as an envelope.
    pub fn envelope(&self) -> Result<Envelope, WireError> {
        Envelope::decode(&self.payload)
    }
}

/// Where incoming messages are taken from. Dropping it ends the interest, not the subscription.
#[derive(Debug)]
pub struct BusEvents {
    pub(super) incoming: mpsc::Receiver<Incoming>,
}

impl BusEvents {
    /// The next message; nothing once the bus is closed and all has been taken. May be cancelled.
    pub async fn recv(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// The next message, when one waits.
    pub fn try_recv(&mut self) -> Option<Incoming> {
        self.incoming.try_recv().ok()
    }
}
