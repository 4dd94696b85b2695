//! The task of one gate: inputs in, journal, then commands and events out.
//!
//! **Invariants:** nobody hears of an answer before the journal has it on disk; a command that
//! expired meanwhile is not sent; inputs are taken one after the other, so nothing in here needs a
//! lock.

use crate::{
    core::{Answer, Core, CoreError, Start},
    effects::Effects,
    event::{Counters, GateEvent, GateStats, count},
    intake::{self, Intake, Scope, Told},
    recovery::{Recovered, RecoveryError, RecoveryReport, recover, rotate},
    retell::OwnMovements,
    settings::CoreSettings,
};
use domain::{CameraId, GateId, PassageState, Timestamp, ports::Clock};
use policy::{GateInput, GateOutput, Lane, ListRegistry, Policy};
use service::{
    bus::{Bus, BusEvents},
    ids::random_seed,
    journal::{Journal, JournalError},
    keys::{CommandVerifier, SigningKeyFile},
    outbox::Outbox,
    shutdown::Shutdown,
};
use std::{future::pending, path::PathBuf, sync::Arc};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};
use wire::JournalRecord;

/// How many inputs may wait for the core.
const N_INPUTS_MAX: usize = 256;

/// How many inputs share one write to the journal.
const N_BATCH_MAX: usize = 32;

/// How many events may wait for a slow listener, who then misses the oldest.
const N_EVENTS_MAX: usize = 1024;

/// One gate, as configured.
#[derive(Clone, Debug)]
pub struct GateConfig {
    /// Who writes the journal, for example `gate-1`.
    pub program: String,
    /// SHA-256 of the configuration, hexadecimal; stands in the journal.
    pub config_sha256: String,
    /// The cameras whose sightings count here.
    pub cameras: Vec<CameraId>,
    /// The rules.
    pub policy: Policy,
    /// The lane and its gate.
    pub lane: Lane,
    /// The journal's file; only one program may have it open.
    pub journal: PathBuf,
    /// A journal longer than this is put aside when nobody is at the gate, and a new one begun:
    /// [`JOURNAL_BYTES_MAX`] are read in about a second at the next start.
    pub journal_bytes_max: u64,
}

/// The usual [`GateConfig::journal_bytes_max`]: some weeks of a busy gate.
pub const JOURNAL_BYTES_MAX: u64 = 64 << 20;

impl GateConfig {
    /// The topics that the gate's connection must subscribe to.
    pub fn filters(&self, site: &domain::SiteId) -> Vec<String> {
        intake::gate_filters(site, &self.lane, &self.cameras)
    }
}

/// What a gate works with.
#[derive(Debug)]
pub struct GateParts<C> {
    /// Its connection, made with [`GateConfig::filters`].
    pub bus: Bus,
    /// What comes over it.
    pub events: BusEvents,
    /// Where verdicts and passages are kept until the centre has them; its owner runs it.
    pub outbox: Outbox,
    /// What commands are signed with.
    pub key: SigningKeyFile,
    /// Whose orders count.
    pub orders: CommandVerifier,
    /// The list.
    pub registry: Arc<ListRegistry>,
    /// The clock.
    pub clock: C,
}

/// Why a gate has ended by itself. The barrier keeps its own safe state; the program should start
/// anew.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The journal takes no more: what is not written down is not done.
    #[error("the gate's journal takes no more")]
    Journal(#[from] JournalError),
    /// The core takes no more.
    #[error("the gate's core takes no more")]
    Core(#[from] CoreError),
    /// A long journal could not be followed by a new one.
    #[error("a new journal cannot be begun")]
    Rotation(#[from] RecoveryError),
    /// The task has panicked or was cancelled.
    #[error("the gate's task has ended before its time")]
    Task(#[source] tokio::task::JoinError),
}

/// A running gate.
#[derive(Debug)]
pub struct GateController {
    gate: GateId,
    inputs: mpsc::Sender<Told>,
    events: broadcast::Sender<GateEvent>,
    counters: Arc<Counters>,
    recovery: RecoveryReport,
    movements: OwnMovements,
    task: JoinHandle<Result<(), GateError>>,
}

/// The gate has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate has ended")]
pub struct GateEnded;

impl GateController {
    /// Brings back what the journal holds, and starts. Must be called inside a tokio runtime.
    ///
    /// It ends at `shutdown`, after what it has taken in is done.
    pub async fn start<C: Clock + Clone + 'static>(
        config: GateConfig,
        parts: GateParts<C>,
        shutdown: Shutdown,
    ) -> Result<Self, RecoveryError> {
        let now = parts.clock.now();
        let gate = config.lane.gate.clone();
        let scope = Scope {
            site: parts.bus.site().clone(),
            gate: gate.clone(),
            cameras: config.cameras.clone(),
            interlocked_with: config.lane.interlocked_with.clone(),
        };
        let file = JournalFile::new(config);
        let (path, start) = (file.path.clone(), file.start.clone());
        let recovering =
            tokio::task::spawn_blocking(move || recover(&path, file.n_bytes_max, now, start));
        let recovered = recovering
            .await
            .expect("recovery does not panic and is not cancelled")?;
        let Recovered {
            core,
            journal,
            newest,
            movements: told,
            mut report,
        } = recovered;
        let movements = OwnMovements::of(parts.outbox.source(), &told);
        let (inputs, inputs_rx) = mpsc::channel(N_INPUTS_MAX);
        let events = broadcast::Sender::new(N_EVENTS_MAX);
        let counters = Arc::<Counters>::default();
        let intake = Intake::new(
            scope,
            Arc::clone(&counters),
            parts.clock.clone(),
            parts.orders,
        );
        tokio::spawn(intake::run(parts.events, inputs.clone(), intake));
        let effects = Effects::new(
            (parts.bus, parts.outbox, parts.key),
            gate.clone(),
            events.clone(),
            Arc::clone(&counters),
            movements.clone(),
        );
        let mut task = GateTask {
            core,
            journal: Some(journal),
            file,
            list: GateInput::RegistryChanged(parts.registry),
            last_seen_at: now,
            effects,
            counters: Arc::clone(&counters),
            clock: parts.clock,
        };
        report.n_commands_again = task.say_again(newest).await;
        let first = Told {
            input: task.list.clone(),
            received_at: now,
        };
        let task = tokio::spawn(task.run(first, inputs_rx, shutdown));
        Ok(Self {
            gate,
            inputs,
            events,
            counters,
            recovery: report,
            movements,
            task,
        })
    }

    /// Its gate.
    pub fn gate(&self) -> &GateId {
        &self.gate
    }

    /// What was found at the start.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// Its newest movements, to be told again to gates that were away.
    pub fn movements(&self) -> OwnMovements {
        self.movements.clone()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<GateEvent> {
        self.events.subscribe()
    }

    /// What it has done so far.
    pub fn stats(&self) -> GateStats {
        self.counters.read()
    }

    /// Puts another list in force, or the same one at a later moment; waits for room in the queue.
    pub async fn set_registry(
        &self,
        registry: Arc<ListRegistry>,
        at: Timestamp,
    ) -> Result<(), GateEnded> {
        let told = Told {
            input: GateInput::RegistryChanged(registry),
            received_at: at,
        };
        self.inputs.send(told).await.map_err(|_closed| GateEnded)
    }

    /// Returns when it has ended: after the shutdown, or because it cannot go on. Once only.
    pub async fn ended(&mut self) -> Result<(), GateError> {
        (&mut self.task).await.map_err(GateError::Task)?
    }
}

/// Where the journal is and how it begins.
#[derive(Clone)]
struct JournalFile {
    path: PathBuf,
    n_bytes_max: u64,
    start: Start,
}

impl JournalFile {
    fn new(config: GateConfig) -> Self {
        let start = Start {
            program: config.program,
            config_sha256: config.config_sha256,
            seed: random_seed(),
            settings: CoreSettings {
                policy: config.policy,
                lane: config.lane,
                handled: Vec::new(),
            },
        };
        Self {
            path: config.journal,
            n_bytes_max: config.journal_bytes_max,
            start,
        }
    }
}

struct GateTask<C> {
    core: Core,
    /// Away while a write to it is on.
    journal: Option<Journal>,
    file: JournalFile,
    /// The list in force, as it was told.
    list: GateInput,
    /// When the last sighting came.
    last_seen_at: Timestamp,
    effects: Effects,
    counters: Arc<Counters>,
    clock: C,
}

impl<C: Clock> GateTask<C> {
    async fn run(
        mut self,
        first: Told,
        mut inputs: mpsc::Receiver<Told>,
        shutdown: Shutdown,
    ) -> Result<(), GateError> {
        let mut batch = vec![first];
        self.take(&mut batch).await?;
        loop {
            let now = self.clock.now();
            let due = self
                .core
                .next_deadline()
                .map(|due| self.clock.sleep(due.since(now)));
            tokio::select! {
                () = shutdown.wait() => break,
                n_taken = inputs.recv_many(&mut batch, N_BATCH_MAX) => if n_taken == 0 { break },
                () = async { match due { Some(due) => due.await, None => pending().await } } => {}
            }
            self.take(&mut batch).await?;
        }
        inputs.close();
        while inputs.recv_many(&mut batch, N_BATCH_MAX).await != 0 {
            self.take(&mut batch).await?;
        }
        Ok(())
    }

    /// Steps through a batch, writes it down, and only then acts on it.
    async fn take(&mut self, batch: &mut Vec<Told>) -> Result<(), GateError> {
        self.rotate_if_long().await?;
        let (mut records, mut answers) = (Vec::new(), Vec::new());
        for told in batch.drain(..) {
            let step = self.core.step(self.clock.now(), &told.input)?;
            self.effects.note(&told);
            match told.input {
                GateInput::Sighting(_) => self.last_seen_at = told.received_at,
                GateInput::RegistryChanged(_) => self.list = told.input,
                _ => (),
            }
            records.extend(step.records);
            answers.extend(
                step.answers
                    .into_iter()
                    .map(|answer| (answer, told.received_at)),
            );
        }
        let now = self.clock.now();
        if self.core.next_deadline().is_some_and(|due| due <= now) {
            let step = self.core.step(now, &GateInput::Tick)?;
            records.extend(step.records);
            answers.extend(step.answers.into_iter().map(|answer| (answer, now)));
        }
        self.write(records).await?;
        for (answer, _received_at) in &answers {
            if matches!(answer.output, GateOutput::Verdict(_)) {
                count(&self.counters.verdicts);
            }
        }
        self.effects.carry_out(answers, self.clock.now()).await;
        Ok(())
    }

    /// Only when nobody is at the gate and nobody who has just left can come into view again: then
    /// the new core needs to know nothing but what was handled.
    async fn rotate_if_long(&mut self) -> Result<(), GateError> {
        let is_long = |file: &JournalFile| {
            std::fs::metadata(&file.path).is_ok_and(|found| file.n_bytes_max < found.len())
        };
        let machine = self.core.machine();
        let quiet_until = self
            .last_seen_at
            .saturating_add(machine.lane().same_vehicle_within * 2);
        let now = self.clock.now();
        let is_quiet = machine.is_idle(now) && quiet_until < now;
        if !is_quiet || !is_long(&self.file) {
            return Ok(());
        }
        let mut start = self.file.start.clone();
        start.seed = random_seed();
        start.settings.handled = machine.handled().collect();
        let carried = machine.carried(now);
        let path = self.file.path.clone();
        // Its lock must be free before the new one is taken.
        drop(self.journal.take());
        let rotating = tokio::task::spawn_blocking(move || rotate(&path, now, &start));
        let (core, journal) = rotating
            .await
            .expect("it does not panic and is not cancelled")?;
        (self.core, self.journal) = (core, Some(journal));
        // Nobody stands there: what it is told gives no answer but to be written down.
        let mut records = self.core.step(now, &self.list)?.records;
        for input in &carried {
            records.extend(self.core.step(now, input)?.records);
        }
        self.write(records).await?;
        Ok(())
    }

    async fn write(&mut self, records: Vec<JournalRecord>) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut journal = self.journal.take().expect("only one write is on at a time");
        let writing = tokio::task::spawn_blocking(move || {
            let written = journal.append(&records);
            (journal, written)
        });
        let (journal, written) = writing
            .await
            .expect("a write does not panic and is not cancelled");
        self.journal = Some(journal);
        written
    }

    /// Says again what may not have left the program before it ended: events, and commands that
    /// still wait for an answer and have not expired. Receivers know them by their ids.
    async fn say_again(&mut self, newest: Vec<Answer>) -> u64 {
        let now = self.clock.now();
        let commanded: Vec<_> = self
            .core
            .machine()
            .passages()
            .filter(|passage| passage.state == PassageState::Commanded)
            .map(|passage| passage.id)
            .collect();
        let is_wanted = |answer: &Answer| match &answer.output {
            GateOutput::Command(command) => {
                command
                    .cause
                    .passage()
                    .is_some_and(|passage| commanded.contains(&passage))
                    && now < command.expires_at
            }
            _ => true,
        };
        let again: Vec<_> = newest
            .into_iter()
            .filter(is_wanted)
            .map(|answer| (answer, now))
            .collect();
        let is_command =
            |(answer, _at): &&(Answer, Timestamp)| matches!(answer.output, GateOutput::Command(_));
        let n_commands = again.iter().filter(is_command).count();
        self.effects.carry_out(again, now).await;
        u64::try_from(n_commands).unwrap_or(u64::MAX)
    }
}
