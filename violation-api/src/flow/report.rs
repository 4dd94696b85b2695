//! Flow added up: for each entrance and each hour or day.

use super::{Entrance, FlowDirection, FlowKind, FlowRow, period::Slot};
use std::collections::BTreeMap;

/// How many went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) people_in: u64,
    pub(crate) people_out: u64,
    pub(crate) vehicles_in: u64,
    pub(crate) vehicles_out: u64,
}

impl Tally {
    fn add_row(&mut self, row: &FlowRow) {
        let sum = match (row.kind, row.direction) {
            (FlowKind::Person, FlowDirection::In) => &mut self.people_in,
            (FlowKind::Person, FlowDirection::Out) => &mut self.people_out,
            (FlowKind::Vehicle, FlowDirection::In) => &mut self.vehicles_in,
            (FlowKind::Vehicle, FlowDirection::Out) => &mut self.vehicles_out,
        };
        *sum = sum.saturating_add(row.n);
    }

    fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.people_in, other.people_in),
            (&mut self.people_out, other.people_out),
            (&mut self.vehicles_in, other.vehicles_in),
            (&mut self.vehicles_out, other.vehicles_out),
        ] {
            *sum = sum.saturating_add(n);
        }
    }

    /// In and out of one kind, or of both together.
    pub(crate) fn of(&self, kind: Option<FlowKind>) -> (u64, u64) {
        let people = (self.people_in, self.people_out);
        let vehicles = (self.vehicles_in, self.vehicles_out);
        match kind {
            Some(FlowKind::Person) => people,
            Some(FlowKind::Vehicle) => vehicles,
            None => (people.0 + vehicles.0, people.1 + vehicles.1),
        }
    }

    /// Both ways.
    pub(crate) fn both(&self, kind: Option<FlowKind>) -> u64 {
        let (n_in, n_out) = self.of(kind);
        n_in.saturating_add(n_out)
    }
}

/// Flow by entrance and slot.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) slots: Vec<Slot>,
    /// One tally for each slot; every entrance that there is has its row.
    pub(crate) by_entrance: BTreeMap<Entrance, Vec<Tally>>,
}

impl Report {
    /// Adds rows up. What is outside the slots does not count; an entrance that is not among the
    /// known ones is added when anybody used it.
    pub(crate) fn new(
        slots: Vec<Slot>,
        entrances: impl IntoIterator<Item = Entrance>,
        rows: &[FlowRow],
    ) -> Self {
        let nothing = vec![Tally::default(); slots.len()];
        let mut by_entrance: BTreeMap<Entrance, Vec<Tally>> = entrances
            .into_iter()
            .map(|entrance| (entrance, nothing.clone()))
            .collect();
        for row in rows {
            let n_begun = slots.partition_point(|slot| slot.from <= row.at);
            let Some(i) = n_begun.checked_sub(1).filter(|i| row.at < slots[*i].until) else {
                continue;
            };
            let tallies = by_entrance
                .entry(row.entrance.clone())
                .or_insert_with(|| nothing.clone());
            tallies[i].add_row(row);
        }
        Self { slots, by_entrance }
    }

    /// All entrances together, for each slot.
    pub(crate) fn by_slot(&self) -> Vec<Tally> {
        let mut sums = vec![Tally::default(); self.slots.len()];
        for tallies in self.by_entrance.values() {
            for (sum, tally) in sums.iter_mut().zip(tallies) {
                sum.add(tally);
            }
        }
        sums
    }

    /// All slots together, for each entrance.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&Entrance, Tally)> {
        self.by_entrance
            .iter()
            .map(|(entrance, tallies)| (entrance, sum(tallies)))
    }

    pub(crate) fn total(&self) -> Tally {
        sum(&self.by_slot())
    }
}

fn sum(tallies: &[Tally]) -> Tally {
    let mut total = Tally::default();
    for tally in tallies {
        total.add(tally);
    }
    total
}
