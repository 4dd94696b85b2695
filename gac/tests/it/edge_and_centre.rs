//! Cameras, gates and centre as three processes with Mosquitto between them; each is killed.

use crate::{
    kept::{Kept, Stored},
    kill_nine::{check_commands, check_end, check_replay, stores_all},
    program::Program,
    servers::Mosquitto,
    site::{PLATE_MODELS, SiteText, has_models, video},
    spy::{Kind, Spy},
};
use samples::SceneKind;

#[tokio::test(flavor = "multi_thread")]
async fn each_of_three_processes_may_be_killed() {
    let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    if !has_models(&PLATE_MODELS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (film, truth) = video(SceneKind::Gate, 1, 24.0);
    SiteText::new(Some(mosquitto.port))
        .with_gate(&film, &truth)
        .write(folder.path());
    let state = folder.path().join("state");
    let spy = Spy::on(mosquitto.port);
    spy.online().await;

    let mut api = Program::start("api", folder.path());
    api.address().await;
    let mut gate = Program::start("gate", folder.path());
    gate.says(&["running;"]).await;
    let pipeline = Program::start("pipeline", folder.path());
    spy.hears(Kind::Sighting, 0).await;
    // From here on nothing is acknowledged: the centre stands still.
    api.freeze();
    spy.hears(Kind::Command, 0).await;
    // Dead in the middle of a passage.
    gate.kill_nine();
    spy.hears(Kind::Sighting, spy.n(Kind::Sighting)).await;
    pipeline.kill_nine();
    api.kill_nine();
    let mut kept = Kept::read(&state).await;
    Stored::read(&state).await.check_once();
    assert!(
        0 < kept.n("sig_") && 0 < kept.n("ver_"),
        "nothing waits for its receipt: {kept:?}"
    );
    assert!(
        !Stored::read(&state).await.lacks(&kept).is_empty(),
        "the centre has everything already"
    );
    check_replay(&state, 1);

    let mut gate = Program::start("gate", folder.path());
    gate.says(&["running;"]).await;
    let pipeline = Program::start("pipeline", folder.path());
    spy.hears(Kind::Verdict, spy.n(Kind::Verdict)).await;
    // Still no centre: it comes last, and finds all that was said while it was away.
    kept.add(Kept::read_journals(&state));
    let api = Program::start("api", folder.path());
    stores_all(&state, &kept).await;
    for program in [pipeline, gate, api] {
        let (code, lines) = program.end().await;
        assert_eq!(code, Some(0), "{lines:#?}");
    }
    check_end(&state).await;
    check_commands(&kept);
    let n_commands = spy.check_commands();
    check_replay(&state, 1);
    println!(
        "{} sightings, {} verdicts, {n_commands} commands",
        kept.n("sig_"),
        kept.n("ver_")
    );
}
