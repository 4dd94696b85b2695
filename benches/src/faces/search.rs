//! Searching a gallery of made-up people, beside an exact search.
//!
//! People stand in groups, as templates of real people do: those of one group are more alike than
//! others. How alike is set from what the embedder gives on real photos: views of one person have
//! a similarity of about 0.66, people of one group of about 0.15, others of about 0.

use super::{Failure, speed::quantile};
use crate::clock;
use domain::{Embedding, PersonId, Timestamp};
use pipeline::gallery::{Consent, Enrolled, Gallery, Seal};
use std::{fs, path::Path};

const PEOPLE: u32 = 25_000;
const VIEWS: u32 = 4;
const GROUPS: u32 = 250;
const NUMBERS: usize = 128;

/// Searches that are timed.
const TIMED: u32 = 4000;

/// Of these, compared with an exact search.
const COMPARED: u32 = 400;

/// What was measured.
pub struct Searched {
    /// Templates in the gallery.
    pub n_templates: usize,
    /// Of the sealed file.
    pub file_bytes: u64,
    /// From the file to the first search.
    pub open_ms: f64,
    /// Of a search, on one thread.
    pub p50_ms: f64,
    /// Of a search.
    pub p99_ms: f64,
    /// Of a search, in time of the processor: what others do on this machine plays no part.
    pub p99_work_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Share of the nearest people of an exact search that were found, with the same similarity.
    pub recall: f64,
    /// How many searches were compared with an exact one.
    pub n_compared: u32,
}

/// AES is not what is measured here.
struct Plain;

impl Seal for Plain {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        [context, plain].concat()
    }
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        sealed.strip_prefix(context).map(<[u8]>::to_vec)
    }
}

/// Numbers from a seed (Marsaglia 2003), about normally distributed with deviation 0.71.
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

    fn direction(&mut self) -> Vec<f32> {
        let numbers: Vec<f32> = (0..NUMBERS).map(|_| self.number()).collect();
        scaled(&numbers)
    }

    /// A direction that has this similarity to the centre.
    fn near(&mut self, centre: &[f32], similarity: f32) -> Vec<f32> {
        let other = self.direction();
        let rest = (1.0 - similarity * similarity).sqrt();
        let numbers = centre.iter().zip(&other);
        scaled(
            &numbers
                .map(|(c, o)| similarity * c + rest * o)
                .collect::<Vec<f32>>(),
        )
    }
}

fn scaled(numbers: &[f32]) -> Vec<f32> {
    Embedding::normalised(numbers).map_or_else(Vec::new, |e| e.expose().to_vec())
}

/// Views of one person are 0.66 alike when each is 0.81 like the person; people of a group 0.15
/// when each is 0.39 like the group.
fn population() -> (Vec<(PersonId, Enrolled)>, Vec<Vec<f32>>) {
    let mut chance = Chance(20_261_122);
    let groups: Vec<Vec<f32>> = (0..GROUPS).map(|_| chance.direction()).collect();
    let (mut people, mut centres) = (Vec::new(), Vec::new());
    // As many again are not enrolled.
    for n in 0..2 * PEOPLE {
        let group = &groups[(n % GROUPS) as usize];
        let centre = chance.near(group, 0.39);
        if n < PEOPLE {
            let templates = (0..VIEWS).map(|_| chance.near(&centre, 0.81));
            let templates = templates
                .filter_map(|t| Embedding::normalised(&t))
                .collect();
            let consent = Consent {
                given_at: Timestamp::EPOCH,
                notice: "made-up".to_owned(),
                recorded_by: "benchmark".to_owned(),
            };
            let enrolled = Enrolled {
                name: format!("person {n}"),
                consent,
                templates,
            };
            people.push((PersonId(n.into()), enrolled));
        }
        centres.push(centre);
    }
    (people, centres)
}

/// Fills a gallery, opens it again and searches it: for people who are enrolled and for as many who
/// are not, in turn.
pub fn measure(folder: &Path) -> Result<Searched, Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let path = folder.join("gallery.plain");
    let (people, centres) = population();
    Gallery::open(&path, "made-up", Box::new(Plain))?.enrol_all(people.clone())?;
    let opened_at = clock::now();
    let gallery = Gallery::open(&path, "made-up", Box::new(Plain))?;
    let open_ms = clock::ms_since(opened_at);
    let file_bytes = fs::metadata(&path)?.len();
    let mut chance = Chance(7);
    let (mut times, mut work) = (Vec::new(), Vec::new());
    let (mut n_right, mut n_all) = (0, 0);
    for n in 0..TIMED + 100 {
        let at = n.wrapping_mul(2_654_435_761) % PEOPLE + (n % 2) * PEOPLE;
        let face = chance.near(&centres[at as usize], 0.81);
        let face = Embedding::normalised(&face).ok_or("a face without direction")?;
        let began_at = clock::now();
        let worked_at = clock::worked_ms();
        let found = gallery.nearest(&face, 0.4);
        let ms = clock::ms_since(began_at);
        let worked = clock::worked_ms() - worked_at;
        if 100 <= n {
            times.push(ms);
            work.push(worked);
        }
        if n < COMPARED {
            for (person, similarity) in exact(&people, &face) {
                // The last digit is another one after the way through the file.
                let is_found = found
                    .iter()
                    .any(|one| one.person == person && (one.similarity - similarity).abs() < 1e-5);
                n_right += usize::from(is_found);
                n_all += 1;
            }
        }
    }
    let searched = Searched {
        n_templates: gallery.n_templates(),
        file_bytes,
        open_ms,
        p50_ms: quantile(&mut times, 0.5),
        p99_ms: quantile(&mut times, 0.99),
        p99_work_ms: quantile(&mut work, 0.99),
        max_ms: quantile(&mut times, 1.0),
        recall: n_right as f64 / n_all as f64,
        n_compared: COMPARED,
    };
    fs::remove_dir_all(folder)?;
    Ok(searched)
}

/// The three nearest people of all.
fn exact(people: &[(PersonId, Enrolled)], face: &Embedding) -> Vec<(PersonId, f32)> {
    let mut best: Vec<(PersonId, f32)> = people
        .iter()
        .filter_map(|(person, enrolled)| {
            let all = enrolled.templates.iter().map(|t| t.similarity(face));
            Some((*person, all.max_by(f32::total_cmp)?))
        })
        .collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    best.truncate(3);
    best
}
