//! Boxed faces of dlib's examples, and which of them are found.

use super::Failure;
use domain::{BoxInImage, CameraId, Frame, Timestamp};
use models::Analyzer;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

/// Least share of the union that counts as found.
const IOU_MIN: f32 = 0.35;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// Boxes.
    pub n_boxes: usize,
    /// Of these, found.
    pub n_found: usize,
    /// Faces in no box: some are real faces that nobody boxed.
    pub n_others: usize,
}

/// Looks for the boxed faces.
pub fn measure(analyzer: &mut Analyzer, folder: &Path) -> Result<Detected, Failure> {
    let mut detected = Detected::default();
    for (picture, boxes) in boxes(folder)? {
        let frame = frame(&folder.join(picture))?;
        let faces = analyzer.detect_faces(&frame, all_of(&frame))?;
        let is_found = |b: &&BoxInImage| faces.iter().any(|f| IOU_MIN <= f.bounds.iou(b));
        let n_found = boxes.iter().filter(is_found).count();
        detected.n_boxes += boxes.len();
        detected.n_found += n_found;
        detected.n_others += faces.len().saturating_sub(n_found);
    }
    Ok(detected)
}

/// The boxes of dlib's example files, by picture.
fn boxes(folder: &Path) -> Result<BTreeMap<String, Vec<BoxInImage>>, Failure> {
    let mut found: BTreeMap<String, Vec<BoxInImage>> = BTreeMap::new();
    for file in ["training.xml", "testing.xml"] {
        let text = fs::read_to_string(folder.join(file))?;
        let mut picture = String::new();
        for line in text.lines() {
            let value = |key: &str| -> Option<&str> {
                let rest = line.split_once(&format!(" {key}='"))?.1;
                rest.split_once('\'').map(|(value, _)| value)
            };
            if let (true, Some(file)) = (line.contains("<image "), value("file")) {
                file.clone_into(&mut picture);
            } else if line.contains("<box ") {
                let number = |key| value(key).and_then(|v| v.parse::<f32>().ok());
                let numbers = ["left", "top", "width", "height"].map(number);
                let [Some(x), Some(y), Some(width), Some(height)] = numbers else {
                    return Err(format!("{file}: a box without its place").into());
                };
                let bounds = BoxInImage::new(x, y, x + width, y + height);
                found.entry(picture.clone()).or_default().push(bounds);
            }
        }
    }
    Ok(found)
}

/// A picture file as a frame.
pub(super) fn frame(path: &Path) -> Result<Frame, Failure> {
    let rgb = source::read_picture(path)?;
    let (width, height) = rgb.dimensions();
    Ok(Frame {
        camera: "bench".parse::<CameraId>()?,
        seq: 0,
        captured_at: Timestamp::EPOCH,
        width,
        height,
        rgb: Arc::from(rgb.into_raw()),
    })
}

/// The whole frame.
pub(super) fn all_of(frame: &Frame) -> BoxInImage {
    BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32)
}
