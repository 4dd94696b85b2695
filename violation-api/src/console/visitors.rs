//! The visitors' desk: who is expected, who is here, who is overdue, who has gone.

mod forms;
mod links;
mod list;
mod one;
mod table;

pub(crate) use forms::VisitForm;
pub(crate) use links::{get_links, post_call_back_link, post_link};
pub(crate) use list::{get_csv, get_visitors, post_visitor, visitors_today};
pub(crate) use one::{get_pass_picture, get_visitor, post_action};

/// What pages for visitors need of it.
pub(crate) mod public {
    pub(crate) use super::one::{
        PassView, approve, call_back, desk_failed, pass_picture, pass_view, refused,
    };
}

use super::{
    Lang,
    names::{Badge, Tone},
    visit_time::SiteDays,
    visit_words::Words,
};
use crate::{app::App, names::Names, store::Visitor, visit::VisitState};
use domain::{GateId, Timestamp};
use std::{sync::Arc, time::Duration};

/// Turns visits into text.
pub(crate) struct VisitTeller {
    pub(crate) v: &'static Words,
    pub(crate) days: SiteDays,
    pub(crate) now: Timestamp,
    names: Arc<Names>,
}

/// A visit as a page shows it.
pub(crate) struct VisitView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) company: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) purpose: Option<String>,
    pub(crate) plate: Option<String>,
    pub(crate) day: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) badge: Badge,
    pub(crate) group: Group,
    pub(crate) can_approve: bool,
    pub(crate) can_check_in: bool,
    pub(crate) can_check_out: bool,
    pub(crate) can_cancel: bool,
    pub(crate) came_in: Option<String>,
    pub(crate) left: Option<String>,
    pub(crate) masked: Option<String>,
    pub(crate) assurance: Option<&'static str>,
    pub(crate) is_erased: bool,
}

/// Where a visit stands on the desk's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Waits,
    Expected,
    Here,
    Overdue,
    Gone,
}

impl Group {
    pub(crate) const ALL: [Self; 5] = [
        Self::Waits,
        Self::Expected,
        Self::Here,
        Self::Overdue,
        Self::Gone,
    ];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Expected => "expected",
            Self::Here => "here",
            Self::Overdue => "overdue",
            Self::Gone => "gone",
        }
    }

    pub(crate) fn word(self, v: &Words) -> &'static str {
        match self {
            Self::Waits => v.waits,
            Self::Expected => v.expected,
            Self::Here => v.here,
            Self::Overdue => v.overdue,
            Self::Gone => v.gone,
        }
    }

    /// Overdue is whoever is still here when the visit should have ended.
    pub(crate) fn of(visitor: &Visitor, now: Timestamp) -> Self {
        match visitor.state {
            VisitState::Invited => Self::Waits,
            VisitState::Registered => Self::Expected,
            VisitState::CheckedIn if visitor.expected_until <= now => Self::Overdue,
            VisitState::CheckedIn => Self::Here,
            VisitState::CheckedOut | VisitState::Cancelled | VisitState::DidNotCome => Self::Gone,
        }
    }
}

impl VisitTeller {
    pub(crate) fn new(app: &App, lang: Lang) -> Self {
        Self {
            v: Words::of(lang),
            days: SiteDays::new(&app.zone),
            now: app.now(),
            names: Arc::clone(&app.names),
        }
    }

    /// This moment, or the last minute of the day of `begin`: a form has one day.
    pub(crate) fn last_of_day(&self, begin: Timestamp, until: Timestamp) -> Timestamp {
        let day = self.days.bounds(&self.days.day_of(begin));
        day.map_or(until, |(_, next)| {
            until.min(next.saturating_sub(Duration::from_secs(60)))
        })
    }

    /// What people call a gate.
    pub(crate) fn gate(&self, gate: &GateId) -> String {
        self.names.gate(gate).to_owned()
    }

    fn place(&self, place: Option<&(Timestamp, Option<GateId>)>) -> Option<String> {
        let (at, gate) = place?;
        let time = self.days.time_on(*at, self.now);
        Some(match gate {
            Some(gate) => format!("{time} {} {}", self.v.by_gate, self.gate(gate)),
            None => time,
        })
    }

    pub(crate) fn badge(&self, visitor: &Visitor) -> Badge {
        let (word, tone) = match (visitor.state, Group::of(visitor, self.now)) {
            (_, Group::Overdue) => (self.v.overdue, Tone::Bad),
            (VisitState::Invited, _) => (self.v.state_word(visitor.state), Tone::Warn),
            (VisitState::Registered, _) => (self.v.state_word(visitor.state), Tone::Busy),
            (VisitState::CheckedIn, _) => (self.v.state_word(visitor.state), Tone::Good),
            _ => (self.v.state_word(visitor.state), Tone::Quiet),
        };
        Badge { word, tone }
    }

    pub(crate) fn visitor(&self, visitor: &Visitor) -> VisitView {
        let person = visitor.person.as_ref();
        let is_over = visitor.expected_until <= self.now;
        let is_erased = visitor.erased_at.is_some();
        let state = visitor.state;
        VisitView {
            id: visitor.id.to_string(),
            name: person.map_or_else(|| self.v.erased_name.to_owned(), |p| p.name.clone()),
            company: person.and_then(|person| person.company.clone()),
            phone: person.and_then(|person| person.phone.clone()),
            host: person.map(|person| person.host.clone()),
            purpose: person.and_then(|person| person.purpose.clone()),
            plate: person.and_then(|person| Some(person.plate.as_ref()?.written())),
            day: self.days.day(visitor.expected_from),
            from: self.days.time_on(visitor.expected_from, self.now),
            until: self.days.time_on(visitor.expected_until, self.now),
            badge: self.badge(visitor),
            group: Group::of(visitor, self.now),
            can_approve: state == VisitState::Invited && !is_over && !is_erased,
            can_check_in: matches!(state, VisitState::Registered | VisitState::CheckedOut)
                && !is_over
                && !is_erased,
            can_check_out: state == VisitState::CheckedIn && !is_erased,
            can_cancel: matches!(state, VisitState::Invited | VisitState::Registered) && !is_erased,
            came_in: self.place(visitor.checked_in.as_ref()),
            left: self.place(visitor.checked_out.as_ref()),
            masked: visitor.document.as_ref().map(|d| d.masked.clone()),
            assurance: visitor.assurance.map(|a| self.v.assurance_word(a)),
            is_erased,
        }
    }
}
