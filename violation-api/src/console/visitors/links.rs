//! Hosts' links: made here or with `gac visitor invite-link`, shown once, called back.

use super::{VisitTeller, forms::text, one::refused};
use crate::{
    app::App,
    console::{CONSOLE_ACTOR, Frame, Lang, audit_view, render, visit_words::Words},
    http::{PathId, problem::Problem},
    store::{LinkWanted, VisitLink},
};
use askama::Template;
use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, Uri, header},
    response::{Html, Redirect},
};
use domain::VisitLinkId;
use serde::Deserialize;
use service::{link_token::LinkToken, qr_code::QrDrawing};
use std::{sync::Arc, time::Duration};

/// A link is worth something for so long at most.
const LASTS_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// Visitors of one link.
pub(crate) const LINK_VISITORS_MAX: u32 = 50;

#[derive(Template)]
#[template(path = "visit/links.html")]
struct LinksPage {
    frame: Frame,
    v: &'static Words,
    links: Vec<LinkView>,
    made: Option<Made>,
    form: LinkForm,
    wrong: Vec<&'static str>,
}

struct LinkView {
    id: String,
    host: String,
    used: String,
    ends: String,
    made_by: String,
}

/// A link that was made just now, for the one time that it is shown.
struct Made {
    host: String,
    address: String,
    svg: Option<String>,
}

/// What is asked for.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkForm {
    host: String,
    max: String,
    day: String,
    until: String,
}

fn view(teller: &VisitTeller, link: &VisitLink) -> LinkView {
    LinkView {
        id: link.id.to_string(),
        host: (link.host.clone()).unwrap_or_else(|| teller.v.erased_name.to_owned()),
        used: format!("{} / {}", link.n_visitors, link.visitors_max),
        ends: teller.days.time_on(link.expires_at, teller.now),
        made_by: link.created_by.clone(),
    }
}

async fn page(
    app: &App,
    lang: Lang,
    made: Option<Made>,
    tried: Option<(LinkForm, Vec<&'static str>)>,
) -> Result<Html<String>, Problem> {
    app.desk()?;
    let teller = VisitTeller::new(app, lang);
    let links = app.store.visit_links(teller.now).await?;
    audit_view(app, "visit links".to_owned()).await?;
    let (form, wrong) = tried.unwrap_or_else(|| {
        let tomorrow = teller.now.saturating_add(Duration::from_secs(24 * 3600));
        let form = LinkForm {
            host: String::new(),
            max: "1".to_owned(),
            day: teller.days.day_of(tomorrow),
            until: "18:00".to_owned(),
        };
        (form, Vec::new())
    });
    render(&LinksPage {
        frame: Frame::new(app, lang, "/visit-links"),
        v: teller.v,
        links: links.iter().map(|link| view(&teller, link)).collect(),
        made,
        form,
        wrong,
    })
}

pub(crate) async fn get_links(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    page(&app, Lang::of_request(uri.query(), &headers), None, None).await
}

/// Makes a link and shows its address, once: it is not kept.
pub(crate) async fn post_link(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Form<LinkForm>, FormRejection>,
) -> Result<Html<String>, Problem> {
    let Form(form) = form?;
    let lang = Lang::of_request(uri.query(), &headers);
    let (desk, teller) = (app.desk()?, VisitTeller::new(&app, lang));
    let host = text(&form.host).ok().flatten();
    let max = form
        .max
        .parse()
        .ok()
        .filter(|n| (1..=LINK_VISITORS_MAX).contains(n));
    let until = teller
        .days
        .moment(&form.day, &form.until)
        .filter(|until| teller.now < *until && *until <= teller.now.saturating_add(LASTS_MAX));
    let checks = [
        (host.is_none(), teller.v.bad_host),
        (max.is_none(), teller.v.bad_max),
        (until.is_none(), teller.v.bad_time),
    ];
    let (Some(host), Some(visitors_max), Some(expires_at)) = (host, max, until) else {
        let wrong = checks.into_iter().filter(|(is_wrong, _)| *is_wrong);
        let wrong = wrong.map(|(_, what)| what).collect();
        return page(&app, lang, None, Some((form, wrong))).await;
    };
    let token = LinkToken::random();
    let wanted = LinkWanted {
        id: desk.link_id(),
        token_sha256: token.sha256(),
        host: host.clone(),
        visitors_max,
        expires_at,
    };
    app.store
        .make_visit_link(&wanted, CONSOLE_ACTOR, teller.now)
        .await?;
    let here = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let address = desk.address(here.unwrap_or("localhost"), &token);
    let made = Made {
        host,
        svg: QrDrawing::of(&address)
            .ok()
            .map(|drawing| drawing.svg(teller.v.link_new)),
        address,
    };
    page(&app, lang, Some(made), None).await
}

pub(crate) async fn post_call_back_link(
    State(app): State<Arc<App>>,
    PathId(id): PathId<VisitLinkId>,
) -> Result<Redirect, Problem> {
    app.desk()?;
    let called = app.store.call_back_visit_link(id, CONSOLE_ACTOR, app.now());
    called.await.map_err(refused)?;
    Ok(Redirect::to("/visit-links"))
}
