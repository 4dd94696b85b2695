//! Which frame shows a thing best.

use domain::{BoxInImage, SightingId};

/// How well one frame shows one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureQuality {
    /// Whether the plate or the face is in it, which says more than any view of the whole.
    pub shows_identity: bool,
    /// Area of the plate, the face, or else the whole thing, in square pixels; a quarter when it
    /// touches an edge.
    pub area_px: f32,
}

impl PictureQuality {
    /// How well a frame of `width` × `height` shows what is in `target`; `None` when none of it is
    /// in the picture.
    pub fn of(
        target: &BoxInImage,
        shows_identity: bool,
        (width, height): (u32, u32),
    ) -> Option<Self> {
        let (width, height) = (width as f32, height as f32);
        let inside = target.clamped(width, height);
        if !target.is_finite() || inside.area() <= 0.0 {
            return None;
        }
        let is_whole = EDGE_PX <= target.x_min
            && EDGE_PX <= target.y_min
            && target.x_max <= width - EDGE_PX
            && target.y_max <= height - EDGE_PX;
        Some(Self {
            shows_identity,
            area_px: inside.area() * if is_whole { 1.0 } else { 0.25 },
        })
    }

    /// Whether it is worth replacing `best`: by a fifth at least, so that few pictures are encoded
    /// in vain.
    pub fn is_better_than(&self, best: Option<&Self>) -> bool {
        match best {
            None => true,
            Some(best) if self.shows_identity != best.shows_identity => self.shows_identity,
            Some(best) => best.area_px * 1.2 < self.area_px,
        }
    }
}

/// A box that ends this near to the edge may go on beyond it.
const EDGE_PX: f32 = 2.0;

/// The current frame is the best picture of a sighting so far: keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureHint {
    /// The sighting.
    pub sighting: SightingId,
    /// The frame.
    pub frame_seq: u64,
    /// The whole thing in that frame.
    pub bounds: BoxInImage,
    /// Its plate or face in that frame.
    pub identity: Option<BoxInImage>,
    /// How good the picture is.
    pub quality: PictureQuality,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: (u32, u32) = (1280, 720);

    fn quality(corners: [f32; 4], shows_identity: bool) -> Option<PictureQuality> {
        let [x_min, y_min, x_max, y_max] = corners;
        PictureQuality::of(
            &BoxInImage::new(x_min, y_min, x_max, y_max),
            shows_identity,
            FRAME,
        )
    }

    #[test]
    fn larger_is_better_but_not_when_cut_off() {
        let small = quality([100., 100., 200., 200.], false).unwrap();
        let large = quality([100., 100., 300., 200.], false).unwrap();
        let cut = quality([0., 100., 300., 200.], false).unwrap();
        let plate = quality([120., 150., 140., 160.], true).unwrap();
        assert!(large.is_better_than(Some(&small)));
        assert!(!small.is_better_than(Some(&small)));
        assert!(!cut.is_better_than(Some(&small)));
        assert!(plate.is_better_than(Some(&large)) && !large.is_better_than(Some(&plate)));
        assert!(small.is_better_than(None));
        assert_eq!(quality([1300., 100., 1400., 200.], false), None);
        assert_eq!(quality([f32::NAN, 100., 1400., 200.], false), None);
    }
}
