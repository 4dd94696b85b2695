//! Diagrams as SVG.

use super::{figures::Figures, page::escaped, reliability::Bin, results::Results};
use crate::Wilson;
use std::fmt::Write as _;

const MISSED: &str = "#8a8f98";
const MISREAD: &str = "#c2410c";
const ACCEPTED: &str = "#7f1d1d";
const READS: &str = "#1d4ed8";
const CHARS: &str = "#0f766e";

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text)
        .expect("a string takes all that is written");
}

/// A share in percent with as many digits as tell it from 100.
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if 99.0 < percent && percent < 99.95 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}

/// What each chain did not read as it is, in percent of all plates: not found, and found but read
/// wrongly; below it what of the accepted reads is wrong. Short bars are good.
pub fn errors(title: &str, chains: &[(&str, &Results)]) -> String {
    const LABEL: f64 = 190.0;
    const WIDE: f64 = 320.0;
    let figures: Vec<(&str, Figures)> = chains
        .iter()
        .map(|(name, results)| (*name, Figures::of(&results.judged)))
        .collect();
    let most = figures.iter().map(|(_, f)| 1.0 - f.exact.low);
    let most = nice(most.fold(0.01, f64::max));
    let height = 58.0 + 44.0 * figures.len() as f64;
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{title}\" width=\"{w}\" height=\"{height}\" \
         viewBox=\"0 0 {w} {height}\">\
         <text x=\"0\" y=\"14\" style=\"font-weight:600\">{title}</text>",
        w = LABEL + WIDE + 90.0,
        title = escaped(title),
    );
    let x = |share: f64| LABEL + WIDE * share / most;
    axis(&mut svg, (most, height), &x);
    for (index, (name, f)) in figures.iter().enumerate() {
        let y = 30.0 + 44.0 * index as f64;
        let missed = 1.0 - f.found.share;
        let misread = f.found.share - f.exact.share;
        bar(&mut svg, (x(0.0), x(missed)), (y, 18.0), MISSED);
        bar(
            &mut svg,
            (x(missed), x(missed + misread)),
            (y, 18.0),
            MISREAD,
        );
        let (from, to) = (x(1.0 - f.exact.high), x(1.0 - f.exact.low));
        add(
            &mut svg,
            format_args!(
                "<path d=\"M{from:.1} {m:.0}H{to:.1}M{from:.1} {a:.0}V{b:.0}\
                 M{to:.1} {a:.0}V{b:.0}\" \
                 stroke=\"#111\" fill=\"none\"/><text x=\"{l}\" y=\"{t:.0}\" \
                 text-anchor=\"end\">{}</text><text x=\"{v:.1}\" y=\"{t:.0}\">{} %</text>",
                escaped(name),
                ticks(1.0 - f.exact.share),
                m = y + 9.0,
                a = y + 5.0,
                b = y + 13.0,
                l = LABEL - 8.0,
                t = y + 13.0,
                v = to.max(x(0.0)) + 6.0,
            ),
        );
        let wrong = f.accepted.wrong.min(most);
        bar(&mut svg, (x(0.0), x(wrong)), (y + 21.0, 9.0), ACCEPTED);
        add(
            &mut svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.0}\" style=\"font-size:10px\">{} % of accepted</text>",
                x(wrong) + 6.0,
                y + 29.0,
                ticks(f.accepted.wrong)
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Lines and numbers from 0 to `most`.
fn axis(svg: &mut String, (most, height): (f64, f64), x: &dyn Fn(f64) -> f64) {
    for step in 0..=4 {
        let share = most * f64::from(step) / 4.0;
        let (at, bottom) = (x(share), height - 22.0);
        add(
            svg,
            format_args!(
                "<path d=\"M{at:.1} 24V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" \
                 y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                height - 8.0,
                ticks(share)
            ),
        );
    }
}

fn bar(svg: &mut String, (from, to): (f64, f64), (y, high): (f64, f64), colour: &str) {
    let wide = (to - from).max(0.0);
    add(
        svg,
        format_args!(
            "<rect x=\"{from:.1}\" y=\"{y:.0}\" width=\"{wide:.1}\" height=\"{high}\" \
             fill=\"{colour}\"/>"
        ),
    );
}

/// The colours of [`errors`] in words.
pub fn legend() -> String {
    let colours = [
        (MISSED, "not found"),
        (MISREAD, "found, not read as it is"),
        (ACCEPTED, "wrong of those accepted at 92 %"),
    ];
    let mark = |(colour, text): (&str, &str)| {
        format!("<span><i style=\"background:{colour}\"></i>{text}</span>")
    };
    let marks = colours.map(mark).concat();
    format!("<div class=\"legend\"><b>Of all plates, in percent</b>{marks}</div>")
}

/// The next of 1, 2, 5, 10, … percent above it.
fn nice(share: f64) -> f64 {
    let steps = [0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8];
    let fits = steps.into_iter().find(|step| share <= *step);
    fits.unwrap_or(1.0)
}

fn ticks(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A reliability diagram: where the points lie on the diagonal, scores are shares; below it the
/// chain believes itself too much. The axes are stretched towards 1.
pub fn reliability(chain: &str, reads: &[Bin], chars: &[Bin]) -> String {
    const SIDE: f64 = 260.0;
    const LEFT: f64 = 46.0;
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"reliability of {name}\" width=\"{w}\" height=\"350\" \
         viewBox=\"0 0 {w} 350\">\
         <text x=\"0\" y=\"14\" style=\"font-weight:600\">{name}: share right by score</text>",
        name = escaped(chain),
        w = LEFT + SIDE + 30.0,
    );
    let x = |p: f64| LEFT + SIDE * stretched(p);
    let y = |p: f64| 26.0 + SIDE * (1.0 - stretched(p));
    for (p, text) in [
        (0.0, "0"),
        (0.5, ".5"),
        (0.8, ".8"),
        (0.9, ".9"),
        (0.95, ".95"),
        (0.98, ".98"),
        (0.99, ".99"),
        (0.999, ".999"),
    ] {
        add(
            &mut svg,
            format_args!(
                "<path d=\"M{0:.1} {1:.1}V{2:.1}M{3:.1} {4:.1}H{5:.1}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{0:.1}\" y=\"{6:.1}\" text-anchor=\"middle\">{text}</text>\
                 <text x=\"{7:.1}\" y=\"{8:.1}\" text-anchor=\"end\">{text}</text>",
                x(p),
                y(0.0),
                y(1.0),
                x(0.0),
                y(p),
                x(1.0),
                y(0.0) + 16.0,
                LEFT - 5.0,
                y(p) + 4.0
            ),
        );
    }
    add(
        &mut svg,
        format_args!(
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>",
            x(0.0),
            y(0.0),
            x(1.0),
            y(1.0)
        ),
    );
    for (bins, colour, dx) in [(chars, CHARS, 1.5), (reads, READS, -1.5)] {
        for bin in bins {
            point(&mut svg, bin, (x(bin.score) + dx, &y), colour);
        }
    }
    for (at, colour, text) in [
        (LEFT, READS, "whole reads"),
        (LEFT + 120.0, CHARS, "characters"),
    ] {
        add(
            &mut svg,
            format_args!(
                "<circle cx=\"{:.0}\" cy=\"326\" r=\"4\" fill=\"{colour}\"/><text x=\"{:.0}\" \
                 y=\"330\">{text}</text>",
                at + 4.0,
                at + 13.0
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

fn point(svg: &mut String, bin: &Bin, (x, y): (f64, &dyn Fn(f64) -> f64), colour: &str) {
    let Wilson { share, low, high } = bin.right;
    add(
        svg,
        format_args!(
            "<g stroke=\"{colour}\" fill=\"{colour}\"><title>{} of score {:.4}: {share:.4} right \
             ({low:.4} to {high:.4})</title><path d=\"M{x:.1} {:.1}V{:.1}\"/>\
             <circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\"/></g>",
            bin.n,
            bin.score,
            y(low),
            y(high),
            y(share)
        ),
    );
}

/// 0 to 0, 0.9 to a third, 0.99 to two thirds, 1 to 1.
fn stretched(p: f64) -> f64 {
    const LEAST: f64 = 0.001;
    let p = p.clamp(0.0, 1.0);
    -((1.0 - p) * (1.0 - LEAST) + LEAST).log10() / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plates::figures::Judged;

    #[test]
    fn axes_are_stretched_towards_one() {
        assert_eq!(stretched(0.0), 0.0);
        assert!((stretched(0.9) - 1.0 / 3.0).abs() < 0.01);
        assert!((stretched(0.99) - 2.0 / 3.0).abs() < 0.02);
        assert!((stretched(1.0) - 1.0).abs() < 1e-9);
        assert_eq!(stretched(7.0), 1.0);
    }

    #[test]
    fn shares_in_percent() {
        assert_eq!(
            [0.5, 0.994, 0.9999, 1.0].map(percent),
            ["50", "99.4", "100", "100"]
        );
        assert_eq!([0.0, 0.0125, 0.4].map(ticks), ["0", "1.25", "40"]);
        assert_eq!([0.0, 0.011, 0.2, 0.95].map(nice), [0.01, 0.02, 0.2, 1.0]);
    }

    #[test]
    fn diagrams_hold_no_numbers_that_are_none() {
        let judged = Judged {
            truth: "43A00001".to_owned(),
            group: None,
            is_found: true,
            as_read: None,
            read: None,
        };
        let results = Results {
            judged: vec![judged],
            ..Results::default()
        };
        let bin = Bin {
            score: 1.0,
            right: Wilson::of(0, 0),
            n: 0,
        };
        for svg in [
            errors("a < b", &[("ours", &results), ("&", &Results::default())]),
            errors("empty", &[]),
            reliability("ours", &[bin], &[]),
        ] {
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        let svg = errors("a < b", &[("&", &results)]);
        assert!(svg.contains("a &lt; b") && svg.contains("&amp;") && svg.contains("100 %"));
    }
}
