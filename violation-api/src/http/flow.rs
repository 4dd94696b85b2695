//! Who went in and out, by hour or day, and how many are inside: for programs and spreadsheets.

use super::{
    API_ACTOR, Params,
    problem::{Problem, ProblemBody},
};
use crate::{
    app::App,
    console::Lang,
    flow::{
        Entrance, FlowSource,
        csv::csv_of,
        period::{Days, day_of, needs_quarters, parse_date},
        report::{Report, Tally},
    },
    store::{AuditEntry, StoreError},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which days, of which entrance.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FlowQuery {
    /// First day at the site; today unless told.
    #[param(example = "2026-12-01")]
    from: Option<String>,
    /// Last day, included; today unless told. At most 366 days, none in the future.
    #[param(example = "2026-12-07")]
    until: Option<String>,
    /// `hour` or `day`; `hour` unless told.
    by: Option<String>,
    /// Only this one: the id of a gate, or `CAMERA/ZONE` for a counting line.
    entrance: Option<String>,
    /// Language of a spreadsheet's headings: `vi` or `en`.
    #[serde(rename = "lang")]
    #[param(rename = "lang")]
    _lang: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Flow {
    /// First day.
    #[schema(format = Date)]
    from: String,
    /// Last day, included.
    #[schema(format = Date)]
    until: String,
    /// The zone that days and hours are of.
    #[schema(example = "Asia/Ho_Chi_Minh")]
    time_zone: String,
    /// `hour` or `day`.
    by: &'static str,
    /// For every entrance, every hour or day in which anybody went through.
    flow: Vec<FlowJson>,
    /// For every entrance, all of it.
    totals: Vec<FlowTotalJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FlowRow)]
struct FlowJson {
    /// The id of a gate, or `CAMERA/ZONE`.
    entrance: String,
    /// When the hour or day began.
    #[schema(format = DateTime)]
    began_at: String,
    #[serde(flatten)]
    tally: TallyJson,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FlowTotal)]
struct FlowTotalJson {
    entrance: String,
    /// What people call it.
    name: String,
    /// `gate` (movements through it) or `line` (crossings).
    source: &'static str,
    #[serde(flatten)]
    tally: TallyJson,
}

/// People, also on bicycles, and motor vehicles.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowTally)]
struct TallyJson {
    people_in: u64,
    people_out: u64,
    vehicles_in: u64,
    vehicles_out: u64,
}

impl From<Tally> for TallyJson {
    fn from(tally: Tally) -> Self {
        Self {
            people_in: tally.people_in,
            people_out: tally.people_out,
            vehicles_in: tally.vehicles_in,
            vehicles_out: tally.vehicles_out,
        }
    }
}

/// Flow of some days by their hours or by days; of one entrance or of all.
pub(crate) async fn report_of(
    app: &App,
    (days, by_hour): (Days, bool),
    entrance: Option<&Entrance>,
) -> Result<Report, StoreError> {
    let slots = if by_hour {
        days.hour_slots(&app.zone)
    } else {
        days.day_slots(&app.zone)
    };
    let mut rows = app
        .store
        .flow(days.span(&app.zone), needs_quarters(&slots))
        .await?;
    let is_wanted = |it: &Entrance| match entrance {
        Some(one) => it == one,
        None => app.plan.is_entrance(it),
    };
    rows.retain(|row| is_wanted(&row.entrance));
    let known = app.entrances().into_iter().filter(is_wanted);
    Ok(Report::new(slots, known, &rows))
}

impl App {
    /// The entrances of the site file: its gates, and its lines that are no gate's.
    pub(crate) fn entrances(&self) -> Vec<Entrance> {
        let gates = self.plan.lanes.iter();
        let gates = gates.map(|lane| Entrance::Gate(lane.gate.clone()));
        let lines = self.names.zone_cameras.iter();
        let lines = lines.flat_map(|(zone, cameras)| {
            let line = |camera: &domain::CameraId| Entrance::Line(camera.clone(), zone.clone());
            cameras.iter().map(line)
        });
        let lines = lines.filter(|line| self.plan.is_entrance(line));
        gates.chain(lines).collect()
    }

    /// What people call an entrance.
    pub(crate) fn entrance_name(&self, entrance: &Entrance) -> String {
        match entrance {
            Entrance::Gate(gate) => self.names.gate(gate).to_owned(),
            Entrance::Line(camera, zone) => {
                let planned = self.plan.zone(zone);
                let zone = planned.map_or(zone.as_str(), |plan| plan.name.as_str());
                format!("{} – {zone}", self.names.camera(camera))
            }
        }
    }
}

struct Asked {
    days: Days,
    by_hour: bool,
    report: Report,
}

async fn asked(app: &App, query: &FlowQuery, action: &'static str) -> Result<Asked, Problem> {
    let bad = |error: &dyn std::fmt::Display| Problem::bad_request(error.to_string());
    let today = day_of(&app.zone, app.now());
    let day = |what, text: &Option<String>| match text {
        None => Ok(today),
        Some(text) => parse_date(what, text).map_err(|error| bad(&error)),
    };
    let (first, last) = (day("from", &query.from)?, day("until", &query.until)?);
    let days = Days::between(first, last, today).map_err(|error| bad(&error))?;
    let by_hour = match query.by.as_deref() {
        None | Some("hour") => true,
        Some("day") => false,
        Some(_) => return Err(Problem::bad_request("by: expected hour or day")),
    };
    let entrance = query.entrance.as_deref().map(str::parse::<Entrance>);
    let entrance = entrance
        .transpose()
        .map_err(|error| Problem::bad_request(format!("entrance: {error}")))?;
    let report = report_of(app, (days, by_hour), entrance.as_ref()).await?;
    let of = entrance.map_or_else(|| "all".to_owned(), |entrance| entrance.to_string());
    let entry = AuditEntry {
        at: app.now(),
        actor: API_ACTOR.to_owned(),
        action,
        subject: "flow".to_owned(),
        detail: format!("{of} {first} {last}"),
    };
    app.store.audit(&entry).await?;
    Ok(Asked {
        days,
        by_hour,
        report,
    })
}

/// How many people and vehicles went in and out, by entrance and hour or day of the site.
#[utoipa::path(get, path = "/api/v1/flow", tag = "state", params(FlowQuery), responses(
    (status = 200, description = "How many went in and out", body = Flow),
    (status = 400, description = "The query cannot be read, or its days are reversed, in the \
        future or too many", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_flow(
    State(app): State<Arc<App>>,
    Params(query): Params<FlowQuery>,
) -> Result<Json<Flow>, Problem> {
    let asked = asked(&app, &query, "list").await?;
    let report = &asked.report;
    let mut flow = Vec::new();
    for (entrance, tallies) in &report.by_entrance {
        for (slot, tally) in report.slots.iter().zip(tallies) {
            if *tally != Tally::default() {
                flow.push(FlowJson {
                    entrance: entrance.to_string(),
                    began_at: slot.from.to_string(),
                    tally: TallyJson::from(*tally),
                });
            }
        }
    }
    let total = |(entrance, tally): (&Entrance, Tally)| FlowTotalJson {
        entrance: entrance.to_string(),
        name: app.entrance_name(entrance),
        source: source_code(match entrance {
            Entrance::Gate(_) => FlowSource::Gate,
            Entrance::Line(..) => FlowSource::Line,
        }),
        tally: TallyJson::from(tally),
    };
    Ok(Json(Flow {
        from: asked.days.first.to_string(),
        until: asked.days.last.to_string(),
        time_zone: app.zone_name.clone(),
        by: if asked.by_hour { "hour" } else { "day" },
        flow,
        totals: report.totals().map(total).collect(),
    }))
}

/// The same as a spreadsheet, with a row for every entrance and every hour or day so far.
#[utoipa::path(get, path = "/api/v1/flow.csv", tag = "state", params(FlowQuery), responses(
    (status = 200, description = "CSV (RFC 4180) in UTF-8 with a byte order mark", body = String,
        content_type = "text/csv"),
    (status = 400, description = "The query cannot be read, or its days are reversed, in the \
        future or too many", body = ProblemBody<'static>,
        content_type = "application/problem+json"),
))]
pub(crate) async fn get_flow_csv(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<FlowQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = asked(&app, &query, "export").await?;
    let lang = Lang::of_request(uri.query(), &headers);
    let text = csv_of(&asked.report, &app.names, app.now(), lang);
    let file = format!(
        "attachment; filename=\"flow-{}-{}-{}.csv\"",
        app.site, asked.days.first, asked.days.last
    );
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    let file = HeaderValue::from_str(&file).expect("slugs and dates are a header value");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, text).into_response())
}

fn source_code(source: FlowSource) -> &'static str {
    match source {
        FlowSource::Gate => "gate",
        FlowSource::Line => "line",
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Zones {
    zones: Vec<ZoneJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Zone)]
struct ZoneJson {
    zone: String,
    /// What people call it.
    name: String,
    /// Whose crossings count: `gate` where a gate leads there, else `line`.
    source: &'static str,
    vehicles: u64,
    people: u64,
    vehicles_max: Option<u32>,
    people_max: Option<u32>,
    /// `calm`, `busy`, `crowded` or `full`; absent without a capacity.
    level: Option<&'static str>,
    /// When somebody last counted.
    #[schema(format = DateTime)]
    counted_at: Option<String>,
}

/// How many are inside each zone of the site file, by what is known.
#[utoipa::path(get, path = "/api/v1/zones", tag = "state", responses(
    (status = 200, description = "How many are inside each zone", body = Zones),
))]
pub(crate) async fn get_zones(State(app): State<Arc<App>>) -> Result<Json<Zones>, Problem> {
    let zones = app.zones_now().await?;
    let zone = |now: crate::crowd::ZoneNow| {
        let plan = app.plan.zone(&now.zone);
        ZoneJson {
            name: plan.map_or_else(|| now.zone.to_string(), |plan| plan.name.clone()),
            zone: now.zone.to_string(),
            source: source_code(now.source),
            vehicles: now.vehicles,
            people: now.people,
            vehicles_max: plan.and_then(|plan| plan.vehicles_max),
            people_max: plan.and_then(|plan| plan.people_max),
            level: now.level.map(crate::crowd::CrowdLevel::code),
            counted_at: now.counted_at.map(|at| at.to_string()),
        }
    };
    Ok(Json(Zones {
        zones: zones.into_iter().map(zone).collect(),
    }))
}
