//! The junction's candidates against the crossings of the truth.

use super::{
    judge::{Score, counted, why_words},
    plan::DemoCamera,
    watch::Seen,
};
use crate::report::Expectation;
use domain::{Candidate, Timestamp};
use samples::{
    Truth,
    truth::{Expected, VehicleTruth},
};
use std::collections::BTreeSet;

/// A candidate belongs to the vehicle whose box it has, at least so much.
const IOU_MIN: f32 = 0.3;

/// Frames around the act in which the box is looked for: the act lies between two analysed frames.
const FRAMES_AROUND: i64 = 12;

/// Adds one expectation for each vehicle, and one for each candidate that belongs to none.
pub(super) fn judge(
    camera: &DemoCamera,
    truth: &Truth,
    base: Timestamp,
    seen: &Seen,
    expectations: &mut Vec<Expectation>,
) -> Score {
    let candidates: Vec<&Candidate> = seen
        .candidates
        .iter()
        .filter(|c| c.camera.as_str() == camera.id)
        .collect();
    let mut score = Score {
        done: candidates.len(),
        ..Score::default()
    };
    let mut explained = BTreeSet::new();
    for vehicle in &truth.header.vehicles {
        let own: Vec<&Candidate> = candidates
            .iter()
            .filter(|c| belongs(c, vehicle, truth, base))
            .copied()
            .collect();
        explained.extend(own.iter().map(|c| c.id));
        let is_violation = vehicle.expected == Expected::RedLight;
        let is_met = if is_violation {
            own.len() == 1
        } else {
            own.is_empty()
        };
        let mut is_plate_right = None;
        if is_violation {
            score.asked += 1;
            score.right += usize::from(!own.is_empty());
            is_plate_right = own.first().map(|candidate| {
                let vote = candidate.plate.as_ref().and_then(|vote| vote.plate());
                vote.is_some_and(|plate| plate.matches(&vehicle.plate.plate()))
            });
            score.plates += usize::from(is_plate_right.is_some());
            score.plates_exact += usize::from(is_plate_right == Some(true));
        }
        expectations.push(Expectation {
            camera: camera.id.to_owned(),
            subject: format!(
                "{} {} ({})",
                format!("{:?}", vehicle.class).to_lowercase(),
                vehicle.plate.plate().expose(),
                why_words(vehicle.why)
            ),
            expected: if is_violation {
                "become a candidate"
            } else {
                "not"
            }
            .to_owned(),
            happened: words(&own, vehicle, camera),
            is_met,
            is_forbidden: usize::from(is_violation) < own.len(),
            is_plate_right,
        });
    }
    for candidate in candidates.iter().filter(|c| !explained.contains(&c.id)) {
        expectations.push(Expectation {
            camera: camera.id.to_owned(),
            subject: format!("{:?} that is no vehicle of the truth", candidate.class),
            expected: "not become a candidate".to_owned(),
            happened: "became one".to_owned(),
            is_met: false,
            is_forbidden: true,
            is_plate_right: None,
        });
    }
    score
}

fn words(own: &[&Candidate], vehicle: &VehicleTruth, camera: &DemoCamera) -> String {
    let Some(candidate) = own.first() else {
        return "no candidate".to_owned();
    };
    let plate = candidate.plate.as_ref().and_then(|vote| vote.plate());
    let read = match plate {
        _ if !camera.reads_plates => "no model reads plates here".to_owned(),
        Some(plate) if plate.matches(&vehicle.plate.plate()) => "plate read exactly".to_owned(),
        Some(plate) => format!("plate read as {}", plate.expose()),
        None => "plate not read".to_owned(),
    };
    format!(
        "{}, {}, {read}",
        counted(own.len(), "candidate"),
        counted(candidate.evidence.len(), "still")
    )
}

fn belongs(candidate: &Candidate, vehicle: &VehicleTruth, truth: &Truth, base: Timestamp) -> bool {
    let fps = f64::from(truth.header.fps);
    let act = (candidate.act_at.since(base).as_secs_f64() * fps).round() as i64;
    let iou = |frame: i64| {
        let frame = usize::try_from(frame)
            .ok()
            .and_then(|n| truth.frames.get(n))?;
        let box_of = |id: u32| {
            frame
                .vehicles
                .iter()
                .find(|v| v.id == id)
                .map(|v| v.bounds_in_image())
        };
        Some(box_of(vehicle.id)?.iou(&candidate.bounds))
    };
    let own = best(act, &iou);
    let others = truth
        .header
        .vehicles
        .iter()
        .filter(|other| other.id != vehicle.id);
    let best_other = others
        .map(|other| {
            best(act, &|frame: i64| {
                let frame = usize::try_from(frame)
                    .ok()
                    .and_then(|n| truth.frames.get(n))?;
                let found = frame.vehicles.iter().find(|v| v.id == other.id)?;
                Some(found.bounds_in_image().iou(&candidate.bounds))
            })
        })
        .fold(0.0, f32::max);
    IOU_MIN <= own && best_other < own
}

fn best(act: i64, iou: &dyn Fn(i64) -> Option<f32>) -> f32 {
    (act - FRAMES_AROUND..=act + FRAMES_AROUND)
        .filter_map(iou)
        .fold(0.0, f32::max)
}
