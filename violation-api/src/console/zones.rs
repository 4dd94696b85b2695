//! How many are inside each zone, and how crowded it is: a fragment for any page, and the page for
//! whoever watches a station or a tourist site.

use super::{
    CONSOLE_ACTOR, Frame, Lang, Teller, chart::Line, flow_words::FlowWords, names::Badge, render,
};
use crate::{
    app::App,
    crowd::{CrowdLevel, ZoneNow},
    flow::{Entrance, FlowDirection, FlowKind, FlowRow, QUARTER_MICROS},
    http::problem::Problem,
    plan::ZonePlan,
    store::AuditEntry,
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::{Timestamp, ZoneId};
use std::{sync::Arc, time::Duration};

/// The trend goes back so many quarters of an hour.
const TREND_QUARTERS: i64 = 24;
const CHANGES_SINCE: Duration = Duration::from_secs(24 * 3600);
const CHANGES_MAX: u32 = 12;

/// One count of a zone, with what it holds.
pub(crate) struct Amount {
    pub(crate) n: String,
    pub(crate) max: Option<String>,
    pub(crate) word: &'static str,
}

/// A zone as a page shows it.
pub(crate) struct ZoneView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) amounts: Vec<Amount>,
    /// From 0 to 100, for a drawing.
    pub(crate) percent: Option<u64>,
    pub(crate) badge: Badge,
    pub(crate) since: Option<String>,
    pub(crate) warning: Option<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) counted: Option<String>,
}

#[derive(Template)]
#[template(path = "fragment/zones.html")]
struct ZonesFragment {
    f: &'static FlowWords,
    zones: Vec<ZoneView>,
}

/// The zones of the site with what is inside, as a fragment for any page; styled by `flow.css`.
pub(crate) async fn zones_fragment(app: &App, lang: Lang) -> Result<String, Problem> {
    let teller = ZoneTeller::new(app, lang);
    let zones = app.zones_now().await?;
    let zones = zones.iter().map(|now| teller.zone(now)).collect();
    let Html(text) = render(&ZonesFragment { f: teller.f, zones })?;
    Ok(text)
}

struct ZoneTeller<'a> {
    app: &'a App,
    teller: Teller,
    f: &'static FlowWords,
}

impl<'a> ZoneTeller<'a> {
    fn new(app: &'a App, lang: Lang) -> Self {
        Self {
            app,
            teller: Teller::new(app, lang),
            f: FlowWords::of(lang),
        }
    }

    fn amount(&self, n: u64, max: Option<u32>, word: &'static str) -> Amount {
        Amount {
            n: self.teller.w.whole(n),
            max: max.map(|max| self.teller.w.whole(u64::from(max))),
            word,
        }
    }

    /// People first where they are what is limited, and what nobody counts is left out.
    fn amounts(&self, now: &ZoneNow) -> Vec<Amount> {
        let plan = self.app.plan.zone(&now.zone);
        let people_max = plan.and_then(|plan| plan.people_max);
        let vehicles_max = plan.and_then(|plan| plan.vehicles_max);
        let people = self.amount(now.people, people_max, self.f.people);
        let vehicles = self.amount(now.vehicles, vehicles_max, self.f.vehicles);
        let mut amounts = Vec::new();
        if main_kind(plan) == FlowKind::Person {
            amounts.push(people);
            if 0 < now.vehicles || vehicles_max.is_some() {
                amounts.push(vehicles);
            }
        } else {
            amounts.push(vehicles);
            if 0 < now.people || people_max.is_some() {
                amounts.push(people);
            }
        }
        amounts
    }

    fn zone(&self, now: &ZoneNow) -> ZoneView {
        let planned = self.app.plan.zone(&now.zone);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share is at least 0 and at most a million"
        )]
        let percent = now.share.map(|share| (share * 100.0).round() as u64);
        let since = now
            .level_since
            .filter(|_| now.level != Some(CrowdLevel::Calm));
        ZoneView {
            id: now.zone.to_string(),
            name: planned.map_or_else(|| now.zone.to_string(), |plan| plan.name.clone()),
            amounts: self.amounts(now),
            percent,
            badge: self.f.level(now.level),
            since: since.map(|at| self.teller.moments.short(at)),
            warning: self.f.warning(now.level),
            source: self.f.source(now.source),
            counted: now.counted_at.map(|at| self.teller.moments.short(at)),
        }
    }

    fn change(&self, change: &crate::store::CrowdChange) -> ChangeView {
        let planned = self.app.plan.zone(&change.zone);
        ChangeView {
            time: self.teller.moments.short(change.at),
            zone: planned.map_or_else(|| change.zone.to_string(), |plan| plan.name.clone()),
            badge: self.f.level(Some(change.level)),
            n: self.teller.w.whole(match main_kind(planned) {
                FlowKind::Person => change.people,
                FlowKind::Vehicle => change.vehicles,
            }),
        }
    }

    /// Who came in and went out of a zone in the running hour, by entrance.
    fn entrances(&self, zone: &ZoneId, rows: &[FlowRow]) -> Vec<EntranceNow> {
        let kind = main_kind(self.app.plan.zone(zone));
        let mut entrances = Vec::new();
        for entrance in self.app.entrances() {
            let Some(is_into) = self.leads(&entrance, zone) else {
                continue;
            };
            let count = |direction| {
                let rows = rows.iter().filter(|row| {
                    row.entrance == entrance && row.kind == kind && row.direction == direction
                });
                rows.map(|row| row.n).sum::<u64>()
            };
            let (n_in, n_out) = (count(FlowDirection::In), count(FlowDirection::Out));
            // A gate from this zone into another one tells it as in, and it is out of this one.
            let (n_in, n_out) = if is_into {
                (n_in, n_out)
            } else {
                (0, n_in + n_out)
            };
            entrances.push(EntranceNow {
                name: self.app.entrance_name(&entrance),
                n_in: self.teller.w.whole(n_in),
                n_out: self.teller.w.whole(n_out),
            });
        }
        entrances
    }

    /// Whether the entrance leads into the zone; none when it has nothing to do with it.
    fn leads(&self, entrance: &Entrance, zone: &ZoneId) -> Option<bool> {
        match entrance {
            Entrance::Line(_, of) => (of == zone).then_some(true),
            Entrance::Gate(gate) => {
                let lane = self.app.plan.lane(gate)?;
                let is_into = lane.to.as_ref() == Some(zone);
                (is_into || lane.from.as_ref() == Some(zone)).then_some(is_into)
            }
        }
    }

    /// How many were inside at each quarter of an hour, told backwards from now.
    async fn trend(&self, now: &ZoneNow) -> Result<Line, Problem> {
        let plan = self.app.plan.zone(&now.zone);
        let kind = main_kind(plan);
        let quarter = self.teller.now.as_micros().div_euclid(QUARTER_MICROS);
        let first = quarter - TREND_QUARTERS + 1;
        let since = Timestamp::from_micros(first * QUARTER_MICROS);
        let store = &self.app.store;
        let net = store.net_by_quarter((&now.zone, now.source), since).await?;
        let inside = match kind {
            FlowKind::Person => now.people,
            FlowKind::Vehicle => now.vehicles,
        };
        let mut n = i64::try_from(inside).unwrap_or(i64::MAX);
        let mut values = vec![(inside, Some(self.f.now.to_owned()))];
        for quarter in (first..=quarter).rev() {
            let at = Timestamp::from_micros(quarter * QUARTER_MICROS);
            let of_quarter = net.iter().filter(|(on, of, _)| *on == at && *of == kind);
            n = n.saturating_sub(of_quarter.map(|(.., more)| more).sum());
            let is_hour = quarter.rem_euclid(4) == 0 && 4 < values.len();
            let label = is_hour.then(|| self.teller.moments.hour(at));
            values.push((u64::try_from(n).unwrap_or(0), label));
        }
        values.reverse();
        let most = values.iter().map(|(n, _)| *n).max().unwrap_or(0);
        let title = format!(
            "{}; {} {}",
            self.f.trend_text,
            self.f.highest,
            self.teller.w.whole(most)
        );
        let levels = self.app.profile.crowd_of(&now.zone);
        let max = plan.and_then(|plan| match kind {
            FlowKind::Person => plan.people_max,
            FlowKind::Vehicle => plan.vehicles_max,
        });
        let limits: Vec<_> = max
            .map(f64::from)
            .into_iter()
            .flat_map(|max| {
                [
                    (self.f.level_busy, "busy", levels.busy * max),
                    (self.f.level_crowded, "crowded", levels.crowded * max),
                    (self.f.level_full, "full", max),
                ]
            })
            .collect();
        Ok(Line::new(title, &values, &limits, |n| {
            self.teller.w.whole(n)
        }))
    }
}

/// What a zone is about: people, unless it has a limit for vehicles alone.
fn main_kind(plan: Option<&ZonePlan>) -> FlowKind {
    match plan {
        Some(plan) if plan.people_max.is_none() && plan.vehicles_max.is_some() => FlowKind::Vehicle,
        _ => FlowKind::Person,
    }
}

pub(crate) struct EntranceNow {
    pub(crate) name: String,
    pub(crate) n_in: String,
    pub(crate) n_out: String,
}

pub(crate) struct ChangeView {
    pub(crate) time: String,
    pub(crate) zone: String,
    pub(crate) badge: Badge,
    pub(crate) n: String,
}

pub(crate) struct CrowdZone {
    pub(crate) zone: ZoneView,
    pub(crate) trend: Line,
    pub(crate) entrances: Vec<EntranceNow>,
}

#[derive(Template)]
#[template(path = "fragment/crowd.html")]
struct CrowdFragment {
    f: &'static FlowWords,
    zones: Vec<CrowdZone>,
    changes: Vec<ChangeView>,
}

#[derive(Template)]
#[template(path = "crowd.html")]
struct CrowdPage {
    frame: Frame,
    f: &'static FlowWords,
    seq: i64,
    crowd: String,
}

/// What the crowd page shows, for the page and for those who listen.
pub(crate) async fn crowd_fragment(app: &App, lang: Lang) -> Result<String, Problem> {
    let teller = ZoneTeller::new(app, lang);
    let now = teller.teller.now;
    let hour = 4 * QUARTER_MICROS;
    let hour_began = Timestamp::from_micros(now.as_micros().div_euclid(hour) * hour);
    let soon = now.saturating_add(Duration::from_secs(3600));
    let rows = app.store.flow((hour_began, soon), true).await?;
    let mut zones = Vec::new();
    for now in app.zones_now().await? {
        zones.push(CrowdZone {
            zone: teller.zone(&now),
            trend: teller.trend(&now).await?,
            entrances: teller.entrances(&now.zone, &rows),
        });
    }
    let since = now.saturating_sub(CHANGES_SINCE);
    let changes = app.store.crowd_changes(since, CHANGES_MAX).await?;
    let Html(text) = render(&CrowdFragment {
        f: teller.f,
        zones,
        changes: changes.iter().map(|change| teller.change(change)).collect(),
    })?;
    Ok(text)
}

pub(crate) async fn get_crowd(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let entry = AuditEntry {
        at: app.now(),
        actor: CONSOLE_ACTOR.to_owned(),
        action: "view",
        subject: "crowd".to_owned(),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    // Before it is read: what changes meanwhile is then sent.
    let seq = app.feed.seq();
    render(&CrowdPage {
        frame: Frame::new(&app, lang, "/crowd").live(),
        f: FlowWords::of(lang),
        seq,
        crowd: crowd_fragment(&app, lang).await?,
    })
}
