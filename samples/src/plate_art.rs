//! Plates as QCVN 08:2024/BCA and TT79/2024/TT-BCA draw them, as textures.
//!
//! Sizes are millimetres: car long 520 x 110 and short 330 x 165, characters 63 x 38; motorbike
//! 190 x 140, 55 x 22.

use crate::{
    SampleError,
    raster::Texture,
    seeded::{Seeded, smooth_noise},
    truth::{PlateTint, PlateTruth},
};
use ab_glyph::{Font as _, FontVec, PxScale};
use std::{collections::BTreeMap, path::Path};

/// The open font that comes nearest to the plates' own letters, and its Debian package.
const FONT: (&str, &str) = (
    "/usr/share/fonts/truetype/opendin/OSP-DIN.ttf",
    "fonts-opendin",
);

/// Texture pixels per millimetre.
const PX_PER_MM: f32 = 2.0;

/// A character's mask: width, height, coverage 0 to 255.
type Mask = (usize, usize, Vec<u8>);

/// Draws plates; keeps the glyphs it has drawn.
pub(crate) struct PlateArtist {
    font: FontVec,
    glyphs: BTreeMap<(char, usize, usize), Mask>,
}

/// What a plate of this kind measures, millimetres.
#[derive(Clone, Copy, Debug)]
struct Measures {
    char_h: f32,
    char_w: f32,
    gap: f32,
    dot: f32,
    dash: [f32; 2],
    stroke: f32,
}

const CAR: Measures = Measures {
    char_h: 63.0,
    char_w: 38.0,
    gap: 10.0,
    dot: 10.0,
    dash: [14.0, 10.0],
    stroke: 10.0,
};
const BIKE: Measures = Measures {
    char_h: 55.0,
    char_w: 22.0,
    gap: 7.0,
    dot: 7.0,
    dash: [12.0, 7.0],
    stroke: 7.0,
};

impl PlateArtist {
    pub(crate) fn new() -> Result<Self, SampleError> {
        let (path, package) = FONT;
        let font = std::fs::read(Path::new(path))
            .ok()
            .and_then(|bytes| FontVec::try_from_vec(bytes).ok())
            .ok_or(SampleError::Font { path, package })?;
        Ok(Self {
            font,
            glyphs: BTreeMap::new(),
        })
    }

    /// The plate as a texture; dirt, screws and wear are drawn from `r`.
    pub(crate) fn draw(&mut self, plate: &PlateTruth, r: &mut Seeded) -> Texture {
        let (w_mm, h_mm) = (plate.width_mm as f32, plate.height_mm as f32);
        let mut sheet = Sheet::new(w_mm, h_mm);
        sheet.frame();
        let measures = if plate.width_mm < 250 { BIKE } else { CAR };
        let n_rows = plate.rows.len() as f32;
        let space = (h_mm - n_rows * measures.char_h) / (n_rows + 1.0);
        for (k, row) in plate.rows.iter().enumerate() {
            let top = space + k as f32 * (measures.char_h + space);
            let printed = match plate.colour {
                PlateTint::Red => printed_army_row(row),
                _ => printed_row(row, k, plate.rows.len()),
            };
            self.row(&mut sheet, &printed, top, &measures);
        }
        sheet.colour(plate.colour, r)
    }

    /// A row of figures in the middle of a panel without a rim.
    pub(crate) fn paint(&mut self, text: &str, colour: PlateTint, r: &mut Seeded) -> Texture {
        let room = 100.0;
        let w_mm = text.chars().count() as f32 * (CAR.char_w + CAR.gap) + 2.0 * room;
        let mut sheet = Sheet::new(w_mm, CAR.char_h + 2.0 * room);
        self.row(&mut sheet, text, room, &CAR);
        sheet.colour(colour, r)
    }

    fn row(&mut self, sheet: &mut Sheet, printed: &str, top: f32, m: &Measures) {
        let width = |c: char| match c {
            '-' => m.dash[0],
            '.' => m.dot,
            _ => m.char_w,
        };
        let n = printed.chars().count() as f32;
        let total = printed.chars().map(width).sum::<f32>() + (n - 1.0) * m.gap;
        let mut x = (sheet.w_mm - total) / 2.0;
        for c in printed.chars() {
            let w = width(c);
            match c {
                '-' => sheet.block(x, top + (m.char_h - m.dash[1]) / 2.0, w, m.dash[1]),
                '.' => sheet.dot(x + w / 2.0, top + m.char_h - w / 2.0, w / 2.0),
                '1' => sheet.one(x, top, m),
                _ => {
                    let size = ((w * PX_PER_MM) as usize, (m.char_h * PX_PER_MM) as usize);
                    let mask = self.glyph(c, size);
                    sheet.stamp(x, top, mask);
                }
            }
            x += w + m.gap;
        }
    }

    fn glyph(&mut self, c: char, size: (usize, usize)) -> &Mask {
        let font = &self.font;
        self.glyphs
            .entry((c, size.0, size.1))
            .or_insert_with(|| mask(font, c, size))
    }
}

/// `TM-12-34`, or `TM` over `12-34`.
fn printed_army_row(row: &str) -> String {
    let n_letters = row.chars().take_while(char::is_ascii_alphabetic).count();
    let (letters, digits) = row.split_at(n_letters);
    let pairs = digits.as_bytes().chunks(2).map(String::from_utf8_lossy);
    let mut parts: Vec<String> = pairs.map(String::from).collect();
    if !letters.is_empty() {
        parts.insert(0, letters.to_owned());
    }
    parts.join("-")
}

/// What is printed on a row: separators stand where the annex puts them.
fn printed_row(row: &str, k: usize, n_rows: usize) -> String {
    let mut printed: Vec<char> = row.chars().collect();
    let n = printed.len();
    let ends_in_five = 5 <= n && printed[n - 5..].iter().all(char::is_ascii_digit);
    if ends_in_five && (k == 1 || n_rows == 1) {
        printed.insert(n - 2, '.');
    }
    if n_rows == 1 {
        printed.insert(3, '-');
    } else if k == 0 && n == 4 {
        printed.insert(2, '-');
    }
    printed.into_iter().collect()
}

/// A glyph stretched to exactly this size.
fn mask(font: &FontVec, c: char, (w, h): (usize, usize)) -> Mask {
    let id = font.glyph_id(c);
    let Some(outline) = font.outline(id) else {
        return (w, h, vec![0; w * h]);
    };
    let unscaled = font.height_unscaled();
    let fit = |target: usize, own: f32| target as f32 * unscaled / own.abs().max(1.0);
    let scale = PxScale {
        x: fit(w, outline.bounds.width()),
        y: fit(h, outline.bounds.height()),
    };
    let mut pixels = vec![0u8; w * h];
    if let Some(glyph) = font.outline_glyph(id.with_scale(scale)) {
        glyph.draw(|x, y, coverage| {
            let (x, y) = (x as usize, y as usize);
            if x < w && y < h {
                pixels[y * w + x] = (coverage * 255.0) as u8;
            }
        });
    }
    (w, h, pixels)
}

/// A plate being drawn: how much ink each pixel has.
struct Sheet {
    w_mm: f32,
    w: usize,
    h: usize,
    ink: Vec<u8>,
}

impl Sheet {
    fn new(w_mm: f32, h_mm: f32) -> Self {
        let (w, h) = ((w_mm * PX_PER_MM) as usize, (h_mm * PX_PER_MM) as usize);
        Self {
            w_mm,
            w,
            h,
            ink: vec![0; w * h],
        }
    }

    fn paint(&mut self, window: [f32; 4], inside: impl Fn(f32, f32) -> f32) {
        let to_px = |v: f32, max: usize| ((v * PX_PER_MM).round().max(0.0) as usize).min(max);
        let [x0, y0, x1, y1] = window;
        for y in to_px(y0, self.h)..to_px(y1, self.h) {
            for x in to_px(x0, self.w)..to_px(x1, self.w) {
                let c = inside((x as f32 + 0.5) / PX_PER_MM, (y as f32 + 0.5) / PX_PER_MM);
                let ink = &mut self.ink[y * self.w + x];
                *ink = (*ink).max((c.clamp(0.0, 1.0) * 255.0) as u8);
            }
        }
    }

    fn block(&mut self, x: f32, y: f32, w: f32, h: f32) {
        self.paint([x, y, x + w, y + h], |_, _| 1.0);
    }

    fn dot(&mut self, x: f32, y: f32, radius: f32) {
        self.paint(
            [x - radius, y - radius, x + radius, y + radius],
            |px, py| {
                let d = ((px - x).powi(2) + (py - y).powi(2)).sqrt();
                (radius - d) * PX_PER_MM + 0.5
            },
        );
    }

    /// The figure 1 of Vietnamese plates: a stem at the right of its field with a short slanted
    /// flag.
    fn one(&mut self, x: f32, top: f32, m: &Measures) {
        let right = x + m.char_w * 0.72;
        self.block(right - m.stroke, top, m.stroke, m.char_h);
        let (flag_w, drop, thick) = (m.char_w * 0.36, m.char_h * 0.2, m.stroke * 0.95);
        let left = right - m.stroke - flag_w;
        self.paint(
            [left, top, right - m.stroke * 0.5, top + drop + thick],
            |px, py| {
                let t = ((right - m.stroke * 0.6 - px) / (flag_w + m.stroke * 0.4)).clamp(0.0, 1.0);
                let upper = top + drop * t;
                ((py - upper).min(upper + thick - py)) * PX_PER_MM + 0.5
            },
        );
    }

    fn stamp(&mut self, x: f32, y: f32, (w, h, pixels): &Mask) {
        let (x0, y0) = (
            (x * PX_PER_MM).round() as usize,
            (y * PX_PER_MM).round() as usize,
        );
        for (k, c) in pixels.iter().enumerate() {
            let (px, py) = (x0 + k % w, y0 + k / w);
            if px < self.w && py < self.h && py - y0 < *h {
                let ink = &mut self.ink[py * self.w + px];
                *ink = (*ink).max(*c);
            }
        }
    }

    /// The thin raised rim, with round corners.
    fn frame(&mut self) {
        let (w, h) = (self.w_mm, self.h as f32 / PX_PER_MM);
        self.paint([0.0, 0.0, w, h], |x, y| {
            let radius = 9.0;
            let (dx, dy) = (
                (x - w / 2.0).abs() - w / 2.0 + radius,
                (y - h / 2.0).abs() - h / 2.0 + radius,
            );
            let outside =
                (dx.max(0.0).powi(2) + dy.max(0.0).powi(2)).sqrt() + dx.max(dy).min(0.0) - radius;
            (1.1 - (outside + 3.6).abs()) * PX_PER_MM + 0.5
        });
    }

    /// Ink and ground to colours, with a little dirt, embossing and two or four screws.
    fn colour(&self, tint: PlateTint, r: &mut Seeded) -> Texture {
        let (ground, ink) = match tint {
            PlateTint::White => ([226.0, 228.0, 226.0], [22.0, 22.0, 24.0]),
            PlateTint::Yellow => ([233.0, 184.0, 34.0], [24.0, 22.0, 18.0]),
            PlateTint::Blue => ([30.0, 70.0, 156.0], [232.0, 234.0, 234.0]),
            PlateTint::Red => ([176.0, 26.0, 30.0], [234.0, 234.0, 232.0]),
        };
        let (dirt, seed) = (r.between(0.02, 0.12), r.next() as u32);
        let screws = [[0.13, 0.07], [0.87, 0.07], [0.13, 0.93], [0.87, 0.93]];
        let n_screws = *r.pick(&[0, 2, 2, 4]);
        let mut pixels = Vec::with_capacity(self.w * self.h);
        for y in 0..self.h {
            for x in 0..self.w {
                let (fx, fy) = (x as f32 / PX_PER_MM, y as f32 / PX_PER_MM);
                let c = f32::from(self.ink[y * self.w + x]) / 255.0;
                // Embossed 1.7 mm: light from above brightens upper edges.
                let above = self.ink[y.saturating_sub(3) * self.w + x];
                let relief = (c - f32::from(above) / 255.0) * 10.0;
                let low = 0.4 + 0.6 * fy / (self.h as f32 / PX_PER_MM);
                let soil = 1.0 - dirt * low * smooth_noise(fx / 23.0, fy / 17.0, seed) * 1.6;
                let is_screw = screws[..n_screws].iter().any(|s| {
                    let (sx, sy) = (s[0] * self.w_mm, s[1] * self.h as f32 / PX_PER_MM);
                    (fx - sx).powi(2) + (fy - sy).powi(2) < 12.0
                });
                pixels.push([0, 1, 2].map(|k: usize| {
                    let v = (ground[k] + (ink[k] - ground[k]) * c) * soil + relief;
                    (if is_screw { 120.0 } else { v }).clamp(0.0, 255.0) as u8
                }));
            }
        }
        Texture::new(self.w, self.h, pixels)
    }
}
