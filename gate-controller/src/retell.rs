//! Movements told again to gates that were away.
//!
//! A movement leaves the outbox when the centre has stored it, whether or not every gate heard it:
//! a gate whose connection was down just then would have another book of who is inside for ever.
//! So each gate keeps its own newest movements, and says them again, with the same ids, when
//! another gate comes online. Who knows them already drops them; the order does not matter
//! (`policy::ZoneBook`).

use crate::core::Answer;
use domain::{GateId, Movement, PassageId, SiteId, Timestamp, ports::Clock};
use policy::GateOutput;
use service::{
    bus::{Bus, BusEvents},
    shutdown::Shutdown,
};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use wire::{Envelope, Message, Topic};

/// How many are kept: some days of a busy gate.
pub(crate) const RETOLD_MAX: usize = 4096;

/// Older ones are not told again: a gate that was away for longer is counted by a person.
const RETOLD_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Gates that come online together are told together.
const GATHER: Duration = Duration::from_millis(500);

/// The shortest pause between two tellings, so that nobody makes a gate speak without end.
const PAUSE: Duration = Duration::from_secs(10);

/// What the connection is called over which a gate listens; its availability says that it hears.
pub fn listening_source(gate: &GateId) -> String {
    format!("gate-{gate}-in")
}

/// The topics that tell who is there: for the connection of [`retell`].
pub fn retell_filters(site: &SiteId) -> Vec<String> {
    vec![Topic::all_edges(site, "availability")]
}

/// The newest movements of a gate, as they were said. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct OwnMovements(Arc<Mutex<VecDeque<Envelope>>>);

impl OwnMovements {
    /// Those of a journal.
    pub(crate) fn of(source: &str, answers: &[Answer]) -> Self {
        let own = Self::default();
        for answer in answers {
            if let GateOutput::Movement(movement) = &answer.output {
                own.note(source, answer.message_id, answer.at, movement);
            }
        }
        own
    }

    pub(crate) fn note(&self, source: &str, message_id: u128, at: Timestamp, movement: &Movement) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("{message_id:032x}");
        // After a start the newest answers are said again.
        if kept.iter().any(|envelope| envelope.id == id) {
            return;
        }
        kept.push_back(Envelope {
            id,
            source: source.to_owned(),
            seq: 0,
            sent_at: at,
            traceparent: None,
            message: Message::Movement(movement.clone()),
        });
        if RETOLD_MAX < kept.len() {
            kept.pop_front();
        }
    }

    /// Those of the last days, oldest first.
    fn since(&self, from: Timestamp) -> Vec<Envelope> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .filter(|envelope| from <= envelope.sent_at)
            .cloned()
            .collect()
    }
}

/// Tells a gate's movements again whenever another gate comes online, until the program ends.
///
/// `bus` is a connection of its own, made with [`retell_filters`]: this may take seconds, and
/// neither commands nor sightings may wait for it.
pub async fn retell<C: Clock>(
    own: OwnMovements,
    gate: GateId,
    (bus, events): (Bus, BusEvents),
    clock: C,
    shutdown: Shutdown,
) {
    let wanted = Arc::new(Notify::new());
    tokio::select! {
        () = shutdown.wait() => (),
        () = listen(events, &gate, &wanted) => (),
        () = speak(&own, &gate, &bus, &clock, &wanted) => (),
    }
}

/// Never waits for anybody: acknowledgements come over the same connection.
async fn listen(mut events: BusEvents, gate: &GateId, wanted: &Notify) {
    let own = listening_source(gate);
    while let Some(incoming) = events.recv().await {
        let Some(Topic::Availability(_site, source)) = incoming.parsed_topic() else {
            continue;
        };
        let is_gate = source.starts_with("gate-") && source.ends_with("-in");
        if is_gate && source != own && incoming.payload == b"online" {
            wanted.notify_one();
        }
    }
}

async fn speak<C: Clock>(own: &OwnMovements, gate: &GateId, bus: &Bus, clock: &C, wanted: &Notify) {
    let topic = Topic::Movement(bus.site().clone(), gate.clone());
    loop {
        wanted.notified().await;
        clock.sleep(GATHER).await;
        let envelopes = own.since(clock.now().saturating_sub(RETOLD_FOR));
        tracing::debug!(gate.id = %gate, n = envelopes.len(), "movements are told again");
        for envelope in envelopes {
            if let Err(error) = bus.publish_acked(&topic, &envelope).await {
                tracing::debug!(gate.id = %gate, "a movement was not told again: {error}");
                return; // the connection is closed: the program ends
            }
        }
        clock.sleep(PAUSE).await;
    }
}

/// Which movements a gate has taken in: what is told again stays out of its journal.
#[derive(Debug, Default)]
pub(crate) struct KnownMovements {
    known: BTreeSet<PassageId>,
    order: VecDeque<PassageId>,
}

impl KnownMovements {
    /// Whether it is new; it is known from then on.
    pub(crate) fn is_new(&mut self, passage: PassageId) -> bool {
        if !self.known.insert(passage) {
            return false;
        }
        self.order.push_back(passage);
        if policy::MOVEMENTS_MAX < self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Class;

    fn movement(n: u128) -> Movement {
        Movement {
            passage: PassageId(n),
            gate: "gate-1".parse().unwrap(),
            from: None,
            to: None,
            class: Class::Car,
            mover: None,
            pass: None,
            at: Timestamp::from_millis(1000),
        }
    }

    #[test]
    fn the_newest_are_kept_with_the_ids_that_they_were_said_with() {
        let own = OwnMovements::default();
        for n in 0..RETOLD_MAX as u128 + 3 {
            own.note(
                "gate-gate-1",
                n,
                Timestamp::from_millis(n as i64),
                &movement(n),
            );
        }
        let kept = own.since(Timestamp::from_millis(5));
        assert_eq!(kept.len(), RETOLD_MAX - 2);
        assert_eq!(kept[0].id, format!("{:032x}", 5));
        assert_eq!(kept[0].source, "gate-gate-1");
        assert_eq!(kept[0].message, Message::Movement(movement(5)));
    }

    #[test]
    fn what_was_heard_is_known_up_to_a_limit() {
        let mut known = KnownMovements::default();
        assert!(known.is_new(PassageId(1)) && !known.is_new(PassageId(1)));
        for n in 2..policy::MOVEMENTS_MAX as u128 + 2 {
            assert!(known.is_new(PassageId(n)));
        }
        assert!(known.is_new(PassageId(1)));
    }
}
