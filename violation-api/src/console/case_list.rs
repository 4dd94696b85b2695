//! All cases, page by page.

use super::{Frame, Lang, PageQuery, Params, Teller, audit_view, render, view::CaseView};
use crate::{
    app::App,
    http::problem::Problem,
    store::{Cursor, Page},
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use casework::StateName;
use std::sync::Arc;

const ROWS: u32 = 40;

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    frame: Frame,
    cases: Vec<CaseView>,
    filters: Vec<Filter>,
    older: Option<String>,
    is_first: bool,
    first: String,
}

struct Filter {
    href: String,
    word: &'static str,
    is_chosen: bool,
}

pub(crate) async fn get_cases(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<PageQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let state = query.state.as_deref().filter(|code| !code.is_empty());
    let state = state.map(|code| code.parse::<StateName>()).transpose();
    let state = state.map_err(|_unknown| Problem::not_found("state"))?;
    let after = query.cursor.as_deref().and_then(Cursor::decode);
    let is_first = after.is_none();
    let page = Page {
        limit: ROWS,
        after,
        since: None,
    };
    let rows = app.store.cases(state, &page).await?;
    audit_view(&app, "cases".to_owned()).await?;
    let teller = Teller::new(&app, lang);
    let first = state.map_or_else(
        || "/cases".to_owned(),
        |state| format!("/cases?state={state}"),
    );
    let last = rows.last().filter(|_row| rows.len() == ROWS as usize);
    let joint = if state.is_some() { '&' } else { '?' };
    let older = last.map(|row| {
        let cursor = Cursor {
            at: row.act_at,
            id: row.id.to_string(),
        };
        format!("{first}{joint}cursor={}", cursor.encode())
    });
    let all = Filter {
        href: "/cases".to_owned(),
        word: teller.w.all,
        is_chosen: state.is_none(),
    };
    let of_state = |name: &StateName| Filter {
        href: format!("/cases?state={name}"),
        word: teller.w.case_state(*name).word,
        is_chosen: state == Some(*name),
    };
    render(&CasesPage {
        frame: Frame::new(&app, lang, &first),
        cases: rows.iter().map(|row| teller.case(row)).collect(),
        filters: std::iter::once(all)
            .chain(StateName::ALL.iter().map(of_state))
            .collect(),
        older,
        is_first,
        first,
    })
}
