//! Rows as they are shown.

use super::{
    Teller,
    names::{Badge, Tone},
    plate_view::PlateChip,
};
use crate::{
    http::shape::latency_ms,
    store::{CameraRow, CaseSummary, PassageRow},
};
use domain::{
    Barrier, CameraId, Class, GateId, GateState, Standing, Timestamp, ZoneId, face::FaceVote,
};
use std::time::Duration;
use wire::{CameraState, Count};

/// A camera that says nothing for so long is shown as silent; it reports itself each second.
const SILENT_AFTER: Duration = Duration::from_secs(10);

/// Whether a camera should have said something by now and has not.
pub(crate) fn is_silent(row: &CameraRow, now: Timestamp) -> bool {
    row.status.state != CameraState::Ended && SILENT_AFTER < now.since(row.heard_at)
}

/// What people call a thing, and its id; the same where it has no name.
pub(crate) struct Called {
    pub(crate) name: String,
    pub(crate) id: String,
}

impl Called {
    pub(crate) fn has_name(&self) -> bool {
        self.name != self.id
    }
}

pub(crate) struct CameraView {
    pub(crate) id: String,
    pub(crate) called: Called,
    pub(crate) has_picture: bool,
    pub(crate) badge: Badge,
    pub(crate) reason: String,
    /// Absent when no frames come.
    pub(crate) fps: Option<String>,
    pub(crate) frames: String,
    pub(crate) dropped: String,
    /// Percent of all frames, when any was dropped.
    pub(crate) dropped_share: Option<String>,
    /// When it was last heard of, if it should have said something since.
    pub(crate) silent_since: Option<String>,
}

pub(crate) struct BarrierView {
    pub(crate) gate: String,
    pub(crate) called: Called,
    pub(crate) badge: Badge,
    /// For the drawing of the barrier.
    pub(crate) drawing: &'static str,
    pub(crate) since: Option<String>,
}

pub(crate) struct PassageView {
    pub(crate) id: String,
    pub(crate) gate: Called,
    pub(crate) time: String,
    pub(crate) time_exact: String,
    pub(crate) time_utc: String,
    /// What came, unless the face says it already.
    pub(crate) class: Option<&'static str>,
    pub(crate) plate: Option<PlateChip>,
    pub(crate) face: Option<String>,
    /// Whether it is a face, not a vehicle.
    pub(crate) is_face: bool,
    /// Whether a vehicle came whose plate was not read.
    pub(crate) lacks_plate: bool,
    /// What was answered, or that nothing was.
    pub(crate) verdict: Badge,
    pub(crate) is_answered: bool,
    pub(crate) reason: Option<&'static str>,
    pub(crate) state: Badge,
    pub(crate) latency: Option<String>,
    pub(crate) picture: Option<String>,
}

pub(crate) struct CaseView {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) camera: Called,
    pub(crate) time: String,
    pub(crate) time_utc: String,
    pub(crate) class: &'static str,
    pub(crate) plate: Option<PlateChip>,
    pub(crate) badge: Badge,
    pub(crate) reason: Option<&'static str>,
    pub(crate) is_screening: bool,
    pub(crate) picture: Option<String>,
}

pub(crate) struct CountView {
    pub(crate) zone: String,
    /// The cameras that count, as people call them.
    pub(crate) cameras: String,
    pub(crate) people_in: String,
    pub(crate) people_out: String,
    pub(crate) vehicles_in: String,
    pub(crate) vehicles_out: String,
    pub(crate) time: String,
}

impl Teller {
    pub(crate) fn called_camera(&self, id: &CameraId) -> Called {
        Called {
            name: self.names.camera(id).to_owned(),
            id: id.to_string(),
        }
    }

    pub(crate) fn called_gate(&self, id: &GateId) -> Called {
        Called {
            name: self.names.gate(id).to_owned(),
            id: id.to_string(),
        }
    }

    /// What people call a zone.
    fn called_zone(&self, id: &ZoneId) -> String {
        let planned = self.plan.zone(id);
        planned.map_or_else(|| id.to_string(), |zone| zone.name.clone())
    }

    pub(crate) fn camera(&self, row: &CameraRow, has_picture: bool) -> CameraView {
        let (w, status) = (self.w, &row.status);
        let is_silent = is_silent(row, self.now);
        let badge = if is_silent {
            Badge {
                word: w.silent,
                tone: Tone::Bad,
            }
        } else {
            w.camera_state(status.state)
        };
        let all = status.frames.max(1);
        let tenths = status.dropped.saturating_mul(1000) / all;
        let comma = w.decimal(0.5).chars().nth(1).unwrap_or('.');
        let share = format!("{}{comma}{} %", tenths / 10, tenths % 10);
        let has_frames = !matches!(status.state, CameraState::Ended | CameraState::Lost);
        CameraView {
            id: status.camera.to_string(),
            called: self.called_camera(&status.camera),
            has_picture,
            badge,
            reason: status.reason.clone().unwrap_or_default(),
            fps: has_frames.then(|| w.rate(status.fps)),
            frames: w.whole(status.frames),
            dropped: w.whole(status.dropped),
            dropped_share: (0 < status.dropped).then_some(share),
            silent_since: is_silent.then(|| self.moments.short(row.heard_at)),
        }
    }

    /// A camera of which there is only a picture.
    pub(crate) fn camera_unheard(&self, camera: &CameraId) -> CameraView {
        CameraView {
            id: camera.to_string(),
            called: self.called_camera(camera),
            has_picture: true,
            badge: self.w.camera_state(CameraState::Connecting),
            reason: String::new(),
            fps: None,
            frames: self.w.whole(0),
            dropped: self.w.whole(0),
            dropped_share: None,
            silent_since: None,
        }
    }

    pub(crate) fn barrier(&self, row: &Barrier) -> BarrierView {
        let drawing = match row.state {
            GateState::Closed => "closed",
            GateState::Opening | GateState::Closing => "moving",
            GateState::Open => "open",
            GateState::Fault => "fault",
            GateState::Unknown => "unknown",
        };
        let is_heard = Timestamp::EPOCH < row.since;
        BarrierView {
            gate: row.gate.to_string(),
            called: self.called_gate(&row.gate),
            badge: self.w.barrier_state(row.state),
            drawing,
            since: is_heard.then(|| self.moments.short(row.since)),
        }
    }

    pub(crate) fn passage(&self, row: &PassageRow) -> PassageView {
        let w = self.w;
        let passage = &row.passage;
        let outcome = row.verdict.as_ref().map(|verdict| verdict.outcome);
        let (has_face, has_left) = (row.face.is_some(), passage.state.is_over());
        let is_face = has_face || row.class == Some(Class::Face);
        PassageView {
            id: passage.id.to_string(),
            gate: self.called_gate(&passage.gate),
            time: self.moments.short(passage.arrived_at),
            time_exact: self.moments.exact(passage.arrived_at),
            time_utc: passage.arrived_at.to_string(),
            class: row.class.filter(|_| !has_face).map(|class| w.class(class)),
            is_face,
            lacks_plate: !is_face && PlateChip::of(row.plate.as_ref()).is_none(),
            plate: PlateChip::of(row.plate.as_ref()),
            face: row.face.as_ref().map(|face| self.face(face)),
            verdict: outcome.map_or_else(|| w.unanswered(has_left), |it| w.outcome(it)),
            is_answered: outcome.is_some(),
            reason: outcome.and_then(|outcome| w.outcome_reason(outcome)),
            state: w.passage_state(passage.state),
            latency: row
                .verdict
                .as_ref()
                .map(|verdict| format!("{:.0} ms", latency_ms(verdict))),
            picture: row.picture_sha256.clone(),
        }
    }

    fn face(&self, face: &FaceVote) -> String {
        match face.candidates.first() {
            Some(best) if best.is_same() => {
                format!("{} {}", self.w.face_match, self.w.decimal(best.similarity))
            }
            _ => self.w.face_unknown.to_owned(),
        }
    }

    pub(crate) fn case(&self, row: &CaseSummary) -> CaseView {
        let w = self.w;
        CaseView {
            id: row.id.to_string(),
            rule: w.rule_name(&row.rule),
            camera: self.called_camera(&row.camera),
            time: self.moments.short(row.act_at),
            time_utc: row.act_at.to_string(),
            class: w.class(row.class),
            plate: PlateChip::of(row.plate.as_ref()),
            badge: w.case_state(row.state.name()),
            reason: row
                .state
                .dismiss_reason()
                .map(|reason| w.dismiss_reason_word(reason)),
            is_screening: row.standing == Standing::ScreeningOnly,
            picture: row.picture_sha256.clone(),
        }
    }

    pub(crate) fn count(&self, row: &Count) -> CountView {
        CountView {
            cameras: self.names.cameras_of(&row.zone).join(", "),
            zone: self.called_zone(&row.zone),
            people_in: self.w.whole(row.people_in),
            people_out: self.w.whole(row.people_out),
            vehicles_in: self.w.whole(row.vehicles_in),
            vehicles_out: self.w.whole(row.vehicles_out),
            time: self.moments.short(row.at),
        }
    }
}
