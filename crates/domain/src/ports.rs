//! The seams: what a shell must bring, and a test can fake.
//!
//! Five, and a sixth needs an argument in `docs/design/`. MQTT and the store are no seams: they are
//! tested against a real broker and real databases.

use crate::{
    Ack, BoxInImage, Calendar, Detection, FaceObservation, Frame, GateCommand, Group, GroupId,
    PassId, PersonId, Plate, PlateDetection, PlateRead, Registration, SourceEvent, Timestamp,
};
use std::{error::Error, future::Future, time::Duration};

/// A camera, a file or a generated scene.
///
/// Blocking on purpose: it is called from the camera's own thread.
pub trait FrameSource: Send {
    /// What went wrong; a live source is then built anew after a pause.
    type Error: Error + Send + Sync + 'static;

    /// The next frame, gap or end.
    fn next(&mut self) -> Result<SourceEvent, Self::Error>;
}

/// Models over a frame. `&mut self`, because an ONNX Runtime session is run by exactly one thread.
pub trait Detector: Send {
    /// What went wrong in the runtime.
    type Error: Error + Send + Sync + 'static;

    /// Vehicles and people in the whole frame.
    fn objects(&mut self, frame: &Frame) -> Result<Vec<Detection>, Self::Error>;

    /// Plates in a part of the frame; boxes are in pixels of the whole.
    fn plates(
        &mut self,
        frame: &Frame,
        within: BoxInImage,
    ) -> Result<Vec<PlateDetection>, Self::Error>;

    /// What stands on plates that [`Detector::plates`] found, in their order; `None` for one that
    /// cannot be read.
    ///
    /// All plates of a frame at once, because a reader is quicker over a batch.
    fn read_plates(
        &mut self,
        frame: &Frame,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, Self::Error>;

    /// Faces in a part of the frame, without template or liveness.
    fn faces(
        &mut self,
        frame: &Frame,
        within: BoxInImage,
    ) -> Result<Vec<FaceObservation>, Self::Error>;

    /// Adds the template and what liveness says to a face that [`Detector::faces`] found.
    fn describe_face(
        &mut self,
        frame: &Frame,
        face: &mut FaceObservation,
    ) -> Result<(), Self::Error>;

    /// The similarity from which two faces count as one person, for the model in use.
    fn similarity_min(&self) -> f32;
}

/// What the policy may know of the site's list: a value, not a connection.
///
/// A lost network makes it stale, never slow.
pub trait Registry {
    /// Every entry whose plate has this key; more than one is for the policy to judge.
    fn find_plate(&self, plate: &Plate) -> Vec<&Registration>;
    /// Every entry one confusable character away, the likeliest to be read so first.
    fn find_look_alikes(&self, plate: &Plate) -> Vec<&Registration>;
    /// The entry of an enrolled person.
    fn find_person(&self, person: PersonId) -> Option<&Registration>;
    /// The entry of a visitor pass.
    fn find_pass(&self, pass: PassId) -> Option<&Registration>;
    /// What the entries of a group have in common.
    fn find_group(&self, group: &GroupId) -> Option<&Group>;
    /// Public holidays and exchanged working days.
    fn calendar(&self) -> &Calendar;
    /// When the list was made.
    fn as_of(&self) -> Timestamp;
    /// From when on it grants nothing.
    fn expires_at(&self) -> Option<Timestamp>;
}

/// Something that opens.
pub trait GateActuator: Send + Sync {
    /// Why the command could not be handed over.
    type Error: Error + Send + Sync + 'static;

    /// Hands the command to the device and waits for its answer, at most until the command expires.
    fn send(&self, command: GateCommand) -> impl Future<Output = Result<Ack, Self::Error>> + Send;
}

/// Time for shells. Pure crates never see it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Returns after the span.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send;
}
