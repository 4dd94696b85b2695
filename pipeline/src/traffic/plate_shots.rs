//! The picture in which a reviewer can read a vehicle's plate: cut from the frame that showed it
//! best.
//!
//! Only the cut is kept, not its frame: at a busy junction that is a few hundred kilobytes.

use domain::{BoxInImage, Frame, Plate, PlateRead, PlateVote, Timestamp, TrackId, TrackState};
use std::{collections::BTreeMap, time::Duration};
use tracker::TrackUpdate;

/// Shown around the plate on each side, as a share of its size.
const MARGIN: f32 = 0.25;

/// A plate may stand out from its vehicle's box by this share of the box: detectors cut boxes
/// short.
const VEHICLE_MARGIN: f32 = 0.05;

/// Readings told apart for one vehicle; what is read wrongly differs from frame to frame.
const TEXTS_MAX: usize = 4;

/// Vehicles whose plates are kept at a time.
const VEHICLES_MAX: usize = 64;

/// A vehicle that is no longer seen is forgotten after this long.
const KEPT: Duration = Duration::from_secs(10);

struct Shot {
    text: Plate,
    quality: f32,
    picture: Frame,
}

#[derive(Default)]
struct Vehicle {
    shots: Vec<Shot>,
    seen_at: Timestamp,
}

/// The best pictures of the plates of the vehicles in view.
#[derive(Default)]
pub(super) struct PlateShots {
    vehicles: BTreeMap<TrackId, Vehicle>,
}

impl PlateShots {
    /// Keeps what this frame shows better than any before.
    pub(super) fn see(&mut self, frame: &Frame, updates: &[TrackUpdate], plates: &[PlateRead]) {
        for plate in plates {
            let (Some(text), Some(track)) = (plate.plate(), vehicle_of(plate, updates)) else {
                continue;
            };
            let vehicle = self.vehicles.entry(track).or_default();
            vehicle.keep(text, plate, frame);
        }
        for update in updates {
            if let Some(vehicle) = self.vehicles.get_mut(&update.track.id) {
                vehicle.seen_at = frame.captured_at;
            }
        }
        self.forget(frame.captured_at);
    }

    /// The best picture of the plate that was voted for, or else of the vehicle's plate.
    pub(super) fn best(&self, track: TrackId, vote: Option<&PlateVote>) -> Option<&Frame> {
        let shots = &self.vehicles.get(&track)?.shots;
        let voted = vote.and_then(PlateVote::plate);
        let agreeing = shots.iter().find(|shot| Some(&shot.text) == voted.as_ref());
        let best = agreeing.or_else(|| shots.iter().max_by(|a, b| a.quality.total_cmp(&b.quality)));
        best.map(|shot| &shot.picture)
    }

    fn forget(&mut self, now: Timestamp) {
        self.vehicles
            .retain(|_, vehicle| now.since(vehicle.seen_at) <= KEPT);
        while VEHICLES_MAX < self.vehicles.len() {
            let seen = self.vehicles.iter().map(|(id, v)| (v.seen_at, *id));
            let Some((_, oldest)) = seen.min() else {
                return;
            };
            self.vehicles.remove(&oldest);
        }
    }
}

impl Vehicle {
    fn keep(&mut self, text: Plate, plate: &PlateRead, frame: &Frame) {
        // Large and surely read; a picture of twice the size is worth twice the score.
        let quality = plate.score() * plate.bounds.area().max(0.0).sqrt();
        let same = self.shots.iter_mut().find(|shot| shot.text == text);
        if let Some(shot) = same {
            if shot.quality < quality {
                shot.quality = quality;
                shot.picture = cut(frame, &plate.bounds.grown(MARGIN));
            }
            return;
        }
        if self.shots.len() == TEXTS_MAX {
            let qualities = self.shots.iter().map(|shot| shot.quality).enumerate();
            let Some((worst, least)) = qualities.min_by(|a, b| a.1.total_cmp(&b.1)) else {
                return;
            };
            if quality < least {
                return;
            }
            self.shots.remove(worst);
        }
        let picture = cut(frame, &plate.bounds.grown(MARGIN));
        self.shots.push(Shot {
            text,
            quality,
            picture,
        });
    }
}

/// The vehicle around the plate; among several the one with the smallest box.
fn vehicle_of(plate: &PlateRead, updates: &[TrackUpdate]) -> Option<TrackId> {
    let centre = plate.bounds.centre();
    let around = updates.iter().map(|update| &update.track).filter(|track| {
        track.class.is_motor_vehicle()
            && track.state != TrackState::Ended
            && track.bounds.grown(VEHICLE_MARGIN).contains(centre)
    });
    let smallest = around.min_by(|a, b| {
        let by_area = a.bounds.area().total_cmp(&b.bounds.area());
        by_area.then(a.id.cmp(&b.id))
    });
    smallest.map(|track| track.id)
}

/// The part of the frame inside the box, at least one pixel of it, under the frame's own number and
/// time.
fn cut(frame: &Frame, bounds: &BoxInImage) -> Frame {
    let inside = bounds.clamped(frame.width as f32, frame.height as f32);
    let span = |from: f32, to: f32, size: u32| {
        let from = (from.floor() as usize).min(size as usize - 1);
        let to = (to.ceil() as usize).clamp(from + 1, size as usize);
        (from, to)
    };
    let (x0, x1) = span(inside.x_min, inside.x_max, frame.width);
    let (y0, y1) = span(inside.y_min, inside.y_max, frame.height);
    let mut rgb = Vec::with_capacity((x1 - x0) * (y1 - y0) * 3);
    for y in y0..y1 {
        let row = y * frame.width as usize;
        rgb.extend_from_slice(&frame.rgb[(row + x0) * 3..(row + x1) * 3]);
    }
    Frame {
        camera: frame.camera.clone(),
        seq: frame.seq,
        captured_at: frame.captured_at,
        width: (x1 - x0) as u32,
        height: (y1 - y0) as u32,
        rgb: rgb.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CharRead, Class, PlateColour, PointInImage, RowRead, Track};

    const SIZE: (u32, u32) = (200, 100);

    fn frame(seq: u64) -> Frame {
        Frame {
            camera: "cam".parse().unwrap(),
            seq,
            captured_at: Timestamp::from_micros(seq as i64 * 1_000_000),
            width: SIZE.0,
            height: SIZE.1,
            rgb: vec![seq as u8; (SIZE.0 * SIZE.1 * 3) as usize].into(),
        }
    }

    fn vehicle(id: u64, bounds: BoxInImage) -> TrackUpdate {
        TrackUpdate {
            track: Track {
                id: TrackId(id),
                class: Class::Car,
                state: TrackState::Confirmed,
                bounds,
                score: 0.9,
                first_seen_at: Timestamp::EPOCH,
                last_seen_at: Timestamp::EPOCH,
                n_hits: 3,
            },
            detection: None,
            velocity_px_s: PointInImage { x: 0., y: 0. },
        }
    }

    fn rows(text: &str, score: f32) -> Vec<RowRead> {
        let read = |best| CharRead {
            best,
            score,
            alternatives: Vec::new(),
        };
        vec![RowRead {
            chars: text.chars().map(read).collect(),
        }]
    }

    fn plate(text: &str, score: f32, bounds: BoxInImage) -> PlateRead {
        PlateRead {
            bounds,
            corners: None,
            detect_score: 0.9,
            rows: rows(text, score),
            colour: PlateColour::White,
        }
    }

    fn vote(text: &str) -> PlateVote {
        PlateVote {
            rows: rows(text, 0.9),
            colour: PlateColour::White,
            n_reads: 3,
            n_agreeing: 3,
        }
    }

    #[test]
    fn the_frame_that_shows_the_plate_best_is_cut_around_the_plate() {
        let mut shots = PlateShots::default();
        let car = [vehicle(1, BoxInImage::new(20., 10., 180., 90.))];
        let (near, far) = (
            BoxInImage::new(60., 60., 100., 70.),
            BoxInImage::new(60., 60., 80., 65.),
        );
        shots.see(&frame(1), &car, &[plate("30F25658", 0.9, far)]);
        shots.see(&frame(2), &car, &[plate("30F25658", 0.9, near)]);
        shots.see(&frame(3), &car, &[plate("30F25658", 0.3, near)]);
        let best = shots.best(TrackId(1), Some(&vote("30F25658"))).unwrap();
        // A quarter of 40 × 10 on each side, to whole pixels.
        assert_eq!((best.seq, best.width, best.height), (2, 60, 16));
        assert_eq!(best.rgb.len(), 60 * 16 * 3);
        assert!(shots.best(TrackId(2), None).is_none());
    }

    #[test]
    fn the_voted_text_counts_more_than_the_size() {
        let mut shots = PlateShots::default();
        let car = [vehicle(1, BoxInImage::new(20., 10., 180., 90.))];
        let large = BoxInImage::new(60., 60., 140., 80.);
        let small = BoxInImage::new(60., 60., 100., 70.);
        shots.see(&frame(1), &car, &[plate("30F25658", 0.9, small)]);
        for (seq, text) in (2..).zip(["30F25650", "30F25651", "30F25652", "30F25653"]) {
            shots.see(&frame(seq), &car, &[plate(text, 0.9, small)]);
        }
        shots.see(&frame(9), &car, &[plate("30F2", 0.9, large)]);
        let best = |text| shots.best(TrackId(1), Some(&vote(text))).unwrap();
        assert_eq!(best("30F25653").width, 60);
        assert_eq!(best("99Z99999").seq, 9);
    }

    #[test]
    fn of_two_vehicles_the_smaller_one_has_the_plate_and_the_absent_are_forgotten() {
        let mut shots = PlateShots::default();
        let lorry = vehicle(1, BoxInImage::new(0., 0., 200., 100.));
        let motorbike = vehicle(2, BoxInImage::new(80., 40., 120., 95.));
        let seen = BoxInImage::new(95., 80., 105., 88.);
        let both = [lorry.clone(), motorbike];
        shots.see(&frame(1), &both, &[plate("29B112345", 0.9, seen)]);
        assert!(shots.best(TrackId(1), None).is_none());
        assert!(shots.best(TrackId(2), None).is_some());
        shots.see(&frame(12), &[lorry], &[]);
        assert!(shots.best(TrackId(2), None).is_none());
    }

    #[test]
    fn a_cut_stays_inside_the_picture() {
        for bounds in [
            BoxInImage::new(-50., -50., 5000., 5000.),
            BoxInImage::new(60., 40., 60., 40.),
            BoxInImage::new(500., 500., 600., 600.),
        ] {
            let cut = cut(&frame(1), &bounds);
            assert!((1..=SIZE.0).contains(&cut.width) && (1..=SIZE.1).contains(&cut.height));
            assert_eq!(cut.rgb.len(), (cut.width * cut.height * 3) as usize);
        }
    }
}
