//! Whether something moves, from the sizes of coded pictures alone. Pure.
//!
//! A picture of a still scene says little more than its noise; one in which something moves says
//! more, or covers some of the noise. Each kind of picture is held against its own recent sizes by
//! median and spread, which a few large ones do not move, and what is above or below is summed up
//! (the CUSUM of Page 1954): one picture that is far off is enough, and so are several that are a
//! little off.

use super::units::{Kind, Unit};
use std::collections::VecDeque;

/// Sizes that are remembered of each kind: about 4 s of a camera without B-frames. Noise that rises
/// at nightfall is followed as quickly.
const N_REMEMBERED: usize = 96;

/// Sizes of a kind from which it is judged.
const N_KNOWN: usize = 24;

/// No spread is taken for smaller than this share of the median, nor than so many bytes: a still
/// picture without noise is coded in a few bytes, and in twice as many for nothing.
const SPREAD_MIN: (f64, f64) = (0.025, 24.0);

/// A size is expected to be at most so many spreads above the median.
const USUAL: f64 = 2.5;

/// The most that one picture adds to the sum.
const SURPRISE_MAX: f64 = 10.0;

/// The sum from which something moves: one picture 7.5 spreads above, or two 5 spreads above.
const MOVES_FROM: f64 = 5.0;

/// No more is summed up, so that it is quiet again soon after.
const SUM_MAX: f64 = 15.0;

/// So many pictures after a key frame may be smaller than usual.
const N_PAID_BACK: usize = 10;

/// The share of its median that sizes of a stream with a constant rate vary by at least, when they
/// still say something.
const TELLING_MIN: f64 = 0.001;

/// Smaller pictures than this are still scenes, not full ones.
const FULL_FROM: f64 = 2000.0;

/// What makes false alarms rarer, at most.
const CAUTION_MAX: f64 = 3.0;

/// Watches the sizes of one stream.
#[derive(Debug)]
pub(crate) struct SizeWatch {
    /// By kind.
    sizes: [Sizes; 3],
    /// What was above the usual, and what was below it.
    sums: [f64; 2],
    n_since_key: usize,
    caution: f64,
}

/// The recent sizes of one kind.
#[derive(Debug, Default)]
struct Sizes {
    recent: VecDeque<f64>,
    usual: Option<Usual>,
    n_since: usize,
}

#[derive(Clone, Copy, Debug)]
struct Usual {
    median: f64,
    spread: f64,
    is_telling: bool,
}

/// How often the usual size is found anew, in pictures.
const RENEW_EVERY: usize = 8;

impl SizeWatch {
    pub(crate) fn new() -> Self {
        Self {
            sizes: Default::default(),
            sums: [0.0; 2],
            n_since_key: 0,
            caution: 1.0,
        }
    }

    /// Takes the next picture, in coding order; says whether something moves.
    pub(crate) fn sees_motion(&mut self, unit: Unit) -> bool {
        let n = match unit.kind {
            Kind::Key | Kind::Intra => {
                self.n_since_key = 0;
                self.sums[1] = 0.0;
                return self.is_moving();
            }
            Kind::Reference => 0,
            Kind::Bidirectional => 1,
            Kind::Disposable => 2,
        };
        self.n_since_key += 1;
        // The picture after a key frame mends what that one lost, and is as large as it likes.
        if self.n_since_key == 1 {
            return self.is_moving();
        }
        // A constant rate is paid back after a key frame with small pictures that mean nothing.
        let is_paid_back = N_PAID_BACK < self.n_since_key;
        let size = unit.n_bytes as f64;
        if let Some(usual) = self.sizes[n].usual {
            let apart = (size - usual.median) / (usual.spread * self.caution);
            for (sum, apart) in self.sums.iter_mut().zip([apart, -apart]) {
                *sum = (*sum + (apart - USUAL).min(SURPRISE_MAX)).clamp(0.0, SUM_MAX);
            }
            if !is_paid_back {
                self.sums[1] = 0.0;
            }
        }
        self.sizes[n].remember(size);
        self.is_moving()
    }

    /// Takes a picture in which things may well move: nothing is learnt from it.
    pub(crate) fn pass_over(&mut self, unit: Unit) {
        self.sums = [0.0; 2];
        let is_intra = matches!(unit.kind, Kind::Key | Kind::Intra);
        self.n_since_key = if is_intra { 0 } else { self.n_since_key + 1 };
    }

    fn is_moving(&self) -> bool {
        MOVES_FROM <= self.sums[0].max(self.sums[1])
    }

    /// Whether it knows what is usual, and nothing is above it.
    pub(crate) fn is_quiet(&self) -> bool {
        // Pictures that others build on are there in every stream, be it one in eight.
        let is_known = self.sizes[0].usual.is_some();
        is_known && self.sums[0].max(self.sums[1]) < MOVES_FROM / 2.0
    }

    /// Whether sizes say anything: with a rate that is kept picture by picture they do not.
    pub(crate) fn is_telling(&self) -> bool {
        let known = self.sizes.iter().filter_map(|sizes| sizes.usual);
        known.into_iter().any(|usual| usual.is_telling)
    }

    /// What has moved was nothing that anybody wanted to see, or it was.
    pub(crate) fn learn(&mut self, was_false_alarm: bool) {
        let factor = if was_false_alarm { 1.4 } else { 0.7 };
        self.caution = (self.caution * factor).clamp(1.0, CAUTION_MAX);
    }
}

impl Sizes {
    fn remember(&mut self, size: f64) {
        if self.recent.len() == N_REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(size);
        self.n_since += 1;
        if N_KNOWN <= self.recent.len() && (self.usual.is_none() || RENEW_EVERY <= self.n_since) {
            self.n_since = 0;
            self.usual = Some(Usual::of(&self.recent));
        }
    }
}

impl Usual {
    fn of(recent: &VecDeque<f64>) -> Self {
        let mut sorted: Vec<f64> = recent.iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let (median, ninth_tenth) = (at(0.5), at(0.9));
        let mut apart: Vec<f64> = sorted.iter().map(|size| (size - median).abs()).collect();
        apart.sort_unstable_by(f64::total_cmp);
        // Both are the standard deviation, where sizes are spread normally. The second one sees
        // that every tenth picture is larger, as in layers of a picture group.
        let deviation = 1.4826 * apart[apart.len() / 2];
        let upper = (ninth_tenth - median) / 1.2816;
        let spread = deviation
            .max(upper)
            .max(SPREAD_MIN.0 * median)
            .max(SPREAD_MIN.1);
        Self {
            median,
            spread,
            is_telling: median < FULL_FROM || TELLING_MIN * median <= deviation.max(upper),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is about normal, from a seed.
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> f64 {
            let mut sum = 0.0;
            for _ in 0..12 {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                sum += (self.0 >> 40) as f64 / f64::from(1 << 24);
            }
            sum - 6.0
        }
    }

    /// A picture of a stream with a key frame each 25.
    fn picture(n: u64, size: f64) -> Unit {
        let is_key = n.is_multiple_of(25);
        Unit {
            kind: if is_key { Kind::Key } else { Kind::Reference },
            n_bytes: if is_key { 60_000.0 } else { size } as usize,
        }
    }

    fn alarms(watch: &mut SizeWatch, pictures: impl Iterator<Item = Unit>) -> usize {
        let mut n_alarms = 0;
        for unit in pictures {
            if watch.sees_motion(unit) {
                n_alarms += 1;
                watch.sums = [0.0; 2];
            }
        }
        n_alarms
    }

    #[test]
    fn a_still_scene_with_noise_is_still_and_nightfall_is_followed() {
        let mut noise = Noise(7);
        let mut watch = SizeWatch::new();
        // An hour, in which the noise becomes six times as costly.
        let still = (0..90_000_u64).map(|n| {
            let level = 2000.0 + n as f64 / 9.0;
            picture(n, level * (1.0 + 0.06 * noise.next()))
        });
        assert_eq!(alarms(&mut watch, still), 0);
        assert!(watch.is_quiet() && watch.is_telling());
    }

    #[test]
    fn what_comes_is_seen_at_once_or_after_a_few_pictures() {
        for (more, within) in [(1.6, 1), (1.22, 4), (1.16, 12)] {
            let mut noise = Noise(3);
            let mut watch = SizeWatch::new();
            let mut size = |factor: f64| 12_000.0 * factor * (1.0 + 0.03 * noise.next());
            for n in 0..200 {
                assert!(!watch.sees_motion(picture(n, size(1.0))));
            }
            let seen = (0..50).position(|n| watch.sees_motion(picture(202 + n, size(more))));
            assert!(seen.is_some_and(|seen| seen < within), "{more} {seen:?}");
        }
    }

    #[test]
    fn b_frames_and_a_larger_picture_now_and_then_are_no_motion() {
        let mut noise = Noise(5);
        let mut watch = SizeWatch::new();
        let pictures = (0..20_000_u64).map(|n| {
            let (kind, size) = match n % 24 {
                0 => (Kind::Key, 50_000.0),
                n if n % 8 == 0 => (Kind::Reference, 9000.0),
                n if n % 2 == 0 => (Kind::Bidirectional, 4000.0),
                _ => (Kind::Disposable, 1500.0),
            };
            let n_bytes = (size * (1.0 + 0.08 * noise.next())) as usize;
            Unit { kind, n_bytes }
        });
        assert_eq!(alarms(&mut watch, pictures), 0);
    }

    #[test]
    fn sizes_that_are_kept_the_same_say_nothing() {
        let mut watch = SizeWatch::new();
        for n in 0..200 {
            watch.sees_motion(picture(n, 12_000.0 + (n % 3) as f64));
        }
        assert!(!watch.is_telling());
        // A still scene without noise is always the same too, and says much.
        let mut watch = SizeWatch::new();
        for n in 0..200 {
            watch.sees_motion(picture(n, 90.0 + (n % 3) as f64));
        }
        assert!(watch.is_telling() && watch.is_quiet());
        watch.sees_motion(picture(201, 500.0));
        assert!(watch.is_moving());
    }

    #[test]
    fn false_alarms_make_it_more_careful_and_true_ones_less() {
        let mut watch = SizeWatch::new();
        for _ in 0..10 {
            watch.learn(true);
        }
        assert_eq!(watch.caution, CAUTION_MAX);
        for _ in 0..10 {
            watch.learn(false);
        }
        assert_eq!(watch.caution, 1.0);
    }
}
