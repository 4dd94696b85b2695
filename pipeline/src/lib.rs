//! Frames to sightings and candidates: the assembly of one edge box.
//!
//! One thread for each camera takes frames from its source and offers them to the [`scheduler`].
//! One thread for each inference worker takes the next frame, asks the models, and lets the
//! camera's own core judge. One thread makes and stores pictures. All that is said leaves by one
//! queue of [`Output`]s.

mod annotate;
mod camera;
mod evidence;
pub mod gallery;
mod motion;
mod output;
mod plan;
pub mod scheduler;
mod stats;
mod traffic;

pub use annotate::{Canvas, Mark, MarkLine, Tone};
pub use output::Output;
pub use plan::{CountLine, Plan, StopLine, Tasks};
pub use scheduler::HandOver;
pub use stats::CameraStats;
use stats::FrameRate;

use camera::{CameraCore, Outlets};
use domain::{
    CameraId, Frame, SourceEvent,
    ports::{Detector, FrameSource as _},
};
use gallery::Gallery;
use output::Outputs;
use scheduler::{LaneConfig, Scheduler};
use service::evidence::EvidenceStore;
use source::{Source, SourceMonitor, SourceOptions, SourceSpec, SourceState, StopHandle};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::mpsc::Receiver;
use wire::{CameraState, CameraStatus};

/// A camera's status is told this often.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// One camera and what is to be done with its frames.
pub struct CameraSetup {
    /// What to look for.
    pub plan: Plan,
    /// Where the frames come from.
    pub source: SourceSpec,
    /// How they come.
    pub options: SourceOptions,
    /// What happens when nobody has time.
    pub hand_over: HandOver,
}

/// What every camera shares.
pub struct Shared {
    /// Where pictures are kept.
    pub evidence: Arc<EvidenceStore>,
    /// Enrolled people; without it every face is unknown.
    pub gallery: Option<Arc<Gallery>>,
    /// Makes ids: a new one at each call.
    pub ids: Arc<Mutex<dyn FnMut() -> u128 + Send>>,
}

/// Why the pipeline did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
    /// OpenCV refused to make the background model.
    #[error("the motion gate of camera {camera} could not be made")]
    Motion {
        /// Which camera.
        camera: CameraId,
        /// Why.
        #[source]
        source: opencv::Error,
    },
}

struct Camera {
    id: CameraId,
    core: Mutex<CameraCore>,
    source: Mutex<Option<(StopHandle, SourceMonitor)>>,
    source_cpu: Mutex<Duration>,
    rate: Mutex<FrameRate>,
    newest: Mutex<Option<Frame>>,
}

struct Inner {
    cameras: Vec<Camera>,
    scheduler: Scheduler,
    outlets: Outlets,
}

/// A running pipeline.
pub struct Pipeline {
    inner: Arc<Inner>,
    threads: Vec<JoinHandle<()>>,
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipeline {
    /// Starts every camera, and one worker for each detector.
    pub fn start<D: Detector + 'static>(
        setups: Vec<CameraSetup>,
        detectors: Vec<D>,
        shared: &Shared,
    ) -> Result<(Self, Receiver<Output>), StartError> {
        let (outputs, receiver) = Outputs::new();
        let (queue, picture_thread) = evidence::start(shared.evidence.clone(), outputs.clone())
            .map_err(StartError::Thread)?;
        let outlets = Outlets {
            outputs,
            evidence: queue,
            gallery: shared.gallery.clone(),
        };
        let lanes: Vec<LaneConfig> = setups.iter().map(lane).collect();
        let mut cameras = Vec::new();
        for setup in &setups {
            let ids = shared.ids.clone();
            let id = setup.plan.camera.clone();
            let core = CameraCore::new(setup.plan.clone(), move || (locked(&ids))()).map_err(
                |source| StartError::Motion {
                    camera: id.clone(),
                    source,
                },
            )?;
            cameras.push(Camera {
                id,
                core: Mutex::new(core),
                source: Mutex::new(None),
                source_cpu: Mutex::new(Duration::ZERO),
                rate: Mutex::default(),
                newest: Mutex::new(None),
            });
        }
        let inner = Arc::new(Inner {
            cameras,
            scheduler: Scheduler::new(&lanes),
            outlets,
        });
        let mut threads = vec![picture_thread];
        for (n, mut detector) in detectors.into_iter().enumerate() {
            let inner = inner.clone();
            let worker = move || work(&inner, &mut detector);
            threads.push(spawn(format!("gac-infer-{n}"), worker)?);
        }
        for (n, setup) in setups.into_iter().enumerate() {
            let inner = inner.clone();
            let name = format!("gac-cam-{n}");
            threads.push(spawn(name, move || follow(&inner, n, setup))?);
        }
        Ok((Self { inner, threads }, receiver))
    }

    /// Tells every source to end; what waits is still analysed.
    pub fn stop(&self) {
        for camera in &self.inner.cameras {
            if let Some((stop, _)) = &*locked(&camera.source) {
                stop.stop();
            }
        }
    }

    /// Waits until every source has ended and everything has been said, then gives the counts.
    pub fn join(self) -> Vec<(CameraId, CameraStats)> {
        let Self { inner, threads } = self;
        let stats = |inner: &Inner| inner.all_stats();
        let mut threads = threads.into_iter();
        let pictures = threads.next();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a pipeline thread has panicked");
            }
        }
        let all = stats(&inner);
        drop(inner);
        if let Some(Err(_)) = pictures.map(JoinHandle::join) {
            tracing::error!("the evidence thread has panicked");
        }
        all
    }

    /// Whether every thread but the one for pictures has ended.
    pub fn has_ended(&self) -> bool {
        self.threads.iter().skip(1).all(JoinHandle::is_finished)
    }

    /// The counts so far.
    pub fn stats(&self) -> Vec<(CameraId, CameraStats)> {
        self.inner.all_stats()
    }

    /// The newest frame of a camera that was given to the models: for enrolment.
    pub fn newest_frame(&self, camera: &CameraId) -> Option<Frame> {
        let camera = self.inner.cameras.iter().find(|c| c.id == *camera)?;
        locked(&camera.newest).clone()
    }
}

impl Inner {
    fn all_stats(&self) -> Vec<(CameraId, CameraStats)> {
        (0..self.cameras.len())
            .map(|n| (self.cameras[n].id.clone(), self.stats(n)))
            .collect()
    }

    fn stats(&self, n: usize) -> CameraStats {
        let camera = &self.cameras[n];
        let mut stats = locked(&camera.core).stats.clone();
        let counts = self.scheduler.counts(n);
        stats.frames = counts.offered;
        stats.dropped = counts.dropped;
        if let Some((_, monitor)) = &*locked(&camera.source) {
            let source = monitor.stats();
            stats.frames = source.n_decoded;
            stats.dropped += source.n_dropped;
        }
        stats.cpu += *locked(&camera.source_cpu);
        stats
    }

    fn tell_status(&self, n: usize, state: CameraState, reason: Option<String>) {
        let stats = self.stats(n);
        let fps = match (state, stats.last_at) {
            (CameraState::Streaming, Some(at)) => {
                locked(&self.cameras[n].rate).fps(at, stats.frames)
            }
            _ => 0.0,
        };
        self.outlets.outputs.send(Output::Status(CameraStatus {
            camera: self.cameras[n].id.clone(),
            state,
            reason,
            fps,
            frames: stats.frames,
            dropped: stats.dropped,
            at: stats.last_at.unwrap_or_default(),
        }));
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(body)
        .map_err(StartError::Thread)
}

/// Gates go first, then cameras that prove something; counting comes last. The source has thinned
/// the frames to the wanted rate.
fn lane(setup: &CameraSetup) -> LaneConfig {
    let priority = match (&setup.plan.is_gate, &setup.plan.stop_line) {
        (true, _) => 0,
        (false, Some(_)) => 1,
        (false, None) => 2,
    };
    LaneConfig {
        priority,
        interval_min: Duration::ZERO,
        hand_over: setup.hand_over,
    }
}

/// Gives the camera back even when a model panics.
struct Turn<'a>(&'a Scheduler, usize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.done(self.1);
    }
}

fn work<D: Detector>(inner: &Inner, detector: &mut D) {
    while let Some((n, frame)) = inner.scheduler.take() {
        let turn = Turn(&inner.scheduler, n);
        let camera = &inner.cameras[n];
        *locked(&camera.newest) = Some(frame.clone());
        let before = stats::thread_cpu();
        let mut core = locked(&camera.core);
        if let Err(error) = core.judge(&frame, detector, &inner.outlets) {
            core.stats.failed += 1;
            // A model that always fails must not fill the disk with the same line.
            let n_failed = core.stats.failed;
            if n_failed.is_power_of_two() {
                let reason = error_line(&error);
                tracing::error!(camera.id = %camera.id, n_failed, reason, "frames not analysed");
            }
        }
        core.stats.cpu += stats::thread_cpu().saturating_sub(before);
        drop(core);
        drop(turn);
    }
}

/// Takes one camera's frames until they end.
fn follow(inner: &Arc<Inner>, n: usize, setup: CameraSetup) {
    let CameraSetup {
        source,
        mut options,
        ..
    } = setup;
    // `next` does not return while a camera is away, so the source itself says so. The monitor
    // keeps this callback and `inner` keeps the monitor: a strong reference would never end.
    let told = Arc::downgrade(inner);
    options.on_state = Some(Arc::new(move |state| {
        if let (SourceState::Stalled | SourceState::Lost { .. }, Some(inner)) =
            (state, told.upgrade())
        {
            let (state, reason) = wire_state(state);
            inner.tell_status(n, state, reason);
        }
    }));
    let mut source = match Source::open(source, options) {
        Ok(source) => source,
        Err(error) => {
            let reason = error_line(&error);
            tracing::error!(camera.id = %inner.cameras[n].id, reason, "a camera did not open");
            inner.tell_status(n, CameraState::Lost, Some(reason));
            inner.scheduler.end(n);
            return;
        }
    };
    let monitor = source.monitor();
    *locked(&inner.cameras[n].source) = Some((source.stop_handle(), monitor.clone()));
    inner.tell_status(n, CameraState::Connecting, None);
    let mut told_at = None;
    let mut failure = None;
    loop {
        match source.next() {
            Ok(SourceEvent::Frame(frame)) => {
                let at = frame.captured_at;
                inner.scheduler.offer(n, frame);
                *locked(&inner.cameras[n].source_cpu) = stats::thread_cpu() + monitor.stats().cpu;
                if told_at.is_none_or(|told| STATUS_INTERVAL <= at.since(told)) {
                    told_at = Some(at);
                    let (state, reason) = wire_state(&monitor.state());
                    inner.tell_status(n, state, reason);
                }
            }
            Ok(SourceEvent::Gap { .. }) => {
                let (state, reason) = wire_state(&monitor.state());
                inner.tell_status(n, state, reason);
            }
            Ok(SourceEvent::EndOfStream) => break,
            Err(error) => {
                let reason = error_line(&error);
                tracing::error!(camera.id = %inner.cameras[n].id, reason, "a camera has ended");
                failure = Some(reason);
                break;
            }
        }
    }
    inner.scheduler.drain(n);
    locked(&inner.cameras[n].core).finish(&inner.outlets);
    let state = if failure.is_some() {
        CameraState::Lost
    } else {
        CameraState::Ended
    };
    inner.tell_status(n, state, failure);
    inner.scheduler.end(n);
}

fn wire_state(state: &SourceState) -> (CameraState, Option<String>) {
    match state {
        SourceState::Connecting => (CameraState::Connecting, None),
        SourceState::Streaming => (CameraState::Streaming, None),
        SourceState::Stalled => (CameraState::Stalled, None),
        SourceState::Lost { reason } => (CameraState::Lost, Some(reason.clone())),
        SourceState::Ended => (CameraState::Ended, None),
    }
}

/// An error and its causes in one line.
fn error_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line += &format!(": {next}");
        cause = next.source();
    }
    line
}
