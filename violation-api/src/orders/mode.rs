//! What holds for the whole site, and saying it again while it does.

use super::{ORDER_LIFE, publish};
use crate::{app::App, orders::OrderReason, store::OrderRow};
use domain::{OrderId, OrderKind, SiteMode, Timestamp};
use service::shutdown::Shutdown;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

/// How often a mode is said again: a gate that comes back is told within this time.
const SAID_EVERY: Duration = Duration::from_secs(5);
/// Gates that come back all at once are told together, at most so often.
const SAID_EVERY_MIN: Duration = Duration::from_secs(1);
/// The end of a mode is said again for so long, for gates whose connection was away just then;
/// after that only to a gate that comes back.
const NORMAL_SAID_FOR: Duration = Duration::from_secs(600);

/// The mode in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModeNow {
    pub(crate) mode: SiteMode,
    /// Who ordered it.
    pub(crate) by: String,
    pub(crate) reason: OrderReason,
    /// When it was ordered.
    pub(crate) since: Timestamp,
    note: String,
    /// When it was said last.
    said_at: Timestamp,
}

impl ModeNow {
    /// Nothing when it is an order for something else.
    pub(crate) fn of(row: &OrderRow) -> Option<Self> {
        let OrderKind::Mode(mode) = row.kind else {
            return None;
        };
        Some(Self {
            mode,
            by: row.by.clone(),
            reason: row.reason,
            since: row.issued_at,
            note: row.note.clone(),
            said_at: row.issued_at,
        })
    }

    /// The earliest moment at which gates take another word on the mode for the newer one.
    pub(super) fn next_moment(&self) -> Timestamp {
        self.said_at.saturating_add(Duration::from_micros(1))
    }

    fn is_due(&self, now: Timestamp, has_gate_come: bool) -> bool {
        has_gate_come
            || self.mode != SiteMode::Normal
            || now < self.since.saturating_add(NORMAL_SAID_FOR)
    }

    /// The same again, as a new order.
    fn again(&self, id: OrderId, issued_at: Timestamp) -> OrderRow {
        OrderRow {
            id,
            gate: None,
            kind: OrderKind::Mode(self.mode),
            by: self.by.clone(),
            reason: self.reason,
            note: self.note.clone(),
            issued_at,
            expires_at: issued_at.saturating_add(ORDER_LIFE),
            fate: None,
            answer: None,
        }
    }
}

/// Says the mode again and again until the program ends. What is said again is no order of its own:
/// it is not kept.
pub(crate) async fn keep_mode(app: Arc<App>, shutdown: Shutdown) {
    loop {
        let has_gate_come = tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(SAID_EVERY) => false,
            () = app.orders.gate_came.notified() => true,
        };
        say_again(&app, has_gate_come).await;
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(SAID_EVERY_MIN) => (),
        }
    }
}

async fn say_again(app: &App, has_gate_come: bool) {
    let _alone = app.orders.saying_mode.lock().await;
    let now = app.now();
    let Some(mode) = app.orders.mode() else {
        return;
    };
    if !mode.is_due(now, has_gate_come) {
        return;
    }
    let issued_at = now.max(mode.next_moment());
    let row = mode.again(OrderId(app.orders.new_id()), issued_at);
    if publish(app, &row, |_fate| ()) {
        let held = &app.orders.mode;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(ModeNow {
            said_at: issued_at,
            ..mode
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_said_while_it_holds_and_its_end_for_a_while() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let order = |mode| {
            let held = ModeNow {
                mode,
                by: "local/An".to_owned(),
                reason: OrderReason::Drill,
                since: at(0),
                note: String::new(),
                said_at: at(0),
            };
            ModeNow::of(&held.again(OrderId(1), at(0))).unwrap()
        };
        let lockdown = order(SiteMode::Lockdown);
        assert!(lockdown.is_due(at(1_000_000), false));
        let normal = order(SiteMode::Normal);
        assert!(normal.is_due(at(599), false) && !normal.is_due(at(601), false));
        assert!(normal.is_due(at(601), true), "a gate has come back");
        assert_eq!(normal.next_moment(), Timestamp::from_micros(1));
    }
}
