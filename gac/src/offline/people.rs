//! People who walk in and out of a generated entrance, counted as a site counts them.

use super::{Checkout, load_site, watch};
use crate::demo::plan::DemoCamera;
use anyhow::Result;
use samples::{SceneKind, SceneSpec, truth_of};
use std::path::Path;

/// Who crossed the line, and who was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeopleOutcome {
    /// In and out, by the truth.
    pub crossed: [u64; 2],
    /// In and out, as counted.
    pub counted: [u64; 2],
    /// How many people there were.
    pub n_people: usize,
    /// Frames given to the models.
    pub n_analysed: u64,
}

impl PeopleOutcome {
    /// By how much the counts are wrong in all.
    pub fn n_wrong(&self) -> u64 {
        let pairs = self.crossed.iter().zip(&self.counted);
        pairs.map(|(truth, counted)| truth.abs_diff(*counted)).sum()
    }
}

/// Counts people in the scene `entrance`. The site's files go to `folder`.
pub fn count_people(checkout: &Checkout, seed: u64, folder: &Path) -> Result<PeopleOutcome> {
    let kind = SceneKind::Entrance;
    let spec = SceneSpec::new(kind, seed);
    let truth = truth_of(&spec)?;
    let n_people = truth.header.people.len();
    let mut crossed = [0; 2];
    for crossing in truth.header.people.iter().flat_map(|p| &p.crossings) {
        crossed[usize::from(!crossing.is_in)] += 1;
    }
    let camera = DemoCamera::of_scene(kind, truth, None);
    let site = load_site(checkout, &camera, (kind, seed), folder)?;
    let (_seen, stats) = watch(&site, &spec)?;
    let counted = |which: &str| {
        let name = format!("inside people {which}");
        stats.counts.get(&name).copied().unwrap_or_default()
    };
    Ok(PeopleOutcome {
        crossed,
        counted: ["in", "out"].map(counted),
        n_people,
        n_analysed: stats.analysed,
    })
}
