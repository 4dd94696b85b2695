//! The service as a whole: opened from a configuration, run until it is told to end.

use crate::{
    app::{App, LISTENERS_MAX},
    console::Assets,
    desk::{Desk, DeskConfig},
    documents::NewestDocuments,
    feed::{Changes, Feed},
    http::{self, guard::ip_of},
    ingest::{self, Ingest, IngestTally},
    names::Names,
    orders::{self, GuardConfig, Orders},
    pictures::Pictures,
    plan::SitePlan,
    profile::SiteProfile,
    programs::Programs,
    store::{Store, StoreError},
};
use axum::Router;
use domain::SiteId;
use jiff::tz::TimeZone;
use service::{
    bus::{Bus, BusError},
    evidence::{EvidenceError, EvidenceStore},
    keys::InvalidPublicKey,
    shutdown::Shutdown,
};
use std::{
    convert::Infallible,
    error::Error,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore};

/// The site's time zone unless the configuration names another.
pub const DEFAULT_ZONE: &str = "Asia/Ho_Chi_Minh";

/// At the end, requests under way are given so long.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// Who may reach the service. There is no login yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BindPolicy {
    /// This machine only.
    #[default]
    LoopbackOnly,
    /// Anybody who can reach the address: something in front of it must decide who that is
    /// (`allow_unauthenticated_network = true`).
    UnauthenticatedNetwork {
        /// The names that the service is known by; addresses need not be named.
        host_names: Vec<String>,
    },
}

impl BindPolicy {
    /// Whether the service may listen there.
    pub fn allows_bind(&self, address: SocketAddr) -> bool {
        match self {
            Self::LoopbackOnly => address.ip().is_loopback(),
            Self::UnauthenticatedNetwork { .. } => true,
        }
    }

    /// Whether a request may call the service so.
    pub fn allows_host(&self, name: &str) -> bool {
        let is_localhost = name.eq_ignore_ascii_case("localhost");
        match self {
            Self::LoopbackOnly => is_localhost || ip_of(name).is_some_and(|ip| ip.is_loopback()),
            Self::UnauthenticatedNetwork { host_names } => {
                is_localhost
                    || ip_of(name).is_some()
                    || host_names
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// What the service needs to know.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// The site: stands in every topic.
    pub site: SiteId,
    /// The site's name for people.
    pub site_name: String,
    /// What people call its cameras and gates.
    pub names: Names,
    /// Its lanes and zones.
    pub plan: SitePlan,
    /// What kind of place it is, and what goes with it.
    pub profile: SiteProfile,
    /// What its guards need.
    pub guard: GuardConfig,
    /// `sqlite:PATH` or `postgres://USER@HOST/NAME`.
    pub database_url: String,
    /// Where evidence files are, named by their SHA-256.
    pub evidence_dir: PathBuf,
    /// Where `htmx.min.js` and `sse.js` are; the pages work without them.
    pub web_assets_dir: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Who may reach it.
    pub bind_policy: BindPolicy,
    /// IANA name of the zone that times are shown in.
    pub zone: String,
    /// Visitors and documents; nothing of it where absent.
    pub desk: Option<DeskConfig>,
}

impl ApiConfig {
    /// With the usual address `127.0.0.1:8080`, zone and policy.
    pub fn new(site: SiteId, database_url: &str, evidence_dir: PathBuf) -> Self {
        Self {
            site_name: site.to_string(),
            names: Names::default(),
            plan: SitePlan::default(),
            profile: SiteProfile::default(),
            guard: GuardConfig::default(),
            site,
            database_url: database_url.to_owned(),
            evidence_dir,
            web_assets_dir: None,
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            bind_policy: BindPolicy::default(),
            zone: DEFAULT_ZONE.to_owned(),
            desk: None,
        }
    }
}

/// Why the service cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The configuration asks for what is not safe.
    #[error(
        "refusing to listen on {address}: there is no login, and other machines reach it; \
         listen on 127.0.0.1, or set allow_unauthenticated_network = true \
         if something in front of it checks who comes"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// No such zone.
    #[error("unknown time zone {zone:?}: expected an IANA name such as Asia/Ho_Chi_Minh")]
    Zone {
        /// The name.
        zone: String,
    },
    /// The store cannot be opened.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
    /// The evidence folder cannot be used.
    #[error("cannot open the evidence folder")]
    Evidence(#[from] EvidenceError),
    /// The address cannot be had.
    #[error("cannot listen on {address}: choose another `listen` address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A reader's key is none.
    #[error("a reader's public key cannot be used")]
    Reader(#[from] InvalidPublicKey),
    /// The bus was closed.
    #[error("cannot take in messages")]
    Bus(#[from] BusError),
    /// Serving failed.
    #[error("serving failed")]
    Serve(#[source] io::Error),
}

/// The service: store, JSON API and console.
#[derive(Clone)]
pub struct Api {
    app: Arc<App>,
    bind: SocketAddr,
}

fn zone(name: &str) -> Result<TimeZone, ApiError> {
    match TimeZone::get(name) {
        Ok(zone) => Ok(zone),
        // A small machine may have no zone files. Việt Nam has had +07 without summer time since
        // 1975.
        Err(_no_zone_files) if name == DEFAULT_ZONE => Ok(TimeZone::fixed(jiff::tz::offset(7))),
        Err(_unknown) => Err(ApiError::Zone {
            zone: name.to_owned(),
        }),
    }
}

impl Api {
    /// Opens the store and checks the configuration; nothing listens yet.
    pub async fn open(config: ApiConfig) -> Result<Self, ApiError> {
        if !config.bind_policy.allows_bind(config.bind) {
            return Err(ApiError::NotLoopback {
                address: config.bind,
            });
        }
        let zone = zone(&config.zone)?;
        let evidence = EvidenceStore::open(&config.evidence_dir)?;
        let store = Store::open(&config.database_url).await?;
        let app = App {
            site: config.site,
            site_name: config.site_name,
            names: Arc::new(config.names),
            plan: Arc::new(config.plan),
            profile: Arc::new(config.profile),
            orders: Orders::new(config.guard.order_key, store.mode_order().await?),
            answer_within: config.guard.answer_within,
            programs: Programs::default(),
            zone,
            zone_name: config.zone,
            policy: config.bind_policy,
            store,
            evidence,
            pictures: Pictures::default(),
            feed: Feed::new(),
            ingest: Ingest::default(),
            assets: Assets::load(config.web_assets_dir.as_deref()),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            shutdown: Shutdown::new(),
            desk: config.desk.map(Desk::new).transpose()?,
            documents: NewestDocuments::default(),
            bus: OnceLock::new(),
        };
        Ok(Self {
            app: Arc::new(app),
            bind: config.bind,
        })
    }

    /// Everything over HTTP, for a server or for a test.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.app))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// What has been taken in since the start.
    pub fn tally(&self) -> IngestTally {
        self.app.ingest.tally()
    }

    /// Shows everything anew on every open page, after the store was changed by other means than
    /// the bus.
    pub fn refresh(&self) {
        let mut changes = Changes {
            is_case_changed: true,
            ..Changes::default()
        };
        (changes.is_gate_changed, changes.is_count_changed) = (true, true);
        changes.is_zone_changed = true;
        self.app.feed.say(changes);
    }

    /// Does at once what is done every few minutes: gives up visits to which nobody came, and
    /// forgets who visited long ago.
    pub async fn tend_visits(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        tend_visits_once(&self.app).await
    }

    /// Listens, so that the address is known before anything is served.
    pub async fn listen(&self) -> Result<TcpListener, ApiError> {
        let address = self.bind;
        let listening = TcpListener::bind(address).await;
        listening.map_err(|source| ApiError::Listen { address, source })
    }

    /// Takes in messages from the bus and serves the listener until the token is triggered.
    ///
    /// The bus must be one of its own: see [`service::bus`] about slow receivers.
    pub async fn run(
        &self,
        listener: TcpListener,
        bus: Bus,
        shutdown: Shutdown,
    ) -> Result<(), ApiError> {
        self.app.orders.set_bus(bus.clone());
        let modes = orders::keep_mode(Arc::clone(&self.app), shutdown.clone());
        let ended = self.app.shutdown.clone();
        let ingest = ingest::run(Arc::clone(&self.app), bus, shutdown.clone());
        let told = {
            let shutdown = shutdown.clone();
            async move {
                shutdown.wait().await;
                // Open pages listen for ever; they must be let go before the server can end.
                ended.trigger();
            }
        };
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(told);
        let serve = async {
            tokio::select! {
                served = served => served.map_err(ApiError::Serve),
                // Somebody may read slowly, or not at all.
                () = some_time_after(&shutdown) => Ok(()),
            }
        };
        let take_in = async { ingest.await.map_err(ApiError::Bus) };
        let modes = async {
            modes.await;
            Ok(())
        };
        let all = tokio::select! {
            all = async { tokio::try_join!(serve, take_in, modes) } => all,
            never = tend_visits(&self.app) => match never {},
        };
        self.app.store.close().await;
        all.map(|((), (), ())| ())
    }
}

/// How often visits that are over are looked for.
const TEND_INTERVAL: Duration = Duration::from_secs(300);

/// Gives up visits to which nobody came, and forgets who visited long ago.
async fn tend_visits(app: &App) -> Infallible {
    loop {
        if let Err(error) = tend_visits_once(app).await {
            let error = crate::http::problem::chain(&*error);
            tracing::warn!(
                error,
                "visits that are over were not tended; it is tried again"
            );
        }
        tokio::time::sleep(TEND_INTERVAL).await;
    }
}

async fn tend_visits_once(app: &App) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Some(desk) = &app.desk else {
        return Ok(());
    };
    let now = app.now();
    let n_given_up = app.store.give_up_visitors(now).await?;
    let before = desk.forget_before(now);
    let passes = app.store.erase_visitors_before(before, now).await?;
    if 0 < n_given_up || !passes.is_empty() {
        app.say_gate_changed();
    }
    let desk = desk.passes.clone();
    tokio::task::spawn_blocking(move || desk.forget(&passes, now)).await??;
    Ok(())
}

async fn some_time_after(shutdown: &Shutdown) {
    shutdown.wait().await;
    tokio::time::sleep(CLOSE_WITHIN).await;
}

impl App {
    /// Tells open pages that a case has changed.
    pub(crate) fn say_case_changed(&self) {
        self.feed.say(Changes {
            is_case_changed: true,
            ..Changes::default()
        });
    }
}
