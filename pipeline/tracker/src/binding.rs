//! Which vehicle a plate belongs to, and which person a face.

use crate::ClassGroup;
use domain::{BoxInImage, Class};

/// A thing that may carry plates or faces, in the current frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrier {
    pub(crate) subject: u64,
    pub(crate) class: Class,
    pub(crate) bounds: BoxInImage,
}

/// What may carry the faces of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaceCarriers {
    People,
    PeopleAndVehicles,
}

/// A plate may stand out from its vehicle's box by this share of the box: detectors cut boxes
/// short.
const MARGIN: f32 = 0.05;

/// The vehicle whose box contains the plate's centre.
///
/// Among several it is the one with the smallest box, in which the plate sits lowest and most in
/// the middle: a motorbike in front of a lorry lies inside the lorry's box, not the other way
/// round. Ties go to the older one.
pub(crate) fn vehicle_of_plate(plate: &BoxInImage, carriers: &[Carrier]) -> Option<u64> {
    let holds = |c: &&Carrier| {
        ClassGroup::of(c.class).is_vehicle()
            && c.bounds.grown(MARGIN).contains(plate.centre())
            && plate.width() <= 1.1 * c.bounds.width()
    };
    let holding: Vec<&Carrier> = carriers.iter().filter(holds).collect();
    let largest = largest_area(&holding);
    least(&holding, |c| {
        let (across, down) = place_in(plate, &c.bounds);
        c.bounds.area() / largest + 0.5 * across + 0.5 * (1.0 - down)
    })
}

/// The person in the upper part of whose box the face lies, the smallest box first; or else a
/// vehicle around it.
pub(crate) fn carrier_of_face(
    face: &BoxInImage,
    carriers: &[Carrier],
    wanted: FaceCarriers,
) -> Option<u64> {
    let people: Vec<&Carrier> = carriers
        .iter()
        .filter(|c| {
            c.class == Class::Person
                && c.bounds.grown(MARGIN).contains(face.centre())
                && place_in(face, &c.bounds).1 <= 0.5
        })
        .collect();
    let largest = largest_area(&people);
    let person = least(&people, |c| {
        let (across, down) = place_in(face, &c.bounds);
        c.bounds.area() / largest + 0.5 * across + 0.5 * down
    });
    if person.is_some() || wanted == FaceCarriers::People {
        return person;
    }
    let vehicles: Vec<&Carrier> = carriers
        .iter()
        .filter(|c| ClassGroup::of(c.class).is_vehicle() && c.bounds.contains(face.centre()))
        .collect();
    least(&vehicles, |c| c.bounds.area())
}

/// How far from the middle (0) to a side (1), and how far from the top (0) to the bottom (1).
fn place_in(part: &BoxInImage, whole: &BoxInImage) -> (f32, f32) {
    let (p, w) = (part.centre(), whole.centre());
    let across = (p.x - w.x).abs() / (whole.width() / 2.0).max(1.0);
    let down = (p.y - whole.y_min) / whole.height().max(1.0);
    (across.min(1.0), down.clamp(0.0, 1.0))
}

fn largest_area(carriers: &[&Carrier]) -> f32 {
    let areas = carriers.iter().map(|c| c.bounds.area());
    areas.fold(1.0, f32::max)
}

fn least(carriers: &[&Carrier], cost: impl Fn(&Carrier) -> f32) -> Option<u64> {
    let costs = carriers.iter().map(|c| (cost(c), c.subject));
    let best = costs.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    best.map(|(_, subject)| subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrier(subject: u64, class: Class, corners: [f32; 4]) -> Carrier {
        let [x_min, y_min, x_max, y_max] = corners;
        Carrier {
            subject,
            class,
            bounds: BoxInImage::new(x_min, y_min, x_max, y_max),
        }
    }

    #[test]
    fn a_motorbike_in_front_of_a_lorry_has_its_own_plate() {
        let street = [
            carrier(1, Class::Truck, [0., 0., 400., 400.]),
            carrier(2, Class::Motorbike, [150., 220., 230., 390.]),
            carrier(3, Class::Person, [150., 220., 230., 390.]),
        ];
        let plate = BoxInImage::new(175., 350., 205., 370.);
        assert_eq!(vehicle_of_plate(&plate, &street), Some(2));
        let lorry_plate = BoxInImage::new(300., 360., 360., 375.);
        assert_eq!(vehicle_of_plate(&lorry_plate, &street), Some(1));
        let nowhere = BoxInImage::new(600., 360., 660., 375.);
        assert_eq!(vehicle_of_plate(&nowhere, &street), None);
    }

    #[test]
    fn a_face_belongs_to_the_head_end_of_a_person() {
        let door = [
            carrier(1, Class::Person, [0., 0., 200., 500.]),
            carrier(2, Class::Person, [20., 200., 180., 500.]),
            carrier(3, Class::Car, [0., 0., 600., 600.]),
        ];
        let people = FaceCarriers::People;
        let low = BoxInImage::new(80., 220., 120., 260.);
        let high = BoxInImage::new(80., 20., 120., 60.);
        let beside = BoxInImage::new(400., 220., 440., 260.);
        assert_eq!(carrier_of_face(&low, &door, people), Some(2));
        assert_eq!(carrier_of_face(&high, &door, people), Some(1));
        assert_eq!(carrier_of_face(&beside, &door, people), None);
        let all = FaceCarriers::PeopleAndVehicles;
        assert_eq!(carrier_of_face(&beside, &door, all), Some(3));
    }
}
