//! What was shown, one list, one moment: one answer, and the rules that led to it.
//!
//! The policy is a table of rows; a row is a [`Rule`] and the question that it asks. Rows are asked
//! from the top, and the first that settles the matter ends it. What the rows above have found is
//! what those below look at.

use crate::{Factor, Policy, ZoneBook};
use domain::{
    Assurance, DocumentRead, Mover, Outcome, PassId, PersonId, Plate, PlateVote, ReferReason,
    Registration, Rule, RulePath, Sighting, SiteMode, Timestamp, ports::Registry,
};

mod entry;
mod explain;
pub(crate) mod face;
mod moment;
mod pass;
mod place;
mod plate;

pub use explain::{Explanation, Fact, Obstacle, explain};

/// What was shown at a lane.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Who or what is there.
    pub sighting: &'a Sighting,
    /// The newest face that the lane's cameras saw apart from it: the driver at the window.
    pub face: Option<&'a Sighting>,
    /// The documents that were shown at the lane, oldest first.
    pub documents: &'a [DocumentRead],
}

impl<'a> Evidence<'a> {
    /// A sighting and nothing else.
    pub fn of(sighting: &'a Sighting) -> Self {
        Self {
            sighting,
            face: None,
            documents: &[],
        }
    }
}

/// How the site is.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What holds for the whole site.
    pub mode: SiteMode,
    /// Who is inside.
    pub book: &'a ZoneBook,
    /// How many were let in here and have not passed yet: vehicles and people.
    pub n_underway: [u32; 2],
    /// The passes that these were let in with: a use that the book does not have yet.
    pub passes_underway: &'a [PassId],
    /// Whether every barrier that must not be open at the same time is closed.
    pub is_interlock_free: bool,
}

/// One question to the policy.
#[derive(Debug)]
pub struct Question<'a, R> {
    /// The rules.
    pub policy: &'a Policy,
    /// The gate that is asked.
    pub gate: &'a domain::GateId,
    /// The list.
    pub registry: &'a R,
    /// What was shown.
    pub evidence: Evidence<'a>,
    /// How the site is.
    pub circumstances: Circumstances<'a>,
    /// The moment.
    pub now: Timestamp,
}

impl<R> Clone for Question<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Question<'_, R> {}

/// What goes with a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// Who it is, when that is known.
    pub mover: Option<Mover>,
    /// The pass that is used.
    pub pass: Option<PassId>,
    /// How many vehicles it lets through.
    pub convoy: u8,
    /// Somebody is under threat.
    pub is_duress: bool,
    /// Somebody who is inside already was let in again.
    pub is_passed_back: bool,
}

/// An answer and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// The rules in the order in which they were asked: all but the last were passed, the last one
    /// settled it.
    pub rule_path: RulePath,
    /// What the identity rests on, when somebody was identified: the best of what was shown.
    pub assurance: Option<Assurance>,
    /// What goes with a grant; of no meaning with another answer.
    pub terms: GrantTerms,
}

/// What the rows have found so far.
#[derive(Default)]
pub(crate) struct Found<'a> {
    pub(crate) vote: Option<&'a PlateVote>,
    pub(crate) plate: Option<Plate>,
    pub(crate) person: Option<PersonId>,
    pub(crate) pass: Option<PassId>,
    /// The entries that fit what was shown first.
    pub(crate) fitting: Vec<&'a Registration>,
    /// The one that counts.
    pub(crate) entry: Option<&'a Registration>,
    pub(crate) assurance: Option<Assurance>,
    pub(crate) is_passed_back: bool,
}

impl Found<'_> {
    fn proved(&mut self, by: Assurance) {
        self.assurance = self.assurance.max(Some(by));
    }

    /// What is the same when the same vehicle or person comes again.
    pub(crate) fn mover(&self) -> Option<Mover> {
        let plate = self.plate.as_ref().map(|plate| Mover::Plate(plate.key()));
        let person = || self.person.map(Mover::Person);
        let pass = || self.pass.map(Mover::Pass);
        plate.or_else(person).or_else(pass)
    }

    fn terms(&self) -> GrantTerms {
        GrantTerms {
            mover: self.mover(),
            // A visitor who is known by his plate uses his pass up all the same.
            pass: self.pass.or(self.entry.and_then(|entry| entry.pass)),
            convoy: self.entry.map_or(1, |entry| entry.convoy.max(1)),
            is_duress: self.fitting.iter().any(|entry| entry.is_duress),
            is_passed_back: self.is_passed_back,
        }
    }
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The row does not apply here; it is not on the path.
    Skip,
    /// Go on.
    Pass,
    /// That is the answer.
    Settle(Outcome),
}

impl Answer {
    /// Passes, or asks the guard.
    fn require(is_passed: bool, reason: ReferReason) -> Self {
        if is_passed {
            Self::Pass
        } else {
            Self::Settle(Outcome::Refer(reason))
        }
    }

    fn refer(reason: ReferReason) -> Self {
        Self::Settle(Outcome::Refer(reason))
    }
}

/// A question, and the rule that it is.
pub(crate) struct Row<R: 'static> {
    rule: Rule,
    ask: for<'a> fn(&Question<'a, R>, &mut Found<'a>) -> Answer,
}

struct Tables<R>(std::marker::PhantomData<R>);

/// A table is written as its rows: the rule's name and the question.
macro_rules! table {
    ($($rule:ident: $ask:expr,)*) => { &[$(Row { rule: Rule::$rule, ask: $ask }),*] };
}

impl<R: Registry + 'static> Tables<R> {
    /// Whatever the lane asks for.
    const MOMENT: &'static [Row<R>] = table! {
        NotLockedDown: moment::not_locked_down,
        NotEvacuated: moment::not_evacuated,
        EvacuationExit: moment::evacuation_exit,
        CapturedNotInFuture: moment::not_in_future,
        CapturedRecently: moment::recently,
        RegistryFresh: moment::registry_fresh,
    };
    const PLATE: &'static [Row<R>] = table! {
        PlateRead: plate::is_read,
        NoLookAlike: plate::no_look_alike,
        Decisive: plate::decisive,
        FramesAgree: plate::frames_agree,
        Score: plate::score,
        NoRival: plate::no_rival,
        Grammar: plate::grammar,
        OneClass: plate::one_class,
    };
    const FACE: &'static [Row<R>] = table! {
        FaceSeen: face::is_seen,
        Live: face::live,
        Enrolled: face::enrolled,
        NobodyElse: face::nobody_else,
        Decisive: face::decisive,
        FramesAgree: face::frames_agree,
        MostFramesAgree: face::most_frames_agree,
    };
    const PASS: &'static [Row<R>] = table! {
        PassShown: pass::is_shown,
        PassGenuine: pass::is_genuine,
    };
    /// What the list says of what was shown first.
    const ENTRY: &'static [Row<R>] = table! {
        Listed: entry::listed,
        Barred: entry::barred,
        OneEntry: entry::one_entry,
        Group: entry::group,
        ThisGate: entry::this_gate,
        ValidNow: entry::valid_now,
        PassUnused: entry::pass_unused,
    };
    const SECOND_FACE: &'static [Row<R>] = table! {
        SecondFactor: face::second,
        Live: face::second_live,
        Enrolled: face::second_enrolled,
        NobodyElse: face::second_nobody_else,
        Decisive: face::second_decisive,
        MostFramesAgree: face::second_agrees,
        FactorsAgree: face::second_belongs,
    };
    const SECOND_PASS: &'static [Row<R>] = table! {
        SecondFactor: pass::second,
        PassGenuine: pass::second_genuine,
        FactorsAgree: pass::second_belongs,
        PassUnused: pass::second_unused,
    };
    /// Whether there is room for whoever may pass.
    const PLACE: &'static [Row<R>] = table! {
        NotInside: place::not_inside,
        RoomLeft: place::room_left,
        InterlockFree: place::interlock_free,
        Allowed: place::allowed,
    };
    /// A lane that asks for nothing.
    const OPEN: &'static [Row<R>] = table! {
        InterlockFree: place::interlock_free,
        OpenLane: place::open_lane,
    };

    fn of(policy: &Policy) -> [&'static [Row<R>]; 5] {
        const NONE: usize = 0;
        let nothing = &Self::OPEN[..NONE];
        let first = match policy.factor {
            Factor::Plate => Self::PLATE,
            Factor::Face => Self::FACE,
            Factor::Pass => Self::PASS,
            Factor::Anyone => return [Self::MOMENT, Self::OPEN, nothing, nothing, nothing],
        };
        let second = match policy.second {
            Some(Factor::Face) => Self::SECOND_FACE,
            Some(Factor::Pass) => Self::SECOND_PASS,
            Some(Factor::Plate | Factor::Anyone) | None => nothing,
        };
        [Self::MOMENT, first, Self::ENTRY, second, Self::PLACE]
    }
}

/// Judges what was shown.
///
/// Total, pure and synchronous: equal inputs give equal answers, and there is no error to return.
/// Only an exact match of a sure reading grants, and only what a person decided denies.
pub fn decide<R: Registry + 'static>(question: &Question<'_, R>) -> Decision {
    run(question, &[]).0
}

/// Judges as if some rules had been passed, for explanations.
fn run<'a, R: Registry + 'static>(
    question: &Question<'a, R>,
    assumed: &[Rule],
) -> (Decision, Found<'a>) {
    let mut found = Found::default();
    let mut path = Vec::with_capacity(24);
    let mut outcome = Outcome::Refer(ReferReason::Unknown);
    for row in Tables::<R>::of(question.policy).into_iter().flatten() {
        match (row.ask)(question, &mut found) {
            Answer::Skip => continue,
            Answer::Pass => path.push(row.rule),
            Answer::Settle(answer) => {
                path.push(row.rule);
                outcome = answer;
                if answer == Outcome::Grant || !assumed.contains(&row.rule) {
                    break;
                }
            }
        }
    }
    let decision = Decision {
        outcome,
        rule_path: RulePath(path),
        assurance: found.assurance,
        terms: found.terms(),
    };
    (decision, found)
}
