//! Pulling from a mirror, a repository and a server, with everything that can go wrong on the way.

use models::{
    Catalog, ModelError, Store, Task,
    catalog::{Check, PullEvent, PullOptions, PullOutcome, pull},
};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    thread,
};

const GOOD: &[u8] = b"weights";

fn model(id: &str, sources: &str) -> String {
    format!(
        r#"
        [[model]]
        id = "{id}"
        task = "plate-read"
        licence = "MIT"
        sha256 = "{}"
        n_bytes = {}
        decoder = "slots"
        input_px = [128, 64]
        score_min = 0.0
        accuracy = "none"
        ms_min = 1.0
        {sources}
        "#,
        sha256(GOOD),
        GOOD.len()
    )
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn catalog(models: &[(&str, String)], candidates: &[&[&str]]) -> Catalog {
    let mut text = String::new();
    for (id, sources) in models {
        text.push_str(&model(id, sources));
    }
    for ids in candidates {
        text.push_str(&format!(
            "[[candidate]]\ntask = \"plate-read\"\nmodels = {ids:?}\naccuracy = \"\"\n"
        ));
    }
    Catalog::parse(&text).unwrap()
}

fn source(kind: &str, key: &str, value: &str) -> String {
    format!("[[model.source]]\nkind = \"{kind}\"\n{key} = \"{value}\"\n")
}

fn run(catalog: &Catalog, options: &PullOptions) -> PullOutcome {
    let mut all = pull(catalog, options, &[Task::PlateRead], &mut |_| ());
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn options(dir: &Path) -> PullOptions {
    PullOptions {
        store_dir: dir.join("store"),
        allow_network: true,
        ..PullOptions::default()
    }
}

/// A server that answers one request with these bytes and closes.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        stream.write_all(&answer).unwrap();
    });
    format!("http://{address}/file.onnx")
}

fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// What pulling from a server that answers so gives; nothing may stay behind but the good file.
#[track_caller]
fn from_server(url: &str, expect: Result<(), &str>) {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(&[("a", source("url", "url", url))], &[&["a"]]);
    let options = options(dir.path());
    let outcome = run(&catalog, &options);
    let files: Vec<_> = fs::read_dir(&options.store_dir).unwrap().collect();
    match expect {
        Ok(()) => {
            assert_eq!(outcome.chosen, Some(vec!["a".to_owned()]), "{outcome:?}");
            assert_eq!(files.len(), 1);
        }
        Err(reason) => {
            assert_eq!(outcome.chosen, None);
            let said = &outcome.tried[0].1;
            assert!(said.contains(reason) && said.contains(url), "{said}");
            assert!(!said.contains('\n'), "{said}");
            assert!(files.is_empty(), "{files:?}");
        }
    }
}

#[test]
fn from_a_server() {
    from_server(&serve(answer("200 OK", 7, GOOD)), Ok(()));
    let wrong = serve(answer("200 OK", 7, b"wights!"));
    from_server(&wrong, Err("has SHA-256"));
    let missing = serve(answer("404 Not Found", 0, b""));
    from_server(&missing, Err("404"));
    let truncated = serve(answer("200 OK", 7, b"wei"));
    from_server(&truncated, Err("broke off after"));
    let long = serve(answer("200 OK", 9, b"weights++"));
    from_server(&long, Err("longer than the 7 bytes"));
    let short = serve(answer("200 OK", 3, b"wei"));
    from_server(&short, Err("has 3 bytes where 7"));
    let silly = serve(b"220 mail ready\r\n".to_vec());
    from_server(&silly, Err(""));
}

#[test]
fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file.onnx", listener.local_addr().unwrap());
    drop(listener);
    from_server(&url, Err("refused"));
    // The second model of the same host is not waited for.
    let dir = tempfile::tempdir().unwrap();
    let models = [
        ("a", source("url", "url", &url)),
        ("b", source("url", "url", &url)),
    ];
    let catalog = catalog(&models, &[&["a"], &["b"]]);
    let outcome = run(&catalog, &options(dir.path()));
    assert!(
        outcome.tried[1].1.contains("did not answer just now"),
        "{outcome:?}"
    );
}

#[test]
fn the_next_source_and_the_next_candidate_are_tried() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("wrong.onnx"), b"wights!").unwrap();
    fs::write(dir.path().join("right.onnx"), GOOD).unwrap();
    let a = source("mirror", "file", "wrong.onnx") + &source("repository", "path", "right.onnx");
    let b = source("mirror", "file", "absent.onnx");
    let catalog = catalog(&[("a", a), ("b", b)], &[&["a", "b"], &["b"], &["a"]]);
    let options = PullOptions {
        mirror: Some(dir.path().to_owned()),
        repository: Some(dir.path().to_owned()),
        ..options(dir.path())
    };
    let outcome = run(&catalog, &options);
    assert_eq!(outcome.chosen, Some(vec!["a".to_owned()]));
    let tried: Vec<_> = outcome.tried.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(tried, ["a", "b"], "a failed source is not asked again");
    let store = Store::new(&options.store_dir, catalog);
    assert_eq!(store.installed(Task::PlateRead).unwrap().models, ["a"]);
}

#[test]
fn without_network_or_mirror_the_reasons_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let sources = source("url", "url", "http://127.0.0.1:9/x")
        + &source("mirror", "file", "x")
        + &source("repository", "path", "x");
    let catalog = catalog(&[("a", sources)], &[&["a"]]);
    let options = PullOptions {
        allow_network: false,
        ..options(dir.path())
    };
    let outcome = run(&catalog, &options);
    let reasons: Vec<_> = outcome.tried.iter().map(|(_, why)| why.as_str()).collect();
    assert!(reasons[0].contains("the network is not to be used"));
    assert!(reasons[1].contains("no mirror folder is given"));
    assert!(reasons[2].contains("not in a checkout"));
}

#[test]
fn a_store_that_cannot_be_made_is_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("store"), b"a file").unwrap();
    let catalog = catalog(&[("a", source("mirror", "file", "x"))], &[&["a"]]);
    let outcome = run(&catalog, &options(dir.path()));
    assert_eq!(outcome.chosen, None);
    assert_eq!(outcome.tried[0].0, "plate-read");
}

#[test]
fn a_changed_file_is_named_never_loaded_and_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x"), GOOD).unwrap();
    let catalog = catalog(&[("a", source("mirror", "file", "x"))], &[&["a"]]);
    let options = PullOptions {
        mirror: Some(dir.path().to_owned()),
        ..options(dir.path())
    };
    let store = Store::new(&options.store_dir, catalog.clone());
    let model = catalog.model("a").unwrap();
    assert_eq!(store.verify()[0].check, Check::Absent);
    assert_eq!(run(&catalog, &options).tried, []);
    assert_eq!(store.verify()[0].check, Check::Good);
    assert_eq!(store.read(model).unwrap(), GOOD);

    fs::write(store.path(model), b"wights!").unwrap();
    let Check::Wrong(reason) = store.check(model) else {
        panic!("a changed file is wrong");
    };
    assert!(reason.contains("a.onnx") && reason.contains("gac models pull"));
    assert!(matches!(
        store.read(model),
        Err(ModelError::WrongHash { .. })
    ));
    let mut events = Vec::new();
    pull(&catalog, &options, &[Task::PlateRead], &mut |event| {
        events.push(format!("{event:?}"));
    });
    assert!(events[0].starts_with("Trying"), "{events:?}");
    assert_eq!(store.check(model), Check::Good);
    let mut n_events = 0;
    pull(&catalog, &options, &[Task::PlateRead], &mut |event| {
        assert_eq!(event, PullEvent::Installed { model: "a" });
        n_events += 1;
    });
    assert_eq!(n_events, 1, "a good file is not fetched again");
}

#[test]
fn an_npm_package_in_the_mirror_is_checked_before_it_is_converted() {
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("package");
    fs::create_dir(&package).unwrap();
    fs::write(package.join("m.json"), b"{}").unwrap();
    fs::write(package.join("m.bin"), b"").unwrap();
    let archive = dir.path().join("some-thing-1.0.0.tgz");
    let tar = std::process::Command::new("tar")
        .arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(dir.path())
        .arg("package")
        .status()
        .unwrap();
    assert!(tar.success());
    let npm = |sha_json: &str| {
        format!(
            "[[model.source]]\nkind = \"npm\"\npackage = \"@some/thing@1.0.0\"\n\
             converter = \"graph\"\nfiles = [\n\
             {{ path = \"m.json\", sha256 = \"{sha_json}\" }},\n\
             {{ path = \"m.bin\", sha256 = \"{}\" }},\n]\n",
            sha256(b"")
        )
    };
    let options = PullOptions {
        mirror: Some(dir.path().to_owned()),
        allow_network: false,
        ..options(dir.path())
    };
    let wrong = catalog(&[("a", npm(&sha256(b"other")))], &[&["a"]]);
    let outcome = run(&wrong, &options);
    assert!(
        outcome.tried[0]
            .1
            .contains("m.json in @some/thing@1.0.0 has SHA-256"),
        "{outcome:?}"
    );
    let empty = catalog(&[("a", npm(&sha256(b"{}")))], &[&["a"]]);
    let outcome = run(&empty, &options);
    assert!(
        outcome.tried[0].1.starts_with("python3 failed:"),
        "{outcome:?}"
    );
    assert_eq!(fs::read_dir(&options.store_dir).unwrap().count(), 0);
}
