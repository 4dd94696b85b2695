//! Outboxes whose broker goes away, and files that cannot be used.

use crate::{
    outbox::{SOURCE, is_empty, open, outbox_config, run},
    support::{
        Cable, broker, ids_of, next_of, offline_reason, online, receipt, site, until, verdict,
        verdict_topic, within,
    },
};
use domain::Timestamp;
use service::{
    outbox::{Outbox, OutboxError},
    shutdown::Shutdown,
};
use std::collections::BTreeSet;

#[tokio::test]
async fn an_outage_loses_nothing_and_doubles_nothing_by_id() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("outage"));
    let outbox = open(folder.path()).await;
    let cable = Cable::to(broker()).await;
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (bus, _running) = run(&outbox, cable.port, &site).await;
    within(bus.wait_online()).await.unwrap();
    let mut put_ids = BTreeSet::new();
    for n in 0..400 {
        match n {
            100 | 300 => cable.cut(),
            200 => cable.mend(),
            _ => {}
        }
        let put = outbox
            .put(&verdict_topic(&site), verdict(n), Timestamp::EPOCH)
            .await
            .unwrap();
        put_ids.insert(put.id().unwrap().to_string());
    }
    offline_reason(&bus).await;
    cable.mend();
    let mut seen = BTreeSet::new();
    while seen.len() < put_ids.len() {
        let ids = ids_of(&mut heard, &verdict_topic(&site), 1).await;
        receipt(&centre, SOURCE, &ids);
        seen.extend(ids);
    }
    assert_eq!(seen, put_ids);
    until("all are forgotten", async || is_empty(&outbox).await).await;
}

#[tokio::test]
async fn what_was_not_sent_is_sent_after_a_restart() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("restart"));
    let outbox = open(folder.path()).await;
    let put = outbox
        .put(&verdict_topic(&site), verdict(1), Timestamp::EPOCH)
        .await
        .unwrap();
    outbox.close().await.unwrap();
    let closed = outbox
        .put(&verdict_topic(&site), verdict(2), Timestamp::EPOCH)
        .await;
    assert!(matches!(closed, Err(OutboxError::Closed)));

    let outbox = open(folder.path()).await;
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (bus, running) = run(&outbox, broker(), &site).await;
    let ids = ids_of(&mut heard, &verdict_topic(&site), 1).await;
    assert_eq!(ids, [put.id().unwrap().to_string()]);
    receipt(&centre, SOURCE, &ids);
    until("it is forgotten", async || is_empty(&outbox).await).await;

    // The number of the forgotten message is not given again.
    within(bus.close(crate::support::PATIENCE)).await;
    within(running).await.unwrap().unwrap();
    outbox.close().await.unwrap();
    let outbox = open(folder.path()).await;
    outbox
        .put(&verdict_topic(&site), verdict(2), Timestamp::EPOCH)
        .await
        .unwrap();
    let (_bus, _running) = run(&outbox, broker(), &site).await;
    let next = next_of(&mut heard, &verdict_topic(&site))
        .await
        .envelope()
        .unwrap();
    assert_eq!((next.seq, next.message), (2, verdict(2)));
}

#[tokio::test]
async fn sending_ends_with_the_shutdown_and_may_be_taken_up_again() {
    let (folder, site) = (tempfile::tempdir().unwrap(), site("shutdown"));
    let outbox = open(folder.path()).await;
    let (bus, mut heard) = online(broker(), &site, SOURCE).await;
    let shutdown = Shutdown::new();
    let running = {
        let (outbox, bus, shutdown) = (outbox.clone(), bus.clone(), shutdown.clone());
        tokio::spawn(async move { outbox.run(bus, shutdown).await })
    };
    outbox
        .put(&verdict_topic(&site), verdict(1), Timestamp::EPOCH)
        .await
        .unwrap();
    next_of(&mut heard, &verdict_topic(&site)).await;
    let second = outbox.run(bus.clone(), shutdown.clone()).await;
    assert!(
        matches!(second, Err(OutboxError::Closed)),
        "only one may run"
    );
    shutdown.trigger();
    within(running).await.unwrap().unwrap();
    let running = tokio::spawn(async move { outbox.run(bus, Shutdown::new()).await });
    next_of(&mut heard, &verdict_topic(&site)).await;
    running.abort();
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = outbox_config(folder.path()).path;
    let first = open(folder.path()).await;
    let second = Outbox::open(outbox_config(folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(second, OutboxError::InUse { .. }), "{second:?}");
    assert_eq!(
        second.to_string(),
        format!("outbox {} is in use by another program", path.display())
    );
    first.close().await.unwrap();

    let mut config = outbox_config(folder.path());
    config.source = "edge-2".to_owned();
    let other = Outbox::open(config).await.unwrap_err();
    assert!(matches!(other, OutboxError::Source { .. }), "{other:?}");

    for name in ["outbox.db-wal", "outbox.db-shm"] {
        std::fs::remove_file(path.with_file_name(name)).ok();
    }
    std::fs::write(
        &path,
        "this is no database, and longer than its header is: ".repeat(100),
    )
    .unwrap();
    let broken = Outbox::open(outbox_config(folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(broken, OutboxError::Open { .. }), "{broken:?}");
}
