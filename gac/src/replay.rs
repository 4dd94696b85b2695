//! `gac replay`: decides a gate's journal again and compares every byte.

use anyhow::{Context as _, Result};
use std::{path::PathBuf, process::ExitCode};

/// What to replay.
#[derive(clap::Args)]
pub struct ReplayArguments {
    /// A gate's journal, for example `state/journal-gate-gate-1.jsonl`
    journal: PathBuf,
}

/// Exit code 0 when every answer came out the same.
pub fn replay(arguments: &ReplayArguments) -> Result<ExitCode> {
    let report = gate_controller::replay(&arguments.journal)
        .with_context(|| format!("replaying {}", arguments.journal.display()))?;
    println!(
        "the same: {} outputs ({} verdicts, {} commands) from {} inputs over {} starts",
        report.n_outputs, report.n_verdicts, report.n_commands, report.n_inputs, report.n_starts
    );
    if let Some(tail) = report.truncated_tail {
        println!("a crash cut the last line off: {tail:?}");
    }
    Ok(ExitCode::SUCCESS)
}
