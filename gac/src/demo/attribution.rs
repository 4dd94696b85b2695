//! Which vehicle or approach of the truth a sighting is of.

use super::{judge::span, plan::DemoCamera, watch::Seen};
use domain::{BoxInImage, Sighting, Timestamp};
use samples::{Truth, truth::FrameTruth};
use std::time::Duration;

/// A sighting lies on its vehicle at least so much, where 2 is the very box of the truth.
const ON_MIN: f32 = 0.4;

/// The sightings of a camera, each given to one vehicle at most.
pub(super) struct Attribution<'a> {
    /// For each vehicle or approach of the truth, in its order.
    pub(super) of_each: Vec<Vec<&'a Sighting>>,
    /// Of none of them.
    pub(super) strays: Vec<&'a Sighting>,
}

impl<'a> Attribution<'a> {
    /// By where each sighting was, message by message, and how long with whom in view: two vehicles
    /// are in view at once, and time alone would give one's sighting to the other; a track that
    /// jumps to the next vehicle at its end is still that of the first.
    pub(super) fn by_place(
        camera: &DemoCamera,
        (truth, base): (&Truth, Timestamp),
        seen: &'a Seen,
    ) -> Self {
        let vehicles = &truth.header.vehicles;
        let spans: Vec<_> = vehicles
            .iter()
            .map(|v| span(base, (v.arrive_frame, v.leave_frame), camera.fps))
            .collect();
        Self::new(camera, vehicles.len(), seen, |sighting| {
            let places = seen.places.get(&sighting.id)?;
            let on = |id: u32| {
                let found = places.iter().filter_map(|(at, bounds)| {
                    let frame = frame_at(truth, at.since(base))?;
                    let vehicle = frame.vehicles.iter().find(|v| v.id == id)?;
                    Some(lies_on(bounds, &vehicle.bounds_in_image()))
                });
                found.sum::<f32>() / places.len().max(1) as f32
            };
            let likely = vehicles.iter().zip(&spans).map(|(vehicle, span)| {
                let on = on(vehicle.id);
                if on < ON_MIN {
                    0.0
                } else {
                    on * shared_s(sighting, *span)
                }
            });
            let (best, most) = most_of(likely)?;
            (0.0 < most).then_some(best)
        })
    }

    /// By when each sighting was, for those who come one after the other.
    pub(super) fn by_time(
        camera: &DemoCamera,
        spans: &[(Timestamp, Timestamp)],
        seen: &'a Seen,
    ) -> Self {
        Self::new(camera, spans.len(), seen, |sighting| {
            let (best, most_s) = most_of(spans.iter().map(|span| shared_s(sighting, *span)))?;
            (0.0 < most_s).then_some(best)
        })
    }

    fn new(
        camera: &DemoCamera,
        n: usize,
        seen: &'a Seen,
        owner: impl Fn(&Sighting) -> Option<usize>,
    ) -> Self {
        let mut parts = Self {
            of_each: vec![Vec::new(); n],
            strays: Vec::new(),
        };
        let own = |s: &&Sighting| s.camera.as_str() == camera.id;
        for sighting in seen.sightings.values().filter(own) {
            match owner(sighting) {
                Some(place) => parts.of_each[place].push(sighting),
                None => parts.strays.push(sighting),
            }
        }
        parts
    }
}

/// The first of the largest.
fn most_of(values: impl Iterator<Item = f32>) -> Option<(usize, f32)> {
    values
        .enumerate()
        .reduce(|best, next| if best.1 < next.1 { next } else { best })
}

/// Seconds in which both were in view.
fn shared_s(sighting: &Sighting, (from, to): (Timestamp, Timestamp)) -> f32 {
    let begin = sighting.first_seen_at.max(from);
    sighting.last_seen_at.min(to).since(begin).as_secs_f32()
}

fn frame_at(truth: &Truth, since_start: Duration) -> Option<&FrameTruth> {
    let frame = (since_start.as_secs_f64() * f64::from(truth.header.fps)).round();
    truth.frames.get(frame as usize)
}

/// A plate without its vehicle lies within the vehicle's box, and a box that also holds the
/// neighbour is more like its own.
fn lies_on(bounds: &BoxInImage, vehicle: &BoxInImage) -> f32 {
    bounds.iou(vehicle) + bounds.share_inside(vehicle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_and_a_whole_vehicle_lie_on_it_and_a_neighbour_does_not() {
        let vehicle = BoxInImage::new(100.0, 100.0, 400.0, 500.0);
        let plate = BoxInImage::new(200.0, 420.0, 280.0, 450.0);
        let beside = BoxInImage::new(390.0, 100.0, 700.0, 500.0);
        assert!((lies_on(&vehicle, &vehicle) - 2.0).abs() < 1e-6);
        assert!(ON_MIN < lies_on(&plate, &vehicle));
        assert!(lies_on(&beside, &vehicle) < ON_MIN);
    }

    #[test]
    fn of_equals_the_first_is_taken() {
        assert_eq!(most_of([0.2, 0.7, 0.7].into_iter()), Some((1, 0.7)));
        assert_eq!(most_of(std::iter::empty()), None);
    }
}
