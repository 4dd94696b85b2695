//! What the tests share: a clock, deadlines, video files and an RTSP camera.

use domain::{Frame, SourceEvent, Timestamp, ports::FrameSource};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use source::{Source, SourceError, SourceOptions, SourceState, WallClock};
use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex},
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

/// Longer than anything takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

#[expect(clippy::disallowed_methods, reason = "the edge of the test program")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::EPOCH.saturating_add(since.expect("the clock is after 1970"))
}

pub(crate) fn clock() -> WallClock {
    Arc::new(now)
}

/// Every state that a source entered, to be waited for.
#[derive(Clone, Default)]
pub(crate) struct States {
    shared: Arc<(Mutex<Vec<SourceState>>, Condvar)>,
}

impl States {
    pub(crate) fn watch(&self, options: &mut SourceOptions) {
        let shared = Arc::clone(&self.shared);
        options.on_state = Some(Arc::new(move |state| {
            shared.0.lock().unwrap().push(state.clone());
            shared.1.notify_all();
        }));
    }

    pub(crate) fn seen(&self) -> Vec<SourceState> {
        self.shared.0.lock().unwrap().clone()
    }

    /// Waits until the source has entered a state so many times.
    #[track_caller]
    pub(crate) fn wait(&self, times: usize, wanted: impl Fn(&SourceState) -> bool) {
        let guard = self.shared.0.lock().unwrap();
        let count = |seen: &Vec<SourceState>| seen.iter().filter(|s| wanted(s)).count();
        let waited = self
            .shared
            .1
            .wait_timeout_while(guard, LONG, |seen| count(seen) < times);
        let (seen, timeout) = waited.unwrap();
        assert!(!timeout.timed_out(), "{:?}", *seen);
    }
}

/// Everything that a source gave until its end or error.
pub(crate) struct Run {
    pub(crate) frames: Vec<Frame>,
    pub(crate) n_lost: u64,
    pub(crate) error: Option<SourceError>,
}

pub(crate) fn run(source: &mut Source) -> Run {
    let mut run = Run {
        frames: Vec::new(),
        n_lost: 0,
        error: None,
    };
    loop {
        match source.next() {
            Ok(SourceEvent::Frame(frame)) => run.frames.push(frame),
            Ok(SourceEvent::Gap { lost }) => run.n_lost += lost,
            Ok(SourceEvent::ClockSetBack { by }) => panic!("the clock was set back by {by:?}"),
            Ok(SourceEvent::EndOfStream) => return run,
            Err(error) => run.error = Some(error),
        }
    }
}

/// The next frames, whatever gaps come between.
pub(crate) fn frames(source: &mut Source, n: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < n {
        match source.next().unwrap() {
            SourceEvent::Frame(frame) => frames.push(frame),
            SourceEvent::Gap { .. } => {}
            SourceEvent::ClockSetBack { by } => panic!("the clock was set back by {by:?}"),
            SourceEvent::EndOfStream => panic!("ended after {} frames", frames.len()),
        }
    }
    assert!(
        frames
            .windows(2)
            .all(|w| w[0].captured_at < w[1].captured_at)
    );
    assert!(frames.windows(2).all(|w| w[0].seq + 1 == w[1].seq));
    frames
}

/// Runs a pipeline to its end: makes the files that the tests read.
#[track_caller]
pub(crate) fn make(text: &str) {
    gst::init().unwrap();
    let pipeline = gst::parse::launch(text).unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &kinds);
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(message.unwrap().type_(), gst::MessageType::Eos, "{text}");
}

/// A video of colour bars, 25 frames a second.
pub(crate) fn make_video(path: &Path, n_frames: u32, encoder_and_muxer: &str) {
    make(&format!(
        "videotestsrc num-buffers={n_frames} pattern=smpte75 ! video/x-raw,format=I420,width=320,height=240,\
         framerate=25/1 ! {encoder_and_muxer} ! filesink location=\"{}\"",
        path.display()
    ));
}

#[track_caller]
pub(crate) fn assert_bars(frame: &Frame) {
    // SMPTE bars at 75 %: grey, yellow, cyan, green, magenta, red, blue.
    let bars = [
        [191, 191, 191],
        [191, 191, 0],
        [0, 191, 191],
        [0, 191, 0],
        [191, 0, 191],
        [191, 0, 0],
        [0, 0, 191],
    ];
    let (width, height) = (frame.width as usize, frame.height as usize);
    assert_eq!(frame.rgb.len(), width * height * 3);
    for (n, bar) in bars.into_iter().enumerate() {
        let at = (height / 3 * width + width * (2 * n + 1) / 14) * 3;
        let pixel = &frame.rgb[at..at + 3];
        let is_near = pixel.iter().zip(bar).all(|(a, b)| a.abs_diff(b) < 16);
        assert!(is_near, "bar {n} is {pixel:?}, not {bar:?}");
    }
}

/// A camera in this process.
pub(crate) struct Camera {
    main_loop: gst::glib::MainLoop,
    thread: Option<JoinHandle<()>>,
    port: u16,
    tap: Arc<Mutex<Option<gst::Element>>>,
}

impl Camera {
    /// Serves at a port, or at any free one.
    pub(crate) fn start(port: u16, encoder: &str, credentials: Option<(&str, &str)>) -> Self {
        gst::init().unwrap();
        let context = gst::glib::MainContext::new();
        let main_loop = gst::glib::MainLoop::new(Some(&context), false);
        let server = rtsp::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service(&port.to_string());
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(&format!(
            "( videotestsrc name=eye is-live=true pattern=smpte75 ! video/x-raw,format=I420,width=320,height=240,\
             framerate=25/1 ! identity name=tap ! {encoder} )"
        ));
        factory.set_shared(true);
        let tap = Arc::new(Mutex::new(None));
        factory.connect_media_constructed({
            let tap = Arc::clone(&tap);
            move |_factory, media| {
                let bin = media.element().downcast::<gst::Bin>().unwrap();
                *tap.lock().unwrap() = bin.by_name("tap");
            }
        });
        if let Some((user, password)) = credentials {
            protect(&server, &factory, user, password);
        }
        server.mount_points().unwrap().add_factory("/s", factory);
        let id = server.attach(Some(&context)).unwrap();
        let port = u16::try_from(server.bound_port()).unwrap();
        let thread = std::thread::spawn({
            let main_loop = main_loop.clone();
            move || {
                main_loop.run();
                server.client_filter(Some(&mut |_server, client| {
                    client.close();
                    rtsp::RTSPFilterResult::Remove
                }));
                if let Some(source) = main_loop.context().find_source_by_id(&id) {
                    source.destroy();
                }
            }
        });
        Self {
            main_loop,
            thread: Some(thread),
            port,
            tap,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/s", self.port)
    }

    /// Stays connected, and sends no more pictures.
    pub(crate) fn freeze(&self) {
        let tap = self.tap.lock().unwrap();
        tap.as_ref()
            .unwrap()
            .set_property("drop-probability", 1_f32);
    }

    /// Shows something that moves, or the bars again.
    pub(crate) fn show(&self, pattern: &str) {
        let tap = self.tap.lock().unwrap();
        let parent = tap.as_ref().unwrap().parent().unwrap();
        let bin = parent.downcast::<gst::Bin>().unwrap();
        let eye = bin.by_name("eye").unwrap();
        eye.set_property_from_str("pattern", pattern);
    }

    /// Sends pictures of another size from now on.
    pub(crate) fn resize(&self, width: i32, height: i32) {
        let tap = self.tap.lock().unwrap();
        let parent = tap.as_ref().unwrap().parent().unwrap();
        let bin = parent.downcast::<gst::Bin>().unwrap();
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", width)
            .field("height", height)
            .field("framerate", gst::Fraction::new(25, 1))
            .build();
        let is_filter =
            |element: &gst::Element| element.factory().is_some_and(|f| f.name() == "capsfilter");
        let filter = bin.iterate_elements().into_iter().flatten().find(is_filter);
        filter.unwrap().set_property("caps", caps);
    }

    /// Sends pictures again.
    pub(crate) fn thaw(&self) {
        let tap = self.tap.lock().unwrap();
        tap.as_ref()
            .unwrap()
            .set_property("drop-probability", 0_f32);
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.main_loop.quit();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn protect(
    server: &rtsp::RTSPServer,
    factory: &rtsp::RTSPMediaFactory,
    user: &str,
    password: &str,
) {
    let auth = rtsp::RTSPAuth::new();
    let token = rtsp::RTSPToken::builder()
        .field("media.factory.role", "user")
        .build();
    let basic = rtsp::RTSPAuth::make_basic(user, password);
    auth.add_basic(&basic, &token);
    let role = gst::Structure::builder("user")
        .field("media.factory.access", true)
        .field("media.factory.construct", true)
        .build();
    factory.add_role_from_structure(&role);
    server.set_auth(Some(&auth));
}

pub(crate) const H264: &str =
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay0 pt=96";
pub(crate) const H265: &str =
    "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph265pay name=pay0 pt=96";
