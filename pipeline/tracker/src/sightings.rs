//! Tracks, plate reads and faces to sightings: new → update → final.
//!
//! A *subject* is a sighting in the making. Usually a vehicle's or person's track carries it, and
//! plates and faces are bound to it by majority. A plate that stays without a vehicle can make a
//! subject of its own; a track that later turns up around it takes that subject over, and so does a
//! new track when the old one was lost while the plate stayed in view: one vehicle, one sighting.
//! The other way round, a track that jumps to the next vehicle is noticed by its plate: two
//! decisive plates that contradict each other are two sightings.

mod adoption;

use crate::{
    FaceBallot, FaceSeen, PictureHint, PictureQuality, PlateVoteConfig, SightingsConfig,
    TrackUpdate,
    binding::{Carrier, FaceCarriers, carrier_of_face, vehicle_of_plate},
    parts::{Ballot, Parts, fold},
    plate_history::{PlateHistory, PlateInFrame},
    subject::Subject,
};
use adoption::{adoptions, start_each};
use domain::{
    BoxInImage, Class, Detection, EvidenceItem, LineCrossing, PlateRead, PlateVote, Sighting,
    SightingId, SightingPhase, Timestamp, TrackId, TrackState,
};
use std::collections::BTreeMap;

/// A new track takes over a lost one's sighting when the plate was inside it in so many frames.
const ADOPTION_HITS_MIN: u32 = 2;

/// All that was seen in one frame.
#[derive(Clone, Copy, Debug)]
pub struct FrameSeen<'a> {
    /// The frame's number.
    pub seq: u64,
    /// Its capture time.
    pub captured_at: Timestamp,
    /// Width and height of the picture, in pixels.
    pub size_px: (u32, u32),
    /// What the tracker made of its vehicles and people.
    pub tracks: &'a [TrackUpdate],
    /// Its plates.
    pub plates: &'a [PlateRead],
    /// Its faces.
    pub faces: &'a [FaceSeen],
}

/// What a frame led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SightingsOutput {
    /// Messages to send, in order.
    pub messages: Vec<Sighting>,
    /// Sightings that this frame shows better than any before.
    pub pictures: Vec<PictureHint>,
}

/// Makes the sightings of one camera.
pub struct Sightings {
    config: SightingsConfig,
    ids: Box<dyn FnMut() -> SightingId + Send>,
    subjects: BTreeMap<u64, Subject>,
    by_track: BTreeMap<TrackId, u64>,
    next_key: u64,
    plates: Parts<PlateHistory>,
    faces: Parts<FaceBallot>,
    newest_at: Option<Timestamp>,
    n_frames_out_of_order: u64,
}

impl Sightings {
    /// Nothing was seen yet. `ids` gives a new id at each call.
    pub fn new(config: SightingsConfig, ids: impl FnMut() -> SightingId + Send + 'static) -> Self {
        Self {
            plates: Parts::new(config.plate_tracker.clone()),
            faces: Parts::new(config.face_tracker.clone()),
            config,
            ids: Box::new(ids),
            subjects: BTreeMap::new(),
            by_track: BTreeMap::new(),
            next_key: 1,
            newest_at: None,
            n_frames_out_of_order: 0,
        }
    }

    /// Takes one frame. One that is not later than the one before is counted and changes nothing.
    pub fn step(&mut self, frame: &FrameSeen<'_>, out: &mut SightingsOutput) {
        let at = frame.captured_at;
        if self.newest_at.is_some_and(|newest| at <= newest) {
            self.n_frames_out_of_order += 1;
            return;
        }
        self.newest_at = Some(at);
        self.follow_tracks(frame);
        self.follow_parts(frame);
        self.adopt(at);
        self.start_alone();
        self.follow_alone();
        self.count_votes(at);
        self.tell(at, out);
        self.choose_pictures(frame, out);
    }

    /// Ends every sighting, for the end of a stream.
    pub fn finish(&mut self, at: Timestamp, out: &mut SightingsOutput) {
        for (key, mut subject) in std::mem::take(&mut self.subjects) {
            let plate = self.plates.main_of(key).map(|part| &part.ballot);
            let last = subject.tell_last(&self.config.camera, at, plate);
            out.messages.extend(last);
        }
        self.by_track.clear();
        self.plates = Parts::new(self.config.plate_tracker.clone());
        self.faces = Parts::new(self.config.face_tracker.clone());
        self.newest_at = None;
    }

    /// A live track went over a line: its sighting says so from its next message on.
    pub fn cross(&mut self, track: TrackId, crossing: LineCrossing) {
        let subject = self.by_track.get(&track);
        if let Some(subject) = subject.and_then(|key| self.subjects.get_mut(key)) {
            subject.cross(crossing);
        }
    }

    /// The sighting of a live track, once it has been told.
    pub fn sighting_of(&self, track: TrackId) -> Option<SightingId> {
        self.subject_of(track)?.id
    }

    /// What is known of a live track's plate.
    pub fn plate_of(&self, track: TrackId) -> Option<&PlateVote> {
        let (tally, _) = self.subject_of(track)?.plate.as_ref()?;
        Some(&tally.vote)
    }

    /// Puts a picture into the further messages about a sighting that has not ended; tells whether
    /// there is one.
    pub fn set_picture(&mut self, sighting: SightingId, picture: EvidenceItem) -> bool {
        let mut subjects = self.subjects.values_mut();
        let subject = subjects.find(|s| s.id == Some(sighting));
        if let Some(subject) = subject {
            subject.picture = Some(picture);
            return true;
        }
        false
    }

    /// How many frames came out of order and were left out.
    pub fn n_frames_out_of_order(&self) -> u64 {
        self.n_frames_out_of_order
    }

    fn subject_of(&self, track: TrackId) -> Option<&Subject> {
        self.subjects.get(self.by_track.get(&track)?)
    }

    fn follow_tracks(&mut self, frame: &FrameSeen<'_>) {
        for TrackUpdate { track, .. } in frame.tracks {
            let known = self.by_track.get(&track.id).copied();
            if track.state == TrackState::Ended {
                self.by_track.remove(&track.id);
                if let Some(subject) = known.and_then(|key| self.subjects.get_mut(&key)) {
                    subject.carrier = None;
                    subject.carrier_ended_at = Some(frame.captured_at);
                }
                continue;
            }
            let key = match known {
                Some(key) => key,
                None if self.config.classes.contains(&track.class) => {
                    let key = self.add(Subject::new(track));
                    self.by_track.insert(track.id, key);
                    key
                }
                None => continue,
            };
            if let Some(subject) = self.subjects.get_mut(&key) {
                subject.carrier = Some(track.id);
                subject.class = track.class;
                subject.is_believed |= track.state == TrackState::Confirmed;
                subject.follow(track);
            }
        }
    }

    fn follow_parts(&mut self, frame: &FrameSeen<'_>) {
        let at = frame.captured_at;
        let carriers: Vec<Carrier> = self
            .subjects
            .iter()
            .filter(|(_, s)| s.carrier.is_some())
            .map(|(key, s)| Carrier {
                subject: *key,
                class: s.class,
                bounds: s.bounds,
            })
            .collect();
        let boxes = frame
            .plates
            .iter()
            .map(|p| (Class::Plate, p.bounds, p.detect_score));
        let in_frame = |read: &PlateRead| PlateInFrame {
            frame_seq: frame.seq,
            captured_at: at,
            read: read.clone(),
        };
        let seen: Vec<PlateInFrame> = frame.plates.iter().map(in_frame).collect();
        let gone = self.plates.step(at, (&detections(boxes), &seen), |b| {
            vehicle_of_plate(b, &carriers)
        });
        for (owner, ballot) in gone {
            if let Some(subject) = owner.and_then(|key| self.subjects.get_mut(&key)) {
                fold(&mut subject.plate_past, &ballot);
            }
        }
        let wanted = if self.config.faces_in_vehicles {
            FaceCarriers::PeopleAndVehicles
        } else {
            FaceCarriers::People
        };
        let boxes = frame
            .faces
            .iter()
            .map(|f| (Class::Face, f.observation.bounds, f.observation.score));
        let gone = self.faces.step(at, (&detections(boxes), frame.faces), |b| {
            carrier_of_face(b, &carriers, wanted)
        });
        for (owner, ballot) in gone {
            if let Some(subject) = owner.and_then(|key| self.subjects.get_mut(&key)) {
                fold(&mut subject.face_past, &ballot);
            }
        }
    }

    /// A track that turns up around a plate or face whose sighting has no track, or one that went
    /// astray, takes that sighting over.
    fn adopt(&mut self, at: Timestamp) {
        let mut pairs = adoptions(&self.plates, (&self.subjects, at));
        pairs.extend(adoptions(&self.faces, (&self.subjects, at)));
        for (from, to) in pairs {
            if !self.subjects.get(&to).is_some_and(|s| s.is_astray(at)) {
                continue;
            }
            let Some(newer) = self.subjects.remove(&from) else {
                continue;
            };
            // What went astray is believed anew when it is seen again.
            self.by_track.retain(|_, key| *key != to);
            if let Some(older) = self.subjects.get_mut(&to) {
                older.carrier = newer.carrier;
                older.carrier_ended_at = None;
                older.track = newer.track;
                older.class = newer.class;
                (older.bounds, older.seen_bounds) = (newer.bounds, newer.seen_bounds);
                older.last_seen_at = older.last_seen_at.max(newer.last_seen_at);
                older.is_believed |= newer.is_believed;
                fold(&mut older.plate_past, &newer.plate_past);
                fold(&mut older.face_past, &newer.face_past);
            }
            self.by_track.insert(newer.track, to);
            self.plates.rename(from, to);
            self.faces.rename(from, to);
        }
    }

    /// Plates and faces that stay alone make subjects, where the configuration says so.
    fn start_alone(&mut self) {
        let alone_min = self.config.alone_hits_min;
        if self.config.plates_make_tracks {
            let n_new = start_each(&mut self.plates, alone_min, (self.next_key, Class::Car));
            self.add_all(n_new);
        }
        if self.config.faces_make_tracks {
            let n_new = start_each(&mut self.faces, alone_min, (self.next_key, Class::Face));
            self.add_all(n_new);
        }
    }

    fn follow_alone(&mut self) {
        let plates = self.plates.iter().map(|p| (p.owner(), &p.track));
        let faces = self.faces.iter().map(|p| (p.owner(), &p.track));
        for (owner, track) in plates.chain(faces) {
            if let Some(subject) = owner.and_then(|key| self.subjects.get_mut(&key))
                && subject.carrier.is_none()
            {
                subject.follow(track);
            }
        }
    }

    fn count_votes(&mut self, at: Timestamp) {
        let mut split = Vec::new();
        for (key, subject) in &mut self.subjects {
            let plate = self.plates.main_of(*key);
            let face = self.faces.main_of(*key);
            if plate.is_some_and(|part| part.is_seen) || face.is_some_and(|part| part.is_seen) {
                subject.see_identity(at);
            }
            let now = plate.map(|part| &part.ballot.ballot);
            if let Some(ballot) = joined(&subject.plate_past.ballot, now) {
                subject.set_plate(ballot.tally(), &self.config.plate);
            } else if subject.carrier.is_some() {
                // The plate turned out to be another vehicle's.
                subject.plate = None;
            }
            if let Some(ballot) = joined(&subject.face_past, face.map(|part| &part.ballot)) {
                let is_decisive = ballot.is_decisive(&self.config.face);
                subject.face = ballot.vote().map(|vote| (vote, is_decisive));
            } else if subject.carrier.is_some() {
                subject.face = None;
            }
            if let Some(part) = plate
                && subject.id.is_some()
                && subject.carrier.is_some()
                && contradicts(&subject.plate_past, &part.ballot, &self.config.plate)
            {
                split.push((*key, part.track.first_seen_at));
            } else if plate
                .is_some_and(|p| p.is_as_before() && subject.plate_past.is_compatible(&p.ballot))
            {
                subject.see_own_plate();
            }
        }
        for (key, since) in split {
            self.split(key, since);
        }
    }

    /// The track has jumped to the next vehicle: the sighting ends with its own plate and another
    /// begins.
    fn split(&mut self, key: u64, since: Timestamp) {
        let new_key = self.next_key;
        let Some(older) = self.subjects.get_mut(&key) else {
            return;
        };
        let Some(track) = older.carrier.take() else {
            return;
        };
        older.set_plate(older.plate_past.ballot.tally(), &self.config.plate);
        let last_seen_at = older.last_seen_at;
        older.end_with_own_plate();
        let mut newer = Subject::new(&domain::Track {
            id: track,
            class: older.class,
            state: TrackState::Confirmed,
            bounds: older.bounds,
            score: 0.0,
            first_seen_at: since,
            last_seen_at,
            n_hits: 0,
        });
        newer.carrier = Some(track);
        newer.is_believed = true;
        let plate = self.plates.main_of(key);
        newer.set_plate(
            plate.and_then(|part| part.ballot.ballot.tally()),
            &self.config.plate,
        );
        self.add(newer);
        self.by_track.insert(track, new_key);
        self.plates.rename(key, new_key);
        self.faces.rename(key, new_key);
    }

    fn tell(&mut self, at: Timestamp, out: &mut SightingsOutput) {
        let mut gone = Vec::new();
        for (key, subject) in &mut self.subjects {
            let is_kept = subject.carrier.is_some()
                || ((self.plates.main_of(*key).is_some() || self.faces.main_of(*key).is_some())
                    && subject
                        .carrier_ended_at
                        .is_none_or(|ended_at| at.since(ended_at) <= self.config.hold));
            if subject.id.is_none() && subject.is_believed {
                subject.id = Some((self.ids)());
                let first = subject.tell(&self.config.camera, at, SightingPhase::New);
                out.messages.extend(first);
            } else if is_kept && subject.id.is_some() && subject.is_due(at, &self.config) {
                let next = subject.tell(&self.config.camera, at, SightingPhase::Update);
                out.messages.extend(next);
            }
            if !is_kept {
                let plate = self.plates.main_of(*key).map(|part| &part.ballot);
                let last = subject.tell_last(&self.config.camera, at, plate);
                out.messages.extend(last);
                gone.push(*key);
            }
        }
        for key in gone {
            let subject = self.subjects.remove(&key);
            if subject.is_some_and(|s| s.id.is_some()) {
                self.plates.spend(key);
                self.faces.spend(key);
            }
            self.plates.forget(key);
            self.faces.forget(key);
        }
    }

    fn choose_pictures(&mut self, frame: &FrameSeen<'_>, out: &mut SightingsOutput) {
        for (key, subject) in &mut self.subjects {
            let Some(sighting) = subject.id else {
                continue;
            };
            let plate = self.plates.main_of(*key).filter(|p| p.is_seen);
            let face = self.faces.main_of(*key).filter(|p| p.is_seen);
            let identity: Option<BoxInImage> = plate
                .map(|p| p.track.bounds)
                .or(face.map(|p| p.track.bounds));
            if subject.last_seen_at != frame.captured_at && identity.is_none() {
                continue;
            }
            let target = identity.unwrap_or(subject.bounds);
            let quality = PictureQuality::of(&target, identity.is_some(), frame.size_px);
            if let Some(quality) = quality
                && quality.is_better_than(subject.picture_quality.as_ref())
            {
                subject.picture_quality = Some(quality);
                out.pictures.push(PictureHint {
                    sighting,
                    frame_seq: frame.seq,
                    bounds: subject.bounds,
                    identity,
                    quality,
                });
            }
        }
    }

    fn add(&mut self, subject: Subject) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        self.subjects.insert(key, subject);
        key
    }

    fn add_all(&mut self, subjects: Vec<Subject>) {
        for subject in subjects {
            self.add(subject);
        }
    }
}

fn detections(boxes: impl Iterator<Item = (Class, BoxInImage, f32)>) -> Vec<Detection> {
    boxes
        .map(|(class, bounds, score)| Detection {
            class,
            bounds,
            score,
        })
        .collect()
}

/// What a subject's past and present parts say together; `None` when it has none.
fn joined<B: Ballot>(past: &B, now: Option<&B>) -> Option<B> {
    let mut ballot = past.clone();
    if let Some(now) = now {
        fold(&mut ballot, now);
    }
    (0 < ballot.weight()).then_some(ballot)
}

/// Whether both are decisive and cannot be of one plate.
fn contradicts(past: &PlateHistory, now: &PlateHistory, config: &PlateVoteConfig) -> bool {
    let is_decisive = |plate: &PlateHistory| {
        let tally = plate.ballot.tally();
        tally.is_some_and(|tally| tally.is_decisive(config))
    };
    !past.is_compatible(now) && is_decisive(past) && is_decisive(now)
}
