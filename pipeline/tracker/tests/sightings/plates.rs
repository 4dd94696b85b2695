//! What is told of a plate through the messages of one vehicle.

use super::{Camera, car, plate, text, way};
use domain::{BoxInImage, Timestamp};

#[test]
fn the_final_message_has_what_every_frame_was_read_as_and_no_other_has() {
    let mut camera = Camera::new(|_| ());
    for n in 0..40 {
        // The plate is hidden for a while, which makes two parts of it.
        let is_seen = !(10..30).contains(&n);
        let text = if n == 3 { "30F2565B" } else { "30F25658" };
        let plates = [plate(text, way(n))];
        camera.frame(&[car(way(n))], &plates[..usize::from(is_seen)], &[]);
    }
    let messages = camera.finished();
    let (last, before) = messages.split_last().unwrap();
    assert!(before.iter().all(|message| message.raw_reads.is_empty()));
    let reads = last.raw_reads.reads();
    let seqs: Vec<u64> = reads.iter().map(|read| read.frame_seq).collect();
    let expect: Vec<u64> = (1..=10).chain(31..=40).collect();
    assert_eq!(seqs, expect);
    assert_eq!(last.raw_reads.n_dropped(), 0);
    assert_eq!(reads[3].rows[0].text(), "30F2565B");
    assert_eq!(reads[3].captured_at, Timestamp::from_millis(500));
    assert_eq!(last.plate.as_ref().unwrap().n_reads, 20);
    assert!(!format!("{last:?}").contains("25658"));
}

#[test]
fn after_one_plate_was_decisive_no_look_alike_is() {
    let mut camera = Camera::new(|_| ());
    for n in 0..200 {
        let text = if n < 8 { "30F25658" } else { "30F25653" };
        camera.frame(&[car(way(n))], &[plate(text, way(n))], &[]);
    }
    let messages = camera.finished();
    let mut decisive: Vec<String> = messages
        .iter()
        .filter(|message| message.is_plate_decisive)
        .map(text)
        .collect();
    decisive.dedup();
    assert_eq!(decisive, ["30F25658"]);
    let last = messages.last().unwrap();
    assert_eq!(
        (text(last).as_str(), last.is_plate_decisive),
        ("30F25653", false)
    );
    assert!(last.plate.as_ref().unwrap().score() < 1.0);
}

#[test]
fn a_plate_that_two_boxes_contend_for_stays_with_the_first() {
    // Two frames without a vehicle, then a car, then also a box that is a part of it and that the
    // tracker takes for another car: no longer has anybody carried the plate in half of the frames.
    let mut camera = Camera::new(|_| ());
    for n in 0..18 {
        let whole = car(way(n));
        let mut part = whole.clone();
        let middle = whole.bounds.centre().y - 20.0;
        part.bounds = BoxInImage::new(
            whole.bounds.x_min + 60.0,
            middle,
            whole.bounds.x_max - 60.0,
            whole.bounds.y_max,
        );
        let found = [whole, part];
        let n_found = usize::from(2 <= n) + usize::from(10 <= n);
        camera.frame(&found[..n_found], &[plate("30F25658", way(n))], &[]);
    }
    let messages = camera.finished();
    let mut read: Vec<(u128, String)> = messages.iter().map(|m| (m.id.0, text(m))).collect();
    read.sort();
    read.dedup();
    let expect = [(1, "30F25658".to_owned()), (2, String::new())];
    assert_eq!(read, expect);
}

#[test]
fn a_plate_track_that_jumps_takes_no_votes_along() {
    // Two cars side by side; the plate that is seen is the first one's, and then, as if its track
    // had jumped, the second one's.
    let mut camera = Camera::new(|_| ());
    let (left, right) = ((400.0, 400.0), (430.0, 400.0));
    for n in 0..19 {
        let mut cars = [car(left), car(right)];
        cars[0].bounds.x_max = 415.0;
        cars[1].bounds.x_min = 415.0;
        let (text, at) = if n < 12 {
            ("30F25658", left)
        } else {
            ("51G73146", right)
        };
        camera.frame(&cars, &[plate(text, at)], &[]);
    }
    let messages = camera.finished();
    let mut read: Vec<(u128, String)> = messages
        .iter()
        .filter(|message| message.is_plate_decisive)
        .map(|message| (message.id.0, text(message)))
        .collect();
    read.sort();
    read.dedup();
    let expect = [(1, "30F25658".to_owned()), (2, "51G73146".to_owned())];
    assert_eq!(read, expect);
}
