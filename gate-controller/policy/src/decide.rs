//! One sighting, one list, one moment: one answer, and the rules that led to it.

use crate::{Factor, Policy, schedule};
use domain::{
    Access, DenyReason, Outcome, ReferReason, Registration, Rule, RulePath, Sighting, Timestamp,
    ports::Registry,
};

pub(crate) mod face;
mod plate;

/// An answer and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// The rules in the order in which they were asked: all but the last were passed, the last one
    /// settled it.
    pub rule_path: RulePath,
}

/// What every rule may look at.
struct Case<'a, R> {
    policy: &'a Policy,
    registry: &'a R,
    sighting: &'a Sighting,
    now: Timestamp,
}

/// Judges one sighting.
///
/// Total, pure and synchronous: equal inputs give equal answers, and there is no error to return.
/// Only an exact match of a sure reading grants, and only a list entry that a person made denies.
pub fn decide(
    policy: &Policy,
    registry: &impl Registry,
    sighting: &Sighting,
    now: Timestamp,
) -> Decision {
    let mut rule_path = Vec::new();
    let case = Case {
        policy,
        registry,
        sighting,
        now,
    };
    let outcome = match judge(&case, &mut rule_path) {
        Ok(outcome) => outcome,
        Err(reason) => Outcome::Refer(reason),
    };
    Decision {
        outcome,
        rule_path: RulePath(rule_path),
    }
}

/// `Err` is a reason to ask the guard, so that `?` reads as "else refer".
fn judge<R: Registry>(case: &Case<R>, path: &mut Vec<Rule>) -> Result<Outcome, ReferReason> {
    let Policy {
        clock_tolerance,
        late_after,
        registry_age_max,
        ..
    } = *case.policy;
    let (seen_at, as_of) = (case.sighting.last_seen_at, case.registry.as_of());
    let latest = case.now.saturating_add(clock_tolerance);
    require(
        path,
        Rule::CapturedNotInFuture,
        seen_at <= latest,
        ReferReason::Late,
    )?;
    let is_recent = case.now <= seen_at.saturating_add(late_after);
    require(path, Rule::CapturedRecently, is_recent, ReferReason::Late)?;
    let is_fresh = as_of <= latest && case.now <= as_of.saturating_add(registry_age_max);
    require(
        path,
        Rule::RegistryFresh,
        is_fresh,
        ReferReason::RegistryStale,
    )?;
    match case.policy.factor {
        Factor::Plate => plate::judge(case, path),
        Factor::Face => face::judge(case, path),
    }
}

fn require(
    path: &mut Vec<Rule>,
    rule: Rule,
    is_passed: bool,
    reason: ReferReason,
) -> Result<(), ReferReason> {
    path.push(rule);
    if is_passed { Ok(()) } else { Err(reason) }
}

/// What the entries that fit say. The caller gives at least one.
fn entries<R: Registry>(
    case: &Case<R>,
    fitting: &[&Registration],
    path: &mut Vec<Rule>,
) -> Result<Outcome, ReferReason> {
    path.push(Rule::Listed);
    let Some((first, others)) = fitting.split_first() else {
        return Err(ReferReason::Unknown);
    };
    // Several entries that all bar leave no doubt, however they differ.
    if fitting.iter().all(|entry| entry.access == Access::Bar) {
        path.push(Rule::Barred);
        let in_force = fitting.iter().map(|entry| validity(case, entry));
        return in_force
            .reduce(Result::or)
            .unwrap_or(Err(ReferReason::Unknown))
            .map(|()| Outcome::Deny(DenyReason::Barred));
    }
    let is_one = others.iter().all(|other| say_the_same(first, other));
    require(path, Rule::OneEntry, is_one, ReferReason::Ambiguous)?;
    path.push(Rule::ValidNow);
    validity(case, first)?;
    path.push(Rule::Allowed);
    Ok(Outcome::Grant)
}

/// The plate's spelling apart, because `51G-123.45` and `51G/123.45` are the same entry twice.
fn say_the_same(a: &Registration, b: &Registration) -> bool {
    (a.person, a.access, a.valid_from, a.valid_until)
        == (b.person, b.access, b.valid_from, b.valid_until)
        && a.schedule == b.schedule
}

fn validity<R: Registry>(case: &Case<R>, entry: &Registration) -> Result<(), ReferReason> {
    if entry.valid_from.is_some_and(|from| case.now < from) {
        return Err(ReferReason::NotYetValid);
    }
    if entry.valid_until.is_some_and(|until| until <= case.now) {
        return Err(ReferReason::Expired);
    }
    if !schedule::is_open(&entry.schedule, case.now, case.policy.utc_offset_minutes) {
        return Err(ReferReason::OutsideSchedule);
    }
    Ok(())
}
