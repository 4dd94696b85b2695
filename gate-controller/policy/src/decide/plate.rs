//! Lanes that ask for a plate.

use super::{Case, entries, require};
use crate::Policy;
use domain::{
    Outcome, Plate, PlateVote, ReferReason,
    plate::is_confusable,
    ports::{Registration, Registry},
};
use std::cmp::Ordering;

pub(super) fn judge<R: Registry>(
    case: &Case<R>,
    path: &mut Vec<&'static str>,
) -> Result<Outcome, ReferReason> {
    let sighting = case.sighting;
    path.push("plate-read");
    let Some(vote) = &sighting.plate else {
        let is_other_kind = sighting.face.is_some() || !sighting.class.is_motor_vehicle();
        return Err(if is_other_kind {
            ReferReason::FactorMissing
        } else {
            ReferReason::Unreadable
        });
    };
    let plate = vote.plate().ok_or(ReferReason::Unreadable)?;
    let same_key = case.registry.find_plate(&plate);
    let exact: Vec<&Registration> = same_key
        .iter()
        .filter(|entry| {
            entry
                .plate
                .as_ref()
                .is_some_and(|listed| listed.matches(&plate))
        })
        .copied()
        .collect();
    if exact.is_empty() {
        return Err(not_listed(case, vote, &plate, path));
    }
    is_sure(case, vote, &plate, path)?;
    entries(case, &exact, path)
}

/// Why a plate that is not listed is referred: the reason that tells the guard most.
fn not_listed<R: Registry>(
    case: &Case<R>,
    vote: &PlateVote,
    plate: &Plate,
    path: &mut Vec<&'static str>,
) -> ReferReason {
    // An entry with the same characters on other rows is another vehicle that looks much like this
    // one.
    path.push("no-look-alike");
    let is_like_another = !case.registry.find_plate(plate).is_empty()
        || !case.registry.find_look_alikes(plate).is_empty();
    if is_like_another {
        return ReferReason::LookAlike;
    }
    if let Err(reason) = is_sure(case, vote, plate, path) {
        return reason;
    }
    path.push("grammar");
    if plate.classes().is_empty() {
        return ReferReason::ScoreTooLow;
    }
    path.push("listed");
    ReferReason::Unknown
}

/// The barrier must not open for a misreading: every character is sure, and no look-alike of any
/// is plausible.
///
/// Comparisons are written so that a score that is not a number fails them.
fn is_sure<R: Registry>(
    case: &Case<R>,
    vote: &PlateVote,
    plate: &Plate,
    path: &mut Vec<&'static str>,
) -> Result<(), ReferReason> {
    let policy = case.policy;
    let unsure = ReferReason::ScoreTooLow;
    require(path, "decisive", case.sighting.is_decisive, unsure)?;
    require(
        path,
        "frames-agree",
        policy.agreeing_min <= vote.n_agreeing,
        unsure,
    )?;
    require(
        path,
        "score",
        all_reach(vote, policy.plate_score_min),
        unsure,
    )?;
    require(path, "no-rival", !has_rival(policy, vote, plate), unsure)
}

fn all_reach(vote: &PlateVote, score_min: f32) -> bool {
    let mut chars = vote.rows.iter().flat_map(|row| &row.chars);
    chars.all(|c| score_min <= c.score)
}

/// Whether some character's confusable alternative is likely too, and gives a plate that could
/// exist.
///
/// A listed plate that the grammar does not know (a foreign one) has rivals that it does not know
/// either.
fn has_rival(policy: &Policy, vote: &PlateVote, plate: &Plate) -> bool {
    let is_known_kind = !plate.classes().is_empty();
    vote.rows.iter().enumerate().any(|(row, read)| {
        read.chars.iter().enumerate().any(|(place, char_read)| {
            let best = char_read.best.to_ascii_uppercase();
            char_read.alternatives.iter().any(|(other, score)| {
                let other = other.to_ascii_uppercase();
                is_confusable(best, other)
                    && score.total_cmp(&policy.rival_score_min) != Ordering::Less
                    && (!is_known_kind || could_exist(vote, (row, place), other))
            })
        })
    })
}

fn could_exist(vote: &PlateVote, (row, place): (usize, usize), other: char) -> bool {
    let mut rows: Vec<Vec<char>> = vote
        .rows
        .iter()
        .map(|read| read.chars.iter().map(|c| c.best).collect())
        .collect();
    if let Some(c) = rows.get_mut(row).and_then(|chars| chars.get_mut(place)) {
        *c = other;
    }
    let texts: Vec<String> = rows.into_iter().map(String::from_iter).collect();
    Plate::from_rows(&texts).is_ok_and(|rival| !rival.classes().is_empty())
}
