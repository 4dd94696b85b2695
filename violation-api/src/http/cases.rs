//! Cases: candidates of rules, and what people decide on them.

use super::{
    API_ACTOR, Params, PathId,
    problem::{Problem, ProblemBody},
    shape::{EvidenceJson, Meta, PlateJson, bounds_json, parse_since},
};
use crate::{
    app::{App, LOCAL_REVIEWER},
    store::{
        AuditEntry, CaseChange, CaseRecord, CaseSummary, Code as _, Cursor, HistoryEntry, Key, Page,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use casework::{DismissReason, Event, Missing, Reviewer, State as CaseState, StateName};
use domain::ViolationId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which cases.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaseQuery {
    /// Only in this state: `candidate`, `under-review`, `confirmed` or `dismissed`.
    state: Option<String>,
    /// Only acts from this moment on: RFC 3339.
    since: Option<String>,
    /// At most so many rows; 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `meta.next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Violations {
    violations: Vec<SummaryJson>,
    meta: Meta,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ViolationSummary)]
struct SummaryJson {
    id: String,
    #[serde(flatten)]
    state: StateJson,
    /// Counts its events.
    version: u64,
    /// Capture time of the act.
    #[schema(format = DateTime)]
    act_at: String,
    camera: String,
    /// For example `red-light`.
    rule: String,
    /// For example `car`.
    class: &'static str,
    /// `evidential` or `screening-only`.
    standing: &'static str,
    plate: Option<PlateJson>,
    /// `/api/v1/evidence/{picture_sha256}` gives the vehicle, or else the still at the act.
    picture_sha256: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ViolationState)]
struct StateJson {
    /// `candidate`, `under-review`, `confirmed` or `dismissed`.
    state: &'static str,
    reviewer: Option<String>,
    /// Coded, for a dismissed case.
    dismiss_reason: Option<&'static str>,
}

impl From<&CaseState> for StateJson {
    fn from(state: &CaseState) -> Self {
        Self {
            state: state.name().code(),
            reviewer: state.reviewer().map(|who| who.as_str().to_owned()),
            dismiss_reason: state.dismiss_reason().map(DismissReason::code),
        }
    }
}

impl From<CaseSummary> for SummaryJson {
    fn from(row: CaseSummary) -> Self {
        Self {
            id: row.id.to_string(),
            state: StateJson::from(&row.state),
            version: row.version,
            act_at: row.act_at.to_string(),
            camera: row.camera.to_string(),
            rule: row.rule,
            class: row.class.code(),
            standing: row.standing.code(),
            plate: row.plate.as_ref().map(PlateJson::from),
            picture_sha256: row.picture_sha256,
        }
    }
}

/// Cases, newest act first.
#[utoipa::path(get, path = "/api/v1/violations", tag = "cases", params(CaseQuery), responses(
    (status = 200, description = "Cases, newest act first", body = Violations),
    (status = 400, description = "The query cannot be read", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_violations(
    State(app): State<Arc<App>>,
    Params(query): Params<CaseQuery>,
) -> Result<Json<Violations>, Problem> {
    let state = match query.state.as_deref() {
        None => None,
        Some(code) => Some(code.parse::<StateName>().map_err(|error| {
            Problem::bad_request(format!(
                "state: {error} candidate, under-review, confirmed, dismissed"
            ))
        })?),
    };
    let after = query.cursor.as_deref().map(|text| {
        Cursor::decode(text)
            .ok_or_else(|| Problem::bad_request("cursor: expected meta.next of the page before"))
    });
    let limit = query.limit.unwrap_or(50);
    if !(1..=crate::store::PAGE_ROWS_MAX).contains(&limit) {
        return Err(Problem::bad_request("limit: expected 1 to 200"));
    }
    let since = parse_since(query.since.as_deref())?;
    let page = Page {
        limit,
        after: after.transpose()?,
        since,
    };
    let rows = app.store.cases(state, &page).await?;
    audit(
        &app,
        "list",
        "violations",
        state.map_or("all", StateName::code),
    )
    .await?;
    let last = rows.last().map(|row| Cursor {
        at: row.act_at,
        id: row.id.to_string(),
    });
    let meta = Meta::after(rows.len(), page.n_rows_max(), last);
    Ok(Json(Violations {
        violations: rows.into_iter().map(SummaryJson::from).collect(),
        meta,
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Violation {
    violation: DetailJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ViolationDetail)]
struct DetailJson {
    id: String,
    #[serde(flatten)]
    state: StateJson,
    /// Counts its events.
    version: u64,
    candidate: CandidateJson,
    /// What the evidence lacks; such a case cannot be confirmed.
    missing: Vec<&'static str>,
    /// What has happened to it, oldest first.
    history: Vec<HistoryJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Candidate)]
struct CandidateJson {
    id: String,
    camera: String,
    sighting_id: String,
    class: &'static str,
    rule: String,
    rule_version: u32,
    #[schema(format = DateTime)]
    act_at: String,
    /// `[x_min, y_min, x_max, y_max]` in pixels.
    bounds: [f32; 4],
    standing: &'static str,
    /// What the rule measured.
    facts: Vec<FactJson>,
    plate: Option<PlateJson>,
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Fact)]
struct FactJson {
    name: String,
    value: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ViolationEvent)]
struct HistoryJson {
    #[schema(format = DateTime)]
    at: String,
    actor: String,
    state: &'static str,
    dismiss_reason: Option<&'static str>,
}

impl From<&HistoryEntry> for HistoryJson {
    fn from(entry: &HistoryEntry) -> Self {
        Self {
            at: entry.at.to_string(),
            actor: entry.actor.clone(),
            state: entry.state.code(),
            dismiss_reason: entry.dismiss_reason.map(DismissReason::code),
        }
    }
}

impl From<&CaseRecord> for DetailJson {
    fn from(record: &CaseRecord) -> Self {
        let c = &record.candidate;
        let fact = |(name, value): &(String, String)| FactJson {
            name: name.clone(),
            value: value.clone(),
        };
        let candidate = CandidateJson {
            id: c.id.to_string(),
            camera: c.camera.to_string(),
            sighting_id: c.sighting.to_string(),
            class: c.class.code(),
            rule: c.rule.clone(),
            rule_version: c.rule_version,
            act_at: c.act_at.to_string(),
            bounds: bounds_json(&c.bounds),
            standing: c.standing.code(),
            facts: c.facts.iter().map(fact).collect(),
            plate: c.plate.as_ref().map(PlateJson::from),
            evidence: c.evidence.iter().map(EvidenceJson::from).collect(),
        };
        Self {
            id: record.id.to_string(),
            state: StateJson::from(record.case.state()),
            version: record.version,
            candidate,
            missing: record
                .case
                .missing()
                .iter()
                .copied()
                .map(Missing::code)
                .collect(),
            history: record.history.iter().map(HistoryJson::from).collect(),
        }
    }
}

async fn audit(
    app: &App,
    action: &'static str,
    subject: &str,
    detail: &str,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        at: app.now(),
        actor: API_ACTOR.to_owned(),
        action,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    Ok(app.store.audit(&entry).await?)
}

/// One case with all that belongs to it.
#[utoipa::path(get, path = "/api/v1/violations/{violation}", tag = "cases",
    params(("violation" = String, Path, description = "The id of the case")),
    responses(
        (status = 200, description = "The case", body = Violation),
        (status = 404, description = "There is no such case",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get_violation(
    State(app): State<Arc<App>>,
    PathId(id): PathId<ViolationId>,
) -> Result<Json<Violation>, Problem> {
    let record = app
        .store
        .case(id)
        .await?
        .ok_or_else(|| Problem::not_found("case"))?;
    audit(&app, "view", &id.to_string(), "").await?;
    Ok(Json(Violation {
        violation: DetailJson::from(&record),
    }))
}

/// The person who acts while there is no login.
pub(crate) fn local_reviewer() -> Reviewer {
    Reviewer::named(LOCAL_REVIEWER).expect("the name is a constant and is one")
}

/// SHA-256 of what was asked, so that a key is not used for two requests.
pub(crate) fn request_hash(action: &str, id: ViolationId, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{action} {id}\n"));
    hash.update(body);
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether a text can be a key: 1 to 128 visible characters.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(super) fn key_of(headers: &HeaderMap, request_sha256: String) -> Result<Key, Problem> {
    let key = headers
        .get("idempotency-key")
        .map(|value| value.to_str().unwrap_or(""));
    match key {
        Some(key) if is_key(key) => Ok(Key {
            key: key.to_owned(),
            request_sha256,
        }),
        Some(_) => Err(Problem::bad_request(
            "Idempotency-Key: expected 1 to 128 visible characters",
        )),
        None => {
            let detail =
                "the Idempotency-Key header is missing: a text that is new for each request";
            Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency-key-missing",
                detail,
            ))
        }
    }
}

async fn change(app: &App, change: CaseChange) -> Result<Json<Violation>, Problem> {
    let record = app.store.change_case(&change).await?;
    app.say_case_changed();
    Ok(Json(Violation {
        violation: DetailJson::from(&record),
    }))
}

/// Begins the review of a case.
#[utoipa::path(post, path = "/api/v1/violations/{violation}/review", tag = "cases",
    params(("violation" = String, Path, description = "The id of the case"),
        ("Idempotency-Key" = String, Header,
            description = "New for each request; the same request again acts once")),
    responses(
        (status = 200, description = "The case, under review", body = Violation),
        (status = 404, description = "There is no such case",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 409, description = "The case does not allow it",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_review(
    State(app): State<Arc<App>>,
    PathId(id): PathId<ViolationId>,
    headers: HeaderMap,
) -> Result<Json<Violation>, Problem> {
    let key = Some(key_of(&headers, request_hash("review", id, b""))?);
    let event = Event::StartReview(local_reviewer());
    change(
        &app,
        CaseChange {
            id,
            event,
            at: app.now(),
            key,
        },
    )
    .await
}

/// Finds that the act took place.
#[utoipa::path(post, path = "/api/v1/violations/{violation}/confirm", tag = "cases",
    params(("violation" = String, Path, description = "The id of the case"),
        ("Idempotency-Key" = String, Header,
            description = "New for each request; the same request again acts once")),
    responses(
        (status = 200, description = "The case, confirmed", body = Violation),
        (status = 404, description = "There is no such case",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 409,
            description = "Not under review, decided, incomplete or for screening only",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_confirm(
    State(app): State<Arc<App>>,
    PathId(id): PathId<ViolationId>,
    headers: HeaderMap,
) -> Result<Json<Violation>, Problem> {
    let key = Some(key_of(&headers, request_hash("confirm", id, b""))?);
    let event = Event::Confirm(local_reviewer());
    change(
        &app,
        CaseChange {
            id,
            event,
            at: app.now(),
            key,
        },
    )
    .await
}

/// Why a case is dismissed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dismissal {
    /// One of `no-act`, `emergency-vehicle`, `directed-by-officer`, `signal-fault`, `necessity`,
    /// `plate-unreadable`, `plate-misread`, `wrong-vehicle`, `pictures-unclear`,
    /// `evidence-incomplete`, `camera-moved`, `duplicate`, `screening-only`.
    #[schema(example = "no-act")]
    reason: String,
}

/// Finds that the act did not take place, or cannot be proved.
#[utoipa::path(post, path = "/api/v1/violations/{violation}/dismiss", tag = "cases",
    params(("violation" = String, Path, description = "The id of the case"),
        ("Idempotency-Key" = String, Header,
            description = "New for each request; the same request again acts once")),
    request_body = Dismissal,
    responses(
        (status = 200, description = "The case, dismissed", body = Violation),
        (status = 400, description = "The reason is not one of the codes",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 404, description = "There is no such case",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 409, description = "The case does not allow it",
            body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
pub(crate) async fn post_dismiss(
    State(app): State<Arc<App>>,
    PathId(id): PathId<ViolationId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Violation>, Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(|text| text.starts_with("application/json")) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let dismissal: Dismissal = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let reason: DismissReason = dismissal.reason.parse().map_err(|error| {
        let codes: Vec<&str> = DismissReason::ALL
            .iter()
            .map(|reason| reason.code())
            .collect();
        Problem::bad_request(format!("reason: {error} {}", codes.join(", ")))
    })?;
    let key = Some(key_of(
        &headers,
        request_hash("dismiss", id, reason.code().as_bytes()),
    )?);
    let event = Event::Dismiss(local_reviewer(), reason);
    change(
        &app,
        CaseChange {
            id,
            event,
            at: app.now(),
            key,
        },
    )
    .await
}
