//! Counts who crosses a line.

use crate::{ClassGroup, TrackUpdate};
use domain::{
    BoxInImage, PointInImage, Timestamp, TrackId, TrackState,
    geometry::{Crossing, LineInImage},
};
use std::collections::BTreeMap;

/// Which point of a box is taken for the thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The middle of the bottom edge: where it stands on the ground.
    #[default]
    Foot,
    /// The middle of the box.
    Centre,
}

impl Anchor {
    /// That point of a box.
    pub fn of(self, bounds: &BoxInImage) -> PointInImage {
        match self {
            Self::Foot => bounds.foot(),
            Self::Centre => bounds.centre(),
        }
    }
}

/// What is counted where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineCounterConfig {
    /// The line; only its own length counts, not what lies beyond its ends.
    pub line: LineInImage,
    /// Which point of a box crosses it.
    pub anchor: Anchor,
    /// How far beyond the line something must get: who stands on it and sways is not counted.
    pub hysteresis_px: f32,
    /// In so many detections in a row it must be beyond the line before the crossing counts: a box
    /// that jumps there and back, or ends there, is not counted.
    pub n_beyond_min: u32,
}

/// One track crossed the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountEvent {
    /// The track.
    pub track: TrackId,
    /// What it is.
    pub group: ClassGroup,
    /// Which way.
    pub direction: Crossing,
    /// Capture time of the frame in which it was clearly beyond.
    pub at: Timestamp,
}

/// Counts the tracks of one camera over one line, each once in each direction.
#[derive(Clone, Debug)]
pub struct LineCounter {
    config: LineCounterConfig,
    paths: BTreeMap<TrackId, Path>,
    counts: BTreeMap<(ClassGroup, Crossing), u64>,
}

#[derive(Clone, Copy, Debug)]
struct Path {
    newest: PointInImage,
    /// The side it was last clearly on (or began on), as the sign of its distance.
    is_right: bool,
    /// Where it crossed since it was last clearly on that side.
    crossed: Option<Crossing>,
    /// Detections in a row that were beyond.
    n_beyond: u32,
    counted: [bool; 2],
}

impl LineCounter {
    /// A counter at zero.
    pub fn new(config: LineCounterConfig) -> Self {
        Self {
            config,
            paths: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Takes one frame's updates and appends who crossed. Tracks count once they are believed.
    pub fn step(&mut self, updates: &[TrackUpdate], out: &mut Vec<CountEvent>) {
        for update in updates {
            let track = &update.track;
            if track.state == TrackState::Ended {
                self.paths.remove(&track.id);
            } else if update.detection.is_some() {
                let point = self.config.anchor.of(&track.bounds);
                let is_believed = track.state == TrackState::Confirmed;
                if let Some(direction) = self.advance(track.id, point, is_believed) {
                    let group = ClassGroup::of(track.class);
                    *self.counts.entry((group, direction)).or_default() += 1;
                    out.push(CountEvent {
                        track: track.id,
                        group,
                        direction,
                        at: track.last_seen_at,
                    });
                }
            }
        }
    }

    /// How many crossed so far.
    pub fn counts(&self) -> &BTreeMap<(ClassGroup, Crossing), u64> {
        &self.counts
    }

    fn advance(&mut self, track: TrackId, to: PointInImage, is_believed: bool) -> Option<Crossing> {
        let line = &self.config.line;
        let distance_px = distance_px(line, to)?;
        let path = self.paths.entry(track).or_insert(Path {
            newest: to,
            is_right: 0.0 <= distance_px,
            crossed: None,
            n_beyond: 0,
            counted: [false; 2],
        });
        if let Some(crossing) = line.crossing(path.newest, to) {
            path.crossed = Some(crossing);
        }
        path.newest = to;
        let is_right = 0.0 <= distance_px;
        if distance_px.abs() < self.config.hysteresis_px {
            return None;
        }
        if is_right == path.is_right {
            path.crossed = None;
            path.n_beyond = 0;
            return None;
        }
        path.n_beyond += 1;
        if path.n_beyond < self.config.n_beyond_min && path.crossed.is_some() {
            return None;
        }
        if !is_believed && path.crossed.is_some() {
            // It is beyond, but may be a phantom: judged again at its next frame.
            return None;
        }
        path.is_right = is_right;
        path.n_beyond = 0;
        let direction = path.crossed.take()?;
        let counted = &mut path.counted[usize::from(direction == Crossing::LeftToRight)];
        let is_first = !std::mem::replace(counted, true);
        is_first.then_some(direction)
    }
}

/// Signed distance from the infinite line; `None` for a line without length or a point that is no
/// number.
fn distance_px(line: &LineInImage, point: PointInImage) -> Option<f32> {
    let (dx, dy) = (line.to.x - line.from.x, line.to.y - line.from.y);
    let distance = line.side(point) / (dx * dx + dy * dy).sqrt();
    distance.is_finite().then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Class, Track};

    fn counter() -> LineCounter {
        LineCounter::new(LineCounterConfig {
            line: LineInImage {
                from: PointInImage { x: 0., y: 100. },
                to: PointInImage { x: 200., y: 100. },
            },
            anchor: Anchor::Foot,
            hysteresis_px: 10.0,
            n_beyond_min: 1,
        })
    }

    fn walk(counter: &mut LineCounter, feet: &[(f32, f32)]) -> Vec<Crossing> {
        let mut events = Vec::new();
        for (n, (x, y)) in (1..).zip(feet) {
            let at = Timestamp::from_millis(i64::from(n) * 100);
            let track = Track {
                id: TrackId(1),
                class: Class::Person,
                state: if n < 3 {
                    TrackState::Tentative
                } else {
                    TrackState::Confirmed
                },
                bounds: BoxInImage::new(x - 10., y - 50., x + 10., *y),
                score: 0.9,
                first_seen_at: Timestamp::from_millis(100),
                last_seen_at: at,
                n_hits: n,
            };
            let update = TrackUpdate {
                track,
                detection: Some(0),
                velocity_px_s: PointInImage::default(),
            };
            counter.step(&[update], &mut events);
        }
        events.iter().map(|e| e.direction).collect()
    }

    #[track_caller]
    fn check(feet: &[(f32, f32)], expect: &[Crossing]) {
        assert_eq!(walk(&mut counter(), feet), expect);
    }

    #[test]
    fn who_passes_is_counted_once_each_way() {
        use Crossing::{LeftToRight, RightToLeft};
        check(
            &[(50., 60.), (50., 80.), (50., 105.), (50., 120.)],
            &[LeftToRight],
        );
        check(&[(50., 140.), (50., 120.), (50., 80.)], &[RightToLeft]);
        check(
            &[(50., 60.), (50., 70.), (50., 160.), (50., 60.), (50., 160.)],
            &[LeftToRight, RightToLeft],
        );
    }

    #[test]
    fn who_sways_on_the_line_or_passes_beside_it_is_not() {
        check(
            &[(50., 95.), (50., 104.), (50., 96.), (50., 107.), (50., 93.)],
            &[],
        );
        check(&[(300., 60.), (300., 80.), (300., 120.), (300., 150.)], &[]);
        check(&[(50., f32::NAN), (50., 120.), (50., 150.)], &[]);
    }

    #[test]
    fn who_must_stay_beyond_is_counted_when_they_have() {
        let mut patient = counter();
        patient.config.n_beyond_min = 3;
        let jump = [(50., 60.), (50., 70.), (50., 160.), (50., 60.), (50., 160.)];
        assert_eq!(walk(&mut patient, &jump), []);
        let mut patient = counter();
        patient.config.n_beyond_min = 3;
        let feet = [
            (50., 60.),
            (50., 80.),
            (50., 115.),
            (50., 120.),
            (50., 130.),
        ];
        assert_eq!(walk(&mut patient, &feet), [Crossing::LeftToRight]);
    }

    #[test]
    fn a_crossing_before_the_track_is_believed_counts_when_it_is() {
        check(
            &[(50., 90.), (50., 120.), (50., 130.)],
            &[Crossing::LeftToRight],
        );
        let mut counter = counter();
        walk(&mut counter, &[(50., 90.), (50., 120.), (50., 130.)]);
        let key = (ClassGroup::Person, Crossing::LeftToRight);
        assert_eq!(counter.counts().get(&key), Some(&1));
    }
}
