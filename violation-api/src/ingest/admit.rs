//! Which messages are let in: ours, on the topic that they belong to, with texts that are texts.

use domain::{DocumentKind, EvidenceItem, SiteId};
use service::bus::Incoming;
use wire::{Envelope, Message, Topic, WireError};

const SOURCE_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 400;
const FACTS_MAX: usize = 64;
const EVIDENCE_MAX: usize = 32;

/// Why a message is not let in. No content stands in it: a payload may hold a plate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Not JSON, of another shape, of a newer version or too large.
    #[error("{0}")]
    Payload(WireError),
    /// The envelope's id or source is none.
    #[error("the envelope's id or source has a wrong form")]
    Envelope,
    /// It belongs on another topic: perhaps somebody speaks in another's name.
    #[error("the message does not belong on this topic")]
    Topic,
    /// A text with control characters, or a list or text that is too long.
    #[error("a text or a list in it is too long, or has control characters")]
    Text,
    /// The database refuses it.
    #[error("the database refuses its content")]
    Store,
}

/// The envelope, when it is let in.
pub(super) fn admit(site: &SiteId, incoming: &Incoming) -> Result<Envelope, Refused> {
    let envelope = incoming.envelope().map_err(Refused::Payload)?;
    if !is_envelope_id(&envelope.id) || !is_source(&envelope.source) {
        return Err(Refused::Envelope);
    }
    let topic = topic_of(site, &envelope.message).ok_or(Refused::Topic)?;
    if topic.to_string() != incoming.topic {
        return Err(Refused::Topic);
    }
    if has_good_texts(&envelope.message) {
        Ok(envelope)
    } else {
        Err(Refused::Text)
    }
}

fn is_envelope_id(id: &str) -> bool {
    id.len() == 32
        && id
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// It becomes a level of a topic: no `/`, `+` or `#`.
fn is_source(source: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.';
    (1..=SOURCE_CHARS_MAX).contains(&source.len()) && source.bytes().all(is_plain)
}

/// Where a message belongs, when it is one that is taken in.
fn topic_of(site: &SiteId, message: &Message) -> Option<Topic> {
    let site = site.clone();
    match message {
        Message::Sighting(s) => Some(Topic::Sighting(site, s.camera.clone())),
        Message::Candidate(c) => Some(Topic::Candidate(site, c.camera.clone())),
        Message::Verdict(v) => Some(Topic::Verdict(site, v.gate.clone())),
        Message::Passage(p) => Some(Topic::Passage(site, p.gate.clone())),
        Message::Barrier(b) => Some(Topic::Barrier(site, b.gate.clone())),
        Message::Camera(c) => Some(Topic::CameraState(site, c.camera.clone())),
        Message::Count(c) => Some(Topic::Count(site, c.zone.clone())),
        Message::Movement(m) => Some(Topic::Movement(site, m.gate.clone())),
        Message::Alarm(a) => Some(Topic::Alarm(site, a.gate.clone())),
        Message::Command(c) => Some(Topic::Command(site, c.command.gate.clone())),
        Message::Ack(a) => Some(Topic::Ack(site, a.gate.clone())),
        Message::Document(d) => Some(Topic::Document(site, d.gate.clone())),
        Message::Receipt(_) | Message::Assist(_) | Message::Device(_) | Message::Order(_) => None,
    }
}

fn is_text(text: &str, chars_max: usize) -> bool {
    text.len() <= 4 * chars_max
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
}

fn is_evidence(item: &EvidenceItem) -> bool {
    is_text(&item.media_type, NAME_CHARS_MAX)
}

fn has_good_texts(message: &Message) -> bool {
    match message {
        Message::Sighting(s) => s.picture.iter().all(is_evidence),
        Message::Document(d) => match &d.kind {
            DocumentKind::CitizenCard { masked, .. } => is_text(masked, NAME_CHARS_MAX),
            DocumentKind::Pass { .. } => true,
        },
        Message::Verdict(v) => v.by.iter().all(|by| is_text(by, NAME_CHARS_MAX)),
        Message::Camera(c) => c
            .reason
            .iter()
            .all(|reason| is_text(reason, TEXT_CHARS_MAX)),
        Message::Candidate(c) => {
            let is_fact = |(name, value): &(String, String)| {
                is_text(name, NAME_CHARS_MAX) && is_text(value, TEXT_CHARS_MAX)
            };
            is_text(&c.rule, NAME_CHARS_MAX)
                && c.facts.len() <= FACTS_MAX
                && c.facts.iter().all(is_fact)
                && c.evidence.len() <= EVIDENCE_MAX
                && c.evidence.iter().all(is_evidence)
        }
        _ => true,
    }
}
