//! The same site on PostgreSQL.

use crate::{
    program::{Program, get_json, until},
    servers::Postgres,
    site::{PLATE_MODELS, SiteText, has_models, video},
};
use samples::SceneKind;
use sqlx::{Connection as _, PgConnection};

#[tokio::test(flavor = "multi_thread")]
async fn sightings_arrive_in_postgresql_and_are_shown() {
    if !has_models(&PLATE_MODELS) {
        return;
    }
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (film, truth) = video(SceneKind::Gate, 1, 24.0);
    let storage = format!("[storage]\ndatabase = \"{}\"\n", postgres.url());
    SiteText::new(None)
        .with(&storage)
        .with_gate(&film, &truth)
        .write(folder.path());
    let mut program = Program::start("run", folder.path());
    let address = program.address().await;
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let mut n_verdicts = 0_i64;
    let has_verdict = async || {
        let count = sqlx::query_scalar("select count(*) from verdict");
        n_verdicts = count.fetch_one(&mut connection).await.unwrap();
        (0 < n_verdicts).then_some(())
    };
    until("a verdict is in PostgreSQL", has_verdict).await;
    let ids: Vec<String> = sqlx::query_scalar("select sighting_id from sighting")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(!ids.is_empty());
    let shown = get_json(&address, "/api/v1/sightings?limit=100")
        .unwrap()
        .to_string();
    assert!(
        shown.contains(&ids[0]),
        "{} is not among what the API shows",
        ids[0]
    );
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(
        !folder.path().join("state/gac.db").exists(),
        "SQLite is not used besides"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let port = crate::program::free_port();
    let url = format!("postgres://gac:s3cret@127.0.0.1:{port}/gac");
    std::fs::write(folder.path().join("database"), format!("{url}\n")).unwrap();
    let site = SiteText::new(Some(1)).with("[storage]\ndatabase_file = \"database\"\n");
    site.write(folder.path());
    let mut program = Program::start("api", folder.path());
    assert_eq!(program.ended().await, Some(1));
    let line = program.line_with(&[
        "gac: cannot open the store: cannot open the database: ",
        &format!("PostgreSQL at 127.0.0.1:{port} refuses the connection; start it, or correct "),
        "Connection refused",
    ]);
    assert!(line.is_some(), "{:#?}", program.lines());
    assert_eq!(
        program.line_with(&["s3cret"]),
        None,
        "the password is in the log"
    );
    assert_eq!(program.lines().len(), 1, "{:#?}", program.lines());
}

/// The one line with which `gac api` ends on this database.
async fn refusal(url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("database"), url).unwrap();
    let site = SiteText::new(Some(1)).with("[storage]\ndatabase_file = \"database\"\n");
    site.write(folder.path());
    let mut program = Program::start("api", folder.path());
    assert_eq!(program.ended().await, Some(1), "{:#?}", program.lines());
    let lines = program.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(!lines[0].contains("s3cret"), "{lines:#?}");
    lines[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_database_are_told_as_such() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let hba: String = sqlx::query_scalar("show hba_file")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    // The server takes its time over a reload.
    let line = "host all gac 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust";
    for sql in [
        "create role gac login password 'right'".to_owned(),
        format!("copy (select regexp_split_to_table(E'{line}', '\\n')) to '{hba}'"),
        "select pg_reload_conf()".to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let place = postgres.url();
    let place = place
        .split_once('@')
        .unwrap()
        .1
        .split_once('/')
        .unwrap()
        .0
        .to_owned();
    let wrong = format!("postgres://gac:s3cret@{place}/postgres");
    let is_in_force = async || PgConnection::connect(&wrong).await.err();
    until("the password is asked for", is_in_force).await;

    let told = refusal(&wrong).await;
    let what = format!("PostgreSQL at {place} does not let user \"gac\" in; correct user and ");
    assert!(
        told.contains(&what) && told.contains("password authentication failed"),
        "{told}"
    );
    let told = refusal(&format!("postgres://postgres:s3cret@{place}/nowhere")).await;
    let what = format!("PostgreSQL at {place} has no database \"nowhere\"; make it with createdb");
    assert!(told.contains(&what), "{told}");
}
