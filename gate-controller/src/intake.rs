//! From MQTT to the core's inputs. What does not belong here is counted, and the rest goes on.

use crate::{
    event::{Counters, count},
    rejections::{Rejection, RejectionLog},
    retell::KnownMovements,
};
use domain::{CameraId, GateId, SiteId, Timestamp, ports::Clock};
use policy::{GateInput, Lane};
use service::{
    bus::{BusEvents, Incoming},
    keys::{CommandVerifier, SignatureRejected},
};
use std::{future::pending, sync::Arc};
use tokio::sync::mpsc;
use wire::{Message, SignedOrder, Topic};

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
    /// Barriers that must not be open together with this one.
    pub(crate) interlocked_with: Vec<GateId>,
}

/// The topics that the controller of a gate listens to: give them to
/// [`service::bus::BusConfig::filters`].
pub fn gate_filters(site: &SiteId, lane: &Lane, cameras: &[CameraId]) -> Vec<String> {
    let gate = &lane.gate;
    let sighting = |camera: &CameraId| Topic::Sighting(site.clone(), camera.clone());
    let barrier = |gate: &GateId| Topic::Barrier(site.clone(), gate.clone());
    let of_gate = [
        Topic::Ack(site.clone(), gate.clone()),
        barrier(gate),
        Topic::Device(site.clone(), gate.clone()),
        Topic::Document(site.clone(), gate.clone()),
        Topic::Order(site.clone(), gate.clone()),
        Topic::OrderToAll(site.clone()),
    ];
    let others = lane.interlocked_with.iter().map(barrier);
    let topics = cameras.iter().map(sighting).chain(of_gate).chain(others);
    let mut filters: Vec<String> = topics.map(|topic| topic.to_string()).collect();
    filters.push(Topic::all_gates(site, "movement"));
    filters
}

/// Hands on until the connection is closed or the core is gone. A full queue holds the connection
/// up, so that no event is lost.
pub(crate) async fn run<C: Clock>(
    mut events: BusEvents,
    inputs: mpsc::Sender<Told>,
    mut intake: Intake<C>,
) {
    loop {
        let due = intake.rejections.due_at();
        let due = due.map(|due| intake.clock.sleep(due.since(intake.clock.now())));
        tokio::select! {
            incoming = events.recv() => {
                let Some(incoming) = incoming else { break };
                if let Some(told) = intake.take(&incoming)
                    && inputs.send(told).await.is_err()
                {
                    break;
                }
            }
            () = async { match due { Some(due) => due.await, None => pending().await } } => {}
        }
        intake.tell_rejections();
    }
}

pub(crate) struct Intake<C> {
    scope: Scope,
    counters: Arc<Counters>,
    clock: C,
    orders: CommandVerifier,
    rejections: RejectionLog,
    movements: KnownMovements,
}

impl<C: Clock> Intake<C> {
    /// `orders`: whose orders count.
    pub(crate) fn new(
        scope: Scope,
        counters: Arc<Counters>,
        clock: C,
        orders: CommandVerifier,
    ) -> Self {
        Self {
            scope,
            counters,
            clock,
            orders,
            rejections: RejectionLog::default(),
            movements: KnownMovements::default(),
        }
    }

    fn take(&mut self, incoming: &Incoming) -> Option<Told> {
        let received_at = self.clock.now();
        let message = match incoming.envelope() {
            Ok(envelope) => envelope.message,
            Err(error) => {
                self.reject(Rejection::of(&error), &error.to_string());
                return None;
            }
        };
        if let Message::Order(signed) = &message
            && let Err(refused) = self.is_ordered_by_us(signed)
        {
            self.reject(Rejection::Forged, &refused.to_string());
            return None;
        }
        if self.scope.is_own_movement(&message) {
            return None;
        }
        let Some(input) = self.scope.input(incoming, message) else {
            let why = "it came on another's topic, or is retained";
            self.reject(Rejection::Unexpected, why);
            return None;
        };
        if let GateInput::Movement(movement) = &input
            && !self.movements.is_new(movement.passage)
        {
            return None; // told again, for a gate that was away
        }
        let counters = &self.counters;
        count(match input {
            GateInput::Sighting(_) => &counters.sightings,
            GateInput::Ack(_) => &counters.acks,
            GateInput::Device(_) => &counters.devices,
            GateInput::Document(_) => &counters.documents,
            GateInput::Order(_) => &counters.orders,
            GateInput::Movement(_) => &counters.movements,
            _ => &counters.barriers,
        });
        Some(Told { input, received_at })
    }

    fn is_ordered_by_us(&self, signed: &SignedOrder) -> Result<(), SignatureRejected> {
        self.orders.verify_order(&self.scope.site, signed)
    }

    fn reject(&mut self, rejection: Rejection, why: &str) {
        let counters = &self.counters;
        count(match rejection {
            Rejection::TooLarge => &counters.rejected_too_large,
            Rejection::Malformed => &counters.rejected_malformed,
            Rejection::Version => &counters.rejected_version,
            Rejection::Unexpected => &counters.rejected_unexpected,
            Rejection::Forged => &counters.rejected_forged,
        });
        let gate = &self.scope.gate;
        tracing::debug!(gate.id = %gate, "a message was rejected: {why}");
        if self.rejections.note(rejection) {
            let kind = rejection.name();
            tracing::warn!(gate.id = %gate, kind, n = 1, "the gate has rejected a message: {why}");
        }
    }

    fn tell_rejections(&mut self) {
        if let Some(counts) = self.rejections.summary(self.clock.now()) {
            let gate = &self.scope.gate;
            tracing::warn!(gate.id = %gate, "the gate has rejected messages so far: {counts}");
        }
    }
}

impl Scope {
    /// What this gate said itself, come back by the broker.
    fn is_own_movement(&self, message: &Message) -> bool {
        matches!(message, Message::Movement(movement) if movement.gate == self.gate)
    }

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
                if is_site(&site)
                    && gate == barrier.gate
                    && (gate == self.gate || self.interlocked_with.contains(&gate)) =>
            {
                Some(GateInput::Barrier(barrier))
            }
            (Topic::Device(site, gate), Message::Device(event))
                if is_site(&site)
                    && !incoming.retained
                    && gate == self.gate
                    && event.gate == self.gate =>
            {
                Some(GateInput::Device(event))
            }
            (Topic::Document(site, gate), Message::Document(document))
                if is_site(&site)
                    && !incoming.retained
                    && gate == self.gate
                    && document.gate == self.gate =>
            {
                Some(GateInput::Document(document))
            }
            (Topic::Order(site, gate), Message::Order(signed))
                if is_site(&site)
                    && !incoming.retained
                    && gate == self.gate
                    && signed.order.gate.as_ref() == Some(&self.gate) =>
            {
                Some(GateInput::Order(signed.order))
            }
            (Topic::OrderToAll(site), Message::Order(signed))
                if is_site(&site) && !incoming.retained && signed.order.gate.is_none() =>
            {
                Some(GateInput::Order(signed.order))
            }
            (Topic::Movement(site, gate), Message::Movement(movement))
                if is_site(&site)
                    && !incoming.retained
                    && gate != self.gate
                    && movement.gate == gate =>
            {
                Some(GateInput::Movement(movement))
            }
            _ => None,
        }
    }
}
