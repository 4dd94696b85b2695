//! Frames to sightings and candidates: the assembly of one edge box.
//!
//! One thread for each camera takes frames from its source and offers them to the [`scheduler`].
//! One thread for each inference worker takes the next frame, asks the models, and lets the
//! camera's own core judge. One thread makes and stores pictures. All that is said leaves by one
//! queue of [`Output`]s.

mod annotate;
mod camera;
mod evidence;
mod fault;
mod follow;
pub mod gallery;
mod motion;
mod output;
mod plan;
mod qr;
pub mod scheduler;
mod stats;
mod traffic;
pub mod watch_list;

pub use annotate::{Canvas, Mark, MarkLine, Tone};
pub use fault::{Fault, FaultWatch};
pub use output::Output;
pub use plan::{CountLine, Plan, StopLine, Tasks};
pub use qr::QrPlan;
pub use scheduler::HandOver;
pub use stats::CameraStats;
use stats::FrameRate;

use camera::{CameraCore, Outlets};
use domain::{CameraId, Frame, ports::Detector};
use fault::{Faults, survives};
use gallery::Gallery;
use output::Outputs;
use qr::{QrCamera, QrThread};
use scheduler::{LaneConfig, Scheduler};
use service::evidence::EvidenceStore;
use source::{Attention, SourceMonitor, SourceOptions, SourceSpec, StopHandle};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::mpsc::Receiver;
use watch_list::WatchList;
use wire::{CameraState, CameraStatus};

/// A worker that panics on so many frames in a row cannot go on.
const PANICS_MAX: u32 = 16;

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
    /// People whom the site looks for; off without it.
    pub watch_list: Option<Arc<WatchList>>,
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
    /// Tells the source whether every frame is wanted.
    attention: Attention,
    source_cpu: Mutex<Duration>,
    rate: Mutex<FrameRate>,
    newest: Mutex<Option<Frame>>,
}

struct Inner {
    cameras: Vec<Camera>,
    scheduler: Scheduler,
    outlets: Outlets,
    faults: Faults,
}

/// A running pipeline.
pub struct Pipeline {
    inner: Arc<Inner>,
    threads: Vec<JoinHandle<()>>,
    qr: Option<QrThread>,
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
        let faults = Faults::new();
        let (queue, picture_thread) =
            evidence::start(shared.evidence.clone(), outputs.clone(), faults.clone())
                .map_err(StartError::Thread)?;
        let qr_cameras = setups.iter().map(qr_camera).collect();
        let (qr, eyes) = qr::start(
            qr_cameras,
            shared.ids.clone(),
            outputs.clone(),
            faults.clone(),
        )
        .map_err(StartError::Thread)?;
        let outlets = Outlets {
            outputs,
            evidence: queue,
            gallery: shared.gallery.clone(),
            watch_list: shared.watch_list.clone(),
        };
        let lanes: Vec<LaneConfig> = setups.iter().map(lane).collect();
        let mut cameras = Vec::new();
        for (setup, eye) in setups.iter().zip(eyes) {
            let ids = shared.ids.clone();
            let id = setup.plan.camera.clone();
            let mut core = CameraCore::new(setup.plan.clone(), move || (locked(&ids))()).map_err(
                |source| StartError::Motion {
                    camera: id.clone(),
                    source,
                },
            )?;
            core.set_qr(eye);
            cameras.push(Camera {
                id,
                core: Mutex::new(core),
                source: Mutex::new(None),
                attention: setup.options.attention.clone(),
                source_cpu: Mutex::new(Duration::ZERO),
                rate: Mutex::default(),
                newest: Mutex::new(None),
            });
        }
        let inner = Arc::new(Inner {
            cameras,
            scheduler: Scheduler::new(&lanes),
            outlets,
            faults,
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
            threads.push(spawn(name, move || follow::camera(&inner, n, setup))?);
        }
        Ok((Self { inner, threads, qr }, receiver))
    }

    /// Tells every source to end; what waits is still analysed.
    pub fn stop(&self) {
        for camera in &self.inner.cameras {
            if let Some((stop, _)) = &*locked(&camera.source) {
                stop.stop();
            }
        }
        self.inner.outlets.evidence.end();
    }

    /// Tells when the pipeline cannot go on. Whoever runs it then stops it, and starts it anew.
    pub fn faults(&self) -> FaultWatch {
        self.inner.faults.watch()
    }

    /// Waits until every source has ended and everything has been said, then gives the counts.
    pub fn join(self) -> Vec<(CameraId, CameraStats)> {
        let Self { inner, threads, qr } = self;
        let stats = |inner: &Inner| inner.all_stats();
        let mut threads = threads.into_iter();
        let pictures = threads.next();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a pipeline thread has panicked");
            }
        }
        if let Some(qr) = qr {
            qr.finish();
        }
        let all = stats(&inner);
        inner.outlets.evidence.end();
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
            stats.frames = source.n_decoded + source.n_idle;
            stats.idle = source.n_idle;
            stats.missing = source.n_missing;
            stats.dropped += source.n_dropped + source.n_missing;
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

fn qr_camera(setup: &CameraSetup) -> QrCamera {
    QrCamera {
        plan: setup.plan.qr.clone(),
        is_lossless: setup.hand_over == HandOver::Blocking,
    }
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

/// Gives the camera back whatever happens.
struct Turn<'a>(&'a Scheduler, usize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.done(self.1);
    }
}

fn work<D: Detector>(inner: &Inner, detector: &mut D) {
    let mut n_panics = 0;
    while let Some((n, frame)) = inner.scheduler.take() {
        let _turn = Turn(&inner.scheduler, n);
        let camera = &inner.cameras[n];
        *locked(&camera.newest) = Some(frame.clone());
        let clock_error = locked(&camera.source)
            .as_ref()
            .map(|(_, monitor)| monitor.stats().timeline.clock_error_bound);
        let before = stats::thread_cpu();
        let judged = survives(|| {
            let mut core = locked(&camera.core);
            core.set_clock_error(clock_error.unwrap_or_default());
            core.judge(&frame, detector, &inner.outlets)
        });
        match &judged {
            Some(Ok(())) => n_panics = 0,
            Some(Err(error)) => {
                n_panics = 0;
                camera.count_failure(&error_line(error));
            }
            None => {
                n_panics += 1;
                camera.count_failure("the analysis has panicked");
                // Half a frame is in the camera's memory.
                let begins = || locked(&camera.core).start_over(Duration::ZERO, &inner.outlets);
                if survives(begins).is_none() || n_panics == PANICS_MAX {
                    let id = &camera.id;
                    inner.faults.fail(format!(
                        "the analysis has panicked on {n_panics} frames in a row, last of {id}"
                    ));
                }
            }
        }
        let mut core = locked(&camera.core);
        core.stats.cpu += stats::thread_cpu().saturating_sub(before);
        // After a frame that failed nobody knows what is there.
        let was_judged = matches!(judged, Some(Ok(())));
        camera
            .attention
            .set(!was_judged || core.wants_every_frame());
    }
}

impl Camera {
    fn count_failure(&self, reason: &str) {
        let mut core = locked(&self.core);
        core.stats.failed += 1;
        // A model that always fails must not fill the disk with the same line.
        let n_failed = core.stats.failed;
        if n_failed.is_power_of_two() {
            tracing::error!(camera.id = %self.id, n_failed, reason, "frames not analysed");
        }
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
