//! One box for somebody on foot.
//!
//! A detector often gives somebody twice: whole, and again from the head to the waist. The half
//! would be followed, and counted, as somebody else.

use domain::{BoxInImage, Class, Detection};

/// So much of the half lies inside the whole.
const SHARE_INSIDE_MIN: f32 = 0.75;

/// The heads are this close, in heights of the whole.
const HEADS_APART_MAX: f32 = 0.1;

/// A half is lower than this share of the whole; what is higher is another detection of all of it,
/// or somebody else.
const PART_HEIGHT_MAX: f32 = 0.8;

/// Leaves each half of somebody out. The whole has the better score of the two.
pub(super) fn without_halves(found: Vec<Detection>) -> Vec<Detection> {
    let (mut people, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|d| d.class == Class::Person);
    // From large to small: what is left out is no whole of anything.
    people.sort_by(|a, b| area(&b.bounds).total_cmp(&area(&a.bounds)));
    let mut wholes: Vec<Detection> = Vec::new();
    for person in people {
        let whole = wholes
            .iter_mut()
            .find(|whole| is_half_of(&person.bounds, &whole.bounds));
        match whole {
            Some(whole) => whole.score = whole.score.max(person.score),
            None => wholes.push(person),
        }
    }
    wholes.extend(others);
    wholes
}

fn area(bounds: &BoxInImage) -> f32 {
    bounds.width().max(0.0) * bounds.height().max(0.0)
}

fn is_half_of(part: &BoxInImage, whole: &BoxInImage) -> bool {
    let inside = area(&part.intersection(whole));
    let heads_apart = (part.y_min - whole.y_min).abs();
    SHARE_INSIDE_MIN * area(part) <= inside
        && heads_apart <= HEADS_APART_MAX * whole.height()
        && part.height() <= PART_HEIGHT_MAX * whole.height()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(x_min: f32, y_min: f32, x_max: f32, y_max: f32, score: f32) -> Detection {
        Detection {
            class: Class::Person,
            bounds: BoxInImage::new(x_min, y_min, x_max, y_max),
            score,
        }
    }

    #[track_caller]
    fn check(found: &[Detection], expect: &[Detection]) {
        assert_eq!(without_halves(found.to_vec()), expect);
    }

    #[test]
    fn the_upper_half_of_somebody_is_nobody_else() {
        let whole = person(844., 311., 912., 539., 0.52);
        let half = person(848., 314., 912., 431., 0.33);
        check(&[half.clone(), whole.clone()], std::slice::from_ref(&whole));
        // The half was found more surely.
        let weak = person(592., 145., 631., 252., 0.21);
        let sure = person(593., 142., 621., 213., 0.47);
        check(&[sure, weak], &[person(592., 145., 631., 252., 0.47)]);
    }

    #[test]
    fn somebody_before_or_beside_somebody_else_stays() {
        let tall = person(100., 100., 180., 340., 0.8);
        let child = person(120., 200., 160., 345., 0.6);
        let behind = person(150., 105., 210., 215., 0.5);
        let all = [tall, behind, child];
        check(&all, &all);
    }
}
