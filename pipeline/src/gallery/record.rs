//! A person as a record of the sealed file: what is known in words as JSON, then the templates.

use super::{Consent, Correction, Person};
use domain::{Embedding, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// The first record of a file: what all templates in it are of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PreambleShape {
    v: u32,
    model: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonShape {
    person_id: String,
    name: String,
    given_at_micros: i64,
    notice: String,
    recorded_by: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<CorrectionShape>,
    n_templates: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectionShape {
    at_micros: i64,
    similarity: f32,
    recorded_by: String,
}

pub(crate) fn preamble(model: &str) -> Vec<u8> {
    let shape = PreambleShape {
        v: 2,
        model: model.to_owned(),
    };
    serde_json::to_vec(&shape).expect("two plain fields")
}

/// The model of a file.
pub(crate) fn model_of(preamble: &[u8]) -> Option<String> {
    let shape: PreambleShape = serde_json::from_slice(preamble).ok()?;
    (shape.v == 2).then_some(shape.model)
}

pub(super) fn write(id: PersonId, person: &Person, templates: &[&[f32]]) -> Vec<u8> {
    let correction = |one: &Correction| CorrectionShape {
        at_micros: one.at.as_micros(),
        similarity: one.similarity,
        recorded_by: one.recorded_by.clone(),
    };
    let shape = PersonShape {
        person_id: id.to_string(),
        name: person.name.clone(),
        given_at_micros: person.consent.given_at.as_micros(),
        notice: person.consent.notice.clone(),
        recorded_by: person.consent.recorded_by.clone(),
        corrections: person.corrections.iter().map(correction).collect(),
        n_templates: templates.len(),
    };
    let words = serde_json::to_vec(&shape).expect("a similarity is finite");
    pack(&words, templates)
}

/// Words and templates as the bytes of one record: the length of the words (32 bits, little
/// endian), the words, and the templates' numbers (32-bit, little endian).
pub(crate) fn pack(words: &[u8], templates: &[&[f32]]) -> Vec<u8> {
    let length = u32::try_from(words.len()).unwrap_or(u32::MAX);
    let mut record = [&length.to_le_bytes()[..], words].concat();
    for number in templates.iter().copied().flatten() {
        record.extend_from_slice(&number.to_le_bytes());
    }
    record
}

/// The words of a record, and its numbers.
pub(crate) fn unpack(record: &[u8]) -> Option<(&[u8], Vec<f32>)> {
    let (length, rest) = record.split_first_chunk::<4>()?;
    let (words, numbers) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (numbers, rest) = numbers.as_chunks::<4>();
    let numbers = numbers.iter().map(|n| f32::from_le_bytes(*n)).collect();
    rest.is_empty().then_some((words, numbers))
}

/// So many templates of the same length; `None` when the numbers are not that.
pub(crate) fn templates_of(numbers: &[f32], n_templates: usize) -> Option<Vec<Embedding>> {
    let n_numbers = numbers.len() / n_templates.max(1);
    if n_numbers == 0 || n_numbers * n_templates != numbers.len() {
        return None;
    }
    let templates = numbers.chunks_exact(n_numbers);
    templates.map(Embedding::normalised).collect()
}

pub(super) fn read(record: &[u8]) -> Option<(PersonId, Person, Vec<Embedding>)> {
    let (words, numbers) = unpack(record)?;
    let shape: PersonShape = serde_json::from_slice(words).ok()?;
    let templates = templates_of(&numbers, shape.n_templates)?;
    let correction = |one: CorrectionShape| Correction {
        at: Timestamp::from_micros(one.at_micros),
        similarity: one.similarity,
        recorded_by: one.recorded_by,
    };
    let person = Person {
        name: shape.name,
        consent: Consent {
            given_at: Timestamp::from_micros(shape.given_at_micros),
            notice: shape.notice,
            recorded_by: shape.recorded_by,
        },
        corrections: shape.corrections.into_iter().map(correction).collect(),
    };
    Some((shape.person_id.parse().ok()?, person, templates))
}
