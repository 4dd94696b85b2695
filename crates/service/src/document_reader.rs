//! Desk readers and phones: who reads a document's chip, or asks VNeID, and tells a gate.
//!
//! The port is a message and no trait: readers are other makers' programs on other machines, and
//! whatever carries the message (HTTP or MQTT) is not trusted. A message is
//! `{"body": "…", "signature": "…"}`; the body is a JSON text as it was signed (Ed25519, with the
//! reader's own key, for this site), the signature 128 hexadecimal digits.
//!
//! ```json
//! {"v": 1, "reader": "desk-1", "gate": "lane-1", "seq": 41,
//!  "shown_at": "2026-11-22T07:32:50.000000Z", "method": "chip", "number": "001090123456",
//!  "is_authentic": true, "expires_at": "2035-01-01T00:00:00Z"}
//! ```
//!
//! The reader does passive authentication (ICAO 9303-11 §5.1) or VNeID's own check, and says in
//! `is_authentic` how that ended. `seq` rises with every message, also over restarts: the time in
//! microseconds will do. The number is needed for the holder's key and goes no further.

use crate::{
    documents::DocumentTexts,
    keys::{CommandVerifier, InvalidPublicKey, SigningKeyFile},
};
use domain::{Assurance, DocumentKind, GateId, SiteId, Timestamp, document::CitizenNumber};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// Largest message.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// A message that is older is refused, and so is one from further in the future: readers keep time.
pub const AGE_MAX: Duration = Duration::from_secs(10);

/// A reader may tell so many documents within [`FLOOD_SPAN`].
pub const FLOOD_MAX: usize = 20;

/// See [`FLOOD_MAX`].
pub const FLOOD_SPAN: Duration = Duration::from_secs(60);

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    body: String,
    signature: String,
}

/// How a reader came to know the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadMethod {
    /// The chip, with passive authentication.
    Chip,
    /// The VNeID service.
    Vneid,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u32,
    reader: String,
    gate: String,
    seq: u64,
    shown_at: String,
    method: ReadMethod,
    number: String,
    is_authentic: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// Why a message is refused. Counted by whoever runs the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ReaderRefusal {
    /// More than 4096 bytes.
    #[error("the message is too large")]
    TooLarge,
    /// Not of the form above.
    #[error("the message is malformed")]
    Malformed,
    /// The site has no such reader.
    #[error("the reader is not known")]
    UnknownReader,
    /// Signed with another key, for another site, or changed.
    #[error("the signature does not fit")]
    Signature,
    /// The reader may not speak for this gate.
    #[error("the reader is not this gate's")]
    Gate,
    /// Too old, or from the future.
    #[error("the message is not of now: check the reader's clock")]
    NotOfNow,
    /// This message or a later one was taken before.
    #[error("the message has come before")]
    Replay,
    /// More documents than one reader can be shown.
    #[error("the reader tells too many documents")]
    Flood,
    /// The chip or VNeID says that the document is not genuine.
    #[error("the document is not authentic")]
    NotAuthentic,
    /// The document's time is over.
    #[error("the document has expired")]
    Expired,
}

impl ReaderRefusal {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::TooLarge,
        Self::Malformed,
        Self::UnknownReader,
        Self::Signature,
        Self::Gate,
        Self::NotOfNow,
        Self::Replay,
        Self::Flood,
        Self::NotAuthentic,
        Self::Expired,
    ];

    /// One word for programs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
            Self::UnknownReader => "unknown-reader",
            Self::Signature => "signature",
            Self::Gate => "gate",
            Self::NotOfNow => "not-of-now",
            Self::Replay => "replay",
            Self::Flood => "flood",
            Self::NotAuthentic => "not-authentic",
            Self::Expired => "expired",
        }
    }
}

/// What a reader told, ready for a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldDocument {
    /// The reader that told it.
    pub reader: String,
    /// The number of its message: whoever keeps the highest one refuses the message for ever.
    pub seq: i64,
    /// For this gate.
    pub gate: GateId,
    /// What was shown; the number has become a key and a mask.
    pub kind: DocumentKind,
    /// [`Assurance::Chip`] or [`Assurance::Vneid`].
    pub assurance: Assurance,
    /// The reader's time.
    pub shown_at: Timestamp,
}

struct KnownReader {
    keys: CommandVerifier,
    gates: Vec<GateId>,
    last_seq: Option<u64>,
    taken_at: Vec<Timestamp>,
}

/// Takes readers' messages at a site.
pub struct ReaderPort {
    texts: DocumentTexts,
    readers: BTreeMap<String, KnownReader>,
}

impl ReaderPort {
    /// A port that knows no reader.
    pub fn new(texts: DocumentTexts) -> Self {
        let readers = BTreeMap::new();
        Self { texts, readers }
    }

    /// Trusts a reader, by its public key (64 hexadecimal digits), for these gates.
    pub fn trust(
        &mut self,
        reader: &str,
        public_hex: &str,
        gates: Vec<GateId>,
    ) -> Result<(), InvalidPublicKey> {
        let known = KnownReader {
            keys: CommandVerifier::from_public_hex(public_hex)?,
            gates,
            last_seq: None,
            taken_at: Vec::new(),
        };
        self.readers.insert(reader.to_owned(), known);
        Ok(())
    }

    /// Checks a message. Nothing in it is believed before its signature is.
    ///
    /// The port forgets the newest numbers with its end: whoever runs it keeps
    /// [`ToldDocument::seq`], and refuses what is not higher.
    pub fn take(&mut self, bytes: &[u8], now: Timestamp) -> Result<ToldDocument, ReaderRefusal> {
        if MESSAGE_BYTES_MAX < bytes.len() {
            return Err(ReaderRefusal::TooLarge);
        }
        let malformed = |_error| ReaderRefusal::Malformed;
        let sealed: Sealed = serde_json::from_slice(bytes).map_err(malformed)?;
        let body: Body = serde_json::from_str(&sealed.body).map_err(malformed)?;
        let reader = self.readers.get_mut(&body.reader);
        let reader = reader.ok_or(ReaderRefusal::UnknownReader)?;
        let signature = crate::hex::decode(&sealed.signature).ok_or(ReaderRefusal::Malformed)?;
        let purpose = purpose(&self.texts.site);
        if !reader
            .keys
            .is_signed(&purpose, sealed.body.as_bytes(), &signature)
        {
            return Err(ReaderRefusal::Signature);
        }
        let seq = i64::try_from(body.seq).map_err(|_range| ReaderRefusal::Malformed)?;
        let (gate, shown_at) = reader.accept(&body, now)?;
        let number = CitizenNumber::parse(&body.number);
        Ok(ToldDocument {
            reader: body.reader,
            seq,
            gate,
            kind: self
                .texts
                .card(number.map_err(|_invalid| ReaderRefusal::Malformed)?),
            assurance: match body.method {
                ReadMethod::Chip => Assurance::Chip,
                ReadMethod::Vneid => Assurance::Vneid,
            },
            shown_at,
        })
    }
}

impl KnownReader {
    fn accept(
        &mut self,
        body: &Body,
        now: Timestamp,
    ) -> Result<(GateId, Timestamp), ReaderRefusal> {
        let time = |text: &str| wire::parse_time(text).map_err(|_text| ReaderRefusal::Malformed);
        if body.v != VERSION {
            return Err(ReaderRefusal::Malformed);
        }
        let gate = self.gates.iter().find(|gate| gate.as_str() == body.gate);
        let gate = gate.ok_or(ReaderRefusal::Gate)?.clone();
        let shown_at = time(&body.shown_at)?;
        if AGE_MAX < now.since(shown_at) || AGE_MAX < shown_at.since(now) {
            return Err(ReaderRefusal::NotOfNow);
        }
        if self.last_seq.is_some_and(|last| body.seq <= last) {
            return Err(ReaderRefusal::Replay);
        }
        self.last_seq = Some(body.seq);
        self.taken_at
            .retain(|at| *at <= now && now.since(*at) < FLOOD_SPAN);
        if self.taken_at.len() == FLOOD_MAX {
            return Err(ReaderRefusal::Flood);
        }
        self.taken_at.push(now);
        if !body.is_authentic {
            return Err(ReaderRefusal::NotAuthentic);
        }
        let expires_at = body.expires_at.as_deref().map(time).transpose()?;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(ReaderRefusal::Expired);
        }
        Ok((gate, shown_at))
    }
}

fn purpose(site: &SiteId) -> String {
    format!("document reader of {site}")
}

/// A reader in software: for trying a site out, and what a maker's reader is compared with.
pub struct SimulatedReader {
    /// Its name at the site.
    pub id: String,
    /// The site that it signs for.
    pub site: SiteId,
    /// The gate that it stands at.
    pub gate: GateId,
    /// Whether it reads chips or asks VNeID.
    pub method: ReadMethod,
    /// Its key.
    pub key: SigningKeyFile,
}

/// A document as a reader finds it. `Debug` is redacted.
#[derive(Clone)]
pub struct ShownDocument {
    /// Whose.
    pub number: CitizenNumber,
    /// Whether its signatures fit.
    pub is_authentic: bool,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for ShownDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownDocument(<redacted>)")
    }
}

impl SimulatedReader {
    /// The message about a document that is shown now.
    pub fn show(&self, document: &ShownDocument, now: Timestamp) -> Vec<u8> {
        let body = Body {
            v: VERSION,
            reader: self.id.clone(),
            gate: self.gate.to_string(),
            seq: u64::try_from(now.as_micros()).unwrap_or_default(),
            shown_at: wire::format_time(now),
            method: self.method,
            number: document.number.expose().to_owned(),
            is_authentic: document.is_authentic,
            expires_at: document.expires_at.map(wire::format_time),
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let signature = self.key.sign_bytes(&purpose(&self.site), body.as_bytes());
        serde_json::to_vec(&Sealed { body, signature }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
