//! `gac list publish` and `gac list bundle`: bundles by hand, also on a memory stick.

use super::centre::Publisher;
use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::SiteId;
use service::{
    bus::{Bus, BusConfig},
    clock,
    config::site::BrokerKind,
    keys::{CommandVerifier, SigningKeyFile},
    list_bundle::{Bundle, StoredError},
};
use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};
use wire::{PART_BYTES, PARTS_MAX, Seal};

/// How long the broker has to take a list.
const PUBLISH_WITHIN: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(crate) struct PublishArguments {
    /// The centre's site file
    site: PathBuf,
    /// Write the sealed list into this file, for a memory stick, and leave the broker alone
    #[arg(long)]
    file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum BundleCommand {
    /// Say what a file holds, without looking at its signature
    Show(FileArgument),
    /// Check every byte of a file
    Verify(VerifyArguments),
    /// Put a file from the centre into force at this edge
    Install(InstallArguments),
}

#[derive(Args)]
pub(crate) struct FileArgument {
    /// The file
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// The file
    file: PathBuf,
    /// The centre's public key, 64 hexadecimal digits, as `gac list publish` prints it
    #[arg(long, required_unless_present = "site")]
    public_key: Option<String>,
    /// Or the site file of an edge, which has the key
    #[arg(long, conflicts_with = "public_key")]
    site: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct InstallArguments {
    /// The edge's site file
    site: PathBuf,
    /// The file
    file: PathBuf,
}

/// Seals the list, and publishes it or writes it into a file.
pub(crate) fn publish(arguments: &PublishArguments) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    if site.is_edge() {
        bail!(
            "this is an edge: its list comes from the centre; run it with the centre's site file"
        );
    }
    let (bundle, key) = site.sealed_list()?;
    println!("{}", summary(bundle.sealed()));
    println!("public_key = \"{}\"", key.public_hex());
    if let Some(file) = &arguments.file {
        let writing = fs::write(file, bundle.to_file());
        writing.with_context(|| format!("writing {}", file.display()))?;
        println!(
            "{}: take it to the edge and run `gac list bundle install site.toml FILE` there",
            file.display()
        );
        return Ok(());
    }
    if site.site.broker.kind == BrokerKind::Embedded {
        bail!(
            "the embedded broker is inside `gac run`; write kind = \"external\" under [broker], or \
             take the list away with --file"
        );
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(send(&site, &bundle))?;
    println!("published");
    Ok(())
}

async fn send(site: &LoadedSite, bundle: &Bundle) -> Result<()> {
    let section = &site.site.broker;
    let mut config = BusConfig::new(&section.host, section.port, site.id()?, "list-by-hand");
    config.credentials = site.credentials()?;
    let (bus, _events) = Bus::connect(config);
    let mut publisher = Publisher::new(bus.clone());
    let published = tokio::time::timeout(PUBLISH_WITHIN, publisher.publish(bundle)).await;
    bus.close(Duration::from_secs(1)).await;
    published.with_context(|| {
        format!(
            "the broker at {}:{} is not reached or does not take it",
            section.host, section.port
        )
    })?
}

/// Runs `gac list bundle`.
pub(crate) fn bundle(command: &BundleCommand) -> Result<()> {
    match command {
        BundleCommand::Show(arguments) => {
            let bytes = read(&arguments.file)?;
            let line = bytes
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let seal = Seal::decode(line)
                .with_context(|| format!("{} is no list bundle", arguments.file.display()))?;
            println!("{}; not verified", summary(&seal));
            Ok(())
        }
        BundleCommand::Verify(arguments) => verify(arguments),
        BundleCommand::Install(arguments) => install(arguments),
    }
}

fn verify(arguments: &VerifyArguments) -> Result<()> {
    let bytes = read(&arguments.file)?;
    let trusted = match (&arguments.public_key, &arguments.site) {
        (Some(key), _) => CommandVerifier::from_public_hex(key)?,
        (None, Some(path)) => trusted_at(&LoadedSite::load(path)?)?,
        (None, None) => bail!("--public-key or --site is needed"),
    };
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let seal = Seal::decode(line);
    let seal = seal.with_context(|| format!("{} is no list bundle", arguments.file.display()))?;
    let bundle = open(&arguments.file, &trusted, &seal.site, &bytes)?;
    println!(
        "{}; right, {} entries",
        summary(bundle.sealed()),
        bundle.list().registrations.len()
    );
    Ok(())
}

/// Whose bundles count: at an edge the key of its site file, at the centre its own.
fn trusted_at(site: &LoadedSite) -> Result<CommandVerifier> {
    if site.is_edge() {
        return Ok(site.site.list.trusted());
    }
    let key = SigningKeyFile::load_or_create(&site.state(super::LIST_KEY))?;
    Ok(CommandVerifier::from_public(&key.public())?)
}

fn install(arguments: &InstallArguments) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    if !site.is_edge() {
        bail!("this site has its own list; write from = \"centre\" and public_key under [list]");
    }
    site.list_store()?; // the site's own folder
    let bytes = read(&arguments.file)?;
    let bundle = open(
        &arguments.file,
        &site.site.list.trusted(),
        &site.id()?,
        &bytes,
    )?;
    let store = site.edge_store();
    let held = match store.seal() {
        Ok(held) => held,
        Err(StoredError::Refused { .. }) => None, // this one takes its place
        Err(error) => return Err(error.into()),
    };
    let refused = bundle.check_newer(held.as_ref(), clock::now());
    refused.with_context(|| format!("{} was not installed", arguments.file.display()))?;
    store.save(&bundle)?;
    println!("{}; installed", summary(bundle.sealed()));
    println!("a running `gac gate` takes it up within 10 seconds");
    Ok(())
}

fn open(path: &Path, trusted: &CommandVerifier, site: &SiteId, bytes: &[u8]) -> Result<Bundle> {
    Bundle::from_file(trusted, site, bytes)
        .with_context(|| format!("{} does not count", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let n_bytes_max = (PARTS_MAX + 1) * PART_BYTES;
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(u64::try_from(n_bytes_max)? + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("reading {}", path.display()))?;
    if n_bytes_max < bytes.len() {
        bail!("{} is larger than a list bundle", path.display());
    }
    Ok(bytes)
}

/// One line about a bundle.
pub(crate) fn summary(seal: &Seal) -> String {
    format!(
        "site {}, version {}, right as of {}, until {}, {} bytes in {} parts, sealed with key {}",
        seal.site,
        seal.version,
        wire::format_time(seal.as_of),
        wire::format_time(seal.expires_at),
        seal.n_bytes,
        seal.parts.len(),
        seal.key_id
    )
}
