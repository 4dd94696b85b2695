//! Parts that change hands: a plate or face whose sighting has lost its track, and one that stays
//! alone.

use super::ADOPTION_HITS_MIN;
use crate::{
    parts::{Ballot, Parts},
    subject::Subject,
};
use domain::{Class, Timestamp, TrackState};
use std::collections::BTreeMap;

/// Pairs of a subject that is new and believed, and the one whose plate or face it carries.
pub(super) fn adoptions<B: Ballot>(
    parts: &Parts<B>,
    (subjects, at): (&BTreeMap<u64, Subject>, Timestamp),
) -> Vec<(u64, u64)> {
    let mut pairs = Vec::new();
    for part in parts.iter() {
        let (Some(from), Some(to)) = (part.carrier, part.owner()) else {
            continue;
        };
        let is_new = subjects
            .get(&from)
            .is_some_and(|s| s.id.is_none() && s.is_believed);
        let is_told = subjects
            .get(&to)
            .is_some_and(|s| s.id.is_some() && s.is_astray(at));
        let is_same = part.is_as_before();
        if from != to && is_same && is_new && is_told && ADOPTION_HITS_MIN <= part.n_votes(from) {
            pairs.push((from, to));
        }
    }
    pairs
}

/// Makes a subject for each part that stayed alone, with keys from `first_key` on.
pub(super) fn start_each<B: Ballot>(
    parts: &mut Parts<B>,
    alone_min: u32,
    (first_key, class): (u64, Class),
) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for part in parts.iter_mut() {
        let is_alone = part.owner().is_none()
            && !part.is_spent
            && alone_min <= part.n_alone
            && part.track.state == TrackState::Confirmed;
        if is_alone {
            let mut subject = Subject::new(&part.track);
            subject.class = class;
            subject.is_believed = true;
            part.give_to(first_key + subjects.len() as u64);
            subjects.push(subject);
        }
    }
    subjects
}
