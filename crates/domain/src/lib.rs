//! The vocabulary of Gác: what a camera saw, who may pass, what a rule found.
//!
//! Every type here is a small immutable value. Nothing in this crate does I/O, reads a clock, or
//! knows a serialisation format: `wire` translates. The words are defined in `GLOSSARY.md`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod document;
pub mod face;
pub mod gate;
pub mod geometry;
pub mod id;
pub mod perception;
pub mod plate;
pub mod ports;
pub mod registry;
pub mod time;
pub mod traffic;

pub use face::{Embedding, FaceMatch, FaceObservation, Liveness};
pub use gate::{
    Ack, AckResult, AlarmKind, Assurance, Barrier, CommandCause, CommandKind, DenyReason,
    DeviceEvent, DeviceInput, DeviceNonce, Direction, DocumentKind, DocumentRead, GateAlarm,
    GateCommand, GateState, HolderKey, LineCrossing, Movement, Mover, Order, OrderKind, Outcome,
    Passage, PassageState, ReferReason, Rule, RulePath, SiteMode, Verdict,
};
pub use geometry::{BoxInImage, PointInImage};
pub use id::{
    AlarmId, CameraId, CandidateId, CommandId, DocumentId, EvidenceId, GateId, GroupId, OrderId,
    PassId, PassageId, PersonId, SightingId, SiteId, TrackId, VerdictId, ViolationId, VisitLinkId,
    VisitorId, ZoneId,
};
pub use perception::{
    Class, Detection, DetectionSet, Frame, Sighting, SightingPhase, SourceEvent, Track, TrackState,
};
pub use plate::{
    CharRead, Plate, PlateColour, PlateDetection, PlateRead, PlateVote, RawRead, RawReads, RowRead,
};
pub use registry::{Access, Calendar, Group, OnHoliday, Registration, SiteList, WeeklyHours};
pub use time::Timestamp;
pub use traffic::{Candidate, EvidenceItem, EvidenceRole, SignalPhase, Standing};
