//! A lane as its screen shows it, as text.

use super::super::{
    Teller,
    lane_words::LaneWords,
    names::{Badge, Tone},
    view::PassageView,
};
use crate::{
    lane::LaneLook,
    orders::{OrderReason, is_denied},
    programs::Running,
    store::{AlarmRow, OrderFate, OrderRow, PassageRow},
};
use domain::{GateState, OrderKind, PassageId, PassageState};

/// What stands above everything else after a form was sent.
pub(super) struct NoticeView {
    pub(super) tone: Tone,
    pub(super) text: &'static str,
}

/// What became of the order that was just given, or why none was.
pub(super) fn notice(
    l: &LaneWords,
    order: Option<&OrderRow>,
    refused: Option<&str>,
) -> Option<NoticeView> {
    if let Some(kind) = refused {
        let text = match kind {
            "not-signed-on" => l.refused_no_name,
            "guard-name" => l.refused_bad_name,
            "passage-over" => l.refused_over,
            "passage-changed" => l.refused_changed,
            "passage-let-in" => l.refused_let_in,
            "passage-answered" => l.refused_answered,
            "order-reason" => l.refused_reason,
            "orders-unavailable" => l.refused_unavailable,
            _ => l.refused_other,
        };
        let tone = Tone::Bad;
        return Some(NoticeView { tone, text });
    }
    let (tone, text) = match order?.fate {
        Some(OrderFate::Sent) => (Tone::Good, l.sent),
        Some(OrderFate::NotSent) => (Tone::Bad, l.not_sent),
        None => (Tone::Busy, l.being_sent),
    };
    Some(NoticeView { tone, text })
}

/// What is wrong with the lane, so that a guard knows what an order will do.
pub(super) fn warnings(l: &LaneWords, look: &LaneLook) -> Vec<&'static str> {
    if !look.is_connected {
        return vec![l.broker_lost];
    }
    let state = look.barrier.as_ref().map(|barrier| barrier.state);
    let mut warnings = Vec::new();
    if look.controller != Running::Online {
        warnings.push(l.gate_down);
    }
    match state {
        None | Some(GateState::Unknown) => warnings.push(l.barrier_silent),
        Some(GateState::Fault) => warnings.push(l.barrier_fault),
        Some(GateState::Closed | GateState::Opening | GateState::Open | GateState::Closing) => (),
    }
    if look.pipeline != Running::Online && look.camera.is_some() {
        warnings.push(l.pipeline_down);
    }
    warnings
}

/// A reason with its code and its key.
pub(super) struct ReasonView {
    pub(super) code: &'static str,
    pub(super) word: &'static str,
    pub(super) key: usize,
}

/// One choice with its reasons: a form.
pub(super) struct ActView {
    /// For its element.
    pub(super) id: String,
    pub(super) order: &'static str,
    pub(super) word: &'static str,
    pub(super) letter: &'static str,
    /// The letters that open it, in both languages.
    pub(super) letters: &'static str,
    pub(super) tone: Tone,
    pub(super) question: &'static str,
    pub(super) warning: Option<&'static str>,
    pub(super) reasons: Vec<ReasonView>,
    /// The passage that it is for.
    pub(super) passage: Option<String>,
    /// The verdict that is shown with it.
    pub(super) seen: String,
}

impl ActView {
    /// How it looks: admitting and refusing stand out.
    pub(super) fn class(&self) -> String {
        let size = if self.passage.is_some() { " big" } else { "" };
        format!("{}{size}", self.tone.class())
    }
}

pub(super) fn reasons(
    teller: &Teller,
    kind: &OrderKind,
    without: Option<OrderReason>,
) -> Vec<ReasonView> {
    let all = OrderReason::of(kind).iter().copied();
    let shown = all.filter(|reason| *reason != OrderReason::Other && Some(*reason) != without);
    let view = |(key, reason): (usize, OrderReason)| ReasonView {
        code: reason.code(),
        word: teller.w.order_reason(reason),
        key,
    };
    (1..).zip(shown).map(view).collect()
}

/// Who is at the gate.
pub(super) struct NowView {
    pub(super) p: PassageView,
    /// Every question that was asked, and whether it is the one that settled it.
    pub(super) why: Vec<(&'static str, bool)>,
    pub(super) proof: Option<&'static str>,
    pub(super) by: Option<String>,
    /// Local time and milliseconds since the epoch.
    pub(super) answer_until: Option<(String, i64)>,
    /// What stands instead of the choices that there are no more.
    pub(super) settled: Option<&'static str>,
    pub(super) acts: Vec<ActView>,
    pub(super) others: Vec<PassageView>,
}

fn admit(teller: &Teller, l: &LaneWords, row: &PassageRow) -> ActView {
    let is_denied = is_denied(row);
    let kind = OrderKind::Admit(row.passage.id);
    let without = is_denied.then_some(OrderReason::Looked);
    ActView {
        id: format!("admit-{}", row.passage.id),
        order: "admit",
        word: l.admit,
        letter: l.key_admit,
        letters: "c a",
        tone: Tone::Good,
        question: l.admit_reason,
        warning: is_denied.then_some(l.against),
        reasons: reasons(teller, &kind, without),
        passage: Some(row.passage.id.to_string()),
        seen: seen(row),
    }
}

fn refuse(teller: &Teller, l: &LaneWords, row: &PassageRow) -> ActView {
    ActView {
        id: format!("refuse-{}", row.passage.id),
        order: "refuse",
        word: l.refuse,
        letter: l.key_refuse,
        letters: "t r",
        tone: Tone::Bad,
        question: l.refuse_reason,
        warning: None,
        reasons: reasons(teller, &OrderKind::Refuse(row.passage.id), None),
        passage: Some(row.passage.id.to_string()),
        seen: seen(row),
    }
}

fn seen(row: &PassageRow) -> String {
    let verdict = row.verdict.as_ref();
    verdict.map_or_else(String::new, |verdict| verdict.id.to_string())
}

/// What can be ordered without a passage.
pub(super) fn manual(teller: &Teller, l: &LaneWords) -> Vec<ActView> {
    let rows = [
        (OrderKind::Open, "open", l.open, l.key_open, "m o"),
        (OrderKind::HoldOpen, "hold-open", l.hold, l.key_hold, "g h"),
        (
            OrderKind::Release,
            "release",
            l.release,
            l.key_release,
            "d l",
        ),
    ];
    let act = |(kind, order, word, letter, letters): (OrderKind, &'static str, _, _, _)| ActView {
        id: order.to_owned(),
        order,
        word,
        letter,
        letters,
        tone: Tone::Quiet,
        question: l.reason,
        warning: None,
        reasons: reasons(teller, &kind, None),
        passage: None,
        seen: String::new(),
    };
    rows.into_iter().map(act).collect()
}

pub(super) fn now(teller: &Teller, l: &LaneWords, look: &LaneLook) -> Option<NowView> {
    let row = look.waiting.as_ref()?;
    let verdict = row.verdict.as_ref();
    let path = verdict.map_or(&[][..], |verdict| &verdict.rule_path.0);
    let n_asked = path.len();
    let why = (1..)
        .zip(path)
        .map(|(n, rule)| (teller.w.gate_rule(*rule), n == n_asked));
    let state = row.passage.state;
    let (settled, acts) = match state {
        PassageState::Arrived | PassageState::Referred => {
            (None, vec![admit(teller, l, row), refuse(teller, l, row)])
        }
        PassageState::Denied | PassageState::Failed => {
            let is_denied = state == PassageState::Denied;
            let note = is_denied.then_some(l.refused_already);
            (note, vec![admit(teller, l, row)])
        }
        _ => (Some(l.admitted_already), Vec::new()),
    };
    Some(NowView {
        p: teller.passage(row),
        why: why.collect(),
        proof: verdict
            .and_then(|verdict| verdict.assurance)
            .map(|assurance| teller.w.assurance(assurance)),
        by: verdict.and_then(|verdict| verdict.by.clone()),
        answer_until: look
            .answer_until
            .map(|until| (teller.moments.short(until), until.as_micros() / 1000)),
        settled,
        acts,
        others: look.others.iter().map(|row| teller.passage(row)).collect(),
    })
}

pub(super) struct AlarmView {
    pub(super) id: String,
    pub(super) word: &'static str,
    pub(super) since: String,
    pub(super) until: Option<String>,
    pub(super) acknowledged: Option<String>,
    pub(super) passage: Option<PassageId>,
}

impl AlarmView {
    /// On and nobody has taken note of it: loud; over or noted: quiet.
    pub(super) fn tone(&self) -> &'static str {
        match (&self.until, &self.acknowledged) {
            (None, None) => "bad",
            (None, Some(_)) | (Some(_), None) => "warn",
            (Some(_), Some(_)) => "quiet",
        }
    }
}

pub(super) fn alarm(teller: &Teller, row: &AlarmRow) -> AlarmView {
    let short = |at| teller.moments.short(at);
    let alarm = &row.alarm;
    // An alarm of a moment ends as it begins.
    let ended = alarm.ended_at.map(|at| {
        if at == alarm.began_at {
            String::new()
        } else {
            short(at)
        }
    });
    AlarmView {
        id: alarm.id.to_string(),
        word: teller.w.alarm(alarm.kind),
        since: short(alarm.began_at),
        until: ended,
        acknowledged: row
            .acknowledged
            .as_ref()
            .map(|(by, at)| format!("{by}, {}", short(*at))),
        passage: alarm.passage,
    }
}

pub(super) struct OrderView {
    pub(super) what: String,
    pub(super) badge: Badge,
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) time: String,
}

pub(super) fn order(teller: &Teller, row: &OrderRow) -> OrderView {
    let reason = teller.w.order_reason(row.reason);
    OrderView {
        what: teller.w.order_kind(&row.kind),
        badge: teller.w.order_state(row, teller.now),
        by: row.by.clone(),
        reason: match &*row.note {
            "" => reason.to_owned(),
            note => format!("{reason}: {note}"),
        },
        time: teller.moments.short(row.issued_at),
    }
}
