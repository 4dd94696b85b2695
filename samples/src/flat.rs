//! Plates and painted figures without a vehicle around them, straight from the front.

use crate::{
    SampleError,
    plate_art::PlateArtist,
    plates::PlateMint,
    raster::Texture,
    seeded::Seeded,
    truth::{PlateTint, PlateTruth},
};

pub use crate::plates::PlateShape;

/// Pixels from the front, rows from the top, three bytes a pixel (red, green, blue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixels.
    pub rgb: Vec<u8>,
}

impl Flat {
    fn of(texture: Texture) -> Self {
        let (width, height, pixels) = texture.levels.into_iter().next().unwrap_or_default();
        Self {
            width: width as u32,
            height: height as u32,
            rgb: pixels.into_iter().flatten().collect(),
        }
    }
}

/// Plates that differ in three characters at least, two pixels for a millimetre.
pub fn plates(
    seed: u64,
    wanted: &[(PlateShape, PlateTint)],
) -> Result<Vec<(Flat, PlateTruth)>, SampleError> {
    let (mut artist, mut mint) = (PlateArtist::new()?, PlateMint::default());
    let mut r = Seeded::new(seed, 42);
    let plates = wanted.iter().map(|(shape, colour)| {
        let truth = mint.mint(*shape, *colour, &mut r);
        let flat = Flat::of(artist.draw(&truth, &mut r));
        (flat, truth)
    });
    Ok(plates.collect())
}

/// Digits, capital letters, `-` and `.` in one row as on a lorry's side, with a hand's breadth of
/// paint around them: in the letters of plates, but no plate.
pub fn painted(text: &str, colour: PlateTint) -> Result<Flat, SampleError> {
    let mut artist = PlateArtist::new()?;
    let mut r = Seeded::new(0, 43);
    Ok(Flat::of(artist.paint(text, colour, &mut r)))
}
