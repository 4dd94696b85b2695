//! Whether now is a moment at which anybody may be let in.

use super::{Answer, Found, Question};
use domain::{DenyReason, Outcome, ReferReason, SiteMode, ports::Registry};

/// In a lockdown nobody is let in; whoever wants out is the guard's to judge.
pub(super) fn not_locked_down<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    match q.circumstances.mode {
        SiteMode::Lockdown if q.policy.route.leads_out() => Answer::refer(ReferReason::Lockdown),
        SiteMode::Lockdown => Answer::Settle(Outcome::Deny(DenyReason::Lockdown)),
        SiteMode::Normal | SiteMode::Evacuation => Answer::Skip,
    }
}

pub(super) fn not_evacuated<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    let is_evacuated = q.circumstances.mode == SiteMode::Evacuation;
    if is_evacuated && !q.policy.route.leads_out() {
        Answer::Settle(Outcome::Deny(DenyReason::Evacuation))
    } else {
        Answer::Skip
    }
}

/// Whoever leaves in an evacuation is let out: no clock, list or camera keeps anybody inside.
pub(super) fn evacuation_exit<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    if q.circumstances.mode == SiteMode::Evacuation {
        Answer::Settle(Outcome::Grant)
    } else {
        Answer::Skip
    }
}

pub(super) fn not_in_future<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    let latest = q.now.saturating_add(q.policy.clock_tolerance);
    let seen_at = q.evidence.sighting.last_seen_at;
    Answer::require(seen_at <= latest, ReferReason::Late)
}

pub(super) fn recently<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    let seen_at = q.evidence.sighting.last_seen_at;
    let is_recent = q.now <= seen_at.saturating_add(q.policy.late_after);
    Answer::require(is_recent, ReferReason::Late)
}

/// A lane that asks for nothing needs no list.
pub(super) fn registry_fresh<R: Registry>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    if q.policy.factor == crate::Factor::Anyone {
        return Answer::Skip;
    }
    let as_of = q.registry.as_of();
    let latest = q.now.saturating_add(q.policy.clock_tolerance);
    let is_young = q.now <= as_of.saturating_add(q.policy.registry_age_max);
    let is_in_force = q.registry.expires_at().is_none_or(|end| q.now < end);
    let is_fresh = as_of <= latest && is_young && is_in_force;
    Answer::require(is_fresh, ReferReason::RegistryStale)
}
