//! The ground colour of a plate from the hues inside its box.

use crate::preprocess::Picture;
use domain::{BoxInImage, PlateColour};

/// The edge of the box shows the frame and the vehicle.
const INNER_MARGIN: f32 = -0.12;
/// More samples do not change the majority.
const SAMPLES_PER_SIDE: u32 = 40;
/// The ground covers more than half of a plate; with characters, screws and glare at least this
/// much of what is told.
const SHARE_MIN: f32 = 0.4;

/// The colour of most of the box that is not dark, when one clearly leads.
pub fn plate_colour(picture: Picture<'_>, bounds: BoxInImage) -> PlateColour {
    let Some(inner) = picture.inside(bounds.grown(INNER_MARGIN)) else {
        return PlateColour::Unknown;
    };
    let mut counts = [0_u32; 4];
    let mut n_samples = 0;
    for row in 0..SAMPLES_PER_SIDE {
        for column in 0..SAMPLES_PER_SIDE {
            let part = |i: u32| (i as f32 + 0.5) / SAMPLES_PER_SIDE as f32;
            let x = inner.x_min + inner.width() * part(column);
            let y = inner.y_min + inner.height() * part(row);
            n_samples += 1;
            match colour_of(picture.pixel(x as u32, y as u32)) {
                PlateColour::White => counts[0] += 1,
                PlateColour::Yellow => counts[1] += 1,
                PlateColour::Blue => counts[2] += 1,
                PlateColour::Red => counts[3] += 1,
                PlateColour::Unknown => (),
            }
        }
    }
    let colours = [
        PlateColour::White,
        PlateColour::Yellow,
        PlateColour::Blue,
        PlateColour::Red,
    ];
    let told: u32 = counts.iter().sum();
    let best = colours.iter().zip(counts).max_by_key(|(_, count)| *count);
    match best {
        // A box that is mostly dark is a plate at night, or no plate.
        Some((colour, count))
            if n_samples <= told * 4 && SHARE_MIN * told as f32 <= count as f32 =>
        {
            *colour
        }
        _ => PlateColour::Unknown,
    }
}

/// The ground that a pixel can belong to; dark and odd hues belong to none.
fn colour_of([red, green, blue]: [u8; 3]) -> PlateColour {
    let (r, g, b) = (f32::from(red), f32::from(green), f32::from(blue));
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let spread = high - low;
    if high < 55.0 {
        return PlateColour::Unknown;
    }
    let saturation = spread / high;
    if saturation < 0.28 {
        // Grey as dark as characters in the shade is no ground.
        return if 90.0 <= high {
            PlateColour::White
        } else {
            PlateColour::Unknown
        };
    }
    let sixth = if high <= r {
        (g - b) / spread
    } else if high <= g {
        2.0 + (b - r) / spread
    } else {
        4.0 + (r - g) / spread
    };
    let hue_deg = if sixth < 0.0 { sixth + 6.0 } else { sixth } * 60.0;
    match hue_deg {
        28.0..68.0 if 0.4 <= saturation => PlateColour::Yellow,
        195.0..255.0 if 0.4 <= saturation => PlateColour::Blue,
        0.0..18.0 | 340.0..360.1 if 0.45 <= saturation => PlateColour::Red,
        _ => PlateColour::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::Pixels;

    /// A plate of this ground with bars of this colour where the characters are: a third of its
    /// area.
    fn plate(ground: [u8; 3], text: [u8; 3]) -> PlateColour {
        let mut pixels = Pixels::filled(120, 60, ground);
        for (index, pixel) in pixels.rgb.chunks_exact_mut(3).enumerate() {
            if index % 120 % 9 < 3 {
                pixel.copy_from_slice(&text);
            }
        }
        let picture = pixels.picture().unwrap();
        plate_colour(picture, picture.bounds())
    }

    #[test]
    fn grounds_in_sun_shade_and_tinted_light() {
        let (black, white) = ([20, 20, 20], [235, 235, 235]);
        assert_eq!(plate([240, 240, 240], black), PlateColour::White);
        assert_eq!(plate([120, 125, 130], black), PlateColour::White);
        assert_eq!(plate([220, 205, 175], black), PlateColour::White);
        assert_eq!(plate([240, 190, 20], black), PlateColour::Yellow);
        assert_eq!(plate([130, 100, 20], black), PlateColour::Yellow);
        assert_eq!(plate([20, 60, 160], white), PlateColour::Blue);
        assert_eq!(plate([170, 20, 30], white), PlateColour::Red);
    }

    #[test]
    fn what_is_no_ground_is_not_told() {
        assert_eq!(plate([10; 3], [30; 3]), PlateColour::Unknown);
        assert_eq!(plate([20, 160, 40], [20, 160, 40]), PlateColour::Unknown);
        let pixels = Pixels::filled(4, 4, [255; 3]);
        let outside = BoxInImage::new(9.0, 9.0, 20.0, 20.0);
        let nan = BoxInImage::new(f32::NAN, 0.0, 4.0, 4.0);
        for bounds in [outside, nan, BoxInImage::default()] {
            let found = plate_colour(pixels.picture().unwrap(), bounds);
            assert_eq!(found, PlateColour::Unknown);
        }
    }
}
