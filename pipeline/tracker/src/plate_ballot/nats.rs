//! Logarithm and exponential that give the same bits on every machine: only + - * and /.
//!
//! The standard library's call the platform's own, which may differ in the last bit; a replay must
//! not.

/// ln 2, to the nearest `f64`.
const LN_2: f64 = std::f64::consts::LN_2;
/// The same in two parts, of which whole multiples of the first are exact.
const LN_2_PARTS: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// No probability that is counted here is less likely than this: `f64` ends near it.
const LEAST: f64 = -700.0;

/// The natural logarithm; of what is not above 0, or no number, the least that is counted.
pub(super) fn ln(x: f64) -> f64 {
    if x.is_nan() || x < f64::MIN_POSITIVE {
        return LEAST;
    }
    let bits = x.min(f64::MAX).to_bits();
    let mut exponent = f64::from(u16::try_from(bits >> 52).unwrap_or(0)) - 1023.0;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if 1.5 < mantissa {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // ln m = 2 atanh((m - 1) / (m + 1)), and the quotient is 0.2 at most.
    let quotient = (mantissa - 1.0) / (mantissa + 1.0);
    let square = quotient * quotient;
    let mut sum = 0.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * square + 1.0 / odd;
    }
    (exponent * LN_2 + 2.0 * quotient * sum).max(LEAST)
}

/// e to the `x`, for `x` of at most 700; what is less than can be counted is 0.
pub(super) fn exp(x: f64) -> f64 {
    if x.is_nan() || x < LEAST {
        return 0.0;
    }
    let x = x.min(-LEAST);
    let half = if x < 0.0 { -0.5 } else { 0.5 };
    let power = (x / LN_2 + half) as i64;
    let [first, second] = LN_2_PARTS;
    let rest = (x - power as f64 * first) - power as f64 * second;
    let mut sum = 1.0;
    for n in [
        14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0,
    ] {
        sum = 1.0 + sum * rest / n;
    }
    let scale = u64::try_from(power + 1023).unwrap_or(0) << 52;
    sum * f64::from_bits(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_that_everybody_knows() {
        let is_near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * b.abs().max(1.0);
        assert_eq!((ln(1.0), exp(0.0)), (0.0, 1.0));
        assert!(is_near(ln(2.0), std::f64::consts::LN_2));
        assert!(is_near(ln(10.0), std::f64::consts::LN_10));
        assert!(is_near(exp(1.0), std::f64::consts::E));
        assert!(is_near(ln(0.02), -3.912_023_005_428_146));
        assert!(is_near(exp(-3.912_023_005_428_146), 0.02));
    }

    #[test]
    fn one_undoes_the_other_over_the_whole_range() {
        let mut p = 1.0_f64;
        while 1e-280 < p {
            assert!((exp(ln(p)) / p - 1.0).abs() < 1e-11, "{p}");
            p *= 0.83;
        }
        let mut x = -690.0_f64;
        while x < 690.0 {
            assert!((ln(exp(x)) - x).abs() < 1e-11, "{x}");
            x += 0.37;
        }
    }

    /// A change of the series, or of the order of its terms, would change these.
    #[test]
    fn the_bits_are_fixed() {
        let bits: Vec<u64> = [0.9315, 0.0019, 0.5, 1e-9]
            .iter()
            .map(|p| ln(*p).to_bits())
            .chain([-0.5, -7.25, -33.0].iter().map(|x| exp(*x).to_bits()))
            .collect();
        assert_eq!(bits, BITS);
    }

    /// Each is within two units in the last place of the true value.
    const BITS: [u64; 7] = [
        13_813_149_598_742_116_069,
        13_842_112_833_076_613_269,
        13_827_790_571_168_217_583,
        13_849_898_335_305_727_928,
        4_603_638_362_051_417_610,
        4_559_689_425_870_912_254,
        4_392_411_876_877_098_408,
    ];

    #[test]
    fn what_is_no_probability_is_harmless() {
        for x in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(ln(x), LEAST);
        }
        assert!(ln(f64::INFINITY).is_finite());
        assert_eq!((exp(f64::NAN), exp(-1e9), exp(-701.0)), (0.0, 0.0, 0.0));
        assert!(exp(1e9).is_finite() && 0.0 < exp(LEAST));
    }
}
