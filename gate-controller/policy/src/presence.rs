//! Who is inside, and how many: a book of movements.

use crate::{GRANT_TTL_MAX, GateInput};
use domain::{
    Class, GateId, Movement, Mover, Order, OrderId, OrderKind, PassId, PassageId, Timestamp, ZoneId,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many movers, and how many used passes, are remembered; of more, the oldest is forgotten.
pub const MOVERS_MAX: usize = 100_000;

/// How many of the newest movements are remembered one by one: a movement that is told again
/// changes nothing, and a count that somebody took is followed by those that came after it.
pub const MOVEMENTS_MAX: usize = 16_384;

/// Where somebody was last known to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMove {
    /// When.
    pub at: Timestamp,
    /// By which passage.
    pub passage: PassageId,
    /// Into which zone; nothing is outside the site.
    pub to: Option<ZoneId>,
}

/// How many are inside a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Vehicles.
    pub vehicles: i64,
    /// People.
    pub people: i64,
}

impl Inside {
    fn add(&mut self, class: Class, by: i64) {
        if class.is_motor_vehicle() {
            self.vehicles += by;
        } else {
            self.people += by;
        }
    }
}

/// What one movement did to the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    at: Timestamp,
    from: Option<ZoneId>,
    to: Option<ZoneId>,
    class: Class,
}

/// The movements of a site, folded.
///
/// The order in which they come does not matter, nor how often each comes: where somebody is goes
/// by the time of the movement (the greater passage id breaks a tie), and counts are sums.
/// So gates that were apart agree as soon as they have heard the same movements, as long as each is
/// among the newest [`MOVEMENTS_MAX`]: an older one that comes late is not counted any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneBook {
    last: BTreeMap<Mover, LastMove>,
    inside: BTreeMap<ZoneId, Inside>,
    /// When somebody last counted a zone.
    counted_at: BTreeMap<ZoneId, Timestamp>,
    uses: BTreeMap<PassId, u32>,
    steps: BTreeMap<PassageId, Step>,
    /// The same by time: of too many the oldest is forgotten.
    by_time: BTreeSet<(Timestamp, PassageId)>,
    /// Until then movements were forgotten one by one. What is told of that time and is not known
    /// may have been counted, and is not counted again.
    forgotten_until: Option<Timestamp>,
}

impl ZoneBook {
    /// Takes a movement in. `false` when it was known.
    pub fn note(&mut self, movement: &Movement) -> bool {
        if self.steps.contains_key(&movement.passage) {
            return false;
        }
        if self
            .forgotten_until
            .is_some_and(|until| movement.at <= until)
        {
            if let Some(mover) = &movement.mover {
                self.place(mover, movement);
            }
            return false;
        }
        let step = Step {
            at: movement.at,
            from: movement.from.clone(),
            to: movement.to.clone(),
            class: movement.class,
        };
        self.count(&step);
        if let Some(mover) = &movement.mover {
            self.place(mover, movement);
        }
        if let Some(pass) = movement.pass.filter(|_| movement.to.is_some()) {
            *self.uses.entry(pass).or_default() += 1;
            // Ids are in the order of their making: the window of the first has long passed.
            if MOVERS_MAX < self.uses.len() {
                self.uses.pop_first();
            }
        }
        self.steps.insert(movement.passage, step);
        self.by_time.insert((movement.at, movement.passage));
        while MOVEMENTS_MAX < self.by_time.len() {
            if let Some((at, oldest)) = self.by_time.pop_first() {
                self.steps.remove(&oldest);
                self.forgotten_until = self.forgotten_until.max(Some(at));
            }
        }
        true
    }

    fn count(&mut self, step: &Step) {
        for (zone, by) in [(&step.from, -1), (&step.to, 1)] {
            let Some(zone) = zone else { continue };
            let counted_at = self.counted_at.get(zone);
            if counted_at.is_none_or(|counted| *counted < step.at) {
                let inside = self.inside.entry(zone.clone()).or_default();
                inside.add(step.class, by);
            }
        }
    }

    fn place(&mut self, mover: &Mover, movement: &Movement) {
        let place = LastMove {
            at: movement.at,
            passage: movement.passage,
            to: movement.to.clone(),
        };
        let known = self.last.get(mover);
        if known.is_none_or(|known| (known.at, known.passage) < (place.at, place.passage)) {
            self.last.insert(mover.clone(), place);
        }
        if MOVERS_MAX < self.last.len() {
            let oldest = self
                .last
                .iter()
                .min_by_key(|(_, last)| (last.at, last.passage));
            if let Some(oldest) = oldest.map(|(mover, _)| mover.clone()) {
                self.last.remove(&oldest);
            }
        }
    }

    /// Where somebody was last known to go.
    pub fn last_move(&self, mover: &Mover) -> Option<&LastMove> {
        self.last.get(mover)
    }

    /// How many are inside a zone, as counted; never less than none.
    pub fn inside(&self, zone: &ZoneId) -> Inside {
        let inside = self.inside.get(zone).copied().unwrap_or_default();
        Inside {
            vehicles: inside.vehicles.max(0),
            people: inside.people.max(0),
        }
    }

    /// Vehicles inside as counted, less than none included: more have left than were seen to come.
    pub fn signed_vehicles(&self, zone: &ZoneId) -> i64 {
        self.inside.get(zone).map_or(0, |inside| inside.vehicles)
    }

    /// Every zone that anybody has entered or left.
    pub fn zones(&self) -> impl Iterator<Item = (&ZoneId, Inside)> {
        self.inside.keys().map(|zone| (zone, self.inside(zone)))
    }

    /// How often a pass was used to enter.
    pub fn uses(&self, pass: PassId) -> u32 {
        self.uses.get(&pass).copied().unwrap_or(0)
    }

    /// Somebody has counted: from this moment on the count goes from here.
    pub fn counted(&mut self, zone: &ZoneId, counted: Inside, at: Timestamp) {
        if self.counted_at.get(zone).is_some_and(|known| at <= *known) {
            return;
        }
        self.counted_at.insert(zone.clone(), at);
        let mut inside = counted;
        for step in self.steps.values().filter(|step| at < step.at) {
            if step.from.as_ref() == Some(zone) {
                inside.add(step.class, -1);
            }
            if step.to.as_ref() == Some(zone) {
                inside.add(step.class, 1);
            }
        }
        self.inside.insert(zone.clone(), inside);
    }

    /// The inputs that make this book again, but for what was told of single movements.
    pub(crate) fn carried(&self, gate: &GateId, at: Timestamp) -> Vec<GateInput> {
        let movement = |passage, to: Option<ZoneId>, at| Movement {
            passage,
            gate: gate.clone(),
            from: None,
            to,
            class: Class::Car,
            mover: None,
            pass: None,
            at,
        };
        let movers = self.last.iter().map(|(mover, last)| Movement {
            mover: Some(mover.clone()),
            ..movement(last.passage, last.to.clone(), last.at)
        });
        let mut inputs: Vec<_> = movers.map(GateInput::Movement).collect();
        let zone = self.inside.keys().next();
        for (pass, n) in &self.uses {
            inputs.extend((0..*n).map(|use_no| {
                // An id that no passage has: of version 0, of the pass and the number of the use.
                let id = PassageId((pass.0 << 32 >> 32).wrapping_add(u128::from(use_no)));
                GateInput::Movement(Movement {
                    pass: Some(*pass),
                    ..movement(id, zone.cloned(), at)
                })
            }));
        }
        for (zone, inside) in &self.inside {
            let count = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
            inputs.push(GateInput::Order(Order {
                id: OrderId(u128::from(inputs.len() as u64)),
                gate: Some(gate.clone()),
                kind: OrderKind::Counted {
                    zone: zone.clone(),
                    vehicles: count(inside.vehicles),
                    people: count(inside.people),
                },
                by: "journal".to_owned(),
                reason: "carried over".to_owned(),
                issued_at: at,
                expires_at: at.saturating_add(GRANT_TTL_MAX),
            }));
        }
        inputs
    }

    /// Forgets who entered a zone until this moment: their next entry is taken for the first.
    pub fn forgive(&mut self, zone: &ZoneId, at: Timestamp) {
        self.last
            .retain(|_, last| last.to.as_ref() != Some(zone) || at < last.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> ZoneId {
        name.parse().unwrap()
    }

    fn movement(passage: u128, at: i64, from: Option<&str>, to: Option<&str>) -> Movement {
        Movement {
            passage: PassageId(passage),
            gate: "gate-1".parse().unwrap(),
            from: from.map(zone),
            to: to.map(zone),
            class: Class::Car,
            mover: Some(Mover::Plate("51G12345".to_owned())),
            pass: Some(PassId(1)),
            at: Timestamp::from_millis(at),
        }
    }

    #[test]
    fn an_exit_that_is_told_late_does_not_undo_a_later_entry() {
        let mut book = ZoneBook::default();
        assert!(book.note(&movement(3, 30, None, Some("yard"))));
        assert!(book.note(&movement(2, 20, Some("yard"), None)));
        assert!(book.note(&movement(1, 10, None, Some("yard"))));
        assert!(!book.note(&movement(2, 20, Some("yard"), None)));
        let mover = Mover::Plate("51G12345".to_owned());
        assert_eq!(book.last_move(&mover).unwrap().to, Some(zone("yard")));
        assert_eq!(book.inside(&zone("yard")).vehicles, 1);
        assert_eq!(book.uses(PassId(1)), 2);
    }

    #[test]
    fn a_count_holds_from_its_moment_on() {
        let mut book = ZoneBook::default();
        book.note(&movement(1, 10, None, Some("yard")));
        book.note(&movement(2, 20, None, Some("yard")));
        let counted = Inside {
            vehicles: 7,
            people: 2,
        };
        book.counted(&zone("yard"), counted, Timestamp::from_millis(15));
        assert_eq!(book.inside(&zone("yard")).vehicles, 8);
        book.note(&movement(3, 12, None, Some("yard")));
        assert_eq!(book.inside(&zone("yard")).vehicles, 8);
        book.note(&movement(4, 30, Some("yard"), None));
        let now = book.inside(&zone("yard"));
        assert_eq!((now.vehicles, now.people), (7, 2));
        book.forgive(&zone("yard"), Timestamp::from_millis(99));
        let mover = Mover::Plate("51G12345".to_owned());
        assert_eq!(book.last_move(&mover).unwrap().to, None);
    }

    #[test]
    fn what_was_forgotten_and_is_told_again_is_not_counted_again() {
        let mut book = ZoneBook::default();
        let entry = |n: i64| movement(n as u128 + 1, n * 1000, None, Some("yard"));
        let n_all = MOVEMENTS_MAX as i64 + 100;
        for n in 0..n_all {
            assert!(book.note(&entry(n)));
        }
        for n in 0..n_all {
            assert!(!book.note(&entry(n)), "{n}");
        }
        assert_eq!(book.inside(&zone("yard")).vehicles, n_all);
        assert_eq!(i64::from(book.uses(PassId(1))), n_all);
        assert!(book.note(&entry(n_all)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_order_of_movements_does_not_matter(
            moves in proptest::collection::vec((0_u128..12, 0_i64..9, 0_usize..4, 0_u8..3), 0..24),
            swaps in proptest::collection::vec((0_usize..24, 0_usize..24), 0..24),
        ) {
            let ways = [
                (None, Some("yard")),
                (Some("yard"), None),
                (Some("yard"), Some("hall")),
                (None, None),
            ];
            let all: Vec<Movement> = moves
                .iter()
                .map(|(passage, at, way, who)| Movement {
                    mover: (*who != 0).then(|| Mover::Plate(who.to_string())),
                    // One passage is one movement, however often it is told.
                    ..movement(
                        passage * 1000 + u128::try_from(*at).unwrap() * 10 + *way as u128,
                        *at, ways[*way].0, ways[*way].1,
                    )
                })
                .map(|m| Movement { mover: m.mover, ..m })
                .collect();
            let mut unique = all;
            unique.sort_by_key(|m| m.passage);
            unique.dedup_by_key(|m| m.passage);
            let mut other = unique.clone();
            for (a, b) in swaps {
                if a < other.len() && b < other.len() {
                    other.swap(a, b);
                }
            }
            let fold = |moves: &[Movement]| {
                let mut book = ZoneBook::default();
                for movement in moves.iter().chain(moves) {
                    book.note(movement);
                }
                book
            };
            prop_assert_eq!(fold(&unique), fold(&other));
        }
    }
}
