//! Pictures into tensors: cropping, resizing, normalising, warping. Pure functions.

mod letterbox;
pub mod rectify;
mod tensor;

pub use letterbox::{Fit, Letterbox, Place, letterbox, stretch};
pub use tensor::{Channels, Normalise, planar, stacked};

use crate::InferenceError;
use domain::{BoxInImage, Frame};

/// A picture that somebody else owns: rows from the top, three bytes a pixel.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    width: u32,
    height: u32,
    rgb: &'a [u8],
}

impl<'a> Picture<'a> {
    /// Checks that the bytes fit the size.
    pub fn new(width: u32, height: u32, rgb: &'a [u8]) -> Result<Self, InferenceError> {
        let n_bytes = u64::from(width) * u64::from(height) * 3;
        if n_bytes == 0 || rgb.len() as u64 != n_bytes {
            return Err(InferenceError::Picture {
                width,
                height,
                n_bytes: rgb.len(),
            });
        }
        Ok(Self { width, height, rgb })
    }

    /// The picture of a frame.
    pub fn of(frame: &'a Frame) -> Result<Self, InferenceError> {
        Self::new(frame.width, frame.height, &frame.rgb)
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Its bytes.
    pub fn rgb(&self) -> &'a [u8] {
        self.rgb
    }

    /// The box that covers it.
    pub fn bounds(&self) -> BoxInImage {
        BoxInImage::new(0.0, 0.0, self.width as f32, self.height as f32)
    }

    /// The part of the box inside the picture, when at least two pixels remain on each side.
    pub fn inside(&self, bounds: BoxInImage) -> Option<BoxInImage> {
        if !bounds.is_finite() {
            return None;
        }
        let inside = bounds.clamped(self.width as f32, self.height as f32);
        (2.0 <= inside.width() && 2.0 <= inside.height()).then_some(inside)
    }

    /// Red, green and blue of one pixel inside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let x = x.min(self.width - 1) as usize;
        let y = y.min(self.height - 1) as usize;
        let at = (y * self.width as usize + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }
}

/// A picture of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Rows from the top, three bytes a pixel.
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// One colour everywhere.
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        Self {
            width,
            height,
            rgb: colour.repeat(width as usize * height as usize),
        }
    }

    /// The same as a borrowed picture.
    pub fn picture(&self) -> Result<Picture<'_>, InferenceError> {
        Picture::new(self.width, self.height, &self.rgb)
    }
}

/// The part inside `crop`, scaled to this size by bilinear interpolation.
///
/// A crop without an area inside the picture is no error: it gives a black picture.
pub fn resize(picture: Picture<'_>, crop: BoxInImage, width: u32, height: u32) -> Pixels {
    let black = || Pixels::filled(width, height, [0; 3]);
    let Some(crop) = picture.inside(crop) else {
        return black();
    };
    rectify::scale(picture, crop, [width, height]).unwrap_or_else(|_| black())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_must_have_the_bytes_of_its_size() {
        let bytes = [0; 12];
        assert!(Picture::new(2, 2, &bytes).is_ok());
        for (width, height) in [(0, 2), (2, 3), (u32::MAX, u32::MAX)] {
            assert!(Picture::new(width, height, &bytes).is_err());
        }
    }

    #[test]
    fn a_crop_keeps_its_colour_and_size() {
        let mut pixels = Pixels::filled(8, 8, [0; 3]);
        for y in 2..6 {
            for x in 4..8 {
                pixels.rgb[(y * 8 + x) * 3..][..3].copy_from_slice(&[10, 20, 30]);
            }
        }
        let picture = pixels.picture().unwrap();
        let crop = resize(picture, BoxInImage::new(4.0, 2.0, 8.0, 6.0), 4, 4);
        assert_eq!(crop, Pixels::filled(4, 4, [10, 20, 30]));
        let half = resize(picture, picture.bounds(), 4, 4);
        assert_eq!(half.picture().unwrap().pixel(3, 2), [10, 20, 30]);
        assert_eq!(half.picture().unwrap().pixel(0, 0), [0; 3]);
    }

    #[test]
    fn a_crop_outside_or_not_finite_is_black() {
        let white = Pixels::filled(4, 4, [255; 3]);
        let black = Pixels::filled(2, 2, [0; 3]);
        for crop in [
            BoxInImage::new(9.0, 9.0, 12.0, 12.0),
            BoxInImage::new(3.0, 3.0, 1.0, 1.0),
            BoxInImage::new(f32::NAN, 0.0, 4.0, 4.0),
        ] {
            assert_eq!(resize(white.picture().unwrap(), crop, 2, 2), black);
        }
    }
}
