//! The end of every pipeline: decoded pictures and faults, from GStreamer's threads to the
//! reader's.

use crate::{
    SourceOptions,
    delivery::Moment,
    redact,
    slot::{Slot, Taken},
    stop::StopHandle,
    thinning::Thinner,
};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How pictures are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// As they come; the newest wins.
    Live,
    /// When they are due; the newest wins.
    Paced,
    /// As fast as they are taken; none is lost.
    Lossless,
}

/// What ended a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An element is not installed.
    Missing(String),
    /// In GStreamer's words, without secrets.
    Said(String),
}

/// What the reader was given.
pub(crate) enum Intaken {
    Sample(gst::Sample),
    /// Nothing yet.
    Nothing,
    Ended,
    Failed(Fault),
}

/// What GStreamer's threads and the reader's both see.
#[derive(Debug)]
pub(crate) struct Shared {
    fault: Mutex<Option<Fault>>,
    codec: Mutex<Option<String>>,
    n_decoded: AtomicU64,
    n_skipped: AtomicU64,
    /// Pictures that were not decoded because nothing moved, and will not be.
    n_idle: AtomicU64,
    /// Pictures that arrived and are kept undecoded, or were.
    n_kept: AtomicU64,
    /// The time of a picture that the decoder will give a second time.
    again: Mutex<Option<gst::ClockTime>>,
    /// The pipeline is about to end.
    pub(crate) closing: StopHandle,
    /// CPU time of the thread that decodes, microseconds.
    cpu_us: AtomicU64,
    has_video: AtomicBool,
    has_other: AtomicBool,
    /// Times of the first and of the newest decoded picture, as the container counts.
    span: Mutex<Option<[gst::ClockTime; 2]>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            fault: Mutex::default(),
            codec: Mutex::default(),
            n_decoded: AtomicU64::default(),
            n_skipped: AtomicU64::default(),
            n_idle: AtomicU64::default(),
            n_kept: AtomicU64::default(),
            again: Mutex::default(),
            closing: StopHandle::new(),
            cpu_us: AtomicU64::default(),
            has_video: AtomicBool::default(),
            has_other: AtomicBool::default(),
            span: Mutex::default(),
        }
    }
}

impl Shared {
    /// Notes pictures that are not decoded because nothing moves.
    pub(crate) fn pass_over_pictures(&self, n: u64) {
        self.n_idle.fetch_add(n, Ordering::Relaxed);
    }

    /// Notes a picture that arrived, whatever becomes of it.
    pub(crate) fn hear_picture(&self) {
        self.n_kept.fetch_add(1, Ordering::Relaxed);
    }

    /// The decoder is fed anew from a key frame whose picture it has given before.
    pub(crate) fn expect_again(&self, pts: Option<gst::ClockTime>) {
        let newest = lock(&self.span).map(|[_first, newest]| newest);
        *lock(&self.again) = pts.filter(|pts| newest == Some(*pts));
    }

    fn is_again(&self, pts: Option<gst::ClockTime>) -> bool {
        let mut again = lock(&self.again);
        let is_again = pts.is_some() && *again == pts;
        if is_again {
            *again = None;
        }
        is_again
    }

    /// The first fault is the cause; the later ones are its consequences.
    pub(crate) fn fail(&self, fault: Fault) {
        // GStreamer's words for a file of sound alone are "internal data stream error".
        let is_sound = self.has_other.load(Ordering::Acquire) && !self.has_video();
        lock(&self.fault).get_or_insert(match fault {
            Fault::Said(_) if is_sound => Fault::Said("it has no video stream".to_owned()),
            fault => fault,
        });
    }

    /// Notes a stream that is not video.
    pub(crate) fn pass_over(&self) {
        self.has_other.store(true, Ordering::Release);
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        lock(&self.fault).clone()
    }

    /// Notes a stream that is video; says whether it is the first.
    pub(crate) fn find_video(&self) -> bool {
        !self.has_video.swap(true, Ordering::AcqRel)
    }

    /// Takes the one decoder's place; says whether it was free.
    pub(crate) fn claim_decoder(&self, codec: &str) -> bool {
        self.find_video();
        let mut known = lock(&self.codec);
        let is_free = known.is_none();
        known.get_or_insert_with(|| codec.to_owned());
        is_free
    }

    pub(crate) fn has_video(&self) -> bool {
        self.has_video.load(Ordering::Acquire)
    }

    /// How far into the stream the newest decoded picture is, whether it was kept or skipped.
    pub(crate) fn place(&self) -> Duration {
        let span = *lock(&self.span);
        let [first, newest] = span.unwrap_or_default();
        Duration::from_nanos(newest.saturating_sub(first).nseconds())
    }

    fn reach(&self, pts: gst::ClockTime) {
        let mut span = lock(&self.span);
        let [first, newest] = span.unwrap_or([pts; 2]);
        *span = Some([first.min(pts), newest.max(pts)]);
    }

    pub(crate) fn codec(&self) -> Option<String> {
        lock(&self.codec).clone()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pipeline and its end. Dropping it stops the pipeline.
pub(crate) struct Intake {
    pub(crate) pipeline: gst::Pipeline,
    pub(crate) sink: gst_app::AppSink,
    pub(crate) shared: Arc<Shared>,
    slot: Arc<Slot<gst::Sample>>,
    n_dropped_seen: u64,
    n_decoded_seen: u64,
    n_skipped_seen: u64,
    n_idle_seen: u64,
    n_kept_seen: u64,
    n_idle_told: u64,
    cpu_us_seen: u64,
}

/// What happened since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) n_decoded: u64,
    pub(crate) n_skipped: u64,
    /// Not decoded because nothing moved.
    pub(crate) n_idle: u64,
    /// Whether pictures arrived, decoded or not.
    pub(crate) is_alive: bool,
    pub(crate) cpu: Duration,
}

impl Intake {
    /// Ends this pipeline in the sink.
    pub(crate) fn new(
        pipeline: gst::Pipeline,
        sink: gst_app::AppSink,
        flow: Flow,
        options: &SourceOptions,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let slot = Arc::new(match flow {
            Flow::Lossless => Slot::lossless(),
            Flow::Live | Flow::Paced => Slot::newest_wins_of(options.max_waiting),
        });
        sink.set_caps(Some(&gst::Caps::new_empty_simple("video/x-raw")));
        sink.set_sync(flow == Flow::Paced);
        sink.set_max_buffers(1);
        sink.set_enable_last_sample(false);
        sink.set_property("wait-on-eos", false);
        sink.set_callbacks(callbacks(&slot));
        if let Some(pad) = sink.static_pad("sink") {
            count_on(&pad, options.fps_max, &shared);
        }
        if let Some(bus) = pipeline.bus() {
            let shared = Arc::clone(&shared);
            bus.set_sync_handler(move |_bus, message| {
                hear(&shared, message);
                gst::BusSyncReply::Drop
            });
        }
        Self {
            pipeline,
            sink,
            shared,
            slot,
            n_dropped_seen: 0,
            n_decoded_seen: 0,
            n_skipped_seen: 0,
            n_idle_seen: 0,
            n_kept_seen: 0,
            n_idle_told: 0,
            cpu_us_seen: 0,
        }
    }

    /// The next decoded picture, waited for at most so long.
    ///
    /// A fault counts only when nothing comes any more: what was decoded before it is good.
    pub(crate) fn take(&self, wait: Duration) -> Intaken {
        match (self.slot.take(wait), self.shared.fault()) {
            (Taken::Item(sample), _) => Intaken::Sample(sample),
            (_, Some(fault)) => Intaken::Failed(fault),
            (Taken::TimedOut, None) => Intaken::Nothing,
            (Taken::Closed, None) => Intaken::Ended,
        }
    }

    /// When the picture was taken: its age is what the pipeline's clock says beyond its time.
    pub(crate) fn moment(&mut self, sample: &gst::Sample, options: &SourceOptions) -> Moment {
        let now = (options.clock)();
        let running_now = self.pipeline.current_running_time();
        let running = running_time(sample);
        let measured = match (running_now, running) {
            (Some(now_in_stream), Some(then)) if then <= now_in_stream => {
                now.saturating_sub(Duration::from_nanos((now_in_stream - then).nseconds()))
            }
            _ => now,
        };
        let n_idle = self.shared.n_idle.load(Ordering::Relaxed);
        let is_after_rest = self.n_idle_told < n_idle;
        self.n_idle_told = n_idle;
        Moment {
            pts: running.map(|time| Duration::from_nanos(time.nseconds())),
            measured,
            is_after_rest,
        }
    }

    /// Whether streams were found, and no video among them.
    pub(crate) fn has_only_other(&self) -> bool {
        self.shared.has_other.load(Ordering::Acquire) && !self.shared.has_video()
    }

    /// How many pictures the reader was too slow for since it was last asked.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        let n_dropped = self.slot.stats().n_dropped;
        let new = n_dropped - self.n_dropped_seen;
        self.n_dropped_seen = n_dropped;
        new
    }

    /// What was decoded and skipped since it was last asked.
    pub(crate) fn take_progress(&mut self) -> Progress {
        let n_decoded = self.shared.n_decoded.load(Ordering::Relaxed);
        let n_skipped = self.shared.n_skipped.load(Ordering::Relaxed);
        let n_idle = self.shared.n_idle.load(Ordering::Relaxed);
        let n_kept = self.shared.n_kept.load(Ordering::Relaxed);
        let cpu_us = self.shared.cpu_us.load(Ordering::Relaxed);
        let new = Progress {
            n_decoded: n_decoded - self.n_decoded_seen,
            n_skipped: n_skipped - self.n_skipped_seen,
            n_idle: n_idle - self.n_idle_seen,
            is_alive: self.n_decoded_seen < n_decoded || self.n_kept_seen < n_kept,
            cpu: Duration::from_micros(cpu_us.saturating_sub(self.cpu_us_seen)),
        };
        self.cpu_us_seen = cpu_us;
        self.n_decoded_seen = n_decoded;
        self.n_skipped_seen = n_skipped;
        self.n_idle_seen = n_idle;
        self.n_kept_seen = n_kept;
        new
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        // Wakes the streaming thread, which stopping the pipeline waits for.
        self.slot.close();
        self.shared.closing.stop();
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::debug!(%error, "pipeline did not stop");
        }
        if let Some(bus) = self.pipeline.bus() {
            bus.unset_sync_handler();
        }
    }
}

/// A picture's time since the stream began, whatever its container counts from.
fn running_time(sample: &gst::Sample) -> Option<gst::ClockTime> {
    let pts = sample.buffer()?.pts()?;
    sample
        .segment()?
        .downcast_ref::<gst::ClockTime>()?
        .to_running_time(pts)
}

fn callbacks(slot: &Arc<Slot<gst::Sample>>) -> gst_app::AppSinkCallbacks {
    let (samples, end) = (Arc::clone(slot), Arc::clone(slot));
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_stopped| gst::FlowError::Eos)?;
            match samples.put(sample) {
                crate::Put::Closed => Err(gst::FlowError::Eos),
                crate::Put::Stored | crate::Put::Replaced => Ok(gst::FlowSuccess::Ok),
            }
        })
        .eos(move |_sink| end.close())
        .build()
}

/// Counts every decoded picture, and drops those above the rate before anyone copies them.
fn count_on(pad: &gst::Pad, fps_max: Option<f64>, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let thinner = fps_max.map(|fps| Mutex::new(Thinner::new(fps)));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_pad, info| {
        let pts = info.buffer().and_then(|buffer| buffer.pts());
        if shared.is_again(pts) {
            drop(info.data.take());
            return gst::PadProbeReturn::Handled;
        }
        shared.n_decoded.fetch_add(1, Ordering::Relaxed);
        // The thread that brings a decoded picture is the one that decoded it.
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let cpu_us = cpu
            .tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(cpu.tv_nsec / 1000);
        shared
            .cpu_us
            .store(u64::try_from(cpu_us).unwrap_or(0), Ordering::Relaxed);
        if let Some(pts) = pts {
            shared.reach(pts);
        }
        if let (Some(thinner), Some(pts)) = (&thinner, pts)
            && !lock(thinner).keeps(Duration::from_nanos(pts.nseconds()))
        {
            shared.n_skipped.fetch_add(1, Ordering::Relaxed);
            // Not `Drop`: GStreamer 1.22 would release the buffer a second time and complain.
            drop(info.data.take());
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
}

fn hear(shared: &Shared, message: &gst::Message) {
    match message.view() {
        gst::MessageView::Error(error) => shared.fail(Fault::Said(in_words(&error.error()))),
        gst::MessageView::Element(element) => {
            let name = element
                .structure()
                .filter(|structure| structure.name() == "missing-plugin")
                .and_then(|structure| structure.get::<String>("name").ok());
            if let Some(name) = name {
                shared.fail(Fault::Missing(name));
            }
        }
        _ => {}
    }
}

/// The error without its debug text, which holds addresses and file names of GStreamer's source.
fn in_words(error: &gst::glib::Error) -> String {
    let cause = match error.kind::<gst::ResourceError>() {
        Some(gst::ResourceError::NotAuthorized) => {
            return "the user name or the password is refused".to_owned();
        }
        Some(gst::ResourceError::NotFound) => "it is not there",
        Some(gst::ResourceError::OpenRead | gst::ResourceError::OpenReadWrite) => {
            "it cannot be reached"
        }
        Some(gst::ResourceError::Read) => "it does not answer",
        Some(gst::ResourceError::Busy) => "it is in use",
        _ => return redact(error.message()),
    };
    format!("{cause}: {}", redact(error.message()))
}
