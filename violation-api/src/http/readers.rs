//! What readers of chips and VNeID tell.

use super::problem::{Problem, ProblemBody};
use crate::{app::App, store::AuditEntry};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
};
use domain::DocumentRead;
use serde::{Deserialize, Serialize};
use service::document_reader::{ReaderRefusal, ToldDocument};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// As the reader signed it; nothing in it is believed before its signature is.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReaderMessage)]
#[expect(dead_code, reason = "it describes what the port reads byte by byte")]
pub(crate) struct ReaderMessage {
    /// JSON as text: `v`, `reader`, `gate`, `seq`, `shown_at`, `method` (`chip` or `vneid`),
    /// `number`, `is_authentic` and, where the document has one, `expires_at`.
    body: String,
    /// Ed25519 signature of the body for this site, 128 hexadecimal digits.
    signature: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TakenDocument {
    /// The id under which gates hear of it.
    document: String,
    /// The gate.
    gate: String,
}

/// Takes the signed message of a reader, once, and tells its gate what was shown.
#[utoipa::path(post, path = "/api/v1/readers/messages", tag = "documents",
    request_body = ReaderMessage, responses(
    (status = 202, description = "The gate is told", body = TakenDocument),
    (status = 400, description = "Malformed", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
    (status = 403, description = "The reader is not known, did not sign this, or is another \
        gate's", body = ProblemBody<'static>, content_type = "application/problem+json"),
    (status = 409, description = "The message has come before", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
    (status = 413, description = "More than 4096 bytes", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
    (status = 422, description = "Not of now, or the document is not authentic or has expired",
        body = ProblemBody<'static>, content_type = "application/problem+json"),
    (status = 429, description = "Too many", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
    (status = 503, description = "The broker or the database is away; try again with a new \
        message", body = ProblemBody<'static>, content_type = "application/problem+json"),
))]
pub(crate) async fn post_message(
    State(app): State<Arc<App>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<TakenDocument>), Problem> {
    let desk = app.desk()?;
    let now = app.now();
    if !desk.reader_messages.take(now) {
        return Err(refused(&app, ReaderRefusal::Flood));
    }
    let body = body.map_err(|_too_large| refused(&app, ReaderRefusal::TooLarge))?;
    let taken = desk.readers().take(&body, now);
    let told = taken.map_err(|refusal| refused(&app, refusal))?;
    // The store's number holds over restarts, and for all programs on one database.
    let is_new = app.store.take_reader_number(&told.reader, told.seq, now);
    if !is_new.await? {
        return Err(refused(&app, ReaderRefusal::Replay));
    }
    let entry = AuditEntry {
        at: now,
        actor: format!("reader {}", told.reader),
        action: "tell-document",
        subject: format!("gate {}", told.gate),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    let read = read(&app, told)?;
    let taken = TakenDocument {
        document: read.id.to_string(),
        gate: read.gate.to_string(),
    };
    app.say_document(read)?;
    Ok((StatusCode::ACCEPTED, Json(taken)))
}

fn read(app: &App, told: ToldDocument) -> Result<DocumentRead, Problem> {
    Ok(DocumentRead {
        id: app.desk()?.document_id(),
        gate: told.gate,
        kind: told.kind,
        assurance: told.assurance,
        shown_at: told.shown_at,
    })
}

/// Counts it, and says why. Which readers there are is told to nobody.
fn refused(app: &App, refusal: ReaderRefusal) -> Problem {
    if let Ok(desk) = app.desk() {
        desk.refusals.note(refusal);
    }
    let (status, kind) = match refusal {
        ReaderRefusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        ReaderRefusal::Malformed => (StatusCode::BAD_REQUEST, "reader-malformed"),
        ReaderRefusal::UnknownReader | ReaderRefusal::Signature => {
            let detail = "no reader of this site has signed this";
            return Problem::new(StatusCode::FORBIDDEN, "reader-not-trusted", detail);
        }
        ReaderRefusal::Gate => (StatusCode::FORBIDDEN, "reader-gate"),
        ReaderRefusal::NotOfNow => (StatusCode::UNPROCESSABLE_ENTITY, "reader-not-of-now"),
        ReaderRefusal::Replay => (StatusCode::CONFLICT, "reader-replay"),
        ReaderRefusal::Flood => (StatusCode::TOO_MANY_REQUESTS, "reader-flood"),
        ReaderRefusal::NotAuthentic => (StatusCode::UNPROCESSABLE_ENTITY, "document-not-authentic"),
        ReaderRefusal::Expired => (StatusCode::UNPROCESSABLE_ENTITY, "document-expired"),
    };
    Problem::new(status, kind, refusal.to_string())
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReaderRefusals {
    /// How many messages were refused since the start, by reason.
    refused: BTreeMap<&'static str, u64>,
}

/// What readers' messages were refused for.
#[utoipa::path(get, path = "/api/v1/readers/refusals", tag = "documents", responses(
    (status = 200, description = "Refused messages since the start, by reason",
        body = ReaderRefusals),
))]
pub(crate) async fn get_refusals(
    State(app): State<Arc<App>>,
) -> Result<Json<ReaderRefusals>, Problem> {
    let refused = app.desk()?.refusals.counts();
    Ok(Json(ReaderRefusals { refused }))
}
