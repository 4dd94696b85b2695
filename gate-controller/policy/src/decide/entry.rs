//! What the list says of what was shown.

use super::{Answer, Found, Question};
use crate::{Factor, schedule::LocalTime};
use domain::{Access, DenyReason, Group, Outcome, ReferReason, Registration, ports::Registry};

pub(super) fn listed<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    if found.fitting.is_empty() {
        return Answer::refer(match q.policy.factor {
            Factor::Pass => ReferReason::PassInvalid,
            _ => ReferReason::Unknown,
        });
    }
    narrow(q, found);
    found.entry = found.fitting.first().copied();
    Answer::Pass
}

/// One lorry may have an entry for each of its drivers: those that name the one who is here count
/// before the others.
fn narrow<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) {
    let person = match q.policy.second {
        Some(Factor::Face) => {
            let both = [Some(q.evidence.sighting), q.evidence.face];
            let mut votes = both.into_iter().flatten().filter_map(|s| s.face.as_ref());
            votes.find_map(super::face::same).map(|best| best.person)
        }
        _ => None,
    };
    let is_for = |entry: &&Registration| person.is_some() && entry.person == person;
    if found.fitting.iter().any(is_for) {
        let is_barring = |entry: &&Registration| entry.access == Access::Bar;
        found
            .fitting
            .retain(|entry| is_for(entry) || is_barring(entry));
    }
}

/// Several entries that all bar leave no doubt, however they differ.
pub(super) fn barred<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let is_barring = |entry: &&Registration| entry.access == Access::Bar;
    if found.fitting.is_empty() || !found.fitting.iter().all(is_barring) {
        return Answer::Skip;
    }
    let in_force = found.fitting.iter().map(|entry| validity(q, entry));
    match in_force.reduce(Result::or) {
        Some(Ok(())) => Answer::Settle(Outcome::Deny(DenyReason::Barred)),
        Some(Err(reason)) => Answer::refer(reason),
        None => Answer::refer(ReferReason::Unknown),
    }
}

pub(super) fn one_entry<R>(_: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    let is_one = match found.fitting.split_first() {
        Some((first, others)) => others.iter().all(|other| say_the_same(first, other)),
        None => true,
    };
    Answer::require(is_one, ReferReason::Ambiguous)
}

/// The plate's spelling apart, because `51G-123.45` and `51G/123.45` are the same entry twice.
fn say_the_same(a: &Registration, b: &Registration) -> bool {
    let spelt_alike = Registration {
        plate: a.plate.clone(),
        ..b.clone()
    };
    *a == spelt_alike
}

/// The group of an entry: `Err` when it names one that is not there.
fn group_of<'a, R: Registry>(
    q: &Question<'a, R>,
    entry: &Registration,
) -> Result<Option<&'a Group>, ReferReason> {
    match &entry.group {
        None => Ok(None),
        Some(name) => match q.registry.find_group(name) {
            Some(group) => Ok(Some(group)),
            None => Err(ReferReason::GroupUnknown),
        },
    }
}

/// The group of the entry that counts, for rows after [`group`].
pub(super) fn its_group<'a, R: Registry>(
    q: &Question<'a, R>,
    found: &Found<'a>,
) -> Option<&'a Group> {
    found.entry.and_then(|entry| group_of(q, entry).ok()?)
}

/// A group that nobody has described gives nobody anything.
pub(super) fn group<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    match found.entry.map(|entry| group_of(q, entry)) {
        Some(Ok(Some(_))) => Answer::Pass,
        Some(Err(reason)) => Answer::refer(reason),
        Some(Ok(None)) | None => Answer::Skip,
    }
}

pub(super) fn this_gate<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    match its_group(q, found) {
        Some(group) if !group.gates.is_empty() => {
            Answer::require(group.gates.contains(q.gate), ReferReason::NotThisGate)
        }
        Some(_) | None => Answer::Skip,
    }
}

pub(super) fn valid_now<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    match found.entry.map(|entry| validity(q, entry)) {
        Some(Err(reason)) => Answer::refer(reason),
        Some(Ok(())) | None => Answer::Pass,
    }
}

/// Whether an entry is in force at this day and hour.
pub(super) fn validity<R: Registry>(
    q: &Question<'_, R>,
    entry: &Registration,
) -> Result<(), ReferReason> {
    if entry.valid_from.is_some_and(|from| q.now < from) {
        return Err(ReferReason::NotYetValid);
    }
    if entry.valid_until.is_some_and(|until| until <= q.now) {
        return Err(ReferReason::Expired);
    }
    let group = group_of(q, entry)?;
    if !local_time(q).is_open(entry, group, q.now) {
        return Err(ReferReason::OutsideSchedule);
    }
    Ok(())
}

pub(super) fn local_time<'a, R: Registry>(q: &Question<'a, R>) -> LocalTime<'a> {
    LocalTime {
        calendar: q.registry.calendar(),
        utc_offset_minutes: q.policy.utc_offset_minutes,
    }
}

/// Whether an entry lets in, here and now, by itself.
pub(super) fn is_let_in<R: Registry>(q: &Question<'_, R>, entry: &Registration) -> bool {
    let is_for_gate = |group: Option<&Group>| {
        group.is_none_or(|group| group.gates.is_empty() || group.gates.contains(q.gate))
    };
    entry.access == Access::Allow
        && validity(q, entry).is_ok()
        && group_of(q, entry).is_ok_and(is_for_gate)
}

pub(super) fn pass_unused<R: Registry>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    is_unused(q, found.entry)
}

pub(super) fn is_unused<R>(q: &Question<'_, R>, entry: Option<&Registration>) -> Answer {
    let limit = entry.and_then(|entry| Some((entry.pass?, entry.uses_max?)));
    match limit {
        // Who was let in is let out, however often.
        Some(_) if q.policy.route.leads_out() => Answer::Skip,
        Some((pass, uses_max)) => {
            // Who was let in with it and stands before the open barrier has used it, too.
            let underway = q.circumstances.passes_underway.iter();
            let n_underway = underway.filter(|used| **used == pass).count();
            let n_underway = u32::try_from(n_underway).unwrap_or(u32::MAX);
            let n_used = q.circumstances.book.uses(pass).saturating_add(n_underway);
            let is_left = n_used < uses_max;
            Answer::require(is_left, ReferReason::PassUsed)
        }
        None => Answer::Skip,
    }
}
