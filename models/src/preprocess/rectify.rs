//! Warps by OpenCV: scaling, faces upright to fixed points, plates flat from four corners.
//!
//! OpenCV scales, because a whole frame to 416 x 416 takes it 0.35 ms where `fast_image_resize`
//! takes 3.2 ms in a build without link-time optimisation.

use super::{Picture, Pixels};
use crate::InferenceError;
use domain::{BoxInImage, PointInImage};
use opencv::{
    core::{
        self, BORDER_CONSTANT, BORDER_REPLICATE, Mat, Point2f, Rect, Scalar, Size, Vec3b, Vector,
    },
    imgproc,
    prelude::*,
};

/// The five points of ArcFace's 112 x 112 template: right eye, left eye, nose tip, corners of the
/// mouth.
pub const ARCFACE_112: [PointInImage; 5] = [
    at(38.2946, 51.6963),
    at(73.5318, 51.5014),
    at(56.0252, 71.7366),
    at(41.5493, 92.3655),
    at(70.7299, 92.2041),
];

/// Where the eyes go in dlib's 150 x 150 chip: x 0.30 and 0.70, y 0.35.
pub const DLIB_EYES_150: [PointInImage; 2] = [at(45.0, 52.5), at(105.0, 52.5)];

const fn at(x: f32, y: f32) -> PointInImage {
    PointInImage { x, y }
}

/// Rotation, one scale, and a shift: `x' = a x - b y + dx`, `y' = b x + a y + dy`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Scale times cosine.
    pub a: f32,
    /// Scale times sine.
    pub b: f32,
    /// Shift to the right.
    pub dx: f32,
    /// Shift downwards.
    pub dy: f32,
}

impl Similarity {
    /// The one that brings the first points nearest to the second, by least squares; `None` when
    /// they coincide.
    pub fn between(from: &[PointInImage], to: &[PointInImage]) -> Option<Self> {
        let n = from.len().min(to.len());
        if n < 2 {
            return None;
        }
        let (mean_from, mean_to) = (mean(&from[..n]), mean(&to[..n]));
        let (mut same, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (p.x - mean_from.x, p.y - mean_from.y);
            let (qx, qy) = (q.x - mean_to.x, q.y - mean_to.y);
            same += px * qx + py * qy;
            cross += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (a, b) = (same / spread, cross / spread);
        let found = Self {
            a,
            b,
            dx: mean_to.x - (a * mean_from.x - b * mean_from.y),
            dy: mean_to.y - (b * mean_from.x + a * mean_from.y),
        };
        let is_usable = [a, b, found.dx, found.dy].iter().all(|v| v.is_finite());
        (is_usable && (a, b) != (0.0, 0.0)).then_some(found)
    }

    /// Where a point goes.
    pub fn apply(&self, point: PointInImage) -> PointInImage {
        PointInImage {
            x: self.a * point.x - self.b * point.y + self.dx,
            y: self.b * point.x + self.a * point.y + self.dy,
        }
    }
}

fn mean(points: &[PointInImage]) -> PointInImage {
    let n = points.len() as f32;
    PointInImage {
        x: points.iter().map(|p| p.x).sum::<f32>() / n,
        y: points.iter().map(|p| p.y).sum::<f32>() / n,
    }
}

/// The picture moved, turned and scaled; what lies outside is black.
pub fn warp_similarity(
    picture: Picture<'_>,
    transform: &Similarity,
    [width, height]: [u32; 2],
) -> Result<Pixels, InferenceError> {
    let Similarity { a, b, dx, dy } = *transform;
    let matrix = Mat::from_slice_2d(&[[a, -b, dx].map(f64::from), [b, a, dy].map(f64::from)]);
    let matrix = matrix.map_err(failed)?;
    let mut out = Mat::default();
    imgproc::warp_affine(
        &mat(picture)?,
        &mut out,
        &matrix,
        size(width, height),
        imgproc::INTER_LINEAR,
        BORDER_CONSTANT,
        Scalar::default(),
    )
    .map_err(failed)?;
    pixels(&out, width, height)
}

/// The part inside `crop`, which lies inside the picture, scaled to this size.
pub(super) fn scale(
    picture: Picture<'_>,
    crop: BoxInImage,
    [width, height]: [u32; 2],
) -> Result<Pixels, InferenceError> {
    let whole = mat(picture)?;
    let mut out = Mat::default();
    let edges = [crop.x_min, crop.y_min, crop.x_max, crop.y_max];
    if edges.iter().all(|edge| edge.fract() == 0.0) {
        let [left, top, right, bottom] = edges.map(|edge| edge as i32);
        let part = Mat::roi(&whole, Rect::new(left, top, right - left, bottom - top));
        let part = part.map_err(failed)?;
        let size = size(width, height);
        let method = imgproc::INTER_LINEAR;
        imgproc::resize(&part, &mut out, size, 0.0, 0.0, method).map_err(failed)?;
        return pixels(&out, width, height);
    }
    // Between pixels: the same mapping of pixel centres as `resize`, with the fraction kept.
    let (step_x, step_y) = (crop.width() / width as f32, crop.height() / height as f32);
    let (dx, dy) = (
        crop.x_min + step_x / 2.0 - 0.5,
        crop.y_min + step_y / 2.0 - 0.5,
    );
    let matrix = Mat::from_slice_2d(&[
        [step_x, 0.0, dx].map(f64::from),
        [0.0, step_y, dy].map(f64::from),
    ]);
    imgproc::warp_affine(
        &whole,
        &mut out,
        &matrix.map_err(failed)?,
        size(width, height),
        imgproc::INTER_LINEAR | imgproc::WARP_INVERSE_MAP,
        BORDER_REPLICATE,
        Scalar::default(),
    )
    .map_err(failed)?;
    pixels(&out, width, height)
}

/// A quadrilateral this many times larger than its target is averaged down first: between four
/// neighbours alone, fine strokes come and go with the place of the sampling points.
const AVERAGED_FROM: f32 = 1.5;

/// The quadrilateral with these corners, from the top left clockwise, as an upright rectangle; what
/// lies outside the picture repeats its border.
pub fn warp_corners(
    picture: Picture<'_>,
    corners: &[PointInImage; 4],
    [width, height]: [u32; 2],
) -> Result<Pixels, InferenceError> {
    if corners
        .iter()
        .any(|p| !(p.x.is_finite() && p.y.is_finite()))
    {
        return Err(InferenceError::Warp {
            reason: "a corner is not at a finite place".to_owned(),
        });
    }
    let [a, b, c, d] = corners;
    let wide = distance(a, b).max(distance(d, c)) / width as f32;
    let high = distance(a, d).max(distance(b, c)) / height as f32;
    let shrink = Some(wide.max(high)).filter(|k| AVERAGED_FROM < *k);
    let part = around(picture, corners, shrink.unwrap_or(1.0));
    let whole = mat(picture)?;
    let seen = Mat::roi(&whole, part).map_err(failed)?;
    let in_part = |p: &PointInImage| at(p.x - part.x as f32, p.y - part.y as f32);
    let Some(shrink) = shrink else {
        return warp(&seen, &corners.map(|p| in_part(&p)), [width, height]);
    };
    // Corners far outside do not make the part that is seen less than a pixel.
    let shrink = shrink.min(part.width.min(part.height) as f32);
    let (mut small, factor) = (Mat::default(), f64::from(shrink.recip()));
    let by_factor = Size::default();
    let method = imgproc::INTER_AREA;
    imgproc::resize(&seen, &mut small, by_factor, factor, factor, method).map_err(failed)?;
    let in_small = |p: PointInImage| at(in_part(&p).x / shrink, in_part(&p).y / shrink);
    warp(&small, &corners.map(in_small), [width, height])
}

fn distance(a: &PointInImage, b: &PointInImage) -> f32 {
    ((a.x - b.x).powi(2) + (a.y - b.y).powi(2)).sqrt()
}

/// The part of the picture that a warp of these corners sees, with room for the neighbours.
fn around(picture: Picture<'_>, corners: &[PointInImage; 4], shrink: f32) -> Rect {
    let room = 2.0 + 2.0 * shrink;
    let range = |of: fn(&PointInImage) -> f32, end: u32| {
        let low = corners.iter().map(of).fold(f32::INFINITY, f32::min) - room;
        let high = corners.iter().map(of).fold(f32::NEG_INFINITY, f32::max) + room;
        // At least one pixel: the border is repeated from somewhere.
        let low = (low.max(0.0) as u32).min(end - 1);
        let high = (high.max(0.0).ceil() as u32).clamp(low + 1, end);
        (low.cast_signed(), (high - low).cast_signed())
    };
    let (x, width) = range(|p| p.x, picture.width);
    let (y, height) = range(|p| p.y, picture.height);
    Rect::new(x, y, width, height)
}

fn warp(
    picture: &impl core::ToInputArray,
    corners: &[PointInImage; 4],
    [width, height]: [u32; 2],
) -> Result<Pixels, InferenceError> {
    // OpenCV counts from the middle of the first pixel, we from its corner.
    let points = |p: (f32, f32)| Point2f::new(p.0 - 0.5, p.1 - 0.5);
    let from: Vector<Point2f> = corners.iter().map(|p| points((p.x, p.y))).collect();
    let (right, bottom) = (width as f32, height as f32);
    let to = [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)];
    let to: Vector<Point2f> = to.map(points).into_iter().collect();
    let matrix = imgproc::get_perspective_transform_def(&from, &to).map_err(failed)?;
    let mut out = Mat::default();
    imgproc::warp_perspective(
        picture,
        &mut out,
        &matrix,
        size(width, height),
        imgproc::INTER_LINEAR,
        BORDER_REPLICATE,
        Scalar::default(),
    )
    .map_err(failed)?;
    pixels(&out, width, height)
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width.cast_signed(), height.cast_signed())
}

fn mat(picture: Picture<'_>) -> Result<opencv::boxed_ref::BoxedRef<'_, Mat>, InferenceError> {
    let (rows, columns) = (picture.height.cast_signed(), picture.width.cast_signed());
    Mat::new_rows_cols_with_bytes::<Vec3b>(rows, columns, picture.rgb).map_err(failed)
}

fn pixels(mat: &Mat, width: u32, height: u32) -> Result<Pixels, InferenceError> {
    Ok(Pixels {
        width,
        height,
        rgb: mat.data_bytes().map_err(failed)?.to_vec(),
    })
}

fn failed(error: opencv::Error) -> InferenceError {
    InferenceError::Warp {
        reason: crate::catalog::one_line(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_near(found: PointInImage, expect: PointInImage) {
        let gap = (found.x - expect.x).abs().max((found.y - expect.y).abs());
        assert!(gap < 1e-3, "{found:?} is not {expect:?}");
    }

    #[test]
    fn a_similarity_is_found_again() {
        let truth = Similarity {
            a: 0.6,
            b: -0.8,
            dx: 5.0,
            dy: -7.0,
        };
        let to: Vec<_> = ARCFACE_112.iter().map(|p| truth.apply(*p)).collect();
        let found = Similarity::between(&ARCFACE_112, &to).unwrap();
        for p in ARCFACE_112 {
            is_near(found.apply(p), truth.apply(p));
        }
        assert_eq!(Similarity::between(&[at(1., 1.); 5], &ARCFACE_112), None);
        assert_eq!(
            Similarity::between(&[at(f32::NAN, 1.); 5], &ARCFACE_112),
            None
        );
    }

    #[test]
    fn a_crop_between_pixels_is_the_one_beside_moved_by_a_fraction() {
        let mut ramp = Pixels::filled(64, 64, [0; 3]);
        for (index, pixel) in ramp.rgb.chunks_exact_mut(3).enumerate() {
            pixel.fill((index % 64) as u8 * 4);
        }
        let picture = ramp.picture().unwrap();
        let red = |crop: BoxInImage| scale(picture, crop, [4, 4]).unwrap().rgb[3];
        // The second of four columns over 16 pixels from 8: its middle is pixel 13.5 of 4 levels
        // each.
        assert_eq!(red(BoxInImage::new(8.0, 8.0, 24.0, 24.0)), 54);
        let moved = red(BoxInImage::new(8.5, 8.5, 24.5, 24.5));
        assert!((55..=57).contains(&moved), "{moved}");
    }

    /// White with a black square whose left upper corner is at (x, y).
    fn square(x: usize, y: usize, side: usize) -> Pixels {
        let mut pixels = Pixels::filled(64, 64, [255; 3]);
        for row in y..y + side {
            pixels.rgb[(row * 64 + x) * 3..(row * 64 + x + side) * 3].fill(0);
        }
        pixels
    }

    #[test]
    fn a_face_is_moved_to_its_place() {
        let pixels = square(20, 30, 10);
        let shift = Similarity {
            a: 1.0,
            b: 0.0,
            dx: -20.0,
            dy: -30.0,
        };
        let warped = warp_similarity(pixels.picture().unwrap(), &shift, [16, 16]).unwrap();
        let warped = warped.picture().unwrap();
        assert_eq!(
            [warped.pixel(0, 0), warped.pixel(9, 9), warped.pixel(11, 11)],
            [[0; 3], [0; 3], [255; 3]]
        );
    }

    #[test]
    fn four_corners_become_the_whole() {
        let pixels = square(20, 30, 10);
        let corners = [at(20., 30.), at(30., 30.), at(30., 40.), at(20., 40.)];
        let flat = warp_corners(pixels.picture().unwrap(), &corners, [10, 8]).unwrap();
        assert_eq!(flat, Pixels::filled(10, 8, [0; 3]));
        let degenerate = [at(5., 5.); 4];
        // OpenCV answers corners that are one point with a picture of that point, not with an
        // error.
        assert!(warp_corners(pixels.picture().unwrap(), &degenerate, [8, 4]).is_ok());
        for outside in [-1e9, 1e9] {
            let outside = [at(outside, 5.), at(70., 5.), at(70., 9.), at(outside, 9.)];
            assert!(warp_corners(pixels.picture().unwrap(), &outside, [8, 4]).is_ok());
        }
        let nowhere = [at(f32::NAN, 5.), at(9., 5.), at(9., 9.), at(5., 9.)];
        assert!(warp_corners(pixels.picture().unwrap(), &nowhere, [8, 4]).is_err());
    }

    fn upright(x: f32, y: f32, width: f32, height: f32) -> [PointInImage; 4] {
        let (right, bottom) = (x + width, y + height);
        [at(x, y), at(right, y), at(right, bottom), at(x, bottom)]
    }

    #[test]
    fn corners_on_pixels_at_their_own_size_change_nothing() {
        let mut pixels = Pixels::filled(32, 16, [0; 3]);
        for (index, byte) in pixels.rgb.iter_mut().enumerate() {
            *byte = (index * 37 % 251) as u8;
        }
        let picture = pixels.picture().unwrap();
        let cut = warp_corners(picture, &upright(5.0, 3.0, 8.0, 4.0), [8, 4]).unwrap();
        for (x, y) in [(0, 0), (7, 0), (3, 2), (7, 3)] {
            assert_eq!(
                cut.picture().unwrap().pixel(x, y),
                picture.pixel(x + 5, y + 3)
            );
        }
        let over_the_edge = warp_corners(picture, &upright(-4.0, 3.0, 8.0, 4.0), [8, 4]).unwrap();
        let over_the_edge = over_the_edge.picture().unwrap();
        assert_eq!(
            over_the_edge.pixel(0, 1),
            picture.pixel(0, 4),
            "the border repeats"
        );
        assert_eq!(over_the_edge.pixel(5, 1), picture.pixel(1, 4));
    }

    #[test]
    fn what_is_much_larger_is_averaged() {
        let mut stripes = Pixels::filled(256, 128, [0; 3]);
        for (index, pixel) in stripes.rgb.chunks_exact_mut(3).enumerate() {
            pixel.fill(if index % 4 < 2 { 0 } else { 200 });
        }
        let picture = stripes.picture().unwrap();
        let small = warp_corners(picture, &upright(32.0, 32.0, 128.0, 64.0), [16, 8]).unwrap();
        assert_eq!(small, Pixels::filled(16, 8, [100; 3]));
        // A plate that lies across the averaged blocks keeps its place, within half a block.
        let mut square = Pixels::filled(256, 128, [255; 3]);
        for y in 40..72 {
            square.rgb[(y * 256 + 101) * 3..(y * 256 + 165) * 3].fill(0);
        }
        let corners = upright(101.0, 40.0, 64.0, 32.0);
        let small = warp_corners(square.picture().unwrap(), &corners, [16, 8]).unwrap();
        assert!(small.rgb.iter().all(|v| *v < 128), "{:?}", small.rgb);
        assert_eq!(small.picture().unwrap().pixel(8, 4), [0; 3]);
    }
}
