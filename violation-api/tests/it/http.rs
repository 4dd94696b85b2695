//! The JSON API, and what stands around every request.

use crate::site::{Site, config, request};
use axum::http::StatusCode;
use service::evidence::EvidenceStore;
use std::{fs, path::Path};
use violation_api::{Api, ApiConfig, ApiError, BindPolicy};

const PASSAGE_1: &str = "pas_00000000000000000000000000000001";

#[tokio::test]
async fn cameras_gates_and_counts() {
    let site = Site::new().await;
    let cameras = site.get("/api/v1/cameras").await.json();
    assert_eq!(cameras["cameras"][0]["camera"], "gate-1-in");
    assert_eq!(cameras["cameras"][0]["state"], "lost");
    assert_eq!(
        cameras["cameras"][0]["reason"],
        "không mở được rtsp://camera"
    );
    assert_eq!(cameras["cameras"][1]["frames"], 5000);
    assert_eq!(cameras["cameras"][1]["has_picture"], false);
    let gates = site.get("/api/v1/gates").await.json();
    assert_eq!(gates["gates"][0]["barrier"], "closed");
    assert_eq!(gates["gates"][0]["since"], "2026-11-21T07:32:52.123456Z");
    let counts = site.get("/api/v1/counts").await.json();
    assert_eq!(counts["counts"][0]["vehicles_in"], 3702);
}

#[tokio::test]
async fn sightings_by_camera_since_and_page() {
    let site = Site::new().await;
    let all = site.get("/api/v1/sightings").await;
    assert_eq!(all.header("cache-control"), "no-store");
    let all = all.json();
    assert_eq!(all["sightings"].as_array().unwrap().len(), 2);
    assert_eq!(all["meta"]["next"], serde_json::Value::Null);
    let newest = &all["sightings"][0];
    assert_eq!(newest["id"], "sig_00000000000000000000000000000002");
    assert_eq!(newest["plate"]["text"], "51F12345");
    assert_eq!(
        newest["plate"]["rows"][0][3]["alternatives"][0]["char"],
        "8"
    );
    assert_eq!(newest["first_seen_at"], "2026-11-21T07:32:52.123456Z");
    assert_eq!(
        newest["bounds"],
        serde_json::json!([10.0, 20.0, 110.0, 220.5])
    );

    let first = site
        .get("/api/v1/sightings?limit=1&camera=gate-1-in")
        .await
        .json();
    let next = first["meta"]["next"].as_str().unwrap();
    let second = site
        .get(&format!("/api/v1/sightings?limit=1&cursor={next}"))
        .await
        .json();
    assert_eq!(second["sightings"][0]["revision"], 2);
    let since = site
        .get("/api/v1/sightings?since=2026-11-21T14:32:52%2B07:00")
        .await
        .json();
    assert_eq!(since["sightings"].as_array().unwrap().len(), 1);
    let none = site.get("/api/v1/sightings?camera=other").await.json();
    assert_eq!(none["sightings"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn passages_and_verdicts() {
    let site = Site::new().await;
    let passages = site.get("/api/v1/passages?gate=gate-1").await.json();
    let newest = &passages["passages"][0];
    assert_eq!(
        (&newest["state"], &newest["class"]),
        (&"denied".into(), &"car".into())
    );
    assert_eq!(newest["verdict"]["outcome"], "deny");
    assert_eq!(newest["verdict"]["reason"], "barred");
    assert_eq!(newest["verdict"]["latency_ms"], 84.0);
    let verdicts = site.get("/api/v1/verdicts?limit=1").await.json();
    assert_eq!(verdicts["verdicts"][0]["policy_version"], 3);
    let next = verdicts["meta"]["next"].as_str().unwrap();
    let verdicts = site
        .get(&format!("/api/v1/verdicts?limit=1&cursor={next}"))
        .await
        .json();
    assert_eq!(verdicts["verdicts"][0]["reason"], "look-alike");
}

#[tokio::test]
async fn one_passage_with_what_every_frame_was_read_as() {
    let site = Site::new().await;
    let one = site
        .get(&format!("/api/v1/passages/{PASSAGE_1}"))
        .await
        .json();
    let passage = &one["passage"];
    assert_eq!(passage["id"], PASSAGE_1);
    assert_eq!(passage["plate"]["text"], "51F12345");
    assert_eq!(passage["n_raw_reads_dropped"], 7);
    let reads = passage["raw_reads"].as_array().unwrap();
    assert_eq!(reads.len(), 3);
    assert_eq!(
        (&reads[1]["text"], &reads[1]["frame_seq"]),
        (&"51F12346".into(), &2.into())
    );
    assert_eq!(
        (&reads[1]["scores"][0][3], &reads[1]["width_px"]),
        (&0.75.into(), &96.0.into())
    );
    let absent = PASSAGE_1.replace("01", "77");
    let absent = site.get(&format!("/api/v1/passages/{absent}")).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_told_why() {
    let site = Site::new().await;
    let bad = [
        ("/api/v1/sightings?limit=0", "limit"),
        ("/api/v1/sightings?limit=201", "limit"),
        ("/api/v1/sightings?limit=many", "limit"),
        ("/api/v1/sightings?cam=gate-1-in", "cam"),
        ("/api/v1/sightings?camera=Gate%2F1", "camera"),
        ("/api/v1/sightings?since=yesterday", "since"),
        ("/api/v1/sightings?cursor=x", "cursor"),
        ("/api/v1/passages?gate=%20", "gate"),
        ("/api/v1/violations?state=paid", "state"),
        ("/api/v1/violations?limit=0", "limit"),
        ("/api/v1/violations/vio_1", "32 lower-case"),
        (
            "/api/v1/violations/sig_00000000000000000000000000000001",
            "vio_",
        ),
        ("/api/v1/cameras/A/picture.jpg", "a-z"),
    ];
    for (path, word) in bad {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.problem(), "bad-request", "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(word), "{path}: {detail}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed() {
    let site = Site::new().await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/cameras/x/picture.jpg",
        "/assets/other.js",
    ] {
        let answer = site.get(path).await;
        assert_eq!(
            (answer.status, &*answer.problem()),
            (StatusCode::NOT_FOUND, "not-found")
        );
    }
    let answer = site.post("/api/v1/cameras", "k", "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        (answer.header("allow"), &*answer.problem()),
        ("GET,HEAD", "method-not-allowed")
    );
    let large = "x".repeat(20_000);
    let path = "/api/v1/violations/vio_00000000000000000000000000000001/dismiss";
    let answer = site.post(path, "k", &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.problem(), "too-large");
}

#[tokio::test]
async fn evidence_is_served_when_a_row_names_it_and_it_is_unchanged() {
    let site = Site::new().await;
    let path = format!("/api/v1/evidence/{}", site.picture_sha256);
    let answer = site.get(&path).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::OK, "image/jpeg")
    );
    assert_eq!(answer.body, [0xff, 0xd8, 0xff, 1, 2, 3]);
    assert!(answer.header("cache-control").contains("immutable"));
    let again = site
        .get_with(&path, &[("if-none-match", answer.header("etag"))])
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);

    let evidence = EvidenceStore::open(&site.folder.path().join("evidence")).unwrap();
    // A file that no row names is not served, however well one knows its name.
    let unnamed = evidence.put(b"not evidence").unwrap();
    let answer = site.get(&format!("/api/v1/evidence/{unnamed}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = site
        .get(&format!("/api/v1/evidence/{}", Site::absent_sha256()))
        .await;
    assert_eq!(
        (answer.status, &*answer.problem()),
        (StatusCode::NOT_FOUND, "not-found")
    );
    let answer = site.get("/api/v1/evidence/..%2F..%2Fapi.db").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);

    fs::write(evidence.path(&site.picture_sha256).unwrap(), b"forged").unwrap();
    let answer = site.get(&path).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem(), "evidence-damaged");
}

#[tokio::test]
async fn health_and_readiness() {
    let site = Site::new().await;
    assert_eq!(site.get("/healthz").await.json()["status"], "ok");
    let answer = site.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "broker-unavailable");
    site.api.store().close().await;
    let answer = site.get("/readyz").await;
    assert_eq!(answer.problem(), "database-unavailable");
    assert_eq!(site.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_a_name_of_this_machine_is_answered_to() {
    let site = Site::new().await;
    for host in [
        "127.0.0.1:8080",
        "localhost",
        "LOCALHOST:1",
        "[::1]:8080",
        "127.9.9.9",
    ] {
        let answer = site.get_with("/healthz", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "10.0.0.1:8080",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "",
    ] {
        let answer = site.get_with("/api/v1/cameras", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert_eq!(answer.problem(), "host-refused");
    }
    let mut no_host = request("GET", "/healthz", &[], "");
    no_host.headers_mut().remove("host");
    assert_eq!(site.call(no_host).await.status, StatusCode::BAD_REQUEST);

    let host_names = vec!["gac.park.example".to_owned()];
    let site = Site::with(BindPolicy::UnauthenticatedNetwork { host_names }, &[]).await;
    for host in ["gac.park.example:8080", "10.0.0.1:8080", "localhost"] {
        let answer = site.get_with("/healthz", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    let answer = site.get_with("/healthz", &[("host", "evil.example")]).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn without_a_login_it_listens_on_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "192.168.1.5:8080", "[::]:0"] {
        let config = ApiConfig {
            bind: address.parse().unwrap(),
            ..config(&folder)
        };
        let error = Api::open(config).await.err().unwrap();
        assert!(matches!(error, ApiError::NotLoopback { .. }));
        assert!(error.to_string().contains("allow_unauthenticated_network"));
    }
    let bind_policy = BindPolicy::UnauthenticatedNetwork { host_names: vec![] };
    let bind = "0.0.0.0:0".parse().unwrap();
    let config = ApiConfig {
        bind,
        bind_policy,
        ..config(&folder)
    };
    assert!(Api::open(config).await.is_ok());
}

#[tokio::test]
async fn an_unknown_zone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = ApiConfig {
        zone: "Asia/Saigong".to_owned(),
        ..config(&folder)
    };
    let error = Api::open(config).await.err().unwrap();
    assert!(error.to_string().contains("Asia/Saigong"), "{error}");
}

#[tokio::test]
async fn the_guarding_headers_stand_on_every_answer() {
    let site = Site::new().await;
    for path in [
        "/",
        "/api/v1/cameras",
        "/nothing",
        "/assets/app.js",
        "/healthz",
    ] {
        let answer = site.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    }
}

#[tokio::test]
async fn every_reading_of_plates_is_audited() {
    let site = Site::new().await;
    let n_rows = async || site.api.store().verify_audit().await.unwrap().n_rows;
    let readings = [
        "/api/v1/sightings".to_owned(),
        "/api/v1/passages".to_owned(),
        format!("/api/v1/passages/{PASSAGE_1}"),
        format!("/passages/{PASSAGE_1}"),
        "/api/v1/violations".to_owned(),
        format!("/api/v1/violations/{}", crate::site::CASE_1),
        format!("/api/v1/evidence/{}", site.picture_sha256),
        "/".to_owned(),
        "/cases".to_owned(),
        format!("/cases/{}", crate::site::CASE_1),
        "/gates/gate-1".to_owned(),
    ];
    for (n, path) in (1..).zip(&readings) {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(n_rows().await, n, "{path}");
    }
    // A picture that a page of ours shows belongs to the reading of that page.
    let shown = [
        ("sec-fetch-dest", "image"),
        ("sec-fetch-site", "same-origin"),
    ];
    site.get_with(&readings[6], &shown).await;
    assert_eq!(n_rows().await, 11);
}

/// Writes what it is beside what it should be, when they differ: look at the difference, then
/// rename the file.
#[tokio::test]
async fn the_openapi_document_is_the_known_one() {
    let site = Site::new().await;
    let answer = site.get("/api/v1/openapi.json").await;
    assert_eq!(answer.json()["openapi"], "3.1.0");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let known = fs::read_to_string(folder.join("openapi.json")).unwrap_or_default();
    if known != answer.text() {
        let actual = folder.join("openapi.actual.json");
        fs::write(&actual, answer.text()).unwrap();
        panic!(
            "the API has changed: compare {} with openapi.json, and rename it if it is right",
            actual.display()
        );
    }
}

#[tokio::test]
async fn every_path_of_the_document_is_served() {
    let site = Site::new().await;
    let document = site.get("/api/v1/openapi.json").await.json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{violation}", "vio_00000000000000000000000000000099");
        let path = path
            .replace("{camera}", "x")
            .replace("{passage}", "pas_00000000000000000000000000000099")
            .replace("{sha256}", &Site::absent_sha256());
        for method in methods.as_object().unwrap().keys() {
            let headers = [
                ("idempotency-key", "k"),
                ("content-type", "application/json"),
            ];
            let body = r#"{"reason":"no-act"}"#;
            let answer = site
                .call(request(&method.to_uppercase(), &path, &headers, body))
                .await;
            let is_served = answer.status == StatusCode::OK
                || answer.status == StatusCode::SERVICE_UNAVAILABLE
                || !answer.text().contains("nothing at this address");
            assert!(
                is_served && answer.status != StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
        }
    }
}
