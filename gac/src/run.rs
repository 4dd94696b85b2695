//! `gac run`, `gac pipeline`, `gac gate`, `gac api`: a site, whole or in parts.

use crate::{
    bundle, detector, gate, people,
    pipeline::pump,
    serve,
    site::{LoadedSite, Told},
    watch_list,
};
use anyhow::{Context as _, Result, bail};
use domain::{CameraId, Frame, PersonId, SiteId, SiteList};
use models::Task;
use pipeline::{CameraSetup, CameraStats, Pipeline, Shared, gallery::Gallery};
use policy::ListRegistry;
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig, BusEvents, Credentials},
    clock,
    config::site::BrokerKind,
    evidence::EvidenceStore,
    ids::{IdSource, Ids as _},
    outbox::{Outbox, OutboxConfig},
    private_folder::private_folder,
    shutdown::Shutdown,
    site_list::{ListStamp, ListStore},
};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};

/// How often the list in the site file is read again.
const LIST_INTERVAL: Duration = Duration::from_secs(60);

/// How often it is asked whether another program, or the visitors' desk, has changed the list: a
/// visitor who was just let in at the desk is at the gate in no time.
const STAMP_INTERVAL: Duration = Duration::from_millis(500);

/// How long the cameras wait for the broker before they start without it.
const BROKER_WITHIN: Duration = Duration::from_secs(2);

/// How often cameras are told to end until they have.
const STOP_INTERVAL: Duration = Duration::from_millis(20);

/// How long the end may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Which parts of a site run in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Cameras.
    pub pipeline: bool,
    /// Gates.
    pub gate: bool,
    /// Store, API and console.
    pub api: bool,
}

impl Parts {
    pub const ALL: Self = Self {
        pipeline: true,
        gate: true,
        api: true,
    };
    pub const PIPELINE: Self = Self {
        pipeline: true,
        gate: false,
        api: false,
    };
    pub const GATE: Self = Self {
        pipeline: false,
        gate: true,
        api: false,
    };
    pub const API: Self = Self {
        pipeline: false,
        gate: false,
        api: true,
    };
}

/// Runs until SIGINT or SIGTERM.
pub fn run(path: &Path, parts: Parts) -> Result<ExitCode> {
    let site = Arc::new(LoadedSite::load(path)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::on_signals()?;
        let mut running = Running::start(&site, parts, shutdown.clone()).await?;
        if let Some(address) = running.address {
            println!("console: http://{address}");
        }
        println!("running; end with Ctrl-C");
        let mut lists = start_lists(path, &site, parts, &mut running)?;
        let outcome = tokio::select! {
            () = shutdown.wait() => Ok(()),
            ended = running.tasks.join_next() => task_end(ended),
            // Without it the gates would go on with a list that grows old.
            Some(ended) = lists.join_next() => {
                task_end(Some(ended)).and_then(|()| bail!("the list is not followed any more"))
            }
        };
        drop(lists);
        running.stop().await;
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

/// Keeps the lists of this process in step: with the site file or the centre, and edges with it.
///
/// The tasks end with what is returned.
fn start_lists(
    path: &Path,
    site: &Arc<LoadedSite>,
    parts: Parts,
    running: &mut Running,
) -> Result<JoinSet<Result<()>>> {
    let mut tasks = JoinSet::new();
    if parts.api && site.site.list.publishes() {
        let (bus, _events) = running.connect("list", Vec::new());
        let publishing = bundle::centre::publish_list(path.to_owned(), site.told(), bus);
        tasks.spawn(async move {
            publishing.await;
            Ok(())
        });
    }
    let lists = running.registry_setter();
    if !site.is_edge() {
        let store = site.list_store()?;
        let following = follow_list(path.to_owned(), site.told(), store, lists);
        tasks.spawn(async move {
            following.await;
            Ok(())
        });
    } else if parts.gate || parts.pipeline {
        let connection = if parts.gate {
            bundle::edge::connect(site, running)?
        } else {
            None
        };
        tasks.spawn(bundle::edge::follow(site.clone(), connection, lists));
    }
    Ok(tasks)
}

/// Puts the list of the site file, the imported one and the passes into force again and again,
/// changed or not, and at once when programs have changed it.
///
/// A file that is wrong leaves the old list in force; it grows old, and in the end everybody is
/// referred. What is wrong is told when it is new.
async fn follow_list(path: PathBuf, mut told: Told, store: ListStore, lists: RegistrySetter) {
    let mut told_error = String::new();
    // The gates have read the list before this: what changed meanwhile is taken up at once.
    let mut stamp = None;
    loop {
        stamp = Some(changed_list(&store, stamp).await);
        let again = tokio::task::spawn_blocking({
            let path = path.clone();
            move || {
                let site = LoadedSite::load_again(&path, &mut told);
                (site.and_then(|site| site.list(clock::now())), told)
            }
        });
        let Ok((list, now_told)) = again.await else {
            return; // it has panicked
        };
        told = now_told;
        match list {
            Ok(list) => {
                told_error.clear();
                if lists.set(list).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let error = format!("{error:#}");
                if error != told_error {
                    tracing::warn!(error, "the old list stays in force");
                    told_error = error;
                }
            }
        }
    }
}

/// Returns when the list's files are others than they were, or when it is time anyway; how they
/// look now.
async fn changed_list(store: &ListStore, before: Option<ListStamp>) -> ListStamp {
    let due = tokio::time::Instant::now() + LIST_INTERVAL;
    loop {
        tokio::time::sleep(STAMP_INTERVAL).await;
        let now = store.stamp();
        if before != Some(now) || due <= tokio::time::Instant::now() {
            return now;
        }
    }
}

fn task_end(ended: Option<Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match ended {
        None => Ok(()),
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(error.into()),
    }
}

/// A running site.
pub struct Running {
    /// The site's name in topics.
    pub site: SiteId,
    /// Where the broker listens.
    pub broker: (String, u16),
    /// Where the console listens.
    pub address: Option<SocketAddr>,
    /// The cameras.
    pub pipeline: Option<Arc<Pipeline>>,
    /// Enrolled people.
    pub gallery: Option<Arc<Gallery>>,
    /// The gates.
    pub gates: Vec<gate::RunningGate>,
    /// Ends when a part ends.
    pub tasks: JoinSet<Result<()>>,
    /// The models in use.
    pub models: Vec<(Task, Vec<String>)>,
    credentials: Option<Credentials>,
    buses: Vec<Bus>,
    shutdown: Shutdown,
}

impl Running {
    /// Starts the parts, consumers first, so that nothing is said before somebody listens.
    pub async fn start(site: &LoadedSite, parts: Parts, shutdown: Shutdown) -> Result<Self> {
        let state = site.path(&site.site.storage.dir);
        private_folder(&state).with_context(|| format!("making {}", state.display()))?;
        let broker = start_broker(site, parts)?;
        let credentials = site.credentials()?;
        let mut running = Self {
            site: site.site.site.id.get_ref().parse()?,
            broker,
            address: None,
            pipeline: None,
            gallery: None,
            gates: Vec::new(),
            tasks: JoinSet::new(),
            models: Vec::new(),
            credentials,
            buses: Vec::new(),
            shutdown,
        };
        if parts.api {
            serve::start(site, &mut running).await?;
        }
        if parts.gate {
            gate::start(site, &mut running).await?;
        }
        if parts.pipeline {
            running.start_pipeline(site).await?;
        }
        Ok(running)
    }

    /// A connection of one part to the broker.
    pub fn connect(&mut self, source: &str, filters: Vec<String>) -> (Bus, BusEvents) {
        let mut config = BusConfig::new(&self.broker.0, self.broker.1, self.site.clone(), source);
        config.credentials = self.credentials.clone();
        config.filters = filters;
        let (bus, events) = Bus::connect(config);
        self.buses.push(bus.clone());
        (bus, events)
    }

    /// The token that ends everything.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// An outbox of one part, sending over a connection of its own.
    pub async fn outbox(&mut self, site: &LoadedSite, source: &str) -> Result<(Outbox, Bus)> {
        let path = site.state(&format!("outbox-{source}.db"));
        let outbox = Outbox::open(OutboxConfig::new(&path, source)).await?;
        let (bus, _events) = self.connect(source, Vec::new());
        let (sender, sending_bus, token) = (outbox.clone(), bus.clone(), self.shutdown());
        self.tasks
            .spawn(async move { Ok(sender.run(sending_bus, token).await?) });
        Ok((outbox, bus))
    }

    async fn start_pipeline(&mut self, site: &LoadedSite) -> Result<()> {
        let setups = site.cameras()?;
        let wanted: BTreeSet<Task> = setups
            .iter()
            .flat_map(|setup| detector::needed(setup.plan.tasks))
            .collect();
        let wanted: Vec<Task> = wanted.into_iter().collect();
        let analyzers = detector::analyzers(site, &wanted)?;
        self.models = analyzers.chosen();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let n_workers = match site.site.models.workers {
            0 => cores,
            n => n,
        };
        let detectors = detector::detectors(&analyzers, n_workers)?;
        self.gallery = self.open_gallery(site, &setups)?;
        if let Some(gallery) = self.gallery.clone() {
            let following = people::follow(gallery, self.shutdown());
            self.tasks.spawn(following);
        }
        let mut ids = IdSource::system();
        let shared = Shared {
            evidence: Arc::new(EvidenceStore::open(&site.state("evidence"))?),
            gallery: self.gallery.clone(),
            watch_list: watch_list::start(site, &self.models, &mut self.tasks, &self.shutdown)?,
            ids: Arc::new(Mutex::new(move || ids.next())),
        };
        let (outbox, bus) = self.outbox(site, "pipeline").await?;
        // Only a courtesy to the demo's clock: without a broker the outbox keeps what the cameras
        // say.
        drop(tokio::time::timeout(BROKER_WITHIN, bus.wait_online()).await);
        let (pipeline, outlet) = Pipeline::start(setups, detectors, &shared)?;
        let faults = pipeline.faults();
        self.tasks.spawn(async move { Ok(faults.ended().await?) });
        self.pipeline = Some(Arc::new(pipeline));
        let name = self.site.clone();
        self.tasks.spawn(pump(name, outlet, outbox, bus));
        Ok(())
    }

    fn open_gallery(
        &self,
        site: &LoadedSite,
        setups: &[CameraSetup],
    ) -> Result<Option<Arc<Gallery>>> {
        if !setups.iter().any(|setup| setup.plan.tasks.faces) {
            return Ok(None);
        }
        let model = self
            .models
            .iter()
            .find(|(task, _)| *task == Task::FaceEmbed)
            .map(|(_, ids)| ids.join("+"))
            .unwrap_or_default();
        Ok(Some(Arc::new(people::gallery(site, &model)?)))
    }

    /// A hand on the lists of all gates.
    pub fn registry_setter(&self) -> RegistrySetter {
        RegistrySetter(self.gates.iter().map(gate::RunningGate::lists).collect())
    }

    /// The newest frames of all cameras.
    pub fn frames(&self) -> Arc<CameraFrames> {
        Arc::new(CameraFrames(self.pipeline.as_ref().map(Arc::downgrade)))
    }

    /// Waits until the cameras have said everything, and gives their counts.
    pub async fn end_cameras(&mut self) -> Vec<(CameraId, CameraStats)> {
        let Some(pipeline) = self.pipeline.take() else {
            return Vec::new();
        };
        // A camera that is only just being opened does not hear it the first time.
        while !pipeline.has_ended() {
            pipeline.stop();
            tokio::time::sleep(STOP_INTERVAL).await;
        }
        let joined = tokio::task::spawn_blocking(move || {
            let mut pipeline = pipeline;
            // Somebody may be looking at a frame just now; that takes milliseconds.
            loop {
                match Arc::try_unwrap(pipeline) {
                    Ok(pipeline) => return pipeline.join(),
                    Err(shared) => {
                        pipeline = shared;
                        std::thread::yield_now();
                    }
                }
            }
        });
        joined.await.unwrap_or_default()
    }

    /// Ends the cameras, lets what they said be stored, then ends the rest.
    pub async fn stop(mut self) {
        drop(tokio::time::timeout(CLOSE_WITHIN, self.end_cameras()).await);
        self.shutdown.trigger();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(CLOSE_WITHIN, ended).await);
        for bus in self.buses {
            bus.close(Duration::from_secs(1)).await;
        }
    }
}

/// A hand on the lists of all gates.
#[derive(Clone)]
pub struct RegistrySetter(Vec<mpsc::Sender<Arc<ListRegistry>>>);

impl RegistrySetter {
    /// Puts another list into force at every gate.
    pub async fn set(&self, list: SiteList) -> Result<()> {
        let registry = Arc::new(ListRegistry::of(list));
        for gate in &self.0 {
            gate.send(registry.clone())
                .await
                .context("a gate has ended")?;
        }
        Ok(())
    }
}

/// The newest frames of cameras, as long as they run.
pub struct CameraFrames(Option<Weak<Pipeline>>);

impl CameraFrames {
    /// The newest frame of a camera.
    pub fn newest(&self, camera: &CameraId) -> Option<Frame> {
        self.0.as_ref()?.upgrade()?.newest_frame(camera)
    }
}

/// A new person's id.
pub fn new_person() -> PersonId {
    PersonId(IdSource::system().next())
}

fn start_broker(site: &LoadedSite, parts: Parts) -> Result<(String, u16)> {
    let section = &site.site.broker;
    match section.kind {
        BrokerKind::External => Ok((section.host.clone(), section.port)),
        BrokerKind::Embedded if parts == Parts::ALL => {
            let broker = EmbeddedBroker::start(section.port)?;
            Ok(("127.0.0.1".to_owned(), broker.port))
        }
        BrokerKind::Embedded => bail!(
            "the embedded broker serves `gac run` only; for parts in processes of their own write \
             kind = \"external\", host and port under [broker]"
        ),
    }
}
