//! The guard's phone: a photo or the text of a QR code becomes a document that the gate is told of.
//!
//! The photo and the text end here: what leaves is a pass's id, or a keyed hash and a mask.

use super::{
    CONSOLE_ACTOR, Frame, Lang, audit_view,
    names::{Badge, Tone},
    render,
    visit_words::Words,
    visitors::VisitTeller,
};
use crate::{
    app::App,
    http::{PathId, problem::Problem},
    store::AuditEntry,
};
use askama::Template;
use axum::{
    extract::{Form, Multipart, State, multipart::MultipartRejection, rejection::FormRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::Html,
};
use domain::{Assurance, DocumentKind, DocumentRead, GateId, PassId};
use serde::Deserialize;
use service::{
    pass_desk::PassDesk,
    qr_code::{PHOTO_BYTES_MAX, PhotoError, find_in_photo},
    site_list::PassStanding,
};
use std::sync::Arc;

/// Longest text of a QR code: version 40 holds 7089 digits.
const TEXT_CHARS_MAX: usize = 7100;

type Read = (DocumentKind, Assurance);

#[derive(Template)]
#[template(path = "visit/document.html")]
struct DocumentPage {
    frame: Frame,
    v: &'static Words,
    gate: String,
    gate_name: String,
    result: Option<DocumentView>,
    /// What went wrong instead.
    wrong: Option<&'static str>,
    is_told: bool,
    newest: String,
}

#[derive(Template)]
#[template(path = "visit/newest_document.html")]
struct NewestFragment {
    v: &'static Words,
    newest: Option<DocumentView>,
}

/// A document as the guard sees it.
struct DocumentView {
    what: &'static str,
    /// A card's mask.
    masked: Option<String>,
    badge: Badge,
    /// What it proves.
    proves: &'static str,
    /// Of a pass: whether it may be used, by the list.
    standing: Option<Badge>,
    time: String,
}

fn view(teller: &VisitTeller, read: &DocumentRead, standing: Option<Badge>) -> DocumentView {
    let v = teller.v;
    let (what, masked) = match &read.kind {
        DocumentKind::CitizenCard { masked, .. } => (v.card, Some(masked.clone())),
        DocumentKind::Pass { .. } => (v.pass, None),
    };
    let (word, tone, proves) = match (&read.kind, read.assurance) {
        (
            DocumentKind::Pass {
                is_genuine: false, ..
            },
            _,
        ) => (v.unverified, Tone::Bad, v.forged),
        (DocumentKind::Pass { .. }, _) => {
            (v.assurance_word(read.assurance), Tone::Good, v.pass_proves)
        }
        (_, Assurance::Chip) => (v.assurance_word(Assurance::Chip), Tone::Good, v.chip_proves),
        (_, Assurance::Vneid) => (
            v.assurance_word(Assurance::Vneid),
            Tone::Good,
            v.vneid_proves,
        ),
        _ => (v.unverified, Tone::Warn, v.card_proves),
    };
    DocumentView {
        what,
        masked,
        badge: Badge { word, tone },
        proves,
        standing,
        time: teller.days.time_on(read.shown_at, teller.now),
    }
}

/// What the list says of a genuine pass.
async fn standing(app: &App, v: &Words, kind: &DocumentKind) -> Result<Option<Badge>, Problem> {
    let DocumentKind::Pass {
        pass,
        is_genuine: true,
    } = kind
    else {
        return Ok(None);
    };
    let (pass, now) = (*pass, app.now());
    let desk = app.desk()?.passes.clone();
    let look = move || on_list(&desk, pass, now);
    let found = tokio::task::spawn_blocking(look).await;
    let found = found.map_err(|_panic| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    let (word, tone) = match found? {
        Some(PassStanding::Valid) => (v.pass_valid, Tone::Good),
        Some(PassStanding::NotYet) => (v.pass_not_yet, Tone::Warn),
        Some(PassStanding::Over) => (v.pass_over, Tone::Bad),
        Some(PassStanding::CalledBack) => (v.pass_called_back, Tone::Bad),
        None => (v.pass_unknown, Tone::Bad),
    };
    Ok(Some(Badge { word, tone }))
}

fn on_list(
    desk: &PassDesk,
    pass: PassId,
    now: domain::Timestamp,
) -> Result<Option<PassStanding>, Problem> {
    let entry = desk
        .find(pass)
        .map_err(super::visitors::public::desk_failed)?;
    Ok(entry.and_then(|entry| entry.standing(now).ok()))
}

/// What was shown last at a gate, for the guard's screen.
pub(crate) async fn document_fragment(
    app: &App,
    lang: Lang,
    gate: &GateId,
) -> Result<String, Problem> {
    let teller = VisitTeller::new(app, lang);
    let newest = match app.documents.of(gate, teller.now) {
        Some(read) if app.desk.is_some() => {
            let standing = standing(app, teller.v, &read.kind).await?;
            Some(view(&teller, &read, standing))
        }
        Some(read) => Some(view(&teller, &read, None)),
        None => None,
    };
    let v = teller.v;
    Ok(render(&NewestFragment { v, newest })?.0)
}

/// The gate must be one of the site's.
fn known(app: &App, gate: &GateId) -> Result<(), Problem> {
    app.desk()?;
    let lane = app.plan.lane(gate);
    lane.map(|_lane| ())
        .ok_or_else(|| Problem::not_found("gate"))
}

pub(crate) async fn get_document(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    known(&app, &gate)?;
    audit_view(&app, format!("documents at {gate}")).await?;
    let lang = Lang::of_request(uri.query(), &headers);
    page(&app, lang, gate, Ok(None)).await
}

/// A page with what was read, or with what is wrong.
async fn page(
    app: &App,
    lang: Lang,
    gate: GateId,
    read: Result<Option<Read>, &'static str>,
) -> Result<Html<String>, Problem> {
    let teller = VisitTeller::new(app, lang);
    let (mut result, mut is_told) = (None, false);
    let wrong = read.as_ref().err().copied();
    if let Ok(Some((kind, assurance))) = read {
        let read = DocumentRead {
            id: app.desk()?.document_id(),
            gate: gate.clone(),
            kind,
            assurance,
            shown_at: teller.now,
        };
        let entry = AuditEntry {
            at: teller.now,
            actor: CONSOLE_ACTOR.to_owned(),
            action: "tell-document",
            subject: format!("gate {gate}"),
            detail: String::new(),
        };
        app.store.audit(&entry).await?;
        let standing = standing(app, teller.v, &read.kind).await?;
        result = Some(view(&teller, &read, standing));
        // Where no gate hears it, the guard still sees what it is.
        is_told = app.say_document(read).is_ok();
    }
    let newest = match (&result, wrong) {
        (None, None) => document_fragment(app, lang, &gate).await?,
        _ => String::new(),
    };
    render(&DocumentPage {
        frame: Frame::new(app, lang, &format!("/documents/{gate}")),
        v: teller.v,
        gate_name: teller.gate(&gate),
        gate: gate.to_string(),
        result,
        wrong,
        is_told,
        newest,
    })
}

/// What a code reader typed, or somebody pasted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextForm {
    text: String,
}

pub(crate) async fn post_text(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    headers: HeaderMap,
    form: Result<Form<TextForm>, FormRejection>,
) -> Result<Html<String>, Problem> {
    known(&app, &gate)?;
    let Form(form) = form?;
    let lang = Lang::of_request(uri.query(), &headers);
    let v = Words::of(lang);
    let is_short = form.text.chars().count() <= TEXT_CHARS_MAX;
    let text = Some(form.text).filter(|_| is_short);
    let read = text.and_then(|text| app.desk().ok()?.texts.read(&text));
    page(&app, lang, gate, read.map(Some).ok_or(v.foreign_code)).await
}

pub(crate) async fn post_photo(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Html<String>, Problem> {
    known(&app, &gate)?;
    let form = form.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let lang = Lang::of_request(uri.query(), &headers);
    let v = Words::of(lang);
    let read = match photo(form, v).await {
        Ok(bytes) => read_photo(&app, bytes, v).await?,
        Err(wrong) => Err(wrong),
    };
    page(&app, lang, gate, read.map(Some)).await
}

/// The one file of the form.
async fn photo(mut form: Multipart, v: &'static Words) -> Result<Vec<u8>, &'static str> {
    let field = match form.next_field().await {
        Ok(Some(field)) if field.name() == Some("photo") => field,
        Ok(_) => return Err(v.photo_missing),
        Err(error) => return Err(too_large_or(&error, v)),
    };
    let bytes = field
        .bytes()
        .await
        .map_err(|error| too_large_or(&error, v))?;
    if bytes.is_empty() {
        return Err(v.photo_missing);
    }
    if PHOTO_BYTES_MAX < bytes.len() {
        return Err(v.photo_large);
    }
    Ok(bytes.into())
}

fn too_large_or(error: &axum::extract::multipart::MultipartError, v: &Words) -> &'static str {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        v.photo_large
    } else {
        v.photo_damaged
    }
}

/// Looks for a code, one photo at a time and on a thread of its own.
async fn read_photo(
    app: &App,
    bytes: Vec<u8>,
    v: &'static Words,
) -> Result<Result<Read, &'static str>, Problem> {
    let desk = app.desk()?;
    let turn = desk.photos.acquire().await;
    let texts = desk.texts.clone();
    let look = move || find_in_photo(&bytes, |text| texts.read(text));
    let found = tokio::task::spawn_blocking(look).await;
    drop(turn);
    let Ok(found) = found else {
        // The reader has panicked. Its words may tell what it read, and are not told.
        return Ok(Err(v.photo_damaged));
    };
    Ok(match found {
        Ok(codes) if codes.is_empty() => Err(v.no_code),
        Ok(codes) => codes.into_iter().flatten().next().ok_or(v.foreign_code),
        Err(PhotoError::TooLarge | PhotoError::TooManyPixels) => Err(v.photo_large),
        Err(PhotoError::Kind) => Err(v.photo_kind),
        Err(PhotoError::Damaged) => Err(v.photo_damaged),
    })
}
