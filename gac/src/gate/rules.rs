//! The rules and the lane of a gate, as its site has them.

use crate::site::LoadedSite;
use anyhow::{Context as _, Result};
use domain::{Direction, ZoneId};
use jiff::tz::TimeZone;
use policy::{AntiPassback, Capacity, Confirm, Factor, Lane, OnSilence, Policy, Route};
use service::{
    clock,
    config::site::{AntiPassbackKind, ConfirmKind, FactorKind, FailKind, GateSection, SilenceKind},
};
use std::time::Duration;
use toml::Spanned;

fn factor(kind: FactorKind) -> Factor {
    match kind {
        FactorKind::Plate => Factor::Plate,
        FactorKind::Face => Factor::Face,
        FactorKind::Pass => Factor::Pass,
        FactorKind::Anyone => Factor::Anyone,
    }
}

fn zone(id: &Option<Spanned<String>>) -> Result<Option<ZoneId>> {
    let id = id.as_ref().map(|id| id.get_ref().parse());
    id.transpose().context("a zone's id")
}

fn route(section: &GateSection) -> Result<Route> {
    Ok(Route {
        from: zone(&section.from)?,
        to: zone(&section.to)?,
    })
}

/// The rules of a gate.
pub(crate) fn policy(site: &LoadedSite, section: &GateSection) -> Result<Policy> {
    // The configuration's hash is the version: a changed file is another policy.
    let version = u64::from_str_radix(&site.sha256[..12], 16).unwrap_or(0);
    let timezone = TimeZone::get(site.site.site.timezone.get_ref()).unwrap_or(TimeZone::UTC);
    let now = jiff::Timestamp::from_microsecond(clock::now().as_micros()).unwrap_or_default();
    let entered = section.to.as_ref();
    let entered = entered.and_then(|zone| site.site.zone(zone.get_ref()));
    let factor_of = |kind: &Spanned<FactorKind>| factor(*kind.get_ref());
    Ok(Policy {
        second: section.second.as_ref().map(factor_of),
        route: route(section)?,
        anti_passback: match section.anti_passback {
            AntiPassbackKind::Off => AntiPassback::Off,
            AntiPassbackKind::Soft => AntiPassback::Soft,
            AntiPassbackKind::Hard => AntiPassback::Hard,
            AntiPassbackKind::TimedMinutes(minutes) => {
                AntiPassback::Timed(Duration::from_secs(u64::from(minutes) * 60))
            }
        },
        capacity: Capacity {
            vehicles: entered.and_then(|zone| zone.vehicles_max),
            people: entered.and_then(|zone| zone.people_max),
        },
        plate_score_min: *section.score_min.get_ref(),
        registry_age_max: Duration::from_secs(section.registry_age_max_hours * 3600),
        grant_ttl: Duration::from_millis(*section.command_expires_ms.get_ref()),
        utc_offset_minutes: timezone.to_offset(now).seconds() / 60,
        ..Policy::for_factor(version, factor(section.factor))
    })
}

/// The lane of a gate.
pub(crate) fn lane(section: &GateSection) -> Result<Lane> {
    let gate = section.id.get_ref().parse()?;
    let Route { from, to } = route(section)?;
    let confirm = match (section.confirm, to, from) {
        (ConfirmKind::Loop, _, _) => Confirm::Loop,
        (ConfirmKind::Line, Some(entered), _) => Confirm::Line(entered, Direction::In),
        (ConfirmKind::Line, None, Some(left)) => Confirm::Line(left, Direction::Out),
        (ConfirmKind::Line, None, None) | (ConfirmKind::Presumed, _, _) => Confirm::Presumed,
    };
    let others = section.interlocked_with.iter();
    let others: Result<Vec<_>, _> = others.map(|gate| gate.get_ref().parse()).collect();
    Ok(Lane {
        confirm,
        guard_within: section.guard_within_s.map(Duration::from_secs),
        on_silence: match section.on_silence {
            SilenceKind::StayShut => OnSilence::StayShut,
            SilenceKind::LetIn => OnSilence::LetIn,
        },
        interlocked_with: others?,
        opens_on_fire: section.fail == FailKind::Safe,
        held_open_after: Duration::from_secs(section.held_open_after_s),
        stalled_after: Duration::from_secs(section.stalled_after_s),
        ..Lane::for_factor(gate, factor(section.factor))
    })
}
