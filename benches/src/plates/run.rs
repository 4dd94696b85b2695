//! Every chain on every picture of a set: first what they read, then how long they take.

use super::{
    chains::{Chain, ChainError},
    results::Results,
    set::{LabelledPicture, PlateSet},
    view::{Outcome, View},
};
use domain::{BoxInImage, CameraId, Frame, Timestamp};
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use source::read_picture;
use std::sync::Arc;

/// So many pictures of a set are timed, spread over it, so many times.
pub const TIMED_PICTURES: usize = 60;
/// The times of each picture; whole passes over all of them, so that no picture is only warm.
pub const TIMED_PASSES: usize = 5;
/// The timed pictures are kept decoded; larger ones than this together are fewer.
const TIMED_BYTES_MAX: usize = 256 << 20;

/// What is told while a set is run.
pub enum Event<'a> {
    /// A picture is done, or a picture of a timed pass.
    Step,
    /// What was read where nothing is known.
    Listed(&'a str),
}

/// How many steps [`run`] tells of.
pub fn n_steps(set: &PlateSet) -> u64 {
    let n = set.pictures.len();
    (n + TIMED_PASSES * n.min(TIMED_PICTURES)) as u64
}

/// Runs a set. Pictures that cannot be read are left out and named in the outcome.
pub fn run(
    set: &PlateSet,
    chains: &mut [Chain],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome, ChainError> {
    let mut outcome = Outcome {
        results: chains.iter().map(|_| Results::default()).collect(),
        ..Outcome::default()
    };
    let names: Vec<String> = chains.iter().map(|chain| chain.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut timed, mut timed_bytes) = (Vec::new(), 0);
    let step = set.pictures.len().div_ceil(TIMED_PICTURES).max(1);
    for (index, picture) in set.pictures.iter().enumerate() {
        tell(Event::Step);
        let rgb = match read_picture(&picture.path) {
            Ok(rgb) => rgb,
            Err(reason) => {
                outcome.unread.push(reason);
                continue;
            }
        };
        let frame = frame(&rgb, index)?;
        let mut seen = Vec::new();
        for (chain, results) in chains.iter_mut().zip(&mut outcome.results) {
            seen.push(chain.see(&frame)?);
            results.n_pictures += 1;
        }
        view(set, (picture, &rgb), (&names, &seen), (&mut outcome, tell));
        if index % step == 0 && timed_bytes + frame.rgb.len() <= TIMED_BYTES_MAX {
            timed_bytes += frame.rgb.len();
            timed.push(frame);
        }
    }
    time(&timed, chains, &mut outcome, tell)?;
    Ok(outcome)
}

fn view(
    set: &PlateSet,
    (picture, rgb): (&LabelledPicture, &RgbImage),
    (names, seen): (&[&str], &[super::view::Seen]),
    (outcome, tell): (&mut Outcome, &mut dyn FnMut(Event<'_>)),
) {
    let view = View {
        picture,
        names,
        seen,
        crop: &|bounds| crop(rgb, bounds),
    };
    if set.has_truth {
        view.judge(outcome);
    } else {
        for line in view.list(outcome) {
            tell(Event::Listed(&line));
        }
    }
}

/// Picture by picture one chain after the other, so that what else the machine does hurts all
/// alike.
fn time(
    frames: &[Frame],
    chains: &mut [Chain],
    outcome: &mut Outcome,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), ChainError> {
    let n_passes = if frames.is_empty() { 0 } else { TIMED_PASSES };
    for _ in 0..n_passes {
        for results in &mut outcome.results {
            results.passes_ms.push(Vec::new());
        }
        for frame in frames {
            tell(Event::Step);
            for (chain, results) in chains.iter_mut().zip(&mut outcome.results) {
                let seen = chain.see(frame)?;
                if let Some(pass) = results.passes_ms.last_mut() {
                    pass.push([seen.detect_ms, seen.read_ms]);
                }
            }
        }
    }
    Ok(())
}

fn frame(rgb: &RgbImage, index: usize) -> Result<Frame, ChainError> {
    let camera = "bench".parse::<CameraId>();
    Ok(Frame {
        camera: camera.map_err(|error| ChainError(error.to_string()))?,
        seq: index as u64,
        captured_at: Timestamp::EPOCH,
        width: rgb.width(),
        height: rgb.height(),
        rgb: Arc::from(rgb.as_raw().as_slice()),
    })
}

/// The box with a little around it, or the whole picture, as a small JPEG picture.
fn crop(rgb: &RgbImage, bounds: Option<BoxInImage>) -> Vec<u8> {
    let (width, height) = (rgb.width() as f32, rgb.height() as f32);
    let whole = BoxInImage::new(0.0, 0.0, width, height);
    let part = bounds.map_or(whole, |bounds| bounds.grown(0.25).clamped(width, height));
    let x = (part.x_min as u32).min(rgb.width() - 1);
    let y = (part.y_min as u32).min(rgb.height() - 1);
    let [w, h] = [part.width(), part.height()].map(|v| (v.ceil() as u32).max(1));
    let part = image::imageops::crop_imm(rgb, x, y, w, h).to_image();
    let small = DynamicImage::ImageRgb8(part).thumbnail(320, 240);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 85);
    // A crop that cannot be written leaves an empty frame on the page, and its text beside it.
    drop(small.write_with_encoder(encoder));
    jpeg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_lie_inside_the_picture() {
        let rgb = RgbImage::new(20, 10);
        for bounds in [
            None,
            Some(BoxInImage::new(-50.0, -50.0, 500.0, 500.0)),
            Some(BoxInImage::new(19.0, 9.0, 20.0, 10.0)),
            Some(BoxInImage::new(90.0, 90.0, 95.0, 95.0)),
        ] {
            let jpeg = crop(&rgb, bounds);
            assert!(image::load_from_memory(&jpeg).is_ok(), "{bounds:?}");
        }
    }
}
