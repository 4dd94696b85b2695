//! One box for a motorbike with its rider, where people are not looked for.
//!
//! Seen from behind, the detector gives the same pair now as a motorbike, now as a person, now as
//! the motorbike's lower part alone, and often twice. A track never changes from person to
//! motorbike, and a box that shrinks to its lower part looks like one that moves: so the pair is
//! put together here, before the tracker.

use domain::{BoxInImage, Class, Detection, PointInImage, Timestamp, TrackState};
use tracker::{ClassGroup, TrackUpdate};

/// Two boxes with their feet this close, in heights of the larger one, stand on the same wheels.
const FEET_APART_MAX: f32 = 0.15;

/// So much of the smaller box lies inside the larger one.
const SHARE_INSIDE_MIN: f32 = 0.75;

/// A box of a rider is this much over where the motorbike is expected.
const EXPECTED_IOU_MIN: f32 = 0.35;

/// A box with its feet where a motorbike is expected, and lower than this share of it, is the
/// motorbike without rider.
const PART_HEIGHT_MAX: f32 = 0.75;

/// A rider may sit this much of the pair's height above the ground.
const SEAT_MAX: f32 = 0.45;

/// The motorbikes and bicycles of the frame before.
#[derive(Default)]
pub(super) struct Rides {
    rides: Vec<(BoxInImage, PointInImage)>,
    at: Option<Timestamp>,
}

impl Rides {
    /// Remembers where they are and how they move.
    pub(super) fn remember(&mut self, at: Timestamp, updates: &[TrackUpdate]) {
        let is_ride = |u: &&TrackUpdate| {
            ClassGroup::of(u.track.class) == ClassGroup::TwoWheel
                && u.track.state != TrackState::Ended
        };
        let rides = updates.iter().filter(is_ride);
        self.rides = rides.map(|u| (u.track.bounds, u.velocity_px_s)).collect();
        self.at = Some(at);
    }

    /// Puts riders and what they ride together.
    ///
    /// A person without a motorbike in this frame who is where one is expected goes on as that
    /// motorbike, with a score of `score_max` at most, so that nobody on foot begins one.
    pub(super) fn join(
        &self,
        at: Timestamp,
        found: Vec<Detection>,
        score_max: f32,
    ) -> Vec<Detection> {
        let is_ride = |d: &Detection| ClassGroup::of(d.class) == ClassGroup::TwoWheel;
        let (rides, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_ride);
        let mut pairs = without_parts(rides);
        let expected = self.expected(at);
        let mut joined = Vec::new();
        for mut other in others {
            if other.class != Class::Person {
                joined.push(other);
            } else if !seat(&other, &mut pairs) {
                if is_expected(&other.bounds, &expected) {
                    other.class = Class::Motorbike;
                    other.score = other.score.min(score_max);
                }
                joined.push(other);
            }
        }
        pairs.retain(|pair| pair.rider.is_some() || !pair.is_shared);
        for mut pair in pairs {
            if let Some(rider) = pair.rider {
                pair.ride.bounds = pair.ride.bounds.union(&rider);
            } else {
                complete(&mut pair.ride.bounds, &expected);
            }
            joined.push(pair.ride);
        }
        joined
    }

    fn expected(&self, at: Timestamp) -> Vec<BoxInImage> {
        let dt_s = self
            .at
            .map_or(0.0, |before| at.since(before).as_secs_f32())
            .min(1.0);
        let moved = |(b, v): &(BoxInImage, PointInImage)| {
            let (dx, dy) = (v.x * dt_s, v.y * dt_s);
            BoxInImage::new(b.x_min + dx, b.y_min + dy, b.x_max + dx, b.y_max + dy)
        };
        self.rides.iter().map(moved).collect()
    }
}

/// What is ridden, and its riders where they were found in this frame.
struct Pair {
    ride: Detection,
    rider: Option<BoxInImage>,
    /// Whether it lies inside another one whose rider seems to sit on both.
    is_shared: bool,
}

/// Seats a person on the surest of the rides that the person is on; `false` when there is none.
///
/// Nobody rides two: what else the person seems to sit on, and lies inside the pair, is a part of
/// the same ride found twice, unless it has a rider of its own.
fn seat(person: &Detection, pairs: &mut [Pair]) -> bool {
    let under = |pair: &&mut Pair| is_on(&person.bounds, &pair.ride.bounds);
    let mut under: Vec<&mut Pair> = pairs.iter_mut().filter(under).collect();
    under.sort_by(|a, b| b.ride.score.total_cmp(&a.ride.score));
    let mut under = under.into_iter();
    let Some(own) = under.next() else {
        return false;
    };
    let whole = person.bounds.union(&own.ride.bounds);
    own.rider = Some(own.rider.map_or(person.bounds, |r| r.union(&person.bounds)));
    own.ride.score = own.ride.score.max(person.score);
    for other in under {
        other.is_shared |= SHARE_INSIDE_MIN <= other.ride.bounds.share_inside(&whole);
    }
    true
}

/// The largest of the boxes that show the same thing, with the best of their scores.
fn without_parts(mut rides: Vec<Detection>) -> Vec<Pair> {
    rides.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    let mut pairs: Vec<Pair> = Vec::new();
    for ride in rides {
        match pairs
            .iter_mut()
            .find(|pair| is_part(&ride.bounds, &pair.ride.bounds))
        {
            Some(pair) => pair.ride.score = pair.ride.score.max(ride.score),
            None => pairs.push(Pair {
                ride,
                rider: None,
                is_shared: false,
            }),
        }
    }
    pairs
}

fn is_expected(bounds: &BoxInImage, expected: &[BoxInImage]) -> bool {
    expected
        .iter()
        .any(|place| EXPECTED_IOU_MIN <= place.iou(bounds))
}

/// Gives a motorbike that is found without its rider the height that it had with the rider.
fn complete(found: &mut BoxInImage, expected: &[BoxInImage]) {
    let is_lower_part = |place: &&BoxInImage| {
        found.height() < PART_HEIGHT_MAX * place.height()
            && found.y_min < place.y_max
            && place.y_min < found.y_min
            && is_part(found, place)
    };
    if let Some(place) = expected.iter().find(is_lower_part) {
        found.y_min = place.y_min;
    }
}

/// Whether one box is a part of what the other one shows: both stand on the same wheels.
fn is_part(part: &BoxInImage, whole: &BoxInImage) -> bool {
    let feet_apart = (part.y_max - whole.y_max).abs();
    feet_apart <= FEET_APART_MAX * whole.height() && SHARE_INSIDE_MIN <= part.share_inside(whole)
}

/// Whether the person sits on it, or the person's box already holds both.
fn is_on(person: &BoxInImage, ride: &BoxInImage) -> bool {
    let pair = person.union(ride);
    let is_over = (person.centre().x - ride.centre().x).abs() <= 0.3 * pair.width();
    let is_low_enough = pair.y_max - person.y_max <= SEAT_MAX * pair.height();
    let ride_stands = pair.y_max - ride.y_max <= FEET_APART_MAX * pair.height();
    let is_of_scale = pair.height() <= 2.4 * ride.height() && pair.width() <= 1.8 * person.width();
    is_over && is_low_enough && ride_stands && is_of_scale && 0.1 <= person.iou(ride)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Track, TrackId};

    fn box_of(class: Class, score: f32, [x_min, y_min, x_max, y_max]: [f32; 4]) -> Detection {
        Detection {
            class,
            score,
            bounds: BoxInImage::new(x_min, y_min, x_max, y_max),
        }
    }

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn rides(class: Class, corners: [f32; 4], velocity: [f32; 2]) -> Rides {
        let track = Track {
            id: TrackId(1),
            class,
            state: TrackState::Confirmed,
            bounds: box_of(class, 0.5, corners).bounds,
            score: 0.5,
            first_seen_at: ms(0),
            last_seen_at: ms(0),
            n_hits: 4,
        };
        let velocity_px_s = PointInImage {
            x: velocity[0],
            y: velocity[1],
        };
        let mut rides = Rides::default();
        rides.remember(
            ms(0),
            &[TrackUpdate {
                track,
                detection: Some(0),
                velocity_px_s,
            }],
        );
        rides
    }

    #[test]
    fn a_motorbike_that_is_found_twice_and_its_rider_are_one() {
        let found = vec![
            box_of(Class::Motorbike, 0.34, [269., 233., 394., 431.]),
            box_of(Class::Motorbike, 0.25, [257., 80., 415., 425.]),
            box_of(Class::Person, 0.56, [259., 74., 413., 421.]),
            box_of(Class::Car, 0.8, [600., 100., 900., 300.]),
        ];
        let joined = Rides::default().join(ms(0), found, 0.29);
        let pair = box_of(Class::Motorbike, 0.56, [257., 74., 415., 425.]);
        assert_eq!(
            joined,
            [box_of(Class::Car, 0.8, [600., 100., 900., 300.]), pair]
        );
    }

    #[test]
    fn a_person_goes_on_as_the_motorbike_that_is_expected_there_and_begins_none() {
        let person = || vec![box_of(Class::Person, 0.63, [228., 101., 394., 481.])];
        let before = rides(Class::Motorbike, [206., 119., 388., 525.], [170., -250.]);
        let joined = before.join(ms(111), person(), 0.29);
        assert_eq!((joined[0].class, joined[0].score), (Class::Motorbike, 0.29));
        for nothing in [
            Rides::default(),
            rides(Class::Motorbike, [700., 119., 900., 525.], [0., 0.]),
            rides(Class::Car, [206., 119., 388., 525.], [170., -250.]),
        ] {
            assert_eq!(nothing.join(ms(111), person(), 0.29), person());
        }
    }

    #[test]
    fn a_motorbike_without_its_rider_keeps_the_height_of_both() {
        let before = rides(Class::Motorbike, [235., 104., 409., 487.], [140., -200.]);
        let lower = vec![box_of(Class::Motorbike, 0.44, [257., 228., 389., 467.])];
        let joined = before.join(ms(100), lower.clone(), 0.29);
        assert_eq!(
            joined,
            [box_of(Class::Motorbike, 0.44, [257., 84., 389., 467.])]
        );
        assert_eq!(Rides::default().join(ms(100), lower.clone(), 0.29), lower);
        // One that is hardly lower is a motorbike that drives away.
        let smaller = vec![box_of(Class::Motorbike, 0.44, [250., 130., 400., 467.])];
        assert_eq!(before.join(ms(100), smaller.clone(), 0.29), smaller);
    }

    #[test]
    fn a_rider_sits_on_one_motorbike_and_what_else_is_under_them_is_part_of_it() {
        let rider = box_of(Class::Person, 0.57, [501., 177., 699., 536.]);
        let rear = box_of(Class::Motorbike, 0.48, [561., 405., 696., 643.]);
        let middle = box_of(Class::Motorbike, 0.23, [521., 348., 693., 542.]);
        let pair = box_of(Class::Motorbike, 0.57, [501., 177., 699., 643.]);
        let found = vec![middle.clone(), rear.clone(), rider.clone()];
        assert_eq!(Rides::default().join(ms(0), found, 0.29), [pair]);
        // What stands nearer than the pair is another motorbike.
        let far = box_of(Class::Motorbike, 0.6, [521., 348., 693., 542.]);
        let found = vec![far, rear, rider];
        assert_eq!(Rides::default().join(ms(0), found, 0.29).len(), 2);
    }

    #[test]
    fn motorbikes_behind_each_other_and_people_beside_them_stay_apart() {
        let found = vec![
            box_of(Class::Motorbike, 0.6, [300., 200., 460., 560.]),
            box_of(Class::Motorbike, 0.5, [330., 210., 420., 400.]),
            box_of(Class::Person, 0.6, [470., 150., 560., 450.]),
        ];
        assert_eq!(Rides::default().join(ms(0), found, 0.29).len(), 3);
    }
}
