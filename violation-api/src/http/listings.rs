//! Lists, newest first, page by page: sightings, passages, verdicts.

use super::{
    API_ACTOR, Params,
    problem::{Problem, ProblemBody},
    shape::{FaceJson, Meta, PlateJson, VerdictJson, bounds_json, parse_since},
};
use crate::{
    app::App,
    store::{AuditEntry, Code as _, Cursor, Page, PassageRow, SightingRow},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::{str::FromStr, sync::Arc};
use utoipa::{IntoParams, ToSchema};

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only from this moment on: RFC 3339.
    #[param(example = "2026-11-21T07:00:00Z")]
    since: Option<String>,
    /// At most so many rows; 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `meta.next` of the page before.
    cursor: Option<String>,
}

impl ListQuery {
    pub(super) fn new(since: Option<String>, limit: Option<u32>, cursor: Option<String>) -> Self {
        Self {
            since,
            limit,
            cursor,
        }
    }

    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let after = self.cursor.as_deref().map(|text| {
            Cursor::decode(text).ok_or_else(|| {
                Problem::bad_request("cursor: expected meta.next of the page before")
            })
        });
        let limit = self.limit.unwrap_or(50);
        if !(1..=crate::store::PAGE_ROWS_MAX).contains(&limit) {
            return Err(Problem::bad_request("limit: expected 1 to 200"));
        }
        let since = parse_since(self.since.as_deref())?;
        Ok(Page {
            limit,
            after: after.transpose()?,
            since,
        })
    }
}

pub(super) fn slug<T: FromStr<Err = domain::id::InvalidId>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|error| Problem::bad_request(format!("{name}: {error}")))
    };
    text.map(parse).transpose()
}

pub(super) async fn audit_list(app: &App, what: &str, of: Option<&str>) -> Result<(), Problem> {
    let entry = AuditEntry {
        at: app.now(),
        actor: API_ACTOR.to_owned(),
        action: "list",
        subject: what.to_owned(),
        detail: of.unwrap_or("all").to_owned(),
    };
    Ok(app.store.audit(&entry).await?)
}

/// Which sightings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SightingQuery {
    /// Only of this camera.
    camera: Option<String>,
    /// Only from this moment on: RFC 3339.
    since: Option<String>,
    /// At most so many rows; 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `meta.next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Sightings {
    sightings: Vec<SightingJson>,
    meta: Meta,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Sighting)]
struct SightingJson {
    id: String,
    /// Counts the messages about it, from 0.
    revision: u32,
    /// `new`, `update` or `final`.
    phase: &'static str,
    camera: String,
    /// For example `car`.
    class: &'static str,
    #[schema(format = DateTime)]
    first_seen_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// `[x_min, y_min, x_max, y_max]` in pixels.
    bounds: [f32; 4],
    /// Whether more frames would hardly change the identity evidence.
    is_decisive: bool,
    plate: Option<PlateJson>,
    face: Option<FaceJson>,
    /// `/api/v1/evidence/{picture_sha256}` gives its best picture.
    picture_sha256: Option<String>,
}

impl From<SightingRow> for SightingJson {
    fn from(row: SightingRow) -> Self {
        Self {
            id: row.id.to_string(),
            revision: row.revision,
            phase: row.phase.code(),
            camera: row.camera.to_string(),
            class: row.class.code(),
            first_seen_at: row.first_seen_at.to_string(),
            last_seen_at: row.last_seen_at.to_string(),
            bounds: bounds_json(&row.bounds),
            is_decisive: row.is_decisive,
            plate: row.plate.as_ref().map(PlateJson::from),
            face: row.face.as_ref().map(FaceJson::from),
            picture_sha256: row.picture_sha256,
        }
    }
}

/// Who and what was seen, newest first.
#[utoipa::path(get, path = "/api/v1/sightings", tag = "events", params(SightingQuery), responses(
    (status = 200, description = "Who and what was seen, newest first", body = Sightings),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_sightings(
    State(app): State<Arc<App>>,
    Params(query): Params<SightingQuery>,
) -> Result<Json<Sightings>, Problem> {
    let SightingQuery {
        camera,
        since,
        limit,
        cursor,
    } = query;
    let camera = slug("camera", camera.as_deref())?;
    let page = ListQuery {
        since,
        limit,
        cursor,
    }
    .page()?;
    let rows = app.store.sightings(camera.as_ref(), &page).await?;
    audit_list(
        &app,
        "sightings",
        camera.as_ref().map(domain::CameraId::as_str),
    )
    .await?;
    let last = rows.last().map(|row| Cursor {
        at: row.first_seen_at,
        id: row.id.to_string(),
    });
    let meta = Meta::after(rows.len(), page.n_rows_max(), last);
    Ok(Json(Sightings {
        sightings: rows.into_iter().map(SightingJson::from).collect(),
        meta,
    }))
}

/// Which passages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PassageQuery {
    /// Only of this gate.
    gate: Option<String>,
    /// Only from this moment on: RFC 3339.
    since: Option<String>,
    /// At most so many rows; 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `meta.next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Passages {
    passages: Vec<PassageJson>,
    meta: Meta,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Passage)]
pub(super) struct PassageJson {
    id: String,
    gate: String,
    sighting_id: String,
    /// `arrived`, `referred`, `denied`, `commanded`, `opened`, `failed` or `left`.
    state: &'static str,
    #[schema(format = DateTime)]
    arrived_at: String,
    #[schema(format = DateTime)]
    changed_at: String,
    /// The newest verdict.
    verdict: Option<VerdictJson>,
    /// What came, for example `truck`.
    class: Option<&'static str>,
    plate: Option<PlateJson>,
    face: Option<FaceJson>,
    /// `/api/v1/evidence/{picture_sha256}` gives its best picture.
    picture_sha256: Option<String>,
}

impl From<PassageRow> for PassageJson {
    fn from(row: PassageRow) -> Self {
        Self {
            id: row.passage.id.to_string(),
            gate: row.passage.gate.to_string(),
            sighting_id: row.passage.sighting.to_string(),
            state: row.passage.state.code(),
            arrived_at: row.passage.arrived_at.to_string(),
            changed_at: row.passage.changed_at.to_string(),
            verdict: row.verdict.as_ref().map(VerdictJson::from),
            class: row.class.map(|class| class.code()),
            plate: row.plate.as_ref().map(PlateJson::from),
            face: row.face.as_ref().map(FaceJson::from),
            picture_sha256: row.picture_sha256,
        }
    }
}

/// Transits of gates, newest first, each with its newest verdict.
#[utoipa::path(get, path = "/api/v1/passages", tag = "events", params(PassageQuery), responses(
    (status = 200, description = "Transits of gates, newest first", body = Passages),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_passages(
    State(app): State<Arc<App>>,
    Params(query): Params<PassageQuery>,
) -> Result<Json<Passages>, Problem> {
    let PassageQuery {
        gate,
        since,
        limit,
        cursor,
    } = query;
    let gate = slug("gate", gate.as_deref())?;
    let page = ListQuery {
        since,
        limit,
        cursor,
    }
    .page()?;
    let rows = app.store.passages(gate.as_ref(), &page).await?;
    audit_list(&app, "passages", gate.as_ref().map(domain::GateId::as_str)).await?;
    let last = rows.last().map(|row| &row.passage);
    let last = last.map(|passage| Cursor {
        at: passage.arrived_at,
        id: passage.id.to_string(),
    });
    let meta = Meta::after(rows.len(), page.n_rows_max(), last);
    Ok(Json(Passages {
        passages: rows.into_iter().map(PassageJson::from).collect(),
        meta,
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Verdicts {
    verdicts: Vec<VerdictJson>,
    meta: Meta,
}

/// Answers of gates, newest first.
#[utoipa::path(get, path = "/api/v1/verdicts", tag = "events", params(ListQuery), responses(
    (status = 200, description = "Answers of gates, newest first", body = Verdicts),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_verdicts(
    State(app): State<Arc<App>>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Verdicts>, Problem> {
    let page = query.page()?;
    let rows = app.store.verdicts(&page).await?;
    let last = rows.last().map(|row| Cursor {
        at: row.given_at,
        id: row.id.to_string(),
    });
    let meta = Meta::after(rows.len(), page.n_rows_max(), last);
    Ok(Json(Verdicts {
        verdicts: rows.iter().map(VerdictJson::from).collect(),
        meta,
    }))
}
