//! The models as the pipeline's detector.

use crate::site::{LoadedSite, provided};
use anyhow::{Context as _, Result};
use domain::{
    BoxInImage, Detection, FaceObservation, Frame, PlateDetection, PlateRead, ports::Detector,
};
use models::{Analyzer, Analyzers, Catalog, InferenceError, Runtime, RuntimeSearch, Store, Task};
use pipeline::Tasks;
use std::path::{Path, PathBuf};

/// One inference thread's models.
pub struct ModelDetector {
    analyzer: Analyzer,
}

impl Detector for ModelDetector {
    type Error = InferenceError;

    fn objects(&mut self, frame: &Frame) -> Result<Vec<Detection>, InferenceError> {
        self.analyzer.detect_objects(frame)
    }

    fn plates(
        &mut self,
        frame: &Frame,
        within: BoxInImage,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        self.analyzer.detect_plates(frame, within)
    }

    fn read_plates(
        &mut self,
        frame: &Frame,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, InferenceError> {
        self.analyzer.read_plates(frame, plates)
    }

    fn faces(
        &mut self,
        frame: &Frame,
        within: BoxInImage,
    ) -> Result<Vec<FaceObservation>, InferenceError> {
        self.analyzer.detect_faces(frame, within)
    }

    fn describe_face(
        &mut self,
        frame: &Frame,
        face: &mut FaceObservation,
    ) -> Result<(), InferenceError> {
        face.embedding = self.analyzer.embed_face(frame, face)?;
        face.liveness = self.analyzer.liveness(frame, face)?;
        Ok(())
    }

    fn similarity_min(&self) -> f32 {
        self.analyzer.similarity_min().unwrap_or(1.0)
    }
}

/// The models that these tasks need.
pub fn needed(tasks: Tasks) -> Vec<Task> {
    let mut needed = Vec::new();
    if tasks.vehicles || tasks.people {
        needed.push(Task::VehicleDetect);
    }
    if tasks.plates {
        needed.extend([Task::PlateDetect, Task::PlateRead]);
    }
    if tasks.faces {
        needed.extend([Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness]);
    }
    needed
}

/// Finds the runtime, verifies the models of these tasks and makes them ready to load.
pub fn analyzers(site: &LoadedSite, tasks: &[Task]) -> Result<Analyzers> {
    let explicit = site
        .site
        .models
        .runtime
        .as_deref()
        .map(|path| site.path(path));
    let runtime = start_runtime(explicit)?;
    let store = Store::new(&site.model_store(), Catalog::built_in());
    Analyzers::new(&runtime, &store, tasks)
        .with_context(|| format!("loading models from {}", store.dir().display()))
}

/// Loads the inference runtime.
pub fn start_runtime(explicit: Option<PathBuf>) -> Result<Runtime> {
    let exe_dir = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let beside = provided("onnxruntime");
    let search = RuntimeSearch {
        explicit,
        from_environment: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
        exe_dir,
        root: beside.parent().and_then(Path::parent).map(Path::to_owned),
    };
    Ok(Runtime::start(&search)?)
}

/// One detector for each inference thread.
pub fn detectors(analyzers: &Analyzers, n_workers: usize) -> Result<Vec<ModelDetector>> {
    (0..n_workers)
        .map(|_| {
            Ok(ModelDetector {
                analyzer: analyzers.analyzer()?,
            })
        })
        .collect()
}
