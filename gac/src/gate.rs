//! The gates of a site, and the simulated barriers of those that have one.

use crate::{run::Running, site::LoadedSite};
use anyhow::{Context as _, Result};
use domain::{CameraId, GateId};
use gate_controller::{
    BarrierSettings, BarrierSimulator, GateConfig, GateController, GateEvent, GateParts,
    JOURNAL_BYTES_MAX, SimulatorParts, simulator_filters,
};
use policy::ListRegistry;
use service::{
    clock::{self, SystemClock},
    config::site::{ActuatorKind, GateSection},
    keys::{CommandVerifier, SigningKeyFile},
};
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc};

pub(crate) mod rules;

/// What guards' orders are signed with, by the program that knows who they are.
pub(crate) const ORDER_KEY: &str = "keys/order.key";

/// Lists that may wait for a gate.
const LISTS_MAX: usize = 4;

/// A gate and, where it is simulated, its barrier.
pub struct RunningGate {
    /// Its name.
    pub gate: GateId,
    lists: mpsc::Sender<Arc<ListRegistry>>,
    events: broadcast::Receiver<GateEvent>,
    _simulator: Option<BarrierSimulator>,
}

impl RunningGate {
    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<GateEvent> {
        self.events.resubscribe()
    }

    /// Where another list is put into force.
    pub fn lists(&self) -> mpsc::Sender<Arc<ListRegistry>> {
        self.lists.clone()
    }
}

/// Hands lists on until the gate ends; a gate that cannot go on ends the program.
async fn attend(
    mut controller: GateController,
    mut lists: mpsc::Receiver<Arc<ListRegistry>>,
) -> Result<()> {
    loop {
        tokio::select! {
            ended = controller.ended() => return Ok(ended?),
            Some(list) = lists.recv() => controller.set_registry(list, clock::now()).await?,
        }
    }
}

/// Starts every gate of the site.
pub async fn start(site: &LoadedSite, running: &mut Running) -> Result<()> {
    for section in &site.site.gates {
        let gate = start_one(site, section, running)
            .await
            .with_context(|| format!("starting gate {}", section.id.get_ref()))?;
        running.gates.push(gate);
    }
    Ok(())
}

async fn start_one(
    site: &LoadedSite,
    section: &GateSection,
    running: &mut Running,
) -> Result<RunningGate> {
    let gate: GateId = section.id.get_ref().parse()?;
    let camera: CameraId = section.camera.get_ref().parse()?;
    let key = SigningKeyFile::load_or_create(&site.state("keys/command.key"))?;
    let simulator = match section.actuator {
        ActuatorKind::Mqtt => {
            let public_key = key.public_hex();
            tracing::info!(gate.id = %gate, public_key, "the barrier checks commands with it");
            None
        }
        ActuatorKind::Simulator => Some(start_simulator(site, &gate, &key, running)?),
    };
    let program = format!("gate-{gate}");
    let config = GateConfig {
        program: program.clone(),
        config_sha256: site.sha256.clone(),
        cameras: vec![camera],
        policy: rules::policy(site, section)?,
        lane: rules::lane(section)?,
        journal: site.state(&format!("journal-{program}.jsonl")),
        journal_bytes_max: JOURNAL_BYTES_MAX,
    };
    let (outbox, _bus) = running.outbox(site, &program).await?;
    let filters = config.filters(&running.site);
    let (bus, events) = running.connect(&format!("{program}-in"), filters);
    let registry = Arc::new(ListRegistry::of(site.list(clock::now())?));
    let orders = SigningKeyFile::load_or_create(&site.state(ORDER_KEY))?;
    let parts = GateParts {
        bus,
        events,
        outbox,
        key,
        orders: CommandVerifier::from_public(&orders.public())?,
        registry,
        clock: SystemClock,
    };
    let controller = GateController::start(config, parts, running.shutdown()).await?;
    let events = controller.events();
    let (lists, inbox) = mpsc::channel(LISTS_MAX);
    running.tasks.spawn(attend(controller, inbox));
    Ok(RunningGate {
        gate,
        lists,
        events,
        _simulator: simulator,
    })
}

fn start_simulator(
    site: &LoadedSite,
    gate: &GateId,
    key: &SigningKeyFile,
    running: &mut Running,
) -> Result<BarrierSimulator> {
    let filters = simulator_filters(&running.site, gate);
    let (bus, events) = running.connect(&format!("barrier-{gate}"), filters);
    let parts = SimulatorParts {
        bus,
        events,
        verifier: CommandVerifier::from_public(&key.public())?,
        settings: BarrierSettings::new(gate.clone()),
        memory: site.state(&format!("barrier-{gate}.obeyed")),
        clock: SystemClock,
    };
    Ok(BarrierSimulator::start(parts, running.shutdown())?)
}
