//! QR codes: the texts of those in a frame or a photo, and pictures of our own.
//!
//! `photo` reads what a phone sends, `drawing` makes codes that are shown or printed. Nothing here
//! knows what a text means.

mod drawing;
mod photo;

pub use drawing::{QrDrawing, TooLong};
pub use photo::{PHOTO_BYTES_MAX, PhotoError, find_in_photo};

use domain::Frame;
use rxing::{
    BinaryBitmap, DecodeHints, Luma8LuminanceSource, Point, Reader as _, common::HybridBinarizer,
    qrcode::cpp_port::QrReader,
};

/// Codes that are looked at in one frame: a notice beside the lane has one, too.
const CODES_MAX: usize = 3;

/// A part of a picture without colour: a byte a pixel.
pub struct Luma {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Luma {
    /// The part of the frame in `region` (shares: left, top, right, bottom), or all of it.
    ///
    /// Brightness as in Rec. ITU-R BT.601, in whole numbers.
    pub fn of(frame: &Frame, region: Option<[f32; 4]>) -> Self {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let pixel = |share: f32, all: usize| ((share * all as f32) as usize).min(all);
        let [left, top, right, bottom] = region.unwrap_or([0.0, 0.0, 1.0, 1.0]);
        let (left, right) = (pixel(left, width), pixel(right, width));
        let (top, bottom) = (pixel(top, height), pixel(bottom, height));
        let mut luma = Self {
            width: right.saturating_sub(left),
            height: bottom.saturating_sub(top),
            bytes: Vec::new(),
        };
        luma.bytes.reserve_exact(luma.width * luma.height);
        for row in frame.rgb.chunks_exact(3 * width).take(bottom).skip(top) {
            let (pixels, _rest) = row[3 * left..3 * right.max(left)].as_chunks::<3>();
            luma.bytes.extend(pixels.iter().map(|[r, g, b]| {
                let sum = 77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b);
                (sum >> 8) as u8
            }));
        }
        luma
    }

    /// What `wanted` makes of the codes in the picture, in the order in which they are found.
    ///
    /// The decoder finds one code at a time: each that was read is painted over, and the search
    /// goes on.
    pub fn find<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        for _n in 0..CODES_MAX {
            let Some((text, corners)) = self.decode() else {
                break;
            };
            found.extend(wanted(&text));
            self.paint_over(&corners);
        }
        found
    }

    fn decode(&self) -> Option<(String, Vec<Point>)> {
        let (width, height) = (
            u32::try_from(self.width).ok()?,
            u32::try_from(self.height).ok()?,
        );
        let source = Luma8LuminanceSource::new(self.bytes.clone(), width, height).ok()?;
        let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
        let hints = DecodeHints {
            TryHarder: Some(true),
            ..DecodeHints::default()
        };
        // The reader that was ported from ZXing-C++: the one from ZXing takes data for finder
        // patterns, and then misses some codes in every frame.
        let decoded = QrReader.decode_with_hints(&mut bitmap, &hints).ok()?;
        Some((decoded.getText().to_owned(), decoded.getPoints().to_vec()))
    }

    /// Grey over the box of the finder patterns, which destroys at least their middles.
    fn paint_over(&mut self, corners: &[Point]) {
        let bounds = |of: fn(&Point) -> f32, all: usize| {
            let low = corners.iter().map(of).fold(f32::MAX, f32::min);
            let high = corners.iter().map(of).fold(0.0, f32::max);
            // Half a finder pattern of the smallest code (21 modules) beyond its middle.
            let margin = (high - low) / 4.0 + 2.0;
            let from = (low - margin).max(0.0) as usize;
            (from.min(all), ((high + margin) as usize).min(all))
        };
        let (left, right) = bounds(|point| point.x, self.width);
        let (top, bottom) = bounds(|point| point.y, self.height);
        for row in self
            .bytes
            .chunks_exact_mut(self.width.max(1))
            .take(bottom)
            .skip(top)
        {
            row[left..right.max(left)].fill(128);
        }
    }
}
