//! Faces: finding, telling apart, searching 100 000 templates, and how long one takes.
//!
//! `make bench-faces`. Writes `target/bench/faces.json` with flat names, and
//! `target/bench/faces/index.html` with the similarities of genuine and impostor pairs, the
//! threshold, the trade-off of errors, every misjudged pair, and those nearest to being so.
//!
//! The threshold is the catalogue's, which was set from LFW and not from these pairs. Intervals
//! are those of 95 % after Clopper and Pearson, as if pairs were independent. Times are of one
//! thread on one core.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use benches::{
    cores::{self, Work},
    faces::{Failure, Outcome, Places, chart, measure},
    plates::page::{Page, page},
    table::table,
};
use gac::offline::Checkout;
use models::{Runtime, RuntimeSearch};
use samples::SceneKind;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("faces: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<(), Failure> {
    let work = Work::so_far();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or("the checkout has no root")?;
    let folder = root.join("target/bench");
    fs::create_dir_all(folder.join("faces"))?;
    let pinned = match cores::pin(&work) {
        Ok(core) => format!("pinned to core {core}"),
        Err(reason) => format!("not pinned: {reason}"),
    };
    println!("times: one thread, {pinned}");
    // What cannot be made ready is told where it is missed.
    drop(Checkout::new(root).prepare(SceneKind::Door));
    let runtime = Runtime::start(&RuntimeSearch {
        from_environment: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
        root: Some(root.to_owned()),
        ..RuntimeSearch::default()
    })?;
    let outcome = measure(&runtime, &Places::of(root), &mut |line| println!("{line}"))?;
    println!("{}\n\n{}", outcome.models, table(&outcome.table(), 1));
    let file = folder.join("faces.json");
    fs::write(&file, serde_json::to_vec_pretty(&outcome.metrics())?)?;
    println!("{}", file.display());
    let file = folder.join("faces/index.html");
    fs::write(&file, page(&page_of(&outcome, &pinned)))?;
    println!("{}", file.display());
    Ok(())
}

fn page_of(outcome: &Outcome, pinned: &str) -> Page {
    let mut found = Page {
        title: "Faces".to_owned(),
        notes: vec![
            format!("Models: {}. Times: one thread, {pinned}.", outcome.models),
            "Intervals of 95 % after Clopper and Pearson, as if pairs were independent; they share \
             people, so that the true ones are wider."
                .to_owned(),
        ],
        table: outcome.table(),
        ..Page::default()
    };
    if let Some(pairs) = &outcome.pairs {
        found.charts = vec![chart::histogram(pairs), chart::trade_off(pairs)];
        let shown = pairs.misjudged().chain(pairs.nearest());
        let shown = shown.map(|pair| chart::judged(pairs, pair));
        found.charts.extend(shown);
    }
    found
}
