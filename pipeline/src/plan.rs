//! What one camera looks for, and where.

use crate::qr::QrPlan;
use domain::{
    BoxInImage, CameraId, Class, PointInImage, ZoneId,
    geometry::{LineInImage, polygon_contains},
};
use std::time::Duration;

/// What a camera looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    /// Cars, lorries, buses, motorbikes, bicycles.
    pub vehicles: bool,
    /// People.
    pub people: bool,
    /// Number plates.
    pub plates: bool,
    /// Faces of enrolled people.
    pub faces: bool,
}

/// A counting line, corners as shares of width and height.
#[derive(Clone, Debug)]
pub struct CountLine {
    /// The zone on its far side.
    pub zone: ZoneId,
    /// Start.
    pub from: [f32; 2],
    /// End.
    pub to: [f32; 2],
}

/// The stop line and the signal that governs it, as shares of width and height.
#[derive(Clone, Debug)]
pub struct StopLine {
    /// Start.
    pub from: [f32; 2],
    /// End.
    pub to: [f32; 2],
    /// Red counts after this long.
    pub grace: Duration,
    /// Boxes of the red, amber and green lamp: left, top, right, bottom.
    pub lamps: [[f32; 4]; 3],
}

/// All that is to be done with one camera's frames.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The camera.
    pub camera: CameraId,
    /// What is looked for.
    pub tasks: Tasks,
    /// Only what stands in this polygon counts; the whole picture when absent.
    pub region: Option<Vec<[f32; 2]>>,
    /// Whether still scenes are left out.
    pub motion_gate: bool,
    /// Whether the camera has a gate: its frames go first and pictures of vehicles are kept for the
    /// guard.
    pub is_gate: bool,
    /// Counting lines.
    pub lines: Vec<CountLine>,
    /// Stop line and signal.
    pub stop_line: Option<StopLine>,
    /// Reading QR codes; nothing where none are looked for.
    pub qr: Option<QrPlan>,
}

/// The plan in the pixels of one picture size.
pub(crate) struct PlanInImage {
    region: Option<Vec<PointInImage>>,
    pub(crate) bounds: BoxInImage,
    width: f32,
    height: f32,
}

impl PlanInImage {
    pub(crate) fn new(plan: &Plan, (width, height): (u32, u32)) -> Self {
        let (width, height) = (width as f32, height as f32);
        let region: Option<Vec<PointInImage>> = plan.region.as_ref().map(|corners| {
            corners
                .iter()
                .map(|c| PointInImage {
                    x: c[0] * width,
                    y: c[1] * height,
                })
                .collect()
        });
        let whole = BoxInImage::new(0.0, 0.0, width, height);
        let bounds = region
            .as_deref()
            .map_or(whole, |corners| hull(corners).intersection(&whole));
        Self {
            region,
            bounds,
            width,
            height,
        }
    }

    pub(crate) fn is_for(&self, size: (u32, u32)) -> bool {
        (self.width, self.height) == (size.0 as f32, size.1 as f32)
    }

    /// Whether the thing stands where it counts.
    pub(crate) fn has(&self, bounds: &BoxInImage) -> bool {
        let foot = bounds.foot();
        // A box that is cut by the lower edge of the picture stands on that edge.
        let foot = PointInImage {
            x: foot.x,
            y: foot.y.min(self.height - 1.0),
        };
        self.region
            .as_deref()
            .is_none_or(|region| polygon_contains(region, foot))
    }

    pub(crate) fn point(&self, share: [f32; 2]) -> PointInImage {
        PointInImage {
            x: share[0] * self.width,
            y: share[1] * self.height,
        }
    }

    pub(crate) fn line(&self, from: [f32; 2], to: [f32; 2]) -> LineInImage {
        LineInImage {
            from: self.point(from),
            to: self.point(to),
        }
    }

    pub(crate) fn area(&self, share: [f32; 4]) -> BoxInImage {
        BoxInImage::new(
            share[0] * self.width,
            share[1] * self.height,
            share[2] * self.width,
            share[3] * self.height,
        )
    }
}

fn hull(corners: &[PointInImage]) -> BoxInImage {
    let start = BoxInImage::new(f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    corners.iter().fold(start, |b, c| BoxInImage {
        x_min: b.x_min.min(c.x),
        y_min: b.y_min.min(c.y),
        x_max: b.x_max.max(c.x),
        y_max: b.y_max.max(c.y),
    })
}

impl Tasks {
    /// Whether the object detector runs at all.
    pub(crate) fn needs_objects(self) -> bool {
        self.vehicles || self.people
    }

    /// Whether a found object is wanted.
    pub(crate) fn wants(self, class: Class) -> bool {
        match class {
            Class::Person => self.people || self.vehicles,
            Class::Bicycle | Class::Car | Class::Motorbike | Class::Bus | Class::Truck => {
                self.vehicles
            }
            Class::Face | Class::Plate => false,
        }
    }

    /// Classes that sightings are made of. A rider is part of the motorbike unless people are
    /// wanted.
    pub(crate) fn sighting_classes(self) -> Vec<Class> {
        let mut classes = Vec::new();
        if self.people {
            classes.push(Class::Person);
        }
        if self.vehicles {
            classes.extend([
                Class::Bicycle,
                Class::Car,
                Class::Motorbike,
                Class::Bus,
                Class::Truck,
            ]);
        }
        classes
    }
}
