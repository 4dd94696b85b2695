//! The demo's report: what every camera did, held against the truth.

mod html;

use serde::Serialize;
use std::{collections::BTreeMap, fs, path::Path};

/// The whole report; `report.json` is this, and `report.html` shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether everything that ran did what the truth asks for.
    pub passed: bool,
    /// What is wrong, one line each; empty when passed.
    pub failures: Vec<String>,
    /// Whether the machine gave every camera the time that it asked for.
    ///
    /// On a machine that is busy with other work frames are dropped, and what nobody saw is missed.
    /// That is told, and is no fault of the program; what was done wrongly always is.
    pub kept_up: bool,
    /// Whether something was done that the truth forbids, or nothing could be judged.
    pub is_faulty: bool,
    /// RFC 3339.
    pub generated_at: String,
    /// Cores, inference threads and the like.
    pub machine: BTreeMap<String, String>,
    /// Task and the model set that was used for it.
    pub models: BTreeMap<String, String>,
    /// How long until the first analysed picture, in seconds after the program began.
    pub first_picture_s: Option<f64>,
    /// One for each camera.
    pub cameras: Vec<CameraReport>,
    /// Distributions over all gates.
    pub latency_ms: BTreeMap<String, Quantiles>,
    /// What the truth asked for and what happened.
    pub expectations: Vec<Expectation>,
}

/// One camera.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CameraReport {
    /// Its id.
    pub id: String,
    /// `ran`, or `skipped`.
    pub status: String,
    /// Why it was skipped, or what it is.
    pub note: String,
    /// Frames that the source delivered.
    pub frames: u64,
    /// Of these, frames that were not decoded because nothing moved.
    pub idle: u64,
    /// Frames given to the models.
    pub analysed: u64,
    /// Frames that were due and replaced by a newer one.
    pub dropped: u64,
    /// Frames delivered in a second of the clip's own time.
    pub fps: f64,
    /// How many times faster than the clip's own time it ran.
    pub real_time_factor: f64,
    /// CPU seconds of decoding and of analysis.
    pub cpu_s: f64,
    /// Boxes that the models found.
    pub detections: u64,
    /// Tracks that were believed.
    pub tracks: u64,
    /// Sightings.
    pub sightings: u64,
    /// Verdicts of its gates.
    pub verdicts: u64,
    /// Candidates of its rules.
    pub candidates: u64,
    /// People and vehicles across its lines, in and out.
    pub counts: BTreeMap<String, u64>,
    /// Crossings of a stop line that no rule found, by reason; most are lawful.
    pub refusals: BTreeMap<String, u64>,
    /// Of what was done, the share that the truth asks for; none when there is no truth.
    pub precision: Option<f64>,
    /// Of what the truth asks for, the share that was done.
    pub recall: Option<f64>,
    /// Annotated pictures, relative to the report.
    pub pictures: Vec<Picture>,
}

/// A picture with what it shows.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// Relative to the report.
    pub file: String,
    /// One line.
    pub caption: String,
}

/// One thing that the truth asks for.
#[derive(Clone, Debug, Serialize)]
pub struct Expectation {
    /// The camera.
    pub camera: String,
    /// What came, for example `car 30F-256.58 (registered)`.
    pub subject: String,
    /// What should happen.
    pub expected: String,
    /// What happened.
    pub happened: String,
    /// Whether that is right.
    pub is_met: bool,
    /// Whether something was done that must not be done, rather than something missed.
    pub is_forbidden: bool,
    /// Whether the plate was read as it is and never decisively as another; none where no plate is
    /// judged.
    pub is_plate_right: Option<bool>,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values.
    pub n: usize,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

impl Quantiles {
    /// Nearest-rank quantiles (no interpolation, so that each is a value that was measured).
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let n = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(n.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Self {
            n: sorted.len(),
            p50: rank(0.5),
            p95: rank(0.95),
            p99: rank(0.99),
            max: rank(1.0),
        }
    }
}

impl Report {
    /// Writes `report.json` and `report.html`.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("report.json"), serde_json::to_vec_pretty(self)?)?;
        fs::write(folder.join("report.html"), html::page(self))?;
        Ok(())
    }

    /// A short table for the terminal.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<14}{:>8}{:>9}{:>9}{:>7}{:>8}{:>8}{:>10}{:>11}{:>8}\n",
            "camera",
            "frames",
            "analysed",
            "dropped",
            "fps",
            "cpu s",
            "tracks",
            "sightings",
            "precision",
            "recall"
        );
        let share = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
        for c in &self.cameras {
            if c.status == "skipped" {
                text += &format!("{:<14}skipped: {}\n", c.id, c.note);
                continue;
            }
            text += &format!(
                "{:<14}{:>8}{:>9}{:>9}{:>7.1}{:>8.1}{:>8}{:>10}{:>11}{:>8}\n",
                c.id,
                c.frames,
                c.analysed,
                c.dropped,
                c.fps,
                c.cpu_s,
                c.tracks,
                c.sightings,
                share(c.precision),
                share(c.recall)
            );
        }
        for (name, q) in self.latency_ms.iter().filter(|(_, q)| 0 < q.n) {
            text += &format!(
                "{name}: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms (n = {})\n",
                q.p50, q.p95, q.p99, q.n
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let q = Quantiles::of(&values);
        assert_eq!(
            (q.n, q.p50, q.p95, q.p99, q.max),
            (100, 50.0, 95.0, 99.0, 100.0)
        );
        assert_eq!(Quantiles::of(&[]).n, 0);
        assert_eq!(Quantiles::of(&[7.0]).p99, 7.0);
    }

    #[test]
    fn the_json_has_what_others_rely_on_and_the_page_escapes() {
        let mut report = Report {
            passed: true,
            ..Report::default()
        };
        report
            .latency_ms
            .insert("capture_to_command".to_owned(), Quantiles::of(&[90.0]));
        report.cameras.push(CameraReport {
            id: "gate-1".to_owned(),
            note: "<script>".to_owned(),
            ..CameraReport::default()
        });
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["passed"], true);
        assert_eq!(json["latency_ms"]["capture_to_command"]["p99"], 90.0);
        for key in ["id", "frames", "dropped", "fps", "precision", "recall"] {
            assert!(json["cameras"][0].get(key).is_some(), "{key}");
        }
        let page = html::page(&report);
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
    }
}
