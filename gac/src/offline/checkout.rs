//! The models of a checkout, for tests and benchmarks: what set-up has left there, or the upstream
//! files beside it.

use crate::demo::needs;
use models::{
    Catalog, Store, Task,
    catalog::{PullOptions, pull},
};
use samples::SceneKind;
use std::path::{Path, PathBuf};

/// A checkout of the repository.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout with this root.
    pub fn new(root: &Path) -> Self {
        Self {
            root: std::path::absolute(root).unwrap_or_else(|_error| root.to_owned()),
        }
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where its models are.
    pub fn store_dir(&self) -> PathBuf {
        self.root.join("third_party/models")
    }

    /// The folder of upstream files beside it, where there is one.
    pub fn mirror(&self) -> Option<PathBuf> {
        let path = self.root.join("../shared/data/models");
        path.exists().then_some(path)
    }

    /// Its inference runtime, when set-up has put one there.
    pub(super) fn runtime(&self) -> Option<PathBuf> {
        let path = self.root.join("third_party/onnxruntime/libonnxruntime.so");
        path.exists().then_some(path)
    }

    /// What is in its models' folder.
    pub(super) fn store(&self) -> Store {
        Store::new(&self.store_dir(), Catalog::built_in())
    }

    /// Makes a scene's models ready, or says why the scene cannot be judged here.
    ///
    /// No server is asked: what is missing is copied from `../shared/data/models` where that folder
    /// exists.
    pub fn prepare(&self, kind: SceneKind) -> Result<(), String> {
        let store = self.store();
        let wanted: &[Task] = match kind {
            SceneKind::Door => &[Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness],
            _ => &[Task::VehicleDetect, Task::PlateDetect, Task::PlateRead],
        };
        let is_complete = needs::skip_reason(Some(kind), &store).is_none()
            && wanted.iter().all(|task| store.installed(*task).is_some());
        let mirror = self.mirror();
        if !is_complete && mirror.is_some() {
            let options = PullOptions {
                store_dir: self.store_dir(),
                mirror,
                repository: Some(self.root.clone()),
                python_path: Some(self.root.join("third_party/python")),
                allow_network: false,
            };
            pull(&Catalog::built_in(), &options, wanted, &mut |_event| ());
        }
        needs::skip_reason(Some(kind), &self.store()).map_or(Ok(()), Err)
    }
}
