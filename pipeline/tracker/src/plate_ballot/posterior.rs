//! Which text the plate has, by all reads together.
//!
//! A text is a *candidate* when some frame was read so, when each of its characters was the best
//! at its place in some frame, or when it is likelier than the likeliest of those by one character
//! that some frame thought of. The reads give each its evidence, the grammar its prior, and the
//! posterior is its share of them all, with every text that nobody read for company: one character
//! changed for any other, or a character more or less. So the grammar can choose between what
//! readers thought of, and never makes a reading.

use super::{
    CHARSET, Text,
    align::{Alignment, MISSED, align, at_places_of},
    nats::{exp, ln},
    views::{PlaceRead, Weighed},
};
use domain::{
    CharRead, Plate, PlateColour, RowRead,
    plate::{Clues, PlateClass},
};
use std::collections::{BTreeMap, BTreeSet};

/// A class that characters, rows and colour allow has the prior 1; what one of the last two speaks
/// against has this: readers take one row for two, and colours fade at night.
///
/// These three are judgement, not measured. Beside the evidence of one sure character, which is
/// about 1 to 500, they are small: they decide where frames disagree, and nothing else.
const CONTRADICTED: f64 = 0.25;
/// Old plates with three digits are few, and a digit that was missed looks like one.
const OLD_SHORT: f64 = 0.25;
/// No Vietnamese class: one vehicle in twenty is a neighbour's, a trailer's or a works' own.
const NO_CLASS: f64 = 0.05;

/// So many texts are judged; the heaviest.
const TEXTS_MAX: usize = 6;
/// For so many layouts the characters are chosen place by place.
const LAYOUTS_MAX: usize = 3;
/// So many characters give way to what a frame thought of beside its best.
const CHANGES_MAX: usize = 3;
const ALTERNATIVES_MAX: usize = 3;
/// An alternative below this is not told.
const ALTERNATIVE_LEAST: f64 = 0.001;
/// Below this the grammar is not asked what it thinks of a character that nobody read.
const UNREAD_LEAST: f64 = 1e-4;

/// What the reads come to.
pub(super) struct Posterior {
    pub(super) text: Text,
    pub(super) rows: Vec<RowRead>,
    /// That the plate has this text.
    pub(super) probability: f64,
    /// The greatest share that another character has at a place, or another length, beside the
    /// voted one, as if all frames were one witness.
    pub(super) rival_share: f64,
    /// The share of reads with these characters on other rows.
    pub(super) other_rows_share: f64,
}

/// Judges; `texts` are what frames were read as, heaviest first.
pub(super) fn judge(
    views: &[Weighed<'_>],
    texts: Vec<Text>,
    colour: PlateColour,
) -> Option<Posterior> {
    let mut cases: Vec<Case> = texts
        .into_iter()
        .take(TEXTS_MAX)
        .map(|text| Case::new(text, views, colour))
        .collect();
    sort(&mut cases);
    let mut layouts: Vec<Vec<usize>> = Vec::new();
    let mut made: Vec<Text> = Vec::new();
    for case in &cases {
        let layout = case.text.lengths();
        if layouts.len() < LAYOUTS_MAX && !layouts.contains(&layout) {
            layouts.push(layout);
            made.push(case.best_at_each_place(views));
        }
    }
    for text in made {
        if !cases.iter().any(|case| case.text == text) {
            cases.push(Case::new(text, views, colour));
        }
    }
    sort(&mut cases);
    let mut n_changes = 0;
    loop {
        let (winner, others) = cases.split_first()?;
        let unread = winner.all_unread(others, (views, colour));
        let likelier = winner.likelier(&unread);
        let Some(text) = likelier.filter(|_| n_changes < CHANGES_MAX) else {
            return Some(winner.judged_beside(others, views, unread));
        };
        cases.push(Case::new(text, views, colour));
        sort(&mut cases);
        n_changes += 1;
    }
}

/// One candidate.
struct Case {
    text: Text,
    chars: Vec<char>,
    ln_prior: f64,
    /// Logarithm of evidence times prior.
    ln_total: f64,
    /// By view and group.
    aligned: Vec<Vec<Alignment>>,
}

/// Texts with another character at one place that are no candidates, as shares of the candidate.
struct Unread {
    /// The characters that any frame thought of there.
    listed: BTreeSet<char>,
    /// By character those that somebody thought of.
    masses: BTreeMap<char, f64>,
    /// Of all.
    sum: f64,
}

fn sort(cases: &mut [Case]) {
    cases.sort_by(|a, b| {
        let by_total = b.ln_total.total_cmp(&a.ln_total);
        by_total.then_with(|| a.text.cmp(&b.text))
    });
}

impl Case {
    fn new(text: Text, views: &[Weighed<'_>], colour: PlateColour) -> Self {
        let aligned: Vec<Vec<Alignment>> = views
            .iter()
            .map(|view| {
                let groups = view.groups.iter();
                groups.map(|group| align(&text, group)).collect()
            })
            .collect();
        let ln_prior = ln_prior(&text, colour);
        let mut case = Self {
            chars: text.chars(),
            text,
            ln_prior,
            ln_total: 0.0,
            aligned,
        };
        let chars: f64 = (0..case.chars.len())
            .map(|place| case.ln_evidence(views, (place, case.chars[place])))
            .sum();
        let structure: f64 = views
            .iter()
            .zip(&case.aligned)
            .map(|(view, aligned)| {
                let of_groups = view.groups.iter().zip(aligned);
                let sum: f64 = of_groups.map(|(group, a)| group.share * a.structure).sum();
                view.weight * ln(sum)
            })
            .sum();
        case.ln_total = chars + structure + ln_prior;
        case
    }

    /// The evidence that a place holds a character, of all views.
    fn ln_evidence(&self, views: &[Weighed<'_>], at: (usize, char)) -> f64 {
        let of_view = |(n, view): (usize, &Weighed<'_>)| {
            let pooled = self.pooled(view, n, at)?;
            Some(view.weight * ln(pooled))
        };
        views.iter().enumerate().filter_map(of_view).sum()
    }

    /// The probability of a character at a place in one view: the mean over its frames that show
    /// the place; `None` when no one does.
    fn pooled(&self, view: &Weighed<'_>, n: usize, (place, c): (usize, char)) -> Option<f64> {
        let (mut sum, mut shares) = (0.0, 0.0);
        for (group, aligned) in view.groups.iter().zip(self.aligned.get(n)?) {
            if let Some(shown) = aligned.shown(group, place) {
                sum += group.share * shown.likely(c).p;
                shares += group.share;
            }
        }
        (0.0 < shares).then(|| sum / shares)
    }

    /// The text with the likeliest of those characters, at each place, that were the best of some
    /// frame there.
    fn best_at_each_place(&self, views: &[Weighed<'_>]) -> Text {
        let mut chars = self.chars.clone();
        for (place, own) in chars.iter_mut().enumerate() {
            let mut firsts = BTreeSet::from([*own]);
            for (view, aligned) in views.iter().zip(&self.aligned) {
                for (group, aligned) in view.groups.iter().zip(aligned) {
                    let at = aligned.places.get(place).copied().flatten();
                    firsts.extend(at.and_then(|at| group.text.char_at(usize::from(at))));
                }
            }
            if 1 < firsts.len() {
                let mut best: Option<(char, f64)> = None;
                for c in firsts {
                    let evidence = self.ln_evidence(views, (place, c));
                    if best.is_none_or(|(_, most)| most < evidence) {
                        best = Some((c, evidence));
                    }
                }
                *own = best.map_or(*own, |(c, _)| c);
            }
        }
        self.text.with_chars(chars)
    }

    /// The likeliest text with another character at one place, when it is likelier than this one
    /// and no candidate yet.
    fn likelier(&self, unread: &[Unread]) -> Option<Text> {
        let mut best: Option<(usize, char, f64)> = None;
        for (place, unread) in unread.iter().enumerate() {
            for (c, mass) in &unread.masses {
                if best.map_or(1.0, |(.., most)| most) < *mass {
                    best = Some((place, *c, *mass));
                }
            }
        }
        let (place, c, _) = best?;
        let mut chars = self.chars.clone();
        chars[place] = c;
        Some(self.text.with_chars(chars))
    }

    /// The characters that any frame thought of at a place.
    fn listed(&self, views: &[Weighed<'_>], place: usize) -> BTreeSet<char> {
        let mut listed = BTreeSet::new();
        for (view, aligned) in views.iter().zip(&self.aligned) {
            for (group, aligned) in view.groups.iter().zip(aligned) {
                let shown = aligned.shown(group, place);
                listed.extend(shown.into_iter().flat_map(PlaceRead::listed));
            }
        }
        listed
    }

    fn judged_beside(
        &self,
        others: &[Self],
        views: &[Weighed<'_>],
        places: Vec<Unread>,
    ) -> Posterior {
        let rivals: Vec<(f64, Vec<Option<char>>)> = others
            .iter()
            .map(|other| {
                let mass = exp(other.ln_total - self.ln_total);
                (mass, at_places_of(&self.text, &other.text))
            })
            .collect();
        // A character more or less than any frame showed.
        let witnesses: f64 = views.iter().map(|view| view.weight).sum();
        let elsewhere = exp(witnesses * ln(MISSED));
        let mut rival_share = 0.0_f64;
        for (place, unread) in places.iter().enumerate() {
            let own = self.chars[place];
            for c in unread.listed.iter().filter(|c| **c != own) {
                rival_share = rival_share.max(self.share(views, place, *c));
            }
        }
        let unread: f64 = places.iter().map(|unread| unread.sum).sum();
        let all = 1.0 + unread + elsewhere + rivals.iter().map(|(mass, _)| mass).sum::<f64>();
        let mut chars = Vec::new();
        for (place, unread) in places.into_iter().enumerate() {
            let mut masses = unread.masses;
            let own = self.chars[place];
            let mut against = elsewhere + unread.sum;
            for (mass, theirs) in &rivals {
                let c = theirs.get(place).copied().flatten();
                if c != Some(own) {
                    against += mass;
                }
                if let Some(c) = c.filter(|c| *c != own) {
                    *masses.entry(c).or_default() += mass;
                }
            }
            chars.push(char_read(own, 1.0 - against / all, masses, all));
        }
        let mut chars = chars.into_iter();
        let row = |n: &usize| RowRead {
            chars: chars.by_ref().take(*n).collect(),
        };
        let (other_length, other_rows_share) = self.shares_of_layouts(views);
        Posterior {
            rows: self.text.lengths().iter().map(row).collect(),
            text: self.text.clone(),
            probability: 1.0 / all,
            rival_share: rival_share.max(other_length),
            other_rows_share,
        }
    }

    /// For every place the texts with another character there that are no candidates.
    fn all_unread(&self, others: &[Self], at: (&[Weighed<'_>], PlateColour)) -> Vec<Unread> {
        let places = 0..self.chars.len();
        places.map(|place| self.unread(others, at, place)).collect()
    }

    fn unread(
        &self,
        others: &[Self],
        (views, colour): (&[Weighed<'_>], PlateColour),
        place: usize,
    ) -> Unread {
        let listed = self.listed(views, place);
        let own = self.chars[place];
        let here = self.ln_evidence(views, (place, own));
        let beside = |c: char| exp(self.ln_evidence(views, (place, c)) - here);
        let mut masses = BTreeMap::new();
        for c in listed.iter().filter(|c| **c != own) {
            let mut changed = self.chars.clone();
            changed[place] = *c;
            let text = self.text.with_chars(changed);
            if others.iter().any(|other| other.text == text) {
                continue;
            }
            let mut mass = beside(*c);
            if UNREAD_LEAST < mass {
                mass *= exp(ln_prior(&text, colour) - self.ln_prior);
            }
            masses.insert(*c, mass);
        }
        // No plate has this character, so no reader thought of it.
        let n_left = (CHARSET - listed.len() as f64).max(0.0);
        let sum = masses.values().sum::<f64>() + n_left * beside('\0');
        Unread {
            listed,
            masses,
            sum,
        }
    }

    /// The share that another character has beside the voted one, as if all frames were one
    /// witness.
    fn share(&self, views: &[Weighed<'_>], place: usize, other: char) -> f64 {
        let (mut own_sum, mut other_sum) = (0.0, 0.0);
        for (n, view) in views.iter().enumerate() {
            let of = |c| self.pooled(view, n, (place, c)).unwrap_or(0.0);
            own_sum += view.weight * of(self.chars[place]);
            other_sum += view.weight * of(other);
        }
        if own_sum + other_sum == 0.0 {
            return 0.0;
        }
        other_sum / (own_sum + other_sum)
    }

    /// The shares of reads with more or fewer characters, and with these on other rows.
    fn shares_of_layouts(&self, views: &[Weighed<'_>]) -> (f64, f64) {
        let (mut other_length, mut other_rows, mut all) = (0.0, 0.0, 0.0);
        for (view, aligned) in views.iter().zip(&self.aligned) {
            for (group, aligned) in view.groups.iter().zip(aligned) {
                let weight = view.weight * group.share;
                all += weight;
                if aligned.has_other_length {
                    other_length += weight;
                }
                if aligned.has_other_rows {
                    other_rows += weight;
                }
            }
        }
        if all == 0.0 {
            return (0.0, 0.0);
        }
        (other_length / all, other_rows / all)
    }
}

fn char_read(best: char, score: f64, masses: BTreeMap<char, f64>, all: f64) -> CharRead {
    let mut alternatives: Vec<(char, f32)> = masses
        .into_iter()
        .map(|(c, mass)| (c, mass / all))
        .filter(|(_, score)| ALTERNATIVE_LEAST <= *score)
        .map(|(c, score)| (c, score.min(1.0) as f32))
        .collect();
    alternatives.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    alternatives.truncate(ALTERNATIVES_MAX);
    CharRead {
        best,
        score: score.clamp(0.0, 1.0) as f32,
        alternatives,
    }
}

fn ln_prior(text: &Text, colour: PlateColour) -> f64 {
    let vehicle = None;
    let ranking = Plate::from_rows(&text.row_texts())
        .map(|plate| plate.rank_classes(Clues { colour, vehicle }))
        .unwrap_or_default();
    let prior = match ranking.best() {
        None => NO_CLASS,
        Some(found) => {
            let mut prior = 1.0;
            for _clue in &found.contradicted_by {
                prior *= CONTRADICTED;
            }
            if found.class == PlateClass::LegacyShort {
                prior *= OLD_SHORT;
            }
            prior.max(NO_CLASS)
        }
    };
    ln(prior)
}
