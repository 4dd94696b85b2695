//! The site's list.

use super::{slug, words};
use crate::bundle::BundleKeys;
use domain::{
    Access, Calendar, GateId, Group, GroupId, OnHoliday, PassId, PersonId, Plate, Registration,
    SiteList, Timestamp, WeeklyHours,
};
use serde::{Deserialize, Serialize};

words!(AccessWord for Access { Allow, Bar });
words!(HolidayWord for OnHoliday { Usual, Closed, Sunday });

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<String>,
    #[serde(
        default,
        with = "slug::optional",
        skip_serializing_if = "Option::is_none"
    )]
    person_id: Option<PersonId>,
    #[serde(
        default,
        with = "slug::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pass_id: Option<PassId>,
    #[serde(
        default,
        with = "slug::optional",
        skip_serializing_if = "Option::is_none"
    )]
    group: Option<GroupId>,
    access: AccessWord,
    #[serde(with = "crate::time::optional")]
    valid_from: Option<Timestamp>,
    #[serde(with = "crate::time::optional")]
    valid_until: Option<Timestamp>,
    schedule: Vec<HoursShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uses_max: Option<u32>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    convoy: u8,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_duress: bool,
}

fn one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_one(convoy: &u8) -> bool {
    *convoy == 1
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursShape {
    days: [bool; 7],
    from_minute: u16,
    until_minute: u16,
}

impl From<&WeeklyHours> for HoursShape {
    fn from(h: &WeeklyHours) -> Self {
        Self {
            days: h.days,
            from_minute: h.from_minute,
            until_minute: h.until_minute,
        }
    }
}

impl From<HoursShape> for WeeklyHours {
    fn from(h: HoursShape) -> Self {
        Self {
            days: h.days,
            from_minute: h.from_minute,
            until_minute: h.until_minute,
        }
    }
}

impl From<&Registration> for RegistrationShape {
    fn from(r: &Registration) -> Self {
        Self {
            plate: r.plate.as_ref().map(Plate::written),
            person_id: r.person,
            pass_id: r.pass,
            group: r.group.clone(),
            access: r.access.into(),
            valid_from: r.valid_from,
            valid_until: r.valid_until,
            schedule: r.schedule.iter().map(HoursShape::from).collect(),
            uses_max: r.uses_max,
            convoy: r.convoy,
            is_duress: r.is_duress,
        }
    }
}

impl TryFrom<RegistrationShape> for Registration {
    type Error = String;

    fn try_from(r: RegistrationShape) -> Result<Self, String> {
        let plate = r.plate.as_deref().map(Plate::parse).transpose();
        Ok(Self {
            plate: plate.map_err(|error| error.to_string())?,
            person: r.person_id,
            pass: r.pass_id,
            group: r.group,
            access: r.access.into(),
            valid_from: r.valid_from,
            valid_until: r.valid_until,
            schedule: r.schedule.into_iter().map(WeeklyHours::from).collect(),
            uses_max: r.uses_max,
            convoy: r.convoy,
            is_duress: r.is_duress,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupShape {
    #[serde(with = "slug")]
    id: GroupId,
    schedule: Vec<HoursShape>,
    on_holiday: HolidayWord,
    gates: Vec<String>,
    is_free_of_anti_passback: bool,
    is_free_of_capacity: bool,
}

impl From<&Group> for GroupShape {
    fn from(g: &Group) -> Self {
        Self {
            id: g.id.clone(),
            schedule: g.schedule.iter().map(HoursShape::from).collect(),
            on_holiday: g.on_holiday.into(),
            gates: g.gates.iter().map(ToString::to_string).collect(),
            is_free_of_anti_passback: g.is_free_of_anti_passback,
            is_free_of_capacity: g.is_free_of_capacity,
        }
    }
}

impl TryFrom<GroupShape> for Group {
    type Error = String;

    fn try_from(g: GroupShape) -> Result<Self, String> {
        let gates: Result<Vec<GateId>, _> = g.gates.iter().map(|gate| gate.parse()).collect();
        Ok(Self {
            id: g.id,
            schedule: g.schedule.into_iter().map(WeeklyHours::from).collect(),
            on_holiday: g.on_holiday.into(),
            gates: gates.map_err(|error: domain::id::InvalidId| error.to_string())?,
            is_free_of_anti_passback: g.is_free_of_anti_passback,
            is_free_of_capacity: g.is_free_of_capacity,
        })
    }
}

/// A list, or a part of one: days as days after 1970-01-01.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListShape {
    version: u64,
    #[serde(with = "crate::time")]
    as_of: Timestamp,
    #[serde(with = "crate::time::optional")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupShape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holidays: Vec<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    worked: Vec<(i32, u8)>,
    registrations: Vec<RegistrationShape>,
}

impl From<&SiteList> for ListShape {
    fn from(l: &SiteList) -> Self {
        Self {
            version: l.version,
            as_of: l.as_of,
            expires_at: l.expires_at,
            groups: l.groups.iter().map(GroupShape::from).collect(),
            holidays: l.calendar.holidays.clone(),
            worked: l.calendar.worked.clone(),
            registrations: l
                .registrations
                .iter()
                .map(RegistrationShape::from)
                .collect(),
        }
    }
}

impl TryFrom<ListShape> for SiteList {
    type Error = String;

    fn try_from(l: ListShape) -> Result<Self, String> {
        let groups: Result<_, String> = l.groups.into_iter().map(Group::try_from).collect();
        let registrations = l.registrations.into_iter().map(Registration::try_from);
        let registrations: Result<_, String> = registrations.collect();
        Ok(Self {
            version: l.version,
            as_of: l.as_of,
            expires_at: l.expires_at,
            registrations: registrations?,
            groups: groups?,
            calendar: Calendar {
                holidays: l.holidays,
                worked: l.worked,
            },
        })
    }
}

/// The body of a list bundle: a list without version and times, which its seal has.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyShape {
    pub(crate) format: u32,
    keys: BundleKeys,
    groups: Vec<GroupShape>,
    holidays: Vec<i32>,
    worked: Vec<(i32, u8)>,
    registrations: Vec<RegistrationShape>,
}

impl BodyShape {
    pub(crate) fn new(format: u32, keys: &BundleKeys, list: &SiteList) -> Self {
        let list = ListShape::from(list);
        Self {
            format,
            keys: keys.clone(),
            groups: list.groups,
            holidays: list.holidays,
            worked: list.worked,
            registrations: list.registrations,
        }
    }

    pub(crate) fn into_parts(self) -> Result<(BundleKeys, SiteList), String> {
        let list = ListShape {
            version: 0,
            as_of: Timestamp::EPOCH,
            expires_at: None,
            groups: self.groups,
            holidays: self.holidays,
            worked: self.worked,
            registrations: self.registrations,
        };
        Ok((self.keys, list.try_into()?))
    }
}
