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
    /// What finding and reading took, for each pass over the same pictures.
    pub passes_ms: Vec<Vec<[f64; 2]>>,
}

/// The headings of [`Results::row`].
pub const HEADINGS: [&str; 19] = [
    "set",
    "chain",
    "plates",
    "found",
    "false/pic",
    "exact",
    "95 % interval",
    "as read",
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
    "ours/it",
];

impl Results {
    /// The row of a table; `ours_ms` is what our chain takes, where there is one.
    pub fn row(&self, set: &str, chain: &str, ours_ms: Option<f64>) -> Vec<String> {
        let f = Figures::of(&self.judged);
        let share = |value: f64| format!("{value:.3}");
        let at = |a: &Accepted| [share(a.share), format!("{:.4}", a.wrong)];
        let mut row = vec![set.to_owned(), chain.to_owned(), f.n_plates.to_string()];
        row.push(share(f.found.share));
        row.push(self.per_picture(0).map_or("-".to_owned(), share));
        row.push(share(f.exact.share));
        row.push(format!("{:.3} to {:.3}", f.exact.low, f.exact.high));
        row.push(share(f.read_exact));
        row.extend([share(f.within_one), format!("{:.4}", f.char_error_rate)]);
        row.push(format!("{:.3}", f.accepted.score_min));
        row.extend(at(&f.accepted));
        row.extend(at(&f.accepted_by_default));
        if self.passes_ms.is_empty() {
            row.extend(["-"; 4].map(str::to_owned));
            return row;
        }
        let times = [self.detect_ms(), self.read_ms(), self.ms()];
        row.extend(times.map(|ms| format!("{ms:.1}")));
        let ratio = ours_ms.map(|ours| ours / self.ms().max(f64::MIN_POSITIVE));
        row.push(ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")));
        row
    }

    /// Boxes on no plate, or those of them that would be believed, for each picture.
    fn per_picture(&self, which: usize) -> Option<f64> {
        let counts = self.false_boxes?;
        Some(counts[which] as f64 / self.n_pictures.max(1) as f64)
    }

    /// The median of all passes, and of each the median of its pictures.
    fn median_ms(&self, of: impl Fn(&[f64; 2]) -> f64) -> f64 {
        let pass = |pictures: &Vec<[f64; 2]>| {
            let times: Vec<f64> = pictures.iter().map(&of).collect();
            median(&times)
        };
        let passes: Vec<f64> = self.passes_ms.iter().map(pass).collect();
        median(&passes)
    }

    fn detect_ms(&self) -> f64 {
        self.median_ms(|[detect, _]| *detect)
    }

    fn read_ms(&self) -> f64 {
        self.median_ms(|[_, read]| *read)
    }

    /// What a picture takes.
    pub fn ms(&self) -> f64 {
        self.median_ms(|[detect, read]| detect + read)
    }

    /// The same for each group of plates, without what is of whole pictures.
    pub fn groups(&self) -> BTreeMap<String, Self> {
        let mut groups: BTreeMap<String, Self> = BTreeMap::new();
        for one in &self.judged {
            if let Some(group) = &one.group {
                let group = groups.entry(group.clone()).or_default();
                group.judged.push(one.clone());
            }
        }
        groups
    }

    /// Adds every figure under its name with this prefix.
    pub fn metrics(&self, prefix: &str, ours_ms: Option<f64>, metrics: &mut BTreeMap<String, f64>) {
        let f = Figures::of(&self.judged);
        let mut all = vec![
            ("plates", f.n_plates as f64),
            ("exact", f.exact.share),
            ("read_exact", f.read_exact),
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
        ];
        if !self.passes_ms.is_empty() {
            let ratio = ours_ms.map(|ours| ours / self.ms().max(f64::MIN_POSITIVE));
            all.extend([("detect_ms", self.detect_ms()), ("read_ms", self.read_ms())]);
            all.push(("ms", self.ms()));
            all.extend(ratio.map(|ratio| ("ours_ms_ratio", ratio)));
        }
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

    fn judged(group: Option<&str>) -> Judged {
        Judged {
            truth: "43A00001".to_owned(),
            group: group.map(str::to_owned),
            is_found: true,
            as_read: Some("43A00007".to_owned()),
            read: Some("43A00007".chars().map(|c| (c, 0.9)).collect()),
        }
    }

    #[test]
    fn figures_have_names_and_cells() {
        let mut results = Results {
            judged: vec![judged(None)],
            n_pictures: 4,
            false_boxes: Some([2, 1]),
            passes_ms: vec![vec![[5.0, 1.0], [7.0, 2.0], [6.0, 1.0]], vec![[9.0, 3.0]]],
        };
        let mut metrics = BTreeMap::new();
        results.metrics("set.ours", Some(19.0), &mut metrics);
        for (name, value) in [
            ("exact", 0.0),
            ("detect_recall", 1.0),
            ("false_boxes", 0.5),
            ("accepted", 1.0),
            ("wrong_accepted", 1.0),
            ("within_one", 1.0),
            ("cer", 0.125),
            ("ms", 9.5),
            ("detect_ms", 7.5),
            ("ours_ms_ratio", 2.0),
        ] {
            assert_eq!(metrics[&format!("set.ours.{name}")], value, "{name}");
        }
        let row = results.row("set", "ours", Some(19.0));
        assert_eq!((row.len(), row[18].as_str()), (HEADINGS.len(), "2.00"));
        results.false_boxes = None;
        results.passes_ms.clear();
        let row = results.row("set", "ours", None);
        assert_eq!((row.len(), row[4].as_str()), (HEADINGS.len(), "-"));
        let mut metrics = BTreeMap::new();
        results.metrics("set.ours", None, &mut metrics);
        for absent in ["false_boxes", "ms"] {
            assert!(!metrics.contains_key(&format!("set.ours.{absent}")));
        }
    }

    #[test]
    fn groups_are_counted_apart() {
        let results = Results {
            judged: vec![judged(Some("red")), judged(None), judged(Some("red"))],
            n_pictures: 3,
            ..Results::default()
        };
        let groups = results.groups();
        assert_eq!(groups.len(), 1);
        assert_eq!(groups["red"].judged.len(), 2);
    }
}
