//! A gate without a broker: the pure machine in capture time, and a barrier that obeys.

use crate::{demo::watch::Seen, gate::rules, site::LoadedSite};
use anyhow::{Context as _, Result};
use domain::{Ack, AckResult, Barrier, GateCommand, GateId, GateState, Sighting, Timestamp};
use policy::{GateInput, GateOutput, ListRegistry, PassageMachine, SeededIds};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The barrier answers, is up, and is down again so long after a command.
const ANSWERS_AFTER: Duration = Duration::from_millis(20);
const UP_AFTER: Duration = Duration::from_millis(1200);
const DOWN_AFTER: Duration = Duration::from_secs(5);

/// How long after the last sighting the lane is followed: every wait of a passage has ended by
/// then.
const FOLLOWED_FOR: Duration = Duration::from_secs(120);

/// One lane, and what its barrier is about to say.
pub(super) struct OfflineLane {
    gate: GateId,
    machine: PassageMachine,
    ids: SeededIds,
    now: Timestamp,
    /// In order of time; the number keeps what is said at the same moment apart.
    coming: BTreeMap<(Timestamp, u64), GateInput>,
    n_coming: u64,
}

impl OfflineLane {
    /// The lane of the site's gate, under the site's rules and list; nothing when it has none.
    pub(super) fn of_site(site: &LoadedSite, starts_at: Timestamp) -> Result<Option<Self>> {
        let Some(section) = site.site.gates.first() else {
            return Ok(None);
        };
        let gate: GateId = section
            .id
            .get_ref()
            .parse()
            .context("reading the gate's name")?;
        let (lane, policy) = (rules::lane(section)?, rules::policy(site, section)?);
        let registry = Arc::new(ListRegistry::of(site.site.list(starts_at)));
        Ok(Some(Self {
            gate,
            machine: PassageMachine::new(lane, policy, registry),
            ids: SeededIds::new(1),
            now: starts_at,
            coming: BTreeMap::new(),
            n_coming: 0,
        }))
    }

    /// Takes a sighting at the moment that its newest frame shows.
    pub(super) fn hear(&mut self, sighting: &Sighting, seen: &mut Seen) {
        self.advance(sighting.last_seen_at, seen);
        self.step(&GateInput::Sighting(sighting.clone()), seen);
    }

    /// Lets every passage end.
    pub(super) fn finish(&mut self, seen: &mut Seen) {
        self.advance(self.now.saturating_add(FOLLOWED_FOR), seen);
    }

    /// Lets time pass: what the barrier says and what is due comes in order.
    fn advance(&mut self, to: Timestamp, seen: &mut Seen) {
        let mut ticked = None;
        loop {
            let said = self.coming.first_key_value().map(|((at, _), _)| *at);
            let due = self
                .machine
                .next_deadline()
                .filter(|due| Some(*due) != ticked);
            let Some(next) = said.into_iter().chain(due).min().filter(|at| *at <= to) else {
                break;
            };
            self.now = self.now.max(next);
            let input = if said == Some(next) {
                self.coming
                    .pop_first()
                    .map_or(GateInput::Tick, |(_, input)| input)
            } else {
                // A deadline that a tick does not move is not waited for again.
                ticked = due;
                GateInput::Tick
            };
            self.step(&input, seen);
        }
        self.now = self.now.max(to);
    }

    fn step(&mut self, input: &GateInput, seen: &mut Seen) {
        let mut outputs = Vec::new();
        self.machine
            .step(self.now, input, &mut self.ids, &mut outputs);
        for output in outputs {
            match output {
                GateOutput::Verdict(verdict) => {
                    seen.verdicts.push(verdict);
                }
                GateOutput::Command(command) => {
                    seen.commanded.extend(command.cause.passage());
                    self.obey(&command);
                }
                GateOutput::PassageChanged(_) | GateOutput::Movement(_) | GateOutput::Alarm(_) => {}
            }
        }
    }

    fn obey(&mut self, command: &GateCommand) {
        let [answers, up, down] =
            [ANSWERS_AFTER, UP_AFTER, DOWN_AFTER].map(|span| self.now.saturating_add(span));
        for (at, result) in [(answers, AckResult::Accepted), (up, AckResult::Executed)] {
            let (command, gate) = (command.id, self.gate.clone());
            self.plan(
                at,
                GateInput::Ack(Ack {
                    command,
                    gate,
                    result,
                    at,
                }),
            );
        }
        let states = [
            (answers, GateState::Opening),
            (up, GateState::Open),
            (down, GateState::Closed),
        ];
        for (at, state) in states {
            let gate = self.gate.clone();
            self.plan(
                at,
                GateInput::Barrier(Barrier {
                    gate,
                    state,
                    since: at,
                    nonce: None,
                }),
            );
        }
    }

    fn plan(&mut self, at: Timestamp, input: GateInput) {
        self.n_coming += 1;
        self.coming.insert((at, self.n_coming), input);
    }
}
