//! A lane with a guard: a broker, the service on it, and a gate that hears and says.

use crate::scene::{envelope, sighting, verdict};
use crate::site::{Answer, config, request};
use axum::{
    body::to_bytes,
    http::{StatusCode, header},
};
use domain::{
    Barrier, GateState, Outcome, Passage, PassageId, PassageState, Sighting, SiteId, Timestamp,
    Verdict, ZoneId,
};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents},
    clock::now,
    evidence::EvidenceStore,
    keys::SigningKeyFile,
    shutdown::Shutdown,
};
use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt as _;
use violation_api::{Api, ApiConfig, ApiError, GuardConfig, LanePlan, Names, SitePlan, ZonePlan};
use wire::{CameraState, Envelope, Message, SignedOrder, Topic};

/// A browser on a machine that is busy takes its time.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn site() -> SiteId {
    "park-1".parse().unwrap()
}

pub(crate) fn gate() -> domain::GateId {
    "gate-1".parse().unwrap()
}

pub(crate) fn yard() -> ZoneId {
    "yard".parse().unwrap()
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !is_so().await {
        let is_in_time = tokio::time::Instant::now() < deadline;
        assert!(is_in_time, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Between the service and its broker; may be cut.
pub(crate) struct Wire {
    pub(crate) port: u16,
    broker: u16,
    carry: JoinHandle<()>,
}

impl Wire {
    async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let carry = tokio::spawn(carry(listener, broker));
        Self {
            port,
            broker,
            carry,
        }
    }

    /// Every connection ends, and none can be made.
    pub(crate) async fn cut(&mut self) {
        self.carry.abort();
        assert!((&mut self.carry).await.unwrap_err().is_cancelled());
    }

    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .await
            .unwrap();
        self.carry = tokio::spawn(carry(listener, self.broker));
    }
}

async fn carry(listener: TcpListener, broker: u16) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, broker))
            .await
            .unwrap();
        connections.spawn(async move {
            tokio::io::copy_bidirectional(&mut near, &mut far)
                .await
                .ok();
        });
    }
}

/// The service as it runs.
pub(crate) struct Service {
    pub(crate) api: Api,
    pub(crate) address: std::net::SocketAddr,
    shutdown: Shutdown,
    run: JoinHandle<Result<(), ApiError>>,
}

impl Service {
    async fn start(config: ApiConfig, port: u16, client: &str) -> Self {
        let api = Api::open(config).await.unwrap();
        let listener = api.listen().await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bus = BusConfig::new("127.0.0.1", port, site(), client);
        bus.backoff_max = Duration::from_millis(50);
        let (bus, _events) = Bus::connect(bus);
        bus.wait_online().await.unwrap();
        let shutdown = Shutdown::new();
        let run = {
            let (api, shutdown) = (api.clone(), shutdown.clone());
            tokio::spawn(async move { api.run(listener, bus, shutdown).await })
        };
        Self {
            api,
            address,
            shutdown,
            run,
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        self.run.await.unwrap().unwrap();
    }
}

/// A lane with its gate.
pub(crate) struct Lane {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) wire: Wire,
    pub(crate) service: Service,
    pub(crate) gate: Bus,
    pub(crate) key: SigningKeyFile,
    orders: BusEvents,
    n_said: AtomicU64,
}

pub(crate) fn lane_config(folder: &tempfile::TempDir) -> ApiConfig {
    let key = SigningKeyFile::load_or_create(&folder.path().join("keys/order.key")).unwrap();
    ApiConfig {
        bind: "127.0.0.1:0".parse().unwrap(),
        names: Names {
            gates: [(gate(), "Cổng chính".to_owned())].into(),
            ..Names::default()
        },
        plan: SitePlan {
            lanes: vec![LanePlan {
                gate: gate(),
                camera: "gate-1-in".parse().unwrap(),
                from: None,
                to: Some(yard()),
            }],
            zones: vec![ZonePlan {
                zone: yard(),
                name: "Bãi xe".to_owned(),
                vehicles_max: Some(50),
                people_max: None,
            }],
        },
        guard: GuardConfig {
            order_key: Some(key),
            answer_within: [(gate(), Duration::from_secs(60))].into(),
        },
        ..config(folder)
    }
}

impl Lane {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = EmbeddedBroker::start(0).unwrap();
        let wire = Wire::to(broker.port).await;
        let service = Service::start(lane_config(&folder), wire.port, "api").await;
        let mut edge = BusConfig::new("127.0.0.1", broker.port, site(), "gate-gate-1-in");
        edge.filters = vec![
            Topic::all_gates(&site(), "order"),
            Topic::OrderToAll(site()).to_string(),
        ];
        let (gate, orders) = Bus::connect(edge);
        gate.wait_online().await.unwrap();
        let key = SigningKeyFile::load_or_create(&folder.path().join("keys/order.key"));
        let lane = Self {
            folder,
            wire,
            service,
            gate,
            key: key.unwrap(),
            orders,
            n_said: AtomicU64::new(0),
        };
        lane.heard().await;
        lane
    }

    /// Waits until the service hears the gate: subscriptions are made in the background.
    pub(crate) async fn heard(&self) {
        until("the service hears the gate", async || {
            self.barrier(GateState::Closed).await;
            let lane = self.get("/api/v1/gates/gate-1/lane").await;
            lane.status == StatusCode::OK
                && lane.json()["lane"]["barrier"] == "closed"
                && lane.json()["lane"]["controller"] == "online"
        })
        .await;
    }

    /// Starts the service anew, with what it has stored.
    pub(crate) async fn restart(self) -> Self {
        let Self { wire, folder, .. } = &self;
        let (config, port) = (lane_config(folder), wire.port);
        self.service.stop().await;
        let service = Service::start(config, port, "api").await;
        let lane = Self { service, ..self };
        lane.heard().await;
        lane
    }

    pub(crate) fn say(&self, topic: &Topic, message: Message) {
        let n = self.n_said.fetch_add(1, Ordering::Relaxed);
        let mut said = envelope(n, "gate-gate-1", message);
        said.id = format!("{:032x}", u128::from(n) << 32 | 0x77);
        self.gate.publish(topic, &said).unwrap();
    }

    pub(crate) async fn barrier(&self, state: GateState) {
        let barrier = Barrier {
            gate: gate(),
            state,
            since: now(),
            nonce: None,
        };
        self.say(&Topic::Barrier(site(), gate()), Message::Barrier(barrier));
    }

    /// A vehicle has come, now; the gate says what it makes of it. Waits until the service knows.
    pub(crate) async fn comes(&self, n: u64, state: PassageState, outcome: Outcome) {
        let at = now();
        let mut seen = Sighting {
            first_seen_at: at,
            last_seen_at: at,
            ..sighting(n, 1)
        };
        let evidence = EvidenceStore::open(&self.folder.path().join("evidence")).unwrap();
        if let Some(picture) = &mut seen.picture {
            picture.sha256 = evidence.put(&crate::lane::jpeg()).unwrap();
        }
        let camera = Topic::Sighting(site(), seen.camera.clone());
        self.say(&camera, Message::Sighting(seen));
        self.passage(n, state, at);
        self.verdict(n, n, outcome, None);
        until("the service knows of the passage", async || {
            let lane = self
                .get("/api/v1/gates/gate-1/lane")
                .await
                .text()
                .to_owned();
            lane.contains(&PassageId(u128::from(n)).to_string()) && lane.contains("rule_path")
        })
        .await;
    }

    pub(crate) fn passage(&self, n: u64, state: PassageState, arrived_at: Timestamp) {
        let passage = Passage {
            arrived_at,
            changed_at: now(),
            ..crate::scene::passage(n, state, 0)
        };
        self.say(&Topic::Passage(site(), gate()), Message::Passage(passage));
    }

    pub(crate) fn verdict(&self, n: u64, passage: u64, outcome: Outcome, by: Option<&str>) {
        let given = Verdict {
            passage: PassageId(u128::from(passage)),
            given_at: now(),
            captured_at: now(),
            by: by.map(str::to_owned),
            ..verdict(n, outcome)
        };
        self.say(&Topic::Verdict(site(), gate()), Message::Verdict(given));
    }

    /// The camera reports itself, with a picture.
    pub(crate) fn camera(&self, jpeg: &[u8]) {
        let status = wire::CameraStatus {
            at: now(),
            ..crate::scene::camera("gate-1-in", CameraState::Streaming, 100)
        };
        let topic = Topic::CameraState(site(), status.camera.clone());
        self.say(&topic, Message::Camera(status));
        let topic = Topic::Picture(site(), "gate-1-in".parse().unwrap()).to_string();
        self.gate.publish_raw(&topic, jpeg.to_vec()).unwrap();
    }

    /// The next order that the gate hears, but a mode that is said again.
    pub(crate) async fn order(&mut self) -> SignedOrder {
        loop {
            let signed = self.any_order().await;
            let is_again = self.get("/api/v1/orders?limit=200").await.json()["orders"]
                .as_array()
                .unwrap()
                .iter()
                .all(|order| order["id"] != signed.order.id.to_string());
            if !is_again {
                return signed;
            }
        }
    }

    /// The next order that the gate hears.
    pub(crate) async fn any_order(&mut self) -> SignedOrder {
        let next = tokio::time::timeout(DEADLINE, self.orders.recv()).await;
        let incoming = next.expect("no order in time").unwrap();
        assert!(!incoming.retained, "an order is never retained");
        let envelope: Envelope = incoming.envelope().unwrap();
        match envelope.message {
            Message::Order(signed) => signed,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing waits that the gate has not taken.
    pub(crate) fn hears_nothing(&mut self) {
        if let Some(incoming) = self.orders.try_recv() {
            panic!("{incoming:?}");
        }
    }

    pub(crate) async fn call(&self, request: axum::http::Request<axum::body::Body>) -> Answer {
        let response = self.service.api.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(request("GET", path, &[], "")).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        let headers = [
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        self.call(request("POST", path, &headers, body)).await
    }

    /// As the browser of somebody with this cookie posts a form of ours.
    pub(crate) async fn submit(&self, path: &str, cookie: &str, body: &str) -> Answer {
        let headers = [
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie),
        ];
        self.call(request("POST", path, &headers, body)).await
    }

    /// Signs on; the cookie.
    pub(crate) async fn sign_on(&self, name: &str) -> String {
        let body = format!("name={}&gate=gate-1", name.replace(' ', "+"));
        let answer = self.submit("/guard/sign-on", "", &body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let cookie = answer.header(header::SET_COOKIE.as_str());
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    /// `actor action subject detail` of every row of the audit.
    pub(crate) async fn audit(&self) -> Vec<String> {
        let url = format!("sqlite:{}", self.folder.path().join("api.db").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let sql = "select actor || ' ' || action || ' ' || subject || ' ' || detail from audit
                   order by audit_id";
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows
    }
}
