//! What is true of people on foot.

use super::BoxPx;
use serde::{Deserialize, Serialize};

/// Somebody on foot over the whole scene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonTruth {
    /// Counts from 1 in order of arrival.
    pub id: u32,
    /// The first frame that may show any of them.
    pub arrive_frame: u32,
    /// The last frame that may show any of them.
    pub leave_frame: u32,
    /// When the line is crossed, and whether inwards; both for whoever comes in and goes out again.
    pub crossings: Vec<LineTruth>,
    /// Which of the shown texts is held into the picture, from 0, and in which frames, the last one
    /// included.
    pub shows: Option<ShowsTruth>,
}

/// Somebody's middle passes the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineTruth {
    /// The first frame on the other side.
    pub frame: u32,
    /// Towards the camera.
    pub is_in: bool,
}

/// A text that is held into the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowsTruth {
    /// Which of those that the scene was given.
    pub text: u32,
    /// The first frame.
    pub from_frame: u32,
    /// The last frame.
    pub to_frame: u32,
}

/// Somebody on foot in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonInFrame {
    /// Who it is.
    pub id: u32,
    /// Tight around all of them inside the picture, also where another hides them.
    pub bounds: BoxPx,
}
