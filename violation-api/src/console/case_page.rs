//! One case: stills side by side, what the rule measured, the plate as read, and the decision.

use super::{
    Frame, Lang, PageQuery, Params, Teller, audit_view,
    names::{Badge, Tone},
    plate_view::PlateDetail,
    render,
    view::Called,
};
use crate::{
    app::App,
    http::{
        PathId,
        cases::{is_key, local_reviewer, request_hash},
        problem::Problem,
    },
    store::{CaseChange, CaseRecord, Key, Page},
};
use askama::Template;
use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::{Html, Redirect},
};
use casework::{DismissReason, Event, StateName};
use domain::{CameraId, EvidenceItem, EvidenceRole, Standing, ViolationId};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    id: String,
    rule: String,
    rule_version: u32,
    camera: Called,
    class: &'static str,
    act_at: String,
    act_at_utc: String,
    badge: Badge,
    is_screening: bool,
    missing: Vec<&'static str>,
    stills: Vec<StillView>,
    plate_stills: Vec<StillView>,
    signal: Option<(String, Badge)>,
    facts: Vec<(String, String)>,
    plate: Option<PlateDetail>,
    is_open: bool,
    is_under_review: bool,
    can_confirm: bool,
    reasons: Vec<(&'static str, &'static str)>,
    reviewer: Option<String>,
    dismiss_reason: Option<&'static str>,
    history: Vec<HistoryView>,
    /// The next case that waits for somebody.
    next: Option<String>,
    key: String,
}

/// A still, or the place where one is missing.
struct StillView {
    word: &'static str,
    sha256: Option<String>,
    frame_seq: u64,
    time: String,
}

struct HistoryView {
    time: String,
    actor: String,
    badge: Badge,
    reason: Option<&'static str>,
}

fn still(teller: &Teller, role: EvidenceRole, item: Option<&EvidenceItem>) -> StillView {
    StillView {
        word: teller.w.role(role),
        sha256: item.map(|item| item.sha256.clone()),
        frame_seq: item.map_or(0, |item| item.frame_seq),
        time: item
            .map(|item| teller.moments.exact_time(item.captured_at))
            .unwrap_or_default(),
    }
}

/// The three stills of the act, each at least as a place, and whatever else there is.
fn stills(teller: &Teller, evidence: &[EvidenceItem]) -> (Vec<StillView>, Vec<StillView>) {
    let of_role = |role| evidence.iter().filter(move |item| item.role == role);
    let mut act = Vec::new();
    for role in [EvidenceRole::Before, EvidenceRole::At, EvidenceRole::After] {
        if of_role(role).next().is_none() {
            act.push(still(teller, role, None));
        }
        act.extend(of_role(role).map(|item| still(teller, role, Some(item))));
    }
    let others = [EvidenceRole::Plate, EvidenceRole::Sighting];
    let rest = others
        .into_iter()
        .flat_map(|role| of_role(role).map(move |item| still(teller, role, Some(item))));
    (act, rest.collect())
}

fn signal(teller: &Teller, facts: &[(String, String)]) -> Option<(String, Badge)> {
    let fact = facts
        .iter()
        .find(|(name, _)| name == "phase" || name == "signal");
    let (_name, value) = fact?;
    let word = teller.w.phase(value);
    let (class, tone) = match value.as_str() {
        "red" => ("red", Tone::Bad),
        "amber" => ("amber", Tone::Warn),
        "green" => ("green", Tone::Good),
        _ => ("unknown", Tone::Quiet),
    };
    Some((word, Badge { word: class, tone }))
}

/// Who acted; a camera by its name.
fn actor(teller: &Teller, actor: &str) -> String {
    let id: Option<CameraId> = actor.strip_prefix("camera ").and_then(|id| id.parse().ok());
    id.map_or_else(
        || actor.to_owned(),
        |id| format!("{} {}", teller.w.camera, teller.names.camera(&id)),
    )
}

fn page(app: &App, lang: Lang, record: &CaseRecord, next: Option<String>) -> CasePage {
    let teller = Teller::new(app, lang);
    let (w, c, case) = (teller.w, &record.candidate, &record.case);
    let (act_stills, plate_stills) = stills(&teller, &c.evidence);
    let state = case.state();
    // The phase is shown as a lamp.
    let facts = c
        .facts
        .iter()
        .filter(|(name, _)| name != "phase" && name != "signal");
    let history = record.history.iter().map(|entry| HistoryView {
        time: teller.moments.short(entry.at),
        actor: actor(&teller, &entry.actor),
        badge: w.case_state(entry.state),
        reason: entry
            .dismiss_reason
            .map(|reason| w.dismiss_reason_word(reason)),
    });
    let reasons = DismissReason::ALL
        .iter()
        .map(|reason| (reason.code(), w.dismiss_reason_word(*reason)))
        .collect();
    CasePage {
        frame: Frame::new(app, lang, &format!("/cases/{}", record.id)),
        id: record.id.to_string(),
        rule: w.rule_name(&c.rule),
        rule_version: c.rule_version,
        camera: teller.called_camera(&c.camera),
        class: w.class(c.class),
        act_at: teller.moments.exact(c.act_at),
        act_at_utc: c.act_at.to_string(),
        badge: w.case_state(state.name()),
        is_screening: c.standing == Standing::ScreeningOnly,
        missing: case
            .missing()
            .iter()
            .map(|missing| w.missing(*missing))
            .collect(),
        stills: act_stills,
        plate_stills,
        signal: signal(&teller, &c.facts),
        facts: facts.map(|(name, value)| w.fact(name, value)).collect(),
        plate: PlateDetail::of(c.plate.as_ref(), w),
        is_open: state.name() == StateName::Candidate,
        is_under_review: state.name() == StateName::UnderReview,
        can_confirm: case.check_confirmable().is_ok(),
        reasons,
        reviewer: state.reviewer().map(|who| who.as_str().to_owned()),
        dismiss_reason: state
            .dismiss_reason()
            .map(|reason| w.dismiss_reason_word(reason)),
        history: history.collect(),
        next,
        key: Uuid::now_v7().simple().to_string(),
    }
}

pub(crate) async fn get_case(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(id): PathId<ViolationId>,
    Params(_query): Params<PageQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let record = app
        .store
        .case(id)
        .await?
        .ok_or_else(|| Problem::not_found("case"))?;
    audit_view(&app, id.to_string()).await?;
    let waiting = app
        .store
        .cases(Some(StateName::Candidate), &Page::newest(2))
        .await?;
    let next = waiting
        .iter()
        .find(|case| case.id != id)
        .map(|case| case.id.to_string());
    render(&page(
        &app,
        Lang::of_request(uri.query(), &headers),
        &record,
        next,
    ))
}

/// What the form on the page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionForm {
    /// New for each rendered form: a form that is sent twice acts once.
    key: String,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn post_action(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    form: Result<Form<ActionForm>, FormRejection>,
) -> Result<Redirect, Problem> {
    let id: ViolationId = id
        .parse()
        .map_err(|_not_an_id| Problem::not_found("case"))?;
    let Form(form) = form.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    if !is_key(&form.key) {
        return Err(Problem::bad_request(
            "key: expected 1 to 128 visible characters",
        ));
    }
    let reviewer = local_reviewer();
    let event = match action.as_str() {
        "review" => Event::StartReview(reviewer),
        "confirm" => Event::Confirm(reviewer),
        "dismiss" => {
            let reason = form.reason.parse().map_err(|_unknown| {
                let detail = "the reason for the dismissal is missing";
                Problem::new(StatusCode::BAD_REQUEST, "reason-missing", detail)
            })?;
            Event::Dismiss(reviewer, reason)
        }
        _ => return Err(Problem::not_found("action")),
    };
    let request_sha256 = request_hash(&action, id, form.reason.as_bytes());
    let key = Some(Key {
        key: form.key,
        request_sha256,
    });
    app.store
        .change_case(&CaseChange {
            id,
            event,
            at: app.now(),
            key,
        })
        .await?;
    app.say_case_changed();
    Ok(Redirect::to(&format!("/cases/{id}")))
}
