//! The rows of a lane that asks for a plate.

use super::{Answer, Found, Question};
use domain::{Assurance, Class, Plate, PlateVote, ReferReason, ports::Registry};

/// Reads the plate and looks for the entries that are exactly it.
pub(super) fn is_read<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let sighting = q.evidence.sighting;
    let Some(vote) = &sighting.plate else {
        let is_other_kind = sighting.face.is_some() || !sighting.class.is_motor_vehicle();
        return Answer::refer(if is_other_kind {
            ReferReason::FactorMissing
        } else {
            ReferReason::Unreadable
        });
    };
    let Some(plate) = vote.plate() else {
        return Answer::refer(ReferReason::Unreadable);
    };
    let mut fitting = q.registry.find_plate(&plate);
    fitting.retain(|entry| entry.plate.as_ref().is_some_and(|own| own.matches(&plate)));
    found.fitting = fitting;
    found.vote = Some(vote);
    found.plate = Some(plate);
    Answer::Pass
}

/// Asked of a plate that is not listed. An entry with the same characters on other rows is another
/// vehicle that looks much like this one.
pub(super) fn no_look_alike<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let Some(plate) = found.plate.as_ref().filter(|_| found.fitting.is_empty()) else {
        return Answer::Skip;
    };
    let is_like_another =
        !q.registry.find_plate(plate).is_empty() || !q.registry.find_look_alikes(plate).is_empty();
    Answer::require(!is_like_another, ReferReason::LookAlike)
}

pub(super) fn decisive<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    found.proved(Assurance::Plate);
    Answer::require(
        q.evidence.sighting.is_plate_decisive,
        ReferReason::ScoreTooLow,
    )
}

pub(super) fn frames_agree<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    let n_agreeing = found.vote.map_or(0, |vote| vote.n_agreeing);
    let is_enough = q.policy.agreeing_min <= n_agreeing;
    Answer::require(is_enough, ReferReason::ScoreTooLow)
}

/// The barrier must not open for a misreading: every character is sure.
///
/// Written so that a score that is not a number fails it.
pub(super) fn score<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    let mut chars = found.vote.iter().flat_map(|vote| &vote.rows);
    let is_sure = chars.all(|row| {
        row.chars
            .iter()
            .all(|c| q.policy.plate_score_min <= c.score)
    });
    Answer::require(is_sure, ReferReason::ScoreTooLow)
}

/// Nothing else is plausible in place of any character. Another reading that is on the list is the
/// reason that tells the guard most.
pub(super) fn no_rival<'a, R: Registry>(q: &Question<'a, R>, found: &mut Found<'a>) -> Answer {
    let Some(vote) = found.vote else {
        return Answer::refer(ReferReason::Unreadable);
    };
    let rivals = rivals(vote, q.policy.rival_score_min);
    let is_listed = |rival: &Option<Plate>| {
        let entries = rival.as_ref().map(|rival| q.registry.find_plate(rival));
        entries.is_some_and(|entries| !entries.is_empty())
    };
    if rivals.iter().any(is_listed) {
        Answer::refer(if found.fitting.is_empty() {
            ReferReason::LookAlike
        } else {
            ReferReason::Ambiguous
        })
    } else {
        Answer::require(rivals.is_empty(), ReferReason::ScoreTooLow)
    }
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

/// Asked of a plate that is not listed: what no plate looks like was misread.
pub(super) fn grammar<R>(_: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    match found.plate.as_ref().filter(|_| found.fitting.is_empty()) {
        Some(plate) => Answer::require(!plate.classes().is_empty(), ReferReason::ScoreTooLow),
        None => Answer::Skip,
    }
}

/// An entry that may be a motorbike's or another vehicle's is for the one that the camera sees,
/// when the camera can tell and the rows agree.
pub(super) fn one_class<R>(q: &Question<'_, R>, found: &mut Found<'_>) -> Answer {
    let mut listed = found
        .fitting
        .iter()
        .filter_map(|entry| entry.plate.as_ref());
    let Some(plate) = found.plate.as_ref() else {
        return Answer::Skip;
    };
    if !listed.any(Plate::is_of_two_kinds) {
        return Answer::Skip;
    }
    let is_motorbike = match q.evidence.sighting.class {
        Class::Motorbike => Some(true),
        Class::Car | Class::Bus | Class::Truck => Some(false),
        Class::Person | Class::Bicycle | Class::Face | Class::Plate => None,
    };
    let classes = plate.classes();
    let is_fitting = classes
        .iter()
        .any(|class| is_motorbike == Some(class.is_motorbike()));
    Answer::require(is_fitting, ReferReason::Ambiguous)
}
