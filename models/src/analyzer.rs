//! All models of one inference thread behind calls that speak of frames.

mod faces;
mod input;
mod objects;
mod plate_detector;
mod plate_rows;
mod plates;

use crate::{
    InferenceError, ModelError, Runtime, Session, Store, Task, catalog::Model, preprocess::Picture,
};
use domain::{
    BoxInImage, Detection, Embedding, FaceObservation, Frame, Liveness, PlateDetection, PlateRead,
};
use faces::{FaceDetector, FaceEmbedder, LivenessJudge};
use objects::ObjectDetector;
use plate_detector::PlateDetector;
use plates::PlateReader;
use std::{collections::BTreeMap, sync::Arc};

/// Makes analyzers: verified once, loaded once for each inference thread.
#[derive(Clone)]
pub struct Analyzers {
    runtime: Runtime,
    sets: BTreeMap<Task, Vec<Verified>>,
}

/// A model with the bytes that had the right hash.
#[derive(Clone)]
struct Verified {
    model: Model,
    bytes: Arc<[u8]>,
}

impl Analyzers {
    /// Chooses the best installed candidate of each task and verifies its files.
    ///
    /// A candidate that is installed and wrong is an error, not a reason to take a worse one in
    /// silence.
    pub fn new(runtime: &Runtime, store: &Store, tasks: &[Task]) -> Result<Self, ModelError> {
        let mut sets = BTreeMap::new();
        for task in tasks {
            let Some(candidate) = store.installed(*task) else {
                return Err(ModelError::Missing {
                    task: *task,
                    store: store.dir().to_owned(),
                });
            };
            sets.insert(*task, verified(store, &candidate.models)?);
        }
        Ok(Self {
            runtime: runtime.clone(),
            sets,
        })
    }

    /// Takes exactly these models, for comparisons; each brings its task.
    pub fn with_models(runtime: &Runtime, store: &Store, ids: &[&str]) -> Result<Self, ModelError> {
        let mut sets: BTreeMap<Task, Vec<Verified>> = BTreeMap::new();
        for id in ids {
            for one in verified(store, &[(*id).to_owned()])? {
                sets.entry(one.model.task).or_default().push(one);
            }
        }
        Ok(Self {
            runtime: runtime.clone(),
            sets,
        })
    }

    /// The ids of the chosen models, by task.
    pub fn chosen(&self) -> Vec<(Task, Vec<String>)> {
        let ids = |set: &Vec<Verified>| set.iter().map(|one| one.model.id.clone()).collect();
        self.sets
            .iter()
            .map(|(task, set)| (*task, ids(set)))
            .collect()
    }

    /// The threshold that the chosen model of a task was measured at.
    pub fn score_min(&self, task: Task) -> Option<f32> {
        self.sets.get(&task)?.first().map(|one| one.model.score_min)
    }

    /// Loads all chosen models for one thread and runs each once, so that the first frame is not
    /// slower.
    pub fn analyzer(&self) -> Result<Analyzer, ModelError> {
        // Each inference thread has its own core; OpenCV must not start a pool beside it.
        if let Err(error) = opencv::core::set_num_threads(1) {
            tracing::debug!(%error, "OpenCV keeps its own threads");
        }
        let mut analyzer = Analyzer::default();
        for (task, set) in &self.sets {
            let mut heads = Vec::new();
            for one in set {
                heads.push(Head::load(&self.runtime, one)?);
            }
            analyzer.insert(*task, heads)?;
        }
        Ok(analyzer)
    }
}

fn verified(store: &Store, ids: &[String]) -> Result<Vec<Verified>, ModelError> {
    let mut set = Vec::new();
    for id in ids {
        let model = store.catalog().model(id);
        let model = model.ok_or_else(|| ModelError::Catalog {
            reason: format!("there is no model {id}"),
        })?;
        set.push(Verified {
            model: model.clone(),
            bytes: store.read(model)?.into(),
        });
    }
    Ok(set)
}

/// One loaded model with what the catalogue says of it.
struct Head {
    session: Session,
    model: Model,
}

impl Head {
    fn load(runtime: &Runtime, verified: &Verified) -> Result<Self, ModelError> {
        Ok(Self {
            session: Session::load(runtime, &verified.model.id, &verified.bytes)?,
            model: verified.model.clone(),
        })
    }

    /// The first run, on a grey picture: it shows a model whose outputs are not what its decoder
    /// reads.
    fn warm_up<T>(&self, first: Result<T, InferenceError>) -> Result<(), ModelError> {
        first.map(drop).map_err(|source| ModelError::WarmUp {
            model: self.model.id.clone(),
            source,
        })
    }
}

/// The models of one inference thread. Every call says what is wrong with the frame or the model;
/// none panics.
#[derive(Default)]
pub struct Analyzer {
    objects: Option<ObjectDetector>,
    plates: Option<PlateDetector>,
    reader: Option<PlateReader>,
    faces: Option<FaceDetector>,
    embedder: Option<FaceEmbedder>,
    liveness: Option<LivenessJudge>,
}

impl Analyzer {
    /// The best installed models of these tasks, for one thread.
    pub fn load(runtime: &Runtime, store: &Store, tasks: &[Task]) -> Result<Self, ModelError> {
        Analyzers::new(runtime, store, tasks)?.analyzer()
    }

    fn insert(&mut self, task: Task, mut heads: Vec<Head>) -> Result<(), ModelError> {
        if let (true, Some(head)) = (task == Task::PlateRead, heads.first()) {
            // All readers of a set see the same crop and are read alike.
            let (size, decoder) = (head.model.input_px, head.model.decoder);
            heads.retain(|head| (head.model.input_px, head.model.decoder) == (size, decoder));
        }
        match task {
            Task::PlateRead => self.reader = Some(PlateReader::new(heads)?),
            Task::FaceLiveness => self.liveness = Some(LivenessJudge::new(heads)?),
            _ => {
                for head in heads {
                    match task {
                        Task::VehicleDetect => self.objects = Some(ObjectDetector::new(head)?),
                        Task::PlateDetect => self.plates = Some(PlateDetector::new(head)?),
                        Task::FaceDetect => self.faces = Some(FaceDetector::new(head)?),
                        _ => self.embedder = Some(FaceEmbedder::new(head)?),
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a task's models are loaded.
    pub fn can(&self, task: Task) -> bool {
        match task {
            Task::VehicleDetect => self.objects.is_some(),
            Task::PlateDetect => self.plates.is_some(),
            Task::PlateRead => self.reader.is_some(),
            Task::FaceDetect => self.faces.is_some(),
            Task::FaceEmbed => self.embedder.is_some(),
            Task::FaceLiveness => self.liveness.is_some(),
        }
    }

    /// Vehicles and people in the frame.
    pub fn detect_objects(&mut self, frame: &Frame) -> Result<Vec<Detection>, InferenceError> {
        let picture = Picture::of(frame)?;
        let objects = loaded(&mut self.objects, Task::VehicleDetect)?;
        objects.objects(picture, picture.bounds())
    }

    /// Plates inside the region: a vehicle, or the whole frame.
    pub fn detect_plates(
        &mut self,
        frame: &Frame,
        region: BoxInImage,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        let plates = loaded(&mut self.plates, Task::PlateDetect)?;
        plates.find(Picture::of(frame)?, region)
    }

    /// As [`Self::detect_plates`]; where nothing is found, again at other scales.
    ///
    /// This finds most of the plates that are too large or too small in the picture for the first
    /// look. Where there is no plate it costs as much again, and with
    /// [`CloserLook::FourParts`](crate::catalog::CloserLook::FourParts) in a large picture five
    /// times as much.
    pub fn detect_plates_thoroughly(
        &mut self,
        frame: &Frame,
        region: BoxInImage,
    ) -> Result<Vec<PlateDetection>, InferenceError> {
        let plates = loaded(&mut self.plates, Task::PlateDetect)?;
        plates.find_thoroughly(Picture::of(frame)?, region)
    }

    /// The characters, rows and colour of one detected plate; `None` when there is no character.
    pub fn read_plate(
        &mut self,
        frame: &Frame,
        plate: &PlateDetection,
    ) -> Result<Option<PlateRead>, InferenceError> {
        let mut all = self.read_plates(frame, std::slice::from_ref(plate))?;
        Ok(all.pop().flatten())
    }

    /// As [`Self::read_plate`] for many plates of one frame, in one run of each reader.
    pub fn read_plates(
        &mut self,
        frame: &Frame,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, InferenceError> {
        let reader = loaded(&mut self.reader, Task::PlateRead)?;
        reader.read(Picture::of(frame)?, plates)
    }

    /// Faces inside the region: a person, or the whole frame.
    pub fn detect_faces(
        &mut self,
        frame: &Frame,
        region: BoxInImage,
    ) -> Result<Vec<FaceObservation>, InferenceError> {
        let faces = loaded(&mut self.faces, Task::FaceDetect)?;
        faces.detect(Picture::of(frame)?, region)
    }

    /// The template of a face; `None` without landmarks, because a face that is not aligned matches
    /// nobody rightly.
    pub fn embed_face(
        &mut self,
        frame: &Frame,
        face: &FaceObservation,
    ) -> Result<Option<Embedding>, InferenceError> {
        let embedder = loaded(&mut self.embedder, Task::FaceEmbed)?;
        embedder.embed(Picture::of(frame)?, face)
    }

    /// Whether a face is alive; `None` when the models gave no number.
    pub fn liveness(
        &mut self,
        frame: &Frame,
        face: &FaceObservation,
    ) -> Result<Option<Liveness>, InferenceError> {
        let liveness = loaded(&mut self.liveness, Task::FaceLiveness)?;
        liveness.judge(Picture::of(frame)?, face)
    }

    /// The least similarity of two templates that counts as the same person: the embedder's
    /// [`crate::catalog::Model::score_min`]. What was measured with it, and on which pictures,
    /// stands in its `accuracy`.
    pub fn similarity_min(&self) -> Option<f32> {
        self.embedder.as_ref().map(FaceEmbedder::similarity_min)
    }
}

fn loaded<T>(part: &mut Option<T>, task: Task) -> Result<&mut T, InferenceError> {
    part.as_mut().ok_or(InferenceError::NotLoaded { task })
}
