//! The reads of one plate, gathered by how alike their pictures were.
//!
//! Frames in which the plate stands at one place in one size show the same dirt, the same shadow
//! and the same compression: they are not so many independent witnesses. What was read in such a
//! *view* is pooled, and its weight grows ever more slowly with the number of frames.

use super::{CHARSET, Text, keep_heaviest, nats::ln, whole};
use domain::{BoxInImage, PlateRead};
use std::collections::BTreeMap;

/// All frames of one view together weigh less than so many independent ones. Judgement: noise of
/// the sensor and of compression is new in each frame, dirt and shadow are not.
const STILL_WITNESSES_MAX: f64 = 4.0;
/// All views together weigh at most as much as six: what a reader gets wrong by its nature it gets
/// wrong from everywhere.
const WITNESSES_MAX: f64 = 6.0;
/// A plate that has moved, or grown, by this share of its width has been seen twice.
const MOVE_STEP: f64 = 0.5;
/// Pictures of one view lie within this share of the plate's width.
const CELL_STEP: f32 = 0.35;
/// Widths within this factor are one size.
const SIZE_STEP: f32 = 1.25;
const WIDTH_LEAST_PX: f32 = 8.0;

/// Of a plate this wide a reader's score is taken nearly at its word.
const WIDTH_SURE_PX: f64 = 64.0;
/// So often a character is something else whatever the reader says.
const ERROR_MIN: f64 = 0.02;
/// And so often more when the plate is of no width at all.
const ERROR_FAR: f64 = 0.18;

const VIEWS_MAX: usize = 32;
const TEXTS_OF_VIEW_MAX: usize = 8;
const ALTERNATIVES_MAX: usize = 3;

/// Millionths: whole numbers, so that sums do not depend on their order.
const UNIT: f64 = 1_000_000.0;

/// Size, and place in steps of that size.
type ViewKey = (u8, i32, i32);

/// All reads of one plate.
#[derive(Clone, Default)]
pub(super) struct Views {
    views: BTreeMap<ViewKey, View>,
    span: Option<Span>,
}

/// The reads of pictures that look alike.
#[derive(Clone, Default)]
pub(super) struct View {
    n: u32,
    width_px: u32,
    groups: BTreeMap<Text, Group>,
}

/// The reads of one view with one best text.
#[derive(Clone, Default)]
pub(super) struct Group {
    n: u32,
    /// By place, rows joined, and character: the sum of its probabilities.
    sums: BTreeMap<(u8, char), u64>,
}

/// Where the plate has been, in widths of itself.
#[derive(Clone, Copy)]
struct Span {
    min: [f32; 3],
    max: [f32; 3],
}

/// One view for the count: its weight, and the share of each group.
pub(super) struct Weighed<'a> {
    pub(super) weight: f64,
    pub(super) groups: Vec<WeighedGroup<'a>>,
}

/// One group for the count.
pub(super) struct WeighedGroup<'a> {
    pub(super) text: &'a Text,
    /// Its share of the view.
    pub(super) share: f64,
    pub(super) places: Vec<PlaceRead>,
}

/// What may stand at a place, by the reads of one group.
pub(super) struct PlaceRead {
    listed: Vec<(char, Likely)>,
    /// For each of the characters that nobody thought of.
    unlisted: Likely,
}

/// A probability with its logarithm.
#[derive(Clone, Copy)]
pub(super) struct Likely {
    pub(super) p: f64,
    pub(super) ln: f64,
}

impl Views {
    pub(super) fn add(&mut self, text: &Text, read: &PlateRead) {
        let (key, width_px) = key_of(&read.bounds);
        let view = self.views.entry(key).or_default();
        view.n = view.n.saturating_add(1);
        view.width_px = view.width_px.max(width_px);
        let group = view.groups.entry(text.clone()).or_default();
        group.add(read);
        view.settle();
        let seen = Span::of(&read.bounds);
        self.span = Span::joined(self.span, seen);
        self.settle();
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (key, theirs) in &other.views {
            let view = self.views.entry(*key).or_default();
            view.n = view.n.saturating_add(theirs.n);
            view.width_px = view.width_px.max(theirs.width_px);
            for (text, group) in &theirs.groups {
                view.groups.entry(text.clone()).or_default().absorb(group);
            }
            view.settle();
        }
        self.span = Span::joined(self.span, other.span);
        self.settle();
    }

    fn settle(&mut self) {
        keep_heaviest(&mut self.views, VIEWS_MAX, |view| {
            u64::from(view.n) * u64::from(view.width_px)
        });
    }

    /// The views with what each weighs, in independent witnesses.
    ///
    /// A view of half the width of the widest weighs a quarter: a far plate is read again when it
    /// is near.
    pub(super) fn weighed(&self) -> Vec<Weighed<'_>> {
        let widest = self.views.values().map(|view| view.width_px).max();
        let widest = f64::from(widest.unwrap_or(1).max(1));
        let mut views: Vec<Weighed<'_>> = self
            .views
            .values()
            .map(|view| {
                let width = f64::from(view.width_px);
                let near = width / widest;
                let far = 1.0 - (width / WIDTH_SURE_PX).min(1.0);
                Weighed {
                    weight: n_witnesses(view.n) * near * near,
                    groups: view.weighed(ERROR_MIN + ERROR_FAR * far),
                }
            })
            .filter(|view| !view.groups.is_empty())
            .collect();
        let sum: f64 = views.iter().map(|view| view.weight).sum();
        let moved = self.span.map_or(0.0, |span| f64::from(span.length()));
        let most = (STILL_WITNESSES_MAX * (1.0 + moved / MOVE_STEP)).min(WITNESSES_MAX);
        if most < sum {
            views.iter_mut().for_each(|view| view.weight *= most / sum);
        }
        views
    }
}

impl View {
    fn weighed(&self, error: f64) -> Vec<WeighedGroup<'_>> {
        let n_kept: u32 = self.groups.values().map(|group| group.n).sum();
        let groups = self.groups.iter();
        groups
            .map(|(text, group)| WeighedGroup {
                text,
                share: f64::from(group.n) / f64::from(n_kept.max(1)),
                places: (0_u8..)
                    .take(text.n_chars())
                    .map(|place| group.place(place, error))
                    .collect(),
            })
            .collect()
    }

    fn settle(&mut self) {
        keep_heaviest(&mut self.groups, TEXTS_OF_VIEW_MAX, |group| {
            u64::from(group.n)
        });
    }
}

impl Group {
    fn add(&mut self, read: &PlateRead) {
        self.n = self.n.saturating_add(1);
        let chars = read.rows.iter().flat_map(|row| &row.chars);
        for (place, c) in (0_u8..).zip(chars) {
            let others = || {
                let listed = c.alternatives.iter().take(ALTERNATIVES_MAX);
                listed.filter(|(other, _)| *other != c.best)
            };
            // What is called best is at least as likely as any other, and as a guess.
            let second = others().map(|(_, p)| unit(*p)).fold(0.0, f64::max);
            let best = unit(c.score).max(second).max(1.0 / CHARSET);
            let sum = others().map(|(_, p)| unit(*p)).sum::<f64>() + best;
            let scale = UNIT / sum.max(1.0);
            let mut count = |c: char, p: f64| {
                let counted = self.sums.entry((place, c)).or_default();
                *counted = counted.saturating_add(whole(p * scale));
            };
            count(c.best, best);
            others().for_each(|(other, p)| count(*other, unit(*p)));
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.n = self.n.saturating_add(other.n);
        for (key, sum) in &other.sums {
            let counted = self.sums.entry(*key).or_default();
            *counted = counted.saturating_add(*sum);
        }
    }

    /// What may stand at a place, when one character in so many (`error`) is wrong whatever the
    /// reader says; what it did not list shares what is left.
    fn place(&self, place: u8, error: f64) -> PlaceRead {
        let likely = |p: f64| {
            let p = (1.0 - error) * p + error / CHARSET;
            Likely { p, ln: ln(p) }
        };
        let n = f64::from(self.n.max(1));
        let mut left = 1.0;
        let mut listed = Vec::new();
        for ((_, c), sum) in self.sums.range((place, '\0')..=(place, char::MAX)) {
            let p = *sum as f64 / UNIT / n;
            left -= p;
            listed.push((*c, likely(p)));
        }
        let n_left = (CHARSET - listed.len() as f64).max(1.0);
        PlaceRead {
            listed,
            unlisted: likely(left.max(0.0) / n_left),
        }
    }
}

impl PlaceRead {
    pub(super) fn likely(&self, c: char) -> Likely {
        let listed = self.listed.iter().find(|(other, _)| *other == c);
        listed.map_or(self.unlisted, |(_, likely)| *likely)
    }

    /// The characters that were thought of.
    pub(super) fn listed(&self) -> impl Iterator<Item = char> + '_ {
        self.listed.iter().map(|(c, _)| *c)
    }
}

impl Span {
    fn of(bounds: &BoxInImage) -> Option<Self> {
        let (middle, width) = (bounds.centre(), bounds.width().max(WIDTH_LEAST_PX));
        let seen = [middle.x, middle.y, width];
        let is_finite = seen.iter().all(|number| number.is_finite());
        is_finite.then_some(Self {
            min: seen,
            max: seen,
        })
    }

    fn joined(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (Some(a), Some(b)) = (a, b) else {
            return a.or(b);
        };
        let each = |pick: fn(f32, f32) -> f32, x: [f32; 3], y: [f32; 3]| {
            [pick(x[0], y[0]), pick(x[1], y[1]), pick(x[2], y[2])]
        };
        Some(Self {
            min: each(f32::min, a.min, b.min),
            max: each(f32::max, a.max, b.max),
        })
    }

    /// How far it has gone and how much it has grown, in its greatest width.
    fn length(&self) -> f32 {
        let [x, y, width] = [0, 1, 2].map(|i| self.max[i] - self.min[i]);
        ((x * x + y * y).sqrt() + width) / self.max[2]
    }
}

/// Independent witnesses that `n` frames of one view are worth: 1, 1.6, 2, 2.3 … 4.
fn n_witnesses(n: u32) -> f64 {
    let n = f64::from(n);
    n / (1.0 + (n - 1.0) / STILL_WITNESSES_MAX)
}

fn key_of(bounds: &BoxInImage) -> (ViewKey, u32) {
    let width = bounds.width().clamp(WIDTH_LEAST_PX, 4096.0);
    let width = if width.is_nan() {
        WIDTH_LEAST_PX
    } else {
        width
    };
    let (mut size, mut sized) = (0_u8, WIDTH_LEAST_PX);
    while sized * SIZE_STEP <= width {
        sized *= SIZE_STEP;
        size += 1;
    }
    let middle = bounds.centre();
    let step = CELL_STEP * sized;
    // The conversion rounds towards zero and makes what is no number 0.
    let cell = |at: f32| (at / step) as i32;
    ((size, cell(middle.x), cell(middle.y)), width as u32)
}

/// Within [0, 1]; what is no number counts 0.
fn unit(score: f32) -> f64 {
    if score.is_nan() {
        0.0
    } else {
        f64::from(score.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CharRead, PlateColour, RowRead};

    fn read(best: char, score: f32, alternatives: &[(char, f32)]) -> PlateRead {
        let c = CharRead {
            best,
            score,
            alternatives: alternatives.to_vec(),
        };
        PlateRead {
            bounds: BoxInImage::new(0.0, 0.0, 100.0, 30.0),
            corners: None,
            detect_score: 0.9,
            rows: vec![RowRead { chars: vec![c] }],
            colour: PlateColour::White,
        }
    }

    #[test]
    fn the_probabilities_of_a_place_sum_to_one() {
        for (score, other) in [(0.9, 0.06), (0.4, 0.4), (1.0, 1.0), (f32::NAN, 0.3)] {
            let mut group = Group::default();
            group.add(&read('8', score, &[('B', other), ('8', 0.5)]));
            group.add(&read('8', 0.7, &[('3', 0.2)]));
            let place = group.place(0, 0.02);
            let p = |c| place.likely(c).p;
            // 37 characters: three were thought of, the others share what is left.
            let sum = p('8') + p('B') + p('3') + 34.0 * p('X');
            assert!((sum - 1.0).abs() < 1e-5, "{score} {sum}");
            assert!(p('8') >= p('B') && 0.0005 < p('X'));
        }
    }

    #[test]
    fn frames_that_look_alike_weigh_less_and_less() {
        let weight = |places: &[f32]| {
            let mut views = Views::default();
            for x in places {
                let mut read = read('8', 0.9, &[]);
                read.bounds = BoxInImage::new(*x, 0.0, x + 100.0, 30.0);
                views.add(&Text::of(&read).unwrap(), &read);
            }
            views.weighed().iter().map(|view| view.weight).sum::<f64>()
        };
        assert_eq!(weight(&[0.0]), 1.0);
        assert!((2.28..2.29).contains(&weight(&[0.0; 4])));
        assert!((3.8..4.0).contains(&weight(&[0.0; 100])));
        // A box that trembles over the border of a cell is seen no more often for it.
        let trembling: Vec<f32> = (0..100)
            .map(|n| f32::from(n % 3 == 0) * 4.0 + 13.0)
            .collect();
        assert!(weight(&trembling) < 4.4, "{}", weight(&trembling));
        let moving: Vec<f32> = (0..4).map(|n| f32::from(n as u8) * 60.0).collect();
        assert_eq!(weight(&moving), 4.0);
        let far: Vec<f32> = (0..100).map(|n| f32::from(n as u8) * 60.0).collect();
        assert!((weight(&far) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn boxes_that_are_none_are_counted_at_one_place() {
        for bad in [f32::NAN, f32::INFINITY, -1e30] {
            let mut strange = read('8', 0.9, &[]);
            strange.bounds.x_max = bad;
            let mut views = Views::default();
            views.add(&Text::of(&strange).unwrap(), &strange);
            let weight: f64 = views.weighed().iter().map(|view| view.weight).sum();
            assert!(weight.is_finite() && 0.0 < weight, "{bad}");
        }
    }
}
