//! Cases over the API: reading them and deciding them.

use crate::site::{CASE_1, CASE_INCOMPLETE, CASE_SCREENING, Site, request};
use axum::http::StatusCode;

fn path(case: &str, action: &str) -> String {
    format!("/api/v1/violations/{case}/{action}")
}

#[tokio::test]
async fn cases_are_listed_by_state_and_page() {
    let site = Site::new().await;
    let all = site.get("/api/v1/violations").await.json();
    assert_eq!(all["violations"].as_array().unwrap().len(), 4);
    let newest = &all["violations"][0];
    assert_eq!(newest["id"], CASE_SCREENING);
    assert_eq!(newest["standing"], "screening-only");
    assert_eq!(newest["state"], "candidate");
    assert_eq!(newest["plate"]["text"], "29B1/12345");
    let first = site
        .get("/api/v1/violations?state=candidate&limit=3")
        .await
        .json();
    let next = first["meta"]["next"].as_str().unwrap();
    let path = format!("/api/v1/violations?state=candidate&limit=3&cursor={next}");
    let rest = site.get(&path).await.json();
    assert_eq!(rest["violations"][0]["id"], CASE_1);
    let none = site.get("/api/v1/violations?state=confirmed").await.json();
    assert_eq!(none["violations"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_case_has_all_that_belongs_to_it() {
    let site = Site::new().await;
    let case = &site
        .get(&format!("/api/v1/violations/{CASE_INCOMPLETE}"))
        .await
        .json()["violation"];
    assert_eq!(case["missing"], serde_json::json!(["still-after"]));
    assert_eq!(
        case["candidate"]["facts"][1],
        serde_json::json!({"name": "red_for_ms", "value": "2340"})
    );
    assert_eq!(case["candidate"]["evidence"].as_array().unwrap().len(), 3);
    assert_eq!(case["history"][0]["actor"], "camera junction-1");
    let absent = site
        .get("/api/v1/violations/vio_00000000000000000000000000000099")
        .await;
    assert_eq!(
        (absent.status, &*absent.problem()),
        (StatusCode::NOT_FOUND, "not-found")
    );
}

#[tokio::test]
async fn a_case_is_reviewed_and_confirmed() {
    let site = Site::new().await;
    let early = site.post(&path(CASE_1, "confirm"), "k0", "").await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert_eq!(early.problem(), "case-not-under-review");
    let review = site.post(&path(CASE_1, "review"), "k1", "").await;
    assert_eq!(review.json()["violation"]["state"], "under-review");
    let twice = site.post(&path(CASE_1, "review"), "k2", "").await;
    assert_eq!(twice.problem(), "case-already-under-review");
    // The same request again: as if it had been sent once.
    let again = site.post(&path(CASE_1, "review"), "k1", "").await;
    assert_eq!(
        (again.status, &again.json()["violation"]["version"]),
        (StatusCode::OK, &2.into())
    );
    let reused = site.post(&path(CASE_1, "confirm"), "k1", "").await;
    assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reused.problem(), "idempotency-key-reused");
    let confirmed = site.post(&path(CASE_1, "confirm"), "k3", "").await.json();
    assert_eq!(confirmed["violation"]["state"], "confirmed");
    assert_eq!(confirmed["violation"]["reviewer"], "local");
    let closed = site
        .post(&path(CASE_1, "dismiss"), "k4", r#"{"reason":"no-act"}"#)
        .await;
    assert_eq!(closed.problem(), "case-closed");
}

#[tokio::test]
async fn a_case_is_dismissed_with_a_coded_reason_only() {
    let site = Site::new().await;
    site.post(&path(CASE_1, "review"), "k1", "").await;
    let dismiss = path(CASE_1, "dismiss");
    for body in [
        "",
        "{}",
        r#"{"reason":"other"}"#,
        r#"{"reason":"no-act","fine":1}"#,
        "[1]",
    ] {
        let answer = site.post(&dismiss, "k2", body).await;
        assert_eq!(
            (answer.status, &*answer.problem()),
            (StatusCode::BAD_REQUEST, "bad-request")
        );
    }
    let wrong_code = site
        .post(&dismiss, "k2", r#"{"reason":"other"}"#)
        .await
        .json();
    assert!(
        wrong_code["detail"]
            .as_str()
            .unwrap()
            .contains("signal-fault")
    );
    let headers = [("idempotency-key", "k2"), ("content-type", "text/plain")];
    let plain = site
        .call(request(
            "POST",
            &dismiss,
            &headers,
            r#"{"reason":"no-act"}"#,
        ))
        .await;
    assert_eq!(plain.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let done = site
        .post(&dismiss, "k2", r#"{"reason":"signal-fault"}"#)
        .await
        .json();
    assert_eq!(done["violation"]["dismiss_reason"], "signal-fault");
    let missing = site
        .post(
            &path("vio_00000000000000000000000000000099", "review"),
            "k3",
            "",
        )
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_may_not_be_confirmed_is_not() {
    let site = Site::new().await;
    for (case, kind) in [
        (CASE_INCOMPLETE, "case-incomplete"),
        (CASE_SCREENING, "case-screening-only"),
    ] {
        site.post(&path(case, "review"), &format!("r{case}"), "")
            .await;
        let answer = site
            .post(&path(case, "confirm"), &format!("c{case}"), "")
            .await;
        assert_eq!(
            (answer.status, &*answer.problem()),
            (StatusCode::CONFLICT, kind)
        );
    }
}

#[tokio::test]
async fn a_change_needs_a_key() {
    let site = Site::new().await;
    let answer = site
        .call(request("POST", &path(CASE_1, "review"), &[], ""))
        .await;
    assert_eq!(answer.problem(), "idempotency-key-missing");
    let long = "k".repeat(129);
    for key in ["", "with space", &long] {
        let answer = site.post(&path(CASE_1, "review"), key, "").await;
        assert_eq!(answer.problem(), "bad-request", "{key:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let site = Site::new().await;
    let form = "application/x-www-form-urlencoded";
    let here = "http://127.0.0.1:8080";
    let refused: [&[(&str, &str)]; 6] = [
        &[],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        &[("sec-fetch-site", "same-site"), ("origin", here)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[
            ("origin", "http://127.0.0.1:9090"),
            ("sec-fetch-site", "same-origin"),
        ],
    ];
    let path = format!("/cases/{CASE_1}/review");
    for headers in refused {
        let headers = [headers, &[("content-type", form)]].concat();
        let answer = site.call(request("POST", &path, &headers, "key=k")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let api = format!("/api/v1/violations/{CASE_1}/review");
    for origin in ["https://evil.example", "null"] {
        let headers = [("idempotency-key", "k"), ("origin", origin)];
        let answer = site.call(request("POST", &api, &headers, "")).await;
        assert_eq!(
            (answer.status, &*answer.problem()),
            (StatusCode::FORBIDDEN, "cross-site")
        );
    }
    let case = site
        .get(&format!("/api/v1/violations/{CASE_1}"))
        .await
        .json();
    assert_eq!(case["violation"]["version"], 1);
}
