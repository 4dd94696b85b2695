//! Brokers that are away or refuse: the cameras go on, and what they say waits in the outbox.

use crate::{
    kept::{Kept, Stored},
    kill_nine::stores_all,
    program::{Program, free_port, until},
    servers::{Mosquitto, add_mosquitto_user},
    site::{PLATE_MODELS, SiteText, has_models, video},
};
use samples::SceneKind;
use std::path::Path;

/// The gate scene and its site, with this under `[broker]`.
fn write_site(folder: &Path, port: u16, credentials: &str) {
    let (film, truth) = video(SceneKind::Gate, 1, 24.0);
    let mut site = SiteText::new(Some(port)).with_gate(&film, &truth);
    site.0 = site.0.replace(
        &format!("port = {port}\n"),
        &format!("port = {port}\n{credentials}"),
    );
    site.write(folder);
}

/// Ends the program once its outbox holds sightings; gives what it holds.
async fn let_sightings_wait(program: Program, state: &Path) -> Kept {
    // The file belongs to the program alone; its write-ahead log grows with every sighting.
    let log = state.join("outbox-pipeline.db-wal");
    let size = || std::fs::metadata(&log).map_or(0, |found| found.len());
    let first = until("the outbox is there", async || {
        Some(size()).filter(|size| 0 < *size)
    })
    .await;
    until("sightings are written", async || {
        (first + 20_000 < size()).then_some(())
    })
    .await;
    program.kill_nine();
    let kept = Kept::read_outboxes(state).await;
    assert!(0 < kept.n("sig_"), "{kept:?}");
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_sightings_wait_and_arrive_later() {
    if !has_models(&PLATE_MODELS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let port = free_port();
    write_site(folder.path(), port, "");
    let mut pipeline = Program::start("pipeline", folder.path());
    pipeline
        .says(&[
            "WARN",
            &format!("MQTT: nothing listens on 127.0.0.1:{port}"),
        ])
        .await;
    pipeline.says(&["running;"]).await;
    let kept = let_sightings_wait(pipeline, &state).await;

    let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    write_site(folder.path(), mosquitto.port, "");
    let mut api = Program::start("api", folder.path());
    api.address().await;
    let pipeline = Program::start("pipeline", folder.path());
    stores_all(&state, &kept).await;
    assert_eq!(pipeline.end().await.0, Some(0));
    assert_eq!(api.end().await.0, Some(0));
    Stored::read(&state).await.check_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_refuses_is_told_once_and_tried_until_the_password_is_right() {
    if !has_models(&PLATE_MODELS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (state, users) = (folder.path().join("state"), folder.path().join("users"));
    if !add_mosquitto_user(&users, "gac", "right") {
        return;
    }
    let config = format!("allow_anonymous false\npassword_file {}\n", users.display());
    let Some(mosquitto) = Mosquitto::start(&config).await else {
        return;
    };
    std::fs::write(folder.path().join("password"), "wrong\n").unwrap();
    write_site(
        folder.path(),
        mosquitto.port,
        "user = \"gac\"\npassword_file = \"password\"\n",
    );
    let mut program = Program::start("run", folder.path());
    let broker = format!("127.0.0.1:{}", mosquitto.port);
    let refusal = format!("MQTT: the broker {broker} refuses the user name or password");
    program.says(&["WARN", &refusal]).await;
    program.says(&["running;"]).await;
    let log = state.join("outbox-pipeline.db-wal");
    let size = || std::fs::metadata(&log).map_or(0, |found| found.len());
    let first = size();
    until("sightings are written", async || {
        (first + 20_000 < size()).then_some(())
    })
    .await;
    assert_eq!(
        Stored::read(&state).await.ids,
        Vec::<String>::new(),
        "nobody could say anything"
    );
    let n_told = program
        .lines()
        .iter()
        .filter(|line| line.contains(&refusal))
        .count();
    assert!(
        n_told <= 7,
        "each connection tells it once, and there are few: {n_told}"
    );
    assert!(
        !program.lines().iter().any(|line| line.contains("wrong")),
        "{:#?}",
        program.lines()
    );

    std::fs::write(folder.path().join("password"), "right\n").unwrap();
    let is_stored = async || {
        let stored = Stored::read(&state).await;
        stored
            .ids
            .iter()
            .any(|id| id.starts_with("sig_"))
            .then_some(())
    };
    until("sightings are stored without a restart", is_stored).await;
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    Stored::read(&state).await.check_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_a_password_file_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    write_site_without_camera(folder.path(), "user = \"gac\"\n");
    let mut program = Program::start("api", folder.path());
    assert_eq!(program.ended().await, Some(1));
    let lines = program.lines();
    let told = "site.toml:11:8: [broker] has a user and no password; add password_file, or leave \
                the user out";
    assert!(lines[0].ends_with(told), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");

    write_site_without_camera(
        folder.path(),
        "user = \"gac\"\npassword_file = \"missing\"\n",
    );
    let mut program = Program::start("api", folder.path());
    let file = folder.path().join("missing");
    program
        .says(&[
            "WARN",
            &format!("cannot read password file {}", file.display()),
        ])
        .await;
    assert_eq!(program.end().await.0, Some(0));
}

fn write_site_without_camera(folder: &Path, credentials: &str) {
    let mut site = SiteText::new(Some(1));
    site.0 = site
        .0
        .replace("port = 1\n", &format!("port = 1\n{credentials}"));
    site.write(folder);
}
