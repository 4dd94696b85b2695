//! One vehicle or person as its messages tell it: what is known, what was last told, and what is
//! new.

use crate::{
    FaceBallot, PictureQuality, PlateTally, PlateVoteConfig, SightingsConfig, parts::fold,
    plate_history::PlateHistory,
};
use domain::{
    BoxInImage, CameraId, Class, EvidenceItem, LineCrossing, PersonId, RawReads, Sighting,
    SightingId, SightingPhase, Timestamp, Track, TrackId, face::FaceVote,
};
use std::time::Duration;

/// A sighting in the making. It has an id once it is believed and has been told.
pub(crate) struct Subject {
    pub(crate) id: Option<SightingId>,
    /// The live track of the vehicle or person, while there is one.
    pub(crate) carrier: Option<TrackId>,
    /// When its last carrier ended.
    pub(crate) carrier_ended_at: Option<Timestamp>,
    pub(crate) is_believed: bool,
    pub(crate) track: TrackId,
    pub(crate) class: Class,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    /// Where it is expected now; what is told is where it was seen last.
    pub(crate) bounds: BoxInImage,
    pub(crate) seen_bounds: BoxInImage,
    /// When its plate or its face was last seen, be its track lost or not.
    identity_seen_at: Option<Timestamp>,
    /// When and where it was when its own plate was last seen.
    plate_seen: Option<(Timestamp, BoxInImage)>,
    /// What its plates and faces that are gone have said.
    pub(crate) plate_past: PlateHistory,
    pub(crate) face_past: FaceBallot,
    pub(crate) plate: Option<(PlateTally, bool)>,
    pub(crate) face: Option<(FaceVote, bool)>,
    pub(crate) picture: Option<EvidenceItem>,
    pub(crate) picture_quality: Option<PictureQuality>,
    crossings: Vec<LineCrossing>,
    n_told: u32,
    told: Option<Told>,
    told_at: Timestamp,
    /// The text that was told as decisive: no other ever is, of this sighting.
    decided: Option<Vec<String>>,
}

/// What a message must be sent for.
#[derive(Clone, PartialEq)]
struct Told {
    track: TrackId,
    plate_rows: Vec<String>,
    candidates: Vec<(PersonId, bool)>,
    is_live: Option<bool>,
    is_plate_decisive: bool,
    is_face_decisive: bool,
    n_crossings: usize,
}

impl Told {
    /// Whether its plate or its face has become decisive since, or it went over a line: a gate
    /// waits for that.
    fn is_surer_than(&self, before: &Self) -> bool {
        if before.n_crossings < self.n_crossings {
            return true;
        }
        (self.is_plate_decisive && !before.is_plate_decisive)
            || (self.is_face_decisive && !before.is_face_decisive)
    }
}

impl Subject {
    pub(crate) fn new(track: &Track) -> Self {
        Self {
            id: None,
            carrier: None,
            carrier_ended_at: None,
            is_believed: false,
            track: track.id,
            class: track.class,
            first_seen_at: track.first_seen_at,
            last_seen_at: track.last_seen_at,
            bounds: track.bounds,
            seen_bounds: track.bounds,
            identity_seen_at: None,
            plate_seen: None,
            plate_past: PlateHistory::default(),
            face_past: FaceBallot::default(),
            plate: None,
            face: None,
            picture: None,
            picture_quality: None,
            crossings: Vec::new(),
            n_told: 0,
            told: None,
            told_at: Timestamp::EPOCH,
            decided: None,
        }
    }

    /// Takes the newest state of the track that carries it, or of the plate or face that it was
    /// made for.
    pub(crate) fn follow(&mut self, track: &Track) {
        self.bounds = track.bounds;
        if self.last_seen_at < track.last_seen_at {
            self.seen_bounds = track.bounds;
            self.last_seen_at = track.last_seen_at;
        }
    }

    /// Its plate or its face is in this frame: so is whoever carries it, whether or not the tracker
    /// found the rest.
    pub(crate) fn see_identity(&mut self, at: Timestamp) {
        self.identity_seen_at = Some(at);
    }

    /// Remembers that the plate in view is its own.
    pub(crate) fn see_own_plate(&mut self) {
        self.plate_seen = Some((self.last_seen_at, self.seen_bounds));
    }

    /// Goes back to when its own plate was last seen: what came after was another vehicle.
    pub(crate) fn end_with_own_plate(&mut self) {
        if let Some((at, bounds)) = self.plate_seen {
            (self.last_seen_at, self.seen_bounds) = (at, bounds);
            self.identity_seen_at = None;
        }
    }

    /// Takes the newest vote on its plate.
    ///
    /// Who has opened for one text is not told to open for another: what contradicts a text that
    /// was told as decisive is recorded, and is for a person to look at.
    pub(crate) fn set_plate(&mut self, tally: Option<PlateTally>, config: &PlateVoteConfig) {
        self.plate = tally.map(|tally| {
            let is_other = self.decided.as_ref().is_some_and(|rows| {
                let voted = tally.vote.rows.iter().map(domain::RowRead::text);
                !voted.eq(rows.iter().cloned())
            });
            let is_decisive = !is_other && tally.is_decisive(config);
            (tally, is_decisive)
        });
    }

    /// Whether nothing that is seen at this moment carries it.
    pub(crate) fn is_astray(&self, at: Timestamp) -> bool {
        self.carrier.is_none() || self.last_seen_at < at
    }

    /// It went over a line. The same line in the same direction counts once.
    pub(crate) fn cross(&mut self, crossing: LineCrossing) {
        let is_known = |known: &LineCrossing| {
            (&known.zone, known.direction) == (&crossing.zone, crossing.direction)
        };
        if !self.crossings.iter().any(is_known) {
            self.crossings.push(crossing);
        }
    }

    /// Whether there is something new that may be told now, or what is known is to be told again
    /// because it was seen again.
    ///
    /// Becoming decisive is told at once: a gate waits for it.
    pub(crate) fn is_due(&self, at: Timestamp, config: &SightingsConfig) -> bool {
        let now = self.tellable();
        let is_after = |span: Duration| span <= at.since(self.told_at);
        match &self.told {
            None => true,
            Some(told) if *told == now => {
                config.repeat_after.is_some_and(is_after) && self.told_at < self.seen_at()
            }
            Some(told) => now.is_surer_than(told) || is_after(config.update_interval_min),
        }
    }

    /// Capture time of the newest frame with it, or with its plate or face alone.
    fn seen_at(&self) -> Timestamp {
        self.last_seen_at
            .max(self.identity_seen_at.unwrap_or_default())
    }

    /// The next message, for a subject that has an id.
    pub(crate) fn tell(
        &mut self,
        camera: &CameraId,
        at: Timestamp,
        phase: SightingPhase,
    ) -> Option<Sighting> {
        let id = self.id?;
        let told = self.tellable();
        let (is_plate_decisive, is_face_decisive) = (told.is_plate_decisive, told.is_face_decisive);
        if is_plate_decisive && self.decided.is_none() {
            self.decided = Some(told.plate_rows.clone());
        }
        self.told = Some(told);
        self.told_at = at;
        let revision = self.n_told;
        self.n_told = self.n_told.saturating_add(1);
        Some(Sighting {
            id,
            revision,
            phase,
            camera: camera.clone(),
            track: self.track,
            class: self.class,
            first_seen_at: self.first_seen_at,
            last_seen_at: self.seen_at(),
            bounds: self.seen_bounds,
            is_plate_decisive,
            is_face_decisive,
            plate: self.plate.as_ref().map(|(tally, _)| tally.vote.clone()),
            raw_reads: RawReads::default(),
            face: self.face.as_ref().map(|(vote, _)| vote.clone()),
            picture: self.picture.clone(),
            crossings: self.crossings.clone(),
        })
    }

    /// The final message, with what each frame of its plate was read as; `plate` is the one that it
    /// has now.
    pub(crate) fn tell_last(
        &mut self,
        camera: &CameraId,
        at: Timestamp,
        plate: Option<&PlateHistory>,
    ) -> Option<Sighting> {
        let mut last = self.tell(camera, at, SightingPhase::Final)?;
        if last.plate.is_some() {
            let mut all = self.plate_past.clone();
            if let Some(plate) = plate {
                fold(&mut all, plate);
            }
            last.raw_reads = all.raw;
        }
        Some(last)
    }

    fn tellable(&self) -> Told {
        let plate_rows = self.plate.iter().flat_map(|(tally, _)| &tally.vote.rows);
        let candidates = self.face.iter().flat_map(|(vote, _)| &vote.candidates);
        Told {
            track: self.track,
            plate_rows: plate_rows.map(domain::RowRead::text).collect(),
            candidates: candidates.map(|c| (c.person, c.is_same())).collect(),
            is_live: self
                .face
                .as_ref()
                .and_then(|(vote, _)| vote.liveness)
                .map(|liveness| liveness.is_live()),
            is_plate_decisive: self.plate.as_ref().is_some_and(|(_, is_sure)| *is_sure),
            is_face_decisive: self.face.as_ref().is_some_and(|(_, is_sure)| *is_sure),
            n_crossings: self.crossings.len(),
        }
    }
}
