//! A source's state and counts, to be read from any thread.

use crate::{StateCallback, timeline::TimelineStats};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What a source is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceState {
    /// An attempt has begun, and no frame has come.
    #[default]
    Connecting,
    /// Frames come.
    Streaming,
    /// Frames have stopped coming; the camera is tried anew.
    Stalled,
    /// The camera is not there; it is tried again after a pause.
    Lost {
        /// One line, without secrets.
        reason: String,
    },
    /// The file has ended, or the source was told to stop.
    Ended,
}

/// What a source has counted since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceStats {
    /// Frames decoded or drawn.
    pub n_decoded: u64,
    /// Frames handed to the reader.
    pub n_delivered: u64,
    /// Frames dropped because the reader was slow: a newer one won.
    pub n_dropped: u64,
    /// Frames skipped because the rate was limited.
    pub n_skipped: u64,
    /// Frames that were not decoded, because nothing moved and nobody wanted them.
    pub n_idle: u64,
    /// CPU time of the thread that decodes; scenes and pictures are drawn on the reader's own
    /// thread.
    pub cpu: Duration,
    /// Frames that never arrived, as far as the times of those that did can tell.
    pub n_missing: u64,
    /// Pictures that could not be decoded or converted.
    pub n_damaged: u64,
    /// Attempts to reach the camera, or runs of the file.
    pub n_attempts: u64,
    /// Attempts that brought frames after an earlier one had.
    pub n_reconnects: u64,
    /// Times that the watchdog fired.
    pub n_stalls: u64,
    /// What is known about the capture times.
    pub timeline: TimelineStats,
}

/// Reads a source's state and counts, from any thread. Clones share one source.
#[derive(Clone)]
pub struct SourceMonitor {
    shared: Arc<Mutex<(SourceState, SourceStats)>>,
    on_state: Option<StateCallback>,
}

impl fmt::Debug for SourceMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceMonitor({:?}, {:?})", self.state(), self.stats())
    }
}

impl SourceMonitor {
    pub(crate) fn new(on_state: Option<StateCallback>) -> Self {
        Self {
            shared: Arc::default(),
            on_state,
        }
    }

    /// What the source is doing.
    pub fn state(&self) -> SourceState {
        self.lock().0.clone()
    }

    /// What it has counted.
    pub fn stats(&self) -> SourceStats {
        self.lock().1.clone()
    }

    /// Enters a state; the callback is told of changes only, and outside the lock.
    pub(crate) fn enter(&self, state: SourceState) {
        {
            let mut shared = self.lock();
            if shared.0 == state {
                return;
            }
            shared.0 = state.clone();
        }
        if let Some(callback) = &self.on_state {
            callback(&state);
        }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut SourceStats)) {
        change(&mut self.lock().1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (SourceState, SourceStats)> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
