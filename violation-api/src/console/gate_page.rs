//! One gate: its barrier and its passages, page by page.

use super::{
    Frame, Lang, PageQuery, Params, Teller, audit_view, document_fragment, render,
    view::{BarrierView, PassageView},
    visit_words::Words as VisitWords,
    visitors_today,
};
use crate::{
    app::App,
    http::{PathId, problem::Problem},
    store::{Cursor, Page},
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::GateId;
use std::sync::Arc;

const ROWS: u32 = 40;

#[derive(Template)]
#[template(path = "gate.html")]
struct GatePage {
    frame: Frame,
    barrier: BarrierView,
    passages: Vec<PassageView>,
    /// A gate that only knows faces keeps no pictures.
    has_pictures: bool,
    older: Option<String>,
    is_first: bool,
    /// What was shown last, and who visits, where the site has a desk.
    desk: Option<DeskParts>,
}

struct DeskParts {
    v: &'static VisitWords,
    document: String,
    visitors: String,
}

async fn desk_parts(app: &App, lang: Lang, gate: &GateId) -> Result<Option<DeskParts>, Problem> {
    if app.desk.is_none() {
        return Ok(None);
    }
    Ok(Some(DeskParts {
        v: VisitWords::of(lang),
        document: document_fragment(app, lang, gate).await?,
        visitors: visitors_today(app, lang, Some(gate), &format!("/gates/{gate}")).await?,
    }))
}

pub(crate) async fn get_gate(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    Params(query): Params<PageQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let gates = app.store.gates().await?;
    let barrier = gates.iter().find(|row| row.gate == gate);
    let barrier = barrier.ok_or_else(|| Problem::not_found("gate"))?;
    let after = query.cursor.as_deref().and_then(Cursor::decode);
    let is_first = after.is_none();
    let page = Page {
        limit: ROWS,
        after,
        since: None,
    };
    let rows = app.store.passages(Some(&gate), &page).await?;
    audit_view(&app, format!("gate {gate}")).await?;
    let last = rows.last().filter(|_row| rows.len() == ROWS as usize);
    let older = last.map(|row| {
        let cursor = Cursor {
            at: row.passage.arrived_at,
            id: row.passage.id.to_string(),
        };
        format!("/gates/{gate}?cursor={}", cursor.encode())
    });
    let teller = Teller::new(&app, lang);
    render(&GatePage {
        frame: Frame::new(&app, lang, &format!("/gates/{gate}")),
        barrier: teller.barrier(barrier),
        passages: rows.iter().map(|row| teller.passage(row)).collect(),
        has_pictures: rows.iter().any(|row| row.picture_sha256.is_some()),
        older,
        is_first,
        desk: desk_parts(&app, lang, &gate).await?,
    })
}
