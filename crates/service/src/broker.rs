//! The MQTT broker inside the program, for the one-box shape and for tests.
//!
//! It listens on loopback without a password: whoever can reach it already runs on this machine.
//! It keeps messages in memory only (at most 10 MB for each filter) and cannot be stopped before
//! the process ends;
//! the outboxes bridge both. A site with more than one machine uses Mosquitto or another broker.

use rumqttd::{
    Broker, Config, ConnectionSettings, Notification, RouterConfig, ServerSettings, local::LinkRx,
};
use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// Largest packet that is taken.
pub const PACKET_BYTES_MAX: usize = 1_048_576;

const SEGMENT_BYTES: usize = 1_048_576;
const N_SEGMENTS: usize = 10;
const CONNECTIONS_MAX: usize = 200;
const PROBE_WITHIN: Duration = Duration::from_secs(3);
const PROBE_PAUSE: Duration = Duration::from_millis(2);
const N_TRIES: u32 = 20;

/// A broker that runs until the process ends.
#[derive(Debug)]
pub struct EmbeddedBroker {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

/// Why the broker could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Somebody else listens there.
    #[error(
        "port {port} on 127.0.0.1 is already in use: set another `port` under `[broker]`, or 0 for a free one"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port may not be used, for example.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It was started and does not answer.
    #[error("the embedded broker on port {port} does not answer")]
    NoAnswer {
        /// The port.
        port: u16,
    },
}

impl EmbeddedBroker {
    /// Starts it on this port of 127.0.0.1, or on a free one for 0; returns once it takes
    /// connections.
    ///
    /// Blocks for some milliseconds. The broker binds its port itself, so another program may take
    /// the port in between: a probe through both its doors notices that, and a free port is then
    /// chosen anew.
    pub fn start(port_or_0: u16) -> Result<Self, BrokerError> {
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let port = reserve(port_or_0)?;
            match start_on(port) {
                Ok(()) => return Ok(Self { port }),
                Err(_taken_meanwhile) if port_or_0 == 0 && n_tries < N_TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn reserve(port: u16) -> Result<u16, BrokerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listened = listener.and_then(|listener| listener.local_addr());
    listened
        .map(|address| address.port())
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BrokerError::PortInUse { port },
            _ => BrokerError::Listen { port, source },
        })
}

fn start_on(port: u16) -> Result<(), BrokerError> {
    let mut broker = Broker::new(config(port));
    let nonce = getrandom::u64().expect("the operating system gives random numbers");
    let topic = format!("gac/probe/{nonce:016x}");
    let (mut link_tx, mut link_rx) = broker
        .link("probe")
        .map_err(|_closed| BrokerError::NoAnswer { port })?;
    link_tx
        .subscribe(topic.as_str())
        .map_err(|_closed| BrokerError::NoAnswer { port })?;

    // `Broker::start` returns only when no listener runs: its port was taken.
    let (ended_tx, ended) = std::sync::mpsc::sync_channel::<()>(1);
    let thread = std::thread::Builder::new().name("mqtt-broker".to_owned());
    thread
        .spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!("embedded broker: {error}");
            }
            drop(ended_tx);
        })
        .map_err(|source| BrokerError::Listen { port, source })?;

    let deadline = tokio::time::Instant::now() + PROBE_WITHIN;
    loop {
        if probe(port, &topic).is_ok() && hears(&mut link_rx, &topic) {
            return Ok(());
        }
        // Waits a moment, or less when the listener has failed.
        match ended.recv_timeout(PROBE_PAUSE) {
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            _ended => return Err(BrokerError::PortInUse { port }),
        }
        if deadline < tokio::time::Instant::now() {
            return Err(BrokerError::NoAnswer { port });
        }
    }
}

/// Publishes to the topic over TCP with three hand-made packets of MQTT 3.1.1.
fn probe(port: u16, topic: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    stream.set_read_timeout(Some(PROBE_WITHIN))?;
    let name = b"probe-tcp";
    let mut connect = vec![0x10, 12 + u8::try_from(name.len()).expect("it is short")];
    connect.extend_from_slice(b"\x00\x04MQTT\x04\x02\x00\x3c\x00");
    connect.push(u8::try_from(name.len()).expect("it is short"));
    connect.extend_from_slice(name);
    stream.write_all(&connect)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    if answer != [0x20, 2, 0, 0] {
        return Err(io::Error::other("not the answer of an MQTT broker"));
    }
    let len = u8::try_from(topic.len()).expect("it is short");
    let mut publish = vec![0x30, len + 2, 0, len];
    publish.extend_from_slice(topic.as_bytes());
    publish.extend_from_slice(&[0xe0, 0]);
    stream.write_all(&publish)
}

/// Whether the topic's message arrives at the broker's other door.
fn hears(link: &mut LinkRx, topic: &str) -> bool {
    let deadline = (tokio::time::Instant::now() + PROBE_WITHIN).into_std();
    loop {
        match link.recv_deadline(deadline) {
            Ok(Some(Notification::Forward(forward))) => {
                return forward.publish.topic == topic.as_bytes();
            }
            Ok(_another) => {}
            Err(_too_late) => return false,
        }
    }
}

fn config(port: u16) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 5000,
        max_payload_size: PACKET_BYTES_MAX,
        max_inflight_count: 200,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings {
        name: "mqtt".to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections,
    };
    let router = RouterConfig {
        max_connections: CONNECTIONS_MAX,
        max_outgoing_packet_count: 200,
        max_segment_size: SEGMENT_BYTES,
        max_segment_count: N_SEGMENTS,
        ..RouterConfig::default()
    };
    let v4 = Some(HashMap::from([("loopback".to_owned(), server)]));
    Config {
        id: 0,
        router,
        v4,
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_start_at_once_on_ports_of_their_own() {
        let mut ports: Vec<u16> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..4)
                .map(|_n| scope.spawn(|| EmbeddedBroker::start(0).unwrap().port))
                .collect();
            started
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 4);
    }

    #[test]
    fn a_port_in_use_is_a_clear_error() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = EmbeddedBroker::start(port).unwrap_err();
        assert!(
            matches!(error, BrokerError::PortInUse { port: p } if p == port),
            "{error}"
        );
        let running = EmbeddedBroker::start(0).unwrap();
        let again = EmbeddedBroker::start(running.port).unwrap_err();
        assert!(matches!(again, BrokerError::PortInUse { .. }), "{again}");
    }
}
