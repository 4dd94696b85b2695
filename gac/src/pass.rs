//! `gac pass`: visitor passes as QR codes.

use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::{GroupId, PassId, Plate, Timestamp};
use jiff::{Zoned, civil::DateTime, tz::TimeZone};
use service::{
    clock,
    ids::{IdSource, Ids as _},
    pass_desk::PassWish,
    qr_code::QrDrawing,
    site_list::PassStanding,
};
use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Where the key of a site's passes is.
pub(crate) const PASS_KEY: &str = "keys/pass.key";

/// `gac pass`
#[derive(Args)]
pub struct PassArguments {
    #[command(subcommand)]
    command: PassCommand,
}

#[derive(Subcommand)]
enum PassCommand {
    /// Make a pass and put it on the site's list
    Make(MakeArguments),
    /// List passes
    List(SiteArgument),
    /// Call a pass back: from then on it is refused
    Revoke(RevokeArguments),
}

#[derive(Args)]
struct SiteArgument {
    /// The site file
    site: PathBuf,
}

#[derive(Args)]
struct MakeArguments {
    /// The site file
    site: PathBuf,
    /// The vehicle that it is for, as printed; without it the pass is for whoever shows it
    #[arg(long)]
    plate: Option<String>,
    /// First moment of validity in the site's time, "2026-11-22 07:00"; now when absent
    #[arg(long)]
    from: Option<String>,
    /// First moment after validity, "2026-11-22 18:00"
    #[arg(long)]
    until: String,
    /// How often it may be used; without it as often as wanted while it is valid
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..))]
    uses: Option<u8>,
    /// Its group
    #[arg(long)]
    group: Option<String>,
    /// For people, for example who is visited
    #[arg(long)]
    note: Option<String>,
    /// Where the QR code is written, as PNG
    #[arg(long)]
    out: Option<PathBuf>,
    /// A file that the pass's text is added to as a line: what the sample scene `pass` shows
    #[arg(long)]
    append: Option<PathBuf>,
}

#[derive(Args)]
struct RevokeArguments {
    /// The site file
    site: PathBuf,
    /// The pass, `vis_…`
    pass: String,
}

/// Runs the command.
pub fn pass(arguments: &PassArguments) -> Result<ExitCode> {
    match &arguments.command {
        PassCommand::Make(arguments) => make(arguments)?,
        PassCommand::List(arguments) => list(arguments)?,
        PassCommand::Revoke(arguments) => revoke(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make(arguments: &MakeArguments) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    let zone = TimeZone::get(site.site.site.timezone.get_ref())?;
    let plate = arguments
        .plate
        .as_ref()
        .map(|plate| Plate::parse(plate))
        .transpose()?;
    let group: Option<GroupId> = arguments.group.as_ref().map(|id| id.parse()).transpose()?;
    let from = match &arguments.from {
        Some(text) => moment(text, &zone)?,
        None => clock::now(),
    };
    let until = moment(&arguments.until, &zone)?;
    if until <= clock::now() {
        bail!("--until is over already");
    }
    let wish = PassWish {
        plate,
        group,
        note: arguments.note.clone(),
        from,
        until,
        uses_max: arguments.uses,
    };
    let desk = site.pass_desk()?;
    let id = PassId(IdSource::system().next());
    let (entry, token) = desk.prepare(id, &wish)?;
    // The picture first: a pass on the list that nobody has is worse than a picture of none.
    if let Some(out) = &arguments.out {
        let picture = QrDrawing::of(&token)?.picture();
        picture
            .save(out)
            .with_context(|| format!("writing {}", out.display()))?;
    }
    if let Some(file) = &arguments.append {
        append(file, &token).with_context(|| format!("writing {}", file.display()))?;
    }
    desk.list(entry, clock::now())?;
    println!("{id}");
    println!("{token}");
    println!("on the list; a running `gac run` or `gac gate` takes it up within a second");
    Ok(())
}

/// Whoever has the text has the pass: the file is its owner's alone.
fn append(path: &Path, token: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")
}

fn list(arguments: &SiteArgument) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    let now = clock::now();
    for pass in site.list_store()?.passes()? {
        let standing = match pass.standing(now).map_err(anyhow::Error::msg)? {
            PassStanding::NotYet => "not yet",
            PassStanding::Valid => "valid",
            PassStanding::Over => "over",
            PassStanding::CalledBack => "called back",
        };
        let uses = pass.uses_max.map_or("any".to_owned(), |n| n.to_string());
        let rest = [pass.plate, pass.group, pass.note];
        let rest: Vec<String> = rest.into_iter().flatten().collect();
        println!(
            "{} {standing}, {} to {}, uses {uses} {}",
            pass.id,
            pass.valid_from,
            pass.valid_until,
            rest.join(", ")
        );
    }
    Ok(())
}

fn revoke(arguments: &RevokeArguments) -> Result<()> {
    let site = LoadedSite::load(&arguments.site)?;
    let id: PassId = arguments.pass.parse()?;
    site.pass_desk()?.call_back(id, clock::now())?;
    println!("{id} is called back; a running gate refuses it within a second");
    Ok(())
}

/// RFC 3339, or a day and time of the site.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp> {
    if let Ok(at) = wire::parse_time(text) {
        return Ok(at);
    }
    let civil: DateTime = text
        .parse()
        .map_err(|_error| anyhow::anyhow!("{text:?} is no time; write \"2026-11-22 07:00\""))?;
    let zoned: Zoned = civil.to_zoned(zone.clone())?;
    Ok(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_sites_own_or_rfc_3339() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let expect = wire::parse_time("2026-11-22T07:00:00+07:00").unwrap();
        for text in [
            "2026-11-22 07:00",
            "2026-11-22T07:00",
            "2026-11-22T00:00:00Z",
        ] {
            assert_eq!(moment(text, &zone).unwrap(), expect, "{text}");
        }
        assert!(moment("22/11/2026", &zone).is_err());
    }
}
