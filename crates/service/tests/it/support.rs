//! What the tests have in common: brokers, messages, and waiting for a condition.

use domain::{
    BoxInImage, Class, Outcome, PassageId, Sighting, SightingId, SightingPhase, SiteId, Timestamp,
    TrackId, Verdict, VerdictId,
};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents, BusState, Incoming},
};
use std::{net::Ipv4Addr, sync::OnceLock, time::Duration};
use tokio::{
    io,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use wire::{Envelope, Message, Receipt, Topic};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One embedded broker for all tests of this process.
pub(crate) fn broker() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| EmbeddedBroker::start(0).unwrap().port)
}

/// A site of its own for each test, so that tests may share a broker.
pub(crate) fn site(test: &str) -> SiteId {
    let number = service::ids::random_seed() & 0xffff_ffff;
    format!("{test}-{number:08x}").parse().unwrap()
}

pub(crate) fn config(port: u16, site: &SiteId, source: &str) -> BusConfig {
    let mut config = BusConfig::new("127.0.0.1", port, site.clone(), source);
    config.backoff_max = Duration::from_millis(200);
    config
}

/// Connected, and subscribed to everything of the site.
pub(crate) async fn online(port: u16, site: &SiteId, source: &str) -> (Bus, BusEvents) {
    let mut config = config(port, site, source);
    config.filters = vec![format!("gac/v1/{site}/#")];
    let (bus, events) = Bus::connect(config);
    within(bus.wait_online()).await.unwrap();
    (bus, events)
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

/// Looks again and again until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "never so: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) async fn offline_reason(bus: &Bus) -> String {
    let mut state = bus.state();
    let offline = within(state.wait_for(|state| matches!(state, BusState::Offline { .. }))).await;
    match &*offline.unwrap() {
        BusState::Offline { reason } => reason.clone(),
        _other => unreachable!("it was waited for"),
    }
}

/// The next message of that topic.
pub(crate) async fn next_of(events: &mut BusEvents, topic: &Topic) -> Incoming {
    let topic = topic.to_string();
    within(async {
        loop {
            let incoming = events.recv().await.expect("the bus is open");
            if incoming.topic == topic {
                return incoming;
            }
        }
    })
    .await
}

/// The ids of the next `n` messages of that topic.
pub(crate) async fn ids_of(events: &mut BusEvents, topic: &Topic, n: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(n);
    while ids.len() < n {
        ids.push(next_of(events, topic).await.envelope().unwrap().id);
    }
    ids
}

pub(crate) fn receipt(bus: &Bus, source: &str, ids: &[String]) {
    for ids in ids.chunks(256) {
        let receipt = Receipt {
            source: source.to_owned(),
            ids: ids.to_vec(),
        };
        let topic = Topic::Receipt(bus.site().clone(), source.to_owned());
        bus.say(&topic, Message::Receipt(receipt), Timestamp::EPOCH)
            .unwrap();
    }
}

pub(crate) fn sighting_topic(site: &SiteId) -> Topic {
    Topic::Sighting(site.clone(), "cam-1".parse().unwrap())
}

pub(crate) fn verdict_topic(site: &SiteId) -> Topic {
    Topic::Verdict(site.clone(), "gate-1".parse().unwrap())
}

pub(crate) fn sighting(n: u32, phase: SightingPhase) -> Message {
    Message::Sighting(Sighting {
        id: SightingId(1),
        revision: n,
        phase,
        camera: "cam-1".parse().unwrap(),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: Timestamp::EPOCH,
        last_seen_at: Timestamp::from_millis(i64::from(n)),
        bounds: BoxInImage {
            x_min: 0.0,
            y_min: 0.0,
            x_max: 10.0,
            y_max: 10.0,
        },
        is_plate_decisive: false,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: None,
        face: None,
        picture: None,
        crossings: Vec::new(),
    })
}

pub(crate) fn verdict(n: u128) -> Message {
    Message::Verdict(Verdict {
        id: VerdictId(n),
        passage: PassageId(1),
        sighting: SightingId(1),
        gate: "gate-1".parse().unwrap(),
        outcome: Outcome::Grant,
        given_at: Timestamp::EPOCH,
        captured_at: Timestamp::EPOCH,
        policy_version: 1,
        registry_as_of: Timestamp::EPOCH,
        rule_path: domain::RulePath::default(),
        assurance: None,
        by: None,
    })
}

pub(crate) fn envelope(n: u64) -> Envelope {
    Envelope {
        id: format!("{n:032x}"),
        source: "test".to_owned(),
        seq: n,
        sent_at: Timestamp::EPOCH,
        traceparent: None,
        message: verdict(u128::from(n)),
    }
}

pub(crate) fn seq_of(incoming: &Incoming) -> u64 {
    incoming.envelope().unwrap().seq
}

/// `p50 … p99 … max …` in milliseconds.
pub(crate) fn percentiles(mut spans: Vec<Duration>) -> String {
    spans.sort_unstable();
    let at = |share: f64| {
        let last = (spans.len() - 1) as f64;
        spans[(share * last).round() as usize].as_secs_f64() * 1000.0
    };
    format!(
        "p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

/// A way to the broker that can be cut.
pub(crate) struct Cable {
    pub(crate) port: u16,
    is_plugged: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Cable {
    pub(crate) async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_plugged, plugged) = watch::channel(true);
        let task = tokio::spawn(async move {
            let mut plugged = plugged;
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        // While it is cut, whoever comes is hung up on.
                        if let Ok((mut stream, _address)) = accepted && *plugged.borrow() {
                            connections.spawn(async move {
                                let broker = (Ipv4Addr::LOCALHOST, broker);
                                let mut on = TcpStream::connect(broker).await?;
                                stream.set_nodelay(true)?;
                                on.set_nodelay(true)?;
                                io::copy_bidirectional(&mut stream, &mut on).await
                            });
                        }
                    }
                    changed = plugged.changed() => match changed {
                        Ok(()) => connections.shutdown().await,
                        Err(_gone) => return,
                    },
                }
            }
        });
        Self {
            port,
            is_plugged,
            task,
        }
    }

    pub(crate) fn cut(&self) {
        self.is_plugged.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.is_plugged.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}
