//! The motion gate: a still scene is not looked at again and again.
//!
//! A background model (Zivkovic 2004, OpenCV's MOG2) over a small grey picture; 0.5 ms a frame.

use domain::Frame;
use opencv::{
    core::{self, Mat, MatTraitConst as _, Size, Vec3b},
    imgproc,
    video::{self, BackgroundSubtractorMOG2, BackgroundSubtractorMOG2Trait},
};

/// Width of the picture that is compared; wide enough for a motorbike that is 25 px wide at 1280.
const WIDTH: i32 = 320;

/// Share of the picture that must have changed: 40 of 320 × 180 pixels.
const CHANGED_MIN: f64 = 0.0007;

/// Frames that the model learns from before it is believed.
const N_WARM_UP: u32 = 4;

/// Tells frames in which something moves.
pub(crate) struct MotionGate {
    model: core::Ptr<BackgroundSubtractorMOG2>,
    n_seen: u32,
}

impl MotionGate {
    pub(crate) fn new() -> Result<Self, opencv::Error> {
        core::set_num_threads(1)?;
        let model = video::create_background_subtractor_mog2(250, 24.0, false)?;
        Ok(Self { model, n_seen: 0 })
    }

    /// Whether something moved since the frames before.
    pub(crate) fn has_motion(&mut self, frame: &Frame) -> Result<bool, opencv::Error> {
        let (width, height) = (frame.width as i32, frame.height as i32);
        let whole = Mat::new_rows_cols_with_bytes::<Vec3b>(height, width, &frame.rgb)?;
        let size = Size::new(WIDTH, (WIDTH * height / width.max(1)).max(1));
        let (mut small, mut grey, mut mask) = (Mat::default(), Mat::default(), Mat::default());
        imgproc::resize(&whole, &mut small, size, 0.0, 0.0, imgproc::INTER_NEAREST)?;
        imgproc::cvt_color_def(&small, &mut grey, imgproc::COLOR_RGB2GRAY)?;
        BackgroundSubtractorMOG2Trait::apply(&mut self.model, &grey, &mut mask, -1.0)?;
        let n_changed = core::count_non_zero(&mask)?;
        self.n_seen = self.n_seen.saturating_add(1);
        let share = f64::from(n_changed) / f64::from(mask.total().max(1) as u32);
        Ok(self.n_seen <= N_WARM_UP || CHANGED_MIN <= share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn frame(seq: u64, square_x: usize) -> Frame {
        let (width, height) = (320usize, 180usize);
        let mut rgb = vec![90u8; width * height * 3];
        for y in 60..90 {
            for x in square_x..square_x + 30 {
                rgb[(y * width + x) * 3..][..3].fill(230);
            }
        }
        Frame {
            camera: "cam".parse().unwrap(),
            seq,
            captured_at: Timestamp::from_millis(seq as i64 * 100),
            width: width as u32,
            height: height as u32,
            rgb: rgb.into(),
        }
    }

    #[test]
    fn a_still_scene_is_still_and_a_moving_square_moves() {
        let mut gate = MotionGate::new().unwrap();
        for n in 0..20 {
            gate.has_motion(&frame(n, 50)).unwrap();
        }
        assert!(!gate.has_motion(&frame(20, 50)).unwrap());
        assert!(gate.has_motion(&frame(21, 120)).unwrap());
    }
}
