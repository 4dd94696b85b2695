//! The rows of a lane that asks for a pass, first or besides.

use super::{Answer, Found, Question};
use domain::{Assurance, DocumentKind, PassId, ReferReason, ports::Registry};

/// The newest pass that was shown in time, and whether it is this site's.
fn newest<R>(q: &Question<'_, R>) -> Option<(PassId, bool)> {
    let mut documents = q.evidence.documents.iter().rev();
    documents.find_map(|document| {
        let until = document.shown_at.saturating_add(q.policy.second_within);
        let latest = q.now.saturating_add(q.policy.clock_tolerance);
        let is_in_time = q.now <= until && document.shown_at <= latest;
        match document.kind {
            DocumentKind::Pass { pass, is_genuine } if is_in_time => Some((pass, is_genuine)),
            DocumentKind::Pass { .. } | DocumentKind::CitizenCard { .. } => None,
        }
    })
}

/// Finds the entry of the pass.
pub(super) fn is_shown<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    match newest(q) {
        Some((pass, is_genuine)) => {
            found.pass = Some(pass);
            if is_genuine {
                found.fitting.extend(q.registry.find_pass(pass));
            }
            Answer::Pass
        }
        None => Answer::refer(ReferReason::FactorMissing),
    }
}

pub(super) fn is_genuine<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    found.proved(Assurance::Pass);
    let is_genuine = newest(q).is_some_and(|(_, is_genuine)| is_genuine);
    Answer::require(is_genuine, ReferReason::PassInvalid)
}

pub(super) fn second<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    found.pass = newest(q).map(|(pass, _)| pass);
    Answer::require(found.pass.is_some(), ReferReason::SecondFactorMissing)
}

pub(super) fn second_genuine<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    is_genuine(q, found)
}

/// An entry that names a pass is for that pass; one that names none is for every pass that may be
/// used here now.
pub(super) fn second_belongs<'a, R: Registry>(
    q: &Question<'a, R>,
    found: &mut Found<'a>,
) -> Answer {
    let (Some(entry), Some(pass)) = (found.entry, found.pass) else {
        return Answer::refer(ReferReason::FactorsDisagree);
    };
    let belongs = match entry.pass {
        Some(own) => own == pass,
        None => {
            let own = q.registry.find_pass(pass).filter(|own| own.plate.is_none());
            own.is_some_and(|own| super::entry::is_let_in(q, own))
        }
    };
    Answer::require(belongs, ReferReason::FactorsDisagree)
}

pub(super) fn second_unused<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let entry = found.pass.and_then(|pass| q.registry.find_pass(pass));
    super::entry::is_unused(q, entry)
}
