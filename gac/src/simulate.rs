//! `gac simulate`: a new policy on the passages that have been, before it is switched on.

use crate::{explain::outcome_words, gate::rules, journals, site::LoadedSite};
use anyhow::{Result, bail};
use domain::Outcome;
use gate_controller::{Answered, Trial, TrialReport, try_policy};
use indicatif::{ProgressBar, ProgressStyle};
use service::clock;
use std::{path::PathBuf, process::ExitCode};

/// What is tried on what.
#[derive(clap::Args)]
pub struct SimulateArguments {
    /// The site file with the new rules and the new list
    #[arg(long)]
    policy: PathBuf,
    /// The site file whose journals hold the passages; that of the new rules when absent
    #[arg(long)]
    site: Option<PathBuf>,
    /// How far to go back: 30d, 12h, 90m
    #[arg(long, default_value = "30d")]
    since: String,
    /// Keep the lists that were in force, and try the new rules alone
    #[arg(long)]
    keep_lists: bool,
    /// Most changes to print; all are counted
    #[arg(long, default_value_t = 200)]
    limit: usize,
}

/// Exit code 0 also when answers change: that is what it is asked for.
pub fn simulate(arguments: &SimulateArguments) -> Result<ExitCode> {
    let new = LoadedSite::load(&arguments.policy)?;
    let old = match &arguments.site {
        Some(site) => LoadedSite::load(site)?,
        None => LoadedSite::load(&arguments.policy)?,
    };
    let since = journals::before(clock::now(), &arguments.since).map_err(anyhow::Error::msg)?;
    let mut work = Vec::new();
    for section in &new.site.gates {
        let trial = Trial {
            policy: rules::policy(&new, section)?,
            lane: rules::lane(section)?,
            list: (!arguments.keep_lists).then(|| new.site.list(clock::now())),
            since,
        };
        for journal in journals::of_gate(&old, section.id.get_ref())? {
            work.push((trial.clone(), journal));
        }
    }
    if work.is_empty() {
        bail!(
            "there is no journal of a gate of {} in {}; a site that has run has one for each gate",
            arguments.policy.display(),
            old.state("").display()
        );
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} journals {msg}")
        .unwrap_or_else(|_template| ProgressStyle::default_bar());
    let bar = ProgressBar::new(work.len() as u64).with_style(style);
    let (mut report, mut n_left_out) = (TrialReport::default(), 0);
    for (trial, journal) in &work {
        bar.set_message(trial.lane.gate.to_string());
        let tried = try_policy(journal, trial);
        match tried {
            Ok(tried) => report.join(tried),
            // One that a program of another version wrote must not take the others with it.
            Err(error) => {
                let error = anyhow::Error::from(error);
                bar.suspend(|| eprintln!("{} is left out: {error:#}", journal.display()));
                n_left_out += 1;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if n_left_out == work.len() {
        bail!("none of the {n_left_out} journals can be read");
    }
    print!("{}", text(&report, &new, arguments.limit));
    Ok(ExitCode::SUCCESS)
}

fn text(report: &TrialReport, site: &LoadedSite, limit: usize) -> String {
    let timezone = site.site.site.timezone.get_ref();
    let n_changed = report.changed.len();
    let mut lines = vec![format!(
        "{} passages, {n_changed} answered otherwise",
        report.n_passages
    )];
    let words = |outcome: Option<Outcome>| outcome.map_or("no answer".to_owned(), outcome_words);
    for ((before, after), n) in &report.pairs {
        let mark = if before == after { " " } else { "*" };
        lines.push(format!(
            "{mark}{n:>8}  {} → {}",
            words(*before),
            words(*after)
        ));
    }
    for changed in report.changed.iter().take(limit) {
        let at = journals::local_time(changed.at, timezone);
        let said = |answered: Option<Answered>| match answered {
            Some((outcome, Some(rule))) => format!("{} ({rule})", outcome_words(outcome)),
            Some((outcome, None)) => outcome_words(outcome),
            None => "no answer".to_owned(),
        };
        lines.push(format!(
            "{at}  {}  {}  {} → {}",
            changed.gate,
            changed.passage,
            said(changed.before),
            said(changed.after)
        ));
    }
    if limit < n_changed {
        lines.push(format!("… and {} more (--limit)", n_changed - limit));
    }
    lines.push(String::new());
    lines.join("\n")
}
