//! The numbers that a site sets.

use domain::{Timestamp, ZoneId, plate::PLATE_SCORE_MIN};
use std::time::Duration;

/// Shortest life of a command: a slow radio link still gets it through.
pub const GRANT_TTL_MIN: Duration = Duration::from_secs(2);

/// Longest life of a command: a late open is worse than none.
pub const GRANT_TTL_MAX: Duration = Duration::from_secs(5);

/// From the newest frame that was judged to the last moment at which the barrier may begin to
/// open: the vehicle that was seen must still be the one that stands there.
pub const OPEN_WITHIN_MAX: Duration = Duration::from_secs(5);

/// What kind of identity a lane asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// The number plate.
    Plate,
    /// The face of an enrolled person.
    Face,
    /// A pass that this site signed.
    Pass,
    /// None: whoever is seen is let through, and counted.
    Anyone,
}

/// Where a lane leads: nothing is outside the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The zone that is left.
    pub from: Option<ZoneId>,
    /// The zone that is entered.
    pub to: Option<ZoneId>,
}

impl Route {
    /// Whether it leads out of the site. A lane of which nothing is known does not.
    pub fn leads_out(&self) -> bool {
        self.from.is_some() && self.to.is_none()
    }
}

/// What is done about somebody who enters a zone and is inside already, by what is known
/// (IEC 60839-11-1, anti-passback).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AntiPassback {
    /// Nothing.
    #[default]
    Off,
    /// Let in, with an alarm.
    Soft,
    /// The guard is asked.
    Hard,
    /// The guard is asked for so long after the last entry; later it was an exit that nobody saw.
    Timed(Duration),
}

/// How many a zone holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Vehicles.
    pub vehicles: Option<u32>,
    /// People.
    pub people: Option<u32>,
}

/// The rules of one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Stamped on every verdict; a change of any rule changes it.
    pub version: u64,
    /// What the lane asks for.
    pub factor: Factor,
    /// What it asks for besides.
    pub second: Option<Factor>,
    /// How long before the verdict the second may have been shown.
    pub second_within: Duration,
    /// Where the lane leads.
    pub route: Route,
    /// What is done about somebody who is inside already.
    pub anti_passback: AntiPassback,
    /// An entry that is longer ago than this is forgotten: somebody left and nobody saw it.
    pub inside_forgotten_after: Duration,
    /// How many the zone holds that the lane leads into.
    pub capacity: Capacity,
    /// Least score of the weakest character of a plate that may be believed.
    pub plate_score_min: f32,
    /// Any other character with this score, at any place, is a plausible reading too.
    pub rival_score_min: f32,
    /// How far, in similarity, the second person must stay below the first.
    pub face_margin_min: f32,
    /// Whether a face that liveness was not asked about is refused.
    pub is_liveness_required: bool,
    /// How many frames must agree on the plate or the person.
    pub agreeing_min: u32,
    /// Which share of a face's views must agree on the person: two chance matches among many views
    /// of a stranger, or a picture held up after them, are no agreement.
    pub face_agreeing_share_min: f32,
    /// A list older than this grants nothing.
    pub registry_age_max: Duration,
    /// A sighting whose newest frame is older than this is not acted on. With `grant_ttl` it
    /// makes [`OPEN_WITHIN_MAX`].
    pub late_after: Duration,
    /// How far ahead of us a camera's or a list's clock may run before we distrust it.
    pub clock_tolerance: Duration,
    /// How long a command lives; held between [`GRANT_TTL_MIN`] and [`GRANT_TTL_MAX`].
    pub grant_ttl: Duration,
    /// The site's own time, minutes east of UTC; Viet Nam has had 420 all year round since 1975.
    pub utc_offset_minutes: i32,
}

impl Policy {
    /// The rules that a lane has when its configuration says nothing.
    pub fn for_factor(version: u64, factor: Factor) -> Self {
        Self {
            version,
            factor,
            second: None,
            second_within: Duration::from_secs(60),
            route: Route::default(),
            anti_passback: AntiPassback::Off,
            inside_forgotten_after: Duration::from_secs(24 * 3600),
            capacity: Capacity::default(),
            plate_score_min: PLATE_SCORE_MIN,
            // What is left of the votes where the tracker calls a plate decisive at all: 0.8.
            rival_score_min: 0.2,
            face_margin_min: 0.05,
            is_liveness_required: true,
            agreeing_min: 2,
            face_agreeing_share_min: 0.6,
            registry_age_max: Duration::from_secs(24 * 3600),
            late_after: Duration::from_secs(2),
            clock_tolerance: Duration::from_secs(2),
            grant_ttl: Duration::from_secs(3),
            utc_offset_minutes: 420,
        }
    }

    /// When a command that is issued now expires.
    pub fn expiry(&self, issued_at: Timestamp) -> Timestamp {
        issued_at.saturating_add(self.grant_ttl.clamp(GRANT_TTL_MIN, GRANT_TTL_MAX))
    }

    /// When a command expires that is issued now for what was seen then: a frame that took its
    /// time leaves the command less, as long as that is not under [`GRANT_TTL_MIN`].
    pub fn expiry_for(&self, issued_at: Timestamp, captured_at: Timestamp) -> Timestamp {
        let latest = captured_at.saturating_add(OPEN_WITHIN_MAX);
        let earliest = issued_at.saturating_add(GRANT_TTL_MIN);
        self.expiry(issued_at).min(latest.max(earliest))
    }
}
