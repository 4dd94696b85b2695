//! Cameras and clips that are not what they should be; the others go on.

use crate::{
    program::{Program, camera, free_port, until},
    site::{PLATE_MODELS, SiteText, has_models, test_picture},
};
use gstreamer::{ClockTime, MessageType, State, prelude::*};
use serde_json::Value;
use std::{fmt::Write as _, path::Path};

/// A short clip whose index stands at its beginning, so that a part of it can be read.
fn write_clip(path: &Path, n_frames: u32) {
    gstreamer::init().unwrap();
    let text = format!(
        "videotestsrc num-buffers={n_frames} pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! \
         x264enc key-int-max=5 speed-preset=ultrafast ! h264parse ! mp4mux faststart=true ! \
         filesink location=\"{}\"",
        path.display()
    );
    let pipeline = gstreamer::parse::launch(&text).unwrap();
    pipeline.set_state(State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let wanted = [MessageType::Eos, MessageType::Error];
    let ended = bus
        .timed_pop_filtered(ClockTime::from_seconds(30), &wanted)
        .unwrap();
    pipeline.set_state(State::Null).unwrap();
    assert_eq!(ended.type_(), MessageType::Eos, "{ended:?}");
}

fn with_source(id: &str, source: &str) -> String {
    format!("[[camera]]\nid = \"{id}\"\nsource = {{ {source} }}\ntasks = [\"vehicles\"]\n\n")
}

/// Waits until a camera has that state and gives its reason.
async fn reason(address: &str, id: &str, state: &str) -> String {
    let look = async || camera(address, id).filter(|camera| camera["state"] == state);
    let camera = until(&format!("camera {id} is {state}"), look).await;
    camera["reason"].as_str().unwrap_or_default().to_owned()
}

fn frames(camera: &Value) -> u64 {
    camera["frames"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of several cameras")]
async fn wrong_cameras_are_told_and_a_right_one_goes_on() {
    if !has_models(&PLATE_MODELS[..1]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_clip(&path("whole.mp4"), 100);
    let whole = std::fs::read(path("whole.mp4")).unwrap();
    std::fs::write(path("cut.mp4"), &whole[..whole.len() * 3 / 5]).unwrap();
    std::fs::write(path("text.mp4"), "this is no video\n".repeat(200)).unwrap();
    let port = free_port();
    let mut site = SiteText::new(None).with(&test_picture("right"));
    let sources = [
        ("cut", "file = \"cut.mp4\", pace = \"fast\"".to_owned()),
        ("text", "file = \"text.mp4\"".to_owned()),
        ("missing", "file = \"missing.mp4\"".to_owned()),
        ("away", format!("rtsp = \"rtsp://127.0.0.1:{port}/stream\"")),
        ("empty", "pictures = \".\"".to_owned()),
        (
            "launch",
            "launch = \"videotestsrc ! no-such-element\"".to_owned(),
        ),
    ];
    for (id, source) in sources {
        site.0.write_str(&with_source(id, &source)).unwrap();
    }
    site.write(folder.path());
    let mut program = Program::start("run", folder.path());
    let address = program.address().await;
    let say = |name: &str, rest: &str| format!("{}{rest}", path(name).display());

    let cut = reason(&address, "cut", "lost").await;
    let n_frames = frames(&camera(&address, "cut").unwrap());
    let damaged = say("cut.mp4", " is damaged at ");
    let told = cut.strip_prefix(&damaged).expect(&cut);
    let (place_s, rest) = told.split_once(" s (").expect(&cut);
    let place_s: f64 = place_s.parse().expect(&cut);
    // The API counts what was decoded; eight of 25 frames a second are looked at.
    let decoded_s = n_frames as f64 / 25.0;
    assert!(
        (place_s - decoded_s).abs() < 0.2,
        "{cut}: {n_frames} frames"
    );
    let told = rest.strip_suffix(" frames before that were delivered");
    let (_detail, n_told) = told.and_then(|told| told.rsplit_once("; ")).expect(&cut);
    let n_told: u64 = n_told.parse().expect(&cut);
    assert!((n_frames / 5..=n_frames / 2).contains(&n_told), "{cut}");
    let in_log = [
        "ERROR",
        "a camera has ended camera.id=cut ",
        " is damaged at ",
    ];
    program.says(&in_log).await;
    assert!(
        (30..100).contains(&n_frames),
        "{n_frames} frames of 100 were delivered"
    );

    let text = reason(&address, "text", "lost").await;
    assert!(
        text.starts_with(&say("text.mp4", " is not a video that can be decoded (")),
        "{text}"
    );
    assert!(
        text.ends_with("give a complete H.264 or H.265 file (mp4, mkv, ts)"),
        "{text}"
    );
    assert_eq!(
        reason(&address, "missing", "lost").await,
        format!(
            "cannot read {}; check that it exists and that this user may read it: \
             No such file or directory (os error 2)",
            path("missing.mp4").display()
        )
    );
    let away = reason(&address, "away", "lost").await;
    assert!(away.starts_with("it cannot be reached: "), "{away}");
    program
        .says(&["WARN", "camera lost camera=away", "it cannot be reached: "])
        .await;
    let empty = reason(&address, "empty", "lost").await;
    assert!(
        empty.contains(" holds no picture that can be read; put .jpg, .jpeg or .png files in it"),
        "{empty}"
    );
    let launch = reason(&address, "launch", "lost").await;
    assert!(launch.contains("no-such-element"), "{launch}");

    let before = frames(&camera(&address, "right").unwrap());
    let goes_on = async || camera(&address, "right").filter(|right| before + 20 < frames(right));
    until("the right camera delivers 20 more frames", goes_on).await;
    for id in ["text", "missing", "empty"] {
        let camera = format!("camera.id={id} ");
        program
            .says(&["ERROR", "a camera did not open", &camera])
            .await;
    }
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    let n_lost = lines
        .iter()
        .filter(|line| line.contains("camera lost camera=away"))
        .count();
    assert_eq!(n_lost, 1, "a loss is told once: {lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_a_camera_is_never_told() {
    if !has_models(&PLATE_MODELS[..1]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "operator:hunter2\n").unwrap();
    let source = format!(
        "rtsp = \"rtsp://127.0.0.1:{}/stream\", credentials_file = \"secret\"",
        free_port()
    );
    SiteText::new(None)
        .with(&with_source("away", &source))
        .write(folder.path());
    let mut program = Program::start_with(&["--log", "debug,rumqttd=off", "run"], folder.path());
    let address = program.address().await;
    let told = reason(&address, "away", "lost").await;
    assert!(!told.contains("hunter2"), "{told}");
    let (_code, lines) = program.end().await;
    assert!(
        !lines.iter().any(|line| line.contains("hunter2")),
        "{lines:#?}"
    );

    let source = "rtsp = \"rtsp://127.0.0.1/stream\", credentials_file = \"no-secret\"";
    SiteText::new(None)
        .with(&with_source("away", source))
        .write(folder.path());
    let mut program = Program::start("run", folder.path());
    assert_eq!(program.ended().await, Some(1));
    let file = folder.path().join("no-secret");
    let expect = format!(
        "gac: camera away: reading the credentials file {}: ",
        file.display()
    );
    assert!(
        program.line_with(&[&expect]).is_some(),
        "{:#?}",
        program.lines()
    );
}
