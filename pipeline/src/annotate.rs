//! Boxes and words drawn into a picture, and pictures to JPEG.

use domain::{BoxInImage, Frame};
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use opencv::{
    core::{Mat, Point, Rect, Scalar, Size, ToInputOutputArray, Vec3b},
    imgproc,
};

/// What a mark means; its colour, and always a word beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something seen.
    Neutral,
    /// Let in.
    Good,
    /// Ask somebody.
    Caution,
    /// Refused, or a rule fired.
    Bad,
}

impl Tone {
    fn colour(self) -> Scalar {
        match self {
            Self::Neutral => Scalar::new(80.0, 170.0, 255.0, 0.0),
            Self::Good => Scalar::new(60.0, 210.0, 110.0, 0.0),
            Self::Caution => Scalar::new(255.0, 190.0, 40.0, 0.0),
            Self::Bad => Scalar::new(255.0, 80.0, 70.0, 0.0),
        }
    }
}

/// One box with a word.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where, in pixels of the full picture.
    pub bounds: BoxInImage,
    /// ASCII: the drawing font has no other letters.
    pub label: String,
    /// What it means.
    pub tone: Tone,
}

/// One line with a word.
#[derive(Clone, Debug)]
pub struct MarkLine {
    /// From x, y to x, y in pixels of the full picture.
    pub ends: [f32; 4],
    /// What it means.
    pub tone: Tone,
}

/// A picture that may be drawn on.
pub struct Canvas {
    rgb: Vec<u8>,
    width: u32,
    height: u32,
    scale: f32,
}

impl Canvas {
    /// The frame scaled to at most this width.
    pub fn from_frame(frame: &Frame, width_max: u32) -> Result<Self, opencv::Error> {
        if frame.width <= width_max {
            let rgb = frame.rgb.to_vec();
            return Ok(Self {
                rgb,
                width: frame.width,
                height: frame.height,
                scale: 1.0,
            });
        }
        let height = (frame.height * width_max / frame.width).max(1);
        let whole = Mat::new_rows_cols_with_bytes::<Vec3b>(
            frame.height as i32,
            frame.width as i32,
            &frame.rgb,
        )?;
        let mut rgb = vec![0; (width_max * height * 3) as usize];
        let mut small =
            Mat::new_rows_cols_with_bytes_mut::<Vec3b>(height as i32, width_max as i32, &mut rgb)?;
        let size = Size::new(width_max as i32, height as i32);
        imgproc::resize(&whole, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        drop(small);
        let scale = width_max as f32 / frame.width as f32;
        Ok(Self {
            rgb,
            width: width_max,
            height,
            scale,
        })
    }

    /// The part of the frame inside the box.
    pub fn crop(frame: &Frame, bounds: &BoxInImage) -> Self {
        let inside = bounds.clamped(frame.width as f32, frame.height as f32);
        let (x0, y0) = (inside.x_min as usize, inside.y_min as usize);
        let width = (inside.width() as usize)
            .max(1)
            .min(frame.width as usize - x0.min(frame.width as usize - 1));
        let height = (inside.height() as usize)
            .max(1)
            .min(frame.height as usize - y0.min(frame.height as usize - 1));
        let (x0, y0) = (
            x0.min(frame.width as usize - 1),
            y0.min(frame.height as usize - 1),
        );
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in y0..y0 + height {
            let start = (y * frame.width as usize + x0) * 3;
            rgb.extend_from_slice(&frame.rgb[start..start + width * 3]);
        }
        Self {
            rgb,
            width: width as u32,
            height: height as u32,
            scale: 1.0,
        }
    }

    /// Draws boxes with their words, and lines.
    pub fn draw(&mut self, marks: &[Mark], lines: &[MarkLine]) -> Result<(), opencv::Error> {
        let (height, width, scale) = (self.height as i32, self.width as i32, self.scale);
        let mut mat = Mat::new_rows_cols_with_bytes_mut::<Vec3b>(height, width, &mut self.rgb)?;
        let thick = (width / 300).max(1);
        for line in lines {
            let [x0, y0, x1, y1] = line.ends.map(|v| (v * scale) as i32);
            let (from, to) = (Point::new(x0, y0), Point::new(x1, y1));
            imgproc::line(
                &mut mat,
                from,
                to,
                line.tone.colour(),
                thick,
                imgproc::LINE_AA,
                0,
            )?;
        }
        for mark in marks {
            draw_mark(&mut mat, mark, scale, thick)?;
        }
        Ok(())
    }

    /// The picture as JPEG.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, image::ImageError> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).write_image(
            &self.rgb,
            self.width,
            self.height,
            ExtendedColorType::Rgb8,
        )?;
        Ok(jpeg)
    }
}

fn draw_mark(
    mat: &mut impl ToInputOutputArray,
    mark: &Mark,
    scale: f32,
    thick: i32,
) -> Result<(), opencv::Error> {
    let b = mark.bounds;
    let rect = Rect::new(
        (b.x_min * scale) as i32,
        (b.y_min * scale) as i32,
        ((b.width() * scale) as i32).max(1),
        ((b.height() * scale) as i32).max(1),
    );
    imgproc::rectangle(mat, rect, mark.tone.colour(), thick, imgproc::LINE_8, 0)?;
    if mark.label.is_empty() {
        return Ok(());
    }
    let size = 0.25 * f64::from(thick.max(2));
    let font = imgproc::FONT_HERSHEY_SIMPLEX;
    let mut base = 0;
    let text = imgproc::get_text_size(&mark.label, font, size, 1, &mut base)?;
    let top = (rect.y - text.height - 6).max(0);
    let ground = Rect::new(rect.x, top, text.width + 6, text.height + 6);
    imgproc::rectangle(
        mat,
        ground,
        mark.tone.colour(),
        imgproc::FILLED,
        imgproc::LINE_8,
        0,
    )?;
    let at = Point::new(rect.x + 3, top + text.height + 2);
    let ink = Scalar::new(10.0, 12.0, 16.0, 0.0);
    imgproc::put_text(
        mat,
        &mark.label,
        at,
        font,
        size,
        ink,
        1,
        imgproc::LINE_AA,
        false,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn grey(width: u32, height: u32) -> Frame {
        Frame {
            camera: "cam".parse().unwrap(),
            seq: 0,
            captured_at: Timestamp::EPOCH,
            width,
            height,
            rgb: vec![100; (width * height * 3) as usize].into(),
        }
    }

    #[test]
    fn a_scaled_and_marked_picture_is_a_jpeg_of_that_size() {
        let mut canvas = Canvas::from_frame(&grey(1280, 720), 640).unwrap();
        let bounds = BoxInImage::new(200., 200., 400., 400.);
        canvas
            .draw(
                &[Mark {
                    bounds,
                    label: "car 3".to_owned(),
                    tone: Tone::Good,
                }],
                &[],
            )
            .unwrap();
        // Half of 200 px: the left edge of the box is green now.
        assert_eq!(canvas.rgb[(150 * 640 + 100) * 3..][..3], [60, 210, 110]);
        let jpeg = image::load_from_memory(&canvas.to_jpeg(80).unwrap()).unwrap();
        assert_eq!((jpeg.width(), jpeg.height()), (640, 360));
    }

    #[test]
    fn a_crop_stays_inside_the_picture() {
        for bounds in [
            BoxInImage::new(-50., -50., 5000., 5000.),
            BoxInImage::new(60., 40., 60., 40.),
            BoxInImage::new(500., 500., 600., 600.),
        ] {
            let canvas = Canvas::crop(&grey(64, 48), &bounds);
            assert!(1 <= canvas.width && canvas.width <= 64 && 1 <= canvas.height);
            assert!(canvas.to_jpeg(90).is_ok());
        }
    }
}
