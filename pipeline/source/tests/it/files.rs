//! Video files, whole and not.

use crate::support::{LONG, START, assert_bars, clock, make, make_video, run};
use domain::{SourceEvent, Timestamp, ports::FrameSource};
use gstreamer as gst;
use source::{Pace, Source, SourceError, SourceOptions, SourceSpec, SourceState, probe};
use std::{fs, path::Path, time::Duration};

const MP4: &str = "x264enc speed-preset=veryfast bframes=2 key-int-max=10 ! h264parse ! mp4mux";
const MP4_FAST_START: &str =
    "x264enc speed-preset=veryfast key-int-max=10 ! h264parse ! mp4mux faststart=true";
const MKV: &str = "x264enc speed-preset=veryfast key-int-max=10 ! h264parse ! matroskamux";
const TS: &str = "x264enc speed-preset=veryfast key-int-max=10 ! h264parse ! mpegtsmux";

fn options() -> SourceOptions {
    let mut options = SourceOptions::new("cam".parse().unwrap(), clock());
    options.pace = Pace::AsFastAsPossible;
    options.starts_at = Some(START);
    options
}

fn open_with(path: &Path, options: SourceOptions) -> Result<Source, SourceError> {
    let path = path.to_owned();
    Source::open(SourceSpec::File { path }, options)
}

fn open(path: &Path) -> Result<Source, SourceError> {
    open_with(path, options())
}

fn at_frame(n: usize) -> Timestamp {
    START.saturating_add(Duration::from_millis(40) * u32::try_from(n).unwrap())
}

/// A whole file: every frame, each at its time, in its colours.
#[track_caller]
fn check_whole(name: &str, encoder_and_muxer: &str, codec: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    make_video(&path, 60, encoder_and_muxer);
    let info = probe(&path).unwrap();
    assert_eq!(
        (info.width, info.height, info.codec.as_str()),
        (320, 240, codec)
    );
    assert_eq!(info.cut_short, None);
    assert!((info.fps.unwrap() - 25.0).abs() < 0.01, "{info:?}");
    assert!(
        info.duration.unwrap().abs_diff(Duration::from_millis(2400)) < Duration::from_millis(90)
    );

    let mut source = open(&path).unwrap();
    let run = run(&mut source);
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!((run.frames.len(), run.n_lost), (60, 0));
    for (n, frame) in run.frames.iter().enumerate() {
        assert_eq!((frame.seq, frame.captured_at), (n as u64, at_frame(n)));
        assert_eq!((frame.width, frame.height), (320, 240));
        assert_bars(frame);
    }
    let stats = source.monitor().stats();
    assert_eq!(
        (stats.n_decoded, stats.n_delivered, stats.n_dropped),
        (60, 60, 0)
    );
    assert_eq!(stats.timeline.n_discontinuities, 0);
    assert_eq!(source.monitor().state(), SourceState::Ended);
}

#[test]
fn h264_in_mp4_with_reordered_frames() {
    check_whole("a clip.mp4", MP4, "H.264");
}

#[test]
fn h264_in_matroska() {
    check_whole("clip.mkv", MKV, "H.264");
}

#[test]
fn h265_in_mp4() {
    gst::init().unwrap();
    if gst::ElementFactory::find("x265enc").is_none() {
        println!("skipped: no x265enc");
        return;
    }
    check_whole(
        "clip.mp4",
        "x265enc speed-preset=ultrafast ! h265parse ! mp4mux",
        "H.265",
    );
}

#[test]
fn sound_beside_the_pictures_is_no_matter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mkv");
    make(&format!(
        "matroskamux name=mux ! filesink location=\"{}\" \
         audiotestsrc num-buffers=100 ! audioconvert ! vorbisenc ! mux. \
         videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120,framerate=25/1 ! \
         x264enc speed-preset=ultrafast ! mux.",
        path.display()
    ));
    let run = run(&mut open(&path).unwrap());
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!(run.frames.len(), 30);
}

#[test]
fn large_pictures_and_oblong_pixels_are_fitted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    make(&format!(
        "videotestsrc num-buffers=3 pattern=smpte75 ! video/x-raw,format=I420,width=720,height=576,\
         pixel-aspect-ratio=64/45,framerate=25/1 ! x264enc ! mp4mux ! filesink location=\"{}\"",
        path.display()
    ));
    let size = |max_size| {
        let mut options = options();
        options.max_size = max_size;
        let run = run(&mut open_with(&path, options).unwrap());
        assert_eq!(run.frames.len(), 3);
        assert_bars(&run.frames[2]);
        (run.frames[0].width, run.frames[0].height)
    };
    assert_eq!(size((1280, 720)), (1024, 576));
    assert_eq!(size((513, 720)), (513, 289));
    assert_eq!(size((4000, 90)), (160, 90));
}

#[test]
fn the_rate_is_limited_and_every_frame_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    make_video(&path, 50, MP4);
    let mut options = options();
    options.fps_max = Some(5.0);
    let mut source = open_with(&path, options).unwrap();
    let run = run(&mut source);
    assert_eq!((run.frames.len(), run.n_lost), (10, 0));
    assert_eq!(run.frames[9].captured_at, at_frame(45));
    let stats = source.monitor().stats();
    assert_eq!((stats.n_decoded, stats.n_skipped), (50, 40));
}

#[test]
fn a_loop_goes_on_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    make_video(&path, 20, MP4);
    let mut options = options();
    options.loop_playback = true;
    let mut source = open_with(&path, options).unwrap();
    let stop = source.stop_handle();
    for n in 0..70 {
        let SourceEvent::Frame(frame) = source.next().unwrap() else {
            panic!("frame {n} is none")
        };
        assert_eq!((frame.seq, frame.captured_at), (n as u64, at_frame(n)));
    }
    stop.stop();
    assert!(matches!(source.next(), Ok(SourceEvent::EndOfStream)));
    assert_eq!(source.monitor().stats().n_attempts, 4);
}

#[test]
fn in_real_time_a_frame_is_captured_when_it_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    make_video(&path, 20, MP4);
    let mut options = options();
    options.pace = Pace::RealTime;
    options.max_waiting = 20;
    let mut source = open_with(&path, options).unwrap();
    let began_at = crate::support::now();
    let mut times = Vec::new();
    while let Ok(SourceEvent::Frame(frame)) = source.next() {
        assert!(frame.captured_at <= crate::support::now());
        times.push(frame.captured_at);
    }
    assert_eq!(times.len(), 20);
    assert!(began_at <= times[0]);
    let span = times[19].since(times[0]);
    assert!(
        span.abs_diff(Duration::from_millis(760)) < Duration::from_millis(10),
        "{span:?}"
    );
    let ran_for = crate::support::now().since(began_at);
    assert!(
        Duration::from_millis(750) < ran_for && ran_for < LONG,
        "{ran_for:?}"
    );
}

#[test]
fn in_real_time_the_newest_wins_and_drops_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    make_video(&path, 40, MP4);
    let mut options = options();
    options.pace = Pace::RealTime;
    options.max_waiting = 1;
    let mut source = open_with(&path, options).unwrap();
    let monitor = source.monitor();
    let mut n_lost_at_start = 0;
    while let SourceEvent::Gap { lost } = source.next().unwrap() {
        n_lost_at_start += lost;
    }
    // The reader is busy until the file is nearly over: its own clock says when.
    let busy_until = crate::support::now().saturating_add(Duration::from_millis(1000));
    while crate::support::now() < busy_until {
        std::thread::yield_now();
    }
    let SourceEvent::Gap { lost } = source.next().unwrap() else {
        panic!("no gap")
    };
    assert!((5..=39).contains(&lost), "{lost}");
    let run = run(&mut source);
    let stats = monitor.stats();
    assert_eq!(stats.n_delivered, 1 + run.frames.len() as u64);
    assert_eq!(stats.n_dropped, n_lost_at_start + lost + run.n_lost);
    assert_eq!(stats.n_delivered + stats.n_dropped, 40);
}

#[test]
fn what_is_no_video_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: Option<&[u8]>, expect: &str| {
        let path = dir.path().join(name);
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        for text in [
            open(&path).unwrap_err().to_string(),
            probe(&path).unwrap_err().to_string(),
        ] {
            assert!(text.contains(name) && text.contains(expect), "{text}");
            assert!(!text.contains('\n'), "{text}");
        }
    };
    check("missing.mp4", None, "check that it exists");
    check("empty.mp4", Some(b""), "it is empty");
    check(
        "text.mp4",
        Some(&b"hello, this is plain text\n".repeat(100)),
        "not a video",
    );
    check("noise.mp4", Some(&[0x5a; 5000]), "not a video");
    check("", None, "a folder");
    let sound = dir.path().join("sound.ogg");
    make(&format!(
        "audiotestsrc num-buffers=20 ! audioconvert ! vorbisenc ! oggmux ! filesink location=\"{}\"",
        sound.display()
    ));
    check("sound.ogg", None, "no video stream");
}

fn run_slow(path: &Path, options: SourceOptions) -> SourceError {
    let run = run(&mut open_with(path, options).unwrap());
    run.error.expect("the damage is told")
}

/// The file without its last part: what there is, then the damage, then the end.
#[track_caller]
fn check_cut(name: &str, muxer: &str, keep_percent: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    make_video(&path, 100, muxer);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() * keep_percent / 100]).unwrap();
    assert!(probe(&path).unwrap().cut_short.is_some());
    let mut source = open(&path).unwrap();
    let run = run(&mut source);
    let n_frames = run.frames.len();
    assert!((20..100).contains(&n_frames), "{n_frames}");
    assert_bars(&run.frames[n_frames / 2]);
    let error = run.error.expect("the damage is told");
    assert!(error.to_string().contains(name), "{error}");
    assert!(error.to_string().contains("its end is missing"), "{error}");
    let SourceError::Damaged {
        n_frames: told, at, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(told, n_frames as u64);
    let last = Duration::from_millis(40) * u32::try_from(n_frames - 1).unwrap();
    assert!(
        at.abs_diff(last) <= Duration::from_millis(40),
        "{at:?} is not {last:?}"
    );

    // With a limited rate the place is the same, and the frames are those that were delivered.
    let mut options = options();
    options.fps_max = Some(5.0);
    let slow = run_slow(&path, options);
    let SourceError::Damaged {
        n_frames: told,
        at: slow_at,
        ..
    } = slow
    else {
        panic!("{slow}")
    };
    assert!(told < n_frames as u64 / 4, "{told} of {n_frames}");
    assert_eq!(slow_at, at);
    assert!(matches!(source.next(), Ok(SourceEvent::EndOfStream)));
}

#[test]
fn a_cut_mp4_gives_what_it_has() {
    check_cut("cut.mp4", MP4_FAST_START, 60);
}

#[test]
fn a_cut_matroska_gives_what_it_has() {
    check_cut("cut.mkv", MKV, 60);
}

#[test]
fn a_cut_transport_stream_gives_what_it_has() {
    check_cut("cut.ts", TS, 60);
}

#[test]
fn an_mp4_without_its_index_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.mp4");
    make_video(&path, 60, MP4);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, SourceError::NotVideo { .. }), "{error}");
    assert!(error.to_string().contains("its end is missing"), "{error}");
}

#[test]
fn a_damaged_middle_loses_no_more_than_it_must() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scratched.ts");
    make_video(&path, 100, TS);
    let mut bytes = fs::read(&path).unwrap();
    let (from, to) = (bytes.len() * 45 / 100, bytes.len() * 55 / 100);
    bytes[from..to].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let run = run(&mut open(&path).unwrap());
    let n_frames = run.frames.len();
    assert!((60..100).contains(&n_frames), "{n_frames} {:?}", run.error);
    assert!(
        run.frames
            .windows(2)
            .all(|w| w[0].captured_at < w[1].captured_at)
    );
}
