//! Entries of a list that never let anybody in: hours that never come, validity that is over, lanes
//! that do not read what the entry is known by.

use domain::{Access, Calendar, Group, Registration, SiteList, Timestamp};
use jiff::tz::TimeZone;
use policy::next_opening;
use service::config::{
    ConfigText,
    site::{FactorKind, GateSection, Problem, RegistrationSection, Severity, Site},
};
use std::{collections::BTreeSet, time::Duration};

/// What hours are looked at: three weeks of minutes cost some hundred microseconds.
const WINDOW: Duration = Duration::from_secs(21 * 24 * 3600);

const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// Every entry that lets nobody in, with its place; `now` tells what is over.
pub(super) fn never(site: &Site, text: &ConfigText, now: Timestamp) -> Vec<Problem> {
    let list = site.list(Timestamp::EPOCH);
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for spanned in &site.registrations {
        let section = spanned.get_ref();
        let Some(entry) = section.registration() else {
            continue; // told elsewhere
        };
        if entry.access == Access::Bar {
            continue;
        }
        let found = over(&entry, now)
            .or_else(|| unread(site, &entry))
            .or_else(|| {
                // Thousands of entries have the same hours: they are told once.
                let key = hours_key(section);
                let is_new = key.is_none_or(|key| seen.insert(key));
                is_new.then(|| shut(site, &list, &entry)).flatten()
            });
        let Some((what, instead)) = found else {
            continue;
        };
        let place = text.place(spanned.span().start);
        problems.push(Problem {
            severity: Severity::Warning,
            line: place.line,
            column: place.column,
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    }
    problems
}

/// What decides on an entry's hours, when its validity does not.
fn hours_key(section: &RegistrationSection) -> Option<String> {
    if section.valid_from.is_some() && section.valid_until.is_some() {
        return None;
    }
    let hours: Vec<&str> = section.hours.iter().map(|h| h.get_ref().as_str()).collect();
    let group = section.group.as_ref().map(|group| group.get_ref());
    Some(format!("{hours:?} {group:?}"))
}

type Told = (&'static str, &'static str);

fn over(entry: &Registration, now: Timestamp) -> Option<Told> {
    let until = entry.valid_until?;
    if entry.valid_from.is_some_and(|from| until <= from) {
        return Some((
            "this entry ends before it begins",
            "write a valid_until that is after valid_from",
        ));
    }
    (until <= now).then_some((
        "this entry is over",
        "take it out, or write a later valid_until",
    ))
}

/// No lane of the site, or none that its group may use, reads what the entry is known by.
fn unread(site: &Site, entry: &Registration) -> Option<Told> {
    let group = entry.group.as_ref();
    let group = group.and_then(|id| site.groups.iter().find(|g| g.id.get_ref() == id.as_str()));
    let may_use = |gate: &&GateSection| {
        group.is_none_or(|group| {
            group.gates.is_empty() || group.gates.iter().any(|g| g.get_ref() == gate.id.get_ref())
        })
    };
    let reads = |gate: &GateSection| {
        let second = gate.second.as_ref().map(|second| *second.get_ref());
        [Some(gate.factor), second]
            .into_iter()
            .flatten()
            .any(|factor| match factor {
                FactorKind::Plate => entry.plate.is_some(),
                FactorKind::Face => entry.person.is_some(),
                FactorKind::Pass => entry.pass.is_some(),
                FactorKind::Anyone => false,
            })
    };
    let asking = |gate: &&GateSection| gate.factor != FactorKind::Anyone;
    let mut lanes = site.gates.iter().filter(asking).filter(may_use).peekable();
    lanes.peek()?;
    let is_read = lanes.any(reads);
    (!is_read).then_some((
        "no lane that this entry may use asks for what it is known by",
        "add the plate, person or pass that the lane asks for, or let its group use another gate",
    ))
}

/// Its hours and those of its group are never open together, or not while it is valid.
fn shut(site: &Site, list: &SiteList, entry: &Registration) -> Option<Told> {
    let group = entry.group.as_ref();
    let group = group.and_then(|id| list.groups.iter().find(|group| group.id == *id));
    if entry.schedule.is_empty() && group.is_none_or(|g| g.schedule.is_empty() && !may_close(g)) {
        return None;
    }
    let zone = TimeZone::get(site.site.timezone.get_ref()).unwrap_or(TimeZone::UTC);
    let offset = |at: Timestamp| {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
        zone.to_offset(at).seconds() / 60
    };
    let opens_within = |from: Timestamp, until: Timestamp| {
        let before = from.saturating_sub(Duration::from_secs(60));
        next_opening(entry, group, (&list.calendar, offset(from)), before)
            .is_some_and(|at| at < until)
    };
    if let (Some(from), Some(until)) = (entry.valid_from, entry.valid_until)
        && until.since(from) <= WINDOW
    {
        return (!opens_within(from, until)).then_some((
            "this schedule never opens between valid_from and valid_until",
            "write hours of a day on which the entry is valid; holidays of its group count",
        ));
    }
    let ordinary = (&Calendar::default(), offset(Timestamp::EPOCH));
    if next_opening(entry, group, ordinary, Timestamp::EPOCH).is_some() {
        return None;
    }
    let is_open_on = |day: i32| {
        let utc = i64::from(day) * DAY_US - i64::from(offset(Timestamp::EPOCH)) * 60_000_000;
        let from = Timestamp::from_micros(utc);
        opens_within(from, Timestamp::from_micros(utc + DAY_US))
    };
    let worked = list.calendar.worked.iter().map(|(day, _as)| *day);
    let days = list.calendar.holidays.iter().copied().chain(worked);
    Some(if days.into_iter().any(is_open_on) {
        (
            "this schedule opens on holidays or exchanged days alone",
            "check the hours of the entry and of its group: on other days they have no minute in common",
        )
    } else {
        (
            "this schedule never opens: its hours and those of its group have no minute in common",
            "write hours that lie within those of the group, or another group",
        )
    })
}

fn may_close(group: &Group) -> bool {
    group.on_holiday == domain::OnHoliday::Closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const SITE: &str = "[site]\nid = \"a\"\nname = \"A\"\n\
        [[camera]]\nid = \"c\"\nsource = { file = \"a.mp4\" }\n\
        tasks = [\"vehicles\", \"plates\", \"faces\"]\n\
        [[gate]]\nid = \"lane\"\ncamera = \"c\"\nfactor = \"plate\"\n\
        [[gate]]\nid = \"door\"\ncamera = \"c\"\nfactor = \"face\"\n\
        [[group]]\nid = \"day\"\nhours = [\"mon-fri 07:00-18:00\"]\non_holiday = \"closed\"\n\
        [[group]]\nid = \"sunday\"\nhours = [\"sun 08:00-12:00\"]\non_holiday = \"sunday\"\n\
        [[group]]\nid = \"doors\"\ngates = [\"door\"]\n\
        [[registration]]\nplate = \"30F-256.58\"\n";

    /// 2026-12-01.
    fn now() -> Timestamp {
        Timestamp::from_millis(1_796_083_200_000)
    }

    #[track_caller]
    fn check(entry: &str, expect: Option<&str>) {
        let text = ConfigText::from_text(Path::new("site.toml"), format!("{SITE}{entry}\n"));
        let site: Site = text.parse().unwrap();
        assert_eq!(site.problems(text.text()), [], "{entry}");
        let found = never(&site, &text, now());
        assert_eq!(
            found.len(),
            usize::from(expect.is_some()),
            "{entry}: {found:?}"
        );
        if let Some(expect) = expect {
            assert!(found[0].what.contains(expect), "{entry}: {found:?}");
            assert_eq!((found[0].line, found[0].column), (27, 1));
        }
    }

    #[test]
    fn hours_that_have_no_minute_in_common_with_those_of_the_group() {
        let never = Some("this schedule never opens: its hours and those of its group");
        check("group = \"day\"", None);
        check("group = \"day\"\nhours = [\"mon-sun 17:00-19:00\"]", None);
        check("group = \"day\"\nhours = [\"mon-fri 18:00-22:00\"]", never);
        check("group = \"day\"\nhours = [\"sat 07:00-12:00\"]", never);
        check("group = \"day\"\nhours = [\"mon-fri 22:00-07:00\"]", never);
        check("group = \"day\"\nhours = [\"mon-fri 22:00-07:01\"]", None);
        check(
            "group = \"sunday\"\nhours = [\"mon-fri 08:00-10:00\"]",
            Some("opens on holidays"),
        );
        check(
            "group = \"sunday\"\nhours = [\"mon-fri 13:00-15:00\"]",
            never,
        );
    }

    #[test]
    fn validity_that_is_over_or_has_no_open_hour() {
        check(
            "valid_until = \"2026-11-30T00:00:00+07:00\"",
            Some("this entry is over"),
        );
        let times = |from: &str, until: &str, more: &str| {
            format!("valid_from = \"{from}\"\nvalid_until = \"{until}\"\n{more}")
        };
        let weekend = ("2026-12-05T00:00:00+07:00", "2026-12-07T00:00:00+07:00");
        check(
            &times(weekend.1, weekend.0, ""),
            Some("ends before it begins"),
        );
        check(&times(weekend.0, weekend.1, ""), None);
        let within = Some("never opens between valid_from and valid_until");
        check(
            &times(weekend.0, weekend.1, "hours = [\"mon-fri 07:00-18:00\"]"),
            within,
        );
        check(
            &times(weekend.0, weekend.1, "hours = [\"sun 23:00-24:00\"]"),
            None,
        );
        // 2027-01-01 is a holiday, on which the group stays outside.
        let holiday = ("2027-01-01T00:00:00+07:00", "2027-01-02T00:00:00+07:00");
        check(&times(holiday.0, holiday.1, "group = \"day\""), within);
        check(
            &times(holiday.0, holiday.1, "hours = [\"fri 07:00-18:00\"]"),
            None,
        );
    }

    #[test]
    fn an_entry_that_no_lane_reads() {
        let unread = Some("no lane that this entry may use asks for what it is known by");
        check("group = \"doors\"", unread);
        check(
            &format!("group = \"doors\"\nperson = \"per_{:032x}\"", 1),
            None,
        );
    }

    #[test]
    fn a_barred_entry_opens_nothing_and_is_no_mistake() {
        check(
            "access = \"bar\"\nvalid_until = \"2020-01-01T00:00:00+07:00\"",
            None,
        );
    }
}
