//! One camera's judgement: from a frame and the models to sightings, candidates and counts.
//!
//! A camera is held by one worker at a time, so everything here sees the frames in order.

mod attention;
mod codes;
mod faces;
mod people;
mod plates;
mod rides;
mod told;

use crate::{
    annotate::{Mark, MarkLine, Tone},
    evidence::{EvidenceQueue, Job},
    gallery::Gallery,
    motion::MotionGate,
    output::{Output, Outputs},
    plan::{Plan, PlanInImage},
    qr::QrEye,
    stats::CameraStats,
    traffic::Traffic,
    watch_list::WatchList,
};
use domain::{
    CandidateId, Detection, Frame, SightingId, SightingPhase, Timestamp, TrackId, TrackState,
    ports::Detector,
};
use plates::Look;
use rides::Rides;
use source::ring::{FrameRing, RingLimits};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use told::{Best, Told};
use tracker::{
    CountEvent, FrameSeen, LineCounter, LineCounterConfig, Sightings, SightingsConfig,
    SightingsOutput, TrackUpdate, Tracker, TrackerConfig,
};
use wire::Count;

/// How long what is not believed yet is waited for: a gate at which everybody is settled may miss
/// it once.
const TENTATIVE_COAST: Duration = Duration::from_millis(800);

/// In so many frames a thing is seen before it is believed.
const CONFIRM_HITS: u32 = 3;

/// In so many frames something is seen beyond a line before the crossing counts: boxes of people
/// who hide each other jump, and so do those of what is near and cut by the picture's edge.
const BEYOND_MIN: u32 = 4;

/// The same where a gate waits for it.
const BEYOND_GATE_MIN: u32 = 3;

/// A box from this score on may be something new: where the detectors' accuracy was measured.
/// Weaker ones only show that what was there is still there.
const SCORE_HIGH: f32 = 0.3;

/// A gate is told this often that somebody is still there: what was seen 2 s ago grants nothing.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Where a camera's words go.
#[derive(Clone)]
pub(crate) struct Outlets {
    pub(crate) outputs: Outputs,
    pub(crate) evidence: EvidenceQueue,
    pub(crate) gallery: Option<Arc<Gallery>>,
    pub(crate) watch_list: Option<Arc<WatchList>>,
}

/// Everything that one camera remembers.
pub(crate) struct CameraCore {
    plan: Plan,
    place: Option<PlanInImage>,
    tracker: Tracker,
    sightings: Sightings,
    counters: Vec<LineCounter>,
    rides: Rides,
    totals: BTreeMap<String, Count>,
    traffic: Option<Traffic>,
    motion: Option<MotionGate>,
    has_motion: bool,
    qr: Option<QrEye>,
    ring: FrameRing,
    told: BTreeMap<SightingId, Told>,
    last_plate_look: BTreeMap<TrackId, Look>,
    /// Looks at the lane that found no plate.
    n_empty_lane: u32,
    last_looked_at: Option<Timestamp>,
    /// When something last moved or was there; the first frame before that.
    last_busy_at: Option<Timestamp>,
    last_live_at: Option<Timestamp>,
    n_live_tracks: usize,
    newest_at: Option<Timestamp>,
    /// The number of the next track, so that none is used twice.
    next_track: u64,
    clock_error: Duration,
    pub(crate) stats: CameraStats,
}

impl CameraCore {
    pub(crate) fn new(
        plan: Plan,
        mut ids: impl FnMut() -> u128 + Send + Clone + 'static,
    ) -> Result<Self, opencv::Error> {
        let motion = plan.motion_gate.then(MotionGate::new).transpose()?;
        let mut candidate_ids = ids.clone();
        let config = SightingsConfig {
            classes: plan.tasks.sighting_classes(),
            plates_make_tracks: plan.is_gate && plan.tasks.plates,
            faces_make_tracks: plan.tasks.faces,
            repeat_after: plan.is_gate.then_some(REPEAT_AFTER),
            ..SightingsConfig::new(plan.camera.clone())
        };
        let first_track = TrackerConfig::default().first_id;
        Ok(Self {
            tracker: new_tracker(first_track),
            sightings: Sightings::new(config, move || SightingId(ids())),
            traffic: plan
                .stop_line
                .as_ref()
                .map(|line| Traffic::new(line, Box::new(move || CandidateId(candidate_ids())))),
            ring: new_ring(&plan),
            counters: Vec::new(),
            rides: Rides::default(),
            totals: BTreeMap::new(),
            place: None,
            motion,
            has_motion: true,
            qr: None,
            told: BTreeMap::new(),
            last_plate_look: BTreeMap::new(),
            n_empty_lane: 0,
            last_looked_at: None,
            last_busy_at: None,
            last_live_at: None,
            n_live_tracks: 0,
            newest_at: None,
            next_track: first_track,
            clock_error: Duration::ZERO,
            stats: CameraStats::default(),
            plan,
        })
    }

    /// Judges one frame.
    pub(crate) fn judge<D: Detector>(
        &mut self,
        frame: &Frame,
        detector: &mut D,
        outlets: &Outlets,
    ) -> Result<(), D::Error> {
        // Told by the source's event before; only a frame that overtook it comes here.
        if let Some(newest) = self.newest_at
            && frame.captured_at <= newest
        {
            self.start_over(newest.since(frame.captured_at), outlets);
        }
        self.newest_at = Some(frame.captured_at);
        self.prepare(frame);
        self.ring.push(frame);
        self.stats.first_at.get_or_insert(frame.captured_at);
        self.stats.last_at = Some(frame.captured_at);
        if let (Some(traffic), Some(place)) = (&mut self.traffic, &self.place) {
            traffic.see_signal(frame, place);
        }
        if !self.is_worth_a_look(frame) {
            self.stats.still += 1;
            self.show(frame, &[], outlets);
            return Ok(());
        }
        self.last_looked_at = Some(frame.captured_at);
        self.stats.analysed += 1;
        let detections = self.find_objects(frame, detector)?;
        let mut updates = Vec::new();
        self.tracker
            .step(frame.captured_at, &detections, &mut updates);
        let numbers = updates.iter().map(|update| update.track.id.0 + 1);
        self.next_track = numbers.fold(self.next_track, u64::max);
        self.rides.remember(frame.captured_at, &updates);
        self.n_live_tracks = updates
            .iter()
            .filter(|u| u.track.state != TrackState::Ended)
            .count();
        let plates = self.find_plates(frame, &updates, detector)?;
        let faces = self.find_faces(frame, detector, outlets)?;
        self.stats.detections += (detections.len() + plates.len() + faces.len()) as u64;
        self.n_live_tracks += plates.len() + faces.len();
        self.look_for_codes(frame);
        self.count(&updates, outlets);
        let mut said = SightingsOutput::default();
        self.sightings.step(
            &FrameSeen {
                seq: frame.seq,
                captured_at: frame.captured_at,
                size_px: (frame.width, frame.height),
                tracks: &updates,
                plates: &plates,
                faces: &faces,
            },
            &mut said,
        );
        self.apply_rules(frame, &updates, outlets);
        self.keep_pictures(&said, frame);
        self.tell(said, outlets);
        let extra: Vec<Mark> = faces
            .iter()
            .map(|face| Mark {
                bounds: face.observation.bounds,
                label: told::face_label(face),
                tone: Tone::Neutral,
            })
            .chain(plates.iter().map(|plate| Mark {
                bounds: plate.bounds,
                label: told::ascii(&plate.plate().map(|p| p.expose()).unwrap_or_default()),
                tone: Tone::Neutral,
            }))
            .collect();
        let marks = self.marks(&updates, extra);
        self.show(frame, &marks, outlets);
        Ok(())
    }

    /// The stream has ended: every sighting becomes final.
    pub(crate) fn finish(&mut self, outlets: &Outlets) {
        let at = self.stats.last_at.unwrap_or_default();
        let mut said = SightingsOutput::default();
        self.sightings.finish(at, &mut said);
        self.flush_rules(outlets);
        self.tell(said, outlets);
    }

    /// Capture times begin anew, or what is remembered is not to be trusted: everything ends, and
    /// the next frame is the first. Times before and after are never compared.
    ///
    /// `clock_was_off` is how wrong the clock is known to have been.
    pub(crate) fn start_over(&mut self, clock_was_off: Duration, outlets: &Outlets) {
        if let Some(traffic) = &mut self.traffic {
            traffic.doubt_clock(clock_was_off);
        }
        self.finish(outlets);
        self.tracker = new_tracker(self.next_track);
        self.ring = new_ring(&self.plan);
        self.rides = Rides::default();
        if let Some(traffic) = &mut self.traffic {
            traffic.forget_vehicles();
        }
        // Counters and rule are made anew with the place.
        self.place = None;
        self.told.clear();
        self.last_plate_look.clear();
        self.last_looked_at = None;
        self.last_busy_at = None;
        self.last_live_at = None;
        self.n_live_tracks = 0;
        self.newest_at = None;
    }

    /// How far the capture times may be from the truth.
    pub(crate) fn set_clock_error(&mut self, bound: Duration) {
        self.clock_error = bound;
    }

    fn prepare(&mut self, frame: &Frame) {
        let size = (frame.width, frame.height);
        if self.place.as_ref().is_some_and(|place| place.is_for(size)) {
            return;
        }
        let place = PlanInImage::new(&self.plan, size);
        self.counters = self
            .plan
            .lines
            .iter()
            .map(|line| {
                LineCounter::new(LineCounterConfig {
                    line: place.line(line.from, line.to),
                    anchor: tracker::Anchor::Centre,
                    hysteresis_px: frame.height as f32 * 0.01,
                    n_beyond_min: beyond_min(&self.plan),
                })
            })
            .collect();
        if let Some(traffic) = &mut self.traffic {
            traffic.place(&place);
        }
        self.tracker.set_view(place.bounds);
        self.place = Some(place);
    }

    fn find_objects<D: Detector>(
        &mut self,
        frame: &Frame,
        detector: &mut D,
    ) -> Result<Vec<Detection>, D::Error> {
        if !self.plan.tasks.needs_objects() {
            return Ok(Vec::new());
        }
        let mut found = detector.objects(frame)?;
        if self.plan.tasks.people {
            found = people::without_halves(found);
        } else {
            found = self.rides.join(frame.captured_at, found, SCORE_HIGH - 0.01);
        }
        let place = self.place.as_ref();
        found.retain(|d| {
            self.plan.tasks.wants(d.class) && place.is_none_or(|place| place.has(&d.bounds))
        });
        Ok(found)
    }

    fn count(&mut self, updates: &[TrackUpdate], outlets: &Outlets) {
        for (line, counter) in self.plan.lines.iter().zip(&mut self.counters) {
            let mut events: Vec<CountEvent> = Vec::new();
            counter.step(updates, &mut events);
            for event in events {
                self.sightings
                    .cross(event.track, told::crossing(&line.zone, &event));
                let total = self.totals.entry(line.zone.to_string()).or_insert(Count {
                    zone: line.zone.clone(),
                    people_in: 0,
                    people_out: 0,
                    vehicles_in: 0,
                    vehicles_out: 0,
                    at: event.at,
                });
                told::add(total, &event);
                total.at = event.at;
                self.stats.counts = told::as_counts(total);
                outlets.outputs.send(Output::Count(total.clone()));
            }
        }
    }

    fn apply_rules(&mut self, frame: &Frame, updates: &[TrackUpdate], outlets: &Outlets) {
        let Some(traffic) = &mut self.traffic else {
            return;
        };
        for update in updates {
            let Some(sighting) = self.sightings.sighting_of(update.track.id) else {
                continue;
            };
            let plate = self.sightings.plate_of(update.track.id);
            traffic.see_track(frame.seq, update, (sighting, plate));
        }
        traffic.set_clock_error(self.clock_error);
        for job in traffic.ready(frame.captured_at, &self.ring, &self.plan.camera) {
            self.stats.candidates += 1;
            outlets.evidence.put(job);
        }
        self.stats.refusals = traffic.refusals();
    }

    fn flush_rules(&mut self, outlets: &Outlets) {
        let Some(traffic) = &mut self.traffic else {
            return;
        };
        for job in traffic.flush(&self.ring, &self.plan.camera) {
            self.stats.candidates += 1;
            outlets.evidence.put(job);
        }
    }

    /// Remembers the frame that shows a vehicle best. People's pictures are not kept: only gates
    /// need one, of vehicles.
    fn keep_pictures(&mut self, said: &SightingsOutput, frame: &Frame) {
        if !self.plan.is_gate || !self.plan.tasks.vehicles {
            return;
        }
        for hint in &said.pictures {
            let best = Best {
                frame: frame.clone(),
                bounds: hint.bounds,
            };
            self.told.entry(hint.sighting).or_default().best = Some(best);
        }
    }

    fn tell(&mut self, said: SightingsOutput, outlets: &Outlets) {
        for sighting in said.messages {
            let told = self.told.entry(sighting.id).or_default();
            told.track = Some(sighting.track);
            // A sure face does not settle a vehicle whose plate is wanted.
            told.is_decisive = if self.plan.tasks.plates && sighting.class.is_motor_vehicle() {
                sighting.is_plate_decisive
            } else {
                sighting.is_decisive()
            };
            told.plate = sighting.plate.as_ref().and_then(|vote| vote.plate());
            if sighting.phase == SightingPhase::New {
                self.stats.sightings += 1;
            }
            if sighting.phase == SightingPhase::Final {
                let best = self.told.remove(&sighting.id).and_then(|told| told.best);
                match best {
                    Some(best) => {
                        outlets.evidence.put(Job::Sighting {
                            sighting,
                            still: best.into_still(),
                        });
                    }
                    None => outlets.outputs.send(Output::Sighting(sighting)),
                }
            } else {
                outlets.outputs.send(Output::Sighting(sighting));
            }
        }
    }

    fn marks(&mut self, updates: &[TrackUpdate], mut marks: Vec<Mark>) -> Vec<Mark> {
        for update in updates {
            let track = &update.track;
            if track.state != TrackState::Confirmed {
                continue;
            }
            self.stats.tracks +=
                u64::from(track.n_hits == CONFIRM_HITS && update.detection.is_some());
            let tone = match &self.traffic {
                Some(traffic) if traffic.has_fired(track.id) => Tone::Bad,
                _ => Tone::Neutral,
            };
            let label = format!("{} {}", told::class_word(track.class), track.id);
            marks.push(Mark {
                bounds: track.bounds,
                label,
                tone,
            });
        }
        marks
    }

    fn show(&mut self, frame: &Frame, marks: &[Mark], outlets: &Outlets) {
        let interval = self.live_interval();
        let is_due = self
            .last_live_at
            .is_none_or(|last| interval <= frame.captured_at.since(last));
        if !is_due {
            return;
        }
        let lines = self.lines();
        let job = Job::Live {
            camera: self.plan.camera.clone(),
            frame: frame.clone(),
            marks: marks.to_vec(),
            lines,
        };
        if outlets.evidence.try_live(job) {
            self.last_live_at = Some(frame.captured_at);
        }
    }

    fn lines(&self) -> Vec<MarkLine> {
        let Some(place) = &self.place else {
            return Vec::new();
        };
        let ends = |from, to| {
            let line = place.line(from, to);
            [line.from.x, line.from.y, line.to.x, line.to.y]
        };
        let counted = self.plan.lines.iter().map(|line| MarkLine {
            ends: ends(line.from, line.to),
            tone: Tone::Neutral,
        });
        let stop = self.plan.stop_line.iter().map(|line| MarkLine {
            ends: ends(line.from, line.to),
            tone: self.traffic.as_ref().map_or(Tone::Neutral, Traffic::tone),
        });
        counted.chain(stop).collect()
    }
}

fn beyond_min(plan: &Plan) -> u32 {
    if plan.is_gate {
        BEYOND_GATE_MIN
    } else {
        BEYOND_MIN
    }
}

fn new_tracker(first_id: u64) -> Tracker {
    Tracker::new(TrackerConfig {
        score_high: SCORE_HIGH,
        confirm_hits: CONFIRM_HITS,
        tentative_coast: TENTATIVE_COAST,
        first_id,
        ..TrackerConfig::default()
    })
}

fn new_ring(plan: &Plan) -> FrameRing {
    let max_age = Duration::from_secs(if plan.stop_line.is_some() { 6 } else { 2 });
    FrameRing::new(RingLimits {
        max_age,
        ..RingLimits::default()
    })
}
