//! How things stand: cameras, gates, counts, and the service itself.

use super::problem::{Problem, ProblemBody};
use crate::{app::App, store::Code as _};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Cameras {
    cameras: Vec<CameraJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Camera)]
struct CameraJson {
    camera: String,
    /// What people call it; the id when it has no name.
    name: String,
    /// `connecting`, `streaming`, `stalled`, `lost` or `ended`.
    state: &'static str,
    /// One line for people when it does not deliver.
    reason: Option<String>,
    /// Frames in the last second.
    fps: f32,
    /// Frames since the start.
    frames: u64,
    /// Of these, not analysed because a newer one was there.
    dropped: u64,
    /// When it said this, by its clock.
    #[schema(format = DateTime)]
    at: String,
    /// When that arrived here.
    #[schema(format = DateTime)]
    heard_at: String,
    /// Whether there is a live picture.
    has_picture: bool,
}

/// Every camera as it last reported itself.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "state", responses(
    (status = 200, description = "Every camera as it last reported itself", body = Cameras),
))]
pub(crate) async fn get_cameras(State(app): State<Arc<App>>) -> Result<Json<Cameras>, Problem> {
    let rows = app.store.cameras().await?;
    let camera = |row: crate::store::CameraRow| CameraJson {
        has_picture: app.pictures.get(&row.status.camera).is_some(),
        name: app.names.camera(&row.status.camera).to_owned(),
        camera: row.status.camera.to_string(),
        state: row.status.state.code(),
        reason: row.status.reason,
        fps: row.status.fps,
        frames: row.status.frames,
        dropped: row.status.dropped,
        at: row.status.at.to_string(),
        heard_at: row.heard_at.to_string(),
    };
    Ok(Json(Cameras {
        cameras: rows.into_iter().map(camera).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Gates {
    gates: Vec<GateJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Gate)]
struct GateJson {
    gate: String,
    /// What people call it; the id when it has no name.
    name: String,
    /// `closed`, `opening`, `open`, `closing`, `fault` or `unknown`.
    barrier: &'static str,
    /// Since when, by the device; absent when it has not been heard of.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// Every gate with its barrier.
#[utoipa::path(get, path = "/api/v1/gates", tag = "state", responses(
    (status = 200, description = "Every gate with its barrier", body = Gates),
))]
pub(crate) async fn get_gates(State(app): State<Arc<App>>) -> Result<Json<Gates>, Problem> {
    let rows = app.store.gates().await?;
    let gate = |row: domain::Barrier| GateJson {
        name: app.names.gate(&row.gate).to_owned(),
        gate: row.gate.to_string(),
        barrier: row.state.code(),
        since: (domain::Timestamp::EPOCH < row.since).then(|| row.since.to_string()),
    };
    Ok(Json(Gates {
        gates: rows.into_iter().map(gate).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    counts: Vec<CountJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Count)]
struct CountJson {
    zone: String,
    people_in: u64,
    people_out: u64,
    vehicles_in: u64,
    vehicles_out: u64,
    /// Capture time of the newest crossing.
    #[schema(format = DateTime)]
    at: String,
}

/// How many have passed each line since its camera was started.
#[utoipa::path(get, path = "/api/v1/counts", tag = "state", responses(
    (status = 200, description = "How many have passed each line", body = Counts),
))]
pub(crate) async fn get_counts(State(app): State<Arc<App>>) -> Result<Json<Counts>, Problem> {
    let rows = app.store.counts().await?;
    let count = |row: wire::Count| CountJson {
        zone: row.zone.to_string(),
        people_in: row.people_in,
        people_out: row.people_out,
        vehicles_in: row.vehicles_in,
        vehicles_out: row.vehicles_out,
        at: row.at.to_string(),
    };
    Ok(Json(Counts {
        counts: rows.into_iter().map(count).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "service", responses(
    (status = 200, description = "The process lives", body = Health),
))]
pub(crate) async fn get_health() -> Json<Health> {
    Json(Health { status: "ok" })
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`.
    status: &'static str,
    /// Messages stored since the start.
    messages_stored: u64,
    /// Messages that came twice or late since the start.
    messages_doubled: u64,
    /// Messages refused since the start.
    messages_rejected: u64,
    /// Live pictures refused since the start.
    pictures_rejected: u64,
}

/// Whether requests can be served: the database answers and messages are being taken in.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "Requests can be served", body = Readiness),
    (status = 503, description = "The database or the broker is away", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_readiness(State(app): State<Arc<App>>) -> Result<Json<Readiness>, Problem> {
    app.store.check().await?;
    if !app.ingest.is_connected() {
        let detail = "the message broker cannot be reached just now";
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "broker-unavailable",
            detail,
        ));
    }
    let tally = app.ingest.tally();
    Ok(Json(Readiness {
        status: "ready",
        messages_stored: tally.stored,
        messages_doubled: tally.doubled,
        messages_rejected: tally.rejected,
        pictures_rejected: tally.pictures_rejected,
    }))
}
