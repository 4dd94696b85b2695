//! From the pipeline's outlet to the outbox and the bus.

use anyhow::Result;
use domain::{SiteId, Timestamp};
use pipeline::Output;
use service::{
    bus::Bus,
    clock,
    outbox::{Outbox, OutboxItem},
};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use wire::{Message, Topic};

/// Messages written in one go.
const BATCH_MAX: usize = 64;

/// Pause before an outbox that failed is tried again; meanwhile the pipeline waits, and nothing is
/// lost.
const RETRY: Duration = Duration::from_secs(1);

/// Takes what the pipeline says until it has ended.
///
/// Sightings, candidates and documents go through the outbox; the rest is said once, because a
/// newer word replaces it.
pub async fn pump(
    site: SiteId,
    mut outlet: Receiver<Output>,
    outbox: Outbox,
    bus: Bus,
) -> Result<()> {
    let mut batch = Vec::new();
    let mut told_at = Timestamp::EPOCH;
    while 0 < outlet.recv_many(&mut batch, BATCH_MAX).await {
        let at = clock::now();
        let mut items = Vec::new();
        for output in batch.drain(..) {
            match output {
                Output::Sighting(sighting) => {
                    let topic = Topic::Sighting(site.clone(), sighting.camera.clone());
                    items.push(item(topic, Message::Sighting(sighting), at));
                }
                Output::Candidate(candidate) => {
                    let topic = Topic::Candidate(site.clone(), candidate.camera.clone());
                    items.push(item(topic, Message::Candidate(candidate), at));
                }
                Output::Document(read) => {
                    let topic = Topic::Document(site.clone(), read.gate.clone());
                    items.push(item(topic, Message::Document(read), at));
                }
                Output::Count(count) => {
                    let topic = Topic::Count(site.clone(), count.zone.clone());
                    say(&bus, &topic, Message::Count(count), at);
                }
                Output::Assist(assist) => {
                    let topic = Topic::Assist(site.clone(), assist.camera.clone());
                    say(&bus, &topic, Message::Assist(assist), at);
                }
                Output::Status(mut status) => {
                    // Each later than the one before: of two at one moment the first would stay,
                    // and the last word of a camera that has ended would be lost.
                    told_at = at.max(told_at.saturating_add(Duration::from_micros(1)));
                    status.at = told_at;
                    let topic = Topic::CameraState(site.clone(), status.camera.clone());
                    say(&bus, &topic, Message::Camera(status), at);
                }
                Output::Picture { camera, jpeg } => {
                    let topic = Topic::Picture(site.clone(), camera);
                    // A picture that the broker has no room for is simply an old picture.
                    drop(bus.publish_raw(&topic.to_string(), jpeg));
                }
            }
        }
        keep(&outbox, items).await;
    }
    Ok(())
}

fn item(topic: Topic, message: Message, at: Timestamp) -> OutboxItem {
    OutboxItem {
        topic,
        message,
        at,
        id: None,
    }
}

fn say(bus: &Bus, topic: &Topic, message: Message, at: Timestamp) {
    if let Err(error) = bus.say(topic, message, at) {
        tracing::debug!(%error, "a status was not sent; the next one replaces it");
    }
}

async fn keep(outbox: &Outbox, items: Vec<OutboxItem>) {
    if items.is_empty() {
        return;
    }
    while let Err(error) = outbox.put_all(items.clone()).await {
        tracing::error!(%error, "the outbox cannot be written; the cameras wait");
        tokio::time::sleep(RETRY).await;
    }
}
