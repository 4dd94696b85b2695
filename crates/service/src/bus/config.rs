//! How a bus is set up.

use domain::SiteId;
use std::{path::PathBuf, time::Duration};

/// How to reach the broker, and as whom.
#[derive(Clone, Debug)]
pub struct BusConfig {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Unique among the broker's clients: a second one with the same throws the first one out.
    pub client_id: String,
    /// When the broker asks for them.
    pub credentials: Option<Credentials>,
    /// Stands in every topic.
    pub site: SiteId,
    /// This program, for example `gate-1`: stands in its availability topic and in what it says.
    pub source: String,
    /// Subscribed before the bus says that it is online, at the start and after each reconnection.
    pub filters: Vec<String>,
    /// How often the connection is checked; a dead one is noticed after at most twice this.
    pub keep_alive: Duration,
    /// Longest pause between attempts to connect; the first is 100 ms and each next one twice as
    /// long.
    pub backoff_max: Duration,
    /// How many messages may wait to go out.
    pub n_outgoing_max: usize,
    /// How many messages may wait for the receiver.
    pub n_incoming_max: usize,
}

impl BusConfig {
    /// With the usual limits and the client id `gac-{site}-{source}`.
    pub fn new(host: &str, port: u16, site: SiteId, source: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            client_id: format!("gac-{site}-{source}"),
            credentials: None,
            site,
            source: source.to_owned(),
            filters: Vec::new(),
            keep_alive: Duration::from_secs(5),
            backoff_max: Duration::from_secs(5),
            n_outgoing_max: 1024,
            n_incoming_max: 256,
        }
    }
}

/// A user of the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The file with the password (a line break at its end is no part of it), read anew at each
    /// attempt.
    pub password_file: PathBuf,
}
