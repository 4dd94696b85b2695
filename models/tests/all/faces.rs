//! Face detectors, embedders and liveness on real photos.

use crate::data::{all_of, analyzer, frame, shared, table};
use domain::{BoxInImage, Embedding, FaceObservation};
use models::Analyzer;
use std::{collections::BTreeMap, fs, path::Path};

/// The boxes of dlib's example files, by picture.
fn boxes(dir: &Path) -> BTreeMap<String, Vec<BoxInImage>> {
    let mut found: BTreeMap<String, Vec<BoxInImage>> = BTreeMap::new();
    for file in ["training.xml", "testing.xml"] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        let mut picture = String::new();
        for line in text.lines() {
            let value = |key: &str| -> Option<&str> {
                let rest = line.split_once(&format!(" {key}='"))?.1;
                rest.split_once('\'').map(|(value, _)| value)
            };
            if line.contains("<image ") {
                picture = value("file").unwrap().to_owned();
            } else if line.contains("<box ") {
                let number = |key| value(key).unwrap().parse::<f32>().unwrap();
                let (x, y) = (number("left"), number("top"));
                let bounds = BoxInImage::new(x, y, x + number("width"), y + number("height"));
                found.entry(picture.clone()).or_default().push(bounds);
            }
        }
    }
    found
}

#[track_caller]
fn finds_faces(model: &str, n_expected: usize, n_extra_max: usize) {
    let (Some(dir), Some(mut analyzer)) = (shared("images/dlib-faces"), analyzer(&[model])) else {
        return;
    };
    let (mut n_boxes, mut n_found, mut n_extra) = (0, 0, 0);
    for (picture, boxes) in boxes(&dir) {
        let frame = frame(&dir.join(picture));
        let faces = analyzer.detect_faces(&frame, all_of(&frame)).unwrap();
        let is_found = |b: &&BoxInImage| faces.iter().any(|f| 0.35 <= f.bounds.iou(b));
        let here = boxes.iter().filter(is_found).count();
        n_boxes += boxes.len();
        n_found += here;
        n_extra += faces.len().saturating_sub(here);
    }
    println!("{model}: {n_found} of {n_boxes} faces, {n_extra} others");
    assert_eq!(n_boxes, 43);
    assert!(n_expected <= n_found, "{model}: {n_found} of 43");
    assert!(n_extra <= n_extra_max, "{model}: {n_extra} others");
}

#[test]
fn yunet_finds_all_faces() {
    finds_faces("yunet-2023mar", 43, 5);
}

#[test]
fn small_yunet_finds_all_faces() {
    finds_faces("yunet-n-320", 43, 5);
}

#[test]
fn ultraface_finds_all_faces() {
    finds_faces("ultraface-rfb-320", 43, 2);
}

#[test]
fn blazeface_finds_most_faces() {
    finds_faces("blazeface-256", 36, 5);
}

/// The largest face of a photo.
fn face_of(analyzer: &mut Analyzer, path: &Path) -> Option<(domain::Frame, FaceObservation)> {
    let frame = frame(path);
    let faces = analyzer.detect_faces(&frame, all_of(&frame)).unwrap();
    let largest = faces
        .into_iter()
        .max_by(|a, b| a.bounds.area().total_cmp(&b.bounds.area()))?;
    Some((frame, largest))
}

/// Similarities of all labelled pairs, the same person first.
fn similarities(detector: &str, embedder: &str) -> Option<[Vec<f32>; 2]> {
    let dir = shared("images/deepface-pairs")?;
    let mut analyzer = analyzer(&[detector, embedder])?;
    let mut templates: BTreeMap<String, Embedding> = BTreeMap::new();
    let [mut same, mut other] = [Vec::new(), Vec::new()];
    for row in table(&dir.join("pairs.csv"), ',') {
        for picture in &row[..2] {
            if !templates.contains_key(picture) {
                let (frame, face) = face_of(&mut analyzer, &dir.join(picture)).unwrap();
                let template = analyzer.embed_face(&frame, &face).unwrap().unwrap();
                templates.insert(picture.clone(), template);
            }
        }
        let similarity = templates[&row[0]].similarity(&templates[&row[1]]);
        if row[2] == "Yes" {
            same.push(similarity);
        } else {
            other.push(similarity);
        }
    }
    same.sort_by(f32::total_cmp);
    other.sort_by(f32::total_cmp);
    Some([same, other])
}

/// How many pairs the threshold of the catalogue judges rightly.
#[track_caller]
fn tells_people_apart(detector: &str, embedder: &str, share_min: f32) {
    let Some([same, other]) = similarities(detector, embedder) else {
        return;
    };
    let catalog = models::Catalog::built_in();
    let threshold = catalog.model(embedder).unwrap().score_min;
    let n_right = same.iter().filter(|s| threshold <= **s).count()
        + other.iter().filter(|s| **s < threshold).count();
    let share = n_right as f32 / (same.len() + other.len()) as f32;
    println!(
        "{detector} + {embedder}: {share:.4} of {} same and {} other pairs at {threshold}; \
         same from {:.3}, others to {:.3} (next {:.3})",
        same.len(),
        other.len(),
        same[0],
        other[other.len() - 1],
        other[other.len() - 2],
    );
    assert!(share_min <= share, "{share}");
}

#[test]
fn mobilefacenet_tells_people_apart() {
    tells_people_apart("yunet-2023mar", "mobilefacenet-112", 0.993);
}

#[test]
fn dlib_tells_people_apart_with_registry_models_alone() {
    tells_people_apart("blazeface-256", "dlib-resnet-150", 0.97);
}

#[test]
fn a_face_without_landmarks_has_no_template() {
    let Some(mut analyzer) = analyzer(&["mobilefacenet-112"]) else {
        return;
    };
    let frame = crate::data::frame_of(32, 32, vec![128; 32 * 32 * 3]);
    let mut face = FaceObservation {
        bounds: BoxInImage::new(4.0, 4.0, 28.0, 28.0),
        score: 1.0,
        landmarks: None,
        liveness: None,
        embedding: None,
    };
    assert_eq!(analyzer.embed_face(&frame, &face), Ok(None));
    face.landmarks = Some([domain::PointInImage::default(); 5]);
    assert_eq!(analyzer.embed_face(&frame, &face), Ok(None));
}

#[track_caller]
fn accepts_real_faces(ids: &[&str], share_min: f32) {
    let (Some(dir), Some(mut analyzer)) = (
        shared("images/deepface-pairs"),
        analyzer(&[&["yunet-2023mar"], ids].concat()),
    ) else {
        return;
    };
    let (mut n_live, mut scores) = (0, Vec::new());
    for number in 1..=25 {
        let (frame, face) = face_of(&mut analyzer, &dir.join(format!("img{number}.jpg"))).unwrap();
        let liveness = analyzer.liveness(&frame, &face).unwrap().unwrap();
        assert!((0.0..=1.0).contains(&liveness.score));
        n_live += u32::from(liveness.is_live());
        scores.push(liveness.score);
    }
    scores.sort_by(f32::total_cmp);
    println!("{ids:?}: {n_live} of 25 accepted, median {:.3}", scores[12]);
    assert!(share_min <= n_live as f32 / 25.0);
}

#[test]
fn minifasnet_accepts_most_real_faces() {
    accepts_real_faces(&["minifasnet-v2-27", "minifasnet-v1se-40"], 0.6);
}

#[test]
fn registry_liveness_gives_scores() {
    accepts_real_faces(&["antispoof-128", "liveness-32"], 0.0);
}
