//! From frames to messages: one vehicle, one sighting, one final message.

mod gates;
mod plates;

use domain::{
    BoxInImage, CharRead, Class, Detection, Embedding, FaceMatch, FaceObservation, Liveness,
    PersonId, PlateColour, PlateRead, RowRead, Sighting, SightingId, SightingPhase, Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tracker::{
    FaceSeen, FrameSeen, Sightings, SightingsConfig, SightingsOutput, Tracker, TrackerConfig,
};

fn plate(text: &str, (x, y): (f32, f32)) -> PlateRead {
    let chars = text.chars().map(|best| CharRead {
        best,
        score: 0.95,
        alternatives: Vec::new(),
    });
    PlateRead {
        bounds: BoxInImage::new(x - 50.0, y - 12.0, x + 50.0, y + 12.0),
        corners: None,
        detect_score: 0.9,
        rows: vec![RowRead {
            chars: chars.collect(),
        }],
        colour: PlateColour::White,
    }
}

fn car((x, y): (f32, f32)) -> Detection {
    Detection {
        class: Class::Car,
        bounds: BoxInImage::new(x - 130.0, y - 160.0, x + 130.0, y + 30.0),
        score: 0.9,
    }
}

/// A camera with its tracker.
struct Camera {
    tracker: Tracker,
    sightings: Sightings,
    ms: i64,
    out: SightingsOutput,
}

impl Camera {
    fn new(alter: impl FnOnce(&mut SightingsConfig)) -> Self {
        let mut config = SightingsConfig::new("gate-1-in".parse().expect("it is a slug"));
        alter(&mut config);
        let mut next_id = 0;
        let ids = move || {
            next_id += 1;
            SightingId(next_id)
        };
        Self {
            tracker: Tracker::new(TrackerConfig::default()),
            sightings: Sightings::new(config, ids),
            ms: 0,
            out: SightingsOutput::default(),
        }
    }

    fn frame(&mut self, detections: &[Detection], plates: &[PlateRead], faces: &[FaceSeen]) {
        self.ms += 125;
        let captured_at = Timestamp::from_millis(self.ms);
        let mut tracks = Vec::new();
        self.tracker.step(captured_at, detections, &mut tracks);
        let frame = FrameSeen {
            seq: self.ms.unsigned_abs() / 125,
            captured_at,
            size_px: (1280, 720),
            tracks: &tracks,
            plates,
            faces,
        };
        self.sightings.step(&frame, &mut self.out);
    }

    fn finished(mut self) -> Vec<Sighting> {
        let at = Timestamp::from_millis(self.ms);
        self.sightings.finish(at, &mut self.out);
        self.out.messages
    }
}

fn phases(messages: &[Sighting]) -> Vec<(u128, u32, SightingPhase)> {
    let phase = |m: &Sighting| (m.id.0, m.revision, m.phase);
    messages.iter().map(phase).collect()
}

fn text(message: &Sighting) -> String {
    let plate = message.plate.as_ref().and_then(|vote| vote.plate());
    plate.map_or_else(String::new, |p| p.expose())
}

/// Where a vehicle is at step `n`: it comes nearer and stops.
fn way(n: u8) -> (f32, f32) {
    (500.0, 250.0 + f32::from(n.min(20)) * 10.0)
}

#[test]
fn a_car_with_a_plate_is_new_then_updated_then_final() {
    let mut camera = Camera::new(|_| ());
    for n in 0..16 {
        camera.frame(&[car(way(n))], &[plate("30F25658", way(n))], &[]);
    }
    for _ in 0..14 {
        camera.frame(&[], &[], &[]);
    }
    let messages = camera.finished();
    use SightingPhase::{Final, New, Update};
    assert_eq!(
        phases(&messages),
        [(1, 0, New), (1, 1, Update), (1, 2, Final)]
    );
    assert_eq!(
        messages.iter().map(|m| m.is_decisive()).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert!(
        messages
            .iter()
            .all(|m| text(m) == "30F25658" && m.class == Class::Car)
    );
    assert_eq!(messages[2].plate.as_ref().unwrap().n_reads, 16);
    // It became decisive at its fourth reading, and that was told at once.
    assert_eq!(messages[1].last_seen_at, Timestamp::from_millis(500));
}

#[test]
fn a_car_without_a_plate_is_decisive_only_at_its_end() {
    let mut camera = Camera::new(|_| ());
    for n in 0..10 {
        camera.frame(&[car(way(n))], &[], &[]);
    }
    let messages = camera.finished();
    let told: Vec<_> = messages
        .iter()
        .map(|m| (m.phase, m.is_decisive()))
        .collect();
    assert_eq!(
        told,
        [(SightingPhase::New, false), (SightingPhase::Final, true)]
    );
}

#[test]
fn one_look_at_a_plate_is_not_decisive_even_at_the_end() {
    let mut camera = Camera::new(|_| ());
    for n in 0..10 {
        let plates = [plate("30F25658", way(n))];
        camera.frame(&[car(way(n))], &plates[..usize::from(n == 5)], &[]);
    }
    assert!(camera.finished().iter().all(|m| !m.is_decisive()));
}

#[test]
fn a_plate_without_a_car_makes_a_sighting_only_where_asked() {
    let alone = |alter: fn(&mut SightingsConfig)| {
        let mut camera = Camera::new(alter);
        for n in 0..12 {
            camera.frame(&[], &[plate("30F25658", way(n))], &[]);
        }
        for _ in 0..12 {
            camera.frame(&[], &[], &[]);
        }
        camera.finished()
    };
    assert!(alone(|_| ()).is_empty());
    let messages = alone(|config| config.plates_make_tracks = true);
    let (first, last) = (&messages[0], &messages[messages.len() - 1]);
    assert_eq!((first.phase, first.class), (SightingPhase::New, Class::Car));
    assert_eq!(
        (last.phase, last.is_decisive()),
        (SightingPhase::Final, true)
    );
    assert!(
        messages
            .iter()
            .all(|m| m.id == SightingId(1) && text(m) == "30F25658")
    );
}

#[test]
fn a_car_that_is_found_later_takes_over_the_sighting_of_its_plate() {
    let mut camera = Camera::new(|config| config.plates_make_tracks = true);
    for n in 0..24 {
        let cars = [car(way(n))];
        camera.frame(
            &cars[..usize::from(10 <= n)],
            &[plate("30F25658", way(n))],
            &[],
        );
    }
    let messages = camera.finished();
    assert!(messages.iter().all(|m| m.id == SightingId(1)));
    let last = &messages[messages.len() - 1];
    assert_eq!((last.track.0, text(last).as_str()), (1, "30F25658"));
}

#[test]
fn a_car_whose_track_is_lost_while_its_plate_stays_is_one_sighting() {
    let mut camera = Camera::new(|_| ());
    for n in 0..48 {
        let is_lost = (10..30).contains(&n);
        let cars = [car(way(n))];
        camera.frame(
            &cars[..usize::from(!is_lost)],
            &[plate("30F25658", way(n))],
            &[],
        );
    }
    let messages = camera.finished();
    assert!(
        messages.iter().all(|m| m.id == SightingId(1)),
        "{:?}",
        phases(&messages)
    );
    assert_eq!(messages.last().unwrap().plate.as_ref().unwrap().n_reads, 48);
}

#[test]
fn a_track_that_jumps_to_the_next_car_becomes_two_sightings() {
    let mut camera = Camera::new(|_| ());
    for n in 0_u8..40 {
        // The second car comes close behind; the detector sees one box all the time.
        let (text, place) = if n < 20 {
            ("30F25658", 40.0)
        } else {
            ("51G88888", -40.0)
        };
        let (x, y) = way(20);
        let plates = [plate(text, (x + place, y - 60.0 + 3.0 * f32::from(n % 20)))];
        camera.frame(&[car((x, y))], &plates[..usize::from(n != 20)], &[]);
    }
    let messages = camera.finished();
    let finals: Vec<(u128, String)> = messages
        .iter()
        .filter(|m| m.phase == SightingPhase::Final)
        .map(|m| (m.id.0, text(m)))
        .collect();
    let expect = [(1, "30F25658".to_owned()), (2, "51G88888".to_owned())];
    assert_eq!(finals, expect);
    // The first one was there until the second one's plate came.
    let last = messages.iter().rfind(|m| m.id == SightingId(1)).unwrap();
    assert_eq!(last.last_seen_at, Timestamp::from_millis(20 * 125));
}

#[test]
fn a_car_that_is_followed_anew_while_its_track_runs_astray_is_one_sighting() {
    let mut camera = Camera::new(|_| ());
    for n in 0_u8..36 {
        // It stands; its box follows somebody who walks past, and then there is none for a while.
        let x = match n {
            16..20 => 500.0 + 120.0 * f32::from(n - 15),
            _ => 500.0,
        };
        let is_found = !(20..25).contains(&n);
        camera.frame(
            &[car((x, 300.0))][..usize::from(is_found)],
            &[plate("30F25658", (500.0, 300.0))],
            &[],
        );
    }
    let tracks = camera.tracker.counts().n_tracks_started;
    let messages = camera.finished();
    assert!(1 < tracks, "the scene must lose the track: {tracks}");
    assert!(
        messages.iter().all(|m| m.id == SightingId(1)),
        "{:?}",
        phases(&messages)
    );
}

#[test]
fn a_sighting_says_where_it_was_when_it_was_seen_last() {
    let mut camera = Camera::new(|_| ());
    for n in 0_u8..8 {
        camera.frame(&[car((100.0 + 60.0 * f32::from(n), 300.0))], &[], &[]);
    }
    for _ in 0..14 {
        camera.frame(&[], &[], &[]);
    }
    let messages = camera.finished();
    let last = messages.last().unwrap();
    assert_eq!(last.phase, SightingPhase::Final);
    assert_eq!(last.last_seen_at, Timestamp::from_millis(8 * 125));
    assert_eq!(last.bounds, car((100.0 + 60.0 * 7.0, 300.0)).bounds);
}

#[test]
fn a_car_is_seen_where_its_plate_is_although_the_rest_was_not_found() {
    let mut gate = Camera::new(|_| {});
    for n in 0..3 {
        gate.frame(&[car(way(n))], &[plate("51F12345", way(n))], &[]);
    }
    let seen_bounds = car(way(2)).bounds;
    gate.frame(&[], &[plate("51F12345", way(3))], &[]);
    gate.frame(&[], &[plate("51F12345", way(4))], &[]);
    let seen_at = Timestamp::from_millis(gate.ms);
    gate.frame(&[], &[], &[]);
    let messages = gate.finished();
    let last = messages.last().expect("there is one");
    assert_eq!(last.last_seen_at, seen_at);
    assert!(0.9 < last.bounds.iou(&seen_bounds), "{:?}", last.bounds);
    let sure = messages.iter().find(|m| m.is_plate_decisive);
    let sure = sure.expect("four reads agree");
    assert!(Timestamp::from_millis(3 * 125) < sure.last_seen_at);
}

#[test]
fn a_sign_that_looks_like_a_plate_is_not_every_passing_cars() {
    let mut camera = Camera::new(|_| ());
    let sign = plate("12345678", (500.0, 300.0));
    for n in 0_u8..60 {
        let drives = car((100.0 + f32::from(n) * 40.0, 330.0));
        let cars = [drives];
        camera.frame(
            &cars[..usize::from((20..45).contains(&n))],
            std::slice::from_ref(&sign),
            &[],
        );
    }
    let messages = camera.finished();
    assert!(!messages.is_empty() && messages.iter().all(|m| m.plate.is_none()));
}

fn face((x, y): (f32, f32), similarity: f32) -> FaceSeen {
    FaceSeen {
        observation: FaceObservation {
            bounds: BoxInImage::new(x - 30.0, y - 40.0, x + 30.0, y + 40.0),
            score: 0.9,
            landmarks: None,
            liveness: None,
            embedding: Embedding::normalised(&[1.0, 0.5]),
        },
        matches: vec![FaceMatch {
            person: PersonId(9),
            similarity,
            similarity_min: 0.4,
        }],
    }
}

#[test]
fn a_face_at_a_door_is_a_sighting_and_decisive_when_its_views_agree() {
    let mut camera = Camera::new(|config| config.faces_make_tracks = true);
    for n in 0..12 {
        camera.frame(&[], &[], &[face(way(n), 0.7)]);
    }
    let messages = camera.finished();
    let decisive = messages.iter().find(|m| m.is_decisive()).unwrap();
    assert_eq!(decisive.class, Class::Face);
    assert_eq!(
        decisive.face.as_ref().unwrap().candidates[0].person,
        PersonId(9)
    );
    assert_eq!(messages.last().unwrap().phase, SightingPhase::Final);
}

/// The same face at the same place, alive or a picture.
fn shown(n: u8, similarity: f32, liveness: f32) -> FaceSeen {
    let mut seen = face(way(n), similarity);
    seen.observation.liveness = Some(Liveness {
        score: liveness,
        score_min: 0.5,
    });
    seen
}

#[test]
fn a_picture_that_a_live_stranger_holds_up_is_never_told_as_live() {
    let mut camera = Camera::new(|config| config.faces_make_tracks = true);
    for n in 0..10 {
        camera.frame(&[], &[], &[shown(n, 0.1, 0.9)]);
    }
    for n in 10..60 {
        camera.frame(&[], &[], &[shown(n, 0.7, 0.1)]);
    }
    let messages = camera.finished();
    let is_named = |m: &Sighting| m.face.as_ref().is_some_and(|f| f.candidates[0].is_same());
    let is_live = |m: &Sighting| m.face.as_ref().unwrap().liveness.unwrap().is_live();
    let named: Vec<_> = messages.iter().filter(|m| is_named(m)).collect();
    assert!(messages.iter().all(|m| m.id == messages[0].id));
    assert!(messages.iter().any(|m| m.is_face_decisive && !is_named(m)));
    assert!(named.iter().any(|m| m.is_face_decisive));
    assert!(named.iter().all(|m| !is_live(m)));
}

#[test]
fn a_sure_face_does_not_make_a_plate_sure_nor_the_other_way_round() {
    let texts = ["30F25658", "30F2S6S8", "38F26658", "30E25B58", "80F25056"];
    let mut camera = Camera::new(|config| config.faces_in_vehicles = true);
    for n in 0..30 {
        let (x, y) = way(n);
        let text = texts[usize::from(n) % texts.len()];
        let driver = face((x, y - 80.0), 0.7);
        camera.frame(&[car((x, y))], &[plate(text, (x, y))], &[driver]);
    }
    let messages = camera.finished();
    assert!(
        messages
            .iter()
            .any(|m| m.is_face_decisive && m.plate.is_some())
    );
    assert!(messages.iter().all(|m| !m.is_plate_decisive));

    let mut camera = Camera::new(|config| config.faces_in_vehicles = true);
    for n in 0..30 {
        let (x, y) = way(n);
        let driver = face((x, y - 80.0), if n % 2 == 1 { 0.7 } else { 0.1 });
        camera.frame(&[car((x, y))], &[plate("30F25658", (x, y))], &[driver]);
    }
    let messages = camera.finished();
    assert!(
        messages
            .iter()
            .any(|m| m.is_plate_decisive && m.face.is_some())
    );
    assert!(messages.iter().all(|m| !m.is_face_decisive));
}

#[test]
fn better_pictures_are_asked_for_as_a_car_comes_nearer() {
    let mut camera = Camera::new(|_| ());
    for n in 0..20 {
        let mut near = plate("30F25658", way(n));
        near.bounds = near.bounds.grown(f32::from(n) * 0.02);
        camera.frame(&[car(way(n))], &[near], &[]);
    }
    let pictures = camera.out.pictures;
    assert!((2..10).contains(&pictures.len()), "{}", pictures.len());
    let areas: Vec<f32> = pictures.iter().map(|p| p.quality.area_px).collect();
    assert!(areas.is_sorted() && pictures.iter().all(|p| p.identity.is_some()));
}

proptest! {
    #[test]
    fn every_sighting_is_new_once_first_and_final_once_last(
        frames in prop::collection::vec(
            (
                prop::collection::vec((0_u8..12, 0_u8..6), 0..4),
                prop::collection::vec((0_u8..12, 0_u8..6, 0_usize..3), 0..4),
            ),
            0..60,
        ),
        makes in any::<bool>(),
    ) {
        let mut camera = Camera::new(|config| {
            config.plates_make_tracks = makes;
            config.faces_make_tracks = makes;
        });
        let place = |x: u8, y: u8| (f32::from(x) * 100.0, f32::from(y) * 100.0);
        for (cars, plates) in frames {
            let cars: Vec<Detection> = cars.into_iter().map(|(x, y)| car(place(x, y))).collect();
            let reads: Vec<PlateRead> = plates
                .iter()
                .map(|(x, y, t)| plate(["30F25658", "51G88888", "29A11111"][*t], place(*x, *y)))
                .collect();
            let faces = plates.iter().map(|(x, y, _)| face(place(*y, *x), 0.5));
            let faces: Vec<FaceSeen> = faces.collect();
            camera.frame(&cars, &reads, &faces);
        }
        let mut by_id: BTreeMap<SightingId, Vec<Sighting>> = BTreeMap::new();
        for message in camera.finished() {
            by_id.entry(message.id).or_default().push(message);
        }
        for messages in by_id.values() {
            for (n, message) in messages.iter().enumerate() {
                let expect = match n {
                    0 => SightingPhase::New,
                    n if n + 1 == messages.len() => SightingPhase::Final,
                    _ => SightingPhase::Update,
                };
                prop_assert_eq!(message.phase, expect);
                prop_assert_eq!(message.revision as usize, n);
                prop_assert!(message.first_seen_at <= message.last_seen_at);
            }
            prop_assert!(2 <= messages.len());
        }
    }
}
