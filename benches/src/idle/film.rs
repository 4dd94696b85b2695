//! Films as a camera would send them: generated scenes with a sensor's noise, encoded as cameras
//! are set.

use anyhow::{Context as _, Result, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use samples::{FPS, HEIGHT, Scene, SceneKind, SceneSpec, WIDTH};
use std::{path::Path, time::Duration};

/// How a camera is set.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    /// In tables.
    pub name: &'static str,
    /// For `x264enc`.
    pub options: &'static str,
    /// Standard deviation of the sensor's noise, in grey levels.
    pub noise: f32,
}

/// How cameras are set: a key frame each second or each two, a constant or a variable rate, by day
/// and by night.
pub const ENCODERS: [Encoder; 4] = [
    Encoder {
        name: "GOP 25, VBR, day",
        options: "tune=zerolatency pass=quant quantizer=26 key-int-max=25",
        noise: 1.5,
    },
    Encoder {
        name: "GOP 50, VBR, night",
        options: "tune=zerolatency pass=quant quantizer=26 key-int-max=50",
        noise: 5.0,
    },
    Encoder {
        name: "GOP 25, CBR, night",
        options: "tune=zerolatency pass=cbr bitrate=2500 vbv-buf-capacity=1000 key-int-max=25",
        noise: 5.0,
    },
    Encoder {
        name: "GOP 50, CBR, day",
        options: "tune=zerolatency pass=cbr bitrate=2500 vbv-buf-capacity=1000 key-int-max=50",
        noise: 1.5,
    },
];

/// A second of the still film has so many frames.
const CAMERA_FPS: u32 = 25;

/// A still gate with a sensor's noise at 720p25, GOP 50 at about 2.5 Mbit/s, as long as a lane
/// is watched.
pub(super) fn still(path: &Path, lasts: Duration) -> Result<()> {
    let n_frames = u32::try_from(lasts.as_secs())? * CAMERA_FPS;
    let mut scene = Scene::new(&SceneSpec::new(SceneKind::Gate, 1), None)?;
    let mut still = picture();
    scene.render(0, &mut still);
    let encoder = Encoder {
        name: "still",
        options: "tune=zerolatency pass=cbr bitrate=2500 vbv-buf-capacity=2000 key-int-max=50",
        noise: 2.0,
    };
    encode(path, (&encoder, CAMERA_FPS), n_frames, |_, rgb| {
        rgb.copy_from_slice(&still);
    })
}

/// A gate where nothing moves for a while, and then the scene's first vehicle comes. `still_frames`
/// is how many frames nothing moves. Says in which frame the vehicle comes.
pub(super) fn arrival(
    path: &Path,
    (seed, encoder): (u64, &Encoder),
    still_frames: u32,
) -> Result<u32> {
    let spec = SceneSpec::new(SceneKind::Gate, seed).lasting(20.0);
    let mut scene = Scene::new(&spec, None)?;
    let vehicle = scene.truth().header.vehicles.first();
    let arrives = vehicle.context("the scene has no vehicle")?.arrive_frame;
    let before = arrives.saturating_sub(1);
    let n_frames = still_frames + 7 * FPS;
    encode(path, (encoder, FPS), n_frames, |n, rgb| {
        scene.render(before + n.saturating_sub(still_frames), rgb);
    })?;
    Ok(still_frames + arrives - before)
}

fn picture() -> Vec<u8> {
    vec![0; (WIDTH * HEIGHT * 3) as usize]
}

/// Draws so many frames, adds noise, and encodes them.
fn encode(
    path: &Path,
    (encoder, fps): (&Encoder, u32),
    n_frames: u32,
    mut draw: impl FnMut(u32, &mut [u8]),
) -> Result<()> {
    gst::init()?;
    let text = format!(
        "appsrc name=src format=time block=true max-bytes=9000000 \
         caps=video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},framerate={fps}/1 \
         ! videoconvert ! video/x-raw,format=I420 \
         ! x264enc speed-preset=veryfast option-string=scenecut=0 {} ! h264parse ! mp4mux \
         ! filesink location=\"{}\"",
        encoder.options,
        path.display()
    );
    let pipeline = gst::parse::launch(&text)?
        .downcast::<gst::Pipeline>()
        .ok()
        .context("no pipeline")?;
    let src = pipeline.by_name("src").and_then(|src| src.downcast().ok());
    let src: AppSrc = src.context("no appsrc")?;
    pipeline.set_state(gst::State::Playing)?;
    let mut noise = Noise::new(encoder.noise);
    for n in 0..n_frames {
        let mut rgb = picture();
        draw(n, &mut rgb);
        noise.add(&mut rgb);
        let mut buffer = gst::Buffer::from_mut_slice(rgb);
        let at =
            |n: u32| gst::ClockTime::from_nseconds(u64::from(n) * 1_000_000_000 / u64::from(fps));
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(at(n));
            buffer.set_duration(at(1));
        }
        src.push_buffer(buffer)?;
    }
    src.end_of_stream()?;
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = pipeline
        .bus()
        .and_then(|bus| bus.timed_pop_filtered(gst::ClockTime::from_seconds(300), &kinds));
    pipeline.set_state(gst::State::Null)?;
    match message {
        Some(message) if message.type_() == gst::MessageType::Eos => Ok(()),
        other => bail!("the film was not encoded: {other:?}"),
    }
}

/// A sensor's noise: about normal, the same for the three colours of a pixel.
struct Noise {
    table: Vec<i8>,
    state: u64,
}

impl Noise {
    fn new(deviation: f32) -> Self {
        let mut noise = Self {
            table: Vec::new(),
            state: 1,
        };
        let n_pixels = (WIDTH * HEIGHT) as usize;
        noise.table = (0..n_pixels + 65_536)
            .map(|_| {
                let bits = noise.next();
                let dice = (0..4).map(|n| (bits >> (n * 16) & 0xffff) as f32 / 65_536.0);
                // Four uniform numbers have a variance of a third.
                ((dice.sum::<f32>() - 2.0) * 3_f32.sqrt() * deviation).round() as i8
            })
            .collect();
        noise
    }

    fn next(&mut self) -> u64 {
        // Marsaglia 2003, with Steele and Vigna's multiplier.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn add(&mut self, rgb: &mut [u8]) {
        let shift = (self.next() & 0xffff) as usize;
        for (pixel, noise) in rgb.chunks_exact_mut(3).zip(&self.table[shift..]) {
            for value in pixel {
                *value = value.saturating_add_signed(*noise);
            }
        }
    }
}
