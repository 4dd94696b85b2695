//! `gac check`: every mistake in one line, with its place and what to write instead.

use crate::{
    program::{Program, gac, lines_of},
    servers::Mosquitto,
    site::{SiteText, test_picture},
};
use std::net::{Ipv4Addr, TcpListener};

const SITE: &str = "[site]\nid = \"a\"\nname = \"A\"\n";

/// What `gac check` says about a text, without the folder; and its exit code.
fn check(text: &[u8]) -> (Vec<String>, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    std::fs::write(&path, text).unwrap();
    let output = gac(&["check", path.to_str().unwrap()]);
    let prefix = format!("{}/", folder.path().display());
    let lines = lines_of(&output)
        .iter()
        .map(|line| line.replace(&prefix, ""))
        .collect();
    (lines, output.status.code())
}

/// Each text after the site's own four lines has exactly this mistake.
#[track_caller]
fn check_mistake(text: &str, expect: &str) {
    let (lines, code) = check(format!("{SITE}\n{text}\n").as_bytes());
    assert_eq!(lines, [expect], "{text}");
    assert_eq!(code, Some(1), "{text}");
}

const CAMERA: &str =
    "[[camera]]\nid = \"yard\"\nsource = { scene = \"gate\" }\ntasks = [\"vehicles\"]\n";

#[test]
fn unknown_and_mistyped_keys_and_words() {
    check_mistake(
        "[web]\nlisten_on = \"x\"",
        "site.toml:6:1: unknown field `listen_on`, expected one of `listen`, `allow_unauthenticated_network`, \
         `assets` (did you mean `listen`?)",
    );
    check_mistake(
        "[broker]\nprot = 1883",
        "site.toml:6:1: unknown field `prot`, expected one of `kind`, `host`, `port`, `user`, `password_file` \
         (did you mean `port`?)",
    );
    check_mistake(
        "[broker]\nkind = \"embeded\"",
        "site.toml:6:8: unknown variant `embeded`, expected `embedded` or `external` (did you mean `embedded`?)",
    );
    check_mistake(
        "[broker]\nport = 70000",
        "site.toml:6:8: invalid value: integer `70000`, expected u16",
    );
    check_mistake(
        "[[camera]]\nid = \"yard\"\nsource = { scene = \"gate\" }\ntasks = [\"plate\"]",
        "site.toml:8:10: unknown variant `plate`, expected one of `vehicles`, `people`, `plates`, `faces`, `qr` \
         (did you mean `plates`?)",
    );
    check_mistake(
        "[[camera]]\nid = \"yard\"\ntasks = []",
        "site.toml:5:1: missing field `source`",
    );
}

#[test]
fn what_is_no_site_file_at_all() {
    check_mistake("[broker", "site.toml:5:8: unclosed table, expected `]`");
    check_mistake(
        "x = \"",
        "site.toml:5:6: invalid basic string, expected `\"`",
    );
    let (lines, code) = check(b"[site]\nid = \"a\xff\"\n");
    assert_eq!(
        (lines, code),
        (vec!["site.toml:2:8: not UTF-8 text".to_owned()], Some(1))
    );
    let output = gac(&["check", "/nowhere/site.toml"]);
    assert_eq!(
        lines_of(&output),
        ["/nowhere/site.toml: there is no such file"]
    );
    assert_eq!(output.status.code(), Some(1));
    let output = gac(&["run", "/nowhere/site.toml"]);
    assert_eq!(
        lines_of(&output),
        ["gac: /nowhere/site.toml: there is no such file"]
    );
    assert_eq!(output.status.code(), Some(1));
    // A wrong command line is another kind of mistake.
    assert_eq!(gac(&["chek", "site.toml"]).status.code(), Some(2));
}

#[test]
fn values_that_mean_nothing() {
    check_mistake(
        "[web]\nlisten = \"localhost\"",
        "site.toml:6:10: \"localhost\" is no address and port; \
         write for example \"127.0.0.1:8080\"",
    );
    check_mistake(
        &format!("{CAMERA}fps_max = 0"),
        "site.toml:9:11: fps_max is out of range; write 0.1 to 60",
    );
    check_mistake(
        &format!("{CAMERA}{CAMERA}"),
        "site.toml:10:6: camera \"yard\" is there twice; give each its own id",
    );
    check_mistake(
        "[[camera]]\nid = \"Cổng\"\nsource = { scene = \"gate\" }\ntasks = [\"vehicles\"]",
        "site.toml:6:6: camera id \"Cổng\" is no slug; write 1 to 32 of a-z, 0-9 and -",
    );
    check_mistake(
        "[[camera]]\nid = \"yard\"\nsource = { scene = \"gat\" }\ntasks = [\"vehicles\"]",
        "site.toml:7:10: there is no scene \"gat\"; write one of: gate, junction, door, exit, car-park, entrance, pass",
    );
    check_mistake(
        "[[camera]]\nid = \"yard\"\nsource = { rtsp = \"rtsp://a/b\", launch = \"x\" }\ntasks = [\"people\"]",
        "site.toml:7:10: camera \"yard\" has 2 sources; name exactly one of file, pictures, rtsp, launch and scene",
    );
    check_mistake(
        &format!("{CAMERA}[[gate]]\nid = \"g\"\ncamera = \"yart\"\nfactor = \"plate\""),
        "site.toml:11:10: there is no camera \"yart\"; write one of: yard",
    );
    check_mistake(
        &format!("{CAMERA}[[gate]]\nid = \"g\"\ncamera = \"yard\"\nfactor = \"plate\""),
        "site.toml:11:10: camera \"yard\" does not look for plates; add \"plates\" to its tasks",
    );
}

#[test]
fn plates_with_strange_characters() {
    let cases = [
        ("51G\u{202e}-123.45", "'\\u{202e}' (U+202E)"),
        ("５１G-123.45", "'５' (U+FF15)"),
        ("51Ğ-123.45", "'Ğ' (U+011E)"),
        ("51\u{41e}-123.45", "'О' (U+041E)"),
        ("😀", "'😀' (U+1F600)"),
    ];
    for (plate, what) in cases {
        check_mistake(
            &format!("[[registration]]\nplate = \"{plate}\""),
            &format!(
                "site.toml:6:9: {what} is not a character of a plate; write it as printed, \"30F-256.58\""
            ),
        );
    }
    check_mistake(
        "[[registration]]\nplate = \"\"",
        "site.toml:6:9: a plate has 4 to 11 letters and digits, not 0; write it as printed, \"30F-256.58\"",
    );
}

#[test]
fn several_mistakes_have_a_line_each_and_run_says_the_same() {
    let text = "[site]\nid = \"Ổ\"\nname = \"A\"\ntimezone = \"Asia/Hanoi\"\n";
    let expect = [
        "site.toml:2:6: site id \"Ổ\" is no slug; write 1 to 32 of a-z, 0-9 and -",
        "site.toml:4:12: time zone \"Asia/Hanoi\" is not known; \
         write an IANA name such as \"Asia/Ho_Chi_Minh\"",
    ];
    assert_eq!(
        check(text.as_bytes()),
        (expect.map(str::to_owned).to_vec(), Some(1))
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    std::fs::write(&path, text).unwrap();
    let folder_path = folder.path().display();
    for command in ["run", "pipeline", "gate", "api"] {
        let output = gac(&[command, path.to_str().unwrap()]);
        let refused = format!("gac: {} was not accepted", path.display());
        let expect = [
            format!("{folder_path}/{}", expect[0]),
            format!("{folder_path}/{}", expect[1]),
            refused,
        ];
        assert_eq!(lines_of(&output), expect, "{command}");
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
}

#[test]
fn a_right_file_and_one_with_warnings_only_are_accepted() {
    let (lines, code) = check(format!("{SITE}{CAMERA}").as_bytes());
    assert_eq!(
        lines,
        ["site.toml: right: 1 cameras, 0 gates, 0 registrations"]
    );
    assert_eq!(code, Some(0));
    let text = format!(
        "{SITE}[[camera]]\nid = \"c\"\nsource = {{ file = \"a.mp4\" }}\ntasks = [\"people\"]\n"
    );
    let (lines, code) = check(text.as_bytes());
    assert_eq!(lines, ["site.toml:6:20: warning: there is no a.mp4"]);
    assert_eq!(code, Some(0));
}

/// `gac COMMAND` ends with exit code 1 and just one line, which has all these words.
async fn check_refused(command: &str, site: SiteText, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    site.write(folder.path());
    let mut program = Program::start(command, folder.path());
    assert_eq!(program.ended().await, Some(1), "{:#?}", program.lines());
    let lines = program.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for word in words {
        assert!(lines[0].contains(word), "{word:?} is not in {:?}", lines[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_need_a_broker_elsewhere() {
    for command in ["pipeline", "gate", "api"] {
        check_refused(
            command,
            SiteText::new(None).with(&test_picture("yard")),
            &[
                "gac: the embedded broker serves `gac run` only; ",
                "write kind = \"external\", host and port under [broker]",
            ],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_stays_on_this_machine_unless_it_is_told_otherwise() {
    let mut site = SiteText::new(Some(1));
    site.0 = site.0.replace("127.0.0.1:0", "0.0.0.0:0");
    check_refused(
        "api",
        SiteText(site.0.clone()),
        &[
            "gac: refusing to listen on 0.0.0.0:0: there is no login",
            "listen on 127.0.0.1, or set allow_unauthenticated_network = true",
        ],
    )
    .await;
    site.0 = site
        .0
        .replace("[web]\n", "[web]\nallow_unauthenticated_network = true\n");
    let folder = tempfile::tempdir().unwrap();
    site.write(folder.path());
    let mut program = Program::start("api", folder.path());
    program.says(&["console: http://0.0.0.0:"]).await;
    assert_eq!(program.end().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_that_somebody_has() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut site = SiteText::new(Some(1));
    site.0 = site.0.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    check_refused(
        "api",
        site,
        &[
            &format!("gac: cannot listen on 127.0.0.1:{port}: "),
            "choose another",
            "in use",
        ],
    )
    .await;
    let Some(mosquitto) = Mosquitto::start("allow_anonymous true\n").await else {
        return;
    };
    let port = mosquitto.port;
    check_refused(
        "run",
        SiteText::new(None).with(&format!("[broker]\nport = {port}")),
        &[&format!(
            "gac: port {port} on 127.0.0.1 is already in use: set another `port` under `[broker]`"
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_same_state_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let gate = "[[gate]]\nid = \"gate-1\"\ncamera = \"yard\"\nfactor = \"plate\"\n";
    let camera = test_picture("yard").replace("[\"vehicles\"]", "[\"vehicles\", \"plates\"]");
    SiteText::new(Some(1))
        .with(&camera)
        .with(gate)
        .write(folder.path());
    let mut first = Program::start("gate", folder.path());
    first.says(&["running;"]).await;
    let mut second = Program::start("gate", folder.path());
    assert_eq!(second.ended().await, Some(1), "{:#?}", second.lines());
    let line = second.line_with(&[
        "gac: starting gate gate-1: ",
        " is in use by another program",
    ]);
    assert!(line.is_some(), "{:#?}", second.lines());
    assert_eq!(first.end().await.0, Some(0));
}
