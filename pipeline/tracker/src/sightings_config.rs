//! How the sightings of one camera are made.

use crate::{FaceVoteConfig, PlateVoteConfig, TrackerConfig};
use domain::{CameraId, Class};
use std::time::Duration;

/// How the sightings of one camera are made.
#[derive(Clone, Debug, PartialEq)]
pub struct SightingsConfig {
    /// The camera.
    pub camera: CameraId,
    /// Tracks of these classes are sightings.
    pub classes: Vec<Class>,
    /// At most one update of a sighting in this time, except when it becomes decisive.
    pub update_interval_min: Duration,
    /// A sighting of which nothing new is known is told again after this long, with its newest
    /// capture time: whoever waits at a gate is still there. Nothing: only what is new is told.
    pub repeat_after: Option<Duration>,
    /// Whether a plate that stays without a vehicle is a vehicle that the detector missed (class
    /// `Car`).
    pub plates_make_tracks: bool,
    /// Whether a face that stays without a person is a person (class `Face`).
    pub faces_make_tracks: bool,
    /// Whether faces inside vehicles belong to them.
    pub faces_in_vehicles: bool,
    /// For how many frames a plate or face stays alone before it makes a sighting.
    pub alone_hits_min: u32,
    /// How long a sighting whose track was lost is kept by a plate or face that is still seen.
    pub hold: Duration,
    /// When a plate is decisive.
    pub plate: PlateVoteConfig,
    /// When a face is decisive.
    pub face: FaceVoteConfig,
    /// How plates are followed.
    pub plate_tracker: TrackerConfig,
    /// How faces are followed.
    pub face_tracker: TrackerConfig,
}

impl SightingsConfig {
    /// The usual settings: vehicles with their plates, people with their faces.
    pub fn new(camera: CameraId) -> Self {
        let part_tracker = TrackerConfig {
            score_high: 0.3,
            merges: false,
            confirm_hits: 2,
            // Plates are small: between two frames they move by several of their own heights.
            distance_max: 3.0,
            coast: Duration::from_millis(1000),
            ..TrackerConfig::default()
        };
        Self {
            camera,
            classes: vec![
                Class::Person,
                Class::Car,
                Class::Motorbike,
                Class::Bus,
                Class::Truck,
            ],
            update_interval_min: Duration::from_millis(250),
            repeat_after: None,
            plates_make_tracks: false,
            faces_make_tracks: false,
            faces_in_vehicles: false,
            alone_hits_min: 4,
            hold: Duration::from_secs(5),
            plate: PlateVoteConfig::default(),
            face: FaceVoteConfig::default(),
            plate_tracker: TrackerConfig {
                first_id: PLATE_TRACKS_FROM,
                // Plates are looked for less often than vehicles and faces are.
                coast: Duration::from_millis(1200),
                tentative_coast: Duration::from_millis(1000),
                ..part_tracker.clone()
            },
            face_tracker: TrackerConfig {
                first_id: FACE_TRACKS_FROM,
                ..part_tracker
            },
        }
    }
}

/// Track numbers of plates and faces lie apart from those of vehicles, and below 2^53 so that JSON
/// keeps them.
const PLATE_TRACKS_FROM: u64 = 1 << 40;
const FACE_TRACKS_FROM: u64 = 2 << 40;
