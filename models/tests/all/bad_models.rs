//! Models that are absent, wrong, or no models.

use crate::data;
use models::{Analyzers, Catalog, ModelError, Runtime, RuntimeSearch, Session, Store, Task};
use std::{fs, path::PathBuf};

/// A catalogue with one plate reader whose file has these bytes, already in a store.
fn installed(bytes: &[u8], decoder: &str) -> (Store, tempfile::TempDir) {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let task = match decoder {
        "slots" | "plate-rows" => "plate-read",
        "mobilefacenet" => "face-embed",
        "minifasnet" => "face-liveness",
        "yunet" => "face-detect",
        _ => "vehicle-detect",
    };
    let text = format!(
        r#"
        [[model]]
        id = "m"
        task = "{task}"
        licence = "MIT"
        sha256 = "{sha256}"
        n_bytes = {}
        decoder = "{decoder}"
        input_px = [128, 64]
        score_min = 0.0
        accuracy = "none"
        ms_min = 1.0
        [[candidate]]
        task = "{task}"
        models = ["m"]
        accuracy = "none"
        "#,
        bytes.len()
    );
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("m.onnx"), bytes).unwrap();
    (Store::new(dir.path(), Catalog::parse(&text).unwrap()), dir)
}

#[test]
fn an_absent_library_names_every_place() {
    let search = RuntimeSearch {
        explicit: Some(PathBuf::from("/nowhere/libonnxruntime.so")),
        ..RuntimeSearch::default()
    };
    // Where another test of this process has started the runtime, it is there whatever is searched.
    if let Err(error) = Runtime::start(&search) {
        let said = error.to_string();
        assert!(
            said.contains("/nowhere/libonnxruntime.so (no such file)"),
            "{said}"
        );
    }
}

#[test]
fn a_task_without_a_model_names_the_command() {
    let Some(runtime) = data::runtime() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), Catalog::built_in());
    let error = Analyzers::new(&runtime, &store, &[Task::FaceEmbed])
        .err()
        .unwrap();
    let said = error.to_string();
    assert!(said.contains("no model for face-embed"), "{said}");
    assert!(said.contains("gac models pull"), "{said}");
}

#[test]
fn a_wrong_hash_is_never_loaded() {
    let Some(runtime) = data::runtime() else {
        return;
    };
    let (store, dir) = installed(b"weights", "slots");
    fs::write(dir.path().join("m.onnx"), b"wights!").unwrap();
    let error = Analyzers::new(&runtime, &store, &[Task::PlateRead]).err();
    assert!(
        matches!(error, Some(ModelError::WrongHash { .. })),
        "{error:?}"
    );
}

#[test]
fn right_hash_and_no_model_is_an_error() {
    let Some(runtime) = data::runtime() else {
        return;
    };
    for bytes in [
        &b"<html>not a model</html>"[..],
        b"",
        &[0; 1000],
        &[0xff; 1000],
    ] {
        let (store, _dir) = installed(bytes, "slots");
        let analyzers = Analyzers::new(&runtime, &store, &[Task::PlateRead]).unwrap();
        let error = analyzers.analyzer().err();
        assert!(matches!(error, Some(ModelError::Load { .. })), "{error:?}");
        assert!(!error.unwrap().to_string().contains('\n'));
    }
}

/// A real model under a decoder that is not its own: it loads, and the first run shows it.
#[test]
fn another_model_than_the_decoder_expects_is_found_at_load() {
    let (Some(runtime), Some(mirror)) = (data::runtime(), data::shared("models")) else {
        return;
    };
    let bytes = fs::read(mirror.join("2.7_80x80_MiniFASNetV2.onnx")).unwrap();
    for decoder in [
        "slots",
        "plate-rows",
        "yunet",
        "picodet",
        "yolox",
        "centernet",
        "mobilefacenet",
        "minifasnet",
    ] {
        let (store, _dir) = installed(&bytes, decoder);
        let task = store.catalog().models[0].task;
        let analyzers = Analyzers::new(&runtime, &store, &[task]).unwrap();
        let error = analyzers.analyzer().err();
        assert!(
            matches!(error, Some(ModelError::WarmUp { .. })),
            "{decoder}: {error:?}"
        );
    }
}

#[test]
fn a_frame_that_is_none_and_a_task_that_is_not_loaded_are_errors() {
    let Some(mut analyzer) = data::analyzer(&["plate-cct-xs-v1"]) else {
        return;
    };
    let broken = data::frame_of(10, 10, vec![0; 12]);
    assert!(analyzer.read_plates(&broken, &[]).is_err());
    let frame = data::frame_of(2, 2, vec![0; 12]);
    assert_eq!(analyzer.read_plates(&frame, &[]), Ok(vec![]));
    assert!(analyzer.detect_objects(&frame).is_err());
    assert!(analyzer.can(Task::PlateRead) && !analyzer.can(Task::VehicleDetect));
}

#[test]
fn sessions_can_move_to_their_thread() {
    fn is_send<T: Send>() {}
    is_send::<Session>();
    is_send::<models::Analyzer>();
    is_send::<Analyzers>();
}
