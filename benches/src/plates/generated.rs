//! Plates of every ground colour by day and by night, drawn by another renderer than the readers
//! are trained with.

use domain::BoxInImage;
use image::{RgbImage, codecs::jpeg::JpegEncoder};
use samples::{
    Light, Scene,
    truth::{PlateTint, VehicleTruth},
};
use std::{
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::BufWriter,
    path::Path,
};

/// The set's name.
pub const NAME: &str = "generated-colours";
/// Seven scenes with eight plates of each colour, in both lights: 56 of each.
const SEEDS: std::ops::RangeInclusive<u64> = 201..=207;
const LIGHTS: [(Light, &str); 2] = [(Light::Day, "day"), (Light::Night, "night")];
/// As cameras send them.
const JPEG_QUALITY: u8 = 88;
/// How long before a vehicle stands still the other half of the pictures is taken, frames.
const BEFORE_STOP: u32 = 12;

/// How many scenes are drawn.
pub fn n_scenes() -> u64 {
    (LIGHTS.len() * SEEDS.count()) as u64
}

/// Draws the set into a folder, which is emptied before; `progress` hears of every scene.
pub fn make(folder: &Path, mut progress: impl FnMut()) -> Result<(), Box<dyn Error>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut table = "file\tx0\ty0\tx1\ty1\ttext\tgroup\n".to_owned();
    for (light, name) in LIGHTS {
        for seed in SEEDS {
            scene(folder, (seed, light, name), &mut table)?;
            progress();
        }
    }
    // The table comes last: its presence says that the pictures are all there.
    fs::write(folder.join("gt.tsv"), table)?;
    Ok(())
}

fn scene(
    folder: &Path,
    (seed, light, light_name): (u64, Light, &str),
    table: &mut String,
) -> Result<(), Box<dyn Error>> {
    let mut scene = Scene::of_colours(seed, light)?;
    let (width, height) = scene.size();
    let mut rgb = vec![0; (3 * width * height) as usize];
    for vehicle in scene.truth().header.vehicles.clone() {
        let Some((frame, bounds)) = best_view(&scene, &vehicle) else {
            continue;
        };
        scene.render(frame, &mut rgb);
        let file = format!("{light_name}-{seed}-{:02}.jpg", vehicle.id);
        let picture = RgbImage::from_raw(width, height, rgb.clone()).ok_or("no picture")?;
        let to = BufWriter::new(File::create(folder.join(&file))?);
        picture.write_with_encoder(JpegEncoder::new_with_quality(to, JPEG_QUALITY))?;
        let text = vehicle.plate.rows.join("/");
        let colour = match vehicle.plate.colour {
            PlateTint::White => "white",
            PlateTint::Yellow => "yellow",
            PlateTint::Blue => "blue",
            PlateTint::Red => "red",
        };
        let BoxInImage {
            x_min,
            y_min,
            x_max,
            y_max,
        } = bounds;
        writeln!(
            table,
            "{file}\t{x_min}\t{y_min}\t{x_max}\t{y_max}\t{text}\t{colour}-{light_name}"
        )?;
    }
    Ok(())
}

/// A frame that shows all of its plate, standing or, of every other vehicle, still moving; with the
/// plate's box.
fn best_view(scene: &Scene, vehicle: &VehicleTruth) -> Option<(u32, BoxInImage)> {
    let stop = vehicle.stop_frame?;
    let moving = stop.saturating_sub(BEFORE_STOP);
    let frames = if vehicle.id.is_multiple_of(2) {
        [moving, stop]
    } else {
        [stop, stop]
    };
    frames.into_iter().find_map(|frame| {
        let (_, plate) = scene.truth().whole_plate(frame, vehicle.id)?;
        Some((frame, plate.bounds_in_image()))
    })
}
