//! Our plate reader from its file to the read, with a network of a few numbers in its place: it
//! reads the same text everywhere, takes what is dark for no plate, and tells red from blue.

use crate::{
    data::{all_of, frame_of, runtime},
    onnx::{Graph, model},
};
use domain::{BoxInImage, Frame, PlateColour, PlateDetection, RowRead};
use models::{
    Analyzer, Analyzers, Catalog, ModelError, Runtime, Store, Task,
    catalog::{Check, PullOptions, pull},
};
use std::path::Path;

const PATH: &str = "models/weights/x.onnx";

fn weights() -> Vec<u8> {
    let mut graph = Graph::default();
    graph.node("GlobalAveragePool", &["plates"], "mean");
    graph.node("Flatten", &["mean"], "rgb");
    for (name, text) in [("first", "4 3 A"), ("last", "0 0 0 0 1")] {
        let mut columns = vec![0.0; 48 * 38];
        let padded = text.chars().chain(std::iter::repeat(' '));
        for (column, c) in columns.chunks_exact_mut(38).zip(padded) {
            let class = match c {
                ' ' => 0,
                'A' => 11,
                digit => 1 + digit.to_digit(10).unwrap() as usize,
            };
            column[class] = 12.0;
        }
        let [flat, shape, logits] =
            ["flat", "shape", "logits"].map(|part| format!("{name}_{part}"));
        graph.linear("rgb", &vec![0.0; 3 * columns.len()], &columns, &flat);
        graph.ints(&shape, &[-1, 48, 38]);
        graph.node("Reshape", &[&flat, &shape], &logits);
        graph.node("Softmax", &[&logits], name);
    }
    let bright = [
        0.0, 0.1, 0.0, -0.1, 0.0, 0.1, 0.0, -0.1, 0.0, 0.1, 0.0, -0.1,
    ];
    graph.linear("rgb", &bright, &[0.0, -10.0, 0.0, 10.0], "kind_logits");
    graph.node("Softmax", &["kind_logits"], "kind");
    let hue = [
        0.0, 0.0, -0.1, 0.2, 0.0, 0.0, -0.1, -0.1, 0.0, 0.0, 0.2, -0.1,
    ];
    graph.linear("rgb", &hue, &[0.0; 4], "colour_logits");
    graph.node("Softmax", &["colour_logits"], "colour");
    let outputs = [
        ("first", &[48, 38][..]),
        ("last", &[48, 38]),
        ("kind", &[4]),
        ("colour", &[4]),
    ];
    model(&graph, ("plates", &[3, 64, 192]), &outputs)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two models from the same weights, of which only the first is read by its own decoder.
fn store(weights: &[u8]) -> Store {
    let model = |id: &str, decoder: &str| {
        format!(
            r#"
            [[model]]
            id = "{id}"
            task = "plate-read"
            licence = "Apache-2.0"
            sha256 = "{}"
            n_bytes = {}
            decoder = "{decoder}"
            input_px = [192, 64]
            score_min = 0.5
            accuracy = "none"
            ms_min = 1.0
            [[model.source]]
            kind = "repository"
            path = "{PATH}"
            [[candidate]]
            task = "plate-read"
            models = ["{id}"]
            accuracy = "none"
            "#,
            sha256(weights),
            weights.len(),
        )
    };
    let text = model("ours", "plate-rows") + &model("other", "slots");
    Store::new(Path::new("/nowhere"), Catalog::parse(&text).unwrap())
}

fn analyzer(runtime: &Runtime) -> Analyzer {
    let weights = weights();
    let store = store(&weights).with_weights(PATH, weights);
    Analyzer::load(runtime, &store, &[Task::PlateRead]).unwrap()
}

fn plate(x: f32) -> PlateDetection {
    PlateDetection {
        bounds: BoxInImage::new(x, 10.0, x + 40.0, 40.0),
        corners: None,
        score: 0.5,
    }
}

/// Red from 0, blue from 100, black from 200.
fn three_grounds() -> Frame {
    let ground = |x: usize| match x / 100 {
        0 => [220, 30, 40],
        1 => [30, 40, 220],
        _ => [8, 8, 8],
    };
    let rgb = (0..300 * 60).flat_map(|index| ground(index % 300));
    frame_of(300, 60, rgb.collect())
}

#[test]
fn rows_and_colour_are_the_models() {
    let Some(runtime) = runtime() else {
        return;
    };
    let mut analyzer = analyzer(&runtime);
    let frame = three_grounds();
    let plates = [plate(30.0), plate(130.0), plate(230.0), plate(900.0)];
    let reads = analyzer.read_plates(&frame, &plates).unwrap();
    for (index, colour) in [PlateColour::Red, PlateColour::Blue]
        .into_iter()
        .enumerate()
    {
        let read = reads[index].as_ref().unwrap();
        let texts: Vec<String> = read.rows.iter().map(RowRead::text).collect();
        assert_eq!(texts, ["43A", "00001"]);
        assert_eq!(read.colour, colour);
        assert_eq!(read.bounds, plates[index].bounds);
        assert!((0.99..1.0).contains(&read.score()), "{}", read.score());
    }
    assert_eq!(reads[2..], [None, None], "a dark one, and one outside");
}

#[test]
fn boxes_of_every_size_are_read_at_once() {
    let Some(runtime) = runtime() else {
        return;
    };
    let mut analyzer = analyzer(&runtime);
    let frame = three_grounds();
    let mut plates = vec![plate(30.0); 40];
    plates[3].bounds = BoxInImage::new(f32::NAN, 0.0, 1.0, 1.0);
    plates[4].bounds = BoxInImage::new(-1e9, -1e9, 1e9, 1e9);
    plates[5].bounds = BoxInImage::new(20.0, 20.0, 20.0, 20.0);
    plates[6].bounds = BoxInImage::new(90.0, 30.0, 10.0, 10.0);
    let reads = analyzer.read_plates(&frame, &plates).unwrap();
    assert_eq!(reads.len(), 40);
    let no_read: Vec<usize> = (0..40).filter(|index| reads[*index].is_none()).collect();
    assert_eq!(no_read, [3, 5, 6], "a box beyond the picture is cut to it");
    // 8K, all plate.
    let huge = frame_of(7680, 4320, vec![200; 7680 * 4320 * 3]);
    let whole = PlateDetection {
        bounds: all_of(&huge),
        ..plate(0.0)
    };
    assert!(analyzer.read_plate(&huge, &whole).unwrap().is_some());
}

/// Weights in memory need no file; others than the catalogue names are as if they were not there.
#[test]
fn weights_that_are_built_in_are_installed() {
    let weights = weights();
    let with = store(&weights).with_weights(PATH, weights.clone());
    let candidate = with.installed(Task::PlateRead).unwrap();
    assert_eq!(candidate.models, ["ours"]);
    let model = with.catalog().model("ours").unwrap();
    assert_eq!(with.check(model), Check::Good);
    assert_eq!(with.read(model).unwrap(), weights);
    for without in [
        store(&weights),
        store(&weights).with_weights(PATH, b"wights!".to_vec()),
        store(&weights).with_weights("models/weights/other.onnx", weights.clone()),
    ] {
        assert_eq!(without.installed(Task::PlateRead), None);
        assert_eq!(without.check(model), Check::Absent);
        assert!(matches!(without.read(model), Err(ModelError::Read { .. })));
    }
}

/// From a checkout the same source fills a store.
#[test]
fn weights_of_a_checkout_can_be_pulled() {
    let (weights, dir) = (weights(), tempfile::tempdir().unwrap());
    let file = dir.path().join(PATH);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &weights).unwrap();
    let catalog = store(&weights).catalog().clone();
    let options = PullOptions {
        store_dir: dir.path().join("store"),
        repository: Some(dir.path().to_owned()),
        ..PullOptions::default()
    };
    let outcomes = pull(&catalog, &options, &[Task::PlateRead], &mut |_| ());
    assert_eq!(outcomes[0].chosen, Some(vec!["ours".to_owned()]));
}

#[test]
fn our_reader_is_used_alone() {
    let Some(runtime) = runtime() else {
        return;
    };
    let weights = weights();
    let store = store(&weights).with_weights(PATH, weights);
    let with = |ids: &[&str]| {
        let analyzers = Analyzers::with_models(&runtime, &store, ids).unwrap();
        analyzers.analyzer().map(|mut analyzer| {
            let read = analyzer.read_plate(&three_grounds(), &plate(30.0));
            read.unwrap().unwrap().rows.len()
        })
    };
    assert_eq!(with(&["ours", "other"]).unwrap(), 2);
    // Under another decoder the same file is refused when it is loaded.
    let error = with(&["other"]).err();
    assert!(
        matches!(error, Some(ModelError::WarmUp { .. })),
        "{error:?}"
    );
}
