//! The models of a checkout, for tests and benchmarks: what set-up has left there, or the upstream
//! files beside it.

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

    /// Its inference runtime, when set-up has put one there.
    pub(super) fn runtime(&self) -> Option<PathBuf> {
        let path = self.root.join("third_party/onnxruntime/libonnxruntime.so");
        path.exists().then_some(path)
    }

    /// The tasks that no model is here for.
    pub fn lacks(&self, tasks: &[Task]) -> Vec<Task> {
        let store = Store::new(&self.store_dir(), Catalog::built_in());
        tasks
            .iter()
            .filter(|task| store.installed(**task).is_none())
            .copied()
            .collect()
    }

    /// Makes a scene's models ready, and says which of those that it cannot do without are not to
    /// be had.
    ///
    /// No server is asked: what is missing is copied from `../shared/data/models` where that folder
    /// exists.
    pub fn prepare(&self, kind: SceneKind) -> Vec<Task> {
        let wanted = [Task::VehicleDetect, Task::PlateDetect, Task::PlateRead];
        let missing = self.lacks(&wanted);
        let mirror = self.root.join("../shared/data/models");
        if !missing.is_empty() {
            let options = PullOptions {
                store_dir: self.store_dir(),
                mirror: mirror.exists().then_some(mirror),
                repository: Some(self.root.clone()),
                python_path: Some(self.root.join("third_party/python")),
                allow_network: false,
            };
            pull(&Catalog::built_in(), &options, &missing, &mut |_event| ());
        }
        match kind {
            SceneKind::Gate => self.lacks(&wanted),
            SceneKind::Junction | SceneKind::Door => self.lacks(&wanted[..1]),
        }
    }
}
