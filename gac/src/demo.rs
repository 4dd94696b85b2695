//! `gac demo`: every camera at once in real time, held against the truth.

mod attribution;
mod enrol;
pub(crate) mod judge;
mod junction;
pub(crate) mod needs;
pub(crate) mod plan;
mod prepare;
pub(crate) mod watch;

use crate::{
    report::{CameraReport, Quantiles, Report},
    run::{Parts, Running},
    site::LoadedSite,
};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use plan::DemoCamera;
use service::{clock, shutdown::Shutdown};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use watch::Watch;

/// Latest that a command may leave after the light fell on the sensor, at the 99th percentile.
const COMMAND_P99_MAX_MS: f64 = 300.0;

/// How long what was said may take to be stored at the end.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

/// How the demo runs.
#[derive(clap::Args)]
pub struct DemoArguments {
    /// End by itself, with exit code 0 when nothing was done wrongly; how late it was stands in the
    /// report
    #[arg(long)]
    exit: bool,
    /// Which scenes to generate
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the console listens, on this machine only; another port is taken when it is in use
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where scenes, report and state go
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// A folder with the real clips
    #[arg(long, default_value = "../shared/data/clips")]
    clips: PathBuf,
    /// A folder with the upstream model files
    #[arg(long, default_value = "../shared/data/models")]
    mirror: PathBuf,
    /// Ask no server and no package registry
    #[arg(long)]
    offline: bool,
}

/// Prepares, runs, judges and reports.
pub fn demo(arguments: &DemoArguments) -> Result<ExitCode> {
    let started_at = clock::now();
    let out = std::path::absolute(&arguments.out)?;
    let prepared = prepare::prepare(arguments, &out)?;
    let site = LoadedSite::load(&prepared.site_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::on_signals()?;
        let mut running = Running::start(&site, Parts::ALL, shutdown.clone()).await?;
        if let Some(address) = running.address {
            println!("console: http://{address}");
        }
        let watch = Watch::start(&mut running, &prepared.cameras, out.join("pictures")).await?;
        let enrolment = enrol::start(&site, &running, &prepared, &watch)?;
        let was_stopped = wait_for_end(&running, &prepared.cameras, &shutdown, &watch).await;
        if let Some(enrolment) = enrolment {
            enrolment.abort();
        }
        let stats = running.end_cameras().await;
        watch.settle(SETTLE_WITHIN).await;
        let mut report = Report {
            generated_at: clock::now().to_string(),
            machine: machine(),
            models: models(&running),
            first_picture_s: watch
                .first_picture_at()
                .map(|at| at.since(started_at).as_secs_f64()),
            ..Report::default()
        };
        let seen = watch.seen();
        for camera in &prepared.cameras {
            let stats = stats
                .iter()
                .find(|(id, _)| id.as_str() == camera.id)
                .map(|(_, s)| s);
            report.cameras.push(judge::camera(
                camera,
                stats,
                &seen,
                &mut report.expectations,
            )?);
        }
        report.latency_ms = latencies(&seen);
        conclude(&mut report, was_stopped);
        report.write(&out)?;
        tell(&report);
        let folder = out.strip_prefix(std::env::current_dir()?).unwrap_or(&out);
        println!("report: {}", folder.join("report.html").display());
        if !arguments.exit && !was_stopped {
            if let Some(address) = running.address {
                println!("the console stays at http://{address}; end with Ctrl-C");
            }
            shutdown.wait().await;
        }
        running.stop().await;
        // How late it was says as much of the machine as of the program: the report tells it, and
        // only what was done wrongly or missed with time enough is a failure here.
        Ok(if report.is_faulty {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    })
}

/// The report in the terminal.
fn tell(report: &Report) {
    print!("{}", report.table());
    for failure in &report.failures {
        println!("not right: {failure}");
    }
    if !report.passed && !report.is_faulty {
        println!(
            "This machine was busy or slow. Nothing was done that must not be done; what was \
             missed or late stands above and in the report."
        );
    }
}

/// Shows how far the cameras are. Returns whether somebody ended it early.
async fn wait_for_end(
    running: &Running,
    cameras: &[DemoCamera],
    shutdown: &Shutdown,
    watch: &Watch,
) -> bool {
    let longest = cameras
        .iter()
        .map(|camera| camera.duration_s)
        .fold(0.0, f64::max);
    let bar = ProgressBar::new((longest * 10.0) as u64);
    let style = ProgressStyle::with_template("demo    {bar:32} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_template| ProgressStyle::default_bar()));
    let began_at = clock::now();
    loop {
        let Some(pipeline) = running.pipeline.clone() else {
            return false;
        };
        if pipeline.has_ended() {
            bar.finish_and_clear();
            return false;
        }
        bar.set_position((clock::now().since(began_at).as_secs_f64() * 10.0) as u64);
        bar.set_message(watch.line());
        drop(pipeline);
        tokio::select! {
            () = shutdown.wait() => return true,
            () = tokio::time::sleep(Duration::from_millis(200)) => (),
        }
    }
}

fn machine() -> BTreeMap<String, String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    [
        ("cores".to_owned(), cores.to_string()),
        (
            "program".to_owned(),
            format!("gac {}", env!("CARGO_PKG_VERSION")),
        ),
    ]
    .into()
}

fn models(running: &Running) -> BTreeMap<String, String> {
    running
        .models
        .iter()
        .map(|(task, ids)| (task.name().to_owned(), ids.join(" + ")))
        .collect()
}

fn latencies(seen: &watch::Seen) -> BTreeMap<String, Quantiles> {
    // Each is there also when nobody was let in.
    let mut all: BTreeMap<String, Vec<f64>> = [
        "capture_to_verdict",
        "capture_to_command",
        "capture_to_ack",
        "capture_to_open",
    ]
    .map(|name| (name.to_owned(), Vec::new()))
    .into();
    for timing in seen.commands.values() {
        let from = timing.captured_at;
        let steps = [
            ("capture_to_verdict", Some(timing.given_at)),
            ("capture_to_command", Some(timing.published_at)),
            ("capture_to_ack", timing.answered_at),
            ("capture_to_open", timing.executed_at),
        ];
        for (name, at) in steps {
            if let Some(at) = at {
                let ms = at.since(from).as_secs_f64() * 1000.0;
                all.entry(name.to_owned()).or_default().push(ms);
            }
        }
    }
    all.insert(
        "capture_to_sighting".to_owned(),
        seen.sighting_ages_ms.clone(),
    );
    all.into_iter()
        .map(|(name, values)| (name, Quantiles::of(&values)))
        .collect()
}

/// A camera that had time for fewer of its due frames than this did not keep up.
const KEPT_UP_MIN: f64 = 0.7;

fn conclude(report: &mut Report, was_stopped: bool) {
    report.kept_up = report
        .cameras
        .iter()
        .filter(|camera| camera.status == "ran")
        .all(|camera| {
            let due = camera.analysed + camera.dropped;
            due == 0 || KEPT_UP_MIN <= 1.0 - camera.dropped as f64 / due as f64
        });
    for e in report.expectations.iter().filter(|e| !e.is_met) {
        report.is_faulty |= e.is_forbidden;
        report.failures.push(format!(
            "{}: {}: should {}, did {}",
            e.camera, e.subject, e.expected, e.happened
        ));
    }
    if let Some(q) = report.latency_ms.get("capture_to_command")
        && COMMAND_P99_MAX_MS < q.p99
    {
        let line = format!(
            "capture to command p99 is {:.0} ms, more than {COMMAND_P99_MAX_MS:.0} ms",
            q.p99
        );
        report.failures.push(line);
    }
    for camera in report
        .cameras
        .iter()
        .filter(|camera| camera.status == "ran")
    {
        if camera.frames == 0 {
            report.is_faulty = true;
            report
                .failures
                .push(format!("{}: no frame came", camera.id));
        } else if camera.real_time_factor < 0.95 {
            report.failures.push(format!(
                "{}: ran at {:.2} of real time",
                camera.id, camera.real_time_factor
            ));
        }
    }
    if was_stopped {
        report.is_faulty = true;
        report.failures.push("ended by hand".to_owned());
    }
    if report
        .cameras
        .iter()
        .all(|camera: &CameraReport| camera.status != "ran")
    {
        report.is_faulty = true;
        report.failures.push("no camera ran".to_owned());
    }
    report.passed = report.failures.is_empty();
    // Times depend on what else the machine does: they are told and held against nobody here.
    let has_missed = report.expectations.iter().any(|e| !e.is_met);
    report.is_faulty |= has_missed && report.kept_up;
}

/// A file of the report's folder.
pub(super) fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}
