//! A message on its way out.

use super::{BusError, PACKET_BYTES_MAX};
use tokio::{sync::oneshot, time::Instant};
use wire::Topic;

/// Fixed header, topic length and packet id of a publication, at most.
const PACKET_OVERHEAD: usize = 16;

/// What became of a message that may expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was written to the broker's connection; it may still have been lost there.
    Sent,
    /// Its time passed before there was a connection; it was dropped.
    Expired,
}

/// Not `Debug`: the payload may hold a plate.
pub(super) struct Publication {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) is_retained: bool,
    pub(super) keeping: Keeping,
    /// After this moment it is not handed to the network any more, also not again.
    pub(super) expires_at: Option<Instant>,
    /// Told when the broker has acknowledged it.
    pub(super) acknowledged: Option<oneshot::Sender<()>>,
    /// Told once, from the connection's own task, before any answer to the message can come in.
    pub(super) told: Option<Box<dyn FnOnce(Fate) + Send>>,
}

/// What becomes of a message whose connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Goes out on the next connection.
    UntilAcknowledged,
    /// Is forgotten: its sender repeats it itself. The number is that of the connection.
    ForSession(u64),
    /// Is forgotten: the next picture is better.
    Once,
}

impl Publication {
    /// Not retained, and nobody waits for it.
    pub(super) fn new(topic: String, payload: Vec<u8>, keeping: Keeping) -> Self {
        Self {
            topic,
            payload,
            is_retained: false,
            keeping,
            expires_at: None,
            acknowledged: None,
            told: None,
        }
    }

    /// Goes out until it is acknowledged, retained if the topic is.
    pub(super) fn of(topic: &Topic, payload: Vec<u8>) -> Result<Self, BusError> {
        let kept = Self::new(topic.to_string(), payload, Keeping::UntilAcknowledged);
        let is_retained = topic.is_retained();
        Self {
            is_retained,
            ..kept
        }
        .checked()
    }

    /// A packet that is too large, or a topic that is none, would break the connection, again and
    /// again.
    pub(super) fn checked(self) -> Result<Self, BusError> {
        let topic = &self.topic;
        if topic.is_empty() || topic.contains('\0') || !rumqttc::valid_topic(topic) {
            return Err(BusError::Topic {
                topic: topic.clone(),
            });
        }
        let n_bytes = self.topic.len() + self.payload.len() + PACKET_OVERHEAD;
        if PACKET_BYTES_MAX < n_bytes {
            Err(BusError::TooLarge { n_bytes })
        } else {
            Ok(self)
        }
    }

    pub(super) fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Instant::now())
    }

    pub(super) fn tell(&mut self, fate: Fate) {
        if let Some(told) = self.told.take() {
            told(fate);
        }
    }
}
