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
    /// At least this share of the views agrees on the first candidate, or resembles nobody.
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

/// The newest views of one face.
///
/// Who was seen long ago plays no part: a person who first looks away, or is still far, is told as
/// soon as most of the newest views are hers, and one who takes another's place in the same track
/// is not told before that.
#[derive(Clone, Debug, Default)]
pub struct FaceBallot {
    /// All usable views there ever were.
    n_usable: u64,
    views: VecDeque<View>,
    /// What liveness said of the newest faces, of those that could not be compared, too.
    liveness: VecDeque<Liveness>,
}

/// One usable view.
#[derive(Clone, Debug)]
struct View {
    matches: Vec<FaceMatch>,
    liveness: Option<Liveness>,
}

impl View {
    fn is_of(&self, person: PersonId) -> bool {
        self.matches
            .iter()
            .any(|m| m.person == person && m.is_same())
    }

    fn is_of_nobody(&self) -> bool {
        !self.matches.iter().any(FaceMatch::is_same)
    }
}

/// What the views say of one person.
#[derive(Default)]
struct Standing {
    similarities: Vec<f32>,
    similarity_min: f32,
    n_same: u32,
}

const CANDIDATES_MAX: usize = 3;
/// The nearest people that one view counts for.
const MATCHES_MAX: usize = 8;
/// So many views are remembered, 2.5 s at 8 fps: 12 of them must agree, so that who looked away
/// first is known 1.5 s after she looks up.
const VIEWS_MAX: usize = 20;

impl FaceBallot {
    /// Counts one view. A face that could not be compared still tells its liveness.
    pub fn add(&mut self, seen: &FaceSeen) {
        let liveness = seen.observation.liveness.filter(|l| l.score.is_finite());
        if let Some(liveness) = liveness {
            push_newest(&mut self.liveness, liveness);
        }
        if seen.is_usable() {
            self.n_usable = self.n_usable.saturating_add(1);
            let matches = nearest(&seen.matches);
            push_newest(&mut self.views, View { matches, liveness });
        }
    }

    /// What the newest views agree on; `None` before the first usable view.
    ///
    /// People rank by the number of views in which they reach the threshold, then by similarity,
    /// earlier ids first when equal. The similarity that is told is the median over all these
    /// views; being left out counts 0.
    pub fn vote(&self) -> Option<FaceVote> {
        let views = self.counted();
        if views.is_empty() {
            return None;
        }
        let mut ranked: Vec<(FaceMatch, u32)> = standings(&views)
            .into_iter()
            .map(|(person, standing)| standing.told(person, views.len()))
            .collect();
        ranked.sort_by(|(a, n_same_a), (b, n_same_b)| {
            let by_views = n_same_b.cmp(n_same_a);
            by_views
                .then_with(|| b.similarity.total_cmp(&a.similarity))
                .then_with(|| a.person.cmp(&b.person))
        });
        ranked.truncate(CANDIDATES_MAX);
        // Liveness is hers whom the vote names. That of other views may be another face's, and
        // would let a picture in that is held up before it.
        let liveness = match ranked.first().filter(|(first, _)| first.is_same()) {
            Some((first, _)) => {
                let hers = views.iter().filter(|view| view.is_of(first.person));
                median_liveness(hers.filter_map(|view| view.liveness).collect())
            }
            None => median_liveness(self.liveness.iter().copied().collect()),
        };
        Some(FaceVote {
            liveness,
            n_views: count(views.len()),
            n_agreeing: ranked.first().map_or(0, |(_, n_same)| *n_same),
            candidates: ranked.into_iter().map(|(found, _)| found).collect(),
        })
    }

    /// Whether more views would hardly change the vote: enough agree on one person, or twice as
    /// many came and enough of them resemble nobody. Views that say now this, now that, do not
    /// decide.
    pub fn is_decisive(&self, config: &FaceVoteConfig) -> bool {
        let Some(vote) = self.vote() else {
            return false;
        };
        if config.needs_liveness && vote.liveness.is_none() {
            return false;
        }
        let share_min = config.agreeing_share_min * vote.n_views as f32;
        let is_agreed = 0 < vote.n_agreeing && share_min <= vote.n_agreeing as f32;
        let views = self.counted();
        let n_unknown = views.iter().filter(|view| view.is_of_nobody()).count();
        let is_unknown = 0 < n_unknown && share_min <= n_unknown as f32;
        let n_needed = match (is_agreed, is_unknown) {
            (true, _) => config.views_min,
            (false, true) => config.views_min.saturating_mul(2),
            (false, false) => return false,
        };
        // More than are remembered would never come.
        let n_needed = n_needed.clamp(1, count(VIEWS_MAX));
        n_needed <= vote.n_views
    }

    /// The views that count. Where liveness is asked, a view that it said nothing of is none:
    /// otherwise what shows itself live in one view would be trusted in all.
    fn counted(&self) -> Vec<&View> {
        let is_asked = self.views.iter().any(|view| view.liveness.is_some());
        self.views
            .iter()
            .filter(|view| view.liveness.is_some() || !is_asked)
            .collect()
    }

    fn first(&self) -> Option<PersonId> {
        let vote = self.vote()?;
        let first = vote.candidates.first()?;
        first.is_same().then_some(first.person)
    }
}

impl Standing {
    fn told(mut self, person: PersonId, n_views: usize) -> (FaceMatch, u32) {
        self.similarities.resize(n_views, 0.0);
        self.similarities.sort_by(f32::total_cmp);
        let median = self.similarities.get(n_views / 2).copied();
        let found = FaceMatch {
            person,
            similarity: median.unwrap_or(-1.0),
            similarity_min: self.similarity_min,
        };
        (found, self.n_same)
    }
}

impl Ballot for FaceBallot {
    type Seen = FaceSeen;

    fn add(&mut self, seen: &FaceSeen) {
        Self::add(self, seen);
    }

    fn weight(&self) -> u64 {
        self.n_usable
    }

    /// Whether both can be views of one person: not when each resembles somebody else.
    fn is_compatible(&self, other: &Self) -> bool {
        match (self.first(), other.first()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.n_usable = self.n_usable.saturating_add(other.n_usable);
        for view in &other.views {
            push_newest(&mut self.views, view.clone());
        }
        for liveness in &other.liveness {
            push_newest(&mut self.liveness, *liveness);
        }
    }
}

/// The best match of each person; a caller may list one person once per template.
fn nearest(matches: &[FaceMatch]) -> Vec<FaceMatch> {
    let mut best: BTreeMap<PersonId, FaceMatch> = BTreeMap::new();
    for found in matches.iter().filter(|m| m.similarity.is_finite()) {
        let kept = best.entry(found.person).or_insert(*found);
        if kept.similarity < found.similarity {
            *kept = *found;
        }
    }
    let mut nearest: Vec<FaceMatch> = best.into_values().collect();
    nearest.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    nearest.truncate(MATCHES_MAX);
    nearest
}

fn standings(views: &[&View]) -> BTreeMap<PersonId, Standing> {
    let mut standings: BTreeMap<PersonId, Standing> = BTreeMap::new();
    for found in views.iter().flat_map(|view| &view.matches) {
        let standing = standings.entry(found.person).or_default();
        standing.similarities.push(found.similarity);
        standing.similarity_min = found.similarity_min;
        standing.n_same += u32::from(found.is_same());
    }
    standings
}

/// Of an even number the lower one: half of the views are not enough to be live.
fn median_liveness(mut said: Vec<Liveness>) -> Option<Liveness> {
    let score_min = said.last()?.score_min;
    said.sort_by(|a, b| a.score.total_cmp(&b.score));
    let score = said.get((said.len() - 1) / 2)?.score;
    Some(Liveness { score, score_min })
}

fn push_newest<T>(values: &mut VecDeque<T>, value: T) {
    if values.len() == VIEWS_MAX {
        values.pop_front();
    }
    values.push_back(value);
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
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
