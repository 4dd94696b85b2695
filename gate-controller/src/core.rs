//! The pure machine with its journal records: what goes in, what comes out, numbered and in order.
//!
//! The machine is given what the record says, not what was in memory: what a reader of the journal
//! sees is what was decided on, so a replay cannot differ by a rounding of a number.

use crate::settings::{CoreSettings, InvalidSettings};
use domain::{Calendar, Order, Registration, SiteList, Timestamp};
use policy::{GateInput, GateOutput, IdSource as _, ListRegistry, PassageMachine, SeededIds};
use std::{sync::Arc, time::Duration};
use wire::{
    JournalEntry, JournalRecord, Message, PAYLOAD_BYTES_MAX, SignedCommand, SignedOrder, WireError,
};

mod fold;

pub(crate) use fold::{Fault, Fold, Folded};

/// One answer with the id of the message that carries it, which is the same in every replay.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) message_id: u128,
    pub(crate) at: Timestamp,
    pub(crate) output: GateOutput,
}

/// One input, taken: what to write into the journal, and what to do once it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Step {
    pub(crate) records: Vec<JournalRecord>,
    pub(crate) answers: Vec<Answer>,
}

/// Why the core could not take an input or a record.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The settings of a start record.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// A record that does not read back as it was written.
    #[error("a record does not read back as it was written")]
    Record(#[source] WireError),
    /// One entry of the list is longer than a journal record may be.
    #[error("an entry of the list is too long for the journal")]
    EntryTooLong,
}

/// A program start as the journal records it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Start {
    pub(crate) program: String,
    pub(crate) config_sha256: String,
    pub(crate) seed: u64,
    pub(crate) settings: CoreSettings,
}

/// The decider of one gate.
pub(crate) struct Core {
    machine: PassageMachine,
    ids: SeededIds,
    seed: u64,
    next_seq: u64,
    /// When the last list came: parts of one list are told from those of the next by their time.
    list_at: Option<Timestamp>,
}

impl Core {
    /// A core at the first record of a journal. It has no list yet and grants nothing until it has
    /// one.
    pub(crate) fn new(at: Timestamp, start: &Start) -> Result<(Self, Step), CoreError> {
        let settings = CoreSettings::decode(&start.settings.encode())?;
        let no_list = Arc::new(ListRegistry::default());
        let mut core = Self {
            machine: PassageMachine::new(settings.lane, settings.policy, no_list),
            ids: SeededIds::new(start.seed),
            seed: start.seed,
            next_seq: 0,
            list_at: None,
        };
        settings
            .handled
            .iter()
            .for_each(|sighting| core.machine.remember(*sighting));
        let step = Step {
            records: vec![core.start_record(at, start)],
            answers: Vec::new(),
        };
        Ok((core, step))
    }

    /// Goes on after a restart: under the settings of now, with what the journal has brought back.
    pub(crate) fn restart(&mut self, at: Timestamp, start: &Start) -> Result<Step, CoreError> {
        let settings = CoreSettings::decode(&start.settings.encode())?;
        self.machine.configure(settings.lane, settings.policy);
        settings
            .handled
            .iter()
            .for_each(|sighting| self.machine.remember(*sighting));
        self.ids = SeededIds::new(start.seed);
        self.seed = start.seed;
        Ok(Step {
            records: vec![self.start_record(at, start)],
            answers: Vec::new(),
        })
    }

    fn start_record(&mut self, at: Timestamp, start: &Start) -> JournalRecord {
        let entry = JournalEntry::Start {
            program: start.program.clone(),
            config_sha256: start.config_sha256.clone(),
            seed: start.seed,
            settings: start.settings.encode(),
        };
        self.number(at, entry)
    }

    fn number(&mut self, at: Timestamp, entry: JournalEntry) -> JournalRecord {
        let seq = self.next_seq;
        self.next_seq += 1;
        JournalRecord { seq, at, entry }
    }

    /// Takes an input. What comes back is to be journalled before anybody hears of it.
    pub(crate) fn step(&mut self, at: Timestamp, input: &GateInput) -> Result<Step, CoreError> {
        let at = self.own_time(at, input);
        let mut records = Vec::new();
        let mut read_back = Vec::new();
        for entry in entries_of(input)? {
            let record = self.number(at, entry);
            read_back.push(JournalRecord::decode(&record.encode()).map_err(CoreError::Record)?);
            records.push(record);
        }
        let answers = self.answer(
            at,
            &input_of(read_back.into_iter().map(|record| record.entry)),
        );
        for answer in &answers {
            let record = self.number(at, JournalEntry::Output(message_of(&answer.output)));
            records.push(record);
        }
        Ok(Step { records, answers })
    }

    fn own_time(&mut self, at: Timestamp, input: &GateInput) -> Timestamp {
        if !matches!(input, GateInput::RegistryChanged(_)) {
            return at;
        }
        let is_taken = self.list_at == Some(at);
        let at = if is_taken {
            at.saturating_add(Duration::from_micros(1))
        } else {
            at
        };
        self.list_at = Some(at);
        at
    }

    /// The answers to an input as it stands in the journal. Their message ids are made from seed
    /// and number.
    fn answer(&mut self, at: Timestamp, input: &GateInput) -> Vec<Answer> {
        let mut outputs = Vec::new();
        self.machine.step(at, input, &mut self.ids, &mut outputs);
        let seqs = self.next_seq..;
        seqs.zip(outputs)
            .map(|(seq, output)| Answer {
                message_id: message_id(self.seed, seq, at),
                at,
                output,
            })
            .collect()
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.machine.next_deadline()
    }

    pub(crate) fn machine(&self) -> &PassageMachine {
        &self.machine
    }

    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }
}

fn message_id(seed: u64, seq: u64, at: Timestamp) -> u128 {
    // An odd factor keeps the seeds of neighbouring numbers apart (Weyl sequence).
    let seed = seed ^ seq.wrapping_mul(0xD1B5_4A32_D192_ED03);
    SeededIds::new(seed).next_id(at)
}

/// The records of an input: one, or several for a list that does not fit one line.
fn entries_of(input: &GateInput) -> Result<Vec<JournalEntry>, CoreError> {
    Ok(match input {
        GateInput::Sighting(sighting) => {
            vec![JournalEntry::Input(Message::Sighting(sighting.clone()))]
        }
        GateInput::Ack(ack) => vec![JournalEntry::Input(Message::Ack(ack.clone()))],
        GateInput::Barrier(barrier) => {
            vec![JournalEntry::Input(Message::Barrier(barrier.clone()))]
        }
        GateInput::Device(event) => vec![JournalEntry::Input(Message::Device(event.clone()))],
        GateInput::Document(document) => {
            vec![JournalEntry::Input(Message::Document(document.clone()))]
        }
        GateInput::Order(order) => vec![JournalEntry::Input(Message::Order(unsigned(order)))],
        GateInput::Movement(movement) => {
            vec![JournalEntry::Input(Message::Movement(movement.clone()))]
        }
        GateInput::RegistryChanged(registry) => registry_entries(registry)?,
        GateInput::Tick => vec![JournalEntry::Tick],
    })
}

/// Cuts a list so that each part fits a record. Parts of one list stand together and have the same
/// time and `as_of`.
fn registry_entries(registry: &ListRegistry) -> Result<Vec<JournalEntry>, CoreError> {
    let list = registry.list();
    let as_of = list.as_of;
    let part = |entries: &[Registration], is_first: bool| {
        let (groups, calendar) = if is_first {
            (list.groups.clone(), list.calendar.clone())
        } else {
            (Vec::new(), Calendar::default())
        };
        JournalEntry::Registry(SiteList {
            registrations: entries.to_vec(),
            groups,
            calendar,
            ..SiteList {
                version: list.version,
                as_of,
                expires_at: list.expires_at,
                ..SiteList::default()
            }
        })
    };
    let mut waiting = vec![registry.entries()];
    let mut parts = Vec::new();
    while let Some(entries) = waiting.pop() {
        let is_first = parts.is_empty();
        let record = JournalRecord {
            seq: u64::MAX,
            at: as_of,
            entry: part(entries, is_first),
        };
        if record.encode().len() <= PAYLOAD_BYTES_MAX {
            parts.push(record.entry);
        } else if entries.len() < 2 {
            return Err(CoreError::EntryTooLong);
        } else {
            let (first, second) = entries.split_at(entries.len() / 2);
            waiting.push(second);
            waiting.push(first);
        }
    }
    Ok(parts)
}

/// The input that these records stand for. There is more than one only for the parts of a list.
fn input_of(entries: impl Iterator<Item = JournalEntry>) -> GateInput {
    let mut list: Option<SiteList> = None;
    for entry in entries {
        match entry {
            JournalEntry::Input(Message::Sighting(sighting)) => {
                return GateInput::Sighting(sighting);
            }
            JournalEntry::Input(Message::Ack(ack)) => return GateInput::Ack(ack),
            JournalEntry::Input(Message::Barrier(barrier)) => return GateInput::Barrier(barrier),
            JournalEntry::Input(Message::Device(event)) => return GateInput::Device(event),
            JournalEntry::Input(Message::Document(document)) => {
                return GateInput::Document(document);
            }
            JournalEntry::Input(Message::Order(signed)) => return GateInput::Order(signed.order),
            JournalEntry::Input(Message::Movement(movement)) => {
                return GateInput::Movement(movement);
            }
            JournalEntry::Registry(part) => match &mut list {
                None => list = Some(part),
                Some(list) => list.registrations.extend(part.registrations),
            },
            _ => (),
        }
    }
    match list {
        Some(list) => GateInput::RegistryChanged(Arc::new(ListRegistry::of(list))),
        None => GateInput::Tick,
    }
}

/// How an order stands in the journal: its signature was checked before it came here, and nobody
/// can lift a valid one from it.
fn unsigned(order: &Order) -> SignedOrder {
    SignedOrder {
        order: order.clone(),
        key_id: "0".repeat(16),
        signature: "0".repeat(128),
    }
}

/// How an answer stands in the journal. A command stands there unsigned, so that nobody can lift a
/// valid one from it.
pub(crate) fn message_of(output: &GateOutput) -> Message {
    match output {
        GateOutput::PassageChanged(passage) => Message::Passage(passage.clone()),
        GateOutput::Verdict(verdict) => Message::Verdict(verdict.clone()),
        GateOutput::Movement(movement) => Message::Movement(movement.clone()),
        GateOutput::Alarm(alarm) => Message::Alarm(alarm.clone()),
        GateOutput::Command(command) => Message::Command(SignedCommand {
            command: command.clone(),
            key_id: "0".repeat(16),
            signature: "0".repeat(128),
        }),
    }
}
