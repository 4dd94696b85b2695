//! A gate: what a decision costs, ten thousand passages with everything that goes wrong, how long
//! it takes from the light on the sensor to the barrier, faces, and an idle lane.
//!
//! `make bench-gate`. Writes `target/bench/gate.json` with flat names, and with `RECORD=1`
//! `benches/results/gate.md`. `cargo bench --workspace --bench gate -- --quick` does the first two
//! alone: the others take half an hour.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use benches::{
    faces::{Failure, Places, measure},
    gate::{N_LISTED, N_VEHICLES, STEPS, latency, policy_cost, rehearsal},
    idle,
    record::{self, Machine, Section},
    table::table,
};
use gac::offline::Checkout;
use models::{Runtime, RuntimeSearch};
use samples::SceneKind;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Seeds of the rehearsals.
const SEEDS: [u64; 3] = [1, 2, 3];

/// The first seed of the films in which commands are timed, and how many there are: a minute each,
/// some five commands. `--films N` shows so many.
const FIRST_FILM: u64 = 21;
const N_FILMS: u64 = 20;

type Metrics = BTreeMap<String, f64>;

fn main() -> ExitCode {
    if let Some(outcome) = idle::play_part() {
        return outcome.unwrap_or(ExitCode::FAILURE);
    }
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("gate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or("the checkout has no root")?;
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut machine = Machine::of(root);
    let (mut metrics, mut rows) = (Metrics::new(), vec![row("what", "measured", "asked for")]);
    decisions(&mut metrics, &mut rows)?;
    rehearsals(&mut metrics, &mut rows);
    if !std::env::args().any(|argument| argument == "--quick") {
        lane(root, &folder, &mut metrics, &mut rows)?;
        faces(root, &mut metrics, &mut rows)?;
        idle_lane(root, &folder, &mut metrics, &mut rows)?;
    }
    println!("{}", table(&rows, 1));
    let file = folder.join("gate.json");
    fs::write(&file, serde_json::to_vec_pretty(&metrics)?)?;
    println!("{}", file.display());
    machine.load[1] = record::load();
    if std::env::var_os("RECORD").is_some_and(|wanted| !wanted.is_empty() && wanted != "0") {
        let section = Section {
            title: "A gate".to_owned(),
            text: String::new(),
            rows,
        };
        let file = root.join("benches/results/gate.md");
        fs::write(
            &file,
            record::record(("Gate", "gate"), &machine, &[section]),
        )?;
        println!("{}", file.display());
    }
    Ok(())
}

fn row(what: &str, measured: &str, asked: &str) -> Vec<String> {
    [what, measured, asked].map(str::to_owned).to_vec()
}

fn decisions(metrics: &mut Metrics, rows: &mut Vec<Vec<String>>) -> Result<(), Failure> {
    let cost = policy_cost()?;
    metrics.insert("policy.p50_us".to_owned(), cost.p50_us);
    metrics.insert("policy.p99_us".to_owned(), cost.p99_us);
    let (p50, p99) = (cost.p50_us, cost.p99_us);
    rows.push(row(
        &format!("one decision, {N_LISTED} listed"),
        &format!("p50 {p50:.1} µs, p99 {p99:.1} µs"),
        "20 µs",
    ));
    let split = format!("{} granted, {} referred", cost.n_granted, cost.n_referred);
    rows.push(row("  of these", &split, "half and half"));
    Ok(())
}

fn rehearsals(metrics: &mut Metrics, rows: &mut Vec<Vec<String>>) {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    let mut is_safe = true;
    for seed in SEEDS {
        let report = rehearsal(seed);
        is_safe &= report.is_safe();
        for (name, n) in [
            ("passages", report.n_passages),
            ("false_openings", report.n_false_openings),
            ("stale_openings", report.n_stale_openings),
            ("obeyed_twice", report.n_obeyed_twice),
            ("passages_without_end", report.n_unended),
            ("crossings", report.n_crossings),
            ("movements", report.n_movements),
            ("registered", report.n_registered),
            ("served", report.n_served),
        ] {
            *sums.entry(name).or_default() += n;
        }
    }
    let n = |name: &str| sums.get(name).copied().unwrap_or(0);
    for (name, sum) in &sums {
        metrics.insert((*name).to_owned(), *sum as f64);
    }
    let runs = SEEDS.len();
    rows.push(row(
        &format!("{runs} rehearsals of {N_VEHICLES} vehicles"),
        &format!("{} passages", n("passages")),
        "",
    ));
    let openings = format!("{}, {}", n("false_openings"), n("stale_openings"));
    rows.push(row("  false and stale openings", &openings, "0, 0"));
    let ends = format!("{} without end", n("passages_without_end"));
    rows.push(row("  passages", &ends, "0"));
    let counts = format!("{} crossings, {} movements", n("crossings"), n("movements"));
    rows.push(row("  counted", &counts, "equal"));
    let served = n("served") as f64 / (n("registered") as f64).max(1.0);
    rows.push(row("  registered ones served", &format!("{served:.3}"), ""));
    let word = if is_safe { "yes" } else { "no" };
    rows.push(row("  counts right at both gates", word, "yes"));
}

fn n_films() -> Result<u64, Failure> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--films");
    if arguments.next().is_none() {
        return Ok(N_FILMS);
    }
    let n = arguments.next().and_then(|n| n.parse().ok());
    n.filter(|n| 0 < *n)
        .ok_or_else(|| "write --films and a number above 0".into())
}

/// From the light on the sensor to the barrier.
fn lane(
    root: &Path,
    folder: &Path,
    metrics: &mut Metrics,
    rows: &mut Vec<Vec<String>>,
) -> Result<(), Failure> {
    let checkout = Checkout::new(root);
    if let Err(reason) = checkout.prepare(SceneKind::Gate) {
        println!("the lane is skipped: {reason}");
        return Ok(());
    }
    let seeds = FIRST_FILM..FIRST_FILM + n_films()?;
    let timed = latency(&checkout, seeds, &folder.join("lane"), &mut |line| {
        println!("{line}");
    })?;
    rows.push(row(
        "one lane of 720p25 over RTSP",
        &format!("{} films", timed.n_films),
        "",
    ));
    for step in STEPS {
        let q = timed.of(step);
        for (name, value) in [("n", q.n as f64), ("p50_ms", q.p50), ("p99_ms", q.p99)] {
            metrics.insert(format!("{step}.{name}"), value);
        }
        let asked = match step {
            "capture_to_command" => "p50 120, p99 300 ms",
            "command_to_ack" => "p99 50 ms",
            _ => "",
        };
        let words = step.replace('_', " ");
        let measured = format!(
            "p50 {:.1}, p95 {:.1}, p99 {:.1}, max {:.1} ms (n = {})",
            q.p50, q.p95, q.p99, q.max, q.n
        );
        rows.push(row(&format!("  {words}"), &measured, asked));
    }
    Ok(())
}

fn faces(root: &Path, metrics: &mut Metrics, rows: &mut Vec<Vec<String>>) -> Result<(), Failure> {
    // What cannot be made ready is told where it is missed.
    drop(Checkout::new(root).prepare(SceneKind::Door));
    let runtime = Runtime::start(&RuntimeSearch {
        from_environment: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
        root: Some(root.to_owned()),
        ..RuntimeSearch::default()
    })?;
    let outcome = measure(&runtime, &Places::of(root), &mut |line| println!("{line}"))?;
    metrics.extend(outcome.metrics());
    rows.extend(outcome.table().into_iter().skip(1));
    Ok(())
}

fn idle_lane(
    root: &Path,
    folder: &Path,
    metrics: &mut Metrics,
    rows: &mut Vec<Vec<String>>,
) -> Result<(), Failure> {
    let checkout = Checkout::new(root);
    if let Err(reason) = checkout.prepare(SceneKind::Gate) {
        println!("idle lane skipped: {reason}");
        return Ok(());
    }
    let cost = idle::cost(&checkout, &folder.join("idle"))?;
    metrics.insert("idle_core_percent".to_owned(), cost.idle);
    let measured = format!(
        "{:.2} % of a core, {:.2} % with all decoded",
        cost.idle, cost.full
    );
    rows.push(row("an idle lane of 720p25", &measured, "3 %"));
    Ok(())
}
