//! What the outbox promises, with a consumer that gives receipts or does not.

use crate::support::{
    broker, ids_of, next_of, online, percentiles, receipt, sighting, sighting_topic, site, until,
    verdict, verdict_topic, within,
};
use domain::{SightingPhase, SiteId, Timestamp};
use service::{
    bus::{Bus, BusConfig},
    outbox::{EnvelopeId, N_UNRECEIPTED_MAX, Outbox, OutboxConfig, OutboxError, OutboxItem, Put},
    shutdown::Shutdown,
};
use std::{collections::BTreeSet, path::Path, time::Duration};
use tokio::{task::JoinHandle, time::Instant};
use wire::{Message, Receipt};

pub(crate) const SOURCE: &str = "edge-1";

pub(crate) fn outbox_config(folder: &Path) -> OutboxConfig {
    OutboxConfig::new(&folder.join("state/outbox.db"), SOURCE)
}

pub(crate) async fn open(folder: &Path) -> Outbox {
    Outbox::open(outbox_config(folder)).await.unwrap()
}

/// Lets the outbox send; ends when the bus is closed.
pub(crate) async fn run(
    outbox: &Outbox,
    port: u16,
    site: &SiteId,
) -> (Bus, JoinHandle<Result<(), OutboxError>>) {
    let mut config = BusConfig::new("127.0.0.1", port, site.clone(), SOURCE);
    config.backoff_max = Duration::from_millis(200);
    let (bus, _events) = Bus::connect(config);
    let (outbox, on) = (outbox.clone(), bus.clone());
    let running = tokio::spawn(async move { outbox.run(on, Shutdown::new()).await });
    (bus, running)
}

async fn put(outbox: &Outbox, site: &SiteId, n: u128) -> String {
    let put = outbox
        .put(&verdict_topic(site), verdict(n), Timestamp::from_millis(5))
        .await;
    put.unwrap().id().unwrap().to_string()
}

async fn put_many(outbox: &Outbox, site: &SiteId, numbers: std::ops::Range<u128>) -> Vec<String> {
    let at = Timestamp::EPOCH;
    let item = |n| OutboxItem {
        topic: verdict_topic(site),
        message: verdict(n),
        at,
        id: None,
    };
    let puts = outbox.put_all(numbers.map(item).collect()).await.unwrap();
    puts.into_iter()
        .map(|put| put.id().unwrap().to_string())
        .collect()
}

pub(crate) async fn is_empty(outbox: &Outbox) -> bool {
    outbox.stats().await.unwrap().n_pending == 0
}

#[tokio::test]
async fn a_message_is_forgotten_when_its_receipt_has_come() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("receipt"));
    let outbox = open(folder.path()).await;
    let first = put(&outbox, &site, 1).await;
    let second = put(&outbox, &site, 2).await;
    assert!(first < second, "ids are in the order of time");
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (_bus, _running) = run(&outbox, broker(), &site).await;

    let incoming = next_of(&mut heard, &verdict_topic(&site)).await;
    let envelope = incoming.envelope().unwrap();
    assert_eq!((envelope.id.as_str(), envelope.seq), (first.as_str(), 1));
    assert_eq!(
        (envelope.source.as_str(), envelope.message),
        (SOURCE, verdict(1))
    );
    assert_eq!(envelope.sent_at, Timestamp::from_millis(5));
    assert_eq!(
        ids_of(&mut heard, &verdict_topic(&site), 1).await,
        std::slice::from_ref(&second)
    );

    receipt(&centre, SOURCE, &[first]);
    until("one is forgotten", async || {
        outbox.stats().await.unwrap().n_pending == 1
    })
    .await;
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.n_stored, stats.n_sent, stats.n_receipted), (2, 2, 1));
    assert_eq!(stats.oldest, Some(Timestamp::from_millis(5)));
    receipt(&centre, SOURCE, &[second]);
    until("all are forgotten", async || is_empty(&outbox).await).await;
    assert_eq!(outbox.stats().await.unwrap().oldest, None);
}

#[tokio::test]
async fn a_message_without_a_receipt_is_sent_again() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("resend"));
    let mut config = outbox_config(folder.path());
    config.resend_after = Duration::from_millis(100);
    let outbox = Outbox::open(config).await.unwrap();
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (bus, _running) = run(&outbox, broker(), &site).await;
    within(bus.wait_online()).await.unwrap();
    let id = put(&outbox, &site, 1).await;
    let first = next_of(&mut heard, &verdict_topic(&site)).await;
    for _again in 0..2 {
        assert_eq!(
            next_of(&mut heard, &verdict_topic(&site)).await.payload,
            first.payload
        );
    }
    // Receipts that are none, or for others, change nothing.
    receipt(&centre, "edge-2", std::slice::from_ref(&id));
    receipt(&centre, SOURCE, &["no id".to_owned(), "f".repeat(32)]);
    let receipts = wire::Topic::Receipt(site.clone(), SOURCE.to_owned()).to_string();
    centre
        .publish_raw(&receipts, b"no envelope".to_vec())
        .unwrap();
    assert_eq!(
        next_of(&mut heard, &verdict_topic(&site)).await.payload,
        first.payload
    );
    assert!(!is_empty(&outbox).await);

    receipt(&centre, SOURCE, &[id]);
    until("it is forgotten", async || is_empty(&outbox).await).await;
    let n_sent = outbox.stats().await.unwrap().n_sent;
    let next = put(&outbox, &site, 2).await;
    until("the next is there", async || {
        let incoming = next_of(&mut heard, &verdict_topic(&site)).await;
        incoming.envelope().unwrap().id == next
    })
    .await;
    assert_eq!(outbox.stats().await.unwrap().n_sent, n_sent + 1);
}

#[tokio::test]
async fn what_nobody_ever_acknowledges_keeps_nothing_back() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("refused"));
    let mut config = outbox_config(folder.path());
    config.resend_after = Duration::from_millis(100);
    let outbox = Outbox::open(config).await.unwrap();
    // As many as may be out at a time, which a centre of another version refuses, and one behind.
    let n_refused = N_UNRECEIPTED_MAX as u128;
    put_many(&outbox, &site, 0..n_refused).await;
    let last = put(&outbox, &site, n_refused).await;
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (_bus, _running) = run(&outbox, broker(), &site).await;
    until("what is behind them is sent", async || {
        let incoming = next_of(&mut heard, &verdict_topic(&site)).await;
        incoming.envelope().unwrap().id == last
    })
    .await;
    receipt(&centre, SOURCE, &[last]);
    until("only they are left", async || {
        // They come again and again: a listener that does not listen would hold its receipt up.
        next_of(&mut heard, &verdict_topic(&site)).await;
        outbox.stats().await.unwrap().n_pending == n_refused as u64
    })
    .await;
}

#[tokio::test]
async fn a_gate_hears_at_once_also_while_the_centre_is_away() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("backlog"));
    let outbox = open(folder.path()).await;
    let old = put_many(&outbox, &site, 0..1000).await;
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (bus, _running) = run(&outbox, broker(), &site).await;
    within(bus.wait_online()).await.unwrap();

    // Nobody gives receipts: only so many of the old ones are out, the oldest first.
    let out = ids_of(&mut heard, &verdict_topic(&site), N_UNRECEIPTED_MAX).await;
    assert_eq!(out, old[..N_UNRECEIPTED_MAX]);
    let new = put(&outbox, &site, 5000).await;
    assert_eq!(
        ids_of(&mut heard, &verdict_topic(&site), 1).await,
        std::slice::from_ref(&new)
    );

    // The centre is back: all the rest come, each once.
    receipt(&centre, SOURCE, &out);
    receipt(&centre, SOURCE, &[new]);
    let mut missing: BTreeSet<String> = old[N_UNRECEIPTED_MAX..].iter().cloned().collect();
    while !missing.is_empty() {
        let ids = ids_of(&mut heard, &verdict_topic(&site), 1).await;
        assert!(missing.remove(&ids[0]), "came twice or was never put");
        receipt(&centre, SOURCE, &ids);
    }
    until("all are forgotten", async || is_empty(&outbox).await).await;
    assert_eq!(outbox.stats().await.unwrap().n_sent, 1001);
}

#[tokio::test]
async fn a_full_outbox_refuses_updates_first_and_verdicts_last() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("full"));
    let mut config = outbox_config(folder.path());
    config.n_rows_max = 2;
    let outbox = Outbox::open(config).await.unwrap();
    let put = async |n, phase| {
        outbox
            .put(&sighting_topic(&site), sighting(n, phase), Timestamp::EPOCH)
            .await
    };
    assert!(matches!(
        put(0, SightingPhase::New).await,
        Ok(Put::Stored(_))
    ));
    assert!(matches!(
        put(1, SightingPhase::Update).await,
        Ok(Put::Stored(_))
    ));
    assert!(matches!(
        put(2, SightingPhase::Update).await,
        Ok(Put::Refused)
    ));
    assert!(matches!(
        put(3, SightingPhase::Final).await,
        Ok(Put::Stored(_))
    ));
    assert!(matches!(
        put(4, SightingPhase::Update).await,
        Ok(Put::Refused)
    ));
    assert_eq!(put_many(&outbox, &site, 0..1).await.len(), 1);
    let full = outbox
        .put(&verdict_topic(&site), verdict(9), Timestamp::EPOCH)
        .await;
    assert!(matches!(full, Err(OutboxError::Full { n_pending: 4 })));
    let stats = outbox.stats().await.unwrap();
    assert_eq!(
        (stats.n_pending, stats.n_stored, stats.n_refused),
        (4, 4, 2)
    );
}

#[tokio::test]
async fn a_message_that_no_receiver_would_read_is_refused() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("large"));
    let outbox = open(folder.path()).await;
    let ids = vec!["x".repeat(2000); 256];
    let message = Message::Receipt(Receipt {
        source: SOURCE.to_owned(),
        ids,
    });
    let at = Timestamp::EPOCH;
    let item = |message| OutboxItem {
        topic: verdict_topic(&site),
        message,
        at,
        id: None,
    };
    let puts = outbox
        .put_all(vec![item(message), item(verdict(1))])
        .await
        .unwrap();
    assert!(
        matches!(puts[..], [Put::Refused, Put::Stored(_)]),
        "{puts:?}"
    );
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.n_pending, stats.n_refused), (1, 1));
}

#[tokio::test]
async fn what_is_said_twice_under_one_id_is_stored_once() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("twice"));
    let outbox = open(folder.path()).await;
    let item = || OutboxItem {
        topic: verdict_topic(&site),
        message: verdict(1),
        at: Timestamp::EPOCH,
        id: Some(EnvelopeId(7)),
    };
    let puts = outbox.put_all(vec![item(), item()]).await.unwrap();
    assert_eq!(puts, [Put::Stored(EnvelopeId(7)); 2]);
    outbox.put_all(vec![item()]).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().n_pending, 1);
    assert_eq!(put_many(&outbox, &site, 0..0).await.len(), 0);
}

#[tokio::test]
async fn a_thread_outside_the_runtime_may_put() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("thread"));
    let outbox = open(folder.path()).await;
    let (other, topic) = (outbox.clone(), verdict_topic(&site));
    let thread = tokio::task::spawn_blocking(move || {
        let at = Timestamp::EPOCH;
        other.put_all_blocking(vec![OutboxItem {
            topic,
            message: verdict(1),
            at,
            id: None,
        }])
    });
    assert_eq!(thread.await.unwrap().unwrap().len(), 1);
    assert!(!is_empty(&outbox).await);
}

#[tokio::test]
async fn a_sighting_is_on_the_wire_within_milliseconds() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("speed"));
    let outbox = open(folder.path()).await;
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (bus, _running) = run(&outbox, broker(), &site).await;
    within(bus.wait_online()).await.unwrap();
    let (mut stored, mut arrived) = (Vec::new(), Vec::new());
    for n in 0..300 {
        let started_at = Instant::now();
        let message = sighting(n, SightingPhase::Update);
        outbox
            .put(&sighting_topic(&site), message, Timestamp::EPOCH)
            .await
            .unwrap();
        stored.push(started_at.elapsed());
        let ids = ids_of(&mut heard, &sighting_topic(&site), 1).await;
        arrived.push(started_at.elapsed());
        receipt(&centre, SOURCE, &ids);
    }
    println!("put to stored: {}", percentiles(stored));
    println!(
        "put to received elsewhere: {}",
        percentiles(arrived.clone())
    );
    arrived.sort_unstable();
    assert!(
        arrived[150] < Duration::from_millis(100),
        "{}",
        percentiles(arrived)
    );
}

#[tokio::test]
async fn messages_put_at_the_same_time_share_a_sync() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("group"));
    let outbox = open(folder.path()).await;
    let started_at = Instant::now();
    let putting: Vec<_> = (0..1000)
        .map(|n| {
            let (outbox, site) = (outbox.clone(), site.clone());
            tokio::spawn(async move { put(&outbox, &site, n).await })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for put in putting {
        ids.insert(put.await.unwrap());
    }
    println!(
        "1000 at once: {:.1} ms",
        started_at.elapsed().as_secs_f64() * 1000.0
    );
    assert_eq!(ids.len(), 1000);
    assert_eq!(outbox.stats().await.unwrap().n_pending, 1000);
    let (_centre, mut heard) = online(broker(), &site, "centre").await;
    let (_bus, _running) = run(&outbox, broker(), &site).await;
    let mut last_seq = 0;
    for _n in 0..N_UNRECEIPTED_MAX {
        let seq = next_of(&mut heard, &verdict_topic(&site))
            .await
            .envelope()
            .unwrap()
            .seq;
        assert_eq!(seq, last_seq + 1, "numbered without gaps and sent in order");
        last_seq = seq;
    }
}
