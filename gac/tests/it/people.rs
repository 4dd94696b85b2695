//! Enrolment, withdrawal and corrections as people do them, on a site that runs; and what is left
//! of whom in its files.

use crate::{
    program::{Program, free_port, gac, get_json, lines_of, until},
    site::{SiteText, checkout, has_models},
    spy::{Kind, Spy},
};
use domain::{BoxInImage, Embedding, Frame, Timestamp};
use gac::detector::start_runtime;
use image::{RgbImage, imageops};
use models::{Analyzers, Catalog, Store, Task, face_quality::only_face};
use pipeline::gallery::Traces;
use serde_json::Value;
use service::keys::CommandVerifier;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
};

const FACE_MODELS: [&str; 3] = ["face-detect", "face-embed", "face-liveness"];

/// Of the labelled pairs: one person on many photos, and another one.
const HER: [u32; 4] = [1, 2, 4, 6];
const STRANGER: [u32; 3] = [13, 14, 15];

/// A site with a door, and photos of two people in frames of one size.
struct Door {
    folder: tempfile::TempDir,
}

impl Door {
    /// `None` and one line where models or photos are absent.
    fn new() -> Option<Self> {
        let photos = checkout().join("../shared/data/images/deepface-pairs");
        if !photos.is_dir() {
            println!("skipped: {} is not there", photos.display());
            return None;
        }
        if !has_models(&FACE_MODELS) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("camera")).unwrap();
        for number in HER.into_iter().chain(STRANGER) {
            let photo = image::open(photos.join(format!("img{number}.jpg"))).unwrap();
            // No larger than what is analysed, so that the camera's frames have these very pixels.
            let photo = photo.resize(700, 700, imageops::FilterType::Triangle);
            let mut canvas = RgbImage::from_pixel(700, 700, image::Rgb([100; 3]));
            imageops::replace(&mut canvas, &photo.to_rgb8(), 0, 0);
            canvas
                .save(folder.path().join(format!("{number}.png")))
                .unwrap();
        }
        let door = Self { folder };
        // At the door: she, nobody, the stranger, nobody, again and again.
        RgbImage::from_pixel(700, 700, image::Rgb([100; 3]))
            .save(door.photo(0))
            .unwrap();
        let frames = [(HER[0], 16), (0, 24), (STRANGER[1], 24), (0, 24)];
        let frames = frames.iter().flat_map(|(number, n)| vec![*number; *n]);
        for (n, number) in frames.enumerate() {
            let frame = door.path(&format!("camera/{n:02}.png"));
            fs::hard_link(door.photo(number), frame).unwrap();
        }
        door.write("");
        Some(door)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn photo(&self, number: u32) -> PathBuf {
        self.path(&format!("{number}.png"))
    }

    fn write(&self, more: &str) {
        let camera = "[[camera]]\nid = \"door\"\nsource = { pictures = \"camera\", fps = 8, \
                      repeat = true }\ntasks = [\"faces\"]\nmotion_gate = false\n\n\
                      [[gate]]\nid = \"door\"\ncamera = \"door\"\nfactor = \"face\"\n\
                      actuator = \"simulator\"\n\n";
        SiteText::new(None)
            .with(camera)
            .with(more)
            .write(self.folder.path());
    }

    /// `gac people COMMAND site.toml …`
    fn people(&self, command: &str, arguments: &[&str]) -> Output {
        let site = self.path("site.toml").display().to_string();
        gac(&[&["people", command, &site], arguments].concat())
    }

    fn enrol(&self, more: &[&str], pictures: &[PathBuf]) -> Output {
        let pictures: Vec<String> = pictures.iter().map(|p| p.display().to_string()).collect();
        let consent = [
            "--name",
            "Người Mẫu",
            "--notice",
            "door-2026-01",
            "--recorded-by",
            "front desk",
        ];
        let pictures = pictures.iter().map(String::as_str);
        let all: Vec<&str> = consent
            .into_iter()
            .chain(more.iter().copied())
            .chain(pictures)
            .collect();
        self.people("enrol", &all)
    }

    fn photos(&self, numbers: &[u32]) -> Vec<PathBuf> {
        numbers.iter().map(|number| self.photo(*number)).collect()
    }
}

/// The id in a line that says who was enrolled.
fn person_in(output: &Output) -> String {
    let lines = lines_of(output);
    assert!(output.status.success(), "{lines:#?}");
    let line = lines
        .iter()
        .find(|line| line.contains("enrolled per_"))
        .unwrap();
    let id = line
        .split_whitespace()
        .find(|word| word.starts_with("per_"));
    id.unwrap().to_owned()
}

#[track_caller]
fn is_refused(output: &Output, words: &[&str]) {
    let lines = lines_of(output);
    assert!(!output.status.success(), "{lines:#?}");
    for word in words {
        assert!(
            lines.iter().any(|line| line.contains(word)),
            "{word}: {lines:#?}"
        );
    }
}

/// The templates of these pictures, as the pipeline makes them.
fn templates(pictures: &[PathBuf]) -> Vec<Embedding> {
    let library = checkout().join("third_party/onnxruntime/libonnxruntime.so");
    let runtime = start_runtime(library.exists().then_some(library)).unwrap();
    let store = Store::new(&checkout().join("third_party/models"), Catalog::built_in());
    let tasks = [Task::FaceDetect, Task::FaceEmbed];
    let mut analyzer = Analyzers::new(&runtime, &store, &tasks)
        .unwrap()
        .analyzer()
        .unwrap();
    let mut template = |path: &PathBuf| {
        let rgb = image::open(path).unwrap().to_rgb8();
        let (width, height) = rgb.dimensions();
        let frame = Frame {
            camera: "a".parse().unwrap(),
            seq: 0,
            captured_at: Timestamp::EPOCH,
            width,
            height,
            rgb: Arc::from(rgb.into_raw()),
        };
        let whole = BoxInImage::new(0.0, 0.0, width as f32, height as f32);
        let faces = analyzer.detect_faces(&frame, whole).unwrap();
        let face = only_face(&faces).unwrap().clone();
        analyzer.embed_face(&frame, &face).unwrap().unwrap()
    };
    pictures.iter().map(&mut template).collect()
}

fn looks_for(templates: &[Embedding], state: &Path) -> u64 {
    let traces = Traces::of(templates);
    // The search finds what it should.
    let raw: Vec<u8> = templates[0]
        .expose()
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    assert!(0 < traces.count_in(&raw));
    let looked = traces.look_through(state).unwrap();
    println!("looked for {} patterns: {looked:?}", traces.n_patterns());
    assert!(3 < looked.n_files, "{looked:?}");
    looked.n_found
}

#[test]
fn pictures_that_are_not_good_enough_are_refused_with_reasons() {
    let Some(door) = Door::new() else { return };
    is_refused(
        &door.enrol(&[], &door.photos(&HER[..2])),
        &["3 to 5 pictures, not 2"],
    );
    let photo = image::open(door.photo(HER[1])).unwrap().to_rgb8();
    let blurred = door.path("blurred.png");
    imageops::blur(&photo, 8.0).save(&blurred).unwrap();
    let nobody = door.path("nobody.png");
    RgbImage::from_pixel(640, 480, image::Rgb([90; 3]))
        .save(&nobody)
        .unwrap();
    let mixed = [door.photo(HER[0]), blurred, nobody];
    let expected = [
        "1.png: đạt – good",
        "not sharp",
        "no face was found",
        "nobody was enrolled: 2 of 3",
    ];
    is_refused(&door.enrol(&[], &mixed), &expected);
    let two_people = door.photos(&[HER[0], HER[1], HER[2], STRANGER[1]]);
    is_refused(
        &door.enrol(&[], &two_people),
        &["14.png: không giống", "does not resemble", "1 of 4"],
    );
    let twice = door.photos(&[HER[0], HER[1], HER[0]]);
    is_refused(&door.enrol(&[], &twice), &["the same as picture 1"]);
    let list = lines_of(&door.people("list", &[]));
    assert_eq!(list.last().unwrap(), "0 people, 0 templates");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_comes_in_and_goes_out_while_the_site_runs_and_leaves_nothing() {
    let Some(door) = Door::new() else { return };
    let state = door.path("state");
    let mut program = Program::start_with(
        &["--log", "warn,gac=info,rumqttd=off", "run"],
        door.folder.path(),
    );
    program.says(&["running"]).await;
    let person = person_in(&door.enrol(&[], &door.photos(&HER)));
    program
        .says(&["the gallery was read again", "n_people=1"])
        .await;
    // The same person again under another id is asked about.
    is_refused(
        &door.enrol(&[], &door.photos(&HER[1..])),
        &[&format!("{person} is enrolled")],
    );
    let corrected = door.people(
        "not-this",
        &[&person, "--similarity", "0.5", "--recorded-by", "guard"],
    );
    let told = lines_of(&corrected);
    assert!(told[0].contains("matched from 0.55"), "{told:#?}");
    let withdrawn = door.people("withdraw", &[&person, "--recorded-by", "front desk"]);
    assert!(withdrawn.status.success(), "{:#?}", lines_of(&withdrawn));
    program
        .says(&["the gallery was read again", "n_people=0"])
        .await;
    let receipt = fs::read(state.join(format!("people/receipts/{person}.json"))).unwrap();
    let signed: Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(signed["receipt"]["n_templates_erased"], HER.len());
    assert_eq!(signed["receipt"]["n_traces_found"], 0);
    let text = String::from_utf8(receipt).unwrap();
    assert!(!text.contains("Người Mẫu"), "a receipt has no name");
    verifies(&signed, &text);
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.contains("Người Mẫu")),
        "{lines:#?}"
    );
    assert_eq!(looks_for(&templates(&door.photos(&HER)), &state), 0);
    let again = door.people("withdraw", &[&person, "--recorded-by", "front desk"]);
    is_refused(&again, &["is not enrolled"]);
}

/// The signature is over the receipt as it stands there, without the spaces of its layout.
fn verifies(signed: &Value, text: &str) {
    let inner = text.split_once("\"receipt\": ").unwrap().1;
    let inner = inner.split_once("\n  },").unwrap().0.to_owned() + "}";
    let compact: String = inner
        .lines()
        .map(|line| line.trim_start().replacen("\": ", "\":", 1))
        .collect();
    let of = |key: &str| signed[key].as_str().unwrap();
    let verifier = CommandVerifier::from_public_hex(of("public_key")).unwrap();
    let check =
        |bytes: &[u8]| verifier.verify_bytes("withdrawal", bytes, of("key_id"), of("signature"));
    check(compact.as_bytes()).unwrap();
    assert!(
        check(
            compact
                .replace("\"n_traces_found\":0", "\"n_traces_found\":1")
                .as_bytes()
        )
        .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_template_of_anybody_is_in_any_file_of_a_site_with_a_stranger_at_the_door() {
    let Some(door) = Door::new() else { return };
    let person = person_in(&door.enrol(&[], &door.photos(&HER)));
    door.write(&format!("[[registration]]\nperson = \"{person}\"\n"));
    let mut program = Program::start("run", door.folder.path());
    let address = program.address().await;
    // She was known by the very template that is looked for below, and somebody was not known.
    let passages = || {
        let all = get_json(&address, "/api/v1/passages").unwrap_or_default();
        all["passages"].as_array().cloned().unwrap_or_default()
    };
    until("she is known and the stranger is not", async || {
        let all = passages();
        let similarity = |one: &Value| {
            let first = &one["face"]["candidates"][0];
            (first["person"] == person.as_str() || first["person_id"] == person.as_str())
                .then(|| first["similarity"].as_f64())
                .flatten()
        };
        let is_she = all
            .iter()
            .any(|one| similarity(one).is_some_and(|s| 0.9999 <= s));
        let is_stranger = all
            .iter()
            .any(|one| one["face"].is_object() && similarity(one).is_none_or(|s| s < 0.4));
        (is_she && is_stranger).then_some(())
    })
    .await;
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    let state = door.path("state");
    for numbers in [&STRANGER[..], &HER[..]] {
        assert_eq!(looks_for(&templates(&door.photos(numbers)), &state), 0);
    }
}

/// How many files below the folder have these bytes.
fn n_files_with(folder: &Path, bytes: &[u8]) -> usize {
    let mut n = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            n += n_files_with(&path, bytes);
        } else if path.is_file() {
            let all = fs::read(&path).unwrap();
            n += usize::from(all.windows(bytes.len()).any(|window| window == bytes));
        }
    }
    n
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_list_is_off_and_when_it_is_on_the_guard_hears_assist_alone() {
    let Some(door) = Door::new() else { return };
    let site = door.path("site.toml").display().to_string();
    let watch = |command: &str, by: &str, more: &[&str]| {
        gac(&[&["watch-list", command, &site, "--by", by], more].concat())
    };
    is_refused(&watch("list", "An", &[]), &["this site has no watch-list"]);
    let port = free_port();
    door.write(&format!(
        "[broker]\nport = {port}\n\n[watch_list]\nenabled = true\n"
    ));
    let photos: Vec<String> = door
        .photos(&HER)
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut entry = vec!["--name", "Trần Văn Mẫu", "--reason", "order 12/2026"];
    entry.extend(photos.iter().map(String::as_str));
    let added = lines_of(&watch("add", "An", &entry));
    let line = added
        .iter()
        .find(|line| line.contains("waits for a second person"));
    let id = line
        .unwrap_or_else(|| panic!("{added:#?}"))
        .split_once(' ')
        .unwrap()
        .0
        .to_owned();
    is_refused(
        &watch("confirm", "an", &[&id]),
        &["a second person must confirm this"],
    );
    let confirmed = watch("confirm", "Bình", &[&id]);
    assert!(confirmed.status.success(), "{:#?}", lines_of(&confirmed));
    let spy = Spy::on(port);
    let program = Program::start("run", door.folder.path());
    spy.hears(Kind::Assist, 0).await;
    spy.hears(Kind::Verdict, 0).await;
    let alerts = lines_of(&watch("alerts", "Chi", &[]));
    assert!(
        alerts[0].contains(&id) && alerts[0].contains("not answered"),
        "{alerts:#?}"
    );
    for (by, says) in [
        ("Chi", "a second person must confirm it"),
        ("Dũng", "confirmed by two"),
    ] {
        let answered = lines_of(&watch("answer", by, &["1", "--confirm"]));
        assert!(answered[0].contains(says), "{answered:#?}");
    }
    let alerts = lines_of(&watch("alerts", "Dũng", &[]));
    assert!(
        alerts
            .iter()
            .any(|line| line.contains("Chi has read the alerts")),
        "{alerts:#?}"
    );
    nothing_is_said_of(
        &[&id, "Trần Văn Mẫu", "order 12/2026"],
        program,
        (&spy, &door),
    )
    .await;
}

/// Ends the program; of whom it looked for there is nothing on the bus, in the log or in a file.
async fn nothing_is_said_of(secrets: &[&str], program: Program, (spy, door): (&Spy, &Door)) {
    let (code, lines) = program.end().await;
    assert_eq!(code, Some(0), "{lines:#?}");
    let heard = spy.heard(|heard| format!("{:?}", heard.messages));
    for secret in secrets {
        assert!(!heard.contains(secret), "{secret} was said on the bus");
        assert!(
            !lines.iter().any(|line| line.contains(secret)),
            "{lines:#?}"
        );
        let state = door.path("state");
        assert_eq!(
            n_files_with(&state, secret.as_bytes()),
            0,
            "{secret} is in a file"
        );
    }
    assert_eq!(
        looks_for(&templates(&door.photos(&HER)), &door.path("state")),
        0
    );
}
