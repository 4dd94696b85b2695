//! Finding and reading plates: every chain of the catalogue on every set, in one run.
//!
//! `make bench-plates`; of the usual sets one alone with `SET=greenparking`, and on pictures of
//! one's own with `SET=folder`, where a `gt.tsv` with the columns `file`, `x y w h` or
//! `x0 y0 x1 y1`, and `text` says what is there (a column `group` counts some of them apart);
//! without one the reads are listed. The chain of our own models is named `ours`;
//! `READER=file.onnx` and `DETECTOR=file.onnx` try models that the catalogue does not have yet.
//! `PP_OCR=1` gets PP-OCR from PyPI and adds it. `PASSES=1` adds the vote over many frames: gate
//! scenes at seeds 1 to 5 by day, by night and in rain, through the pipeline, about a quarter of a
//! minute for each; `PASSES=6-15` at seeds 6 to 15. `RECORD=1` writes `benches/results/plates.md`.
//!
//! Writes `target/bench/plates.json` with flat names, `SET.CHAIN.FIGURE` (of a group
//! `SET-GROUP.CHAIN.FIGURE`), and pages with diagrams and misreads in `target/bench/plates/`.
//!
//! Where a set has no boxes, a plate counts as found where any box is, and the read that is nearest
//! to the truth is judged: its pictures show other plates too, and false boxes are not counted.
//! `score at 92 %` is the score that lets 92 % of all plates through, `accepted` and `wrong` what
//! that does; `at 0.7` and `wrong` are the same at the score that sites begin with. A score is that
//! of the weakest character. Times are of one thread on one core: the median of five passes over
//! the same pictures, of each the median picture; `ours/it` is how long ours takes beside it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use benches::{
    cores::{self, Work},
    plates::{
        chains::{self, Chains, OURS, Tried},
        chart, generated,
        page::{Page, page},
        passes::{self, Passes},
        pp_ocr::PpOcr,
        reliability,
        results::{HEADINGS, Results},
        run::{self, Event},
        set::PlateSet,
        view::{ENTRIES_MAX, Outcome},
    },
    record::{self, Machine, Section},
    table::table,
};
use gac::{offline::Checkout, report::Expectation};
use indicatif::{ProgressBar, ProgressStyle};
use models::{Runtime, RuntimeSearch};
use std::{
    collections::BTreeMap,
    error::Error,
    ffi::OsString,
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The sets that are looked for where no other is named.
const SETS: [&str; 4] = [
    "private-eval/greenparking",
    "private-eval/gate-cars",
    "images/vn-mit",
    "images/openalpr-eu",
];
/// Of what cannot be used so much is named.
const NAMED_MAX: usize = 10;

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("plates: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that was measured.
#[derive(Default)]
struct Measured {
    rows: Vec<Vec<String>>,
    group_rows: Vec<Vec<String>>,
    pass_rows: Vec<Vec<String>>,
    /// Which passes these are.
    seeds: String,
    metrics: BTreeMap<String, f64>,
    charts: Vec<String>,
    notes: Vec<String>,
}

fn bench() -> Result<(), Failure> {
    let work = Work::so_far();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or("the checkout has no root")?;
    let folder = root.join("target/bench");
    fs::create_dir_all(folder.join("plates"))?;
    let mut measured = Measured::default();
    let mut machine = Machine::of(root);
    if is_on("PASSES") {
        let named = argument("PASSES").unwrap_or_default();
        let seeds = passes::seeds(&named.to_string_lossy())?;
        gate_passes(root, &folder, &seeds, &mut measured)?;
    }
    let sets = sets(root, &folder)?;
    machine.pinned = match cores::pin(&work) {
        Ok(core) => format!("pinned to core {core}"),
        Err(reason) => format!("not pinned: {reason}"),
    };
    println!("times: one thread, {}", machine.pinned);
    let mut chains = chains(root)?;
    for set in sets {
        let outcome = run(&set, &mut chains)?;
        measured.add(&set, &chains, &outcome);
        write_page(&folder, (&set, &chains), &outcome)?;
    }
    machine.load[1] = record::load();
    measured.finish(&folder)?;
    if is_on("RECORD") {
        let file = root.join("benches/results/plates.md");
        fs::create_dir_all(root.join("benches/results"))?;
        fs::write(
            &file,
            record::record(("Plates", "plates"), &machine, &measured.sections()),
        )?;
        println!("{}", file.display());
    }
    Ok(())
}

fn argument(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn is_on(name: &str) -> bool {
    argument(name).is_some_and(|value| value != "0")
}

fn bar(what: &str, n: u64) -> ProgressBar {
    let bar = ProgressBar::new(n).with_message(what.to_owned());
    let style = ProgressStyle::with_template("{msg:24} {bar:28} {pos}/{len}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_template| ProgressStyle::default_bar()));
    bar
}

/// The folder of `SET`, from the root of the checkout, or the usual set of that name; without it
/// all of the usual ones that are there.
fn sets(root: &Path, folder: &Path) -> Result<Vec<PlateSet>, Failure> {
    let wanted = argument("SET");
    let data = root.join("../shared/data");
    if let Some(wanted) = &wanted {
        let path = root.join(wanted);
        let is_usual = SETS.iter().any(|set| Path::new(set).ends_with(wanted));
        if path.is_dir() || !(is_usual || wanted == generated::NAME) {
            return Ok(vec![PlateSet::load(&path)?]);
        }
    }
    let is_wanted = |set: &str| wanted.as_ref().is_none_or(|w| Path::new(set).ends_with(w));
    let mut sets = Vec::new();
    for set in SETS.iter().filter(|set| is_wanted(set)) {
        let path = data.join(set);
        if path.is_dir() {
            sets.push(PlateSet::load(&path)?);
        } else {
            println!("skipped: {} is not there", path.display());
        }
    }
    if is_wanted(generated::NAME) {
        let path = folder.join("sets").join(generated::NAME);
        let bar = bar("drawing plates", generated::n_scenes());
        generated::make(&path, || bar.inc(1))?;
        bar.finish_and_clear();
        sets.push(PlateSet::load(&path)?);
    }
    Ok(sets)
}

fn chains(root: &Path) -> Result<Chains, Failure> {
    let runtime = Runtime::start(&RuntimeSearch {
        from_environment: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
        root: Some(root.to_owned()),
        ..RuntimeSearch::default()
    })?;
    let file = |name| argument(name).map(|path| root.join(path));
    let tried = Tried {
        reader: file("READER"),
        detector: file("DETECTOR"),
    };
    let store = chains::store(root, &tried)?;
    let mut chains = Chains::load(&runtime, &store)?;
    if is_on("PP_OCR") {
        let python = root.join("target/pp-ocr/bin/python");
        let pp_ocr = PpOcr::start(&python, &root.join("benches/pp_ocr.py"));
        let pp_ocr = pp_ocr.map_err(|error| format!("PP-OCR does not start: {error}"))?;
        chains.add_pp_ocr(&runtime, &store, pp_ocr)?;
    }
    for line in &chains.left_out {
        println!("left out: {line}");
    }
    for chain in &chains.all {
        println!("{}: {}", chain.name, chain.made_of);
    }
    if chains.all.is_empty() {
        return Err("no detector and reader of plates are here; run `gac models pull`".into());
    }
    Ok(chains)
}

fn run(set: &PlateSet, chains: &mut Chains) -> Result<Outcome, Failure> {
    let bar = bar(&set.name, run::n_steps(set));
    let outcome = run::run(set, &mut chains.all, &mut |event| match event {
        Event::Step => bar.inc(1),
        Event::Listed(line) => bar.suspend(|| println!("{line}")),
    })?;
    bar.finish_and_clear();
    for (what, unused) in [("lines", &set.unused), ("pictures", &outcome.unread)] {
        if !unused.is_empty() {
            let n = unused.len();
            println!("{}: {n} {what} cannot be used:", set.name);
            unused
                .iter()
                .take(NAMED_MAX)
                .for_each(|one| println!("  {one}"));
            if NAMED_MAX < n {
                println!("  and {} more", n - NAMED_MAX);
            }
        }
    }
    if !set.pictures.is_empty() && outcome.unread.len() == set.pictures.len() {
        return Err(format!("{}: no picture of it can be read", set.name).into());
    }
    Ok(outcome)
}

fn named<'a>(chains: &'a Chains, outcome: &'a Outcome) -> Vec<(&'a str, &'a Results)> {
    let names = chains.all.iter().map(|chain| chain.name.as_str());
    names.zip(&outcome.results).collect()
}

fn ours_ms(named: &[(&str, &Results)]) -> Option<f64> {
    let ours = named.iter().find(|(name, _)| *name == OURS)?;
    (!ours.1.passes_ms.is_empty()).then(|| ours.1.ms())
}

impl Measured {
    fn add(&mut self, set: &PlateSet, chains: &Chains, outcome: &Outcome) {
        let n_unused = set.unused.len() + outcome.unread.len();
        if 0 < n_unused {
            let note = format!("{}: {n_unused} lines and pictures cannot be used", set.name);
            self.notes.push(note);
        }
        if !set.has_truth {
            return;
        }
        let named = named(chains, outcome);
        let ours_ms = ours_ms(&named);
        for (chain, results) in &named {
            self.rows.push(results.row(&set.name, chain, ours_ms));
            let prefix = format!("{}.{chain}", set.name);
            results.metrics(&prefix, ours_ms, &mut self.metrics);
            for (group, results) in results.groups() {
                let name = format!("{}-{group}", set.name);
                self.group_rows.push(results.row(&name, chain, None));
                results.metrics(&format!("{name}.{chain}"), None, &mut self.metrics);
            }
        }
        // By group, then by chain.
        self.group_rows.sort_by(|a, b| a[0].cmp(&b[0]));
        self.charts.push(chart::errors(&set.name, &named));
    }

    fn sections(&self) -> Vec<Section> {
        let section = |title: &str, headings: &[&str], rows: &[Vec<String>]| {
            let headings = headings.iter().map(|h| (*h).to_owned()).collect();
            let mut all: Vec<Vec<String>> = vec![headings];
            all.extend_from_slice(rows);
            Section {
                title: title.to_owned(),
                text: String::new(),
                rows: if rows.is_empty() { Vec::new() } else { all },
            }
        };
        let passes = Section {
            text: self.seeds.clone(),
            ..section("Passes of a gate", &passes::HEADINGS, &self.pass_rows)
        };
        vec![
            section("Pictures", &HEADINGS, &self.rows),
            section(
                "Generated plates by colour and light",
                &HEADINGS,
                &self.group_rows,
            ),
            passes,
        ]
    }

    /// Prints the tables, writes the figures, and the page that leads to the others.
    fn finish(&self, folder: &Path) -> Result<(), Failure> {
        for section in self.sections() {
            if !section.rows.is_empty() {
                println!("\n{}", table(&section.rows, 2));
            }
        }
        if self.metrics.is_empty() {
            return Ok(());
        }
        let file = folder.join("plates.json");
        fs::write(&file, serde_json::to_vec_pretty(&self.metrics)?)?;
        println!("{}", file.display());
        let mut charts = vec![chart::legend()];
        charts.extend_from_slice(&self.charts);
        let headings = HEADINGS.map(str::to_owned).to_vec();
        let mut table = vec![headings];
        table.extend(self.rows.iter().chain(&self.group_rows).cloned());
        let overview = Page {
            title: "Plates".to_owned(),
            notes: self.notes.clone(),
            table,
            charts,
            ..Page::default()
        };
        let file = folder.join("plates").join("index.html");
        fs::write(&file, page(&overview))?;
        println!("{}", file.display());
        Ok(())
    }
}

/// The page of one set.
fn write_page(
    folder: &Path,
    (set, chains): (&PlateSet, &Chains),
    outcome: &Outcome,
) -> Result<(), Failure> {
    let named = named(chains, outcome);
    let ours_ms = ours_ms(&named);
    let mut page_of_set = Page {
        title: set.name.clone(),
        entries: outcome.entries.clone(),
        ..Page::default()
    };
    for unused in [&set.unused, &outcome.unread] {
        page_of_set
            .notes
            .extend(unused.iter().take(NAMED_MAX).cloned());
    }
    if set.has_truth {
        page_of_set.table.push(HEADINGS.map(str::to_owned).to_vec());
        page_of_set.charts = vec![chart::legend(), chart::errors(&set.name, &named)];
        for (chain, results) in &named {
            page_of_set
                .table
                .push(results.row(&set.name, chain, ours_ms));
            let bins = [
                reliability::of_reads(&results.judged),
                reliability::of_chars(&results.judged),
            ];
            let diagram = chart::reliability(chain, &bins[0], &bins[1]);
            page_of_set.charts.push(diagram);
        }
        page_of_set.charts.extend(group_charts(&named));
    }
    let file = folder.join("plates").join(format!("{}.html", set.name));
    fs::write(&file, page(&page_of_set))?;
    let n = outcome.entries.len();
    let first = if n < ENTRIES_MAX { "" } else { "the first " };
    println!("{}: {first}{n} crops in {}", set.name, file.display());
    Ok(())
}

/// What each chain did not read, for each group of plates.
fn group_charts(named: &[(&str, &Results)]) -> Vec<String> {
    let mut by_group: BTreeMap<String, Vec<(&str, Results)>> = BTreeMap::new();
    for (chain, results) in named {
        for (group, results) in results.groups() {
            by_group.entry(group).or_default().push((chain, results));
        }
    }
    let chart = |(group, chains): (&String, &Vec<(&str, Results)>)| {
        let chains: Vec<(&str, &Results)> = chains.iter().map(|(c, r)| (*c, r)).collect();
        chart::errors(group, &chains)
    };
    by_group.iter().map(chart).collect()
}

fn gate_passes(
    root: &Path,
    folder: &Path,
    seeds: &RangeInclusive<u64>,
    measured: &mut Measured,
) -> Result<(), Failure> {
    let checkout = Checkout::new(root);
    let bar = bar(passes::NAME, passes::n_scenes(seeds));
    let folder = folder.join(passes::NAME);
    let by_weather = passes::run(&checkout, &folder, seeds, |weather, outcome| {
        bar.inc(1);
        let is_told = |e: &&Expectation| !e.is_met || e.is_plate_right == Some(false);
        for line in outcome.expectations.iter().filter(is_told) {
            let (seed, subject) = (outcome.seed, &line.subject);
            bar.suspend(|| println!("{weather}, seed {seed}: {subject}: {}", line.happened));
        }
    })?;
    bar.finish_and_clear();
    measured.seeds = format!("Seeds {} to {}.", seeds.start(), seeds.end());
    let chain = passes::chain(&checkout);
    let all = Passes::sum(by_weather.values());
    for (weather, passes) in by_weather.iter().chain([(&"all", &all)]) {
        let name = match *weather {
            "all" => passes::NAME.to_owned(),
            weather => format!("{}-{weather}", passes::NAME),
        };
        measured.pass_rows.push(passes.row(&name, &chain));
        passes.metrics(&format!("{name}.{chain}"), &mut measured.metrics);
    }
    Ok(())
}
