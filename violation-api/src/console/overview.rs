//! The overview: live pictures, gate events, cases and counts, each a fragment of its own.

use super::{
    Frame, Lang, Teller, audit_view, mode_banner, render, render_text as text,
    view::{BarrierView, CameraView, CaseView, CountView, PassageView},
    words::Words,
    zones::zones_fragment,
};
use crate::{app::App, http::problem::Problem, store::Page};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::CameraId;
use std::{collections::BTreeSet, sync::Arc};

const EVENTS_SHOWN: u32 = 12;
const CASES_SHOWN: u32 = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    seq: i64,
    notice: String,
    cameras: String,
    gates: String,
    cases: String,
    counts: String,
    /// Empty where the site has no zones.
    zones: String,
    counts_first: bool,
}

#[derive(Template)]
#[template(path = "fragment/notice.html")]
struct Notice {
    w: &'static Words,
    mode: String,
    is_broker_lost: bool,
}

#[derive(Template)]
#[template(path = "fragment/cameras.html")]
struct Cameras {
    w: &'static Words,
    cameras: Vec<CameraView>,
}

#[derive(Template)]
#[template(path = "fragment/caption.html")]
struct Caption<'a> {
    w: &'static Words,
    camera: &'a CameraView,
}

#[derive(Template)]
#[template(path = "fragment/gates.html")]
struct Gates {
    w: &'static Words,
    barriers: Vec<BarrierView>,
    passages: Vec<PassageView>,
}

#[derive(Template)]
#[template(path = "fragment/cases.html")]
struct Cases {
    w: &'static Words,
    cases: Vec<CaseView>,
}

#[derive(Template)]
#[template(path = "fragment/counts.html")]
struct Counts {
    w: &'static Words,
    counts: Vec<CountView>,
}

/// Renders the parts of the overview, for the page and for those who listen.
pub(crate) struct Parts<'a> {
    app: &'a App,
    teller: Teller,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(app: &'a App, lang: Lang) -> Self {
        Self {
            app,
            teller: Teller::new(app, lang),
        }
    }

    async fn camera_views(&self) -> Result<Vec<CameraView>, Problem> {
        let rows = self.app.store.cameras().await?;
        let with_picture: BTreeSet<CameraId> = self.app.pictures.cameras().into_iter().collect();
        let mut views: Vec<CameraView> = Vec::new();
        for row in &rows {
            views.push(
                self.teller
                    .camera(row, with_picture.contains(&row.status.camera)),
            );
        }
        let known: BTreeSet<&CameraId> = rows.iter().map(|row| &row.status.camera).collect();
        for camera in with_picture.iter().filter(|camera| !known.contains(camera)) {
            views.push(self.teller.camera_unheard(camera));
        }
        views.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(views)
    }

    /// The wall of cameras, and which cameras it has and whether with a picture.
    pub(crate) async fn cameras(&self) -> Result<(String, Vec<(String, bool)>), Problem> {
        let cameras = self.camera_views().await?;
        let shown = cameras
            .iter()
            .map(|camera| (camera.id.clone(), camera.has_picture))
            .collect();
        Ok((
            text(&Cameras {
                w: self.teller.w,
                cameras,
            })?,
            shown,
        ))
    }

    /// What stands under each camera's picture.
    pub(crate) async fn captions(&self) -> Result<Vec<(String, bool, String)>, Problem> {
        let cameras = self.camera_views().await?;
        let caption = |camera: &CameraView| {
            let caption = text(&Caption {
                w: self.teller.w,
                camera,
            })?;
            Ok((camera.id.clone(), camera.has_picture, caption))
        };
        cameras.iter().map(caption).collect()
    }

    pub(crate) async fn gates(&self) -> Result<String, Problem> {
        let barriers = self.app.store.gates().await?;
        let passages = self
            .app
            .store
            .passages(None, &Page::newest(EVENTS_SHOWN))
            .await?;
        text(&Gates {
            w: self.teller.w,
            barriers: barriers
                .iter()
                .map(|row| self.teller.barrier(row))
                .collect(),
            passages: passages
                .iter()
                .map(|row| self.teller.passage(row))
                .collect(),
        })
    }

    pub(crate) async fn cases(&self) -> Result<String, Problem> {
        let cases = self
            .app
            .store
            .cases(None, &Page::newest(CASES_SHOWN))
            .await?;
        let cases = cases.iter().map(|row| self.teller.case(row)).collect();
        text(&Cases {
            w: self.teller.w,
            cases,
        })
    }

    pub(crate) async fn counts(&self) -> Result<String, Problem> {
        let counts = self.app.store.counts().await?;
        let counts = counts.iter().map(|row| self.teller.count(row)).collect();
        text(&Counts {
            w: self.teller.w,
            counts,
        })
    }

    /// Who is inside which zone; nothing where the site has no zones.
    pub(crate) async fn zones(&self) -> Result<String, Problem> {
        if self.app.plan.zones.is_empty() {
            return Ok(String::new());
        }
        zones_fragment(self.app, self.teller.w.lang).await
    }

    pub(crate) fn notice(&self) -> Result<String, Problem> {
        text(&Notice {
            w: self.teller.w,
            mode: mode_banner(&self.teller, self.app.orders.mode().as_ref()),
            is_broker_lost: !self.app.ingest.is_connected(),
        })
    }
}

pub(crate) async fn get_overview(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    audit_view(&app, "overview".to_owned()).await?;
    let parts = Parts::new(&app, lang);
    // Before the parts are read: what changes while they are is then sent.
    let seq = app.feed.seq();
    render(&OverviewPage {
        frame: Frame::new(&app, lang, "/").live(),
        seq,
        notice: parts.notice()?,
        cameras: parts.cameras().await?.0,
        gates: parts.gates().await?,
        cases: parts.cases().await?,
        counts: parts.counts().await?,
        zones: parts.zones().await?,
        counts_first: app.profile.kind.counts_first(),
    })
}
