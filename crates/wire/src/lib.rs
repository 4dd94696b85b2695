//! What crosses a process boundary: MQTT payloads, topic names and journal records, versioned.
//!
//! The shapes on the wire are private; the rest of the program sees domain types only. Reading is
//! strict: an unknown field, a newer version, a number that is not finite or a name that is no slug
//! is an error, and the caller counts it. The topics and payloads are described in
//! `docs/ref/mqtt.md`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod bundle;
mod envelope;
mod journal;
mod message;
mod shape;
mod time;
mod topic;

pub use bundle::{BundleBody, BundleKeys, PART_BYTES, PARTS_MAX, Seal};
pub use envelope::{Envelope, PAYLOAD_BYTES_MAX, VERSION, WireError};
pub use journal::{JournalEntry, JournalRecord};
pub use message::{
    Assist, CameraState, CameraStatus, Count, Message, Receipt, SignedCommand, SignedOrder,
};
pub use time::{format_time, parse_time};
pub use topic::Topic;
