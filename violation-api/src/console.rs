//! The console: pages for people, rendered here, that also work without a script.
//!
//! A view struct holds exactly what a page shows, as text: no domain type reaches a template.

mod assets;
mod case_list;
mod case_page;
mod chart;
mod document_page;
mod events;
mod flow_page;
mod flow_words;
mod gate_names;
mod gate_page;
mod lane;
mod lane_words;
mod moment;
mod names;
mod notice_page;
mod overview;
mod passage_page;
mod plate_view;
mod view;
mod visit_page;
mod visit_time;
mod visit_words;
mod visitors;
mod words;
mod zones;

use self::names::Badge;
use crate::{
    app::App,
    http::{Params, problem::Problem},
    names::Names,
    orders::ModeNow,
    plan::SitePlan,
    store::AuditEntry,
};
use askama::Template;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode, header},
    response::Html,
    routing::{get, post},
};
use domain::SiteMode;
use moment::Moments;
use serde::Deserialize;
use service::qr_code::PHOTO_BYTES_MAX;
use std::sync::Arc;
use tower_http::limit::RequestBodyLimitLayer;
use words::Words;

pub(crate) use assets::Assets;
use document_page::document_fragment;
pub(crate) use view::is_silent;
pub(crate) use visit_page::problem_page as visit_problem_page;
use visitors::visitors_today;

/// Who acted, for the audit of what was seen on pages.
pub(crate) const CONSOLE_ACTOR: &str = "local (console)";

/// What a browser puts around a photo in a form.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The language of a page. Vietnamese unless somebody chose the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    #[default]
    Vietnamese,
    English,
}

impl Lang {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Vietnamese => Self::English,
            Self::English => Self::Vietnamese,
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Vietnamese, Self::English]
            .into_iter()
            .find(|lang| lang.code() == code)
    }

    /// The language that this address asks for.
    pub(crate) fn of_query(query: Option<&str>) -> Option<Self> {
        query?
            .split('&')
            .find_map(|pair| Self::from_code(pair.strip_prefix("lang=")?))
    }

    /// The language of a request: asked for, chosen before, or Vietnamese.
    pub(crate) fn of_request(query: Option<&str>, headers: &HeaderMap) -> Self {
        let cookies = headers
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok());
        let chosen = cookies
            .unwrap_or("")
            .split(';')
            .find_map(|cookie| Self::from_code(cookie.trim().strip_prefix("lang=")?));
        Self::of_query(query).or(chosen).unwrap_or_default()
    }

    /// Remembers the choice for a year.
    pub(crate) fn cookie(self) -> &'static str {
        match self {
            Self::Vietnamese => "lang=vi; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
            Self::English => "lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
        }
    }
}

/// The query of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// Read by [`Lang::of_request`].
    #[serde(rename = "lang")]
    _lang: Option<String>,
    cursor: Option<String>,
    state: Option<String>,
}

/// What stands around every page.
pub(crate) struct Frame {
    w: &'static Words,
    site_name: String,
    zone_name: String,
    version: String,
    has_htmx: bool,
    /// The address of this page, for the language switch.
    here: String,
    is_live: bool,
    /// What holds for the whole site; empty when nothing does, and on pages that are told of it.
    mode: String,
}

impl Frame {
    fn new(app: &App, lang: Lang, here: &str) -> Self {
        Self {
            w: Words::of(lang),
            site_name: app.site_name.clone(),
            zone_name: app.zone_name.clone(),
            version: app.assets.version().to_owned(),
            has_htmx: app.assets.has_htmx(),
            here: here.to_owned(),
            mode: mode_banner(&Teller::new(app, lang), app.orders.mode().as_ref()),
            is_live: false,
        }
    }

    fn live(self) -> Self {
        Self {
            is_live: true,
            ..self.with_own_banner()
        }
    }

    /// The page shows the mode itself, so that it can be shown anew.
    fn with_own_banner(self) -> Self {
        Self {
            mode: String::new(),
            ..self
        }
    }
}

/// What a page needs to turn rows into text.
pub(crate) struct Teller {
    w: &'static Words,
    names: Arc<Names>,
    plan: Arc<SitePlan>,
    moments: Moments,
    now: domain::Timestamp,
}

impl Teller {
    fn new(app: &App, lang: Lang) -> Self {
        let now = app.now();
        Self {
            w: Words::of(lang),
            names: Arc::clone(&app.names),
            plan: Arc::clone(&app.plan),
            moments: Moments::new(&app.zone, now, lang),
            now,
        }
    }
}

fn render(template: &impl Template) -> Result<Html<String>, Problem> {
    template.render().map(Html).map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn render_text(template: &impl Template) -> Result<String, Problem> {
    render(template).map(|Html(text)| text)
}

#[derive(Template)]
#[template(path = "fragment/mode.html")]
struct ModeBanner {
    badge: Badge,
    means: &'static str,
    by: String,
    reason: &'static str,
    since: String,
}

/// What holds for the whole site, for the top of every page; empty while nothing does.
fn mode_banner(teller: &Teller, mode: Option<&ModeNow>) -> String {
    let Some(mode) = mode.filter(|mode| mode.mode != SiteMode::Normal) else {
        return String::new();
    };
    let banner = ModeBanner {
        badge: teller.w.mode(mode.mode),
        means: teller.w.mode_means(mode.mode),
        by: mode.by.clone(),
        reason: teller.w.order_reason(mode.reason),
        since: teller.moments.short(mode.since),
    };
    banner.render().unwrap_or_default()
}

async fn audit_view(app: &App, subject: String) -> Result<(), Problem> {
    let (at, actor) = (app.now(), CONSOLE_ACTOR.to_owned());
    let entry = AuditEntry {
        at,
        actor,
        action: "view",
        subject,
        detail: String::new(),
    };
    Ok(app.store.audit(&entry).await?)
}

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(overview::get_overview))
        .route("/events", get(events::get_events))
        .route("/flow", get(flow_page::get_flow))
        .route("/crowd", get(zones::get_crowd))
        .route("/notice", get(notice_page::get_notice))
        .route("/cases", get(case_list::get_cases))
        .route("/cases/{violation}", get(case_page::get_case))
        .route("/cases/{violation}/{action}", post(case_page::post_action))
        .route("/gates/{gate}", get(gate_page::get_gate))
        .route("/lanes", get(lane::get_lanes))
        .route("/lanes/{gate}", get(lane::get_lane))
        .route("/lanes/{gate}/events", get(lane::get_lane_events))
        .route("/lanes/{gate}/orders", post(lane::post_order))
        .route(
            "/lanes/{gate}/alarms/{alarm}/acknowledge",
            post(lane::post_acknowledge),
        )
        .route("/guard/sign-on", post(lane::post_sign_on))
        .route("/guard/sign-off", post(lane::post_sign_off))
        .route("/guard/orders", post(lane::post_site_order))
        .route("/passages/{passage}", get(passage_page::get_passage))
        .route("/assets/{name}", get(assets::get_asset))
        .merge(desk_router())
}

/// Visitors and documents.
fn desk_router() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/visitors",
            get(visitors::get_visitors).post(visitors::post_visitor),
        )
        .route("/visitors/day.csv", get(visitors::get_csv))
        .route("/visitors/{visitor}", get(visitors::get_visitor))
        .route(
            "/visitors/{visitor}/pass.png",
            get(visitors::get_pass_picture),
        )
        .route("/visitors/{visitor}/{action}", post(visitors::post_action))
        .route(
            "/visit-links",
            get(visitors::get_links).post(visitors::post_link),
        )
        .route(
            "/visit-links/{link}/call-back",
            post(visitors::post_call_back_link),
        )
        .route(
            "/visit/{token}",
            get(visit_page::get_visit).post(visit_page::post_visit),
        )
        .route("/visit/{token}/pass.png", get(visit_page::get_pass))
        .route("/visit/{token}/cancel", post(visit_page::post_cancel))
        .route("/documents/{gate}", get(document_page::get_document))
        .route("/documents/{gate}/text", post(document_page::post_text))
}

/// What takes in a photo, with a limit of its own: the file, and what a form puts around it.
pub(crate) fn photo_router() -> Router<Arc<App>> {
    Router::new()
        .route("/documents/{gate}/photo", post(document_page::post_photo))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(PHOTO_BYTES_MAX + FORM_BYTES_MAX))
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'static str,
    text: &'a str,
    request_id: &'a str,
}

/// A problem for a person.
pub(crate) fn problem_page(
    app: &App,
    lang: Lang,
    problem: &Problem,
    request_id: &str,
) -> Html<String> {
    let frame = Frame::new(app, lang, "/");
    let w = frame.w;
    let (title, text) = match problem.kind {
        "not-found" => (w.not_found_title, w.problem_not_found),
        "case-closed" => (w.problem_title, w.illegal_closed),
        "case-held-by-another" => (w.problem_title, w.illegal_held),
        "case-not-under-review" => (w.problem_title, w.illegal_not_started),
        "case-changed" => (w.problem_title, w.illegal_changed),
        "case-screening-only" => (w.problem_title, w.screening_note),
        "case-incomplete" => (w.problem_title, w.missing_note),
        "cross-site" => (w.problem_title, w.problem_cross_site),
        "reason-missing" => (w.problem_title, w.problem_reason),
        "visit-refused" => (w.problem_title, visit_words::Words::of(lang).refused),
        "database-unavailable" | "timeout" => (w.problem_title, w.problem_busy),
        _ => (w.problem_title, &*problem.detail),
    };
    let page = ProblemPage {
        frame,
        title,
        text,
        request_id,
    };
    page.render()
        .map_or_else(|_error| Html(String::new()), Html)
}
