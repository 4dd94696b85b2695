//! Lanes that ask for a plate.

use super::{Case, entries, require};
use domain::{Class, Outcome, Plate, PlateVote, ReferReason, Registration, Rule, ports::Registry};

pub(super) fn judge<R: Registry>(
    case: &Case<R>,
    path: &mut Vec<Rule>,
) -> Result<Outcome, ReferReason> {
    let sighting = case.sighting;
    path.push(Rule::PlateRead);
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
    is_sure(case, vote, ReferReason::Ambiguous, path)?;
    of_one_class(case, &exact, &plate, path)?;
    entries(case, &exact, path)
}

/// Why a plate that is not listed is referred: the reason that tells the guard most.
fn not_listed<R: Registry>(
    case: &Case<R>,
    vote: &PlateVote,
    plate: &Plate,
    path: &mut Vec<Rule>,
) -> ReferReason {
    // An entry with the same characters on other rows is another vehicle that looks much like this
    // one.
    path.push(Rule::NoLookAlike);
    let is_like_another = !case.registry.find_plate(plate).is_empty()
        || !case.registry.find_look_alikes(plate).is_empty();
    if is_like_another {
        return ReferReason::LookAlike;
    }
    if let Err(reason) = is_sure(case, vote, ReferReason::LookAlike, path) {
        return reason;
    }
    path.push(Rule::Grammar);
    if plate.classes().is_empty() {
        return ReferReason::ScoreTooLow;
    }
    path.push(Rule::Listed);
    ReferReason::Unknown
}

/// The barrier must not open for a misreading: every character is sure, and nothing else is
/// plausible in its place. `on_listed_rival` is the reason when the other reading is on the list.
///
/// Comparisons are written so that a score that is not a number fails them.
fn is_sure<R: Registry>(
    case: &Case<R>,
    vote: &PlateVote,
    on_listed_rival: ReferReason,
    path: &mut Vec<Rule>,
) -> Result<(), ReferReason> {
    let policy = case.policy;
    let unsure = ReferReason::ScoreTooLow;
    require(
        path,
        Rule::Decisive,
        case.sighting.is_plate_decisive,
        unsure,
    )?;
    require(
        path,
        Rule::FramesAgree,
        policy.agreeing_min <= vote.n_agreeing,
        unsure,
    )?;
    require(
        path,
        Rule::Score,
        all_reach(vote, policy.plate_score_min),
        unsure,
    )?;
    path.push(Rule::NoRival);
    let rivals = rivals(vote, policy.rival_score_min);
    let is_listed = |rival: &Option<Plate>| {
        let found = rival.as_ref().map(|rival| case.registry.find_plate(rival));
        found.is_some_and(|entries| !entries.is_empty())
    };
    if rivals.iter().any(is_listed) {
        Err(on_listed_rival)
    } else if rivals.is_empty() {
        Ok(())
    } else {
        Err(unsure)
    }
}

fn all_reach(vote: &PlateVote, score_min: f32) -> bool {
    let mut chars = vote.rows.iter().flat_map(|row| &row.chars);
    chars.all(|c| score_min <= c.score)
}

/// The other readings that are likely too; `None` for one that has not the form of a plate.
///
/// Every likely alternative counts, whether or not it is known as a look-alike and whether or not
/// the grammar has such a plate: dirt and shadow do not keep to a table, and what stands there
/// instead was read by a camera that is not sure of this character.
fn rivals(vote: &PlateVote, score_min: f32) -> Vec<Option<Plate>> {
    let mut rivals = Vec::new();
    for (row, read) in vote.rows.iter().enumerate() {
        for (place, char_read) in read.chars.iter().enumerate() {
            for (other, score) in &char_read.alternatives {
                let is_unlikely = *score < score_min;
                if !is_unlikely && fold(*other) != fold(char_read.best) {
                    rivals.push(with_char(vote, (row, place), *other));
                }
            }
        }
    }
    rivals
}

/// As the list's keys do: `Đ` and `D` are one character there.
fn fold(c: char) -> char {
    match c.to_ascii_uppercase() {
        'Đ' | 'đ' => 'D',
        other => other,
    }
}

fn with_char(vote: &PlateVote, (row, place): (usize, usize), other: char) -> Option<Plate> {
    let mut rows: Vec<Vec<char>> = vote
        .rows
        .iter()
        .map(|read| read.chars.iter().map(|c| c.best).collect())
        .collect();
    *rows.get_mut(row)?.get_mut(place)? = other;
    let texts: Vec<String> = rows.into_iter().map(String::from_iter).collect();
    Plate::from_rows(&texts).ok()
}

/// An entry that may be a motorbike's or another vehicle's is for the one that the camera sees,
/// when the camera can tell and the rows agree.
fn of_one_class<R: Registry>(
    case: &Case<R>,
    exact: &[&Registration],
    plate: &Plate,
    path: &mut Vec<Rule>,
) -> Result<(), ReferReason> {
    let is_motorbike = match case.sighting.class {
        Class::Motorbike => Some(true),
        Class::Car | Class::Bus | Class::Truck => Some(false),
        Class::Person | Class::Bicycle | Class::Face | Class::Plate => None,
    };
    let read = plate.classes();
    let is_fitting = read
        .iter()
        .any(|class| is_motorbike == Some(class.is_motorbike()));
    let listed = exact.iter().filter_map(|entry| entry.plate.as_ref());
    if listed.into_iter().any(Plate::is_of_two_kinds) {
        require(path, Rule::OneClass, is_fitting, ReferReason::Ambiguous)?;
    }
    Ok(())
}
