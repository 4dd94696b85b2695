//! `gac list`: the imported part of a site's list.

use crate::{
    bundle::command::{BundleCommand, PublishArguments, bundle, publish, summary},
    site::LoadedSite,
};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::{Plate, Registration, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use policy::ListRegistry;
use service::site_list::import::{FILE_BYTES_MAX, ImportOptions, Imported, import};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Look-alike pairs that are told one by one.
const PAIRS_MAX: usize = 50;

/// `gac list`
#[derive(Args)]
pub struct ListArguments {
    #[command(subcommand)]
    command: ListCommand,
}

#[derive(Subcommand)]
enum ListCommand {
    /// Put a spreadsheet's CSV file into force, all of it or nothing, with a report line by line
    Import(ImportArguments),
    /// How many vehicles the list in force has
    Show(ShowArguments),
    /// Seal the list for gates on other machines, and publish it or write it into a file
    Publish(PublishArguments),
    /// Look into a sealed list, check it, or put it into force at an edge
    #[command(subcommand)]
    Bundle(BundleCommand),
}

#[derive(Args)]
struct ImportArguments {
    /// The site file
    site: PathBuf,
    /// The CSV file: UTF-8 or UTF-16, columns parted by ; or , or tabs
    file: PathBuf,
    /// Only report, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take plates that no Vietnamese plate looks like, with a warning
    #[arg(long)]
    foreign: bool,
}

#[derive(Args)]
struct ShowArguments {
    /// The site file
    site: PathBuf,
}

/// Exit code 0 when the list was (or would be) taken.
pub fn list(arguments: &ListArguments) -> Result<ExitCode> {
    match &arguments.command {
        ListCommand::Import(arguments) => take(arguments),
        ListCommand::Publish(arguments) => publish(arguments).map(|()| ExitCode::SUCCESS),
        ListCommand::Bundle(command) => bundle(command).map(|()| ExitCode::SUCCESS),
        ListCommand::Show(arguments) => {
            let site = LoadedSite::load(&arguments.site)?;
            if site.is_edge() {
                match site.edge_store().seal()? {
                    Some(seal) => println!("{}", summary(&seal)),
                    None => println!("no list has come from the centre yet"),
                }
                return Ok(ExitCode::SUCCESS);
            }
            let list = site.list_store()?.read()?;
            let n_passes = list
                .registrations
                .iter()
                .filter(|r| r.pass.is_some())
                .count();
            println!(
                "version {}: {} vehicles, {n_passes} passes",
                list.version,
                list.registrations.len() - n_passes
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn take(arguments: &ImportArguments) -> Result<ExitCode> {
    let site = LoadedSite::load(&arguments.site)?;
    let bytes = read(&arguments.file)?;
    let options = ImportOptions {
        zone: TimeZone::get(site.site.site.timezone.get_ref())?,
        takes_foreign: arguments.foreign,
    };
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("reading {bar:40} {percent} % {eta}") {
        bar.set_style(style);
    }
    let imported = import(&bytes, &options, &mut |share| {
        bar.set_position((share * 1000.0) as u64)
    });
    bar.finish_and_clear();
    let file = arguments.file.display();
    for problem in &imported.problems {
        println!("{file}: {problem}");
    }
    if 0 < imported.n_more {
        println!("{file}: {} more of the like", imported.n_more);
    }
    for line in look_alikes(&imported) {
        println!("{file}: {line}");
    }
    let (n_rows, n_errors) = (imported.n_rows, imported.n_errors());
    let Some(entries) = imported.into_entries() else {
        println!("{file}: {n_errors} errors in {n_rows} lines: nothing was taken");
        return Ok(ExitCode::FAILURE);
    };
    let n_entries = entries.len();
    if arguments.dry_run {
        println!("{file}: right: {n_entries} vehicles in {n_rows} lines; nothing was changed");
        return Ok(ExitCode::SUCCESS);
    }
    let version = site.list_store()?.replace_imported(entries)?;
    println!("{file}: {n_entries} vehicles of {n_rows} lines are the list now, version {version}");
    println!("a running `gac run` or `gac gate` takes it up within a minute");
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("reading {}", path.display()))?;
    if FILE_BYTES_MAX < bytes.len() as u64 {
        bail!("{} is larger than 64 MiB: divide it", path.display());
    }
    Ok(bytes)
}

/// Pairs that one confusable character separates, each with its lines.
fn look_alikes(imported: &Imported) -> Vec<String> {
    let mut line_of = BTreeMap::new();
    let mut entries = Vec::new();
    for (line, entry) in imported.lines() {
        if let Ok(plate) = Plate::parse(&entry.plate) {
            line_of.insert(plate.written(), line);
            entries.push(Registration {
                plate: Some(plate),
                ..Registration::allow()
            });
        }
    }
    let registry = ListRegistry::new(entries, Timestamp::EPOCH);
    let pairs = registry.look_alike_pairs();
    let line = |entry: &Registration| {
        let line = entry
            .plate
            .as_ref()
            .and_then(|plate| line_of.get(&plate.written()));
        line.copied().unwrap_or_default()
    };
    let mut told: Vec<(u64, u64)> = pairs.iter().map(|(a, b)| (line(a), line(b))).collect();
    told.iter_mut()
        .for_each(|(a, b)| (*a, *b) = (*a.min(b), *a.max(b)));
    told.sort_unstable();
    let n_more = told.len().saturating_sub(PAIRS_MAX);
    let mut lines: Vec<String> = told
        .iter()
        .take(PAIRS_MAX)
        .map(|(a, b)| {
            format!(
                "warning: lines {a} and {b}: plates that differ in one character that a camera may \
                 confuse; a doubtful reading of either is referred to the guard"
            )
        })
        .collect();
    if 0 < n_more {
        lines.push(format!("warning: {n_more} more pairs of look-alike plates"));
    }
    lines
}
