//! The JSON API under `/api/v1`, and what stands around every request.

pub(crate) mod alarms;
pub(crate) mod cases;
mod extract;
pub(crate) mod flow;
pub(crate) mod guard;
mod lane;
mod listings;
mod media;
mod openapi;
mod orders;
mod passage;
pub(crate) mod problem;
mod readers;
pub(crate) mod shape;
mod state;

use crate::{app::App, console};
use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use std::sync::Arc;
use tower_http::limit::RequestBodyLimitLayer;

pub(crate) use extract::{Params, PathId};

/// Largest request; the largest form has a reason's code in it.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Who acted, for the audit of what came by the API.
pub(crate) const API_ACTOR: &str = "local (api)";

pub(crate) fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/openapi.json", get(openapi::get_document))
        .route("/cameras", get(state::get_cameras))
        .route("/cameras/{camera}/picture.jpg", get(media::get_picture))
        .route("/gates", get(state::get_gates))
        .route("/gates/{gate}/lane", get(lane::get_lane))
        .route("/gates/{gate}/orders", post(orders::post_gate_order))
        .route("/orders", get(orders::get_orders).post(orders::post_order))
        .route("/alarms", get(alarms::get_alarms))
        .route(
            "/alarms/{alarm}/acknowledge",
            post(alarms::post_acknowledge),
        )
        .route("/counts", get(state::get_counts))
        .route("/flow", get(flow::get_flow))
        .route("/flow.csv", get(flow::get_flow_csv))
        .route("/zones", get(flow::get_zones))
        .route("/sightings", get(listings::get_sightings))
        .route("/passages", get(listings::get_passages))
        .route("/passages/{passage}", get(passage::get_passage))
        .route("/verdicts", get(listings::get_verdicts))
        .route("/violations", get(cases::get_violations))
        .route("/violations/{violation}", get(cases::get_violation))
        .route("/violations/{violation}/review", post(cases::post_review))
        .route("/violations/{violation}/confirm", post(cases::post_confirm))
        .route("/violations/{violation}/dismiss", post(cases::post_dismiss))
        .route("/evidence/{sha256}", get(media::get_evidence))
        .route("/readers/messages", post(readers::post_message))
        .route("/readers/refusals", get(readers::get_refusals));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(state::get_health))
        .route("/readyz", get(state::get_readiness))
        .merge(console::router())
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        // A photo is larger than anything else that is taken in.
        .merge(console::photo_router())
        .layer(from_fn_with_state(Arc::clone(&app), guard::wrap))
        .with_state(app)
}
