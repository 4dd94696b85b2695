//! Faces of a frame, and whom of the enrolled they resemble. Templates of others end with the
//! frame.

use super::{CameraCore, Outlets};
use domain::{BoxInImage, Frame, ports::Detector};
use tracker::FaceSeen;

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
