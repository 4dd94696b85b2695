//! One box for one thing: riders joined with what they ride, and double boxes of one vehicle
//! removed.

use domain::{BoxInImage, Class, Detection};

/// Classes that a detector confuses from frame to frame; a track may change within its group, never
/// across.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassGroup {
    /// People on foot.
    Person,
    /// Bicycles and motorbikes, with their riders.
    TwoWheel,
    /// Cars, buses and lorries.
    FourWheel,
    /// Faces.
    Face,
    /// Plates.
    Plate,
}

impl ClassGroup {
    /// The group of a class.
    pub fn of(class: Class) -> Self {
        match class {
            Class::Person => Self::Person,
            Class::Bicycle | Class::Motorbike => Self::TwoWheel,
            Class::Car | Class::Bus | Class::Truck => Self::FourWheel,
            Class::Face => Self::Face,
            Class::Plate => Self::Plate,
        }
    }

    /// Whether it is something that is driven or ridden.
    pub fn is_vehicle(self) -> bool {
        matches!(self, Self::TwoWheel | Self::FourWheel)
    }
}

/// Boxes of different classes that overlap more than this are one vehicle seen twice.
const DUPLICATE_IOU: f32 = 0.6;
/// The same for boxes of one class, which the detector has already thinned out.
const DUPLICATE_IOU_SAME_CLASS: f32 = 0.8;
/// A box that lies within another one by so much, is not much narrower and stands on the same
/// ground shows the lower part of the same vehicle. What is nearer stands lower in the picture.
const PART_INSIDE_MIN: f32 = 0.9;
/// Share of the whole vehicle's width; of a part that is surer than the whole, and so may be a car
/// before it where the picture's edge cuts both.
const PART_WIDTH_MIN: f32 = 0.65;
const SURE_PART_WIDTH_MIN: f32 = 0.8;
/// Share of the whole vehicle's height.
const PART_FEET_APART_MAX: f32 = 0.06;
/// Share of the whole vehicle's height; beyond, both are the whole, and the surer one is kept.
const PART_HEIGHT_MAX: f32 = 0.75;
/// A whole is at least this share as sure as its part; a weak box around a sure one is a chance.
const WHOLE_SCORE_MIN: f32 = 0.5;
/// Nobody carries more on one motorbike that a detector still tells apart.
const RIDERS_MAX: usize = 4;

/// A detection and its place in the caller's list.
#[derive(Clone, Debug)]
pub(crate) struct Indexed {
    pub(crate) index: usize,
    pub(crate) detection: Detection,
}

/// Joins the boxes of riders with the box of what they ride.
///
/// A person who sits on a motorbike or bicycle (the box stands over its middle, ends within it, and
/// is of its scale) is removed and the ride's box becomes the union of both: `Motorbike` means
/// "with its rider". Each person joins one ride, the one that covers the most of the person, and a
/// ride takes at most four. Someone who pushes a bicycle or stands right behind a parked motorbike
/// is taken for a rider in that frame.
pub fn merge_riders(detections: Vec<Detection>) -> Vec<Detection> {
    plain(riders(indexed(detections)))
}

/// Removes one of two boxes that show one vehicle: the weaker one of a car that is also a truck and
/// of an overlap that NMS left over, and the lower part of a lorry beside the whole of it.
///
/// People, faces and plates are left alone: two people do overlap that much.
pub fn merge_duplicates(detections: Vec<Detection>) -> Vec<Detection> {
    plain(duplicates(indexed(detections)))
}

pub(crate) fn riders(detections: Vec<Indexed>) -> Vec<Indexed> {
    let rides: Vec<(usize, BoxInImage)> = detections
        .iter()
        .enumerate()
        .filter(|(_, d)| ClassGroup::of(d.detection.class) == ClassGroup::TwoWheel)
        .map(|(place, d)| (place, d.detection.bounds))
        .collect();
    let mut n_riders = vec![0_usize; detections.len()];
    let mut unions: Vec<BoxInImage> = detections.iter().map(|d| d.detection.bounds).collect();
    let mut is_rider = vec![false; detections.len()];
    for (place, person) in detections.iter().enumerate() {
        if person.detection.class != Class::Person {
            continue;
        }
        let bounds = person.detection.bounds;
        let mut best: Option<(usize, f32)> = None;
        for (ride, ride_bounds) in &rides {
            let share = bounds.share_inside(ride_bounds);
            let is_better = best.is_none_or(|(_, most)| most < share);
            if n_riders[*ride] < RIDERS_MAX && is_riding(&bounds, ride_bounds) && is_better {
                best = Some((*ride, share));
            }
        }
        if let Some((ride, _)) = best {
            n_riders[ride] += 1;
            unions[ride] = unions[ride].union(&bounds);
            is_rider[place] = true;
        }
    }
    let mut kept = Vec::with_capacity(detections.len());
    for (place, mut d) in detections.into_iter().enumerate() {
        if !is_rider[place] {
            d.detection.bounds = unions[place];
            kept.push(d);
        }
    }
    kept
}

pub(crate) fn duplicates(mut detections: Vec<Indexed>) -> Vec<Indexed> {
    let all: Vec<Detection> = detections.iter().map(|d| d.detection.clone()).collect();
    detections.retain(|d| !all.iter().any(|whole| is_lower_part(&d.detection, whole)));
    for whole in &mut detections {
        let parts = all
            .iter()
            .filter(|part| is_lower_part(part, &whole.detection));
        let surest = parts.map(|part| part.score).fold(0.0, f32::max);
        whole.detection.score = whole.detection.score.max(surest);
    }
    detections.sort_by(|a, b| {
        let by_score = b.detection.score.total_cmp(&a.detection.score);
        by_score.then(a.index.cmp(&b.index))
    });
    let mut kept: Vec<Indexed> = Vec::with_capacity(detections.len());
    for d in detections {
        if !kept
            .iter()
            .any(|k| is_duplicate(&k.detection, &d.detection))
        {
            kept.push(d);
        }
    }
    kept.sort_by_key(|d| d.index);
    kept
}

fn is_duplicate(a: &Detection, b: &Detection) -> bool {
    let group = ClassGroup::of(a.class);
    let iou_max = if a.class == b.class {
        DUPLICATE_IOU_SAME_CLASS
    } else {
        DUPLICATE_IOU
    };
    group.is_vehicle() && group == ClassGroup::of(b.class) && iou_max < a.bounds.iou(&b.bounds)
}

/// Whether both stand on the same four wheels, and one shows less of what stands there.
fn is_lower_part(part: &Detection, whole: &Detection) -> bool {
    let is_four_wheel = |d: &Detection| ClassGroup::of(d.class) == ClassGroup::FourWheel;
    let (p, w) = (&part.bounds, &whole.bounds);
    let width_min = if part.score <= whole.score {
        PART_WIDTH_MIN
    } else {
        SURE_PART_WIDTH_MIN
    };
    is_four_wheel(part)
        && is_four_wheel(whole)
        && WHOLE_SCORE_MIN * part.score <= whole.score
        && p.height() <= PART_HEIGHT_MAX * w.height()
        && PART_INSIDE_MIN <= p.share_inside(w)
        && width_min * w.width() <= p.width()
        && (p.y_max - w.y_max).abs() <= PART_FEET_APART_MAX * w.height()
}

fn is_riding(person: &BoxInImage, ride: &BoxInImage) -> bool {
    let (person_mid, ride_mid) = (person.centre(), ride.centre());
    let is_over = (person_mid.x - ride_mid.x).abs() <= 0.5 * ride.width().max(person.width());
    let is_seated = person.y_min <= ride_mid.y
        && ride_mid.y <= person.y_max
        && person.y_max <= ride.y_max + 0.15 * ride.height();
    let is_of_scale =
        person.height() <= 2.2 * ride.height() && 0.35 * ride.height() <= person.height();
    is_over && is_seated && is_of_scale && 0.3 <= person.share_inside(ride)
}

fn indexed(detections: Vec<Detection>) -> Vec<Indexed> {
    let numbered = detections.into_iter().enumerate();
    numbered
        .map(|(index, detection)| Indexed { index, detection })
        .collect()
}

fn plain(detections: Vec<Indexed>) -> Vec<Detection> {
    detections.into_iter().map(|d| d.detection).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(class: Class, corners: [f32; 4], score: f32) -> Detection {
        let [x_min, y_min, x_max, y_max] = corners;
        Detection {
            class,
            bounds: BoxInImage::new(x_min, y_min, x_max, y_max),
            score,
        }
    }

    #[test]
    fn a_rider_and_a_passenger_become_one_box_with_the_motorbike() {
        let merged = merge_riders(vec![
            seen(Class::Person, [105., 40., 145., 170.], 0.9),
            seen(Class::Motorbike, [100., 100., 150., 200.], 0.8),
            seen(Class::Person, [110., 50., 140., 160.], 0.5),
            seen(Class::Person, [300., 40., 340., 200.], 0.9),
        ]);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].class, Class::Motorbike);
        assert_eq!(merged[0].bounds, BoxInImage::new(100., 40., 150., 200.));
        assert_eq!(merged[1].class, Class::Person);
    }

    #[test]
    fn a_pedestrian_beside_or_in_front_of_a_motorbike_stays() {
        let beside = seen(Class::Person, [160., 60., 200., 205.], 0.9);
        let in_front = seen(Class::Person, [100., 60., 150., 320.], 0.9);
        let ride = seen(Class::Motorbike, [100., 100., 150., 200.], 0.8);
        assert_eq!(merge_riders(vec![ride.clone(), beside]).len(), 2);
        assert_eq!(merge_riders(vec![ride, in_front]).len(), 2);
    }

    #[test]
    fn the_lower_part_of_a_lorry_is_no_vehicle_of_its_own_and_a_car_before_it_is() {
        let whole = seen(Class::Truck, [344., 1., 821., 508.], 0.5);
        let part = seen(Class::Truck, [351., 344., 800., 507.], 0.8);
        let merged = merge_duplicates(vec![part.clone(), whole.clone()]);
        let surer = seen(Class::Truck, [344., 1., 821., 508.], 0.8);
        assert_eq!(merged, [surer]);
        // With a part of the next vehicle or of the barrier in its box.
        let wide = seen(Class::Truck, [394., 0., 1269., 645.], 0.67);
        let part_of_it = seen(Class::Truck, [410., 426., 1074., 637.], 0.3);
        let merged = merge_duplicates(vec![wide.clone(), part_of_it]);
        assert_eq!(merged, [wide]);
        let chance = seen(Class::Truck, [344., 1., 821., 508.], 0.15);
        assert_eq!(merge_duplicates(vec![part.clone(), chance]).len(), 2);
        // Both are cut by the picture's edge.
        let lorry = seen(Class::Truck, [300., 0., 900., 720.], 0.6);
        let car = seen(Class::Car, [390., 400., 810., 720.], 0.9);
        assert_eq!(merge_duplicates(vec![lorry, car]).len(), 2);
        for other in [
            // Nearer, narrower, or up on the loading area.
            seen(Class::Car, [351., 344., 800., 560.], 0.8),
            seen(Class::Car, [400., 344., 700., 507.], 0.8),
            seen(Class::Car, [351., 10., 800., 200.], 0.8),
        ] {
            assert_eq!(merge_duplicates(vec![whole.clone(), other]).len(), 2);
        }
    }

    #[test]
    fn a_car_that_is_also_a_truck_is_one_vehicle() {
        let merged = merge_duplicates(vec![
            seen(Class::Truck, [0., 0., 100., 100.], 0.6),
            seen(Class::Car, [2., 2., 100., 100.], 0.9),
            seen(Class::Car, [60., 0., 160., 100.], 0.7),
            seen(Class::Person, [0., 0., 100., 100.], 0.6),
            seen(Class::Person, [1., 0., 100., 100.], 0.6),
        ]);
        let classes: Vec<Class> = merged.iter().map(|d| d.class).collect();
        assert_eq!(
            classes,
            [Class::Car, Class::Car, Class::Person, Class::Person]
        );
    }
}
