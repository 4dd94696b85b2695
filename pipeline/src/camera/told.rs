//! What has been said about each sighting, and the words for it.

use crate::evidence::Still;
use domain::{
    BoxInImage, Class, Direction, EvidenceRole, Frame, LineCrossing, Plate, TrackId, ZoneId,
    geometry::Crossing,
};
use std::collections::BTreeMap;
use tracker::{ClassGroup, CountEvent, FaceSeen};
use wire::Count;

/// The frame that shows a vehicle best so far.
pub(super) struct Best {
    pub(super) frame: Frame,
    pub(super) bounds: BoxInImage,
}

impl Best {
    pub(super) fn into_still(self) -> Still {
        Still {
            role: EvidenceRole::Sighting,
            frame: self.frame,
            crop: Some(self.bounds.grown(0.08)),
        }
    }
}

/// What is known of a sighting that has not ended.
#[derive(Default)]
pub(super) struct Told {
    pub(super) track: Option<TrackId>,
    pub(super) is_decisive: bool,
    pub(super) plate: Option<Plate>,
    pub(super) best: Option<Best>,
}

/// The word on a picture; the drawing font has ASCII only.
pub(super) fn class_word(class: Class) -> &'static str {
    match class {
        Class::Person => "person",
        Class::Bicycle => "bicycle",
        Class::Car => "car",
        Class::Motorbike => "motorbike",
        Class::Bus => "bus",
        Class::Truck => "lorry",
        Class::Face => "face",
        Class::Plate => "plate",
    }
}

pub(super) fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| if c == 'Đ' { 'D' } else { c })
        .filter(char::is_ascii)
        .collect()
}

pub(super) fn face_label(face: &FaceSeen) -> String {
    let known = face.matches.iter().any(|found| found.is_same());
    let live = match face.observation.liveness {
        Some(liveness) => format!(" live {:.2}", liveness.score),
        None => String::new(),
    };
    format!("{}{live}", if known { "enrolled" } else { "unknown" })
}

/// The crossing as its sighting tells it.
pub(super) fn crossing(zone: &ZoneId, event: &CountEvent) -> LineCrossing {
    let is_in = event.direction == Crossing::LeftToRight;
    LineCrossing {
        zone: zone.clone(),
        direction: if is_in { Direction::In } else { Direction::Out },
        at: event.at,
    }
}

/// Adds one crossing. From the left of the line to its right is "in".
pub(super) fn add(total: &mut Count, event: &CountEvent) {
    let is_in = event.direction == Crossing::LeftToRight;
    let counter = match (event.group, is_in) {
        (ClassGroup::Person, true) => &mut total.people_in,
        (ClassGroup::Person, false) => &mut total.people_out,
        (_, true) => &mut total.vehicles_in,
        (_, false) => &mut total.vehicles_out,
    };
    *counter += 1;
}

/// The sums by name, for a report.
pub(super) fn as_counts(total: &Count) -> BTreeMap<String, u64> {
    [
        ("people in", total.people_in),
        ("people out", total.people_out),
        ("vehicles in", total.vehicles_in),
        ("vehicles out", total.vehicles_out),
    ]
    .map(|(name, n)| (format!("{} {name}", total.zone), n))
    .into()
}
