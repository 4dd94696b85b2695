//! A service with a little data in it, called without a network.

use crate::scene::{
    at, barrier, camera, candidate, counted, envelope, passage, sha, sighting, verdict,
};
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use domain::{DenyReason, GateState, Outcome, PassageState, ReferReason, Standing};
use service::evidence::EvidenceStore;
use tower::ServiceExt as _;
use violation_api::{Api, ApiConfig, BindPolicy, Names};
use wire::{CameraState, Envelope, Message};

pub(crate) const CASE_1: &str = "vio_00000000000000000000000000000001";
pub(crate) const CASE_INCOMPLETE: &str = "vio_00000000000000000000000000000003";
pub(crate) const CASE_SCREENING: &str = "vio_00000000000000000000000000000004";

pub(crate) struct Site {
    pub(crate) api: Api,
    pub(crate) folder: tempfile::TempDir,
    /// SHA-256 of a real file.
    pub(crate) picture_sha256: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of the problem's type, after checking that it is a whole problem document.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem["type"]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    }
}

pub(crate) fn config(folder: &tempfile::TempDir) -> ApiConfig {
    let url = format!("sqlite:{}", folder.path().join("api.db").display());
    let evidence = folder.path().join("evidence");
    let config = ApiConfig::new("park-1".parse().unwrap(), &url, evidence);
    ApiConfig {
        site_name: "Khu công nghiệp Đông Á".to_owned(),
        ..config
    }
}

fn messages(picture_sha256: &str) -> Vec<Message> {
    let mut seen = sighting(1, 2);
    seen.picture.as_mut().unwrap().sha256 = picture_sha256.to_owned();
    let mut incomplete = candidate(3);
    incomplete.evidence.remove(2);
    let mut screening = candidate(4);
    screening.standing = Standing::ScreeningOnly;
    let lost = wire::CameraStatus {
        reason: Some("không mở được rtsp://camera".to_owned()),
        ..camera("gate-1-in", CameraState::Lost, 10)
    };
    vec![
        Message::Sighting(seen),
        Message::Sighting(sighting(2, 0)),
        Message::Passage(passage(1, PassageState::Referred, 1)),
        Message::Passage(passage(2, PassageState::Denied, 5)),
        Message::Verdict(verdict(1, Outcome::Refer(ReferReason::LookAlike))),
        Message::Verdict(verdict(2, Outcome::Deny(DenyReason::Barred))),
        Message::Candidate(candidate(1)),
        Message::Candidate(candidate(2)),
        Message::Candidate(incomplete),
        Message::Candidate(screening),
        Message::Camera(camera("junction-1", CameraState::Ended, 5000)),
        Message::Camera(lost),
        Message::Barrier(barrier(GateState::Closed, 2)),
        Message::Count(counted("line-1", 1234, 1)),
    ]
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(BindPolicy::LoopbackOnly, &[]).await
    }

    pub(crate) async fn with(bind_policy: BindPolicy, more: &[Message]) -> Self {
        Self::configured(more, |config| config.bind_policy = bind_policy).await
    }

    /// With names for some of what there is.
    pub(crate) async fn named(names: Names, more: &[Message]) -> Self {
        Self::configured(more, |config| config.names = names).await
    }

    pub(crate) async fn configured(more: &[Message], change: impl FnOnce(&mut ApiConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        change(&mut config);
        let evidence = EvidenceStore::open(&config.evidence_dir).unwrap();
        let picture_sha256 = evidence.put(&[0xff, 0xd8, 0xff, 1, 2, 3]).unwrap();
        let api = Api::open(config).await.unwrap();
        let messages = messages(&picture_sha256)
            .into_iter()
            .chain(more.iter().cloned());
        let batch: Vec<Envelope> = (0..)
            .zip(messages)
            .map(|(n, message)| envelope(n, "pipeline", message))
            .collect();
        api.store().ingest(&batch, at(0)).await.unwrap();
        Self {
            api,
            folder,
            picture_sha256,
        }
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.api.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(request("GET", path, headers, "")).await
    }

    /// As a program posts to the API.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        let headers = [
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        self.call(request("POST", path, &headers, body)).await
    }

    /// As a browser posts the form of a page of ours.
    pub(crate) async fn submit(&self, path: &str, body: &str) -> Answer {
        let headers = [
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.call(request("POST", path, &headers, body)).await
    }

    /// Names of all evidence that no file is there for.
    pub(crate) fn absent_sha256() -> String {
        sha(1002)
    }
}

/// To `127.0.0.1:8080`, unless the headers name another host.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", "127.0.0.1:8080");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}
