//! What the page of entries and exits is asked for, with errors for people.

use crate::{
    app::App,
    console::Lang,
    flow::{
        Entrance, FlowKind,
        period::{Days, Period, SpanError, day_of, parse_date},
    },
    http::problem::Problem,
};
use jiff::civil::Date;
use serde::Deserialize;

/// What to show.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowPageQuery {
    #[serde(rename = "lang")]
    _lang: Option<String>,
    by: Option<String>,
    on: Option<String>,
    entrance: Option<String>,
    kind: Option<String>,
    hour: Option<i8>,
}

/// What was asked for, understood.
pub(super) struct Asked {
    pub(super) period: Period,
    pub(super) days: Days,
    pub(super) on: Date,
    pub(super) entrance: Option<Entrance>,
    pub(super) kind: Option<FlowKind>,
    pub(super) hour: Option<i8>,
}

pub(super) fn asked(app: &App, query: &FlowPageQuery, lang: Lang) -> Result<Asked, Problem> {
    let told = |error: SpanError| {
        Problem::bad_request(match lang {
            Lang::Vietnamese => error.in_vietnamese(),
            Lang::English => error.to_string(),
        })
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let today = day_of(&app.zone, app.now());
    let on = given(&query.on).map(|text| parse_date("on", &text));
    let on = on.transpose().map_err(told)?.unwrap_or(today);
    let period = match given(&query.by) {
        None => Period::Day,
        Some(code) => Period::from_code(&code)
            .ok_or_else(|| Problem::bad_request("by: expected day, week or month"))?,
    };
    let days = period.around(on);
    if today < days.first {
        return Err(told(SpanError::Future { today }));
    }
    let kind = match given(&query.kind).as_deref() {
        None => None,
        Some("people") => Some(FlowKind::Person),
        Some("vehicles") => Some(FlowKind::Vehicle),
        Some(_) => return Err(Problem::bad_request("kind: expected people or vehicles")),
    };
    let entrance = given(&query.entrance).map(|text| text.parse::<Entrance>());
    Ok(Asked {
        period,
        days,
        on,
        entrance: entrance
            .transpose()
            .map_err(|error| Problem::bad_request(format!("entrance: {error}")))?,
        kind,
        hour: query.hour,
    })
}

impl Asked {
    /// The address of the same page around another day.
    pub(super) fn address(&self, on: Date, hour: Option<i8>) -> String {
        let mut text = format!("/flow?by={}&on={on}", self.period.code());
        if let Some(entrance) = &self.entrance {
            text += &format!("&entrance={entrance}");
        }
        match self.kind {
            None => (),
            Some(FlowKind::Person) => text += "&kind=people",
            Some(FlowKind::Vehicle) => text += "&kind=vehicles",
        }
        if let Some(hour) = hour {
            text += &format!("&hour={hour}");
        }
        text
    }
}
