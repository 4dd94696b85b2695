//! Models that are missing or wrong.

use crate::{
    program::{Program, gac, lines_of},
    site::{PLATE_MODELS, SiteText, checkout, has_models, test_picture},
};
use std::path::Path;

fn site(folder: &Path, models: &str) {
    let site = SiteText::new(None).with(&format!("[models]\n{models}\n"));
    site.with(&test_picture("yard")).write(folder);
}

/// `gac run` ends with exit code 1 and one line, which has all these words.
async fn check_refused(folder: &Path, words: &[&str]) {
    let mut program = Program::start("run", folder);
    assert_eq!(program.ended().await, Some(1), "{:#?}", program.lines());
    let wrong: Vec<String> = program
        .lines()
        .into_iter()
        .filter(|line| !line.starts_with("console: "))
        .collect();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    for word in words {
        assert!(wrong[0].contains(word), "{word:?} is not in {:?}", wrong[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_model_is_told_with_the_command_that_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), "store = \"models\"");
    let store = folder.path().join("models");
    let words = format!(
        "no model for vehicle-detect is installed in {}",
        store.display()
    );
    check_refused(
        folder.path(),
        &["gac: loading models from ", &words, "run `gac models pull`"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_model_is_told_with_both_hashes_and_never_loaded() {
    if !has_models(&PLATE_MODELS[..1]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), "store = \"models\"");
    let store = folder.path().join("models");
    std::fs::create_dir(&store).unwrap();
    for model in crate::kept::files(&checkout().join("third_party/models"), ".onnx") {
        // One bit of each is wrong.
        let mut bytes = std::fs::read(&model).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(store.join(model.file_name().unwrap()), bytes).unwrap();
    }
    let words = [
        ".onnx has SHA-256 ",
        " where the catalogue says ",
        "run `gac models pull`",
    ];
    check_refused(folder.path(), &words).await;
    let verified = gac(&["models", "--store", store.to_str().unwrap(), "verify"]);
    let lines = lines_of(&verified);
    assert_eq!(verified.status.code(), Some(1));
    let is_wrong = |line: &String| line.starts_with("WRONG ") && line.contains(words[0]);
    // What is built into the program is not taken from the folder.
    let (built_in, of_files): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line.starts_with("good "));
    assert_eq!(
        built_in,
        ["good     plate-detector", "good     plate-reader"]
    );
    assert!(
        !of_files.is_empty() && of_files.into_iter().all(is_wrong),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_runtime_is_told_with_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), "runtime = \"nothing.so\"");
    let tried = format!(
        "tried {} (no such file)",
        folder.path().join("nothing.so").display()
    );
    check_refused(folder.path(), &["ONNX Runtime (libonnxruntime.so", &tried]).await;
}

#[test]
fn an_unknown_task_is_told_with_those_there_are() {
    let output = gac(&["models", "pull", "--offline", "--task", "plate-raed"]);
    let lines = lines_of(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].starts_with("gac: there is no task \"plate-raed\"; write one of: "),
        "{lines:#?}"
    );
    assert!(lines[0].contains("plate-read"), "{lines:#?}");
}

#[test]
fn a_mirror_without_the_files_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let (mirror, store) = (folder.path().join("mirror"), folder.path().join("store"));
    std::fs::create_dir(&mirror).unwrap();
    // A file of the right name with the wrong content.
    std::fs::write(mirror.join("picodet_s_416_coco.onnx"), "not a model").unwrap();
    let output = gac(&[
        "models",
        "--store",
        store.to_str().unwrap(),
        "pull",
        "--offline",
        "--task",
        "vehicle-detect",
        "--mirror",
        mirror.to_str().unwrap(),
    ]);
    let lines = lines_of(&output);
    assert_eq!(output.status.code(), Some(1), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.contains("none can be had")),
        "{lines:#?}"
    );
    assert_eq!(
        crate::kept::files(&store, ""),
        Vec::<std::path::PathBuf>::new()
    );
}

/// Our plate reader is built in; the others are only to compare with, so that they cannot be had is
/// said and is no failure.
#[test]
fn models_to_compare_with_are_asked_for_and_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().to_str().unwrap();
    let arguments = [
        "models",
        "--store",
        store,
        "pull",
        "--offline",
        "--task",
        "plate-read",
    ];
    let output = gac(&arguments);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines_of(&output), ["plate-read      plate-reader"]);
    let output = gac(&[&arguments[..], &["--all"]].concat());
    let lines = lines_of(&output);
    assert_eq!(output.status.code(), Some(0), "{lines:#?}");
    assert_eq!(lines[0], "plate-read      plate-reader");
    let names = |id: &str| {
        lines
            .iter()
            .any(|line| line.contains(&format!("not {id}: ")))
    };
    assert!(
        names("plate-cct-xs-v1") && names("plate-cct-xs-v2"),
        "{lines:#?}"
    );
}
