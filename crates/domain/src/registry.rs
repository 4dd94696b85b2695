//! The site's list: who is on it, in which group, and when.

use crate::{GateId, GroupId, PassId, PersonId, Plate, Timestamp};

/// An entry of the site's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The plate, for a vehicle.
    pub plate: Option<Plate>,
    /// The enrolled person, for a face.
    pub person: Option<PersonId>,
    /// The visitor pass.
    pub pass: Option<PassId>,
    /// Its group: hours, lanes and exemptions that many entries have in common.
    pub group: Option<GroupId>,
    /// What the list says.
    pub access: Access,
    /// First moment of validity.
    pub valid_from: Option<Timestamp>,
    /// First moment after validity.
    pub valid_until: Option<Timestamp>,
    /// Hours of the week, besides those of its group; none means always.
    pub schedule: Vec<WeeklyHours>,
    /// How often a pass may be used; nothing means as often as wanted.
    pub uses_max: Option<u32>,
    /// How many vehicles one grant lets through; 1 but for an announced convoy.
    pub convoy: u8,
    /// Whoever shows this is under threat: let in as ever, with a silent alarm.
    pub is_duress: bool,
}

impl Registration {
    /// An entry that lets in and says nothing more.
    pub fn allow() -> Self {
        Self {
            plate: None,
            person: None,
            pass: None,
            group: None,
            access: Access::Allow,
            valid_from: None,
            valid_until: None,
            schedule: Vec::new(),
            uses_max: None,
            convoy: 1,
            is_duress: false,
        }
    }
}

/// What a list entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Let in while valid.
    Allow,
    /// Turn away.
    Bar,
}

/// Hours of some days of the week, in the site's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklyHours {
    /// Monday first.
    pub days: [bool; 7],
    /// Minutes after midnight, included.
    pub from_minute: u16,
    /// Minutes after midnight, excluded; 1440 is midnight at the end.
    pub until_minute: u16,
}

/// What a group's hours mean on a public holiday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnHoliday {
    /// As on any other day.
    #[default]
    Usual,
    /// The group stays outside.
    Closed,
    /// As on a Sunday.
    Sunday,
}

/// What many entries have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub id: GroupId,
    /// Hours of the week; none means always.
    pub schedule: Vec<WeeklyHours>,
    /// What they mean on a holiday.
    pub on_holiday: OnHoliday,
    /// The lanes that it may use; none means all.
    pub gates: Vec<GateId>,
    /// Whether anti-passback does not hold for it, as for ambulances and the site's own tractors.
    pub is_free_of_anti_passback: bool,
    /// Whether it is let in although the zone is full.
    pub is_free_of_capacity: bool,
}

impl Group {
    /// A group without any condition.
    pub fn new(id: GroupId) -> Self {
        Self {
            id,
            schedule: Vec::new(),
            on_holiday: OnHoliday::Usual,
            gates: Vec::new(),
            is_free_of_anti_passback: false,
            is_free_of_capacity: false,
        }
    }
}

/// Days that are not what their weekday says, in the site's own calendar: days after 1970-01-01.
///
/// Public holidays are those of article 112 of the Labour Code 45/2019/QH14; every year the
/// government says on which days those of the lunar calendar fall, and which working days are
/// exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Public holidays and days in lieu, sorted.
    pub holidays: Vec<i32>,
    /// Saturdays and Sundays that are worked for another day: each with the weekday that it
    /// stands for, Monday 0; sorted by day.
    pub worked: Vec<(i32, u8)>,
}

/// The whole list as it is handed to a gate: what a signed bundle holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteList {
    /// Rises with every change: a gate never goes back to an older one.
    pub version: u64,
    /// When it was known to be right.
    pub as_of: Timestamp,
    /// From this moment on it grants nothing.
    pub expires_at: Option<Timestamp>,
    /// The entries.
    pub registrations: Vec<Registration>,
    /// The groups that they name.
    pub groups: Vec<Group>,
    /// Public holidays and exchanged working days.
    pub calendar: Calendar,
}
