//! The gates of a site, and what moves their barriers.

use crate::{bundle, run::Running, site::LoadedSite};
use anyhow::{Context as _, Result};
use domain::{CameraId, GateId, ZoneId};
use gate_controller::{
    Adapter, AdapterParts, AnnounceConfig, BarrierSettings, BarrierSimulator, Fail, GateConfig,
    GateController, GateEvent, GateParts, JOURNAL_BYTES_MAX, SimulatorParts, announce,
    listening_source, retell, retell_filters, simulator_filters, start_adapter,
};
use policy::ListRegistry;
use service::{
    clock::{self, SystemClock},
    config::site::{ActuatorSection, FailKind, GateSection},
    keys::{CommandVerifier, SigningKeyFile},
};
use std::{path::Path, sync::Arc};
use tokio::sync::{broadcast, mpsc};

pub(crate) mod rules;

/// What guards' orders are signed with, by the program that knows who they are.
pub(crate) const ORDER_KEY: &str = "keys/order.key";

/// Lists that may wait for a gate.
const LISTS_MAX: usize = 4;

/// A gate and, where it is simulated or of another dialect, its barrier.
pub struct RunningGate {
    /// Its name.
    pub gate: GateId,
    lists: mpsc::Sender<Arc<ListRegistry>>,
    events: broadcast::Receiver<GateEvent>,
    _device: Device,
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
    let list = if site.is_edge() {
        bundle::edge::stored(site)?
    } else {
        site.list(clock::now())?
    };
    let registry = Arc::new(ListRegistry::of(list));
    for section in &site.site.gates {
        let gate = start_one(site, section, registry.clone(), running)
            .await
            .with_context(|| format!("starting gate {}", section.id.get_ref()))?;
        running.gates.push(gate);
    }
    tell_others(site, running)
}

/// Home Assistant and listeners to ONVIF events, where the site wants them.
fn tell_others(site: &LoadedSite, running: &mut Running) -> Result<()> {
    let cameras = &site.site.cameras;
    let mut zones: Vec<ZoneId> = cameras
        .iter()
        .flat_map(|camera| &camera.lines)
        .map(|line| Ok(line.zone.get_ref().parse()?))
        .collect::<Result<_>>()?;
    zones.sort_unstable();
    zones.dedup();
    let gates = site.site.gates.iter().map(|gate| {
        let (id, name) = (gate.id.get_ref(), gate.name.as_ref());
        Ok((id.parse()?, name.unwrap_or(id).clone()))
    });
    let watched = site.site.gates.iter().map(|gate| &gate.camera);
    let events = site.site.onvif_events.as_ref();
    let config = AnnounceConfig {
        site: running.site.clone(),
        gates: gates.collect::<Result<_>>()?,
        cameras: watched
            .map(|camera| Ok(camera.get_ref().parse()?))
            .collect::<Result<_>>()?,
        zones,
        home_assistant: (site.site.home_assistant.as_ref())
            .map(|section| section.prefix.get_ref().clone()),
        onvif_events: events.map(|section| (section.prefix.get_ref().clone(), section.with_plates)),
    };
    if config.is_wanted() {
        let (bus, _events) = running.connect("announce", Vec::new());
        let shutdown = running.shutdown();
        running
            .tasks
            .spawn(async move { Ok(announce(config, bus, shutdown).await?) });
    }
    Ok(())
}

async fn start_one(
    site: &LoadedSite,
    section: &GateSection,
    registry: Arc<ListRegistry>,
    running: &mut Running,
) -> Result<RunningGate> {
    let gate: GateId = section.id.get_ref().parse()?;
    let camera: CameraId = section.camera.get_ref().parse()?;
    let key = SigningKeyFile::load_or_create(&site.state("keys/command.key"))?;
    let device = start_device(site, section, &key, running)?;
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
    // Commands go out on another connection than answers come in on: a broker that does not set
    // TCP_NODELAY holds an answer back for 40 ms behind its own acknowledgement of the command.
    let (outbox, bus) = running.outbox(site, &program).await?;
    let filters = config.filters(&running.site);
    let (_listening, events) = running.connect(&listening_source(&gate), filters);
    let parts = GateParts {
        bus,
        events,
        outbox,
        key,
        orders: orders(site)?,
        registry,
        clock: SystemClock,
    };
    let controller = GateController::start(config, parts, running.shutdown()).await?;
    let events = controller.events();
    let filters = retell_filters(&running.site);
    let again = running.connect(&format!("{program}-again"), filters);
    let (own, shutdown) = (controller.movements(), running.shutdown());
    let telling = retell(own, gate.clone(), again, SystemClock, shutdown);
    running.tasks.spawn(async move {
        telling.await;
        Ok(())
    });
    let (lists, inbox) = mpsc::channel(LISTS_MAX);
    running.tasks.spawn(attend(controller, inbox));
    Ok(RunningGate {
        gate,
        lists,
        events,
        _device: device,
    })
}

/// Whose orders count: at an edge they are named by the centre's list.
fn orders(site: &LoadedSite) -> Result<CommandVerifier> {
    if site.is_edge() {
        return Ok(site.trusted.orders.clone());
    }
    let key = SigningKeyFile::load_or_create(&site.state(ORDER_KEY))?;
    Ok(CommandVerifier::from_public(&key.public())?)
}

/// What moves the barrier, as far as it is in this program.
enum Device {
    /// It takes signed commands itself.
    Elsewhere,
    Simulated {
        _simulator: BarrierSimulator,
    },
    Adapted {
        _adapter: Adapter,
    },
}

fn start_device(
    site: &LoadedSite,
    section: &GateSection,
    key: &SigningKeyFile,
    running: &mut Running,
) -> Result<Device> {
    let gate: GateId = section.id.get_ref().parse()?;
    let verifier = CommandVerifier::from_public(&key.public())?;
    let memory = site.state(&format!("barrier-{gate}.obeyed"));
    let actuator = section.actuator.get_ref();
    if *actuator == ActuatorSection::Mqtt {
        let public_key = key.public_hex();
        tracing::info!(gate.id = %gate, public_key, "the barrier checks commands with it");
        return Ok(Device::Elsewhere);
    }
    let filters = simulator_filters(&running.site, &gate);
    let (_listening, events) = running.connect(&format!("barrier-{gate}-in"), filters);
    let (bus, _events) = running.connect(&format!("barrier-{gate}"), Vec::new());
    if *actuator == ActuatorSection::Simulator {
        let fail = match section.fail {
            FailKind::Safe => Fail::Safe,
            FailKind::Secure => Fail::Secure,
        };
        let parts = SimulatorParts {
            bus,
            events,
            verifier,
            settings: BarrierSettings {
                fail,
                ..BarrierSettings::new(gate)
            },
            memory,
            clock: SystemClock,
        };
        let simulator = BarrierSimulator::start(parts, running.shutdown())?;
        return Ok(Device::Simulated {
            _simulator: simulator,
        });
    }
    let parts = AdapterParts {
        bus,
        events,
        verifier,
        gate,
        memory,
        clock: SystemClock,
    };
    let actuator = actuator.clone().found_from(&site.path(Path::new("")));
    let adapter = start_adapter(&actuator, parts, running.shutdown())?;
    Ok(Device::Adapted { _adapter: adapter })
}
