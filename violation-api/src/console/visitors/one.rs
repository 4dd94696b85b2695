//! One visit: who, the pass, what was done, and what may be done now.

use super::{VisitTeller, VisitView};
use crate::{
    app::App,
    console::{CONSOLE_ACTOR, Frame, Lang, audit_view, render, visit_words::Words},
    http::{PathId, problem::Problem},
    store::{
        AuditEntry, NewVisitor, StepWanted, Visitor, VisitorDocument, VisitorEvent, VisitorRefused,
    },
    visit::VisitStep,
};
use askama::Template;
use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use domain::{Assurance, DocumentId, DocumentKind, GateId, PassId, VisitorId};
use serde::Deserialize;
use service::{
    pass_desk::{PassDeskError, PassWish},
    qr_code::QrDrawing,
    site_list::{PassEntry, PassStanding},
};
use std::{sync::Arc, time::Duration};

/// A pass is valid so long before the visit: nobody comes on the minute.
const PASS_EARLY: Duration = Duration::from_secs(30 * 60);

#[derive(Template)]
#[template(path = "visit/visitor.html")]
struct VisitorPage {
    frame: Frame,
    v: &'static Words,
    visit: VisitView,
    pass: Option<PassView>,
    documents: Vec<Choice>,
    gates: Vec<(String, String)>,
    history: Vec<HistoryView>,
}

/// A pass as its visitor or the guard sees it.
pub(crate) struct PassView {
    pub(crate) id: String,
    /// The code, where the pass may be used.
    pub(crate) svg: Option<String>,
    pub(crate) standing: &'static str,
    pub(crate) can_call_back: bool,
}

/// A document that was just read at a gate.
struct Choice {
    id: String,
    text: String,
}

struct HistoryView {
    time: String,
    word: &'static str,
    actor: String,
    assurance: Option<&'static str>,
    passage: Option<String>,
}

pub(crate) fn refused(refused: VisitorRefused) -> Problem {
    match refused {
        VisitorRefused::NotFound | VisitorRefused::Link => Problem::not_found("visitor"),
        VisitorRefused::Illegal(_) => {
            Problem::new(StatusCode::CONFLICT, "visit-refused", refused.to_string())
        }
        VisitorRefused::Store(error) => error.into(),
    }
}

pub(crate) fn desk_failed(error: PassDeskError) -> Problem {
    tracing::error!(
        error = crate::http::problem::chain(&error),
        "the list of passes failed"
    );
    let detail = "the list of passes cannot be written just now; the log says why";
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "passes-unavailable",
        detail,
    )
}

/// Runs on a thread that may wait for a disk.
async fn at_desk<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&service::pass_desk::PassDesk) -> Result<T, PassDeskError> + Send + 'static,
) -> Result<T, Problem> {
    let desk = app.desk()?.passes.clone();
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    let done = done.map_err(|_panic| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    done.map_err(desk_failed)
}

/// Makes a pass for a visit and puts it on the list; gates take it up within a second.
pub(crate) async fn make_pass(app: &App, new: &NewVisitor) -> Result<PassId, Problem> {
    let id = app.desk()?.pass_id();
    let now = app.now();
    let wish = PassWish {
        plate: new.person.plate.clone(),
        group: None,
        // The visit, and no name: the list is read in more places than the visitors' table.
        note: Some(new.id.to_string()),
        from: new.expected_from.saturating_sub(PASS_EARLY),
        until: new.expected_until,
        uses_max: new.uses_max,
    };
    at_desk(app, move |desk| {
        let (entry, _text) = desk.prepare(id, &wish)?;
        desk.list(entry, now)
    })
    .await?;
    Ok(id)
}

/// Approves somebody who was announced: the pass first, for nobody has it before the page shows it.
pub(crate) async fn approve(app: &App, visitor: &Visitor, actor: &str) -> Result<(), Problem> {
    let Some(person) = visitor.person.clone() else {
        return Err(Problem::not_found("visitor"));
    };
    let new = NewVisitor {
        id: visitor.id,
        person,
        expected_from: visitor.expected_from,
        expected_until: visitor.expected_until,
        uses_max: visitor.uses_max,
        ticket_sha256: None,
    };
    let pass = make_pass(app, &new).await?;
    let wanted = StepWanted {
        pass: Some(pass),
        ..StepWanted::new(visitor.id, VisitStep::Register, actor, app.now())
    };
    let stepped = app.store.step_visitor(&wanted).await;
    let is_taken = matches!(stepped, Ok(crate::store::VisitorDone::Changed(_)));
    if !is_taken {
        call_back(app, pass).await?;
    }
    stepped.map(|_done| ()).map_err(refused)
}

/// Calls a pass back; one that is not on the list lets nobody in anyway.
pub(crate) async fn call_back(app: &App, pass: PassId) -> Result<(), Problem> {
    let now = app.now();
    at_desk(app, move |desk| match desk.call_back(pass, now) {
        Err(PassDeskError::Unknown(_)) => Ok(()),
        done => done,
    })
    .await
}

/// The entry of a visit's pass and the text of its code.
async fn pass_of(app: &App, visitor: &Visitor) -> Result<Option<(PassEntry, String)>, Problem> {
    let Some(pass) = visitor.pass else {
        return Ok(None);
    };
    at_desk(app, move |desk| {
        let Some(entry) = desk.find(pass)? else {
            return Ok(None);
        };
        let text = desk.text(&entry)?;
        Ok(Some((entry, text)))
    })
    .await
}

pub(crate) async fn pass_view(
    app: &App,
    v: &'static Words,
    visitor: &Visitor,
) -> Result<Option<PassView>, Problem> {
    let Some(id) = visitor.pass else {
        return Ok(None);
    };
    let found = pass_of(app, visitor).await?;
    let standing = found
        .as_ref()
        .map(|(entry, _text)| entry.standing(app.now()));
    let (standing, is_usable) = match standing {
        Some(Ok(PassStanding::Valid)) => (v.pass_valid, true),
        Some(Ok(PassStanding::NotYet)) => (v.pass_not_yet, true),
        Some(Ok(PassStanding::Over)) => (v.pass_over, false),
        Some(Ok(PassStanding::CalledBack)) => (v.pass_called_back, false),
        Some(Err(_)) | None => (v.pass_unknown, false),
    };
    let text = found.filter(|_| is_usable).map(|(_entry, text)| text);
    let svg = text.and_then(|text| Some(QrDrawing::of(&text).ok()?.svg(v.pass)));
    Ok(Some(PassView {
        id: id.to_string(),
        svg,
        standing,
        can_call_back: is_usable,
    }))
}

/// The code of a visit's pass as a PNG picture.
pub(crate) async fn pass_picture(app: &App, visitor: &Visitor) -> Result<Response, Problem> {
    let found = pass_of(app, visitor).await?;
    let (entry, text) = found.ok_or_else(|| Problem::not_found("pass"))?;
    let usable = [Ok(PassStanding::Valid), Ok(PassStanding::NotYet)];
    if !usable.contains(&entry.standing(app.now())) {
        return Err(Problem::not_found("pass"));
    }
    let drawing = QrDrawing::of(&text).map_err(|_long| Problem::not_found("pass"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("inline; filename=\"pass.png\""),
        ),
    ];
    Ok((headers, drawing.png()).into_response())
}

async fn visitor(app: &App, id: VisitorId) -> Result<Visitor, Problem> {
    app.desk()?;
    let visitor = app.store.visitor(id).await?;
    visitor.ok_or_else(|| Problem::not_found("visitor"))
}

pub(crate) async fn get_visitor(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(id): PathId<VisitorId>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let visitor = visitor(&app, id).await?;
    audit_view(&app, format!("visitor {id}")).await?;
    let events = app.store.visitor_events(id).await?;
    let teller = VisitTeller::new(&app, lang);
    let gate = |lane: &crate::plan::LanePlan| (lane.gate.to_string(), teller.gate(&lane.gate));
    render(&VisitorPage {
        frame: Frame::new(&app, lang, &format!("/visitors/{id}")),
        v: teller.v,
        pass: pass_view(&app, teller.v, &visitor).await?,
        documents: documents(&app, &teller),
        gates: app.plan.lanes.iter().map(gate).collect(),
        history: events.iter().map(|event| history(&teller, event)).collect(),
        visit: teller.visitor(&visitor),
    })
}

/// What was shown at the gates in the last minutes: the guard says which was this visitor's.
fn documents(app: &App, teller: &VisitTeller) -> Vec<Choice> {
    let choice = |read: domain::DocumentRead| {
        let what = match &read.kind {
            DocumentKind::CitizenCard { masked, .. } => format!("{} {masked}", teller.v.card),
            DocumentKind::Pass {
                is_genuine: true, ..
            } => teller.v.pass.to_owned(),
            DocumentKind::Pass { .. } => return None,
        };
        let (assurance, gate) = (
            teller.v.assurance_word(read.assurance),
            teller.gate(&read.gate),
        );
        let time = teller.days.time(read.shown_at);
        Some(Choice {
            id: read.id.to_string(),
            text: format!("{what} – {assurance} – {gate} {time}"),
        })
    };
    let all = app.documents.all(teller.now);
    all.into_iter().filter_map(choice).collect()
}

fn history(teller: &VisitTeller, event: &VisitorEvent) -> HistoryView {
    let actor = match &event.gate {
        Some(gate) => format!("{} ({})", event.actor, teller.gate(gate)),
        None => event.actor.clone(),
    };
    HistoryView {
        time: teller.days.time_on(event.at, teller.now),
        word: teller.v.step_word(event.step),
        actor,
        assurance: event.assurance.map(|a| teller.v.assurance_word(a)),
        passage: event.passage.map(|passage| passage.to_string()),
    }
}

pub(crate) async fn get_pass_picture(
    State(app): State<Arc<App>>,
    PathId(id): PathId<VisitorId>,
) -> Result<Response, Problem> {
    let visitor = visitor(&app, id).await?;
    audit_view(&app, format!("pass of visitor {id}")).await?;
    pass_picture(&app, &visitor).await
}

/// What the buttons of a visit send.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ActionForm {
    gate: String,
    /// `human`, or the id of a document that was just read; nothing when none was looked at.
    seen: String,
    /// Where to go afterwards.
    back: String,
}

pub(crate) async fn post_action(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    form: Result<Form<ActionForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let id: VisitorId = id.parse().map_err(|_no_id| Problem::not_found("visitor"))?;
    let Form(form) = form?;
    let before = visitor(&app, id).await?;
    match action.as_str() {
        "approve" => approve(&app, &before, CONSOLE_ACTOR).await?,
        "check-in" => check_in(&app, id, &form).await?,
        "check-out" => step(&app, id, VisitStep::CheckOut, gate_of(&form)?).await?,
        "cancel" => {
            step(&app, id, VisitStep::Cancel, None).await?;
            // The pass may have been made a moment ago.
            let after = app.store.visitor(id).await?.unwrap_or(before);
            take_pass_back(&app, &after).await?;
        }
        "call-back" => take_pass_back(&app, &before).await?,
        "erase" => erase(&app, id).await?,
        _ => return Err(Problem::not_found("action")),
    }
    app.say_gate_changed();
    Ok(Redirect::to(&back(&form.back, id)))
}

/// Only to pages of ours.
fn back(wanted: &str, id: VisitorId) -> String {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/-_".contains(&b);
    let is_of_a_gate = wanted.starts_with("/lanes/") || wanted.starts_with("/gates/");
    let is_ours = wanted == "/visitors" || is_of_a_gate;
    if is_ours && wanted.bytes().all(is_plain) && !wanted.contains("//") {
        wanted.to_owned()
    } else {
        format!("/visitors/{id}")
    }
}

fn gate_of(form: &ActionForm) -> Result<Option<GateId>, Problem> {
    if form.gate.is_empty() {
        return Ok(None);
    }
    let gate = form.gate.parse();
    let gate = gate.map_err(|error| Problem::bad_request(format!("gate: {error}")))?;
    Ok(Some(gate))
}

async fn step(
    app: &App,
    id: VisitorId,
    step: VisitStep,
    gate: Option<GateId>,
) -> Result<(), Problem> {
    let wanted = StepWanted {
        gate,
        ..StepWanted::new(id, step, CONSOLE_ACTOR, app.now())
    };
    app.store.step_visitor(&wanted).await.map_err(refused)?;
    Ok(())
}

async fn check_in(app: &App, id: VisitorId, form: &ActionForm) -> Result<(), Problem> {
    let mut wanted = StepWanted {
        gate: gate_of(form)?,
        ..StepWanted::new(id, VisitStep::CheckIn, CONSOLE_ACTOR, app.now())
    };
    match form.seen.as_str() {
        "" => (),
        "human" => wanted.assurance = Some(Assurance::Human),
        document => {
            let document: DocumentId = document
                .parse()
                .map_err(|error| Problem::bad_request(format!("seen: {error}")))?;
            // It may have been forgotten since the page was drawn.
            let read = app.documents.find(document, app.now());
            let read = read.ok_or_else(|| {
                let detail = "the document was shown too long ago: read it again";
                Problem::new(StatusCode::CONFLICT, "document-gone", detail)
            })?;
            wanted.assurance = Some(read.assurance);
            if let DocumentKind::CitizenCard { holder, masked } = read.kind {
                wanted.document = Some(VisitorDocument { holder, masked });
            }
        }
    }
    app.store.step_visitor(&wanted).await.map_err(refused)?;
    Ok(())
}

async fn take_pass_back(app: &App, visitor: &Visitor) -> Result<(), Problem> {
    let Some(pass) = visitor.pass else {
        return Ok(());
    };
    call_back(app, pass).await?;
    let entry = AuditEntry {
        at: app.now(),
        actor: CONSOLE_ACTOR.to_owned(),
        action: "call-back-pass",
        subject: format!("visitor {}", visitor.id),
        detail: pass.to_string(),
    };
    Ok(app.store.audit(&entry).await?)
}

/// The pass first: what has no name left must not open anything.
async fn erase(app: &App, id: VisitorId) -> Result<(), Problem> {
    let now = app.now();
    let passes: Vec<PassId> = visitor(app, id).await?.pass.into_iter().collect();
    at_desk(app, move |desk| desk.forget(&passes, now)).await?;
    let erased = app.store.erase_visitor(id, CONSOLE_ACTOR, now).await;
    erased.map(|_pass| ()).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_back_to_pages_of_ours_only() {
        let id = VisitorId(7);
        assert_eq!(back("/visitors", id), "/visitors");
        assert_eq!(back("/lanes/gate-1", id), "/lanes/gate-1");
        let page = format!("/visitors/{id}");
        for other in [
            "",
            "/",
            "//evil",
            "/lanes//evil",
            "https://evil",
            "/lanes/a?b",
            "/lanes/\n",
        ] {
            assert_eq!(back(other, id), page, "{other:?}");
        }
    }
}
