//! What the guard's screen of a lane shows, for programs.

use super::{
    API_ACTOR, PathId,
    alarms::AlarmJson,
    listings::PassageJson,
    orders::OrderJson,
    problem::{Problem, ProblemBody},
};
use crate::{
    app::App,
    lane::LaneLook,
    store::{AuditEntry, Code as _},
};
use axum::{Json, extract::State};
use domain::{GateId, GateState, Rule, SiteMode, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct OneLane {
    lane: LaneJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Lane)]
struct LaneJson {
    gate: String,
    /// What people call it; the id when it has no name.
    name: String,
    /// Absent when the lane has none.
    camera: Option<String>,
    /// Whether the camera should have said something by now and has not.
    is_camera_silent: bool,
    /// When the camera was last heard of.
    #[schema(format = DateTime)]
    camera_heard_at: Option<String>,
    /// `closed`, `opening`, `open`, `closing`, `fault` or `unknown`.
    barrier: &'static str,
    /// Since when, by the device; absent when it has not been heard of.
    #[schema(format = DateTime)]
    barrier_since: Option<String>,
    /// Whether the program that obeys orders runs: `online`, `offline` or `unknown`.
    controller: &'static str,
    /// Whether the program with the cameras runs: `online`, `offline` or `unknown`.
    pipeline: &'static str,
    /// Whether anything can be sent to the gate just now.
    is_connected: bool,
    /// `normal`, `lockdown` or `evacuation`.
    mode: &'static str,
    /// Who is at the gate.
    waiting: Option<WaitingJson>,
    /// Who else is in the lane.
    others: Vec<PassageJson>,
    /// Those that are on first; silent ones are left out.
    alarms: Vec<AlarmJson>,
    /// Newest first.
    orders: Vec<OrderJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WaitingPassage)]
struct WaitingJson {
    #[serde(flatten)]
    passage: PassageJson,
    /// The rules of the verdict in the order in which they were asked; the last one settled it.
    rule_path: Vec<&'static str>,
    /// Until when the guard is waited for, where the lane has a limit.
    #[schema(format = DateTime)]
    answer_until: Option<String>,
}

impl LaneJson {
    fn of(look: LaneLook, name: String, now: Timestamp) -> Self {
        let state = look
            .barrier
            .as_ref()
            .map_or(GateState::Unknown, |row| row.state);
        let since = look.barrier.as_ref().map(|row| row.since);
        let answer_until = look.answer_until.map(|until| until.to_string());
        let is_camera_silent = look.is_camera_silent(now);
        let waiting = look.waiting.map(|row| {
            let path = row.verdict.as_ref().map(|verdict| &verdict.rule_path.0);
            let path = path.into_iter().flatten().copied();
            WaitingJson {
                rule_path: path.map(Rule::name).collect(),
                passage: PassageJson::from(row),
                answer_until,
            }
        });
        Self {
            gate: look.gate.to_string(),
            name,
            camera: look.camera.map(|camera| camera.to_string()),
            is_camera_silent,
            camera_heard_at: look.camera_row.map(|row| row.heard_at.to_string()),
            barrier: state.code(),
            barrier_since: since
                .filter(|since| Timestamp::EPOCH < *since)
                .map(|since| since.to_string()),
            controller: look.controller.code(),
            pipeline: look.pipeline.code(),
            is_connected: look.is_connected,
            mode: look.mode.map_or(SiteMode::Normal, |mode| mode.mode).code(),
            waiting,
            others: look.others.into_iter().map(PassageJson::from).collect(),
            alarms: look.alarms.iter().map(AlarmJson::from).collect(),
            orders: look.orders.iter().map(OrderJson::from).collect(),
        }
    }
}

/// How a lane stands: who is there, and what is wrong.
#[utoipa::path(get, path = "/api/v1/gates/{gate}/lane", tag = "gates",
    params(("gate" = String, Path, description = "The gate's name")), responses(
    (status = 200, description = "How the lane stands", body = OneLane),
    (status = 404, description = "There is no such gate", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_lane(
    State(app): State<Arc<App>>,
    PathId(gate): PathId<GateId>,
) -> Result<Json<OneLane>, Problem> {
    let look = crate::lane::look(&app, &gate, None).await?;
    let entry = AuditEntry {
        at: app.now(),
        actor: API_ACTOR.to_owned(),
        action: "view",
        subject: format!("lane {gate}"),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    let name = app.names.gate(&gate).to_owned();
    Ok(Json(OneLane {
        lane: LaneJson::of(look, name, app.now()),
    }))
}
