//! Where plates are looked for in a frame. One or two looks are enough: the next frame shows them
//! as well.

use super::CameraCore;
use domain::{
    BoxInImage, Frame, PlateDetection, PlateRead, Timestamp, TrackId, TrackState, ports::Detector,
};
use std::time::Duration;
use tracker::TrackUpdate;

/// Vehicles looked at in one frame of a gate, and of another camera.
const LOOKS_MAX: (usize, usize) = (2, 1);

/// After a look that found nothing, a vehicle at least this high is looked at more closely: in the
/// lower part of it, where it has its plate. A lower one is looked at with more room around it.
const CLOSER_FROM_PX: f32 = 240.0;

/// The part of a vehicle's height that the closer look shows, from below.
const LOWER_PART: f32 = 0.6;

/// The share of the lane's sides that a closer look at a lane without vehicles shows.
const LANE_PART: f32 = 0.6;

/// Shares of a vehicle's width and height that a look shows beside it: the usual one, and the one
/// after a look that found nothing.
const ROOM: (f32, f32) = (0.06, 0.33);

/// A vehicle lower than this has no plate that can be read.
const HEIGHT_MIN_PX: f32 = 50.0;

/// A plate that is settled is read again after this long: evidence may still turn.
const SETTLED_INTERVAL: Duration = Duration::from_millis(600);

/// The last look at one vehicle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    at: Timestamp,
    /// Looks since a plate was found.
    n_empty: u32,
}

/// Where a plate is looked for.
struct Area {
    vehicle: Option<TrackId>,
    bounds: BoxInImage,
}

impl CameraCore {
    pub(super) fn find_plates<D: Detector>(
        &mut self,
        frame: &Frame,
        updates: &[TrackUpdate],
        detector: &mut D,
    ) -> Result<Vec<PlateRead>, D::Error> {
        let reads = self.read_plates(frame, updates, detector)?;
        if let Some(traffic) = &mut self.traffic {
            traffic.see_plates(frame, updates, &reads);
        }
        Ok(reads)
    }

    fn read_plates<D: Detector>(
        &mut self,
        frame: &Frame,
        updates: &[TrackUpdate],
        detector: &mut D,
    ) -> Result<Vec<PlateRead>, D::Error> {
        if !self.plan.tasks.plates {
            return Ok(Vec::new());
        }
        let mut plates: Vec<PlateDetection> = Vec::new();
        for area in self.plate_areas(frame, updates) {
            let found = detector.plates(frame, area.bounds)?;
            if let Some(look) = area
                .vehicle
                .and_then(|id| self.last_plate_look.get_mut(&id))
            {
                look.n_empty = if found.is_empty() {
                    look.n_empty + 1
                } else {
                    0
                };
            } else if found.is_empty() {
                self.n_empty_lane = self.n_empty_lane.wrapping_add(1);
            }
            for plate in found {
                let is_known = plates
                    .iter()
                    .any(|known| 0.4 < known.bounds.iou(&plate.bounds));
                if !is_known {
                    plates.push(plate);
                }
            }
        }
        if plates.is_empty() {
            return Ok(Vec::new());
        }
        let reads: Vec<PlateRead> = detector
            .read_plates(frame, &plates)?
            .into_iter()
            .flatten()
            .collect();
        self.stats.plate_reads += reads.len() as u64;
        Ok(reads)
    }

    /// The boxes of the vehicles that most need a look; on a gate without any vehicle the whole
    /// lane.
    fn plate_areas(&mut self, frame: &Frame, updates: &[TrackUpdate]) -> Vec<Area> {
        let mut wanted: Vec<(bool, f32, BoxInImage, &TrackUpdate)> = updates
            .iter()
            .filter(|u| u.detection.is_some() && u.track.class.is_motor_vehicle())
            .filter(|u| HEIGHT_MIN_PX <= u.track.bounds.height())
            .filter(|u| u.track.state != TrackState::Ended)
            .filter(|u| self.is_look_due(u, frame.captured_at))
            .map(|u| (self.is_settled(u), u.track.bounds.area(), u.track.bounds, u))
            .collect();
        wanted.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then(b.1.total_cmp(&a.1))
                .then(a.3.track.id.cmp(&b.3.track.id))
        });
        wanted.truncate(if self.plan.is_gate {
            LOOKS_MAX.0
        } else {
            LOOKS_MAX.1
        });
        let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
        let has_vehicle = updates
            .iter()
            .any(|u| u.track.class.is_motor_vehicle() && u.track.state != TrackState::Ended);
        for update in updates
            .iter()
            .filter(|u| u.track.state == TrackState::Ended)
        {
            self.last_plate_look.remove(&update.track.id);
        }
        if self.plan.is_gate && !has_vehicle {
            let lane = self.place.as_ref().map_or(whole, |place| place.bounds);
            return vec![Area {
                vehicle: None,
                bounds: lane_region(&lane, self.n_empty_lane),
            }];
        }
        let area = |(_, _, bounds, update): &(bool, f32, BoxInImage, &TrackUpdate)| {
            let look = self.last_plate_look.entry(update.track.id).or_default();
            look.at = frame.captured_at;
            Area {
                vehicle: Some(update.track.id),
                bounds: region(bounds, look.n_empty).intersection(&whole),
            }
        };
        wanted.iter().map(area).collect()
    }

    fn is_settled(&self, update: &TrackUpdate) -> bool {
        self.sightings
            .sighting_of(update.track.id)
            .and_then(|sighting| self.told.get(&sighting))
            .is_some_and(|told| told.is_decisive)
    }

    fn is_look_due(&self, update: &TrackUpdate, now: Timestamp) -> bool {
        if !self.is_settled(update) {
            return true;
        }
        let last = self.last_plate_look.get(&update.track.id);
        last.is_none_or(|last| SETTLED_INTERVAL <= now.since(last.at))
    }
}

/// Where to look for the plate of the vehicle in these bounds: every second look after one that
/// found nothing is at another scale. Two looks at one frame would cost twice, and the next frame
/// shows the plate as well.
fn region(vehicle: &BoxInImage, n_empty: u32) -> BoxInImage {
    if n_empty.is_multiple_of(2) {
        vehicle.grown(ROOM.0)
    } else if CLOSER_FROM_PX <= vehicle.height() {
        BoxInImage {
            y_min: vehicle.y_max - vehicle.height() * LOWER_PART,
            ..vehicle.grown(ROOM.0)
        }
    } else {
        vehicle.grown(ROOM.1)
    }
}

/// Where to look for plates in a lane in which no vehicle was found: after every look that found
/// nothing at another scale, the whole lane and its four overlapping parts in turn. A part in which
/// a plate was found stays in view.
fn lane_region(lane: &BoxInImage, n_empty: u32) -> BoxInImage {
    if n_empty.is_multiple_of(2) {
        return *lane;
    }
    // Who comes near is low in the picture: the lower parts are the first.
    lane.corner_parts(LANE_PART)[(n_empty / 2 % 4) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_lane_is_looked_at_whole_and_in_parts_that_overlap() {
        let lane = BoxInImage::new(100.0, 0.0, 1100.0, 700.0);
        let parts: Vec<BoxInImage> = (0..8).map(|n| lane_region(&lane, n)).collect();
        assert!(parts.iter().step_by(2).all(|whole| *whole == lane));
        for (part, expect) in [
            (parts[1], BoxInImage::new(100.0, 280.0, 700.0, 700.0)),
            (parts[7], BoxInImage::new(500.0, 0.0, 1100.0, 420.0)),
        ] {
            assert!(0.9999 < part.iou(&expect), "{part:?}");
        }
        let plate = BoxInImage::new(560.0, 300.0, 640.0, 340.0);
        for part in parts.iter().skip(1).step_by(2) {
            assert_eq!(plate.share_inside(part), 1.0);
        }
    }

    #[test]
    fn a_look_that_found_nothing_is_followed_by_one_at_another_scale() {
        let lorry = BoxInImage::new(100.0, 100.0, 400.0, 500.0);
        let motorbike = BoxInImage::new(100.0, 100.0, 160.0, 220.0);
        for vehicle in [lorry, motorbike] {
            assert_eq!(region(&vehicle, 0), vehicle.grown(0.06));
            assert_eq!(region(&vehicle, 2), region(&vehicle, 0));
        }
        let closer = region(&lorry, 1);
        assert_eq!((closer.y_min, closer.y_max), (260.0, 524.0));
        assert_eq!(region(&motorbike, 1), motorbike.grown(0.33));
    }
}
