//! Reading requests, with errors that say what is wrong.

use super::problem::Problem;
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use std::{fmt::Display, str::FromStr};

/// The query string; an unknown or mistyped name is an error.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// The one id or name in the path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        match text.parse() {
            Ok(id) => Ok(Self(id)),
            Err(error) => Err(Problem::bad_request(format!("the id in the path: {error}"))),
        }
    }
}
