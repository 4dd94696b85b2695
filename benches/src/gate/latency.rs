//! From the light on the sensor to the barrier: how long each step takes.
//!
//! The lane is the whole program with one gate camera of 720p25, whose generated vehicles come over
//! RTSP from another process, and the simulated barrier. Every command is a sample.

use crate::idle::Process;
use anyhow::{Context as _, Result};
use domain::{CommandId, Timestamp};
use gac::{
    offline::{Checkout, lane_site},
    report::Quantiles,
    run::{Parts, Running},
    site::LoadedSite,
};
use gate_controller::{CommandTiming, GateEvent};
use samples::{SceneKind, SceneSpec, write_scene};
use service::shutdown::Shutdown;
use std::{collections::BTreeMap, fs, path::Path, process::Stdio, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// A film is over so long after its last frame.
const SPARE: Duration = Duration::from_secs(6);

/// The steps, in order, with the names that they have in the figures.
pub const STEPS: [&str; 6] = [
    "capture_to_sighting",
    "sighting_to_verdict",
    "verdict_to_command",
    "command_to_ack",
    "capture_to_command",
    "command_to_open",
];

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    /// Milliseconds of each step of [`STEPS`].
    pub steps: BTreeMap<&'static str, Vec<f64>>,
    /// Films that were shown.
    pub n_films: usize,
}

impl Latency {
    /// The distribution of a step.
    pub fn of(&self, step: &str) -> Quantiles {
        Quantiles::of(self.steps.get(step).map_or(&[], Vec::as_slice))
    }

    fn note(&mut self, timing: &CommandTiming) {
        let mut add = |step, from: Timestamp, to: Option<Timestamp>| {
            if let Some(to) = to {
                let ms = to.since(from).as_secs_f64() * 1000.0;
                self.steps.entry(step).or_default().push(ms);
            }
        };
        let t = timing;
        add(STEPS[0], t.captured_at, Some(t.received_at));
        add(STEPS[1], t.received_at, Some(t.given_at));
        add(STEPS[2], t.given_at, Some(t.published_at));
        add(STEPS[3], t.published_at, t.answered_at);
        add(STEPS[4], t.captured_at, Some(t.published_at));
        add(STEPS[5], t.published_at, t.executed_at);
    }
}

/// Shows the gate scenes of these seeds, a minute each, at their own speed.
pub fn latency(
    checkout: &Checkout,
    seeds: impl IntoIterator<Item = u64>,
    folder: &Path,
    told: &mut dyn FnMut(&str),
) -> Result<Latency> {
    let mut latency = Latency::default();
    for seed in seeds {
        let spec = SceneSpec::new(SceneKind::Gate, seed);
        let film = write_scene(&spec, None, folder, |_done, _total| ())?;
        let mut camera = Process::start("camera", &film.video, Stdio::piped())?;
        let source = format!(
            "{{ rtsp = \"rtsp://127.0.0.1:{}/s\" }}",
            camera.says_port()?
        );
        let place = folder.join(format!("latency-{seed}"));
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        let site = lane_site(checkout, seed, &source, &place)?;
        let shown = Duration::from_secs_f64(spec.duration_s) + SPARE;
        let timings = show(&site, shown)?;
        told(&format!("film {seed}: {} commands", timings.len()));
        timings.values().for_each(|timing| latency.note(timing));
        latency.n_films += 1;
    }
    Ok(latency)
}

/// Runs the site for a while, and gives its commands with their times.
fn show(site: &LoadedSite, lasts: Duration) -> Result<BTreeMap<CommandId, CommandTiming>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let running = Running::start(site, Parts::ALL, Shutdown::new()).await?;
        let gate = running.gates.first().context("the site has no gate")?;
        let mut events = gate.events();
        let mut timings = BTreeMap::new();
        // The film is over then: what is heard until that moment is all.
        drop(tokio::time::timeout(lasts, hear(&mut events, &mut timings)).await);
        running.stop().await;
        Ok(timings)
    })
}

async fn hear(events: &mut Receiver<GateEvent>, timings: &mut BTreeMap<CommandId, CommandTiming>) {
    loop {
        match events.recv().await {
            Ok(GateEvent::Commanded(timing) | GateEvent::Answered { timing, .. }) => {
                timings.insert(timing.command, timing);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => (),
            Err(RecvError::Closed) => return,
        }
    }
}
