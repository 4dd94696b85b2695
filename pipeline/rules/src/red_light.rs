//! Crossing the stop line on red.
//!
//! QCVN 41:2024/BGTVT: at a red light vehicles stop before the stop line (*vạch dừng xe*). The act
//! is "not obeying the traffic signal": Decree 168/2024/NĐ-CP art. 6.9.b (cars) and 7.7.c
//! (motorbikes).
//!
//! The rule follows the point where a vehicle stands on the ground. It fires when that point was
//! seen before the line, crossed it while the signal had been red for longer than a grace, and went
//! on well beyond it. So a vehicle whose box trembles while it waits at the line, one that creeps
//! over the line and stays, and one that goes on at green are not found. The phase must have been
//! believed by then; unknown is not red.
//!
//! Who was over the line while the signal was not surely red is not found, whatever the vehicle
//! does after: one that a jam stopped beyond the line at green may go on at red. So the signal must
//! have been red all the time between the two frames around its first way over the line since it
//! was clearly before it, and it must have been seen clearly before it.
//!
//! Facts, in this order: `phase`, `red_for_ms`, `interval_ms` (between the frames around the act),
//! `hits_before`, `beyond_px`, `speed_px_s`, and `phase_beyond` (the phase when it was well
//! beyond). The pipeline appends `clock_error_bound_ms`: how far the time of the act may be from
//! the truth. Beyond 1 s the candidate serves screening only.

use crate::{PhaseAt, Rule, RuleFinding, RuleInput, SignalFilter, SignalFilterConfig};
use domain::{
    Class, EvidenceRole, PlateVote, SightingId, SignalPhase, Standing, Timestamp, Track, TrackId,
    TrackState,
    geometry::{Crossing, LineInImage},
};
use std::{collections::BTreeMap, time::Duration};

mod path;

use path::{Path, Step, between};

/// Which point of a box is on the ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroundPoint {
    /// The middle of the bottom edge. For a camera that sees vehicles from behind these are the
    /// rear wheels, which cross last: that favours the driver.
    #[default]
    BottomCentre,
    /// The middle of the box, for a camera that looks straight down.
    Centre,
}

/// Where the stop line is and when crossing it is found. Pixels are those of the camera's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct RedLightConfig {
    /// The stop line of the lanes that the signal governs; what crosses beyond its ends is not
    /// found.
    pub stop_line: LineInImage,
    /// The forbidden way over it, looking from its start to its end.
    pub forbidden: Crossing,
    /// Which point of a box crosses it.
    pub ground_point: GroundPoint,
    /// Which vehicles the signal governs.
    pub classes: Vec<Class>,
    /// How long the signal must have been red.
    pub grace: Duration,
    /// How far a box of a standing vehicle trembles, in pixels.
    pub jitter_px: f32,
    /// How far beyond the line a vehicle must get.
    pub beyond_px: f32,
    /// Who crossed on red may get there so much later although the signal has changed meanwhile.
    pub beyond_within: Duration,
    /// In how many frames a vehicle must be seen before the line: none is born on it.
    pub hits_before_min: u32,
    /// The longest time between the two frames around the crossing; beyond, the time of the act is
    /// too vague.
    pub interval_max: Duration,
    /// How long a crossing waits for the frames that settle the phase.
    pub settle_max: Duration,
    /// When a phase is believed.
    pub signal: SignalFilterConfig,
    /// What findings may be used for.
    pub standing: Standing,
}

impl RedLightConfig {
    /// The usual settings for a line. A step over the line and jitter are in proportion to a 720p
    /// picture.
    pub fn new(stop_line: LineInImage, forbidden: Crossing) -> Self {
        Self {
            stop_line,
            forbidden,
            ground_point: GroundPoint::default(),
            classes: vec![Class::Car, Class::Motorbike, Class::Bus, Class::Truck],
            grace: Duration::from_millis(400),
            jitter_px: 6.0,
            beyond_px: 30.0,
            beyond_within: Duration::from_millis(1500),
            hits_before_min: 3,
            interval_max: Duration::from_millis(400),
            settle_max: Duration::from_millis(2000),
            signal: SignalFilterConfig::default(),
            standing: Standing::Evidential,
        }
    }
}

/// Why a crossing was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The signal was green or amber: lawful.
    NotRed,
    /// The signal had not been red for long enough.
    WithinGrace,
    /// The phase was not known at the crossing.
    PhaseUnknown,
    /// The vehicle was not seen clearly before the line.
    BornOnLine,
    /// Too long between the frames around the crossing.
    IntervalTooLong,
    /// Over the line on red, but it went on only at another phase: it had stopped.
    StoppedBeyond,
    /// It went on at red, but was over the line before the signal was surely red, and had stopped
    /// there.
    OverBeforeRed,
    /// More vehicles than are followed.
    TooManyTracks,
}

/// The rule `red-light`.
#[derive(Clone, Debug)]
pub struct RedLight {
    config: RedLightConfig,
    signal: SignalFilter,
    paths: BTreeMap<TrackId, Path>,
    waiting: Vec<Waiting>,
    refusals: BTreeMap<Refusal, u64>,
    now: Timestamp,
}

/// A vehicle is beyond the line; the phase is not settled yet.
#[derive(Clone, Debug)]
struct Waiting {
    track: TrackId,
    sighting: SightingId,
    class: Class,
    plate: Option<PlateVote>,
    path: Path,
    is_found_late: bool,
}

const TRACKS_MAX: usize = 512;
/// A track that has not been heard of for so long is forgotten.
const FORGET: Duration = Duration::from_secs(30);

impl RedLight {
    /// Nothing was seen yet.
    pub fn new(config: RedLightConfig) -> Self {
        Self {
            signal: SignalFilter::new(config.signal.clone()),
            config,
            paths: BTreeMap::new(),
            waiting: Vec::new(),
            refusals: BTreeMap::new(),
            now: Timestamp::EPOCH,
        }
    }

    /// How many crossings were not found, by reason.
    pub fn refusals(&self) -> &BTreeMap<Refusal, u64> {
        &self.refusals
    }

    /// The phase as it is believed now.
    pub fn phase(&self) -> SignalPhase {
        self.signal.phase()
    }

    fn refuse(&mut self, why: Refusal) {
        *self.refusals.entry(why).or_default() += 1;
    }

    fn follow(
        &mut self,
        track: &Track,
        (sighting, frame_seq): (SightingId, u64),
        plate: Option<&PlateVote>,
    ) {
        if track.state == TrackState::Ended {
            self.paths.remove(&track.id);
            return;
        }
        let is_seen = track.state != TrackState::Coasting;
        if !is_seen || !self.config.classes.contains(&track.class) {
            return;
        }
        let Some(step) = self.config.step(track, frame_seq) else {
            return;
        };
        if !self.paths.contains_key(&track.id) && TRACKS_MAX <= self.paths.len() {
            self.refuse(Refusal::TooManyTracks);
            return;
        }
        let config = &self.config;
        let path = self
            .paths
            .entry(track.id)
            .and_modify(|path| path.advance(step, config))
            .or_insert_with(|| Path::new(step, config));
        let is_believed = track.state == TrackState::Confirmed;
        let is_beyond = self.config.beyond_px <= path.newest.beyond_px;
        // The act needs a frame of its own before the one that shows the vehicle well beyond: one
        // box may be wrong.
        let is_seen_twice = path
            .over_line
            .is_none_or(|(_, after)| after.at < path.newest.at);
        if path.is_done || !is_believed || !is_beyond || !is_seen_twice {
            return;
        }
        path.is_done = true;
        let waiting = Waiting {
            track: track.id,
            sighting,
            class: track.class,
            plate: plate.cloned(),
            path: path.clone(),
            is_found_late: false,
        };
        self.examine(waiting);
    }

    /// What can be told without the phase.
    fn examine(&mut self, waiting: Waiting) {
        let path = &waiting.path;
        if path.over_line.is_none() || path.over_jitter.is_none() {
            // It came from beyond, beside the line, or was born there.
            if path.n_before == 0 {
                self.refuse(Refusal::BornOnLine);
            }
        } else if path.n_before < self.config.hits_before_min
            || path.clear_before.is_none()
            || path.first_over.is_none()
        {
            self.refuse(Refusal::BornOnLine);
        } else {
            self.waiting.push(waiting);
        }
    }

    /// Judges the crossings whose phase is settled by now.
    fn judge(&mut self, out: &mut Vec<RuleFinding>) {
        for mut waiting in std::mem::take(&mut self.waiting) {
            waiting.is_found_late = self.config.settle_max < self.now.since(waiting.path.newest.at);
            match self.verdict(&waiting) {
                Ok(Some(finding)) => out.push(finding),
                Ok(None) => self.waiting.push(waiting),
                Err(why) => self.refuse(why),
            }
        }
    }

    /// A finding, nothing yet, or why there will be none.
    fn verdict(&self, waiting: &Waiting) -> Result<Option<RuleFinding>, Refusal> {
        let path = &waiting.path;
        let (Some(line), Some(jitter)) = (path.over_line, path.over_jitter) else {
            return Err(Refusal::BornOnLine);
        };
        let line_at = between(&line, 0.0);
        let clear_at = between(&jitter, self.config.jitter_px);
        // Who stood on the line and then went acts when it goes, not when it came to stand there.
        let has_stood = self.config.beyond_within < clear_at.since(line_at);
        let (act, act_at) = if has_stood {
            (jitter, clear_at)
        } else {
            (line, line_at)
        };
        if self.config.interval_max < act.1.at.since(act.0.at) {
            return Err(Refusal::IntervalTooLong);
        }
        let (mut since_act, mut phase_beyond) = (None, SignalPhase::Unknown);
        for (at, is_act) in [(act_at, true), (clear_at, false), (path.newest.at, false)] {
            match self.signal.at(at) {
                PhaseAt::NotYet if !waiting.is_found_late => return Ok(None),
                PhaseAt::Believed { phase, since } => {
                    phase_beyond = phase;
                    if is_act {
                        since_act = Some((phase, since));
                    } else if at == clear_at && phase != SignalPhase::Red {
                        return Err(Refusal::StoppedBeyond);
                    }
                }
                _ if is_act || at == clear_at => return Err(Refusal::PhaseUnknown),
                _ => phase_beyond = SignalPhase::Unknown,
            }
            if is_act && let Some((phase, since)) = since_act {
                self.check_red(phase, act_at.since(since))?;
            }
        }
        if phase_beyond != SignalPhase::Red
            && self.config.beyond_within < path.newest.at.since(act_at)
        {
            return Err(Refusal::StoppedBeyond);
        }
        if !self.is_red_throughout(path.first_over) {
            let is_act = !has_stood && path.first_over.is_some_and(|over| over.1.at == line.1.at);
            return Err(if is_act {
                Refusal::PhaseUnknown
            } else {
                Refusal::OverBeforeRed
            });
        }
        let red_for = since_act.map_or(Duration::ZERO, |(_, since)| act_at.since(since));
        Ok(Some(self.finding(
            waiting,
            &Act {
                around: act,
                at: act_at,
                red_for,
                phase_beyond,
            },
        )))
    }

    /// Whether one red phase holds from the one frame to the other; judged once a later frame is
    /// settled, so what is not known now never will be.
    fn is_red_throughout(&self, frames: Option<(Step, Step)>) -> bool {
        let red_since = |step: &Step| match self.signal.at(step.at) {
            PhaseAt::Believed {
                phase: SignalPhase::Red,
                since,
            } => Some(since),
            _ => None,
        };
        frames.is_some_and(|(from, to)| {
            let since = red_since(&from);
            since.is_some() && since == red_since(&to)
        })
    }

    fn check_red(&self, phase: SignalPhase, red_for: Duration) -> Result<(), Refusal> {
        match phase {
            SignalPhase::Red if self.config.grace < red_for => Ok(()),
            SignalPhase::Red => Err(Refusal::WithinGrace),
            SignalPhase::Amber | SignalPhase::Green => Err(Refusal::NotRed),
            SignalPhase::Unknown => Err(Refusal::PhaseUnknown),
        }
    }

    fn finding(&self, waiting: &Waiting, act: &Act) -> RuleFinding {
        let (before, after) = act.around;
        let path = &waiting.path;
        let interval = after.at.since(before.at);
        let speed_px_s = (after.beyond_px - before.beyond_px) / interval.as_secs_f32().max(0.001);
        let facts = [
            ("phase", "red".to_owned()),
            ("red_for_ms", act.red_for.as_millis().to_string()),
            ("interval_ms", interval.as_millis().to_string()),
            ("hits_before", path.n_before.to_string()),
            ("beyond_px", format!("{:.0}", path.newest.beyond_px)),
            ("speed_px_s", format!("{speed_px_s:.0}")),
            ("phase_beyond", phase_name(act.phase_beyond).to_owned()),
        ];
        // Never one that shows the vehicle already on the line: an old one may have left the ring
        // by now, and then the candidate lacks it and says so.
        let is_near = |step: &Step| act.at.since(step.at) <= EARLIER_MAX;
        let earlier = path
            .clear_before
            .filter(is_near)
            .or(path.newest_before.filter(is_near))
            .or(path.clear_before)
            .unwrap_or(before);
        RuleFinding {
            track: waiting.track,
            sighting: waiting.sighting,
            class: waiting.class,
            rule: NAME,
            version: VERSION,
            act_at: act.at,
            act_seq: after.seq,
            bounds: after.bounds,
            frames: vec![
                earlier.evidence(EvidenceRole::Before),
                after.evidence(EvidenceRole::At),
                path.newest.evidence(EvidenceRole::After),
            ],
            standing: self.config.standing,
            facts: facts.map(|(k, v)| (k.to_owned(), v)).to_vec(),
            plate: waiting.plate.clone(),
        }
    }
}

const NAME: &str = "red-light";
const VERSION: u32 = 2;
/// The picture before the act is at most so much older, where one shows the vehicle before the
/// line.
const EARLIER_MAX: Duration = Duration::from_millis(1500);

struct Act {
    around: (Step, Step),
    at: Timestamp,
    red_for: Duration,
    phase_beyond: SignalPhase,
}

impl Rule for RedLight {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn step(&mut self, input: &RuleInput<'_>, out: &mut Vec<RuleFinding>) {
        match input {
            RuleInput::Track {
                track,
                sighting,
                plate,
                frame_seq,
            } => {
                self.now = self.now.max(track.last_seen_at);
                self.follow(track, (*sighting, *frame_seq), *plate);
            }
            RuleInput::Signal { at, phase } => {
                self.now = self.now.max(*at);
                self.signal.step(*at, *phase);
            }
            RuleInput::Tick { at } => {
                self.now = self.now.max(*at);
                let now = self.now;
                self.paths
                    .retain(|_, path| now.since(path.newest.at) <= FORGET);
            }
        }
        if !self.waiting.is_empty() {
            self.judge(out);
        }
    }
}

fn phase_name(phase: SignalPhase) -> &'static str {
    match phase {
        SignalPhase::Red => "red",
        SignalPhase::Amber => "amber",
        SignalPhase::Green => "green",
        SignalPhase::Unknown => "unknown",
    }
}
