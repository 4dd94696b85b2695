//! Scenes through the public door: equal seeds, files, truth.

use gstreamer::{self as gst, prelude::*};
use samples::{
    Light, SampleError, Scene, SceneKind, SceneSpec, Truth,
    flat::{self, PlateShape},
    read_truth,
    truth::{PlateTint, Why},
    truth_of, write_scene,
};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

fn short(kind: SceneKind, seed: u64) -> SceneSpec {
    SceneSpec::new(kind, seed).lasting(12.0)
}

fn pixels(scene: &mut Scene, frame: u32) -> Vec<u8> {
    let (w, h) = scene.size();
    let mut rgb = vec![0; (3 * w * h) as usize];
    scene.render(frame, &mut rgb);
    rgb
}

fn fingerprint(scene: &mut Scene) -> Vec<u8> {
    let mut hash = Sha256::new();
    for frame in [0, 80, 130, 200] {
        hash.update(pixels(scene, frame));
    }
    hash.finalize().to_vec()
}

/// A drawn portrait of the right size: an oval face with eyes on a grey ground.
fn portrait(dir: &Path) -> PathBuf {
    let picture = image::RgbImage::from_fn(512, 512, |x, y| {
        let inside = |cx: f32, cy: f32, rx: f32, ry: f32| {
            ((x as f32 - cx) / rx).powi(2) + ((y as f32 - cy) / ry).powi(2) < 1.0
        };
        if inside(203.0, 101.0, 8.0, 5.0) || inside(246.0, 103.0, 8.0, 5.0) {
            image::Rgb([30, 30, 40])
        } else if inside(224.0, 120.0, 52.0, 70.0) {
            image::Rgb([214, 170, 140])
        } else {
            image::Rgb([120, 124, 130])
        }
    });
    let path = dir.join("portrait.png");
    picture.save(&path).expect("a picture can be saved");
    path
}

#[test]
fn the_same_seed_gives_the_same_pixels_and_truth_and_another_does_not() {
    for kind in [SceneKind::Gate, SceneKind::Junction] {
        let mut a = Scene::new(&short(kind, 5), None).unwrap();
        let mut b = Scene::new(&short(kind, 5), None).unwrap();
        let mut other = Scene::new(&short(kind, 6), None).unwrap();
        assert_eq!(a.truth(), b.truth());
        assert_ne!(a.truth().header.vehicles, other.truth().header.vehicles);
        let first = fingerprint(&mut a);
        assert_eq!(first, fingerprint(&mut b), "{kind:?}");
        assert_ne!(first, fingerprint(&mut other), "{kind:?}");
    }
}

#[test]
fn frames_may_be_asked_for_in_any_order() {
    let mut scene = Scene::new(&short(SceneKind::Junction, 3), None).unwrap();
    let once = pixels(&mut scene, 150);
    pixels(&mut scene, 20);
    assert_eq!(once, pixels(&mut scene, 150));
}

#[test]
fn light_and_rain_change_the_picture_but_not_who_comes() {
    let day = short(SceneKind::Gate, 4);
    let mut bright = Scene::new(&day, None).unwrap();
    let mean = |scene: &mut Scene| {
        let rgb = pixels(scene, 100);
        rgb.iter().map(|v| u64::from(*v)).sum::<u64>() / rgb.len() as u64
    };
    let by_day = mean(&mut bright);
    for (light, rain) in [
        (Light::Overcast, 0.0),
        (Light::Dusk, 0.0),
        (Light::Night, 0.0),
        (Light::Day, 0.8),
    ] {
        let mut scene = Scene::new(&day.clone().lit(light).raining(rain), None).unwrap();
        assert_eq!(
            scene.truth().header.vehicles,
            bright.truth().header.vehicles,
            "{light:?}"
        );
        let level = mean(&mut scene);
        assert!((12..200).contains(&level), "{light:?} {rain}: {level}");
        assert!(light != Light::Night || level < by_day, "{level} {by_day}");
    }
}

fn check_frames(truth: &Truth) {
    let (w, h) = (truth.header.width as f32, truth.header.height as f32);
    assert_eq!(truth.frames.len(), truth.header.n_frames as usize);
    for (k, frame) in truth.frames.iter().enumerate() {
        assert_eq!(frame.frame as usize, k);
        for vehicle in &frame.vehicles {
            let [x0, y0, x1, y1] = vehicle.bounds;
            assert!(
                0.0 <= x0 && x0 < x1 && x1 <= w && 0.0 <= y0 && y0 < y1 && y1 <= h,
                "frame {k}"
            );
            assert!((0.0..=1.0).contains(&vehicle.visible));
            let own = &truth.header.vehicles[vehicle.id as usize - 1];
            assert!(own.arrive_frame <= frame.frame && frame.frame <= own.leave_frame);
            let Some(plate) = vehicle.plate.as_ref().filter(|p| 1.0 <= p.visible) else {
                continue;
            };
            for [x, y] in plate.corners {
                let (x, y) = (x.clamp(0.0, w), y.clamp(0.0, h));
                assert!(
                    x0 - 1.0 <= x && x <= x1 + 1.0 && y0 - 1.0 <= y && y <= y1 + 1.0,
                    "frame {k}"
                );
            }
        }
    }
}

#[test]
fn boxes_and_plates_lie_where_they_can() {
    for kind in [SceneKind::Gate, SceneKind::Junction] {
        for seed in 20..23 {
            check_frames(&truth_of(&SceneSpec::new(kind, seed).lasting(25.0)).unwrap());
        }
    }
}

#[test]
fn plates_can_be_read_somewhere() {
    let truth = truth_of(&SceneSpec::new(SceneKind::Gate, 1)).unwrap();
    for vehicle in &truth.header.vehicles {
        let widest = truth
            .frames
            .iter()
            .flat_map(|f| f.vehicles.iter().filter(|v| v.id == vehicle.id))
            .filter_map(|v| v.plate.as_ref().filter(|p| 1.0 <= p.visible))
            .map(|p| p.width_px)
            .fold(0.0, f32::max);
        assert!(58.0 <= widest, "vehicle {}: {widest} px", vehicle.id);
    }
}

#[test]
fn a_written_scene_has_every_frame_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let spec = SceneSpec::new(SceneKind::Junction, 9).lasting(2.0);
    let mut heard = Vec::new();
    let written = write_scene(&spec, None, dir.path(), |done, total| {
        heard.push((done, total))
    })
    .unwrap();
    assert_eq!((heard.len(), heard.last()), (50, Some(&(50, 50))));
    assert!(!written.is_reused);
    assert_eq!(n_decoded(&written.video), 50);
    let truth = read_truth(&written.truth).unwrap();
    assert_eq!(&truth, Scene::new(&spec, None).unwrap().truth());
    let again = write_scene(&spec, None, dir.path(), |_, _| {
        panic!("nothing is to be done")
    })
    .unwrap();
    assert!(again.is_reused);
    assert_eq!(again.truth_sha256, written.truth_sha256);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "no unfinished files: {left:?}");
}

fn n_decoded(path: &Path) -> usize {
    gst::init().expect("the file can be played");
    let text = format!(
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! appsink name=sink sync=false",
        path.display()
    );
    let pipeline = gst::parse::launch(&text)
        .expect("the file can be played")
        .downcast::<gst::Pipeline>()
        .expect("the file can be played");
    let sink = pipeline
        .by_name("sink")
        .expect("the file can be played")
        .downcast::<gstreamer_app::AppSink>()
        .expect("the file can be played");
    pipeline
        .set_state(gst::State::Playing)
        .expect("the file can be played");
    let mut n = 0;
    while sink.pull_sample().is_ok() {
        n += 1;
    }
    pipeline
        .set_state(gst::State::Null)
        .expect("the file can be played");
    n
}

#[test]
fn the_door_shows_a_face_three_times_and_nobody_between() {
    let dir = tempfile::tempdir().unwrap();
    let portrait = portrait(dir.path());
    let spec = SceneSpec::new(SceneKind::Door, 2);
    let mut scene = Scene::new(&spec, Some(&portrait)).unwrap();
    let truth = scene.truth().clone();
    let whys: Vec<Why> = truth.header.approaches.iter().map(|a| a.why).collect();
    assert_eq!(whys, [Why::NotEnrolled, Why::Enrolled, Why::PrintedPicture]);
    let (first, second) = (&truth.header.approaches[0], &truth.header.approaches[1]);
    assert!(first.leave_frame + 5 * truth.header.fps < second.arrive_frame);
    for approach in &truth.header.approaches {
        for frame in approach.stop_frame..=approach.go_frame {
            let face = truth.frames[frame as usize]
                .face
                .expect("the face is there");
            let high = face.bounds[3] - face.bounds[1];
            assert!(
                face.id == approach.id && 175.0 < high && high < 235.0,
                "{frame}: {high}"
            );
        }
    }
    let empty = pixels(&mut scene, 0);
    let full = pixels(&mut scene, first.stop_frame + 10);
    let changed = empty
        .iter()
        .zip(&full)
        .filter(|(a, b)| 40 < a.abs_diff(**b))
        .count();
    assert!(100_000 < changed, "{changed}");
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let door = SceneSpec::new(SceneKind::Door, 1);
    assert!(matches!(
        Scene::new(&door, None),
        Err(SampleError::NoPortrait)
    ));
    let small = dir.path().join("small.png");
    image::RgbImage::new(64, 64).save(&small).unwrap();
    assert!(matches!(
        Scene::new(&door, Some(&small)),
        Err(SampleError::Portrait { source: None, .. })
    ));
    std::fs::write(dir.path().join("text.png"), "not a picture").unwrap();
    let text = dir.path().join("text.png");
    assert!(matches!(
        Scene::new(&door, Some(&text)),
        Err(SampleError::Portrait {
            source: Some(_),
            ..
        })
    ));
    for duration_s in [0.0, -1.0, f64::NAN, 1e9] {
        let spec = SceneSpec::new(SceneKind::Gate, 1).lasting(duration_s);
        assert!(matches!(truth_of(&spec), Err(SampleError::Duration { .. })));
    }
}

#[test]
fn a_truth_file_that_is_cut_or_wrong_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("truth.jsonl");
    let truth = truth_of(&SceneSpec::new(SceneKind::Gate, 3).lasting(2.0)).unwrap();
    let mut bytes = Vec::new();
    truth.write(&mut bytes).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(read_truth(&path).unwrap(), truth);
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&path, lines[..20].join("\n")).unwrap();
    assert!(matches!(
        read_truth(&path),
        Err(SampleError::CutShort {
            n_frames: 50,
            n_found: 19,
            ..
        })
    ));
    std::fs::write(&path, [lines[0], "{}", lines[2]].join("\n")).unwrap();
    assert!(matches!(
        read_truth(&path),
        Err(SampleError::Truth { line: 2, .. })
    ));
    assert!(matches!(
        read_truth(&dir.path().join("none")),
        Err(SampleError::Read { .. })
    ));
}

#[test]
fn plates_do_not_show_in_debug() {
    let truth = truth_of(&SceneSpec::new(SceneKind::Gate, 3).lasting(20.0)).unwrap();
    let text = format!("{:?}", truth.header);
    for registration in &truth.header.registrations {
        assert!(!text.contains(&registration.plate));
    }
}

#[test]
fn plates_of_every_colour_come_to_the_gate_and_stop_where_they_are_seen() {
    let scene = Scene::of_colours(3, Light::Night).unwrap();
    let truth = scene.truth();
    assert_eq!(truth.header.vehicles.len(), 32);
    for colour in [
        PlateTint::White,
        PlateTint::Yellow,
        PlateTint::Blue,
        PlateTint::Red,
    ] {
        let vehicles = truth.header.vehicles.iter();
        let own: Vec<_> = vehicles.filter(|v| v.plate.colour == colour).collect();
        assert_eq!(own.len(), 8, "{colour:?}");
        let n_one_row = own.iter().filter(|v| v.plate.rows.len() == 1).count();
        assert_eq!(n_one_row, 3, "{colour:?}");
        for vehicle in own {
            assert!(!vehicle.plate.plate().classes().is_empty());
            let stop = vehicle.stop_frame.expect("every vehicle stops");
            let seen = &truth.frames[stop as usize].vehicles;
            let seen = seen.iter().find(|v| v.id == vehicle.id).unwrap();
            let plate = seen.plate.as_ref().expect("its plate is towards us");
            let (visible, width_px) = (plate.visible, plate.width_px);
            assert!(0.99 <= visible && 45.0 <= width_px, "{visible} {width_px}");
        }
    }
    assert_eq!(truth, Scene::of_colours(3, Light::Night).unwrap().truth());
}

#[test]
fn flat_plates_are_those_of_the_standard() {
    let wanted = [
        (PlateShape::CarLong, PlateTint::Red),
        (PlateShape::Motorbike, PlateTint::Blue),
    ];
    let plates = flat::plates(1, &wanted).unwrap();
    let sizes: Vec<_> = plates.iter().map(|(f, _)| (f.width, f.height)).collect();
    assert_eq!(sizes, [(1040, 220), (380, 280)]);
    for (flat, truth) in plates {
        assert_eq!(flat.rgb.len(), (3 * flat.width * flat.height) as usize);
        assert!(!truth.plate().classes().is_empty());
    }
    let painted = flat::painted("0912.345.678", PlateTint::White).unwrap();
    assert!(2 * painted.height < painted.width);
}

#[test]
fn people_walk_before_the_wall_and_their_boxes_are_in_the_picture() {
    let truth = truth_of(&SceneSpec::new(SceneKind::Entrance, 3)).unwrap();
    let line = truth
        .header
        .geometry
        .count_line
        .expect("the entrance has a line");
    assert!(line[0][0] < line[1][0]);
    let n_seen = truth.frames.iter().filter(|f| !f.people.is_empty()).count();
    assert!(truth.frames.len() / 2 < n_seen, "{n_seen}");
    for frame in &truth.frames {
        for seen in &frame.people {
            let [x0, y0, x1, y1] = seen.bounds;
            assert!(0.0 <= x0 && x0 < x1 && x1 <= 1280.0 && 0.0 <= y0 && y0 < y1 && y1 <= 720.0);
            let own = &truth.header.people[seen.id as usize - 1];
            assert!(own.arrive_frame <= frame.frame && frame.frame <= own.leave_frame);
        }
    }
    let mut scene = Scene::new(&SceneSpec::new(SceneKind::Entrance, 3), None).unwrap();
    let mut again = Scene::new(&SceneSpec::new(SceneKind::Entrance, 3), None).unwrap();
    let crossing = truth.header.people.iter().flat_map(|p| &p.crossings).next();
    let frame = crossing.expect("somebody crosses").frame;
    let first = pixels(&mut scene, frame);
    assert_eq!(first, pixels(&mut again, frame));
    assert_ne!(first, pixels(&mut scene, 0), "somebody is there");
}

#[test]
fn each_visitor_shows_the_next_text_and_an_empty_one_not() {
    let texts = ["GAC1:first", "", "GAC1:third"].map(str::to_owned);
    let spec = SceneSpec::new(SceneKind::Pass, 1);
    let mut scene = Scene::showing(&spec, None, &texts).unwrap();
    let mut empty = Scene::showing(&spec, None, &[const { String::new() }; 3]).unwrap();
    let people = scene.truth().header.people.clone();
    assert_eq!(people.len(), 3);
    for (person, is_shown) in people.iter().zip([true, false, true]) {
        let shows = person.shows.expect("every visitor has a moment for it");
        let frame = u32::midpoint(shows.from_frame, shows.to_frame);
        let differs = pixels(&mut scene, frame) != pixels(&mut empty, frame);
        assert_eq!(differs, is_shown, "visitor {}", person.id);
    }
    let long = vec!["x".repeat(3000)];
    assert!(matches!(
        Scene::showing(&spec, None, &long),
        Err(SampleError::CodeText { n_bytes: 3000 })
    ));
}
