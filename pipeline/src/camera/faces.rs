//! Faces of a frame, and whom of the enrolled they resemble. Templates of others end with the
//! frame.

use super::{CameraCore, Outlets};
use crate::output::Output;
use domain::{BoxInImage, FaceObservation, Frame, ports::Detector};
use tracker::FaceSeen;
use wire::Assist;

/// Faces described in one frame, the largest first.
const FACES_MAX: usize = 3;

/// A face lower than this has too few pixels for a template.
const HEIGHT_MIN_PX: f32 = 60.0;

impl CameraCore {
    pub(super) fn find_faces<D: Detector>(
        &mut self,
        frame: &Frame,
        detector: &mut D,
        outlets: &Outlets,
    ) -> Result<Vec<FaceSeen>, D::Error> {
        if !self.plan.tasks.faces {
            return Ok(Vec::new());
        }
        let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
        let within = self.place.as_ref().map_or(whole, |place| place.bounds);
        let mut faces = detector.faces(frame, within)?;
        faces.retain(|face| HEIGHT_MIN_PX <= face.bounds.height());
        faces.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
        faces.truncate(FACES_MAX);
        let mut seen = Vec::new();
        for mut face in faces {
            detector.describe_face(frame, &mut face)?;
            self.stats.face_views += 1;
            watch(frame, &face, (detector.similarity_min(), outlets));
            let matches = match (&face.embedding, &outlets.gallery) {
                (Some(template), Some(gallery)) => {
                    gallery.nearest(template, detector.similarity_min())
                }
                _ => Vec::new(),
            };
            seen.push(FaceSeen {
                observation: face,
                matches,
            });
        }
        Ok(seen)
    }
}

/// Asks the watch-list, where the site has one, about a face that is alive.
fn watch(frame: &Frame, face: &FaceObservation, (similarity_min, outlets): (f32, &Outlets)) {
    let (Some(list), Some(template)) = (&outlets.watch_list, &face.embedding) else {
        return;
    };
    if face.liveness.is_some_and(|said| !said.is_live()) {
        return;
    }
    let at = frame.captured_at;
    let is_wanted = list.see((&frame.camera, at), template, similarity_min);
    // An alert that cannot be written is no reason to leave the guard alone.
    let is_wanted = is_wanted.unwrap_or_else(|error| {
        tracing::error!(%error, "an alert of the watch-list was not kept");
        true
    });
    if is_wanted {
        let camera = frame.camera.clone();
        outlets.outputs.send(Output::Assist(Assist { camera, at }));
    }
}
