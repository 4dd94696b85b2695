//! Whether an order may be given: by whom, why, and for whom it is meant.

use super::OrderReason;
use crate::{
    app::App,
    http::{cases::is_key, problem::Problem},
    store::{Code as _, PassageRow, kind_code},
};
use axum::http::StatusCode;
use domain::{DenyReason, GateId, OrderKind, Outcome, PassageId, PassageState, Rule, VerdictId};
use sha2::{Digest as _, Sha256};

/// Longest reason in a person's own words, in characters.
const NOTE_CHARS_MAX: usize = 200;
/// Longest name of a guard, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 48;
/// What is said for somebody whom no login has checked.
const UNCHECKED: &str = "local/";

/// What a person wants to be done.
pub(crate) struct Wanted {
    pub(crate) gate: Option<GateId>,
    pub(crate) kind: OrderKind,
    /// The account: [`guard_name`] gives it.
    pub(crate) by: String,
    pub(crate) reason: Option<OrderReason>,
    pub(crate) note: String,
    /// The verdict that the person was shown with the passage; none when none was shown. Nothing
    /// when a program does not say.
    pub(crate) seen: Option<Option<VerdictId>>,
    /// Chosen by the client, new for each order.
    pub(crate) key: String,
}

impl Wanted {
    /// SHA-256 of what is asked, so that a key is not used for two requests.
    pub(super) fn request_sha256(&self) -> String {
        let gate = self.gate.as_ref().map_or("*", GateId::as_str);
        let kind = match &self.kind {
            OrderKind::Admit(passage) | OrderKind::Refuse(passage) => passage.to_string(),
            OrderKind::Mode(mode) => mode.code().to_owned(),
            OrderKind::ForgiveAntiPassback(zone) => zone.to_string(),
            OrderKind::Counted {
                zone,
                vehicles,
                people,
            } => format!("{zone} {vehicles} {people}"),
            OrderKind::Open | OrderKind::HoldOpen | OrderKind::Release => String::new(),
        };
        let (what, reason) = (kind_code(&self.kind), self.reason.map(OrderReason::code));
        let words = [
            gate,
            what,
            &kind,
            &self.by,
            reason.unwrap_or(""),
            &self.note,
        ];
        // JSON, because it tells where each text ends.
        let text = serde_json::to_string(&words).expect("texts are JSON");
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The account of somebody who says to be called so; nothing when it is no name: 2 to 48 letters,
/// digits, spaces and `.`, `-`, `'`.
pub(crate) fn guard_name(text: &str) -> Option<String> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_good = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '\'');
    let n_chars = name.chars().count();
    let is_name = (2..=NAME_CHARS_MAX).contains(&n_chars)
        && name.chars().all(is_good)
        && name.chars().any(char::is_alphabetic);
    is_name.then(|| format!("{UNCHECKED}{name}"))
}

/// Whether a text can be a reason in a person's own words; an empty one is none.
fn is_note(text: &str) -> bool {
    text.chars().count() <= NOTE_CHARS_MAX && !text.chars().any(char::is_control)
}

fn conflict(kind: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, kind, detail)
}

/// The reason that the order will carry, when it may be given.
pub(super) async fn check(app: &App, wanted: &Wanted) -> Result<OrderReason, Problem> {
    if app.orders.key.is_none() {
        let detail = "this service has no key for orders; no gate would obey it";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Problem::new(status, "orders-unavailable", detail));
    }
    if !is_key(&wanted.key) {
        return Err(Problem::bad_request(
            "the idempotency key: expected 1 to 128 visible characters",
        ));
    }
    let is_for_all = matches!(
        wanted.kind,
        OrderKind::Mode(_) | OrderKind::ForgiveAntiPassback(_) | OrderKind::Counted { .. }
    );
    if is_for_all == wanted.gate.is_some() {
        return Err(Problem::bad_request(
            "order: mode, forgive-anti-passback and counted are for the whole site \
             (/api/v1/orders), the others for one gate (/api/v1/gates/{gate}/orders)",
        ));
    }
    if let Some(gate) = &wanted.gate {
        check_gate(app, gate).await?;
    }
    if let OrderKind::ForgiveAntiPassback(zone) | OrderKind::Counted { zone, .. } = &wanted.kind
        && app.plan.zone(zone).is_none()
    {
        return Err(Problem::not_found("zone"));
    }
    let is_against_a_denial = match (&wanted.gate, &wanted.kind) {
        (Some(gate), OrderKind::Admit(passage) | OrderKind::Refuse(passage)) => {
            // The same request that comes again is answered as the first one was.
            if let Some(known) = app.store.order_of_key(&wanted.key).await? {
                return Ok(known.reason);
            }
            let row = app.store.passage(*passage).await?.map(|detail| detail.row);
            check_passage(gate, *passage, row, wanted)?
        }
        _ => false,
    };
    check_reason(wanted, is_against_a_denial)
}

/// A gate of the site file, or one that has been heard of.
pub(crate) async fn check_gate(app: &App, gate: &GateId) -> Result<(), Problem> {
    if app.plan.lane(gate).is_some() {
        return Ok(());
    }
    let heard = app.store.gates().await?;
    if heard.iter().any(|row| row.gate == *gate) {
        Ok(())
    } else {
        Err(Problem::not_found("gate"))
    }
}

/// Whether the list or the site turns them away, so that letting them in needs a reason of its own.
pub(crate) fn is_denied(row: &PassageRow) -> bool {
    let Some(verdict) = &row.verdict else {
        return false;
    };
    // What the guard refused a moment ago may be meant otherwise now; what somebody else has
    // decided is not changed without a word.
    let by_whom = match verdict.outcome {
        Outcome::Deny(reason) => reason != DenyReason::Refused,
        Outcome::Grant | Outcome::Refer(_) => false,
    };
    by_whom || verdict.rule_path.0.contains(&Rule::Barred)
}

/// Whether the guard admits whom the list or the site turns away.
fn check_passage(
    gate: &GateId,
    passage: PassageId,
    row: Option<PassageRow>,
    wanted: &Wanted,
) -> Result<bool, Problem> {
    let row = row.filter(|row| row.passage.gate == *gate && row.passage.id == passage);
    let row = row.ok_or_else(|| Problem::not_found("passage at this gate"))?;
    let state = row.passage.state;
    if state.is_over() {
        let detail = "this passage is over: whoever it was has gone or gone through";
        return Err(conflict("passage-over", detail));
    }
    let newest = row.verdict.as_ref().map(|verdict| verdict.id);
    if wanted.seen.is_some_and(|seen| seen != newest) {
        let detail = "the answer to this passage has changed since it was shown; look again";
        return Err(conflict("passage-changed", detail));
    }
    let is_let_in = matches!(state, PassageState::Commanded | PassageState::Opened);
    let is_refusal = matches!(wanted.kind, OrderKind::Refuse(_));
    if is_let_in {
        let detail = "this passage has been let in already";
        return Err(conflict("passage-let-in", detail));
    }
    if is_refusal && !matches!(state, PassageState::Arrived | PassageState::Referred) {
        let detail = "this passage has been answered already";
        return Err(conflict("passage-answered", detail));
    }
    Ok(is_denied(&row))
}

fn check_reason(wanted: &Wanted, is_against_a_denial: bool) -> Result<OrderReason, Problem> {
    let missing = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "order-reason", detail);
    let allowed = OrderReason::of(&wanted.kind);
    let codes = || {
        allowed
            .iter()
            .map(|reason| reason.code())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let unless_told = OrderReason::unless_told(&wanted.kind, is_against_a_denial);
    let Some(reason) = wanted.reason.or(unless_told) else {
        return Err(missing(format!(
            "the reason is missing: one of {}",
            codes()
        )));
    };
    if !allowed.contains(&reason) {
        return Err(missing(format!("reason: expected one of {}", codes())));
    }
    if is_against_a_denial
        && matches!(wanted.kind, OrderKind::Admit(_))
        && reason == OrderReason::Looked
    {
        let detail = "whoever is turned away is let in for a reason of its own only";
        return Err(missing(detail.to_owned()));
    }
    if !is_note(&wanted.note) {
        return Err(missing(format!(
            "note: expected at most {NOTE_CHARS_MAX} characters in one line"
        )));
    }
    if reason == OrderReason::Other && wanted.note.trim().is_empty() {
        return Err(missing(
            "note: say the other reason in a few words".to_owned(),
        ));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name() {
        let name = guard_name("  Nguyễn   Văn A ");
        assert_eq!(name.as_deref(), Some("local/Nguyễn Văn A"));
        assert_eq!(guard_name("O'Neil-2").as_deref(), Some("local/O'Neil-2"));
        for bad in ["", "A", "12", "a/b", "<b>x", "a\nb\u{0}", &"x".repeat(49)] {
            assert_eq!(guard_name(bad), None, "{bad:?}");
        }
    }
}
