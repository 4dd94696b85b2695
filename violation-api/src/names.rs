//! What people call the cameras and gates of a site.

use domain::{CameraId, GateId, ZoneId};
use std::collections::{BTreeMap, BTreeSet};

/// Names for people, by id. What has none is shown by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Of cameras.
    pub cameras: BTreeMap<CameraId, String>,
    /// Of gates.
    pub gates: BTreeMap<GateId, String>,
    /// The cameras whose lines count into a zone.
    pub zone_cameras: BTreeMap<ZoneId, BTreeSet<CameraId>>,
}

impl Names {
    /// What people call the camera.
    pub fn camera<'a>(&'a self, id: &'a CameraId) -> &'a str {
        self.cameras.get(id).map_or(id.as_str(), String::as_str)
    }

    /// What people call the gate.
    pub fn gate<'a>(&'a self, id: &'a GateId) -> &'a str {
        self.gates.get(id).map_or(id.as_str(), String::as_str)
    }

    /// What people call the cameras that count into the zone.
    pub(crate) fn cameras_of(&self, zone: &ZoneId) -> Vec<&str> {
        let cameras = self.zone_cameras.get(zone).into_iter().flatten();
        cameras.map(|camera| self.camera(camera)).collect()
    }
}
