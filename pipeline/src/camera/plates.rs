//! Which vehicles' plates are looked for in a frame. A plate detector costs 24 ms: one or two looks
//! a frame are enough.

use super::CameraCore;
use domain::{
    BoxInImage, Frame, PlateDetection, PlateRead, Timestamp, TrackState, ports::Detector,
};
use std::time::Duration;
use tracker::TrackUpdate;

/// Vehicles looked at in one frame of a gate, and of another camera.
const LOOKS_MAX: (usize, usize) = (2, 1);

/// A vehicle lower than this has no plate that can be read.
const HEIGHT_MIN_PX: f32 = 50.0;

/// A plate that is settled is read again after this long: evidence may still turn.
const SETTLED_INTERVAL: Duration = Duration::from_millis(600);

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
            for plate in detector.plates(frame, area)? {
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
    fn plate_areas(&mut self, frame: &Frame, updates: &[TrackUpdate]) -> Vec<BoxInImage> {
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
        for (.., update) in &wanted {
            self.last_plate_look
                .insert(update.track.id, frame.captured_at);
        }
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
            return vec![lane];
        }
        wanted
            .iter()
            .map(|(_, _, bounds, _)| bounds.grown(0.06).intersection(&whole))
            .collect()
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
        last.is_none_or(|last| SETTLED_INTERVAL <= now.since(*last))
    }
}
