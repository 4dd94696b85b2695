//! The guard's screens: all lanes, and one lane with who is there and what can be ordered.

mod events;
mod forms;
mod list;
mod parts;
mod view;

pub(crate) use events::get_lane_events;
pub(crate) use forms::{
    post_acknowledge, post_order, post_sign_off, post_sign_on, post_site_order,
};
pub(crate) use list::get_lanes;

use super::{
    Frame, Lang, Params, Teller, audit_view, lane_words::LaneWords, render, view::Called,
    visit_words::Words as VisitWords,
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
use domain::{GateId, OrderId, PassageId};
use parts::{Beside, LaneParts, with_keys};
use serde::Deserialize;
use std::sync::Arc;
use view::{NoticeView, notice};

/// The query of a lane's page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneQuery {
    /// Read by [`Lang::of_request`].
    #[serde(rename = "lang")]
    _lang: Option<String>,
    /// The feed's number when the page was rendered; for `/lanes/{gate}/events`.
    seq: Option<i64>,
    /// Whom the guard picked.
    passage: Option<String>,
    /// The order that was just given.
    order: Option<String>,
    /// Why none was given.
    refused: Option<String>,
}

impl LaneQuery {
    fn picked(&self) -> Option<PassageId> {
        self.passage.as_deref()?.parse().ok()
    }
}

#[derive(Template)]
#[template(path = "lane/page.html")]
struct LanePage {
    frame: Frame,
    l: &'static LaneWords,
    v: &'static VisitWords,
    gate: Called,
    events: String,
    guard: Option<String>,
    name_chars_max: usize,
    key_rows: Vec<(&'static str, &'static str)>,
    notice: Option<NoticeView>,
    parts: LaneParts,
}

pub(crate) async fn get_lane(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    Params(query): Params<LaneQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let guard = forms::guard_of(&app, &headers).await?;
    // Before the lane is looked at: what changes meanwhile is then sent.
    let seq = app.feed.seq();
    let picked = query.picked();
    let look = crate::lane::look(&app, &gate, picked).await?;
    audit_view(&app, format!("lane {gate}")).await?;
    let teller = Teller::new(&app, lang);
    let l = LaneWords::of(lang);
    let order: Option<OrderId> = query.order.as_deref().and_then(|id| id.parse().ok());
    let order = match order {
        Some(order) => app.store.order(order).await?,
        None => None,
    };
    let picked = picked.map_or_else(String::new, |passage| format!("&passage={passage}"));
    let beside = Beside::of(&app, lang, &gate).await?;
    let parts = LaneParts::new(&teller, l, &look, guard.is_some(), beside)?;
    render(&LanePage {
        frame: Frame::new(&app, lang, &format!("/lanes/{gate}")).with_own_banner(),
        v: VisitWords::of(lang),
        l,
        events: format!(
            "/lanes/{gate}/events?lang={}&seq={seq}{picked}",
            l.lang.code()
        ),
        gate: teller.called_gate(&gate),
        name_chars_max: crate::orders::NAME_CHARS_MAX,
        key_rows: vec![
            (l.key_admit, l.admit),
            (l.key_refuse, l.refuse),
            (l.key_open, l.open),
            (l.key_hold, l.hold),
            (l.key_release, l.release),
            (l.key_alarm, l.key_note),
        ],
        notice: notice(l, order.as_ref(), query.refused.as_deref()),
        parts: parts.with_fresh_keys(with_keys),
        guard: guard.map(|guard| guard.name),
    })
}
