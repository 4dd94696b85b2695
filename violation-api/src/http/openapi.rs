//! The OpenAPI document, made from the handlers.

use super::{alarms, cases, flow, lane, listings, media, orders, passage, problem, readers, state};
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
        flow::get_flow, flow::get_flow_csv, flow::get_zones,
        listings::get_sightings, listings::get_passages, passage::get_passage,
        listings::get_verdicts,
        lane::get_lane, alarms::get_alarms, alarms::post_acknowledge,
        orders::get_orders, orders::post_gate_order, orders::post_order,
        cases::get_violations, cases::get_violation, cases::post_review, cases::post_confirm,
        cases::post_dismiss, media::get_evidence, state::get_health, state::get_readiness,
        readers::post_message, readers::get_refusals,
    ),
    components(schemas(problem::ProblemBody<'static>)),
    tags(
        (name = "state", description = "How things stand"),
        (name = "events", description = "What was seen and answered; every reading is audited"),
        (name = "gates", description = "Lanes, alarms, and what persons order gates to do"),
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
