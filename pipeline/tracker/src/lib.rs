//! Detections to tracks, and tracks to voted plates and sightings.
//!
//! [`Tracker`] follows boxes from frame to frame, [`Sightings`] gathers what plates and faces say
//! about each track and turns it into the messages new → update → final, [`LineCounter`] counts who
//! crosses a line. Everything here is pure: time comes with the frames, ids are injected, sums are
//! whole numbers, so that a replay gives the same bytes.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod assignment;
mod binding;
mod face_ballot;
mod kalman;
mod line_counter;
mod merge;
mod parts;
mod picture;
mod plate_ballot;
mod plate_history;
mod sightings;
mod sightings_config;
mod subject;
mod track;

pub use face_ballot::{FaceBallot, FaceSeen, FaceVoteConfig};
pub use line_counter::{Anchor, CountEvent, LineCounter, LineCounterConfig};
pub use merge::{ClassGroup, merge_duplicates, merge_riders};
pub use picture::{PictureHint, PictureQuality};
pub use plate_ballot::{PlateBallot, PlateTally, PlateVoteConfig};
pub use sightings::{FrameSeen, Sightings, SightingsOutput};
pub use sightings_config::SightingsConfig;
pub use track::{TrackUpdate, Tracker, TrackerConfig, TrackerCounts};
