//! Persons' orders to gates.

use super::{
    Params, PathId,
    alarms::no_name,
    listings::ListQuery,
    problem::{Problem, ProblemBody},
    shape::Meta,
};
use crate::{
    app::App,
    orders::{self, OrderReason, Wanted, guard_name},
    store::{Code as _, Cursor, OrderAnswer, OrderFate, OrderRow, kind_code},
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use domain::{GateId, OrderKind, SiteMode};
use serde::{Deserialize, Serialize};
use std::{str::FromStr, sync::Arc};
use utoipa::{IntoParams, ToSchema};

/// What a person orders.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRequest {
    /// For one gate `admit`, `refuse`, `open`, `hold-open` or `release`; for the whole site `mode`,
    /// `forgive-anti-passback` or `counted`.
    #[schema(example = "open")]
    order: String,
    /// The guard's name; there is no login yet, so it is kept as a claim. Without it nothing is
    /// ordered.
    #[schema(example = "Nguyễn Văn A")]
    by: Option<String>,
    /// Coded. It may be left out for `admit` of somebody who is not turned away, `refuse`,
    /// `release` and `counted`.
    #[schema(example = "system-down")]
    reason: Option<String>,
    /// In the person's own words, 200 characters at most; needed with the reason `other`.
    note: Option<String>,
    /// Of `admit` and `refuse`: for whom.
    passage_id: Option<String>,
    /// Of `admit` and `refuse`: the verdict that the person was shown. When the passage has another
    /// one by now, nothing is ordered.
    verdict_id: Option<String>,
    /// Of `mode`: `normal`, `lockdown` or `evacuation`.
    mode: Option<String>,
    /// Of `forgive-anti-passback` and `counted`.
    zone: Option<String>,
    /// Of `counted`.
    vehicles: Option<u32>,
    /// Of `counted`.
    people: Option<u32>,
}

fn needed<T: FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<T, Problem> {
    let text = text.ok_or_else(|| Problem::bad_request(format!("{name}: is missing")))?;
    text.parse()
        .map_err(|error| Problem::bad_request(format!("{name}: {error}")))
}

impl OrderRequest {
    fn kind(&self) -> Result<OrderKind, Problem> {
        let passage = || needed("passage_id", self.passage_id.as_deref());
        let zone = || needed("zone", self.zone.as_deref());
        let number = |name: &str, number: Option<u32>| {
            number.ok_or_else(|| Problem::bad_request(format!("{name}: is missing")))
        };
        Ok(match &*self.order {
            "admit" => OrderKind::Admit(passage()?),
            "refuse" => OrderKind::Refuse(passage()?),
            "open" => OrderKind::Open,
            "hold-open" => OrderKind::HoldOpen,
            "release" => OrderKind::Release,
            "mode" => {
                let mode = self.mode.as_deref().and_then(SiteMode::from_code);
                OrderKind::Mode(mode.ok_or_else(|| {
                    Problem::bad_request("mode: expected normal, lockdown or evacuation")
                })?)
            }
            "forgive-anti-passback" => OrderKind::ForgiveAntiPassback(zone()?),
            "counted" => OrderKind::Counted {
                zone: zone()?,
                vehicles: number("vehicles", self.vehicles)?,
                people: number("people", self.people)?,
            },
            _ => {
                return Err(Problem::bad_request(
                    "order: expected admit, refuse, open, hold-open, release, mode, \
                     forgive-anti-passback or counted",
                ));
            }
        })
    }

    fn wanted(self, gate: Option<GateId>, key: String) -> Result<Wanted, Problem> {
        let by = self
            .by
            .as_deref()
            .and_then(guard_name)
            .ok_or_else(no_name)?;
        let unknown = |code: &str| {
            let detail = format!("reason: {code:?} is not known");
            Problem::new(StatusCode::BAD_REQUEST, "order-reason", detail)
        };
        let reason = self.reason.as_deref();
        let reason = reason.map(|code| OrderReason::from_code(code).ok_or_else(|| unknown(code)));
        let seen = match self.verdict_id.as_deref() {
            Some(verdict) => Some(Some(needed("verdict_id", Some(verdict))?)),
            None => None,
        };
        Ok(Wanted {
            gate,
            kind: self.kind()?,
            by,
            reason: reason.transpose()?,
            note: self.note.as_deref().unwrap_or("").trim().to_owned(),
            seen,
            key,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneOrder {
    order: OrderJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderJson {
    id: String,
    /// Absent when it was for every gate.
    gate: Option<String>,
    order: &'static str,
    passage_id: Option<String>,
    mode: Option<&'static str>,
    zone: Option<String>,
    vehicles: Option<u32>,
    people: Option<u32>,
    by: String,
    reason: &'static str,
    note: String,
    #[schema(format = DateTime)]
    issued_at: String,
    /// After this moment gates refuse it.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether it was handed to the broker: `sent` or `not-sent`; absent while that is not known.
    fate: Option<&'static str>,
    /// What came of it, where that can be known: `verdict` when the gate has given the verdict, or
    /// what the barrier answered: `accepted`, `executed`, `rejected`, `expired` or `duplicate`.
    answer: Option<&'static str>,
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// The verdict that the gate has given.
    verdict_id: Option<String>,
}

impl From<&OrderRow> for OrderJson {
    fn from(row: &OrderRow) -> Self {
        let (passage, mode, zone, counted) = match &row.kind {
            OrderKind::Admit(passage) | OrderKind::Refuse(passage) => {
                (Some(passage), None, None, None)
            }
            OrderKind::Open | OrderKind::HoldOpen | OrderKind::Release => (None, None, None, None),
            OrderKind::Mode(mode) => (None, Some(mode.code()), None, None),
            OrderKind::ForgiveAntiPassback(zone) => (None, None, Some(zone), None),
            OrderKind::Counted {
                zone,
                vehicles,
                people,
            } => (None, None, Some(zone), Some((*vehicles, *people))),
        };
        let answer = row.answer.map(|(answer, _at)| answer);
        Self {
            id: row.id.to_string(),
            gate: row.gate.as_ref().map(ToString::to_string),
            order: kind_code(&row.kind),
            passage_id: passage.map(ToString::to_string),
            mode,
            zone: zone.map(ToString::to_string),
            vehicles: counted.map(|(vehicles, _)| vehicles),
            people: counted.map(|(_, people)| people),
            by: row.by.clone(),
            reason: row.reason.code(),
            note: row.note.clone(),
            issued_at: row.issued_at.to_string(),
            expires_at: row.expires_at.to_string(),
            fate: row.fate.map(|fate| fate.code()),
            answer: answer.map(|answer| match answer {
                OrderAnswer::Verdict(_) => "verdict",
                OrderAnswer::Barrier(result) => result.code(),
            }),
            answered_at: row.answer.map(|(_answer, at)| at.to_string()),
            verdict_id: match answer {
                Some(OrderAnswer::Verdict(verdict)) => Some(verdict.to_string()),
                _ => None,
            },
        }
    }
}

async fn give(
    app: Arc<App>,
    gate: Option<GateId>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json<OneOrder>, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(|text| text.starts_with("application/json")) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let key = super::cases::key_of(headers, String::new())?.key;
    let asked: OrderRequest = serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let row = orders::give(app, asked.wanted(gate, key)?).await?;
    if row.fate == Some(OrderFate::NotSent) {
        let detail = "the broker could not be reached: the order was dropped and will not be \
                      sent later; look at the gate, then give a new one";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Problem::new(status, "order-not-sent", detail));
    }
    Ok(Json(OneOrder {
        order: OrderJson::from(&row),
    }))
}

/// Orders a gate to do something: audited, then signed and sent at once or never.
#[utoipa::path(post, path = "/api/v1/gates/{gate}/orders", tag = "gates",
    params(("gate" = String, Path, description = "The gate's name"),
        ("Idempotency-Key" = String, Header,
            description = "New for each order; the same request again acts once")),
    request_body = OrderRequest,
    responses(
        (status = 200, description = "The order was handed to the broker", body = OneOrder),
        (status = 400, description = "The order or its reason is none",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 403, description = "There is no guard's name",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 404, description = "There is no such gate or passage",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 409, description = "The passage is over, has another verdict, or is let in",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 503, description = "The broker is away: the order was dropped",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_gate_order(
    State(app): State<Arc<App>>,
    PathId(gate): PathId<GateId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<OneOrder>, Problem> {
    give(app, Some(gate), &headers, &body).await
}

/// Orders something for the whole site: its mode, or what is in a zone.
#[utoipa::path(post, path = "/api/v1/orders", tag = "gates",
    params(("Idempotency-Key" = String, Header,
        description = "New for each order; the same request again acts once")),
    request_body = OrderRequest,
    responses(
        (status = 200, description = "The order was handed to the broker", body = OneOrder),
        (status = 400, description = "The order or its reason is none",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 403, description = "There is no guard's name",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 503, description = "The broker is away: the order was dropped",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_order(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<OneOrder>, Problem> {
    give(app, None, &headers, &body).await
}

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// Only what this gate was ordered, with what every gate was.
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
pub(crate) struct OrderList {
    orders: Vec<OrderJson>,
    meta: Meta,
}

/// What persons have ordered, newest first, with what became of it.
#[utoipa::path(get, path = "/api/v1/orders", tag = "gates", params(OrderQuery), responses(
    (status = 200, description = "What persons have ordered, newest first", body = OrderList),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_orders(
    State(app): State<Arc<App>>,
    Params(query): Params<OrderQuery>,
) -> Result<Json<OrderList>, Problem> {
    let gate: Option<GateId> = super::listings::slug("gate", query.gate.as_deref())?;
    let page = ListQuery::new(query.since, query.limit, query.cursor).page()?;
    let rows = app.store.orders(gate.as_ref(), &page).await?;
    super::listings::audit_list(&app, "orders", gate.as_ref().map(GateId::as_str)).await?;
    let last = rows.last().map(|row| Cursor {
        at: row.issued_at,
        id: row.id.to_string(),
    });
    Ok(Json(OrderList {
        meta: Meta::after(rows.len(), page.n_rows_max(), last),
        orders: rows.iter().map(OrderJson::from).collect(),
    }))
}
