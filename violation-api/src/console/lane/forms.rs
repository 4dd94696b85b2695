//! What the guard's forms do: signing on and off, orders, taking note of alarms.
//!
//! There is no login yet: a name is a claim, and is kept as one. Forms of other sites never get so
//! far (`http::guard`).

use crate::{
    app::App,
    http::problem::Problem,
    orders::{self, OrderReason, Wanted, guard_name},
    store::{AuditEntry, Code as _, Shift},
};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{AlarmId, GateId, OrderKind, SiteMode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// A shift is over after this time, whether or not somebody signs off.
const SHIFT_MAX: Duration = Duration::from_secs(16 * 3600);
const COOKIE: &str = "shift=";

fn sha256(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut cookies = cookies.split(';');
    cookies.find_map(|cookie| cookie.trim().strip_prefix(COOKIE))
}

/// Who is on duty at this browser.
pub(super) async fn guard_of(app: &App, headers: &HeaderMap) -> Result<Option<Shift>, Problem> {
    let Some(token) = token(headers) else {
        return Ok(None);
    };
    let since = app.now().saturating_sub(SHIFT_MAX);
    Ok(app.store.shift(&sha256(token), since).await?)
}

fn refused(kind: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, kind, "sign on with your name first")
}

/// Back to the page that the form stands on, with why nothing was done; what a guard's screen has
/// no words for is a page of its own.
fn back(page: &str, problem: Problem) -> Result<Response, Problem> {
    match problem.status {
        StatusCode::FORBIDDEN | StatusCode::CONFLICT | StatusCode::BAD_REQUEST
            if problem.kind != "bad-request" =>
        {
            let address = format!("{page}?refused={}", problem.kind);
            Ok(Redirect::to(&address).into_response())
        }
        StatusCode::SERVICE_UNAVAILABLE if problem.kind == "orders-unavailable" => {
            let address = format!("{page}?refused={}", problem.kind);
            Ok(Redirect::to(&address).into_response())
        }
        _ => Err(problem),
    }
}

fn page_of(gate: Option<&GateId>) -> String {
    gate.map_or_else(|| "/lanes".to_owned(), |gate| format!("/lanes/{gate}"))
}

fn gate_of(text: &str) -> Result<Option<GateId>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let gate = text.parse();
    gate.map(Some)
        .map_err(|_not_a_slug| Problem::not_found("gate"))
}

fn form_of<T>(form: Result<Form<T>, FormRejection>) -> Result<T, Problem> {
    let Form(form) = form.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    Ok(form)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOnForm {
    name: String,
    /// The lane that the form stands on; empty on the page of all lanes.
    #[serde(default)]
    gate: String,
}

pub(crate) async fn post_sign_on(
    State(app): State<Arc<App>>,
    form: Result<Form<SignOnForm>, FormRejection>,
) -> Result<Response, Problem> {
    let form = form_of(form)?;
    let gate = gate_of(&form.gate)?;
    if let Some(gate) = &gate {
        orders::check_gate(&app, gate).await?;
    }
    let page = page_of(gate.as_ref());
    let Some(name) = guard_name(&form.name) else {
        return back(&page, refused("guard-name"));
    };
    let (token, now) = (Uuid::new_v4().simple().to_string(), app.now());
    let entry = AuditEntry {
        at: now,
        actor: name.clone(),
        action: "sign-on",
        subject: page.trim_start_matches('/').to_owned(),
        detail: "a claim: no login".to_owned(),
    };
    let shift = Shift {
        name,
        gate,
        began_at: now,
    };
    app.store
        .begin_shift(&sha256(&token), &shift, &entry)
        .await?;
    let seconds = SHIFT_MAX.as_secs();
    let cookie = format!("{COOKIE}{token}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly");
    Ok(with_cookie(&page, &cookie))
}

fn with_cookie(page: &str, cookie: &str) -> Response {
    let cookie = HeaderValue::from_str(cookie).expect("hexadecimal digits are a header value");
    ([(header::SET_COOKIE, cookie)], Redirect::to(page)).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOffForm {
    #[serde(default)]
    gate: String,
}

pub(crate) async fn post_sign_off(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<SignOffForm>, FormRejection>,
) -> Result<Response, Problem> {
    let gate = gate_of(&form_of(form)?.gate)?;
    let page = page_of(gate.as_ref());
    if let (Some(token), Some(shift)) = (token(&headers), guard_of(&app, &headers).await?) {
        let entry = AuditEntry {
            at: app.now(),
            actor: shift.name,
            action: "sign-off",
            subject: page.trim_start_matches('/').to_owned(),
            detail: String::new(),
        };
        app.store.end_shift(&sha256(token), &entry).await?;
    }
    let cookie = format!("{COOKIE}; Path=/; Max-Age=0; SameSite=Lax; HttpOnly");
    Ok(with_cookie(&page, &cookie))
}

/// What the forms of orders send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderForm {
    /// New for each rendered form: a form that is sent twice acts once.
    key: String,
    order: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    passage: String,
    /// The verdict that was shown with the passage; empty when none was.
    #[serde(default)]
    seen: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    vehicles: String,
    #[serde(default)]
    people: String,
}

impl OrderForm {
    fn kind(&self) -> Result<OrderKind, Problem> {
        let wrong = |what: &str| Problem::bad_request(format!("{what}: not what the form sends"));
        let passage = || self.passage.parse().map_err(|_id| wrong("passage"));
        let zone = || self.zone.parse().map_err(|_slug| wrong("zone"));
        let number = |text: &str| text.trim().parse().map_err(|_number| wrong("count"));
        let mode = |code| SiteMode::from_code(code).map(OrderKind::Mode);
        Ok(match &*self.order {
            "admit" => OrderKind::Admit(passage()?),
            "refuse" => OrderKind::Refuse(passage()?),
            "open" => OrderKind::Open,
            "hold-open" => OrderKind::HoldOpen,
            "release" => OrderKind::Release,
            "forgive-anti-passback" => OrderKind::ForgiveAntiPassback(zone()?),
            "counted" => OrderKind::Counted {
                zone: zone()?,
                vehicles: number(&self.vehicles)?,
                people: number(&self.people)?,
            },
            code => mode(code).ok_or_else(|| wrong("order"))?,
        })
    }
}

async fn order(
    app: Arc<App>,
    headers: &HeaderMap,
    gate: Option<GateId>,
    form: OrderForm,
) -> Result<String, Problem> {
    let guard = guard_of(&app, headers).await?;
    let guard = guard.ok_or_else(|| refused("not-signed-on"))?;
    let kind = form.kind()?;
    let seen = match (&*form.seen, &kind) {
        ("", OrderKind::Admit(_) | OrderKind::Refuse(_)) => Some(None),
        ("", _) => None,
        (verdict, _) => {
            let verdict = verdict.parse();
            Some(Some(
                verdict.map_err(|_id| Problem::bad_request("seen: no id"))?,
            ))
        }
    };
    let reason = match &*form.reason {
        "" => None,
        code => Some(OrderReason::from_code(code).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "order-reason", "reason: not known")
        })?),
    };
    let row = orders::give(
        app,
        Wanted {
            gate,
            kind,
            by: guard.name,
            reason,
            note: form.note.trim().to_owned(),
            seen,
            key: form.key,
        },
    )
    .await?;
    Ok(row.id.to_string())
}

pub(crate) async fn post_order(
    State(app): State<Arc<App>>,
    Path(gate): Path<String>,
    headers: HeaderMap,
    form: Result<Form<OrderForm>, FormRejection>,
) -> Result<Response, Problem> {
    let gate = gate_of(&gate)?.ok_or_else(|| Problem::not_found("gate"))?;
    let page = page_of(Some(&gate));
    match order(app, &headers, Some(gate), form_of(form)?).await {
        Ok(order) => Ok(Redirect::to(&format!("{page}?order={order}")).into_response()),
        Err(problem) => back(&page, problem),
    }
}

pub(crate) async fn post_site_order(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<OrderForm>, FormRejection>,
) -> Result<Response, Problem> {
    match order(app, &headers, None, form_of(form)?).await {
        Ok(order) => Ok(Redirect::to(&format!("/lanes?order={order}")).into_response()),
        Err(problem) => back("/lanes", problem),
    }
}

pub(crate) async fn post_acknowledge(
    State(app): State<Arc<App>>,
    Path((gate, alarm)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gate = gate_of(&gate)?.ok_or_else(|| Problem::not_found("gate"))?;
    let alarm: AlarmId = alarm
        .parse()
        .map_err(|_not_an_id| Problem::not_found("alarm"))?;
    let page = page_of(Some(&gate));
    let Some(guard) = guard_of(&app, &headers).await? else {
        return back(&page, refused("not-signed-on"));
    };
    crate::http::alarms::acknowledge(&app, alarm, &guard.name).await?;
    Ok(Redirect::to(&page).into_response())
}
