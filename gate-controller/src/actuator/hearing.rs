//! How a device hears commands: from MQTT, checked, counted, and written down before they are
//! obeyed.

use super::{
    admission::Heard,
    memory::{Memory, MemoryError},
};
use crate::rejections::{Rejection, RejectionLog};
use domain::{CommandId, GateCommand, GateId, SiteId, Timestamp};
use service::{bus::Incoming, keys::CommandVerifier};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use wire::{Message, Topic};

/// In any such span at most so many refusals are said: a flood of forged or repeated commands may
/// not fill the connection.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
const N_ANSWERED_MAX: u32 = 32;

/// What a device has refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedCounts {
    /// Payloads that are no message of ours, or none for a barrier, or retained.
    pub rejected: u64,
    /// Commands with a bad signature.
    pub forged: u64,
    /// Commands with a good signature that are late, repeated, out of order, another gate's or of
    /// another start, or that the device cannot obey.
    pub refused: u64,
}

/// Counts that others may read.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    rejected: AtomicU64,
    forged: AtomicU64,
    refused: AtomicU64,
}

impl Refused {
    pub(crate) fn read(&self) -> RefusedCounts {
        RefusedCounts {
            rejected: self.rejected.load(Ordering::Relaxed),
            forged: self.forged.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// Whose commands a device obeys.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) site: SiteId,
    pub(crate) gate: GateId,
    pub(crate) verifier: CommandVerifier,
}

/// The ear of a device.
pub(crate) struct Hearing {
    trust: Trust,
    /// Away while it is written.
    memory: Option<Memory>,
    rejections: RejectionLog,
    refused: Arc<Refused>,
    answers: Answers,
}

impl Hearing {
    /// Opens the device's memory.
    pub(crate) fn open(trust: Trust, memory: &Path, now: Timestamp) -> Result<Self, MemoryError> {
        Ok(Self {
            trust,
            memory: Some(Memory::open(memory, now)?),
            rejections: RejectionLog::default(),
            refused: Arc::default(),
            answers: Answers::default(),
        })
    }

    /// What it has refused so far, to be read from elsewhere.
    pub(crate) fn refused(&self) -> Arc<Refused> {
        Arc::clone(&self.refused)
    }

    /// What stands on disk, oldest first.
    pub(crate) fn obeyed(&self) -> Vec<CommandId> {
        let memory = self.memory.as_ref();
        memory.map_or_else(Vec::new, |memory| memory.commands().collect())
    }

    /// Takes a message; everything but a command of now is counted and dropped.
    pub(crate) fn hear(&mut self, incoming: &Incoming) -> Option<Heard> {
        let own = Topic::Command(self.trust.site.clone(), self.trust.gate.clone());
        let signed = match incoming.envelope().map(|envelope| envelope.message) {
            // A retained command is one that somebody has published wrongly: it may be from any
            // time.
            Ok(Message::Command(signed))
                if !incoming.retained && incoming.parsed_topic().as_ref() == Some(&own) =>
            {
                signed
            }
            Ok(_) => {
                self.reject(Rejection::Unexpected, "it is no command, or a retained one");
                return None;
            }
            Err(error) => {
                self.reject(Rejection::of(&error), &error.to_string());
                return None;
            }
        };
        let verified = self.trust.verifier.verify(&self.trust.site, &signed);
        if let Err(refused) = &verified {
            self.refused.forged.fetch_add(1, Ordering::Relaxed);
            self.complain(Rejection::Forged, &refused.to_string());
        }
        Some(Heard {
            command: signed.command,
            is_genuine: verified.is_ok(),
        })
    }

    /// Counts a command that is not obeyed, and says whether that may be answered. A forged one
    /// with the id of an obeyed command may not: its sender would take the answer for one to his
    /// own.
    pub(crate) fn may_refuse_aloud(
        &mut self,
        heard: &Heard,
        is_obeyed: bool,
        now: Timestamp,
    ) -> bool {
        if heard.is_genuine {
            self.refused.refused.fetch_add(1, Ordering::Relaxed);
        }
        (heard.is_genuine || !is_obeyed) && self.answers.take(now)
    }

    /// Writes a command down, synced. Unless this is true it must not be obeyed.
    pub(crate) async fn keep(&mut self, command: &GateCommand, now: Timestamp) -> bool {
        let mut memory = self.memory.take().expect("only one write is on at a time");
        let to_keep = command.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let kept = memory.keep(&to_keep, now);
            (memory, kept)
        });
        let (memory, kept) = writing
            .await
            .expect("a write does not panic and is not cancelled");
        self.memory = Some(memory);
        if let Err(error) = &kept {
            let (gate, cause) = (&self.trust.gate, std::error::Error::source(error));
            tracing::error!(gate.id = %gate, cause, "a command is not obeyed: {error}");
        }
        kept.is_ok()
    }

    fn reject(&mut self, rejection: Rejection, why: &str) {
        self.refused.rejected.fetch_add(1, Ordering::Relaxed);
        self.complain(rejection, why);
    }

    fn complain(&mut self, rejection: Rejection, why: &str) {
        if self.rejections.note(rejection) {
            let (gate, kind) = (&self.trust.gate, rejection.name());
            tracing::warn!(gate.id = %gate, kind, n = 1, "the barrier refused a message: {why}");
        }
    }

    /// When a summary of what was refused is due, if one is.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        self.rejections.due_at()
    }

    /// Tells what was refused, at most once a minute. Call it after each message and when due.
    pub(crate) fn tell_rejections(&mut self, now: Timestamp) {
        if let Some(counts) = self.rejections.summary(now) {
            let gate = &self.trust.gate;
            tracing::warn!(gate.id = %gate, "the barrier refused messages so far: {counts}");
        }
    }
}

/// How many refusals were said of late.
#[derive(Debug, Default)]
struct Answers {
    since: Option<Timestamp>,
    n: u32,
}

impl Answers {
    fn take(&mut self, now: Timestamp) -> bool {
        let is_new = self
            .since
            .is_none_or(|since| now < since || since.saturating_add(ANSWERED_WITHIN) <= now);
        if is_new {
            *self = Self {
                since: Some(now),
                n: 0,
            };
        }
        self.n += 1;
        self.n <= N_ANSWERED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_refused_aloud_a_few_times_a_second() {
        let at = |millis| Timestamp::from_millis(1_795_000_000_000 + millis);
        let mut answers = Answers::default();
        let mut n_answered = |from_ms: i64| {
            let times = (0..1000).map(|n| at(from_ms + n));
            times.filter(|now| answers.take(*now)).count()
        };
        assert_eq!(n_answered(0), 32);
        assert_eq!(n_answered(1000), 32);
        // A clock that is set back silences nobody.
        assert_eq!(n_answered(-60_000), 32);
    }
}
