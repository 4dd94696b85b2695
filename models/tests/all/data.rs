//! Where real models and pictures are, when they are there.

use domain::{BoxInImage, CameraId, Frame, Timestamp};
use models::{
    Analyzer, Analyzers, Catalog, Runtime, RuntimeSearch, Store,
    catalog::{PullOptions, pull_models},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder of the shared data; one line is printed where it is absent.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// The runtime; one line is printed where the library is absent.
pub(crate) fn runtime() -> Option<Runtime> {
    let search = RuntimeSearch {
        root: Some(root()),
        ..RuntimeSearch::default()
    };
    match Runtime::start(&search) {
        Ok(runtime) => Some(runtime),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// A store with these models: the one under `third_party/`, or a new one filled from the shared
/// mirror.
pub(crate) fn store(ids: &[&str]) -> Option<(Store, Option<tempfile::TempDir>)> {
    let catalog = Catalog::built_in();
    let usual = Store::new(&root().join("third_party/models"), catalog.clone());
    let is_there = |id: &&str| usual.has(catalog.model(id).unwrap());
    if ids.iter().all(is_there) {
        return Some((usual, None));
    }
    let dir = tempfile::tempdir().unwrap();
    let options = PullOptions {
        store_dir: dir.path().to_owned(),
        mirror: shared("models"),
        ..PullOptions::default()
    };
    for (id, result) in pull_models(&catalog, &options, ids, &mut |_| ()) {
        if let Err(reasons) = result {
            println!("skipped: {id} is not there: {}", reasons.join("; "));
            return None;
        }
    }
    Some((Store::new(dir.path(), catalog), Some(dir)))
}

/// An analyzer with exactly these models.
pub(crate) fn analyzer(ids: &[&str]) -> Option<Analyzer> {
    let runtime = runtime()?;
    let (store, _dir) = store(ids)?;
    let analyzers = Analyzers::with_models(&runtime, &store, ids).unwrap();
    Some(analyzers.analyzer().unwrap())
}

/// A picture file as a frame.
pub(crate) fn frame(path: &Path) -> Frame {
    let rgb = image::open(path).unwrap().to_rgb8();
    frame_of(rgb.width(), rgb.height(), rgb.into_raw())
}

/// Pixels as a frame.
pub(crate) fn frame_of(width: u32, height: u32, rgb: Vec<u8>) -> Frame {
    Frame {
        camera: "test".parse::<CameraId>().unwrap(),
        seq: 0,
        captured_at: Timestamp::EPOCH,
        width,
        height,
        rgb: Arc::from(rgb),
    }
}

/// The whole frame.
pub(crate) fn all_of(frame: &Frame) -> BoxInImage {
    BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32)
}

/// The rows of a table of tab-separated values, without the heading.
pub(crate) fn table(path: &Path, separator: char) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let cells = |line: &str| line.trim().split(separator).map(str::to_owned).collect();
    let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(cells).collect()
}
