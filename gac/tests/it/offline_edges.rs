//! Edges that decide alone: on the centre's last signed list, and with one book afterwards.

use crate::{
    edges::{Edge, PLATES, UNKNOWN, centre, list},
    kept::{Kept, Stored},
    kill_nine::{check_commands, check_replay, stores_all},
    program::{Program, gac, lines_of, until},
    servers::Mosquitto,
};
use domain::{Outcome, ReferReason, Timestamp};
use service::{
    clock::now,
    keys::SigningKeyFile,
    list_bundle::{Bundle, BundleStore},
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs, path::Path, time::Duration};
use wire::{BundleBody, Topic};

const CENTRE: &str = "allow_anonymous true\nmax_packet_size 1048576\n";
const STALE: Outcome = Outcome::Refer(ReferReason::RegistryStale);

/// How often each movement stands in the centre's store.
async fn stored_movements(state: &Path) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(state.join("gac.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "select passage_id from movement order by passage_id";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn has_list(edge: &Edge) {
    let is_there = async || {
        edge.listed()
            .starts_with("site trial, version")
            .then_some(())
    };
    until("the list has come", is_there).await;
}

/// It ends in good order, its journal replays, and nobody was given two commands.
async fn ends_well(edge: &mut Edge) {
    edge.end().await;
    check_replay(&edge.folder.path().join("state"), 1);
    edge.spy.check_commands();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_edges_decide_while_the_centre_is_away_and_agree_afterwards() {
    let Some(broker) = Mosquitto::start(CENTRE).await else {
        return;
    };
    let (port, folder) = (broker.port, tempfile::tempdir().unwrap());
    let key = centre(folder.path(), port);
    let state = folder.path().join("state");
    let mut api = Program::start("api", folder.path());
    api.address().await;
    let mut inside = Edge::new("gate-in", "to = \"yard\"", &key, Some(port))
        .await
        .unwrap();
    let mut outside = Edge::new("gate-out", "from = \"yard\"", &key, Some(port))
        .await
        .unwrap();
    inside.start().await;
    outside.start().await;
    has_list(&inside).await;
    has_list(&outside).await;
    assert_eq!(inside.passes(1, PLATES[0]).await, Outcome::Grant);

    // No broker, no centre, and both edges are started anew.
    drop(broker);
    api.kill_nine();
    for edge in [&mut inside, &mut outside] {
        edge.kill();
        edge.start().await;
    }
    assert_eq!(inside.passes(2, PLATES[1]).await, Outcome::Grant);
    assert_eq!(inside.passes(3, PLATES[2]).await, Outcome::Grant);
    assert_eq!(outside.passes(4, PLATES[0]).await, Outcome::Grant);
    let unknown = inside.passes(5, UNKNOWN).await;
    assert!(matches!(unknown, Outcome::Refer(_)), "{unknown:?}");

    // The centre comes back while one edge is off: it stores what the other one did, and nobody
    // keeps that for the one that was away but the gate itself.
    outside.kill();
    let broker = Mosquitto::start_on(port, CENTRE).await;
    let api = Program::start("api", folder.path());
    let mut kept = Kept::read_journals(&inside.folder.path().join("state"));
    stores_all(&state, &kept).await;
    let is_empty = async || {
        let waiting = Kept::read_outboxes(&inside.folder.path().join("state")).await;
        waiting.envelopes.is_empty().then_some(())
    };
    until("the outbox is empty", is_empty).await;
    outside.start().await;
    let agree = async || {
        let (a, b) = (inside.movements(), outside.movements());
        (a.len() == 4 && a == b).then_some(())
    };
    until("both gates know the same movements", agree).await;
    let (a, b) = (inside.book(), outside.book());
    assert_eq!(a.zones().collect::<Vec<_>>(), b.zones().collect::<Vec<_>>());
    assert_eq!(a.inside(&"yard".parse().unwrap()).vehicles, 2);

    kept.add(Kept::read_journals(&outside.folder.path().join("state")));
    stores_all(&state, &kept).await;
    Stored::read(&state).await.check_once();
    check_commands(&kept);
    let movements: Vec<String> = inside
        .movements()
        .iter()
        .map(|m| m.passage.to_string())
        .collect();
    let all_movements = async || {
        let stored = stored_movements(&state).await;
        (stored == movements).then_some(())
    };
    until("the centre has each movement once", all_movements).await;
    ends_well(&mut inside).await;
    ends_well(&mut outside).await;
    let (code, lines) = api.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    drop(broker);
}

/// A key and what it seals, as a centre of its own.
struct Sealer {
    folder: tempfile::TempDir,
    key: SigningKeyFile,
    content: BundleBody,
}

impl Sealer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKeyFile::load_or_create(&folder.path().join("list.key")).unwrap();
        let registrations = PLATES.map(|plate| domain::Registration {
            plate: Some(domain::Plate::parse(plate).unwrap()),
            ..domain::Registration::allow()
        });
        let mut content = BundleBody::default();
        content.list.registrations = registrations.to_vec();
        Self {
            folder,
            key,
            content,
        }
    }

    fn seal(&self, version: u64, as_of: Timestamp) -> Bundle {
        let times = (as_of, as_of.saturating_add(Duration::from_secs(200 * 3600)));
        let site = "trial".parse().unwrap();
        Bundle::seal(&self.key, site, version, times, self.content.clone()).unwrap()
    }

    /// Puts it into force by hand; whether it was taken, and what was said.
    fn install(&self, edge: &Edge, bundle: &Bundle) -> (bool, String) {
        let file = self.folder.path().join("bundle");
        fs::write(&file, bundle.to_file()).unwrap();
        let site = edge.folder.path().join("site.toml");
        let words = [
            "list",
            "bundle",
            "install",
            site.to_str().unwrap(),
            file.to_str().unwrap(),
        ];
        let output = gac(&words);
        (output.status.success(), lines_of(&output).join("\n"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_old_or_was_changed_refers_everybody() {
    let sealer = Sealer::new();
    let key = sealer.key.public_hex();
    let Some(mut edge) = Edge::new("gate-1", "", &key, None).await else {
        return;
    };
    // Before the first list, and with one that nobody has confirmed for four days.
    edge.start().await;
    assert_eq!(edge.passes(1, PLATES[0]).await, STALE);
    let old = sealer.seal(1, now().saturating_sub(Duration::from_secs(96 * 3600)));
    assert!(sealer.install(&edge, &old).0);
    edge.kill();
    edge.start().await;
    assert_eq!(edge.passes(2, PLATES[1]).await, STALE);
    // A running gate takes up what was installed.
    let good = sealer.seal(2, now());
    assert!(sealer.install(&edge, &good).0);
    edge.decides_on(2).await;
    assert_eq!(edge.passes(3, PLATES[2]).await, Outcome::Grant);
    // Nothing older, of another centre, or damaged takes its place.
    let (taken, said) = sealer.install(&edge, &sealer.seal(1, now()));
    assert!(
        !taken && said.contains("it is older than the one in force"),
        "{said}"
    );
    let (taken, said) = sealer.install(&edge, &Sealer::new().seal(3, now()));
    assert!(
        !taken && said.contains("signed with an unknown key"),
        "{said}"
    );

    let store = BundleStore::of_edge(&edge.folder.path().join("state"));
    assert_eq!(store.seal().unwrap().as_ref(), Some(good.sealed()));
    let body = crate::kept::files(&edge.folder.path().join("state/list"), ".json");
    let text = fs::read_to_string(&body[0]).unwrap();
    fs::write(&body[0], text.replacen("30F", "92A", 1)).unwrap();
    edge.kill();
    edge.start().await;
    let line = edge.program().says(&["it is not what was sealed"]).await;
    assert!(line.contains("gac list bundle install"), "{line}");
    assert_eq!(edge.passes(4, UNKNOWN).await, STALE);
    assert!(
        sealer.install(&edge, &good).0,
        "the same list takes its place again"
    );
    edge.kill();
    edge.start().await;
    assert_eq!(edge.passes(5, PLATES[3]).await, Outcome::Grant);
    edge.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bundles_change_nothing_and_are_told_once() {
    let sealer = Sealer::new();
    let Some(mut edge) = Edge::new("gate-1", "", &sealer.key.public_hex(), None).await else {
        return;
    };
    let site: domain::SiteId = "trial".parse().unwrap();
    let (seal, part) = (Topic::ListSeal(site.clone()), |n| {
        Topic::ListPart(site.clone(), n)
    });
    let bus = edge.spy.bus.clone();
    let publish = async |bundle: &Bundle| {
        for (n, bytes) in (0..).zip(bundle.parts()) {
            bus.publish_kept(&part(n), bytes.to_vec()).await.unwrap();
        }
        bus.publish_kept(&seal, bundle.sealed().encode())
            .await
            .unwrap();
    };
    publish(&sealer.seal(5, now())).await;
    edge.start().await;
    edge.decides_on(5).await;
    let before = edge.listed();
    assert!(before.contains("version 5"), "{before}");

    let forged = Sealer::new().seal(6, now());
    publish(&forged).await;
    for _n in 0..200 {
        bus.publish_kept(&seal, forged.sealed().encode())
            .await
            .unwrap();
        bus.publish_kept(&seal, vec![b'{'; 1_000_000])
            .await
            .unwrap();
    }
    publish(&sealer.seal(4, now())).await;
    bus.publish_kept(&seal, b"{}".to_vec()).await.unwrap();
    // A newer one whose part somebody has written over: it is asked for, and not taken.
    let next = sealer.seal(7, now());
    bus.publish_kept(&part(0), vec![0; 100]).await.unwrap();
    bus.publish_kept(&seal, next.sealed().encode())
        .await
        .unwrap();
    let words = ["list bundle was refused: it is not what was sealed"];
    edge.program().says(&words).await;
    assert_eq!(edge.listed(), before);
    assert_eq!(edge.passes(1, PLATES[0]).await, Outcome::Grant);
    // The centre says it again, and it is taken.
    publish(&next).await;
    let is_taken = async || edge.listed().contains("version 7").then_some(());
    until("the newer list is kept", is_taken).await;
    edge.decides_on(7).await;
    assert_eq!(edge.passes(2, PLATES[1]).await, Outcome::Grant);

    let lines = edge.kill();
    let n_told = lines.iter().filter(|line| line.contains("refused")).count();
    assert!((4..=8).contains(&n_told), "{lines:#?}");
    assert!(!lines.join("\n").contains("51G"), "{lines:#?}");
}

#[test]
fn a_bundle_is_shown_and_verified_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let key = centre(folder.path(), 1);
    let file = folder.path().join("list.bundle");
    let path = file.to_str().unwrap();
    let run = |words: &[&str]| {
        let output = gac(words);
        (output.status.success(), lines_of(&output).join("\n"))
    };
    let (shown, said) = run(&["list", "bundle", "show", path]);
    assert!(shown && said.ends_with("; not verified"), "{said}");
    let (right, said) = run(&["list", "bundle", "verify", path, "--public-key", &key]);
    assert!(right && said.ends_with("; right, 4 entries"), "{said}");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let (right, said) = run(&["list", "bundle", "verify", path, "--public-key", &key]);
    assert!(
        !right && said.contains("it is not what was sealed"),
        "{said}"
    );
    // The centre's own list is not installed over, and nothing is said to an embedded broker.
    let site = folder.path().join("site.toml");
    let (right, said) = run(&["list", "bundle", "install", site.to_str().unwrap(), path]);
    assert!(
        !right && said.contains("this site has its own list"),
        "{said}"
    );
    let lines = list(&["show"], folder.path());
    assert_eq!(lines, ["version 0: 0 vehicles, 0 passes"]);
}
