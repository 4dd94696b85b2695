//! Where ids come from: UUID version 7 in production, a seed in replay and tests.

use crate::clock::SystemClock;
use domain::ports::Clock;

/// Makes ids that are never the same.
pub trait Ids: Send {
    /// The next id, as the number in every id of `domain`.
    fn next(&mut self) -> u128;
}

/// Ids in the order of their making: UUID version 7 with the clock's milliseconds, a counter and
/// random bits.
#[derive(Clone, Debug)]
pub struct IdSource<C = SystemClock> {
    clock: C,
    last: u128,
}

impl IdSource {
    /// With the system's clock.
    pub fn system() -> Self {
        Self::new(SystemClock)
    }
}

impl<C: Clock> IdSource<C> {
    /// With this clock.
    pub fn new(clock: C) -> Self {
        Self { clock, last: 0 }
    }
}

impl<C: Clock> Ids for IdSource<C> {
    /// Larger than every id before, even when the clock is set back: RFC 9562 §6.2, method 2.
    fn next(&mut self) -> u128 {
        let millis = u64::try_from(self.clock.now().as_micros() / 1000).unwrap_or(0);
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the operating system gives random numbers");
        let fresh = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        self.last = match fresh.as_u128() {
            fresh if self.last < fresh => fresh,
            fresh => successor(self.last, fresh),
        };
        self.last
    }
}

/// The next id after `last` that is not smaller: counts in the 12 bits after the version and
/// carries into the milliseconds; the lower 62 bits are those of `fresh`.
fn successor(last: u128, fresh: u128) -> u128 {
    const LOW: u128 = (1 << 64) - 1;
    let stamp_and_count = (last >> 80) << 12 | (last >> 64 & 0xfff);
    let next = stamp_and_count + 1;
    (next >> 12) << 80 | 7 << 76 | (next & 0xfff) << 64 | (fresh & LOW)
}

/// The same ids for the same seed, for replay and tests: UUID version 8, so that they are told from
/// real ones.
#[derive(Clone, Debug)]
pub struct SeededIds {
    seed: u64,
    made: u64,
}

impl SeededIds {
    /// The ids of this seed, from the first.
    pub fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }
}

impl Ids for SeededIds {
    /// The upper half is well mixed, the lower half counts: no two ids of a seed are the same.
    fn next(&mut self) -> u128 {
        let upper = split_mix(self.seed ^ split_mix(self.made)) & !0xf000 | 0x8000;
        let lower = self.made & (u64::MAX >> 2) | 1 << 63;
        self.made += 1;
        u128::from(upper) << 64 | u128::from(lower)
    }
}

/// A seed for [`SeededIds`] that is written to the journal's first record.
pub fn random_seed() -> u64 {
    getrandom::u64().expect("the operating system gives random numbers")
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014), a bijection.
fn split_mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimClock;
    use domain::Timestamp;
    use std::collections::BTreeSet;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_steps_back() {
        let clock = SimClock::new(Timestamp::from_millis(1_795_246_370_123));
        let mut ids = IdSource::new(clock.clone());
        let mut last = ids.next();
        assert_eq!(last >> 80, 1_795_246_370_123);
        for n in 0..20_000 {
            if n == 10_000 {
                clock.set(Timestamp::from_millis(1_000));
            }
            let id = ids.next();
            assert!(last < id);
            assert_eq!(uuid::Uuid::from_u128(id).get_version_num(), 7);
            assert_eq!(
                uuid::Uuid::from_u128(id).get_variant(),
                uuid::Variant::RFC4122
            );
            last = id;
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_ids() {
        let take = |seed| {
            let mut ids = SeededIds::new(seed);
            (0..3)
                .map(|_n| format!("{:032x}", ids.next()))
                .collect::<Vec<_>>()
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
        // Journals of any age are replayed: these ids may never change.
        assert_eq!(take(7)[0], SEED_7_FIRST);
    }

    const SEED_7_FIRST: &str = "64bf61b512ff8be78000000000000000";

    #[test]
    fn seeded_ids_are_distinct_and_version_8() {
        let mut ids = SeededIds::new(1);
        let many: BTreeSet<u128> = (0..10_000).map(|_n| ids.next()).collect();
        assert_eq!(many.len(), 10_000);
        assert!(
            many.iter()
                .all(|id| uuid::Uuid::from_u128(*id).get_version_num() == 8)
        );
    }
}
