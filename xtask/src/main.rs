//! Developer commands: `cargo xtask tidy`.
//!
//! Only `std`, so that the first build on a bare machine takes a second.

mod tidy;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["tidy"] => tidy::run(),
        [] | ["help" | "--help" | "-h"] => {
            eprintln!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Err(vec![format!(
            "unknown command `{}`\n{HELP}",
            other.join(" ")
        )]),
    };
    match result {
        Ok(summary) => {
            eprintln!("{summary}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in &problems {
                eprintln!("xtask: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "cargo xtask tidy    check the fences that cargo and clippy do not have";
