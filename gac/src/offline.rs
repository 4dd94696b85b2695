//! One generated scene through the parts that run at a site, as fast as it can be analysed.
//!
//! The site file, the cameras, the models, the rules and the judging are those of the demo. Only
//! the gate is [`policy::PassageMachine`] alone, in capture time: no broker, and a barrier that
//! answers at once.
//! So a scene of a minute is judged in less, and every frame that is due is analysed.

mod checkout;
mod lane;
mod people;

pub use checkout::Checkout;
pub use people::{PeopleOutcome, count_people};

use crate::{
    demo::{judge, needs, plan::DemoCamera, watch::Seen},
    detector,
    report::Expectation,
    scene::SceneSource,
    site::LoadedSite,
};
use anyhow::{Context as _, Result};
use domain::Timestamp;
use lane::OfflineLane;
use pipeline::{CameraStats, Output, Pipeline, Shared};
use samples::{SceneKind, SceneSpec, truth_of};
use service::{clock, evidence::EvidenceStore, ids::Ids as _, ids::SeededIds};
use source::SourceSpec;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::sync::mpsc::Receiver;

/// Capture time of a scene's first frame: 2026-01-05 10:00 in Viet Nam. Fixed, so that runs are
/// alike.
const STARTS_AT: Timestamp = Timestamp::from_millis(1_767_582_000_000);

/// What came of a scene, held against its truth.
#[derive(Clone, Debug)]
pub struct SceneOutcome {
    /// Which scene.
    pub kind: SceneKind,
    /// Which of the many.
    pub seed: u64,
    /// One for each vehicle, and one for each candidate that belongs to none.
    pub expectations: Vec<Expectation>,
    /// Vehicles of the truth.
    pub n_vehicles: usize,
    /// Commands or candidates that the truth asks for, each counted once.
    pub right: usize,
    /// Commands or candidates.
    pub done: usize,
    /// What the truth asks for.
    pub asked: usize,
    /// Vehicles whose plate was wanted.
    pub plates: usize,
    /// Of these, read exactly.
    pub plates_exact: usize,
    /// Of these, those on which the frames agreed well enough for a gate to act.
    pub plates_decisive: usize,
    /// Of those, the ones that were read wrongly.
    pub plates_wrong: usize,
    /// Crossings of the stop line that the rule did not find, by reason; most are lawful.
    pub refusals: BTreeMap<String, u64>,
    /// Frames given to the models.
    pub n_analysed: u64,
    /// How long it took, models' loading included.
    pub took: Duration,
}

impl SceneOutcome {
    /// Whether everything that the truth asks for was done, and nothing else.
    pub fn is_right(&self) -> bool {
        self.right == self.asked
            && self.right == self.done
            && self
                .expectations
                .iter()
                .all(|expectation| expectation.is_met)
    }

    /// One line for each vehicle.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} {}: {} of {} asked for, {} done, {} of {} plates exact, {:.1} s\n",
            self.kind.name(),
            self.seed,
            self.right,
            self.asked,
            self.done,
            self.plates_exact,
            self.plates,
            self.took.as_secs_f64()
        );
        for e in &self.expectations {
            let mark = if e.is_met { "  " } else { "!!" };
            text += &format!(
                "{mark} {}: should {}: {}\n",
                e.subject, e.expected, e.happened
            );
        }
        if !self.refusals.is_empty() {
            text += &format!("   crossings not found: {:?}\n", self.refusals);
        }
        text
    }
}

/// Runs a gate or a junction by day. The site's files go to `folder`.
pub fn run(
    checkout: &Checkout,
    (kind, seed): (SceneKind, u64),
    folder: &Path,
) -> Result<SceneOutcome> {
    run_spec(checkout, &SceneSpec::new(kind, seed), folder)
}

/// As [`run`], in any light and weather.
pub fn run_spec(checkout: &Checkout, spec: &SceneSpec, folder: &Path) -> Result<SceneOutcome> {
    let began_at = clock::now();
    let (kind, seed) = (spec.kind, spec.seed);
    let truth = truth_of(spec)?;
    let n_vehicles = truth.header.vehicles.len();
    let mut camera = DemoCamera::of_scene(kind, truth, None);
    camera.reads_plates = needs::reads_plates(&checkout.store());
    let site = load_site(checkout, &camera, (kind, seed), folder)?;
    let (seen, stats) = watch(&site, spec)?;
    let mut expectations = Vec::new();
    let base = stats.first_at.context("the scene gave no frame")?;
    let score = judge::scene(&camera, base, &seen, &mut expectations);
    Ok(SceneOutcome {
        kind,
        seed,
        expectations,
        n_vehicles,
        right: score.right,
        done: score.done,
        asked: score.asked,
        plates: score.plates,
        plates_exact: score.plates_exact,
        plates_decisive: score.plates_decisive,
        plates_wrong: score.plates_wrong,
        refusals: stats.refusals,
        n_analysed: stats.analysed,
        took: clock::now().since(began_at),
    })
}

/// Writes the demo's site file for this one camera, with frames that are drawn as they are wanted.
fn load_site(
    checkout: &Checkout,
    camera: &DemoCamera,
    (kind, seed): (SceneKind, u64),
    folder: &Path,
) -> Result<LoadedSite> {
    let source = format!(
        "{{ scene = {:?}, seed = {seed}, pace = \"fast\" }}",
        kind.name()
    );
    write_site(checkout, camera, &source, folder)
}

/// Writes the demo's site file for the gate of this seed alone, with frames from `source`, a table
/// of TOML. The console takes a free port. Files go to `folder`.
pub fn lane_site(
    checkout: &Checkout,
    seed: u64,
    source: &str,
    folder: &Path,
) -> Result<LoadedSite> {
    let kind = SceneKind::Gate;
    let truth = truth_of(&SceneSpec::new(kind, seed))?;
    write_site(
        checkout,
        &DemoCamera::of_scene(kind, truth, None),
        source,
        folder,
    )
}

fn write_site(
    checkout: &Checkout,
    camera: &DemoCamera,
    source: &str,
    folder: &Path,
) -> Result<LoadedSite> {
    let runtime = checkout
        .runtime()
        .map_or(String::new(), |path| format!("runtime = {path:?}\n"));
    let text = format!(
        "[site]\nid = \"offline\"\nname = \"Offline\"\n\n[storage]\ndir = \"state\"\n\n\
         [web]\nlisten = \"127.0.0.1:0\"\n\n\
         [models]\nstore = {:?}\n{runtime}{}",
        checkout.store_dir(),
        camera.toml_with(source)
    );
    fs::create_dir_all(folder)?;
    let path = folder.join("site.toml");
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    LoadedSite::load(&path)
}

/// Runs the site's one camera to its end, and its gate where it has one.
fn watch(site: &LoadedSite, spec: &SceneSpec) -> Result<(Seen, CameraStats)> {
    let mut setups = site.cameras()?;
    for setup in &mut setups {
        setup.options.starts_at = Some(STARTS_AT);
        // The site file knows no weather.
        setup.source = SourceSpec::Scene(Box::new(SceneSource::of_spec(spec, None)?));
    }
    let tasks = setups
        .iter()
        .flat_map(|setup| detector::needed(setup.plan.tasks))
        .collect::<Vec<_>>();
    let analyzers = detector::analyzers(site, &tasks)?;
    let detectors = detector::detectors(&analyzers, 1)?;
    let mut ids = SeededIds::new(1);
    let shared = Shared {
        evidence: Arc::new(EvidenceStore::open(&site.state("evidence"))?),
        gallery: None,
        watch_list: None,
        ids: Arc::new(Mutex::new(move || ids.next())),
    };
    let lane = OfflineLane::of_site(site, STARTS_AT)?;
    let (pipeline, outlet) = Pipeline::start(setups, detectors, &shared)?;
    let cameras = thread::spawn(move || pipeline.join());
    let seen = listen(outlet, lane);
    let stats = cameras
        .join()
        .map_err(|_panic| anyhow::anyhow!("the pipeline has panicked"))?;
    let (_, stats) = stats.into_iter().next().context("the site has no camera")?;
    Ok((seen, stats))
}

fn listen(mut outlet: Receiver<Output>, mut lane: Option<OfflineLane>) -> Seen {
    let mut seen = Seen::default();
    while let Some(output) = outlet.blocking_recv() {
        match output {
            Output::Sighting(sighting) => {
                if let Some(lane) = &mut lane {
                    lane.hear(&sighting, &mut seen);
                }
                seen.note(sighting);
            }
            Output::Candidate(candidate) => seen.candidates.push(candidate),
            Output::Document(_)
            | Output::Count(_)
            | Output::Assist(_)
            | Output::Status(_)
            | Output::Picture { .. } => {}
        }
    }
    if let Some(lane) = &mut lane {
        lane.finish(&mut seen);
    }
    seen
}
