//! QR codes that are shown to a gate's camera: visitor passes and citizens' cards.
//!
//! A thread of its own, with one waiting place for each camera in which the newest frame wins, so
//! that reading codes never holds plates up. A camera offers a frame only while something moves or
//! stands before it, and at most five times a second: an idle lane costs nothing, a busy one some
//! 4 ms a look. The text of a code ends here: what leaves is a pass's id, or a keyed hash and a
//! mask.

use crate::{
    fault::{Faults, survives},
    locked,
    output::{Output, Outputs},
};
use domain::{DocumentId, DocumentKind, DocumentRead, Frame, GateId, Timestamp};
use service::{documents::DocumentTexts, qr_code::Luma};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// Codes are looked for this often.
const LOOK_INTERVAL: Duration = Duration::from_millis(190);

/// A document that is seen again within so long is still the same showing of it.
const SHOWING: Duration = Duration::from_secs(5);

/// Documents that are remembered for a camera.
const SHOWN_MAX: usize = 16;

/// A thread that panics on so many frames in a row cannot go on.
const PANICS_MAX: u32 = 16;

/// What a camera that reads codes needs to know.
#[derive(Clone, Debug)]
pub struct QrPlan {
    /// The gates that it is told to.
    pub gates: Vec<GateId>,
    /// Where codes are shown, as shares of width and height: left, top, right, bottom. The whole
    /// picture when absent.
    pub region: Option<[f32; 4]>,
    /// What texts mean at this site.
    pub texts: Arc<DocumentTexts>,
}

type Ids = Arc<Mutex<dyn FnMut() -> u128 + Send>>;

struct Waiting {
    frames: Vec<Option<Frame>>,
    is_ended: bool,
}

/// The cameras' end of the thread.
#[derive(Clone)]
pub(crate) struct QrQueue {
    waiting: Arc<(Mutex<Waiting>, Condvar)>,
    n: usize,
    /// Whether a frame waits for its turn instead of being replaced: for files as fast as they can
    /// be analysed.
    is_lossless: bool,
}

impl QrQueue {
    /// Leaves a frame. The newest wins, unless nothing may be lost.
    pub(crate) fn offer(&self, frame: &Frame) {
        let (waiting, changed) = &*self.waiting;
        let mut waiting = locked(waiting);
        while self.is_lossless && waiting.frames[self.n].is_some() && !waiting.is_ended {
            waiting = changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        waiting.frames[self.n] = Some(frame.clone());
        changed.notify_all();
    }
}

/// When a camera looks for codes.
pub(crate) struct QrEye {
    queue: QrQueue,
    last_at: Option<Timestamp>,
}

impl QrEye {
    pub(crate) fn new(queue: QrQueue) -> Self {
        let last_at = None;
        Self { queue, last_at }
    }

    /// Offers the frame when it is time to look. Times that go back have begun anew.
    pub(crate) fn look(&mut self, frame: &Frame) {
        let at = frame.captured_at;
        let is_due = |last| at < last || LOOK_INTERVAL <= at.since(last);
        if self.last_at.is_none_or(is_due) {
            self.last_at = Some(at);
            self.queue.offer(frame);
        }
    }
}

/// The thread, for as long as there are cameras.
pub(crate) struct QrThread {
    waiting: Arc<(Mutex<Waiting>, Condvar)>,
    thread: JoinHandle<()>,
}

impl QrThread {
    /// What waits is still read; then the thread ends.
    pub(crate) fn finish(self) {
        let (waiting, changed) = &*self.waiting;
        locked(waiting).is_ended = true;
        changed.notify_all();
        if self.thread.join().is_err() {
            tracing::error!("the thread for QR codes has panicked");
        }
    }
}

/// What is wanted of one camera: nothing where it reads no codes.
pub(crate) struct QrCamera {
    pub(crate) plan: Option<QrPlan>,
    pub(crate) is_lossless: bool,
}

/// Starts the thread, unless no camera reads codes, and gives each camera that does its end.
pub(crate) fn start(
    cameras: Vec<QrCamera>,
    ids: Ids,
    outputs: Outputs,
    faults: Faults,
) -> io::Result<(Option<QrThread>, Vec<Option<QrEye>>)> {
    let waiting = Waiting {
        frames: cameras.iter().map(|_camera| None).collect(),
        is_ended: false,
    };
    let waiting = Arc::new((Mutex::new(waiting), Condvar::new()));
    let eye = |(n, camera): (usize, &QrCamera)| {
        camera.plan.as_ref()?;
        Some(QrEye::new(QrQueue {
            waiting: waiting.clone(),
            n,
            is_lossless: camera.is_lossless,
        }))
    };
    let eyes: Vec<Option<QrEye>> = cameras.iter().enumerate().map(eye).collect();
    let readers: Vec<Option<Reader>> = cameras
        .into_iter()
        .map(|camera| camera.plan.map(Reader::new))
        .collect();
    if readers.iter().all(Option::is_none) {
        return Ok((None, eyes));
    }
    let outlet = Outlet {
        ids,
        outputs,
        faults,
    };
    let shared = waiting.clone();
    let thread = std::thread::Builder::new()
        .name("gac-qr".to_owned())
        .spawn(move || read_all(&shared, readers, &outlet))?;
    Ok((Some(QrThread { waiting, thread }), eyes))
}

struct Outlet {
    ids: Ids,
    outputs: Outputs,
    faults: Faults,
}

fn read_all(shared: &(Mutex<Waiting>, Condvar), mut readers: Vec<Option<Reader>>, outlet: &Outlet) {
    let (waiting, changed) = shared;
    let mut n_panics = 0;
    let mut next = 0;
    loop {
        let mut held = locked(waiting);
        let n_cameras = held.frames.len();
        // In turn, so that no camera is starved by another.
        let turn = (0..n_cameras).map(|n| (next + n) % n_cameras);
        let found = turn.into_iter().find(|n| held.frames[*n].is_some());
        let Some(n) = found else {
            if held.is_ended {
                return;
            }
            drop(changed.wait(held).unwrap_or_else(PoisonError::into_inner));
            continue;
        };
        let frame = held.frames[n].take();
        drop(held);
        changed.notify_all();
        next = n + 1;
        let (Some(reader), Some(frame)) = (&mut readers[n], frame) else {
            continue;
        };
        match survives(|| reader.read(&frame)) {
            Some(kinds) => {
                n_panics = 0;
                reader.tell(kinds, frame.captured_at, outlet);
            }
            None => {
                n_panics += 1;
                tracing::error!(camera.id = %frame.camera, "a frame was not searched for QR codes");
                if n_panics == PANICS_MAX {
                    let what = "searching for QR codes has panicked again and again";
                    outlet.faults.fail(what.to_owned());
                    return;
                }
            }
        }
    }
}

/// One camera's codes.
struct Reader {
    plan: QrPlan,
    shown: Showings,
}

impl Reader {
    fn new(plan: QrPlan) -> Self {
        let shown = Showings::default();
        Self { plan, shown }
    }

    /// The documents in a frame.
    fn read(&self, frame: &Frame) -> Vec<Found> {
        let mut luma = Luma::of(frame, self.plan.region);
        luma.find(|text: &str| self.plan.texts.read(text))
    }

    fn tell(&mut self, found: Vec<Found>, at: Timestamp, outlet: &Outlet) {
        for (kind, assurance) in found {
            if !self.shown.is_new(&kind, at) {
                continue;
            }
            for gate in &self.plan.gates {
                outlet.outputs.send(Output::Document(DocumentRead {
                    id: DocumentId((locked(&outlet.ids))()),
                    gate: gate.clone(),
                    kind: kind.clone(),
                    assurance,
                    shown_at: at,
                }));
            }
        }
    }
}

type Found = (DocumentKind, domain::Assurance);

/// Which documents are being shown, so that each showing is told once.
#[derive(Default)]
struct Showings(Vec<(DocumentKind, Timestamp)>);

impl Showings {
    /// Whether a showing begins. A document that stays in view is seen again and again and stays
    /// the same showing; one that was away for five seconds is shown anew.
    fn is_new(&mut self, kind: &DocumentKind, at: Timestamp) -> bool {
        self.0
            .retain(|(_kind, last)| *last <= at && at.since(*last) < SHOWING);
        if let Some((_kind, last)) = self.0.iter_mut().find(|(shown, _last)| shown == kind) {
            *last = at;
            return false;
        }
        if self.0.len() == SHOWN_MAX {
            self.0.remove(0);
        }
        self.0.push((kind.clone(), at));
        true
    }
}

#[cfg(test)]
mod tests;
