//! What the bus does when the broker is away, refuses, or when receivers do not take their
//! messages.

use crate::{
    mosquitto::Mosquitto,
    support::{
        self, Cable, broker, config, envelope, next_of, offline_reason, online, seq_of,
        sighting_topic, site, until, verdict_topic, within,
    },
};
use service::bus::{Bus, BusError, BusState, Credentials, Fate};
use std::{net::Ipv4Addr, time::Duration};
use tokio::{net::TcpListener, time::Instant};
use wire::Topic;

#[tokio::test]
async fn what_is_said_during_an_outage_arrives_afterwards() {
    let site = site("outage");
    let cable = Cable::to(broker()).await;
    let (_hearer, mut heard) = online(broker(), &site, "hearer").await;
    let (bus, mut own) = online(cable.port, &site, "speaker").await;
    for n in 0..100 {
        bus.publish(&verdict_topic(&site), &envelope(n)).unwrap();
    }
    cable.cut();
    assert!(offline_reason(&bus).await.contains("the broker 127.0.0.1:"));
    for n in 100..200 {
        bus.publish(&verdict_topic(&site), &envelope(n)).unwrap();
    }
    cable.mend();
    within(bus.wait_online()).await.unwrap();
    // At least once and in order: what was under way at the cut may come twice.
    let mut expect = 0;
    while expect < 200 {
        let seq = seq_of(&next_of(&mut heard, &verdict_topic(&site)).await);
        assert!(seq <= expect, "{seq} came before {expect}");
        expect = expect.max(seq + 1);
    }
    // It has subscribed anew.
    until("it hears itself", async || {
        own.try_recv().is_some_and(|incoming| {
            incoming.topic == verdict_topic(&site).to_string() && seq_of(&incoming) == 199
        })
    })
    .await;
    assert!(2 <= bus.counts().connections);
}

#[tokio::test]
async fn what_has_expired_during_an_outage_is_dropped() {
    let site = site("expiry");
    let cable = Cable::to(broker()).await;
    let (_hearer, mut heard) = online(broker(), &site, "hearer").await;
    let (bus, _own) = online(cable.port, &site, "speaker").await;
    let (told, mut fates) = tokio::sync::mpsc::channel(8);
    let say = |n, life_ms| {
        let (topic, told) = (verdict_topic(&site), told.clone());
        let life = Duration::from_millis(life_ms);
        let on_fate = move |fate| told.try_send((n, fate)).unwrap();
        bus.publish_within(&topic, &envelope(n), life, on_fate)
            .unwrap();
    };
    say(0, 60_000);
    assert_eq!(within(fates.recv()).await, Some((0, Fate::Sent)));
    assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), 0);
    cable.cut();
    offline_reason(&bus).await;
    let expires_at = Instant::now() + Duration::from_millis(50);
    say(1, 50);
    say(2, 60_000);
    bus.publish(&verdict_topic(&site), &envelope(3)).unwrap();
    until("its time has passed", async || expires_at < Instant::now()).await;
    cable.mend();
    // The broker's acknowledgement of the first may have been cut off: then it comes twice.
    let mut seqs = Vec::new();
    while seqs.last() != Some(&3) {
        seqs.push(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await));
    }
    seqs.retain(|seq| *seq != 0);
    assert_eq!(seqs, [2, 3]);
    assert_eq!(within(fates.recv()).await, Some((1, Fate::Expired)));
    assert_eq!(within(fates.recv()).await, Some((2, Fate::Sent)));
    assert_eq!(bus.counts().expired, 1);
}

#[tokio::test]
async fn it_comes_back_again_and_again() {
    let site = site("again");
    let cable = Cable::to(broker()).await;
    let (bus, mut heard) = online(cable.port, &site, "self").await;
    for n in 0..5 {
        cable.cut();
        offline_reason(&bus).await;
        bus.publish(&verdict_topic(&site), &envelope(n)).unwrap();
        cable.mend();
        assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), n);
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_told_and_tried_again() {
    let site = site("nobody");
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let (bus, _events) = Bus::connect(config(port, &site, "self"));
    assert_eq!(
        offline_reason(&bus).await,
        format!("nothing listens on 127.0.0.1:{port}")
    );
    let closed = within(bus.close(support::PATIENCE)).await;
    assert_eq!(closed.n_unsent, 0);
}

#[tokio::test]
async fn a_broker_that_hangs_up_is_not_stormed() {
    let site = site("storm");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut config = config(listener.local_addr().unwrap().port(), &site, "self");
    config.backoff_max = Duration::from_secs(60);
    let (bus, _events) = Bus::connect(config);
    let started_at = Instant::now();
    for _n in 0..4 {
        // Dropped at once.
        within(listener.accept()).await.unwrap();
    }
    // 100 + 200 + 400 ms, each up to a quarter less.
    assert!(Duration::from_millis(520) < started_at.elapsed());
    assert!(
        offline_reason(&bus)
            .await
            .contains("are user name and password right?")
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let site = site("refused");
    let mut config = config(9, &site, "self");
    config.n_outgoing_max = 3;
    let (bus, _events) = Bus::connect(config);
    for n in 0..3 {
        bus.publish(&verdict_topic(&site), &envelope(n)).unwrap();
    }
    assert_eq!(
        bus.publish(&verdict_topic(&site), &envelope(3)),
        Err(BusError::Full)
    );
    assert_eq!(bus.publish_raw("a", vec![]), Err(BusError::Offline));
    assert_eq!(bus.counts().pictures_dropped, 1);
    for bad in ["", "a/+", "#", "a\0b"] {
        let topic = bad.to_owned();
        assert_eq!(bus.publish_raw(bad, vec![]), Err(BusError::Topic { topic }));
    }
    let receipts = Topic::Receipt(site, "a/#".to_owned());
    assert!(matches!(
        bus.publish(&receipts, &envelope(1)),
        Err(BusError::Topic { .. })
    ));
    assert!(matches!(
        bus.subscribe("a/#/b").await,
        Err(BusError::Topic { .. })
    ));
    assert!(matches!(
        bus.route(&[String::new()], 1),
        Err(BusError::Topic { .. })
    ));
    let closed = within(bus.close(Duration::from_millis(50))).await;
    assert_eq!(closed.n_unsent, 3);
}

#[tokio::test]
async fn a_name_that_cannot_stand_in_a_topic_is_told() {
    let (bus, _events) = Bus::connect(config(broker(), &site("name"), "gate/1"));
    let reason = offline_reason(&bus).await;
    assert_eq!(reason, "the name \"gate/1\" cannot stand in an MQTT topic");
}

#[tokio::test]
async fn a_slow_receiver_loses_pictures_and_no_events() {
    let site = site("slow");
    let mut config = config(broker(), &site, "slow");
    // Without its own availability.
    config.filters = vec![
        format!("gac/v1/{site}/camera/#"),
        format!("gac/v1/{site}/gate/#"),
    ];
    config.n_incoming_max = 4;
    let (slow, mut heard) = Bus::connect(config);
    within(slow.wait_online()).await.unwrap();
    let (speaker, _events) = Bus::connect(support::config(broker(), &site, "speaker"));
    within(speaker.wait_online()).await.unwrap();
    let picture = Topic::Picture(site.clone(), "cam-1".parse().unwrap()).to_string();
    let publish = async |n| {
        within(speaker.publish_acked(&verdict_topic(&site), &envelope(n)))
            .await
            .unwrap();
    };
    for n in 0..4 {
        publish(n).await;
    }
    until("there is no more room", async || {
        4 <= slow.counts().received
    })
    .await;
    speaker.publish_raw(&picture, vec![0; 100]).unwrap();
    until("the picture is dropped", async || {
        slow.counts().incoming_dropped == 1
    })
    .await;
    for n in 4..600 {
        publish(n).await;
    }
    for n in 0..600 {
        assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), n);
    }
}

#[tokio::test]
async fn a_receiver_that_is_stuck_does_not_hold_up_closing() {
    let site = site("stuck");
    let mut config = config(broker(), &site, "stuck");
    config.filters = vec![format!("gac/v1/{site}/#")];
    config.n_incoming_max = 1;
    let (bus, _never_taken) = Bus::connect(config);
    within(bus.wait_online()).await.unwrap();
    for n in 0..50 {
        bus.publish(&sighting_topic(&site), &envelope(n)).unwrap();
    }
    until("a message waits for room", async || {
        bus.counts().received == 1
    })
    .await;
    within(bus.close(Duration::from_millis(100))).await;
    assert_eq!(
        *bus.state().borrow(),
        BusState::Offline {
            reason: "closed".to_owned()
        }
    );
}

#[tokio::test]
async fn mosquitto_that_refuses_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    if !crate::mosquitto::add_user(&users, "gate", "right") {
        return;
    }
    let config_text = format!("allow_anonymous false\npassword_file {}\n", users.display());
    let Some(mosquitto) = Mosquitto::start(&config_text).await else {
        return;
    };
    let password_file = folder.path().join("password");
    let mut config = config(mosquitto.port, &site("auth"), "gate-1");
    let credentials = Credentials {
        user: "gate".to_owned(),
        password_file: password_file.clone(),
    };
    config.credentials = Some(credentials);
    let (bus, _events) = Bus::connect(config);
    let reason = offline_reason(&bus).await;
    assert!(reason.starts_with("cannot read password file"), "{reason}");

    std::fs::write(&password_file, "wrong\n").unwrap();
    let refused = "refuses the user name or password";
    let is_refusal = |state: &BusState| match state {
        BusState::Offline { reason } => reason.ends_with(refused),
        _ => false,
    };
    within(bus.state().wait_for(is_refusal)).await.unwrap();
    std::fs::write(&password_file, "right\n").unwrap();
    within(bus.wait_online()).await.unwrap();
}

#[tokio::test]
async fn mosquitto_that_is_killed_and_restarted_is_found_again() {
    let Some(mut mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    let site = site("restart");
    let (bus, mut heard) = online(mosquitto.port, &site, "self").await;
    mosquitto.kill();
    offline_reason(&bus).await;
    for n in 0..10 {
        bus.publish(&verdict_topic(&site), &envelope(n)).unwrap();
    }
    assert!(mosquitto.restart().await);
    for n in 0..10 {
        assert_eq!(seq_of(&next_of(&mut heard, &verdict_topic(&site)).await), n);
    }
}
