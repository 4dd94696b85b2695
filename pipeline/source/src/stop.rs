//! Ends a source from another thread.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Ends a source from any thread. Clones share one flag.
#[derive(Clone, Debug)]
pub struct StopHandle {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl StopHandle {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new((Mutex::new(false), Condvar::new())),
        }
    }

    /// Ends the source; a pause between two attempts ends at once.
    pub fn stop(&self) {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.1.notify_all();
    }

    /// Whether the source was told to end.
    pub fn is_stopped(&self) -> bool {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the span or the end, and says whether it was the end.
    pub(crate) fn wait(&self, span: Duration) -> bool {
        let flag = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (flag, _timeout) = self
            .shared
            .1
            .wait_timeout_while(flag, span, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *flag
    }
}
