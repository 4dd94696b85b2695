//! A new policy on passages that have been: who would have been answered otherwise.

use crate::{replay::records, settings::CoreSettings};
use domain::{
    Ack, AckResult, GateId, Outcome, PassageId, Rule, SightingId, SiteList, Timestamp,
    ports::Registry as _,
};
use policy::{GateInput, GateOutput, Lane, ListRegistry, PassageMachine, Policy, SeededIds};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use wire::{JournalEntry, Message};

use crate::ReplayError;

/// How long a device takes to answer, in a trial.
const ANSWERS_AFTER: Duration = Duration::from_millis(100);

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The rules.
    pub policy: Policy,
    /// The lane.
    pub lane: Lane,
    /// The list; nothing keeps those that were in force.
    pub list: Option<SiteList>,
    /// Passages before this moment are left out.
    pub since: Timestamp,
}

/// One answer, and the rule that settled it.
pub type Answered = (Outcome, Option<Rule>);

/// A passage that is answered otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The gate.
    pub gate: GateId,
    /// The passage as it was recorded.
    pub passage: PassageId,
    /// What came.
    pub sighting: SightingId,
    /// When it was first answered.
    pub at: Timestamp,
    /// The last answer of then; nothing when there was none.
    pub before: Option<Answered>,
    /// The last answer under the new rules.
    pub after: Option<Answered>,
}

/// What a trial has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialReport {
    /// How many passages were tried.
    pub n_passages: usize,
    /// Those whose answer changes, oldest first.
    pub changed: Vec<Changed>,
    /// How many passages there are for each pair of answers: then, and under the new rules.
    pub pairs: BTreeMap<(Option<Outcome>, Option<Outcome>), usize>,
}

impl TrialReport {
    /// Adds what another journal gave.
    pub fn join(&mut self, other: Self) {
        self.n_passages += other.n_passages;
        self.changed.extend(other.changed);
        self.changed
            .sort_by_key(|changed| (changed.at, changed.passage));
        for (pair, n) in other.pairs {
            *self.pairs.entry(pair).or_default() += n;
        }
    }
}

/// The last answer about each sighting that the policy gave; what a guard ordered is no answer of a
/// policy.
#[derive(Default)]
struct Answers {
    by_sighting: BTreeMap<SightingId, (PassageId, Timestamp, Answered)>,
}

impl Answers {
    fn note(&mut self, verdict: &domain::Verdict) {
        if verdict.by.is_some() {
            return;
        }
        let answered = (verdict.outcome, verdict.rule_path.settled_by());
        let known = self.by_sighting.get(&verdict.sighting);
        let first_at = known.map_or(verdict.given_at, |(_, at, _)| *at);
        self.by_sighting
            .insert(verdict.sighting, (verdict.passage, first_at, answered));
    }
}

/// Runs the inputs of a journal through a machine under the new rules, and compares the last answer
/// about everybody with the recorded one.
///
/// The device answers every command of the trial after 100 ms; loops, lines, orders and movements
/// elsewhere are those that were recorded.
pub fn try_policy(journal: &Path, trial: &Trial) -> Result<TrialReport, ReplayError> {
    let mut machine = Tried::new(trial);
    let (mut before, mut gate) = (Answers::default(), trial.lane.gate.clone());
    let mut list: Option<(Timestamp, SiteList)> = None;
    records(journal, |record| {
        let (at, entry) = (record.at, record.entry);
        let ends_list = !matches!(entry, JournalEntry::Registry(_));
        if ends_list && let Some((at, list)) = list.take() {
            machine.set_list(at, list);
        }
        match entry {
            JournalEntry::Registry(part) => match &mut list {
                Some((_, whole)) if whole.as_of == part.as_of => {
                    whole.registrations.extend(part.registrations);
                }
                _ => {
                    if let Some((at, list)) = list.replace((at, part)) {
                        machine.set_list(at, list);
                    }
                }
            },
            JournalEntry::Start { settings, .. } => {
                if let Ok(settings) = CoreSettings::decode(&settings) {
                    gate = settings.lane.gate;
                }
            }
            JournalEntry::Input(message) => machine.hear(at, message),
            JournalEntry::Tick => machine.step(at, &GateInput::Tick),
            JournalEntry::Output(Message::Verdict(verdict)) => before.note(&verdict),
            JournalEntry::Output(_) => (),
        }
    })?;
    Ok(compare(&gate, trial.since, &before, &machine.answers))
}

fn compare(gate: &GateId, since: Timestamp, before: &Answers, after: &Answers) -> TrialReport {
    let mut report = TrialReport::default();
    let sightings = before.by_sighting.keys().chain(after.by_sighting.keys());
    let all: std::collections::BTreeSet<SightingId> = sightings.copied().collect();
    for sighting in all {
        let (then, now) = (
            before.by_sighting.get(&sighting),
            after.by_sighting.get(&sighting),
        );
        let Some((passage, at, _)) = then.or(now) else {
            continue;
        };
        if *at < since {
            continue;
        }
        let answer = |found: Option<&(PassageId, Timestamp, Answered)>| found.map(|f| f.2);
        let (then, now) = (answer(then), answer(now));
        let outcomes = (then.map(|a| a.0), now.map(|a| a.0));
        report.n_passages += 1;
        *report.pairs.entry(outcomes).or_default() += 1;
        if outcomes.0 != outcomes.1 {
            report.changed.push(Changed {
                gate: gate.clone(),
                passage: *passage,
                sighting,
                at: *at,
                before: then,
                after: now,
            });
        }
    }
    report
        .changed
        .sort_by_key(|changed| (changed.at, changed.passage));
    report
}

/// A machine under the new rules, whose device answers by itself.
struct Tried {
    machine: PassageMachine,
    ids: SeededIds,
    list: Option<SiteList>,
    answers: Answers,
    due: Vec<(Timestamp, Ack)>,
}

impl Tried {
    fn new(trial: &Trial) -> Self {
        let none = Arc::new(ListRegistry::default());
        Self {
            machine: PassageMachine::new(trial.lane.clone(), trial.policy.clone(), none),
            ids: SeededIds::new(1),
            list: trial.list.clone(),
            answers: Answers::default(),
            due: Vec::new(),
        }
    }

    /// The new list is as fresh as the one was that was in force.
    fn set_list(&mut self, at: Timestamp, recorded: SiteList) {
        let list = match &self.list {
            Some(list) => ListRegistry::of(SiteList {
                as_of: recorded.as_of,
                expires_at: recorded.expires_at,
                ..list.clone()
            }),
            None => ListRegistry::of(recorded),
        };
        debug_assert!(list.as_of() <= at || list.entries().is_empty());
        self.step(at, &GateInput::RegistryChanged(Arc::new(list)));
    }

    fn hear(&mut self, at: Timestamp, message: Message) {
        let input = match message {
            Message::Sighting(sighting) => GateInput::Sighting(sighting),
            Message::Barrier(barrier) => GateInput::Barrier(barrier),
            Message::Device(event) => GateInput::Device(event),
            Message::Document(document) => GateInput::Document(document),
            Message::Order(signed) => GateInput::Order(signed.order),
            Message::Movement(movement) => GateInput::Movement(movement),
            // They answer commands that were not given here.
            _ => return,
        };
        self.step(at, &input);
    }

    fn step(&mut self, at: Timestamp, input: &GateInput) {
        while let Some(place) = self.due.iter().position(|(due, _)| *due <= at) {
            let (due, ack) = self.due.remove(place);
            self.take(due, &GateInput::Ack(ack));
        }
        self.take(at, input);
    }

    fn take(&mut self, at: Timestamp, input: &GateInput) {
        let mut out = Vec::new();
        self.machine.step(at, input, &mut self.ids, &mut out);
        for output in out {
            match output {
                GateOutput::Verdict(verdict) => self.answers.note(&verdict),
                GateOutput::Command(command) => {
                    let due = at.saturating_add(ANSWERS_AFTER);
                    self.due.push((
                        due,
                        Ack {
                            command: command.id,
                            gate: command.gate,
                            result: AckResult::Executed,
                            at: due,
                        },
                    ));
                }
                GateOutput::PassageChanged(_) | GateOutput::Movement(_) | GateOutput::Alarm(_) => {}
            }
        }
    }
}
