//! The program `gac`: one binary for every shape of a site.

use anyhow::Result;
use clap::{Parser, Subcommand};
use gac::{
    check, demo, explain, list, models, pass, people, reader, replay, run, simulate, visitor,
    watch_list,
};
use std::{path::PathBuf, process::ExitCode};

/// Keeps watch at gates and roads: cameras to gate decisions and traffic cases.
#[derive(Parser)]
#[command(name = "gac", version, about, max_term_width = 100)]
struct Arguments {
    /// Write logs as JSON, one record a line
    #[arg(long, global = true)]
    log_json: bool,
    /// What to log, for example `info` or `pipeline=debug`
    #[arg(
        long,
        global = true,
        default_value = "warn,rumqttd=off",
        env = "GAC_LOG"
    )]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show everything at once on sample cameras, and measure it against the truth
    Demo(demo::DemoArguments),
    /// Run a whole site in one process: cameras, broker, gates, cases and console
    Run(SiteFile),
    /// Run only the cameras of a site (the broker is elsewhere)
    Pipeline(SiteFile),
    /// Run only the gates of a site (the broker is elsewhere)
    Gate(SiteFile),
    /// Run only the store, the JSON API and the console (the broker is elsewhere)
    Api(SiteFile),
    /// List, fetch and verify models
    Models(models::ModelsArguments),
    /// Enrol people, list them, and let them withdraw
    People(people::PeopleArguments),
    /// Keep the list of people whom the site looks for, and answer its alerts
    WatchList(watch_list::WatchListArguments),
    /// Say what is wrong in a site file, where, and what to write instead
    Check(check::CheckArguments),
    /// Import the list of who may pass from a spreadsheet
    List(list::ListArguments),
    /// Make, list and call back visitor passes
    Pass(pass::PassArguments),
    /// Make a link by which a host's visitors announce themselves
    Visitor(visitor::VisitorArguments),
    /// Make a reader's key, or speak like a reader of chips or VNeID
    Reader(reader::ReaderArguments),
    /// Decide a gate's journal again and compare every byte
    Replay(replay::ReplayArguments),
    /// Say why a verdict came out as it did, and what would have changed it
    Explain(explain::ExplainArguments),
    /// Try a new policy on the passages that have been, and list whose answer changes
    Simulate(simulate::SimulateArguments),
}

/// Which site.
#[derive(clap::Args)]
struct SiteFile {
    /// The site file; `docs/ref/config.md` describes every key
    site: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = service::telemetry::init(arguments.log_json, &arguments.log) {
        eprintln!("gac: {error}");
        return ExitCode::FAILURE;
    }
    match dispatch(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gac: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Run(file) => run::run(&file.site, run::Parts::ALL),
        Command::Pipeline(file) => run::run(&file.site, run::Parts::PIPELINE),
        Command::Gate(file) => run::run(&file.site, run::Parts::GATE),
        Command::Api(file) => run::run(&file.site, run::Parts::API),
        Command::Models(arguments) => models::models(&arguments),
        Command::People(arguments) => people::people(&arguments),
        Command::WatchList(arguments) => watch_list::watch_list(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Pass(arguments) => pass::pass(&arguments),
        Command::Visitor(arguments) => visitor::visitor(&arguments),
        Command::Reader(arguments) => reader::reader(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
    }
}
