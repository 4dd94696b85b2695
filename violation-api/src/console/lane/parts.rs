//! The parts of a lane's screen that change by themselves, each a fragment of its own.

use super::{
    super::{
        Lang, Teller, document_fragment,
        lane_words::LaneWords,
        render_text,
        view::{BarrierView, Called, CameraView, PassageView},
        visitors_today,
        words::Words,
        zones::zones_fragment,
    },
    view::{ActView, AlarmView, NowView, OrderView, alarm, manual, now, order, warnings},
};
use crate::{app::App, http::problem::Problem, lane::LaneLook};
use askama::Template;
use domain::GateId;
use uuid::Uuid;

const RECENT_SHOWN: usize = 6;
/// Stands in a form for a key that is new whenever the form is shown; no text of ours has it.
const KEY_PLACE: &str = "@key@";

#[derive(Template)]
#[template(path = "lane/status.html")]
struct Status {
    w: &'static Words,
    barrier: BarrierView,
    warnings: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "lane/picture.html")]
struct Picture {
    w: &'static Words,
    l: &'static LaneWords,
    camera: Option<Called>,
    has_picture: bool,
}

#[derive(Template)]
#[template(path = "lane/caption.html")]
struct Caption {
    w: &'static Words,
    l: &'static LaneWords,
    has_camera: bool,
    camera: Option<CameraView>,
}

#[derive(Template)]
#[template(path = "lane/now.html")]
struct Now {
    w: &'static Words,
    l: &'static LaneWords,
    gate: String,
    is_signed_on: bool,
    now: Option<NowView>,
}

#[derive(Template)]
#[template(path = "lane/manual.html")]
struct Manual {
    l: &'static LaneWords,
    gate: String,
    acts: Vec<ActView>,
}

#[derive(Template)]
#[template(path = "lane/alarms.html")]
struct Alarms {
    l: &'static LaneWords,
    gate: String,
    is_signed_on: bool,
    alarms: Vec<AlarmView>,
}

#[derive(Template)]
#[template(path = "lane/recent.html")]
struct Recent {
    w: &'static Words,
    l: &'static LaneWords,
    passages: Vec<PassageView>,
}

#[derive(Template)]
#[template(path = "lane/orders.html")]
struct Orders {
    l: &'static LaneWords,
    orders: Vec<OrderView>,
}

/// The fragments. What is empty takes no room.
#[derive(Clone)]
pub(super) struct LaneParts {
    pub(super) mode: String,
    pub(super) status: String,
    pub(super) picture: String,
    pub(super) caption: String,
    pub(super) now: String,
    pub(super) manual: String,
    pub(super) alarms: String,
    pub(super) recent: String,
    pub(super) orders: String,
    pub(super) beside: Beside,
}

/// What other parts of the console show of the lane: empty where the site has nothing of the kind.
#[derive(Clone, Default)]
pub(super) struct Beside {
    /// How full the zones are.
    pub(super) occupancy: String,
    /// What was shown last.
    pub(super) document: String,
    /// The visitors of today.
    pub(super) visitors: String,
}

impl Beside {
    pub(super) async fn of(app: &App, lang: Lang, gate: &GateId) -> Result<Self, Problem> {
        let mut beside = Self::default();
        if !app.plan.zones.is_empty() {
            beside.occupancy = zones_fragment(app, lang).await?;
        }
        if app.desk.is_some() {
            beside.document = document_fragment(app, lang, gate).await?;
            let back = format!("/lanes/{gate}");
            beside.visitors = visitors_today(app, lang, Some(gate), &back).await?;
        }
        Ok(beside)
    }
}

impl LaneParts {
    /// Renders them with [`KEY_PLACE`] for keys, so that two renderings differ only when what they
    /// show does.
    pub(super) fn new(
        teller: &Teller,
        l: &'static LaneWords,
        look: &LaneLook,
        is_signed_on: bool,
        beside: Beside,
    ) -> Result<Self, Problem> {
        let (w, gate) = (teller.w, look.gate.to_string());
        let status = Status {
            w,
            barrier: teller.barrier(&look.barrier()),
            warnings: warnings(l, look),
        };
        let called = |camera| teller.called_camera(camera);
        let picture = Picture {
            w,
            l,
            camera: look.camera.as_ref().map(called),
            has_picture: look.has_picture,
        };
        let row = look.camera_row.as_ref();
        let caption = Caption {
            w,
            l,
            has_camera: look.camera.is_some(),
            camera: row.map(|row| teller.camera(row, look.has_picture)),
        };
        let now = Now {
            w,
            l,
            gate: gate.clone(),
            is_signed_on,
            now: now(teller, l, look),
        };
        let manual = Manual {
            l,
            gate: gate.clone(),
            acts: if is_signed_on {
                manual(teller, l)
            } else {
                Vec::new()
            },
        };
        let alarms = Alarms {
            l,
            gate,
            is_signed_on,
            alarms: look.alarms.iter().map(|row| alarm(teller, row)).collect(),
        };
        let recent = look.passages.iter().take(RECENT_SHOWN);
        let recent = Recent {
            w,
            l,
            passages: recent.map(|row| teller.passage(row)).collect(),
        };
        let orders = Orders {
            l,
            orders: look.orders.iter().map(|row| order(teller, row)).collect(),
        };
        Ok(Self {
            mode: super::super::mode_banner(teller, look.mode.as_ref()),
            status: render_text(&status)?,
            picture: render_text(&picture)?,
            caption: render_text(&caption)?,
            now: render_text(&now)?,
            manual: render_text(&manual)?,
            alarms: render_text(&alarms)?,
            recent: render_text(&recent)?,
            orders: render_text(&orders)?,
            beside,
        })
    }

    /// The fragments with the names under which pages are sent them.
    pub(super) fn named(&self) -> [(&'static str, &str); 12] {
        [
            ("mode", &self.mode),
            ("status", &self.status),
            ("picture", &self.picture),
            ("caption", &self.caption),
            ("now", &self.now),
            ("manual", &self.manual),
            ("alarms", &self.alarms),
            ("recent", &self.recent),
            ("orders", &self.orders),
            ("occupancy", &self.beside.occupancy),
            ("document", &self.beside.document),
            ("visitors", &self.beside.visitors),
        ]
    }

    /// With keys in their forms, for the page.
    pub(super) fn with_fresh_keys(self, fresh: impl Fn(&str) -> String) -> Self {
        Self {
            now: fresh(&self.now),
            manual: fresh(&self.manual),
            alarms: fresh(&self.alarms),
            ..self
        }
    }
}

/// Every form gets a key of its own.
pub(super) fn with_keys(html: &str) -> String {
    let mut pieces = html.split(KEY_PLACE);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text += &Uuid::now_v7().simple().to_string();
        text += piece;
    }
    text
}

/// The words of a lane's screen.
pub(super) fn words(lang: Lang) -> &'static LaneWords {
    LaneWords::of(lang)
}
