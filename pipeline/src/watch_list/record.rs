//! Entries and alerts as records of sealed files.

use super::{Alert, Answer, Entry};
pub(super) use crate::gallery::record::{model_of, preamble};
use crate::gallery::record::{pack, templates_of, unpack};
use domain::{CameraId, Embedding, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// What happened, in the order in which it was written.
#[derive(Default)]
pub(super) struct Events {
    pub(super) alerts: Vec<Alert>,
    /// What was read, by whom, and when.
    pub(super) readers: Vec<(String, String, Timestamp)>,
}

/// One thing that happened.
pub(super) enum AlertEvent {
    Raised {
        at: Timestamp,
        camera: CameraId,
        entry: PersonId,
        similarity: f32,
    },
    Answered {
        number: usize,
        by: String,
        answer: Answer,
        at: Timestamp,
    },
    Read {
        what: String,
        by: String,
        at: Timestamp,
    },
}

impl AlertEvent {
    pub(super) fn read(what: &str, by: &str, at: Timestamp) -> Self {
        Self::Read {
            what: what.to_owned(),
            by: by.to_owned(),
            at,
        }
    }
}

impl Events {
    pub(super) fn add(&mut self, event: AlertEvent) {
        match event {
            AlertEvent::Raised {
                at,
                camera,
                entry,
                similarity,
            } => self.alerts.push(Alert {
                number: self.alerts.len() + 1,
                at,
                camera,
                entry,
                similarity,
                answers: Vec::new(),
            }),
            AlertEvent::Answered {
                number, by, answer, ..
            } => {
                let at = number.wrapping_sub(1);
                if let Some(alert) = self.alerts.get_mut(at) {
                    alert.answers.push((by, answer));
                }
            }
            AlertEvent::Read { what, by, at } => self.readers.push((what, by, at)),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryShape {
    id: String,
    name: String,
    reason: String,
    added_by: String,
    added_at_micros: i64,
    until_micros: i64,
    confirmed_by: Option<String>,
    n_templates: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
enum EventShape {
    Raised {
        at_micros: i64,
        camera: String,
        entry: String,
        similarity: f32,
    },
    Answered {
        at_micros: i64,
        number: usize,
        by: String,
        is_confirmed: bool,
    },
    Read {
        at_micros: i64,
        what: String,
        by: String,
    },
}

pub(super) fn write(id: PersonId, entry: &Entry) -> Vec<u8> {
    let shape = EntryShape {
        id: id.to_string(),
        name: entry.name.clone(),
        reason: entry.reason.clone(),
        added_by: entry.added_by.clone(),
        added_at_micros: entry.added_at.as_micros(),
        until_micros: entry.until.as_micros(),
        confirmed_by: entry.confirmed_by.clone(),
        n_templates: entry.templates.len(),
    };
    let words = serde_json::to_vec(&shape).expect("plain fields");
    let templates: Vec<&[f32]> = entry.templates.iter().map(Embedding::expose).collect();
    pack(&words, &templates)
}

pub(super) fn read(record: &[u8]) -> Option<(PersonId, Entry)> {
    let (words, numbers) = unpack(record)?;
    let shape: EntryShape = serde_json::from_slice(words).ok()?;
    let entry = Entry {
        name: shape.name,
        reason: shape.reason,
        added_by: shape.added_by,
        added_at: Timestamp::from_micros(shape.added_at_micros),
        until: Timestamp::from_micros(shape.until_micros),
        confirmed_by: shape.confirmed_by,
        templates: templates_of(&numbers, shape.n_templates)?,
    };
    Some((shape.id.parse().ok()?, entry))
}

pub(super) fn write_event(event: &AlertEvent) -> Vec<u8> {
    let shape = match event {
        AlertEvent::Raised {
            at,
            camera,
            entry,
            similarity,
        } => EventShape::Raised {
            at_micros: at.as_micros(),
            camera: camera.to_string(),
            entry: entry.to_string(),
            similarity: *similarity,
        },
        AlertEvent::Answered {
            number,
            by,
            answer,
            at,
        } => EventShape::Answered {
            at_micros: at.as_micros(),
            number: *number,
            by: by.clone(),
            is_confirmed: *answer == Answer::Confirm,
        },
        AlertEvent::Read { what, by, at } => EventShape::Read {
            at_micros: at.as_micros(),
            what: what.clone(),
            by: by.clone(),
        },
    };
    serde_json::to_vec(&shape).expect("a similarity is finite")
}

pub(super) fn read_event(record: &[u8]) -> Option<AlertEvent> {
    Some(match serde_json::from_slice(record).ok()? {
        EventShape::Raised {
            at_micros,
            camera,
            entry,
            similarity,
        } => AlertEvent::Raised {
            at: Timestamp::from_micros(at_micros),
            camera: camera.parse().ok()?,
            entry: entry.parse().ok()?,
            similarity,
        },
        EventShape::Answered {
            at_micros,
            number,
            by,
            is_confirmed,
        } => AlertEvent::Answered {
            number,
            by,
            answer: if is_confirmed {
                Answer::Confirm
            } else {
                Answer::Dismiss
            },
            at: Timestamp::from_micros(at_micros),
        },
        EventShape::Read {
            at_micros,
            what,
            by,
        } => AlertEvent::read(&what, &by, Timestamp::from_micros(at_micros)),
    })
}
