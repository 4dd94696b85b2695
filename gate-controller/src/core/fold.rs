//! Reading a journal back: the same inputs through the same core must give the same bytes.

use super::{Answer, Core, CoreError, Start, input_of, message_of};
use crate::{retell::RETOLD_MAX, settings::CoreSettings};
use domain::{Timestamp, VerdictId};
use policy::{Explanation, GateInput, GateOutput};
use std::collections::VecDeque;
use wire::{JournalEntry, JournalRecord, Message};

/// How many of the newest answers are kept: more than one write to the journal ever holds.
const NEWEST_MAX: usize = 512;

/// What is wrong with a record.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The first record is no start.
    NoStart,
    /// A record of a kind that no gate writes.
    Foreign,
    /// The core answers something else. `None`: the core gives no such answer, or the journal lacks
    /// one.
    Differs {
        produced: Option<String>,
    },
    Core(CoreError),
}

/// A core on its way through a journal.
#[derive(Default)]
pub(crate) struct Fold {
    core: Option<Core>,
    /// Answers that the journal must show next.
    due: VecDeque<Answer>,
    /// The parts of a list that have been read so far.
    list: Vec<JournalRecord>,
    newest: VecDeque<Answer>,
    movements: VecDeque<Answer>,
    /// Whether the core notes why its verdicts come out as they do.
    is_explaining: bool,
    pub(crate) n_starts: u64,
    pub(crate) n_inputs: u64,
    pub(crate) n_outputs: u64,
    pub(crate) n_verdicts: u64,
    pub(crate) n_commands: u64,
}

/// A core at the end of a journal.
pub(crate) struct Folded {
    pub(crate) core: Core,
    /// Answers that a crash kept out of the journal, with their records.
    pub(crate) unwritten: Vec<JournalRecord>,
    /// The newest answers, oldest first: whether all of them left the program is not known.
    pub(crate) newest: Vec<Answer>,
    /// The newest movements, oldest first: they are told again to gates that were away.
    pub(crate) movements: Vec<Answer>,
}

impl Fold {
    /// One whose core notes why its verdicts come out as they do.
    pub(crate) fn explaining() -> Self {
        Self {
            is_explaining: true,
            ..Self::default()
        }
    }

    /// Why one of the verdicts of the last input came out as it did.
    pub(crate) fn explanation_of(&mut self, verdict: VerdictId) -> Option<Explanation> {
        let explained = self.core.as_mut()?.machine.explained();
        let mut found = explained.into_iter().filter(|(id, _why)| *id == verdict);
        found.next().map(|(_id, why)| why)
    }

    /// Takes one record and its text.
    pub(crate) fn take(&mut self, record: JournalRecord, text: &str) -> Result<(), Fault> {
        if !self.continues_list(&record) {
            self.end_list()?;
        }
        match record.entry {
            JournalEntry::Output(_) => return self.compare(record.at, text),
            _ if !self.due.is_empty() => {
                return Err(Fault::Differs {
                    produced: self.next_due(),
                });
            }
            _ => (),
        }
        match record.entry {
            JournalEntry::Start {
                program,
                config_sha256,
                seed,
                settings,
            } => {
                let settings =
                    CoreSettings::decode(&settings).map_err(|e| Fault::Core(e.into()))?;
                self.start(
                    record.at,
                    &Start {
                        program,
                        config_sha256,
                        seed,
                        settings,
                    },
                )
            }
            JournalEntry::Registry(_) => {
                self.list.push(record);
                Ok(())
            }
            JournalEntry::Input(
                Message::Sighting(_)
                | Message::Ack(_)
                | Message::Barrier(_)
                | Message::Device(_)
                | Message::Document(_)
                | Message::Order(_)
                | Message::Movement(_),
            )
            | JournalEntry::Tick => self.step(record.at, &input_of([record.entry].into_iter()), 1),
            JournalEntry::Input(_) | JournalEntry::Output(_) => Err(Fault::Foreign),
        }
    }

    fn start(&mut self, at: Timestamp, start: &Start) -> Result<(), Fault> {
        self.n_starts += 1;
        let started = match &mut self.core {
            Some(core) => core.restart(at, start).map(|_step| ()),
            None => Core::new(at, start).map(|(core, _step)| self.core = Some(core)),
        };
        started.map_err(Fault::Core)
    }

    fn step(&mut self, at: Timestamp, input: &GateInput, n_records: u64) -> Result<(), Fault> {
        self.n_inputs += 1;
        let core = self.core.as_mut().ok_or(Fault::NoStart)?;
        core.next_seq += n_records;
        if self.is_explaining {
            core.machine.explain_from_here();
            // What earlier inputs gave is not asked for any more.
            drop(core.machine.explained());
        }
        self.due = core.answer(at, input).into();
        Ok(())
    }

    fn continues_list(&self, record: &JournalRecord) -> bool {
        let as_of_of = |record: &JournalRecord| match record.entry {
            JournalEntry::Registry(ref list) => Some((record.at, list.version, list.as_of)),
            _ => None,
        };
        let last = self.list.last().and_then(as_of_of);
        last.is_some() && last == as_of_of(record)
    }

    fn end_list(&mut self) -> Result<(), Fault> {
        let list = std::mem::take(&mut self.list);
        let Some(first) = list.first() else {
            return Ok(());
        };
        let (at, n_records) = (first.at, u64::try_from(list.len()).unwrap_or(u64::MAX));
        self.step(
            at,
            &input_of(list.into_iter().map(|record| record.entry)),
            n_records,
        )
    }

    fn compare(&mut self, at: Timestamp, text: &str) -> Result<(), Fault> {
        let core = self.core.as_mut().ok_or(Fault::NoStart)?;
        let Some(answer) = self.due.pop_front() else {
            return Err(Fault::Differs { produced: None });
        };
        let produced = core.number(answer.at, JournalEntry::Output(message_of(&answer.output)));
        let produced = produced.encode();
        if at != answer.at || produced != text {
            return Err(Fault::Differs {
                produced: Some(produced),
            });
        }
        self.n_outputs += 1;
        self.note(answer);
        Ok(())
    }

    fn note(&mut self, answer: Answer) {
        match answer.output {
            GateOutput::Verdict(_) => self.n_verdicts += 1,
            GateOutput::Command(_) => self.n_commands += 1,
            GateOutput::Movement(_) => {
                self.movements.push_back(answer.clone());
                if RETOLD_MAX < self.movements.len() {
                    self.movements.pop_front();
                }
            }
            GateOutput::PassageChanged(_) | GateOutput::Alarm(_) => (),
        }
        self.newest.push_back(answer);
        if NEWEST_MAX < self.newest.len() {
            self.newest.pop_front();
        }
    }

    fn next_due(&self) -> Option<String> {
        let answer = self.due.front()?;
        let seq = self.core.as_ref()?.next_seq;
        let entry = JournalEntry::Output(message_of(&answer.output));
        Some(
            JournalRecord {
                seq,
                at: answer.at,
                entry,
            }
            .encode(),
        )
    }

    /// Ends the journal: what was not written is answered now. `None` when there is no record at
    /// all.
    pub(crate) fn finish(&mut self) -> Result<Option<Folded>, Fault> {
        self.end_list()?;
        let Some(mut core) = self.core.take() else {
            return Ok(None);
        };
        let mut unwritten = Vec::new();
        for answer in std::mem::take(&mut self.due) {
            let entry = JournalEntry::Output(message_of(&answer.output));
            unwritten.push(core.number(answer.at, entry));
            self.note(answer);
        }
        let newest = std::mem::take(&mut self.newest).into();
        Ok(Some(Folded {
            core,
            unwritten,
            newest,
            movements: std::mem::take(&mut self.movements).into(),
        }))
    }
}
