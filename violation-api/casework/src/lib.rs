//! The life of a case: a candidate, a person's review, and what the person decided.
//!
//! **Invariant:** only a person's event moves a case.
//! **Invariant:** a candidate for screening only, and one whose stills are incomplete, is never
//! confirmed.
//! Everything here is total: each state answers each event, with the next state or with the reason
//! why not.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod completeness;
mod words;

pub use completeness::{Missing, missing};
pub use words::{DismissReason, StateName};

use domain::{Candidate, Standing};
use std::fmt;

/// Longest name of a reviewer.
pub const REVIEWER_CHARS_MAX: usize = 64;

/// The person who reviews.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reviewer(String);

impl Reviewer {
    /// A reviewer by account name: 1 to 64 characters, none of them a control character.
    pub fn named(name: &str) -> Option<Self> {
        let n_chars = name.chars().count();
        let is_name = (1..=REVIEWER_CHARS_MAX).contains(&n_chars)
            && !name.chars().any(char::is_control)
            && name.trim() == name;
        is_name.then(|| Self(name.to_owned()))
    }

    /// The account name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a case is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A rule fired; nobody has looked yet.
    Candidate,
    /// This person is looking.
    UnderReview(Reviewer),
    /// This person found that the act took place.
    Confirmed(Reviewer),
    /// This person found that it did not, or cannot be proved.
    Dismissed(Reviewer, DismissReason),
}

impl State {
    /// Its name, without who and why.
    pub fn name(&self) -> StateName {
        match self {
            Self::Candidate => StateName::Candidate,
            Self::UnderReview(_) => StateName::UnderReview,
            Self::Confirmed(_) => StateName::Confirmed,
            Self::Dismissed(..) => StateName::Dismissed,
        }
    }

    /// Who is reviewing or has reviewed.
    pub fn reviewer(&self) -> Option<&Reviewer> {
        match self {
            Self::Candidate => None,
            Self::UnderReview(who) | Self::Confirmed(who) | Self::Dismissed(who, _) => Some(who),
        }
    }

    /// Why it was dismissed.
    pub fn dismiss_reason(&self) -> Option<DismissReason> {
        match self {
            Self::Dismissed(_, reason) => Some(*reason),
            Self::Candidate | Self::UnderReview(_) | Self::Confirmed(_) => None,
        }
    }
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begins to look.
    StartReview(Reviewer),
    /// Finds that the act took place.
    Confirm(Reviewer),
    /// Finds that it did not, or cannot be proved.
    Dismiss(Reviewer, DismissReason),
}

impl Event {
    /// Who does it.
    pub fn reviewer(&self) -> &Reviewer {
        match self {
            Self::StartReview(who) | Self::Confirm(who) | Self::Dismiss(who, _) => who,
        }
    }
}

/// Why an event does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Illegal {
    /// Nobody has begun to review it.
    NotUnderReview,
    /// It is being reviewed already.
    AlreadyUnderReview,
    /// Another person is reviewing it.
    HeldByAnother,
    /// It has been decided.
    Closed,
    /// The candidate serves screening only: no certified instrument stands behind it.
    ScreeningOnly,
    /// The evidence lacks these.
    Incomplete(Vec<Missing>),
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUnderReview => f.write_str("the review of this case has not begun"),
            Self::AlreadyUnderReview => f.write_str("this case is under review already"),
            Self::HeldByAnother => f.write_str("another person is reviewing this case"),
            Self::Closed => f.write_str("this case has been decided"),
            Self::ScreeningOnly => {
                f.write_str("this candidate serves screening only and cannot be confirmed")
            }
            Self::Incomplete(missing) => {
                f.write_str("the evidence is incomplete:")?;
                for (i, what) in missing.iter().enumerate() {
                    let separator = if i == 0 { " " } else { ", " };
                    write!(f, "{separator}{what}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Illegal {}

/// A case: what binds its life, and where it is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    standing: Standing,
    missing: Vec<Missing>,
    state: State,
}

impl Case {
    /// A new case for a candidate.
    pub fn open(candidate: &Candidate) -> Self {
        let missing = missing(&candidate.evidence);
        Self {
            standing: candidate.standing,
            missing,
            state: State::Candidate,
        }
    }

    /// A case as it was stored. `None` when the parts cannot belong together: a confirmed case that
    /// never could be.
    pub fn restore(standing: Standing, missing: Vec<Missing>, state: State) -> Option<Self> {
        let case = Self {
            standing,
            missing,
            state,
        };
        let is_confirmed = matches!(case.state, State::Confirmed(_));
        (!is_confirmed || case.check_confirmable().is_ok()).then_some(case)
    }

    /// Where it is in its life.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What its candidate may be used for.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// What its evidence lacks.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Whether the evidence and the standing allow to confirm it at all.
    pub fn check_confirmable(&self) -> Result<(), Illegal> {
        match self.standing {
            Standing::ScreeningOnly => Err(Illegal::ScreeningOnly),
            Standing::Evidential if self.missing.is_empty() => Ok(()),
            Standing::Evidential => Err(Illegal::Incomplete(self.missing.clone())),
        }
    }

    /// The case after the event.
    pub fn apply(self, event: Event) -> Result<Self, Illegal> {
        let state = match (&self.state, event) {
            (State::Candidate, Event::StartReview(who)) => State::UnderReview(who),
            (State::Candidate, Event::Confirm(_) | Event::Dismiss(..)) => {
                return Err(Illegal::NotUnderReview);
            }
            (State::UnderReview(holder), event) if holder != event.reviewer() => {
                return Err(Illegal::HeldByAnother);
            }
            (State::UnderReview(_), Event::StartReview(_)) => {
                return Err(Illegal::AlreadyUnderReview);
            }
            (State::UnderReview(_), Event::Confirm(who)) => {
                self.check_confirmable()?;
                State::Confirmed(who)
            }
            (State::UnderReview(_), Event::Dismiss(who, reason)) => State::Dismissed(who, reason),
            (State::Confirmed(_) | State::Dismissed(..), _) => return Err(Illegal::Closed),
        };
        Ok(Self { state, ..self })
    }
}

#[cfg(test)]
mod tests;
