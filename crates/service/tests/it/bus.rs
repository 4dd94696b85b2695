//! What the bus promises, on the embedded broker and, where it is installed, on Mosquitto.

use crate::{
    mosquitto::Mosquitto,
    support::{
        self, broker, config, envelope, next_of, online, percentiles, seq_of, site, until,
        verdict_topic, within,
    },
};
use domain::{SiteId, Timestamp};
use service::bus::{Bus, BusError, BusState};
use std::time::Duration;
use tokio::time::Instant;
use wire::{CameraState, CameraStatus, Message, Topic};

/// Runs a test on each broker there is.
async fn on_each_broker(test: &str, check: impl AsyncFn(u16, SiteId)) {
    check(broker(), site(test)).await;
    if let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await {
        check(mosquitto.port, site(test)).await;
    }
}

/// Connected, and hears nothing.
async fn speaker(port: u16, site: &SiteId) -> Bus {
    let (bus, _events) = Bus::connect(config(port, site, "speaker"));
    within(bus.wait_online()).await.unwrap();
    bus
}

fn camera_state(site: &SiteId) -> (Topic, Message) {
    let status = CameraStatus {
        camera: "cam-1".parse().unwrap(),
        state: CameraState::Streaming,
        reason: None,
        fps: 25.0,
        frames: 1,
        dropped: 0,
        at: Timestamp::EPOCH,
    };
    let topic = Topic::CameraState(site.clone(), "cam-1".parse().unwrap());
    (topic, Message::Camera(status))
}

#[tokio::test]
async fn messages_arrive_in_order_and_are_acknowledged() {
    on_each_broker("order", async |port, site| {
        let (_hearer, mut heard) = online(port, &site, "hearer").await;
        let speaker = speaker(port, &site).await;
        for n in 0..500 {
            speaker
                .publish(&verdict_topic(&site), &envelope(n))
                .unwrap();
        }
        within(speaker.publish_acked(&verdict_topic(&site), &envelope(500)))
            .await
            .unwrap();
        for n in 0..=500 {
            let incoming = next_of(&mut heard, &verdict_topic(&site)).await;
            assert_eq!((seq_of(&incoming), incoming.retained), (n, false));
        }
        // Also `online`, which is retained.
        until("502 are acknowledged", async || {
            speaker.counts().published == 502
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_late_hears_states_and_never_events() {
    on_each_broker("late", async |port, site| {
        let (speaker, _events) = online(port, &site, "speaker").await;
        let (topic, status) = camera_state(&site);
        speaker
            .say(&topic, status.clone(), Timestamp::EPOCH)
            .unwrap();
        within(speaker.publish_acked(&verdict_topic(&site), &envelope(1)))
            .await
            .unwrap();

        let (_late, mut heard) = online(port, &site, "late").await;
        let state = next_of(&mut heard, &topic).await;
        assert!(state.retained);
        assert_eq!(state.parsed_topic(), Some(topic));
        assert_eq!(state.envelope().unwrap().message, status);
        // A later event comes, the earlier one never does.
        speaker
            .publish(&verdict_topic(&site), &envelope(2))
            .unwrap();
        assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), 2);
    })
    .await;
}

#[tokio::test]
async fn availability_tells_who_is_there_who_left_and_who_died() {
    on_each_broker("will", async |port, site| {
        let (_watcher, mut heard) = online(port, &site, "watcher").await;
        let mut word = async |source: &str| {
            let topic = Topic::Availability(site.clone(), source.to_owned());
            String::from_utf8(next_of(&mut heard, &topic).await.payload).unwrap()
        };
        let (leaving, _events) = online(port, &site, "leaving").await;
        assert_eq!(word("leaving").await, "online");
        assert_eq!(within(leaving.close(support::PATIENCE)).await.n_unsent, 0);
        assert_eq!(word("leaving").await, "offline");

        let cable = support::Cable::to(port).await;
        let (dying, _events) = online(cable.port, &site, "dying").await;
        assert_eq!(word("dying").await, "online");
        cable.cut();
        assert_eq!(word("dying").await, "offline");
        cable.mend();
        assert_eq!(word("dying").await, "online");
        drop(dying);
        assert_eq!(word("dying").await, "offline");
    })
    .await;
}

#[tokio::test]
async fn a_late_last_will_of_an_earlier_connection_is_corrected() {
    on_each_broker("false", async |port, site| {
        let (_bus, _events) = online(port, &site, "gate-1").await;
        let (watcher, mut heard) = online(port, &site, "watcher").await;
        let topic = Topic::Availability(site.clone(), "gate-1".to_owned());
        assert_eq!(next_of(&mut heard, &topic).await.payload, b"online");
        watcher
            .publish_raw(&topic.to_string(), b"offline".to_vec())
            .unwrap();
        assert_eq!(next_of(&mut heard, &topic).await.payload, b"offline");
        assert_eq!(next_of(&mut heard, &topic).await.payload, b"online");
    })
    .await;
}

#[tokio::test]
async fn closing_sends_what_is_queued() {
    on_each_broker("close", async |port, site| {
        let (_hearer, mut heard) = online(port, &site, "hearer").await;
        // Closed before it is even connected.
        let (speaker, mut events) = Bus::connect(config(port, &site, "speaker"));
        for n in 0..700 {
            speaker
                .publish(&verdict_topic(&site), &envelope(n))
                .unwrap();
        }
        assert_eq!(within(speaker.close(support::PATIENCE)).await.n_unsent, 0);
        for n in 0..700 {
            assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), n);
        }
        assert_eq!(
            speaker.publish(&verdict_topic(&site), &envelope(1)),
            Err(BusError::Closed)
        );
        assert_eq!(
            *speaker.state().borrow(),
            BusState::Offline {
                reason: "closed".to_owned()
            }
        );
        assert_eq!(speaker.wait_online().await, Err(BusError::Closed));
        assert_eq!(within(events.recv()).await, None);
        within(speaker.close(support::PATIENCE)).await;
    })
    .await;
}

#[tokio::test]
async fn subscriptions_and_routes_may_come_later() {
    on_each_broker("route", async |port, site| {
        let (bus, mut events) = Bus::connect(config(port, &site, "later"));
        let route = bus.route(&[verdict_topic(&site).to_string()], 16);
        let mut verdicts = route.unwrap();
        within(bus.subscribe(&Topic::all_cameras(&site, "sighting")))
            .await
            .unwrap();
        let mut also_verdicts = bus
            .route(&[Topic::all_gates(&site, "verdict")], 16)
            .unwrap();
        within(bus.subscribe(&Topic::all_counts(&site)))
            .await
            .unwrap();

        bus.publish(&verdict_topic(&site), &envelope(1)).unwrap();
        bus.publish(&support::sighting_topic(&site), &envelope(2))
            .unwrap();
        assert_eq!(
            seq_of(&next_of(&mut verdicts, &verdict_topic(&site)).await),
            1
        );
        assert_eq!(
            seq_of(&next_of(&mut also_verdicts, &verdict_topic(&site)).await),
            1
        );
        let first = within(events.recv()).await.unwrap();
        assert_eq!(first.topic, support::sighting_topic(&site).to_string());
    })
    .await;
}

#[tokio::test]
async fn pictures_of_a_megabyte_pass_and_larger_ones_are_refused() {
    on_each_broker("size", async |port, site| {
        let (bus, mut heard) = online(port, &site, "camera").await;
        let topic = Topic::Picture(site.clone(), "cam-1".parse().unwrap());
        let picture = vec![7; 1_000_000];
        bus.publish_raw(&topic.to_string(), picture.clone())
            .unwrap();
        let incoming = next_of(&mut heard, &topic).await;
        assert!(incoming.payload == picture && !incoming.retained);
        let refused = bus.publish_raw(&topic.to_string(), vec![7; 1_048_576]);
        assert!(matches!(refused, Err(BusError::TooLarge { .. })));
    })
    .await;
}

#[tokio::test]
async fn a_round_trip_takes_less_than_a_frame() {
    on_each_broker("speed", async |port, site| {
        let (_hearer, mut heard) = online(port, &site, "hearer").await;
        let speaker = speaker(port, &site).await;
        let mut spans = Vec::new();
        for n in 0..500 {
            let started_at = Instant::now();
            speaker
                .publish(&verdict_topic(&site), &envelope(n))
                .unwrap();
            next_of(&mut heard, &verdict_topic(&site)).await;
            spans.push(started_at.elapsed());
        }
        spans.sort_unstable();
        assert!(
            spans[250] < Duration::from_millis(40),
            "{}",
            percentiles(spans)
        );
        println!("publish to receiver on {port}: {}", percentiles(spans));
    })
    .await;
}
