//! Launch texts: cameras and others.

use crate::support::{START, States, assert_bars, clock, frames, run};
use domain::{SourceEvent, ports::FrameSource};
use source::{Pace, Source, SourceError, SourceOptions, SourceSpec, SourceState};
use std::time::Duration;

fn options() -> SourceOptions {
    let mut options = SourceOptions::new("cam".parse().unwrap(), clock());
    options.pace = Pace::AsFastAsPossible;
    options.starts_at = Some(START);
    options.live.backoff_min = Duration::from_millis(20);
    options.live.backoff_max = Duration::from_millis(100);
    options
}

fn open(text: &str) -> Result<Source, SourceError> {
    let text = text.to_owned();
    Source::open(SourceSpec::Launch { text }, options())
}

#[test]
fn a_text_that_ends_is_played_to_its_end() {
    for format in ["I420", "YUY2", "RGB", "NV12", "GRAY8"] {
        let mut source = open(&format!(
            "videotestsrc pattern=smpte75 num-buffers=10 ! \
             video/x-raw,format={format},width=333,height=241,framerate=25/1"
        ))
        .unwrap();
        let run = run(&mut source);
        assert!(run.error.is_none(), "{:?}", run.error);
        assert_eq!(run.frames.len(), 10, "{format}");
        assert_eq!((run.frames[0].width, run.frames[0].height), (333, 241));
        assert_eq!(
            run.frames[9].captured_at,
            START.saturating_add(Duration::from_millis(360))
        );
        if format != "GRAY8" {
            assert_bars(&run.frames[9]);
        }
    }
}

#[test]
fn a_live_text_is_a_camera_and_is_started_again() {
    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let text = "videotestsrc is-live=true pattern=smpte75 num-buffers=5 ! \
                video/x-raw,width=320,height=240,framerate=50/1";
    let spec = SourceSpec::Launch {
        text: text.to_owned(),
    };
    let mut source = Source::open(spec, options).unwrap();
    let frames = frames(&mut source, 12);
    assert_bars(&frames[11]);
    let age = crate::support::now().since(frames[11].captured_at);
    assert!(age < Duration::from_secs(5), "{age:?}");
    let stats = source.monitor().stats();
    assert!(2 <= stats.n_reconnects, "{stats:?}");
    assert!(
        states.seen().contains(&SourceState::Connecting)
            || states.seen()[0] == SourceState::Streaming
    );
    states.wait(
        2,
        |state| matches!(state, SourceState::Lost { reason } if reason.contains("closed")),
    );
}

#[test]
fn a_device_that_is_not_there_is_a_lost_camera() {
    let states = States::default();
    let mut options = options();
    states.watch(&mut options);
    let spec = SourceSpec::Launch {
        text: "v4l2src device=/dev/video-none ! videoconvert".to_owned(),
    };
    let mut source = Source::open(spec, options).unwrap();
    let (stop, monitor) = (source.stop_handle(), source.monitor());
    let reader = std::thread::spawn(move || source.next().unwrap());
    states.wait(3, |state| matches!(state, SourceState::Lost { .. }));
    stop.stop();
    assert!(matches!(reader.join().unwrap(), SourceEvent::EndOfStream));
    assert!(3 <= monitor.stats().n_attempts);
    assert_eq!(monitor.state(), SourceState::Ended);
}

#[test]
fn a_wrong_text_is_refused() {
    for (text, expect) in [
        ("", "does not end in an element"),
        ("videotestsrc !", "does not end in an element"),
        ("nosuchelement ! videoconvert", "nosuchelement"),
        ("videotestsrc no-such-property=1", "launch text"),
        ("audiotestsrc", "launch text"),
        ("videotestsrc ! x264enc", "launch text"),
        ("videotestsrc ! fakesink", "launch text"),
    ] {
        let error = open(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{text}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
