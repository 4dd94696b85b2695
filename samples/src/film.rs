//! From a scene to an H.264 file with its truth beside it.

use crate::{
    GENERATOR_VERSION, SampleError, Scene, SceneSpec,
    spec::{FPS, HEIGHT, WIDTH},
};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSrc;
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

/// A scene on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenScene {
    /// The H.264 file.
    pub video: PathBuf,
    /// The `truth.jsonl`.
    pub truth: PathBuf,
    /// SHA-256 of the truth, in hexadecimal.
    pub truth_sha256: String,
    /// Whether both were there already, made from the same spec by the same version of the
    /// generator.
    pub is_reused: bool,
}

/// What must be in the pipeline, and the Debian package of each element.
const ELEMENTS: [(&str, &str); 6] = [
    ("appsrc", "gstreamer1.0-plugins-base"),
    ("videoconvert", "gstreamer1.0-plugins-base"),
    ("x264enc", "gstreamer1.0-plugins-ugly"),
    ("h264parse", "gstreamer1.0-plugins-bad"),
    ("mp4mux", "gstreamer1.0-plugins-good"),
    ("filesink", "libgstreamer1.0-0"),
];

/// Writes `NAME.mp4` and `NAME.truth.jsonl` to `dir`, where the name says kind, seed and options.
///
/// Nothing is written when both are there already from the same spec and generator; files appear
/// whole or not at all. `portrait` is for the door alone. `progress` hears
/// `(frames done, frames in all)`.
pub fn write_scene(
    spec: &SceneSpec,
    portrait: Option<&Path>,
    dir: &Path,
    mut progress: impl FnMut(u32, u32),
) -> Result<WrittenScene, SampleError> {
    fs::create_dir_all(dir).map_err(|source| write_error(dir, source))?;
    let name = file_name(spec);
    let video = dir.join(format!("{name}.mp4"));
    let truth = dir.join(format!("{name}.truth.jsonl"));
    if let Some(truth_sha256) = is_there(spec, &video, &truth) {
        return Ok(WrittenScene {
            video,
            truth,
            truth_sha256,
            is_reused: true,
        });
    }
    let mut scene = Scene::new(spec, portrait)?;
    let video_part = dir.join(format!("{name}.{}.mp4.part", std::process::id()));
    let encoded = encode(&mut scene, &video_part, &mut progress);
    let finished = encoded.and_then(|()| {
        fs::rename(&video_part, &video).map_err(|source| write_error(&video, source))
    });
    if finished.is_err() && video_part.exists() {
        // The first error is the one that matters.
        drop(fs::remove_file(&video_part));
    }
    finished?;
    // The truth comes last: its presence says that the video beside it is whole.
    let truth_sha256 = write_truth(&scene, &truth)?;
    Ok(WrittenScene {
        video,
        truth,
        truth_sha256,
        is_reused: false,
    })
}

fn write_error(path: &Path, source: std::io::Error) -> SampleError {
    SampleError::Write {
        path: path.to_owned(),
        source,
    }
}

fn file_name(spec: &SceneSpec) -> String {
    let light = format!("{:?}", spec.light).to_lowercase();
    let mut name = format!(
        "{}-{}-{}s-{light}",
        spec.kind.name(),
        spec.seed,
        spec.duration_s
    );
    if 0.0 < spec.rain {
        name.push_str(&format!("-rain{:.0}", spec.rain * 100.0));
    }
    name
}

/// The hash of the truth, if both files are there and were made from this very spec.
fn is_there(spec: &SceneSpec, video: &Path, truth: &Path) -> Option<String> {
    let is_video = fs::metadata(video).is_ok_and(|m| 0 < m.len());
    let written = crate::read_truth(truth).ok().filter(|_| is_video)?;
    let is_same = written.header.spec == *spec && written.header.generator == GENERATOR_VERSION;
    is_same
        .then(|| {
            fs::read(truth)
                .ok()
                .map(|bytes| hex(&Sha256::digest(bytes)))
        })
        .flatten()
}

fn write_truth(scene: &Scene, path: &Path) -> Result<String, SampleError> {
    let mut bytes = Vec::new();
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let error = |source| write_error(path, source);
    scene.truth().write(&mut bytes).map_err(error)?;
    let mut file = BufWriter::new(fs::File::create(&part).map_err(error)?);
    file.write_all(&bytes).map_err(error)?;
    file.into_inner()
        .map_err(|e| error(e.into_error()))?
        .sync_all()
        .map_err(error)?;
    fs::rename(&part, path).map_err(error)?;
    Ok(hex(&Sha256::digest(&bytes)))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

fn encode(
    scene: &mut Scene,
    path: &Path,
    progress: &mut impl FnMut(u32, u32),
) -> Result<(), SampleError> {
    let failed = |problem: String| SampleError::Encode {
        path: path.to_owned(),
        problem,
    };
    gst::init().map_err(|e| failed(e.to_string()))?;
    let elements = elements().map_err(failed)?;
    let pipeline = gst::Pipeline::new();
    pipeline
        .add_many(&elements)
        .map_err(|e| failed(e.to_string()))?;
    gst::Element::link_many(&elements).map_err(|e| failed(e.to_string()))?;
    elements[5].set_property("location", path);
    let source = elements[0]
        .clone()
        .downcast::<AppSrc>()
        .map_err(|_source| failed("appsrc is not an appsrc".to_owned()))?;
    let mut run = || -> Result<(), String> {
        pipeline
            .set_state(gst::State::Playing)
            .map_err(|e| e.to_string())?;
        push_frames(scene, &source, &pipeline, progress)?;
        source.end_of_stream().map_err(|e| e.to_string())?;
        wait_for_end(&pipeline)
    };
    let result = run();
    let stopped = pipeline.set_state(gst::State::Null);
    result.map_err(failed)?;
    stopped.map(|_| ()).map_err(|e| failed(e.to_string()))
}

fn elements() -> Result<Vec<gst::Element>, String> {
    let mut elements = Vec::new();
    for (name, package) in ELEMENTS {
        let element = gst::ElementFactory::make(name)
            .build()
            .map_err(|e| format!("{e}: install the Debian package {package}, which has {name}"))?;
        elements.push(element);
    }
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "RGB")
        .field("width", WIDTH as i32)
        .field("height", HEIGHT as i32)
        .field("framerate", gst::Fraction::new(FPS as i32, 1))
        .build();
    elements[0].set_property("caps", &caps);
    elements[0].set_property_from_str("format", "time");
    // The painter waits for the encoder, so that no more than two pictures are in memory.
    elements[0].set_property("block", true);
    elements[0].set_property("max-bytes", 2 * u64::from(3 * WIDTH * HEIGHT));
    for (key, value) in [
        ("speed-preset", "superfast"),
        ("bitrate", "4000"),
        ("key-int-max", "25"),
        ("bframes", "0"),
        ("threads", "1"),
        ("rc-lookahead", "0"),
        ("sync-lookahead", "0"),
    ] {
        elements[2].set_property_from_str(key, value);
    }
    Ok(elements)
}

fn push_frames(
    scene: &mut Scene,
    source: &AppSrc,
    pipeline: &gst::Pipeline,
    progress: &mut impl FnMut(u32, u32),
) -> Result<(), String> {
    let n_frames = scene.n_frames();
    let each = gst::ClockTime::SECOND / u64::from(FPS);
    for frame in 0..n_frames {
        let mut pixels = vec![0; (3 * WIDTH * HEIGHT) as usize];
        scene.render(frame, &mut pixels);
        let mut buffer = gst::Buffer::from_mut_slice(pixels);
        let fresh = buffer
            .get_mut()
            .expect("nobody else has the new buffer yet");
        fresh.set_pts(each * u64::from(frame));
        fresh.set_duration(each);
        if source.push_buffer(buffer).is_err() {
            wait_for_end(pipeline)?;
            return Err(format!("the encoder stopped at frame {frame}"));
        }
        progress(frame + 1, n_frames);
    }
    Ok(())
}

/// Until the file is closed, or something went wrong.
fn wait_for_end(pipeline: &gst::Pipeline) -> Result<(), String> {
    let bus = pipeline
        .bus()
        .ok_or_else(|| "the pipeline has no bus".to_owned())?;
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &wanted);
    match message.as_ref().map(|m| m.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(e)) => Err(e.error().to_string()),
        _ => Err("the encoder did not finish within 60 s".to_owned()),
    }
}
