//! Faces: finding, telling apart, searching, and how long it takes.
//!
//! [`measure`] gives the figures under flat names, [`Outcome::table`] prints them.

pub mod chart;
pub mod detect;
pub mod interval;
pub mod pairs;
pub mod search;
pub mod speed;

use detect::Detected;
use models::{Analyzer, Catalog, Runtime, Store, Task};
use pairs::Pairs;
use search::Searched;
use speed::Speed;
use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
};

/// Why something could not be measured.
pub type Failure = Box<dyn Error>;

/// Everything that was measured.
pub struct Outcome {
    /// The models in use.
    pub models: String,
    /// Labelled pairs, and pairs of strangers; `None` where the photos are not there.
    pub pairs: Option<Pairs>,
    /// Boxed faces; `None` where the photos are not there.
    pub detected: Option<Detected>,
    /// One face through all models; `None` where the photos are not there.
    pub speed: Option<Speed>,
    /// Searches in a gallery.
    pub searched: Searched,
}

/// Where things are.
pub struct Places {
    /// Folder of the models.
    pub models: PathBuf,
    /// Folder of photos, with `deepface-pairs` and `dlib-faces`.
    pub images: PathBuf,
    /// Folder for a gallery of made-up people; what was in it is lost.
    pub scratch: PathBuf,
}

impl Places {
    /// In a checkout.
    pub fn of(root: &Path) -> Self {
        Self {
            models: root.join("third_party/models"),
            images: root.join("../shared/data/images"),
            scratch: root.join("target/bench/faces/gallery"),
        }
    }
}

/// Measures all that can be measured here; what is not there is told in one line.
pub fn measure(
    runtime: &Runtime,
    places: &Places,
    tell: &mut dyn FnMut(&str),
) -> Result<Outcome, Failure> {
    tell("searching 100 000 templates");
    let searched = search::measure(&places.scratch)?;
    let store = Store::new(&places.models, Catalog::built_in());
    let tasks = [Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness];
    let mut models = Vec::new();
    for task in tasks {
        let chosen = store.installed(task);
        let chosen = chosen.ok_or_else(|| {
            let name = task.name();
            format!("no model for {name}; get it with: target/release/gac models pull")
        })?;
        models.push(chosen.models.join(" + "));
    }
    let mut analyzer = Analyzer::load(runtime, &store, &tasks)?;
    let photos = |name: &str, tell: &mut dyn FnMut(&str)| {
        let folder = places.images.join(name);
        if folder.is_dir() {
            return Some(folder);
        }
        tell(&format!("skipped: {} is not there", folder.display()));
        None
    };
    let labelled = photos("deepface-pairs", tell);
    let boxed = photos("dlib-faces", tell);
    let mut outcome = Outcome {
        models: models.join(", "),
        pairs: None,
        detected: None,
        speed: None,
        searched,
    };
    if let Some(folder) = &boxed {
        tell("finding boxed faces");
        outcome.detected = Some(detect::measure(&mut analyzer, folder)?);
    }
    if let Some(folder) = &labelled {
        tell("comparing pairs");
        let measured = pairs::measure(&mut analyzer, folder, boxed.as_deref())?;
        outcome.pairs = Some(measured);
        tell("timing");
        outcome.speed = Some(speed::measure(&mut analyzer, folder)?);
    }
    Ok(outcome)
}

impl Outcome {
    /// The figures under flat names.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        let mut add = |name: &str, value: f64| {
            metrics.insert(name.to_owned(), value);
        };
        let searched = &self.searched;
        add("face_search.templates", searched.n_templates as f64);
        add("face_search.p50_ms", searched.p50_ms);
        add("face_search.p99_ms", searched.p99_ms);
        add("face_search.p99_work_ms", searched.p99_work_ms);
        add("face_search.recall", searched.recall);
        add("face_search.open_ms", searched.open_ms);
        add("face_search.file_bytes", searched.file_bytes as f64);
        if let Some(pairs) = &self.pairs {
            let strangers = pairs.false_matches();
            add("pairs.threshold", f64::from(pairs.threshold));
            add("pairs.accuracy", pairs.accuracy());
            add("pairs.labelled", pairs.n_labelled() as f64);
            add("pairs.false_match_rate", strangers.share);
            add("pairs.false_match_rate_low", strangers.low);
            add("pairs.false_match_rate_high", strangers.high);
            add("pairs.impostor_pairs", pairs.n_impostor() as f64);
            let missed = pairs.false_non_matches();
            add("pairs.false_non_match_rate", missed.share);
            add("pairs.false_non_match_rate_low", missed.low);
            add("pairs.false_non_match_rate_high", missed.high);
        }
        if let Some(detected) = &self.detected {
            add("detection.faces", detected.n_boxes as f64);
            add("detection.found", detected.n_found as f64);
            add("detection.others", detected.n_others as f64);
        }
        if let Some(speed) = &self.speed {
            add("face.p50_ms", speed.p50_ms);
            add("face.p99_ms", speed.p99_ms);
            add("face.p50_work_ms", speed.p50_work_ms);
            for (name, ms) in &speed.parts {
                add(&format!("face.{name}_ms"), *ms);
            }
        }
        metrics
    }

    /// What was measured, beside what is asked for.
    pub fn table(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row("what", "measured", "asked for")];
        rows.extend(self.pairs.iter().flat_map(rows_of_pairs));
        if let Some(detected) = &self.detected {
            let found = format!("{} of {}", detected.n_found, detected.n_boxes);
            rows.push(row("faces found", &found, "43 of 43"));
        }
        if let Some(speed) = &self.speed {
            let times = format!("{:.1}, {:.1}", speed.p50_ms, speed.p99_ms);
            rows.push(row("ms a face, median and p99", &times, "<= 15"));
            let work = format!("{:.1}", speed.p50_work_ms);
            rows.push(row("ms of work a face, median", &work, ""));
        }
        rows.extend(rows_of_search(&self.searched));
        rows
    }
}

fn row(what: &str, measured: &str, wanted: &str) -> Vec<String> {
    [what, measured, wanted].map(str::to_owned).to_vec()
}

fn rows_of_pairs(pairs: &Pairs) -> Vec<Vec<String>> {
    let (right, n) = (pairs.n_right(), pairs.n_labelled());
    let accuracy = format!("{:.2} % ({right} of {n})", 100.0 * pairs.accuracy());
    let rate =
        |of: interval::Exact| format!("{:.2e} ({:.2e} to {:.2e})", of.share, of.low, of.high);
    let (wrong, n_impostor) = (pairs.n_false_matches(), pairs.n_impostor());
    let strangers = format!("{}, {wrong} of {n_impostor}", rate(pairs.false_matches()));
    let missed = rate(pairs.false_non_matches());
    vec![
        row("threshold", &pairs.threshold.to_string(), ""),
        row("labelled pairs judged rightly", &accuracy, ">= 99.3 %"),
        row("false-match rate, held-out pairs", &strangers, "<= 1e-3"),
        row("false-non-match rate, held-out pairs", &missed, ""),
    ]
}

fn rows_of_search(searched: &Searched) -> Vec<Vec<String>> {
    let times = format!("{:.2}, {:.2}", searched.p50_ms, searched.p99_ms);
    let recall = format!("{:.4} of {} searches", searched.recall, searched.n_compared);
    let gallery = format!(
        "{}, {:.0}, {:.0}",
        searched.n_templates,
        searched.file_bytes as f64 / 1e6,
        searched.open_ms
    );
    vec![
        row("search, ms, median and p99", &times, "<= 2"),
        row(
            "search, ms of work, p99",
            &format!("{:.2}", searched.p99_work_ms),
            "",
        ),
        row("recall beside an exact search", &recall, ">= 0.999"),
        row("gallery: templates, MB, ms to open", &gallery, "100 000"),
    ]
}
