//! What other systems hear, over a real broker.

use crate::{mosquitto::Mosquitto, site::*};
use domain::{Outcome, PassageId, SightingId, VerdictId};
use gate_controller::{AnnounceConfig, announce};
use serde_json::Value;
use service::{bus::BusEvents, clock::now, shutdown::Shutdown};
use std::time::Duration;
use wire::{Message, Topic};

/// The next message whose topic has this in it.
async fn next_with(events: &mut BusEvents, part: &str) -> (String, Value, bool) {
    let waiting = async {
        loop {
            let incoming = events.recv().await.expect("the broker runs");
            if incoming.topic.contains(part) {
                let body = serde_json::from_slice(&incoming.payload).expect("JSON");
                return (incoming.topic, body, incoming.retained);
            }
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    heard.unwrap_or_else(|_elapsed| panic!("no message about {part} in ten seconds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_told_what_there_is_and_what_happens_and_plates_only_when_asked() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    for with_plates in [false, true] {
        let prefix = format!("park{}", u8::from(with_plates));
        let site = Site::on(broker.port);
        let config = AnnounceConfig {
            site: site_id(),
            gates: vec![(gate_id(), "Cổng Bắc".to_owned())],
            cameras: vec!["lane".parse().expect("a slug")],
            zones: Vec::new(),
            home_assistant: Some("homeassistant".to_owned()),
            onvif_events: Some((prefix.clone(), with_plates)),
        };
        let (bus, _events) = site.connect("announce", Vec::new()).await;
        let (speaker, _events) = site.connect("speaker", Vec::new()).await;
        let filters = vec![format!("{prefix}/#"), "homeassistant/#".to_owned()];
        let shutdown = Shutdown::new();
        let telling = tokio::spawn(announce(config, bus.clone(), shutdown.clone()));
        let (_bus, mut others) = site.connect("others", filters).await;
        let (topic, body, _retained) = next_with(&mut others, "gate-1-up").await;
        assert_eq!(
            topic,
            "homeassistant/binary_sensor/gac-park-1/gate-1-up/config"
        );
        assert_eq!(body["state_topic"], "gac/v1/park-1/gate/gate-1/state");

        // Until the bridge listens nothing is heard: the barrier's state is kept by the broker.
        let _barrier = site.barrier().await;
        let (_topic, body, _retained) = next_with(&mut others, "DoorPhysicalState").await;
        assert_eq!(body["Data"]["State"], "Closed");
        let sighting = domain::Sighting {
            phase: domain::SightingPhase::Final,
            ..car(1, 0, ALLOWED)
        };
        see(&speaker, sighting);
        let verdict = domain::Verdict {
            id: VerdictId(1),
            passage: PassageId(1),
            sighting: SightingId(1),
            gate: gate_id(),
            outcome: Outcome::Grant,
            given_at: now(),
            captured_at: now(),
            policy_version: 1,
            registry_as_of: now(),
            rule_path: domain::RulePath::default(),
            assurance: None,
            by: None,
        };
        let topic = Topic::Verdict(site_id(), gate_id());
        say(&speaker, &topic, Message::Verdict(verdict));
        let onvif = format!("{prefix}/onvif-ej/");
        let mut heard = Vec::new();
        while !heard
            .last()
            .is_some_and(|topic: &String| topic.contains("AccessGranted"))
        {
            let (topic, _body, _retained) = next_with(&mut others, &onvif).await;
            heard.push(topic);
        }
        let has_plate = heard
            .iter()
            .any(|topic| topic.contains("LicensePlate/&lane"));
        assert_eq!(has_plate, with_plates, "{heard:?}");
        let granted = format!("{onvif}AccessControl/AccessGranted/Anonymous/External/&gate-1");
        assert_eq!(heard.last(), Some(&granted));
        shutdown.trigger();
        telling.await.expect("no panic").expect("it ends well");
    }
}
