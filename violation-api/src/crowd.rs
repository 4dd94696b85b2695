//! How crowded zones are: levels that do not flicker.

use crate::{
    app::App,
    flow::FlowSource,
    http::problem::chain,
    plan::ZonePlan,
    store::{CrowdChange, CrowdRow, InsideRow, StoreError},
};
use domain::{Timestamp, ZoneId};

/// A level is left only when so much of the capacity has become free again below it, and always
/// more than one person or vehicle.
const BACK_SHARE: f64 = 0.05;
const BACK_STEPS: f64 = 1.5;

/// How full a zone is, as shares of its capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fullness {
    /// What is inside.
    pub share: f64,
    /// One person or vehicle.
    pub one: f64,
}

/// How full a zone is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrowdLevel {
    /// There is room.
    Calm,
    /// Many are there.
    Busy,
    /// Somebody should look.
    Crowded,
    /// It holds no more.
    Full,
}

impl CrowdLevel {
    pub(crate) const ALL: [Self; 4] = [Self::Calm, Self::Busy, Self::Crowded, Self::Full];

    /// The stable text, in kebab-case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Busy => "busy",
            Self::Crowded => "crowded",
            Self::Full => "full",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }

    /// Whether the operator is warned.
    pub fn is_warning(self) -> bool {
        Self::Crowded <= self
    }
}

/// From which shares of its capacity on a zone is busy and crowded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrowdLevels {
    /// Busy, from 0 to 1.
    pub busy: f64,
    /// Crowded, above busy and at most 1.
    pub crowded: f64,
}

impl Default for CrowdLevels {
    /// Judgement: above four persons in five people begin to hinder one another at doors.
    fn default() -> Self {
        Self {
            busy: 0.6,
            crowded: 0.85,
        }
    }
}

impl CrowdLevels {
    fn share_of(self, level: CrowdLevel) -> f64 {
        match level {
            CrowdLevel::Calm => 0.0,
            CrowdLevel::Busy => self.busy,
            CrowdLevel::Crowded => self.crowded,
            CrowdLevel::Full => 1.0,
        }
    }

    /// The level when it was at `before`: up at once, down only when clearly below.
    pub fn level(self, full: Fullness, before: CrowdLevel) -> CrowdLevel {
        let back = BACK_SHARE.max(BACK_STEPS * full.one);
        let share = full.share;
        let holds = |level: &CrowdLevel| {
            let enter = self.share_of(*level);
            let leave = if *level <= before {
                enter - back
            } else {
                enter
            };
            // At calm everything holds, also nobody at all.
            *level == CrowdLevel::Calm || leave <= share && 0.0 < share
        };
        let mut levels = CrowdLevel::ALL.into_iter().rev();
        levels.find(holds).unwrap_or(CrowdLevel::Calm)
    }
}

/// A zone as it is now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ZoneNow {
    pub(crate) zone: ZoneId,
    pub(crate) source: FlowSource,
    pub(crate) vehicles: u64,
    pub(crate) people: u64,
    pub(crate) counted_at: Option<Timestamp>,
    /// The fuller of its two capacities, as a share; none when it has none.
    pub(crate) share: Option<f64>,
    /// None without a capacity.
    pub(crate) level: Option<CrowdLevel>,
    pub(crate) level_since: Option<Timestamp>,
}

fn fullness(plan: &ZonePlan, vehicles: u64, people: u64) -> Option<Fullness> {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let part = |n: u64, max: Option<u32>| {
        max.map(|max| Fullness {
            share: (n as f64 / f64::from(max)).min(1e6),
            one: 1.0 / f64::from(max),
        })
    };
    let vehicles = part(vehicles, plan.vehicles_max);
    let people = part(people, plan.people_max);
    let fuller = |a: Fullness, b: Fullness| if a.share < b.share { b } else { a };
    vehicles.into_iter().chain(people).reduce(fuller)
}

fn zone_now(app: &App, plan: &ZonePlan, insides: &[InsideRow], crowds: &[CrowdRow]) -> ZoneNow {
    let source = app.plan.source_of(&plan.zone);
    let row = insides
        .iter()
        .find(|row| row.zone == plan.zone && row.source == source);
    let count = |n: Option<i64>| u64::try_from(n.unwrap_or(0)).unwrap_or(0);
    let vehicles = count(row.map(|row| row.vehicles));
    let people = count(row.map(|row| row.people));
    let full = fullness(plan, vehicles, people);
    let known = crowds.iter().find(|row| row.zone == plan.zone);
    let before = known.map_or(CrowdLevel::Calm, |row| row.level);
    let levels = app.profile.crowd_of(&plan.zone);
    let level = full.map(|full| levels.level(full, before));
    ZoneNow {
        zone: plan.zone.clone(),
        source,
        vehicles,
        people,
        counted_at: row.and_then(|row| row.counted_at),
        share: full.map(|full| full.share),
        level,
        level_since: known
            .filter(|row| Some(row.level) == level)
            .map(|row| row.since),
    }
}

impl App {
    /// Every zone of the site file as it is now.
    pub(crate) async fn zones_now(&self) -> Result<Vec<ZoneNow>, StoreError> {
        if self.plan.zones.is_empty() {
            return Ok(Vec::new());
        }
        let insides = self.store.insides().await?;
        let crowds = self.store.crowds().await?;
        let zones = self.plan.zones.iter();
        Ok(zones
            .map(|plan| zone_now(self, plan, &insides, &crowds))
            .collect())
    }

    /// Writes down which zones have come to another level. To be called after what is inside has
    /// changed; whether a level has changed.
    pub(crate) async fn look_at_crowds(&self) -> bool {
        let mut is_changed = false;
        let zones = match self.zones_now().await {
            Ok(zones) => zones,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(
                    error,
                    "crowd levels could not be looked at; the next movement does"
                );
                return false;
            }
        };
        for now in zones {
            let Some(level) = now.level.filter(|_| now.level_since.is_none()) else {
                continue;
            };
            let change = CrowdChange {
                zone: now.zone,
                at: self.now(),
                level,
                vehicles: now.vehicles,
                people: now.people,
            };
            match self.store.put_crowd(&change).await {
                Ok(is_new) => is_changed |= is_new,
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(error, "a crowd level could not be written down");
                }
            }
        }
        is_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_level_comes_at_once_and_goes_only_when_clearly_below() {
        use CrowdLevel::{Busy, Calm, Crowded, Full};
        let levels = CrowdLevels::default();
        let steps = [
            (0.0, Calm),
            (0.59, Calm),
            (0.6, Busy),
            (0.56, Busy),
            (0.54, Calm),
            (0.85, Crowded),
            (0.81, Crowded),
            (1.0, Full),
            (0.96, Full),
            (0.94, Crowded),
            (0.79, Busy),
            (1.2, Full),
            (0.0, Calm),
        ];
        let mut level = Calm;
        for (share, expect) in steps {
            level = levels.level(Fullness { share, one: 0.001 }, level);
            assert_eq!(level, expect, "at {share}");
        }
    }

    proptest! {
        #[test]
        fn one_more_and_one_less_never_flickers(
            n in 1_u32..400, max in 2_u32..300, busy in 0.2_f64..0.6, gap in 0.06_f64..0.3,
        ) {
            let levels = CrowdLevels { busy, crowded: busy + gap };
            let one = 1.0 / f64::from(max);
            let full = |n: u32| Fullness { share: f64::from(n) * one, one };
            let before = levels.level(full(n), CrowdLevel::Calm);
            let up = levels.level(full(n + 1), before);
            prop_assert_eq!(levels.level(full(n), up), up);
        }

        #[test]
        fn more_people_are_never_a_lower_level(
            a in 0.0_f64..1.5, b in 0.0_f64..1.5, was in 0..4_usize,
        ) {
            let levels = CrowdLevels::default();
            let before = CrowdLevel::ALL[was];
            let level = |share| levels.level(Fullness { share, one: 0.01 }, before);
            prop_assert!(level(a.min(b)) <= level(a.max(b)));
        }
    }
}
