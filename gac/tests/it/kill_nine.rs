//! `gac run` is killed again and again, and nothing is lost or doubled.

use crate::{
    kept::{Kept, Stored, files},
    program::{Program, free_port, gac, lines_of, until},
    site::{PLATE_MODELS, SiteText, can_judge_a_gate, has_models, video},
    spy::{Kind, Spy},
};
use samples::SceneKind;
use service::evidence::EvidenceStore;
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fmt::Write as _, path::Path};

/// Every journal of the folder gives the same answers again, and none was set aside.
pub(crate) fn check_replay(state: &Path, n_gates: usize) {
    let journals = files(state, ".jsonl");
    assert_eq!(
        journals.len(),
        n_gates,
        "a journal was set aside: {journals:?}"
    );
    for journal in journals {
        let output = gac(&["replay", journal.to_str().unwrap()]);
        let lines = lines_of(&output);
        assert!(output.status.success(), "{lines:#?}");
        assert!(lines[0].starts_with("the same: "), "{lines:#?}");
    }
}

/// In no journal was a passage given two commands.
pub(crate) fn check_commands(kept: &Kept) {
    for (passage, ids) in &kept.commands {
        assert_eq!(
            ids.len(),
            1,
            "the journal has {} commands for {passage}",
            ids.len()
        );
    }
}

/// Waits until the database has all that was kept.
pub(crate) async fn stores_all(state: &Path, kept: &Kept) {
    let mut lacks = Vec::new();
    let has_all = async || {
        lacks = Stored::read(state).await.lacks(kept);
        lacks.is_empty().then_some(())
    };
    until("the database has everything that was kept", has_all).await;
}

/// After an orderly end everything that a gate has answered is stored, or waits in its outbox.
pub(crate) async fn check_end(state: &Path) {
    let stored = Stored::read(state).await;
    stored.check_once();
    let answered = Kept::read_journals(state);
    check_commands(&answered);
    let waiting = Kept::read_outboxes(state).await.entities;
    let lost: Vec<_> = stored
        .lacks(&answered)
        .into_iter()
        .filter(|id| !waiting.contains(id))
        .collect();
    assert_eq!(lost, Vec::<String>::new());
}

/// Every picture of a stored candidate is in the store and is what its hash says; how many there
/// are.
pub(crate) async fn check_evidence(state: &Path, candidate: &str) -> usize {
    let options = SqliteConnectOptions::new().filename(state.join("gac.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "select sha256, n_bytes from evidence_item where owner_id = $1";
    let rows = sqlx::query(sql)
        .bind(candidate)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let store = EvidenceStore::open(&state.join("evidence")).unwrap();
    for row in &rows {
        // Reading checks the content against the name.
        let bytes = store.get(row.get("sha256")).unwrap();
        assert_eq!(
            i64::try_from(bytes.len()).unwrap(),
            row.get::<i64, _>("n_bytes")
        );
    }
    rows.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_before_a_kill_is_stored_once_after_it() {
    if !can_judge_a_gate() {
        return;
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let (film, truth) = video(SceneKind::Gate, 1, 24.0);
    let mut site = SiteText::new(None).with_gate(&film, &truth);
    write!(site.0, "[broker]\nport = {port}\n\n[models]\nworkers = 1\n").unwrap();
    site.write(folder.path());
    let state = folder.path().join("state");
    let spy = Spy::on(port);
    let mut all = Kept::default();
    // Before the first frame, in the middle of a sighting, and at once after a verdict and after a
    // command.
    let moments = [
        None,
        Some(Kind::Sighting),
        Some(Kind::Verdict),
        Some(Kind::Command),
    ];
    for moment in moments {
        let before = moment.map(|kind| spy.n(kind));
        let mut program = Program::start("run", folder.path());
        match (moment, before) {
            (Some(kind), Some(before)) => spy.hears(kind, before).await,
            _early => drop(program.says(&["console: http://"]).await),
        }
        program.kill_nine();
        let stored = Stored::read(&state).await;
        stored.check_once();
        all.add(Kept::read(&state).await);
        // What is stored stays stored.
        all.entities.extend(
            stored
                .ids
                .into_iter()
                .filter(|id| id.contains('_') && !id.contains('/')),
        );
        check_replay(&state, usize::from(!files(&state, ".jsonl").is_empty()));
    }
    assert!(
        0 < all.n("sig_") && 0 < all.n("ver_"),
        "there was something to lose: {all:?}"
    );

    let program = Program::start("run", folder.path());
    stores_all(&state, &all).await;
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    check_end(&state).await;
    check_commands(&all);
    let n_commands = spy.check_commands();
    assert!(0 < n_commands, "the barrier was told something");
    check_replay(&state, 1);
    println!(
        "{} kills: {} sightings, {} verdicts, {n_commands} commands",
        moments.len(),
        all.n("sig_"),
        all.n("ver_")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_outlives_a_kill() {
    if !has_models(&PLATE_MODELS[..1]) {
        return;
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let (film, truth) = video(SceneKind::Junction, 1, 20.0);
    let site = SiteText::new(None).with_junction(&film, &truth);
    site.with(&format!("[broker]\nport = {port}"))
        .write(folder.path());
    let state = folder.path().join("state");
    let spy = Spy::on(port);
    let program = Program::start("run", folder.path());
    spy.hears(Kind::Candidate, 0).await;
    program.kill_nine();
    let mut kept = Kept::read(&state).await;
    kept.entities.extend(
        Stored::read(&state)
            .await
            .ids
            .into_iter()
            .filter(|id| id.starts_with("can_")),
    );
    assert!(
        0 < kept.n("can_"),
        "the candidate stands in the outbox or in the database: {kept:?}"
    );

    let program = Program::start("run", folder.path());
    stores_all(&state, &kept).await;
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    let stored = Stored::read(&state).await;
    stored.check_once();
    let is_candidate = |id: &&String| id.starts_with("can_") && !id.ends_with("/case");
    let mut n_stills = 0;
    for candidate in stored.ids.iter().filter(is_candidate) {
        let n = check_evidence(&state, candidate).await;
        // Before, at and after the act, and the vehicle.
        assert!(4 <= n, "{candidate} has {n} stills");
        n_stills += n;
    }
    println!(
        "{} candidates with {n_stills} stills, {} sightings",
        kept.n("can_"),
        kept.n("sig_")
    );
}
