//! Rain in the air and noise on the sensor.

use crate::{
    seeded::Seeded,
    shade::Lighting,
    spec::{HEIGHT, WIDTH},
};

/// Noise and streaks that are made once and shifted every frame.
#[derive(Debug)]
pub(crate) struct Weather {
    seed: u64,
    /// One more than a picture's bytes, so that any shift finds enough.
    noise: Vec<i8>,
}

/// Prime, so that shifted copies do not line up.
const SHIFT_MAX: usize = 65_537;

impl Weather {
    pub(crate) fn new(seed: u64, light: &Lighting) -> Self {
        let mut r = Seeded::new(seed, 31);
        let n_pixels = (WIDTH * HEIGHT) as usize + SHIFT_MAX;
        let mut noise = Vec::with_capacity(3 * n_pixels);
        for _ in 0..n_pixels {
            // Most of a sensor's noise is in brightness, some in colour.
            let bright = r.normal() * light.noise;
            for _ in 0..3 {
                noise.push((bright + r.normal() * light.noise * 0.4) as i8);
            }
        }
        Self { seed, noise }
    }

    pub(crate) fn paint(&self, rgb: &mut [u8], frame: u32, light: &Lighting) {
        let mut r = Seeded::new(self.seed ^ (u64::from(frame) << 20), 32);
        if 0.0 < light.rain {
            rain(rgb, light, &mut r);
        }
        let from = 3 * r.below(SHIFT_MAX);
        for (v, n) in rgb.iter_mut().zip(&self.noise[from..]) {
            *v = v.saturating_add_signed(*n);
        }
    }
}

/// Streaks: near drops are long and faint.
fn rain(rgb: &mut [u8], light: &Lighting, r: &mut Seeded) {
    let (w, h) = (WIDTH as i32, HEIGHT as i32);
    let white = if light.is_dark { 120.0 } else { 215.0 };
    for _ in 0..(900.0 * light.rain) as usize {
        let (x, y) = (
            r.below(WIDTH as usize) as i32,
            r.below(HEIGHT as usize) as i32 - 30,
        );
        let length = 8 + r.below(34) as i32;
        let share = r.between(0.08, 0.3);
        for k in 0..length {
            let (px, py) = (x + k / 7, y + k);
            if 0 <= py && py < h && px < w {
                let at = 3 * (py * w + px) as usize;
                for v in &mut rgb[at..at + 3] {
                    *v = (f32::from(*v) + (white - f32::from(*v)).max(0.0) * share) as u8;
                }
            }
        }
    }
}
