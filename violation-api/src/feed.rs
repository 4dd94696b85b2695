//! Tells open pages that something has changed. What they show they read from the store.

use domain::CameraId;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::broadcast;
use wire::Message;

/// How many changes an open page may be behind; beyond it, it is shown everything anew.
const CHANGES_WAITING_MAX: usize = 64;

/// What is to be shown anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Cameras that have reported themselves.
    pub cameras: BTreeSet<CameraId>,
    /// Passages, verdicts, sightings or barriers.
    pub is_gate_changed: bool,
    /// Cases.
    pub is_case_changed: bool,
    /// Counts.
    pub is_count_changed: bool,
    /// Who is inside, or how crowded it is.
    pub is_zone_changed: bool,
}

impl Changes {
    /// Whether nothing is to be shown anew.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what this message changes.
    pub fn note(&mut self, message: &Message) {
        match message {
            Message::Camera(status) => {
                self.cameras.insert(status.camera.clone());
            }
            Message::Sighting(sighting) => {
                self.is_gate_changed = true;
                self.is_zone_changed |= !sighting.crossings.is_empty();
            }
            Message::Movement(_) => {
                self.is_gate_changed = true;
                self.is_zone_changed = true;
            }
            Message::Passage(_)
            | Message::Verdict(_)
            | Message::Barrier(_)
            | Message::Alarm(_)
            | Message::Command(_)
            | Message::Ack(_) => self.is_gate_changed = true,
            Message::Candidate(_) => self.is_case_changed = true,
            Message::Count(_) => self.is_count_changed = true,
            Message::Receipt(_)
            | Message::Assist(_)
            | Message::Device(_)
            | Message::Document(_)
            | Message::Order(_) => (),
        }
    }

    /// Adds what the other changes.
    pub fn join(&mut self, other: &Self) {
        self.cameras.extend(other.cameras.iter().cloned());
        self.is_gate_changed |= other.is_gate_changed;
        self.is_case_changed |= other.is_case_changed;
        self.is_count_changed |= other.is_count_changed;
        self.is_zone_changed |= other.is_zone_changed;
    }
}

/// Where changes are said and heard.
#[derive(Clone)]
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Changes>>,
    /// Counts the changes, but those of cameras alone, from a number that no earlier run has
    /// reached.
    seq: Arc<AtomicI64>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        let seq = Arc::new(AtomicI64::new(service::clock::now().as_micros()));
        Self {
            sender: broadcast::Sender::new(CHANGES_WAITING_MAX),
            seq,
        }
    }

    /// Says a change; nobody needs to be listening.
    pub(crate) fn say(&self, changes: Changes) {
        let is_shown = changes.is_gate_changed || changes.is_case_changed;
        if is_shown || changes.is_count_changed || changes.is_zone_changed {
            self.seq.fetch_add(1, Ordering::AcqRel);
        }
        if !changes.is_empty() {
            drop(self.sender.send(Arc::new(changes)));
        }
    }

    /// A page that was rendered at this number and is still at it has missed nothing.
    pub(crate) fn seq(&self) -> i64 {
        self.seq.load(Ordering::Acquire)
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Changes>> {
        self.sender.subscribe()
    }
}
