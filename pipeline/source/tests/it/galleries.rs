//! Folders of pictures and generated scenes.

use crate::support::{START, clock, run};
use domain::{SourceEvent, ports::FrameSource};
use image::RgbImage;
use source::{Pace, SceneRenderer, Source, SourceError, SourceOptions, SourceSpec};
use std::{fs, path::Path, time::Duration};

fn options() -> SourceOptions {
    let mut options = SourceOptions::new("cam".parse().unwrap(), clock());
    options.pace = Pace::AsFastAsPossible;
    options.starts_at = Some(START);
    options
}

fn paint(path: &Path, size: (u32, u32), level: u8) {
    RgbImage::from_pixel(size.0, size.1, image::Rgb([level, 0, 255 - level]))
        .save(path)
        .unwrap();
}

fn open(dir: &Path, fps: f64) -> Result<Source, SourceError> {
    let dir = dir.to_owned();
    Source::open(SourceSpec::Pictures { dir, fps }, options())
}

#[test]
fn pictures_come_in_the_order_of_their_names() {
    let dir = tempfile::tempdir().unwrap();
    for (name, level) in [("b.png", 20), ("a.JPG", 10), ("d.jpeg", 40), ("c.png", 30)] {
        paint(&dir.path().join(name), (64, 48), level);
    }
    fs::write(dir.path().join("notes.txt"), "not a picture").unwrap();
    let run = run(&mut open(dir.path(), 8.0).unwrap());
    let levels: Vec<u8> = run.frames.iter().map(|f| f.rgb[0]).collect();
    assert!(
        levels
            .iter()
            .zip([10, 20, 30, 40])
            .all(|(a, b)| a.abs_diff(b) < 6),
        "{levels:?}"
    );
    assert_eq!(levels.len(), 4);
    for (n, frame) in (0..).zip(&run.frames) {
        assert_eq!(
            frame.captured_at,
            START.saturating_add(Duration::from_millis(125) * n)
        );
    }
}

#[test]
fn a_broken_picture_is_counted_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    paint(&dir.path().join("1.png"), (8, 8), 1);
    fs::write(dir.path().join("2.png"), "no picture").unwrap();
    paint(&dir.path().join("3.png"), (2560, 720), 3);
    let mut source = open(dir.path(), 25.0).unwrap();
    let run = run(&mut source);
    assert_eq!((run.frames.len(), run.n_lost), (2, 1));
    assert_eq!(
        run.frames[1].captured_at,
        START.saturating_add(Duration::from_millis(80))
    );
    assert_eq!((run.frames[1].width, run.frames[1].height), (1280, 360));
    assert_eq!(source.monitor().stats().n_damaged, 1);
}

#[test]
fn a_folder_without_pictures_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x.png"), "no picture").unwrap();
    assert!(matches!(
        open(dir.path(), 5.0),
        Err(SourceError::NoPictures { .. })
    ));
    let missing = dir.path().join("missing");
    assert!(matches!(
        open(&missing, 5.0),
        Err(SourceError::Unreadable { .. })
    ));
    for fps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            open(dir.path(), fps),
            Err(SourceError::Option { .. })
        ));
    }
}

struct Counting {
    n_frames: u64,
    fps: f64,
}

impl SceneRenderer for Counting {
    fn size(&self) -> (u32, u32) {
        (16, 8)
    }
    fn fps(&self) -> f64 {
        self.fps
    }
    fn n_frames(&self) -> u64 {
        self.n_frames
    }
    fn render(&mut self, frame_no: u64, rgb: &mut [u8]) {
        rgb.fill(u8::try_from(frame_no).unwrap());
    }
}

fn scene(n_frames: u64, fps: f64) -> SourceSpec {
    SourceSpec::Scene(Box::new(Counting { n_frames, fps }))
}

#[test]
fn a_scene_is_drawn_frame_by_frame_and_again() {
    let mut options = options();
    options.loop_playback = true;
    let mut source = Source::open(scene(10, 25.0), options).unwrap();
    for n in 0..25_u32 {
        let SourceEvent::Frame(frame) = source.next().unwrap() else {
            panic!("frame {n} is none")
        };
        assert_eq!(frame.rgb.len(), 16 * 8 * 3);
        assert_eq!(u32::from(frame.rgb[0]), n % 10);
        assert_eq!(
            frame.captured_at,
            START.saturating_add(Duration::from_millis(40) * n)
        );
    }
}

#[test]
fn a_scene_in_real_time_skips_what_the_reader_was_too_slow_for() {
    let mut options = options();
    options.pace = Pace::RealTime;
    let mut source = Source::open(scene(100, 200.0), options).unwrap();
    let monitor = source.monitor();
    assert!(matches!(source.next(), Ok(SourceEvent::Frame(_))));
    let busy_until = crate::support::now().saturating_add(Duration::from_millis(100));
    while crate::support::now() < busy_until {
        std::thread::yield_now();
    }
    let run = run(&mut source);
    assert!(15 <= run.n_lost, "{}", run.n_lost);
    assert!(
        run.frames
            .windows(2)
            .all(|w| w[0].captured_at < w[1].captured_at)
    );
    let stats = monitor.stats();
    assert_eq!(stats.n_delivered + stats.n_dropped, 100);
    assert_eq!(u32::from(run.frames.last().unwrap().rgb[0]), 99);
}

#[test]
fn a_patient_scene_waits_for_its_reader_and_loses_nothing() {
    let mut options = options();
    options.pace = Pace::Patient;
    let mut source = Source::open(scene(40, 200.0), options).unwrap();
    let monitor = source.monitor();
    let began_at = crate::support::now();
    let mut frames = Vec::new();
    while let SourceEvent::Frame(frame) = source.next().unwrap() {
        if frames.len() == 10 {
            let busy_until = crate::support::now().saturating_add(Duration::from_millis(100));
            while crate::support::now() < busy_until {
                std::thread::yield_now();
            }
        }
        frames.push(frame);
    }
    let numbers: Vec<u32> = frames.iter().map(|frame| u32::from(frame.rgb[0])).collect();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
    assert_eq!(monitor.stats().n_dropped, 0);
    // 39 intervals of 5 ms, and what the reader took.
    let took = crate::support::now().since(began_at);
    assert!(Duration::from_millis(290) <= took, "{took:?}");
    // Times go with the clock: what came late is stamped late.
    let (first, last) = (&frames[0], &frames[39]);
    let span = last.captured_at.since(first.captured_at);
    assert!(
        Duration::from_millis(285) <= span && span <= took,
        "{span:?} {took:?}"
    );
}

#[test]
fn stopping_ends_a_pause_between_frames() {
    let mut options = options();
    options.pace = Pace::RealTime;
    // One frame in 1000 s: without the stop the test would hang.
    let mut source = Source::open(scene(10, 0.001), options).unwrap();
    let stop = source.stop_handle();
    assert!(matches!(source.next(), Ok(SourceEvent::Frame(_))));
    let reader = std::thread::spawn(move || source.next().unwrap());
    stop.stop();
    assert!(matches!(reader.join().unwrap(), SourceEvent::EndOfStream));
}
