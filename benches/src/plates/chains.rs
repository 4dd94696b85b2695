//! What finds and reads plates: every chain of the catalogue that is here, with models that are not
//! in it yet.

use super::{
    pp_ocr::PpOcr,
    view::{Look, Seen},
};
use crate::clock;
use domain::{BoxInImage, Frame, PlateDetection, PlateRead};
use models::{
    Analyzer, Analyzers, Catalog, InferenceError, ModelError, Runtime, Store, Task,
    catalog::{Candidate, CloserLook, Decoder, Model, PullOptions, Source, pull_models},
};
use sha2::{Digest as _, Sha256};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use tracker::PlateBallot;

/// The chain of our own models.
pub const OURS: &str = "ours";
const TRIED_READER: &str = "tried-reader";
const TRIED_DETECTOR: &str = "tried-detector";

/// ONNX files to try before the catalogue has them.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// In place of our reader.
    pub reader: Option<PathBuf>,
    /// In place of our detector.
    pub detector: Option<PathBuf>,
}

/// Why a chain cannot be had, or could not go on.
#[derive(Debug)]
pub struct ChainError(pub String);

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ChainError {}

impl From<InferenceError> for ChainError {
    fn from(error: InferenceError) -> Self {
        Self(error.to_string())
    }
}

impl From<ModelError> for ChainError {
    fn from(error: ModelError) -> Self {
        Self(error.to_string())
    }
}

/// The models of the checkout; what is missing is copied from the upstream files beside it, where
/// they are. No server is asked.
pub fn store(root: &Path, tried: &Tried) -> Result<Store, ChainError> {
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
    let mut weights = Vec::new();
    for (path, task, id) in [
        (&tried.reader, Task::PlateRead, TRIED_READER),
        (&tried.detector, Task::PlateDetect, TRIED_DETECTOR),
    ] {
        if let Some(path) = path {
            let bytes = fs::read(path);
            let bytes = bytes.map_err(|e| ChainError(format!("{}: {e}", path.display())))?;
            let model = trial(&catalog, (task, id), &bytes);
            put_first(&mut catalog, model);
            weights.push((id, bytes));
        }
    }
    let store = Store::new(&dir, catalog);
    let with = |store: Store, (id, bytes): (&str, Vec<u8>)| store.with_weights(id, bytes);
    Ok(weights.into_iter().fold(store, with))
}

/// A model with these weights, read as ours of the same task are.
fn trial(catalog: &Catalog, (task, id): (Task, &str), bytes: &[u8]) -> Model {
    let digest = Sha256::digest(bytes);
    let ours = catalog.models.iter().find(|m| m.task == task && is_own(m));
    // What the catalogue says of ours wins; without it the inputs are those of `models/training`.
    let (decoder, input_px, score_min) = match (ours, task) {
        (Some(ours), _) => (ours.decoder, ours.input_px, ours.score_min),
        (None, Task::PlateDetect) => (Decoder::PlateCorners, [384, 288], 0.3),
        (None, _) => (Decoder::PlateRows, [192, 64], 0.5),
    };
    Model {
        id: id.to_owned(),
        task,
        licence: String::new(),
        note: String::new(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        n_bytes: bytes.len() as u64,
        decoder,
        input_px,
        score_min,
        crop_scale: None,
        closer_look: ours.map_or(CloserLook::FourParts, |ours| ours.closer_look),
        accuracy: String::new(),
        ms_min: 0.0,
        sources: vec![Source::Repository {
            path: id.to_owned(),
        }],
    }
}

/// In place of ours of the same task.
fn put_first(catalog: &mut Catalog, model: Model) {
    let models = catalog.models.iter();
    let ours = models.filter(|m| m.task == model.task && is_own(m));
    let ours: Vec<String> = ours.map(|m| m.id.clone()).collect();
    let is_ours = |candidate: &Candidate| candidate.models.iter().any(|id| ours.contains(id));
    catalog.candidates.retain(|candidate| !is_ours(candidate));
    let candidate = Candidate {
        task: model.task,
        models: vec![model.id.clone()],
        accuracy: String::new(),
    };
    catalog.candidates.insert(0, candidate);
    catalog.models.push(model);
}

/// What a chain with these readers is called in the figures.
pub fn name_of(catalog: &Catalog, readers: &Candidate) -> String {
    if catalog.models_of(readers).into_iter().any(is_own) {
        return OURS.to_owned();
    }
    readers.label().replace("plate-", "").replace(' ', "")
}

fn is_own(model: &Model) -> bool {
    let mut sources = model.sources.iter();
    sources.any(|source| matches!(source, Source::Repository { .. }))
}

/// A detector and a reader.
pub struct Chain {
    /// Its name in the figures.
    pub name: String,
    /// Its models.
    pub made_of: String,
    analyzer: Analyzer,
    /// Reads in the analyzer's place.
    pp_ocr: Option<PpOcr>,
}

/// Every chain that can be run here, and a line for each of those that cannot.
pub struct Chains {
    /// Ours first, where it is.
    pub all: Vec<Chain>,
    /// What is left out, and why.
    pub left_out: Vec<String>,
}

impl Chains {
    /// Every reader of the catalogue that is here: ours behind the best detector, the others behind
    /// the best that is not ours.
    pub fn load(runtime: &Runtime, store: &Store) -> Result<Self, ChainError> {
        let catalog = store.catalog();
        let is_here = |c: &&Candidate| catalog.models_of(c).iter().all(|model| store.has(model));
        let is_ours = |c: &&Candidate| catalog.models_of(c).into_iter().any(is_own);
        let detectors: Vec<_> = catalog
            .candidates(Task::PlateDetect)
            .filter(is_here)
            .collect();
        let mut chains = Self {
            all: Vec::new(),
            left_out: Vec::new(),
        };
        let mut add = |name: &str, detector: &Candidate, readers: &Candidate| {
            let ids = detector.models.iter().chain(&readers.models);
            let ids: Vec<&str> = ids.map(String::as_str).collect();
            let analyzers = Analyzers::with_models(runtime, store, &ids)?;
            chains.all.push(Chain {
                name: name.to_owned(),
                made_of: ids.join(", "),
                analyzer: analyzers.analyzer()?,
                pp_ocr: None,
            });
            Ok::<(), ChainError>(())
        };
        let foreign = detectors.iter().find(|detector| !is_ours(detector));
        let own = detectors.iter().find(|detector| is_ours(detector));
        let mut left_out = Vec::new();
        let has_own_reader = catalog.candidates(Task::PlateRead).any(|c| is_ours(&c));
        if !has_own_reader {
            left_out.push(format!("{OURS}: the catalogue has no reader of ours yet"));
            let others = catalog.candidates(Task::PlateRead).find(is_here);
            if let (Some(own), Some(others)) = (own, others) {
                add("our-detector", own, others)?;
            }
        }
        for readers in catalog.candidates(Task::PlateRead) {
            let name = name_of(catalog, readers);
            let detector = if name == OURS {
                detectors.first()
            } else {
                foreign
            };
            match detector.filter(|_| is_here(&readers)) {
                Some(detector) => add(&name, detector, readers)?,
                None => left_out.push(format!(
                    "{name}: its models are not here; run `gac models pull --all`"
                )),
            }
        }
        chains.left_out = left_out;
        Ok(chains)
    }

    /// PP-OCR behind the best detector that is not ours.
    pub fn add_pp_ocr(
        &mut self,
        runtime: &Runtime,
        store: &Store,
        pp_ocr: PpOcr,
    ) -> Result<(), ChainError> {
        let catalog = store.catalog();
        let mut models = catalog.candidates(Task::PlateDetect).filter_map(|c| {
            let [model] = catalog.models_of(c)[..] else {
                return None;
            };
            (!is_own(model) && store.has(model)).then_some(model)
        });
        let Some(detector) = models.next() else {
            let line = "pp-ocr: there is no detector before it; run `gac models pull --all`";
            self.left_out.push(line.to_owned());
            return Ok(());
        };
        let analyzers = Analyzers::with_models(runtime, store, &[&detector.id])?;
        self.all.push(Chain {
            name: "pp-ocr".to_owned(),
            made_of: format!("{}, {}", detector.id, PpOcr::PACKAGE),
            analyzer: analyzers.analyzer()?,
            pp_ocr: Some(pp_ocr),
        });
        Ok(())
    }
}

impl Chain {
    /// Finds and reads all plates of a picture.
    pub fn see(&mut self, frame: &Frame) -> Result<Seen, ChainError> {
        let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
        let start = clock::now();
        let found = self.analyzer.detect_plates_thoroughly(frame, whole)?;
        let detect_ms = clock::ms_since(start);
        let (reads, mut read_ms) = self.read(frame, &found)?;
        let start = clock::now();
        let looks = found.into_iter().zip(reads);
        let looks = looks.map(|(detection, read)| Look {
            detection,
            told: read.as_ref().map(weighed),
            read,
        });
        let plates = looks.collect();
        read_ms += clock::ms_since(start);
        Ok(Seen {
            plates,
            detect_ms,
            read_ms,
        })
    }

    fn read(
        &mut self,
        frame: &Frame,
        found: &[PlateDetection],
    ) -> Result<(Vec<Option<PlateRead>>, f64), ChainError> {
        if let Some(pp_ocr) = &mut self.pp_ocr {
            return pp_ocr.read(frame, found).map_err(ChainError);
        }
        let start = clock::now();
        let reads = self.analyzer.read_plates(frame, found)?;
        Ok((reads, clock::ms_since(start)))
    }
}

/// What the product tells of a plate that it has seen once: the read, weighed against the grammar.
fn weighed(read: &PlateRead) -> PlateRead {
    let mut ballot = PlateBallot::default();
    let mut told = read.clone();
    if ballot.add(read)
        && let Some(tally) = ballot.tally()
    {
        told.rows = tally.vote.rows;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tried_model_stands_first_and_alone_among_ours() {
        let mut catalog = Catalog::built_in();
        for (task, id) in [
            (Task::PlateRead, TRIED_READER),
            (Task::PlateDetect, TRIED_DETECTOR),
        ] {
            let model = trial(&catalog, (task, id), b"weights");
            put_first(&mut catalog, model);
            let first = catalog.candidates(task).next().unwrap();
            assert_eq!(first.models, [id]);
            let n_ours = catalog
                .candidates(task)
                .filter(|c| catalog.models_of(c).into_iter().any(is_own))
                .count();
            assert_eq!(n_ours, 1);
        }
        let store = Store::new(Path::new("/nowhere"), catalog)
            .with_weights(TRIED_READER, b"weights".to_vec());
        let reader = store.installed(Task::PlateRead).unwrap();
        assert_eq!(reader.models, [TRIED_READER]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let tried = Tried {
            reader: Some("/nowhere/x.onnx".into()),
            ..Tried::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let error = store(dir.path(), &tried).err().unwrap();
        assert!(error.0.starts_with("/nowhere/x.onnx: "), "{error}");
    }
}
