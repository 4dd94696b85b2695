//! The similarities of pairs and what each threshold would do, as SVG; misjudged pairs.

use super::pairs::{Pair, Pairs};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;

const WIDE: f64 = 560.0;
const HIGH: f64 = 240.0;
const LEFT: f64 = 56.0;
const SAME: &str = "#0f766e";
const OTHERS: &str = "#c2410c";
const BINS: usize = 60;

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text)
        .expect("a string takes all that is written");
}

fn begin(title: &str) -> String {
    let (width, height) = (LEFT + WIDE + 20.0, HIGH + 70.0);
    format!(
        "<svg role=\"img\" aria-label=\"{title}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"><text x=\"0\" y=\"14\" \
         style=\"font-weight:600\">{title}</text>"
    )
}

/// Shares of pairs by similarity: of one person above the line, of different people below it.
pub fn histogram(pairs: &Pairs) -> String {
    let [from, to] = [-0.4, 1.0];
    let x = |s: f64| LEFT + WIDE * (s - from) / (to - from);
    let bins = |is_same: bool| {
        let mut bins = [0.0; BINS];
        let of = pairs.all.iter().filter(|pair| pair.is_same == is_same);
        let n = of.clone().count().max(1) as f64;
        for pair in of {
            let share = (f64::from(pair.similarity) - from) / (to - from);
            let at = (share * BINS as f64).clamp(0.0, BINS as f64 - 1.0);
            bins[at as usize] += 1.0 / n;
        }
        bins
    };
    let (same, others) = (bins(true), bins(false));
    let most = same.iter().chain(&others).copied().fold(0.01, f64::max);
    let (middle, half) = (24.0 + HIGH / 2.0, HIGH / 2.0);
    let mut svg = begin("Similarity of pairs: one person (up), different people (down)");
    for (bins, colour, sign) in [(same, SAME, -1.0), (others, OTHERS, 1.0)] {
        for (at, share) in bins.iter().enumerate() {
            let left = x(from + (to - from) * at as f64 / BINS as f64);
            let high = half * share / most;
            let top = if sign < 0.0 { middle - high } else { middle };
            add(
                &mut svg,
                format_args!(
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{high:.1}\" \
                     fill=\"{colour}\"/>",
                    WIDE / BINS as f64 - 1.0
                ),
            );
        }
    }
    let threshold = x(f64::from(pairs.threshold));
    add(
        &mut svg,
        format_args!(
            "<path d=\"M{LEFT} {middle}H{:.0}\" stroke=\"#999\"/>\
             <path d=\"M{threshold:.1} 24V{:.0}\" stroke=\"#111\" stroke-dasharray=\"5 3\"/>\
             <text x=\"{:.1}\" y=\"36\">threshold {}</text>",
            LEFT + WIDE,
            24.0 + HIGH,
            threshold + 5.0,
            pairs.threshold
        ),
    );
    for tick in -2..=5 {
        let value = f64::from(tick) * 0.2;
        add(
            &mut svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{value:.1}</text>",
                x(value),
                HIGH + 42.0
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// False-non-match rate over false-match rate at every threshold.
///
/// Both axes are logarithmic from 0.0003 (ISO/IEC 19795-1: detection error trade-off), and a rate
/// of 0 stands at the edge; the circle is the threshold in use.
pub fn trade_off(pairs: &Pairs) -> String {
    let mut svg = begin("False matches (across) and false non-matches (up), log");
    const LEAST: f64 = 3e-4;
    let place = |rate: f64| (rate.max(LEAST) / LEAST).ln() / LEAST.recip().ln();
    let x = |rate: f64| LEFT + WIDE * place(rate);
    let y = |rate: f64| 24.0 + HIGH * (1.0 - place(rate));
    for rate in [0.001, 0.01, 0.1, 1.0] {
        add(
            &mut svg,
            format_args!(
                "<path d=\"M{0:.1} 24V{1:.0}M{LEFT} {2:.1}H{3:.0}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{0:.1}\" y=\"{4:.0}\" text-anchor=\"middle\">{rate}</text>\
                 <text x=\"{5:.0}\" y=\"{6:.1}\" text-anchor=\"end\">{rate}</text>",
                x(rate),
                24.0 + HIGH,
                y(rate),
                LEFT + WIDE,
                HIGH + 42.0,
                LEFT - 5.0,
                y(rate) + 4.0
            ),
        );
    }
    let sorted = |is_same: bool| {
        let of = pairs.all.iter().filter(|pair| pair.is_same == is_same);
        let mut all: Vec<f32> = of.map(|pair| pair.similarity).collect();
        all.sort_by(f32::total_cmp);
        all
    };
    let (same, others) = (sorted(true), sorted(false));
    let rates = |threshold: f32| {
        let below =
            |all: &[f32]| all.partition_point(|s| *s < threshold) as f64 / all.len().max(1) as f64;
        (1.0 - below(&others), below(&same))
    };
    let mut path = String::new();
    for step in 0..=400 {
        let (across, up) = rates(-0.4 + 1.4 * step as f32 / 400.0);
        let letter = if step == 0 { 'M' } else { 'L' };
        add(
            &mut path,
            format_args!("{letter}{:.1} {:.1}", x(across), y(up)),
        );
    }
    let (across, up) = rates(pairs.threshold);
    add(
        &mut svg,
        format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"#1d4ed8\" stroke-width=\"2\"/>\
             <circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\" fill=\"none\" stroke=\"#111\" \
             stroke-width=\"2\"/>",
            x(across),
            y(up)
        ),
    );
    svg.push_str("</svg>");
    svg
}

/// A pair with its faces, and how it is judged.
pub fn judged(pairs: &Pairs, pair: &Pair) -> String {
    let faces: String = pair
        .names
        .iter()
        .filter_map(|name| {
            let jpeg = STANDARD.encode(pairs.crops.get(name)?);
            Some(format!(
                "<img alt=\"{name}\" src=\"data:image/jpeg;base64,{jpeg}\" \
                 style=\"display:inline-block;margin:0 4px\">"
            ))
        })
        .collect();
    let what = match (pair.is_same, pairs.is_right(pair)) {
        (true, true) => "one person, recognised",
        (true, false) => "one person, not recognised",
        (false, true) => "different people, told apart",
        (false, false) => "different people, taken for one",
    };
    format!(
        "<figure>{faces}<figcaption>{what}: {:.3}<br>{} and {}</figcaption></figure>",
        pair.similarity, pair.names[0], pair.names[1]
    )
}
