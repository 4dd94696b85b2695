//! What a site has, as far as pages and figures need it: lanes and zones.

use crate::flow::{Entrance, FlowSource};
use domain::{CameraId, GateId, ZoneId};

/// The lanes and zones of a site, in the order of the site file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SitePlan {
    /// Its gates.
    pub lanes: Vec<LanePlan>,
    /// What they lead into and out of.
    pub zones: Vec<ZonePlan>,
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanePlan {
    /// Its id.
    pub gate: GateId,
    /// The camera that sees who comes.
    pub camera: CameraId,
    /// The zone that is left; nothing is outside the site.
    pub from: Option<ZoneId>,
    /// The zone that is entered; nothing is outside the site.
    pub to: Option<ZoneId>,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZonePlan {
    /// Its id.
    pub zone: ZoneId,
    /// What people call it.
    pub name: String,
    /// How many vehicles it holds.
    pub vehicles_max: Option<u32>,
    /// How many people it holds.
    pub people_max: Option<u32>,
}

impl SitePlan {
    /// The plan of a gate.
    pub fn lane(&self, gate: &GateId) -> Option<&LanePlan> {
        self.lanes.iter().find(|lane| lane.gate == *gate)
    }

    /// The plan of a zone.
    pub fn zone(&self, zone: &ZoneId) -> Option<&ZonePlan> {
        self.zones.iter().find(|plan| plan.zone == *zone)
    }

    /// Whether a gate leads into the zone or out of it.
    pub fn has_gate(&self, zone: &ZoneId) -> bool {
        let is_end = |end: &Option<ZoneId>| end.as_ref() == Some(zone);
        let mut lanes = self.lanes.iter();
        lanes.any(|lane| is_end(&lane.from) || is_end(&lane.to))
    }

    /// Whose crossings say how many are inside: the gates that lead there, as their own book does,
    /// and lines only where there is no gate.
    pub fn source_of(&self, zone: &ZoneId) -> FlowSource {
        if self.has_gate(zone) {
            FlowSource::Gate
        } else {
            FlowSource::Line
        }
    }

    /// Whether it is an entrance of its own: a line of a gate's camera at the gate's zone tells the
    /// gate who went through, and would count them twice.
    pub fn is_entrance(&self, entrance: &Entrance) -> bool {
        let Entrance::Line(camera, zone) = entrance else {
            return true;
        };
        let is_end = |end: &Option<ZoneId>| end.as_ref() == Some(zone);
        let is_gates =
            |lane: &LanePlan| lane.camera == *camera && (is_end(&lane.from) || is_end(&lane.to));
        !self.lanes.iter().any(is_gates)
    }
}
