//! The OpenAPI document, made from the handlers.

use super::{cases, listings, media, passage, problem, readers, state};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gác",
        description = "Cameras, gates, passages and cases of one site. Times are RFC 3339 in UTC. \
            Errors are RFC 9457 problem documents. Lists are newest first.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        state::get_cameras, media::get_picture, state::get_gates, state::get_counts,
        listings::get_sightings, listings::get_passages, passage::get_passage,
        listings::get_verdicts,
        cases::get_violations, cases::get_violation, cases::post_review, cases::post_confirm,
        cases::post_dismiss, media::get_evidence, state::get_health, state::get_readiness,
        readers::post_message, readers::get_refusals,
    ),
    components(schemas(problem::ProblemBody<'static>)),
    tags(
        (name = "state", description = "How things stand"),
        (name = "events", description = "What was seen and answered; every reading is audited"),
        (name = "cases", description = "Candidates of rules, and what people decide on them"),
        (name = "documents", description = "What readers of chips and VNeID tell"),
        (name = "service", description = "The service itself"),
    ),
)]
struct Document;

/// The document.
pub(crate) fn document() -> String {
    let mut text = Document::openapi()
        .to_pretty_json()
        .expect("the document is JSON");
    text.push('\n');
    text
}

pub(crate) async fn get_document() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], document()).into_response()
}
