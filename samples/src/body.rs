//! Vehicles as shapes: each class is lofted from a few tables, with the proportions of what drives
//! in Vietnam.
//!
//! The origin is on the ground under the middle of the rear bumper; y runs forward to the front
//! bumper.

use crate::{
    mesh::{Mat, Mesh, N_MATS},
    seeded::Seeded,
    shade::{Rgb, Surface, linear},
    space::V3,
    truth::{VehicleClass, VehicleLight},
};

mod bike;
mod car;
mod figure;
mod heavy;
mod loft;

pub(crate) use figure::{Figure, Gait, STRIDE_M};

/// Where the rear plate hangs: its middle, and its size in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PlateMount {
    pub(crate) centre: V3,
    /// How far the plate leans forward at its top, radians.
    pub(crate) lean: f32,
}

/// A lamp's middle, for glow at night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LampAt {
    pub(crate) position: V3,
    pub(crate) kind: VehicleLight,
}

/// A vehicle's shape and how its materials look.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) mesh: Mesh,
    pub(crate) length_m: f32,
    pub(crate) width_m: f32,
    pub(crate) height_m: f32,
    pub(crate) mount: PlateMount,
    pub(crate) lamps: Vec<LampAt>,
    pub(crate) palette: [Surface; N_MATS],
    /// The paint's name, for the truth.
    pub(crate) paint: &'static str,
}

const PAINTS: [(&str, [u8; 3], u32); 9] = [
    ("white", [232, 233, 231], 6),
    ("silver", [172, 176, 180], 4),
    ("grey", [96, 100, 105], 3),
    ("black", [28, 29, 32], 3),
    ("red", [158, 26, 28], 3),
    ("blue", [34, 62, 132], 2),
    ("brown", [92, 66, 50], 1),
    ("green", [44, 88, 62], 1),
    ("orange", [205, 92, 28], 1),
];

impl Body {
    /// A vehicle of this class; all else is drawn from `r`. `is_wide_plate` leaves room for a plate
    /// of one row.
    pub(crate) fn new(class: VehicleClass, is_wide_plate: bool, r: &mut Seeded) -> Self {
        match class {
            VehicleClass::Car => car::build(is_wide_plate, r),
            VehicleClass::Lorry => heavy::lorry(r),
            VehicleClass::Bus => heavy::bus(r),
            VehicleClass::Motorbike => bike::build(r),
        }
    }

    /// The look of its materials with these lights on.
    pub(crate) fn lit(&self, lights: Lights) -> [Surface; N_MATS] {
        let mut palette = self.palette;
        let tail = if lights.is_braking {
            0.95
        } else if lights.is_tail_on {
            0.6
        } else {
            0.0
        };
        palette[Mat::Tail as usize].glow = [tail, tail * 0.07, tail * 0.05];
        let brake = if lights.is_braking { 1.6 } else { 0.0 };
        palette[Mat::Brake as usize].glow = [brake, brake * 0.05, brake * 0.04];
        if lights.is_reversing {
            palette[Mat::Reverse as usize].glow = [2.2, 2.2, 2.1];
        }
        palette
    }
}

/// Which lights of a vehicle are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lights {
    pub(crate) is_braking: bool,
    pub(crate) is_tail_on: bool,
    pub(crate) is_reversing: bool,
}

fn pick_paint(r: &mut Seeded) -> (&'static str, Rgb) {
    let total: u32 = PAINTS.iter().map(|(_, _, weight)| weight).sum();
    let mut at = r.below(total as usize) as u32;
    for (name, rgb, weight) in PAINTS {
        if at < weight {
            let [red, green, blue] = rgb;
            return (name, linear(red, green, blue));
        }
        at -= weight;
    }
    ("white", linear(232, 233, 231))
}

fn base_palette(paint: Rgb) -> [Surface; N_MATS] {
    let mut palette = [Surface::matt([0.1; 3]); N_MATS];
    let mut set = |mat: Mat, surface: Surface| palette[mat as usize] = surface;
    set(Mat::Paint, Surface::glossy(paint, 0.05));
    set(
        Mat::PaintShade,
        Surface::glossy(paint.map(|v| v * 0.55), 0.03),
    );
    set(Mat::Glass, Surface::glossy([0.012, 0.014, 0.015], 0.12));
    set(Mat::Trim, Surface::glossy([0.025, 0.025, 0.027], 0.02));
    set(Mat::Gap, Surface::matt([0.008, 0.008, 0.009]));
    set(Mat::Tyre, Surface::matt([0.018, 0.018, 0.019]));
    set(Mat::Rim, Surface::glossy([0.36, 0.37, 0.38], 0.25));
    set(Mat::Chrome, Surface::glossy([0.3, 0.3, 0.31], 0.5));
    set(Mat::Tail, Surface::glossy([0.36, 0.012, 0.012], 0.07));
    set(Mat::Brake, Surface::glossy([0.25, 0.01, 0.01], 0.05));
    set(Mat::Reverse, Surface::glossy([0.62, 0.62, 0.6], 0.08));
    set(Mat::Indicator, Surface::glossy([0.62, 0.2, 0.02], 0.07));
    set(Mat::Skin, Surface::matt(linear(196, 146, 112)));
    set(Mat::Shirt, Surface::matt(linear(90, 110, 150)));
    set(Mat::Trousers, Surface::matt(linear(44, 48, 60)));
    set(Mat::Helmet, Surface::glossy(linear(190, 40, 40), 0.06));
    set(Mat::Cargo, Surface::glossy(linear(214, 216, 214), 0.02));
    set(Mat::CargoRib, Surface::glossy(linear(168, 171, 170), 0.02));
    set(Mat::Stripe, Surface::matt(linear(40, 90, 160)));
    set(Mat::Concrete, Surface::matt([0.34, 0.33, 0.31]));
    set(Mat::White, Surface::matt([0.75, 0.75, 0.74]));
    set(Mat::Red, Surface::matt([0.5, 0.03, 0.03]));
    set(Mat::Yellow, Surface::matt([0.66, 0.46, 0.03]));
    set(Mat::Black, Surface::matt([0.02, 0.02, 0.02]));
    set(Mat::Seat, Surface::glossy([0.035, 0.034, 0.033], 0.12));
    set(Mat::Lens, Surface::glossy([0.16, 0.006, 0.006], 0.09));
    set(Mat::Leaf, Surface::matt([0.06, 0.12, 0.03]));
    palette
}

/// The palette of things that stand still.
pub(crate) fn still_palette() -> [Surface; N_MATS] {
    base_palette([0.4, 0.4, 0.4])
}
