//! The store: the same tests on SQLite and on PostgreSQL.

use crate::{
    databases::Databases,
    flow_cases::{
        a_crossing_that_a_later_revision_takes_back_is_taken_out,
        a_day_in_any_order_leaves_the_same_hours, levels_are_written_down_once,
        what_is_inside_is_what_the_gates_own_book_says,
    },
    scene::{
        at, barrier, camera, candidate, counted, envelope, passage, plate, sha, sighting, verdict,
    },
    store_cases::{
        a_case_is_reviewed_and_decided, a_case_without_its_stills_or_standing_is_not_confirmed,
        a_key_acts_once, of_two_reviewers_at_once_one_wins, tampering_with_the_audit_shows,
    },
};
use casework::StateName;
use domain::{DenyReason, GateState, Outcome, PassageId, PassageState, ReferReason, Timestamp};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use violation_api::store::{
    CameraRow, CaseRecord, CaseSummary, Cursor, Page, PassageRow, SightingRow, Store,
};
use wire::{CameraState, Count, Envelope, Message};

macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&crate::databases::Databases::sqlite()).await;
                }
            )*
        }

        /// One server for all of them: starting one takes longer than the tests.
        #[tokio::test]
        async fn the_suite_on_postgres() {
            let Some(databases) = Databases::postgres() else { return };
            $(
                println!("{}", stringify!($name));
                $name(&databases).await;
            )*
        }
    };
}

suite! {
    doubles_change_nothing,
    the_newest_revision_is_kept,
    any_order_leaves_the_same,
    pages_have_no_gaps_and_no_doubles,
    what_is_stored_is_what_was_said,
    raw_reads_stand_and_go_with_the_plate,
    what_was_written_is_there_after_a_restart,
    what_the_database_refuses_is_told_from_an_outage,
    ids_are_forgotten_and_entities_are_not,
    a_case_is_reviewed_and_decided,
    a_case_without_its_stills_or_standing_is_not_confirmed,
    a_key_acts_once,
    of_two_reviewers_at_once_one_wins,
    tampering_with_the_audit_shows,
    a_day_in_any_order_leaves_the_same_hours,
    what_is_inside_is_what_the_gates_own_book_says,
    a_crossing_that_a_later_revision_takes_back_is_taken_out,
    levels_are_written_down_once,
}

/// Everything that can be read.
#[derive(Debug, PartialEq)]
struct Everything {
    sightings: Vec<SightingRow>,
    passages: Vec<PassageRow>,
    verdicts: Vec<domain::Verdict>,
    cases: Vec<CaseSummary>,
    records: Vec<CaseRecord>,
    cameras: Vec<CameraRow>,
    gates: Vec<domain::Barrier>,
    counts: Vec<Count>,
    evidence: Vec<Option<String>>,
}

async fn everything(store: &Store) -> Everything {
    let all = Page::newest(200);
    let cases = store.cases(None, &all).await.unwrap();
    let mut records = Vec::new();
    for case in &cases {
        records.push(store.case(case.id).await.unwrap().unwrap());
    }
    let mut evidence = Vec::new();
    for n in 100..110 {
        evidence.push(store.evidence_media_type(&sha(n)).await.unwrap());
    }
    Everything {
        sightings: store.sightings(None, &all).await.unwrap(),
        passages: store.passages(None, &all).await.unwrap(),
        verdicts: store.verdicts(&all).await.unwrap(),
        cases,
        records,
        cameras: store.cameras().await.unwrap(),
        gates: store.gates().await.unwrap(),
        counts: store.counts().await.unwrap(),
        evidence,
    }
}

/// A little of everything, with later and earlier news of the same things.
fn news() -> Vec<Envelope> {
    let refer = Outcome::Refer(ReferReason::LookAlike);
    let messages = vec![
        Message::Sighting(sighting(1, 0)),
        Message::Sighting(sighting(1, 1)),
        Message::Sighting(sighting(1, 2)),
        Message::Sighting(sighting(2, 0)),
        Message::Passage(passage(1, PassageState::Arrived, 1)),
        Message::Passage(passage(1, PassageState::Commanded, 2)),
        Message::Passage(passage(1, PassageState::Opened, 2)),
        Message::Passage(passage(2, PassageState::Denied, 5)),
        Message::Verdict(verdict(1, refer)),
        Message::Verdict(verdict(2, Outcome::Deny(DenyReason::Barred))),
        Message::Candidate(candidate(1)),
        Message::Candidate(candidate(2)),
        Message::Camera(camera("junction-1", CameraState::Connecting, 0)),
        Message::Camera(camera("junction-1", CameraState::Streaming, 50)),
        Message::Barrier(barrier(GateState::Opening, 1)),
        Message::Barrier(barrier(GateState::Open, 2)),
        Message::Count(counted("line-1", 4, 1)),
        Message::Count(counted("line-1", 6, 1)),
    ];
    let with_id = |(n, message)| envelope(u64::try_from(n).unwrap(), "pipeline", message);
    messages.into_iter().enumerate().map(with_id).collect()
}

pub(crate) async fn doubles_change_nothing(databases: &Databases) {
    let store = databases.fresh().await;
    let news = news();
    let first = store.ingest(&news, at(0)).await.unwrap();
    assert_eq!((first.n_new, first.n_doubles), (news.len(), 0));
    assert!(first.changes.is_gate_changed && first.changes.is_case_changed);
    assert_eq!(first.changes.cameras.len(), 1);
    let before = everything(&store).await;

    let again = store.ingest(&news, at(9)).await.unwrap();
    assert_eq!((again.n_new, again.n_doubles), (0, news.len()));
    assert!(again.changes.is_empty());
    assert_eq!(everything(&store).await, before);

    // The same things in other envelopes, as after an outbox that was restored from a backup.
    let others: Vec<Envelope> = news
        .iter()
        .map(|envelope| Envelope {
            id: format!("f{}", &envelope.id[1..]),
            ..envelope.clone()
        })
        .collect();
    let others = store.ingest(&others, at(9)).await.unwrap();
    assert_eq!((others.n_new, others.n_doubles), (0, news.len()));
    assert_eq!(everything(&store).await, before);
    store.close().await;
}

pub(crate) async fn the_newest_revision_is_kept(databases: &Databases) {
    let store = databases.fresh().await;
    let say = |n, revision| {
        [envelope(
            n,
            "pipeline",
            Message::Sighting(sighting(1, revision)),
        )]
    };
    store.ingest(&say(1, 3), at(0)).await.unwrap();
    let late = store.ingest(&say(2, 1), at(0)).await.unwrap();
    assert_eq!(late.n_new, 0);
    let rows = store.sightings(None, &Page::newest(9)).await.unwrap();
    assert_eq!((rows.len(), rows[0].revision), (1, 3));
    assert!(
        store
            .evidence_media_type(&sha(103))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .evidence_media_type(&sha(101))
            .await
            .unwrap()
            .is_none()
    );
    store.close().await;
}

pub(crate) async fn any_order_leaves_the_same(databases: &Databases) {
    let reference = databases.fresh().await;
    reference.ingest(&news(), at(0)).await.unwrap();
    let expect = everything(&reference).await;
    reference.close().await;

    let n_cases = match databases {
        Databases::Sqlite { .. } => 24,
        Databases::Postgres { .. } => 4,
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let doubled: Vec<Envelope> = news()
        .into_iter()
        .chain(news().into_iter().step_by(3))
        .collect();
    let strategy = (Just(doubled).prop_shuffle(), 1_usize..9);
    for _case in 0..n_cases {
        let (order, batch) = strategy.new_tree(&mut runner).unwrap().current();
        let store = databases.fresh().await;
        for batch in order.chunks(batch) {
            store.ingest(batch, at(0)).await.unwrap();
        }
        assert_eq!(everything(&store).await, expect);
        store.close().await;
    }
}

pub(crate) async fn pages_have_no_gaps_and_no_doubles(databases: &Databases) {
    let store = databases.fresh().await;
    let all: Vec<Envelope> = (0..130)
        .map(|n| envelope(n, "pipeline", Message::Sighting(sighting(n / 2, 0))))
        .collect();
    // Two of each, at the same moment, so that the id has to tell them apart.
    let mut twins = all.clone();
    for (n, twin) in twins.iter_mut().enumerate() {
        if let Message::Sighting(sighting) = &mut twin.message {
            sighting.id = domain::SightingId(1000 + n as u128);
        }
    }
    store.ingest(&twins, at(0)).await.unwrap();
    let mut seen = Vec::new();
    let mut page = Page::newest(48);
    loop {
        let rows = store.sightings(None, &page).await.unwrap();
        let Some(last) = rows.last() else { break };
        let cursor = Cursor {
            at: last.first_seen_at,
            id: last.id.to_string(),
        };
        page.after = Some(Cursor::decode(&cursor.encode()).unwrap());
        seen.extend(rows.iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 130);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 130);

    let since = Page {
        since: Some(at(60)),
        ..Page::newest(200)
    };
    assert_eq!(store.sightings(None, &since).await.unwrap().len(), 10);
    let camera = "gate-1-in".parse().unwrap();
    assert_eq!(
        store
            .sightings(Some(&camera), &Page::newest(7))
            .await
            .unwrap()
            .len(),
        7
    );
    let other = "other".parse().unwrap();
    assert_eq!(
        store
            .sightings(Some(&other), &Page::newest(7))
            .await
            .unwrap()
            .len(),
        0
    );
    store.close().await;
}

pub(crate) async fn what_is_stored_is_what_was_said(databases: &Databases) {
    let store = databases.fresh().await;
    store.ingest(&news(), at(0)).await.unwrap();
    let said = sighting(1, 2);
    let row = store
        .sightings(None, &Page::newest(9))
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(
        (row.id, row.camera, row.bounds),
        (said.id, said.camera, said.bounds)
    );
    assert_eq!(row.plate, said.plate);

    let row = store
        .passages(None, &Page::newest(9))
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(row.passage, passage(1, PassageState::Opened, 2));
    assert_eq!(
        row.verdict,
        Some(verdict(1, Outcome::Refer(ReferReason::LookAlike)))
    );
    assert_eq!(
        row.plate.unwrap().plate(),
        plate(&["51F12345"], 0.9).plate()
    );

    let case = store
        .cases(Some(StateName::Candidate), &Page::newest(9))
        .await
        .unwrap()
        .remove(0);
    assert_eq!(case.picture_sha256, Some(sha(2002)));
    let record = store.case(case.id).await.unwrap().unwrap();
    let mut said = candidate(2);
    said.evidence
        .sort_by(|a, b| (a.captured_at, &a.sha256).cmp(&(b.captured_at, &b.sha256)));
    let mut kept = record.candidate;
    kept.evidence
        .sort_by(|a, b| (a.captured_at, &a.sha256).cmp(&(b.captured_at, &b.sha256)));
    assert_eq!(kept, said);
    assert_eq!(record.history.len(), 1);
    assert_eq!(store.counts().await.unwrap(), [counted("line-1", 6, 1)]);
    assert_eq!(store.gates().await.unwrap(), [barrier(GateState::Open, 2)]);
    store.close().await;
}

/// They are personal data as the plate is: what takes the plate out of the row takes them out too.
pub(crate) async fn raw_reads_stand_and_go_with_the_plate(databases: &Databases) {
    let store = databases.fresh().await;
    store.ingest(&news(), at(0)).await.unwrap();
    let passage = async |n: u64| store.passage(PassageId(u128::from(n))).await.unwrap();
    let told = passage(1).await.unwrap();
    assert_eq!(told.raw_reads, sighting(1, 2).raw_reads);
    assert_eq!(
        (told.raw_reads.reads().len(), told.raw_reads.n_dropped()),
        (3, 7)
    );
    assert!(passage(2).await.unwrap().raw_reads.is_empty());
    assert_eq!(passage(99).await, None);
    let mut bare = sighting(1, 3);
    (bare.plate, bare.raw_reads) = (None, domain::RawReads::default());
    let later = [envelope(900, "pipeline", Message::Sighting(bare))];
    store.ingest(&later, at(0)).await.unwrap();
    let told = passage(1).await.unwrap();
    assert!(told.row.plate.is_none() && told.raw_reads.is_empty());
    store.close().await;
}

pub(crate) async fn what_was_written_is_there_after_a_restart(databases: &Databases) {
    let url = databases.fresh_url();
    let store = Store::open(&url).await.unwrap();
    store.ingest(&news(), at(0)).await.unwrap();
    let before = everything(&store).await;
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    assert_eq!(everything(&store).await, before);
    let again = store.ingest(&news(), at(0)).await.unwrap();
    assert_eq!(again.n_new, 0);
    store.close().await;
}

pub(crate) async fn what_the_database_refuses_is_told_from_an_outage(databases: &Databases) {
    let store = databases.fresh().await;
    let mut bad = candidate(1);
    bad.rule = "red\0light".to_owned();
    // PostgreSQL knows no such text, SQLite does.
    let taken = store
        .ingest(&[envelope(1, "pipeline", Message::Candidate(bad))], at(0))
        .await;
    match databases {
        Databases::Sqlite { .. } => assert!(taken.is_ok()),
        Databases::Postgres { .. } => assert!(taken.unwrap_err().is_about_content()),
    }
    store.close().await;
    let closed = store.ingest(&news(), at(0)).await.unwrap_err();
    assert!(!closed.is_about_content());
}

pub(crate) async fn ids_are_forgotten_and_entities_are_not(databases: &Databases) {
    let store = databases.fresh().await;
    store.ingest(&news(), at(0)).await.unwrap();
    let before = everything(&store).await;
    assert_eq!(store.forget_before(at(-1)).await.unwrap(), 0);
    assert_eq!(store.forget_before(at(1)).await.unwrap(), 12);
    let again = store.ingest(&news(), at(2)).await.unwrap();
    assert_eq!(again.n_new, 0);
    assert_eq!(everything(&store).await, before);
    store.close().await;
}

#[test]
fn a_cursor_is_read_or_refused() {
    let cursor = Cursor {
        at: Timestamp::from_micros(-5),
        id: "pas_0".to_owned(),
    };
    assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    for bad in [
        "",
        "5",
        "x.pas",
        "5.'; drop table audit",
        "99999999999999999999.pas",
    ] {
        assert_eq!(Cursor::decode(bad), None, "{bad:?}");
    }
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_showing_it() {
    for url in [
        "mysql://me:secret@host/db",
        "sqlite::memory:",
        "",
        "/var/lib/gac.db",
    ] {
        let error = Store::open(url).await.err().unwrap();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("sqlite:PATH") && !text.contains("secret"),
            "{text}"
        );
    }
    let error = Store::open("sqlite:/nowhere/at/all.db")
        .await
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "cannot open the database");
}
