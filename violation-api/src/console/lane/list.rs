//! All lanes at a glance, and what holds for the whole site.

use super::{
    super::{
        Frame, Lang, Params, Teller, audit_view, lane_words::LaneWords, names::Badge, render,
        view::BarrierView,
    },
    LaneQuery, forms,
    parts::with_keys,
    view::{NoticeView, ReasonView, notice, reasons, warnings},
};
use crate::{app::App, http::problem::Problem};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::{GateId, OrderKind, SiteMode};
use std::{collections::BTreeSet, sync::Arc};

struct LaneRow {
    barrier: BarrierView,
    warnings: Vec<&'static str>,
    n_waiting: usize,
    n_alarms: usize,
}

struct ModeChoice {
    code: &'static str,
    badge: Badge,
    means: &'static str,
    is_now: bool,
}

#[derive(Template)]
#[template(path = "lane/list.html")]
struct ListPage {
    frame: Frame,
    l: &'static LaneWords,
    guard: Option<String>,
    name_chars_max: usize,
    notice: Option<NoticeView>,
    lanes: Vec<LaneRow>,
    modes: Vec<ModeChoice>,
    mode_reasons: Vec<ReasonView>,
    /// Ids and names.
    zones: Vec<(String, String)>,
    forgive_reasons: Vec<ReasonView>,
}

async fn lanes(app: &App, teller: &Teller, l: &LaneWords) -> Result<Vec<LaneRow>, Problem> {
    let planned: Vec<GateId> = app
        .plan
        .lanes
        .iter()
        .map(|lane| lane.gate.clone())
        .collect();
    let heard = app.store.gates().await?;
    let known: BTreeSet<&GateId> = planned.iter().collect();
    let others: Vec<GateId> = heard
        .iter()
        .map(|row| row.gate.clone())
        .filter(|gate| !known.contains(gate))
        .collect();
    let mut rows = Vec::new();
    for gate in planned.iter().chain(&others) {
        let look = crate::lane::look(app, gate, None).await?;
        // What lasted a moment counts until somebody has taken note of it.
        let is_open = |row: &&crate::store::AlarmRow| {
            row.alarm.ended_at.is_none() || row.acknowledged.is_none()
        };
        rows.push(LaneRow {
            barrier: teller.barrier(&look.barrier()),
            warnings: warnings(l, &look),
            n_waiting: usize::from(look.waiting.is_some()) + look.others.len(),
            n_alarms: look.alarms.iter().filter(is_open).count(),
        });
    }
    Ok(rows)
}

pub(crate) async fn get_lanes(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<LaneQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let guard = forms::guard_of(&app, &headers).await?;
    let (teller, l) = (Teller::new(&app, lang), LaneWords::of(lang));
    let lanes = lanes(&app, &teller, l).await?;
    audit_view(&app, "lanes".to_owned()).await?;
    let order = query.order.as_deref().and_then(|id| id.parse().ok());
    let order = match order {
        Some(order) => app.store.order(order).await?,
        None => None,
    };
    let now = app.orders.mode().map_or(SiteMode::Normal, |mode| mode.mode);
    let choice = |(code, mode)| ModeChoice {
        code,
        badge: teller.w.mode(mode),
        means: teller.w.mode_means(mode),
        is_now: mode == now,
    };
    let modes = [
        ("normal", SiteMode::Normal),
        ("lockdown", SiteMode::Lockdown),
        ("evacuation", SiteMode::Evacuation),
    ];
    let zones = app.plan.zones.iter();
    let zones: Vec<_> = zones
        .map(|zone| (zone.zone.to_string(), zone.name.clone()))
        .collect();
    let forgive = app.plan.zones.first().map(|zone| {
        let kind = OrderKind::ForgiveAntiPassback(zone.zone.clone());
        reasons(&teller, &kind, None)
    });
    let page = render(&ListPage {
        frame: Frame::new(&app, lang, "/lanes"),
        l,
        guard: guard.map(|guard| guard.name),
        name_chars_max: crate::orders::NAME_CHARS_MAX,
        notice: notice(l, order.as_ref(), query.refused.as_deref()),
        lanes,
        modes: modes.into_iter().map(choice).collect(),
        mode_reasons: reasons(&teller, &OrderKind::Mode(SiteMode::Normal), None),
        zones,
        forgive_reasons: forgive.unwrap_or_default(),
    })?;
    Ok(Html(with_keys(&page.0)))
}
