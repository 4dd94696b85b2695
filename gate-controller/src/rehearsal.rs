//! Thousands of passages through two real lanes in simulated time, with everything that goes wrong:
//! misread plates, messages that come twice, late or after those of other topics, a broker that is
//! away, clocks that are set, booms that jam or lose power, commands that somebody plays back.
//!
//! The lanes are the machine and the board that ship; only time, the network and the vehicles are
//! simulated. What is true is known, so that every opening and every count can be held against it.
//! One seed gives the same rehearsal everywhere.

use crate::{
    actuator::admission::Heard,
    simulator::barrier::{BarrierBoard, BarrierSettings, Said},
};
use domain::{
    AckResult, BoxInImage, CharRead, Class, CommandId, DeviceInput, DeviceNonce, GateCommand,
    GateId, GateState, Movement, PassageId, Plate, PlateColour, PlateVote, RawReads, Registration,
    RowRead, Sighting, SightingId, SightingPhase, Timestamp, TrackId, ZoneId,
};
use policy::{
    Confirm, Factor, GateInput, GateOutput, IdSource as _, Lane, ListRegistry, OPEN_WITHIN_MAX,
    PassageMachine, Policy, Route, SeededIds,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

mod faults;
mod parts;
mod world;

pub use faults::Faults;

/// What a rehearsal has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearsalReport {
    /// Vehicles that came to a lane.
    pub n_vehicles: usize,
    /// Of these, registered ones.
    pub n_registered: usize,
    /// Registered ones that went through on their own grant.
    pub n_served: usize,
    /// Passages that the gates opened.
    pub n_passages: usize,
    /// Passages that never ended.
    pub n_unended: usize,
    /// Times that the boom went up for a vehicle that is not registered, or for no vehicle at all.
    pub n_false_openings: usize,
    /// Times that the boom began to go up later after the newest frame than may be
    /// ([`OPEN_WITHIN_MAX`], and what the clocks were apart).
    pub n_stale_openings: usize,
    /// Commands that the devices obeyed.
    pub n_obeyed: usize,
    /// Commands that were obeyed twice.
    pub n_obeyed_twice: usize,
    /// Commands that were played back or came too late, and were refused.
    pub n_refused: usize,
    /// Vehicles that went through.
    pub n_crossings: usize,
    /// Movements that the gates told.
    pub n_movements: usize,
    /// Vehicles inside at the end, in truth.
    pub n_inside: i64,
    /// Vehicles inside at the end, as each gate counts.
    pub n_counted: [i64; 2],
    /// Misread plates.
    pub n_misread: usize,
    /// Messages that came twice.
    pub n_doubled: usize,
    /// Faults: jams, power cuts, clocks that were set, times that the broker was away.
    pub n_faults: usize,
}

impl RehearsalReport {
    /// Whether nothing went wrong that must not.
    pub fn is_safe(&self) -> bool {
        self.n_false_openings == 0
            && self.n_stale_openings == 0
            && self.n_obeyed_twice == 0
            && self.n_unended == 0
            && self.n_movements == self.n_crossings
            && self.n_counted == [self.n_inside; 2]
    }
}

/// Lets so many vehicles come. Half of the lanes' traffic goes in, half comes out.
pub fn rehearse(seed: u64, n_vehicles: usize, faults: &Faults) -> RehearsalReport {
    world::World::new(seed, n_vehicles, *faults).run()
}

const YARD: &str = "yard";
const N_REGISTERED: u32 = 1_000;

fn zone() -> ZoneId {
    YARD.parse().expect("it is a slug")
}

/// Plates of the list differ in two digits or more, for the last two are sums of the others: no
/// misread character makes one of another.
fn registered_plate(n: u32) -> String {
    let [a, b, c] = [n / 100 % 10, n / 10 % 10, n % 10];
    let (sum, weighed) = ((a + b + c) % 10, (a + 2 * b + 3 * c) % 10);
    format!("51G-{a}{b}{c}.{sum}{weighed}")
}

fn stranger_plate(n: u32) -> String {
    format!("30F-{:03}.{:02}", 100 + n % 900, n % 97)
}

fn list() -> ListRegistry {
    let entries = (0..N_REGISTERED).map(|n| Registration {
        plate: Plate::parse(&registered_plate(n)).ok(),
        ..Registration::allow()
    });
    ListRegistry::new(entries.collect(), Timestamp::EPOCH)
}

/// A vehicle with its intentions.
#[derive(Clone, Debug)]
struct Vehicle {
    id: u32,
    plate: String,
    is_registered: bool,
    /// It goes through behind another, whatever the gate says.
    is_tailgater: bool,
    /// It is let in and turns back.
    turns_back: bool,
    misreading: Option<Misreading>,
}

/// How a plate is misread.
#[derive(Clone, Debug)]
struct Misreading {
    place: usize,
    shown: char,
    /// The reader is sure of it; then it is no listed plate.
    is_sure: bool,
}

fn vote(vehicle: &Vehicle) -> PlateVote {
    let text: Vec<char> = vehicle
        .plate
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let char_read = |(place, truth): (usize, &char)| match &vehicle.misreading {
        Some(wrong) if wrong.place == place && wrong.is_sure => CharRead {
            best: wrong.shown,
            score: 0.97,
            alternatives: Vec::new(),
        },
        Some(wrong) if wrong.place == place => CharRead {
            best: wrong.shown,
            score: 0.6,
            alternatives: vec![(*truth, 0.38)],
        },
        _ => CharRead {
            best: *truth,
            score: 0.99,
            alternatives: Vec::new(),
        },
    };
    PlateVote {
        rows: vec![RowRead {
            chars: text.iter().enumerate().map(char_read).collect(),
        }],
        colour: PlateColour::White,
        n_reads: 6,
        n_agreeing: 5,
    }
}

fn sighting(vehicle: &Vehicle, lane: usize, at: Timestamp, told: (u32, bool)) -> Sighting {
    let (revision, is_last) = told;
    let is_read = 0 < revision;
    let is_doubtful = vehicle
        .misreading
        .as_ref()
        .is_some_and(|wrong| !wrong.is_sure);
    Sighting {
        id: SightingId(u128::from(vehicle.id) * 2 + lane as u128 + 1),
        revision,
        phase: match (revision, is_last) {
            (0, _) => SightingPhase::New,
            (_, true) => SightingPhase::Final,
            (_, false) => SightingPhase::Update,
        },
        camera: "lane".parse().expect("it is a slug"),
        track: TrackId(u64::from(vehicle.id)),
        class: Class::Car,
        first_seen_at: at,
        last_seen_at: at,
        bounds: BoxInImage::new(100.0, 100.0, 500.0, 400.0),
        is_plate_decisive: is_read && !is_doubtful,
        is_face_decisive: false,
        plate: is_read.then(|| vote(vehicle)),
        raw_reads: RawReads::default(),
        face: None,
        picture: None,
        crossings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_passages_with_everything_that_goes_wrong() {
        let report = rehearse(1, 10_000, &Faults::usual());
        assert!(report.is_safe(), "{report:#?}");
        assert_eq!(report.n_vehicles, 10_000);
        assert!(report.n_vehicles <= report.n_passages, "{report:#?}");
        assert!(
            300 < report.n_misread && 300 < report.n_doubled,
            "{report:#?}"
        );
        assert!(
            100 < report.n_faults && 100 < report.n_refused,
            "{report:#?}"
        );
        // A gate that opens for nobody would be safe, too.
        assert!(
            report.n_registered * 8 / 10 < report.n_served,
            "{report:#?}"
        );
    }

    #[test]
    fn without_faults_everybody_is_served_and_equal_seeds_are_equal() {
        let report = rehearse(2, 500, &Faults::none());
        assert!(report.is_safe(), "{report:#?}");
        assert_eq!(
            (report.n_misread, report.n_faults, report.n_refused),
            (0, 0, 0)
        );
        assert_eq!(report, rehearse(2, 500, &Faults::none()));
        assert_eq!(report.n_served, report.n_registered, "{report:#?}");
    }

    #[test]
    fn no_two_listed_plates_are_one_character_apart() {
        let all: BTreeSet<String> = (0..N_REGISTERED).map(registered_plate).collect();
        assert_eq!(all.len(), N_REGISTERED as usize);
        for a in &all {
            for b in all.iter().filter(|b| *b != a) {
                let n_apart = a.chars().zip(b.chars()).filter(|(x, y)| x != y).count();
                assert!(2 <= n_apart, "{a} {b}");
            }
        }
    }
}
