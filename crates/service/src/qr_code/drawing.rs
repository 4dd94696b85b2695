//! QR codes that are shown on a phone or printed.

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode};
use std::{fmt::Write as _, io::Cursor};

/// The white border of ISO/IEC 18004, in modules.
const QUIET_MODULES: u32 = 4;

/// A picture is at least so wide: it fills a phone's screen without being scaled up.
const PICTURE_PX: u32 = 1024;

/// A text that no QR code holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// A QR code that can be drawn.
///
/// Error correction M: 15 % of a code may be lost to glare or a finger, and the code is still one
/// size above the smallest.
pub struct QrDrawing {
    width: u32,
    is_dark: Vec<bool>,
}

impl QrDrawing {
    /// The code of a text.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M);
        let code = code.map_err(|_error| TooLong)?;
        let is_dark = |color: &Color| *color == Color::Dark;
        Ok(Self {
            width: u32::try_from(code.width()).map_err(|_range| TooLong)?,
            is_dark: code.to_colors().iter().map(is_dark).collect(),
        })
    }

    /// Whether a module is dark; those of the border are not.
    fn is_dark(&self, x: u32, y: u32) -> bool {
        let place = |n: u32| n.checked_sub(QUIET_MODULES).filter(|n| *n < self.width);
        let (Some(x), Some(y)) = (place(x), place(y)) else {
            return false;
        };
        self.is_dark[(y * self.width + x) as usize]
    }

    fn n_modules(&self) -> u32 {
        self.width + 2 * QUIET_MODULES
    }

    /// With its border, in modules of the same whole number of pixels.
    pub fn picture(&self) -> GrayImage {
        let module_px = PICTURE_PX.div_ceil(self.n_modules());
        let size = self.n_modules() * module_px;
        GrayImage::from_fn(size, size, |x, y| {
            let is_dark = self.is_dark(x / module_px, y / module_px);
            Luma([if is_dark { 0 } else { 255 }])
        })
    }

    /// [`Self::picture`] as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let written = self.picture().write_to(&mut file, ImageFormat::Png);
        // Writing to memory fails for want of memory alone.
        written.map_or_else(|_error| Vec::new(), |()| file.into_inner())
    }

    /// With its border, as an SVG element of one unit a module, dark on white whatever the page
    /// looks like: readers want it so.
    pub fn svg(&self, title: &str) -> String {
        let n = self.n_modules();
        let mut path = String::new();
        for y in 0..n {
            let mut x = 0;
            while x < n {
                let run = (x..n).take_while(|x| self.is_dark(*x, y)).count() as u32;
                if 0 < run {
                    // Writing to a text cannot fail.
                    write!(path, "M{x} {y}h{run}v1h-{run}z").ok();
                }
                x += run.max(1);
            }
        }
        let title = escaped(title);
        format!(
            "<svg viewBox=\"0 0 {n} {n}\" role=\"img\" shape-rendering=\"crispEdges\">\
             <title>{title}</title><rect width=\"{n}\" height=\"{n}\" fill=\"#ffffff\"/>\
             <path d=\"{path}\" fill=\"#000000\"/></svg>"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr_code::find_in_photo;

    #[test]
    fn the_picture_has_modules_of_whole_pixels_and_a_border() {
        let drawing = QrDrawing::of(&format!("GAC1:{}", "A:".repeat(77))).unwrap();
        let picture = drawing.picture();
        assert!(PICTURE_PX <= picture.width());
        // Version 7 has 45 modules.
        assert_eq!(picture.width() % (45 + 2 * QUIET_MODULES), 0);
        let module = picture.width() / (45 + 2 * QUIET_MODULES);
        let at = |x, y| picture.get_pixel(x, y).0[0];
        assert_eq!(at(4 * module - 1, 4 * module), 255);
        assert_eq!(at(4 * module, 4 * module), 0, "a finder pattern begins");
    }

    #[test]
    fn what_is_drawn_is_read_again() {
        let text = "GAC1:0123456789";
        let png = QrDrawing::of(text).unwrap().png();
        let read = find_in_photo(&png, |text| Some(text.to_owned())).unwrap();
        assert_eq!(read, [Some(text.to_owned())]);
    }

    /// The path is drawn again, square by square, and compared with the modules.
    #[test]
    fn the_svg_has_the_same_modules() {
        let drawing = QrDrawing::of("GAC1:0123456789").unwrap();
        let svg = drawing.svg("a \"b\" <c>");
        assert!(
            svg.contains("<title>a &quot;b&quot; &lt;c></title>"),
            "{svg}"
        );
        let n = drawing.n_modules();
        let mut dark = vec![false; (n * n) as usize];
        let path = svg.split("<path d=\"M").nth(1).unwrap();
        for part in path.split('"').next().unwrap().split('M') {
            let (place, rest) = part.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let run: u32 = rest.split('v').next().unwrap().parse().unwrap();
            let first = y.parse::<u32>().unwrap() * n + x.parse::<u32>().unwrap();
            dark[first as usize..(first + run) as usize].fill(true);
        }
        let expect: Vec<bool> = (0..n * n).map(|k| drawing.is_dark(k % n, k / n)).collect();
        assert_eq!(dark, expect);
    }

    #[test]
    fn a_text_that_is_too_long_is_an_error() {
        assert_eq!(QrDrawing::of(&"a".repeat(4000)).err(), Some(TooLong));
    }
}
