//! Pictures that must be kept: made off the hot path, written before anybody is told.
//!
//! One thread encodes and stores; its queue has a limit, and a full queue makes the worker wait:
//! evidence is an event, and events are not dropped. Live pictures share the thread and are dropped
//! when it is busy.

use crate::{
    annotate::{Canvas, Mark, MarkLine},
    output::{Output, Outputs},
};
use domain::{BoxInImage, CameraId, Candidate, EvidenceItem, EvidenceRole, Frame, Sighting};
use service::evidence::EvidenceStore;
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

/// Jobs that may wait.
const QUEUE_MAX: usize = 64;

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

/// The workers' end.
#[derive(Clone)]
pub(crate) struct EvidenceQueue {
    jobs: SyncSender<Job>,
}

impl EvidenceQueue {
    /// Hands over what must not be lost; waits while the queue is full.
    pub(crate) fn put(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the evidence thread has ended; a picture was not stored");
        }
    }

    /// Hands over a live picture, unless there is other work.
    pub(crate) fn try_live(&self, job: Job) -> bool {
        match self.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Starts the thread; it ends when every queue handle is gone.
pub(crate) fn start(
    store: Arc<EvidenceStore>,
    outputs: Outputs,
) -> std::io::Result<(EvidenceQueue, JoinHandle<()>)> {
    let (jobs, inbox) = sync_channel(QUEUE_MAX);
    let thread = std::thread::Builder::new()
        .name("gac-evidence".to_owned())
        .spawn(move || work(&inbox, &store, &outputs))?;
    Ok((EvidenceQueue { jobs }, thread))
}

fn work(inbox: &Receiver<Job>, store: &EvidenceStore, outputs: &Outputs) {
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Candidate {
                mut candidate,
                stills,
            } => {
                for still in &stills {
                    candidate.evidence.extend(keep(store, still));
                }
                outputs.send(Output::Candidate(candidate));
            }
            Job::Sighting {
                mut sighting,
                still,
            } => {
                sighting.picture = keep(store, &still);
                outputs.send(Output::Sighting(sighting));
            }
            Job::Live {
                camera,
                frame,
                marks,
                lines,
            } => {
                if let Some(jpeg) = live(&frame, &marks, &lines) {
                    outputs.send(Output::Picture { camera, jpeg });
                }
            }
        }
    }
}

/// A picture that cannot be stored is left out, and said: the message itself must still arrive.
fn keep(store: &EvidenceStore, still: &Still) -> Option<EvidenceItem> {
    let frame = &still.frame;
    let canvas = match &still.crop {
        Some(bounds) => Ok(Canvas::crop(frame, bounds)),
        None => Canvas::from_frame(frame, frame.width),
    };
    let jpeg = canvas
        .map_err(|error| error.to_string())
        .and_then(|canvas| canvas.to_jpeg(QUALITY).map_err(|error| error.to_string()));
    let jpeg = match jpeg {
        Ok(jpeg) => jpeg,
        Err(error) => {
            tracing::error!(camera.id = %frame.camera, error, "a still could not be encoded");
            return None;
        }
    };
    match store.put(&jpeg) {
        Ok(sha256) => Some(EvidenceItem {
            role: still.role,
            sha256,
            media_type: "image/jpeg".to_owned(),
            n_bytes: jpeg.len() as u64,
            frame_seq: frame.seq,
            captured_at: frame.captured_at,
        }),
        Err(error) => {
            tracing::error!(camera.id = %frame.camera, %error, "a still could not be stored");
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
