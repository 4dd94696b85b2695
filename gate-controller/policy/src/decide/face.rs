//! The rows of a lane that asks for the face of an enrolled person, first or besides.

use super::{Answer, Found, Question};
use domain::{Assurance, FaceMatch, ReferReason, Sighting, face::FaceVote, ports::Registry};

/// The first in order of similarity; of equals the one with the smaller id.
pub(crate) fn best(vote: &FaceVote) -> Option<FaceMatch> {
    let order = |a: &&FaceMatch, b: &&FaceMatch| {
        let by_similarity = a.similarity.total_cmp(&b.similarity);
        by_similarity.then_with(|| b.person.cmp(&a.person))
    };
    vote.candidates.iter().max_by(order).copied()
}

/// The person that it is, when it is anybody enrolled at all.
pub(crate) fn same(vote: &FaceVote) -> Option<FaceMatch> {
    best(vote).filter(FaceMatch::is_same)
}

pub(super) fn is_seen<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    let sighting = q.evidence.sighting;
    match &sighting.face {
        Some(vote) => Answer::require(vote.n_views != 0, ReferReason::Unreadable),
        None if sighting.plate.is_some() || sighting.class.is_motor_vehicle() => {
            Answer::refer(ReferReason::FactorMissing)
        }
        None => Answer::refer(ReferReason::Unreadable),
    }
}

/// Liveness before identity: whom a picture resembles is nobody's business.
fn is_live<R>(q: &Question<'_, R>, vote: Option<&FaceVote>) -> Answer {
    let liveness = vote.and_then(|vote| vote.liveness);
    let is_live = liveness.map_or(!q.policy.is_liveness_required, |said| said.is_live());
    Answer::require(is_live, ReferReason::LivenessFailed)
}

pub(super) fn live<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    is_live(q, q.evidence.sighting.face.as_ref())
}

/// Finds the entry of the person.
pub(super) fn enrolled<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let vote = q.evidence.sighting.face.as_ref();
    let entry = vote
        .and_then(same)
        .and_then(|best| q.registry.find_person(best.person).map(|e| (best, e)));
    match entry {
        Some((best, entry)) => {
            found.person = Some(best.person);
            found.fitting = vec![entry];
            Answer::Pass
        }
        None => Answer::refer(ReferReason::Unknown),
    }
}

/// What frames agree on and what liveness said is about the first candidate alone: it must not let
/// in somebody who looked more similar in a frame or two.
fn is_nobody_else<R>(q: &Question<'_, R>, vote: Option<&FaceVote>) -> Answer {
    let is_apart = vote.is_some_and(|vote| {
        let Some(best) = best(vote) else { return false };
        let is_agreed_on = vote.candidates.first().map(|first| first.person) == Some(best.person);
        let mut others = vote.candidates.iter();
        is_agreed_on
            && others.all(|other| {
                other.person == best.person
                    || q.policy.face_margin_min <= best.similarity - other.similarity
            })
    });
    Answer::require(is_apart, ReferReason::Ambiguous)
}

pub(super) fn nobody_else<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    is_nobody_else(q, q.evidence.sighting.face.as_ref())
}

pub(super) fn decisive<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    found.proved(Assurance::Face);
    Answer::require(
        q.evidence.sighting.is_face_decisive,
        ReferReason::ScoreTooLow,
    )
}

pub(super) fn frames_agree<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    let vote = q.evidence.sighting.face.as_ref();
    let n_agreeing = vote.map_or(0, |vote| vote.n_agreeing);
    let is_enough = q.policy.agreeing_min <= n_agreeing;
    Answer::require(is_enough, ReferReason::ScoreTooLow)
}

fn do_most_agree<R>(q: &Question<'_, R>, vote: Option<&FaceVote>) -> Answer {
    let is_share = vote.is_some_and(|vote| {
        let share_min = q.policy.face_agreeing_share_min * vote.n_views as f32;
        share_min <= vote.n_agreeing as f32 && q.policy.agreeing_min <= vote.n_agreeing
    });
    Answer::require(is_share, ReferReason::ScoreTooLow)
}

pub(super) fn most_frames_agree<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    do_most_agree(q, q.evidence.sighting.face.as_ref())
}

/// The face that goes with a vehicle: of the same sighting, or the newest that was seen apart.
fn driver<'a, R>(q: &Question<'a, R>) -> Option<(&'a Sighting, &'a FaceVote)> {
    let evidence = q.evidence;
    let both = [Some(evidence.sighting), evidence.face];
    both.into_iter().flatten().find_map(|sighting| {
        let vote = sighting.face.as_ref().filter(|vote| vote.n_views != 0)?;
        let until = sighting.last_seen_at.saturating_add(q.policy.second_within);
        (q.now <= until).then_some((sighting, vote))
    })
}

pub(super) fn second<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    Answer::require(driver(q).is_some(), ReferReason::SecondFactorMissing)
}

pub(super) fn second_live<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    is_live(q, driver(q).map(|(_, vote)| vote))
}

pub(super) fn second_enrolled<'a, R: Registry>(
    q: &Question<'a, R>,
    found: &mut Found<'a>,
) -> Answer {
    let best = driver(q).and_then(|(_, vote)| same(vote));
    found.person = best.map(|best| best.person);
    Answer::require(best.is_some(), ReferReason::SecondFactorMissing)
}

pub(super) fn second_nobody_else<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    is_nobody_else(q, driver(q).map(|(_, vote)| vote))
}

pub(super) fn second_decisive<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    found.proved(Assurance::Face);
    let is_sure = driver(q).is_some_and(|(sighting, _)| sighting.is_face_decisive);
    Answer::require(is_sure, ReferReason::ScoreTooLow)
}

pub(super) fn second_agrees<R>(q: &Question<'_, R>, _: &mut Found<'_>) -> Answer {
    do_most_agree(q, driver(q).map(|(_, vote)| vote))
}

/// An entry that names a person is for that person; one that names nobody is for every enrolled
/// person who may pass here now.
pub(super) fn second_belongs<'a, R: Registry>(
    q: &Question<'a, R>,
    found: &mut Found<'a>,
) -> Answer {
    let (Some(entry), Some(person)) = (found.entry, found.person) else {
        return Answer::refer(ReferReason::FactorsDisagree);
    };
    let belongs = match entry.person {
        Some(own) => own == person,
        None => {
            let own = q.registry.find_person(person);
            own.is_some_and(|own| super::entry::is_let_in(q, own))
        }
    };
    Answer::require(belongs, ReferReason::FactorsDisagree)
}
