//! Plates of vehicles that pass a gate, after the vote over their frames: the pipeline as a site
//! runs it, on generated scenes in all weathers.

use super::chains::name_of;
use crate::Wilson;
use gac::offline::{self, Checkout, SceneOutcome};
use models::{Catalog, Store, Task};
use samples::{Light, SceneKind, SceneSpec};
use std::{collections::BTreeMap, error::Error, fs, ops::RangeInclusive, path::Path};

/// The name in the figures.
pub const NAME: &str = "gate-passes";
/// The scenes that are run where no others are named.
const SEEDS: RangeInclusive<u64> = 1..=5;
const WEATHERS: [(&str, Light, f32); 3] = [
    ("day", Light::Day, 0.0),
    ("night", Light::Night, 0.0),
    ("rain", Light::Overcast, 0.7),
];

/// The headings of [`Passes::row`].
pub const HEADINGS: [&str; 8] = [
    "set",
    "chain",
    "passes",
    "exact",
    "95 % interval",
    "decisive",
    "decisive and wrong",
    "s",
];

/// Passes, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Passes {
    /// Vehicles.
    pub n: usize,
    /// Those whose plate was read as it is.
    pub n_exact: usize,
    /// Those on whose plate the frames agreed well enough for a gate to act.
    pub n_decisive: usize,
    /// Of those, the ones read wrongly.
    pub n_wrong: usize,
    /// What the scenes took.
    pub took_s: f64,
}

/// The seeds that `first-last` names; the usual ones for `1`.
pub fn seeds(named: &str) -> Result<RangeInclusive<u64>, String> {
    if named == "1" {
        return Ok(SEEDS);
    }
    let ends = named.split_once('-');
    match ends.map(|(first, last)| (first.trim().parse(), last.trim().parse())) {
        Some((Ok(first), Ok(last))) if first <= last => Ok(first..=last),
        _ => Err(format!(
            "PASSES={named}: 1, or the first and the last seed, such as 6-10"
        )),
    }
}

/// How many scenes are run with these seeds.
pub fn n_scenes(seeds: &RangeInclusive<u64>) -> u64 {
    (WEATHERS.len() * seeds.clone().count()) as u64
}

/// The readers that the pipeline takes here, as the figures name them.
pub fn chain(checkout: &Checkout) -> String {
    let store = Store::new(&checkout.store_dir(), Catalog::built_in());
    let chosen = store.installed(Task::PlateRead);
    chosen.map_or("none".to_owned(), |chosen| name_of(store.catalog(), chosen))
}

/// Runs every scene; by weather. `progress` hears of every scene, and of its weather.
pub fn run(
    checkout: &Checkout,
    folder: &Path,
    seeds: &RangeInclusive<u64>,
    mut progress: impl FnMut(&str, &SceneOutcome),
) -> Result<BTreeMap<&'static str, Passes>, Box<dyn Error>> {
    checkout.prepare(SceneKind::Gate)?;
    let mut by_weather: BTreeMap<&'static str, Passes> = BTreeMap::new();
    for seed in seeds.clone() {
        for (weather, light, rain) in WEATHERS {
            let state = folder.join(format!("{weather}-{seed}"));
            if state.exists() {
                fs::remove_dir_all(&state)?;
            }
            let spec = SceneSpec::new(SceneKind::Gate, seed)
                .lit(light)
                .raining(rain);
            let outcome = offline::run_spec(checkout, &spec, &state)?;
            by_weather.entry(weather).or_default().add(&outcome);
            progress(weather, &outcome);
        }
    }
    Ok(by_weather)
}

impl Passes {
    fn add(&mut self, outcome: &SceneOutcome) {
        self.n += outcome.plates;
        self.n_exact += outcome.plates_exact;
        self.n_decisive += outcome.plates_decisive;
        self.n_wrong += outcome.plates_wrong;
        self.took_s += outcome.took.as_secs_f64();
    }

    /// All of them together.
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for part in parts {
            sum.n += part.n;
            sum.n_exact += part.n_exact;
            sum.n_decisive += part.n_decisive;
            sum.n_wrong += part.n_wrong;
            sum.took_s += part.took_s;
        }
        sum
    }

    /// The row of a table.
    pub fn row(&self, set: &str, chain: &str) -> Vec<String> {
        let exact = Wilson::of(self.n_exact, self.n);
        vec![
            set.to_owned(),
            chain.to_owned(),
            self.n.to_string(),
            format!("{:.3}", exact.share),
            format!("{:.3} to {:.3}", exact.low, exact.high),
            self.n_decisive.to_string(),
            self.n_wrong.to_string(),
            format!("{:.0}", self.took_s),
        ]
    }

    /// Adds every figure under its name with this prefix.
    pub fn metrics(&self, prefix: &str, metrics: &mut BTreeMap<String, f64>) {
        let exact = Wilson::of(self.n_exact, self.n);
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        for (name, value) in [
            ("passes", self.n as f64),
            ("exact", exact.share),
            ("exact_low", exact.low),
            ("exact_high", exact.high),
            ("accepted", share(self.n_decisive, self.n)),
            ("wrong_accepted", share(self.n_wrong, self.n_decisive)),
            ("n_wrong_accepted", self.n_wrong as f64),
        ] {
            metrics.insert(format!("{prefix}.{name}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_named_by_the_first_and_the_last() {
        assert_eq!(seeds("1"), Ok(1..=5));
        assert_eq!(seeds("6-15"), Ok(6..=15));
        assert_eq!(n_scenes(&(6..=15)), 30);
        for wrong in ["6-", "-6", "9-6", "a-b", "7"] {
            let told = seeds(wrong).expect_err("no seeds are named");
            assert!(told.contains(wrong) && told.contains("6-10"), "{told}");
        }
    }

    #[test]
    fn passes_are_summed() {
        let one = Passes {
            n: 4,
            n_exact: 3,
            n_decisive: 2,
            n_wrong: 1,
            took_s: 5.0,
        };
        let sum = Passes::sum([&one, &one]);
        assert_eq!(
            (sum.n, sum.n_exact, sum.n_decisive, sum.n_wrong),
            (8, 6, 4, 2)
        );
        assert_eq!(sum.row("gate-passes", "ours").len(), HEADINGS.len());
        let mut metrics = BTreeMap::new();
        sum.metrics("gate-passes.ours", &mut metrics);
        assert_eq!(metrics["gate-passes.ours.exact"], 0.75);
        assert_eq!(metrics["gate-passes.ours.wrong_accepted"], 0.5);
        assert_eq!(metrics["gate-passes.ours.n_wrong_accepted"], 2.0);
        let mut metrics = BTreeMap::new();
        Passes::default().metrics("x", &mut metrics);
        assert!(metrics.values().all(|value| value.is_finite()));
    }
}
