//! Alarms of gates, and taking note of them.

use super::{
    Params, PathId,
    listings::ListQuery,
    problem::{Problem, ProblemBody},
    shape::Meta,
};
use crate::{
    app::App,
    feed::Changes,
    orders::guard_name,
    store::{AlarmRow, AuditEntry, Code as _, Cursor},
};
use axum::{Json, extract::State, http::StatusCode};
use domain::{AlarmId, GateId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which alarms.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlarmQuery {
    /// Only of this gate.
    gate: Option<String>,
    /// Only those that are still on.
    open: Option<bool>,
    /// Only from this moment on: RFC 3339.
    since: Option<String>,
    /// At most so many rows; 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `meta.next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Alarms {
    alarms: Vec<AlarmJson>,
    meta: Meta,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Alarm)]
pub(super) struct AlarmJson {
    id: String,
    gate: String,
    /// `tailgating`, `forced`, `held-open`, `stalled`, `fault`, `silent`, `fire`, `tamper`,
    /// `power-lost`, `anti-passback`, `unanswered` or `full`.
    kind: &'static str,
    passage_id: Option<String>,
    #[schema(format = DateTime)]
    began_at: String,
    /// Absent while it is on; an alarm of a moment ends as it begins.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Who has taken note of it.
    acknowledged_by: Option<String>,
    #[schema(format = DateTime)]
    acknowledged_at: Option<String>,
}

impl From<&AlarmRow> for AlarmJson {
    fn from(row: &AlarmRow) -> Self {
        let (alarm, noted) = (&row.alarm, row.acknowledged.as_ref());
        Self {
            id: alarm.id.to_string(),
            gate: alarm.gate.to_string(),
            kind: alarm.kind.code(),
            passage_id: alarm.passage.map(|passage| passage.to_string()),
            began_at: alarm.began_at.to_string(),
            ended_at: alarm.ended_at.map(|at| at.to_string()),
            acknowledged_by: noted.map(|(by, _at)| by.clone()),
            acknowledged_at: noted.map(|(_by, at)| at.to_string()),
        }
    }
}

/// Alarms of gates, newest first. Silent ones (duress) are left out.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "gates", params(AlarmQuery), responses(
    (status = 200, description = "Alarms of gates, newest first", body = Alarms),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_alarms(
    State(app): State<Arc<App>>,
    Params(query): Params<AlarmQuery>,
) -> Result<Json<Alarms>, Problem> {
    let gate: Option<GateId> = super::listings::slug("gate", query.gate.as_deref())?;
    let list = ListQuery::new(query.since, query.limit, query.cursor);
    let page = list.page()?;
    let is_open_only = query.open == Some(true);
    let rows = app.store.alarms(gate.as_ref(), is_open_only, &page).await?;
    super::listings::audit_list(&app, "alarms", gate.as_ref().map(GateId::as_str)).await?;
    let last = rows.last().map(|row| Cursor {
        at: row.alarm.began_at,
        id: row.alarm.id.to_string(),
    });
    Ok(Json(Alarms {
        meta: Meta::after(rows.len(), page.n_rows_max(), last),
        alarms: rows.iter().map(AlarmJson::from).collect(),
    }))
}

/// Who takes note of an alarm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    /// The guard's name; there is no login yet, so it is kept as a claim.
    #[schema(example = "Nguyễn Văn A")]
    by: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    alarm_id: String,
}

/// Takes note of an alarm; the first one who does counts.
#[utoipa::path(post, path = "/api/v1/alarms/{alarm}/acknowledge", tag = "gates",
    params(("alarm" = String, Path, description = "The alarm's id")),
    request_body = Acknowledgement,
    responses(
        (status = 200, description = "It is noted", body = Acknowledged),
        (status = 403, description = "There is no name", body = ProblemBody<'static>,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such alarm", body = ProblemBody<'static>,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_acknowledge(
    State(app): State<Arc<App>>,
    PathId(alarm): PathId<AlarmId>,
    body: axum::body::Bytes,
) -> Result<Json<Acknowledged>, Problem> {
    let asked: Acknowledgement = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let by = guard_name(&asked.by).ok_or_else(no_name)?;
    acknowledge(&app, alarm, &by).await?;
    let alarm_id = alarm.to_string();
    Ok(Json(Acknowledged { alarm_id }))
}

/// Nobody has said who orders.
pub(super) fn no_name() -> Problem {
    let detail = "by: expected the guard's name, 2 to 48 letters, digits, spaces, . - '";
    Problem::new(StatusCode::FORBIDDEN, "guard-name", detail)
}

/// Takes note of an alarm, for both the API and the pages.
pub(crate) async fn acknowledge(app: &App, alarm: AlarmId, by: &str) -> Result<(), Problem> {
    let entry = AuditEntry {
        at: app.now(),
        actor: by.to_owned(),
        action: "acknowledge",
        subject: alarm.to_string(),
        detail: String::new(),
    };
    if !app.store.acknowledge(alarm, by, &entry).await? {
        return Err(Problem::not_found("alarm"));
    }
    app.feed.say(Changes {
        is_gate_changed: true,
        ..Changes::default()
    });
    Ok(())
}
