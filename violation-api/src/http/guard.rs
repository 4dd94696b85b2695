//! What every request passes: its id, the host that it names, where it comes from, and how long it
//! may take.
//!
//! There is no login yet. So the service answers on this machine only, unless the configuration
//! says otherwise, and web pages of other sites must not reach it through the browser: neither by a
//! name that they point at this machine (DNS rebinding: the Host header must name this machine),
//! nor by a form that they post (the browser says where a request comes from: Fetch Metadata,
//! Origin).

use crate::{
    app::App,
    console::{Lang, problem_page, visit_problem_page},
    http::problem::Problem,
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use uuid::Uuid;

/// How long a request may take; `/events` has its own limits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What proxies add to a request (RFC 7239, and what was used before it).
const FORWARDED: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Gives the request an id, answers problems in the client's way, and sets the headers that guard a
/// browser.
pub(crate) async fn wrap(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let request_id = Uuid::now_v7().simple().to_string();
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let lang = Lang::of_request(request.uri().query(), request.headers());
    let chosen = Lang::of_query(request.uri().query());
    let mut response = match check(&app, &request) {
        Ok(()) => match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => {
                let detail = "the service did not answer in time; try again";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail).into_response()
            }
        },
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let known = response.extensions_mut().remove::<Problem>();
        let problem = known.unwrap_or_else(|| Problem::of_status(status));
        if status.is_server_error() {
            tracing::warn!(request_id, %method, status = status.as_u16(), kind = problem.kind,
                "a request failed");
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        response = if is_for_visitors(&path) {
            let page = visit_problem_page(&app, lang, &problem, &request_id);
            (problem.status, page).into_response()
        } else {
            answer(&app, &problem, &request_id, is_page(&path).then_some(lang))
        };
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    set_headers(response.headers_mut(), &request_id, chosen);
    response
}

/// Whether visitors may come here from outside.
fn is_for_visitors(path: &str) -> bool {
    path.starts_with("/visit/")
}

/// Whether a person reads what stands at this address.
fn is_page(path: &str) -> bool {
    !(path.starts_with("/api/")
        || path.starts_with("/assets/")
        || path == "/events"
        || path == "/healthz"
        || path == "/readyz")
}

fn answer(app: &App, problem: &Problem, request_id: &str, page: Option<Lang>) -> Response {
    if let Some(lang) = page {
        return (problem.status, problem_page(app, lang, problem, request_id)).into_response();
    }
    let mut response = (problem.status, Json(problem.body(request_id))).into_response();
    let problem_json = HeaderValue::from_static("application/problem+json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, problem_json);
    response
}

fn set_headers(headers: &mut HeaderMap, request_id: &str, chosen: Option<Lang>) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    // What has plates in it stays in no cache; pictures and assets that may be kept have said so.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    if let Some(lang) = chosen {
        headers.insert(header::SET_COOKIE, HeaderValue::from_static(lang.cookie()));
    }
}

fn check(app: &App, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    // HTTP/2 and absolute-form requests name the host in the address.
    let authority = request.uri().authority().map(|a| a.as_str());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = authority
        .or(host)
        .ok_or_else(|| Problem::bad_request("the Host header is missing"))?;
    // Under the visitors' name there is nothing but their pages, whatever stands in front of it.
    let path = request.uri().path();
    // What has come through a proxy has come from outside, whatever name it claims.
    let is_forwarded =
        app.has_public_name() && FORWARDED.iter().any(|name| headers.contains_key(*name));
    let is_public = is_forwarded || app.is_public_name(host);
    if is_public && !is_for_visitors(path) && !path.starts_with("/assets/") {
        return Err(Problem::of_status(StatusCode::NOT_FOUND));
    }
    let is_known_name = app.is_public_name(host) || app.policy.allows_host(host_name(host));
    if !is_known_name {
        let detail = "this service does not answer to the name in the Host header";
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host-refused",
            detail,
        ));
    }
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(());
    }
    // A program sends none of the browser's headers; what it posts to the API needs a header that
    // no form can set.
    let is_api = request.uri().path().starts_with("/api/");
    if is_from_here(headers, host, is_api) {
        Ok(())
    } else {
        let detail = "a page of another site may not change anything here";
        Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", detail))
    }
}

fn is_from_here(headers: &HeaderMap, host: &str, if_not_told: bool) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) if site != "same-origin" => false,
        (_, Some(origin)) => {
            let authority = origin
                .strip_prefix("http://")
                .or(origin.strip_prefix("https://"));
            authority == Some(host)
        }
        (Some(_), None) => true,
        (None, None) => if_not_told,
    }
}

/// The name of `name:port`, `1.2.3.4:port` or `[::1]:port`.
pub(crate) fn host_name(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or("");
    }
    authority.split(':').next().unwrap_or("")
}

/// An address is no name, so that nobody can point it elsewhere.
pub(crate) fn ip_of(name: &str) -> Option<IpAddr> {
    name.parse().ok()
}
