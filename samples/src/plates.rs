//! Plate texts by the grammar, far enough apart that only a wanted look-alike is one.

use crate::{
    seeded::Seeded,
    truth::{PlateTint, PlateTruth, VehicleClass},
};
use domain::plate::{is_confusable, is_province_code, single_confusion};

/// Letters of a series (TT79/2024/TT-BCA, annex 02).
const SERIES: &[u8; 20] = b"ABCDEFGHKLMNPSTUVXYZ";
/// So many of them are on blue plates.
const N_BLUE: usize = 11;

/// Makes plates and remembers which it has made.
#[derive(Default)]
pub(crate) struct PlateMint {
    made: Vec<PlateTruth>,
}

/// How a plate is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateShape {
    /// One row, 520 x 110 mm.
    CarLong,
    /// Two rows, 330 x 165 mm.
    CarShort,
    /// Two rows, 190 x 140 mm.
    Motorbike,
}

impl PlateShape {
    fn size_mm(self) -> (u32, u32) {
        match self {
            Self::CarLong => (520, 110),
            Self::CarShort => (330, 165),
            Self::Motorbike => (190, 140),
        }
    }
}

impl PlateMint {
    /// A plate unlike all made before: at least three characters differ.
    pub(crate) fn mint(
        &mut self,
        shape: PlateShape,
        colour: PlateTint,
        r: &mut Seeded,
    ) -> PlateTruth {
        loop {
            let plate = compose(shape, colour, r);
            let is_far = self
                .made
                .iter()
                .all(|other| 3 <= n_different(&plate, other));
            let is_valid = !plate.plate().classes().is_empty();
            if is_far && is_valid {
                self.made.push(plate.clone());
                return plate;
            }
        }
    }

    /// A plate that differs from `twin` in exactly one confusable character and is valid itself.
    pub(crate) fn look_alike(&mut self, twin: &PlateTruth, r: &mut Seeded) -> Option<PlateTruth> {
        let mut found = Vec::new();
        for (i, row) in twin.rows.iter().enumerate() {
            for (j, c) in row.char_indices() {
                let digits_and_letters = ('0'..='9').chain('A'..='Z');
                for other in digits_and_letters.filter(|o| is_confusable(c, *o)) {
                    let mut rows = twin.rows.clone();
                    rows[i].replace_range(j..j + c.len_utf8(), &other.to_string());
                    let plate = PlateTruth {
                        rows,
                        ..twin.clone()
                    };
                    let is_same_kind = c.is_ascii_digit() == other.is_ascii_digit();
                    let is_far = self
                        .made
                        .iter()
                        .all(|made| made.rows == twin.rows || 3 <= n_different(&plate, made));
                    if is_same_kind
                        && is_far
                        && !plate.plate().classes().is_empty()
                        && single_confusion(&plate.plate(), &twin.plate())
                    {
                        found.push(plate);
                    }
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        let plate = r.pick(&found).clone();
        self.made.push(plate.clone());
        Some(plate)
    }
}

fn n_different(a: &PlateTruth, b: &PlateTruth) -> usize {
    let (a, b) = (a.plate().key(), b.plate().key());
    let longer = a.len().max(b.len());
    longer - a.chars().zip(b.chars()).filter(|(x, y)| x == y).count()
}

fn compose(shape: PlateShape, colour: PlateTint, r: &mut Seeded) -> PlateTruth {
    let (width_mm, height_mm) = shape.size_mm();
    PlateTruth {
        rows: match colour {
            PlateTint::Red => army_rows(shape, r),
            _ => civil_rows(shape, colour, r),
        },
        colour,
        width_mm,
        height_mm,
    }
}

/// Two letters and four digits.
fn army_rows(shape: PlateShape, r: &mut Seeded) -> Vec<String> {
    let letters = digits_or_letters(SERIES, 2, r);
    let number = digits_or_letters(b"0123456789", 4, r);
    match shape {
        PlateShape::CarLong => vec![letters + &number],
        PlateShape::CarShort | PlateShape::Motorbike => vec![letters, number],
    }
}

fn digits_or_letters(from: &[u8], n: usize, r: &mut Seeded) -> String {
    (0..n).map(|_| char::from(*r.pick(from))).collect()
}

fn civil_rows(shape: PlateShape, colour: PlateTint, r: &mut Seeded) -> Vec<String> {
    let province = loop {
        let code = (11 + r.below(89)).to_string();
        if is_province_code(&code) && code != "80" {
            break code;
        }
    };
    let is_blue = colour == PlateTint::Blue;
    let series = if is_blue {
        &SERIES[..N_BLUE]
    } else {
        &SERIES[..]
    };
    let letter = |r: &mut Seeded| char::from(*r.pick(series));
    let number: String = (0..5)
        .map(|_| char::from(b'0' + r.below(10) as u8))
        .collect();
    match shape {
        PlateShape::CarLong => vec![format!("{province}{}{number}", letter(r))],
        PlateShape::CarShort => vec![format!("{province}{}", letter(r)), number],
        PlateShape::Motorbike => {
            let first = letter(r);
            let second = if is_blue || r.unit() < 0.7 {
                char::from(b'1' + r.below(9) as u8)
            } else {
                letter(r)
            };
            vec![format!("{province}{first}{second}"), number]
        }
    }
}

/// As people write it, for a site's list.
pub(crate) fn written(plate: &PlateTruth) -> String {
    let joined = plate.rows.concat();
    let (head, tail) = joined.split_at(joined.len() - 5);
    let (thousands, rest) = tail.split_at(3);
    match plate.rows[0].len() {
        4 => format!("{}-{} {thousands}.{rest}", &head[..2], &head[2..]),
        _ => format!("{head}-{thousands}.{rest}"),
    }
}

/// A usual shape for the class.
pub(crate) fn usual_shape(class: VehicleClass, r: &mut Seeded) -> PlateShape {
    match class {
        VehicleClass::Motorbike => PlateShape::Motorbike,
        VehicleClass::Lorry | VehicleClass::Bus => PlateShape::CarShort,
        VehicleClass::Car => *r.pick(&[PlateShape::CarLong, PlateShape::CarShort]),
    }
}
