//! Errors as RFC 9457 problem documents, and as a page where a person reads them.

use crate::store::{ChangeError, StoreError};
use axum::{
    extract::rejection::FormRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use casework::Illegal;
use serde::Serialize;
use std::error::Error;
use utoipa::ToSchema;

/// What went wrong, for the one who asked. What went wrong inside stands in the log only.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Stable, in kebab-case: programs tell problems apart by it.
    pub(crate) kind: &'static str,
    pub(crate) detail: String,
}

/// RFC 9457 problem document.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Stable name of the kind of problem.
    #[schema(example = "urn:gac:problem:case-closed")]
    r#type: String,
    /// The kind of problem in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    detail: &'a str,
    /// Say this to whoever operates the service: it stands in the log.
    request_id: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            detail: detail.into(),
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("there is no such {what}"),
        )
    }

    /// Of a status that the router made by itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (kind, detail) = match status {
            StatusCode::NOT_FOUND => ("not-found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method-not-allowed",
                "this address does not know this method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "the request is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported-media-type",
                "this content type is not read here",
            ),
            status if status.is_client_error() => ("bad-request", "the request cannot be read"),
            _ => ("internal", "the service failed; the log says why"),
        };
        Self::new(status, kind, detail)
    }

    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            r#type: format!("urn:gac:problem:{}", self.kind),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            request_id,
        }
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::of_status(StatusCode::PAYLOAD_TOO_LARGE),
            _ => Self::bad_request(rejection.body_text()),
        }
    }
}

/// The body is written by `guard::wrap`, which knows the request's id and what the client reads.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error with what caused it, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += ": ";
        text += &cause.to_string();
        source = cause.source();
    }
    text
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = chain(&error), "the store failed");
        if error.is_about_content() {
            Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
        } else {
            let detail = "the database cannot be reached just now; try again";
            Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database-unavailable",
                detail,
            )
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::not_found("case"),
            ChangeError::Illegal(illegal) => {
                let kind = match illegal {
                    Illegal::NotUnderReview => "case-not-under-review",
                    Illegal::AlreadyUnderReview => "case-already-under-review",
                    Illegal::HeldByAnother => "case-held-by-another",
                    Illegal::Closed => "case-closed",
                    Illegal::ScreeningOnly => "case-screening-only",
                    Illegal::Incomplete(_) => "case-incomplete",
                };
                Self::new(StatusCode::CONFLICT, kind, illegal.to_string())
            }
            ChangeError::Conflict => {
                Self::new(StatusCode::CONFLICT, "case-changed", error.to_string())
            }
            // draft-ietf-httpapi-idempotency-key-header-07 §2.7.
            ChangeError::KeyReused => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(status, "idempotency-key-reused", error.to_string())
            }
            ChangeError::Store(error) => error.into(),
        }
    }
}
