//! Whether the stills suffice.

use crate::words::{UnknownCode, coded};
use domain::{EvidenceItem, EvidenceRole};
use std::{fmt, str::FromStr};

coded! {
    /// What the evidence of a case lacks.
    Missing {
        /// A still before the act.
        Before = "still-before",
        /// A still at the act.
        At = "still-at",
        /// A still after the act.
        After = "still-after",
        /// Three different frames, captured in this order: before, at, after.
        TimeOrder = "time-order",
    }
}

/// What these stills lack, in a fixed order; nothing when a person may judge the act by them.
///
/// A plate crop is not asked for: a reviewer may read the plate in the stills.
pub fn missing(evidence: &[EvidenceItem]) -> Vec<Missing> {
    let stills = |role| evidence.iter().filter(move |item| item.role == role);
    let roles = [
        (EvidenceRole::Before, Missing::Before),
        (EvidenceRole::At, Missing::At),
        (EvidenceRole::After, Missing::After),
    ];
    let mut lacking: Vec<Missing> = roles
        .into_iter()
        .filter(|(role, _)| stills(*role).next().is_none())
        .map(|(_, what)| what)
        .collect();
    if lacking.is_empty() {
        let first = |role| stills(role).min_by_key(|item| (item.captured_at, item.frame_seq));
        let is_in_order = |earlier, later| match (first(earlier), first(later)) {
            (Some(a), Some(b)) => {
                a.captured_at < b.captured_at && a.frame_seq != b.frame_seq && a.sha256 != b.sha256
            }
            _ => false,
        };
        let is_ordered = is_in_order(EvidenceRole::Before, EvidenceRole::At)
            && is_in_order(EvidenceRole::At, EvidenceRole::After);
        if !is_ordered {
            lacking.push(Missing::TimeOrder);
        }
    }
    lacking
}
