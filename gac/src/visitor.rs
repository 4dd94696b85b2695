//! `gac visitor`: links by which hosts' visitors announce themselves.

use crate::{pass::moment, serve::database_url, site::LoadedSite};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{Timestamp, VisitLinkId};
use jiff::tz::TimeZone;
use service::{
    clock,
    ids::{IdSource, Ids as _},
    link_token::LinkToken,
    qr_code::QrDrawing,
};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use violation_api::store::{LinkWanted, Store};

/// A link is worth something for so long at most.
const LASTS_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// Longest name of a host.
const HOST_CHARS_MAX: usize = 80;

/// `gac visitor`
#[derive(Args)]
pub struct VisitorArguments {
    #[command(subcommand)]
    command: VisitorCommand,
}

#[derive(Subcommand)]
enum VisitorCommand {
    /// Make a link for a host: whoever has it announces visitors by it
    InviteLink(InviteArguments),
}

#[derive(Args)]
struct InviteArguments {
    /// The site file
    site: PathBuf,
    /// Who invites, as visitors and guards shall read it
    #[arg(long)]
    host: String,
    /// First moment at which it is worth nothing any more, "2026-11-30 18:00"
    #[arg(long)]
    until: String,
    /// How many visitors may be announced by it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50))]
    visitors_max: u32,
    /// Where the address is written as a QR code, as PNG
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn visitor(arguments: &VisitorArguments) -> Result<ExitCode> {
    match &arguments.command {
        VisitorCommand::InviteLink(arguments) => invite_link(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn invite_link(arguments: &InviteArguments) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    let zone = TimeZone::get(site.site.site.timezone.get_ref())?;
    let now = clock::now();
    let expires_at = moment(&arguments.until, &zone)?;
    check(arguments, expires_at, now)?;
    let token = LinkToken::random();
    let wanted = LinkWanted {
        id: VisitLinkId(IdSource::system().next()),
        token_sha256: token.sha256(),
        host: arguments.host.trim().to_owned(),
        visitors_max: arguments.visitors_max,
        expires_at,
    };
    let url = database_url(&site, &site.site.storage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Store::open(&url).await?;
        store
            .make_visit_link(&wanted, "local (command)", now)
            .await?;
        store.close().await;
        anyhow::Ok(())
    })?;
    let visitors = &site.site.visitors;
    let base = match &visitors.public_url {
        Some(url) => url.get_ref().trim_end_matches('/').to_owned(),
        None => format!("http://{}", site.site.web.listen.get_ref()),
    };
    let address = format!("{base}/visit/{}", token.expose());
    if let Some(out) = &arguments.out {
        QrDrawing::of(&address)?.picture().save(out)?;
    }
    println!("{}", wanted.id);
    println!("{address}");
    println!("shown once: send it to the host; `/visit-links` of the console calls it back");
    Ok(())
}

fn check(arguments: &InviteArguments, expires_at: Timestamp, now: Timestamp) -> Result<()> {
    if expires_at <= now || now.saturating_add(LASTS_MAX) < expires_at {
        bail!("--until must be in the next 90 days");
    }
    let host = arguments.host.trim();
    let is_name = !host.is_empty()
        && host.chars().count() <= HOST_CHARS_MAX
        && !host.chars().any(char::is_control);
    if !is_name {
        bail!("--host must be a name of 1 to {HOST_CHARS_MAX} characters");
    }
    Ok(())
}
