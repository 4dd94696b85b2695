//! Network cameras that answer, die, come back, freeze, refuse, and are not there.

use crate::support::{Camera, H264, H265, LONG, States, assert_bars, clock, frames, now};
use domain::{SourceEvent, ports::FrameSource};
use gstreamer as gst;
use source::{RtspTransport, Source, SourceOptions, SourceSpec, SourceState};
use std::{net::TcpListener, thread, time::Duration};

fn options() -> SourceOptions {
    let mut options = SourceOptions::new("cam".parse().unwrap(), clock());
    options.live.stall_after = Duration::from_secs(1);
    options.live.connect_timeout = Duration::from_secs(5);
    options.live.backoff_min = Duration::from_millis(50);
    options.live.backoff_max = Duration::from_millis(200);
    options
}

fn open(url: String, transport: RtspTransport, options: SourceOptions) -> Source {
    let spec = SourceSpec::Rtsp {
        url,
        transport,
        latency_ms: 100,
    };
    Source::open(spec, options).unwrap()
}

#[track_caller]
fn check_streams(encoder: &str, transport: RtspTransport) {
    let camera = Camera::start(0, encoder, None);
    let before = now();
    let mut source = open(camera.url(), transport, options());
    let frames = frames(&mut source, 15);
    assert_bars(&frames[14]);
    let (first, last) = (frames[0].captured_at, frames[14].captured_at);
    assert!(
        before < first && last <= now(),
        "{before} {first} {last} {}",
        now()
    );
    let span = frames[14].captured_at.since(frames[0].captured_at);
    // 560 ms, less what a camera that starts late catches up.
    assert!(Duration::from_millis(250) < span, "{span:?}");
    assert_eq!(source.monitor().state(), SourceState::Streaming);
    let stats = source.monitor().stats();
    assert_eq!((stats.n_attempts, stats.n_reconnects), (1, 0));
    assert!(Duration::from_millis(500) <= stats.timeline.clock_error_bound);
}

#[test]
fn h264_over_tcp() {
    check_streams(H264, RtspTransport::Tcp);
}

#[test]
fn h264_over_udp() {
    check_streams(H264, RtspTransport::Udp);
}

#[test]
fn h265_over_tcp() {
    gst::init().unwrap();
    if gst::ElementFactory::find("x265enc").is_none() {
        println!("skipped: no x265enc");
        return;
    }
    check_streams(H265, RtspTransport::Tcp);
}

/// A picture is handed on when its last packet is there, not when the next picture begins, 40 ms
/// later: the quickest of many shows it, whatever else the machine does.
#[test]
fn a_picture_does_not_wait_for_the_next_one() {
    let camera = Camera::start(0, H264, None);
    let mut source = open(camera.url(), RtspTransport::Tcp, options());
    frames(&mut source, 10);
    let mut ages = Vec::new();
    while ages.len() < 50 {
        if let SourceEvent::Frame(frame) = source.next().unwrap() {
            ages.push(now().since(frame.captured_at));
        }
    }
    let quickest = ages.into_iter().min().unwrap();
    assert!(quickest < Duration::from_millis(30), "{quickest:?}");
}

#[track_caller]
fn check_reconnects(transport: RtspTransport) {
    let camera = Camera::start(0, H264, None);
    let port = camera.port();
    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let mut source = open(camera.url(), transport, options);
    let first = frames(&mut source, 5);
    drop(camera);
    let reader = thread::spawn(move || {
        let after = frames(&mut source, 30);
        (source, after)
    });
    states.wait(2, |state| matches!(state, SourceState::Lost { .. }));
    let camera = Camera::start(port, H264, None);
    let (source, after) = reader.join().unwrap();
    assert_bars(after.last().unwrap());
    assert!(first.last().unwrap().captured_at < after[0].captured_at);
    assert!(first.last().unwrap().seq < after[0].seq);
    let stats = source.monitor().stats();
    assert_eq!(stats.n_reconnects, 1, "{stats:?} {:?}", states.seen());
    assert!(3 <= stats.n_attempts);
    assert!(0 < stats.n_missing, "the time away is a gap");
    drop(source);
    drop(camera);
}

#[test]
fn a_camera_that_dies_and_comes_back_over_tcp() {
    check_reconnects(RtspTransport::Tcp);
}

#[test]
fn a_camera_that_dies_and_comes_back_over_udp() {
    check_reconnects(RtspTransport::Udp);
}

#[test]
fn a_frozen_camera_is_noticed_and_left() {
    let camera = Camera::start(0, H264, None);
    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let mut source = open(camera.url(), RtspTransport::Tcp, options);
    frames(&mut source, 5);
    camera.freeze();
    let reader = thread::spawn(move || {
        // What was under way when it froze, and then what comes after the thaw.
        while source.monitor().stats().n_reconnects == 0 {
            frames(&mut source, 1);
        }
        frames(&mut source, 5);
        source
    });
    states.wait(1, |state| *state == SourceState::Stalled);
    camera.thaw();
    let source = reader.join().unwrap();
    let stats = source.monitor().stats();
    assert_eq!(
        (stats.n_stalls, stats.n_reconnects),
        (1, 1),
        "{:?}",
        states.seen()
    );
}

#[test]
fn a_camera_that_is_not_there_is_tried_again() {
    // Bound and dropped: nobody listens there now.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let url = format!("rtsp://admin:hunter2@127.0.0.1:{port}/s");
    let mut source = open(url, RtspTransport::Tcp, options);
    let stop = source.stop_handle();
    let reader = thread::spawn(move || source.next().unwrap());
    states.wait(3, |state| matches!(state, SourceState::Lost { .. }));
    stop.stop();
    assert!(matches!(reader.join().unwrap(), SourceEvent::EndOfStream));
    let seen = format!("{:?}", states.seen());
    assert!(seen.contains("cannot be reached"), "{seen}");
    assert!(!seen.contains("hunter2"), "{seen}");
}

#[test]
fn a_camera_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let states = States::default();
    let mut options = options();
    options.live.connect_timeout = Duration::from_millis(400);
    states.watch(&mut options);
    let url = format!("rtsp://127.0.0.1:{port}/s");
    let mut source = open(url, RtspTransport::Tcp, options);
    let stop = source.stop_handle();
    let reader = thread::spawn(move || source.next().unwrap());
    states.wait(2, |state| matches!(state, SourceState::Lost { .. }));
    stop.stop();
    assert!(matches!(reader.join().unwrap(), SourceEvent::EndOfStream));
    drop(listener);
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    let camera = Camera::start(0, H264, Some(("admin", "right-one")));
    let with = |password: &str| format!("rtsp://admin:{password}@127.0.0.1:{}/s", camera.port());
    let mut good = open(with("right-one"), RtspTransport::Tcp, options());
    frames(&mut good, 3);
    drop(good);

    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let mut bad = open(with("wrong-one"), RtspTransport::Tcp, options);
    let stop = bad.stop_handle();
    let reader = thread::spawn(move || bad.next().unwrap());
    states.wait(1, |state| {
        matches!(state, SourceState::Lost { reason } if reason.contains("password is refused"))
    });
    stop.stop();
    reader.join().unwrap();
    assert!(!format!("{:?}", states.seen()).contains("wrong-one"));
}

#[test]
fn stopping_ends_a_long_pause_at_once() {
    let states = States::default();
    let mut options = options();
    options.live.backoff_min = Duration::from_secs(3600);
    options.live.backoff_max = Duration::from_secs(3600);
    states.watch(&mut options);
    let mut source = open(
        "rtsp://127.0.0.1:1/s".to_owned(),
        RtspTransport::Tcp,
        options,
    );
    let stop = source.stop_handle();
    let reader = thread::spawn(move || source.next().unwrap());
    states.wait(1, |state| matches!(state, SourceState::Lost { .. }));
    let before = now();
    stop.stop();
    assert!(matches!(reader.join().unwrap(), SourceEvent::EndOfStream));
    assert!(now().since(before) < LONG);
}

#[test]
fn a_slow_reader_gets_the_newest_and_the_rest_is_counted() {
    let camera = Camera::start(0, H264, None);
    let mut options = options();
    options.max_waiting = 1;
    let mut source = open(camera.url(), RtspTransport::Tcp, options);
    frames(&mut source, 3);
    let busy_until = now().saturating_add(Duration::from_millis(600));
    while now() < busy_until {
        thread::yield_now();
    }
    let SourceEvent::Gap { lost } = source.next().unwrap() else {
        panic!("no gap")
    };
    assert!(5 <= lost, "{lost}");
    let SourceEvent::Frame(frame) = source.next().unwrap() else {
        panic!("no frame")
    };
    let age = now().since(frame.captured_at);
    assert!(age < Duration::from_millis(300), "{age:?}");
    assert!(5 <= source.monitor().stats().n_dropped);
}
