//! The nearest templates of many: a coarse look at all of them, an exact one at those that can win.
//!
//! A template is kept twice: as 32-bit numbers, and as 8-bit ones with a scale and the length of
//! what they leave out. By Cauchy and Schwarz the similarity to the coarse template is off by no
//! more than that length, so that whoever could be among the nearest is found by the coarse look
//! and judged by the exact one: the answer is that of an exact search, not nearly so.
//! 100 000 templates of 128 numbers are 13 MB for the coarse look, which the processor's own
//! vectors go through in about a millisecond.

use super::TEMPLATES_MAX;
use domain::PersonId;

/// The nearest people that are told.
pub(super) const NEAREST_MAX: usize = 3;

/// If so many templates reach a similarity, at least [`NEAREST_MAX`] people do.
const ROWS_MIN: usize = (NEAREST_MAX - 1) * TEMPLATES_MAX + 1;

/// Coarse rows are filled up with zeros to a multiple of this, which is what one step takes.
const STEP: usize = 32;

/// Of a template. With more, sums of the coarse look might not fit in 31 bits: by Cauchy and
/// Schwarz they are at most 32767 times 127 times this.
pub(super) const NUMBERS_MAX: usize = 512;

/// More than the rounding of sums of 32-bit numbers of length 1.
const ROUNDING: f32 = 1e-5;

/// Templates in rows, in the order in which they came; those of one person stand together.
#[derive(Clone, Default)]
pub(crate) struct Index {
    /// Numbers of a template; 0 before the first one.
    n_numbers: usize,
    /// Of a coarse row.
    stride: usize,
    owners: Vec<PersonId>,
    exact: Vec<f32>,
    coarse: Vec<i8>,
    errors: Vec<CoarseError>,
}

/// What the coarse row of a template must be multiplied by, and how far it is from the template.
#[derive(Clone, Copy)]
struct CoarseError {
    scale: f32,
    distance: f32,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    pub(super) fn n_numbers(&self) -> usize {
        self.n_numbers
    }

    /// Adds a person's templates. Those of another length than the first one are left out.
    pub(crate) fn push<'a>(
        &mut self,
        person: PersonId,
        templates: impl IntoIterator<Item = &'a [f32]>,
    ) {
        for template in templates {
            if self.n_numbers == 0 {
                self.n_numbers = template.len();
                self.stride = template.len().next_multiple_of(STEP);
            }
            if template.len() != self.n_numbers || !(1..=NUMBERS_MAX).contains(&template.len()) {
                continue;
            }
            self.owners.push(person);
            self.exact.extend_from_slice(template);
            let scale = largest(template) / f32::from(i8::MAX);
            let mut left_out = 0.0;
            for number in template {
                let coarse = (number / scale).round() as i8;
                let rest = number - f32::from(coarse) * scale;
                left_out += rest * rest;
                self.coarse.push(coarse);
            }
            self.coarse.resize(self.owners.len() * self.stride, 0);
            let distance = left_out.sqrt() + ROUNDING;
            self.errors.push(CoarseError { scale, distance });
        }
    }

    /// Takes a person's templates out; says how many.
    pub(super) fn remove(&mut self, person: PersonId) -> usize {
        let Some(first) = self.owners.iter().position(|owner| *owner == person) else {
            return 0;
        };
        let n = self.owners[first..]
            .iter()
            .take_while(|owner| **owner == person)
            .count();
        let rows = first..first + n;
        self.exact
            .drain(rows.start * self.n_numbers..rows.end * self.n_numbers);
        self.coarse
            .drain(rows.start * self.stride..rows.end * self.stride);
        self.errors.drain(rows.clone());
        self.owners.drain(rows);
        n
    }

    /// The templates of one person.
    pub(super) fn templates_of(&self, person: PersonId) -> Vec<&[f32]> {
        let rows = self.owners.iter().zip(self.exact_rows());
        rows.filter(|(owner, _)| **owner == person)
            .map(|(_, row)| row)
            .collect()
    }

    /// Everybody's templates, each person's together, in the order in which they came.
    pub(super) fn everybody(&self) -> Vec<(PersonId, Vec<&[f32]>)> {
        let mut all: Vec<(PersonId, Vec<&[f32]>)> = Vec::new();
        for (owner, row) in self.owners.iter().zip(self.exact_rows()) {
            match all.last_mut() {
                Some((last, rows)) if last == owner => rows.push(row),
                _ => all.push((*owner, vec![row])),
            }
        }
        all
    }

    fn exact_rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.exact.chunks_exact(self.n_numbers.max(1))
    }

    /// The people whose nearest template is nearest, at most [`NEAREST_MAX`], best first; of equals
    /// the smaller id.
    pub(crate) fn nearest(&self, face: &[f32]) -> Vec<(PersonId, f32)> {
        if face.len() != self.n_numbers || face.is_empty() {
            return Vec::new();
        }
        let mut best: Vec<(PersonId, f32)> = Vec::new();
        for row in self.possible(face) {
            let exact = &self.exact[row * self.n_numbers..(row + 1) * self.n_numbers];
            let (owner, similarity) = (self.owners[row], similarity(exact, face));
            match best.iter_mut().find(|(person, _)| *person == owner) {
                Some((_, known)) => *known = known.max(similarity),
                None => best.push((owner, similarity)),
            }
        }
        best.sort_by(|(a, a_similarity), (b, b_similarity)| {
            b_similarity.total_cmp(a_similarity).then_with(|| a.cmp(b))
        });
        best.truncate(NEAREST_MAX);
        best
    }

    /// The rows that can be among the nearest.
    fn possible(&self, face: &[f32]) -> Vec<usize> {
        let query = Query::of(face, self.stride);
        let mut possible: Vec<(usize, f32)> = Vec::new();
        let mut bar = Bar::default();
        let rows = self.coarse.chunks_exact(self.stride).zip(&self.errors);
        for (row, (coarse, error)) in rows.enumerate() {
            let about = query.dot(coarse) as f32 * (query.scale * error.scale);
            let error = error.distance + query.distance;
            if bar.lowest <= about + error {
                possible.push((row, about + error));
                bar.raise(about - error);
            }
        }
        possible.retain(|(_, at_most)| bar.lowest <= *at_most);
        possible.into_iter().map(|(row, _)| row).collect()
    }
}

/// What [`ROWS_MIN`] rows surely reach.
struct Bar {
    /// Ascending.
    sure: Vec<f32>,
    lowest: f32,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            sure: Vec::with_capacity(ROWS_MIN + 1),
            lowest: f32::NEG_INFINITY,
        }
    }
}

impl Bar {
    fn raise(&mut self, at_least: f32) {
        let at = self.sure.partition_point(|known| *known < at_least);
        self.sure.insert(at, at_least);
        if ROWS_MIN < self.sure.len() {
            self.sure.remove(0);
        }
        if self.sure.len() == ROWS_MIN {
            self.lowest = self.sure[0];
        }
    }
}

/// The face that is looked for, in 15 bits and a sign.
struct Query {
    numbers: Vec<i16>,
    scale: f32,
    distance: f32,
}

impl Query {
    fn of(face: &[f32], stride: usize) -> Self {
        let scale = largest(face) / f32::from(i16::MAX);
        let mut numbers: Vec<i16> = face
            .iter()
            .map(|number| (number / scale).round() as i16)
            .collect();
        let rest = face.iter().zip(&numbers).map(|(number, coarse)| {
            let rest = number - f32::from(*coarse) * scale;
            rest * rest
        });
        let distance = rest.sum::<f32>().sqrt() + ROUNDING;
        numbers.resize(stride, 0);
        Self {
            numbers,
            scale,
            distance,
        }
    }

    /// In steps of a fixed number of products, which the compiler makes vector instructions of.
    fn dot(&self, row: &[i8]) -> i32 {
        let (a, _) = self.numbers.as_chunks::<STEP>();
        let (b, _) = row.as_chunks::<STEP>();
        let mut sum: i32 = 0;
        for (a, b) in a.iter().zip(b) {
            let mut step: i32 = 0;
            for at in 0..STEP {
                step += i32::from(a[at]) * i32::from(b[at]);
            }
            sum = sum.wrapping_add(step);
        }
        sum
    }
}

fn largest(numbers: &[f32]) -> f32 {
    let largest = numbers.iter().fold(0.0, |m: f32, n| m.max(n.abs()));
    largest.max(f32::MIN_POSITIVE)
}

/// As [`domain::Embedding::similarity`].
fn similarity(a: &[f32], b: &[f32]) -> f32 {
    let sum: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    sum.clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Embedding;

    /// Numbers from a seed (Marsaglia 2003), in about a normal distribution.
    struct Chance(u64);
    impl Chance {
        fn number(&mut self) -> f32 {
            let mut sum = 0.0;
            for _ in 0..6 {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                sum += (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5;
            }
            sum
        }
        fn near(&mut self, centre: &[f32], spread: f32) -> Embedding {
            let numbers: Vec<f32> = centre.iter().map(|c| c + spread * self.number()).collect();
            Embedding::normalised(&numbers).unwrap()
        }
    }

    fn exact(all: &[(PersonId, Embedding)], face: &Embedding) -> Vec<(PersonId, f32)> {
        let mut best: Vec<(PersonId, f32)> = Vec::new();
        for (person, template) in all {
            let similarity = template.similarity(face);
            match best.last_mut().filter(|(last, _)| last == person) {
                Some((_, known)) => *known = known.max(similarity),
                None => best.push((*person, similarity)),
            }
        }
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        best.truncate(NEAREST_MAX);
        best
    }

    #[test]
    fn the_nearest_are_those_of_an_exact_search() {
        for (n_numbers, seed) in [(128, 1), (128, 2), (40, 3), (512, 4), (2, 5)] {
            let mut chance = Chance(seed);
            let zero = vec![0.0; n_numbers];
            let groups: Vec<Embedding> = (0..20).map(|_| chance.near(&zero, 1.0)).collect();
            let mut all = Vec::new();
            let mut index = Index::default();
            for person in 0..700 {
                let group = groups[person as usize % groups.len()].expose().to_vec();
                let own = chance.near(&group, 0.1);
                let mine: Vec<Embedding> = (0..1 + person % 8)
                    .map(|_| chance.near(own.expose(), 0.05))
                    .collect();
                index.push(PersonId(person), mine.iter().map(Embedding::expose));
                all.extend(mine.into_iter().map(|t| (PersonId(person), t)));
            }
            for query in 0..60 {
                let near = all[query * 37 % all.len()].1.clone();
                let spread = [0.0, 0.05, 0.3][query % 3];
                let face = chance.near(near.expose(), spread);
                let found = index.nearest(face.expose());
                assert_eq!(found, exact(&all, &face), "{n_numbers} numbers, {query}");
            }
        }
    }

    #[test]
    fn who_is_taken_out_is_not_found_and_the_others_are() {
        let mut chance = Chance(9);
        let zero = [0.0; 33];
        let templates: Vec<Embedding> = (0..6).map(|_| chance.near(&zero, 1.0)).collect();
        let mut index = Index::default();
        for (person, two) in templates.chunks(2).enumerate() {
            index.push(PersonId(person as u128), two.iter().map(Embedding::expose));
        }
        assert_eq!((index.len(), index.remove(PersonId(1))), (6, 2));
        assert_eq!(index.remove(PersonId(1)), 0);
        let of_gone = index.nearest(templates[2].expose());
        assert!(of_gone.iter().all(|(person, _)| person.0 != 1));
        let last = index.nearest(templates[5].expose());
        assert_eq!(last[0].0, PersonId(2));
        assert!((last[0].1 - 1.0).abs() < 1e-5);
        assert_eq!(index.templates_of(PersonId(2)).len(), 2);
        assert_eq!(index.everybody().len(), 2);
        assert_eq!(index.nearest(&[1.0; 5]), [], "of another model");
    }
}
