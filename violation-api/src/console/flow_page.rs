//! Who went in and out: a day, week or month, with charts, comparison, and an hour's pictures.

mod asked;

use super::{
    CONSOLE_ACTOR, Frame, Lang, Params, Teller,
    chart::{Bars, Column},
    flow_words::FlowWords,
    render,
    view::PassageView,
};
use crate::{
    app::App,
    flow::{
        Entrance, FlowKind,
        period::{Days, Period, Slot, day_of, needs_quarters},
        report::{Report, Tally},
    },
    http::{flow::report_of, problem::Problem},
    store::{AuditEntry, Cursor, Page},
};
use askama::Template;
use asked::{Asked, FlowPageQuery, asked};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use domain::{GateId, Timestamp};
use jiff::civil::Date;
use std::{sync::Arc, time::Duration};

/// So many passages of an hour are looked at for pictures.
const PASSAGES_MAX: u32 = 120;

pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) word: String,
    pub(crate) is_chosen: bool,
}

pub(crate) struct SlotView {
    pub(crate) word: String,
    pub(crate) n_in: String,
    pub(crate) n_out: String,
    pub(crate) is_empty: bool,
    /// The pictures of this hour.
    pub(crate) href: Option<String>,
    pub(crate) is_chosen: bool,
}

pub(crate) struct EntranceView {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) source: &'static str,
    pub(crate) n_in: String,
    pub(crate) n_out: String,
    /// From 0 to 100, for a drawing.
    pub(crate) percent: u64,
}

pub(crate) struct Comparison {
    pub(crate) word: &'static str,
    pub(crate) change: String,
    pub(crate) then: String,
    pub(crate) is_so_far: bool,
}

pub(crate) struct HourPictures {
    pub(crate) word: String,
    pub(crate) passages: Vec<PassageView>,
    pub(crate) has_more: bool,
}

#[derive(Template)]
#[template(path = "flow.html")]
struct FlowPage {
    frame: Frame,
    f: &'static FlowWords,
    when: String,
    on: String,
    periods: Vec<Choice>,
    entrances: Vec<Choice>,
    kinds: Vec<Choice>,
    earlier: String,
    later: Option<String>,
    total_in: String,
    total_out: String,
    busiest_word: &'static str,
    busiest: Option<(String, String)>,
    comparison: Comparison,
    is_empty: bool,
    chart: Bars,
    slot_word: &'static str,
    slots_word: &'static str,
    slots: Vec<SlotView>,
    by_entrance: Vec<EntranceView>,
    csv: String,
    pictures: Option<HourPictures>,
}

pub(crate) async fn get_flow(
    State(app): State<Arc<App>>,
    uri: Uri,
    Params(query): Params<FlowPageQuery>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let asked = asked(&app, &query, lang)?;
    let by_hour = asked.period == Period::Day;
    let chosen = asked.entrance.as_ref();
    let report = report_of(&app, (asked.days, by_hour), chosen).await?;
    let before = before(&app, &asked).await?;
    let pictures = match asked.hour.filter(|_| by_hour) {
        Some(hour) => pictures(&app, lang, &asked, (&report, hour)).await?,
        None => None,
    };
    let entry = AuditEntry {
        at: app.now(),
        actor: CONSOLE_ACTOR.to_owned(),
        action: "view",
        subject: "flow".to_owned(),
        detail: asked.address(asked.on, asked.hour),
    };
    app.store.audit(&entry).await?;
    let page = FlowTeller {
        app: &app,
        lang,
        teller: Teller::new(&app, lang),
        f: FlowWords::of(lang),
        asked,
        report,
    };
    render(&page.page(before, pictures))
}

/// The period before, up to the same moment of it while this one is not over.
async fn before(app: &App, asked: &Asked) -> Result<(Tally, bool), Problem> {
    let (from, until) = asked.days.span(&app.zone);
    let days = asked.period.beside(asked.days, -1);
    let (before_from, before_until) = days.span(&app.zone);
    let now = app.now();
    let is_so_far = now < until;
    let before_until = if is_so_far {
        before_until.min(before_from.saturating_add(now.since(from)))
    } else {
        before_until
    };
    let slots = days.day_slots(&app.zone);
    let span = (before_from, before_until);
    let mut rows = app.store.flow(span, needs_quarters(&slots)).await?;
    rows.retain(|row| match &asked.entrance {
        Some(one) => row.entrance == *one,
        None => app.plan.is_entrance(&row.entrance),
    });
    Ok((Report::new(slots, [], &rows).total(), is_so_far))
}

/// The passages with pictures of an hour, at the gate that was chosen or at all.
async fn pictures(
    app: &App,
    lang: Lang,
    asked: &Asked,
    (report, hour): (&Report, i8),
) -> Result<Option<HourPictures>, Problem> {
    let gate: Option<&GateId> = match &asked.entrance {
        None => None,
        Some(Entrance::Gate(gate)) => Some(gate),
        // Of people who cross a line no picture is shown: they asked for nothing.
        Some(Entrance::Line(..)) => return Ok(None),
    };
    let of_hour = |slot: &&Slot| slot.hour == Some(hour);
    let first = report.slots.iter().find(of_hour);
    let last = report.slots.iter().rfind(of_hour);
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Problem::bad_request("hour: expected 0 to 23"));
    };
    let page = Page {
        limit: PASSAGES_MAX,
        since: Some(first.from),
        after: Some(Cursor {
            at: last.until,
            id: String::new(),
        }),
    };
    let rows = app.store.passages(gate, &page).await?;
    let teller = Teller::new(app, lang);
    let with_picture = rows.iter().filter(|row| row.picture_sha256.is_some());
    Ok(Some(HourPictures {
        word: hour_word(hour),
        has_more: rows.len() == PASSAGES_MAX as usize,
        passages: with_picture.map(|row| teller.passage(row)).collect(),
    }))
}

fn hour_word(hour: i8) -> String {
    format!("{hour:02}:00–{:02}:00", (hour + 1) % 24)
}

fn on_paper(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

struct FlowTeller<'a> {
    app: &'a App,
    lang: Lang,
    teller: Teller,
    f: &'static FlowWords,
    asked: Asked,
    report: Report,
}

impl FlowTeller<'_> {
    fn whole(&self, n: u64) -> String {
        self.teller.w.whole(n)
    }

    fn slot_word(&self, slot: &Slot) -> String {
        match slot.hour {
            Some(hour) => hour_word(hour),
            None => slot.day.strftime("%d/%m").to_string(),
        }
    }

    fn page(self, before: (Tally, bool), pictures: Option<HourPictures>) -> FlowPage {
        let (f, asked) = (self.f, &self.asked);
        let by_hour = asked.period == Period::Day;
        let by_slot = self.report.by_slot();
        let (n_in, n_out) = self.report.total().of(asked.kind);
        let here = asked.address(asked.on, asked.hour);
        let earlier = asked.period.beside(asked.days, -1).first;
        let later = asked.period.beside(asked.days, 1).first;
        let today = day_of(&self.app.zone, self.teller.now);
        let days = asked.days;
        FlowPage {
            frame: Frame::new(self.app, self.lang, &here),
            f,
            when: match asked.period {
                Period::Day => on_paper(days.first),
                Period::Week => format!("{} – {}", on_paper(days.first), on_paper(days.last)),
                Period::Month => days.first.strftime("%m/%Y").to_string(),
            },
            on: asked.on.to_string(),
            periods: self.periods(),
            entrances: self.entrances(),
            kinds: self.kinds(),
            earlier: asked.address(earlier, None),
            later: (later <= today).then(|| asked.address(later, None)),
            total_in: self.whole(n_in),
            total_out: self.whole(n_out),
            busiest_word: if by_hour {
                f.busiest_hour
            } else {
                f.busiest_day
            },
            busiest: self.busiest(&by_slot),
            comparison: self.comparison((n_in, n_out), before),
            is_empty: n_in == 0 && n_out == 0,
            chart: self.chart(&by_slot),
            slot_word: if by_hour { f.hour } else { f.day },
            slots_word: if by_hour { f.by_hour } else { f.by_day },
            slots: self.slots(&by_slot),
            by_entrance: self.by_entrance(),
            csv: self.csv(today),
            pictures,
        }
    }

    fn periods(&self) -> Vec<Choice> {
        let choice = |period: Period| Choice {
            value: period.code().to_owned(),
            word: match period {
                Period::Day => self.f.day,
                Period::Week => self.f.week,
                Period::Month => self.f.month,
            }
            .to_owned(),
            is_chosen: period == self.asked.period,
        };
        Period::ALL.map(choice).into()
    }

    fn entrances(&self) -> Vec<Choice> {
        let mut known = self.app.entrances();
        known.extend(self.report.by_entrance.keys().cloned());
        known.sort();
        known.dedup();
        let choice = |entrance: &Entrance| Choice {
            value: entrance.to_string(),
            word: self.app.entrance_name(entrance),
            is_chosen: Some(entrance) == self.asked.entrance.as_ref(),
        };
        known.iter().map(choice).collect()
    }

    fn kinds(&self) -> Vec<Choice> {
        let kinds = [
            ("", self.f.all_kinds, None),
            ("people", self.f.people, Some(FlowKind::Person)),
            ("vehicles", self.f.vehicles, Some(FlowKind::Vehicle)),
        ];
        let choice = |(value, word, kind): (&str, &str, Option<FlowKind>)| Choice {
            value: value.to_owned(),
            word: word.to_owned(),
            is_chosen: kind == self.asked.kind,
        };
        kinds.map(choice).into()
    }

    /// The first of those in which most went through.
    fn busiest(&self, by_slot: &[Tally]) -> Option<(String, String)> {
        let mut best: Option<(&Slot, u64)> = None;
        for (slot, tally) in self.report.slots.iter().zip(by_slot) {
            let n = tally.both(self.asked.kind);
            if best.map_or(0, |(_, most)| most) < n {
                best = Some((slot, n));
            }
        }
        best.map(|(slot, n)| (self.slot_word(slot), self.whole(n)))
    }

    fn comparison(&self, (n_in, n_out): (u64, u64), before: (Tally, bool)) -> Comparison {
        let (tally, is_so_far) = before;
        let (now, then) = (n_in + n_out, tally.both(self.asked.kind));
        let sign = if now < then { "−" } else { "+" };
        let mut change = format!("{sign}{}", self.whole(now.abs_diff(then)));
        if let Some(percent) = now.abs_diff(then).saturating_mul(100).checked_div(then) {
            change += &format!(" ({sign}{} %)", self.whole(percent));
        }
        Comparison {
            word: match self.asked.period {
                Period::Day => self.f.day_before,
                Period::Week => self.f.week_before,
                Period::Month => self.f.month_before,
            },
            change,
            then: self.whole(then),
            is_so_far,
        }
    }

    fn chart(&self, by_slot: &[Tally]) -> Bars {
        let f = self.f;
        let by_hour = self.asked.period == Period::Day;
        let column = |(slot, tally): (&Slot, &Tally)| {
            let (n_in, n_out) = tally.of(self.asked.kind);
            let (told_in, told_out) = (self.whole(n_in), self.whole(n_out));
            Column {
                label: slot.hour.map_or_else(
                    || slot.day.strftime("%d/%m").to_string(),
                    |hour| format!("{hour}"),
                ),
                title: format!(
                    "{}: {} {told_in}, {} {told_out}",
                    self.slot_word(slot),
                    f.into,
                    f.out
                ),
                n_in,
                n_out,
                is_now: is_in(slot, self.teller.now),
            }
        };
        let columns = self.report.slots.iter().zip(by_slot).map(column).collect();
        let title = if by_hour { f.chart_hours } else { f.chart_days };
        Bars::new((title, f.chart_below), columns, |n| self.whole(n))
    }

    fn slots(&self, by_slot: &[Tally]) -> Vec<SlotView> {
        let has_pictures = !matches!(self.asked.entrance, Some(Entrance::Line(..)));
        let view = |(slot, tally): (&Slot, &Tally)| {
            let (n_in, n_out) = tally.of(self.asked.kind);
            let is_empty = n_in == 0 && n_out == 0;
            let hour = slot.hour.filter(|_| has_pictures && !is_empty);
            SlotView {
                word: self.slot_word(slot),
                n_in: self.whole(n_in),
                n_out: self.whole(n_out),
                is_empty,
                href: hour.map(|hour| self.asked.address(self.asked.on, Some(hour))),
                is_chosen: slot.hour.is_some() && slot.hour == self.asked.hour,
            }
        };
        let begun = self.report.slots.iter().zip(by_slot);
        let begun = begun.filter(|(slot, _)| slot.from <= self.teller.now);
        begun.map(view).collect()
    }

    fn by_entrance(&self) -> Vec<EntranceView> {
        let kind = self.asked.kind;
        let all = self.report.total().both(kind).max(1);
        let view = |(entrance, tally): (&Entrance, Tally)| {
            let (n_in, n_out) = tally.of(kind);
            EntranceView {
                name: self.app.entrance_name(entrance),
                id: entrance.to_string(),
                source: match entrance {
                    Entrance::Gate(_) => self.f.gate,
                    Entrance::Line(..) => self.f.line,
                },
                n_in: self.whole(n_in),
                n_out: self.whole(n_out),
                percent: tally.both(kind).saturating_mul(100) / all,
            }
        };
        self.report.totals().map(view).collect()
    }

    /// The same days, up to today.
    fn csv(&self, today: Date) -> String {
        let Days { first, last } = self.asked.days;
        let last = last.min(today);
        let mut text = format!("/api/v1/flow.csv?from={first}&until={last}&by=hour");
        if let Some(entrance) = &self.asked.entrance {
            text += &format!("&entrance={entrance}");
        }
        text + &format!("&lang={}", self.lang.code())
    }
}

fn is_in(slot: &Slot, now: Timestamp) -> bool {
    slot.from <= now
        && now.since(slot.from) < slot.until.since(slot.from).max(Duration::from_secs(1))
}
