//! The traffic rules of one camera, with the frames that prove what they found.

mod plate_shots;

use crate::{
    annotate::Tone,
    evidence::{Job, Still},
    plan::{PlanInImage, StopLine},
};
use domain::{
    BoxInImage, CameraId, Candidate, CandidateId, EvidenceRole, Frame, PlateRead, PlateVote,
    SightingId, SignalPhase, Standing, Timestamp, TrackId, geometry::Crossing,
};
use plate_shots::PlateShots;
use rules::{
    LampColours, RedLight, RedLightConfig, Rule as _, RuleFinding, RuleInput, classify_lamps,
};
use source::ring::FrameRing;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tracker::TrackUpdate;

/// How long a finding waits for a better reading of the plate; the frames are taken at once.
const PLATE_WAIT: Duration = Duration::from_millis(1500);

/// Findings that may wait; a busy junction has a handful.
const PENDING_MAX: usize = 64;

/// Tracks whose boxes are drawn as having broken a rule.
const FIRED_MAX: usize = 128;

/// What stands behind an act whose time may be further off serves screening only: GA/T 832 wants a
/// clock that is right within a second.
const CLOCK_ERROR_MAX: Duration = Duration::from_secs(1);

/// The fact that is appended to the rule's own.
const CLOCK_ERROR: &str = "clock_error_bound_ms";

struct Pending {
    finding: RuleFinding,
    stills: Vec<Still>,
    plate: Option<PlateVote>,
    due_at: Timestamp,
}

/// The rules of one camera.
pub(crate) struct Traffic {
    line: StopLine,
    rule: Option<RedLight>,
    found: Vec<RuleFinding>,
    pending: Vec<Pending>,
    fired: VecDeque<TrackId>,
    plate_shots: PlateShots,
    clock_error: Duration,
    /// Of the rules before this one.
    past_refusals: BTreeMap<String, u64>,
    ids: Box<dyn FnMut() -> CandidateId + Send>,
}

impl Traffic {
    pub(crate) fn new(line: &StopLine, ids: Box<dyn FnMut() -> CandidateId + Send>) -> Self {
        Self {
            line: line.clone(),
            rule: None,
            found: Vec::new(),
            pending: Vec::new(),
            fired: VecDeque::new(),
            plate_shots: PlateShots::default(),
            clock_error: Duration::ZERO,
            past_refusals: BTreeMap::new(),
            ids,
        }
    }

    /// Puts the stop line into the picture. The rule starts anew: another picture size is another
    /// picture.
    pub(crate) fn place(&mut self, place: &PlanInImage) {
        let line = place.line(self.line.from, self.line.to);
        let config = RedLightConfig {
            grace: self.line.grace,
            beyond_px: place.bounds.height() * 0.03,
            jitter_px: place.bounds.height() * 0.006,
            // Tracks are told to the rule once they are believed, so one such frame is the third.
            hits_before_min: 1,
            ..RedLightConfig::new(line, Crossing::LeftToRight)
        };
        self.past_refusals = self.refusals();
        self.rule = Some(RedLight::new(config));
    }

    /// Forgets the vehicles, whose tracks have ended; what was found has been flushed before.
    pub(crate) fn forget_vehicles(&mut self) {
        self.fired.clear();
        self.plate_shots = PlateShots::default();
    }

    /// How far the times of what is found from now on may be from the truth.
    pub(crate) fn set_clock_error(&mut self, bound: Duration) {
        self.clock_error = bound;
    }

    /// The clock was found to have been wrong by so much, also for what still waits.
    pub(crate) fn doubt_clock(&mut self, by: Duration) {
        self.clock_error = self.clock_error.max(by);
        for pending in &mut self.pending {
            mark_clock(&mut pending.finding, self.clock_error);
        }
    }

    /// Looks at the lamps.
    pub(crate) fn see_signal(&mut self, frame: &Frame, place: &PlanInImage) {
        let lamps = self
            .line
            .lamps
            .map(|lamp| lamp_colours(frame, &place.area(lamp)));
        let input = RuleInput::Signal {
            at: frame.captured_at,
            phase: classify_lamps(&lamps),
        };
        if let Some(rule) = &mut self.rule {
            rule.step(&input, &mut self.found);
        }
    }

    /// Keeps the plates' best pictures.
    pub(crate) fn see_plates(
        &mut self,
        frame: &Frame,
        updates: &[TrackUpdate],
        plates: &[PlateRead],
    ) {
        self.plate_shots.see(frame, updates, plates);
    }

    /// Follows one vehicle.
    pub(crate) fn see_track(
        &mut self,
        frame_seq: u64,
        update: &TrackUpdate,
        (sighting, plate): (SightingId, Option<&PlateVote>),
    ) {
        let input = RuleInput::Track {
            track: &update.track,
            sighting,
            plate,
            frame_seq,
        };
        if let Some(rule) = &mut self.rule {
            rule.step(&input, &mut self.found);
        }
        for pending in &mut self.pending {
            if pending.finding.sighting == sighting && plate.is_some() {
                pending.plate = plate.cloned();
            }
        }
    }

    /// Takes the frames of what was found, and gives what has waited long enough.
    pub(crate) fn ready(
        &mut self,
        now: Timestamp,
        ring: &FrameRing,
        camera: &CameraId,
    ) -> Vec<Job> {
        if let Some(rule) = &mut self.rule {
            rule.step(&RuleInput::Tick { at: now }, &mut self.found);
        }
        for mut finding in std::mem::take(&mut self.found) {
            mark_clock(&mut finding, self.clock_error);
            self.fired.push_back(finding.track);
            if FIRED_MAX < self.fired.len() {
                self.fired.pop_front();
            }
            let stills = stills(&finding, ring);
            let plate = finding.plate.clone();
            let due_at = now.saturating_add(PLATE_WAIT);
            self.pending.push(Pending {
                finding,
                stills,
                plate,
                due_at,
            });
        }
        let n_over = self.pending.len().saturating_sub(PENDING_MAX);
        let (mut due, mut waiting) = (Vec::new(), Vec::new());
        for (n, pending) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            if n < n_over || pending.due_at <= now {
                due.push(pending);
            } else {
                waiting.push(pending);
            }
        }
        self.pending = waiting;
        due.into_iter()
            .map(|pending| self.job(pending, camera))
            .collect()
    }

    /// Gives what still waits, at the end of a stream.
    pub(crate) fn flush(&mut self, ring: &FrameRing, camera: &CameraId) -> Vec<Job> {
        let end = Timestamp::from_micros(i64::MAX);
        let newest = ring.nearest(end).map_or(end, |frame| frame.captured_at);
        let mut jobs = self.ready(newest, ring, camera);
        let pending = std::mem::take(&mut self.pending);
        jobs.extend(pending.into_iter().map(|pending| self.job(pending, camera)));
        jobs
    }

    /// Crossings that were not found, by reason.
    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        let mut all = self.past_refusals.clone();
        for (why, n) in self.rule.iter().flat_map(RedLight::refusals) {
            *all.entry(format!("{why:?}")).or_default() += n;
        }
        all
    }

    /// Whether a rule has fired for the track.
    pub(crate) fn has_fired(&self, track: TrackId) -> bool {
        self.fired.contains(&track)
    }

    /// The colour of the stop line in pictures.
    pub(crate) fn tone(&self) -> Tone {
        match self
            .rule
            .as_ref()
            .map_or(SignalPhase::Unknown, RedLight::phase)
        {
            SignalPhase::Red => Tone::Bad,
            SignalPhase::Amber => Tone::Caution,
            SignalPhase::Green => Tone::Good,
            SignalPhase::Unknown => Tone::Neutral,
        }
    }

    fn job(&mut self, pending: Pending, camera: &CameraId) -> Job {
        let Pending {
            finding,
            mut stills,
            plate,
            ..
        } = pending;
        if let Some(picture) = self.plate_shots.best(finding.track, plate.as_ref()) {
            stills.push(Still {
                role: EvidenceRole::Plate,
                frame: picture.clone(),
                crop: None,
            });
        }
        let candidate = Candidate {
            id: (self.ids)(),
            camera: camera.clone(),
            sighting: finding.sighting,
            track: finding.track,
            class: finding.class,
            rule: finding.rule.to_owned(),
            rule_version: finding.version,
            act_at: finding.act_at,
            bounds: finding.bounds,
            standing: finding.standing,
            facts: finding.facts,
            plate,
            evidence: Vec::new(),
        };
        Job::Candidate { candidate, stills }
    }
}

/// Says how far the time of the act may be from the truth, and draws the consequence.
fn mark_clock(finding: &mut RuleFinding, bound: Duration) {
    finding.facts.retain(|(name, _)| name != CLOCK_ERROR);
    let bound_ms = bound.as_millis().to_string();
    finding.facts.push((CLOCK_ERROR.to_owned(), bound_ms));
    if CLOCK_ERROR_MAX < bound {
        finding.standing = Standing::ScreeningOnly;
    }
}

/// The frames that were judged, whole, and the vehicle from the one before the line, where it is
/// near.
fn stills(finding: &RuleFinding, ring: &FrameRing) -> Vec<Still> {
    let mut stills = Vec::new();
    for wanted in &finding.frames {
        let Some(frame) = ring.get(wanted.seq) else {
            tracing::warn!(
                seq = wanted.seq,
                "a frame of the evidence is no longer in the ring"
            );
            continue;
        };
        if wanted.role == EvidenceRole::Before {
            stills.push(Still {
                role: EvidenceRole::Sighting,
                frame: frame.clone(),
                crop: Some(wanted.bounds.grown(0.05)),
            });
        }
        stills.push(Still {
            role: wanted.role,
            frame: frame.clone(),
            crop: None,
        });
    }
    stills
}

/// Mean colour of a lamp's box, of its brightest fifth and of its darkest fifth.
fn lamp_colours(frame: &Frame, lamp: &BoxInImage) -> LampColours {
    let inside = lamp.clamped(frame.width as f32, frame.height as f32);
    let (x0, x1) = (inside.x_min as usize, inside.x_max as usize);
    let (y0, y1) = (inside.y_min as usize, inside.y_max as usize);
    let mut pixels: Vec<[u8; 3]> = Vec::new();
    for y in y0..y1 {
        for x in x0..x1 {
            let at = (y * frame.width as usize + x) * 3;
            pixels.push([frame.rgb[at], frame.rgb[at + 1], frame.rgb[at + 2]]);
        }
    }
    if pixels.is_empty() {
        return LampColours::default();
    }
    pixels.sort_by_key(|p| p.iter().map(|c| u32::from(*c)).sum::<u32>());
    let fifth = (pixels.len() / 5).max(1);
    LampColours {
        mean: mean(&pixels),
        bright: mean(&pixels[pixels.len() - fifth..]),
        dark: mean(&pixels[..fifth]),
    }
}

fn mean(pixels: &[[u8; 3]]) -> [f32; 3] {
    let mut sum = [0u64; 3];
    for pixel in pixels {
        for (total, channel) in sum.iter_mut().zip(pixel) {
            *total += u64::from(*channel);
        }
    }
    sum.map(|total| total as f32 / pixels.len().max(1) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_whose_time_may_be_off_by_more_than_a_second_serves_screening_only() {
        let mut finding = RuleFinding {
            track: TrackId(1),
            sighting: SightingId(1),
            class: domain::Class::Car,
            rule: "red-light",
            version: 1,
            act_at: Timestamp::EPOCH,
            act_seq: 0,
            bounds: BoxInImage::new(0., 0., 1., 1.),
            frames: Vec::new(),
            standing: Standing::Evidential,
            facts: vec![("phase".to_owned(), "red".to_owned())],
            plate: None,
        };
        for (bound_ms, expect) in [
            (540, Standing::Evidential),
            (1000, Standing::Evidential),
            (1001, Standing::ScreeningOnly),
        ] {
            mark_clock(&mut finding, Duration::from_millis(bound_ms));
            assert_eq!(finding.standing, expect);
            assert_eq!(finding.facts.len(), 2);
            assert_eq!(
                finding.facts[1],
                (CLOCK_ERROR.to_owned(), bound_ms.to_string())
            );
        }
    }

    #[test]
    fn the_colours_of_a_lamp() {
        let (width, height) = (20usize, 10usize);
        let mut rgb = vec![10u8; width * height * 3];
        for y in 2..6 {
            for x in 4..8 {
                rgb[(y * width + x) * 3..][..3].copy_from_slice(&[250, 30, 20]);
            }
        }
        let frame = Frame {
            camera: "cam".parse().unwrap(),
            seq: 0,
            captured_at: Timestamp::EPOCH,
            width: width as u32,
            height: height as u32,
            rgb: rgb.into(),
        };
        let lit = lamp_colours(&frame, &BoxInImage::new(4., 2., 8., 6.));
        assert_eq!((lit.mean, lit.dark), ([250., 30., 20.], [250., 30., 20.]));
        let half = lamp_colours(&frame, &BoxInImage::new(4., 2., 12., 6.));
        assert_eq!(
            (half.bright, half.dark),
            ([250., 30., 20.], [10., 10., 10.])
        );
        let outside = lamp_colours(&frame, &BoxInImage::new(400., 2., 900., 6.));
        assert_eq!(outside, LampColours::default());
    }
}
