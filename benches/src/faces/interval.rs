//! Exact intervals of shares.

/// A share with its interval of 95 % after Clopper and Pearson (1934).
///
/// It leaves 2.5 % on either side. With nothing found the upper end is near the "rule of three" of
/// ISO/IEC 19795-1, which leaves 5 % on one side: 3 of n; here it is 3.7 of n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    /// As counted.
    pub share: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

const TAIL: f64 = 0.025;

impl Exact {
    /// The share of `part` in `whole`.
    pub fn of(part: usize, whole: usize) -> Self {
        if whole == 0 {
            return Self {
                share: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let low = match part.checked_sub(1) {
            // So small that so many are only just possible.
            Some(fewer) => solve(|p| 1.0 - at_most(fewer, whole, p) < TAIL),
            None => 0.0,
        };
        let high = if part == whole {
            1.0
        } else {
            // So large that so few are only just possible.
            solve(|p| TAIL < at_most(part, whole, p))
        };
        Self {
            share: part as f64 / whole as f64,
            low,
            high,
        }
    }
}

/// Where it stops being so, between 0 and 1.
fn solve(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability of at most `k` of `n`, each with probability `p`.
fn at_most(k: usize, n: usize, p: f64) -> f64 {
    if p <= 0.0 {
        return 1.0;
    }
    if 1.0 <= p {
        return if k < n { 0.0 } else { 1.0 };
    }
    let odds = p.ln() - (-p).ln_1p();
    let mut term = n as f64 * (-p).ln_1p();
    let mut sum = term.exp();
    for i in 1..=k {
        term += ((n - i + 1) as f64 / i as f64).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: usize, whole: usize, [low, high]: [f64; 2]) {
        let found = Exact::of(part, whole);
        let is_near = (found.low - low).abs() < 0.0005 && (found.high - high).abs() < 0.0005;
        assert!(is_near, "{found:?}");
    }

    #[test]
    fn intervals_as_published() {
        // Newcombe 1998, table I, method 5.
        check(81, 263, [0.2527, 0.3676]);
        check(15, 148, [0.0578, 0.1617]);
        check(0, 20, [0.0, 0.1684]);
        check(1, 29, [0.0009, 0.1776]);
        assert_eq!(Exact::of(29, 29).high, 1.0);
        assert_eq!(Exact::of(0, 0).high, 1.0);
        let none_of_many = Exact::of(0, 3000).high;
        assert!(
            (none_of_many - 3.69 / 3000.0).abs() < 1e-5,
            "{none_of_many}"
        );
    }
}
