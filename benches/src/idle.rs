//! What an idle lane costs, and what it adds to the first decision.
//!
//! The lane is the whole program (`gac run`: models, gate, store, console) with one gate camera. A
//! camera in another process sends a still scene with a sensor's noise over RTSP; the CPU time of
//! all the lane's threads is counted, GStreamer's too. What it adds is measured on generated
//! vehicles that come after the lane has gone to rest, against the same film wholly decoded.

mod added;
mod camera;
mod film;
mod process;
mod site;

pub(crate) use self::process::Process;
pub use added::{Added, added};
pub use film::{ENCODERS, Encoder};

use anyhow::Result;
use gac::{
    offline::Checkout,
    run::{Parts, run},
};
use process::PART;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

/// The lane has so long to start, to learn what is usual, and to go to rest.
const REST_WITHIN: Duration = Duration::from_secs(25);

/// How long it is watched then.
const WATCHED_FOR: Duration = Duration::from_secs(40);

/// So much longer the camera sends.
const SPARE: Duration = Duration::from_secs(10);

/// Percent of a core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// While nothing moves, as a camera is by default.
    pub idle: f64,
    /// With `decode = "all"`, in the same run.
    pub full: f64,
}

/// Plays a part when this process was started for one: to be called first in a benchmark's `main`.
pub fn play_part() -> Option<Result<ExitCode>> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != PART {
        return None;
    }
    let part = arguments.next()?;
    let path = PathBuf::from(arguments.next()?);
    Some(if part == "camera" {
        camera::serve(&path).map(|()| ExitCode::SUCCESS)
    } else {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
            .init();
        run(&path, Parts::ALL)
    })
}

/// CPU time of the idle lane: `idle_core_percent` is [`Cost::idle`]. Takes three minutes.
///
/// Files go to `folder`, which is made anew.
pub fn cost(checkout: &Checkout, folder: &Path) -> Result<Cost> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let film = folder.join("still.mp4");
    film::still(&film, REST_WITHIN + WATCHED_FOR + SPARE)?;
    let mut camera = Process::start("camera", &film, Stdio::piped())?;
    let port = camera.says_port()?;
    let source = format!("{{ rtsp = \"rtsp://127.0.0.1:{port}/s\" }}");
    let percent = |decode: &str| {
        let state = folder.join(decode);
        let site = site::write(checkout, &state, (&source, decode))?;
        lane_percent(&site)
    };
    Ok(Cost {
        idle: percent("when-moving")?,
        full: percent("all")?,
    })
}

fn lane_percent(site: &Path) -> Result<f64> {
    let lane = Process::start("lane", site, Stdio::null())?;
    wait(REST_WITHIN);
    let before = lane.cpu_s()?;
    let begun_at = service::clock::now();
    wait(WATCHED_FOR);
    let spent = lane.cpu_s()? - before;
    let span = service::clock::now().since(begun_at);
    Ok(100.0 * spent / span.as_secs_f64())
}

fn wait(span: Duration) {
    std::thread::park_timeout(span);
}
