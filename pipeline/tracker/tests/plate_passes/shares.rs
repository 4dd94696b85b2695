//! The vote by shares that went before, to measure against: the heaviest layout, and in it the
//! heaviest character of each place.

use domain::PlateRead;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Shares {
    layouts: BTreeMap<Vec<usize>, Layout>,
    weight: f32,
    n_reads: u32,
    width_max_px: f32,
    last: Option<String>,
    n_since_change: u32,
}

#[derive(Default)]
struct Layout {
    weight: f32,
    places: Vec<BTreeMap<char, f32>>,
    texts: BTreeMap<String, f32>,
}

impl Shares {
    pub(crate) fn add(&mut self, read: &PlateRead) {
        let lengths: Vec<usize> = read.rows.iter().map(|row| row.chars.len()).collect();
        let chars: Vec<_> = read.rows.iter().flat_map(|row| &row.chars).collect();
        let size = read.bounds.width();
        let weight = size * chars.iter().map(|c| c.score).sum::<f32>() / chars.len() as f32;
        let layout = self.layouts.entry(lengths).or_default();
        layout.places.resize_with(chars.len(), BTreeMap::new);
        for (votes, c) in layout.places.iter_mut().zip(&chars) {
            *votes.entry(c.best).or_default() += size * c.score;
        }
        layout.weight += weight;
        let text: Vec<String> = read.rows.iter().map(domain::RowRead::text).collect();
        *layout.texts.entry(text.join("/")).or_default() += weight;
        self.weight += weight;
        self.n_reads += 1;
        self.width_max_px = self.width_max_px.max(size);
        let text = self.text();
        let is_same = text == self.last;
        self.n_since_change = if is_same { self.n_since_change + 1 } else { 0 };
        self.last = text;
    }

    fn winner(&self) -> Option<(&Vec<usize>, &Layout)> {
        let layouts = self.layouts.iter();
        layouts.max_by(|(_, a), (_, b)| a.weight.total_cmp(&b.weight))
    }

    pub(crate) fn text(&self) -> Option<String> {
        let (lengths, layout) = self.winner()?;
        let most = |votes: &BTreeMap<char, f32>| {
            let best = votes.iter().max_by(|a, b| a.1.total_cmp(b.1));
            best.map(|(c, _)| *c)
        };
        let mut chars = layout.places.iter().filter_map(most);
        let rows = lengths.iter().map(|n| chars.by_ref().take(*n).collect());
        Some(rows.collect::<Vec<String>>().join("/"))
    }

    pub(crate) fn is_decisive(&self) -> bool {
        let (Some((_, layout)), Some(text)) = (self.winner(), self.text()) else {
            return false;
        };
        let share = |votes: &BTreeMap<char, f32>| {
            let most = votes.values().copied().fold(0.0, f32::max);
            most / votes.values().sum::<f32>()
        };
        4 <= self.n_reads
            && 2 <= self.n_since_change
            && 48.0 <= self.width_max_px
            && layout.places.iter().all(|votes| 0.8 <= share(votes))
            && layout
                .texts
                .get(&text)
                .is_some_and(|w| 0.7 * self.weight <= *w)
    }
}
