//! A vehicle's way over the stop line, frame by frame.

use super::{GroundPoint, RedLightConfig};
use crate::EvidenceFrame;
use domain::{BoxInImage, EvidenceRole, PointInImage, Timestamp, Track, geometry::Crossing};

/// A vehicle in one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) bounds: BoxInImage,
    pub(super) point: PointInImage,
    /// Distance beyond the line in the forbidden direction.
    pub(super) beyond_px: f32,
}

/// A vehicle's way over the line so far.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) newest: Step,
    pub(super) n_before: u32,
    /// The newest frame in which it was clearly before the line.
    pub(super) clear_before: Option<Step>,
    /// The newest frame in which it was before the line by more than its box trembles.
    pub(super) newest_before: Option<Step>,
    /// The frames around the first time that it was on the line or beyond since it was clearly
    /// before it. Later ways over the line may be only the trembling of a box that stands on it.
    pub(super) first_over: Option<(Step, Step)>,
    /// The frames around its newest way over the line, and over the width of its jitter beyond it.
    pub(super) over_line: Option<(Step, Step)>,
    pub(super) over_jitter: Option<(Step, Step)>,
    pub(super) is_done: bool,
}

impl RedLightConfig {
    pub(super) fn step(&self, track: &Track, seq: u64) -> Option<Step> {
        let point = match self.ground_point {
            GroundPoint::BottomCentre => track.bounds.foot(),
            GroundPoint::Centre => track.bounds.centre(),
        };
        let line = &self.stop_line;
        let (dx, dy) = (line.to.x - line.from.x, line.to.y - line.from.y);
        let to_right_px = line.side(point) / (dx * dx + dy * dy).sqrt();
        let beyond_px = match self.forbidden {
            Crossing::LeftToRight => to_right_px,
            Crossing::RightToLeft => -to_right_px,
        };
        beyond_px.is_finite().then_some(Step {
            seq,
            at: track.last_seen_at,
            bounds: track.bounds,
            point,
            beyond_px,
        })
    }
}

impl Path {
    pub(super) fn new(first: Step, config: &RedLightConfig) -> Self {
        let mut path = Self {
            newest: first,
            n_before: 0,
            clear_before: None,
            newest_before: None,
            first_over: None,
            over_line: None,
            over_jitter: None,
            is_done: false,
        };
        path.count(config);
        path
    }

    pub(super) fn advance(&mut self, to: Step, config: &RedLightConfig) {
        if to.at <= self.newest.at {
            return;
        }
        let from = std::mem::replace(&mut self.newest, to);
        let is_over = |level_px: f32| from.beyond_px < level_px && level_px <= to.beyond_px;
        if 0.0 <= to.beyond_px && self.first_over.is_none() {
            self.first_over = Some((from, to));
        }
        if is_over(0.0) {
            let is_within = config.stop_line.crossing(from.point, to.point).is_some();
            self.over_line = is_within.then_some((from, to));
        } else if to.beyond_px < 0.0 {
            self.over_line = None;
        }
        if is_over(config.jitter_px) {
            self.over_jitter = Some((from, to));
        } else if to.beyond_px < config.jitter_px {
            self.over_jitter = None;
        }
        self.count(config);
    }

    fn count(&mut self, config: &RedLightConfig) {
        if self.newest.beyond_px < 0.0 {
            self.n_before = self.n_before.saturating_add(1);
        }
        if self.newest.beyond_px < -config.jitter_px.max(config.beyond_px / 2.0) {
            self.clear_before = Some(self.newest);
            self.first_over = None;
        }
        if self.newest.beyond_px < -config.jitter_px {
            self.newest_before = Some(self.newest);
        }
    }
}

impl Step {
    pub(super) fn evidence(&self, role: EvidenceRole) -> EvidenceFrame {
        EvidenceFrame {
            role,
            seq: self.seq,
            captured_at: self.at,
            bounds: self.bounds,
        }
    }
}

/// When a vehicle passed a distance from the line, taking it to move evenly between the two frames.
pub(super) fn between((from, to): &(Step, Step), level_px: f32) -> Timestamp {
    let way_px = to.beyond_px - from.beyond_px;
    let share = if 0.0 < way_px {
        ((level_px - from.beyond_px) / way_px).clamp(0.0, 1.0)
    } else {
        1.0
    };
    from.at.saturating_add(to.at.since(from.at).mul_f32(share))
}
