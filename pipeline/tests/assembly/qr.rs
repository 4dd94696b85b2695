//! QR codes from the camera to what is said: drawn, coded as H.264, shown and taken away.

use super::{plan, run, setup};
use domain::{Assurance, DocumentKind, DocumentRead, PassId, Timestamp};
use image::{GrayImage, Luma};
use pipeline::{Output, Plan, QrPlan, Tasks};
use qrcode::{Color, EcLevel, QrCode};
use service::{
    documents::{DocumentTexts, HolderKeys},
    keys::{CommandVerifier, SigningKeyFile},
    pass::{Pass, sign},
};
use source::{SceneRenderer, SourceSpec};
use std::sync::Arc;

const SIZE: (u32, u32) = (1280, 720);
const PASS: PassId = PassId(0x0193_0000_0000_7000_8000_0000_0000_0007);

/// Nobody has this number or name.
const CARD: &str = "001090123456||NGUYỄN VĂN MẪU|01011990|Nam|Xã Mẫu, Hà Nội|15042021";

/// A site's keys, and a pass that they signed.
fn site() -> (DocumentTexts, String) {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKeyFile::load_or_create(&folder.path().join("pass")).unwrap();
    let texts = DocumentTexts {
        site: "park-1".parse().unwrap(),
        holders: HolderKeys::load_or_create(&folder.path().join("holder")).unwrap(),
        passes: CommandVerifier::from_public(&key.public()).unwrap(),
    };
    let pass = Pass {
        id: PASS,
        valid_from: Timestamp::from_millis(1_795_246_370_000),
        valid_until: Timestamp::from_millis(1_795_332_770_000),
        uses_max: Some(1),
        plate: None,
    };
    let token = sign(&key, &texts.site, &pass).unwrap();
    (texts, token)
}

fn reading_plan(texts: DocumentTexts, gates: &[&str]) -> Plan {
    Plan {
        tasks: Tasks::default(),
        lines: Vec::new(),
        stop_line: None,
        qr: Some(QrPlan {
            gates: gates.iter().map(|gate| gate.parse().unwrap()).collect(),
            region: None,
            texts: Arc::new(texts),
        }),
        ..plan("lane-1", true)
    }
}

fn documents(said: Vec<Output>) -> Vec<DocumentRead> {
    let document = |output| match output {
        Output::Document(read) => Some(read),
        _ => None,
    };
    said.into_iter().filter_map(document).collect()
}

/// Grey, with a code in the middle: four pixels a module.
fn picture(text: &str) -> GrayImage {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).unwrap();
    let (n, colors) = (code.width() as i64, code.to_colors());
    GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (u, v) = (
            (i64::from(x) - 500).div_euclid(4),
            (i64::from(y) - 250).div_euclid(4),
        );
        let is_in = |q: i64| (0..n).contains(&q);
        let is_on = |q: i64| (-4..n + 4).contains(&q);
        Luma([match () {
            () if !is_on(u) || !is_on(v) => 110,
            () if is_in(u) && is_in(v) && colors[(v * n + u) as usize] == Color::Dark => 30,
            () => 220,
        }])
    })
}

#[test]
fn a_coded_stream_is_read_and_each_gate_is_told_once() {
    for (is_pass, assurance) in [(true, Assurance::Pass), (false, Assurance::QrText)] {
        let (texts, token) = site();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lane.png");
        let text = if is_pass { &token } else { CARD };
        picture(text).save(&path).unwrap();
        let text = format!(
            "filesrc location={} ! pngdec ! imagefreeze num-buffers=30 ! videoconvert ! \
             video/x-raw,format=I420,framerate=10/1 ! \
             x264enc bitrate=1000 tune=zerolatency speed-preset=veryfast ! h264parse ! \
             avdec_h264 ! videoconvert",
            path.display()
        );
        let mut plan = reading_plan(texts, &["lane-1", "lane-2"]);
        plan.motion_gate = false;
        let (said, _folder) = run(vec![setup(plan, SourceSpec::Launch { text })]);
        let told = documents(said);
        let gates: Vec<&str> = told.iter().map(|read| read.gate.as_str()).collect();
        assert_eq!(gates, ["lane-1", "lane-2"]);
        assert_ne!(told[0].id, told[1].id);
        assert!(told.iter().all(|read| read.assurance == assurance));
        match &told[0].kind {
            DocumentKind::Pass { pass, is_genuine } => assert!(*pass == PASS && *is_genuine),
            DocumentKind::CitizenCard { masked, .. } => assert_eq!(masked, "001•••••3456"),
        }
    }
}

/// A pass is held up, taken away, and held up again after `pause` frames; ten frames are a second.
struct HeldTwice {
    shown: Vec<u8>,
    pause: u64,
}

impl SceneRenderer for HeldTwice {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn fps(&self) -> f64 {
        10.0
    }

    fn n_frames(&self) -> u64 {
        self.pause + 50
    }

    fn render(&mut self, frame_no: u64, rgb: &mut [u8]) {
        let again = 15 + self.pause;
        rgb.fill(110);
        // Nobody holds it up twice in the same place.
        let lower = match frame_no {
            5..15 => 0,
            n if (again..again + 10).contains(&n) => 60 * 3 * SIZE.0 as usize,
            _ => return,
        };
        let n = self.shown.len() - lower;
        rgb[lower..].copy_from_slice(&self.shown[..n]);
    }
}

#[test]
fn a_pass_that_is_shown_again_after_a_while_is_another_showing() {
    for (pause, n_told) in [(20, 1), (70, 2)] {
        let (texts, token) = site();
        let shown = picture(&token).pixels().flat_map(|p| [p.0[0]; 3]).collect();
        let scene = SourceSpec::Scene(Box::new(HeldTwice { shown, pause }));
        let (said, _folder) = run(vec![setup(reading_plan(texts, &["lane-1"]), scene)]);
        assert_eq!(documents(said).len(), n_told, "{pause} frames");
    }
}
