//! QR codes in a photo that somebody took with a phone.
//!
//! A photo comes from outside: what it claims to be is not believed, and its size is asked before
//! anything is decoded.

use super::Luma;
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, imageops};
use std::io::Cursor;

/// Largest photo, as a file.
pub const PHOTO_BYTES_MAX: usize = 8 << 20;

/// Largest width or height; phones make up to 8192.
const EDGE_PX_MAX: u32 = 9000;

/// Largest picture when it is decoded: 50 million pixels of three bytes, and some room.
const DECODED_BYTES_MAX: u64 = 176 << 20;

/// The longer edges at which codes are looked for. A code is most often large in the picture, and
/// the decoder likes modules of a few pixels; the last one finds small codes.
const EDGES_PX: [u32; 3] = [1280, 2400, 4200];

/// Why a photo cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// More than [`PHOTO_BYTES_MAX`].
    #[error("the photo has more than 8 MB")]
    TooLarge,
    /// Neither JPEG nor PNG, by its first bytes.
    #[error("the file is neither a JPEG nor a PNG picture")]
    Kind,
    /// More pixels than any phone makes.
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// It ends too early, or is damaged.
    #[error("the picture is damaged")]
    Damaged,
}

/// What `wanted` makes of each code in the photo; nothing stands for a code that it does not know.
///
/// Blocks for up to a second: not for a thread that others wait for.
pub fn find_in_photo<T>(
    bytes: &[u8],
    wanted: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>, PhotoError> {
    let picture = decode(bytes)?.into_luma8();
    let edge = picture.width().max(picture.height());
    let mut unknown = Vec::new();
    let mut is_last = false;
    for wide in EDGES_PX {
        if is_last {
            break;
        }
        is_last = edge <= wide;
        let found = scaled(&picture, wide).find(|text| Some(wanted(text)));
        if found.iter().any(Option::is_some) {
            return Ok(found);
        }
        unknown.extend(found);
    }
    Ok(unknown)
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, PhotoError> {
    if PHOTO_BYTES_MAX < bytes.len() {
        return Err(PhotoError::TooLarge);
    }
    let format = image::guess_format(bytes).map_err(|_unknown| PhotoError::Kind)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png) {
        return Err(PhotoError::Kind);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(EDGE_PX_MAX);
    limits.max_image_height = Some(EDGE_PX_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => PhotoError::TooManyPixels,
        _ => PhotoError::Damaged,
    })
}

/// Not larger than so many pixels.
fn scaled(picture: &GrayImage, edge_px: u32) -> Luma {
    let (width, height) = picture.dimensions();
    let edge = width.max(height);
    if edge <= edge_px {
        return luma(picture.clone());
    }
    let scale = |px: u32| (u64::from(px) * u64::from(edge_px) / u64::from(edge)).max(1) as u32;
    luma(imageops::thumbnail(picture, scale(width), scale(height)))
}

fn luma(picture: GrayImage) -> Luma {
    Luma {
        width: picture.width() as usize,
        height: picture.height() as usize,
        bytes: picture.into_raw(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr_code::QrDrawing;

    fn file(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    /// A photo with the code at a place, so many pixels wide.
    fn photo(text: &str, size: (u32, u32), code_px: u32) -> GrayImage {
        let mut photo = GrayImage::from_fn(size.0, size.1, |x, y| {
            image::Luma([(90 + (x / 37 + y / 29) % 60) as u8])
        });
        let code = QrDrawing::of(text).unwrap().picture();
        let code = imageops::resize(&code, code_px, code_px, imageops::FilterType::Triangle);
        let (x, y) = (i64::from(size.0 / 3), i64::from(size.1 / 4));
        imageops::replace(&mut photo, &code, x, y);
        photo
    }

    fn texts(bytes: &[u8]) -> Result<Vec<Option<String>>, PhotoError> {
        find_in_photo(bytes, |text| {
            text.starts_with("GAC1:").then(|| text.to_owned())
        })
    }

    #[test]
    fn codes_are_read_in_photos_of_all_sizes() {
        let text = format!("GAC1:{}", "A1".repeat(70));
        let known = [Some(text.clone())];
        for (size, code_px, format) in [
            ((480, 640), 300, ImageFormat::Png),
            ((1280, 960), 500, ImageFormat::Jpeg),
            // Twelve million pixels, the code near and far.
            ((3000, 4000), 1800, ImageFormat::Jpeg),
            ((3000, 4000), 320, ImageFormat::Jpeg),
        ] {
            let bytes = file(&photo(&text, size, code_px), format);
            assert_eq!(texts(&bytes).unwrap(), known, "{size:?} {code_px}");
        }
    }

    #[test]
    fn no_code_and_a_foreign_code_are_told_apart() {
        let empty = GrayImage::from_pixel(640, 480, image::Luma([200]));
        assert_eq!(texts(&file(&empty, ImageFormat::Jpeg)), Ok(vec![]));
        let foreign = photo("https://example.com", (640, 480), 240);
        assert_eq!(texts(&file(&foreign, ImageFormat::Png)), Ok(vec![None]));
    }

    #[test]
    fn what_is_no_photo_is_refused_before_it_costs_anything() {
        let good = file(&photo("GAC1:A", (640, 480), 240), ImageFormat::Jpeg);
        assert_eq!(texts(b"GIF89a\x01\x00\x01\x00"), Err(PhotoError::Kind));
        assert_eq!(texts(b"<svg/>"), Err(PhotoError::Kind));
        assert_eq!(texts(b""), Err(PhotoError::Kind));
        assert_eq!(texts(&good[..300]), Err(PhotoError::Damaged));
        let long = vec![0xff; PHOTO_BYTES_MAX + 1];
        assert_eq!(texts(&long), Err(PhotoError::TooLarge));
        // A file of a few hundred bytes that says it has 60 000 by 60 000 pixels.
        let mut png = file(&GrayImage::new(8, 8), ImageFormat::Png);
        let edge = 60_000_u32.to_be_bytes();
        png[16..20].copy_from_slice(&edge);
        png[20..24].copy_from_slice(&edge);
        let told = texts(&png).unwrap_err();
        assert!(
            matches!(told, PhotoError::TooManyPixels | PhotoError::Damaged),
            "{told:?}"
        );
        for n in (0..good.len()).step_by(97) {
            let mut bent = good.clone();
            bent[n] ^= 0x55;
            drop(texts(&bent));
        }
    }
}
