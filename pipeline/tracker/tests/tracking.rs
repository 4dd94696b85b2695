//! The tracker on made-up motion: variable frame times, lost boxes, jitter, crossings, changing
//! classes.

use domain::{BoxInImage, Class, Detection, Timestamp, TrackId, TrackState};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tracker::{TrackUpdate, Tracker, TrackerConfig};

fn seen(class: Class, (x, y): (f32, f32), (w, h): (f32, f32)) -> Detection {
    Detection {
        class,
        bounds: BoxInImage::new(x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0),
        score: 0.8,
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// One thing that moves evenly.
#[derive(Clone, Copy, Debug)]
struct Mover {
    class: Class,
    from: (f32, f32),
    speed_px_s: (f32, f32),
    size: (f32, f32),
}

impl Mover {
    fn seen(&self, ms: i64) -> Detection {
        let t = ms as f32 / 1000.0;
        let x = self.from.0 + self.speed_px_s.0 * t;
        let y = self.from.1 + self.speed_px_s.1 * t;
        seen(self.class, (x, y), self.size)
    }
}

/// Runs the movers and gives, for each, the confirmed tracks that its boxes were taken for.
fn follow(
    movers: &[Mover],
    frames_ms: &[i64],
    mut alter: impl FnMut(usize, usize, Detection) -> Option<Detection>,
) -> Vec<BTreeSet<TrackId>> {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut tracks = vec![BTreeSet::new(); movers.len()];
    for (frame, &ms) in frames_ms.iter().enumerate() {
        let (mut boxes, mut owners) = (Vec::new(), Vec::new());
        for (who, mover) in movers.iter().enumerate() {
            if let Some(detection) = alter(frame, who, mover.seen(ms)) {
                boxes.push(detection);
                owners.push(who);
            }
        }
        let mut updates = Vec::new();
        assert!(tracker.step(at(ms), &boxes, &mut updates));
        for update in updates {
            if let Some(index) = update.detection {
                tracks[owners[index]].insert(update.track.id);
            }
        }
    }
    tracks
}

fn unaltered(_: usize, _: usize, detection: Detection) -> Option<Detection> {
    Some(detection)
}

#[track_caller]
fn check_one_track_each(tracks: &[BTreeSet<TrackId>]) {
    let all: BTreeSet<TrackId> = tracks.iter().flatten().copied().collect();
    assert!(tracks.iter().all(|t| t.len() == 1), "{tracks:?}");
    assert_eq!(all.len(), tracks.len(), "{tracks:?}");
}

const MOTORBIKE: Mover = Mover {
    class: Class::Motorbike,
    from: (50.0, 300.0),
    speed_px_s: (600.0, 0.0),
    size: (40.0, 80.0),
};

#[test]
fn a_motorbike_that_moves_by_twice_its_width_stays_one_track() {
    let frames: Vec<i64> = (0..12).map(|n| n * 150).collect();
    check_one_track_each(&follow(&[MOTORBIKE], &frames, unaltered));
    let irregular = [0, 100, 330, 430, 700, 800, 1090, 1200];
    check_one_track_each(&follow(&[MOTORBIKE], &irregular, unaltered));
}

#[test]
fn two_cars_that_pass_each_other_keep_their_numbers() {
    let car = |x: f32, y: f32, vx: f32| Mover {
        class: Class::Car,
        from: (x, y),
        speed_px_s: (vx, 0.0),
        size: (160.0, 110.0),
    };
    let frames: Vec<i64> = (0..30).map(|n| n * 125).collect();
    let movers = [car(100.0, 300.0, 250.0), car(900.0, 330.0, -250.0)];
    check_one_track_each(&follow(&movers, &frames, unaltered));
}

#[test]
fn a_car_hidden_for_a_second_keeps_its_number() {
    let car = Mover {
        class: Class::Car,
        from: (100.0, 300.0),
        speed_px_s: (200.0, 30.0),
        size: (120.0, 90.0),
    };
    let frames: Vec<i64> = (0..30).map(|n| n * 125).collect();
    let tracks = follow(&[car], &frames, |frame, _, d| {
        (!(12..20).contains(&frame)).then_some(d)
    });
    check_one_track_each(&tracks);
}

#[test]
fn a_class_that_flips_is_voted_and_does_not_break_the_track() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let classes = [Class::Car, Class::Truck, Class::Car, Class::Bus, Class::Car];
    let mut updates = Vec::new();
    for (n, class) in (0..).zip(classes) {
        updates.clear();
        let x = 100.0 + n as f32 * 10.0;
        let detections = [
            seen(class, (x, 200.0), (100.0, 80.0)),
            seen(Class::Truck, (x + 2.0, 200.0), (104.0, 80.0)),
        ];
        tracker.step(
            at(n * 100),
            &detections[..1 + usize::from(n == 2)],
            &mut updates,
        );
        assert_eq!(updates.len(), 1);
    }
    assert_eq!(
        (updates[0].track.id, updates[0].track.class),
        (TrackId(1), Class::Car)
    );
    assert_eq!(updates[0].track.state, TrackState::Confirmed);
}

#[test]
fn a_person_never_becomes_a_car() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut updates = Vec::new();
    tracker.step(
        at(0),
        &[seen(Class::Person, (50., 50.), (40., 80.))],
        &mut updates,
    );
    tracker.step(
        at(100),
        &[seen(Class::Car, (50., 50.), (40., 80.))],
        &mut updates,
    );
    let ids: BTreeSet<TrackId> = updates.iter().map(|u| u.track.id).collect();
    assert_eq!(ids.len(), 2);
}

fn life(frames: &[(i64, bool)]) -> Vec<TrackState> {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut updates: Vec<TrackUpdate> = Vec::new();
    for (ms, is_seen) in frames {
        let car = [seen(Class::Car, (200., 200.), (100., 80.))];
        tracker.step(at(*ms), &car[..usize::from(*is_seen)], &mut updates);
    }
    updates.iter().map(|u| u.track.state).collect()
}

#[test]
fn a_track_lives_from_tentative_to_ended_and_ends_once() {
    use TrackState::{Coasting, Confirmed, Ended, Tentative};
    let frames = [
        (0, true),
        (100, true),
        (200, true),
        (300, false),
        (400, true),
        (1000, false),
        (2000, false),
        (2100, false),
    ];
    let expect = [
        Tentative, Tentative, Confirmed, Coasting, Confirmed, Coasting, Ended,
    ];
    assert_eq!(life(&frames), expect);
    assert_eq!(
        life(&[(0, true), (400, false), (500, false), (600, false)]),
        [Tentative, Tentative, Ended,]
    );
}

#[test]
fn who_comes_when_a_track_is_over_is_another_and_a_pause_of_the_camera_ends_none() {
    let n_tracks = |frames: &[(i64, bool)]| {
        let mut tracker = Tracker::new(TrackerConfig::default());
        let mut updates: Vec<TrackUpdate> = Vec::new();
        for (ms, is_seen) in frames {
            let car = [seen(Class::Car, (200., 200.), (100., 80.))];
            tracker.step(at(*ms), &car[..usize::from(*is_seen)], &mut updates);
        }
        let ids: BTreeSet<TrackId> = updates.iter().map(|u| u.track.id).collect();
        ids.len()
    };
    let begun = [(0, true), (100, true), (200, true)];
    let then = |rest: &[(i64, bool)]| [&begun[..], rest].concat();
    assert_eq!(n_tracks(&then(&[(1500, false), (1800, true)])), 2);
    assert_eq!(n_tracks(&then(&[(1500, false), (1700, true)])), 1);
    assert_eq!(n_tracks(&then(&[(3000, true)])), 1);
}

/// The track of the last of these boxes, and of the first.
fn first_and_last(view: BoxInImage, boxes: &[(i64, Option<[f32; 4]>)]) -> [TrackId; 2] {
    let mut tracker = Tracker::new(TrackerConfig::default());
    tracker.set_view(view);
    let mut ids = Vec::new();
    for (ms, bounds) in boxes {
        let bounds = bounds.map(|[x0, y0, x1, y1]| BoxInImage::new(x0, y0, x1, y1));
        let detections: Vec<Detection> = bounds
            .into_iter()
            .map(|bounds| Detection {
                class: Class::Motorbike,
                bounds,
                score: 0.8,
            })
            .collect();
        let mut updates = Vec::new();
        assert!(tracker.step(at(*ms), &detections, &mut updates));
        let hits = updates.iter().filter(|u| u.detection.is_some());
        ids.extend(hits.map(|u| u.track.id));
    }
    [ids[0], ids[ids.len() - 1]]
}

const PICTURE: BoxInImage = BoxInImage::new(0.0, 0.0, 1280.0, 720.0);

#[test]
fn who_comes_where_another_has_left_the_picture_is_another() {
    // It leaves over the lower edge, and 1.2 s later the next one comes in there.
    let mut leaves: Vec<(i64, Option<[f32; 4]>)> = (0..6_u8)
        .map(|n| {
            let bounds = [600.0, 440.0 + 40.0 * f32::from(n), 760.0, 720.0];
            (200 * i64::from(n), Some(bounds))
        })
        .collect();
    leaves.extend([
        (1200, None),
        (1400, None),
        (1600, None),
        (1800, None),
        (2000, None),
    ]);
    leaves.push((2200, Some([620.0, 640.0, 780.0, 720.0])));
    let [first, last] = first_and_last(PICTURE, &leaves);
    assert_ne!(first, last);
    // One that stands at the edge and is not found for as long is the same.
    let stands = Some([600.0, 500.0, 760.0, 720.0]);
    let mut frames: Vec<(i64, Option<[f32; 4]>)> = (0..6).map(|n| (200 * n, stands)).collect();
    frames.extend([(1200, None), (1600, None), (2000, None), (2200, stands)]);
    let [first, last] = first_and_last(PICTURE, &frames);
    assert_eq!(first, last);
}

#[test]
fn what_is_large_and_near_does_not_continue_what_was_small_and_far() {
    // A lorry goes off at the top while a car comes in over the lower edge.
    let mut frames: Vec<(i64, Option<[f32; 4]>)> = (0..6_u8)
        .map(|n| {
            let k = f32::from(n);
            let bounds = [394.0, 2.0, 739.0 - 10.0 * k, 400.0 - 14.0 * k];
            (100 * i64::from(n), Some(bounds))
        })
        .collect();
    frames.extend((6..14).map(|n| (100 * n, None)));
    frames.push((1400, Some([407.0, 612.0, 1280.0, 719.0])));
    let [first, last] = first_and_last(PICTURE, &frames);
    assert_ne!(first, last);
}

#[test]
fn what_is_long_out_of_sight_is_not_continued_by_a_weak_box() {
    let states = |after_ms: i64| {
        let mut tracker = Tracker::new(TrackerConfig::default());
        let mut updates = Vec::new();
        for (ms, score) in [
            (0, 0.9),
            (100, 0.9),
            (200, 0.9),
            (300, 0.0),
            (after_ms, 0.2),
        ] {
            let mut car = seen(Class::Car, (200., 200.), (100., 80.));
            car.score = score;
            updates.clear();
            tracker.step(at(ms), &[car], &mut updates);
        }
        updates.iter().map(|u| u.track.state).collect::<Vec<_>>()
    };
    assert_eq!(states(900), [TrackState::Confirmed]);
    assert_eq!(states(1100), [TrackState::Coasting]);
}

#[test]
fn a_weak_box_continues_a_track_but_starts_none() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut updates = Vec::new();
    for n in 0..6 {
        let mut car = seen(Class::Car, (200., 200.), (100., 80.));
        let mut ghost = seen(Class::Car, (600., 200.), (100., 80.));
        car.score = if n < 3 { 0.8 } else { 0.2 };
        ghost.score = 0.3;
        updates.clear();
        tracker.step(at(n * 100), &[car, ghost], &mut updates);
        assert_eq!(updates.len(), 1);
    }
    assert_eq!(
        (updates[0].track.n_hits, updates[0].detection),
        (6, Some(0))
    );
}

#[test]
fn time_that_stands_or_runs_backwards_is_refused_and_counted() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut updates = Vec::new();
    assert!(tracker.step(at(100), &[], &mut updates));
    assert!(!tracker.step(at(100), &[], &mut updates));
    assert!(!tracker.step(at(50), &[], &mut updates));
    assert_eq!(tracker.counts().n_frames_out_of_order, 2);
}

#[test]
fn there_is_a_limit_and_bad_boxes_are_counted() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut boxes: Vec<Detection> = (0..400)
        .map(|n| seen(Class::Car, (n as f32 * 200.0, 0.0), (100.0, 80.0)))
        .collect();
    boxes.push(seen(Class::Car, (f32::NAN, 0.0), (1.0, 1.0)));
    boxes.push(seen(Class::Car, (f32::INFINITY, 0.0), (1.0, 1.0)));
    boxes.push(seen(Class::Car, (0.0, 0.0), (0.0, 10.0)));
    let mut updates = Vec::new();
    tracker.step(at(0), &boxes, &mut updates);
    assert_eq!(updates.len(), 256);
    let counts = tracker.counts();
    assert_eq!(
        (counts.n_boxes_invalid, counts.n_boxes_over_limit),
        (3, 144)
    );
    updates.clear();
    tracker.finish(&mut updates);
    assert!(updates.iter().all(|u| u.track.state == TrackState::Ended) && updates.len() == 256);
}

fn lanes() -> impl Strategy<Value = Vec<Mover>> {
    // Lanes 160 px apart, one vehicle in each, either way.
    prop::collection::vec(
        (any::<bool>(), any::<bool>(), 0.0_f32..450.0, 0.0_f32..300.0),
        1..5,
    )
    .prop_map(|lanes| {
        let mover = |(n, (is_car, goes_left, speed, x)): (usize, (bool, bool, f32, f32))| {
            let direction = if goes_left { -1.0 } else { 1.0 };
            Mover {
                class: if is_car { Class::Car } else { Class::Motorbike },
                from: (
                    if goes_left { 1100.0 - x } else { 100.0 + x },
                    100.0 + n as f32 * 160.0,
                ),
                speed_px_s: (speed * direction, 0.0),
                size: if is_car { (150.0, 100.0) } else { (45.0, 85.0) },
            }
        };
        lanes.into_iter().enumerate().map(mover).collect()
    })
}

const CLASSES: [Class; 8] = [
    Class::Person,
    Class::Bicycle,
    Class::Car,
    Class::Motorbike,
    Class::Bus,
    Class::Truck,
    Class::Face,
    Class::Plate,
];

fn frame_times() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(60_i64..=200, 24).prop_map(|steps| {
        let mut ms = 0;
        steps
            .into_iter()
            .map(|step| {
                ms += step;
                ms
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn numbers_do_not_change_with_jitter_and_dropouts(
        movers in lanes(),
        frames_ms in frame_times(),
        noise in prop::collection::vec((-0.03_f32..0.03, -0.03_f32..0.03, 0_u8..100), 131),
    ) {
        let tracks = follow(&movers, &frames_ms, |frame, who, mut d| {
            let (dx, dy, luck) = noise[(frame * 7 + who) % noise.len()];
            let size = (d.bounds.width() + d.bounds.height()) / 2.0;
            d.bounds.x_min += dx * size;
            d.bounds.x_max += dx * size;
            d.bounds.y_min += dy * size;
            d.bounds.y_max += dy * size;
            // One box in eight is lost, but no vehicle before it is known.
            (frame < 4 || 12 <= luck).then_some(d)
        });
        check_one_track_each(&tracks);
    }

    #[test]
    fn the_order_of_detections_plays_no_part(movers in lanes(), frames_ms in frame_times()) {
        let mut one = Tracker::new(TrackerConfig::default());
        let mut other = Tracker::new(TrackerConfig::default());
        for ms in frames_ms {
            let boxes: Vec<Detection> = movers.iter().map(|m| m.seen(ms)).collect();
            let reversed: Vec<Detection> = boxes.iter().rev().cloned().collect();
            let (mut a, mut b) = (Vec::new(), Vec::new());
            one.step(at(ms), &boxes, &mut a);
            other.step(at(ms), &reversed, &mut b);
            let track = |u: TrackUpdate| u.track;
            prop_assert_eq!(
                a.into_iter().map(track).collect::<Vec<_>>(),
                b.into_iter().map(track).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn every_track_ends_exactly_once_whatever_is_seen(
        frames in prop::collection::vec(
            prop::collection::vec((any::<[f32; 4]>(), 0_usize..8, any::<f32>()), 0..6),
            0..20,
        ),
        steps in prop::collection::vec(-50_i64..3000, 20),
    ) {
        let mut tracker = Tracker::new(TrackerConfig {
            score_high: 0.0,
            ..TrackerConfig::default()
        });
        let mut updates = Vec::new();
        let mut ms = 0;
        for (frame, step) in frames.iter().zip(steps) {
            ms += step;
            let boxes: Vec<Detection> = frame
                .iter()
                .map(|([x_min, y_min, x_max, y_max], class, score)| Detection {
                    class: CLASSES[*class],
                    bounds: BoxInImage::new(*x_min, *y_min, *x_max, *y_max),
                    score: *score,
                })
                .collect();
            tracker.step(at(ms), &boxes, &mut updates);
        }
        tracker.finish(&mut updates);
        let mut n_ends: BTreeMap<TrackId, usize> = BTreeMap::new();
        for update in &updates {
            prop_assert!(update.track.bounds.is_finite());
            let is_end = update.track.state == TrackState::Ended;
            *n_ends.entry(update.track.id).or_default() += usize::from(is_end);
        }
        prop_assert!(n_ends.values().all(|n| *n == 1));
    }
}
