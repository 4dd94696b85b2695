//! A street full of motorbikes, as a detector at 5 to 10 frames a second sees it: how often do
//! numbers change?

use domain::{BoxInImage, Class, Detection, Timestamp, TrackId, TrackState};
use std::collections::{BTreeMap, BTreeSet};
use tracker::{Tracker, TrackerConfig};

/// A small generator of numbers (Knuth's MMIX constants), so that the street is the same every
/// time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 16_777_216.0
    }

    fn between(&mut self, min: f32, max: f32) -> f32 {
        min + (max - min) * self.roll()
    }
}

struct Rider {
    starts_s: f32,
    x: f32,
    speed_px_s: f32,
    drift_px_s: f32,
}

impl Rider {
    /// They come nearer from the top: boxes grow from 20 × 40 to 50 × 100 px.
    fn bounds(&self, t: f32) -> Option<BoxInImage> {
        let y = 100.0 + (t - self.starts_s) * self.speed_px_s;
        let scale = 0.4 + 0.6 * (y - 100.0) / 600.0;
        let x = self.x + self.drift_px_s * (t - self.starts_s);
        let (half, height) = (25.0 * scale, 100.0 * scale);
        let is_there = self.starts_s <= t && y < 700.0;
        is_there.then(|| BoxInImage::new(x - half, y - height, x + half, y))
    }
}

struct Quality {
    n_riders: usize,
    n_switches: usize,
    n_missed: usize,
}

/// A minute of traffic with `per_s` riders a second at `fps`; every tenth box is lost, every third
/// is weak, every box trembles.
fn drive(seed: u64, per_s: f32, fps: f32) -> Quality {
    let mut dice = Dice(seed);
    let riders: Vec<Rider> = (0..(60.0 * per_s) as usize)
        .map(|n| Rider {
            starts_s: n as f32 / per_s,
            x: dice.between(100.0, 1100.0),
            speed_px_s: dice.between(150.0, 350.0),
            drift_px_s: dice.between(-20.0, 20.0),
        })
        .collect();
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut tracks: BTreeMap<usize, Vec<TrackId>> = BTreeMap::new();
    let mut t = 0.0;
    while t < 60.0 {
        let (mut boxes, mut owners) = (Vec::new(), Vec::new());
        for (who, rider) in riders.iter().enumerate() {
            if let Some(mut b) = rider.bounds(t)
                && 0.1 < dice.roll()
            {
                let size = (b.width() + b.height()) / 2.0;
                b.x_min += size * dice.between(-0.05, 0.05);
                b.x_max += size * dice.between(-0.05, 0.05);
                b.y_min += size * dice.between(-0.05, 0.05);
                b.y_max += size * dice.between(-0.05, 0.05);
                owners.push(who);
                boxes.push(Detection {
                    class: Class::Motorbike,
                    bounds: b,
                    score: dice.between(0.3, 0.95),
                });
            }
        }
        let mut updates = Vec::new();
        tracker.step(
            Timestamp::from_micros((t * 1e6) as i64),
            &boxes,
            &mut updates,
        );
        for update in updates {
            if update.track.state == TrackState::Confirmed
                && let Some(index) = update.detection
            {
                let own = tracks.entry(owners[index]).or_default();
                if own.last() != Some(&update.track.id) {
                    own.push(update.track.id);
                }
            }
        }
        t += dice.between(0.7, 1.5) / fps;
    }
    let counted: BTreeSet<TrackId> = tracks.values().filter_map(|t| t.first().copied()).collect();
    Quality {
        n_riders: riders.len(),
        n_switches: tracks.values().map(|t| t.len() - 1).sum(),
        n_missed: riders.len() - counted.len(),
    }
}

#[track_caller]
fn check(per_s: f32, fps: f32, switches_max: f32) {
    let (mut n_riders, mut n_switches, mut n_missed) = (0, 0, 0);
    for seed in 0..4 {
        let quality = drive(seed, per_s, fps);
        n_riders += quality.n_riders;
        n_switches += quality.n_switches;
        n_missed += quality.n_missed;
    }
    let what = format!("{n_riders} riders, {n_switches} switches, {n_missed} missed");
    assert!(
        n_switches as f32 <= switches_max * n_riders as f32,
        "{what}"
    );
    assert!(n_missed as f32 <= 0.03 * n_riders as f32, "{what}");
}

#[test]
fn a_rider_a_second_keeps_its_number() {
    check(1.0, 8.0, 0.01);
}

#[test]
fn dense_traffic_mostly_keeps_its_numbers() {
    check(4.0, 8.0, 0.04);
    check(2.0, 5.0, 0.05);
}
