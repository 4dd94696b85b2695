//! Our own plate models, with their real weights, on drawn scenes: they are built in, so nothing
//! but the runtime has to be there.

use crate::data::{analyzer, frame_of};
use domain::{BoxInImage, Frame, PlateDetection};
use image::{RgbImage, imageops};
use models::Analyzer;
use samples::{
    Light, Scene,
    truth::{PlateInFrame, PlateTruth, VehicleTruth},
};

const OURS: [&str; 2] = ["plate-detector", "plate-reader"];
/// Camera pictures of today.
const SIZE: [u32; 2] = [1280, 720];

/// A vehicle that shows all of its plate.
struct View {
    picture: RgbImage,
    plate: PlateTruth,
    vehicle: BoxInImage,
    shown: PlateInFrame,
}

/// One view of every vehicle of a scene with plates of all colours.
fn views(seed: u64, light: Light) -> Vec<View> {
    let mut scene = Scene::of_colours(seed, light).unwrap();
    let (width, height) = scene.size();
    let mut views = Vec::new();
    for vehicle in scene.truth().header.vehicles.clone() {
        let Some((frame, bounds, shown)) = shown(&scene, &vehicle) else {
            continue;
        };
        let mut rgb = vec![0; (3 * width * height) as usize];
        scene.render(frame, &mut rgb);
        views.push(View {
            picture: RgbImage::from_raw(width, height, rgb).unwrap(),
            plate: vehicle.plate,
            vehicle: bounds,
            shown,
        });
    }
    assert!(24 <= views.len(), "{} views", views.len());
    views
}

fn shown(scene: &Scene, vehicle: &VehicleTruth) -> Option<(u32, BoxInImage, PlateInFrame)> {
    let frame = vehicle.stop_frame?;
    let (seen, plate) = scene.truth().whole_plate(frame, vehicle.id)?;
    Some((frame, seen.bounds_in_image(), plate.clone()))
}

fn found<'a>(plates: &'a [PlateDetection], truth: &BoxInImage) -> Option<&'a PlateDetection> {
    plates.iter().find(|plate| 0.5 <= plate.bounds.iou(truth))
}

fn frame(picture: &RgbImage) -> Frame {
    frame_of(picture.width(), picture.height(), picture.as_raw().clone())
}

/// Found in the whole picture or in the vehicle, with corners near the true ones, and read.
#[test]
fn plates_of_every_colour_are_found_and_read() {
    let Some(mut analyzer) = analyzer(&OURS) else {
        return;
    };
    let (mut n, mut n_found, mut n_read, mut n_near) = (0, 0, 0, 0);
    for (seed, light) in [(301, Light::Day), (302, Light::Night)] {
        for view in views(seed, light) {
            let frame = frame(&view.picture);
            n += 1;
            let plates = analyzer.detect_plates(&frame, view.vehicle).unwrap();
            let Some(plate) = found(&plates, &view.shown.bounds_in_image()) else {
                continue;
            };
            n_found += 1;
            n_near += u32::from(is_near(plate, &view.shown));
            let read = analyzer.read_plate(&frame, plate).unwrap();
            let rows = read.map(|read| read.rows);
            let rows: Option<Vec<String>> =
                rows.map(|rows| rows.iter().map(domain::RowRead::text).collect());
            n_read += u32::from(rows == Some(view.plate.rows));
        }
    }
    println!("of {n} plates {n_found} found, {n_near} with near corners, {n_read} read");
    assert!(98 * n <= 100 * n_found, "{n_found} of {n} found");
    assert!(90 * n <= 100 * n_near, "{n_near} of {n} corners");
    assert!(95 * n <= 100 * n_read, "{n_read} of {n} read");
}

/// Every corner within a sixth of the plate's height.
fn is_near(plate: &PlateDetection, truth: &PlateInFrame) -> bool {
    let corners = plate.corners.expect("our detector tells corners");
    let height = truth.bounds_in_image().height();
    let mut pairs = corners.iter().zip(truth.corners_in_image());
    pairs.all(|(p, q)| (p.x - q.x).hypot(p.y - q.y) < height / 6.0)
}

/// A photo of little but the plate: four parts of it show no whole plate, from farther off it is
/// one.
#[test]
fn a_plate_that_nearly_fills_the_picture_is_found() {
    let Some(mut analyzer) = analyzer(&OURS) else {
        return;
    };
    let (mut n, mut n_found) = (0, 0);
    for view in views(304, Light::Day) {
        let plate = view.shown.bounds_in_image();
        let place = plate.grown(0.2).clamped(SIZE[0] as f32, SIZE[1] as f32);
        let (x, y) = (place.x_min as u32, place.y_min as u32);
        let (width, height) = (place.width() as u32, place.height() as u32);
        let cut = imageops::crop_imm(&view.picture, x, y, width, height).to_image();
        let scale = 1000 / width.max(height);
        let large = imageops::resize(
            &cut,
            width * scale,
            height * scale,
            imageops::FilterType::CatmullRom,
        );
        let (dx, dy, k) = (x as f32, y as f32, scale as f32);
        let truth = BoxInImage::new(
            (plate.x_min - dx) * k,
            (plate.y_min - dy) * k,
            (plate.x_max - dx) * k,
            (plate.y_max - dy) * k,
        );
        let frame = frame(&large);
        let plates = analyzer
            .detect_plates_thoroughly(&frame, crate::data::all_of(&frame))
            .unwrap();
        n += 1;
        n_found += u32::from(found(&plates, &truth).is_some());
    }
    println!("of {n} plates that nearly fill the picture {n_found} found");
    assert!(95 * n <= 100 * n_found, "{n_found} of {n}");
}

/// A plate twelve pixels high in a picture of 1280 x 720: a look at its vehicle shows it larger.
#[test]
fn a_plate_of_twelve_pixels_is_found_where_a_vehicle_is() {
    let Some(mut analyzer) = analyzer(&OURS) else {
        return;
    };
    let (mut n, mut n_found) = (0, 0);
    for view in views(303, Light::Day) {
        let (frame, truth, vehicle) = shrunk(&view, 12.0);
        n += 1;
        let plates = analyzer.detect_plates(&frame, vehicle).unwrap();
        n_found += u32::from(found(&plates, &truth).is_some());
    }
    println!("of {n} plates of 12 pixels {n_found} found");
    assert!(95 * n <= 100 * n_found, "{n_found} of {n}");
}

/// The picture so small that the plate is so high, on grey: plate, vehicle.
fn shrunk(view: &View, height_px: f32) -> (Frame, BoxInImage, BoxInImage) {
    let side = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let [a, b, c, d] = view.shown.corners;
    let scale = height_px / f32::midpoint(side(a, d), side(b, c));
    let [width, height] =
        [view.picture.width(), view.picture.height()].map(|v| (v as f32 * scale).round() as u32);
    let small = imageops::resize(&view.picture, width, height, imageops::FilterType::Triangle);
    let mut picture = RgbImage::from_pixel(SIZE[0], SIZE[1], image::Rgb([112, 114, 110]));
    let at = [400.0, 200.0_f32];
    imageops::replace(&mut picture, &small, at[0] as i64, at[1] as i64);
    let moved = |b: BoxInImage| {
        BoxInImage::new(
            b.x_min * scale + at[0],
            b.y_min * scale + at[1],
            b.x_max * scale + at[0],
            b.y_max * scale + at[1],
        )
    };
    (
        frame(&picture),
        moved(view.shown.bounds_in_image()),
        moved(view.vehicle),
    )
}

/// Nothing is seen in a scene without vehicles, whatever its light.
#[test]
fn an_empty_road_has_no_plates() {
    let Some(mut analyzer) = analyzer(&OURS) else {
        return;
    };
    let mut n_seen = 0;
    let mut see = |analyzer: &mut Analyzer, picture: &RgbImage| {
        let frame = frame(picture);
        let whole = crate::data::all_of(&frame);
        n_seen += analyzer.detect_plates(&frame, whole).unwrap().len();
    };
    for light in [Light::Day, Light::Night] {
        let mut scene = Scene::of_colours(304, light).unwrap();
        let (width, height) = scene.size();
        let mut rgb = vec![0; (3 * width * height) as usize];
        let empty = scene.truth().frames.iter().find(|f| f.vehicles.is_empty());
        let empty = empty.expect("the first vehicle comes after a while").frame;
        scene.render(empty, &mut rgb);
        see(
            &mut analyzer,
            &RgbImage::from_raw(width, height, rgb).unwrap(),
        );
    }
    assert_eq!(n_seen, 0);
}
