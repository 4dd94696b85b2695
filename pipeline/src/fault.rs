//! What ends a pipeline that cannot go on, told to whoever runs it.
//!
//! A thread that has panicked must not end in silence: a camera that nobody watches looks like one
//! before which nothing happens.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::watch;

/// The pipeline cannot go on; only starting it anew helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline cannot go on: {what}")]
pub struct Fault {
    /// What has failed.
    pub what: String,
}

/// The threads' end: the first fault is kept.
#[derive(Clone)]
pub(crate) struct Faults {
    first: Arc<watch::Sender<Option<Fault>>>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self {
            first: Arc::new(watch::channel(None).0),
        }
    }

    /// Ends the pipeline. What follows from the first fault is only logged.
    pub(crate) fn fail(&self, what: String) {
        tracing::error!(what, "the pipeline cannot go on");
        self.first.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(Fault { what });
            is_first
        });
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.first.borrow().is_some()
    }

    pub(crate) fn watch(&self) -> FaultWatch {
        FaultWatch(self.first.subscribe())
    }
}

/// Waits for a pipeline's fault.
#[derive(Clone, Debug)]
pub struct FaultWatch(watch::Receiver<Option<Fault>>);

impl FaultWatch {
    /// Returns when the pipeline has ended, or as soon as it cannot go on.
    pub async fn ended(mut self) -> Result<(), Fault> {
        while self.0.borrow_and_update().is_none() {
            if self.0.changed().await.is_err() {
                break;
            }
        }
        self.check()
    }

    /// The fault, if there has been one.
    pub fn check(&self) -> Result<(), Fault> {
        self.0.borrow().clone().map_or(Ok(()), Err)
    }
}

/// Does it, and says whether it panicked; the panic's own words have been printed by then.
///
/// What it worked on may be left half changed: the caller makes it anew, or gives it up.
pub(crate) fn survives<T>(body: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(body)).ok()
}
