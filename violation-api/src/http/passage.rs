//! One passage, with how its plate was read.

use super::{
    API_ACTOR, PathId,
    listings::PassageJson,
    problem::{Problem, ProblemBody},
};
use crate::{
    app::App,
    store::{AuditEntry, Code as _, PassageDetail},
};
use axum::{Json, extract::State};
use domain::{PassageId, RawRead};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct OnePassage {
    passage: PassageDetailJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PassageDetail)]
struct PassageDetailJson {
    #[serde(flatten)]
    passage: PassageJson,
    /// What every frame of the plate was read as, oldest first, before any vote; at most 64, and
    /// none before the sighting has ended. Personal data.
    raw_reads: Vec<RawReadJson>,
    /// How many more frames were read that are not kept.
    n_raw_reads_dropped: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RawRead)]
struct RawReadJson {
    frame_seq: u64,
    /// Capture time of the frame.
    #[schema(format = DateTime)]
    captured_at: String,
    /// The text with `/` between rows.
    #[schema(example = "29B1/12345")]
    text: String,
    /// The score of each character, by row, 0 to 1.
    scores: Vec<Vec<f32>>,
    /// `white`, `yellow`, `blue`, `red` or `unknown`.
    colour: &'static str,
    /// How wide the plate was in the picture.
    width_px: f32,
}

impl From<&RawRead> for RawReadJson {
    fn from(read: &RawRead) -> Self {
        let texts: Vec<String> = read.rows.iter().map(domain::RowRead::text).collect();
        let scores = |row: &domain::RowRead| row.chars.iter().map(|c| c.score).collect();
        Self {
            frame_seq: read.frame_seq,
            captured_at: read.captured_at.to_string(),
            text: texts.join("/"),
            scores: read.rows.iter().map(scores).collect(),
            colour: read.colour.code(),
            width_px: read.width_px,
        }
    }
}

impl From<PassageDetail> for PassageDetailJson {
    fn from(detail: PassageDetail) -> Self {
        let raw_reads = detail.raw_reads.reads();
        Self {
            raw_reads: raw_reads.iter().map(RawReadJson::from).collect(),
            n_raw_reads_dropped: detail.raw_reads.n_dropped(),
            passage: PassageJson::from(detail.row),
        }
    }
}

/// One transit of a gate, with what every frame of its plate was read as.
#[utoipa::path(get, path = "/api/v1/passages/{passage}", tag = "events",
    params(("passage" = String, Path, description = "The passage's id")), responses(
    (status = 200, description = "The passage", body = OnePassage),
    (status = 404, description = "There is none", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_passage(
    State(app): State<Arc<App>>,
    PathId(id): PathId<PassageId>,
) -> Result<Json<OnePassage>, Problem> {
    let detail = app.store.passage(id).await?;
    let detail = detail.ok_or_else(|| Problem::not_found("passage"))?;
    let entry = AuditEntry {
        at: app.now(),
        actor: API_ACTOR.to_owned(),
        action: "view",
        subject: id.to_string(),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    Ok(Json(OnePassage {
        passage: PassageDetailJson::from(detail),
    }))
}
