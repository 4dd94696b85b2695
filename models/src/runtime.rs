//! ONNX Runtime: where the library is, and one environment for the process.

mod session;

pub use session::{Session, Tensor, TensorView};

use crate::{ModelError, catalog::one_line};
use ort::{environment::Environment, logging::LogLevel};
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

const LIBRARY: &str = "libonnxruntime.so";

/// Where to look for the library. The program's edge fills it in: nothing here reads the
/// environment.
#[derive(Clone, Debug, Default)]
pub struct RuntimeSearch {
    /// A path that a person gave. When it is wrong, nothing else is tried.
    pub explicit: Option<PathBuf>,
    /// The value of `ORT_DYLIB_PATH`.
    pub from_environment: Option<PathBuf>,
    /// The folder of the running program.
    pub exe_dir: Option<PathBuf>,
    /// A folder with `third_party/onnxruntime/`.
    pub root: Option<PathBuf>,
}

impl RuntimeSearch {
    /// The places in the order in which they are tried.
    pub fn places(&self) -> Vec<PathBuf> {
        if let Some(path) = &self.explicit {
            return vec![path.clone()];
        }
        let beside = self.exe_dir.as_ref().map(|dir| dir.join(LIBRARY));
        let third_party = |root: &PathBuf| root.join("third_party/onnxruntime").join(LIBRARY);
        let places = [
            self.from_environment.clone(),
            beside,
            self.root.as_ref().map(third_party),
            Some(PathBuf::from(LIBRARY)),
        ];
        places.into_iter().flatten().collect()
    }
}

/// The loaded library. Cheap to clone; the first one that is started serves the whole process.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    path: PathBuf,
}

static STARTED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Finds and loads the library; a second call returns what the first one started.
    pub fn start(search: &RuntimeSearch) -> Result<Self, ModelError> {
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*started {
            return Ok(runtime.clone());
        }
        let mut tried = Vec::new();
        for path in search.places() {
            match open(&path) {
                Ok(runtime) => {
                    *started = Some(runtime.clone());
                    return Ok(runtime);
                }
                Err(Refusal::NotThere(reason)) => {
                    tried.push(format!("{} ({reason})", path.display()));
                }
                Err(Refusal::Start(reason)) => return Err(ModelError::RuntimeStart { reason }),
            }
        }
        Err(ModelError::RuntimeMissing {
            tried: tried.join(", "),
        })
    }

    /// The library's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

enum Refusal {
    NotThere(String),
    Start(String),
}

fn open(path: &Path) -> Result<Runtime, Refusal> {
    // A bare name is for the system's loader; anything else must exist, which gives the clearer
    // message.
    if path != Path::new(LIBRARY) && !path.exists() {
        return Err(Refusal::NotThere("no such file".to_owned()));
    }
    // First, because `ort::api()` panics where this returns an error.
    let builder = ort::init_from(path)
        .map_err(|error| Refusal::NotThere(one_line(&error.to_string())))?
        .with_name("gac");
    let environment = builder
        .with_telemetry(false)
        .build()
        .map_err(|error| Refusal::Start(one_line(&error.to_string())))?;
    environment.set_log_level(LogLevel::Error);
    Ok(Runtime {
        environment,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_tried_in_order_and_an_explicit_one_alone() {
        let mut search = RuntimeSearch {
            explicit: None,
            from_environment: Some("/env/lib.so".into()),
            exe_dir: Some("/exe".into()),
            root: Some("/root".into()),
        };
        let expect = [
            "/env/lib.so",
            "/exe/libonnxruntime.so",
            "/root/third_party/onnxruntime/libonnxruntime.so",
            "libonnxruntime.so",
        ];
        assert_eq!(search.places(), expect.map(PathBuf::from));
        search.explicit = Some("/given".into());
        assert_eq!(search.places(), [PathBuf::from("/given")]);
    }
}
