//! Boxes from frame to frame: two-stage association after ByteTrack (Zhang et al., ECCV 2022).
//!
//! Confident boxes are matched to known tracks first, then weak boxes to the tracks still alone (an
//! occluded vehicle is seen weakly rather than not at all), then confident boxes to tracks that are
//! not believed yet, and weak ones likewise; what remains starts new tracks. Ties go to the older
//! track; the order of the detections plays no part.

use crate::{
    ClassGroup,
    assignment::{Costs, assign},
    kalman::{BoxFilter, size_of},
    merge::{Indexed, duplicates, riders},
};
use domain::{BoxInImage, Class, Detection, PointInImage, Timestamp, Track, TrackId, TrackState};
use std::{collections::BTreeMap, time::Duration};

/// How detections become tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerConfig {
    /// Boxes from this score on are matched first and may start tracks.
    pub score_high: f32,
    /// Boxes below this score are ignored.
    pub score_low: f32,
    /// How many frames must show a thing before it is believed.
    pub confirm_hits: u32,
    /// How long a believed track lives without being seen.
    pub coast: Duration,
    /// How long a track that is not believed yet lives without being seen.
    pub tentative_coast: Duration,
    /// A box this much over the predicted one may be the same thing.
    pub iou_min: f32,
    /// How far from the predicted centre a box may be, in sizes (mean of width and height) of the
    /// smaller of both boxes, while the filter's own doubt allows it: at 5 fps a motorbike moves
    /// by more than its width between frames.
    pub distance_max: f32,
    /// Whether riders and double boxes are merged first. Off for plates and faces.
    pub merges: bool,
    /// Number of the first track. Trackers of one camera get ranges of their own.
    pub first_id: u64,
    /// At most so many tracks at a time; boxes beyond are counted and not followed.
    pub tracks_max: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            score_high: 0.5,
            score_low: 0.1,
            confirm_hits: 3,
            coast: Duration::from_millis(1500),
            tentative_coast: Duration::from_millis(450),
            iou_min: 0.2,
            distance_max: 2.5,
            merges: true,
            first_id: 1,
            tracks_max: 256,
        }
    }
}

/// What one frame did to one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackUpdate {
    /// The track now; `Ended` ones are told once and never again.
    pub track: Track,
    /// Which of the given detections it was, or `None` when it was not seen in this frame.
    ///
    /// For a motorbike with its rider this is the motorbike's.
    pub detection: Option<usize>,
    /// Its speed in pixels a second.
    pub velocity_px_s: PointInImage,
}

/// What a tracker refused, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackerCounts {
    /// Frames not later than the one before.
    pub n_frames_out_of_order: u64,
    /// Boxes that are empty, not finite, or far outside any picture.
    pub n_boxes_invalid: u64,
    /// Boxes that found no room.
    pub n_boxes_over_limit: u64,
    /// Tracks that were started.
    pub n_tracks_started: u64,
}

/// Follows the things of one camera.
#[derive(Clone, Debug)]
pub struct Tracker {
    config: TrackerConfig,
    tracks: Vec<LiveTrack>,
    next_id: u64,
    newest_at: Option<Timestamp>,
    view: Option<BoxInImage>,
    counts: TrackerCounts,
}

#[derive(Clone, Debug)]
struct LiveTrack {
    track: Track,
    filter: BoxFilter,
    class_votes: BTreeMap<Class, u64>,
    hit: Option<usize>,
    /// Whether the frame before this one showed it.
    was_seen: bool,
    /// Unseen for longer than it lives, or where nothing is seen.
    is_lost: bool,
}

/// What a pair of track and box must fulfil.
#[derive(Clone, Copy, Debug)]
struct Gate {
    iou_min: f32,
    distance_max: f32,
}

/// Costs are shares of 1 in these units; a pair that costs 1 is no better than none.
const COST_UNIT: f32 = 1_000_000.0;
/// Squared standard deviations within which a box is no surprise (χ² with 2 degrees of freedom: 1
/// in 400 lies beyond).
const SURPRISE_MAX: f32 = 12.0;
/// No picture is so large; beyond, squares of distances would overflow.
const COORDINATE_MAX: f32 = 100_000.0;
/// Boxes of one thing differ in area by less than this factor.
const AREA_RATIO_MIN: f32 = 0.3;

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(config: TrackerConfig) -> Self {
        Self {
            next_id: config.first_id,
            config,
            tracks: Vec::new(),
            newest_at: None,
            view: None,
            counts: TrackerCounts::default(),
        }
    }

    /// What is unseen and must by now be wholly outside of these bounds has left, and what comes
    /// there is something else. Without bounds a track ends by time alone.
    pub fn set_view(&mut self, view: BoxInImage) {
        self.view = Some(view);
    }

    /// What it refused so far.
    pub fn counts(&self) -> TrackerCounts {
        self.counts
    }

    /// Takes one frame's detections and appends what became of every track, in the order of their
    /// numbers.
    ///
    /// A frame that is not later than the one before changes nothing, is counted, and gives
    /// `false`.
    pub fn step(
        &mut self,
        captured_at: Timestamp,
        detections: &[Detection],
        out: &mut Vec<TrackUpdate>,
    ) -> bool {
        if self.newest_at.is_some_and(|newest| captured_at <= newest) {
            self.counts.n_frames_out_of_order += 1;
            return false;
        }
        let before = self.newest_at.replace(captured_at);
        let dt = before.map_or(Duration::ZERO, |before| captured_at.since(before));
        // Beyond the coasting time every track ends anyhow; the limit keeps the numbers small.
        let dt_s = dt.as_secs_f32().min(60.0);
        for live in &mut self.tracks {
            live.filter.predict(dt_s);
            live.hit = None;
            // What comes when its time is over is something else, but in a time in which nobody
            // looked nothing is lost.
            live.was_seen = Some(live.track.last_seen_at) == before;
            let is_late = live.coast(&self.config) < live.unseen(captured_at);
            let is_outside = |view| live.filter.bounds().share_inside(view) <= 0.0;
            let has_left = self.view.as_ref().is_some_and(is_outside);
            live.is_lost = !live.was_seen && (is_late || has_left);
        }
        let boxes = self.usable(detections);
        self.associate(captured_at, &boxes);
        self.tell(captured_at, out);
        true
    }

    /// Ends every track, for the end of a stream.
    pub fn finish(&mut self, out: &mut Vec<TrackUpdate>) {
        for mut live in std::mem::take(&mut self.tracks) {
            live.track.state = TrackState::Ended;
            live.hit = None;
            out.push(live.update());
        }
    }

    fn usable(&mut self, detections: &[Detection]) -> Vec<Indexed> {
        let mut usable = Vec::with_capacity(detections.len());
        for (index, detection) in detections.iter().enumerate() {
            let b = &detection.bounds;
            let is_valid = 0.0 < b.area()
                && detection.score.is_finite()
                && [b.x_min, b.y_min, b.x_max, b.y_max]
                    .iter()
                    .all(|v| v.abs() <= COORDINATE_MAX);
            if !is_valid {
                self.counts.n_boxes_invalid += 1;
            } else if self.config.score_low <= detection.score {
                let detection = detection.clone();
                usable.push(Indexed { index, detection });
            }
        }
        if self.config.merges {
            usable = duplicates(riders(usable));
        }
        usable.sort_by(|a, b| by_score_and_place(&a.detection, &b.detection));
        let n_over = usable.len().saturating_sub(2 * self.config.tracks_max);
        usable.truncate(2 * self.config.tracks_max);
        self.counts.n_boxes_over_limit += n_over as u64;
        usable
    }

    fn associate(&mut self, at: Timestamp, boxes: &[Indexed]) {
        let (high, low): (Vec<&Indexed>, Vec<&Indexed>) = boxes
            .iter()
            .partition(|b| self.config.score_high <= b.detection.score);
        let gate = Gate {
            iou_min: self.config.iou_min,
            distance_max: self.config.distance_max,
        };
        // A weak box is believed only where one is expected.
        let narrow = Gate {
            iou_min: self.config.iou_min.max(0.4),
            distance_max: self.config.distance_max.min(0.5),
        };
        let is_believed = |live: &LiveTrack| live.track.state != TrackState::Tentative;
        let high = self.match_boxes(at, (high, gate), is_believed);
        // ByteTrack takes only tracks of the frame before; where every third box is weak that loses
        // one track in a hundred. What is long out of sight is not where it is expected.
        let recent = self.config.coast / 2;
        let low = self.match_boxes(at, (low, narrow), |live| {
            is_believed(live) && (live.was_seen || live.unseen(at) <= recent)
        });
        let high = self.match_boxes(at, (high, gate), |live| !is_believed(live));
        // ByteTrack leaves this out. At 8 fps, with every third box weak, it halves the lost tracks
        // (`tests/dense_traffic.rs`).
        let _weak = self.match_boxes(at, (low, gate), |live| !is_believed(live));
        for unmatched in high {
            self.start(at, unmatched);
        }
    }

    /// Matches boxes to the tracks that are still alone and that `takes_part` admits; gives the
    /// boxes left over.
    fn match_boxes<'b>(
        &mut self,
        at: Timestamp,
        (boxes, gate): (Vec<&'b Indexed>, Gate),
        takes_part: impl Fn(&LiveTrack) -> bool,
    ) -> Vec<&'b Indexed> {
        let rows: Vec<usize> = (0..self.tracks.len())
            .filter(|&i| {
                let live = &self.tracks[i];
                live.hit.is_none() && !live.is_lost && takes_part(live)
            })
            .collect();
        let mut costs = Costs::new(rows.len(), boxes.len());
        for (row, &place) in rows.iter().enumerate() {
            let live = &self.tracks[place];
            let predicted = live.filter.bounds();
            for (col, candidate) in boxes.iter().enumerate() {
                if let Some(cost) = pair_cost(live, &predicted, (&candidate.detection, gate)) {
                    costs.allow(row, col, cost);
                }
            }
        }
        let mut is_taken = vec![false; boxes.len()];
        for (row, col) in assign(&costs, COST_UNIT as i64).into_iter().enumerate() {
            if let Some(col) = col {
                is_taken[col] = true;
                self.tracks[rows[row]].see(at, boxes[col]);
            }
        }
        let left_over = boxes.into_iter().zip(is_taken);
        left_over
            .filter_map(|(b, is_taken)| (!is_taken).then_some(b))
            .collect()
    }

    fn start(&mut self, at: Timestamp, seen: &Indexed) {
        if self.config.tracks_max <= self.tracks.len() {
            self.counts.n_boxes_over_limit += 1;
            return;
        }
        let bounds = seen.detection.bounds;
        let mut live = LiveTrack {
            track: Track {
                id: TrackId(self.next_id),
                class: seen.detection.class,
                state: TrackState::Tentative,
                bounds,
                score: seen.detection.score,
                first_seen_at: at,
                last_seen_at: at,
                n_hits: 0,
            },
            filter: BoxFilter::new(&bounds),
            class_votes: BTreeMap::new(),
            hit: None,
            was_seen: true,
            is_lost: false,
        };
        live.see(at, seen);
        self.next_id += 1;
        self.counts.n_tracks_started += 1;
        self.tracks.push(live);
    }

    fn tell(&mut self, at: Timestamp, out: &mut Vec<TrackUpdate>) {
        for live in &mut self.tracks {
            live.settle(at, &self.config);
            out.push(live.update());
        }
        self.tracks
            .retain(|live| live.track.state != TrackState::Ended);
    }
}

impl LiveTrack {
    fn see(&mut self, at: Timestamp, seen: &Indexed) {
        let detection = &seen.detection;
        self.filter.update(&detection.bounds);
        self.hit = Some(seen.index);
        self.track.bounds = detection.bounds;
        self.track.score = detection.score;
        self.track.last_seen_at = at;
        self.track.n_hits = self.track.n_hits.saturating_add(1);
        let vote = (detection.score.clamp(0.0, 1.0) * 1000.0) as u64 + 1;
        *self.class_votes.entry(detection.class).or_default() += vote;
        let most = self.class_votes.values().max().copied().unwrap_or(0);
        let n_votes = |class| self.class_votes.get(class).copied().unwrap_or(0);
        if n_votes(&self.track.class) < most
            && let Some(class) = self.class_votes.keys().find(|c| n_votes(c) == most)
        {
            self.track.class = *class;
        }
    }

    fn settle(&mut self, at: Timestamp, config: &TrackerConfig) {
        let is_believed = self.track.state != TrackState::Tentative;
        if self.hit.is_some() {
            if is_believed || config.confirm_hits <= self.track.n_hits {
                self.track.state = TrackState::Confirmed;
            }
            return;
        }
        self.track.bounds = self.filter.bounds();
        if self.is_lost || self.coast(config) < self.unseen(at) {
            self.track.state = TrackState::Ended;
        } else if is_believed {
            self.track.state = TrackState::Coasting;
        }
    }

    fn unseen(&self, at: Timestamp) -> Duration {
        at.since(self.track.last_seen_at)
    }

    /// How long it lives without being seen.
    fn coast(&self, config: &TrackerConfig) -> Duration {
        if self.track.state == TrackState::Tentative {
            config.tentative_coast
        } else {
            config.coast
        }
    }

    fn update(&self) -> TrackUpdate {
        TrackUpdate {
            track: self.track.clone(),
            detection: self.hit,
            velocity_px_s: self.filter.velocity(),
        }
    }
}

/// What it costs to take the box for the track, in [0, 1) · `COST_UNIT`; `None` when it cannot be.
fn pair_cost(
    live: &LiveTrack,
    predicted: &BoxInImage,
    (seen, gate): (&Detection, Gate),
) -> Option<i64> {
    if ClassGroup::of(live.track.class) != ClassGroup::of(seen.class) {
        return None;
    }
    let iou = predicted.iou(&seen.bounds);
    let (here, there) = (predicted.centre(), seen.bounds.centre());
    let (dx, dy) = (there.x - here.x, there.y - here.y);
    let (size, seen_size) = (size_of(predicted), size_of(&seen.bounds));
    let apart = (dx * dx + dy * dy).sqrt();
    let distance = apart / f32::midpoint(size, seen_size);
    let (a, b) = (predicted.area().max(1.0), seen.bounds.area().max(1.0));
    let area_ratio = a.min(b) / a.max(b);
    // By the smaller of both: to a lorry close by, most of the picture is near.
    let is_near = apart <= gate.distance_max * size.min(seen_size)
        && live.filter.surprise(&seen.bounds) <= SURPRISE_MAX
        && AREA_RATIO_MIN <= area_ratio;
    if iou < gate.iou_min && !is_near {
        return None;
    }
    let class_cost = if live.track.class == seen.class {
        0.0
    } else {
        0.1
    };
    let distance_cost = (distance / gate.distance_max.max(0.01)).min(1.0);
    let cost = 0.35 * (1.0 - iou) + 0.4 * distance_cost + 0.1 * (1.0 - area_ratio) + class_cost;
    Some((cost * COST_UNIT) as i64)
}

/// Best first; the order is total, so that the order in which a model lists its boxes does not
/// matter.
fn by_score_and_place(a: &Detection, b: &Detection) -> std::cmp::Ordering {
    let (p, q) = (&a.bounds, &b.bounds);
    b.score
        .total_cmp(&a.score)
        .then(p.x_min.total_cmp(&q.x_min))
        .then(p.y_min.total_cmp(&q.y_min))
        .then(p.x_max.total_cmp(&q.x_max))
        .then(p.y_max.total_cmp(&q.y_max))
        .then(a.class.cmp(&b.class))
}
