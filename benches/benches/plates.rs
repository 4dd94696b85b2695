//! Finding and reading plates on real pictures: every chain of the catalogue on every set, in one
//! run.
//!
//! `make bench-plates`; on pictures of one's own `make bench-plates SET=folder`, where a `gt.tsv`
//! with the columns `file`, `x y w h` or `x0 y0 x1 y1`, and `text` says what is there; without one
//! the reads are listed. `READER=file.onnx` tries a reader that the catalogue does not have yet.
//! Writes `target/bench/plates.json`, and for each set a page of misreads beside it.
//!
//! Where a set has no boxes, a plate counts as found where any box is, and the read that is nearest
//! to the truth is judged: its pictures show other plates too, and false boxes are not counted.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use benches::{
    plates::{
        page::page,
        results::{HEADINGS, Results},
        set::PlateSet,
        view::{ENTRIES_MAX, Outcome, Seen, View},
    },
    table::table,
};
use domain::{BoxInImage, CameraId, Frame, Timestamp};
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use indicatif::{ProgressBar, ProgressStyle};
use models::{
    Analyzer, Analyzers, Catalog, InferenceError, Runtime, RuntimeSearch, Store, Task,
    catalog::{Candidate, Decoder, Model, PullOptions, Source, pull_models},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

/// The sets that are looked for where no other is named.
const SETS: [&str; 4] = [
    "private-eval/greenparking",
    "private-eval/gate-cars",
    "images/vn-mit",
    "images/openalpr-eu",
];
/// So many pictures of a set are run several times, for their times.
const TIMED_PICTURES: usize = 60;
const TIMED_RUNS: usize = 3;
const OURS: &str = "ours";
const TRIED_READER: &str = "tried-reader";

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("plates: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or("the checkout has no root")?;
    let sets = sets(root)?;
    let runtime = Runtime::start(&RuntimeSearch {
        from_environment: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
        root: Some(root.to_owned()),
        ..RuntimeSearch::default()
    })?;
    let reader = std::env::var_os("READER").map(|path| root.join(path));
    let mut chains = chains(&runtime, &store(root, reader.as_deref())?)?;
    if chains.is_empty() {
        return Err("no detector and reader of plates are here; run `gac models pull`".into());
    }
    let folder = root.join("target/bench");
    fs::create_dir_all(folder.join("plates"))?;
    let headings = HEADINGS.map(str::to_owned).to_vec();
    let (mut rows, mut metrics) = (vec![headings.clone()], BTreeMap::new());
    for set in sets {
        let outcome = run(&set, &mut chains)?;
        let mut set_rows = vec![headings.clone()];
        for (chain, results) in chains.iter().zip(&outcome.results) {
            set_rows.push(results.row(&set.name, &chain.name));
            if set.has_truth {
                rows.extend(set_rows.last().cloned());
                results.metrics(&format!("{}.{}", set.name, chain.name), &mut metrics);
            }
        }
        let figures = set.has_truth.then(|| table(&set_rows, 2));
        let html = page(&set.name, &figures.unwrap_or_default(), &outcome.entries);
        let file = folder.join("plates").join(format!("{}.html", set.name));
        fs::write(&file, html)?;
        let n = outcome.entries.len();
        let first = if n < ENTRIES_MAX { "" } else { "the first " };
        println!("{}: {first}{n} crops in {}", set.name, file.display());
    }
    if 1 < rows.len() {
        println!("\n{}", table(&rows, 2));
        let file = folder.join("plates.json");
        fs::write(&file, serde_json::to_vec_pretty(&metrics)?)?;
        println!("{}", file.display());
    }
    Ok(())
}

/// The folder of `SET`, from the root of the checkout, or else those of the usual ones that are
/// there.
fn sets(root: &Path) -> Result<Vec<PlateSet>, Failure> {
    if let Some(set) = std::env::var_os("SET").filter(|set| !set.is_empty()) {
        return Ok(vec![PlateSet::load(&root.join(set))?]);
    }
    let mut sets = Vec::new();
    for set in SETS {
        let path = root.join("../shared/data").join(set);
        if path.is_dir() {
            sets.push(PlateSet::load(&path)?);
        } else {
            println!("skipped: {} is not there", path.display());
        }
    }
    Ok(sets)
}

/// The models of the checkout; what is missing is copied from the upstream files beside it, where
/// they are. No server is asked.
fn store(root: &Path, reader: Option<&Path>) -> Result<Store, Failure> {
    let mut catalog = Catalog::built_in();
    let dir = root.join("third_party/models");
    let mirror = root.join("../shared/data/models");
    if mirror.is_dir() {
        let options = PullOptions {
            store_dir: dir.clone(),
            mirror: Some(mirror),
            repository: Some(root.to_owned()),
            ..PullOptions::default()
        };
        let models = catalog.models.iter();
        let of_plates = models.filter(|m| matches!(m.task, Task::PlateDetect | Task::PlateRead));
        let ids: Vec<&str> = of_plates.map(|model| model.id.as_str()).collect();
        drop(pull_models(&catalog, &options, &ids, &mut |_event| ()));
    }
    let Some(reader) = reader else {
        return Ok(Store::new(&dir, catalog));
    };
    let bytes = fs::read(reader).map_err(|error| format!("{}: {error}", reader.display()))?;
    let is_ours = |model: &Model| model.decoder == Decoder::PlateRows;
    let ours: Vec<String> = catalog
        .models
        .iter()
        .filter(|m| is_ours(m))
        .map(|m| m.id.clone())
        .collect();
    catalog
        .candidates
        .retain(|c| !c.models.iter().any(|id| ours.contains(id)));
    catalog.models.push(tried(&bytes));
    catalog.candidates.insert(
        0,
        Candidate {
            task: Task::PlateRead,
            models: vec![TRIED_READER.to_owned()],
            accuracy: String::new(),
        },
    );
    Ok(Store::new(&dir, catalog).with_weights(TRIED_READER, bytes))
}

fn tried(bytes: &[u8]) -> Model {
    let digest = Sha256::digest(bytes);
    Model {
        id: TRIED_READER.to_owned(),
        task: Task::PlateRead,
        licence: String::new(),
        note: String::new(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        n_bytes: bytes.len() as u64,
        decoder: Decoder::PlateRows,
        input_px: [192, 64],
        score_min: 0.5,
        crop_scale: None,
        accuracy: String::new(),
        ms_min: 0.0,
        sources: vec![Source::Repository {
            path: TRIED_READER.to_owned(),
        }],
    }
}

/// A detector and a reader.
struct Chain {
    name: String,
    analyzer: Analyzer,
}

/// Every reader of the catalogue that is here: ours behind the best detector, the others behind the
/// best that is not ours.
fn chains(runtime: &Runtime, store: &Store) -> Result<Vec<Chain>, Failure> {
    let catalog = store.catalog();
    let is_here = |c: &&Candidate| catalog.models_of(c).iter().all(|model| store.has(model));
    let is_ours = |c: &Candidate| {
        let mut sources = catalog
            .models_of(c)
            .into_iter()
            .flat_map(|model| &model.sources);
        sources.any(|source| matches!(source, Source::Repository { .. }))
    };
    let detectors: Vec<&Candidate> = catalog
        .candidates(Task::PlateDetect)
        .filter(is_here)
        .collect();
    let mut chains = Vec::new();
    for readers in catalog.candidates(Task::PlateRead) {
        let mut name = readers.label().replace("plate-", "").replace(' ', "");
        let mut usable = detectors.iter();
        let detector = if is_ours(readers) {
            name = OURS.to_owned();
            usable.next()
        } else {
            usable.find(|detector| !is_ours(detector))
        };
        let (Some(detector), true) = (detector, is_here(&readers)) else {
            println!("skipped: {name}: its models are not here; run `gac models pull`");
            continue;
        };
        let ids = detector.models.iter().chain(&readers.models);
        let ids: Vec<&str> = ids.map(String::as_str).collect();
        let analyzers = Analyzers::with_models(runtime, store, &ids)?;
        let analyzer = analyzers.analyzer()?;
        println!("{name}: {}", ids.join(", "));
        chains.push(Chain { name, analyzer });
    }
    Ok(chains)
}

impl Chain {
    /// The first of equal runs, with the shortest times of all.
    fn see(&mut self, frame: &Frame, n_runs: usize) -> Result<Seen, InferenceError> {
        let mut best = self.see_once(frame)?;
        for _ in 1..n_runs {
            let again = self.see_once(frame)?;
            best.detect_ms = best.detect_ms.min(again.detect_ms);
            best.read_ms = best.read_ms.min(again.read_ms);
        }
        Ok(best)
    }

    fn see_once(&mut self, frame: &Frame) -> Result<Seen, InferenceError> {
        let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
        let start = now();
        let found = self.analyzer.detect_plates_thoroughly(frame, whole)?;
        let detected = now();
        let reads = self.analyzer.read_plates(frame, &found)?;
        let read_ms = detected.elapsed().as_secs_f64() * 1000.0;
        Ok(Seen {
            plates: found.into_iter().zip(reads).collect(),
            detect_ms: detected.duration_since(start).as_secs_f64() * 1000.0,
            read_ms,
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

fn run(set: &PlateSet, chains: &mut [Chain]) -> Result<Outcome, Failure> {
    let mut outcome = Outcome {
        results: chains.iter().map(|_| Results::default()).collect(),
        entries: Vec::new(),
    };
    let bar = ProgressBar::new(set.pictures.len() as u64).with_message(set.name.clone());
    let style = ProgressStyle::with_template("{msg:24} {bar:28} {pos}/{len}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_template| ProgressStyle::default_bar()));
    for (index, picture) in set.pictures.iter().enumerate() {
        bar.inc(1);
        let rgb = match image::open(&picture.path) {
            Ok(rgb) => rgb.to_rgb8(),
            Err(error) => {
                bar.suspend(|| println!("skipped: {}: {error}", picture.path.display()));
                continue;
            }
        };
        let frame = frame(&rgb, index)?;
        let n_runs = if index < TIMED_PICTURES {
            TIMED_RUNS
        } else {
            1
        };
        let mut seen = Vec::new();
        for (chain, results) in chains.iter_mut().zip(&mut outcome.results) {
            let one = chain.see(&frame, n_runs)?;
            if index < TIMED_PICTURES {
                results.detect_ms.push(one.detect_ms);
                results.read_ms.push(one.read_ms);
            }
            results.n_pictures += 1;
            seen.push(one);
        }
        let names: Vec<&str> = chains.iter().map(|chain| chain.name.as_str()).collect();
        let view = View {
            picture,
            names: &names,
            seen: &seen,
            crop: &|bounds| crop(&rgb, bounds),
        };
        if set.has_truth {
            view.judge(&mut outcome);
        } else {
            let lines = view.list(&mut outcome);
            bar.suspend(|| println!("{}", lines.join("\n")));
        }
    }
    bar.finish_and_clear();
    Ok(outcome)
}

fn frame(rgb: &RgbImage, index: usize) -> Result<Frame, Failure> {
    Ok(Frame {
        camera: "bench".parse::<CameraId>()?,
        seq: index as u64,
        captured_at: Timestamp::EPOCH,
        width: rgb.width(),
        height: rgb.height(),
        rgb: Arc::from(rgb.as_raw().as_slice()),
    })
}

/// The box with a little around it, or the whole picture, as a small JPEG picture.
fn crop(rgb: &RgbImage, bounds: Option<BoxInImage>) -> Vec<u8> {
    let (width, height) = (rgb.width() as f32, rgb.height() as f32);
    let whole = BoxInImage::new(0.0, 0.0, width, height);
    let part = bounds.map_or(whole, |bounds| bounds.grown(0.25).clamped(width, height));
    let [x, y] = [part.x_min, part.y_min].map(|v| v as u32);
    let [w, h] = [part.width(), part.height()].map(|v| (v.ceil() as u32).max(1));
    let part = image::imageops::crop_imm(rgb, x, y, w, h).to_image();
    let small = DynamicImage::ImageRgb8(part).thumbnail(320, 240);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 85);
    // A crop that cannot be written leaves an empty frame on the page, and its text beside it.
    drop(small.write_with_encoder(encoder));
    jpeg
}
