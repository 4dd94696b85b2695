//! Somebody who hears everything that is said on a broker, and can say things.

use crate::program::{PATIENCE, until};
use domain::{CommandId, PassageId};
use service::bus::{Bus, BusConfig, Incoming};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use wire::Message;

/// What was heard.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) messages: Vec<Message>,
}

impl Heard {
    pub(crate) fn n(&self, kind: Kind) -> usize {
        self.messages
            .iter()
            .filter(|message| Kind::of(message) == Some(kind))
            .count()
    }

    /// Which commands were given for each passage.
    pub(crate) fn commands(&self) -> BTreeMap<PassageId, BTreeSet<CommandId>> {
        let mut commands = BTreeMap::<_, BTreeSet<_>>::new();
        for message in &self.messages {
            if let Message::Command(signed) = message {
                commands
                    .entry(signed.command.cause.passage().expect("it is for a passage"))
                    .or_default()
                    .insert(signed.command.id);
            }
        }
        commands
    }
}

/// What may not be lost, and commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sighting,
    Candidate,
    Verdict,
    Command,
    Assist,
}

impl Kind {
    fn of(message: &Message) -> Option<Self> {
        match message {
            Message::Sighting(_) => Some(Self::Sighting),
            Message::Candidate(_) => Some(Self::Candidate),
            Message::Verdict(_) => Some(Self::Verdict),
            Message::Command(_) => Some(Self::Command),
            Message::Assist(_) => Some(Self::Assist),
            _ => None,
        }
    }
}

/// The listener. A broker that is away is tried again and again.
pub(crate) struct Spy {
    pub(crate) bus: Bus,
    heard: Arc<Mutex<Heard>>,
}

impl Spy {
    pub(crate) fn on(port: u16) -> Self {
        let mut config = BusConfig::new("127.0.0.1", port, "trial".parse().unwrap(), "spy");
        config.backoff_max = std::time::Duration::from_millis(100);
        config.filters = vec![
            "gac/v1/trial/camera/+/sighting".to_owned(),
            "gac/v1/trial/camera/+/candidate".to_owned(),
            "gac/v1/trial/camera/+/assist".to_owned(),
            "gac/v1/trial/gate/#".to_owned(),
        ];
        let (bus, mut events) = Bus::connect(config);
        let heard = Arc::<Mutex<Heard>>::default();
        let into = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(incoming) = events.recv().await {
                note(&into, &incoming);
            }
        });
        Self { bus, heard }
    }

    /// Waits until the broker is there.
    pub(crate) async fn online(&self) {
        tokio::time::timeout(PATIENCE, self.bus.wait_online())
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap())
    }

    /// Waits until `n` more messages of that kind were heard than `before`.
    pub(crate) async fn hears(&self, kind: Kind, before: usize) {
        let is_heard = async || (before < self.heard(|heard| heard.n(kind))).then_some(());
        until(
            &format!("more than {before} of {kind:?} are heard"),
            is_heard,
        )
        .await;
    }

    /// How many of that kind were heard.
    pub(crate) fn n(&self, kind: Kind) -> usize {
        self.heard(|heard| heard.n(kind))
    }

    /// No passage was given two commands.
    pub(crate) fn check_commands(&self) -> usize {
        let commands = self.heard(Heard::commands);
        for (passage, ids) in &commands {
            assert_eq!(ids.len(), 1, "{passage} was given {} commands", ids.len());
        }
        commands.len()
    }
}

fn note(heard: &Mutex<Heard>, incoming: &Incoming) {
    if let Ok(envelope) = incoming.envelope() {
        heard.lock().unwrap().messages.push(envelope.message);
    }
}
