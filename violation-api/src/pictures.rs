//! Live pictures: the newest of each camera, in memory only.

use axum::body::Bytes;
use domain::CameraId;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

const CAMERAS_MAX: usize = 64;
/// Largest picture: a 1280×720 JPEG of good quality has about 150 kB.
pub(crate) const PICTURE_BYTES_MAX: usize = 300_000;

/// One picture.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// A JPEG.
    pub(crate) jpeg: Bytes,
    /// Counts the pictures of all cameras.
    pub(crate) seq: u64,
}

#[derive(Default)]
struct Shelf {
    latest: BTreeMap<CameraId, Picture>,
    seq: u64,
}

/// The newest picture of each camera.
#[derive(Default)]
pub(crate) struct Pictures {
    shelf: Mutex<Shelf>,
}

/// Why a picture was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PictureRefused {
    #[error("a live picture has more than {PICTURE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("a live picture is no JPEG")]
    NotJpeg,
    #[error("there are live pictures of {CAMERAS_MAX} cameras already")]
    TooManyCameras,
}

impl Pictures {
    /// Takes a picture in the place of the one before.
    pub(crate) fn put(&self, camera: CameraId, jpeg: Bytes) -> Result<(), PictureRefused> {
        if PICTURE_BYTES_MAX < jpeg.len() {
            return Err(PictureRefused::TooLarge);
        }
        if !jpeg.starts_with(&[0xff, 0xd8, 0xff]) {
            return Err(PictureRefused::NotJpeg);
        }
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if !shelf.latest.contains_key(&camera) && CAMERAS_MAX <= shelf.latest.len() {
            return Err(PictureRefused::TooManyCameras);
        }
        shelf.seq += 1;
        let seq = shelf.seq;
        shelf.latest.insert(camera, Picture { jpeg, seq });
        Ok(())
    }

    /// The newest picture of a camera.
    pub(crate) fn get(&self, camera: &CameraId) -> Option<Picture> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.latest.get(camera).cloned()
    }

    /// The cameras that have sent a picture, by name.
    pub(crate) fn cameras(&self) -> Vec<CameraId> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.latest.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(name: &str) -> CameraId {
        name.parse().unwrap()
    }

    #[test]
    fn the_newest_picture_is_kept_and_what_is_none_is_refused() {
        let pictures = Pictures::default();
        let jpeg = |last| Bytes::from(vec![0xff, 0xd8, 0xff, last]);
        pictures.put(camera("a"), jpeg(1)).unwrap();
        pictures.put(camera("a"), jpeg(2)).unwrap();
        assert_eq!(pictures.get(&camera("a")).unwrap().jpeg[3], 2);
        assert_eq!(pictures.get(&camera("a")).unwrap().seq, 2);
        assert!(pictures.get(&camera("b")).is_none());
        let refused = |bytes: Vec<u8>| pictures.put(camera("a"), Bytes::from(bytes));
        assert_eq!(
            refused(b"<svg onload=alert(1)>".to_vec()),
            Err(PictureRefused::NotJpeg)
        );
        let mut large = vec![0; PICTURE_BYTES_MAX + 1];
        large[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        assert_eq!(refused(large), Err(PictureRefused::TooLarge));
    }

    #[test]
    fn the_number_of_cameras_is_bounded() {
        let pictures = Pictures::default();
        let jpeg = || Bytes::from_static(&[0xff, 0xd8, 0xff]);
        for i in 0..CAMERAS_MAX {
            pictures.put(camera(&format!("c{i}")), jpeg()).unwrap();
        }
        assert_eq!(
            pictures.put(camera("more"), jpeg()),
            Err(PictureRefused::TooManyCameras)
        );
        assert_eq!(pictures.put(camera("c1"), jpeg()), Ok(()));
        assert_eq!(pictures.cameras().len(), CAMERAS_MAX);
    }
}
