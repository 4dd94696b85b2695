//! The visits of a day: the page, its table for spreadsheets, walk-ins, and the part that stands on
//! a lane's screen.

use super::{
    Group, VisitForm, VisitTeller, VisitView,
    one::{call_back, make_pass, refused},
    table::csv,
};
use crate::{
    app::App,
    console::{CONSOLE_ACTOR, Frame, Lang, audit_view, render, visit_words::Words},
    http::{Params, problem::Problem},
    store::{AuditEntry, DayFilter, NewVisitor, Visitor, VisitorDone},
};
use askama::Template;
use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use domain::GateId;
use serde::Deserialize;
use service::{clock, site_list::plain};
use std::sync::Arc;

/// Visits on a lane's screen.
const FRAGMENT_ROWS: usize = 12;

/// A walk-in stays so long when nothing else is said.
const WALK_IN_STAYS_S: u64 = 4 * 3600;

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ListQuery {
    #[serde(rename = "lang")]
    _lang: Option<String>,
    q: String,
    show: String,
    day: String,
}

#[derive(Template)]
#[template(path = "visit/visitors.html")]
struct VisitorsPage {
    frame: Frame,
    v: &'static Words,
    title: String,
    day: String,
    q: String,
    show: String,
    filters: Vec<Filter>,
    visits: Vec<VisitView>,
    is_searched: bool,
    kept_days: u64,
    form: VisitForm,
    wrong: Vec<&'static str>,
}

struct Filter {
    show: &'static str,
    word: &'static str,
    n: usize,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "visit/today.html")]
struct TodayFragment {
    v: &'static Words,
    visits: Vec<VisitView>,
    n_more: usize,
    gate: Option<String>,
    back: String,
}

/// The visits that a query asks for, and all of its day.
async fn day_of(
    app: &App,
    teller: &VisitTeller,
    query: &ListQuery,
) -> Result<(String, Vec<Visitor>), Problem> {
    let today = teller.days.day_of(teller.now);
    let day = match query.day.as_str() {
        "" => today.clone(),
        day => day.to_owned(),
    };
    let bounds = teller.days.bounds(&day);
    let (from, until) = bounds.ok_or_else(|| Problem::bad_request("day: write 2026-11-21"))?;
    let filter = DayFilter {
        from,
        until,
        with_present: day == today,
    };
    Ok((day, app.store.visitors(&filter).await?))
}

/// Whether the visit has all the words somewhere. `nguyen` finds Nguyễn.
fn has_words(view: &VisitView, words: &str) -> bool {
    let fields = [
        Some(&view.name),
        view.company.as_ref(),
        view.host.as_ref(),
        view.purpose.as_ref(),
        view.plate.as_ref(),
    ];
    let mut all = String::new();
    for field in fields.into_iter().flatten() {
        all += &plain(field);
        all.push(' ');
        // A plate is found with and without what stands between its parts.
        all.extend(plain(field).chars().filter(|c| c.is_ascii_alphanumeric()));
        all.push('\n');
    }
    plain(words).split(' ').all(|word| all.contains(word))
}

/// Overdue first, then who is here, who waits, who is expected, who has gone.
fn rank(group: Group) -> u8 {
    match group {
        Group::Overdue => 0,
        Group::Waits => 1,
        Group::Here => 2,
        Group::Expected => 3,
        Group::Gone => 4,
    }
}

pub(crate) async fn get_visitors(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<ListQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    page(&app, lang, query, None).await
}

async fn page(
    app: &App,
    lang: Lang,
    query: ListQuery,
    tried: Option<(VisitForm, Vec<&'static str>)>,
) -> Result<Html<String>, Problem> {
    let desk = app.desk()?;
    let teller = VisitTeller::new(app, lang);
    let (day, visitors) = day_of(app, &teller, &query).await?;
    audit_view(app, format!("visitors of {day}")).await?;
    let mut visits: Vec<VisitView> = visitors.iter().map(|row| teller.visitor(row)).collect();
    let is_searched = !query.q.trim().is_empty();
    if is_searched {
        visits.retain(|visit| has_words(visit, &query.q));
    }
    let filters = filters(&teller, &visits, &query.show);
    if let Some(group) = Group::ALL.iter().find(|group| group.code() == query.show) {
        visits.retain(|visit| visit.group == *group);
    }
    visits.sort_by_key(|visit| rank(visit.group));
    let v = teller.v;
    let is_today = day == teller.days.day_of(teller.now);
    let title = if is_today {
        v.visitors_today.to_owned()
    } else {
        let shown = teller
            .days
            .bounds(&day)
            .map(|(from, _)| teller.days.day(from));
        format!("{} {}", v.visitors_of, shown.unwrap_or_default())
    };
    let (form, wrong) = match tried {
        Some(tried) => tried,
        None => (walk_in(&teller, desk.visitor_id().to_string()), Vec::new()),
    };
    render(&VisitorsPage {
        frame: Frame::new(app, lang, "/visitors"),
        v,
        title,
        day,
        q: query.q,
        show: query.show,
        filters,
        visits,
        is_searched,
        kept_days: desk.kept.as_secs() / (24 * 3600),
        form,
        wrong,
    })
}

fn filters(teller: &VisitTeller, visits: &[VisitView], show: &str) -> Vec<Filter> {
    let all = Filter {
        show: "",
        word: teller.v.all,
        n: visits.len(),
        is_chosen: !Group::ALL.iter().any(|group| group.code() == show),
    };
    let of_group = |group: &Group| Filter {
        show: group.code(),
        word: group.word(teller.v),
        n: visits.iter().filter(|visit| visit.group == *group).count(),
        is_chosen: group.code() == show,
    };
    std::iter::once(all)
        .chain(Group::ALL.iter().map(of_group))
        .collect()
}

/// The form for somebody who stands at the desk.
fn walk_in(teller: &VisitTeller, id: String) -> VisitForm {
    let stays = std::time::Duration::from_secs(WALK_IN_STAYS_S);
    let until = teller.last_of_day(teller.now, teller.now.saturating_add(stays));
    VisitForm {
        id,
        day: teller.days.day_of(teller.now),
        from: teller.days.time(teller.now),
        until: teller.days.time(until),
        ..VisitForm::default()
    }
}

/// Registers somebody who stands at the desk, and makes a pass.
pub(crate) async fn post_visitor(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Form<VisitForm>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(form) = form?;
    let lang = Lang::of_request(uri.query(), &headers);
    let teller = VisitTeller::new(&app, lang);
    let id = form.id.parse();
    let id = id.map_err(|error| Problem::bad_request(format!("id: {error}")))?;
    let filled = match form.filled(teller.v, &teller.days, teller.now) {
        Ok(filled) => filled,
        Err(wrong) => {
            let shown = page(&app, lang, ListQuery::default(), Some((form, wrong))).await?;
            return Ok(shown.into_response());
        }
    };
    let new = NewVisitor {
        id,
        person: filled.person,
        expected_from: filled.from,
        expected_until: filled.until,
        uses_max: filled.uses_max,
        ticket_sha256: None,
    };
    if app.store.visitor(id).await?.is_none() {
        let pass = make_pass(&app, &new).await?;
        let made = app
            .store
            .register_visitor(&new, Some(pass), CONSOLE_ACTOR, app.now());
        let made = made.await;
        // The form may have been sent twice: the second pass is nobody's.
        if !matches!(made, Ok(VisitorDone::Changed(_))) {
            call_back(&app, pass).await?;
        }
        made.map_err(refused)?;
        app.say_gate_changed();
    }
    Ok(Redirect::to(&format!("/visitors/{id}")).into_response())
}

/// The day as a table for spreadsheets; who takes it with him is written down.
pub(crate) async fn get_csv(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.desk()?;
    let teller = VisitTeller::new(&app, Lang::of_request(uri.query(), &headers));
    let (day, visitors) = day_of(&app, &teller, &query).await?;
    let entry = AuditEntry {
        at: clock::now(),
        actor: CONSOLE_ACTOR.to_owned(),
        action: "export",
        subject: format!("visitors of {day}"),
        detail: format!("{} rows", visitors.len()),
    };
    app.store.audit(&entry).await?;
    let visits: Vec<VisitView> = visitors.iter().map(|row| teller.visitor(row)).collect();
    let name = format!("attachment; filename=\"visitors-{day}.csv\"");
    let disposition = HeaderValue::from_str(&name).map_err(|_invalid| Problem::not_found("day"))?;
    let csv_type = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, csv_type),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, csv(&visits)).into_response())
}

/// Who is overdue, here or expected today, for the screen of a gate; what is done there comes
/// back to the page `back`, as far as it is one of a gate or a lane.
pub(crate) async fn visitors_today(
    app: &App,
    lang: Lang,
    gate: Option<&GateId>,
    back: &str,
) -> Result<String, Problem> {
    if app.desk.is_none() {
        return Ok(String::new());
    }
    let teller = VisitTeller::new(app, lang);
    let (_day, visitors) = day_of(app, &teller, &ListQuery::default()).await?;
    let mut visits: Vec<VisitView> = visitors
        .iter()
        .map(|row| teller.visitor(row))
        .filter(|visit| visit.group != Group::Gone)
        .collect();
    visits.sort_by_key(|visit| rank(visit.group));
    let n_more = visits.len().saturating_sub(FRAGMENT_ROWS);
    visits.truncate(FRAGMENT_ROWS);
    let fragment = TodayFragment {
        v: teller.v,
        visits,
        n_more,
        back: back.to_owned(),
        gate: gate.map(GateId::to_string),
    };
    Ok(render(&fragment)?.0)
}
