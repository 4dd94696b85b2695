//! Detectors of vehicles and people on real photos.

use crate::data::{analyzer, frame, shared, table};
use domain::{Class, Detection};

/// In each of the Vietnamese photos of the sample stands a motorbike or a car, mostly large.
#[track_caller]
fn finds_vehicles(model: &str, n_min: usize) {
    let (Some(dir), Some(mut analyzer)) = (shared("images/vn-mit"), analyzer(&[model])) else {
        return;
    };
    let (mut n, mut n_found) = (0, 0);
    for row in table(&dir.join("gt_main_plate.tsv"), '\t')
        .iter()
        .step_by(2)
    {
        let frame = frame(&dir.join("images").join(&row[0]));
        let found = analyzer.detect_objects(&frame).unwrap();
        check_boxes(&found, frame.width as f32, frame.height as f32);
        n += 1;
        n_found += usize::from(found.iter().any(|d| d.class.is_motor_vehicle()));
    }
    println!("{model}: a motor vehicle in {n_found} of {n} photos");
    assert!(n_min <= n_found, "{model}: {n_found} of {n}");
}

/// People stand in these photos; each face is in a person.
#[track_caller]
fn finds_people(model: &str, n_min: usize) {
    let (Some(dir), Some(mut analyzer)) = (shared("images/dlib-faces"), analyzer(&[model])) else {
        return;
    };
    let mut n_people = 0;
    for picture in ["2008_001009", "2008_002470", "2009_004587", "2007_007763"] {
        let frame = frame(&dir.join(format!("{picture}.jpg")));
        let found = analyzer.detect_objects(&frame).unwrap();
        check_boxes(&found, frame.width as f32, frame.height as f32);
        n_people += found.iter().filter(|d| d.class == Class::Person).count();
    }
    println!("{model}: {n_people} people");
    assert!(n_min <= n_people, "{model}: {n_people} people");
}

#[track_caller]
fn check_boxes(found: &[Detection], width: f32, height: f32) {
    for (index, one) in found.iter().enumerate() {
        let inside = one.bounds.clamped(width, height);
        assert_eq!(inside, one.bounds, "boxes are cut to the picture");
        assert!((0.0..=1.0).contains(&one.score));
        for other in &found[..index] {
            assert!(one.bounds.iou(&other.bounds) <= 0.5, "no doubles");
        }
    }
}

#[test]
fn picodet() {
    finds_vehicles("picodet-s-416", 6);
    finds_people("picodet-s-416", 12);
}

#[test]
fn nanodet() {
    finds_vehicles("nanodet-m-416", 7);
    finds_people("nanodet-m-416", 12);
}

#[test]
fn nanodet_of_opencv_zoo() {
    finds_vehicles("nanodet-2022nov", 5);
    finds_people("nanodet-2022nov", 12);
}

#[test]
fn yolox() {
    finds_vehicles("yolox-nano", 7);
    finds_people("yolox-nano", 12);
}

#[test]
fn centernet() {
    finds_vehicles("centernet-512", 2);
    finds_people("centernet-512", 12);
}
