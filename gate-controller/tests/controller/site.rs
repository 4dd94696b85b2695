//! One site in a folder of its own: broker, gate, barrier, a camera that says what the test wants,
//! and a listener.

use domain::{
    Access, BoxInImage, CharRead, Class, GateId, Plate, PlateColour, PlateVote, Registration,
    RowRead, Sighting, SightingId, SightingPhase, SiteId, Timestamp, TrackId, ports::Clock,
};
use gate_controller::{
    BarrierSettings, BarrierSimulator, GateConfig, GateController, GateEvent, GateParts,
    SimulatorParts, simulator_filters,
};
use policy::{Factor, Lane, ListRegistry, Policy};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents},
    clock::{SystemClock, now},
    keys::{CommandVerifier, SigningKeyFile},
    outbox::{Outbox, OutboxConfig},
    shutdown::Shutdown,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::sync::broadcast;
use wire::{Message, Topic};

pub(crate) const ALLOWED: &str = "51G-123.45";
pub(crate) const BARRED: &str = "30F-256.58";
pub(crate) const LOOK_ALIKE: &str = "51G-723.45";

pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
}

/// A gate that runs, and what a test looks at.
pub(crate) struct Gate {
    pub(crate) controller: GateController,
    pub(crate) events: broadcast::Receiver<GateEvent>,
    pub(crate) bus: Bus,
    pub(crate) shutdown: Shutdown,
    pub(crate) outbox: Outbox,
}

pub(crate) fn site_id() -> SiteId {
    "park-1".parse().expect("it is a slug")
}

pub(crate) fn gate_id() -> GateId {
    "gate-1".parse().expect("it is a slug")
}

pub(crate) fn entry(plate: &str, access: Access) -> Registration {
    Registration {
        plate: Some(Plate::parse(plate).expect("it is a plate")),
        access,
        ..Registration::allow()
    }
}

pub(crate) fn orders_of(key: &SigningKeyFile) -> CommandVerifier {
    CommandVerifier::from_public(&key.public()).expect("it is a key")
}

pub(crate) fn registry() -> Arc<ListRegistry> {
    let entries = vec![entry(ALLOWED, Access::Allow), entry(BARRED, Access::Bar)];
    Arc::new(ListRegistry::new(entries, now()))
}

/// A car that was seen just now with this plate, read surely.
pub(crate) fn car(id: u128, revision: u32, plate: &str) -> Sighting {
    let seen_at = now();
    let char_read = |best| CharRead {
        best,
        score: 0.97,
        alternatives: Vec::new(),
    };
    let plate = Plate::parse(plate).expect("it is a plate");
    let row = |row: &String| RowRead {
        chars: row.chars().map(char_read).collect(),
    };
    Sighting {
        id: SightingId(id),
        revision,
        phase: if revision == 0 {
            SightingPhase::New
        } else {
            SightingPhase::Update
        },
        camera: "lane".parse().expect("it is a slug"),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: seen_at.saturating_sub(Duration::from_millis(300)),
        last_seen_at: seen_at,
        bounds: BoxInImage::new(1.0, 2.0, 3.0, 4.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: Some(PlateVote {
            rows: plate.rows().iter().map(row).collect(),
            colour: PlateColour::White,
            n_reads: 5,
            n_agreeing: 5,
        }),
        face: None,
        picture: None,
        crossings: Vec::new(),
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        let starting = tokio::task::spawn_blocking(|| EmbeddedBroker::start(0));
        let broker = starting
            .await
            .expect("it does not panic")
            .expect("the broker starts");
        Self::on(broker.port)
    }

    /// On a broker that runs already.
    pub(crate) fn on(port: u16) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            port,
        }
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("gate-1.jsonl")
    }

    pub(crate) fn key(&self) -> SigningKeyFile {
        SigningKeyFile::load_or_create(&self.folder.path().join("key")).expect("a key")
    }

    /// A connection with these subscriptions in force.
    pub(crate) async fn connect(&self, source: &str, filters: Vec<String>) -> (Bus, BusEvents) {
        let config = BusConfig::new("127.0.0.1", self.port, site_id(), source);
        let (bus, events) = Bus::connect(BusConfig { filters, ..config });
        bus.wait_online().await.expect("the broker is reached");
        (bus, events)
    }

    pub(crate) async fn gate(&self) -> Gate {
        self.gate_with(gate_controller::JOURNAL_BYTES_MAX, SystemClock)
            .await
    }

    pub(crate) async fn gate_with<C: Clock + Clone + 'static>(
        &self,
        journal_bytes_max: u64,
        clock: C,
    ) -> Gate {
        let config = self.config(journal_bytes_max);
        let connected = self.connect("gate-1", config.filters(&site_id())).await;
        self.gate_on(config, connected, clock).await
    }

    /// What the console signs a guard's orders with.
    pub(crate) fn guard_key(&self) -> SigningKeyFile {
        let path = self.folder.path().join("order.key");
        SigningKeyFile::load_or_create(&path).expect("a key")
    }

    pub(crate) fn config(&self, journal_bytes_max: u64) -> GateConfig {
        GateConfig {
            program: "gate-1".to_owned(),
            config_sha256: "00".to_owned(),
            cameras: vec!["lane".parse().expect("it is a slug")],
            policy: Policy::for_factor(1, Factor::Plate),
            lane: Lane::for_factor(gate_id(), Factor::Plate),
            journal: self.journal(),
            journal_bytes_max,
        }
    }

    /// A gate that speaks and hears over these.
    pub(crate) async fn gate_on<C: Clock + Clone + 'static>(
        &self,
        config: GateConfig,
        (bus, events): (Bus, BusEvents),
        clock: C,
    ) -> Gate {
        let outbox = self.folder.path().join("gate-1.outbox");
        let outbox = Outbox::open(OutboxConfig::new(&outbox, "gate-1"))
            .await
            .expect("an outbox");
        let shutdown = Shutdown::new();
        tokio::spawn(outbox.clone().run_to_end(bus.clone(), shutdown.clone()));
        let parts = GateParts {
            bus: bus.clone(),
            events,
            outbox: outbox.clone(),
            key: self.key(),
            orders: orders_of(&self.guard_key()),
            registry: registry(),
            clock,
        };
        let starting = GateController::start(config, parts, shutdown.clone());
        let controller = starting.await.expect("the gate starts");
        let events = controller.events();
        Gate {
            controller,
            events,
            bus,
            shutdown,
            outbox,
        }
    }

    /// A barrier that moves in some milliseconds.
    pub(crate) async fn barrier(&self) -> BarrierSimulator {
        let (listening, events) = self
            .connect("barrier-1-in", simulator_filters(&site_id(), &gate_id()))
            .await;
        // It is closed with its last clone: the test's runtime ends it.
        tokio::spawn(async move {
            let _listening = listening;
            std::future::pending::<()>().await;
        });
        let (bus, _events) = self.connect("barrier-1", Vec::new()).await;
        let settings = BarrierSettings {
            opening: Duration::from_millis(20),
            hold: Duration::from_millis(40),
            clear: Duration::from_millis(40),
            closing: Duration::from_millis(20),
            ..BarrierSettings::new(gate_id())
        };
        let verifier = CommandVerifier::from_public(&self.key().public()).expect("a key");
        let parts = SimulatorParts {
            bus,
            events,
            verifier,
            settings,
            memory: self.folder.path().join("barrier-1.obeyed"),
            clock: SystemClock,
        };
        BarrierSimulator::start(parts, Shutdown::new()).expect("its memory can be used")
    }

    /// Hears everything that is said at the gate, from now on.
    pub(crate) async fn listener(&self) -> Listener {
        self.listener_to(vec!["gac/v1/park-1/gate/#".to_owned()])
            .await
    }

    /// Hears what the barrier says, and not what it is told.
    pub(crate) async fn listener_of_answers(&self) -> Listener {
        let topics = [
            Topic::Ack(site_id(), gate_id()),
            Topic::Barrier(site_id(), gate_id()),
        ];
        let filters = topics.iter().map(ToString::to_string).collect();
        self.listener_to(filters).await
    }

    async fn listener_to(&self, filters: Vec<String>) -> Listener {
        let (_bus, events) = self.connect("listener", filters).await;
        Listener {
            events,
            heard: Vec::new(),
            _bus,
        }
    }
}

/// Lets `Outbox::run` own what it needs.
trait RunToEnd {
    fn run_to_end(self, bus: Bus, shutdown: Shutdown) -> impl Future<Output = ()> + Send;
}

impl RunToEnd for Outbox {
    async fn run_to_end(self, bus: Bus, shutdown: Shutdown) {
        self.run(bus, shutdown).await.expect("the outbox runs");
    }
}

impl Gate {
    /// Waits for an event, at most ten seconds, and gives all up to it.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&GateEvent) -> bool) -> Vec<GateEvent> {
        let mut seen = Vec::new();
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("the gate runs");
                seen.push(event.clone());
                if is_it(&event) {
                    break;
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), waiting)
            .await
            .is_ok();
        assert!(in_time, "not in ten seconds; seen: {seen:#?}");
        seen
    }

    /// Ends it in good order, so that another one can start on the same files.
    pub(crate) async fn stop(mut self) {
        self.shutdown.trigger();
        self.controller.ended().await.expect("it ends well");
        self.bus.close(Duration::from_secs(5)).await;
        self.outbox.close().await.expect("it closes");
    }
}

pub(crate) struct Listener {
    events: BusEvents,
    heard: Vec<(Topic, Message)>,
    _bus: Bus,
}

impl Listener {
    /// Listens until what was heard is enough, at most ten seconds.
    pub(crate) async fn until(&mut self, is_enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let waiting = async {
            loop {
                let messages = self.messages();
                if is_enough(&messages) {
                    break messages;
                }
                let incoming = self.events.recv().await.expect("the broker runs");
                if let (Some(topic), Ok(envelope)) = (incoming.parsed_topic(), incoming.envelope())
                {
                    self.heard.push((topic, envelope.message));
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        heard.unwrap_or_else(|_elapsed| panic!("not in ten seconds; heard: {:#?}", self.heard))
    }

    /// Begins anew.
    pub(crate) fn forget(&mut self) {
        self.heard.clear();
    }

    fn messages(&self) -> Vec<Message> {
        self.heard
            .iter()
            .map(|(_topic, message)| message.clone())
            .collect()
    }
}

pub(crate) fn sighting_topic() -> Topic {
    Topic::Sighting(site_id(), "lane".parse().expect("it is a slug"))
}

pub(crate) fn say(bus: &Bus, topic: &Topic, message: Message) {
    bus.say(topic, message, now())
        .expect("the connection takes it");
}

pub(crate) fn see(camera: &Bus, sighting: Sighting) {
    say(camera, &sighting_topic(), Message::Sighting(sighting));
}

pub(crate) fn millis_between(earlier: Timestamp, later: Timestamp) -> u128 {
    assert!(earlier <= later);
    later.since(earlier).as_millis()
}

/// Waits until a number that changes by itself is what it should be, at most ten seconds.
pub(crate) async fn until_equal<T: PartialEq + std::fmt::Debug>(now_is: impl Fn() -> T, expect: T) {
    let deadline = now().saturating_add(Duration::from_secs(10));
    while now_is() != expect && now() < deadline {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(now_is(), expect);
}
