//! An enrolled person: what she agreed to, what she is called, and whom she was mistaken for.

use domain::{Embedding, PersonId, Timestamp};
use std::fmt;

/// By so much a person must be more similar than somebody who was wrongly taken for her. It is
/// judgement: what one view of a face differs from the next by.
const CORRECTION_MARGIN: f32 = 0.05;

/// What the person agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// When.
    pub given_at: Timestamp,
    /// Which text was shown, for example `staff-door-2026-01`.
    pub notice: String,
    /// Who recorded it.
    pub recorded_by: String,
}

/// One enrolled person. `Debug` says neither the name nor the templates.
#[derive(Clone, PartialEq)]
pub struct Enrolled {
    /// Shown to the guard.
    pub name: String,
    /// What the person agreed to.
    pub consent: Consent,
    /// One to eight templates.
    pub templates: Vec<Embedding>,
}

impl fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Enrolled({} templates, <redacted>)",
            self.templates.len()
        )
    }
}

/// Somebody was wrongly taken for an enrolled person. Of whom it was nothing is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// When it was noticed.
    pub at: Timestamp,
    /// How similar the wrong face was.
    pub similarity: f32,
    /// Who says so.
    pub recorded_by: String,
}

/// What is known of an enrolled person beside the templates, which are in the index.
#[derive(Clone, PartialEq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) consent: Consent,
    pub(super) corrections: Vec<Correction>,
}

impl Person {
    /// The least similarity that counts as this person, whatever the model's is.
    pub(super) fn similarity_floor(&self) -> Option<f32> {
        let wrong = self.corrections.iter().map(|one| one.similarity);
        wrong
            .max_by(f32::total_cmp)
            .map(|wrong| (wrong + CORRECTION_MARGIN).min(1.0))
    }
}

/// An enrolled person as the site's people may see her.
#[derive(Clone, PartialEq)]
pub struct Summary {
    /// Who.
    pub person: PersonId,
    /// Shown to the guard.
    pub name: String,
    /// What the person agreed to.
    pub consent: Consent,
    /// How many templates there are.
    pub n_templates: usize,
    /// How often somebody else was taken for her.
    pub n_corrections: usize,
    /// The least similarity that counts as her after that.
    pub similarity_floor: Option<f32>,
    /// How similar each of her templates is at least to another of hers; `None` for a single one.
    pub agreement: Option<f32>,
}

impl Summary {
    /// Whether what keeps others out would keep her out, too: her own templates do not reach what
    /// is asked of a face. Then only a new enrolment helps.
    pub fn must_enrol_again(&self) -> bool {
        match (self.similarity_floor, self.agreement) {
            (Some(floor), Some(agreement)) => agreement < floor,
            _ => false,
        }
    }
}

/// The least of what each template has to the nearest of the others.
pub(super) fn agreement(templates: &[&[f32]]) -> Option<f32> {
    let all: Option<Vec<Embedding>> = templates
        .iter()
        .map(|numbers| Embedding::normalised(numbers))
        .collect();
    let all = all?;
    let nearest = |at: usize| {
        let others = all.iter().enumerate().filter(|(other, _)| *other != at);
        others
            .map(|(_, other)| all[at].similarity(other))
            .max_by(f32::total_cmp)
    };
    let nearest: Option<Vec<f32>> = (0..all.len()).map(nearest).collect();
    nearest?.into_iter().min_by(f32::total_cmp)
}
