//! One connection: what was handed to the client library and not yet acknowledged.

use super::{BusConfig, Fate, Incoming, PACKET_BYTES_MAX, Publication};
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Outgoing, Packet, QoS, StateError, SubscribeFilter, SubscribeReasonCode,
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    time::Duration,
};
use wire::Topic;

/// How many messages may wait for their acknowledgement at once.
///
/// Far below the library's packet ids, so that it never runs into one that is still in use.
const N_UNACKNOWLEDGED_MAX: usize = 64;
const N_PACKET_IDS: u16 = 512;
const CONNECT_WITHIN_S: u64 = 5;

/// The library's request channel: all that we hand over fits at any time.
const N_REQUESTS_MAX: usize = 256;
const N_PICTURES_HANDED_MAX: usize = 4;

pub(super) const ONLINE: &[u8] = b"online";
pub(super) const OFFLINE: &[u8] = b"offline";

/// What a connection's owner has to react to.
pub(super) enum LinkEvent {
    /// The broker has taken us.
    Connected,
    /// A message, and whether it may be dropped.
    Message { incoming: Incoming, may_drop: bool },
    /// A message of ours is acknowledged.
    Acknowledged(Publication),
    /// Filters are agreed to (true) or refused.
    Subscribed(Vec<(String, bool)>),
    /// Our farewell is on its way.
    Disconnected,
    /// Nothing of interest.
    Other,
}

/// What stands between the client library and us.
pub(super) struct Link {
    client: AsyncClient,
    /// Handed over in this order, not yet sent.
    handed: VecDeque<Publication>,
    unacknowledged: BTreeMap<u64, (u16, Publication)>,
    n_sent: u64,
    n_pictures_handed: usize,
    asked: VecDeque<Vec<String>>,
    asked_by_packet: BTreeMap<u16, Vec<String>>,
}

/// Polls once and gives the event loop back. The future may not be dropped before it is done: the
/// library then loses packets that it has taken.
pub(super) async fn poll_once(
    mut events: Box<EventLoop>,
) -> (Box<EventLoop>, Result<Event, ConnectionError>) {
    let polled = events.poll().await;
    (events, polled)
}

/// Builds the client library's parts; the connection is made by the first poll.
pub(super) fn open(config: &BusConfig, password: Option<String>) -> (Link, Box<EventLoop>) {
    let mut options = MqttOptions::new(&config.client_id, &config.host, config.port);
    options
        .set_clean_session(true)
        .set_keep_alive(config.keep_alive.max(Duration::from_secs(1)))
        .set_inflight(N_PACKET_IDS)
        .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX)
        .set_last_will(LastWill::new(
            availability(config),
            OFFLINE,
            QoS::AtLeastOnce,
            true,
        ));
    if let (Some(credentials), Some(password)) = (&config.credentials, password) {
        options.set_credentials(&credentials.user, password);
    }
    let (client, mut events) = AsyncClient::new(options, N_REQUESTS_MAX);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_WITHIN_S);
    events.set_network_options(network);
    let link = Link {
        client,
        handed: VecDeque::new(),
        unacknowledged: BTreeMap::new(),
        n_sent: 0,
        n_pictures_handed: 0,
        asked: VecDeque::new(),
        asked_by_packet: BTreeMap::new(),
    };
    (link, Box::new(events))
}

pub(super) fn availability(config: &BusConfig) -> String {
    Topic::Availability(config.site.clone(), config.source.clone()).to_string()
}

impl Link {
    /// Whether another message may be handed over.
    pub(super) fn has_room(&self) -> bool {
        self.n_open() < N_UNACKNOWLEDGED_MAX
    }

    /// Whether another picture may be handed over.
    pub(super) fn has_room_for_picture(&self) -> bool {
        self.n_pictures_handed < N_PICTURES_HANDED_MAX
    }

    /// Messages that are handed over and not acknowledged.
    pub(super) fn n_open(&self) -> usize {
        self.handed.len() - self.n_pictures_handed + self.unacknowledged.len()
    }

    /// Hands a message over for QoS 1.
    pub(super) fn hand(&mut self, publication: Publication) {
        self.request(&publication, QoS::AtLeastOnce);
        self.handed.push_back(publication);
    }

    /// Hands a picture over for QoS 0.
    pub(super) fn hand_picture(&mut self, publication: Publication) {
        self.request(&publication, QoS::AtMostOnce);
        self.n_pictures_handed += 1;
        // The library says in order what it has sent; the bytes are its own now.
        self.handed.push_back(Publication {
            payload: Vec::new(),
            ..publication
        });
    }

    fn request(&self, publication: &Publication, qos: QoS) {
        let Publication {
            topic,
            payload,
            is_retained,
            ..
        } = publication;
        self.client
            .try_publish(topic, qos, *is_retained, payload.as_slice())
            .expect(
                "the request channel has room for all that may be open, and topics are checked",
            );
    }

    pub(super) fn subscribe(&mut self, filters: Vec<String>) {
        let asked = filters.iter().cloned().map(|filter| {
            let qos = if is_picture(&filter) {
                QoS::AtMostOnce
            } else {
                QoS::AtLeastOnce
            };
            SubscribeFilter::new(filter, qos)
        });
        if self.client.try_subscribe_many(asked).is_err() {
            // Hundreds of subscriptions while no message is taken: they come into force with the
            // next connection.
            tracing::error!("MQTT: too many subscriptions at once");
            return;
        }
        self.asked.push_back(filters);
    }

    pub(super) fn say_goodbye(&self) {
        self.client
            .try_disconnect()
            .expect("the request channel has room for all that may be open");
    }

    /// Whether a subscription waits for its answer.
    pub(super) fn is_asking(&self) -> bool {
        !self.asked.is_empty() || !self.asked_by_packet.is_empty()
    }

    /// Keeps the books about what the library did.
    pub(super) fn on_event(&mut self, event: Event) -> LinkEvent {
        match event {
            Event::Outgoing(Outgoing::Publish(packet_id)) => self.on_sent(packet_id),
            Event::Outgoing(Outgoing::Subscribe(packet_id)) => {
                if let Some(filters) = self.asked.pop_front() {
                    self.asked_by_packet.insert(packet_id, filters);
                }
                LinkEvent::Other
            }
            Event::Outgoing(Outgoing::Disconnect) => LinkEvent::Disconnected,
            Event::Outgoing(_) => LinkEvent::Other,
            Event::Incoming(Packet::ConnAck(_)) => LinkEvent::Connected,
            Event::Incoming(Packet::PubAck(ack)) => self.on_acknowledged(ack.pkid),
            Event::Incoming(Packet::SubAck(ack)) => {
                let filters = self.asked_by_packet.remove(&ack.pkid).unwrap_or_default();
                let is_agreed =
                    |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
                let agreed = ack.return_codes.iter().map(is_agreed);
                LinkEvent::Subscribed(filters.into_iter().zip(agreed).collect())
            }
            Event::Incoming(Packet::Publish(publish)) => {
                // Some brokers, rumqttd among them, deliver with the subscription's quality of
                // service.
                let may_drop = publish.qos == QoS::AtMostOnce || is_picture(&publish.topic);
                let (topic, retained) = (publish.topic, publish.retain);
                let payload = Vec::from(publish.payload);
                LinkEvent::Message {
                    incoming: Incoming {
                        topic,
                        payload,
                        retained,
                    },
                    may_drop,
                }
            }
            Event::Incoming(_) => LinkEvent::Other,
        }
    }

    fn on_sent(&mut self, packet_id: u16) -> LinkEvent {
        let Some(mut publication) = self.handed.pop_front() else {
            return LinkEvent::Other;
        };
        publication.tell(Fate::Sent);
        if packet_id == 0 {
            self.n_pictures_handed -= 1;
        } else {
            self.unacknowledged
                .insert(self.n_sent, (packet_id, publication));
            self.n_sent += 1;
        }
        LinkEvent::Other
    }

    fn on_acknowledged(&mut self, packet_id: u16) -> LinkEvent {
        let found = self
            .unacknowledged
            .iter()
            .find(|(_n, (id, _publication))| *id == packet_id);
        let Some(n) = found.map(|(n, _entry)| *n) else {
            return LinkEvent::Other;
        };
        let (_id, publication) = self
            .unacknowledged
            .remove(&n)
            .expect("it was found just now");
        LinkEvent::Acknowledged(publication)
    }

    /// What the broken connection leaves, in the order in which it was handed over.
    pub(super) fn into_open(self) -> impl Iterator<Item = Publication> {
        self.unacknowledged
            .into_values()
            .map(|(_id, publication)| publication)
            .chain(self.handed)
    }
}

/// Live pictures may be lost: the next one is better.
fn is_picture(topic_or_filter: &str) -> bool {
    topic_or_filter.ends_with("/picture")
}

/// What went wrong, in one line for people.
pub(super) fn reason(config: &BusConfig, error: &ConnectionError, was_connected: bool) -> String {
    let broker = format!("{}:{}", config.host, config.port);
    match error {
        ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => format!("nothing listens on {broker}"),
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    format!("the broker {broker} has closed the connection")
                }
                _ => format!("cannot reach the broker {broker}: {error}"),
            }
        }
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
            format!("no answer from the broker {broker} in {CONNECT_WITHIN_S} s")
        }
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => format!("the broker {broker} refuses the user name or password"),
        ConnectionError::ConnectionRefused(code) => {
            format!("the broker {broker} refuses the connection ({code:?})")
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            format!("the broker {broker} does not answer any more")
        }
        ConnectionError::MqttState(StateError::ConnectionAborted) if was_connected => {
            format!("the broker {broker} has closed the connection")
        }
        // Some brokers, rumqttd among them, refuse credentials without a word.
        ConnectionError::MqttState(StateError::ConnectionAborted) => format!(
            "the broker {broker} closes the connection at once: are user name and password right?"
        ),
        other => format!("the connection to the broker {broker} broke: {other}"),
    }
}
