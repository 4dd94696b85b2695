//! `gac pass`: visitor passes as QR codes.

use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::{GroupId, PassId, Plate, SiteId, Timestamp};
use image::{GrayImage, Luma};
use jiff::{Zoned, civil::DateTime, tz::TimeZone};
use qrcode::{Color, EcLevel, QrCode};
use service::{
    clock,
    ids::{IdSource, Ids as _},
    keys::SigningKeyFile,
    pass::{Pass, PassPlate, sign},
    site_list::{PassEntry, PassStanding},
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

/// The white border of ISO/IEC 18004, in modules.
const QUIET_MODULES: u32 = 4;

/// The picture is at least so wide: it fills a phone's screen without being scaled up.
const PICTURE_PX: u32 = 1024;

/// Passes that a site keeps; those that are over make room.
const PASSES_MAX: usize = 20_000;

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
    let pass = Pass {
        id: PassId(IdSource::system().next()),
        valid_from: whole_seconds(from),
        valid_until: whole_seconds(until),
        uses_max: arguments.uses,
        plate: plate.as_ref().map(PassPlate::of),
    };
    let store = site.list_store()?;
    let key = SigningKeyFile::load_or_create(&site.state(PASS_KEY))?;
    let id: SiteId = site.site.site.id.get_ref().parse()?;
    let token = sign(&key, &id, &pass)?;
    let entry = PassEntry {
        id: pass.id.to_string(),
        plate: plate.as_ref().map(Plate::written),
        group: group.map(|group| group.to_string()),
        note: arguments.note.clone(),
        valid_from: wire::format_time(pass.valid_from),
        valid_until: wire::format_time(pass.valid_until),
        uses_max: pass.uses_max.map(u32::from),
        called_back_at: None,
    };
    // The picture first: a pass on the list that nobody has is worse than a picture of none.
    if let Some(out) = &arguments.out {
        let picture = picture(&token)?;
        picture
            .save(out)
            .with_context(|| format!("writing {}", out.display()))?;
    }
    if let Some(file) = &arguments.append {
        append(file, &token).with_context(|| format!("writing {}", file.display()))?;
    }
    store.change_passes(|passes| add(passes, entry))?;
    println!("{}", pass.id);
    println!("{token}");
    println!("on the list; a running `gac run` or `gac gate` takes it up within a minute");
    Ok(())
}

/// Whoever has the text has the pass: the file is its owner's alone.
fn append(path: &Path, token: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")
}

fn add(passes: &mut Vec<PassEntry>, entry: PassEntry) -> Result<()> {
    if PASSES_MAX <= passes.len() {
        let now = clock::now();
        passes.retain(|pass| pass.standing(now) != Ok(PassStanding::Over));
    }
    if PASSES_MAX <= passes.len() {
        bail!("the site has {PASSES_MAX} passes that are not over: call some back");
    }
    passes.push(entry);
    Ok(())
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
    site.list_store()?.change_passes(|passes| -> Result<()> {
        let found = passes.iter_mut().find(|pass| pass.id == id.to_string());
        let found = found.with_context(|| format!("there is no pass {id}"))?;
        found
            .called_back_at
            .get_or_insert(wire::format_time(clock::now()));
        Ok(())
    })?;
    println!("{id} is called back; a running gate refuses it within a minute");
    Ok(())
}

/// RFC 3339, or a day and time of the site.
fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp> {
    if let Ok(at) = wire::parse_time(text) {
        return Ok(at);
    }
    let civil: DateTime = text
        .parse()
        .map_err(|_error| anyhow::anyhow!("{text:?} is no time; write \"2026-11-22 07:00\""))?;
    let zoned: Zoned = civil.to_zoned(zone.clone())?;
    Ok(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(1_000_000) * 1_000_000)
}

/// The QR code with its white border, in modules of the same whole number of pixels.
///
/// Error correction M: 15 % of a code may be lost to glare or a finger, and the code is still one
/// size above the smallest.
fn picture(token: &str) -> Result<GrayImage> {
    let code = QrCode::with_error_correction_level(token.as_bytes(), EcLevel::M)?;
    let n_modules = u32::try_from(code.width())? + 2 * QUIET_MODULES;
    let module_px = PICTURE_PX.div_ceil(n_modules);
    let colors = code.to_colors();
    Ok(GrayImage::from_fn(
        n_modules * module_px,
        n_modules * module_px,
        |x, y| {
            let module = |px: u32| (px / module_px).checked_sub(QUIET_MODULES);
            let is_dark = match (module(x), module(y)) {
                (Some(x), Some(y))
                    if (x as usize) < code.width() && (y as usize) < code.width() =>
                {
                    colors[y as usize * code.width() + x as usize] == Color::Dark
                }
                _ => false,
            };
            Luma([if is_dark { 0 } else { 255 }])
        },
    ))
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

    #[test]
    fn the_picture_has_modules_of_whole_pixels_and_a_border() {
        let picture = picture(&format!("GAC1:{}", "A:".repeat(77))).unwrap();
        assert!(PICTURE_PX <= picture.width());
        // Version 7 has 45 modules.
        assert_eq!(picture.width() % (45 + 2 * QUIET_MODULES), 0);
        let module = picture.width() / (45 + 2 * QUIET_MODULES);
        let at = |x, y| picture.get_pixel(x, y).0[0];
        assert_eq!(at(4 * module - 1, 4 * module), 255);
        assert_eq!(at(4 * module, 4 * module), 0, "a finder pattern begins");
    }
}
