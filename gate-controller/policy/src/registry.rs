//! The site's list in memory.

use domain::{
    Access, Calendar, Group, GroupId, PassId, PersonId, Plate, Registration, SiteList, Timestamp,
    plate::{confusables, distance},
    ports::Registry,
};
use std::collections::BTreeMap;

/// A snapshot of the list: a value, made anew when the list changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRegistry {
    list: SiteList,
    /// Each plate's key and the place of its entry, in order.
    by_key: Vec<(PackedKey, usize)>,
    by_person: BTreeMap<PersonId, usize>,
    by_pass: BTreeMap<PassId, usize>,
    by_group: BTreeMap<GroupId, usize>,
}

impl ListRegistry {
    /// Indexes entries without groups or calendar. `as_of` is the moment at which the list was
    /// known to be right.
    pub fn new(registrations: Vec<Registration>, as_of: Timestamp) -> Self {
        Self::of(SiteList {
            registrations,
            as_of,
            ..SiteList::default()
        })
    }

    /// Indexes a list.
    ///
    /// Of several entries of one person or pass the first counts, and one that bars counts before
    /// any other.
    pub fn of(list: SiteList) -> Self {
        let mut registry = Self::default();
        for (index, entry) in list.registrations.iter().enumerate() {
            if let Some(plate) = &entry.plate {
                registry.by_key.push((PackedKey::of(&plate.key()), index));
            }
            if let Some(person) = entry.person {
                hold(&mut registry.by_person, person, index, &list.registrations);
            }
            if let Some(pass) = entry.pass {
                hold(&mut registry.by_pass, pass, index, &list.registrations);
            }
        }
        for (index, group) in list.groups.iter().enumerate() {
            registry.by_group.entry(group.id.clone()).or_insert(index);
        }
        registry.by_key.sort_unstable();
        Self { list, ..registry }
    }

    /// The list as it was given.
    pub fn list(&self) -> &SiteList {
        &self.list
    }

    /// The entries in the order in which they were given.
    pub fn entries(&self) -> &[Registration] {
        &self.list.registrations
    }

    /// The same list, known to be right at a later moment.
    pub fn confirmed(&self, as_of: Timestamp) -> Self {
        let mut later = self.clone();
        later.list.as_of = as_of;
        later
    }

    /// Every pair of entries that one confusable character separates, each pair once, in order of
    /// their keys.
    ///
    /// Such vehicles are told apart only by readings without a plausible rival; the operator
    /// should know them.
    pub fn look_alike_pairs(&self) -> Vec<(&Registration, &Registration)> {
        let mut pairs = Vec::new();
        for (key, first) in &self.by_key {
            let Some(first) = self.entries().get(*first) else {
                continue;
            };
            for other in key.look_alikes().filter(|other| key < other) {
                let seconds = self.with_key(&other);
                pairs.extend(seconds.into_iter().map(|second| (first, second)));
            }
        }
        pairs
    }

    fn with_key(&self, key: &PackedKey) -> Vec<&Registration> {
        let from = self.by_key.partition_point(|(known, _)| known < key);
        let same = self.by_key.iter().skip(from);
        same.take_while(|(known, _)| known == key)
            .filter_map(|(_, index)| self.entries().get(*index))
            .collect()
    }
}

/// A key as one number, so that comparing two is one step: eight bits a character from the first
/// on, and more than sixteen characters, which no plate has, are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PackedKey(u128);

impl PackedKey {
    fn of(key: &str) -> Self {
        let chars = key.bytes().take(16).enumerate();
        Self(chars.fold(0, |packed, (place, c)| {
            packed | u128::from(c) << shift(place)
        }))
    }

    /// All keys that differ from this one in exactly one character, and that one confusable: under
    /// 40 in practice, so that a look-up costs the same in a list of ten and of a million.
    fn look_alikes(self) -> impl Iterator<Item = Self> {
        let byte = move |place: usize| u8::try_from(self.0 >> shift(place) & 0xFF).unwrap_or(0);
        let places = (0..16).take_while(move |place| byte(*place) != 0);
        places.flat_map(move |place| {
            let cleared = self.0 & !(0xFF << shift(place));
            let others = confusables(char::from(byte(place)));
            others.map(move |c| Self(cleared | u128::from(u32::from(c)) << shift(place)))
        })
    }
}

/// How far left the character at a place stands.
fn shift(place: usize) -> usize {
    8 * (15 - place)
}

impl Registry for ListRegistry {
    fn find_plate(&self, plate: &Plate) -> Vec<&Registration> {
        self.with_key(&PackedKey::of(&plate.key()))
    }

    fn find_look_alikes(&self, plate: &Plate) -> Vec<&Registration> {
        let mut found: Vec<&Registration> = PackedKey::of(&plate.key())
            .look_alikes()
            .flat_map(|key| self.with_key(&key))
            .collect();
        found.sort_by_key(|entry| entry.plate.as_ref().map(|listed| distance(listed, plate)));
        found
    }

    fn find_person(&self, person: PersonId) -> Option<&Registration> {
        self.by_person
            .get(&person)
            .and_then(|index| self.entries().get(*index))
    }

    fn find_pass(&self, pass: PassId) -> Option<&Registration> {
        let index = self.by_pass.get(&pass)?;
        self.entries().get(*index)
    }

    fn find_group(&self, group: &GroupId) -> Option<&Group> {
        let index = self.by_group.get(group)?;
        self.list.groups.get(*index)
    }

    fn calendar(&self) -> &Calendar {
        &self.list.calendar
    }

    fn as_of(&self) -> Timestamp {
        self.list.as_of
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.list.expires_at
    }
}

/// Notes an entry as the one that counts for its holder.
fn hold<K: Ord>(by: &mut BTreeMap<K, usize>, holder: K, index: usize, entries: &[Registration]) {
    let bars = |index: usize| entries.get(index).is_some_and(|e| e.access == Access::Bar);
    let held = by.entry(holder).or_insert(index);
    if bars(index) && !bars(*held) {
        *held = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plate::single_confusion;
    use proptest::prelude::*;

    fn entry(plate: &str) -> Registration {
        Registration {
            plate: Some(Plate::parse(plate).unwrap()),
            ..Registration::allow()
        }
    }

    fn list(plates: &[&str]) -> ListRegistry {
        ListRegistry::new(plates.iter().map(|p| entry(p)).collect(), Timestamp::EPOCH)
    }

    fn keys(found: &[&Registration]) -> Vec<String> {
        found
            .iter()
            .filter_map(|e| e.plate.as_ref().map(Plate::key))
            .collect()
    }

    #[test]
    fn finds_by_key_whatever_the_spelling() {
        let registry = list(&["29-MĐ1/234.56", "51G-123.45"]);
        let found = registry.find_plate(&Plate::parse("29MD123456").unwrap());
        assert_eq!(keys(&found), ["29MD123456"]);
        assert!(
            registry
                .find_plate(&Plate::parse("51G12346").unwrap())
                .is_empty()
        );
    }

    #[test]
    fn pairs_that_one_confusable_character_separates() {
        let registry = list(&[
            "51G-123.45",
            "30F-256.58",
            "51G-723.45",
            "30F-256.5B",
            "51G-423.45",
        ]);
        let pairs: Vec<_> = registry.look_alike_pairs();
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| keys(&[a, b]).join(" ")).collect();
        assert_eq!(pairs, ["30F25658 30F2565B", "51G12345 51G72345"]);
    }

    #[test]
    fn an_entry_that_bars_a_person_counts_before_one_that_allows() {
        let person = PersonId(1);
        let allow = Registration {
            person: Some(person),
            plate: None,
            ..entry("51G-123.45")
        };
        let bar = Registration {
            access: Access::Bar,
            ..allow.clone()
        };
        for entries in [vec![allow.clone(), bar.clone()], vec![bar, allow]] {
            let registry = ListRegistry::new(entries, Timestamp::EPOCH);
            assert_eq!(
                registry.find_person(person).map(|e| e.access),
                Some(Access::Bar)
            );
        }
    }

    proptest! {
        /// The index must find what a comparison with every entry finds.
        #[test]
        fn look_alikes_are_those_of_the_vocabulary(
            plates in proptest::collection::vec("[0-9]{2}[ABDEF][0-9]{4,5}", 1..40),
            read in "[0-9]{2}[ABDEF][0-9]{4,5}",
        ) {
            let registry = list(&plates.iter().map(String::as_str).collect::<Vec<_>>());
            let read = Plate::parse(&read).unwrap();
            let mut expect: Vec<String> = registry.entries().iter()
                .filter_map(|e| e.plate.as_ref())
                .filter(|plate| single_confusion(plate, &read))
                .map(Plate::key).collect();
            let mut found = keys(&registry.find_look_alikes(&read));
            expect.sort();
            found.sort();
            prop_assert_eq!(found, expect);
        }
    }
}
