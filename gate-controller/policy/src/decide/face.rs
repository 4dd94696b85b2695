//! Lanes that ask for the face of an enrolled person.

use super::{Case, entries, require};
use domain::{FaceMatch, Outcome, ReferReason, Rule, face::FaceVote, ports::Registry};

pub(super) fn judge<R: Registry>(
    case: &Case<R>,
    path: &mut Vec<Rule>,
) -> Result<Outcome, ReferReason> {
    let (policy, sighting) = (case.policy, case.sighting);
    path.push(Rule::FaceSeen);
    let Some(vote) = &sighting.face else {
        let is_other_kind = sighting.plate.is_some() || sighting.class.is_motor_vehicle();
        return Err(if is_other_kind {
            ReferReason::FactorMissing
        } else {
            ReferReason::Unreadable
        });
    };
    if vote.n_views == 0 {
        return Err(ReferReason::Unreadable);
    }
    // Liveness before identity: whom a picture resembles is nobody's business.
    let is_live = vote
        .liveness
        .map_or(!policy.is_liveness_required, |said| said.is_live());
    require(path, Rule::Live, is_live, ReferReason::LivenessFailed)?;
    path.push(Rule::Enrolled);
    let best = best(vote)
        .filter(FaceMatch::is_same)
        .ok_or(ReferReason::Unknown)?;
    let entry = case
        .registry
        .find_person(best.person)
        .ok_or(ReferReason::Unknown)?;
    // What frames agree on and what liveness said is about the first candidate alone: it must not
    // let in somebody who looked more similar in a frame or two.
    let is_agreed_on = vote.candidates.first().map(|first| first.person) == Some(best.person);
    let is_apart = vote
        .candidates
        .iter()
        .filter(|other| other.person != best.person)
        .all(|other| policy.face_margin_min <= best.similarity - other.similarity);
    let is_nobody_else = is_agreed_on && is_apart;
    require(
        path,
        Rule::NobodyElse,
        is_nobody_else,
        ReferReason::Ambiguous,
    )?;
    let unsure = ReferReason::ScoreTooLow;
    require(path, Rule::Decisive, sighting.is_face_decisive, unsure)?;
    let is_enough = policy.agreeing_min <= vote.n_agreeing;
    require(path, Rule::FramesAgree, is_enough, unsure)?;
    let share_min = policy.face_agreeing_share_min * vote.n_views as f32;
    let is_share = share_min <= vote.n_agreeing as f32;
    require(path, Rule::MostFramesAgree, is_share, unsure)?;
    entries(case, &[entry], path)
}

/// The first in order of similarity; of equals the one with the smaller id.
pub(crate) fn best(vote: &FaceVote) -> Option<FaceMatch> {
    let order = |a: &&FaceMatch, b: &&FaceMatch| {
        let by_similarity = a.similarity.total_cmp(&b.similarity);
        by_similarity.then_with(|| b.person.cmp(&a.person))
    };
    vote.candidates.iter().max_by(order).copied()
}
