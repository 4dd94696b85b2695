//! How much later an idle lane knows a vehicle's plate.

use super::{Encoder, film, site};
use anyhow::{Context as _, Result};
use gac::{
    detector::{self, ModelDetector},
    offline::Checkout,
    site::LoadedSite,
};
use models::Analyzers;
use pipeline::{Output, Pipeline, Shared};
use service::{
    clock,
    evidence::EvidenceStore,
    ids::{Ids as _, SeededIds},
};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Nothing moves for so long, in frames, before the vehicle comes: a lane is at rest after 6 s.
const STILL_FRAMES: u32 = 9 * samples::FPS;

/// One film, wholly decoded and at rest. Times count from the film's first frame to the moment that
/// the pipeline has said it, by the clock.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// The vehicle's first frame.
    pub comes_at: Duration,
    /// The first word about the vehicle: wholly decoded, and from rest.
    pub sighted: [Option<Duration>; 2],
    /// The first word that a gate may decide on.
    pub decisive: [Option<Duration>; 2],
    /// Frames that were not decoded before the decision.
    pub n_idle: u64,
}

impl Added {
    /// How much later the first decision was possible, in milliseconds; negative is sooner.
    pub fn decision_ms(&self) -> Option<f64> {
        later_ms(self.decisive)
    }

    /// How much later the first word was said, in milliseconds.
    pub fn sighting_ms(&self) -> Option<f64> {
        later_ms(self.sighted)
    }
}

fn later_ms([full, idle]: [Option<Duration>; 2]) -> Option<f64> {
    Some((idle?.as_secs_f64() - full?.as_secs_f64()) * 1000.0)
}

/// Plays one film twice, at its own speed.
pub fn added(
    checkout: &Checkout,
    (seed, encoder): (u64, &Encoder),
    folder: &Path,
) -> Result<Added> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let path = folder.join("film.mp4");
    // The vehicle comes at another place of the picture group each time.
    let still = STILL_FRAMES + u32::try_from(seed % 50)? * 7 % 25;
    let comes_in = film::arrival(&path, (seed, encoder), still)?;
    let mut analyzers = None;
    let mut play = |decode: &str| {
        let source = format!("{{ file = {path:?} }}");
        let file = site::write(checkout, &folder.join(decode), (&source, decode))?;
        let site = LoadedSite::load(&file)?;
        if analyzers.is_none() {
            let tasks = site
                .cameras()?
                .iter()
                .flat_map(|setup| detector::needed(setup.plan.tasks))
                .collect::<Vec<_>>();
            analyzers = Some(detector::analyzers(&site, &tasks)?);
        }
        watch(&site, analyzers.as_ref().context("no models")?)
    };
    let (full, idle) = (play("all")?, play("when-moving")?);
    Ok(Added {
        comes_at: Duration::from_secs_f64(f64::from(comes_in) / f64::from(samples::FPS)),
        sighted: [full.sighted, idle.sighted],
        decisive: [full.decisive, idle.decisive],
        n_idle: idle.n_idle,
    })
}

#[derive(Default)]
struct Words {
    sighted: Option<Duration>,
    decisive: Option<Duration>,
    n_idle: u64,
}

/// Until the first decisive word, or the film's end.
fn watch(site: &LoadedSite, analyzers: &Analyzers) -> Result<Words> {
    let detectors: Vec<ModelDetector> = detector::detectors(analyzers, 1)?;
    let mut ids = SeededIds::new(1);
    let shared = Shared {
        evidence: Arc::new(EvidenceStore::open(&site.state("evidence"))?),
        gallery: None,
        watch_list: None,
        ids: Arc::new(Mutex::new(move || ids.next())),
    };
    let (pipeline, mut outlet) = Pipeline::start(site.cameras()?, detectors, &shared)?;
    let mut words = Words::default();
    while let Some(output) = outlet.blocking_recv() {
        let Output::Sighting(sighting) = output else {
            continue;
        };
        let now = clock::now();
        let first_at = pipeline
            .stats()
            .first()
            .and_then(|(_, stats)| stats.first_at);
        let span = now.since(first_at.unwrap_or(now));
        words.sighted.get_or_insert(span);
        if sighting.is_plate_decisive {
            words.decisive = Some(span);
            break;
        }
    }
    words.n_idle = pipeline.stats().first().map_or(0, |(_, stats)| stats.idle);
    while !pipeline.has_ended() {
        pipeline.stop();
        while outlet.try_recv().is_ok() {}
        std::thread::yield_now();
    }
    drop(outlet);
    pipeline.join();
    Ok(words)
}
