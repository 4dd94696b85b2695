//! What visitors see: a form behind a host's link, and a page of their own with their pass.
//!
//! These pages may be reachable from outside. Nothing on them leads to the console, and whoever
//! has no good address is told one thing, whatever is wrong with it.

use super::{
    Lang, render,
    visit_words::Words,
    visitors::{
        VisitForm, VisitTeller, VisitView,
        public::{PassView, approve, call_back, pass_picture, pass_view, refused},
    },
};
use crate::{
    app::App,
    desk::Desk,
    http::problem::Problem,
    store::{NewVisitor, StepWanted, VisitLink, Visitor, VisitorRefused},
    visit::{VisitState, VisitStep},
};
use askama::Template;
use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use service::link_token::LinkToken;
use std::{sync::Arc, time::Duration};

/// What stands around a page for visitors.
struct PublicFrame {
    w: &'static super::words::Words,
    v: &'static Words,
    site_name: String,
    version: String,
    here: String,
}

impl PublicFrame {
    fn new(app: &App, lang: Lang, here: &str) -> Self {
        Self {
            w: super::words::Words::of(lang),
            v: Words::of(lang),
            site_name: app.site_name.clone(),
            version: app.assets.version().to_owned(),
            here: here.to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "visit/announce.html")]
struct AnnouncePage {
    frame: PublicFrame,
    host: String,
    kept_days: u64,
    form: VisitForm,
    wrong: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "visit/ticket.html")]
struct TicketPage {
    frame: PublicFrame,
    visit: VisitView,
    pass: Option<PassView>,
    note: &'static str,
    can_cancel: bool,
}

#[derive(Template)]
#[template(path = "visit/public_problem.html")]
struct PublicProblemPage<'a> {
    frame: PublicFrame,
    title: &'static str,
    text: &'a str,
    request_id: &'a str,
}

/// A problem for a visitor.
pub(crate) fn problem_page(
    app: &App,
    lang: Lang,
    problem: &Problem,
    request_id: &str,
) -> Html<String> {
    let frame = PublicFrame::new(app, lang, "");
    let v = frame.v;
    let (title, text) = match problem.kind {
        "link-dead" | "not-found" | "bad-request" => (v.dead_title, v.dead_note),
        "too-many" => (frame.w.problem_title, v.busy_note),
        "visit-refused" => (frame.w.problem_title, v.refused),
        _ => (frame.w.problem_title, frame.w.problem_busy),
    };
    let page = PublicProblemPage {
        frame,
        title,
        text,
        request_id,
    };
    page.render()
        .map_or_else(|_error| Html(String::new()), Html)
}

/// What an address leads to.
enum Behind {
    Link(VisitLink),
    Visit(Box<Visitor>),
}

fn dead() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "link-dead",
        "this address cannot be used",
    )
}

fn too_many() -> Problem {
    let status = StatusCode::TOO_MANY_REQUESTS;
    Problem::new(
        status,
        "too-many",
        "too many requests; try again in a minute",
    )
}

/// What stands behind the address. A link that is over, called back or used up is as wrong as one
/// that never was.
async fn behind(app: &App, desk: &Desk, token: &str) -> Result<Behind, Problem> {
    let now = app.now();
    if let Some(token) = LinkToken::parse(token) {
        let sha256 = token.sha256();
        if let Some(link) = app.store.visit_link_of(&sha256).await?
            && link.is_usable(now)
        {
            return Ok(Behind::Link(link));
        }
        if let Some(visitor) = app.store.visitor_of_ticket(&sha256).await? {
            return Ok(Behind::Visit(Box::new(visitor)));
        }
    }
    // Whoever has a good address is not held up by those who have none.
    if desk.wrong_links.take(now) {
        Err(dead())
    } else {
        Err(too_many())
    }
}

pub(crate) async fn get_visit(
    State(app): State<Arc<App>>,
    uri: Uri,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let desk = app.desk()?;
    match behind(&app, desk, &token).await? {
        Behind::Link(link) => announce_page(&app, lang, &token, &link, None),
        Behind::Visit(visitor) => ticket_page(&app, lang, &token, &visitor).await,
    }
}

fn announce_page(
    app: &App,
    lang: Lang,
    token: &str,
    link: &VisitLink,
    tried: Option<(VisitForm, Vec<&'static str>)>,
) -> Result<Html<String>, Problem> {
    let desk = app.desk()?;
    let teller = VisitTeller::new(app, lang);
    let (form, wrong) = tried.unwrap_or_else(|| {
        let soon = teller.now.saturating_add(Duration::from_secs(3600));
        let later = teller.last_of_day(soon, soon.saturating_add(Duration::from_secs(2 * 3600)));
        let form = VisitForm {
            id: desk.visitor_id().to_string(),
            ticket: LinkToken::random().expose().to_owned(),
            day: teller.days.day_of(soon),
            from: teller.days.time(soon),
            until: teller.days.time(later),
            ..VisitForm::default()
        };
        (form, Vec::new())
    });
    render(&AnnouncePage {
        frame: PublicFrame::new(app, lang, &format!("/visit/{token}")),
        host: link.host.clone().unwrap_or_default(),
        kept_days: desk.kept.as_secs() / (24 * 3600),
        form,
        wrong,
    })
}

async fn ticket_page(
    app: &App,
    lang: Lang,
    token: &str,
    visitor: &Visitor,
) -> Result<Html<String>, Problem> {
    let teller = VisitTeller::new(app, lang);
    let v = teller.v;
    let is_over = visitor.expected_until <= teller.now;
    let note = match visitor.state {
        VisitState::Invited | VisitState::Registered | VisitState::CheckedOut if is_over => {
            v.ticket_over
        }
        VisitState::Invited => v.ticket_wait,
        VisitState::Registered | VisitState::CheckedOut => v.ticket_show,
        VisitState::CheckedIn => v.ticket_in,
        VisitState::Cancelled => v.ticket_cancelled,
        VisitState::DidNotCome => v.ticket_over,
    };
    let is_closed = matches!(
        visitor.state,
        VisitState::Cancelled | VisitState::DidNotCome
    );
    let pass = match is_closed {
        true => None,
        false => pass_view(app, v, visitor).await?,
    };
    let visit = teller.visitor(visitor);
    render(&TicketPage {
        frame: PublicFrame::new(app, lang, &format!("/visit/{token}")),
        can_cancel: visit.can_cancel,
        visit,
        pass,
        note,
    })
}

pub(crate) async fn post_visit(
    State(app): State<Arc<App>>,
    uri: Uri,
    Path(token): Path<String>,
    headers: HeaderMap,
    form: Result<Form<VisitForm>, FormRejection>,
) -> Result<Response, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let desk = app.desk()?;
    let Behind::Link(link) = behind(&app, desk, &token).await? else {
        return Err(dead());
    };
    let Form(mut form) = form?;
    if !desk.announced.take(app.now()) {
        return Err(too_many());
    }
    let (Ok(id), Some(ticket)) = (form.id.parse(), LinkToken::parse(&form.ticket)) else {
        return Err(Problem::bad_request("the form was not made here"));
    };
    // Whom a visitor sees and how often is not the visitor's to say.
    form.host = link.host.clone().unwrap_or_default();
    form.uses = String::new();
    let teller = VisitTeller::new(&app, lang);
    let filled = match form.filled(teller.v, &teller.days, teller.now) {
        Ok(filled) => filled,
        Err(wrong) => {
            let page = announce_page(&app, lang, &token, &link, Some((form, wrong)))?;
            return Ok(page.into_response());
        }
    };
    let new = NewVisitor {
        id,
        person: filled.person,
        expected_from: filled.from,
        expected_until: filled.until,
        uses_max: filled.uses_max,
        ticket_sha256: Some(ticket.sha256()),
    };
    announce(&app, desk, &new, &link).await?;
    Ok(Redirect::to(&format!("/visit/{}", ticket.expose())).into_response())
}

async fn announce(
    app: &App,
    desk: &Desk,
    new: &NewVisitor,
    link: &VisitLink,
) -> Result<(), Problem> {
    let announced = app.store.announce_visitor(new, link.id, app.now()).await;
    announced.map_err(|error| match error {
        VisitorRefused::Link => dead(),
        other => refused(other),
    })?;
    let ticket = new.ticket_sha256.as_deref().unwrap_or_default();
    if desk.is_automatic
        && let Some(visitor) = app.store.visitor_of_ticket(ticket).await?
        && visitor.state == VisitState::Invited
    {
        approve(app, &visitor, &format!("visit link {}", link.id)).await?;
    }
    app.say_gate_changed();
    Ok(())
}

async fn visitor_of(app: &App, token: &str) -> Result<Visitor, Problem> {
    match behind(app, app.desk()?, token).await? {
        Behind::Visit(visitor) => Ok(*visitor),
        Behind::Link(_) => Err(dead()),
    }
}

pub(crate) async fn get_pass(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let visitor = visitor_of(&app, &token).await?;
    if !visitor.state.is_open() && visitor.state != VisitState::CheckedOut {
        return Err(dead());
    }
    pass_picture(&app, &visitor).await
}

/// The visitor calls the visit off.
pub(crate) async fn post_cancel(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
) -> Result<Redirect, Problem> {
    let visitor = visitor_of(&app, &token).await?;
    let wanted = StepWanted::new(visitor.id, VisitStep::Cancel, "visitor", app.now());
    app.store.step_visitor(&wanted).await.map_err(refused)?;
    // The guard may have made the pass a moment ago.
    let visitor = app.store.visitor(visitor.id).await?.unwrap_or(visitor);
    if let Some(pass) = visitor.pass {
        call_back(&app, pass).await?;
    }
    app.say_gate_changed();
    Ok(Redirect::to(&format!("/visit/{token}")))
}
