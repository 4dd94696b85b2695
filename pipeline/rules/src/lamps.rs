//! Which lamp of a signal is lit, from the colours of its three lamps in one frame.

use domain::SignalPhase;

/// Mean colours of one lamp's place in the picture: red, green, blue in [0, 255].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LampColours {
    /// Over the whole lamp.
    pub mean: [f32; 3],
    /// Over the brightest fifth of its pixels: a lit lamp's core, which is white when the camera is
    /// dazzled.
    pub bright: [f32; 3],
    /// Over the darkest fifth of its pixels: the housing between the LEDs, or the unlit glass.
    pub dark: [f32; 3],
}

/// A lit lamp's core is at least this bright, even at night with a short exposure.
const LIT_MIN: f32 = 90.0;
/// It is this much brighter than the darkest lamp of the three. By day unlit glass reflects the
/// sky.
const CONTRAST_MIN: f32 = 45.0;
/// And brighter by this factor.
const CONTRAST_RATIO_MIN: f32 = 1.35;
/// A lit lamp has this much colour, as a share of its brightness.
const COLOUR_MIN: f32 = 0.12;
/// A core as bright as this in all three colours is dazzled: only its rim tells the colour.
const DAZZLED_MIN: f32 = 225.0;
/// The rim of a dazzled lamp has at least this much of the lamp's colour.
const RIM_COLOUR_MIN: f32 = 0.04;

/// What a signal with the lamps red, amber, green (in this order) shows.
///
/// A lamp is lit when it is bright, clearly brighter than the darkest of the three, and has the
/// colour of its place. `Unknown` when none or more than one is lit: a flashing signal in its dark
/// half, a low sun, a bus in between, or a camera that was moved.
pub fn classify_lamps(lamps: &[LampColours; 3]) -> SignalPhase {
    let is_valid = |lamp: &LampColours| {
        let channels = lamp.mean.iter().chain(&lamp.bright).chain(&lamp.dark);
        channels.into_iter().all(|c| c.is_finite())
    };
    if !lamps.iter().all(is_valid) {
        return SignalPhase::Unknown;
    }
    let darkest = lamps
        .iter()
        .map(|lamp| brightness(&lamp.bright))
        .fold(f32::INFINITY, f32::min);
    let phases = [SignalPhase::Red, SignalPhase::Amber, SignalPhase::Green];
    let mut lit = phases
        .into_iter()
        .zip(lamps)
        .filter(|(phase, lamp)| is_lit(*phase, lamp, darkest));
    match (lit.next(), lit.next()) {
        (Some((phase, _)), None) => phase,
        _ => SignalPhase::Unknown,
    }
}

fn is_lit(phase: SignalPhase, lamp: &LampColours, darkest: f32) -> bool {
    let core = brightness(&lamp.bright);
    let stands_out =
        LIT_MIN <= core && darkest + CONTRAST_MIN <= core && darkest * CONTRAST_RATIO_MIN <= core;
    if !stands_out {
        return false;
    }
    let is_dazzled = lamp.bright.iter().all(|c| DAZZLED_MIN <= *c);
    let rim = colourfulness(phase, &lamp.mean);
    if is_dazzled {
        RIM_COLOUR_MIN <= rim
    } else {
        COLOUR_MIN <= colourfulness(phase, &lamp.bright).max(rim)
    }
}

fn brightness(rgb: &[f32; 3]) -> f32 {
    rgb.iter().copied().fold(0.0, f32::max)
}

/// How much of a lamp's own colour there is, as a share of the brightness; negative for another
/// colour.
fn colourfulness(phase: SignalPhase, rgb: &[f32; 3]) -> f32 {
    let [r, g, b] = *rgb;
    let most = brightness(rgb).max(1.0);
    let own = match phase {
        // Amber is red with half as much green; what has less of it is red.
        SignalPhase::Red => (r - g.max(b)).min(1.2 * (r - 1.35 * g)),
        SignalPhase::Amber => (r.min(1.6 * g) - b).min(1.5 * (1.3 * r - g)),
        // Signal green is bluish, so that people who confuse red and green can tell it.
        SignalPhase::Green => (g - r).min(g - 0.95 * b + 0.05 * most),
        SignalPhase::Unknown => return -1.0,
    };
    own / most
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignalPhase::{Amber, Green, Red, Unknown};

    fn lamp(bright: [f32; 3], mean: [f32; 3]) -> LampColours {
        LampColours {
            mean,
            bright,
            dark: mean.map(|c| c / 3.0),
        }
    }

    /// Unlit glass by day and by night.
    fn unlit_by_day() -> [LampColours; 3] {
        [
            lamp([95., 45., 42.], [70., 36., 34.]),
            lamp([98., 80., 40.], [72., 60., 33.]),
            lamp([40., 82., 70.], [32., 60., 52.]),
        ]
    }

    fn unlit_by_night() -> [LampColours; 3] {
        [lamp([14., 10., 10.], [9., 7., 7.]); 3]
    }

    #[track_caller]
    fn check(unlit: [LampColours; 3], lit: &[(usize, LampColours)], expect: SignalPhase) {
        let mut lamps = unlit;
        for (place, colours) in lit {
            lamps[*place] = *colours;
        }
        assert_eq!(classify_lamps(&lamps), expect);
    }

    #[test]
    fn one_lit_lamp_is_told_by_day_and_by_night() {
        let red = lamp([250., 70., 60.], [190., 50., 45.]);
        let amber = lamp([250., 190., 60.], [200., 140., 50.]);
        let green = lamp([70., 240., 190.], [50., 180., 140.]);
        for unlit in [unlit_by_day(), unlit_by_night()] {
            check(unlit, &[(0, red)], Red);
            check(unlit, &[(1, amber)], Amber);
            check(unlit, &[(2, green)], Green);
        }
    }

    #[test]
    fn a_dazzled_core_is_told_by_its_rim() {
        let white = [254., 250., 248.];
        check(unlit_by_night(), &[(0, lamp(white, [200., 90., 80.]))], Red);
        check(
            unlit_by_night(),
            &[(1, lamp(white, [210., 160., 90.]))],
            Amber,
        );
        check(
            unlit_by_night(),
            &[(2, lamp(white, [90., 200., 170.]))],
            Green,
        );
        check(
            unlit_by_night(),
            &[(0, lamp(white, [200., 200., 200.]))],
            Unknown,
        );
    }

    #[test]
    fn none_two_or_a_wrong_colour_is_unknown() {
        let red = lamp([250., 70., 60.], [190., 50., 45.]);
        let green = lamp([70., 240., 190.], [50., 180., 140.]);
        check(unlit_by_day(), &[], Unknown);
        check(unlit_by_night(), &[], Unknown);
        check(unlit_by_day(), &[(0, red), (2, green)], Unknown);
        check(unlit_by_day(), &[(0, green)], Unknown);
        check(unlit_by_day(), &[(2, red)], Unknown);
        let sun = lamp([250., 245., 240.], [220., 210., 205.]);
        check([sun; 3], &[], Unknown);
        check(
            unlit_by_day(),
            &[(0, lamp([f32::NAN; 3], [0.; 3]))],
            Unknown,
        );
    }
}
