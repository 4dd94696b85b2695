//! Plates and faces through time: followed by a tracker of their own, and bound to what carries
//! them by majority.

use crate::{Tracker, TrackerConfig};
use domain::{BoxInImage, Detection, Timestamp, Track, TrackId, TrackState};
use std::collections::BTreeMap;

/// What the frames of one part say about whose it is.
pub(crate) trait Ballot: Clone + Default {
    /// One frame's say.
    type Seen;
    /// Counts it.
    fn add(&mut self, seen: &Self::Seen);
    /// How much was counted.
    fn weight(&self) -> u64;
    /// Whether both can be of one thing.
    fn is_compatible(&self, other: &Self) -> bool;
    /// Counts all that the other has counted.
    fn absorb(&mut self, other: &Self);
}

/// Joins two ballots of one subject; of two that contradict each other the heavier remains.
pub(crate) fn fold<B: Ballot>(older: &mut B, newer: &B) {
    if older.is_compatible(newer) {
        older.absorb(newer);
    } else if older.weight() < newer.weight() {
        *older = newer.clone();
    }
}

/// One plate or face through time.
pub(crate) struct Part<B> {
    pub(crate) track: Track,
    pub(crate) ballot: B,
    /// What the newest frames say when they contradict all before them, and how many do.
    rival: (B, u32),
    /// Seen in the newest frame.
    pub(crate) is_seen: bool,
    /// Consecutive sightings with nothing that carries it.
    pub(crate) n_alone: u32,
    /// Its subject has ended, and it starts none of its own.
    pub(crate) is_spent: bool,
    /// What carried it in the newest frame.
    pub(crate) carrier: Option<u64>,
    votes: BTreeMap<u64, u32>,
    n_hits: u32,
    /// The last that had the majority: it keeps the part until another one has.
    owned_by: Option<u64>,
    /// The subject that was made for it: sightings of it alone count for that one.
    made: Option<u64>,
}

/// Hits are halved beyond this, so that a binding can change within half a minute.
const HITS_MAX: u32 = 256;

/// So many frames in a row that contradict all before them are of another plate or face.
const RIVALS_MIN: u32 = 3;

/// All plates, or all faces, of one camera.
pub(crate) struct Parts<B> {
    tracker: Tracker,
    live: BTreeMap<TrackId, Part<B>>,
}

impl<B: Ballot> Parts<B> {
    pub(crate) fn new(config: TrackerConfig) -> Self {
        Self {
            tracker: Tracker::new(config),
            live: BTreeMap::new(),
        }
    }

    /// Takes one frame; `boxes` and `seen` are parallel. Gives the parts that ended, with their
    /// owners.
    pub(crate) fn step(
        &mut self,
        at: Timestamp,
        (boxes, seen): (&[Detection], &[B::Seen]),
        carrier_of: impl Fn(&BoxInImage) -> Option<u64>,
    ) -> Vec<(Option<u64>, B)> {
        let mut updates = Vec::new();
        self.tracker.step(at, boxes, &mut updates);
        let mut ended = Vec::new();
        for update in updates {
            let id = update.track.id;
            if update.track.state == TrackState::Ended {
                if let Some(part) = self.live.remove(&id) {
                    ended.push((part.owner(), part.ballot));
                }
                continue;
            }
            let part = self.live.entry(id).or_insert_with(|| Part {
                track: update.track.clone(),
                ballot: B::default(),
                rival: (B::default(), 0),
                is_seen: false,
                n_alone: 0,
                is_spent: false,
                carrier: None,
                votes: BTreeMap::new(),
                n_hits: 0,
                owned_by: None,
                made: None,
            });
            part.track = update.track;
            part.is_seen = false;
            part.carrier = None;
            if let Some(seen) = update.detection.and_then(|index| seen.get(index)) {
                ended.extend(part.see(seen, carrier_of(&part.track.bounds)));
            }
        }
        ended
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Part<B>> {
        self.live.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Part<B>> {
        self.live.values_mut()
    }

    /// The heaviest part that a subject owns now.
    pub(crate) fn main_of(&self, subject: u64) -> Option<&Part<B>> {
        let mut best: Option<&Part<B>> = None;
        for part in self.live.values().filter(|p| p.owner() == Some(subject)) {
            if best.is_none_or(|b| b.ballot.weight() < part.ballot.weight()) {
                best = Some(part);
            }
        }
        best
    }

    /// Gives all that is bound to one subject to another.
    pub(crate) fn rename(&mut self, from: u64, to: u64) {
        for part in self.live.values_mut() {
            if let Some(n) = part.votes.remove(&from) {
                *part.votes.entry(to).or_default() += n;
            }
            if part.carrier == Some(from) {
                part.carrier = Some(to);
            }
            for own in [&mut part.made, &mut part.owned_by] {
                if *own == Some(from) {
                    *own = Some(to);
                }
            }
        }
    }

    /// What a subject owns starts no subject of its own any more.
    pub(crate) fn spend(&mut self, subject: u64) {
        for part in self.live.values_mut() {
            part.is_spent |= part.owner() == Some(subject);
        }
    }

    /// Forgets a subject.
    pub(crate) fn forget(&mut self, subject: u64) {
        for part in self.live.values_mut() {
            if let Some(n) = part.votes.remove(&subject) {
                part.n_hits = part.n_hits.saturating_sub(n);
            }
            for own in [&mut part.made, &mut part.owned_by] {
                if *own == Some(subject) {
                    *own = None;
                }
            }
        }
    }
}

impl<B: Ballot> Part<B> {
    /// The subject that carried it in at least half of the frames, the older one of two; or else
    /// the last one that had, while no other has carried it more often and in at least half of the
    /// frames somebody does.
    pub(crate) fn owner(&self) -> Option<u64> {
        self.majority().or_else(|| {
            let n_carried: u32 = self.votes.values().sum();
            let most = self.votes.values().max().copied().unwrap_or(0);
            let is_kept = self.n_hits <= n_carried.saturating_mul(2);
            self.owned_by
                .filter(|subject| is_kept && most <= self.n_votes(*subject))
        })
    }

    fn majority(&self) -> Option<u64> {
        let mut best: Option<(u64, u32)> = None;
        for (subject, n) in &self.votes {
            if best.is_none_or(|(_, most)| most < *n) {
                best = Some((*subject, *n));
            }
        }
        best.filter(|(_, n)| self.n_hits <= n.saturating_mul(2))
            .map(|(subject, _)| subject)
    }

    /// In how many frames a subject carried it.
    pub(crate) fn n_votes(&self, subject: u64) -> u32 {
        self.votes.get(&subject).copied().unwrap_or(0)
    }

    /// Whether the newest frame shows it and does not contradict those before.
    pub(crate) fn is_as_before(&self) -> bool {
        self.is_seen && self.rival.1 == 0
    }

    /// Makes it the property of a subject that was made for it.
    pub(crate) fn give_to(&mut self, subject: u64) {
        self.votes = BTreeMap::from([(subject, self.n_hits)]);
        self.made = Some(subject);
        self.owned_by = Some(subject);
    }

    /// Counts one frame. Gives the ballot so far, with its owner, when the track has jumped to
    /// another plate or face: who carried that one says nothing of this one.
    fn see(&mut self, seen: &B::Seen, carrier: Option<u64>) -> Option<(Option<u64>, B)> {
        let owner = self.owner();
        let before = self.count(seen).map(|ballot| (owner, ballot));
        if before.is_some() {
            let n_own = RIVALS_MIN - 1;
            self.owned_by = carrier.or(self.made);
            self.votes = self.owned_by.into_iter().map(|own| (own, n_own)).collect();
            self.n_hits = n_own;
        }
        self.is_seen = true;
        self.carrier = carrier;
        if HITS_MAX <= self.n_hits {
            self.n_hits /= 2;
            self.votes.values_mut().for_each(|n| *n /= 2);
        }
        self.n_hits += 1;
        if let Some(subject) = carrier.or(self.made) {
            *self.votes.entry(subject).or_default() += 1;
        }
        self.owned_by = self.owner();
        self.n_alone = if carrier.is_some() {
            0
        } else {
            self.n_alone.saturating_add(1)
        };
        before
    }

    fn count(&mut self, seen: &B::Seen) -> Option<B> {
        let mut single = B::default();
        single.add(seen);
        if self.ballot.is_compatible(&single) {
            // What contradicted it for a frame or two were misreadings: they count, too.
            let (misread, _) = std::mem::take(&mut self.rival);
            self.ballot.absorb(&misread);
            self.ballot.add(seen);
            return None;
        }
        let (rival, n_seen) = &mut self.rival;
        if rival.is_compatible(&single) {
            rival.add(seen);
            *n_seen += 1;
        } else {
            // Contradicting each other too, they are misreadings, and count as such.
            self.ballot.absorb(rival);
            self.rival = (single, 1);
        }
        if self.rival.1 < RIVALS_MIN {
            return None;
        }
        let (rival, _) = std::mem::take(&mut self.rival);
        Some(std::mem::replace(&mut self.ballot, rival))
    }
}
