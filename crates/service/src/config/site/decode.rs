//! Which frames of a camera are decoded.

use super::{CameraSection, PaceKind, validate::Checker};
use serde::Deserialize;

impl CameraSection {
    /// Which frames are decoded: what is written, or else [`DecodeKind::WhenMoving`] for a network
    /// camera that has a motion gate and no signal to watch.
    pub fn decodes(&self) -> DecodeKind {
        let is_network_camera = self.source.get_ref().rtsp.is_some();
        let may_rest = self.motion_gate && self.stop_line.is_none();
        match &self.decode {
            Some(decode) => *decode.get_ref(),
            None if is_network_camera && may_rest => DecodeKind::WhenMoving,
            None => DecodeKind::All,
        }
    }
}

/// Which frames of a camera are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecodeKind {
    /// All.
    All,
    /// Key frames while nothing moves, all otherwise.
    WhenMoving,
}

/// What never rests although it is told to.
pub(super) fn check_decode(checker: &mut Checker<'_>, camera: &CameraSection) {
    let Some(decode) = &camera.decode else {
        return;
    };
    let source = camera.source.get_ref();
    let is_coded = source.rtsp.is_some() || source.file.is_some();
    let why = if *decode.get_ref() == DecodeKind::All {
        return;
    } else if !is_coded || source.pace == PaceKind::Fast {
        "only rtsp, and a file at its own speed, can be left undecoded"
    } else if !camera.motion_gate {
        "without a motion gate nobody says that nothing moves"
    } else if camera.stop_line.is_some() {
        "a signal is watched in every frame"
    } else {
        return;
    };
    checker.warn(
        decode.span(),
        format!("decode = \"when-moving\" has no effect: {why}"),
        "write decode = \"all\", or leave it out",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::site::{
        Site,
        validate::tests::{GOOD, problems},
    };

    #[test]
    fn a_camera_rests_where_it_may_and_what_never_rests_is_told() {
        let decode = |tail: &str| {
            let text = GOOD.replace("tasks = [\"vehicles\", \"plates\"]", tail);
            let site: Site = toml::from_str(&text).unwrap();
            (site.cameras[0].decodes(), problems(&text))
        };
        let tasks = "tasks = [\"vehicles\", \"plates\"]";
        assert_eq!(decode(tasks), (DecodeKind::All, vec![]));
        let moving = format!("{tasks}\ndecode = \"when-moving\"");
        assert_eq!(decode(&moving), (DecodeKind::WhenMoving, vec![]));
        let (_, told) = decode(&format!("{moving}\nmotion_gate = false"));
        assert!(
            told.len() == 1 && told[0].contains("motion gate"),
            "{told:?}"
        );
        let rtsp = GOOD.replace("file = \"gate.mp4\"", "rtsp = \"rtsp://10.0.0.2/s\"");
        let decodes = |text: &str| toml::from_str::<Site>(text).unwrap().cameras[0].decodes();
        assert_eq!(decodes(&rtsp), DecodeKind::WhenMoving);
        let off = rtsp.replace(tasks, &format!("{tasks}\ndecode = \"all\""));
        assert_eq!(decodes(&off), DecodeKind::All);
        let ungated = rtsp.replace(tasks, &format!("{tasks}\nmotion_gate = false"));
        assert_eq!(decodes(&ungated), DecodeKind::All);
    }
}
