//! Whether there is a place for whoever may pass.

use super::{Answer, Found, Question, entry::its_group};
use crate::AntiPassback;
use domain::{Outcome, ReferReason, ports::Registry};

/// Anti-passback: whoever enters a zone was not inside it. An exit that was read, or a time that
/// the site sets, heals a book that is wrong.
pub(super) fn not_inside<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let policy = q.policy;
    let is_free = its_group(q, found).is_some_and(|group| group.is_free_of_anti_passback);
    let (Some(zone), Some(mover)) = (&policy.route.to, found.mover()) else {
        return Answer::Skip;
    };
    if policy.anti_passback == AntiPassback::Off || is_free {
        return Answer::Skip;
    }
    let last = q.circumstances.book.last_move(&mover);
    let until = |span| last.map(|last| last.at.saturating_add(span));
    let is_remembered = until(policy.inside_forgotten_after).is_some_and(|until| q.now < until);
    let is_inside = is_remembered && last.is_some_and(|last| last.to.as_ref() == Some(zone));
    match policy.anti_passback {
        AntiPassback::Timed(span) if until(span).is_some_and(|until| until <= q.now) => {
            Answer::Pass
        }
        AntiPassback::Soft => {
            found.is_passed_back = is_inside;
            Answer::Pass
        }
        _ => Answer::require(!is_inside, ReferReason::AntiPassback),
    }
}

/// Those who were let in and have not passed yet have their places already.
pub(super) fn room_left<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let Some(zone) = &q.policy.route.to else {
        return Answer::Skip;
    };
    let is_vehicle = q.evidence.sighting.class.is_motor_vehicle();
    let capacity = q.policy.capacity;
    let max = if is_vehicle {
        capacity.vehicles
    } else {
        capacity.people
    };
    let Some(max) = max else {
        return Answer::Skip;
    };
    if its_group(q, found).is_some_and(|group| group.is_free_of_capacity) {
        return Answer::Skip;
    }
    let inside = q.circumstances.book.inside(zone);
    let [vehicles, people] = q.circumstances.n_underway.map(i64::from);
    let n_taken = if is_vehicle {
        inside.vehicles.saturating_add(vehicles)
    } else {
        inside.people.saturating_add(people)
    };
    Answer::require(n_taken < i64::from(max), ReferReason::OverCapacity)
}

/// Of barriers that must not be open together, the others are known to be closed.
pub(super) fn interlock_free<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    if q.circumstances.is_interlock_free {
        Answer::Skip
    } else {
        Answer::refer(ReferReason::Interlocked)
    }
}

pub(super) fn allowed<R>(_: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    Answer::Settle(Outcome::Grant)
}

pub(super) fn open_lane<R>(_: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    Answer::Settle(Outcome::Grant)
}
