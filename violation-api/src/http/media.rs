//! Pictures: live ones from memory, evidence from its folder.

use super::{
    API_ACTOR, PathId,
    problem::{Problem, ProblemBody},
};
use crate::{app::App, store::AuditEntry};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::CameraId;
use service::evidence::EvidenceError;
use std::{str::FromStr, sync::Arc};

/// What a browser shows by itself; anything else is only handed over as a file.
const SHOWN_MEDIA_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "video/mp4"];

/// The newest picture of a camera.
#[utoipa::path(get, path = "/api/v1/cameras/{camera}/picture.jpg", tag = "state",
    params(("camera" = String, Path, description = "The camera's name")),
    responses(
        (status = 200, description = "The newest picture", body = Vec<u8>,
            content_type = "image/jpeg"),
        (status = 304, description = "It is the picture that the client has"),
        (status = 404, description = "This camera has sent no picture",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get_picture(
    State(app): State<Arc<App>>,
    PathId(camera): PathId<CameraId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let picture = app
        .pictures
        .get(&camera)
        .ok_or_else(|| Problem::not_found("picture"))?;
    let tag = format!("\"{}\"", picture.seq);
    let etag = HeaderValue::from_str(&tag).expect("digits and quotes are a header value");
    let no_cache = HeaderValue::from_static("no-cache");
    let is_known = headers.get(header::IF_NONE_MATCH) == Some(&etag);
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, no_cache)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let jpeg = HeaderValue::from_static("image/jpeg");
    Ok((common, [(header::CONTENT_TYPE, jpeg)], picture.jpeg).into_response())
}

/// The name of an evidence file.
pub(crate) struct Sha256Name(String);

impl FromStr for Sha256Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected 64 lower-case hexadecimal digits")
        }
    }
}

/// A file of evidence, checked against its hash.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}", tag = "cases",
    params(("sha256" = String, Path, description = "SHA-256 of the file")),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 404, description = "Nothing names this file, or it is not here",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 500, description = "The file has been changed on disk",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get_evidence(
    State(app): State<Arc<App>>,
    PathId(name): PathId<Sha256Name>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let response = read_evidence(&app, &name, &headers).await?;
    if !is_part_of_a_page(&headers) {
        let entry = AuditEntry {
            at: app.now(),
            actor: API_ACTOR.to_owned(),
            action: "view",
            subject: format!("evidence {}", name.0),
            detail: String::new(),
        };
        app.store.audit(&entry).await?;
    }
    Ok(response)
}

/// A browser says so of a picture that it loads for a page of ours; that page has been audited.
fn is_part_of_a_page(headers: &HeaderMap) -> bool {
    let says = |name, word| headers.get(name).is_some_and(|value| value == word);
    says("sec-fetch-dest", "image") && says("sec-fetch-site", "same-origin")
}

/// The file, when a row names it.
async fn read_evidence(
    app: &App,
    name: &Sha256Name,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let known = app.store.evidence_media_type(&name.0).await?;
    let media_type = known.ok_or_else(|| Problem::not_found("evidence"))?;
    let etag =
        HeaderValue::from_str(&format!("\"{}\"", name.0)).expect("digits are a header value");
    // It is named by its content: it can never change.
    let keep = HeaderValue::from_static("private, max-age=86400, immutable");
    let is_known = headers.get(header::IF_NONE_MATCH) == Some(&etag);
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, keep)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let (evidence, sha256) = (app.evidence.clone(), name.0.clone());
    let read = tokio::task::spawn_blocking(move || evidence.get(&sha256));
    let bytes = match read.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(EvidenceError::Missing { .. } | EvidenceError::Name)) => {
            return Err(Problem::not_found("evidence"));
        }
        Ok(Err(error)) => return Err(broken(&error)),
        Err(error) => return Err(broken(&error)),
    };
    let is_shown = SHOWN_MEDIA_TYPES.contains(&media_type.as_str());
    let shown = SHOWN_MEDIA_TYPES
        .into_iter()
        .find(|known| *known == media_type);
    let shown = HeaderValue::from_static(shown.unwrap_or("application/octet-stream"));
    let mut response = (common, [(header::CONTENT_TYPE, shown)], bytes).into_response();
    if !is_shown {
        let attachment = HeaderValue::from_static("attachment");
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, attachment);
    }
    Ok(response)
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(
        error = super::problem::chain(error),
        "evidence cannot be read"
    );
    let detail = "this evidence cannot be read, or has been changed on disk";
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "evidence-damaged",
        detail,
    )
}
