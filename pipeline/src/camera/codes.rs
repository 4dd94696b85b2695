//! QR codes: which frames are searched for them.

use super::CameraCore;
use crate::qr::QrEye;
use domain::Frame;

impl CameraCore {
    /// Lets it read QR codes.
    pub(crate) fn set_qr(&mut self, eye: Option<QrEye>) {
        self.qr = eye;
    }

    /// Whoever holds a code up moves, or stands there already: an idle lane is not searched.
    pub(super) fn look_for_codes(&mut self, frame: &Frame) {
        if let Some(eye) = &mut self.qr
            && (self.has_motion || 0 < self.n_live_tracks)
        {
            eye.look(frame);
        }
    }
}
