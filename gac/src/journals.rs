//! The journals of a site's gates, those that were put aside included.

use crate::site::LoadedSite;
use anyhow::{Context as _, Result};
use domain::Timestamp;
use jiff::{Span, tz::TimeZone};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The journals of one gate, oldest first by name; the one in use comes last.
pub(crate) fn of_gate(site: &LoadedSite, gate: &str) -> Result<Vec<PathBuf>> {
    let newest = site.state(&format!("journal-gate-{gate}.jsonl"));
    let folder = newest.parent().unwrap_or(Path::new("."));
    let own = format!("journal-gate-{gate}.jsonl");
    let aside = format!("journal-gate-{gate}.until-");
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => {
            return Err(error).with_context(|| format!("reading {}", folder.display()));
        }
    };
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name != own && name.starts_with(&aside)) {
            found.push(path);
        }
    }
    found.sort();
    if newest.exists() {
        found.push(newest);
    }
    Ok(found)
}

/// The gates of a site.
pub(crate) fn gates(site: &LoadedSite) -> impl Iterator<Item = &str> {
    site.site
        .gates
        .iter()
        .map(|gate| gate.id.get_ref().as_str())
}

/// A moment in the site's own time, to the second.
pub(crate) fn local_time(at: Timestamp, timezone: &str) -> String {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let moment = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    moment
        .to_zoned(zone)
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// The moment that is a span such as `30d`, `12h` or `90m` before another.
pub(crate) fn before(now: Timestamp, span: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{span:?} is no span of time; write for example 30d, 12h or 90m");
    let parsed: Span = span.parse().map_err(|_invalid| wrong())?;
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let seconds = parsed
        .total((jiff::Unit::Second, day))
        .map_err(|_calendar| wrong())?;
    if !(0.0..1e10).contains(&seconds) {
        return Err(wrong());
    }
    Ok(now.saturating_sub(std::time::Duration::from_secs_f64(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_before_now() {
        let now = Timestamp::from_millis(10 * 86_400_000);
        assert_eq!(
            before(now, "3d"),
            Ok(Timestamp::from_millis(7 * 86_400_000))
        );
        assert_eq!(
            before(now, "36h"),
            Ok(Timestamp::from_millis(8 * 86_400_000 + 43_200_000))
        );
        assert_eq!(
            before(now, "90m"),
            Ok(Timestamp::from_millis(864_000_000 - 5_400_000))
        );
        for wrong in ["", "soon", "-3d", "3"] {
            assert!(before(now, wrong).is_err(), "{wrong}");
        }
    }
}
