//! What the demo needs before it can run: models, scenes, clips and a site file.

use super::{
    DemoArguments, needs,
    plan::{DemoCamera, DemoKind},
};
use crate::{
    models::{pull_options, pull_with_progress},
    site::provided,
};
use anyhow::{Context as _, Result};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use models::{Catalog, Store, Task};
use samples::{SceneKind, SceneSpec, WrittenScene, clips::Clip, read_truth, write_scene};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

/// Everything that was prepared.
pub(crate) struct Prepared {
    /// The site file.
    pub(crate) site_file: PathBuf,
    /// All cameras, skipped ones too.
    pub(crate) cameras: Vec<DemoCamera>,
}

/// Prepares all that can be had; what cannot is skipped with a line.
pub(crate) fn prepare(arguments: &DemoArguments, out: &Path) -> Result<Prepared> {
    fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
    let store = pull_models(arguments);
    let scenes = write_scenes(arguments.seed, &out.join("scenes"))?;
    let mut cameras = Vec::new();
    for (kind, scene) in scenes {
        cameras.push(scene_camera(kind, &scene)?);
    }
    cameras.extend(clip_cameras(arguments));
    for camera in &mut cameras {
        skip_without_models(camera, &store);
        if let Some(reason) = &camera.skipped {
            println!("{} skipped: {reason}", camera.id);
        }
    }
    let state = out.join("state");
    if state.exists() {
        fs::remove_dir_all(&state).context("removing the state of the demo before")?;
    }
    let site_file = out.join("site.toml");
    fs::write(&site_file, site_text(arguments, &cameras, store.dir())?)?;
    Ok(Prepared { site_file, cameras })
}

fn pull_models(arguments: &DemoArguments) -> Store {
    let dir = provided("models");
    let dir = std::path::absolute(&dir).unwrap_or(dir);
    let store = Store::new(&dir, Catalog::built_in());
    let mirror = arguments
        .mirror
        .exists()
        .then_some(arguments.mirror.as_path());
    let options = pull_options(&dir, mirror, !arguments.offline);
    for outcome in pull_with_progress(&options, &Task::ALL) {
        match &outcome.chosen {
            Some(models) => println!("{:<15} {}", outcome.task.name(), models.join(" + ")),
            None => {
                let reasons: Vec<String> = outcome
                    .tried
                    .iter()
                    .map(|(id, why)| format!("{id}: {why}"))
                    .collect();
                println!(
                    "{:<15} none can be had: {}",
                    outcome.task.name(),
                    reasons.join("; ")
                );
            }
        }
    }
    store
}

fn write_scenes(seed: u64, dir: &Path) -> Result<Vec<(SceneKind, WrittenScene)>> {
    let portrait = provided("portrait").join("astronaut.png");
    let bars = MultiProgress::new();
    let kinds = [SceneKind::Gate, SceneKind::Junction, SceneKind::Door];
    let written: Vec<Result<WrittenScene>> = thread::scope(|scope| {
        let threads: Vec<_> = kinds
            .iter()
            .map(|kind| {
                let bar = bars.add(scene_bar(*kind));
                let portrait = &portrait;
                scope.spawn(move || {
                    let spec = SceneSpec::new(*kind, seed);
                    let portrait = (*kind == SceneKind::Door).then_some(portrait.as_path());
                    let written = write_scene(&spec, portrait, dir, |done, total| {
                        bar.set_length(u64::from(total));
                        bar.set_position(u64::from(done));
                    });
                    bar.finish_and_clear();
                    written.with_context(|| format!("making the scene {}", kind.name()))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a scene thread does not panic"))
            .collect()
    });
    let mut scenes = Vec::new();
    for (kind, scene) in kinds.into_iter().zip(written) {
        let scene = scene?;
        if !scene.is_reused {
            println!("scene {} made", kind.name());
        }
        scenes.push((kind, scene));
    }
    Ok(scenes)
}

fn scene_bar(kind: SceneKind) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("scene   {bar:32} {pos}/{len} frames  {msg}");
    bar.set_style(style.unwrap_or_else(|_template| ProgressStyle::default_bar()));
    bar.set_message(kind.name());
    bar
}

fn scene_camera(kind: SceneKind, scene: &WrittenScene) -> Result<DemoCamera> {
    Ok(DemoCamera::of_scene(
        kind,
        read_truth(&scene.truth)?,
        Some(scene.video.clone()),
    ))
}

fn clip_cameras(arguments: &DemoArguments) -> Vec<DemoCamera> {
    let catalogue = samples::clips::catalogue();
    let wanted = [
        (
            "road-1",
            "Đường thật",
            "opencv4nodejs-traffic",
            "road",
            [0.5, 1.0],
            [0.5, 0.0],
            "vehicles",
        ),
        (
            "people-1",
            "Người đi bộ thật",
            "opencv4nodejs-people",
            "arcade",
            [0.5, 1.0],
            [0.5, 0.0],
            "people",
        ),
    ];
    let mut cameras = Vec::new();
    for (id, name, clip, zone, from, to, task) in wanted {
        let clip = catalogue.iter().find(|known| known.id == clip);
        let clip = clip.expect("the demo's clips are in the catalogue");
        let (video, skipped) = match find_clip(arguments, clip) {
            Ok(video) => (Some(video), None),
            Err(reason) => (None, Some(reason)),
        };
        cameras.push(DemoCamera {
            id,
            name,
            kind: DemoKind::Clip {
                zone,
                from,
                to,
                task,
            },
            video,
            skipped,
            fps: clip.fps,
            duration_s: f64::from(clip.n_frames) / clip.fps,
            reads_plates: false,
        });
    }
    cameras
}

/// From the folder of clips where it exists, else from upstream, pinned by commit and SHA-256.
fn find_clip(arguments: &DemoArguments, clip: &Clip) -> Result<PathBuf, String> {
    let wanted = models::catalog::WantedFile {
        sha256: &clip.sha256,
        n_bytes: clip.bytes,
    };
    let kept = std::path::absolute(provided("clips").join(&clip.file))
        .map_err(|error| error.to_string())?;
    for path in [arguments.clips.join(&clip.file), kept.clone()] {
        if path.exists() {
            wanted.check(&path)?;
            return std::path::absolute(path).map_err(|error| error.to_string());
        }
    }
    if arguments.offline {
        return Err(format!(
            "{} is not here, and --offline was given",
            clip.file
        ));
    }
    wanted.download(&clip.url, &kept)?;
    Ok(kept)
}

/// A camera whose models cannot be had is skipped; the junction goes on without reading plates.
fn skip_without_models(camera: &mut DemoCamera, store: &Store) {
    camera.reads_plates &= needs::reads_plates(store);
    if camera.skipped.is_none() {
        camera.skipped = needs::skip_reason(camera.kind.scene(), store);
    }
    if camera.skipped.is_some() {
        camera.video = None;
    }
}

fn site_text(arguments: &DemoArguments, cameras: &[DemoCamera], models: &Path) -> Result<String> {
    let port = free_port(arguments.port)?;
    let web = std::path::absolute(provided("web"))?;
    let cameras: String = cameras.iter().map(DemoCamera::toml).collect();
    Ok(format!(
        "# Written by `gac demo`. Try it: gac run {file}\n\
         [site]\nid = \"demo\"\nname = \"Gác – trình diễn\"\n\n\
         [storage]\ndir = \"state\"\n\n\
         [web]\nlisten = \"127.0.0.1:{port}\"\nassets = {web:?}\n\n\
         [models]\nstore = {models:?}\n{cameras}",
        file = arguments.out.join("site.toml").display(),
    ))
}

/// The wanted port, or a free one when somebody listens there.
fn free_port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted));
    if listener.is_err() {
        println!("port {wanted} is in use: the console takes another one");
    }
    let listener = listener.or_else(|_in_use| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?.port())
}
