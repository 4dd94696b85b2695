//! kill -9 in the middle of writing: what `put` has confirmed is there afterwards, numbered and
//! sent once by id.

use crate::{
    outbox::{SOURCE, is_empty, open, run},
    support::{broker, online, receipt, until, verdict, verdict_topic, within},
};
use domain::{SiteId, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

const FOLDER: &str = "GAC_TEST_KILL_FOLDER";
const N_ROUNDS: usize = 3;
const N_BEFORE_KILL: usize = 60;

/// Not a test by itself: the part of the next one that is killed. It says each id that was
/// confirmed.
#[test]
fn killed_while_it_puts() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let outbox = open(Path::new(&folder)).await;
        let topic = verdict_topic(&site_of_killed());
        let mut out = std::io::stdout();
        loop {
            // In pairs, so that transactions hold more than one.
            let puts = tokio::join!(
                outbox.put(&topic, verdict(1), Timestamp::EPOCH),
                outbox.put(&topic, verdict(2), Timestamp::EPOCH),
            );
            for put in [puts.0, puts.1] {
                writeln!(out, "put {}", put.unwrap().id().unwrap()).unwrap();
            }
            out.flush().unwrap();
        }
    });
}

fn site_of_killed() -> SiteId {
    "killed".parse().unwrap()
}

/// Lets the child put until it has confirmed so many, and kills it.
fn put_and_kill(folder: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::killed_while_it_puts", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ids = Vec::new();
    let id_of = |line: String| line.split("put ").nth(1).map(str::to_owned);
    while ids.len() < N_BEFORE_KILL {
        ids.extend(id_of(lines.next().unwrap().unwrap()));
    }
    child.kill().unwrap();
    // What it said until it was dead counts too; its very last line may be cut.
    ids.extend(
        lines
            .map_while(Result::ok)
            .filter_map(id_of)
            .filter(|id| id.len() == 32),
    );
    child.wait().unwrap();
    ids
}

#[tokio::test]
async fn what_was_confirmed_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut confirmed = BTreeSet::new();
    for _round in 0..N_ROUNDS {
        let ids = put_and_kill(folder.path());
        confirmed.extend(ids);
    }
    assert!(N_ROUNDS * N_BEFORE_KILL <= confirmed.len());

    let outbox = open(folder.path()).await;
    let n_pending = usize::try_from(outbox.stats().await.unwrap().n_pending).unwrap();
    assert!(confirmed.len() <= n_pending);
    let site = site_of_killed();
    let (centre, mut heard) = online(broker(), &site, "centre").await;
    let (_bus, _running) = run(&outbox, broker(), &site).await;
    let mut seq_by_id = BTreeMap::new();
    while seq_by_id.len() < n_pending {
        let incoming = within(heard.recv()).await.unwrap();
        if incoming.topic == verdict_topic(&site).to_string() {
            let envelope = incoming.envelope().unwrap();
            receipt(&centre, SOURCE, std::slice::from_ref(&envelope.id));
            seq_by_id.insert(envelope.id, envelope.seq);
        }
    }
    assert!(
        confirmed.iter().all(|id| seq_by_id.contains_key(id)),
        "a confirmed message is lost"
    );
    let numbers: BTreeSet<u64> = seq_by_id.values().copied().collect();
    assert_eq!(numbers.len(), n_pending, "no number was given twice");
    until("all are forgotten", async || is_empty(&outbox).await).await;
}
