//! `gac reader`: keys of readers of chips and VNeID, and a reader in software for trying a site
//! out.

use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::document::CitizenNumber;
use service::{
    clock,
    document_reader::{ReadMethod, ShownDocument, SimulatedReader},
    keys::SigningKeyFile,
};
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// How long the service may take for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// `gac reader`
#[derive(Args)]
pub struct ReaderArguments {
    #[command(subcommand)]
    command: ReaderCommand,
}

#[derive(Subcommand)]
enum ReaderCommand {
    /// Make a reader's key, when there is none yet, and print its public half for the site file
    Key(KeyArguments),
    /// Sign what a reader would say of a document, and post it to the running console
    Simulate(SimulateArguments),
}

#[derive(Args)]
struct KeyArguments {
    /// The file with the secret half
    key: PathBuf,
}

#[derive(Args)]
struct SimulateArguments {
    /// The site file
    site: PathBuf,
    /// The reader's id in the site file
    #[arg(long)]
    reader: String,
    /// The file with the reader's secret key
    #[arg(long)]
    key: PathBuf,
    /// The gate that the reader stands at
    #[arg(long)]
    gate: String,
    /// The 12 digits of a made-up citizen's card
    #[arg(long)]
    number: String,
    /// How the reader came to know it
    #[arg(long, value_enum, default_value_t = Method::Chip)]
    method: Method,
    /// Say that the document is not authentic
    #[arg(long)]
    forged: bool,
    /// Where the console is; where the site file says when absent
    #[arg(long)]
    url: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Chip,
    Vneid,
}

/// Runs the command.
pub fn reader(arguments: &ReaderArguments) -> Result<ExitCode> {
    match &arguments.command {
        ReaderCommand::Key(arguments) => {
            let key = SigningKeyFile::load_or_create(&arguments.key)?;
            println!("{}", key.public_hex());
            Ok(ExitCode::SUCCESS)
        }
        ReaderCommand::Simulate(arguments) => simulate(arguments),
    }
}

fn simulate(arguments: &SimulateArguments) -> Result<ExitCode> {
    let site = LoadedSite::load(&arguments.site)?;
    if !arguments.key.exists() {
        bail!(
            "there is no key {}: make one with `gac reader key` and put its public half into the \
             site file",
            arguments.key.display()
        );
    }
    let reader = SimulatedReader {
        id: arguments.reader.clone(),
        site: site.site.site.id.get_ref().parse()?,
        gate: arguments.gate.parse()?,
        method: match arguments.method {
            Method::Chip => ReadMethod::Chip,
            Method::Vneid => ReadMethod::Vneid,
        },
        key: SigningKeyFile::load_or_create(&arguments.key)?,
    };
    // The error's own text may tell the number.
    let number = CitizenNumber::parse(&arguments.number)
        .map_err(|_invalid| anyhow::anyhow!("--number is no citizen's number of 12 digits"))?;
    let document = ShownDocument {
        number,
        is_authentic: !arguments.forged,
        expires_at: None,
    };
    let base = match &arguments.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", site.site.web.listen.get_ref()),
    };
    post(&base, &reader.show(&document, clock::now()))
}

/// Prints what the service answers.
fn post(base: &str, message: &[u8]) -> Result<ExitCode> {
    let url = format!("{base}/api/v1/readers/messages");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        .build()
        .into();
    let sent = agent
        .post(&url)
        .header("content-type", "application/json")
        .send(message);
    let mut answer = sent.with_context(|| format!("posting to {url}; does the console run?"))?;
    let status = answer.status();
    println!(
        "{} {}",
        status.as_u16(),
        answer.body_mut().read_to_string()?
    );
    Ok(if status.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
