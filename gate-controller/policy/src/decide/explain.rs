//! Why a verdict came out as it did, and what would have changed it.

use super::{Found, Question, entry, face, run};
use crate::AntiPassback;
use domain::{Outcome, Registration, Rule, RulePath, Timestamp, ZoneId, ports::Registry};
use std::time::Duration;

/// A number that a rule looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// How old what was seen is, and how old it may be.
    Age {
        /// The age.
        age: Duration,
        /// The limit.
        max: Duration,
    },
    /// How many frames agree, of how many, and how many must.
    Frames {
        /// That agree.
        n_agreeing: u32,
        /// Of how many.
        n_of: u32,
        /// The limit.
        min: u32,
    },
    /// The weakest score, and the least that is believed.
    Score {
        /// The score.
        score: f32,
        /// The limit.
        min: f32,
    },
    /// How many listed plates look like it.
    LookAlikes(usize),
    /// When the entry is valid.
    Validity {
        /// From.
        from: Option<Timestamp>,
        /// Until.
        until: Option<Timestamp>,
    },
    /// When its hours begin again.
    NextOpening(Timestamp),
    /// Its hours do not begin again within three weeks.
    NoOpening,
    /// How many are inside, and how many there may be.
    Inside {
        /// The zone.
        zone: ZoneId,
        /// The count.
        n: i64,
        /// The limit.
        max: u32,
    },
    /// Since when it is inside, and from when on that is overlooked.
    InsideSince {
        /// The entry.
        at: Timestamp,
        /// The end.
        overlooked_from: Timestamp,
    },
    /// How often a pass was used, and may be.
    Uses {
        /// So far.
        n: u32,
        /// The limit.
        max: u32,
    },
}

/// A rule that would have had to come out otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Obstacle {
    /// The rule.
    pub rule: Rule,
    /// What it said.
    pub outcome: Outcome,
    /// What it looked at.
    pub facts: Vec<Fact>,
}

/// Why, and what would have changed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The answer.
    pub outcome: Outcome,
    /// The rules that led to it.
    pub rule_path: RulePath,
    /// Every rule that stood between this and a grant, in order: had all of them come out
    /// otherwise, and nothing else been different, it would have been a grant. The policy itself
    /// was asked for each.
    pub obstacles: Vec<Obstacle>,
}

/// Explains the answer to a question, by asking it again with one obstacle after the other out of
/// the way.
pub fn explain<R: Registry + 'static>(question: &Question<'_, R>) -> Explanation {
    let (decision, found) = run(question, &[]);
    let mut assumed: Vec<Rule> = Vec::new();
    let mut obstacles = Vec::new();
    let (mut last, mut last_found) = (decision.clone(), found);
    while last.outcome != Outcome::Grant {
        let Some(rule) = last.rule_path.settled_by() else {
            break;
        };
        if assumed.contains(&rule) {
            break;
        }
        obstacles.push(Obstacle {
            rule,
            outcome: last.outcome,
            facts: facts(question, &last_found, rule),
        });
        assumed.push(rule);
        (last, last_found) = run(question, &assumed);
    }
    Explanation {
        outcome: decision.outcome,
        rule_path: decision.rule_path,
        obstacles,
    }
}

fn facts<R: Registry>(q: &Question<'_, R>, found: &Found<'_>, rule: Rule) -> Vec<Fact> {
    let face = q.evidence.sighting.face.as_ref();
    let fact = match rule {
        Rule::CapturedRecently => Some(Fact::Age {
            age: q.now.since(q.evidence.sighting.last_seen_at),
            max: q.policy.late_after,
        }),
        Rule::RegistryFresh => Some(Fact::Age {
            age: q.now.since(q.registry.as_of()),
            max: q.policy.registry_age_max,
        }),
        Rule::FramesAgree | Rule::MostFramesAgree => {
            let of_plate = found.vote.map(|vote| (vote.n_agreeing, vote.n_reads));
            let of_face = face.map(|vote| (vote.n_agreeing, vote.n_views));
            of_plate.or(of_face).map(|(n_agreeing, n_of)| Fact::Frames {
                n_agreeing,
                n_of,
                min: q.policy.agreeing_min,
            })
        }
        Rule::Score => weakest(found).map(|score| Fact::Score {
            score,
            min: q.policy.plate_score_min,
        }),
        Rule::NoLookAlike => found
            .plate
            .as_ref()
            .map(|plate| Fact::LookAlikes(q.registry.find_look_alikes(plate).len())),
        Rule::Enrolled => face.and_then(face::best).map(|best| Fact::Score {
            score: best.similarity,
            min: best.similarity_min,
        }),
        Rule::ValidNow => {
            return found
                .entry
                .map(|entry| validity(q, entry))
                .unwrap_or_default();
        }
        Rule::PassUnused => found.entry.and_then(|entry| {
            Some(Fact::Uses {
                n: q.circumstances.book.uses(entry.pass?),
                max: entry.uses_max?,
            })
        }),
        Rule::NotInside => inside_since(q, found),
        Rule::RoomLeft => room(q),
        _ => None,
    };
    fact.into_iter().collect()
}

fn weakest(found: &Found<'_>) -> Option<f32> {
    let rows = found.vote.iter().flat_map(|vote| &vote.rows);
    let scores = rows.flat_map(|row| row.chars.iter().map(|c| c.score));
    scores.min_by(f32::total_cmp)
}

fn validity<R: Registry>(q: &Question<'_, R>, entry: &Registration) -> Vec<Fact> {
    if entry.valid_from.is_some_and(|from| q.now < from)
        || entry.valid_until.is_some_and(|until| until <= q.now)
    {
        return vec![Fact::Validity {
            from: entry.valid_from,
            until: entry.valid_until,
        }];
    }
    let group = entry.group.as_ref().and_then(|g| q.registry.find_group(g));
    let next = entry::local_time(q).next_opening(entry, group, q.now);
    vec![next.map_or(Fact::NoOpening, Fact::NextOpening)]
}

fn inside_since<R>(q: &Question<'_, R>, found: &Found<'_>) -> Option<Fact> {
    let last = q.circumstances.book.last_move(&found.mover()?)?;
    let span = match q.policy.anti_passback {
        AntiPassback::Timed(span) => span.min(q.policy.inside_forgotten_after),
        _ => q.policy.inside_forgotten_after,
    };
    Some(Fact::InsideSince {
        at: last.at,
        overlooked_from: last.at.saturating_add(span),
    })
}

fn room<R>(q: &Question<'_, R>) -> Option<Fact> {
    let zone = q.policy.route.to.clone()?;
    let inside = q.circumstances.book.inside(&zone);
    let (n, max) = if q.evidence.sighting.class.is_motor_vehicle() {
        (inside.vehicles, q.policy.capacity.vehicles?)
    } else {
        (inside.people, q.policy.capacity.people?)
    };
    Some(Fact::Inside { zone, n, max })
}
