//! The envelope that every message travels in.

use crate::message::{Message, MessageShape};
use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of the envelope and of every payload.
pub const VERSION: u32 = 1;

/// Largest payload that is read; a sighting with every alternative has about 6 kB.
pub const PAYLOAD_BYTES_MAX: usize = 262_144;

/// A message with what delivery needs to know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// UUID of the message, 32 hexadecimal digits: receivers drop what they have had.
    pub id: String,
    /// The program that sent it, for example `pipeline` or `gate-1`.
    pub source: String,
    /// Counts the messages of that source.
    pub seq: u64,
    /// When it was handed to the network.
    pub sent_at: Timestamp,
    /// W3C trace context, when there is one.
    pub traceparent: Option<String>,
    /// What it says.
    pub message: Message,
}

/// Why a payload was refused.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Larger than any message of ours.
    #[error("payload has {n_bytes} bytes, more than {PAYLOAD_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        n_bytes: usize,
    },
    /// Not JSON, or JSON of another shape.
    #[error("payload is not a message of ours: {reason}")]
    Malformed {
        /// What is wrong, without any of the content.
        reason: String,
    },
    /// Written by a newer program.
    #[error("payload has version {found}, this program reads {VERSION}: update this program")]
    Version {
        /// Its version.
        found: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeShape {
    v: u32,
    id: String,
    source: String,
    seq: u64,
    #[serde(with = "crate::time")]
    sent_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    message: MessageShape,
}

/// Only the version, so that a newer shape gives the right error.
#[derive(Deserialize)]
struct VersionOnly {
    v: u64,
}

impl Envelope {
    /// The JSON text.
    pub fn encode(&self) -> Vec<u8> {
        let shape = EnvelopeShape {
            v: VERSION,
            id: self.id.clone(),
            source: self.source.clone(),
            seq: self.seq,
            sent_at: self.sent_at,
            traceparent: self.traceparent.clone(),
            message: MessageShape::from(&self.message),
        };
        serde_json::to_vec(&shape).expect("these shapes have string keys and finite numbers only")
    }

    /// Reads a payload; strict.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        check_version(payload)?;
        let shape: EnvelopeShape = serde_json::from_slice(payload).map_err(malformed)?;
        let message =
            Message::try_from(shape.message).map_err(|reason| WireError::Malformed { reason })?;
        Ok(Self {
            id: shape.id,
            source: shape.source,
            seq: shape.seq,
            sent_at: shape.sent_at,
            traceparent: shape.traceparent,
            message,
        })
    }
}

pub(crate) fn check_version(payload: &[u8]) -> Result<(), WireError> {
    if PAYLOAD_BYTES_MAX < payload.len() {
        return Err(WireError::TooLarge {
            n_bytes: payload.len(),
        });
    }
    let version: VersionOnly = serde_json::from_slice(payload).map_err(malformed)?;
    if version.v != u64::from(VERSION) {
        return Err(WireError::Version { found: version.v });
    }
    Ok(())
}

/// Says where and what, without the content: a payload may hold a plate.
pub(crate) fn malformed(error: serde_json::Error) -> WireError {
    let what = match error.classify() {
        serde_json::error::Category::Io => "cannot be read",
        serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Data => "has a missing, unknown or mistyped field",
        serde_json::error::Category::Eof => "ends too early",
    };
    let reason = format!("{what} (line {} column {})", error.line(), error.column());
    WireError::Malformed { reason }
}
