//! One passage: who came, what was answered, and how the plate was read frame by frame.

use super::{
    Frame, Lang, Teller, audit_view,
    plate_view::{PlateDetail, RawReadView},
    render,
    view::PassageView,
};
use crate::{
    app::App,
    http::{PathId, problem::Problem},
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::PassageId;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "passage.html")]
struct PassagePage {
    frame: Frame,
    p: PassageView,
    plate: Option<PlateDetail>,
    raw_reads: Vec<RawReadView>,
    n_dropped: u32,
}

pub(crate) async fn get_passage(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(id): PathId<PassageId>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let detail = app.store.passage(id).await?;
    let detail = detail.ok_or_else(|| Problem::not_found("passage"))?;
    audit_view(&app, format!("passage {id}")).await?;
    let teller = Teller::new(&app, lang);
    let raw_reads = detail.raw_reads.reads().iter();
    render(&PassagePage {
        frame: Frame::new(&app, lang, &format!("/passages/{id}")),
        p: teller.passage(&detail.row),
        plate: PlateDetail::of(detail.row.plate.as_ref(), teller.w),
        raw_reads: raw_reads
            .map(|read| RawReadView::of(read, teller.w, &teller.moments))
            .collect(),
        n_dropped: detail.raw_reads.n_dropped(),
    })
}
