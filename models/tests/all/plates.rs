//! Finding and reading plates on real photos.

use crate::data::{all_of, analyzer, frame, shared, table};
use domain::{Frame, PlateDetection, PlateRead};
use models::Analyzer;
use std::{fs, path::Path};

const OURS: [&str; 2] = ["plate-detector", "plate-reader"];
const CHAIN: [&str; 3] = ["plate-yolov9-t-416", "plate-cct-xs-v1", "plate-cct-xs-v2"];

/// The plates of a photo with what was read, surest detection first.
fn read_all(analyzer: &mut Analyzer, frame: &Frame) -> Vec<(PlateDetection, Option<PlateRead>)> {
    let plates = analyzer
        .detect_plates_thoroughly(frame, all_of(frame))
        .unwrap();
    let reads = analyzer.read_plates(frame, &plates).unwrap();
    assert_eq!(plates.len(), reads.len());
    plates.into_iter().zip(reads).collect()
}

fn text(read: &PlateRead) -> String {
    read.rows.iter().map(domain::RowRead::text).collect()
}

fn is_vietnamese(read: &PlateRead) -> bool {
    read.plate()
        .is_some_and(|plate| !plate.classes().is_empty())
}

/// Twenty Vietnamese photos, motorbikes and cars: the main plate is among those read, and its rows
/// fit the grammar.
#[track_caller]
fn check_twenty_of_twenty(models: &[&str]) {
    let (Some(dir), Some(mut analyzer)) = (shared("images/vn-mit"), analyzer(models)) else {
        return;
    };
    let (mut n, mut n_read, mut n_fit) = (0, 0, 0);
    for row in table(&dir.join("gt_main_plate.tsv"), '\t') {
        let frame = frame(&dir.join("images").join(&row[0]));
        let plates = read_all(&mut analyzer, &frame);
        let main = plates
            .iter()
            .filter_map(|(_, read)| read.as_ref())
            .find(|read| text(read) == row[1]);
        n += 1;
        if let Some(read) = main {
            n_read += 1;
            n_fit += u32::from(is_vietnamese(read));
        } else {
            println!("{}: not read", row[0]);
        }
    }
    println!("vn-mit: {n_read} of {n} main plates, rows of {n_fit} fit the grammar");
    assert_eq!((n, n_read), (20, 20));
    // One photo shows a plate that is none of today's classes.
    assert!(18 <= n_fit, "{n_fit}");
}

#[test]
fn twenty_of_twenty_vietnamese_plates_with_our_models() {
    check_twenty_of_twenty(&OURS);
}

#[test]
fn twenty_of_twenty_vietnamese_plates_with_those_to_compare_with() {
    check_twenty_of_twenty(&CHAIN);
}

/// Photos of European plates, every `step`th.
fn european(step: usize) -> Option<impl Iterator<Item = (Frame, domain::BoxInImage, String)>> {
    let dir = shared("images/openalpr-eu")?;
    let mut files: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "jpg"));
    files.sort();
    Some(files.into_iter().step_by(step).map(|path| {
        let (bounds, text) = truth(&path);
        (frame(&path), bounds, text)
    }))
}

/// Plates of a form that ours never saw.
#[test]
fn european_plates_are_found_with_our_models() {
    let (Some(photos), Some(mut analyzer)) = (european(1), analyzer(&OURS)) else {
        return;
    };
    let (mut n, mut n_found) = (0, 0);
    for (frame, bounds, _) in photos {
        let plates = analyzer
            .detect_plates_thoroughly(&frame, all_of(&frame))
            .unwrap();
        n += 1;
        n_found += u32::from(plates.iter().any(|p| 0.5 <= p.bounds.iou(&bounds)));
    }
    println!("openalpr-eu: {n_found} of {n} found");
    assert!(n == 108 && 98 * n <= 100 * n_found, "{n_found} of {n}");
}

/// The box, and the text but for zero and O, which the truth mixes.
#[test]
fn european_plates() {
    let (Some(photos), Some(mut analyzer)) = (european(4), analyzer(&CHAIN)) else {
        return;
    };
    let (mut n, mut n_found, mut n_read) = (0, 0, 0);
    for (frame, bounds, truth) in photos {
        let plates = analyzer
            .detect_plates_thoroughly(&frame, all_of(&frame))
            .unwrap();
        n += 1;
        let Some(plate) = plates.iter().find(|p| 0.5 <= p.bounds.iou(&bounds)) else {
            continue;
        };
        n_found += 1;
        let read = analyzer.read_plate(&frame, plate).unwrap().unwrap();
        n_read += usize::from(text(&read).replace('O', "0") == truth.replace('O', "0"));
    }
    println!("openalpr-eu: {n_found} of {n} found, {n_read} read");
    assert_eq!((n, n_found), (27, 27));
    assert!(24 <= n_read, "{n_read} of 27");
}

fn truth(picture: &Path) -> (domain::BoxInImage, String) {
    let text = fs::read_to_string(picture.with_extension("txt")).unwrap();
    let cells: Vec<&str> = text.trim().split('\t').collect();
    let number = |i: usize| cells[i].parse::<f32>().unwrap();
    let (x, y) = (number(1), number(2));
    let bounds = domain::BoxInImage::new(x, y, x + number(3), y + number(4));
    (bounds, cells[5].to_owned())
}

/// Nothing to read, and boxes that lie outside: no read, no error.
#[test]
fn boxes_without_a_plate() {
    let Some(mut analyzer) = analyzer(&CHAIN) else {
        return;
    };
    let frame = crate::data::frame_of(64, 64, vec![90; 64 * 64 * 3]);
    assert_eq!(read_all(&mut analyzer, &frame), []);
    let at = |x: f32| PlateDetection {
        bounds: domain::BoxInImage::new(x, 10.0, x + 20.0, 20.0),
        corners: None,
        score: 0.5,
    };
    let reads = analyzer
        .read_plates(&frame, &[at(500.0), at(f32::NAN), at(-900.0)])
        .unwrap();
    assert_eq!(reads, [None, None, None]);
    let region = domain::BoxInImage::new(500.0, 500.0, 510.0, 510.0);
    assert_eq!(analyzer.detect_plates(&frame, region), Ok(vec![]));
}
