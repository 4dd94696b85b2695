//! A picture into the size that a model takes, and boxes back into the picture.

use super::{Picture, Pixels, resize};
use domain::{BoxInImage, PointInImage};

/// How a region of the picture lies in the model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The region's left upper corner in the picture.
    pub origin: PointInImage,
    /// Picture pixels for one input pixel, to the right.
    pub step_x: f32,
    /// Picture pixels for one input pixel, downwards.
    pub step_y: f32,
    /// Where the region begins in the input.
    pub pad: PointInImage,
    /// The region, which boxes are cut to.
    pub region: BoxInImage,
}

impl Fit {
    /// A point of the input in the picture.
    pub fn point_in_image(&self, point: PointInImage) -> PointInImage {
        PointInImage {
            x: self.origin.x + (point.x - self.pad.x) * self.step_x,
            y: self.origin.y + (point.y - self.pad.y) * self.step_y,
        }
    }

    /// A box of the input in the picture, cut to the region; `None` when nothing is left or it is
    /// not finite.
    pub fn box_in_image(&self, bounds: BoxInImage) -> Option<BoxInImage> {
        if !bounds.is_finite() {
            return None;
        }
        let min = self.point_in_image(PointInImage {
            x: bounds.x_min,
            y: bounds.y_min,
        });
        let max = self.point_in_image(PointInImage {
            x: bounds.x_max,
            y: bounds.y_max,
        });
        let whole = BoxInImage::new(min.x, min.y, max.x, max.y).intersection(&self.region);
        (0.0 < whole.width() && 0.0 < whole.height()).then_some(whole)
    }
}

/// Scales the region to exactly this size; its shape changes.
pub fn stretch(picture: Picture<'_>, region: BoxInImage, size: [u32; 2]) -> (Pixels, Fit) {
    let region = picture.inside(region).unwrap_or_else(|| picture.bounds());
    let [width, height] = size;
    let fit = Fit {
        origin: corner(region),
        step_x: region.width() / width as f32,
        step_y: region.height() / height as f32,
        pad: PointInImage::default(),
        region,
    };
    (resize(picture, region, width, height), fit)
}

/// Where the scaled region lies in a letter box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the corner where counting starts.
    TopLeft,
    /// In the middle.
    Centre,
}

/// Scales the region without changing its shape; `shrink` below 1 leaves that much more room around
/// it.
pub fn letterbox(picture: Picture<'_>, region: BoxInImage, to: &Letterbox) -> (Pixels, Fit) {
    let region = picture.inside(region).unwrap_or_else(|| picture.bounds());
    let [width, height] = to.size;
    let scale = (width as f32 / region.width()).min(height as f32 / region.height()) * to.shrink;
    let part_width = ((region.width() * scale).round() as u32).clamp(1, width);
    let part_height = ((region.height() * scale).round() as u32).clamp(1, height);
    let (left, top) = match to.place {
        Place::TopLeft => (0, 0),
        Place::Centre => ((width - part_width) / 2, (height - part_height) / 2),
    };
    let part = resize(picture, region, part_width, part_height);
    let mut whole = Pixels::filled(width, height, to.fill);
    let (row, from_row) = (width as usize * 3, part_width as usize * 3);
    for (y, line) in part.rgb.chunks_exact(from_row).enumerate() {
        let at = (top as usize + y) * row + left as usize * 3;
        whole.rgb[at..at + from_row].copy_from_slice(line);
    }
    let fit = Fit {
        origin: corner(region),
        step_x: region.width() / part_width as f32,
        step_y: region.height() / part_height as f32,
        pad: PointInImage {
            x: left as f32,
            y: top as f32,
        },
        region,
    };
    (whole, fit)
}

/// How a letter box is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    /// Width and height of the input.
    pub size: [u32; 2],
    /// The colour of the room around.
    pub fill: [u8; 3],
    /// Where the region goes.
    pub place: Place,
    /// 1 fills the input as far as the shape allows.
    pub shrink: f32,
}

fn corner(region: BoxInImage) -> PointInImage {
    PointInImage {
        x: region.x_min,
        y: region.y_min,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_box_goes_there_and_back() {
        let pixels = Pixels::filled(200, 100, [9, 8, 7]);
        let to = Letterbox {
            size: [64, 64],
            fill: [114; 3],
            place: Place::Centre,
            shrink: 1.0,
        };
        let region = BoxInImage::new(100.0, 0.0, 200.0, 50.0);
        let (input, fit) = letterbox(pixels.picture().unwrap(), region, &to);
        let input = input.picture().unwrap();
        assert_eq!(input.pixel(0, 15), [114; 3]);
        assert_eq!(input.pixel(0, 16), [9, 8, 7]);
        assert_eq!(input.pixel(63, 47), [9, 8, 7]);
        assert_eq!(input.pixel(63, 48), [114; 3]);
        let whole = BoxInImage::new(0.0, 16.0, 64.0, 48.0);
        assert_eq!(fit.box_in_image(whole), Some(region));
        let beyond = BoxInImage::new(-9.0, 0.0, 99.0, 64.0);
        assert_eq!(fit.box_in_image(beyond), Some(region));
        assert_eq!(
            fit.box_in_image(BoxInImage::new(0.0, 0.0, 64.0, 15.0)),
            None
        );
        assert_eq!(
            fit.box_in_image(BoxInImage::new(0.0, f32::NAN, 64.0, 40.0)),
            None
        );
    }

    #[test]
    fn top_left_and_shrunk() {
        let pixels = Pixels::filled(100, 100, [1; 3]);
        let to = Letterbox {
            size: [50, 80],
            fill: [0; 3],
            place: Place::TopLeft,
            shrink: 0.5,
        };
        let (input, fit) = letterbox(pixels.picture().unwrap(), BoxInImage::default(), &to);
        let input = input.picture().unwrap();
        assert_eq!((input.pixel(24, 24), input.pixel(25, 25)), ([1; 3], [0; 3]));
        let quarter = fit.box_in_image(BoxInImage::new(0.0, 0.0, 12.5, 12.5));
        assert_eq!(quarter, Some(BoxInImage::new(0.0, 0.0, 50.0, 50.0)));
    }

    #[test]
    fn a_stretched_region_goes_back() {
        let pixels = Pixels::filled(40, 20, [0; 3]);
        let region = BoxInImage::new(20.0, 10.0, 40.0, 20.0);
        let (input, fit) = stretch(pixels.picture().unwrap(), region, [10, 10]);
        assert_eq!((input.width, input.height), (10, 10));
        let right = fit.box_in_image(BoxInImage::new(5.0, 0.0, 10.0, 10.0));
        assert_eq!(right, Some(BoxInImage::new(30.0, 10.0, 40.0, 20.0)));
    }
}
