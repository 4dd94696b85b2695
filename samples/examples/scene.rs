//! Writes a scene and a contact sheet of it: `scene KIND SEED DIR [LIGHT] [RAIN] [--frames]
//! [--portrait FILE]`.
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use samples::{Light, Scene, SceneKind, SceneSpec, write_scene};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let word = |k: usize| args.get(k).map(String::as_str).unwrap_or_default();
    let kind = SceneKind::named(word(0)).ok_or_else(|| format!("no scene {}", word(0)))?;
    let light = match word(3) {
        "" | "day" => Light::Day,
        "overcast" => Light::Overcast,
        "dusk" => Light::Dusk,
        "night" => Light::Night,
        other => return Err(format!("no light {other}").into()),
    };
    let portrait = args
        .iter()
        .position(|a| a == "--portrait")
        .map(|k| PathBuf::from(word(k + 1)));
    let rain = word(4).parse().unwrap_or(0.0);
    let dir = PathBuf::from(word(2));
    let spec = SceneSpec::new(kind, word(1).parse()?)
        .lit(light)
        .raining(rain);
    if args.iter().any(|a| a == "--sheet") {
        return sheet(&spec, portrait.as_deref(), &dir);
    }
    if args.iter().any(|a| a == "--paint") {
        let mut scene = Scene::new(&spec, portrait.as_deref())?;
        let mut pixels = vec![0u8; (3 * scene.size().0 * scene.size().1) as usize];
        (0..scene.n_frames()).for_each(|frame| scene.render(frame, &mut pixels));
        return Ok(());
    }
    let written = write_scene(&spec, portrait.as_deref(), &dir, |_, _| ())?;
    println!("{} {}", written.video.display(), written.truth_sha256);
    Ok(())
}

/// Twelve frames, each a third as large, in one picture.
fn sheet(
    spec: &SceneSpec,
    portrait: Option<&std::path::Path>,
    dir: &std::path::Path,
) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(dir)?;
    let texts = ["GAC1:a pass", "", "GAC1:another"].map(str::to_owned);
    let mut scene = Scene::showing(spec, portrait, &texts)?;
    let (w, h) = scene.size();
    let mut pixels = vec![0u8; (3 * w * h) as usize];
    let (cols, rows) = (3, 4);
    let mut sheet = image::RgbImage::new(cols * w / 2, rows * h / 2);
    for k in 0..cols * rows {
        let frame = scene.n_frames() * (2 * k + 1) / (2 * cols * rows);
        scene.render(frame, &mut pixels);
        let picture = image::RgbImage::from_raw(w, h, pixels.clone())
            .ok_or("a frame has a picture's size")?;
        let small = image::imageops::thumbnail(&picture, w / 2, h / 2);
        image::imageops::replace(
            &mut sheet,
            &small,
            i64::from(k % cols * w / 2),
            i64::from(k / cols * h / 2),
        );
    }
    let path = dir.join(format!(
        "{}-{}-{:?}-{}.png",
        spec.kind.name(),
        spec.seed,
        spec.light,
        spec.rain
    ));
    sheet.save(&path)?;
    println!("{}", path.display());
    Ok(())
}
