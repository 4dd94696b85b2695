//! `[[registration]]` as the list has it.

use super::{AccessKind, RegistrationSection, hours::parse_hours, validate::Checker};
use domain::{Access, PassId, Plate, Registration};
use toml::Spanned;

/// Nothing when a part of it cannot be read; the checks tell of it.
pub(super) fn registration_of(entry: &RegistrationSection) -> Option<Registration> {
    let plate = match &entry.plate {
        Some(plate) => Some(Plate::parse(plate.get_ref()).ok()?),
        None => None,
    };
    let person = match &entry.person {
        Some(person) => Some(person.get_ref().parse().ok()?),
        None => None,
    };
    let pass = match &entry.pass {
        Some(pass) => Some(pass.get_ref().parse().ok()?),
        None => None,
    };
    let group = match &entry.group {
        Some(group) => Some(group.get_ref().parse().ok()?),
        None => None,
    };
    let time = |at: &Option<Spanned<String>>| match at {
        Some(at) => wire::parse_time(at.get_ref()).ok().map(Some),
        None => Some(None),
    };
    let mut schedule = Vec::new();
    for hours in &entry.hours {
        schedule.push(parse_hours(hours.get_ref()).ok()?);
    }
    Some(Registration {
        plate,
        person,
        pass,
        group,
        access: match entry.access {
            AccessKind::Allow => Access::Allow,
            AccessKind::Bar => Access::Bar,
        },
        valid_from: time(&entry.valid_from)?,
        valid_until: time(&entry.valid_until)?,
        schedule,
        uses_max: entry.uses_max,
        convoy: entry.convoy,
        is_duress: entry.duress,
    })
}

impl RegistrationSection {
    /// The entry as the list has it; nothing when a part of it cannot be read.
    pub fn registration(&self) -> Option<Registration> {
        registration_of(self)
    }
}

/// What plates, people, times and hours are is checked elsewhere.
pub(super) fn check_entry(checker: &mut Checker<'_>, registration: &Spanned<RegistrationSection>) {
    let entry = registration.get_ref();
    if let Some(pass) = &entry.pass
        && let Err(error) = pass.get_ref().parse::<PassId>()
    {
        checker.add(pass.span(), "this is no pass's id", error.to_string());
    }
    if entry.uses_max.is_some() && entry.pass.is_none() {
        checker.add(
            registration.span(),
            "uses_max counts the uses of a pass, and there is none",
            "add pass = \"vis_…\", or write valid_until instead",
        );
    }
    if entry.convoy == 0 {
        checker.add(
            registration.span(),
            "convoy = 0 lets nobody through",
            "write how many vehicles one grant lets through, or leave it out",
        );
    }
}
