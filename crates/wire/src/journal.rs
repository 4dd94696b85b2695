//! Journal records: what a core was told and what it answered, one JSON text a line.

use crate::{
    envelope::{VERSION, WireError, check_version, malformed},
    message::{Message, MessageShape},
    shape::ListShape,
};
use domain::{SiteList, Timestamp};
use serde::{Deserialize, Serialize};

/// One line of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRecord {
    /// Counts the lines from 0.
    pub seq: u64,
    /// The core's `now` at this record: the only time that it knows.
    pub at: Timestamp,
    /// What happened.
    pub entry: JournalEntry,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum JournalEntry {
    /// The program has started; ids are made from this seed.
    Start {
        /// For example `gate-1`.
        program: String,
        /// SHA-256 of the configuration, hexadecimal.
        config_sha256: String,
        /// Seed of the id generator.
        seed: u64,
        /// The settings that the core decides by, as canonical JSON: replay needs no other file.
        settings: String,
    },
    /// The list that is in force from here on.
    ///
    /// A long list is cut into parts that stand together; groups and calendar are in the first.
    Registry(SiteList),
    /// The core was told this.
    Input(Message),
    /// The core was told that time has passed.
    Tick,
    /// The core answered this.
    Output(Message),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordShape {
    v: u32,
    seq: u64,
    #[serde(with = "crate::time")]
    at: Timestamp,
    entry: EntryShape,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum EntryShape {
    Start {
        program: String,
        config_sha256: String,
        seed: u64,
        settings: String,
    },
    Registry(ListShape),
    Input(MessageShape),
    Tick,
    Output(MessageShape),
}

impl JournalRecord {
    /// The JSON text, without a line break.
    pub fn encode(&self) -> String {
        let entry = match &self.entry {
            JournalEntry::Start {
                program,
                config_sha256,
                seed,
                settings,
            } => EntryShape::Start {
                program: program.clone(),
                config_sha256: config_sha256.clone(),
                seed: *seed,
                settings: settings.clone(),
            },
            JournalEntry::Registry(list) => EntryShape::Registry(list.into()),
            JournalEntry::Input(message) => EntryShape::Input(message.into()),
            JournalEntry::Tick => EntryShape::Tick,
            JournalEntry::Output(message) => EntryShape::Output(message.into()),
        };
        let shape = RecordShape {
            v: VERSION,
            seq: self.seq,
            at: self.at,
            entry,
        };
        serde_json::to_string(&shape)
            .expect("these shapes have string keys and finite numbers only")
    }

    /// Reads one line; strict.
    pub fn decode(line: &str) -> Result<Self, WireError> {
        check_version(line.as_bytes())?;
        let shape: RecordShape = serde_json::from_str(line).map_err(malformed)?;
        let reason = |reason| WireError::Malformed { reason };
        let entry = match shape.entry {
            EntryShape::Start {
                program,
                config_sha256,
                seed,
                settings,
            } => JournalEntry::Start {
                program,
                config_sha256,
                seed,
                settings,
            },
            EntryShape::Registry(list) => {
                JournalEntry::Registry(SiteList::try_from(list).map_err(reason)?)
            }
            EntryShape::Input(message) => {
                JournalEntry::Input(Message::try_from(message).map_err(reason)?)
            }
            EntryShape::Tick => JournalEntry::Tick,
            EntryShape::Output(message) => {
                JournalEntry::Output(Message::try_from(message).map_err(reason)?)
            }
        };
        Ok(Self {
            seq: shape.seq,
            at: shape.at,
            entry,
        })
    }
}
