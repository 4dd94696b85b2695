//! Zones, groups and holidays of a site file, and the list that its gates get.

use super::{
    CrowdSection, GateSection, Site,
    entry::{check_entry, registration_of},
    hours::parse_hours,
    validate::Checker,
};
use domain::{Calendar, Group, GroupId, OnHoliday, SiteList, Timestamp, ZoneId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// Public holidays by year.
const HOLIDAYS_VN: &str = include_str!("../../../data/holidays-vn.toml");

/// `[[zone]]`: what lanes lead into and out of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneSection {
    /// Slug.
    pub id: Spanned<String>,
    /// Shown to people; the id when absent.
    pub name: Option<String>,
    /// How many vehicles it holds.
    pub vehicles_max: Option<u32>,
    /// How many people it holds.
    pub people_max: Option<u32>,
    /// From when on it is busy and crowded.
    pub crowd: Option<Spanned<CrowdSection>>,
}

/// `[[group]]`: what many registrations have in common.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSection {
    /// Slug.
    pub id: Spanned<String>,
    /// Shown to people; the id when absent.
    pub name: Option<String>,
    /// As in a registration; none means always.
    #[serde(default)]
    pub hours: Vec<Spanned<String>>,
    /// What they mean on a public holiday.
    #[serde(default)]
    pub on_holiday: HolidayKind,
    /// The gates that it may use; none means all.
    #[serde(default)]
    pub gates: Vec<Spanned<String>>,
    /// Whether anti-passback does not hold for it.
    #[serde(default)]
    pub free_of_anti_passback: bool,
    /// Whether it is let in although the zone is full.
    #[serde(default)]
    pub free_of_capacity: bool,
}

/// What a group's hours mean on a public holiday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolidayKind {
    /// As on any other day.
    #[default]
    Usual,
    /// The group stays outside.
    Closed,
    /// As on a Sunday.
    Sunday,
}

/// `[calendar]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarSection {
    /// Whether the public holidays of Viet Nam hold.
    pub vietnam: bool,
    /// More days off, for example `"2026-11-20"`.
    pub holidays: Vec<Spanned<String>>,
    /// Days that are no holiday here.
    pub not_holidays: Vec<Spanned<String>>,
    /// Days off that are worked for another weekday.
    pub worked: Vec<WorkedDay>,
}

impl Default for CalendarSection {
    fn default() -> Self {
        Self {
            vietnam: true,
            holidays: Vec::new(),
            not_holidays: Vec::new(),
            worked: Vec::new(),
        }
    }
}

/// A day off that is worked, and the weekday that it counts as.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkedDay {
    /// For example `"2026-08-22"`.
    pub day: Spanned<String>,
    /// `mon` to `sun`.
    #[serde(rename = "as")]
    pub weekday: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayFile {
    year: Vec<HolidayYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayYear {
    year: i32,
    holidays: Vec<String>,
    worked: Vec<WorkedDay>,
}

/// Days after 1970-01-01 of a date as RFC 3339 writes it.
fn day_number(text: &str) -> Option<i32> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let epoch = jiff::civil::date(1970, 1, 1);
    let span = date.since((jiff::Unit::Day, epoch)).ok()?;
    Some(span.get_days())
}

fn weekday_number(text: &str) -> Option<u8> {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let place = days.iter().position(|day| *day == text)?;
    u8::try_from(place).ok()
}

fn worked_number(worked: &WorkedDay) -> Option<(i32, u8)> {
    let day = day_number(worked.day.get_ref())?;
    Some((day, weekday_number(worked.weekday.get_ref())?))
}

fn vietnam() -> HolidayFile {
    toml::from_str(HOLIDAYS_VN).expect("the file is tested")
}

impl CalendarSection {
    /// The days, sorted; what cannot be read is left out, and [`Site::problems`] tells of it.
    pub fn calendar(&self) -> Calendar {
        let mut holidays = BTreeSet::new();
        let mut worked = BTreeMap::new();
        if self.vietnam {
            for year in vietnam().year {
                holidays.extend(year.holidays.iter().filter_map(|day| day_number(day)));
                worked.extend(year.worked.iter().filter_map(worked_number));
            }
        }
        holidays.extend(self.holidays.iter().filter_map(|d| day_number(d.get_ref())));
        for day in self
            .not_holidays
            .iter()
            .filter_map(|d| day_number(d.get_ref()))
        {
            holidays.remove(&day);
        }
        worked.extend(self.worked.iter().filter_map(worked_number));
        Calendar {
            holidays: holidays.into_iter().collect(),
            worked: worked.into_iter().collect(),
        }
    }

    /// Whether the public holidays of a year are known.
    pub fn knows_year(&self, year: i32) -> bool {
        !self.vietnam || vietnam().year.iter().any(|known| known.year == year)
    }

    fn check(&self, checker: &mut Checker<'_>) {
        let worked = self.worked.iter().map(|worked| &worked.day);
        let days = self.holidays.iter().chain(&self.not_holidays).chain(worked);
        for day in days.filter(|day| day_number(day.get_ref()).is_none()) {
            checker.add(
                day.span(),
                format!("{:?} is no date", day.get_ref()),
                "write for example \"2026-09-02\"",
            );
        }
        for worked in &self.worked {
            if weekday_number(worked.weekday.get_ref()).is_none() {
                checker.add(
                    worked.weekday.span(),
                    format!("{:?} is no day of the week", worked.weekday.get_ref()),
                    "write mon, tue, wed, thu, fri, sat or sun",
                );
            }
        }
    }
}

impl GroupSection {
    fn group(&self) -> Option<Group> {
        let hours = self.hours.iter().map(|h| parse_hours(h.get_ref()).ok());
        let gates = self.gates.iter().map(|gate| gate.get_ref().parse().ok());
        Some(Group {
            id: self.id.get_ref().parse().ok()?,
            schedule: hours.collect::<Option<_>>()?,
            on_holiday: match self.on_holiday {
                HolidayKind::Usual => OnHoliday::Usual,
                HolidayKind::Closed => OnHoliday::Closed,
                HolidayKind::Sunday => OnHoliday::Sunday,
            },
            gates: gates.collect::<Option<_>>()?,
            is_free_of_anti_passback: self.free_of_anti_passback,
            is_free_of_capacity: self.free_of_capacity,
        })
    }
}

impl Site {
    /// The list for the gates, known to be right at this moment; call it when there is no error.
    ///
    /// Its version is the moment in milliseconds: a file that is read later is newer.
    pub fn list(&self, as_of: Timestamp) -> SiteList {
        let entries = self.registrations.iter().map(Spanned::get_ref);
        SiteList {
            version: u64::try_from(as_of.as_micros() / 1000).unwrap_or(0),
            as_of,
            expires_at: None,
            registrations: entries.filter_map(registration_of).collect(),
            groups: self.groups.iter().filter_map(GroupSection::group).collect(),
            calendar: self.calendar.calendar(),
        }
    }

    /// What a zone holds, for the lanes that lead into it.
    pub fn zone(&self, id: &str) -> Option<&ZoneSection> {
        self.zones.iter().find(|zone| zone.id.get_ref() == id)
    }
}

pub(super) fn check_access(checker: &mut Checker<'_>, site: &Site) {
    checker.unique("zone", site.zones.iter().map(|zone| &zone.id));
    checker.unique("group", site.groups.iter().map(|group| &group.id));
    for zone in &site.zones {
        checker.slug::<ZoneId>("zone id", &zone.id);
    }
    for group in &site.groups {
        check_group(checker, group, site);
    }
    site.calendar.check(checker);
    for gate in &site.gates {
        check_route(checker, gate, site);
        check_interlock(checker, gate, site);
    }
    let groups: BTreeSet<&str> = site
        .groups
        .iter()
        .map(|g| g.id.get_ref().as_str())
        .collect();
    for registration in &site.registrations {
        check_entry(checker, registration);
        let entry = registration.get_ref();
        if let Some(group) = &entry.group
            && !groups.contains(group.get_ref().as_str())
        {
            checker.add(
                group.span(),
                format!("there is no group {:?}", group.get_ref()),
                "add a [[group]] with this id, or write another one",
            );
        }
    }
}

fn check_group(checker: &mut Checker<'_>, group: &GroupSection, site: &Site) {
    checker.slug::<GroupId>("group id", &group.id);
    for hours in &group.hours {
        if parse_hours(hours.get_ref()).is_err() {
            checker.add(
                hours.span(),
                format!("{:?} is no day and time", hours.get_ref()),
                "write for example \"mon-fri 07:00-18:00\"",
            );
        }
    }
    for gate in &group.gates {
        let is_there = site.gates.iter().any(|g| g.id.get_ref() == gate.get_ref());
        if !is_there {
            checker.add(
                gate.span(),
                format!("there is no gate {:?}", gate.get_ref()),
                "write the id of a [[gate]]",
            );
        }
    }
}

fn check_route(checker: &mut Checker<'_>, gate: &GateSection, site: &Site) {
    let ends = [&gate.from, &gate.to];
    for zone in ends.into_iter().flatten() {
        if site.zone(zone.get_ref()).is_none() {
            checker.add(
                zone.span(),
                format!("there is no zone {:?}", zone.get_ref()),
                "add a [[zone]] with this id",
            );
        }
    }
    if let (Some(from), Some(to)) = (&gate.from, &gate.to)
        && from.get_ref() == to.get_ref()
    {
        checker.add(
            to.span(),
            "the lane leads from a zone into the same zone",
            "leave one of from and to out: nothing is outside the site",
        );
    }
    if gate.to.is_none() && gate.anti_passback.is_on() {
        checker.add(
            gate.id.span(),
            "anti-passback is for lanes that lead into a zone",
            "add to = \"…\", or leave anti_passback out",
        );
    }
    let camera = site.cameras.iter();
    let mut camera = camera.filter(|camera| camera.id.get_ref() == gate.camera.get_ref());
    let zones = camera.next().map(|camera| camera.lines.iter());
    let mut zones = zones.into_iter().flatten().map(|line| line.zone.get_ref());
    let is_line = gate.confirm == super::ConfirmKind::Line;
    let ends: Vec<&String> = ends.into_iter().flatten().map(Spanned::get_ref).collect();
    if is_line && !zones.any(|zone| ends.contains(&zone)) {
        checker.add(
            gate.id.span(),
            "confirm = \"line\" needs a line of the camera whose zone is the lane's from or to",
            "add line = [{ zone = \"…\", from = [x, y], to = [x, y] }] to the camera",
        );
    }
}

/// Two barriers of a pair both name each other, and neither may be one that stands open by itself:
/// then the other would never open.
fn check_interlock(checker: &mut Checker<'_>, gate: &GateSection, site: &Site) {
    for other in &gate.interlocked_with {
        let own = gate.id.get_ref();
        let found = site
            .gates
            .iter()
            .find(|g| g.id.get_ref() == other.get_ref());
        let Some(found) = found.filter(|_| other.get_ref() != own) else {
            checker.add(
                other.span(),
                format!("there is no other gate {:?}", other.get_ref()),
                "write the id of the other barrier of the pair",
            );
            continue;
        };
        let names_us = |g: &GateSection| g.interlocked_with.iter().any(|o| o.get_ref() == own);
        if !names_us(found) {
            checker.add(
                other.span(),
                format!(
                    "{:?} does not name {own:?} in its own interlocked_with",
                    other.get_ref()
                ),
                "name both barriers in both, or they can be open together",
            );
        }
        let is_blind = |g: &GateSection| !g.actuator.get_ref().tells_position();
        if is_blind(found) {
            checker.add(
                other.span(),
                format!(
                    "the two barriers block each other: {:?} never says that it is closed",
                    other.get_ref()
                ),
                "interlock only barriers whose device reports its position",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holidays_of_viet_nam_are_dates_in_order() {
        for year in vietnam().year {
            let days: Vec<i32> = year
                .holidays
                .iter()
                .map(|d| day_number(d).unwrap())
                .collect();
            assert!(days.is_sorted_by(|a, b| a < b), "{}", year.year);
            let prefix = format!("{}-", year.year);
            assert!(year.holidays.iter().all(|day| day.starts_with(&prefix)));
            assert!(year.worked.iter().all(|day| worked_number(day).is_some()));
            // Eleven days by law, and one or more in lieu.
            assert!(11 <= days.len(), "{}", year.year);
        }
        assert_eq!(day_number("1970-01-02"), Some(1));
        assert_eq!(day_number("2026-09-02"), Some(20_698));
    }

    #[test]
    fn a_site_adds_and_takes_out_days() {
        let section: CalendarSection = toml::from_str(
            "holidays = [\"2026-11-20\"]\nnot_holidays = [\"2026-09-02\"]\n\
             worked = [{ day = \"2026-11-21\", as = \"fri\" }]",
        )
        .unwrap();
        let calendar = section.calendar();
        assert!(calendar.holidays.contains(&20_777) && !calendar.holidays.contains(&20_698));
        assert!(calendar.worked.contains(&(20_778, 4)));
        assert!(calendar.holidays.is_sorted() && calendar.worked.is_sorted());
        assert!(section.knows_year(2026) && !section.knows_year(2040));
    }
}
