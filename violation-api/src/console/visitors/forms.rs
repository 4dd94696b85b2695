//! What is written about a visitor, checked word by word.

use super::super::{visit_time::SiteDays, visit_words::Words};
use crate::store::VisitorPerson;
use domain::{Plate, Timestamp};
use serde::Deserialize;
use std::time::Duration;

/// Longest text of a field.
const CHARS_MAX: usize = 80;

/// How far ahead a visit may be.
const AHEAD_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

/// How long a visit may last.
const LASTS_MAX: Duration = Duration::from_secs(24 * 3600);

/// A visitor as a form sends one.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VisitForm {
    /// The id of a new visit, made when the form was: sent twice it makes one visit.
    pub(crate) id: String,
    /// The secret of a visitor's own page, as above.
    pub(crate) ticket: String,
    pub(crate) name: String,
    pub(crate) company: String,
    pub(crate) phone: String,
    pub(crate) host: String,
    pub(crate) purpose: String,
    pub(crate) plate: String,
    pub(crate) day: String,
    pub(crate) from: String,
    pub(crate) until: String,
    /// `often`, or once.
    pub(crate) uses: String,
}

/// A form that is right.
pub(crate) struct Filled {
    pub(crate) person: VisitorPerson,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) uses_max: Option<u8>,
}

impl VisitForm {
    /// What it says, or all that is wrong with it.
    pub(crate) fn filled(
        &self,
        v: &'static Words,
        days: &SiteDays,
        now: Timestamp,
    ) -> Result<Filled, Vec<&'static str>> {
        let mut wrong = Vec::new();
        let name = text(&self.name);
        let host = text(&self.host);
        if !matches!(name, Ok(Some(_))) {
            wrong.push(v.bad_name);
        }
        if !matches!(host, Ok(Some(_))) {
            wrong.push(v.bad_host);
        }
        let (company, purpose) = (text(&self.company), text(&self.purpose));
        if company.is_err() || purpose.is_err() {
            wrong.push(v.bad_text);
        }
        let phone = text(&self.phone).ok().filter(|phone| {
            let is_phone = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-');
            phone
                .as_ref()
                .is_none_or(|phone| phone.chars().all(is_phone))
        });
        if phone.is_none() {
            wrong.push(v.bad_phone);
        }
        let plate = match self.plate.trim() {
            "" => Ok(None),
            written => Plate::parse(written).map(Some),
        };
        if plate.is_err() {
            wrong.push(v.bad_plate);
        }
        let times = self.times(days, now);
        if times.is_none() {
            wrong.push(v.bad_time);
        }
        let (Ok(Some(name)), Ok(Some(host)), Ok(company), Ok(purpose), Ok(plate)) =
            (name, host, company, purpose, plate)
        else {
            return Err(wrong);
        };
        let (Some((from, until)), Some(phone)) = (times, phone) else {
            return Err(wrong);
        };
        Ok(Filled {
            person: VisitorPerson {
                name,
                company,
                phone,
                host,
                purpose,
                plate,
            },
            from,
            until,
            uses_max: (self.uses != "often").then_some(1),
        })
    }

    fn times(&self, days: &SiteDays, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let from = days.moment(&self.day, &self.from)?;
        let until = days.moment(&self.day, &self.until)?;
        let is_good = now < until
            && from < until
            && until.since(from) <= LASTS_MAX
            && until <= now.saturating_add(AHEAD_MAX);
        is_good.then_some((from, until))
    }
}

/// A field without what stands around it; nothing when it is empty.
pub(crate) fn text(field: &str) -> Result<Option<String>, ()> {
    let field = field.split_whitespace().collect::<Vec<_>>().join(" ");
    if CHARS_MAX < field.chars().count() || field.chars().any(char::is_control) {
        return Err(());
    }
    Ok(Some(field).filter(|field| !field.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Lang;
    use jiff::tz::TimeZone;

    fn form() -> VisitForm {
        let field = |text: &str| text.to_owned();
        VisitForm {
            name: field("  Nguyễn  Văn Mẫu "),
            host: field("Trần Thị Đón"),
            phone: field("+84 912 345 678"),
            plate: field("30F-256.58"),
            day: field("2026-11-21"),
            from: field("14:00"),
            until: field("17:30"),
            ..VisitForm::default()
        }
    }

    fn filled(form: &VisitForm) -> Result<Filled, Vec<&'static str>> {
        let days = SiteDays::new(&TimeZone::get("Asia/Ho_Chi_Minh").unwrap());
        let now = days.moment("2026-11-21", "14:32").unwrap();
        form.filled(Words::of(Lang::English), &days, now)
    }

    #[test]
    fn a_good_form_is_read_and_tidied() {
        let filled = filled(&form()).ok().unwrap();
        assert_eq!(filled.person.name, "Nguyễn Văn Mẫu");
        assert_eq!(filled.person.company, None);
        assert_eq!(filled.person.plate.unwrap().written(), "30F-25658");
        assert_eq!(
            (filled.uses_max, filled.until.since(filled.from).as_secs()),
            (Some(1), 12_600)
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let v = Words::of(Lang::English);
        let with = |change: fn(&mut VisitForm)| {
            let mut form = form();
            change(&mut form);
            filled(&form).err().unwrap_or_default()
        };
        assert_eq!(with(|form| form.name = " ".to_owned()), [v.bad_name]);
        assert_eq!(with(|form| form.name = "a".repeat(81)), [v.bad_name]);
        assert_eq!(
            with(|form| form.purpose = "a\u{7}".to_owned()),
            [v.bad_text]
        );
        assert_eq!(
            with(|form| form.phone = "me@example.vn".to_owned()),
            [v.bad_phone]
        );
        assert_eq!(with(|form| form.plate = "30F".to_owned()), [v.bad_plate]);
        for (from, until) in [("17:30", "14:00"), ("10:00", "14:31"), ("", "17:30")] {
            let mut form = form();
            (form.from, form.until) = (from.to_owned(), until.to_owned());
            assert_eq!(filled(&form).err().unwrap(), [v.bad_time], "{from} {until}");
        }
        assert_eq!(
            with(|form| form.day = "2027-11-21".to_owned()),
            [v.bad_time]
        );
        let nothing = filled(&VisitForm::default()).err().unwrap();
        assert_eq!(nothing, [v.bad_name, v.bad_host, v.bad_time]);
    }
}
