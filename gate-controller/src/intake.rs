//! From MQTT to the core's inputs. What does not belong here is counted, and the rest goes on.

use crate::event::{Counters, count};
use domain::{CameraId, GateId, SiteId, Timestamp, ports::Clock};
use policy::GateInput;
use service::bus::{BusEvents, Incoming};
use std::sync::Arc;
use tokio::sync::mpsc;
use wire::{Message, Topic, WireError};

/// An input and when it came in.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) input: GateInput,
    pub(crate) received_at: Timestamp,
}

/// What a gate listens to.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) site: SiteId,
    pub(crate) gate: GateId,
    pub(crate) cameras: Vec<CameraId>,
}

/// The topics that the controller of a gate listens to: give them to
/// [`service::bus::BusConfig::filters`].
pub fn gate_filters(site: &SiteId, gate: &GateId, cameras: &[CameraId]) -> Vec<String> {
    let sighting = |camera: &CameraId| Topic::Sighting(site.clone(), camera.clone());
    let of_gate = [
        Topic::Ack(site.clone(), gate.clone()),
        Topic::Barrier(site.clone(), gate.clone()),
    ];
    let topics = cameras.iter().map(sighting).chain(of_gate);
    topics.map(|topic| topic.to_string()).collect()
}

/// Hands on until the connection is closed or the core is gone. A full queue holds the connection
/// up, so that no event
/// is lost.
pub(crate) async fn run<C: Clock>(
    mut events: BusEvents,
    inputs: mpsc::Sender<Told>,
    intake: Intake<C>,
) {
    while let Some(incoming) = events.recv().await {
        if let Some(told) = intake.take(&incoming)
            && inputs.send(told).await.is_err()
        {
            break;
        }
    }
}

pub(crate) struct Intake<C> {
    pub(crate) scope: Scope,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: C,
}

impl<C: Clock> Intake<C> {
    fn take(&self, incoming: &Incoming) -> Option<Told> {
        let received_at = self.clock.now();
        let counters = &self.counters;
        let message = match incoming.envelope() {
            Ok(envelope) => envelope.message,
            Err(error) => {
                count(match error {
                    WireError::TooLarge { .. } => &counters.rejected_too_large,
                    WireError::Malformed { .. } => &counters.rejected_malformed,
                    WireError::Version { .. } => &counters.rejected_version,
                });
                tracing::debug!(gate.id = %self.scope.gate, "a message was rejected: {error}");
                return None;
            }
        };
        let Some(input) = self.scope.input(incoming, message) else {
            count(&counters.rejected_unexpected);
            tracing::debug!(gate.id = %self.scope.gate, "a message came on another's topic");
            return None;
        };
        count(match input {
            GateInput::Sighting(_) => &counters.sightings,
            GateInput::Ack(_) => &counters.acks,
            _ => &counters.barriers,
        });
        Some(Told { input, received_at })
    }
}

impl Scope {
    /// Only what comes on its own topic; a broker with access rules lets only its owner write
    /// there.
    fn input(&self, incoming: &Incoming, message: Message) -> Option<GateInput> {
        let is_site = |site: &SiteId| *site == self.site;
        match (incoming.parsed_topic()?, message) {
            (Topic::Sighting(site, camera), Message::Sighting(sighting))
                if is_site(&site)
                    && !incoming.retained
                    && camera == sighting.camera
                    && self.cameras.contains(&camera) =>
            {
                Some(GateInput::Sighting(sighting))
            }
            (Topic::Ack(site, gate), Message::Ack(ack))
                if is_site(&site)
                    && !incoming.retained
                    && gate == self.gate
                    && ack.gate == self.gate =>
            {
                Some(GateInput::Ack(ack))
            }
            (Topic::Barrier(site, gate), Message::Barrier(barrier))
                if is_site(&site) && gate == self.gate && barrier.gate == self.gate =>
            {
                Some(GateInput::Barrier(barrier))
            }
            _ => None,
        }
    }
}
