//! Style sheet and script, compiled in; htmx from a folder that set-up fills.

use crate::{app::App, http::problem::Problem};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fs, sync::Arc};

const HTMX: &str = "htmx.min.js";
const SSE: &str = "sse.js";
/// Nothing that large is htmx.
const SCRIPT_BYTES_MAX: u64 = 1_000_000;

const OWN: [(&str, &str, &[u8]); 8] = [
    (
        "app.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/app.css"),
    ),
    (
        "flow.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/flow.css"),
    ),
    (
        "app.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../assets/app.js"),
    ),
    (
        "lane.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/lane.css"),
    ),
    (
        "lane.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../assets/lane.js"),
    ),
    (
        "visit.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/visit.css"),
    ),
    (
        "visit.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../assets/visit.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_bytes!("../../assets/icon.svg"),
    ),
];

struct Asset {
    media_type: &'static str,
    content: Bytes,
}

/// All assets, read once.
pub(crate) struct Assets {
    by_name: BTreeMap<&'static str, Asset>,
    version: String,
}

impl Assets {
    /// Reads htmx when it is there; the pages work without it.
    pub(crate) fn load(folder: Option<&std::path::Path>) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, media_type, content) in OWN {
            by_name.insert(
                name,
                Asset {
                    media_type,
                    content: Bytes::from_static(content),
                },
            );
        }
        let read = |name| {
            let path = folder?.join(name);
            let is_small = fs::metadata(&path).is_ok_and(|found| found.len() <= SCRIPT_BYTES_MAX);
            if is_small { fs::read(path).ok() } else { None }
        };
        // One without the other is of no use.
        if let (Some(htmx), Some(sse)) = (read(HTMX), read(SSE)) {
            for (name, content) in [(HTMX, htmx), (SSE, sse)] {
                let media_type = "text/javascript; charset=utf-8";
                by_name.insert(
                    name,
                    Asset {
                        media_type,
                        content: Bytes::from(content),
                    },
                );
            }
        } else if let Some(folder) = folder {
            let folder = folder.display();
            tracing::info!(%folder, "htmx is not there; pages update by their own script");
        }
        let mut hash = Sha256::new();
        for asset in by_name.values() {
            hash.update(&asset.content);
        }
        let version = hash
            .finalize()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self { by_name, version }
    }

    /// Changes when any asset does: it stands in every address, so that they may be kept.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn has_htmx(&self) -> bool {
        self.by_name.contains_key(HTMX)
    }
}

pub(crate) async fn get_asset(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = app
        .assets
        .by_name
        .get(&*name)
        .ok_or_else(|| Problem::not_found("file"))?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", app.assets.version))
        .expect("hexadecimal digits are a header value");
    let keep = HeaderValue::from_static("max-age=86400");
    let is_known = headers.get(header::IF_NONE_MATCH) == Some(&etag);
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, keep)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let media_type = HeaderValue::from_static(asset.media_type);
    Ok((
        common,
        [(header::CONTENT_TYPE, media_type)],
        asset.content.clone(),
    )
        .into_response())
}
