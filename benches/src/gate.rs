//! What a gate's decision costs, and what two lanes do when everything goes wrong.

mod latency;

pub use latency::{Latency, STEPS, latency};

use crate::{clock, faces::Failure};
use domain::{
    BoxInImage, CharRead, Class, GateId, Plate, PlateColour, PlateVote, RawReads, Registration,
    RowRead, Sighting, SightingId, SightingPhase, SiteMode, Timestamp, TrackId,
};
use gate_controller::{Faults, RehearsalReport, rehearse};
use policy::{Circumstances, Evidence, Factor, ListRegistry, Policy, Question, ZoneBook, decide};

/// Vehicles on the list.
pub const N_LISTED: u32 = 50_000;

/// Decisions that are timed.
const N_DECISIONS: u32 = 40_000;

/// Vehicles of one rehearsal.
pub const N_VEHICLES: usize = 10_000;

/// How long one decision takes, look-alikes looked for where the plate is not listed.
#[derive(Clone, Copy, Debug)]
pub struct PolicyCost {
    /// Half take less, in microseconds.
    pub p50_us: f64,
    /// One in a hundred takes longer.
    pub p99_us: f64,
    /// How many were granted, to show that they were decided.
    pub n_granted: usize,
    /// How many were referred.
    pub n_referred: usize,
}

/// The n-th plate of a list of cars: province, letter and five digits.
fn text(n: u32) -> String {
    let letter = char::from(b"ABCDEFGHKLMNPSTUVXYZ"[(n / 100_000 % 20) as usize]);
    format!(
        "{}{letter}-{:03}.{:02}",
        29 + n % 7,
        n / 100 % 1000,
        n % 100
    )
}

fn sighting(n: u32, at: Timestamp) -> Result<Sighting, Failure> {
    let plate = Plate::parse(&text(n)).map_err(|error| error.to_string())?;
    let char_read = |best| CharRead {
        best,
        score: 0.99,
        alternatives: Vec::new(),
    };
    let row = |row: &String| RowRead {
        chars: row.chars().map(char_read).collect(),
    };
    Ok(Sighting {
        id: SightingId(u128::from(n)),
        revision: 1,
        phase: SightingPhase::Update,
        camera: "lane".parse()?,
        track: TrackId(u64::from(n)),
        class: Class::Car,
        first_seen_at: at,
        last_seen_at: at,
        bounds: BoxInImage::new(100.0, 100.0, 500.0, 400.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        plate: Some(PlateVote {
            rows: plate.rows().iter().map(row).collect(),
            colour: PlateColour::White,
            n_reads: 6,
            n_agreeing: 6,
        }),
        raw_reads: RawReads::default(),
        face: None,
        picture: None,
        crossings: Vec::new(),
    })
}

/// Times decisions about listed and unlisted vehicles in turn, in the time that this thread worked.
pub fn policy_cost() -> Result<PolicyCost, Failure> {
    let at = Timestamp::from_millis(1_795_246_370_000);
    let entries = (0..N_LISTED).map(|n| Registration {
        // Every other number: half of the vehicles that come are not on the list.
        plate: Plate::parse(&text(n * 2)).ok(),
        ..Registration::allow()
    });
    let registry = ListRegistry::new(entries.collect(), at);
    let (policy, gate) = (
        Policy::for_factor(1, Factor::Plate),
        "lane".parse::<GateId>()?,
    );
    let book = ZoneBook::default();
    let (mut times, mut n_granted) = (Vec::new(), 0);
    for n in 0..N_DECISIONS {
        // A factor without a divisor in common with the list's length visits all of it.
        let sighting = sighting(n.wrapping_mul(7_919) % (N_LISTED * 2), at)?;
        let question = Question {
            policy: &policy,
            gate: &gate,
            registry: &registry,
            evidence: Evidence::of(&sighting),
            circumstances: Circumstances {
                mode: SiteMode::Normal,
                book: &book,
                n_underway: [0, 0],
                passes_underway: &[],
                is_interlock_free: true,
            },
            now: at,
        };
        let before = clock::worked_ms();
        let decision = decide(&question);
        times.push((clock::worked_ms() - before) * 1e3);
        n_granted += usize::from(decision.outcome == domain::Outcome::Grant);
    }
    times.sort_by(f64::total_cmp);
    let share = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Ok(PolicyCost {
        p50_us: share(0.5),
        p99_us: share(0.99),
        n_granted,
        n_referred: times.len() - n_granted,
    })
}

/// Ten thousand passages with everything that goes wrong.
pub fn rehearsal(seed: u64) -> RehearsalReport {
    rehearse(seed, N_VEHICLES, &Faults::usual())
}
