//! Whom the views of one face resemble, taken together.

use crate::parts::Ballot;
use domain::{FaceMatch, FaceObservation, Liveness, PersonId, face::FaceVote};
use std::collections::{BTreeMap, VecDeque};

/// One face in one frame, and the enrolled people whom the caller found to resemble it.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceSeen {
    /// The face.
    pub observation: FaceObservation,
    /// Enrolled people, in any order; those whom it does not resemble may be left out.
    pub matches: Vec<FaceMatch>,
}

impl FaceSeen {
    /// Whether the face could be compared at all: it has a template, or was matched.
    pub fn is_usable(&self) -> bool {
        self.observation.embedding.is_some() || !self.matches.is_empty()
    }
}

/// When a voted face is decisive.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceVoteConfig {
    /// At least so many usable views; twice as many before a face counts as unknown.
    pub views_min: u32,
    /// At least this share of the views agrees on the first candidate.
    pub agreeing_share_min: f32,
    /// Whether liveness must have been asked at least once.
    pub needs_liveness: bool,
}

impl Default for FaceVoteConfig {
    fn default() -> Self {
        Self {
            views_min: 4,
            agreeing_share_min: 0.6,
            needs_liveness: false,
        }
    }
}

/// The views of one face, counted. Its size does not grow with the number of views.
#[derive(Clone, Debug, Default)]
pub struct FaceBallot {
    n_views: u32,
    people: BTreeMap<PersonId, PersonVotes>,
    liveness: VecDeque<f32>,
    liveness_min: Option<f32>,
}

#[derive(Clone, Debug, Default)]
struct PersonVotes {
    /// Sum of similarities in millionths: whole, so that the order of views plays no part in the
    /// ranking.
    sum: i64,
    n_same: u32,
    recent: VecDeque<f32>,
    similarity_min: f32,
}

const CANDIDATES_MAX: usize = 3;
const PEOPLE_MAX: usize = 32;
/// Medians are taken over so many last values: 4 s at 8 fps.
const RECENT_MAX: usize = 33;

impl FaceBallot {
    /// Counts one view. A face that could not be compared still tells its liveness.
    pub fn add(&mut self, seen: &FaceSeen) {
        if let Some(liveness) = seen.observation.liveness
            && liveness.score.is_finite()
        {
            push_recent(&mut self.liveness, liveness.score);
            self.liveness_min = Some(liveness.score_min);
        }
        if !seen.is_usable() {
            return;
        }
        self.n_views = self.n_views.saturating_add(1);
        for found in best_of_each(&seen.matches).into_values() {
            let votes = self.people.entry(found.person).or_default();
            votes.sum += millionths(found.similarity);
            votes.n_same += u32::from(found.is_same());
            votes.similarity_min = found.similarity_min;
            push_recent(&mut votes.recent, found.similarity);
        }
        self.limit_people();
    }

    /// What the views agree on; `None` before the first usable view.
    ///
    /// People rank by the sum of their similarities over all views (being left out counts 0),
    /// earlier ids first when equal; the similarity that is told is the median of the newest views
    /// in which they were found.
    pub fn vote(&self) -> Option<FaceVote> {
        if self.n_views == 0 {
            return None;
        }
        let mut ranked: Vec<(&PersonId, &PersonVotes)> = self.people.iter().collect();
        ranked.sort_by(|a, b| b.1.sum.cmp(&a.1.sum).then(a.0.cmp(b.0)));
        ranked.truncate(CANDIDATES_MAX);
        let n_agreeing = ranked.first().map_or(0, |(_, votes)| votes.n_same);
        let candidates = ranked.into_iter().map(|(person, votes)| FaceMatch {
            person: *person,
            similarity: median(&votes.recent).unwrap_or(-1.0),
            similarity_min: votes.similarity_min,
        });
        let score = median(&self.liveness);
        Some(FaceVote {
            candidates: candidates.collect(),
            liveness: score
                .zip(self.liveness_min)
                .map(|(score, score_min)| Liveness { score, score_min }),
            n_views: self.n_views,
            n_agreeing,
        })
    }

    /// Whether more views would hardly change the vote: enough agree, or twice as many came without
    /// agreement.
    pub fn is_decisive(&self, config: &FaceVoteConfig) -> bool {
        let Some(vote) = self.vote() else {
            return false;
        };
        if config.needs_liveness && vote.liveness.is_none() {
            return false;
        }
        let is_agreed = config.agreeing_share_min * vote.n_views as f32 <= vote.n_agreeing as f32
            && 0 < vote.n_agreeing;
        let n_needed = if is_agreed {
            config.views_min
        } else {
            config.views_min.saturating_mul(2)
        };
        n_needed.max(1) <= vote.n_views
    }

    fn limit_people(&mut self) {
        while PEOPLE_MAX < self.people.len() {
            let least = self.people.iter().rev().min_by_key(|(_, votes)| votes.sum);
            let Some(person) = least.map(|(person, _)| *person) else {
                return;
            };
            self.people.remove(&person);
        }
    }

    fn first(&self) -> Option<PersonId> {
        let vote = self.vote()?;
        let first = vote.candidates.first()?;
        first.is_same().then_some(first.person)
    }
}

impl Ballot for FaceBallot {
    type Seen = FaceSeen;

    fn add(&mut self, seen: &FaceSeen) {
        Self::add(self, seen);
    }

    fn weight(&self) -> u64 {
        u64::from(self.n_views)
    }

    /// Whether both can be views of one person: not when each resembles somebody else.
    fn is_compatible(&self, other: &Self) -> bool {
        match (self.first(), other.first()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.n_views = self.n_views.saturating_add(other.n_views);
        for (person, theirs) in &other.people {
            let votes = self.people.entry(*person).or_default();
            votes.sum += theirs.sum;
            votes.n_same = votes.n_same.saturating_add(theirs.n_same);
            votes.similarity_min = theirs.similarity_min;
            for similarity in &theirs.recent {
                push_recent(&mut votes.recent, *similarity);
            }
        }
        self.limit_people();
        for score in &other.liveness {
            push_recent(&mut self.liveness, *score);
        }
        self.liveness_min = self.liveness_min.or(other.liveness_min);
    }
}

/// A caller may list one person once per template.
fn best_of_each(matches: &[FaceMatch]) -> BTreeMap<PersonId, FaceMatch> {
    let mut best: BTreeMap<PersonId, FaceMatch> = BTreeMap::new();
    for found in matches.iter().filter(|m| m.similarity.is_finite()) {
        let kept = best.entry(found.person).or_insert(*found);
        if kept.similarity < found.similarity {
            *kept = *found;
        }
    }
    best
}

fn millionths(similarity: f32) -> i64 {
    (similarity.clamp(-1.0, 1.0) * 1_000_000.0) as i64
}

fn push_recent(values: &mut VecDeque<f32>, value: f32) {
    if values.len() == RECENT_MAX {
        values.pop_front();
    }
    values.push_back(value);
}

fn median(values: &VecDeque<f32>) -> Option<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{BoxInImage, Embedding};

    fn view(similarities: &[(u128, f32)], liveness: Option<f32>) -> FaceSeen {
        FaceSeen {
            observation: FaceObservation {
                bounds: BoxInImage::new(0., 0., 50., 50.),
                score: 0.9,
                landmarks: None,
                liveness: liveness.map(|score| Liveness {
                    score,
                    score_min: 0.5,
                }),
                embedding: Embedding::normalised(&[1.0]),
            },
            matches: similarities
                .iter()
                .map(|(person, similarity)| FaceMatch {
                    person: PersonId(*person),
                    similarity: *similarity,
                    similarity_min: 0.4,
                })
                .collect(),
        }
    }

    #[test]
    fn most_views_agree_on_one_person() {
        let mut ballot = FaceBallot::default();
        assert!(ballot.vote().is_none());
        for (own, other) in [(0.6, 0.2), (0.7, 0.3), (0.3, 0.45), (0.65, 0.1)] {
            ballot.add(&view(
                &[(1, own), (2, other), (3, -0.1), (4, -0.2)],
                Some(own),
            ));
        }
        let vote = ballot.vote().unwrap();
        let people: Vec<u128> = vote.candidates.iter().map(|c| c.person.0).collect();
        assert_eq!(people, [1, 2, 3]);
        assert_eq!((vote.n_views, vote.n_agreeing), (4, 3));
        assert!((vote.candidates[0].similarity - 0.65).abs() < 1e-6);
        assert!(vote.liveness.unwrap().is_live());
        assert!(ballot.is_decisive(&FaceVoteConfig::default()));
    }

    #[test]
    fn a_stranger_needs_twice_the_views() {
        let config = FaceVoteConfig::default();
        let mut ballot = FaceBallot::default();
        for n_views in 1..=8 {
            ballot.add(&view(&[(1, 0.1)], None));
            assert_eq!(ballot.is_decisive(&config), n_views == 8);
        }
        let asks = FaceVoteConfig {
            needs_liveness: true,
            ..config
        };
        assert!(!ballot.is_decisive(&asks));
    }

    #[test]
    fn an_unusable_face_is_no_view() {
        let mut ballot = FaceBallot::default();
        let mut blurred = view(&[], Some(0.9));
        blurred.observation.embedding = None;
        ballot.add(&blurred);
        assert!(ballot.vote().is_none());
        ballot.add(&view(&[(1, f32::NAN)], None));
        assert!(ballot.vote().unwrap().candidates.is_empty());
    }
}
