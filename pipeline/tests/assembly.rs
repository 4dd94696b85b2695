//! The assembly with a scripted detector: frames that are drawn here, boxes that are found by their
//! colour.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use domain::{
    BoxInImage, CameraId, CharRead, Class, Detection, EvidenceRole, FaceObservation, Frame,
    PlateColour, PlateDetection, PlateRead, RowRead, Sighting, SightingId, SightingPhase,
    SignalPhase, Standing, ports::Detector,
};
use pipeline::{
    CameraSetup, CameraStats, CountLine, Fault, HandOver, Output, Pipeline, Plan, Shared, StopLine,
    Tasks,
};
use service::evidence::EvidenceStore;
use source::{Pace, SceneRenderer, SourceOptions, SourceSpec};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use wire::CameraState;

#[path = "assembly/failures.rs"]
mod failures;
#[path = "assembly/qr.rs"]
mod qr;

const SIZE: (u32, u32) = (320, 180);
const FPS: f64 = 10.0;
const N_FRAMES: u64 = 60;

/// A white box drives upwards over a line at y = 90 while the lamp of `phase` is lit.
struct Road {
    phase: SignalPhase,
    fps: f64,
    /// The drawing panics at this frame.
    breaks_at: Option<u64>,
}

impl SceneRenderer for Road {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn fps(&self) -> f64 {
        self.fps
    }

    fn n_frames(&self) -> u64 {
        N_FRAMES
    }

    fn render(&mut self, frame_no: u64, rgb: &mut [u8]) {
        assert_ne!(Some(frame_no), self.breaks_at, "a test's panic");
        rgb.fill(40);
        let lamp = match self.phase {
            SignalPhase::Red => (4, [250, 30, 20]),
            SignalPhase::Amber => (24, [250, 180, 20]),
            _ => (44, [20, 220, 150]),
        };
        fill(rgb, (300, lamp.0), (12, 12), lamp.1);
        if (10..50).contains(&frame_no) {
            let top = 124 - (frame_no as usize - 10) * 3;
            fill(rgb, (100, top), (60, 56), [255, 255, 255]);
        }
    }
}

fn fill(rgb: &mut [u8], (x0, y0): (usize, usize), (w, h): (usize, usize), colour: [u8; 3]) {
    for y in y0..(y0 + h).min(SIZE.1 as usize) {
        for x in x0..(x0 + w).min(SIZE.0 as usize) {
            rgb[(y * SIZE.0 as usize + x) * 3..][..3].copy_from_slice(&colour);
        }
    }
}

/// Finds the white box, and a plate on it that always reads the same. Panics on some frames.
#[derive(Default)]
struct White {
    panics_on: Vec<u64>,
}

impl Detector for White {
    type Error = Infallible;

    fn objects(&mut self, frame: &Frame) -> Result<Vec<Detection>, Infallible> {
        assert!(!self.panics_on.contains(&frame.seq), "a test's panic");
        Ok(white(frame)
            .map(|bounds| Detection {
                class: Class::Car,
                bounds,
                score: 0.9,
            })
            .into_iter()
            .collect())
    }

    fn plates(
        &mut self,
        frame: &Frame,
        within: BoxInImage,
    ) -> Result<Vec<PlateDetection>, Infallible> {
        let plate =
            white(frame).map(|b| BoxInImage::new(b.x_min, b.y_max - 14., b.x_max, b.y_max - 2.));
        let plate = plate.filter(|plate| within.contains(plate.centre()));
        Ok(plate
            .map(|bounds| PlateDetection {
                bounds,
                corners: None,
                score: 0.9,
            })
            .into_iter()
            .collect())
    }

    fn read_plates(
        &mut self,
        _frame: &Frame,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, Infallible> {
        let read = |best| CharRead {
            best,
            score: 0.99,
            alternatives: Vec::new(),
        };
        let plate = |plate: &PlateDetection| {
            Some(PlateRead {
                bounds: plate.bounds,
                corners: None,
                detect_score: plate.score,
                rows: vec![RowRead {
                    chars: "30F25658".chars().map(read).collect(),
                }],
                colour: PlateColour::White,
            })
        };
        Ok(plates.iter().map(plate).collect())
    }

    fn faces(&mut self, _: &Frame, _: BoxInImage) -> Result<Vec<FaceObservation>, Infallible> {
        Ok(Vec::new())
    }

    fn describe_face(&mut self, _: &Frame, _: &mut FaceObservation) -> Result<(), Infallible> {
        Ok(())
    }

    fn similarity_min(&self) -> f32 {
        1.0
    }
}

fn white(frame: &Frame) -> Option<BoxInImage> {
    let width = frame.width as usize;
    let is_white = |p: &[u8]| p.iter().all(|c| 240 < *c);
    let lit = frame
        .rgb
        .chunks_exact(3)
        .enumerate()
        .filter(|(_, p)| is_white(p));
    lit.map(|(n, _)| ((n % width) as f32, (n / width) as f32))
        .fold(None, |all, (x, y)| {
            let all = all.unwrap_or(BoxInImage::new(x, y, x + 1.0, y + 1.0));
            Some(BoxInImage::new(
                all.x_min.min(x),
                all.y_min.min(y),
                all.x_max.max(x + 1.0),
                all.y_max.max(y + 1.0),
            ))
        })
}

fn plan(id: &str, is_gate: bool) -> Plan {
    Plan {
        camera: id.parse().unwrap(),
        tasks: Tasks {
            vehicles: true,
            plates: true,
            ..Tasks::default()
        },
        region: None,
        motion_gate: true,
        is_gate,
        lines: vec![CountLine {
            zone: "yard".parse().unwrap(),
            from: [1.0, 0.6],
            to: [0.0, 0.6],
        }],
        stop_line: Some(StopLine {
            from: [1.0, 0.5],
            to: [0.0, 0.5],
            grace: Duration::from_millis(400),
            lamps: [4.0, 24.0, 44.0]
                .map(|y| [300.0 / 320.0, y / 180.0, 312.0 / 320.0, (y + 12.0) / 180.0]),
        }),
        qr: None,
    }
}

fn setup(plan: Plan, source: SourceSpec) -> CameraSetup {
    let clock = Arc::new(service::clock::now);
    let mut options = SourceOptions::new(plan.camera.clone(), clock);
    options.pace = Pace::AsFastAsPossible;
    CameraSetup {
        plan,
        source,
        options,
        hand_over: HandOver::Blocking,
    }
}

fn run(setups: Vec<CameraSetup>) -> (Vec<Output>, tempfile::TempDir) {
    let ran = run_with(setups, &[]);
    assert_eq!(ran.fault, Ok(()));
    (ran.said, ran.folder)
}

struct Ran {
    said: Vec<Output>,
    folder: tempfile::TempDir,
    stats: Vec<(CameraId, CameraStats)>,
    fault: Result<(), Fault>,
}

impl Ran {
    /// Sightings by id, each with its messages in order.
    fn sightings(&self) -> BTreeMap<SightingId, Vec<&Sighting>> {
        let mut all: BTreeMap<_, Vec<&Sighting>> = BTreeMap::new();
        for output in &self.said {
            if let Output::Sighting(sighting) = output {
                all.entry(sighting.id).or_default().push(sighting);
            }
        }
        for messages in all.values_mut() {
            messages.sort_by_key(|sighting| sighting.revision);
        }
        all
    }

    fn n_candidates(&self) -> usize {
        let is_candidate = |output: &&Output| matches!(output, Output::Candidate(_));
        self.said.iter().filter(is_candidate).count()
    }
}

fn run_with(setups: Vec<CameraSetup>, panics_on: &[u64]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut next = 0u128;
    let shared = Shared {
        evidence: Arc::new(EvidenceStore::open(folder.path()).unwrap()),
        gallery: None,
        watch_list: None,
        ids: Arc::new(Mutex::new(move || {
            next += 1;
            next
        })),
    };
    let detector = || White {
        panics_on: panics_on.to_vec(),
    };
    let detectors = vec![detector(), detector()];
    let (pipeline, mut outlet) = Pipeline::start(setups, detectors, &shared).unwrap();
    let drain = std::thread::spawn(move || {
        let mut all = Vec::new();
        while let Some(output) = outlet.blocking_recv() {
            all.push(output);
        }
        all
    });
    let faults = pipeline.faults();
    let stats = pipeline.join();
    Ran {
        said: drain.join().unwrap(),
        folder,
        stats,
        fault: faults.check(),
    }
}

fn road(phase: SignalPhase) -> SourceSpec {
    SourceSpec::Scene(Box::new(Road {
        phase,
        fps: FPS,
        breaks_at: None,
    }))
}

#[test]
fn a_crossing_on_red_becomes_one_candidate_with_its_stills() {
    let (said, folder) = run(vec![setup(
        plan("junction-1", false),
        road(SignalPhase::Red),
    )]);
    let candidates: Vec<_> = said
        .iter()
        .filter_map(|output| match output {
            Output::Candidate(candidate) => Some(candidate),
            _ => None,
        })
        .collect();
    let [candidate] = candidates[..] else {
        panic!("{} candidates", candidates.len())
    };
    assert_eq!(candidate.rule, "red-light");
    assert_eq!(candidate.standing, Standing::Evidential);
    let clock = ("clock_error_bound_ms".to_owned(), "0".to_owned());
    assert_eq!(candidate.facts.last(), Some(&clock));
    assert_eq!(
        candidate.plate.as_ref().unwrap().plate().unwrap().expose(),
        "30F25658"
    );
    let roles: Vec<EvidenceRole> = candidate.evidence.iter().map(|item| item.role).collect();
    for role in [
        EvidenceRole::Before,
        EvidenceRole::At,
        EvidenceRole::After,
        EvidenceRole::Plate,
        EvidenceRole::Sighting,
    ] {
        assert!(roles.contains(&role), "{roles:?}");
    }
    let store = EvidenceStore::open(folder.path()).unwrap();
    for item in &candidate.evidence {
        let jpeg = store.get(&item.sha256).unwrap();
        assert_eq!(jpeg.len() as u64, item.n_bytes);
        let picture = image::load_from_memory(&jpeg).unwrap();
        let size = (picture.width(), picture.height());
        match item.role {
            // The plate of 60 × 12 with a quarter of that on each side, not its vehicle.
            EvidenceRole::Plate => assert!(size.0.abs_diff(90) <= 1 && size.1.abs_diff(18) <= 1),
            EvidenceRole::Sighting => assert!(size.0 < 80 && 50 < size.1 && size.1 < 80),
            _ => assert_eq!(size, SIZE),
        }
    }
}

#[test]
fn a_crossing_on_green_is_counted_and_told_and_no_candidate() {
    let (said, _folder) = run(vec![setup(
        plan("junction-1", false),
        road(SignalPhase::Green),
    )]);
    assert!(
        !said
            .iter()
            .any(|output| matches!(output, Output::Candidate(_)))
    );
    let counts: Vec<_> = said
        .iter()
        .filter_map(|output| match output {
            Output::Count(count) => Some((count.vehicles_in, count.vehicles_out)),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [(1, 0)]);
    let mut sightings: Vec<_> = said
        .iter()
        .filter_map(|output| match output {
            Output::Sighting(sighting) => Some(sighting),
            _ => None,
        })
        .collect();
    sightings.sort_by_key(|sighting| sighting.revision);
    assert_eq!(sightings.first().unwrap().phase, SightingPhase::New);
    assert_eq!(sightings.last().unwrap().phase, SightingPhase::Final);
    assert!(
        sightings
            .iter()
            .all(|sighting| sighting.id == sightings[0].id)
    );
    assert!(sightings.iter().any(|sighting| sighting.is_decisive()));
}

#[test]
fn a_gate_keeps_the_best_picture_and_live_pictures_are_shown() {
    let (said, folder) = run(vec![setup(plan("gate-1", true), road(SignalPhase::Green))]);
    let last = said
        .iter()
        .rev()
        .find_map(|output| match output {
            Output::Sighting(sighting) => Some(sighting),
            _ => None,
        })
        .unwrap();
    let picture = last.picture.as_ref().unwrap();
    assert_eq!(picture.role, EvidenceRole::Sighting);
    assert!(
        EvidenceStore::open(folder.path())
            .unwrap()
            .contains(&picture.sha256)
    );
    assert!(
        said.iter()
            .any(|output| matches!(output, Output::Picture { .. }))
    );
}

#[test]
fn a_camera_that_cannot_be_opened_is_told_and_the_others_go_on() {
    let missing = SourceSpec::File {
        path: PathBuf::from("/nowhere/clip.mp4"),
    };
    let (said, _folder) = run(vec![
        setup(plan("broken-1", false), missing),
        setup(plan("junction-1", false), road(SignalPhase::Red)),
    ]);
    let reason = said.iter().find_map(|output| match output {
        Output::Status(status)
            if status.camera.as_str() == "broken-1" && status.state == CameraState::Lost =>
        {
            status.reason.clone()
        }
        _ => None,
    });
    assert!(reason.unwrap().contains("/nowhere/clip.mp4"));
    assert_eq!(
        said.iter()
            .filter(|o| matches!(o, Output::Candidate(_)))
            .count(),
        1
    );
}
