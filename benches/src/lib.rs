//! What the figures of the benchmarks need; the benchmarks themselves are in `benches/benches`.

pub mod clock;
pub mod cores;
pub mod faces;
pub mod gate;
pub mod idle;
pub mod plates;
pub mod record;
pub mod table;

/// A share with its interval of 95 % after Wilson (1927), which holds for few samples and for 0 and
/// 1 too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wilson {
    /// As counted; 1 for nothing of nothing.
    pub share: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Wilson {
    /// The share of `part` in `whole`.
    pub fn of(part: usize, whole: usize) -> Self {
        if whole == 0 {
            return Self {
                share: 1.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let z = 1.959_964;
        let n = whole as f64;
        let share = part as f64 / n;
        let scale = 1.0 + z * z / n;
        let centre = share + z * z / (2.0 * n);
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        Self {
            share,
            low: ((centre - half) / scale).clamp(0.0, share),
            high: ((centre + half) / scale).clamp(share, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: usize, whole: usize, [low, high]: [f64; 2]) {
        let found = Wilson::of(part, whole);
        let is_near = (found.low - low).abs() < 0.0005 && (found.high - high).abs() < 0.0005;
        assert!(is_near, "{found:?}");
    }

    #[test]
    fn intervals_as_published() {
        // Newcombe 1998, table I, method 3.
        check(81, 263, [0.2553, 0.3662]);
        check(15, 148, [0.0624, 0.1605]);
        check(0, 20, [0.0, 0.1611]);
        check(1, 29, [0.0061, 0.1718]);
        check(24, 24, [0.8620, 1.0]);
        assert_eq!(Wilson::of(0, 0).share, 1.0);
    }
}
