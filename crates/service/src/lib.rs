//! The shell that all programs share: configuration, clock, bus, broker, journal, outbox and keys.
//!
//! Everything that several programs need of the outside world stands here once. `bus` is the only
//! module that names the MQTT client, `broker` the only one that names the embedded broker, `clock`
//! the only one that reads the system's clock.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod broker;
pub mod bus;
pub mod clock;
pub mod config;
pub mod document_reader;
pub mod documents;
pub mod evidence;
pub mod ids;
pub mod journal;
pub mod keys;
pub mod link_token;
pub mod list_bundle;
pub mod outbox;
pub mod pass;
pub mod pass_desk;
pub mod private_folder;
pub mod qr_code;
pub mod sealed;
pub mod shutdown;
pub mod site_list;
pub mod telemetry;

mod base45;
mod hex;
mod secret_file;
