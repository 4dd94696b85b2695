//! A folder of pictures as a source.

use crate::{
    SourceError,
    convert::{Picture, fit},
    paced::Gallery,
    spec::is_rate,
};
use image::{ImageReader, Limits, RgbImage, imageops};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The pictures of a folder, in the order of their names.
pub(crate) struct Pictures {
    paths: Vec<PathBuf>,
    fps: f64,
    max_size: (u32, u32),
}

/// No camera is wider; a file that says it is would only take the memory.
const SIDE_MAX_PX: u32 = 16_384;

impl Pictures {
    pub(crate) fn open(dir: PathBuf, fps: f64, max_size: (u32, u32)) -> Result<Self, SourceError> {
        if !is_rate(fps) {
            return Err(SourceError::Option {
                what: "fps must be above 0 and at most 1000",
            });
        }
        let paths = list(&dir).map_err(|source| SourceError::Unreadable {
            path: dir.clone(),
            source,
        })?;
        if !paths.iter().any(|path| read(path).is_ok()) {
            return Err(SourceError::NoPictures { dir });
        }
        Ok(Self {
            paths,
            fps,
            max_size,
        })
    }
}

impl Gallery for Pictures {
    fn fps(&self) -> f64 {
        self.fps
    }

    fn n_frames(&self) -> u64 {
        self.paths.len() as u64
    }

    fn make(&mut self, frame_no: u64) -> Result<Picture, String> {
        let path = usize::try_from(frame_no)
            .ok()
            .and_then(|at| self.paths.get(at));
        let path = path.ok_or("there is no such picture")?;
        Ok(shrink(read_picture(path)?, self.max_size))
    }
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_picture = path.extension().and_then(|e| e.to_str()).is_some_and(|e| {
            ["jpg", "jpeg", "png"]
                .iter()
                .any(|known| e.eq_ignore_ascii_case(known))
        });
        if is_picture && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A picture file, JPEG or PNG, as red, green and blue of eight bits: grey and CMYK files are
/// converted, finer ones rounded, transparency is left out. The error is one line and names the
/// file.
pub fn read_picture(path: &Path) -> Result<RgbImage, String> {
    read(path).map_err(|error| {
        let reason = error.to_string();
        let words: Vec<&str> = reason.split_whitespace().collect();
        format!("{}: {}", path.display(), words.join(" "))
    })
}

fn read(path: &Path) -> image::ImageResult<RgbImage> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX_PX);
    limits.max_image_height = Some(SIDE_MAX_PX);
    reader.limits(limits);
    Ok(reader.decode()?.into_rgb8())
}

/// The picture in the largest size that is allowed, in proportion.
pub(crate) fn shrink(image: RgbImage, max_size: (u32, u32)) -> Picture {
    let (width, height) = fit(image.dimensions(), (1, 1), max_size);
    let image = if (width, height) == image.dimensions() {
        image
    } else {
        imageops::resize(&image, width, height, imageops::FilterType::Triangle)
    };
    Picture {
        width,
        height,
        rgb: Arc::from(image.into_raw()),
    }
}
