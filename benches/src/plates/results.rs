//! What a chain made of a set, as a row of a table and as figures with names.

use super::figures::{Accepted, Figures, Judged, median};
use std::collections::BTreeMap;

/// What one chain made of a set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Every plate that is there.
    pub judged: Vec<Judged>,
    /// How many pictures were seen.
    pub n_pictures: usize,
    /// Boxes on no plate, and those of them that were read surely enough to be believed; not known
    /// for sets without boxes.
    pub false_boxes: Option<[usize; 2]>,
    /// What finding took, of some pictures.
    pub detect_ms: Vec<f64>,
    /// What reading took, of the same pictures.
    pub read_ms: Vec<f64>,
}

/// The headings of [`Results::row`].
pub const HEADINGS: [&str; 17] = [
    "set",
    "chain",
    "plates",
    "found",
    "false/pic",
    "exact",
    "95 % interval",
    "<=1 edit",
    "CER",
    "score at 92 %",
    "accepted",
    "wrong",
    "at 0.7",
    "wrong",
    "detect ms",
    "read ms",
    "ms",
];

impl Results {
    /// The row of a table.
    pub fn row(&self, set: &str, chain: &str) -> Vec<String> {
        let f = Figures::of(&self.judged);
        let share = |value: f64| format!("{value:.3}");
        let at = |a: &Accepted| [share(a.share), format!("{:.4}", a.wrong)];
        let [detect, read] = [median(&self.detect_ms), median(&self.read_ms)];
        let mut row = vec![set.to_owned(), chain.to_owned(), f.n_plates.to_string()];
        row.push(share(f.found.share));
        row.push(self.per_picture(0).map_or("-".to_owned(), share));
        row.push(share(f.exact.share));
        row.push(format!("{:.3} to {:.3}", f.exact.low, f.exact.high));
        row.extend([share(f.within_one), format!("{:.4}", f.char_error_rate)]);
        row.push(format!("{:.3}", f.accepted.score_min));
        row.extend(at(&f.accepted));
        row.extend(at(&f.accepted_by_default));
        row.extend([detect, read, detect + read].map(|ms| format!("{ms:.1}")));
        row
    }

    /// Boxes on no plate, or those of them that would be believed, for each picture.
    fn per_picture(&self, which: usize) -> Option<f64> {
        let counts = self.false_boxes?;
        Some(counts[which] as f64 / self.n_pictures.max(1) as f64)
    }

    /// Adds every figure under its name with this prefix.
    pub fn metrics(&self, prefix: &str, metrics: &mut BTreeMap<String, f64>) {
        let f = Figures::of(&self.judged);
        let [detect, read] = [median(&self.detect_ms), median(&self.read_ms)];
        let mut all = vec![
            ("plates", f.n_plates as f64),
            ("exact", f.exact.share),
            ("exact_low", f.exact.low),
            ("exact_high", f.exact.high),
            ("detect_recall", f.found.share),
            ("within_one", f.within_one),
            ("cer", f.char_error_rate),
            ("threshold", f64::from(f.accepted.score_min)),
            ("accepted", f.accepted.share),
            ("wrong_accepted", f.accepted.wrong),
            ("accepted_by_default", f.accepted_by_default.share),
            ("wrong_accepted_by_default", f.accepted_by_default.wrong),
            ("detect_ms", detect),
            ("read_ms", read),
            ("ms", detect + read),
        ];
        all.extend(self.per_picture(0).map(|n| ("false_boxes", n)));
        all.extend(
            self.per_picture(1)
                .map(|n| ("false_accepted_by_default", n)),
        );
        for (name, value) in all {
            metrics.insert(format!("{prefix}.{name}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_names_and_cells() {
        let judged = Judged {
            truth: "43A00001".to_owned(),
            is_found: true,
            read: Some(("43A00007".to_owned(), 0.9)),
        };
        let mut results = Results {
            judged: vec![judged],
            n_pictures: 4,
            false_boxes: Some([2, 1]),
            detect_ms: vec![5.0, 7.0, 6.0],
            read_ms: vec![1.0],
        };
        let mut metrics = BTreeMap::new();
        results.metrics("set.ours", &mut metrics);
        for (name, value) in [
            ("exact", 0.0),
            ("detect_recall", 1.0),
            ("false_boxes", 0.5),
            ("accepted", 1.0),
            ("wrong_accepted", 1.0),
            ("within_one", 1.0),
            ("cer", 0.125),
            ("ms", 7.0),
        ] {
            assert_eq!(metrics[&format!("set.ours.{name}")], value, "{name}");
        }
        assert_eq!(results.row("set", "ours").len(), HEADINGS.len());
        results.false_boxes = None;
        assert_eq!(results.row("set", "ours")[4], "-");
        let mut metrics = BTreeMap::new();
        results.metrics("set.ours", &mut metrics);
        assert!(!metrics.contains_key("set.ours.false_boxes"));
    }
}
