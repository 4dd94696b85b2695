//! Pictures that must be kept: made off the hot path, written before anybody is told.
//!
//! One thread encodes and stores; its queue has a limit, and a full queue makes the worker wait:
//! evidence is an event, and events are not dropped. Live pictures share the thread and are dropped
//! when it is busy.
//!
//! A store that cannot be written (a full disk) is tried again: the message waits for its pictures,
//! other jobs go on, and once too many messages wait, the workers do. At the end there is a last
//! attempt, and then the message goes without them. A gate's sighting waits only a few attempts.

use crate::{
    annotate::{Canvas, Mark, MarkLine},
    fault::{Faults, survives},
    output::{Output, Outputs},
    stats::steady,
};
use domain::{BoxInImage, CameraId, Candidate, EvidenceItem, EvidenceRole, Frame, Sighting};
use service::evidence::EvidenceStore;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Jobs that may wait.
const QUEUE_MAX: usize = 64;

/// Messages whose pictures could not be stored yet; some 200 kB a picture.
const WAITING_MAX: usize = 32;

/// Pause before a store that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// A sighting's picture is a courtesy to the guard, and its message ends a passage: it is not held
/// up for longer than so many attempts.
const SIGHTING_ATTEMPTS_MAX: u32 = 4;

/// JPEG quality of evidence; a plate of 60 px stays readable.
const QUALITY: u8 = 92;

/// Width and JPEG quality of live pictures.
const LIVE: (u32, u8) = (640, 70);

/// A picture to keep.
pub(crate) struct Still {
    pub(crate) role: EvidenceRole,
    pub(crate) frame: Frame,
    /// Only this part; the whole picture when absent.
    pub(crate) crop: Option<BoxInImage>,
}

pub(crate) enum Job {
    /// A candidate is told once its stills are stored.
    Candidate {
        candidate: Candidate,
        stills: Vec<Still>,
    },
    /// A sighting is told once its picture is stored.
    Sighting { sighting: Sighting, still: Still },
    /// A picture for the console.
    Live {
        camera: CameraId,
        frame: Frame,
        marks: Vec<Mark>,
        lines: Vec<MarkLine>,
    },
}

/// What the thread and the workers both see.
#[derive(Default)]
struct Shared {
    is_ending: Mutex<bool>,
    ends: Condvar,
    /// As many messages wait as may.
    is_stuck: AtomicBool,
}

/// The workers' end.
#[derive(Clone)]
pub(crate) struct EvidenceQueue {
    jobs: SyncSender<Job>,
    outputs: Outputs,
    shared: Arc<Shared>,
}

impl EvidenceQueue {
    /// Hands over what must not be lost; waits while the queue is full.
    pub(crate) fn put(&self, job: Job) {
        let Err(refused) = self.jobs.send(job) else {
            return;
        };
        tracing::error!("the evidence thread has ended; a picture was not stored");
        match refused.0 {
            Job::Candidate { candidate, .. } => self.outputs.send(Output::Candidate(candidate)),
            Job::Sighting { sighting, .. } => self.outputs.send(Output::Sighting(sighting)),
            Job::Live { .. } => {}
        }
    }

    /// Hands over a live picture, unless there is other work.
    pub(crate) fn try_live(&self, job: Job) -> bool {
        if self.shared.is_stuck.load(Ordering::Relaxed) {
            return false;
        }
        match self.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// From now on no worker waits for a store that cannot be written.
    pub(crate) fn end(&self) {
        let mut is_ending = self
            .shared
            .is_ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *is_ending = true;
        self.shared.ends.notify_all();
    }
}

/// Starts the thread; it ends when every queue handle is gone.
pub(crate) fn start(
    store: Arc<EvidenceStore>,
    outputs: Outputs,
    faults: Faults,
) -> std::io::Result<(EvidenceQueue, JoinHandle<()>)> {
    let (jobs, inbox) = sync_channel(QUEUE_MAX);
    let shared = Arc::new(Shared::default());
    let queue = EvidenceQueue {
        jobs,
        outputs: outputs.clone(),
        shared: shared.clone(),
    };
    let mut keeper = Keeper {
        store,
        outputs,
        shared,
        waiting: VecDeque::new(),
        retry_at: None,
        n_failed: 0,
    };
    let thread = std::thread::Builder::new()
        .name("gac-evidence".to_owned())
        .spawn(move || {
            if survives(|| keeper.work(&inbox)).is_none() {
                faults.fail("the evidence thread has panicked".to_owned());
            }
        })?;
    Ok((queue, thread))
}

/// A message and those of its pictures that are not stored yet.
struct Parcel {
    message: Output,
    stills: VecDeque<Encoded>,
    n_attempts: u32,
}

struct Encoded {
    item: EvidenceItem,
    jpeg: Vec<u8>,
}

/// The thread.
struct Keeper {
    store: Arc<EvidenceStore>,
    outputs: Outputs,
    shared: Arc<Shared>,
    waiting: VecDeque<Parcel>,
    /// By the steady clock.
    retry_at: Option<Duration>,
    /// Attempts that failed since the store could last be written.
    n_failed: u64,
}

impl Keeper {
    fn work(&mut self, inbox: &Receiver<Job>) {
        loop {
            if WAITING_MAX <= self.waiting.len() {
                self.wait_for_room();
                continue;
            }
            let job = match self.retry_at {
                None => inbox
                    .recv()
                    .map_err(|_ended| RecvTimeoutError::Disconnected),
                Some(at) => inbox.recv_timeout(at.saturating_sub(steady())),
            };
            match job {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.retry(true),
            }
            if self.retry_at.is_some_and(|at| at <= steady()) {
                self.retry(false);
            }
        }
    }

    fn take(&mut self, job: Job) {
        let (message, stills) = match job {
            Job::Candidate { candidate, stills } => (Output::Candidate(candidate), stills),
            Job::Sighting { sighting, still } => (Output::Sighting(sighting), vec![still]),
            Job::Live {
                camera,
                frame,
                marks,
                lines,
            } => {
                if let Some(jpeg) = survives(|| live(&frame, &marks, &lines)).flatten() {
                    self.outputs.send(Output::Picture { camera, jpeg });
                }
                return;
            }
        };
        // One picture that cannot be made must not cost the message or the thread.
        let encoded = |still| survives(|| encode(still)).flatten();
        let parcel = Parcel {
            message,
            stills: stills.iter().filter_map(encoded).collect(),
            n_attempts: 0,
        };
        if let Some(parcel) = self.attempt(parcel, false) {
            self.waiting.push_back(parcel);
        }
    }

    /// Stores what a message lacks and sends it, or gives it back to be tried again.
    fn attempt(&mut self, mut parcel: Parcel, is_last: bool) -> Option<Parcel> {
        parcel.n_attempts += 1;
        while let Some(still) = parcel.stills.front() {
            match self.store.put(&still.jpeg) {
                Ok(sha256) => {
                    if 0 < std::mem::take(&mut self.n_failed) {
                        tracing::warn!("stills can be stored again");
                    }
                    let item = parcel.stills.pop_front().map(|still| still.item);
                    let item = item.map(|item| EvidenceItem { sha256, ..item });
                    match &mut parcel.message {
                        Output::Candidate(candidate) => candidate.evidence.extend(item),
                        Output::Sighting(sighting) => sighting.picture = item,
                        _ => {}
                    }
                }
                Err(error) => {
                    self.n_failed += 1;
                    if self.n_failed == 1 {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::error!(%error, cause, "a still cannot be stored yet");
                    }
                    let is_sighting = matches!(parcel.message, Output::Sighting(_));
                    let is_patient = !is_sighting || parcel.n_attempts < SIGHTING_ATTEMPTS_MAX;
                    if is_patient && !is_last {
                        self.retry_at.get_or_insert_with(|| steady() + RETRY);
                        return Some(parcel);
                    }
                    let n_stills = parcel.stills.len();
                    tracing::error!(%error, n_stills, "a message goes without its stills");
                    break;
                }
            }
        }
        self.outputs.send(parcel.message);
        None
    }

    fn retry(&mut self, is_last: bool) {
        self.retry_at = None;
        for parcel in std::mem::take(&mut self.waiting) {
            let left = self.attempt(parcel, is_last);
            self.waiting.extend(left);
        }
    }

    /// Nothing more is taken on until a message has gone; at the end none waits any longer.
    fn wait_for_room(&mut self) {
        self.shared.is_stuck.store(true, Ordering::Relaxed);
        let is_ending = self
            .shared
            .is_ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (is_ending, _timeout) = self
            .shared
            .ends
            .wait_timeout_while(is_ending, RETRY, |is_ending| !*is_ending)
            .unwrap_or_else(PoisonError::into_inner);
        let is_last = *is_ending;
        drop(is_ending);
        self.retry(is_last);
        let is_stuck = WAITING_MAX <= self.waiting.len();
        self.shared.is_stuck.store(is_stuck, Ordering::Relaxed);
    }
}

/// A picture that cannot be made is left out, and said: the message itself must still arrive.
fn encode(still: &Still) -> Option<Encoded> {
    let frame = &still.frame;
    let canvas = match &still.crop {
        Some(bounds) => Ok(Canvas::crop(frame, bounds)),
        None => Canvas::from_frame(frame, frame.width),
    };
    let jpeg = canvas
        .map_err(|error| error.to_string())
        .and_then(|canvas| canvas.to_jpeg(QUALITY).map_err(|error| error.to_string()));
    match jpeg {
        Ok(jpeg) => Some(Encoded {
            item: EvidenceItem {
                role: still.role,
                sha256: String::new(),
                media_type: "image/jpeg".to_owned(),
                n_bytes: jpeg.len() as u64,
                frame_seq: frame.seq,
                captured_at: frame.captured_at,
            },
            jpeg,
        }),
        Err(error) => {
            tracing::error!(camera.id = %frame.camera, error, "a still could not be encoded");
            None
        }
    }
}

fn live(frame: &Frame, marks: &[Mark], lines: &[MarkLine]) -> Option<Vec<u8>> {
    let (width, quality) = LIVE;
    let mut canvas = Canvas::from_frame(frame, width).ok()?;
    canvas.draw(marks, lines).ok()?;
    canvas.to_jpeg(quality).ok()
}

#[cfg(test)]
mod tests;
