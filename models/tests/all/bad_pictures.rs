//! Pictures that no gate should be shown: no panic, and no wrong answer that a gate would believe.
//!
//! The chain is the best of the catalogue that is here, and the pictures are drawn.

use crate::data::{all_of, analyzer, frame_of};
use domain::{BoxInImage, Frame, PlateDetection, PlateRead, plate::PLATE_SCORE_MIN};
use image::{RgbImage, imageops};
use models::{Analyzer, Catalog, InferenceError, Task};
use samples::{
    flat::{self, Flat, PlateShape},
    truth::{PlateTint, PlateTruth},
};
use std::{collections::BTreeSet, time::Instant};

const CAR: (PlateShape, PlateTint) = (PlateShape::CarLong, PlateTint::White);
const BIKE: (PlateShape, PlateTint) = (PlateShape::Motorbike, PlateTint::White);

fn best() -> Option<Analyzer> {
    let catalog = Catalog::built_in();
    let first = |task| catalog.candidates(task).next().into_iter();
    let chosen = first(Task::PlateDetect).chain(first(Task::PlateRead));
    let ids: Vec<&str> = chosen
        .flat_map(|candidate| candidate.models.iter().map(String::as_str))
        .collect();
    analyzer(&ids)
}

/// Everything that is found in a picture, with what is read.
fn see(analyzer: &mut Analyzer, frame: &Frame) -> Vec<(PlateDetection, Option<PlateRead>)> {
    let whole = all_of(frame);
    let plates = analyzer.detect_plates_thoroughly(frame, whole).unwrap();
    let reads = analyzer.read_plates(frame, &plates).unwrap();
    assert_eq!(plates.len(), reads.len());
    for plate in &plates {
        let b = plate.bounds;
        let is_inside = 0.0 <= b.x_min && 0.0 <= b.y_min;
        assert!(is_inside && b.x_max <= whole.x_max && b.y_max <= whole.y_max);
        assert!(b.x_min < b.x_max && b.y_min < b.y_max && plate.score <= 1.0);
    }
    plates.into_iter().zip(reads).collect()
}

/// The texts that a gate may act on: sure enough where a site says nothing else, and a plate.
fn believed(seen: &[(PlateDetection, Option<PlateRead>)]) -> BTreeSet<String> {
    let reads = seen.iter().filter_map(|(_, read)| read.as_ref());
    let sure = reads.filter(|read| PLATE_SCORE_MIN <= read.score());
    let plates = sure.filter_map(PlateRead::plate);
    let of_a_class = plates.filter(|plate| !plate.classes().is_empty());
    of_a_class.map(|plate| plate.key()).collect()
}

fn keys<'a>(truths: impl IntoIterator<Item = &'a PlateTruth>) -> BTreeSet<String> {
    truths
        .into_iter()
        .map(|truth| truth.plate().key())
        .collect()
}

fn picture_of(flat: &Flat, width: u32) -> RgbImage {
    let full = RgbImage::from_raw(flat.width, flat.height, flat.rgb.clone()).unwrap();
    let height = (flat.height * width / flat.width).max(1);
    imageops::resize(&full, width, height, imageops::FilterType::Triangle)
}

/// Grey paint that is darker below, with a coarse grain.
fn ground(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let grain = (x / 3 * 7 + y / 3 * 13) % 9;
        let level = 120 - 50 * y / height + grain;
        image::Rgb([level as u8, level as u8, (level + 4) as u8])
    })
}

/// The plate on the dark rear of a vehicle, with the place where it is, cut by the border.
fn on_a_vehicle(plate: &RgbImage, (x, y): (i64, i64)) -> (Frame, PlateDetection) {
    let mut picture = ground(1280, 720);
    let (w, h) = (plate.width(), plate.height());
    let rear = RgbImage::from_pixel(3 * w, 2 * w, image::Rgb([58, 62, 74]));
    let (left, top) = (x - i64::from(w), y - i64::from(2 * w - 2 * h));
    imageops::replace(&mut picture, &rear, left, top);
    imageops::replace(&mut picture, plate, x, y);
    let [x, y, w, h] = [x as f32, y as f32, w as f32, h as f32];
    let bounds = BoxInImage::new(x, y, x + w, y + h).clamped(1280.0, 720.0);
    (frame(picture), given(bounds))
}

/// A box that somebody gives.
fn given(bounds: BoxInImage) -> PlateDetection {
    PlateDetection {
        corners: None,
        bounds,
        score: 1.0,
    }
}

/// What is believed of a picture, with the box that somebody gives too.
fn believed_of(
    analyzer: &mut Analyzer,
    (frame, place): &(Frame, PlateDetection),
) -> BTreeSet<String> {
    let read = analyzer.read_plate(frame, place).unwrap();
    let mut seen = see(analyzer, frame);
    seen.push((*place, read));
    believed(&seen)
}

fn frame(picture: RgbImage) -> Frame {
    frame_of(picture.width(), picture.height(), picture.into_raw())
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let plate = given(BoxInImage::new(0.0, 0.0, 1.0, 1.0));
    for (width, height) in [(0, 0), (0, 9), (9, 0)] {
        let empty = frame_of(width, height, Vec::new());
        let found = analyzer.detect_plates_thoroughly(&empty, all_of(&empty));
        assert!(matches!(found, Err(InferenceError::Picture { .. })));
        let read = analyzer.read_plate(&empty, &plate);
        assert!(matches!(read, Err(InferenceError::Picture { .. })));
    }
    let short = frame_of(1 << 20, 1 << 20, vec![0; 300]);
    let found = analyzer.detect_plates(&short, all_of(&short));
    assert!(matches!(found, Err(InferenceError::Picture { .. })));
    see(&mut analyzer, &frame_of(1, 1, vec![200; 3]));
}

#[test]
fn nothing_is_read_where_nothing_is() {
    let Some(mut analyzer) = best() else {
        return;
    };
    for level in [0, 255] {
        let flat = frame_of(1280, 720, vec![level; 1280 * 720 * 3]);
        assert_eq!(believed(&see(&mut analyzer, &flat)), BTreeSet::new());
        // Even of a box that somebody gives.
        let box_of_nothing = given(BoxInImage::new(500.0, 300.0, 700.0, 345.0));
        let read = analyzer.read_plate(&flat, &box_of_nothing).unwrap();
        assert_eq!(believed(&[(box_of_nothing, read)]), BTreeSet::new());
    }
}

#[test]
fn a_picture_of_8k_is_seen_like_any_other() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let plates = flat::plates(81, &[CAR]).unwrap();
    let mut picture = ground(7680, 4320);
    imageops::replace(&mut picture, &picture_of(&plates[0].0, 1800), 2900, 2000);
    let seen = see(&mut analyzer, &frame(picture));
    let truth = keys(plates.iter().map(|(_, truth)| truth));
    assert_eq!(believed(&seen), truth);
}

#[test]
fn forty_plates_are_read_in_one_picture_and_cost_four_times_ten() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let plates = flat::plates(40, &[[CAR; 20], [BIKE; 20]].concat()).unwrap();
    let mut picture = ground(1280, 720);
    let mut places = Vec::new();
    for (index, (flat, _)) in (0i64..).zip(&plates) {
        let plate = picture_of(flat, if index < 20 { 130 } else { 90 });
        let (x, y) = (40 + index % 8 * 155, 40 + index / 8 * 135);
        imageops::replace(&mut picture, &plate, x, y);
        let [x, y, w, h] = [x as u32, y as u32, plate.width(), plate.height()].map(|v| v as f32);
        places.push(given(BoxInImage::new(x, y, x + w, y + h)));
    }
    let frame = frame(picture);
    let truths = keys(plates.iter().map(|(_, truth)| truth));
    let mut seen = see(&mut analyzer, &frame);
    // As where vehicles are tracked: in the region around it, with its neighbours' edges.
    for place in places.iter().step_by(4) {
        let found = analyzer
            .detect_plates(&frame, place.bounds.grown(0.6))
            .unwrap();
        assert!((1..=9).contains(&found.len()), "{} boxes", found.len());
        seen.extend(found.into_iter().map(|plate| (plate, None)));
    }
    assert!(seen.len() <= 100, "{} boxes of 40 plates", seen.len());
    let plates: Vec<PlateDetection> = seen
        .into_iter()
        .map(|(plate, _)| plate)
        .chain(places.clone())
        .collect();
    let reads = analyzer.read_plates(&frame, &plates).unwrap();
    let believed = believed(&plates.into_iter().zip(reads).collect::<Vec<_>>());
    assert_eq!(&believed - &truths, BTreeSet::new());
    assert!(30 <= believed.len(), "{} of 40", believed.len());
    let mut took = |plates: &[PlateDetection]| {
        #[expect(clippy::disallowed_methods, reason = "the cost is what is tested")]
        let start = Instant::now();
        let reads = analyzer.read_plates(&frame, plates).unwrap();
        assert_eq!(reads.len(), plates.len());
        start.elapsed()
    };
    // In turn, so that what else the machine does hurts both.
    let pairs: Vec<_> = (0..3)
        .map(|_| [took(&places[15..25]), took(&places)])
        .collect();
    let [ten, forty] = [0, 1].map(|k| pairs.iter().map(|pair| pair[k]).min().unwrap());
    // Four times ten; what grows with the square is sixteen times.
    assert!(forty < ten * 10, "ten {ten:?}, forty {forty:?}");
}

#[test]
fn a_plate_that_the_border_cuts_is_not_believed_to_be_another() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let plates = flat::plates(7, &[[CAR; 2], [BIKE; 2]].concat()).unwrap();
    let mut wrong = BTreeSet::new();
    for (index, (flat, truth)) in plates.iter().enumerate() {
        let plate = picture_of(flat, if index < 2 { 220 } else { 150 });
        let (w, h) = (i64::from(plate.width()), i64::from(plate.height()));
        for (x, y) in [(-w / 4, 300), (1280 - 3 * w / 5, 300), (500, 720 - h / 2)] {
            let shown = on_a_vehicle(&plate, (x, y));
            wrong.extend(&believed_of(&mut analyzer, &shown) - &keys([truth]));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn a_mirrored_plate_is_not_believed() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let plates = flat::plates(9, &[[CAR; 6], [BIKE; 6]].concat()).unwrap();
    let (mut wrong, mut n_upright) = (BTreeSet::new(), 0);
    for (index, (flat, truth)) in plates.iter().enumerate() {
        let plate = picture_of(flat, if index < 6 { 220 } else { 150 });
        let upright = believed_of(&mut analyzer, &on_a_vehicle(&plate, (500, 420)));
        n_upright += usize::from(upright == keys([truth]));
        let mirrored = on_a_vehicle(&imageops::flip_horizontal(&plate), (500, 420));
        wrong.extend(&believed_of(&mut analyzer, &mirrored) - &keys([truth]));
    }
    // Else the mirrored ones are not read for another reason.
    assert!(
        9 <= n_upright,
        "{n_upright} of 12 are read when they are not mirrored"
    );
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn a_telephone_number_on_a_lorrys_side_is_not_believed_to_be_a_plate() {
    let Some(mut analyzer) = best() else {
        return;
    };
    let mut wrong = BTreeSet::new();
    for text in ["0912.345.678", "0283 829 1234", "1900 1234"] {
        for colour in [PlateTint::White, PlateTint::Blue] {
            let side = flat::painted(text, colour).unwrap();
            for width in [300, 640] {
                let shown = on_a_vehicle(&picture_of(&side, width), (400, 350));
                wrong.extend(believed_of(&mut analyzer, &shown));
            }
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}
