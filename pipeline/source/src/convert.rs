//! Decoded pictures to RGB, on the reader's thread: what is dropped costs no conversion.

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use std::{collections::VecDeque, iter, sync::Arc};

/// A picture in RGB, rows from the top, no padding.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Arc<[u8]>,
}

/// Converts the pictures of one stream, whatever their format, and again when it changes.
pub(crate) struct Converter {
    max_size: (u32, u32),
    plan: Option<Plan>,
    pool: Pool,
}

struct Plan {
    input: gst_video::VideoInfo,
    /// Makes larger pictures smaller first, in their own format: a third of the cost of scaling and
    /// converting in one step.
    scaler: Option<Stage>,
    last: Last,
}

/// The step to RGB.
struct Last {
    converter: gst_video::VideoConverter,
    output: gst_video::VideoInfo,
}

struct Stage {
    converter: gst_video::VideoConverter,
    scratch: WritableFrame,
}

type WritableFrame = gst_video::VideoFrame<gst_video::video_frame::Writable>;

/// The last pictures' memory, for the next ones when nobody holds them any more.
///
/// Fresh memory for a 720p picture costs 675 page faults: a third as much as converting it.
#[derive(Default)]
struct Pool {
    kept: VecDeque<Arc<[u8]>>,
}

const N_KEPT: usize = 3;

impl Pool {
    /// Memory that nobody else holds, with anything in it.
    fn take(&mut self, n_bytes: usize) -> Arc<[u8]> {
        self.kept.retain(|pixels| pixels.len() == n_bytes);
        let free = self
            .kept
            .iter_mut()
            .position(|pixels| Arc::get_mut(pixels).is_some());
        free.and_then(|at| self.kept.remove(at))
            .unwrap_or_else(|| iter::repeat_n(0, n_bytes).collect())
    }

    fn keep(&mut self, pixels: &Arc<[u8]>) {
        if self.kept.len() == N_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::clone(pixels));
    }
}

/// A new picture's memory, lent to GStreamer so that it converts into its final place.
struct Pixels(Arc<[u8]>);

impl AsMut<[u8]> for Pixels {
    fn as_mut(&mut self) -> &mut [u8] {
        Arc::get_mut(&mut self.0).expect("nobody else has seen a new picture")
    }
}

impl Converter {
    pub(crate) fn new(max_size: (u32, u32)) -> Self {
        Self {
            max_size,
            plan: None,
            pool: Pool::default(),
        }
    }

    pub(crate) fn picture(&mut self, sample: &gst::Sample) -> Result<Picture, String> {
        let caps = sample.caps().ok_or("the picture has no format")?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|e| e.to_string())?;
        let buffer = sample.buffer_owned().ok_or("the picture is empty")?;
        let plan = match self.plan.take() {
            Some(plan) if plan.input == info => self.plan.insert(plan),
            _ => self.plan.insert(Plan::new(&info, self.max_size)?),
        };
        let frame = gst_video::VideoFrame::from_buffer_readable(buffer, &info)
            .map_err(|_buffer| "the picture cannot be mapped")?;
        match &mut plan.scaler {
            None => plan.last.convert(&frame, &mut self.pool),
            Some(stage) => {
                stage.converter.frame(&frame, &mut stage.scratch);
                plan.last.convert(&stage.scratch, &mut self.pool)
            }
        }
    }
}

impl Plan {
    fn new(input: &gst_video::VideoInfo, max_size: (u32, u32)) -> Result<Self, String> {
        let par = input.par();
        let par = (par.numer().unsigned_abs(), par.denom().unsigned_abs());
        let stored = (input.width(), input.height());
        let size = fit(stored, par, max_size);
        let output = build(input, gst_video::VideoFormat::Rgb, size, None)?;
        let mut scaler = None;
        if size != stored {
            let colours = Some(input.colorimetry());
            let middle = build(input, input.format(), size, colours)?;
            scaler = Some(Stage {
                converter: converter(input, &middle)?,
                scratch: writable(gst::Buffer::with_size(middle.size()), &middle)?,
            });
        }
        let last = scaler.as_ref().map_or(input, |stage| stage.scratch.info());
        Ok(Self {
            input: input.clone(),
            last: Last {
                converter: converter(last, &output)?,
                output,
            },
            scaler,
        })
    }
}

impl Last {
    fn convert<T>(
        &self,
        from: &gst_video::VideoFrame<T>,
        pool: &mut Pool,
    ) -> Result<Picture, String> {
        let (width, height) = (self.output.width(), self.output.height());
        let row = width as usize * 3;
        // GStreamer pads rows to 4 bytes; ours have no padding.
        let is_tight = self.output.stride()[0].unsigned_abs() as usize == row;
        let buffer = gst::Buffer::from_mut_slice(Pixels(pool.take(self.output.size())));
        let mut frame = writable(Ok(buffer), &self.output)?;
        self.converter.frame(from, &mut frame);
        let pixels = frame.into_buffer().try_into_inner::<Pixels>();
        let padded = pixels.map_err(|(_buffer, error)| error.to_string())?.0;
        pool.keep(&padded);
        let rgb = if is_tight {
            padded
        } else {
            let rows = padded.chunks(self.output.stride()[0].unsigned_abs() as usize);
            let tight: Vec<u8> = rows.flat_map(|padded| &padded[..row]).copied().collect();
            Arc::from(tight)
        };
        Ok(Picture { width, height, rgb })
    }
}

fn build(
    input: &gst_video::VideoInfo,
    format: gst_video::VideoFormat,
    size: (u32, u32),
    colours: Option<gst_video::VideoColorimetry>,
) -> Result<gst_video::VideoInfo, String> {
    gst_video::VideoInfo::builder(format, size.0, size.1)
        .fps(input.fps())
        .interlace_mode(input.interlace_mode())
        .colorimetry_if_some(colours.as_ref())
        .build()
        .map_err(|error| error.to_string())
}

fn converter(
    from: &gst_video::VideoInfo,
    to: &gst_video::VideoInfo,
) -> Result<gst_video::VideoConverter, String> {
    let mut config = gst_video::VideoConverterConfig::new();
    config.set_threads(1);
    config.set_resampler_method(gst_video::VideoResamplerMethod::Linear);
    config.set_dither_method(gst_video::VideoDitherMethod::None);
    gst_video::VideoConverter::new(from, to, Some(config)).map_err(|error| error.to_string())
}

fn writable(
    buffer: Result<gst::Buffer, gst::glib::BoolError>,
    info: &gst_video::VideoInfo,
) -> Result<WritableFrame, String> {
    let buffer = buffer.map_err(|error| error.to_string())?;
    WritableFrame::from_buffer_writable(buffer, info)
        .map_err(|_buffer| "no memory for a picture".to_owned())
}

/// The size with square pixels and the same proportions, not larger than `max`.
pub(crate) fn fit(size: (u32, u32), par: (u32, u32), max: (u32, u32)) -> (u32, u32) {
    let width = f64::from(size.0) * f64::from(par.0.max(1)) / f64::from(par.1.max(1));
    let height = f64::from(size.1);
    let scale = (f64::from(max.0) / width)
        .min(f64::from(max.1) / height)
        .min(1.0);
    let round = |length: f64, max: u32| {
        // From 1 to `max`, so that it fits.
        ((length * scale).round() as u32).clamp(1, max)
    };
    (round(width, max.0), round(height, max.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_in_proportion() {
        let max = (1280, 720);
        assert_eq!(fit((1280, 720), (1, 1), max), (1280, 720));
        assert_eq!(fit((640, 480), (1, 1), max), (640, 480));
        assert_eq!(fit((1920, 1080), (1, 1), max), (1280, 720));
        assert_eq!(fit((1600, 1200), (1, 1), max), (960, 720));
        assert_eq!(fit((1080, 1920), (1, 1), max), (405, 720));
        assert_eq!(fit((720, 576), (16, 15), max), (768, 576));
        assert_eq!(fit((100_000, 1), (1, 1), max), (1280, 1));
        assert_eq!(fit((100, 100), (0, 0), max), (100, 100));
    }

    #[test]
    fn memory_is_used_again_only_when_nobody_holds_it() {
        let mut pool = Pool::default();
        let held = pool.take(100);
        pool.keep(&held);
        let other = pool.take(100);
        assert!(!Arc::ptr_eq(&held, &other));
        let address = held.as_ptr();
        drop(held);
        assert_eq!(pool.take(100).as_ptr(), address);
        for _ in 0..10 {
            pool.keep(&other);
        }
        assert_eq!(pool.kept.len(), N_KEPT);
        assert_eq!(pool.take(50).len(), 50);
        assert!(pool.kept.is_empty());
    }
}
