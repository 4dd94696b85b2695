use super::*;
use domain::{Assurance, PassId};
use proptest::prelude::*;
use qrcode::{Color, EcLevel, QrCode};
use service::{
    documents::HolderKeys,
    keys::{CommandVerifier, SigningKeyFile},
    pass::{Pass, sign},
};
use std::os::unix::fs::PermissionsExt as _;

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;

/// Nobody has this number or name.
const CARD: &str = "001090123456|012345678|NGUYỄN VĂN MẪU|01011990|Nam|\
                    Số 0, Đường Mẫu, Phường Mẫu, Hà Nội|15042021";

/// How a code is held before the camera.
#[derive(Clone, Copy, Debug)]
struct Held {
    module_px: f32,
    turned: f32,
    /// How much nearer the right side is than the left, as a share.
    tilt: f32,
    /// Passes of a 3 x 3 mean: n of them are a Gaussian of sqrt(2 n / 3) pixels.
    n_blurs: usize,
    contrast: f32,
    noise: f32,
}

/// Grey, as floats: a lane with boxes of all shades in it.
struct Scene {
    grey: Vec<f32>,
    seed: u64,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut scene = Self {
            grey: vec![110.0; WIDTH * HEIGHT],
            seed,
        };
        for _n in 0..60 {
            let (x, y) = (scene.chance() * 1200.0, scene.chance() * 650.0);
            let (w, h) = (10.0 + scene.chance() * 200.0, 5.0 + scene.chance() * 80.0);
            let shade = scene.chance() * 255.0;
            for row in y as usize..((y + h) as usize).min(HEIGHT) {
                let right = ((x + w) as usize).min(WIDTH);
                scene.grey[row * WIDTH + x as usize..row * WIDTH + right].fill(shade);
            }
        }
        scene
    }

    /// 0 to 1, the same for the same seed (Knuth's MMIX generator).
    fn chance(&mut self) -> f32 {
        let seed = self.seed.wrapping_mul(6_364_136_223_846_793_005);
        self.seed = seed.wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Four by four samples a pixel, so that edges are as soft as a sensor's.
    fn show(&mut self, text: &str, middle: (f32, f32), held: Held) {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).unwrap();
        let (n, colors) = (code.width() as f32, code.to_colors());
        let size = (n + 8.0) * held.module_px;
        let (sin, cos) = held.turned.sin_cos();
        let sample = |x: f32, y: f32| {
            let (x, y) = (x - middle.0, y - middle.1);
            let (u, v) = (cos * x + sin * y, cos * y - sin * x);
            let depth = held.module_px * (1.0 + held.tilt * u / size);
            let (u, v) = (u / depth + n / 2.0, v / depth + n / 2.0);
            let is_on = |q: f32| -4.0 <= q && q < n + 4.0;
            let is_in = |q: f32| 0.0 <= q && q < n;
            let is_dark =
                is_in(u) && is_in(v) && colors[v as usize * n as usize + u as usize] == Color::Dark;
            let shade = if is_dark { -110.0 } else { 110.0 };
            (is_on(u) && is_on(v)).then_some(128.0 + held.contrast * shade)
        };
        let near = |at: f32, all: usize| {
            let low = (at - size).max(0.0) as usize;
            low..((at + size) as usize).min(all)
        };
        for y in near(middle.1, HEIGHT) {
            for x in near(middle.0, WIDTH) {
                let behind = self.grey[y * WIDTH + x];
                let sum: f32 = (0..16)
                    .map(|k| {
                        let (dx, dy) = ((k % 4) as f32 / 4.0, (k / 4) as f32 / 4.0);
                        sample(x as f32 + dx, y as f32 + dy).unwrap_or(behind)
                    })
                    .sum();
                self.grey[y * WIDTH + x] = sum / 16.0;
            }
        }
        for _n in 0..held.n_blurs {
            self.blur();
        }
        for n in 0..self.grey.len() {
            // Three uniform numbers are near enough to a normal one of half their range.
            let noise = self.chance() + self.chance() + self.chance() - 1.5;
            self.grey[n] += 2.0 * held.noise * noise;
        }
    }

    fn blur(&mut self) {
        let before = self.grey.clone();
        for y in 1..HEIGHT - 1 {
            for x in 1..WIDTH - 1 {
                let row = |y: usize| &before[y * WIDTH + x - 1..y * WIDTH + x + 2];
                let sum: f32 = (y - 1..y + 2).flat_map(row).sum();
                self.grey[y * WIDTH + x] = sum / 9.0;
            }
        }
    }

    fn frame(&self, at_ms: i64) -> Frame {
        let rgb = self
            .grey
            .iter()
            .flat_map(|grey| [grey.clamp(0.0, 255.0) as u8; 3]);
        Frame {
            camera: "lane-1".parse().unwrap(),
            seq: 0,
            captured_at: Timestamp::from_millis(at_ms),
            width: WIDTH as u32,
            height: HEIGHT as u32,
            rgb: rgb.collect(),
        }
    }
}

fn site() -> (DocumentTexts, String) {
    site_of(7)
}

/// A site with a key of its own, always the same for the same number, and a pass of it.
fn site_of(key: u8) -> (DocumentTexts, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pass");
    std::fs::write(&path, format!("{key:02x}").repeat(32) + "\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let key = SigningKeyFile::load_or_create(&path).unwrap();
    let texts = DocumentTexts {
        site: "park-1".parse().unwrap(),
        holders: HolderKeys::load_or_create(&folder.path().join("holder")).unwrap(),
        passes: CommandVerifier::from_public(&key.public()).unwrap(),
    };
    let pass = Pass {
        id: PassId(0x0193_0000_0000_7000_8000_0000_0000_0007),
        valid_from: Timestamp::from_millis(1_795_246_370_000),
        valid_until: Timestamp::from_millis(1_795_332_770_000),
        uses_max: Some(1),
        plate: None,
    };
    let token = sign(&key, &texts.site, &pass).unwrap();
    (texts, token)
}

fn plan(texts: DocumentTexts, region: Option<[f32; 4]>) -> QrPlan {
    QrPlan {
        gates: vec!["lane-1".parse().unwrap()],
        region,
        texts: Arc::new(texts),
    }
}

const PLAIN: Held = Held {
    module_px: 4.0,
    turned: 0.1,
    tilt: 0.1,
    n_blurs: 0,
    contrast: 0.9,
    noise: 3.0,
};

/// What a lane camera must read in one look, whatever the code's pattern is: the pattern depends on
/// the signature, and so on the site's key.
#[test]
fn codes_are_read_as_they_are_held_before_a_lane_camera() {
    let mut missed = Vec::new();
    for held in [
        PLAIN,
        Held {
            module_px: 2.2,
            ..PLAIN
        },
        Held {
            module_px: 2.5,
            n_blurs: 1,
            ..PLAIN
        },
        Held {
            turned: 0.5,
            tilt: 0.15,
            ..PLAIN
        },
        Held {
            turned: 2.0,
            contrast: 0.5,
            ..PLAIN
        },
        Held {
            noise: 10.0,
            contrast: 0.7,
            ..PLAIN
        },
    ] {
        for seed in 1..=8 {
            let (texts, token) = site_of(seed);
            let reader = Reader::new(plan(texts, None));
            for (text, assurance) in [(&*token, Assurance::Pass), (CARD, Assurance::QrText)] {
                let mut scene = Scene::new(u64::from(seed));
                let shift = (scene.chance() * 300.0, scene.chance() * 200.0);
                scene.show(text, (500.0 + shift.0, 260.0 + shift.1), held);
                let found = reader.read(&scene.frame(0));
                if !found.iter().any(|(_kind, how)| *how == assurance) {
                    missed.push(format!("{assurance:?}, seed {seed}, {held:?}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn nothing_of_a_card_but_its_mask_leaves() {
    let (texts, _token) = site();
    let reader = Reader::new(plan(texts, None));
    let mut scene = Scene::new(1);
    scene.show(CARD, (640.0, 360.0), PLAIN);
    let found = reader.read(&scene.frame(0));
    let [(DocumentKind::CitizenCard { masked, .. }, Assurance::QrText)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(masked, "001•••••3456");
}

/// A notice about the cameras has a code, too, and must not hide the visitor's.
#[test]
fn a_code_beside_another_is_read() {
    let (texts, token) = site();
    let reader = Reader::new(plan(texts, None));
    let mut scene = Scene::new(3);
    scene.show(
        "https://example.com/thong-bao-camera",
        (300.0, 300.0),
        PLAIN,
    );
    scene.show(&token, (850.0, 360.0), PLAIN);
    assert_eq!(reader.read(&scene.frame(0)).len(), 1);
}

#[test]
fn only_the_region_is_searched() {
    let (texts, token) = site();
    let mut scene = Scene::new(5);
    scene.show(&token, (900.0, 360.0), PLAIN);
    let frame = scene.frame(0);
    for (region, n) in [
        (Some([0.5, 0.0, 1.0, 1.0]), 1),
        (Some([0.0, 0.0, 0.5, 1.0]), 0),
        (None, 1),
    ] {
        let reader = Reader::new(plan(texts.clone(), region));
        assert_eq!(reader.read(&frame).len(), n, "{region:?}");
    }
}

#[test]
fn a_showing_is_told_once_and_another_again() {
    let mut shown = Showings::default();
    let kind = |n| DocumentKind::Pass {
        pass: PassId(n),
        is_genuine: true,
    };
    let at = Timestamp::from_millis;
    assert!(shown.is_new(&kind(1), at(0)));
    for ms in (200..20_000).step_by(400) {
        assert!(!shown.is_new(&kind(1), at(ms)), "{ms}");
    }
    assert!(shown.is_new(&kind(2), at(20_000)));
    assert!(shown.is_new(&kind(1), at(26_000)));
    // A clock that was set back begins anew.
    assert!(shown.is_new(&kind(1), at(1_000)));
    for n in 10..100 {
        shown.is_new(&kind(n), at(1_000));
    }
    assert_eq!(shown.0.len(), SHOWN_MAX);
}

#[test]
fn a_camera_looks_five_times_a_second_and_the_newest_frame_wins() {
    let waiting = Waiting {
        frames: vec![None],
        is_ended: false,
    };
    let queue = QrQueue {
        waiting: Arc::new((Mutex::new(waiting), Condvar::new())),
        n: 0,
        is_lossless: false,
    };
    let mut eye = QrEye::new(queue.clone());
    let mut taken = Vec::new();
    for n in 0..25 {
        eye.look(
            &Scene {
                grey: Vec::new(),
                seed: 0,
            }
            .frame(n * 40),
        );
        taken.extend(locked(&queue.waiting.0).frames[0].take());
    }
    assert_eq!(taken.len(), 5);
    for ms in [2_000, 3_000] {
        eye.look(
            &Scene {
                grey: Vec::new(),
                seed: 0,
            }
            .frame(ms),
        );
    }
    let newest = locked(&queue.waiting.0).frames[0].take().unwrap();
    assert_eq!(newest.captured_at, Timestamp::from_millis(3_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_picture_is_too_strange(
        (width, bytes) in (1_usize..40, proptest::collection::vec(any::<u8>(), 0..4000)),
        region in proptest::option::of([0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0]),
    ) {
        let height = bytes.len() / 3 / width;
        let frame = Frame {
            camera: "lane-1".parse().unwrap(),
            seq: 0,
            captured_at: Timestamp::EPOCH,
            width: width as u32,
            height: height as u32,
            rgb: bytes[..3 * width * height].into(),
        };
        prop_assert!(Luma::of(&frame, region).find(|_text| Some(())).len() <= 3);
    }
}
