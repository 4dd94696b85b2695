//! What nobody needs to see is not decoded, and is there when it is wanted. Work is counted, not
//! timed.

use crate::support::{Camera, H264, LONG, clock, frames, now};
use domain::{Frame, SourceEvent, ports::FrameSource};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use source::{
    Attention, Decode, Pace, RtspTransport, Source, SourceOptions, SourceSpec, SourceStats,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const FPS: u64 = 25;
const SIZE: (usize, usize) = (320, 240);
const X264: &str = "x264enc speed-preset=veryfast option-string=scenecut=0";

/// A film of a noisy grey wall, in which a square of noise moves from one frame on.
fn film(path: &Path, (n_frames, moves_at): (u64, u64), encoder: &str) {
    gst::init().unwrap();
    let text = format!(
        "appsrc name=src format=time caps=video/x-raw,format=I420,width={},height={},framerate={FPS}/1 \
         ! {encoder} ! h264parse ! mp4mux ! filesink location=\"{}\"",
        SIZE.0,
        SIZE.1,
        path.display()
    );
    let pipeline = gst::parse::launch(&text).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let src = pipeline.by_name("src").unwrap();
    let src = src.downcast::<gst_app::AppSrc>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut state: u32 = 9;
    for n in 0..n_frames {
        let mut yuv = vec![128_u8; SIZE.0 * SIZE.1 * 3 / 2];
        for luma in &mut yuv[..SIZE.0 * SIZE.1] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Here and there a pixel flickers.
            *luma = 90 + 20 * u8::from(state >> 26 == 0);
        }
        if moves_at <= n {
            let left = (20 + (n - moves_at) as usize * 4) % 240;
            for y in 80..160 {
                for luma in &mut yuv[y * SIZE.0 + left..][..70] {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *luma = 60 + (state >> 25) as u8;
                }
            }
        }
        let mut buffer = gst::Buffer::from_mut_slice(yuv);
        let at = gst::ClockTime::from_mseconds(n * 1000 / FPS);
        let buffer_ref = buffer.get_mut().unwrap();
        buffer_ref.set_pts(at);
        buffer_ref.set_duration(gst::ClockTime::from_mseconds(1000 / FPS));
        src.push_buffer(buffer).unwrap();
    }
    src.end_of_stream().unwrap();
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(message.unwrap().type_(), gst::MessageType::Eos, "{text}");
}

fn options(decode: Decode) -> (SourceOptions, Attention) {
    let mut options = SourceOptions::new("cam".parse().unwrap(), clock());
    options.decode = decode;
    if decode == Decode::All {
        options.pace = Pace::AsFastAsPossible;
    }
    // Everything that is decoded is seen here.
    options.max_waiting = 500;
    let attention = options.attention.clone();
    (options, attention)
}

/// All frames of a file at its own speed, and the source's counts.
fn play(path: PathBuf, decode: Decode, is_wanted: bool) -> (Vec<Frame>, SourceStats) {
    let (options, attention) = options(decode);
    attention.set(is_wanted);
    let mut source = Source::open(SourceSpec::File { path }, options).unwrap();
    let mut frames = Vec::new();
    loop {
        match source.next().unwrap() {
            SourceEvent::Frame(frame) => frames.push(frame),
            SourceEvent::EndOfStream => return (frames, source.monitor().stats()),
            other => panic!("{other:?}"),
        }
    }
}

/// Which frames of the film these are, by their capture times; the first one is frame 0.
fn numbers(frames: &[Frame]) -> Vec<u64> {
    let first = frames[0].captured_at;
    let number = |frame: &Frame| {
        let span = frame.captured_at.since(first).as_secs_f64();
        (span * FPS as f64).round() as u64
    };
    assert!(
        frames
            .windows(2)
            .all(|w| w[0].captured_at < w[1].captured_at)
    );
    frames.iter().map(number).collect()
}

/// Rest begins after 2 s at the earliest, at a key frame, once the usual sizes are known.
#[track_caller]
fn check_wakes(encoder: &str, moves_at: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let n = moves_at + 39;
    film(&path, (n, moves_at), &format!("{encoder} key-int-max=25"));
    let (all, stats) = play(path.clone(), Decode::All, false);
    assert_eq!((all.len() as u64, stats.n_idle), (n, 0));
    let (seen, stats) = play(path, Decode::WhenMoving, false);
    let numbers = numbers(&seen);
    let told = format!("{stats:?} {numbers:?}");
    assert_eq!(stats.n_decoded + stats.n_idle, n, "{told}");
    assert_eq!(stats.n_missing + stats.n_dropped, 0, "{told}");
    assert!(20 <= stats.n_idle, "{told}");
    // From the last key frame before the motion on nothing is missing, and all looks the same.
    let key = numbers
        .iter()
        .rposition(|at| numbers[0] + 1 < *at && !numbers.contains(&(at - 1)));
    let from = key.unwrap();
    assert!(
        numbers[from] <= moves_at && moves_at < numbers[from] + 26,
        "{told}"
    );
    assert_eq!(numbers[from..], (numbers[from]..n).collect::<Vec<_>>());
    for (number, frame) in numbers.iter().zip(&seen).skip(from) {
        let whole = &all[usize::try_from(*number).unwrap()];
        assert!(whole.rgb == frame.rgb, "frame {number} is another picture");
    }
}

#[test]
fn a_film_is_decoded_from_the_key_frame_before_the_motion_on() {
    check_wakes(&format!("{X264} tune=zerolatency"), 131);
}

#[test]
fn a_film_with_b_frames_is_decoded_from_the_key_frame_before_the_motion_on() {
    check_wakes(&format!("{X264} bframes=3 b-adapt=false"), 256);
}

#[test]
fn a_constant_rate_is_judged_too() {
    let rate = "tune=zerolatency pass=cbr bitrate=900 vbv-buf-capacity=1000";
    check_wakes(&format!("{X264} {rate}"), 131);
}

#[test]
fn what_is_wanted_is_all_decoded_and_so_is_what_cannot_be_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    film(
        &path,
        (130, 200),
        &format!("{X264} tune=zerolatency key-int-max=25"),
    );
    let (seen, stats) = play(path, Decode::WhenMoving, true);
    assert_eq!((seen.len(), stats.n_idle), (130, 0));
    // One key frame, and none again.
    let path = folder.path().join("long.mp4");
    film(
        &path,
        (130, 200),
        &format!("{X264} tune=zerolatency key-int-max=1000"),
    );
    let (seen, stats) = play(path, Decode::WhenMoving, false);
    assert_eq!((seen.len(), stats.n_idle), (130, 0));
    // No H.264.
    let path = folder.path().join("still.avi");
    crate::support::make_video(&path, 130, "jpegenc ! avimux");
    let (seen, stats) = play(path, Decode::WhenMoving, false);
    assert_eq!((seen.len(), stats.n_idle), (130, 0));
}

#[test]
fn a_camera_rests_and_wakes_by_what_it_shows_and_by_what_is_wanted() {
    let camera = Camera::start(0, H264, None);
    let (mut options, attention) = options(Decode::WhenMoving);
    options.live.stall_after = Duration::from_millis(1500);
    let spec = SourceSpec::Rtsp {
        url: camera.url(),
        transport: RtspTransport::Tcp,
        latency_ms: 100,
    };
    let mut source = Source::open(spec, options).unwrap();
    let monitor = source.monitor();
    attention.set(false);
    let rest = |source: &mut Source| {
        let (before, begun_at) = (monitor.stats().n_idle, now());
        while monitor.stats().n_idle < before + 40 {
            frames(source, 1);
            assert!(now().since(begun_at) < LONG, "{:?}", monitor.stats());
        }
    };
    rest(&mut source);
    camera.show("ball");
    // Only one in 25 is decoded at rest.
    let seen = frames(&mut source, 30);
    let span = seen[29].captured_at.since(seen[4].captured_at);
    assert!(span < Duration::from_secs(3), "{span:?}");
    camera.show("smpte75");
    rest(&mut source);
    attention.set(true);
    frames(&mut source, 2);
    let before = monitor.stats();
    frames(&mut source, 25);
    let after = monitor.stats();
    assert!(after.n_idle <= before.n_idle + 10, "{before:?} {after:?}");
    assert_eq!((after.n_stalls, after.n_attempts), (0, 1));
    assert_eq!(after.n_missing, 0);
}

#[test]
fn a_camera_that_changes_its_resolution_at_rest_goes_on() {
    let camera = Camera::start(0, H264, None);
    let (options, attention) = options(Decode::WhenMoving);
    let spec = SourceSpec::Rtsp {
        url: camera.url(),
        transport: RtspTransport::Tcp,
        latency_ms: 100,
    };
    let mut source = Source::open(spec, options).unwrap();
    let monitor = source.monitor();
    attention.set(false);
    let begun_at = now();
    let is_late = || LONG < now().since(begun_at);
    while monitor.stats().n_idle < 20 {
        frames(&mut source, 1);
        assert!(!is_late(), "{:?}", monitor.stats());
    }
    camera.resize(640, 480);
    while frames(&mut source, 1)[0].width != 640 {
        assert!(!is_late(), "{:?}", monitor.stats());
    }
    attention.set(true);
    let seen = frames(&mut source, 20);
    assert!(seen.iter().all(|frame| frame.height == 480));
    assert_eq!(monitor.stats().n_attempts, 1);
}

#[test]
fn a_film_that_is_damaged_at_rest_and_before_the_motion_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    film(
        &path,
        (170, 131),
        &format!("{X264} tune=zerolatency key-int-max=25"),
    );
    let mut bytes = std::fs::read(&path).unwrap();
    let n = bytes.len();
    for at in [n * 4 / 10, n * 5 / 10] {
        bytes[at..at + 40].fill(0x5a);
    }
    std::fs::write(&path, bytes).unwrap();
    let (seen, stats) = play(path, Decode::WhenMoving, false);
    assert_eq!(numbers(&seen).last(), Some(&169), "{stats:?}");
    assert!(stats.n_decoded + stats.n_idle <= 170, "{stats:?}");
}
