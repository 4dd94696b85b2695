//! What may be enrolled from, on real photos and on the same ones made worse.

use crate::data::{all_of, analyzer, frame, frame_of, shared};
use domain::{FaceObservation, Frame};
use image::{Rgb, RgbImage, imageops};
use models::{
    Analyzer,
    face_quality::{FaceQuality, QualityLimits, Refusal, measure, only_face},
    preprocess::Picture,
};

struct Photos {
    analyzer: Analyzer,
    all: Vec<(RgbImage, FaceObservation)>,
}

/// Every third portrait, with its face.
fn photos() -> Option<Photos> {
    let dir = shared("images/deepface-pairs")?;
    let models = ["yunet-2023mar", "minifasnet-v2-27", "minifasnet-v1se-40"];
    let mut analyzer = analyzer(&models)?;
    let photo = |number: u32| {
        let picture = frame(&dir.join(format!("img{number}.jpg")));
        let face = the_face(&mut analyzer, &picture).unwrap();
        (image_of(&picture), face)
    };
    let all = (1..=25).step_by(3).map(photo).collect();
    Some(Photos { analyzer, all })
}

fn image_of(frame: &Frame) -> RgbImage {
    RgbImage::from_raw(frame.width, frame.height, frame.rgb.to_vec()).unwrap()
}

fn frame_of_image(image: &RgbImage) -> Frame {
    frame_of(image.width(), image.height(), image.as_raw().clone())
}

fn the_face(analyzer: &mut Analyzer, frame: &Frame) -> Result<FaceObservation, Refusal> {
    let faces = analyzer.detect_faces(frame, all_of(frame)).unwrap();
    let mut face = only_face(&faces)?.clone();
    face.liveness = analyzer.liveness(frame, &face).unwrap();
    Ok(face)
}

/// At the place where the face was before the picture was made worse.
fn quality(image: &RgbImage, face: &FaceObservation) -> FaceQuality {
    let frame = frame_of_image(image);
    let found = measure(Picture::of(&frame).unwrap(), face).unwrap();
    found.unwrap()
}

fn codes(quality: &FaceQuality) -> Vec<&'static str> {
    let refusals = quality.refusals(&QualityLimits::default());
    refusals.iter().map(Refusal::code).collect()
}

/// Every photo, made worse so, is refused for this reason.
#[track_caller]
fn is_refused(code: &str, worse: impl Fn(&RgbImage, &FaceObservation) -> RgbImage) {
    let Some(photos) = photos() else { return };
    for (n, (image, face)) in photos.all.iter().enumerate() {
        let found = quality(&worse(image, face), face);
        assert!(codes(&found).contains(&code), "photo {n}: {found:?}");
    }
}

fn map(image: &RgbImage, of: impl Fn(u32, u32, f32) -> f32) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        Rgb(image
            .get_pixel(x, y)
            .0
            .map(|v| of(x, y, f32::from(v)).clamp(0.0, 255.0) as u8))
    })
}

/// In pixels of the embedder's chip, where 35 are between the eyes.
fn blurred(image: &RgbImage, face: &FaceObservation, sigma: f32) -> RgbImage {
    let eye_distance_px = quality(image, face).eye_distance_px;
    imageops::blur(image, sigma * eye_distance_px / 35.2)
}

#[test]
fn portraits_are_accepted_but_for_what_liveness_says() {
    let Some(photos) = photos() else { return };
    for (n, (image, face)) in photos.all.iter().enumerate() {
        let found = quality(image, face);
        let against: Vec<&str> = codes(&found);
        let is_live = face.liveness.unwrap().is_live();
        let expected: &[&str] = if is_live { &[] } else { &["not-live"] };
        assert_eq!(against, expected, "photo {n}: {found:?}");
    }
}

#[test]
fn a_blurred_face_is_refused_and_noise_does_not_make_it_sharp() {
    is_refused("blurred", |image, face| blurred(image, face, 2.0));
    // The same with white noise of 6 steps, which alone would look like detail.
    is_refused("blurred", |image, face| {
        let image = blurred(image, face, 2.0);
        let mut state = 7_u32;
        RgbImage::from_fn(image.width(), image.height(), |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = ((state >> 16) % 21) as f32 - 10.0;
            Rgb(image
                .get_pixel(x, y)
                .0
                .map(|v| (f32::from(v) + noise).clamp(0.0, 255.0) as u8))
        })
    });
}

#[test]
fn bad_light_is_refused() {
    is_refused("too-dark", |image, _face| map(image, |_x, _y, v| v * 0.15));
    is_refused("too-bright", |image, _face| {
        map(image, |_x, _y, v| v * 1.5 + 120.0)
    });
    is_refused("uneven-light", |image, face| {
        let middle = face.landmarks.unwrap()[2].x;
        map(
            image,
            |x, _y, v| if (x as f32) < middle { v * 0.25 } else { v },
        )
    });
}

#[test]
fn a_small_face_is_refused_and_told_by_how_much() {
    let Some(mut photos) = photos() else { return };
    for (image, face) in &photos.all {
        let shrink = 30.0 / quality(image, face).eye_distance_px;
        let [width, height] =
            [image.width(), image.height()].map(|side| (side as f32 * shrink) as u32);
        let small = imageops::resize(image, width, height, imageops::FilterType::Triangle);
        let face = the_face(&mut photos.analyzer, &frame_of_image(&small)).unwrap();
        let found = quality(&small, &face);
        let refusals = found.refusals(&QualityLimits::default());
        assert!(matches!(refusals[0], Refusal::TooSmall { .. }), "{found:?}");
        assert!((found.eye_distance_px - 30.0).abs() < 4.0, "{found:?}");
        let told = (refusals[0].vi(), refusals[0].en());
        assert!(
            told.0.contains("lại gần hơn") && told.1.contains("come nearer"),
            "{told:?}"
        );
    }
}

/// Turned about the nose: where a pixel of the new picture comes from.
fn moved(
    image: &RgbImage,
    face: &FaceObservation,
    from: impl Fn(f32, f32) -> (f32, f32),
) -> RgbImage {
    let nose = face.landmarks.unwrap()[2];
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let (dx, dy) = from(x as f32 - nose.x, y as f32 - nose.y);
        let (x, y) = (nose.x + dx, nose.y + dy);
        let is_inside = 0.0 <= x && x < image.width() as f32 && 0.0 <= y;
        if is_inside && y < image.height() as f32 {
            *image.get_pixel(x as u32, y as u32)
        } else {
            Rgb([90; 3])
        }
    })
}

#[test]
fn a_tilted_head_is_refused() {
    let Some(mut photos) = photos() else { return };
    let (sin, cos) = 35_f32.to_radians().sin_cos();
    let mut n_refused = 0;
    for (image, face) in &photos.all {
        let tilted = moved(image, face, |x, y| (cos * x + sin * y, cos * y - sin * x));
        let Ok(face) = the_face(&mut photos.analyzer, &frame_of_image(&tilted)) else {
            continue; // not even found, which is a refusal as well
        };
        let found = quality(&tilted, &face);
        assert!(codes(&found).contains(&"tilted"), "{found:?}");
        n_refused += 1;
    }
    assert!(6 <= n_refused, "{n_refused}");
}

#[test]
fn a_head_that_is_turned_aside_is_refused() {
    let Some(mut photos) = photos() else { return };
    let (mut n_turned, mut n_refused) = (0, 0);
    for (image, face) in &photos.all {
        if 8.0 < quality(image, face).pose.yaw_deg.abs() {
            continue;
        }
        // The photo on a cylinder as wide as the head, turned by 50 degrees.
        let radius = 0.62 * face.bounds.width();
        let turned = moved(image, face, |x, y| {
            let share = (x / radius).clamp(-1.0, 1.0);
            let back = share.asin() - 50_f32.to_radians();
            (radius * back.sin(), y)
        });
        n_turned += 1;
        match the_face(&mut photos.analyzer, &frame_of_image(&turned)) {
            Ok(face) => {
                let found = quality(&turned, &face);
                println!("turned: {:.0} degrees", found.pose.yaw_deg);
                n_refused += usize::from(codes(&found).contains(&"turned-aside"));
            }
            Err(refusal) => {
                println!("turned: {}", refusal.code());
                n_refused += 1;
            }
        }
    }
    // A cylinder has no nose that stands out, so that one may seem turned by less.
    assert!(4 <= n_turned, "{n_turned} look ahead");
    assert!(
        n_turned <= n_refused + 1,
        "{n_refused} of {n_turned} refused"
    );
}

#[test]
fn a_face_at_the_edge_and_a_second_face_are_refused() {
    let Some(mut photos) = photos() else { return };
    let (image, face) = &photos.all[0];
    let points = face.landmarks.unwrap();
    let left = points[0].x as u32;
    let rest = image.width() - left;
    let cut = imageops::crop_imm(image, left, 0, rest, image.height()).to_image();
    let mut cut_face = face.clone();
    cut_face.landmarks = Some(points.map(|mut p| {
        p.x -= left as f32;
        p
    }));
    assert!(codes(&quality(&cut, &cut_face)).contains(&"cut-off"));
    let mut two = RgbImage::new(2 * image.width(), image.height());
    imageops::replace(&mut two, image, 0, 0);
    imageops::replace(&mut two, image, i64::from(image.width()), 0);
    let told = the_face(&mut photos.analyzer, &frame_of_image(&two));
    assert_eq!(told, Err(Refusal::SeveralFaces { n_faces: 2 }));
    let nobody = frame_of_image(&RgbImage::from_pixel(400, 300, Rgb([120; 3])));
    assert_eq!(
        the_face(&mut photos.analyzer, &nobody),
        Err(Refusal::NoFace)
    );
}

#[test]
fn liveness_must_have_been_asked() {
    let Some(photos) = photos() else { return };
    let (image, face) = &photos.all[0];
    let mut face = face.clone();
    face.liveness = None;
    assert_eq!(codes(&quality(image, &face)), ["liveness-unknown"]);
}
