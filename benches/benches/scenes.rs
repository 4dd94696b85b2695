//! The gate and the junction against their truth, over many seeds: how often what had to happen
//! did, and nothing else.
//!
//! `make bench-scenes`; for other seeds `cargo bench --workspace --bench scenes -- --seeds 20`.
//! Writes `target/bench/scenes.json`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use benches::Wilson;
use gac::offline::{self, Checkout, SceneOutcome};
use samples::SceneKind;
use std::{collections::BTreeMap, error::Error, fs, path::Path, process::ExitCode};

const SEEDS: u64 = 6;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let checkout = Checkout::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let Some(n_seeds) = seeds(std::env::args().skip(1)) else {
        println!("scenes: write --seeds and a number above 0");
        return Ok(ExitCode::FAILURE);
    };
    let folder = checkout.root().join("target/bench");
    let mut metrics = BTreeMap::new();
    for kind in [SceneKind::Gate, SceneKind::Junction] {
        if let Err(reason) = checkout.prepare(kind) {
            println!("{} skipped: {reason}", kind.name());
            continue;
        }
        println!("{}", header(kind));
        let mut outcomes = Vec::new();
        for seed in 1..=n_seeds {
            let state = folder
                .join("scenes")
                .join(format!("{}-{seed}", kind.name()));
            if state.exists() {
                fs::remove_dir_all(&state)?;
            }
            let outcome = offline::run(&checkout, (kind, seed), &state)?;
            println!("{}", row(&outcome));
            outcomes.push(outcome);
        }
        sum(kind, &outcomes, &mut metrics);
    }
    fs::create_dir_all(&folder)?;
    let file = folder.join("scenes.json");
    fs::write(&file, serde_json::to_vec_pretty(&metrics)?)?;
    println!("{}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// `--seeds N`; what cargo adds by itself is passed over.
fn seeds(mut arguments: impl Iterator<Item = String>) -> Option<u64> {
    if !arguments.by_ref().any(|argument| argument == "--seeds") {
        return Some(SEEDS);
    }
    arguments.next()?.parse().ok().filter(|n| 0 < *n)
}

fn header(kind: SceneKind) -> String {
    let done = if kind == SceneKind::Gate {
        "commands"
    } else {
        "candidates"
    };
    format!(
        "{:<12}{:>9}{:>9}{:>11}{:>7}{:>7}{:>10}{:>14}{:>8}",
        kind.name(),
        "vehicles",
        "as told",
        done,
        "right",
        "wrong",
        "missed",
        "plates exact",
        "s"
    )
}

fn row(outcome: &SceneOutcome) -> String {
    format!(
        "{:<12}{:>9}{:>9}{:>11}{:>7}{:>7}{:>10}{:>14}{:>8.1}",
        format!("seed {}", outcome.seed),
        outcome.n_vehicles,
        n_met(outcome),
        outcome.done,
        outcome.right,
        outcome.done.saturating_sub(outcome.right),
        outcome.asked - outcome.right,
        format!("{} of {}", outcome.plates_exact, outcome.plates),
        outcome.took.as_secs_f64()
    )
}

fn n_met(outcome: &SceneOutcome) -> usize {
    outcome
        .expectations
        .iter()
        .filter(|expectation| expectation.is_met)
        .count()
}

/// Adds a kind's shares with their intervals, and prints them.
fn sum(kind: SceneKind, outcomes: &[SceneOutcome], metrics: &mut BTreeMap<String, f64>) {
    let total = |of: fn(&SceneOutcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let right = total(|o| o.right);
    let shares = [
        ("precision", right, total(|o| o.done)),
        ("recall", right, total(|o| o.asked)),
        ("as_told", total(n_met), total(|o| o.expectations.len())),
        (
            "plates_exact",
            total(|o| o.plates_exact),
            total(|o| o.plates),
        ),
    ];
    let kind = kind.name();
    for (name, part, whole) in shares {
        let share = Wilson::of(part, whole);
        println!(
            "{kind} {name:<14}{:.3}  (95 %: {:.3} to {:.3}, {part} of {whole})",
            share.share, share.low, share.high
        );
        for (suffix, value) in [
            ("", share.share),
            ("_low", share.low),
            ("_high", share.high),
        ] {
            metrics.insert(format!("{kind}_{name}{suffix}"), value);
        }
    }
    let took: f64 = outcomes.iter().map(|o| o.took.as_secs_f64()).sum();
    metrics.insert(format!("{kind}_scenes"), outcomes.len() as f64);
    metrics.insert(
        format!("{kind}_scenes_right"),
        total(|o| usize::from(o.is_right())) as f64,
    );
    metrics.insert(format!("{kind}_vehicles"), total(|o| o.n_vehicles) as f64);
    metrics.insert(
        format!("{kind}_seconds_per_scene"),
        took / outcomes.len().max(1) as f64,
    );
    println!();
}
