//! What an idle lane costs, and what it adds to the first decision.
//!
//! `make bench-idle`; `cargo bench --workspace --bench idle -- --seeds 3` for fewer films of each
//! camera setting, `--seeds 0` for the cost alone. Writes `target/bench/idle.json`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use anyhow::Result;
use benches::{
    idle::{self, Added, ENCODERS},
    table::table,
};
use gac::offline::Checkout;
use samples::SceneKind;
use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

const SEEDS: u64 = 6;

fn main() -> Result<ExitCode> {
    if let Some(outcome) = idle::play_part() {
        return outcome;
    }
    let checkout = Checkout::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if let Err(reason) = checkout.prepare(SceneKind::Gate) {
        println!("idle skipped: {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = checkout.root().join("target/bench");
    let n_seeds = seeds(std::env::args().skip(1));
    let mut metrics = BTreeMap::new();
    let cost = idle::cost(&checkout, &folder.join("idle"))?;
    println!(
        "a lane of 720p25: {:.2} % of a core at rest, {:.2} % with all decoded",
        cost.idle, cost.full
    );
    metrics.insert("idle_core_percent".to_owned(), cost.idle);
    metrics.insert("all_decoded_core_percent".to_owned(), cost.full);
    metrics.insert(
        "idle_share_of_all_decoded".to_owned(),
        cost.idle / cost.full,
    );
    if 0 < n_seeds {
        films(&checkout, (n_seeds, &folder), &mut metrics)?;
    }
    fs::create_dir_all(&folder)?;
    let file = folder.join("idle.json");
    fs::write(&file, serde_json::to_vec_pretty(&metrics)?)?;
    println!("{}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// `--seeds N`; what cargo adds by itself is passed over.
fn seeds(mut arguments: impl Iterator<Item = String>) -> u64 {
    let is_given = arguments.by_ref().any(|argument| argument == "--seeds");
    let n = is_given.then(|| arguments.next()?.parse().ok()).flatten();
    n.unwrap_or(SEEDS)
}

fn films(
    checkout: &Checkout,
    (n_seeds, folder): (u64, &Path),
    metrics: &mut BTreeMap<String, f64>,
) -> Result<()> {
    let mut all: Vec<Added> = Vec::new();
    let heads = [
        "camera",
        "seed",
        "comes s",
        "full s",
        "rest s",
        "sighted +ms",
        "decided +ms",
    ];
    println!("{}", heads.join("  "));
    for encoder in &ENCODERS {
        for seed in 1..=n_seeds {
            let one = idle::added(checkout, (seed, encoder), &folder.join("idle-film"))?;
            let ms = |ms: Option<f64>| ms.map_or("–".to_owned(), |ms| format!("{ms:.0}"));
            let s = |at: Option<std::time::Duration>| {
                at.map_or("–".to_owned(), |at| format!("{:.2}", at.as_secs_f64()))
            };
            let row = vec![
                encoder.name.to_owned(),
                seed.to_string(),
                s(Some(one.comes_at)),
                s(one.decisive[0]),
                s(one.decisive[1]),
                ms(one.sighting_ms()),
                ms(one.decision_ms()),
                format!("{} not decoded", one.n_idle),
            ];
            print!("{}", table(&[row], 1));
            all.push(one);
        }
    }
    for (name, of) in [
        ("sighting", Added::sighting_ms as fn(&Added) -> Option<f64>),
        ("decision", Added::decision_ms),
    ] {
        let mut ms: Vec<f64> = all.iter().filter_map(of).collect();
        ms.sort_unstable_by(f64::total_cmp);
        metrics.insert(format!("added_{name}_n"), ms.len() as f64);
        for (quantile, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
            // The nearest rank: none of the figures is between two that were measured.
            let rank = (ms.len() as f64 * share).ceil().max(1.0) as usize;
            if let Some(value) = ms.get(rank - 1) {
                println!("added to the first {name}, {quantile}: {value:.0} ms");
                metrics.insert(format!("added_{name}_ms_{quantile}"), *value);
            }
        }
    }
    let missed = |n: usize| all.iter().filter(|one| one.decisive[n].is_none()).count();
    metrics.insert("undecided_full".to_owned(), missed(0) as f64);
    metrics.insert("undecided_idle".to_owned(), missed(1) as f64);
    Ok(())
}
