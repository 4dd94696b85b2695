//! Ids that a replay makes again.

use domain::Timestamp;

/// Where ids come from. Equal sources give equal ids in equal order.
pub trait IdSource {
    /// The next id; `at` orders ids by time.
    fn next_id(&mut self, at: Timestamp) -> u128;
}

/// UUIDs of version 7 (RFC 9562 §5.7) whose random bits come from a seed.
///
/// The generator is SplitMix64; it is for uniqueness, not for secrecy.
/// Programs seed it from the operating system at every start and write the seed into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededIds {
    state: u64,
}

impl SeededIds {
    /// A generator that always gives the same ids for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }
}

impl IdSource for SeededIds {
    fn next_id(&mut self, at: Timestamp) -> u128 {
        let millis = u128::try_from(at.as_micros() / 1000).unwrap_or(0) & 0xFFFF_FFFF_FFFF;
        let random = (u128::from(self.next_word()) << 64) | u128::from(self.next_word());
        let rand_a = (random >> 64) & 0xFFF;
        let rand_b = random & 0x3FFF_FFFF_FFFF_FFFF;
        (millis << 80) | (7 << 76) | (rand_a << 64) | (2 << 62) | rand_b
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn equal_seeds_give_equal_ids_of_version_7_in_order_of_time() {
        let (mut a, mut b, mut c) = (SeededIds::new(7), SeededIds::new(7), SeededIds::new(8));
        let mut seen = BTreeSet::new();
        for millis in 0..2000 {
            let at = Timestamp::from_millis(1_795_246_370_000 + millis);
            let id = a.next_id(at);
            assert_eq!(id, b.next_id(at));
            assert_ne!(id, c.next_id(at));
            assert_eq!(((id >> 76) & 0xF, (id >> 62) & 3), (7, 2));
            assert!(seen.last().is_none_or(|last| *last < id));
            seen.insert(id);
        }
        assert_eq!(seen.len(), 2000);
    }

    #[test]
    fn strange_times_give_ids_too() {
        let mut ids = SeededIds::new(u64::MAX);
        assert_ne!(
            ids.next_id(Timestamp::from_micros(i64::MIN)),
            ids.next_id(Timestamp::from_micros(i64::MAX))
        );
    }
}
